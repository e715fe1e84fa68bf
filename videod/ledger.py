"""The only door to a state change.

`Ledger.apply(event)`: one transaction begins, reads the task and its jobs, calls `decide`, writes rows, history and
outbox, commits. Then it wakes whoever may have work now; a wakeup that is lost loses nothing, since every
loop also looks automatically. The other methods keep what is no decision: what was delivered, what the board was
seen to hold, sealed tokens.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import partial
from typing import Any

from videod.board_notes import BoardNotes
from videod.core.admission import HOLDS_NO_PLACE
from videod.core.board import entry_view
from videod.core.breaker import Breaker
from videod.core.events import EntryQueued, EntryRefused, Event, JobStarted, OfChannel
from videod.core.kept_events import without_secrets
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.ops import (
    Alert,
    AlertsOver,
    ClearInDoubt,
    CloseAttempt,
    Decision,
    ForgetChannel,
    ForgetLesson,
    KeepLesson,
    NoteRefusal,
    OpenAttempt,
    PlaceAttempt,
    RecordCharge,
    RecordFound,
    RecordInDoubt,
    Release,
    RenameChannel,
    SaveBreaker,
    SaveJob,
    SaveTask,
    ShowAsset,
    ShowEntry,
    Snapshot,
    Suspend,
)
from videod.core.paid import Paid
from videod.core.plan import Plan
from videod.core.reconcile import BalanceReading
from videod.core.statuses import CLOSED, LABELS, JobState
from videod.core.step import Command
from videod.core.suspension import EVERY_SERVICE, OF_CHANNEL, Cause, Suspension
from videod.core.tables import SERVICES
from videod.core.told import answers
from videod.core.workflow import decide
from videod.store import archiving, found, learned, purchases, reads, renames, writes
from videod.store.archives import ArchiveError, Pointer
from videod.store.calendar import KEPT, calendar, moved, plain
from videod.store.database import Store
from videod.store.gathering import gathered
from videod.store.objects import Stored
from videod.store.snapshots import Snapshots
from videod.wakeups import Wakeups

__all__ = ["Applied", "Chooser", "Claim", "Ledger", "Look", "Policies", "Started", "Wakeups"]

Policies = Callable[[str], ChannelPolicy | None]
Redact = Callable[[str], str]
#: what is written of the operations that need no more than themselves and the time
_PLAIN: Mapping[type, Callable[[sqlite3.Connection, Any, int], None]] = {
    NoteRefusal: writes.note_refusal, RenameChannel: renames.rename, ForgetChannel: renames.forget,
    KeepLesson: learned.write, ForgetLesson: learned.write, AlertsOver: writes.alerts_over, Suspend: writes.suspend,
}  # fmt: skip


@dataclass(frozen=True)
class Applied:
    """What became of an event. `attempt` is the new attempt's id where one was opened."""

    decision: Decision
    task: Task | None
    attempt: int | None = None


@dataclass(frozen=True)
class Claim:
    """A job that a lane chose: the event that starts it, the job as it was then, and what does it."""

    event: JobStarted
    job: Job
    command: Command


#: asks for a task and its jobs as they are within the transaction
Look = Callable[[str], tuple[Task | None, tuple[Job, ...]]]
#: chooses the job to start next, within the transaction; None: none may
Chooser = Callable[[sqlite3.Connection, Look], Claim | None]


@dataclass(frozen=True)
class Started:
    """What became of a claim."""

    claim: Claim
    applied: Applied

    @property
    def runs(self) -> bool:
        """Whether the job runs now; else money or a quota held it back."""
        return self.applied.attempt is not None


def _plain(value: object) -> object:
    """What JSON does not know of an event: a plan is reported by its size, other dataclasses are objects."""
    if isinstance(value, Plan):
        return {"clips": len(value.clips), "images": len(value.images)}
    if is_dataclass(value):
        return vars(value)
    raise TypeError(f"history cannot hold a {type(value).__name__}")


def _changed(decision: Decision) -> set[str]:
    """Names of the jobs whose rows a decision writes."""
    saved = {op.job.name for op in decision.ops if isinstance(op, SaveJob)}
    return saved | {op.job for op in decision.ops if isinstance(op, OpenAttempt)}


