"""Are the files that a job is about to use still those that were made? What is wrong is found before anything is paid.

Each input is opened without following links, measured and hashed, off the event loop, once for each start of a
consumer. One loss makes all files of the episode that are still needed be looked at, so that people are asked once.
"""

import errno
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from videod import files, receipts
from videod.core import bounds, craft
from videod.core.events import InputLost, JobCharged, JobFailed, JobSucceeded, LostFile
from videod.core.expect import expectation
from videod.core.failures import BOOKED_UNCHECKED, Failure, Kind
from videod.core.model import Job, Task
from videod.core.plan import Complaint, Plan, PlanError, parse
from videod.core.statuses import DONE, SKIPPED
from videod.core.step import Step
from videod.core.tables import step_of
from videod.flow import started
from videod.flow.aside import Aside, in_a_thread
from videod.flow.assignment import Assignment
from videod.flow.job_command import CommandBuilder
from videod.flow.purchases import Purchases
from videod.flow.quarantine import put_aside
from videod.ledger import Ledger
from videod.ports import BadArtefact, Clock, Inspector, Unchecked

#: what says that the file is not there or not ours to read; anything else is the disk's own trouble
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO, errno.EISDIR)
#: far above any real plan
PLAN_BYTES = 4_000_000

log = logging.getLogger(__name__)


