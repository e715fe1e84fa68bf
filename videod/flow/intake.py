"""The board's changes become events: only a person's change does, and each exactly once.

The cursor is the newest edit time the board itself told (its clock, not ours, but never beyond ours); every look
overlaps, since the board rounds to the minute and its list may lag. What we last saw of an entry is kept, and `edits`
says which difference is a person's wish. Before an event is applied a mark is stored; after a crash the task's history
tells whether it was (the two commit together), so that no approval, redo or retry is ever taken twice.

While an entry is judged its turn is held: the relay, which holds it while it writes, must not change what we look at.
Entries do not wait for each other. One loop looks at the newest edits alone, in one request, so that an approval is
taken within seconds whatever else is on the board; another one, less often, at everything that was edited.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from videod.core import answers, bounds, links, outlook, people
from videod.core.events import CancelAsked, EditRefused, EntryEdited, EntryQueued, EntryRefused, RedoAsked
from videod.core.fields import text
from videod.core.model import Task, task_id_of
from videod.core.sanitize import sanitize_line
from videod.core.statuses import APPROVES, CLOSED, DONE, LABELS, REDOES, Status
from videod.flow import edits, signing
from videod.flow.row_edits import NO_MARKS, Marks, RowEdits, kept_marks
from videod.flow.trouble import REMARK, TELL_AFTER_MS, Trouble
from videod.flow.turns import Turns
from videod.ledger import Applied, Ledger
from videod.ports import NEWEST, Board, BoardError, Clock, Page
from videod.store import in_full, reads
from videod.store.channel_views import earlier_names
from videod.store.database import Store

log = logging.getLogger(__name__)

CURSOR = "notion_cursor"
#: a list may lag behind; from time to time a look goes back this far, in between only over the board's rounding
OVERLAP_MS, NARROW_OVERLAP_MS = 150_000, 60_000
WIDE_EVERY_MS = 30_000
#: a look at all edits comes after so many poll intervals; in between a look at the newest ones does
FULL_EVERY = 3
#: where there is much to read a look takes longer: the next one begins after this share of the interval
CROWDED = 0.6
#: short looks go before writes to the board: more often than this they would leave little of its pace, seconds
LEAST_INTERVAL_S = 1.5
#: between two short looks at least, seconds
LEAST_PAUSE_S = 0.5
#: a time of the board further ahead of our clock than this is nonsense
SKEW_MS = 300_000
#: a list that was begun less than this after our own write of an entry may still show the entry as it was before
SETTLING_MS = 60_000
#: the labels with which people ask for something on an entry that is in work
WISHES = tuple(LABELS[status] for status in (*APPROVES, *REDOES, Status.CANCELLED))


@dataclass(frozen=True)
class _Known:
    """What we know of an entry: what was last seen of it (None: nothing) and its task (None: it was never queued)."""

    seen: dict[str, object] | None
    task: Task | None


async def _at_once() -> None:
    """Nobody else works on this board."""


class Intake:
    """`known_channels` gives channel id -> name. `turns` are shared with the relay.

    `admitted` returns when entries may be taken, and raises BoardError while the board does not say whose it is.
    `taker` names this state folder: it is noted on an entry before it is taken, so that no other one takes it as well.
    A board that does not answer for `tell_after_ms` is reported by other ways. `own` reads the story of one's own that
    an entry's page brings.
    """

    def __init__(
        self, board: Board, ledger: Ledger, store: Store, clock: Clock,
        known_channels: Callable[[], Mapping[str, str]], poll_interval_s: float, turns: Turns,
        admitted: Callable[[], Awaitable[None]] = _at_once, taker: str = "",
        tell_after_ms: int = TELL_AFTER_MS, own: edits.OwnStory = edits.no_story,
    ) -> None:  # fmt: skip
        self._board = board
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._known_channels = known_channels
        self.poll_interval_s = poll_interval_s
        self._turns = turns
        self._rows = RowEdits(board, ledger, store, clock, turns)
        self._admitted = admitted
        self._taker = taker
        self._own = own
        self._trouble = Trouble(ledger, clock, tell_after_ms)
        self._stuck: set[str] = set()
        self._wide_at_ms: int | None = None
        self._crowded = False
        #: set once the board was looked at for the first time, well or not
        self.looked = asyncio.Event()

    async def run(self) -> None:
        """Poll until cancelled. The wakeup "intake" comes early."""
        await self._ledger.set_value(REMARK, "")
        await self._ledger.hasten(self._clock.now_ms())  # what the last daemon put off need not wait
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_at_all(), name="intake")
            group.create_task(self._look_at_wishes(), name="intake of wishes")

    async def _look_at_all(self) -> None:
        while True:
            seconds = await self._round()
            healthy = self._trouble.kind is None
            await self._ledger.wakeups.wait(
                "intake of all", max(LEAST_INTERVAL_S, seconds) * FULL_EVERY if healthy else seconds
            )

    async def _look_at_wishes(self) -> None:
        """Short looks, each a poll interval after the last one began. A failure is the long look's to handle."""
        while True:
            began = self._clock.steady_ms()
            if self._trouble.kind is None:
                try:
                    await self.look_at_newest()
                except BoardError as error:
                    log.debug("intake_wishes_failed", extra={"kind": error.kind, "error": str(error)})
                self.looked.set()
            passed_s = (self._clock.steady_ms() - began) / 1000
            interval_s = max(LEAST_INTERVAL_S, self.poll_interval_s * (CROWDED if self._crowded else 1.0))
            await self._ledger.wakeups.wait("intake", max(LEAST_PAUSE_S, interval_s - passed_s))

    async def _round(self) -> float:
        """One look, the board's failures handled; returns the seconds until the next."""
        try:
            await self.poll_once()
        except BoardError as error:
            return await self._trouble.met(error, self.poll_interval_s)
        finally:
            self.looked.set()
        await self._trouble.over()
        return self.poll_interval_s

    async def poll_once(self) -> int:
        """Look at what was edited since the last look; returns how many wishes were taken. Raises BoardError."""
        await self._admitted()
        began = self._clock.now_ms()
        cursor = await self._cursor(began)
        wide = self._wide_at_ms is None or not 0 <= began - self._wide_at_ms < WIDE_EVERY_MS
        pages = await self._board.edited_since(max(0, cursor - (OVERLAP_MS if wide else NARROW_OVERLAP_MS)))
        taken = await self._take_up(pages, began)
        newest = max((page.edited_at for page in pages if page.edited_at <= began + SKEW_MS), default=0)
        if newest > cursor:
            await self._ledger.set_value(CURSOR, str(newest))
        if wide:
            self._wide_at_ms = began
        return taken + await self._rows.look()

    async def look_at_newest(self) -> int:
        """A short look at the newest edits; where these are many, at what people usually ask for as well.

        Returns how many wishes were taken. Raises BoardError.
        """
        await self._admitted()
        began = self._clock.now_ms()
        since = max(0, await self._cursor(began) - OVERLAP_MS)
        pages = {page.id: page for page in await self._board.newest(since)}
        self._crowded = len(pages) >= NEWEST
        if self._crowded:
            pages |= {page.id: page for page in await self._board.newest(since, WISHES)}
        return await self._take_up(list(pages.values()), began, batches=not self._crowded)

    async def _take_up(self, pages: list[Page], began: int, batches: bool = True) -> int:
        """Take what people wish for on these entries and on those that the relay asked about.

        People wait for what is in work: a batch of new entries comes after it, in the order of the table, and not at
        all without `batches`.
        """
        asked, known = await self._store.read(lambda tx: (reads.pages_to_look_at(tx), reads.pages_of_tasks(tx)))
        fresh = [page for page in pages if page.id not in asked]
        taken = await _together(
            *(self._look_again(page_id) for page_id in asked),
            *(self._look(page, began) for page in fresh if page.id in known),
        )
        if batches:
            for page in sorted(fresh, key=lambda one: (one.edited_at, edits.reading_order(one.values))):
                if page.id not in known:
                    taken += await self._look(page, began)
        return taken

    async def _cursor(self, at: int) -> int:
        """The newest edit time that was seen, ms; one beyond our own clock is nonsense: then all is looked at again."""
        kept = bounds.whole(await self._store.read(lambda tx: reads.value(tx, CURSOR))) or 0
        if kept <= at + SKEW_MS:
            return kept
        log.warning("intake_cursor_healed", extra={"cursor_ms": kept})
        await self._ledger.set_value(CURSOR, "0")
        return 0

    # ------------------------------------------------------------------------------------------ one entry

    async def _known(self, page_id: str) -> _Known:
        return await self._store.read(lambda tx: _Known(reads.page_seen(tx, page_id), reads.task_of_page(tx, page_id)))

    async def _look(self, page: Page, began: int) -> int:
        """An entry out of the list: the common case, no news, costs one read of the database and no lock."""
        known = await self._known(page.id)
        if not edits.suspicious(page, known.seen, known.task, began):
            return 0
        async with self._turns.of(page.id):
            known = await self._known(page.id)
            if not edits.suspicious(page, known.seen, known.task, began):
                return 0  # another look was faster
            stale = edits.may_be_stale(page.values, known.seen or {}, began - SETTLING_MS)
            return await self._guarded(page.id, page if not stale else None)

    async def _look_again(self, page_id: str) -> int:
        async with self._turns.of(page_id):
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
            await self._set_aside(page_id, str(error))
            return 0
        except (OSError, sqlite3.Error):
            raise
        except Exception as error:  # a bug that this entry meets must not stop the others
            await self._crashed(page_id, error)
            return 0
        if page is None or page_id in self._stuck:  # an entry that an earlier daemon set aside is read afresh
            self._stuck.discard(page_id)
            await self._ledger.alerts_over(f"intake {page_id}", self._clock.now_ms())
        return taken

    async def _set_aside(self, page_id: str, why: str) -> bool:
        """Look at the entry again next time; True where this is the first time."""
        await self._ledger.saw_page(page_id, {}, self._clock.now_ms(), merge=True)
        await self._ledger.look_again(page_id)
        if page_id in self._stuck:
            return False
        self._stuck.add(page_id)
        log.warning("intake_entry_stuck", extra={"page": page_id, "error": why})
        return True

    async def _crashed(self, page_id: str, error: Exception) -> None:
        if not await self._set_aside(page_id, f"{type(error).__name__}: {error}"):
            return
        log.error("intake_entry_crashed", extra={"page": page_id}, exc_info=error)
        text = (
            f"An edit on the board could not be applied because of a bug in videod ({type(error).__name__}: {error})."
            f" videod tries again every few seconds. All other entries continue. {links.of_entry(page_id)}".rstrip()
        )
        key, at = f"intake:{page_id}:{type(error).__name__}", self._clock.now_ms()
        await self._ledger.alert(key, text, at, ends=f"intake {page_id}")

    async def _judge(self, page: Page) -> int:
        known = await self._known(page.id)
        known, finished = await self._finish_taken(page, known)
        taken = await self._take(page, known) + finished
        known = await self._known(page.id)
        if known.seen is not None or known.task is not None or taken:
            gone = (edits.TAKING, signing.ASKED)
            kept = {name: value for name, value in (known.seen or {}).items() if name not in gone}
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
        if task is None:
            return await self._take_new(page, seen)
        taken = 0
        note = ""
        if changed := edits.changed_fields(page.values, seen, task):
            note = await self._take_fields(page, task, changed)
            taken = 1
            task = (await self._known(page.id)).task or task
        label = edits.changed_label(page.values, seen, task)
        if label is not None:
            await self._take_label(page, task, label, note)
            return 1
        if was_in_trash:
            await self._insist(page, task.id, "entry from the trash")
        return taken

    async def _take_new(self, page: Page, seen: dict[str, object] | None) -> int:
        """An entry without a task: it is queued, corrected, or none of our business."""
        at = self._clock.now_ms()
        refused = edits.without_task(page.values, page.id, seen, at)
        if refused is not None:
            await self._apply(page, refused, "")
            return 1
        label = edits.changed_label(page.values, seen, None)
        if label is None:
            return 0
        if (other := edits.of_another(page.values, page.id, self._taker, at)) is not None:
            await self._apply(page, other, label)
            return 1
        event = await self._queued(page, None, at)
        if isinstance(event, EntryQueued):
            await self._claim(page)
        applied = await self._apply(page, event, label)
        if applied.task is not None:
            await self._insist(page, applied.task.id, label, applied.decision.note)
        elif not applied.decision.accepted:
            await self._ledger.apply(edits.refused(page.values, page.id, applied.decision.note, at))
        return 1

    async def _person(self, page: Page) -> people.Person | None:
        """Who edited the entry last, where videod knows them."""
        if not page.editor:
            return None
        return people.of(await self._store.read(lambda tx: reads.value_json(tx, people.KEPT)), page.editor)

    async def _named(self, page: Page) -> Mapping[str, object]:
        """The entry's values; the earlier name of a channel that was renamed means the present one."""
        return edits.named(page.values, self._known_channels(), await self._store.read(earlier_names))

    async def _queued(self, page: Page, task: Task | None, at: int) -> edits.Edit:
        """What setting Queued means, with the story that the entry's page brings as long as there is no plan."""
        wanted = edits.queued(await self._named(page), page.id, task, self._known_channels(), at)
        event = signing.signed(wanted, await self._person(page), page.values, LABELS[Status.QUEUED])
        if not isinstance(event, EntryQueued) or (task is not None and await self._planned(task)):
            return event
        return edits.bringing(event, page.values, task, await self._own(page.id, event.channel_id))

    async def _planned(self, task: Task) -> bool:
        """Whether the episode has its plan, so that what its page says of a script counts no more."""
        jobs = (await self._ledger.look(task.id))[1] if task.status in edits.UNPLANNED else ()
        return not jobs or any(job.step == "plan" and job.state is DONE for job in jobs)

    async def _claim(self, page: Page) -> None:
        """Note on the entry who takes it. Raises BoardError: what could not be noted is not taken."""
        key = edits.taken(task_id_of(sanitize_line(text(page.values, "Title")), page.id), self._taker)
        if self._taker and text(page.values, "Videod Key") != key:
            await self._admitted()
            await self._board.write(page.id, {"Videod Key": key})

    async def _take_label(self, page: Page, task: Task, label: str, note: str) -> None:
        """`note`: why a field that was changed at the same time was not taken; then nothing may be started by it."""
        at, marks = self._clock.now_ms(), NO_MARKS
        event: edits.Edit
        if note and label != LABELS[Status.CANCELLED]:
            event = EditRefused(at, task.id, label, note.rstrip("."))
        elif label == LABELS[Status.QUEUED]:
            event = await self._queued(page, task, at)
        else:
            gate = edits.looked_at(label)
            if gate is not None:
                marks = await self._rows.marks(task, outlook.sent_back_at(gate))
            event = edits.wish(task, label, marks, at, await self._rows.note(task, marks))
        redo = isinstance(event, RedoAsked)
        applied = await self._apply(page, event, label, marks if redo else NO_MARKS)
        if redo and _redone(applied):
            await self._rows.taken(marks.rows, marks.clears, marks.said)
        if applied.task is not None:
            await self._insist(page, applied.task.id, label, applied.decision.note)

    async def _take_fields(self, page: Page, task: Task, changed: tuple[str, ...]) -> str:
        """Apply what was changed; returns why some of it was not taken, or ""."""
        event = edits.edited(await self._named(page), changed, task, self._known_channels(), self._clock.now_ms())
        seen = (await self._known(page.id)).seen or {}
        event = signing.edited(event, await self._person(page), task, changed, seen.get(signing.ASKED))
        applied = await self._apply(page, event, edits.base_label(seen))
        return applied.task.error if applied.task is not None and applied.decision.accepted else ""

    # ------------------------------------------------------------------------------------------ exactly once

    async def _apply(self, page: Page, event: edits.Edit, label: str, marks: Marks = NO_MARKS) -> Applied:
        """Mark the event, in the name of who edited the entry, as being taken, then apply it."""
        event = signing.signed(event, await self._person(page), page.values, label)
        name = type(event).__name__
        if not isinstance(event, EntryRefused):
            fields = {name: edits.remembered(page.values.get(name)) for name in edits.COLUMNS}
            mark = {"event": name, "at": event.at, "label": label, "fields": fields} | marks.kept()
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
        rows = await self._store.read(lambda tx: in_full.history(tx, task_id, limit=1_000_000))
        if not any(row.event == mark["event"] and row.at == mark["at"] for row in rows):
            return known, 0
        if mark["event"] == RedoAsked.__name__:
            await self._rows.taken(*kept_marks(mark))
        by_trash = mark["event"] == CancelAsked.__name__ and not mark["label"]
        fresh = seen | ({edits.IN_TRASH: True} if by_trash else {"Status": mark["label"]})
        fields = mark.get("fields")
        if mark["event"] in (EntryQueued.__name__, EntryEdited.__name__) and isinstance(fields, dict):
            fresh |= fields
        if not by_trash and text(page.values, "Status") == mark["label"]:
            await self._insist(page, task_id, str(mark["label"]))
        return _Known(fresh, known.task), 1

    async def _insist(self, page: Page, task_id: str, wanted: str, note: str = "") -> None:
        """When the board shows another Status than the true one and nothing is under way to change it, write it."""
        shown = text(page.values, "Status")
        task, pending = await self._store.read(
            lambda tx: (reads.task(tx, task_id), reads.pending_message(tx, "entry", page.id))
        )
        if task is None or LABELS[task.status] == shown or (pending is not None and "Status" in pending.body):
            return
        reason = "; ".join(part for part in (note, answers.offered(task)) if part)
        await self._ledger.apply(EditRefused(self._clock.now_ms(), task.id, wanted, reason))


async def _together(*looks: Awaitable[int]) -> int:
    """The sum of what several looks took: one that waits for its entry's turn holds up no other. Raises BoardError."""
    found = await asyncio.gather(*looks, return_exceptions=True)
    failed = [one for one in found if isinstance(one, BaseException)]
    if failed:
        raise next((one for one in failed if not isinstance(one, BoardError)), failed[0])
    return sum(one for one in found if not isinstance(one, BaseException))


def _redone(applied: Applied) -> bool:
    """Whether a wish was taken, and not answered with a refusal."""
    return applied.decision.accepted and applied.decision.refused is None
