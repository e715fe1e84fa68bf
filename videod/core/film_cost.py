"""What one film of a channel costs, by service, and how many films an account's credit is enough for. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from videod.core.model import ChannelPolicy
from videod.core.service import CREDIT
from videod.core.services import SERVICES
from videod.core.tables import STEPS

#: characters of narration for a second of clip: narrators speak about 15 a second, for some 7 of 10 seconds
CHARACTERS_A_SECOND = 11


def _pieces(step: str, policy: ChannelPolicy) -> int:
    """How many jobs of a paid step a film has."""
    return {"plan": 1, "image": policy.images}.get(step, policy.clips)


def _arguments(policy: ChannelPolicy) -> dict[str, object]:
    return {"text": "x" * (policy.clip_seconds * CHARACTERS_A_SECOND), "seconds": policy.clip_seconds}


def by_service(policy: ChannelPolicy) -> dict[str, int]:
    """service -> micro-dollars of one film of the channel at the prices in force."""
    found: dict[str, int] = {}
    for name, step in STEPS.items():
        if step.price is None:
            continue
        service = policy.services.get(name, step.service)
        price = step.price.micros(_arguments(policy), policy)
        found[service] = found.get(service, 0) + price * _pieces(name, policy)
    return found


def dearest(policy: ChannelPolicy) -> tuple[str, int]:
    """The paid step whose single job costs most, and what it costs, micro-dollars."""
    prices = {
        name: step.price.micros(_arguments(policy), policy) for name, step in STEPS.items() if step.price is not None
    }
    name = max(prices, key=lambda one: prices[one])
    return name, prices[name]


def credits(service: str, policy: ChannelPolicy) -> int | None:
    """Thousandths of the service's credit that a film takes; None where nobody can say."""
    known = SERVICES[service]
    if known.micros_per_thousandth:
        return by_service(policy).get(service, 0) // known.micros_per_thousandth
    found = 0.0
    for offer in known.offers:
        step = STEPS[offer.step]
        if offer.credits is None or step.price is None or policy.services.get(step.name, step.service) != service:
            return None
        pieces = _pieces(step.name, policy)
        found += offer.credits * pieces * step.price.count(_arguments(policy)) / step.price.per
    return round(found * CREDIT) or None


def a_job(service: str, policies: Iterable[ChannelPolicy]) -> int:
    """What the dearest job of the service takes at most, thousandths of a credit; 1 where nobody can say."""
    known, needs = SERVICES[service], [1]
    for policy in policies:
        for name, step in STEPS.items():
            if step.price is None or policy.services.get(name, step.service) != service:
                continue
            offer = known.offer(name)
            if known.micros_per_thousandth:
                needs.append(step.price.micros(_arguments(policy), policy) // known.micros_per_thousandth)
            elif offer is not None and offer.credits is not None:
                pieces = step.price.count(_arguments(policy)) / step.price.per
                needs.append(round(offer.credits * pieces * CREDIT))
    return max(needs)


@dataclass(frozen=True)
class Credit:
    """What is left of an account. `left` and `a_film`: thousandths of a credit; `at` ms. `a_film` None: unknown."""

    service: str
    left: int
    at: int
    a_film: int | None = None

    @property
    def films(self) -> int | None:
        """Films that it is enough for."""
        return None if not self.a_film else self.left // self.a_film

    @property
    def words(self) -> str:
        """Such as "KIE: 1,800 credits left, enough for 1 film"."""
        told = f"{SERVICES[self.service].title}: {self.left / CREDIT:,.0f} credits left"
        if self.films is None:
            return told
        return f"{told}, enough for {self.films} film{'' if self.films == 1 else 's'}"


def a_film(service: str, policies: Iterable[ChannelPolicy]) -> int | None:
    """What the dearest film of all channels takes, so that "enough" is enough; thousandths of a credit."""
    needs = [need for one in policies if one.configured and (need := credits(service, one)) is not None]
    return max(needs, default=None)


def of(kept: object) -> tuple[Credit, ...]:
    """What was kept with `plain`; nothing where it is nonsense."""
    found = []
    for row in kept if isinstance(kept, list) else ():
        whole = isinstance(row, Mapping) and all(isinstance(row.get(name), int) for name in ("left", "at"))
        if whole and row.get("service") in SERVICES:
            a_film = row.get("a_film")
            found.append(Credit(row["service"], row["left"], row["at"], a_film if isinstance(a_film, int) else None))
    return tuple(found)


def plain(credit: Iterable[Credit]) -> list[dict[str, object]]:
    return [vars(one) for one in credit]
