"""How long the outside takes, step by step: the figures are in the steps' own files (`Step.usual`).

Sources: the vendors' usual answers; cutting, compositing and assembly were measured on 2 cores with uniform 1080p24
clips. A vendor's bad day is slower: give your own figures where you know them.
"""

import random
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field

from videod.core.step import Usual
from videod.core.tables import STEPS


class LatencyError(ValueError):
    """A latency that cannot be; the text says what to write."""


@dataclass(frozen=True)
class Latency(Usual):
    """Seconds, uniform between `low` and `high`; with probability `slow_share` between `slow_low` and `slow_high`."""

    def draw(self, chance: random.Random) -> float:
        """Seconds of one call, in whole milliseconds as the ledger counts them."""
        slow = chance.random() < self.slow_share
        low, high = (self.slow_low, self.slow_high) if slow else (self.low, self.high)
        return round(chance.uniform(low, high), 3)


#: by step, as its file says
USUAL: Mapping[str, Latency] = {name: Latency(*astuple(step.usual)) for name, step in STEPS.items()}


@dataclass(frozen=True)
class Latencies:
    """Latency by step, from a seed: the same job takes the same time in whatever order jobs are started."""

    seed: int = 1
    by_step: Mapping[str, Latency] = field(default_factory=lambda: USUAL)

    def of(self, task_id: str, job: str) -> float:
        """Seconds that this job takes."""
        chance = random.Random(f"{self.seed} {task_id} {job}")  # noqa: S311 - a play, no secret
        return self.by_step[job.split("/", 1)[0]].draw(chance)


def parse(text: str) -> tuple[str, Latency]:
    """`clip=120-300` or `clip=200` -> ("clip", its latency). Raises LatencyError."""
    step, _, span = text.partition("=")
    low, _, high = span.partition("-")
    try:
        found = Latency(float(low), float(high or low))
    except ValueError:
        raise LatencyError(
            f"{text!r} is not a latency. Write STEP=SECONDS or STEP=LOW-HIGH, such as clip=120-300"
        ) from None
    if step not in USUAL:
        raise LatencyError(f"there is no step {step!r}. The steps are {', '.join(USUAL)}")
    if not 0 <= found.low <= found.high <= 86_400:
        raise LatencyError(f"{text!r}: seconds go from 0 to 86400, the lower first")
    return step, found
