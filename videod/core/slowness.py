"""Whether an episode has shown one status for far longer than usual, although nothing known stops it. Pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from videod.core import bounds
from videod.core.model import Job, Task
from videod.core.statuses import PHASES, Phase, Status
from videod.core.suspension import Suspension
from videod.core.waits import waits_for

HOUR_MS = 3_600_000
#: longer than so many times the usual time, and at least so long, ms
TIMES, LEAST_MS = 3, HOUR_MS
#: the usual time: the median of the last so many stays in the status, of the channel where it has so few, else of all
LAST, FEWEST = 20, 5
#: the usual time where the history is shorter, ms; all others: an hour
USUAL_MS: Mapping[Status, int] = {Status.GENERATING_VIDEO: 4 * HOUR_MS, Status.GENERATING_ASSETS: 2 * HOUR_MS}
#: after a longer gap between two looks what lies before it is held against nobody, ms
GAP_MS = 5 * 60_000


def usual_ms(status: Status, of_channel: Sequence[int], of_all: Sequence[int]) -> int:
    """How long episodes usually show a status, ms, from how long the last ones did."""
    times = next((found for found in (of_channel, of_all) if len(found) >= FEWEST), None)
    return USUAL_MS.get(status, HOUR_MS) if times is None else max(0, round(statistics.median(times)))


def patience_ms(usual: int) -> int:
    return max(LEAST_MS, TIMES * usual)


def excused(task: Task, jobs: Iterable[Job], holds: Iterable[Suspension], configured: bool) -> bool:
    """Whether it is at a review, stopped, paused, or waits for something that is named: a quota, a budget, an outage,
    a place. `jobs`: its ready and running ones."""
    if not task.admitted or PHASES[task.status] is not Phase.WORK:
        return True
    if task.paused is not None or task.suspended is not None:
        return True
    return waits_for(task, jobs, holds, configured) is not None


@dataclass(frozen=True)
class Watched:
    """What the looks so far know: the last look, since when they were without a gap, and when each episode was last
    seen to be excused; all ms."""

    at: int | None = None
    begun: int = 0
    excused: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: object) -> "Watched":
        """What `plain` gave; nothing is known where it is nonsense."""
        if not isinstance(kept, dict) or not isinstance(kept.get("excused"), dict):
            return cls()
        found = {str(task): bounds.whole(ms) for task, ms in kept["excused"].items()}
        return cls(bounds.whole(kept.get("at")), bounds.whole(kept.get("begun")) or 0,
                   {task: ms for task, ms in found.items() if ms is not None})  # fmt: skip

    def plain(self) -> dict[str, object]:
        return {"at": self.at, "begun": self.begun, "excused": dict(self.excused)}

    def looked(self, at: int, open_tasks: Iterable[str], now_excused: Iterable[str]) -> "Watched":
        """After a look at `at`; of episodes that are no longer open nothing is kept."""
        gap = self.at is None or not 0 <= at - self.at <= GAP_MS
        known = {task: self.excused[task] for task in open_tasks if task in self.excused}
        return Watched(at, at if gap else self.begun, known | dict.fromkeys(now_excused, at))

    def since(self, task_id: str, status_since: int) -> int:
        """Since when the episode has shown its status with nothing to excuse it, ms."""
        return max(status_since, self.begun, self.excused.get(task_id, 0))
