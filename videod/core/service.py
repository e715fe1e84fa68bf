"""The contract of a service: everything videod must know of one, as data and pure functions. Types only.

A service is whatever a job is done with (a vendor's API, a program of this machine) and whatever its scripts talk to
on the way (an image host). Each has one file in `core/services/`, named as the service is, with one value `SERVICE`.
What a balance or a probe asks is said here as data; `adapters` sends it, for all services alike. Its parts are named
tuples: every command loads them, and a dozen dataclasses would take a fifth of what `status` takes to start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from videod.core.verdicts import Wire

#: thousandths of a credit: the unit in which balances are counted
CREDIT = 1000

Json = dict[str, object]


class Unreadable(ValueError):
    """The service answered, yet not what was asked for; the text says what is missing."""


class Where(StrEnum):
    """What the jobs of a service need."""

    OUTSIDE = "a service on the network, which may be down or refuse us: a breaker guards it"
    COMPUTING = "processors of this machine and no network"
    TIDYING = "nothing: it continues while everything else is paused, and nobody watches it"


class Needed(StrEnum):
    """When a secret must be there."""

    ALWAYS = "always"
    TO_PUBLISH = "to publish"
    OPTIONAL = "optional"
    #: videod asks for it itself, fresh for each upload
    ISSUED = "issued"


class Secret(NamedTuple):
    """A secret by its variable. `purpose`: what it is for, as the page of settings says it."""

    name: str
    purpose: str
    needed: Needed


class Limits(NamedTuple):
    """The limits of a lane where the settings say nothing else; the fields are those of `config.Service`.

    At most `rate` starts in any `per_s` seconds, `daily_quota` a day of `quota_zone`; None is no limit.
    """

    concurrency: int = 2
    rate: int | None = None
    per_s: float | None = None
    daily_quota: int | None = None
    quota_zone: str = "UTC"
    timeout_s: int | None = None


# ------------------------------------------------------------------------------------------------- models, prices


class Currency(StrEnum):
    USD = "US dollars"
    CREDIT = "credits of the service's own"


class Model(NamedTuple):
    """A model, or all whose names begin so. `prices`: one piece (such as "10 s") -> what it costs."""

    name: str
    prices: Mapping[str, float]
    currency: Currency = Currency.USD


class Offer(NamedTuple):
    """What a service does for a step: a `piece` of `model` is what videod expects to pay for.

    `model`: the one that is used where the settings name no other, by its full name. `script`: the adapter in
    scripts/, with the arguments of the step's own script; "" for the service that the step's own script is for.
    `secrets`: what the adapter is given.
    """

    step: str
    model: str
    piece: str
    script: str = ""
    secrets: tuple[str, ...] = ()
    #: credits of the service that one piece takes, where dollars do not tell them
    credits: float | None = None
    #: a lighter model, for the parts of the piece that do not need `model`
    light: str = ""
    #: the plan chooses it for single jobs, never the settings for all of them; it costs nothing
    by_plan: bool = False


# ------------------------------------------------------------------------------------------------- questions


class Key(NamedTuple):
    """The secret that opens a service, and the header that carries it: `before` stands in front of it."""

    secret: str
    header: str
    before: str = ""


class Question(NamedTuple):
    """A request that costs nothing. `address`: a VIDEOD_URL_* variable; `{reference}` in `path`: a name of an order."""

    address: str
    path: str
    key: Key
    method: str = "GET"


class Remote(NamedTuple):
    """What the service says of a task: whether it failed, and when it ended (None: it has not, or nobody knows)."""

    failed: bool
    ended_at: int | None = None


class Orders(NamedTuple):
    """A service that names its orders: how to ask for one (`{reference}`), and what the answer says of it.

    `read` raises Unreadable. `refunds`: the price of a failed order is given back.
    """

    question: Question
    read: Callable[[Json], Remote]
    refunds: bool


class Balance(NamedTuple):
    """How a service tells what was used of the account.

    `used`: the answer -> thousandths of a credit; they grow by buying, where zero lies is the service's own matter.
    Raises Unreadable. `orders`: None where the service names none.
    """

    question: Question
    used: Callable[[Json], int]
    orders: Orders | None = None
    #: what is left of it, thousandths of a credit; raises Unreadable. None: the answer does not say
    left: Callable[[Json], int] | None = None


class Clip(NamedTuple):
    """What a channel orders clips of, and how long they are asked for, seconds."""

    model: str
    seconds: int


class Configured(NamedTuple):
    """What a probe is asked about: key of `[models]` -> model; channel -> voice, and its clips."""

    models: Mapping[str, str]
    voices: Mapping[str, str]
    clips: Mapping[str, Clip] = {}


class Problem(NamedTuple):
    """What is wrong, in words that say what to do. `whole`: the key is refused, so nothing else is worth asking.

    `stops` False: nothing waits, it is only said.
    """

    text: str
    whole: bool = False
    stops: bool = True


class Check(NamedTuple):
    """One question of a probe; `judge`: HTTP status and JSON (None: not JSON) -> what is wrong, if anything.

    It raises Unreadable where the answer gives no verdict: an outage is no wrong setting. Only answers below 500 that
    are neither busy nor a redirect come to it. `about`: what it looks at, a cause of its own in the service; `channel`
    whose setting it is ("": of all of them); `steps` that cannot be done while it is wrong (none: all of the service).
    `question` None: nobody has to be asked.
    """

    question: Question | None
    judge: Callable[[int, object], Problem | None]
    about: str = "key"
    channel: str = ""
    steps: tuple[str, ...] = ()
    #: asked again once, so much later, where the service is asked too quickly; 0: not
    pace_s: float = 0.0


# ------------------------------------------------------------------------------------------------- the service


@dataclass(frozen=True)
class Service:
    """One service. `title`: how people know it; `place`: where it stands in tables, lower ones first.

    `limits`: None where it has no lane, since no job is its own. `addresses`: VIDEOD_URL_* -> the usual address ("":
    there is none). `credit_usd`: what one credit costs, where a price in dollars tells the credits. `credit_at`: where
    more is bought. `settings`: what to look at where it refuses what is configured. `hosts_pictures`: takes the first
    picture of a clip. `remarks`: a limit -> what videod.toml says behind it. `codes_of_channel`: codes of failures
    that stop only the job's channel, where the service is used in the name of one. `wires`: what its answers prove; the
    first is that of the requests that cost most.
    """

    name: str
    title: str
    place: int
    where: Where
    limits: Limits | None = None
    secrets: tuple[Secret, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    catalogue: tuple[Model, ...] = ()
    offers: tuple[Offer, ...] = ()
    credit_usd: float | None = None
    credit_at: str | None = None
    balance: Balance | None = None
    probe: Callable[[Configured], tuple[Check, ...]] | None = None
    settings: str | None = None
    hosts_pictures: bool = False
    remarks: Mapping[str, str] = field(default_factory=dict)
    codes_of_channel: tuple[str, ...] = ()
    #: its daily quota is that of a project, and channels may have different ones
    by_project: bool = False
    #: codes of failures that say that money is used up: only topping up helps
    codes_of_credit: tuple[str, ...] = ()
    #: those among them that tell of a cap on the key, not of the account's balance
    codes_of_cap: tuple[str, ...] = ()
    wires: tuple[Wire, ...] = ()

    @property
    def outside(self) -> bool:
        return self.where == Where.OUTSIDE

    @property
    def issued(self) -> str | None:
        """The secret that videod gets for each channel, where the service is used in the name of one."""
        return next((secret.name for secret in self.secrets if secret.needed == Needed.ISSUED), None)

    @property
    def key(self) -> str | None:
        """The variables that hold its key, for people; None if it needs none or each channel has its own."""
        names = [secret.name for secret in self.secrets]
        return None if self.issued or not names else " and ".join(names)

    def offer(self, step: str) -> Offer | None:
        return next((offer for offer in self.offers if offer.step == step), None)

    def model(self, name: str) -> Model | None:
        """The entry of the catalog for a model: the longest name that it begins with."""
        known = [model for model in self.catalogue if name.startswith(model.name)]
        return max(known, key=lambda model: len(model.name), default=None)

    def price_micros(self, name: str, piece: str) -> int | None:
        """What one piece of a model costs, micro-dollars; None where the catalog does not say."""
        model = self.model(name)
        price = None if model is None else model.prices.get(piece)
        if model is None or price is None:
            return None
        rate = self.credit_usd if model.currency == Currency.CREDIT else 1.0
        return None if rate is None else round(price * rate * 1_000_000)

    @property
    def micros_per_thousandth(self) -> int | None:
        """Micro-dollars of a thousandth of a credit; None where dollars do not tell credits."""
        return None if self.credit_usd is None else round(self.credit_usd * 1_000_000 / CREDIT)
