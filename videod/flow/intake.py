"""The board's changes become events: only a person's change does, and each exactly once.

The cursor is the newest edit time the board itself told (its clock, not ours); every look overlaps by more than two
minutes, since the board rounds to the minute. What we last saw of an entry is kept, and `edits` says which difference
is a person's wish. Before an event is applied a mark is stored; after a crash the task's history tells whether it was
(the two commit together), so that no approval, redo or retry is ever taken twice.

While an entry is judged, `turn` is held: the relay, which holds it while it writes, must not change what we look at.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from videod.core.events import CancelAsked, EditRefused, EntryEdited, EntryQueued, EntryRefused, RedoAsked
from videod.core.model import Task
from videod.core.statuses import CLOSED, LABELS, IllegalMove, Status
from videod.flow import edits
from videod.ledger import Applied, Ledger
from videod.seams import Board, BoardError, Clock, Page
from videod.store import reads
from videod.store.database import Store

log = logging.getLogger(__name__)

CURSOR = "notion_cursor"
OVERLAP_MS = 150_000
#: a list that was begun less than this after our own write of an entry may still show the entry as it was before
SETTLING_MS = 60_000
#: how long to wait after a failure at most, by its kind, seconds
WAITS_S = {"busy": 300.0, "down": 30.0, "credentials": 300.0, "gone": 120.0, "rejected": 300.0}


@dataclass(frozen=True)
class _Known:
    """What we know of an entry: what was last seen of it (None: nothing) and its task (None: it was never queued)."""

    seen: dict[str, object] | None
    task: Task | None


class Intake:
    """`known_channels` gives channel id -> name. `turn` is the lock shared with the relay."""

    def __init__(
        self, board: Board, ledger: Ledger, store: Store, clock: Clock,
        known_channels: Callable[[], Mapping[str, str]], poll_interval_s: float, turn: asyncio.Lock,
    ) -> None:  # fmt: skip
        self._board = board
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._known_channels = known_channels
        self.poll_interval_s = poll_interval_s
        self._turn = turn
        self._trouble: str | None = None
        self._failures = 0
        self._stuck: set[str] = set()
        #: set once the board was looked at for the first time, well or not
        self.looked = asyncio.Event()

    async def run(self) -> None:
        """Poll until cancelled. The bell "intake" wakes it early."""
        while True:
            await self._ledger.bells.wait("intake", await self._round())

    async def _round(self) -> float:
        """One look, the board's failures handled; returns the seconds until the next."""
        try:
            await self.poll_once()
        except BoardError as error:
            return self._troubled(error)
        finally:
            self.looked.set()
        if self._trouble is not None:
            log.info("intake_board_recovered", extra={"kind": self._trouble, "failures": self._failures})
            self._trouble, self._failures = None, 0
        return self.poll_interval_s

    def _troubled(self, error: BoardError) -> float:
        self._failures += 1
        if error.kind != self._trouble:
            self._trouble = error.kind
            log.warning("intake_board_failed", extra={"kind": error.kind, "error": str(error)})
        if error.retry_after_s is not None:
            return max(self.poll_interval_s, error.retry_after_s)
        longest = max(self.poll_interval_s, WAITS_S[error.kind])
        return longest if error.kind == "credentials" else min(longest, self.poll_interval_s * self._failures)

    async def poll_once(self) -> int:
        """Look at what was edited since the last look; returns how many wishes were taken. Raises BoardError."""
        began = self._clock.now_ms()
        cursor = int(await self._store.read(lambda tx: reads.fact(tx, CURSOR)) or 0)
        pages = await self._board.edited_since(max(0, cursor - OVERLAP_MS))
        asked = await self._store.read(reads.pages_to_look_at)
        taken = 0
        for page in sorted(pages, key=lambda one: one.edited_at):
            if page.id not in asked:
                taken += await self._look(page, began)
        for page_id in asked:
            taken += await self._look_again(page_id)
        newest = max((page.edited_at for page in pages), default=0)
        if newest > cursor:
            await self._ledger.set_fact(CURSOR, str(newest))
        return taken

    # ------------------------------------------------------------------------------------------ one entry

    async def _known(self, page_id: str) -> _Known:
        return await self._store.read(lambda tx: _Known(reads.page_seen(tx, page_id), reads.task_of_page(tx, page_id)))

    async def _look(self, page: Page, began: int) -> int:
        """An entry out of the list: the common case, no news, costs one read of the database and no lock."""
        if not _suspicious(page, await self._known(page.id)):
            return 0
        async with self._turn:
            known = await self._known(page.id)
            seen = known.seen or {}
            stale = seen.get(edits.WRITING) is not None or _number(seen, edits.WROTE_AT) >= began - SETTLING_MS
            return await self._guarded(page.id, page if not stale else None)

    async def _look_again(self, page_id: str) -> int:
        async with self._turn:
            return await self._guarded(page_id, None)

    async def _guarded(self, page_id: str, page: Page | None) -> int:
        """Judge one entry (read afresh without `page`); trouble with this entry alone never stops the others."""
        try:
            fresh = page if page is not None else await self._board.read(page_id)
        except BoardError as error:
            if error.kind not in ("gone", "rejected"):
                raise
            known = await self._known(page_id)
            await self._ledger.saw_page(page_id, known.seen or {}, self._clock.now_ms())  # no more looks for nothing
            log.warning("intake_entry_unreadable", extra={"page": page_id, "error": str(error)})
            return 0
        try:
            taken = await self._judge(fresh)
        except BoardError as error:
            if error.kind not in ("gone", "rejected"):
                raise
            await self._ledger.saw_page(page_id, {}, self._clock.now_ms(), merge=True)
            await self._ledger.look_again(page_id)
            if page_id not in self._stuck:
                self._stuck.add(page_id)
                log.warning("intake_entry_stuck", extra={"page": page_id, "error": str(error)})
            return 0
        self._stuck.discard(page_id)
        return taken

    async def _judge(self, page: Page) -> int:
        known = await self._known(page.id)
        try:
            known, finished = await self._finish_taken(page, known)
            taken = await self._take(page, known) + finished
        except IllegalMove:
            # a bug: say so once and go on with the other entries instead of meeting it again at every start
            log.exception("intake_event_failed", extra={"page": page.id})
            taken = 1
        known = await self._known(page.id)
        if known.seen is not None or known.task is not None or taken:
            kept = {name: value for name, value in (known.seen or {}).items() if name != edits.TAKING}
            await self._ledger.saw_page(
                page.id, kept | edits.snapshot(page.values, page.in_trash), self._clock.now_ms()
            )
        return taken

    async def _take(self, page: Page, known: _Known) -> int:
        task, seen = known.task, known.seen
        was_in_trash = bool((seen or {}).get(edits.IN_TRASH))
        if page.in_trash:
            if was_in_trash or task is None or task.status in CLOSED:
                return 0
            await self._apply(page, CancelAsked(self._clock.now_ms(), task.id), "")
            return 1
        label = edits.changed_label(page.values, seen, task)
        taken = 0
        if label is not None:
            await self._take_label(page, task, label)
            taken = 1
        elif was_in_trash and task is not None:
            await self._insist(page, task.id, "entry from the trash")
        if label != LABELS[Status.QUEUED] and task is not None and edits.fields_changed(page.values, seen):
            await self._take_fields(page, task)
            taken = 1
        return taken

    async def _take_label(self, page: Page, task: Task | None, label: str) -> None:
        at = self._clock.now_ms()
        if label == LABELS[Status.QUEUED] or task is None:
            event = edits.queued(page.values, page.id, task, self._known_channels(), at)
            applied = await self._apply(page, event, label)
        else:
            gate = edits.redo_gate(label)
            flagged = edits.in_review(task, gate, await self._board.flagged_assets(page.id)) if gate else {}
            applied = await self._apply(
                page, edits.wish(task, label, tuple(flagged.values()), at), label, list(flagged)
            )
            if _redone(applied):
                await self._board.unflag_assets(list(flagged))
        if applied.task is not None:
            await self._insist(page, applied.task.id, label, applied.decision.note)
        elif not applied.decision.accepted:
            await self._ledger.apply(
                EntryRefused(
                    at,
                    page.id,
                    applied.decision.note,
                    edits.text(page.values, "Title"),
                    edits.text(page.values, "Channel"),
                )
            )

    async def _take_fields(self, page: Page, task: Task) -> None:
        at = self._clock.now_ms()
        problem = edits.privacy_complaint(page.values)
        event: EditRefused | EntryEdited = (
            EditRefused(at, task.id, f"Privacy {edits.text(page.values, 'Privacy')}", problem)
            if problem
            else EntryEdited(at, task.id, edits.priority_of(page.values), edits.privacy_of(page.values))
        )
        await self._apply(page, event, edits.text(page.values, "Status"))

    # ------------------------------------------------------------------------------------------ exactly once

    async def _apply(self, page: Page, event: edits.Edit, label: str, assets: list[str] | None = None) -> Applied:
        """Mark the event as being taken, then apply it."""
        name = type(event).__name__
        if not isinstance(event, EntryRefused):
            mark = {"event": name, "at": event.at, "label": label, "assets": assets or []}
            await self._ledger.saw_page(page.id, {edits.TAKING: mark}, event.at, merge=True)
        applied = await self._ledger.apply(event)
        owner = applied.task
        context: dict[str, object] = {"page": page.id, "edit": name}
        if owner is not None:
            context |= {"task": owner.id, "channel": owner.channel_id}
        outcome = "intake_edit_taken" if applied.decision.accepted else "intake_edit_late"
        log.info(outcome, extra=context | {"label": label, "remark": applied.decision.note})
        return applied

    async def _finish_taken(self, page: Page, known: _Known) -> tuple[_Known, int]:
        """After a crash: what became of the event that was being taken, and finish what belongs to it."""
        seen = known.seen or {}
        mark = seen.get(edits.TAKING)
        if not isinstance(mark, dict) or known.task is None:
            return known, 0
        task_id = known.task.id
        rows = await self._store.read(lambda tx: reads.history(tx, task_id, limit=1_000_000))
        if not any(row.event == mark["event"] and row.at == mark["at"] for row in rows):
            return known, 0
        if mark["event"] == RedoAsked.__name__:
            await self._board.unflag_assets([str(one) for one in mark["assets"]])
        by_trash = mark["event"] == CancelAsked.__name__ and not mark["label"]
        fresh = seen | ({edits.IN_TRASH: True} if by_trash else {"Status": mark["label"]})
        if mark["event"] in (EntryQueued.__name__, EntryEdited.__name__):
            fresh |= {name: edits.text(page.values, name) for name in ("Priority", "Privacy")}
        if not by_trash and edits.text(page.values, "Status") == mark["label"]:
            await self._insist(page, task_id, str(mark["label"]))
        return _Known(fresh, known.task), 1

    async def _insist(self, page: Page, task_id: str, wanted: str, note: str = "") -> None:
        """When the board shows another Status than the true one and nothing is under way to mend it, mend it."""
        shown = edits.text(page.values, "Status")
        task, posts = await self._store.read(lambda tx: (reads.task(tx, task_id), reads.pending_posts(tx)))
        if task is None or LABELS[task.status] == shown:
            return
        if any(post.target == "entry" and post.key == page.id and "Status" in post.body for post in posts):
            return
        reason = "; ".join(part for part in (note, edits.what_can_be_done(task.status)) if part)
        await self._ledger.apply(EditRefused(self._clock.now_ms(), task.id, wanted, reason))


def _suspicious(page: Page, known: _Known) -> bool:
    """Whether there may be something to take on this entry."""
    seen, task = known.seen, known.task
    if seen is None:
        return task is not None or edits.changed_label(page.values, None, None) is not None
    if edits.TAKING in seen or page.in_trash != bool(seen.get(edits.IN_TRASH)):
        return True
    if edits.text(page.values, "Status") != edits.base_label(seen):
        return True
    return task is not None and edits.fields_changed(page.values, seen)


def _redone(applied: Applied) -> bool:
    """Whether a wish was taken and not answered with a refusal (which leaves a note in the task's error)."""
    return applied.decision.accepted and applied.task is not None and not applied.task.error


def _number(seen: Mapping[str, object], name: str) -> int:
    value = seen.get(name)
    return value if isinstance(value, int) else 0
