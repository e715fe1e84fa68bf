"""The real ledger, watched: every accepted decision passes here and leaves its trace in the log."""

import asyncio
from collections.abc import Callable, Mapping

from videod.core import wording
from videod.core.events import Event, JobFailed, JobStarted, JobSucceeded
from videod.core.model import Job, Task
from videod.core.ops import SaveJob, Suspend
from videod.core.statuses import AT_GATE, ERRORS, JobState, Status
from videod.flow.limits import Limit
from videod.ledger import Applied, Chooser, Ledger, Policies, Started, Wakeups
from videod.simulation.log import EpisodeRun, Hold, JobRun, Log
from videod.store.database import Store

_ENDED = ERRORS | {Status.PUBLISHED, Status.CANCELLED}


class Recorder(Ledger):
    """A ledger that remembers what became of tasks and jobs. `ended` holds the tasks that go no further."""

    def __init__(self, store: Store, policies: Policies, wakeups: Wakeups) -> None:
        super().__init__(store, policies, wakeups)
        self.ended: set[str] = set()
        self.on_end: Callable[[], None] = lambda: None
        self.on_review: Callable[[Task], None] = lambda task: None
        self._tasks: dict[str, Task] = {}
        self._ready: dict[tuple[str, str], int] = {}
        self._started: dict[tuple[str, str], int] = {}
        self._jobs: list[JobRun] = []
        self._holds: list[Hold] = []
        self._changed = asyncio.Condition()

    async def apply(self, event: Event) -> Applied:
        applied = await super().apply(event)
        await self._see(event, applied)
        return applied

    async def start(self, choose: Chooser, most: int = 1) -> list[Started]:
        started = await super().start(choose, most)
        for one in started:
            await self._see(one.claim.event, one.applied)
        return started

    async def _see(self, event: Event, applied: Applied) -> None:
        if applied.task is not None and applied.decision.accepted:
            self._see_jobs(event, applied)
            await self._see_task(applied.task)

    def _see_jobs(self, event: Event, applied: Applied) -> None:
        for op in applied.decision.ops:
            if isinstance(op, SaveJob):
                self._see_job(event, op.job, op.before)
            elif isinstance(op, Suspend):
                one = op.suspension
                self._holds.append(Hold(event.at, one.until_ms, one.service, one.channel_id, wording.explained(one)))

    def _see_job(self, event: Event, job: Job, before: JobState | None) -> None:
        if job.step == "cleanup":
            return
        place = (job.task_id, job.name)
        if job.state == JobState.READY and before != JobState.READY:
            self._ready[place] = event.at
        elif isinstance(event, JobStarted) and job.name == event.job and job.state == JobState.RUNNING:
            self._started[place] = event.at
        elif isinstance(event, JobSucceeded | JobFailed) and job.name == event.job and before == JobState.RUNNING:
            self._jobs.append(JobRun(
                job.task_id, job.name, job.step, job.service, job.needs, self._ready.get(place, event.at),
                self._started[place], event.at,
            ))  # fmt: skip

    async def _see_task(self, task: Task) -> None:
        before = self._tasks.get(task.id)
        self._tasks[task.id] = task
        if before is not None and before.status == task.status:
            return
        if task.status in AT_GATE:
            self.on_review(task)
        if task.status in _ENDED and task.id not in self.ended:
            self.ended.add(task.id)
            self.on_end()
            async with self._changed:
                self._changed.notify_all()

    async def count_reaches(self, number: int) -> None:
        """Return when so many tasks have ended."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.ended) >= number)

    def log(self, limits: Mapping[str, Limit]) -> Log:
        """All that was seen, under these limits."""
        episodes = tuple(
            EpisodeRun(
                task.id, task.channel_id, task.priority, task.queued_at, task.started_at,
                task.ended_at if task.status == Status.PUBLISHED else None, task.status, task.cost_micros,
                task.error or (wording.note(task.suspended) if task.suspended else ""),
            )
            for task in self._tasks.values()
        )  # fmt: skip
        slots = {name: limit.concurrency for name, limit in limits.items()}
        quotas = {name: limit.daily_quota for name, limit in limits.items() if limit.daily_quota is not None}
        return Log(episodes, tuple(self._jobs), tuple(self._holds), slots, quotas)
