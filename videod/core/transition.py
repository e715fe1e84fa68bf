"""A decision on its way: the task, its jobs and the ops so far, as one value that handlers pass on."""

from dataclasses import dataclass, replace

from videod.core.breaker import Breaker
from videod.core.days import Span
from videod.core.likeness import Film
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.ops import Op, SaveBreaker
from videod.core.spacing import Uploads
from videod.core.wishes import Obstacle


@dataclass(frozen=True)
class Transition:
    """Task, jobs and ops on their way through a decision. Jobs are kept by name, in creation order."""

    task: Task
    jobs: tuple[Job, ...]
    policy: ChannelPolicy
    spent_today_micros: int = 0
    ops: tuple[Op, ...] = ()
    breaker: Breaker | None = None
    quota_used: int = 0
    charged_micros: int = 0
    in_doubt_micros: int = 0
    same: tuple[Film, ...] = ()
    last: tuple[Film, ...] = ()
    today: Span | None = None
    uploads: Uploads | None = None
    #: why what a person wanted cannot be done; it is answered on the board
    refused: Obstacle | None = None

    def with_task(self, **changes: object) -> "Transition":
        if all(getattr(self.task, name) == value for name, value in changes.items()):
            return self
        return replace(self, task=replace(self.task, **changes))  # type: ignore[arg-type]

    def with_job(self, job: Job) -> "Transition":
        name = job.name
        return replace(self, jobs=tuple([job if other.name == name else other for other in self.jobs]))

    def adding(self, *ops: Op) -> "Transition":
        return replace(self, ops=self.ops + ops)

    def with_breaker(self, breaker: Breaker) -> "Transition":
        return self if breaker == self.breaker else replace(self.adding(SaveBreaker(breaker)), breaker=breaker)

    def job(self, name: str) -> Job | None:
        return next((job for job in self.jobs if job.name == name), None)


class StaleEvent(Exception):
    """The event came too late or twice, or its time has not come; the text says why.

    `ops`: what holds for other jobs as well and is written all the same. `obstacle`: where a person wanted it.
    """

    def __init__(self, why: str, *ops: Op, obstacle: Obstacle | None = None) -> None:
        super().__init__(why)
        self.ops = ops
        self.obstacle = obstacle
