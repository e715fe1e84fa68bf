"""After a crash: what was running is looked at, not run. Every attempt still open in the ledger gets its outcome.

Nothing runs at this moment (the lock is ours and children die with their daemon), so rescue is immediate; only a paid
script of ours may still be finishing the call that its dead daemon began: it is waited for in the background, as long
as its step's deadline allows. A verified output is adopted; a receipt says whether a purchase was under way; anything
else is ready again without an attempt spent. A job under which the daemon died again and again is set aside, and what
raises while one job is looked at is that job's failure.
"""

import asyncio
import logging
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from videod import files, receipts
from videod.core import reports
from videod.core.events import JobCharged, JobDied, JobFailed, JobSubmitted, JobSucceeded
from videod.core.expect import expectation
from videod.core.failures import BOOKED_UNCHECKED, Failure, Kind
from videod.core.model import Job, Task
from videod.core.moments import clock
from videod.core.plan import Plan, PlanError
from videod.core.reconcile import NothingBought
from videod.core.statuses import JobState
from videod.core.step import Step
from videod.core.suspension import Cause
from videod.core.tables import step_of
from videod.flow.aside import Aside, at_once
from videod.flow.crashes import Crashes, Place, of_the_house
from videod.flow.inputs import read_plan
from videod.flow.job_command import CommandBuilder
from videod.flow.purchase_check import PurchaseCheck
from videod.flow.purchases import Purchases
from videod.flow.quarantine import put_aside
from videod.flow.runner import LEFT_OPEN
from videod.ledger import Ledger
from videod.ports import Artefact, BadArtefact, Chance, Clock, Inspector, Unchecked
from videod.receipts import Receipt, State
from videod.store import reads
from videod.store.database import Store
from videod.web.requests import RequestHandler

log = logging.getLogger(__name__)


async def free_refused_keys(store: Store, ledger: Ledger, clock: Clock) -> int:
    """A start may bring new keys: what was suspended for a refused one is tried again. Returns how many services."""
    found = await store.read(lambda connection: reads.suspensions(connection, clock.now_ms()))
    refused = [row for row in found if row.cause is Cause.CREDENTIALS]
    handler = RequestHandler(ledger, store, clock, "start")
    for row in refused:
        outcome = await handler.resume(row.service, row.channel_id or None, only=Cause.CREDENTIALS)
        log.info("recovery_service_freed", extra={"service": row.service, "remark": outcome.text})
    return len(refused)


def _ran(job: Job) -> Job:
    """The job as the open attempt knew it: inputs that changed while it ran raised the revision of the next."""
    return replace(job, revision=job.revision - 1) if job.again else job


#: how often it is looked whether a paid script of the last daemon is done, and for how long at least, seconds
LOOK_S = 0.5
LEAST_WAIT_S = 60.0

