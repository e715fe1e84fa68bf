"""`<output name>.paid` in a journal: what earlier attempts at this output paid or may have paid, by the ledger.

It is written before another attempt may buy over the traces of the earlier ones. The ledger knows all of it; where the
ledger was lost and an older copy took its place, this file says what the copy has to count (`core.paid.missing`). What
the last attempt bought is not in it: that is reported by the file that was made, by a receipt (ours), or by `started`.

A custom script keeps no receipt, so of its attempts everything is noted, also what became of the last one: `made` is
the digest of the file whose charge is among the rest. Of ours a charge is noted with `order`, the receipt's name of it:
it counts once the receipt is about another order, which was written over it.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from videod import files, receipts
from videod.core import bounds, charges
from videod.core.events import PurchaseFound
from videod.core.model import Job, Task
from videod.core.paid import Paid, missing
from videod.core.statuses import JobState
from videod.core.tables import step_of
from videod.flow import started
from videod.flow.aside import Aside
from videod.flow.assignment import Assignment
from videod.flow.job_command import CommandBuilder
from videod.ledger import Ledger
from videod.ports import Clock

MOST_BYTES, MOST_NOTED = 20_000, 100

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Note:
    """`since`: when the first attempt at this output began, ms; earlier ones were at another take. `made`: SHA-256."""

    since: int
    paid: tuple[Paid, ...]
    made: str | None = None
    order: str | None = None


class Purchases:
    """`aside` runs what waits for the disk beside the event loop."""

    def __init__(self, ledger: Ledger, builder: CommandBuilder, clock: Clock, aside: Aside) -> None:
        self._ledger = ledger
        self._builder = builder
        self._clock = clock
        self._aside = aside

    async def begins(self, work: Assignment) -> None:
        """Note what is known before a paid script starts. Raises OSError."""
        task, job = work.task, work.job
        if not step_of(job).paid:
            return
        noted = self._builder.noted(task, job)
        began = await self._ledger.began(work.attempt)
        if self._silent(job):
            await self._aside(lambda: started.note(noted, work.attempt, began))
        if job.revision or job.cost_micros or task.possible_micros or files.seen(_place(noted)) is not None:
            await self._note(task, job, began)

    async def ended(self, work: Assignment, made: str | None) -> None:
        """The ledger knows what an attempt of a custom script bought; `made`: the digest of its file."""
        noted = self._builder.noted(work.task, work.job)
        try:
            await self._note(work.task, work.job, await self._ledger.began(work.attempt), made)
        except OSError as error:  # it would be missed in an older copy only
            log.warning("purchases_note_failed", extra={"file": str(_place(noted)), "error": str(error)})
        await self._aside(lambda: started.ended(noted))

    async def _note(self, task: Task, job: Job, began: int, made: str | None = None) -> None:
        noted, silent = self._builder.noted(task, job), self._silent(job)
        before = await self._aside(lambda: read(noted))
        since = before.since if before is not None else began if job.revision else 0
        known = await self._ledger.paid(job)
        order = None if silent else self._order(task, job)
        sure = silent or (order is not None and order == job.charge_ref)
        paid = tuple(one for one in known if one.began >= since and not one.over and (sure or not one.sure))
        made = made or (before.made if before is not None else None)
        note = Note(since, paid[-MOST_NOTED:], made, order if sure else None)
        if note != before and (before is not None or note.since or paid or made):
            await self._aside(lambda: _write(noted, note))

    async def found(self, task: Task, job: Job) -> bool:
        """Count what the ledger does not know of; whether the job's attempt, which was open, is over by that.

        Raises OSError where the host lacks what it takes to look.
        """
        if not step_of(job).paid:
            return False
        noted = self._builder.noted(task, job)
        note = await self._aside(lambda: read(noted))
        if note is None:
            return False
        told = note.order is not None and note.order == self._order(task, job)  # by the receipt
        paid = [one for one in note.paid if not (told and one.sure)]
        if not (lost := missing(paid, await self._ledger.paid(job))):
            return False
        over = False
        for one in lost:
            event = PurchaseFound(
                self._clock.now_ms(), task.id, job.name, one.began, one.at, one.micros, one.sure,
                note.order if one.sure else None,
            )  # fmt: skip
            applied = await self._ledger.apply(event)
            context = {"task": task.id, "channel": task.channel_id, "job": job.name, "usd": one.micros / 1e6}
            log.warning("purchases_lost_counted", extra=context | {"sure": one.sure, "note": applied.decision.note})
            over |= job.state == JobState.RUNNING and job.started_at == one.began
        return over

    async def knows(self, task: Task, job: Job, path: Path) -> bool:
        """Whether the charge of the file at `path`, which a custom script made, was noted, and so is in the ledger."""
        noted = self._builder.noted(task, job)

        def same() -> bool:
            note = read(noted)
            if note is None or note.made is None:
                return False
            with files.open_made(path) as source:
                size, digest = files.fingerprint(source)
            return digest == note.made and size > 0

        try:
            return await self._aside(same)
        except OSError as error:
            if files.lacking(error):
                raise
            return False

    def _order(self, task: Task, job: Job) -> str | None:
        kept = receipts.read(self._builder.papers(task, job))
        return None if kept is None else kept.remote_id

    def _silent(self, job: Job) -> bool:
        return self._builder.silent(step_of(job))


def read(noted: Path) -> Note | None:
    """What is noted; None where nothing is, or nonsense. Raises OSError where the host lacks what it takes to look.

    `noted` is the output's name in its journal, which scripts may write: no sum is believed that no attempt costs.
    """
    try:
        loaded = bounds.loads(files.read_made(_place(noted), MOST_BYTES))
    except (OSError, ValueError) as error:
        if files.lacking(error):
            raise
        return None
    since = bounds.whole(loaded.get("since")) if isinstance(loaded, dict) else None
    if not isinstance(loaded, dict) or since is None:
        return None
    rows = loaded.get("paid")
    found = tuple(_paid(row) for row in rows[:MOST_NOTED]) if isinstance(rows, list) else ()
    return Note(
        since,
        tuple(one for one in found if one is not None),
        bounds.text(loaded.get("made"), 64),
        receipts.reference(loaded.get("order")),
    )


def _paid(row: object) -> Paid | None:
    if not isinstance(row, list) or len(row) != 4:
        return None
    began, at, micros = (bounds.whole(value) for value in row[:3])
    if began is None or at is None or not micros or micros > charges.MOST_MICROS:
        return None
    return Paid(began, at, micros, sure=row[3] is True)


def _write(noted: Path, note: Note) -> None:
    body = {"since": note.since, "paid": _rows(note.paid), "made": note.made, "order": note.order}
    files.write_made(_place(noted), json.dumps(body).encode(), noted.parent)


def _rows(paid: Iterable[Paid]) -> list[list[int | bool]]:
    return [[one.began, one.at, one.micros, one.sure] for one in paid]


def _place(noted: Path) -> Path:
    return noted.with_name(f"{noted.name}.paid")
