"""One lane per service: slot, pace, claim, hand over. A starved service blocks nobody.

A lane sleeps until it is woken, the next retry is due, or its poll interval is over: a lost wakeup costs a few
seconds, never work. The choice is made once, within the claiming transaction: what is chosen cannot go to another. A
job that money or a quota blocks is marked so, and another one is chosen.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Protocol

from videod.core.admission import Candidate
from videod.core.events import JobStarted
from videod.core.statuses import Status
from videod.core.suspension import EVERY_SERVICE, Cause
from videod.flow.assignment import Assignment
from videod.flow.candidates import Candidates, InWorkLimits, candidates_of, is_suspended
from videod.flow.crashes import Place
from videod.flow.job_command import CommandBuilder
from videod.flow.limits import Lane, Limit
from videod.flow.runner import Runner
from videod.ledger import Claim, Ledger, Look
from videod.ports import Clock
from videod.store import candidate_queries, habits, reads
from videod.store.database import Store

log = logging.getLogger(__name__)

Keep = Callable[[str, Callable[[], Coroutine[None, None, None]]], Coroutine[None, None, None]]

#: the job to start and the candidates that it was chosen from
Chosen = tuple[Candidate, Candidates]


class Choose(Protocol):
    """Chooses from the `known` candidates, or from one that is read again; None: nothing may start."""

    def __call__(self, connection: sqlite3.Connection, *, known: Candidates | None) -> Chosen | None: ...


#: a lane looks at least this often, without a bell, seconds
LOOK_AGAIN_S = 30.0


class Scheduler:
    """Runs every lane and the children they start."""

    def __init__(
        self, store: Store, ledger: Ledger, runner: Runner, builder: CommandBuilder, lanes: Mapping[str, Lane],
        rules: Callable[[], InWorkLimits], clock: Clock, look_again_s: float = LOOK_AGAIN_S,
        cleared: Callable[[str, str], bool] = lambda channel_id, step: True,
    ) -> None:  # fmt: skip
        """`cleared`: whether the settings were looked at that a step of a channel is paid for."""
        self._cleared = cleared
        self._store = store
        self._ledger = ledger
        self._runner = runner
        self._builder = builder
        self._lanes = lanes
        self._rules = rules
        self._clock = clock
        self._look_again_s = look_again_s
        self._crashes = runner.crashes
        self.started = 0
        self._children: dict[asyncio.Task[None], Assignment] = {}
        self._broken: asyncio.Queue[asyncio.Task[None]] = asyncio.Queue()

    async def run(self, keep: Keep | None = None) -> None:
        """Run until cancelled; then no job starts any more. Call `drain` afterwards: children still run.

        `keep(name, loop)` runs a lane and begins it again when it fails: a lane that raises has claimed nothing, or
        what it claimed was rolled back with its transaction.
        """
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes.values():
                name, loop = f"lane {lane.service}", partial(self._run_lane, lane)
                group.create_task(keep(name, loop) if keep else loop(), name=name)
            group.create_task(self._watch_children(), name="children")

    async def drain(self, grace_s: float) -> None:
        """End every child and record its outcome.

        Who may be ended without doubt is ended at once; a paid call whose answer is on its way gets `grace_s` to end
        on its own, then it is ended as well and marked unconfirmed.
        """
        until = asyncio.get_running_loop().time() + grace_s
        while self._children:
            left = until - asyncio.get_running_loop().time()
            for task, work in list(self._children.items()):
                if left <= 0 or self._runner.may_end_now(work):
                    task.cancel()
            await asyncio.wait(self._children, timeout=max(0.05, min(left, 0.2)))

    async def adopt(self, limits: Mapping[str, Limit]) -> None:
        """Take up changed limits at once; a pause for a daily quota is judged again."""
        for service, limit in limits.items():
            lane = self._lanes[service]
            if limit == lane.limit:
                continue
            log.info("scheduler_limit_changed", extra={"service": service, "concurrency": limit.concurrency})
            if (limit.daily_quota, limit.quota_zone) != (lane.limit.daily_quota, lane.limit.quota_zone):
                await self._ledger.release(service, "", Cause.LIMIT)
            await lane.change(limit)
            self._ledger.wakeups.wake(service)

    def children(self) -> list[asyncio.Task[None]]:
        """The tasks of the children that run now."""
        return list(self._children)

    async def _run_lane(self, lane: Lane) -> None:
        while True:
            await lane.slot()
            try:
                first, *more = await self._next(lane)
            except BaseException:
                lane.free()
                raise
            self._begin(lane, first)
            for work in more:
                await lane.slot()  # at once: it was free when it was counted, and nobody else takes places
                self._begin(lane, work)

    def _begin(self, lane: Lane, work: Assignment) -> None:
        self.started += 1
        child = asyncio.create_task(self._hand_over(lane, work), name=f"{work.task.id} {work.job.name}")
        self._children[child] = work
        child.add_done_callback(self._on_end)

    def _on_end(self, child: asyncio.Task[None]) -> None:
        self._children.pop(child, None)
        if not child.cancelled() and child.exception() is not None:
            self._broken.put_nowait(child)

    async def _watch_children(self) -> None:
        """A child raises only what cannot be booked on its job: that ends the daemon, which starts afresh."""
        child = await self._broken.get()
        child.result()

    async def _hand_over(self, lane: Lane, work: Assignment) -> None:
        try:
            await self._runner.run(work)
        except Exception as error:
            await self._crashes.book(place_of(work, "scheduler", "running it"), error)
        finally:
            over = lane.over
            lane.free()
            if over:
                self._ledger.wakeups.wake(
                    lane.service
                )  # who holds a place above a lowered limit looks whether it may go

    async def _next(self, lane: Lane) -> list[Assignment]:
        """The next claimed jobs of this lane, one for the place that is taken and for those that are free.

        Waits until there is one.
        """
        while True:
            works, refused, wait_s = list[Assignment](), False, lane.wait_s
            if not lane.over and not wait_s:
                works, refused = await self._claim(lane, 1 if lane.metered else 1 + lane.idle)
            if works:
                await lane.started()
                return works
            if refused:
                await self._clock.sleep(0.01)
            else:
                await self._ledger.wakeups.wait(lane.service, wait_s or await self._patience(lane.service))

    def _choose(self, connection: sqlite3.Connection, lane: Lane, known: Candidates | None = None) -> Chosen | None:
        """The job to start now and the candidates it was chosen from: the `known` one, or one that is read again."""
        at = self._clock.now_ms()
        if is_suspended(connection, lane.service, at):
            return None
        line = known or candidates_of(connection, lane.service, at, self._rules(), self._crashes.aside, self._cleared)
        chosen = line.choose() if line is not None else None
        return None if line is None or chosen is None else (chosen, line)

    async def _patience(self, service: str) -> float:
        """Seconds until this lane must look again without a bell: until the next retry or the end of a pause."""
        at = self._clock.now_ms()

        def due(connection: sqlite3.Connection) -> list[int]:
            mine = [row for row in reads.suspensions(connection, at) if row.service in (service, EVERY_SERVICE)]
            ends = [row.until_ms for row in mine if row.until_ms]
            following = candidate_queries.next_due(connection, service, at)
            return ends if following is None else [*ends, following]

        times = await self._store.read(due)
        return min([self._look_again_s, *(max(0.001, (when - at) / 1000) for when in times)])

    async def _claim(self, lane: Lane, most: int) -> tuple[list[Assignment], bool]:
        """Choose and claim in one transaction; and whether a decision was not to start what was chosen.

        Whatever it did instead is done: then it chooses again.
        """
        picker = Picker(lane, self._builder, self._clock, partial(self._choose, lane=lane))
        try:
            started = await self._ledger.start(picker.pick, most)
        except Exception as error:
            suspect = picker.suspect
            if suspect is None:
                raise
            place = Place("scheduler", suspect.task_id, suspect.channel_id, suspect.job, during="preparing to start it")
            await self._crashes.book(place, error)
            return [], True
        works = [
            Assignment(one.applied.task, one.claim.job, one.applied.attempt, one.claim.command)
            for one in started if one.applied.attempt is not None and one.applied.task is not None
        ]  # fmt: skip
        return works, len(works) < len(started)


class Picker:
    """The chooser of one claim. `suspect`: the job that it is about, for the story of a crash.

    The jobs of a claim are chosen from one candidates, which is followed from each to the next while nothing but the
    claim itself changes it.
    """

    def __init__(self, lane: Lane, builder: CommandBuilder, clock: Clock, choose: Choose) -> None:
        self._lane = lane
        self._builder = builder
        self._clock = clock
        self._choose = choose
        self._last: tuple[Candidate, Candidates, Status] | None = None
        self.suspect: Candidate | None = None

    def pick(self, connection: sqlite3.Connection, look: Look) -> Claim | None:
        """The next job to start, within the claiming transaction; None: none may."""
        at = self._clock.now_ms()
        found = self._choose(connection, known=self._followed(look, at))
        if found is None:
            return None
        self.suspect, line = found
        task, jobs = look(self.suspect.task_id)
        job = next(one for one in jobs if one.name == self.suspect.job)
        recall = partial(habits.recalled, connection, self.suspect.channel_id, self.suspect.task_id)
        made = self._builder.command(task, job, jobs, recall) if task is not None else None
        if task is None or made is None:  # the channel's file went this very moment
            return None
        command, digest = made
        self._last = (self.suspect, line, task.status)
        return Claim(JobStarted(at, task.id, job.name, digest, self._lane.limit.quota(at)), job, command)

    def _followed(self, look: Look, at: int) -> Candidates | None:
        """The candidates after the last claim; None: there was none, or it must be read again."""
        if self._last is None:
            return None
        claimed, line, was = self._last
        task, jobs = look(claimed.task_id)
        return line.after(claimed, was, task, jobs, at) if task is not None else None


def place_of(work: Assignment, component: str, during: str) -> Place:
    """Where an assignment crashed."""
    return Place(component, work.task.id, work.task.channel_id, work.job.name, work.attempt, during)