#: whether a script of ours still works on this output
Lives = Callable[[str], Awaitable[bool]]
#: ends it
End = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Recovery:
    """`lives` and `end` are about scripts that outlived their daemon, by the path of their output.

    `deaths`: the number of deaths at which a job is set aside. `deadline_s` bounds the wait for such a script.
    """

    store: Store
    ledger: Ledger
    builder: CommandBuilder
    inspector: Inspector
    clock: Clock
    chance: Chance
    crashes: Crashes
    lives: Lives
    end: End
    purchase_check: PurchaseCheck | None = None
    deaths: int = 3
    deadline_s: Callable[[Step], float] = lambda step: step.deadline_s
    aside: Aside = at_once

    @property
    def _purchases(self) -> Purchases:
        return Purchases(self.ledger, self.builder, self.clock, self.aside)

    async def recover(self) -> list[Job]:
        """Settle the attempts that the last daemon left open; returns those that wait for a paid script to finish, for
        a look at what became of their purchase, or for the decoding of their video.
        """
        left = await self._left_open()
        heartbeat = await self.store.read(lambda connection: reads.value_ms(connection, "heartbeat")) or 0
        late = []
        for job in await self.store.read(reads.running_jobs):
            try:
                if job.attempt in left or not await self._set_aside(job, heartbeat):
                    late += [job] if await self._waits(job) else []
            except Exception as error:
                await self._book(job, error)
        if left:
            await self.ledger.set_value(LEFT_OPEN, "[]")
        return late

    async def settle_late(self, late: list[Job]) -> None:
        """Settle each of `late` as soon as its script has finished the call it was paying for and is gone."""

        async def settle(job: Job) -> None:
            try:
                task = await self._task(job)
                await self._wait_for_script(task, job)
                await self._settle(task, job, self.purchase_check)
            except Exception as error:
                await self._book(job, error)

        async with asyncio.TaskGroup() as group:
            for job in late:
                group.create_task(settle(job), name=f"late {job.task_id} {job.name}")

    async def _book(self, job: Job, error: Exception) -> None:
        place = Place("recovery", job.task_id, job.channel_id, job.name, job.attempt, "looking at what its end left")
        await self.crashes.book(place, error)

    async def _left_open(self) -> set[int]:
        """The attempts that the last daemon left open when it was stopped: no death of theirs."""
        found = await self.store.read(lambda connection: reads.value_json(connection, LEFT_OPEN))
        return {number for number in found if isinstance(number, int)} if isinstance(found, list) else set()

    async def _task(self, job: Job) -> Task:
        task = await self.store.read(lambda connection: reads.task(connection, job.task_id))
        assert task is not None
        return task

    def _output(self, task: Task, job: Job) -> Path:
        """Where the attempt that was open writes."""
        return self.builder.workspace(task) / step_of(job).output(_ran(job), task)

    def _papers(self, task: Task, job: Job) -> Path:
        """Beside which its receipt lies."""
        return self.builder.papers(task, _ran(job))

    async def _set_aside(self, job: Job, heartbeat: int) -> bool:
        """Count the death; whether it was one too many. It is in the ledger before anything of the job is looked at."""
        task = await self._task(job)
        step = step_of(job)
        doubt = step.paid and receipts.doubt(self._papers(task, job), job, self.builder.silent(step)) is not None
        last = clock(max(heartbeat, job.started_at or 0))
        died = JobDied(
            self.clock.now_ms(), job.task_id, job.name, job.attempt, most=self.deaths, last=last, doubt=doubt
        )
        await self.ledger.apply(died)
        now = await self.store.read(lambda connection: reads.job(connection, job.task_id, job.name))
        aside = now is not None and now.state != JobState.RUNNING
        if aside:
            context = {"task": job.task_id, "channel": job.channel_id, "job": job.name, "deaths": self.deaths}
            log.error("recovery_job_set_aside", extra=context)
        return aside

    async def _waits(self, job: Job) -> bool:
        """Whether the job is settled later; where it need not wait it is settled."""
        task = await self._task(job)
        step, output = step_of(job), self._output(task, job)
        kept = receipts.read(self._papers(task, job))
        asked = kept is not None and kept.state is State.INTENT
        doubtful = asked and self.purchase_check is not None and self.purchase_check.covers(job)
        # a video is decoded for seconds before it is believed: no start waits for that
        long = step.makes == "video" and files.made(output)
        if long or (step.paid and (doubtful or await self.lives(str(output)))):
            return True
        await self._settle(task, job)
        return False

    async def _wait_for_script(self, task: Task, job: Job) -> None:
        """Until the script is gone; one that is still there when its step's time is over is ended."""
        output = str(self._output(task, job))
        deadline_ms = (job.started_at or 0) + round(self.deadline_s(step_of(job)) * 1000)
        left_ms = max(round(LEAST_WAIT_S * 1000), deadline_ms - self.clock.now_ms())
        until = self.clock.steady_ms() + left_ms
        while await self.lives(output):
            if self.clock.steady_ms() >= until:
                log.warning("recovery_script_ended", extra={"task": task.id, "job": job.name})
                await self.end(output)
                return
            await self.clock.sleep(LOOK_S)

    async def _settle(self, task: Task, job: Job, purchase_check: PurchaseCheck | None = None) -> None:
        step, output = step_of(job), self._output(task, job)
        context = {"task": task.id, "channel": task.channel_id, "job": job.name}
        if await self._purchases.found(task, _ran(job)):
            return
        if step.paid or job.step == "upload":
            try:
                found = await self._adoptable(task, job, output)
            except (Unchecked, FileNotFoundError) as error:
                await self._book_unchecked(task, job, error)
                return
            lacking = found and reports.lacking(step.name, found[0].facts, self.builder.silent(step))
            if lacking:
                event = JobFailed(self.clock.now_ms(), task.id, job.name, job.attempt, lacking, self.chance.random())
                await self.ledger.apply(event)
                return
            if found is not None:
                await self._adopt(task, job, output, *found)
                return
        await self._record_order(task, job, receipts.read(self._papers(task, job)))
        failure = receipts.doubt(self._papers(task, job), job, self.builder.silent(step)) if step.paid else None
        if failure is not None and purchase_check is not None and purchase_check.covers(job):
            seen = await self._seen(purchase_check, task, job, failure)
            if isinstance(seen, NothingBought):
                log.info("recovery_job_released", extra=context | {"evidence": seen.evidence})
                await self.ledger.apply(seen)
                return
            failure = seen
        if failure is None:
            failure = Failure(Kind.INTERRUPTED, "the daemon ended while this ran")
        log.info("recovery_job_released", extra=context | {"kind": failure.kind.value})
        event = JobFailed(self.clock.now_ms(), task.id, job.name, job.attempt, failure, self.chance.random())
        await self.ledger.apply(event)

    async def _seen(
        self, purchase_check: PurchaseCheck, task: Task, job: Job, failure: Failure
    ) -> NothingBought | Failure:
        try:
            return await purchase_check.settle(task, job, job.attempt, failure)
        except Exception as error:  # the doubt itself is known and stays
            place = Place("recovery", task.id, task.channel_id, job.name, job.attempt)
            self.crashes.tell(place, error)
            if of_the_house(error):
                raise
            return failure

    async def _record_order(self, task: Task, job: Job, kept: Receipt | None) -> None:
        """The name that the service gave the order, where the dead daemon did not hear of it."""
        remote_id = None if kept is None else kept.remote_id
        if step_of(job).paid and remote_id is not None and remote_id != job.remote_id:
            await self.ledger.apply(JobSubmitted(self.clock.now_ms(), task.id, job.name, job.attempt, remote_id))

    async def _adoptable(self, task: Task, job: Job, output: Path) -> tuple[Artefact, Plan | None] | None:
        """The output, where this attempt finished it: younger than the attempt's start and what it should be.

        Raises Unchecked, or FileNotFoundError without FFmpeg, where only the file tells what was bought.
        """
        step = step_of(job)
        if step.name == "upload" and not self.builder.silent(step):
            output = self.builder.noted(task, _ran(job))  # the result that the script noted; no other could
        found = files.seen(output)
        if found is None or not stat.S_ISREG(found.st_mode) or found.st_mtime * 1000 < (job.started_at or 0) - 1000:
            return None
        try:
            expected = expectation(job, foreign=self.builder.silent(step))
            artefact = await self.inspector.inspect(output, step.makes, expected)
            plan = None
            if step.name == "plan":
                plan = read_plan(output, self.builder.wordless(task))
        except BadArtefact:  # its script would take it for what it had received
            put_aside(output)
            return None
        except PlanError:
            return None
        except (Unchecked, FileNotFoundError):  # without FFmpeg the next attempt says what is wrong
            if step.paid and self.builder.silent(step):
                raise
            return None
        return artefact, plan

    async def _book_unchecked(self, task: Task, job: Job, error: Exception) -> None:
        """What a custom script bought lies there, and nobody can say yet whether it is good: it is checked again."""
        if not await self._charged(task, job):
            await self._charge_adopted(task, job, None)
        missing = isinstance(error, FileNotFoundError)
        failure = Failure(Kind.LOST, str(error), service=job.service, code=BOOKED_UNCHECKED)
        if missing:
            failure = Failure(Kind.CONFIGURATION, str(error))
        failed = JobFailed(self.clock.now_ms(), task.id, job.name, job.attempt, failure, self.chance.random())
        await self.ledger.apply(failed)

    async def _adopt(self, task: Task, job: Job, output: Path, artefact: Artefact, plan: Plan | None) -> None:
        if not await self._charged(task, job):
            await self._charge_adopted(task, job, receipts.read(self._papers(task, job)))
        log.info("recovery_output_adopted", extra={"task": task.id, "channel": task.channel_id, "job": job.name})
        relative = str(output.relative_to(self.builder.workspace(task)))
        await self.ledger.apply(JobSucceeded(
            self.clock.now_ms(), task.id, job.name, job.attempt, relative, artefact.bytes, artefact.sha256,
            dict(artefact.facts), plan,
        ))  # fmt: skip

    async def _charged(self, task: Task, job: Job) -> bool:
        """Whether the ledger has the charge of the file that lies there."""
        if await self.store.read(lambda connection: reads.charged(connection, job.attempt)):
            return True
        silent = self.builder.silent(step_of(job))
        return silent and await self._purchases.knows(task, _ran(job), self._output(task, job))

    async def _charge_adopted(self, task: Task, job: Job, kept: Receipt | None) -> None:
        """The charge that the dead daemon did not hear of: at the receipt's price, else at the list price."""
        if not job.price_micros:
            return
        told, remote_id = (None, None) if kept is None else (kept.micros, kept.remote_id)
        charge = JobCharged(
            self.clock.now_ms(), task.id, job.name, job.attempt, job.service, job.step, 1.0, "piece",
            job.price_micros if told is None else told, remote_id,
        )  # fmt: skip
        await self.ledger.apply(charge)