class Ledger(BoardNotes):
    """See the module's text. `policies` maps a channel id to what the core must know of it (None: not configured).

    `redact` takes secrets out of what is kept of failures and alerts, wherever their words came from.
    """

    def __init__(self, store: Store, policies: Policies, wakeups: Wakeups, redact: Redact = str) -> None:
        super().__init__(store, redact, wakeups)
        self.policies = policies
        self._snapshots = Snapshots()
        self.wakeups = wakeups

    def knows(self, channel_id: str) -> bool:
        """Whether the channel is configured."""
        policy = self.policies(channel_id)
        return policy is not None and policy.configured

    async def apply(self, event: Event) -> Applied:
        """Decide and write in one transaction. Raises IllegalMove or Conflict on a bug, having written nothing."""
        event = without_secrets(event, self._redact)
        applied = await self._store.write(lambda connection: self._transact(connection, event))
        self._ring(applied.decision)
        return applied

    async def foresee(self, event: Event) -> Decision:
        """What the event would do now; nothing is written."""
        return await self._store.read(lambda connection: decide(self._snapshot(connection, event), event))

    async def start(self, choose: Chooser, most: int = 1) -> list[Started]:
        """Start up to `most` jobs that `choose` picks one after another, until it picks none or one does not run.

        They are looked for, decided and written in one transaction: nothing can change between the look and the
        claim, so who is picked is never stale.
        """
        started = await self._store.write(lambda connection: self._start(connection, choose, most))
        for one in started:
            self._ring(one.applied.decision)
        return started

    def _start(self, connection: sqlite3.Connection, choose: Chooser, most: int) -> list[Started]:
        found: list[Started] = []
        try:
            while len(found) < most and (not found or found[-1].runs):
                claim = choose(connection, partial(self._snapshots.look, connection))
                if claim is None:
                    break
                found.append(Started(claim, self._transact(connection, claim.event)))
        except BaseException:
            for one in found:  # undone with the rest
                self._snapshots.forget(one.claim.event.task_id)
            raise
        return found

    def _transact(self, connection: sqlite3.Connection, event: Event) -> Applied:
        try:
            snapshot = self._snapshot(connection, event)
        except ArchiveError as lost:
            return self._unread(connection, event, str(lost))
        try:
            return self._decide(connection, event, snapshot)
        except BaseException:
            if snapshot.task is not None:
                self._snapshots.forget(snapshot.task.id)
            raise

    def _unread(self, connection: sqlite3.Connection, event: Event, told: str) -> Applied:
        """Nothing happens to an archived episode whose file cannot be read; its entry says so."""
        page, name = getattr(event, "page_id", None), getattr(event, "task_id", "")
        task = reads.task_of_page(connection, page) if page is not None else reads.task(connection, name)
        assert task is not None
        shown = ShowEntry(task.page_id, {"Status": LABELS[task.status], "Error Log": told})
        writes.show_entry(connection, task, shown, event.at)
        return Applied(Decision((shown,), accepted=False, note=told), task)

    def _decide(self, connection: sqlite3.Connection, event: Event, snapshot: Snapshot) -> Applied:
        decision = decide(snapshot, event)
        saved = next((op.task for op in decision.ops if isinstance(op, SaveTask)), None)
        task = saved or snapshot.task
        attempt = None
        for op in decision.ops:
            attempt = self._write(connection, task, op, event.at, snapshot) or attempt
        if decision.accepted:
            body = json.dumps(vars(event), default=_plain)
            version = writes.note_history(connection, task, event.at, type(event).__name__, body)
            if task is not None:
                unchanged = None if saved else snapshot.task
                self._snapshots.wrote(connection, task.id, version, snapshot.jobs, _changed(decision), unchanged)
        return Applied(decision, task, attempt)

    async def look(self, task_id: str) -> tuple[Task | None, tuple[Job, ...]]:
        """The task (None: unknown) and its jobs as last committed."""
        return await self._store.read(lambda connection: self._snapshots.look(connection, task_id))

    async def charged_at(self, task_id: str, job_name: str) -> int | None:
        """When something was last charged for the job, ms; None: never."""
        return await self._store.read(lambda connection: reads.charged_at(connection, task_id, job_name))

    async def paid(self, job: Job) -> tuple[Paid, ...]:
        """What each attempt of the job paid or may have paid, those included whose doubt is over."""
        return await self._store.read(lambda connection: purchases.paid(connection, job))

    async def began(self, attempt: int) -> int:
        """When the attempt began, ms."""
        return await self._store.read(lambda connection: purchases.began(connection, attempt))

    async def ended_attempt(self, job: Job, attempt: int, began: int | None) -> int | None:
        """The attempt of this very job that began then (None: of that number), where it is known and has ended."""
        return await self._store.read(lambda connection: purchases.ended(connection, job, attempt, began))

    def _snapshot(self, connection: sqlite3.Connection, event: Event) -> Snapshot:
        if isinstance(event, EntryRefused | OfChannel):
            return Snapshot(None, (), None)
        if isinstance(event, EntryQueued):
            known = reads.task_of_page(connection, event.page_id)
            task, jobs = self._of_archive(connection, known.id) if known else (None, ())
            channel = task.channel_id if task else event.channel_id
        else:
            task, jobs = self._of_archive(connection, event.task_id)
            channel = task.channel_id if task else ""
        return gathered(connection, event, task, jobs, channel, self.policies(channel))

    def _of_archive(self, connection: sqlite3.Connection, task_id: str) -> tuple[Task | None, tuple[Job, ...]]:
        """The task and its jobs; an archived one is taken back first, since something happens to it again."""
        task, jobs = self._snapshots.look(connection, task_id)
        if task is not None and not jobs and task.status in CLOSED and archiving.take_back(connection, task_id):
            return self._snapshots.look(connection, task_id)
        return task, jobs

    async def put_away(self, line: archiving.Line, pointer: Pointer, at: int) -> bool:
        """See `archiving.put_away`: the episode lies in the archive now, and no longer in the database."""
        return await self._store.write(lambda tx: archiving.put_away(tx, line, pointer, at))

    async def forget_told(self) -> None:
        await self._store.write(archiving.forget_told)

    def _write(
        self, connection: sqlite3.Connection, task: Task | None, op: object, at: int, snapshot: Snapshot
    ) -> int | None:
        match op:
            case SaveTask():
                writes.save_task(connection, op.task)
            case SaveJob():
                known = None if op.before is None else next(job for job in snapshot.jobs if job.id == op.job.id)
                writes.save_job(connection, op.job, known)
            case ShowEntry():
                writes.show_entry(connection, task, op, at)
            case _ if type(op) in _PLAIN:
                _PLAIN[type(op)](connection, op, at)
            case PlaceAttempt():
                writes.place_attempt(connection, op)
            case Release():
                writes.release(connection, op)
            case SaveBreaker():
                writes.save_breaker(connection, op.breaker)
            case _:
                assert task is not None
                return self._write_of_task(connection, task, op, at, snapshot)
        return None

    def _write_of_task(
        self, connection: sqlite3.Connection, task: Task, op: object, at: int, snapshot: Snapshot
    ) -> int | None:
        match op:
            case OpenAttempt():
                service = next(job.service for job in snapshot.jobs if job.name == op.job)
                return writes.open_attempt(connection, task, op, service, at)
            case CloseAttempt():
                writes.close_attempt(connection, op, at)
            case RecordCharge():
                writes.record_charge(connection, task, op, at)
            case RecordInDoubt():
                writes.record_doubt(connection, task, op, at)
            case RecordFound():
                found.record(connection, task, op)
            case ClearInDoubt():
                writes.clear_doubt(connection, op, at)
            case ShowAsset():
                writes.show_asset(connection, task, op, at)
            case Alert():
                writes.alert(connection, task, op, at)
            case _:
                raise AssertionError(f"the ledger does not know {type(op).__name__}")
        return None

    def _ring(self, decision: Decision) -> None:
        for op in decision.ops:
            if isinstance(op, SaveJob) and op.job.state == JobState.READY:
                self.wakeups.wake(op.job.service)
            elif isinstance(op, SaveTask) and op.task.status in HOLDS_NO_PLACE:
                # its place is free: whoever waits for one may start
                for service in SERVICES:
                    self.wakeups.wake(service)
            elif isinstance(op, ShowEntry | ShowAsset | Alert):
                self.wakeups.wake("relay")
            elif isinstance(op, Suspend):
                self.wakeups.wake(op.suspension.service)
            elif isinstance(op, Release):
                self.wakeups.wake(op.service)
            elif isinstance(op, SaveBreaker):
                self.wakeups.wake(op.breaker.service)

    # ------------------------------------------------------------------ what is no decision

    async def delivered(self, message: reads.OutboxMessage) -> None:
        await self._store.write(lambda tx: writes.delivered(tx, message.target, message.key, message.version))

    async def postpone(
        self, message: reads.OutboxMessage, due_at: int, delay: str, problem: str, tried: bool = True
    ) -> None:  # fmt: skip
        told = self._redact(problem)
        await self._store.write(lambda tx: writes.postpone(tx, message.target, message.key, due_at, delay, told, tried))

    async def show(self, task_id: str, names: tuple[str, ...], at: int) -> None:
        """The entry is written these values as they are now, whatever the board was reported them before."""

        def post(connection: sqlite3.Connection) -> None:
            task, jobs = self._snapshots.look(connection, task_id)
            policy = self.policies(task.channel_id) if task is not None else None
            if task is not None and policy is not None:
                view = entry_view(task, jobs, len(policy.retry_waits_ms), policy.target_micros)
                writes.show_entry(connection, task, ShowEntry(task.page_id, {name: view[name] for name in names}), at)

        await self._store.write(post)
        self.wakeups.wake("relay")

    async def hasten_entry(self, page_id: str, at: int) -> None:
        """The files are there: the entry's message that waited for them is sent now."""
        await self._store.write(lambda tx: writes.hasten_entry(tx, page_id, at))
        self.wakeups.wake("relay")

    async def hasten(self, at: int) -> int:
        """The board answers again, or the daemon has just begun: whatever waits for the board is sent at once."""
        moved = await self._store.write(lambda tx: writes.hasten(tx, at))
        self.wakeups.wake("relay")
        return moved

    async def saw_page(self, page_id: str, seen: dict[str, object], at: int, merge: bool = False) -> None:
        """Remember what the board holds; with `merge` only the given properties (we wrote just those)."""
        await self._store.write(lambda tx: writes.saw_page(tx, page_id, seen, at, merge))

    async def look_again(self, page_id: str) -> None:
        """Ask the intake to read this page: the relay met a person's edit on it."""
        await self._store.write(lambda tx: writes.look_again(tx, page_id))
        self.wakeups.wake("intake")

    async def saw_asset(self, key: str, page_id: str, sha256: str, at: int) -> None:
        await self._store.write(lambda tx: writes.saw_asset(tx, key, page_id, sha256, at))

    async def stored(self, one: Stored) -> None:
        """A file lies in its bucket: its row may be written now."""
        await self._store.write(lambda tx: writes.stored(tx, one))
        self.wakeups.wake("relay")

    async def bucket_failed(self, problem: str) -> None:
        """Whatever waits for a bucket waits for this reason, which open reviews say."""
        told = self._redact(problem)
        await self._store.write(lambda tx: writes.bucket_failed(tx, told))

    async def linked(self, key: str, at: int, ends: int | None, renew_at: int | None) -> None:
        """The row of a file has a link until `ends`, to be renewed at `renew_at`; None: never again."""
        await self._store.write(lambda tx: writes.linked(tx, key, at, ends, renew_at))

    async def set_value(self, name: str, value: str) -> None:
        await self._store.write(lambda tx: writes.set_value(tx, name, value))

    async def seal_token(self, channel_id: str, kind: str, sealed: str, at: int) -> None:
        await self._store.write(lambda tx: writes.seal_token(tx, channel_id, kind, sealed, at))

    async def suspend(self, one: Suspension, at: int) -> None:
        """Start nothing more at a service, for the cause that `one` names; its `since` is `at`."""
        await self._store.write(lambda tx: writes.suspend(tx, Suspend(one), at))
        self._woken(one.service)

    async def release(self, service: str, channel_id: str, cause: Cause) -> None:
        """What the cause suspended starts again."""
        await self._store.write(lambda tx: writes.release(tx, Release(service, channel_id, cause)))
        self._woken(service)

    async def adopt_limits(self, zone: str, at: int) -> None:
        """Limits of ours, projects of channels and the zone of days are these now: what they suspended is judged again.

        A day that is continuing when the zone changes keeps its begin (`core.days.Calendar`).
        """

        def adopt(connection: sqlite3.Connection) -> None:
            known, now = calendar(connection), moved(connection, zone, at)
            if now != known:
                writes.set_value(connection, KEPT, plain(now))
            writes.release_causes(connection, (Cause.LIMIT, *OF_CHANNEL, *((Cause.BUDGET,) if now != known else ())))

        await self._store.write(adopt)
        self.wakeups.wake_all()

    def _woken(self, service: str) -> None:
        if service == EVERY_SERVICE:
            self.wakeups.wake_all()
        self.wakeups.wake(service)

    async def set_back(self, by_ms: int, at: int) -> int:
        """The clock was set back by `by_ms` to `at`: what waits for its time waits no longer than before.

        Returns how many jobs were concerned.
        """
        moved = await self._store.write(lambda tx: writes.set_back(tx, by_ms, at))
        self.wakeups.wake_all()
        return moved

    async def note_reading(self, reading: BalanceReading) -> None:
        """Remember what a service's balance was at a quiet moment."""
        await self._store.write(lambda tx: writes.note_reading(tx, reading))

    async def ask_at_once(self, service: str, at: int) -> None:
        """Close the breaker of a service, so that the next job asks it now; a new outage is reported again."""

        def close(connection: sqlite3.Connection) -> None:
            writes.save_breaker(connection, Breaker(service))
            writes.alerts_over(connection, answers(service, at), at)

        await self._store.write(close)
        self.wakeups.wake(service)
