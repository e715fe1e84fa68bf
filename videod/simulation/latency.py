"""How long the outside takes, step by step.

Sources: Kling 2.5 turbo pro at KIE delivers most 10 s clips within 2 to 5 minutes and one in twenty later; image and
speech models answer within seconds; cutting, compositing and assembly were measured on 2 cores with uniform 1080p24
clips (assembly with its safety margin for clips that must be rendered anew). A vendor's bad day is slower: give your
own figures where you know them.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field


class LatencyError(ValueError):
    """A latency that cannot be; the text says what to write."""


@dataclass(frozen=True)
class Latency:
    """Seconds, uniform between `low` and `high`; with probability `slow_share` between `slow_low` and `slow_high`."""

    low: float
    high: float
    slow_share: float = 0.0
    slow_low: float = 0.0
    slow_high: float = 0.0

    def draw(self, chance: random.Random) -> float:
        """Seconds of one call, in whole milliseconds as the books count them."""
        slow = chance.random() < self.slow_share
        low, high = (self.slow_low, self.slow_high) if slow else (self.low, self.high)
        return round(chance.uniform(low, high), 3)


#: by step of the step table
USUAL: Mapping[str, Latency] = {
    "plan": Latency(20, 40),
    "image": Latency(8, 20),
    "composite": Latency(1.2, 1.2),
    "split_screen": Latency(1.2, 1.2),
    "clip": Latency(120, 300, 0.05, 300, 600),
    "narration": Latency(2, 6),
    "sound_effect": Latency(2, 6),
    "cut": Latency(1, 2),
    "assemble": Latency(40, 40),
    "upload": Latency(30, 30),
    "cleanup": Latency(0.1, 0.1),
}


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
            f"{text!r} is no latency; write STEP=SECONDS or STEP=LOW-HIGH, such as clip=120-300"
        ) from None
    if step not in USUAL:
        raise LatencyError(f"there is no step {step!r}; the steps are {', '.join(USUAL)}")
    if not 0 <= found.low <= found.high <= 86_400:
        raise LatencyError(f"{text!r}: seconds go from 0 to 86400, the lower first")
    return step, found
