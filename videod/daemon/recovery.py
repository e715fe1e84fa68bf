"""After a crash: what was running is looked at, not run. Every attempt still open in the books gets its outcome.

Nothing runs at this moment (the lock is ours and children die with their daemon), so rescue is immediate; only a paid
script of ours may still be finishing the call that its dead daemon began: it is waited for in the background.
A verified
output is adopted; a receipt says whether a purchase was under way; anything else is ready again without an attempt
spent.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from videod.core.events import JobCharged, JobFailed, JobSubmitted, JobSucceeded
from videod.core.expect import expectation
from videod.core.failures import Failure, Kind
from videod.core.model import Job, Task
from videod.core.plan import Plan, PlanError
from videod.core.reconcile import NothingBought
from videod.core.steps import STEPS, Command
from videod.flow.assignment import Assignment
from videod.flow.bench import Bench, receipt
from videod.flow.refused import put_aside
from videod.flow.runner import Doubts, in_doubt, read_plan
from videod.ledger import Ledger
from videod.seams import Artefact, BadArtefact, Chance, Clock, Inspector, Unchecked
from videod.store import reads
from videod.store.database import Store
from videod.web.acts import Desk

log = logging.getLogger(__name__)


async def free_refused_keys(store: Store, ledger: Ledger, clock: Clock) -> int:
    """A start may bring new keys: what was parked for a refused one is tried again. Returns how many services."""
    parked = await store.read(lambda connection: reads.parked(connection, clock.now_ms()))
    refused = [row for row in parked if row.until_ms is None and row.cause == "service"]
    desk = Desk(ledger, store, clock, "start")
    for row in refused:
        outcome = await desk.resume(row.service, row.channel_id or None)
        log.info("recovery_service_freed", extra={"service": row.service, "remark": outcome.text})
    return len(refused)


def _task_reader(task_id: str) -> Callable[[sqlite3.Connection], Task | None]:
    return lambda connection: reads.task(connection, task_id)


#: how often it is looked whether a paid script of the last daemon is done, seconds
LOOK_S = 0.5

Lives = Callable[[str], Awaitable[bool]]


async def recover(
    store: Store, ledger: Ledger, bench: Bench, inspector: Inspector, clock: Clock, chance: Chance,
    lives: Lives, doubts: Doubts | None = None,
) -> list[Job]:  # fmt: skip
    """Settle the attempts that the last daemon left open; returns those that wait for a paid script to finish, for a
    look at what became of their purchase, or for the decoding of their video.

    `lives` tells whether a process with this output in its command line still runs.
    """
    late = []
    for job in await store.read(reads.running_jobs):
        task = await store.read(_task_reader(job.task_id))
        assert task is not None
        output = _output(bench, task, job)
        doubtful = doubts is not None and doubts.covers(job) and (receipt(Path(output)) or {}).get("state") == "intent"
        # a video is decoded for seconds before it is believed: no start waits for that
        long = STEPS[job.step].makes == "video" and Path(output).is_file()
        if long or (STEPS[job.step].paid and (doubtful or await lives(output))):
            late.append(job)
        else:
            await _settle(store, ledger, bench, inspector, clock, chance, task, job)
    return late


async def settle_late(
    store: Store, ledger: Ledger, bench: Bench, inspector: Inspector, clock: Clock, chance: Chance,
    lives: Lives, late: list[Job], doubts: Doubts | None = None,
) -> None:  # fmt: skip
    """Settle each of `late` as soon as its script has finished the call it was paying for and is gone."""

    async def settle(job: Job) -> None:
        task = await store.read(_task_reader(job.task_id))
        assert task is not None
        while await lives(_output(bench, task, job)):
            await clock.sleep(LOOK_S)
        await _settle(store, ledger, bench, inspector, clock, chance, task, job, doubts)

    async with asyncio.TaskGroup() as group:
        for job in late:
            group.create_task(settle(job), name=f"late {job.task_id} {job.name}")


def _output(bench: Bench, task: Task, job: Job) -> str:
    return str(bench.workspace(task) / STEPS[job.step].output(job, task))


async def _settle(
    store: Store, ledger: Ledger, bench: Bench, inspector: Inspector, clock: Clock, chance: Chance, task: Task,
    job: Job, doubts: Doubts | None = None,
) -> None:  # fmt: skip
    step = STEPS[job.step]
    relative = step.output(job, task)
    output = bench.workspace(task) / relative
    context = {"task": task.id, "channel": task.channel_id, "job": job.name}
    if step.paid or job.step == "upload":
        found = await _adoptable(inspector, bench, task, job)
        if found is not None:
            artefact, plan = found
            if not await store.read(lambda connection: reads.charged(connection, job.attempt)):
                await _charge_adopted(ledger, clock, task, job, receipt(output))
            log.info("recovery_output_adopted", extra=context)
            await ledger.apply(JobSucceeded(
                clock.now_ms(), task.id, job.name, job.attempt, relative, artefact.bytes, artefact.sha256,
                dict(artefact.facts), plan,
            ))  # fmt: skip
            return
    await _record_order(ledger, clock, task, job, receipt(output))
    failure = in_doubt(output, job, bench.silent(step)) if step.paid else None
    if failure is not None and doubts is not None and doubts.covers(job):
        seen = await doubts.settle(task, job, job.attempt, failure)
        if isinstance(seen, NothingBought):
            log.info("recovery_job_released", extra=context | {"evidence": seen.evidence})
            await ledger.apply(seen)
            return
        failure = seen
    if failure is None:
        failure = Failure(Kind.INTERRUPTED, "the daemon ended while this ran")
    log.info("recovery_job_released", extra=context | {"kind": failure.kind.value})
    event = JobFailed(clock.now_ms(), task.id, job.name, job.attempt, failure, chance.random())
    await ledger.apply(event)


async def _record_order(
    ledger: Ledger, clock: Clock, task: Task, job: Job, kept: dict[str, object] | None
) -> None:  # fmt: skip
    """The name that the service gave the order, where the dead daemon did not hear of it."""
    remote_id = (kept or {}).get("remote_id")
    if STEPS[job.step].paid and isinstance(remote_id, str) and remote_id != job.remote_id:
        await ledger.apply(JobSubmitted(clock.now_ms(), task.id, job.name, job.attempt, remote_id))


async def _adoptable(inspector: Inspector, bench: Bench, task: Task, job: Job) -> tuple[Artefact, Plan | None] | None:
    """The output, where this attempt finished it: younger than the attempt's start and what it should be."""
    step = STEPS[job.step]
    output = bench.workspace(task) / step.output(job, task)
    if not output.is_file() or output.stat().st_mtime * 1000 < (job.started_at or 0) - 1000:
        return None
    try:
        artefact = await inspector.inspect(output, step.makes, expectation(job, foreign=bench.silent(step)))
        plan = None
        if step.name == "plan":
            plan = read_plan(output, Assignment(task, replace(job), job.attempt, Command(())))
    except BadArtefact:  # its script would take it for what it had received
        put_aside(output)
        return None
    except (Unchecked, PlanError, FileNotFoundError):  # without FFmpeg the next attempt says what is wrong
        return None
    return artefact, plan


async def _charge_adopted(ledger: Ledger, clock: Clock, task: Task, job: Job, kept: dict[str, object] | None) -> None:
    """The charge that the dead daemon did not hear of: at the receipt's price, else at the list price."""
    if not job.price_micros:
        return
    usd, remote_id = (kept or {}).get("usd"), (kept or {}).get("remote_id")
    reference = None if remote_id is None else str(remote_id)
    micros = round(float(usd) * 1e6) if isinstance(usd, int | float) else job.price_micros
    charge = JobCharged(
        clock.now_ms(), task.id, job.name, job.attempt, job.service, job.step, 1.0, "piece", micros, reference
    )
    await ledger.apply(charge)
