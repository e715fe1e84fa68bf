"""A listener with a pencil in the ledger's place: what a script's lines become, without a daemon."""

import math
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from videod.core.events import Event, JobCharged, JobSubmitted
from videod.core.model import Job, Priority, Task
from videod.core.statuses import JobState, Status
from videod.core.step import Command
from videod.core.tables import STEPS
from videod.flow.assignment import Assignment
from videod.flow.listener import Listener, Report

NOW_MS = 1_795_963_200_000  # 2026-11-29T14:40:00Z
TASK = Task("bear", "page", "wild", "Bear", "bears", "a crossing", Priority.NORMAL, None, Status.GENERATING_VIDEO, 0, 0)
PRICE_MICROS = 420_000


@dataclass
class Pencil:
    """`Ledger.apply` that only notes."""

    events: list[Event] = field(default_factory=list)

    async def apply(self, event: Event) -> None:
        self.events.append(event)

    @property
    def charges(self) -> list[JobCharged]:
        return [event for event in self.events if isinstance(event, JobCharged)]

    @property
    def orders(self) -> list[JobSubmitted]:
        return [event for event in self.events if isinstance(event, JobSubmitted)]


class Now:
    """A clock that stands at NOW_MS."""

    def now_ms(self) -> int:
        return NOW_MS


class Said:
    """A child that has said all it will say."""

    def __init__(self, lines: Iterable[str], stderr: str = "") -> None:
        self._lines, self._stderr = list(lines), stderr

    async def lines(self) -> AsyncIterator[str]:
        for line in self._lines:
            yield line

    def stderr_tail(self) -> str:
        return self._stderr


def work(step: str = "clip") -> Assignment:
    price = PRICE_MICROS if STEPS[step].paid else 0
    job = Job("bear", "wild", step, "clip_01", STEPS[step].service, JobState.RUNNING, price_micros=price)
    return Assignment(TASK, job, 7, Command(()))


async def listen(lines: Iterable[str], step: str = "clip") -> tuple[Pencil, Report, Listener]:
    """Let a script of `step` say these lines."""
    pencil, report = Pencil(), Report()
    listener = Listener(pencil, Now(), lambda text: text.replace("sk-very-secret", "(redacted)"))  # type: ignore[arg-type]
    await listener.listen(work(step), Said(lines), report)  # type: ignore[arg-type]
    return pencil, report, listener


def in_range(event: Event) -> bool:
    """Whether the books can hold it: finite, bounded, text that can be written."""
    for value in vars(event).values():
        if isinstance(value, str):
            value.encode()
            if len(value) > 2_000:
                return False
        elif isinstance(value, int | float) and not (math.isfinite(value) and 0 <= value < 2**53):
            return False
    return not isinstance(event, JobCharged) or event.micros <= 10_000_000_000
