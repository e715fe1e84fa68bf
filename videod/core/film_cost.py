"""What one film of a channel costs, by service, and how many films an account's credit is enough for. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from videod.core.model import ChannelPolicy
from videod.core.service import CREDIT
from videod.core.services import SERVICES
from videod.core.speech import Pace
from videod.core.step_parts import WORDLESS_S, fitting_s
from videod.core.tables import STEPS

#: characters of narration for a second of clip: narrators speak about 15 a second, for some 7 of 10 seconds
CHARACTERS_A_SECOND = 11
#: seconds of a shot at least, around its words, and what the first and last one have besides (scripts/lib/film/pace)
SHOT_S, AROUND_S, ENDS_S = 5.5, 1.7, 2.1


@dataclass(frozen=True)
class Line:
    """So many pieces of one step, micro-dollars each; on the average, where they differ."""

    step: str
    service: str
    noun: str
    count: int
    each: int

    @property
    def micros(self) -> int:
        return self.count * self.each


def lines(policy: ChannelPolicy, still: int | None = None) -> tuple[Line, ...]:
    """What a film of the channel consists of that costs money, at the prices in force, in the order of work.

    `still`: how many shots are still ones; None: as few as its plan may have. Over as many shots as the plan may leave
    without words nobody speaks; where narrations come first, clips are as long as a shot is on the average.
    """
    count = stills(policy)[0] if still is None else still
    made = []
    for name, step in STEPS.items():
        if step.price is not None:
            pieces = _pieces(name, policy, count)
            each = _a_clip(policy, count) if name == "clip" else step.price.micros(_arguments(policy), policy)
            made.append(Line(name, policy.services.get(name, step.service), step.noun, pieces, each))
    return tuple(made)


def total(policy: ChannelPolicy, still: int | None = None) -> int:
    """Micro-dollars of one film of the channel."""
    return sum(line.micros for line in lines(policy, still))


def stills(policy: ChannelPolicy) -> tuple[int, int]:
    """How many shots of a plan must be still ones at least, and may be at most.

    At least as many as bring the film down to what it is meant to cost, as far as they can, whatever its plan makes of
    its lines: a plan may speak over every shot, and a clip be as long as any.
    """
    most = min(policy.stills, policy.clips)
    target = policy.target_micros
    if target is None:
        return 0, most
    dearest = replace(policy, wordless=0, narration_first=False)
    return next((count for count in range(most) if total(dearest, count) <= target), most), most


def length_s(policy: ChannelPolicy) -> float:
    """About how long a film is, seconds: each shot its words and the time around them, as far as its clip is long."""
    shot_s, still, silent = _shot_s(policy), stills(policy)[0], _wordless(policy)
    spoken = policy.clips - silent
    spoken_s = max(0, spoken - still) * min(shot_s, policy.clip_seconds) + min(spoken, still) * shot_s
    return spoken_s + silent * WORDLESS_S + ENDS_S


def _shot_s(policy: ChannelPolicy) -> float:
    """How long a shot is on the average over which somebody speaks, seconds."""
    return max(SHOT_S, Pace(clip_s=float(policy.clip_seconds)).average_s + AROUND_S)


def _wordless(policy: ChannelPolicy) -> int:
    """Over how many shots nobody speaks, where the plan makes use of all: never over the first or the last."""
    return min(policy.wordless, max(0, policy.clips - 2))


def _a_clip(policy: ChannelPolicy, still: int) -> int:
    """Micro-dollars of a clip on the average."""
    price = STEPS["clip"].price
    assert price is not None
    whole = price.micros(_arguments(policy), policy)
    bought = policy.clips - still
    if not policy.narration_first or not bought:
        return whole
    silent = round(_wordless(policy) * bought / policy.clips)
    spoken, wordless = (
        price.micros({"seconds": fitting_s(policy, seconds)}, policy) for seconds in (_shot_s(policy), WORDLESS_S)
    )
    return round(((bought - silent) * spoken + silent * wordless) / bought)


def _pieces(step: str, policy: ChannelPolicy, still: int) -> int:
    """How many jobs of a paid step a film has."""
    effects = policy.clips if policy.effects is None else min(policy.clips, policy.effects)
    counts = {
        "plan": 1, "image": policy.images, "clip": policy.clips - still, "sound_effect": effects,
        "narration": policy.clips - _wordless(policy),
    }  # fmt: skip
    return counts.get(step, policy.clips)


def _arguments(policy: ChannelPolicy) -> dict[str, object]:
    return {"text": "x" * (policy.clip_seconds * CHARACTERS_A_SECOND), "seconds": policy.clip_seconds}


def by_service(policy: ChannelPolicy) -> dict[str, int]:
    """service -> micro-dollars of one film of the channel at the prices in force."""
    found: dict[str, int] = {}
    for line in lines(policy):
        found[line.service] = found.get(line.service, 0) + line.micros
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
        pieces = _pieces(step.name, policy, stills(policy)[0])
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