class Inputs:
    """`aside` runs a blocking look beside the event loop."""

    def __init__(
        self, ledger: Ledger, builder: CommandBuilder, inspector: Inspector, clock: Clock, aside: Aside = in_a_thread
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._clock = clock
        self._builder = builder
        self._inspector = inspector
        self.aside = aside
        self._purchases = Purchases(ledger, builder, clock, aside)

    async def before(self, work: Assignment) -> InputLost | JobSucceeded | JobFailed | None:
        """What makes a start of the job's script needless; None: it may start.

        Its file is there already, as it was made; or a file that it needs is not; or it may have been paid for. Raises
        OSError where the disk cannot be read.
        """
        task, job = work.task, work.job
        await self._purchases.found(task, job)
        there = await self._there(work) or await self._left_by_custom_script(work)
        if there is not None:
            return there
        if (doubt := await self._started_unknown(work)) is not None:
            return doubt
        lost = await self.lost(task, job, await self._jobs(task))
        return self._reported(work, lost) if lost else None

    async def after(self, work: Assignment, failed: JobFailed) -> InputLost | JobFailed:
        """What a failure is put down to: the files that the job cannot use, or itself."""
        lost = await self.blamed(work.task, work.job, await self._jobs(work.task), failed.failure)
        return self._reported(work, lost) if lost else failed

    def _reported(self, work: Assignment, lost: tuple[LostFile, ...]) -> InputLost:
        context = {"task": work.task.id, "channel": work.task.channel_id, "job": work.job.name}
        for one in lost:
            log.warning("inputs_file_lost", extra=context | {"lost": one.job, "reason": one.why})
        return InputLost(self._clock.now_ms(), work.task.id, work.job.name, work.attempt, lost)

    async def _jobs(self, task: Task) -> tuple[Job, ...]:
        return (await self._ledger.look(task.id))[1]

    async def _there(self, work: Assignment) -> JobSucceeded | None:
        """The outcome where the file that was lost is back as it was made; any other in its place is put aside."""
        task, job, step = work.task, work.job, step_of(work.job)
        if job.sha256 is None or job.output != step.output(job, task) or job.bytes is None:
            return None
        path = self._builder.workspace(task) / job.output
        if files.seen(path) is None:
            return None
        if await self.aside(lambda: problem(path, job)) is not None:
            put_aside(path, "lost")
            return None
        log.info("inputs_file_back", extra={"task": task.id, "channel": task.channel_id, "job": job.name})
        return JobSucceeded(
            self._clock.now_ms(), task.id, job.name, work.attempt, job.output, job.bytes, job.sha256, job.facts
        )

    async def _left_by_custom_script(self, work: Assignment) -> JobSucceeded | None:
        """The outcome where a paid custom script, which keeps no receipt, left a file that the ledger does not know.

        The ledger is an older copy, or its daemon ended too early: the file was paid for, and is not bought again.

        Raises Unchecked, FileNotFoundError without FFmpeg.
        """
        task, job, step = work.task, work.job, step_of(work.job)
        path = self._builder.workspace(task) / step.output(job, task)
        if not (step.paid and self._builder.silent(step) and job.sha256 is None and files.made(path)):
            return None
        plan = None
        try:
            artefact = await self._inspector.inspect(path, step.makes, expectation(job, foreign=True))
            if step.name == "plan":
                plan = await self.aside(lambda: read_plan(path, self._builder.wordless(task)))
        except (BadArtefact, PlanError):
            put_aside(path)
            return None
        except Unchecked:
            await self._book(work, path)
            raise
        await self._book(work, path)
        now = self._clock.now_ms()
        log.info("inputs_file_adopted", extra={"task": task.id, "channel": task.channel_id, "job": job.name})
        return JobSucceeded(
            now, task.id, job.name, work.attempt, step.output(job, task), artefact.bytes, artefact.sha256,
            dict(artefact.facts), plan,
        )  # fmt: skip

    async def _started_unknown(self, work: Assignment) -> JobFailed | None:
        """The doubt where a paid custom script was started of which the ledger, an older copy, knows nothing."""
        task, job, step = work.task, work.job, step_of(work.job)
        if not (step.paid and self._builder.silent(step)) or job.buy_again:
            return None
        start = started.read(self._builder.noted(task, job))
        if start is None or await self._ledger.ended_attempt(job, start.attempt, start.began) is not None:
            return None
        said = f"{job.name} was started by a videod that this ledger does not know. It may already be paid"
        price = f"${job.price_micros / 1e6:.2f}"
        failure = Failure(Kind.IN_DOUBT, f"{said} ({price})", service=job.service)
        return JobFailed(self._clock.now_ms(), task.id, job.name, work.attempt, failure, 0.0)

    async def _book(self, work: Assignment, path: Path) -> None:
        """The charge of the file that lies there, unless the ledger has it."""
        job, step = work.job, step_of(work.job)
        booked = job.failure is not None and job.failure.code == BOOKED_UNCHECKED
        if booked or await self._charged(job, path) or await self._purchases.knows(work.task, job, path):
            return
        # a purchase is no longer unconfirmed once its attempt is charged
        doubted = started.read(self._builder.noted(work.task, job))
        known = None if doubted is None else await self._ledger.ended_attempt(job, doubted.attempt, doubted.began)
        await self._ledger.apply(JobCharged(
            self._clock.now_ms(), work.task.id, job.name, known or work.attempt, step.service, step.name, 1.0, "piece",
            job.price_micros,
        ))  # fmt: skip

    async def _charged(self, job: Job, path: Path) -> bool:
        """Whether the ledger knows what this file cost: a charge is booked after its file was written.

        An earlier charge is that of an earlier take.
        """
        at = await self._ledger.charged_at(job.task_id, job.name)
        found = files.seen(path)
        return at is not None and found is not None and at >= int(found.st_mtime * 1000)

    async def lost(self, task: Task, job: Job, jobs: tuple[Job, ...]) -> tuple[LostFile, ...]:
        """What is wrong with the files that `job` needs, and then with all that the episode still needs.

        Raises OSError where the disk cannot be read.
        """
        if job.fetching or job.step == "cleanup":
            return ()
        used = self._used(job, jobs)
        found = await self._look(task, used)
        if not found:
            return ()
        names = {one.name for one in used}
        return (*found, *await self._look(task, [one for one in _still_needed(jobs) if one.name not in names]))

    async def blamed(self, task: Task, job: Job, jobs: tuple[Job, ...], failure: Failure) -> tuple[LostFile, ...]:
        """The inputs that a free step cannot use: those its message names, else those that fail a second check."""
        if failure.kind != Kind.INPUT or step_of(job).paid or job.step == "cleanup":
            return ()
        # the film that was approved stays it, unless the file is another one now; nothing is bought for a thumbnail
        if job.step == "upload" or step_of(job).without:
            return await self.lost(task, job, jobs)
        used = self._used(job, jobs)
        named = [one for one in used if Path(str(one.output)).name in failure.message]
        if not named and len(used) > 1:
            named = [one for one in used if await self._objection(task, one, jobs)]
        culprits = named or (used if len(used) == 1 else [])
        return tuple(LostFile(one.name, f"cannot be used: {failure.message}", bad=True) for one in culprits)

    def _used(self, job: Job, jobs: tuple[Job, ...]) -> list[Job]:
        names = set(job.needs) - {"plan/plan"}
        if job.step == "assemble" and self._builder.silent(step_of(job)):
            # a custom script makes cuts of its own
            names |= {need for one in jobs if one.name in names for need in one.needs}
        return [one for one in jobs if one.name in names and one.state is DONE and one.output]

    async def _look(self, task: Task, jobs: Iterable[Job]) -> tuple[LostFile, ...]:
        found = []
        for one in jobs:
            path = self._builder.workspace(task) / str(one.output)
            why = await self.aside(lambda path=path, one=one: problem(path, one))  # type: ignore[misc]
            if why is not None:
                found.append(LostFile(one.name, why, self._fetchable(task, one)))
        return tuple(found)

    def _fetchable(self, task: Task, job: Job) -> bool:
        """Whether its service still has the file of the finished order, which costs nothing to fetch."""
        step = step_of(job)
        if not step.fetchable or job.remote_id is None or self._builder.silent(step):
            return False
        kept = receipts.read(receipts.noted(self._builder.workspace(task), str(job.output)))
        return kept is not None and kept.remote_id == job.remote_id

    async def _objection(self, task: Task, job: Job, jobs: tuple[Job, ...]) -> bool:
        step: Step = step_of(job)
        path = self._builder.workspace(task) / str(job.output)
        expected = expectation(job, jobs, foreign=self._builder.silent(step))
        try:
            await self._inspector.inspect(path, step.makes, expected)
        except BadArtefact:
            return True
        except (Unchecked, FileNotFoundError):
            return False
        return False


def _still_needed(jobs: tuple[Job, ...]) -> list[Job]:
    """The finished jobs whose files a job uses that is not done."""
    open_jobs = [one for one in jobs if one.state not in (DONE, SKIPPED) and one.step != "cleanup"]
    names = {need for one in open_jobs for need in one.needs} - {"plan/plan"}
    return [one for one in jobs if one.name in names and one.state is DONE and one.output]


def problem(path: Path, job: Job) -> str | None:
    """What is wrong with the finished file of `job`, as the rest of a sentence about it; None: it is as it was made.

    Raises OSError where the disk cannot be read.
    """
    try:
        with files.open_made(path) as source:
            size = os.fstat(source.fileno()).st_size
            if job.bytes is not None and size != job.bytes:
                return f"has {size:,} bytes instead of {job.bytes:,}"
            if job.sha256 and files.fingerprint(source, size)[1] != job.sha256:
                return "is not the file that was made: its content has changed"
    except files.Unfit:
        return "is no regular file"
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return "is missing" if error.errno in (errno.ENOENT, errno.ENOTDIR) else _unreadable(error)
    return None


def _unreadable(error: OSError) -> str:
    return "is no regular file" if error.errno != errno.EACCES else "cannot be read: permission denied"


def read_plan(path: Path, wordless: int = 0) -> Plan:
    """The plan in `path`, over so many shots of which nobody may speak.

    Raises PlanError with all that breaks the craft's rules, whoever wrote it, also where it is no JSON at all; OSError
    where the disk cannot be read.
    """
    try:
        document = bounds.loads(files.read_made(path, PLAN_BYTES))
    except (ValueError, files.Unfit) as error:
        raise PlanError((Complaint("(plan)", "shape", f"cannot be read as JSON: {error}"),)) from error
    plan = parse(document)
    told = craft.Telling(wordless=wordless)
    found = craft.complaints(plan, len(plan.clips), len(plan.images), told)
    if found:
        raise PlanError(found)
    return plan
