"""Purchases unconfirmed compared with the service's own balance: first look, then the standing permission, then a
person.

While the daemon runs it reads the balance at moments when none of our requests is on its way. When
the answer to a paid request was lost, or a crash fell between the request and its receipt, the balance is read again
(not before the request must have been carried out or forgotten) and `core.reconcile` judges. Where it shows that
nothing was bought, the receipt's "intent" is withdrawn and the job is bought as if nothing had been tried.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from videod import receipts
from videod.core import reconcile, services
from videod.core.failures import PAID_WITHOUT_FILE, Failure, Kind
from videod.core.model import Job, Task
from videod.core.moments import clock
from videod.core.reconcile import BalanceReading, Fate, Finding, NothingBought, Order, Trace
from videod.core.service import CREDIT, Remote
from videod.core.statuses import JobState
from videod.core.tables import STEPS
from videod.flow.job_command import CommandBuilder
from videod.ledger import Ledger
from videod.ports import BalanceClient, Clock, NoAnswer
from videod.receipts import Receipt, State
from videod.store import purchases, reads
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often a reading may be wanted; between two readings while we buy, and while nothing is bought, seconds
TICK_S = 10.0
MARK_S = 30.0
IDLE_MARK_S = 3600.0
#: a doubt is looked at again with such pauses, while other requests are on their way so long, seconds
LOOK_AGAIN_S = 10.0
ON_THEIR_WAY_S = 40.0
#: a service that does not answer is asked for its balance so long, and one that will tell a price later, seconds
PATIENCE_S = 600.0
#: orders that may have failed meanwhile are asked for, at most so many
ASKED_MOST = 40


@dataclass(frozen=True)
class Paper:
    """What the receipt of a job says: `state` None without a receipt; `recorded`: the ledger knows as much."""

    attempt: int
    running: bool
    state: State | None
    remote_id: str | None
    recorded: bool


@dataclass(frozen=True)
class Sight:
    """The ledger and receipts of a service at one moment; `papers` by job id."""

    place: purchases.Place
    papers: dict[int, Paper]

    @property
    def quiet(self) -> bool:
        """Whether no request of ours is on its way, and all that was answered is in the ledger."""
        return all(
            paper.recorded and not (paper.running and paper.state is State.INTENT) for paper in self.papers.values()
        )


class Reconciler:
    """`look_after_s`: so long after a request left it was carried out or never will be, seconds."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        builder: CommandBuilder,
        balances: BalanceClient,
        clock: Clock,
        look_after_s: Callable[[], float],
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._builder = builder
        self._balances = balances
        self._clock = clock
        self._look_after_s = look_after_s

    def covers(self, job: Job) -> bool:
        """Whether the balance of the job's service can tell of its purchases: all of them keep receipts.

        What it shows of a custom script's, which keeps none, is only told.
        """
        if job.service not in self._balances.services:
            return False
        return self._silent(job) or not any(
            self._builder.silent(STEPS[offer.step]) for offer in services.SERVICES[job.service].offers
        )

    def _silent(self, job: Job) -> bool:
        return self._builder.silent(STEPS[job.step])

    # ------------------------------------------------------------------------------------------ readings

    async def run(self) -> None:
        """Take readings until cancelled, and look once more at what earlier daemons left for a person."""
        async with asyncio.TaskGroup() as group:
            for service in self._balances.services:
                group.create_task(self._mark_for_ever(service), name=f"readings of {service}")
                group.create_task(self._look_at_old_doubts(service), name=f"unconfirmed purchases of {service}")

    async def _mark_for_ever(self, service: str) -> None:
        while True:
            await self.reading(service)
            await self._clock.sleep(TICK_S)

    async def reading(self, service: str) -> bool:
        """Take a reading if one is wanted and no request is on its way; whether it was taken."""
        known = await self._store.read(lambda tx: purchases.readings(tx, service, 1))
        if not await self._wanted(service, known[-1] if known else None):
            return False
        before = await self._sight(service)
        if not before.quiet:
            return False
        try:
            used = await self._balances.used(service)
            gap = await self._gap(known[-1], used) if known else None
        except NoAnswer as silent:
            log.debug("reconcile_mark_failed", extra={"service": service, "error": str(silent)})
            return False
        after = await self._sight(service)
        if (after.papers, after.place.attempts) != (before.papers, before.place.attempts):
            return False
        if gap:
            log.warning("reconcile_balance_strange", extra={"service": service, "credits": gap / CREDIT})
        reading = BalanceReading(service, self._clock.now_ms(), used, before.place.attempts, before.place.history, gap)
        await self._ledger.note_reading(reading)
        return True

    async def _wanted(self, service: str, last: BalanceReading | None) -> bool:
        if last is None:
            return True
        age_s = (self._clock.now_ms() - last.at) / 1000
        if 0 <= age_s < MARK_S:
            return False
        bought = await self._store.read(lambda tx: purchases.bought_since(tx, service, last.attempts))
        return bought or not 0 <= age_s < IDLE_MARK_S

    async def _gap(self, last: BalanceReading, used: int) -> int | None:
        traces, proven = await self._traces(last)
        remotes = await self._remotes(last.service, traces)
        return reconcile.unexplained(used - last.used, reconcile.orders(last.service, last, traces, proven, remotes))

    # ------------------------------------------------------------------------------------------ doubts

    async def settle(self, task: Task, job: Job, attempt: int, failure: Failure) -> NothingBought | Failure:
        """What the balance makes of an unconfirmed purchase: that nothing was bought, or the doubt with what it shows.

        The receipt of a request that was never taken is withdrawn.
        """
        if self._silent(job):
            finding, told = await self._look_at_silent(job, attempt)
            if failure.kind == Kind.IN_DOUBT:
                return replace(failure, message=f"{failure.message}. {told}")
            if finding != Finding.ALL:
                return failure
            text = f"your script for {job.name} says that it bought nothing, but {told}: {failure.message}"
            return Failure(Kind.IN_DOUBT, text, service=job.service, code=PAID_WITHOUT_FILE)
        papers = self._builder.papers(task, job)
        kept = receipts.read(papers)
        if kept is None or kept.state is not State.INTENT or kept.at is None:
            return failure
        context = {"task": task.id, "channel": task.channel_id, "job": job.name, "service": job.service}
        log.info("reconcile_look_started", extra=context)
        finding, told = await self._look(job, attempt, kept.at)
        log.info("reconcile_look_done", extra=context | {"finding": finding.name.lower(), "evidence": told})
        if finding != Finding.NOTHING or receipts.read(papers) != kept:
            return replace(failure, message=f"{failure.message}. {told}")
        receipts.withdraw(papers)
        return NothingBought(self._clock.now_ms(), task.id, job.name, attempt, told)

    async def _look_at_silent(self, job: Job, attempt: int) -> tuple[Finding, str]:
        """What the balance shows after a custom script, which may use an account that is not asked, and its words."""
        name = services.title(job.service)
        readings = await self._store.read(lambda tx: purchases.readings(tx, job.service))
        reading = reconcile.base(readings, attempt, self._clock.now_ms())
        if reading is None:
            return Finding.UNKNOWN, f"{name}'s balance was not known before, or others use the key"
        price = reconcile.units(job.service, await self._store.read(lambda tx: purchases.price(tx, attempt)))
        try:
            finding, told, _ = await self._look_once(reading, job, attempt, price)
        except NoAnswer as silent:
            log.info("reconcile_look_failed", extra={"service": job.service, "error": str(silent)})
            return Finding.UNKNOWN, f"{name} did not tell its balance"
        context = {"task": job.task_id, "channel": job.channel_id, "job": job.name, "service": job.service}
        log.info("reconcile_look_done", extra=context | {"finding": finding.name.lower(), "evidence": told})
        if finding != Finding.NOTHING:
            return finding, told
        since = f"{name}'s balance has not moved since {clock(reading.at)}"
        return finding, f"{since}: if your script uses this account, it bought nothing"

    async def _look_at_old_doubts(self, service: str) -> None:
        """What waits for a person may be settled by now: its service did not answer then, or was asked too much."""
        for job in await self._store.read(lambda tx: purchases.doubtful(tx, service)):
            task, _ = await self._ledger.look(job.task_id)
            if task is None or job.failure is None or self._silent(job) or not self.covers(job):
                continue
            found = await self.settle(task, job, job.attempt, job.failure)
            if isinstance(found, NothingBought):
                await self._ledger.apply(found)

    async def _look(self, job: Job, attempt: int, asked_at: int) -> tuple[Finding, str]:
        """The finding, and what is said of it."""
        name = services.title(job.service)
        readings = await self._store.read(lambda tx: purchases.readings(tx, job.service))
        reading = reconcile.base(readings, attempt, asked_at)
        if reading is None:
            return Finding.UNKNOWN, f"{name}'s balance was not known before, or others use the key"
        wait_s = self._look_after_s() - (self._clock.now_ms() - asked_at) / 1000
        await self._clock.sleep(min(max(wait_s, 0.0), self._look_after_s()))
        price = reconcile.units(job.service, await self._store.read(lambda tx: purchases.price(tx, attempt)))
        begun, found = self._clock.steady_ms(), (Finding.UNKNOWN, f"{name} did not tell its balance")
        while True:
            try:
                finding, told, patience_s = await self._look_once(reading, job, attempt, price)
                found = (finding, told)
            except NoAnswer as silent:
                patience_s = PATIENCE_S
                log.info("reconcile_look_failed", extra={"service": job.service, "error": str(silent)})
            waited_s = (self._clock.steady_ms() - begun) / 1000
            if found[0] != Finding.UNKNOWN or waited_s + LOOK_AGAIN_S > patience_s:
                return found
            await self._clock.sleep(LOOK_AGAIN_S)

    async def _look_once(
        self, reading: BalanceReading, job: Job, attempt: int, price: int | None
    ) -> tuple[Finding, str, float]:
        """The finding, what is said of it, and for how long after the first look another may tell more, seconds.

        Raises NoAnswer.
        """
        service = job.service
        before = await self._sight(service)
        traces, proven = await self._traces(reading)
        used = await self._balances.used(service)
        after = await self._sight(service)
        named = {trace.reference for trace in traces if trace.kind == reconcile.Kind.SUBMITTED}
        remotes = await self._remotes(service, traces)
        found = reconcile.orders(service, reading, traces, proven, remotes, attempt)
        unsure = _on_their_way(before, after, job.id)
        # what is on a receipt and not in the ledger came after the reading
        unsure += sum(paper.remote_id is not None and paper.remote_id not in named for paper in before.papers.values())
        found += [Order(None, False, False, Fate.UNSURE)] * unsure
        moved = used - reading.used
        finding = reconcile.judge(moved, found, price)
        patience_s = PATIENCE_S if reconcile.untold(service, traces, proven) else ON_THEIR_WAY_S if unsure else 0.0
        return finding, reconcile.evidence(service, finding, moved, clock(reading.at)), patience_s

    # ------------------------------------------------------------------------------------------ looking

    async def _traces(self, reading: BalanceReading) -> tuple[tuple[Trace, ...], frozenset[int]]:
        def look(connection: sqlite3.Connection) -> tuple[tuple[Trace, ...], frozenset[int]]:
            found = purchases.traces(connection, reading.service, reading)
            return found, purchases.proven(connection, reading.service)

        return await self._store.read(look)

    async def _remotes(self, service: str, traces: tuple[Trace, ...]) -> dict[str, Remote]:
        """How the unfinished orders stand; those of which the service says nothing are left out."""
        found = {}
        for reference in reconcile.unfinished(service, traces)[-ASKED_MOST:]:
            try:
                found[reference] = await self._balances.remote(service, reference)
            except NoAnswer as silent:
                log.debug("reconcile_order_unknown", extra={"service": service, "error": str(silent)})
        return found

    async def _sight(self, service: str) -> Sight:
        def look(connection: sqlite3.Connection) -> tuple[purchases.Place, list[tuple[Job, Task, bool]]]:
            jobs = []
            for job in purchases.unfinished(connection, service):
                task = reads.task(connection, job.task_id)
                assert task is not None
                jobs.append((job, task, reads.charged(connection, job.attempt)))
            return purchases.place(connection), jobs

        place, jobs = await self._store.read(look)
        papers = {
            job.id: _paper(job, charged, receipts.read(self._builder.papers(task, job)), self._silent(job))
            for job, task, charged in jobs
        }
        return Sight(place, papers)


def _paper(job: Job, charged: bool, kept: Receipt | None, silent: bool) -> Paper:
    state, told = (None, None) if kept is None else (kept.state, kept.remote_id)
    running = job.state == JobState.RUNNING
    unbooked = running and (silent or state is State.RECEIVED) and not charged
    recorded = told == job.remote_id if told is not None else not unbooked
    return Paper(job.attempt, running, state, told, recorded)


def _on_their_way(before: Sight, after: Sight, doubted: int) -> int:
    """How many other requests may have been taken while the balance was read, or just before."""
    ids = {*before.papers, *after.papers} - {doubted}
    count = 0
    for job_id in ids:
        first, then = before.papers.get(job_id), after.papers.get(job_id)
        if first != then:
            quiet = first is None and then is not None and then.state is None
            count += 0 if quiet else 1
        elif first is not None and first.running and (first.state is State.INTENT or not first.recorded):
            count += 1
    newest = max((paper.attempt for paper in after.papers.values()), default=0)
    return count + (1 if after.place.attempts > max(before.place.attempts, newest) else 0)
