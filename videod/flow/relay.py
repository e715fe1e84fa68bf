"""The outbox reaches the board and the notifier: absolute statements, newest wins, repeated until acknowledged.

Before a Status is written the entry is read: a label that is neither what we last saw nor what we last tried to write
is a person's wish, and the intake takes it first. The attempt itself is remembered before it is made, so that a write
whose answer was lost is never mistaken for a person's. The entry's turn is held from that reading until the write is
booked, and nothing of ours lies between the reading and the write.

A review is shown on the board when its files are there, or after ten minutes with the names of those that are missing.
A message that fails waits alone and holds up no other; the first answer after an outage makes all of them due.
Alerts go their own way, never behind the board.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from videod.core.alerts import Note
from videod.core.board import sentence
from videod.core.fields import text
from videod.core.links import led, of_alert
from videod.core.model import Task
from videod.core.statuses import AT_GATE, BY_LABEL
from videod.flow import edits
from videod.flow.assets import MISSING, Assets, context
from videod.flow.edits import COLUMNS, WRITING, WROTE_AT, WROTE_OVER, seen_after_write, wished, writing
from videod.flow.entry_pages import EntryPages
from videod.flow.previews import NotReady, Previewing
from videod.flow.row_says import RowTexts
from videod.flow.storing import Links, Storing
from videod.flow.turns import Turns
from videod.ledger import Ledger
from videod.ports import Board, BoardError, Buckets, Clock, NoBuckets, Page, People, Previews
from videod.store import reads
from videod.store.database import Store
from videod.store.reads import FILES, OutboxMessage

log = logging.getLogger(__name__)

#: both ways look at least this often, without a bell, seconds
LOOK_AGAIN_S = 2.0
#: waits after "down", by how often this message failed; the last one repeats, seconds
DOWN_S = (5.0, 15.0, 30.0)
BUSY_S = 30.0
CREDENTIALS_S = 60.0
#: a message that the board refuses waits for a person to change the board, seconds
REFUSED_S = 300.0
#: how the problem of a reported message begins
REFUSALS = ("rejected", "gone", "changed", "bug")
#: the intake takes a person's edit within this time, seconds
EDIT_S = 3.0
#: so many messages in a row met a board that is down: the rest is left for the next round
DOWN_IN_A_ROW = 2
#: an alert is one short message; Slack cuts long ones
ALERT_CHARACTERS = 3500
#: a way that failed while another took the alert is tried again this often, and for so long: greylisting takes minutes
OTHER_WAYS_S, OTHER_WAYS_MS = 300.0, 6 * 3_600_000
#: a review that waits for its files is shown all the same after this long, ms
REVIEW_OPENS_MS = 600_000
#: how often the number of files on the board is written meanwhile, seconds
COUNT_AGAIN_S = 20.0
#: so many missing files are named
NAMED = 5

_Later = tuple[float, str, str]


class Relay:
    """`workspace_of` gives the folder of (channel id, task id). `turns` are shared with the intake.

    `taker` names this state folder in the key of its entries. `buckets`: which channels keep their files elsewhere.
    `previews`: what makes small ones of files that the board does not take; None: nothing does. `page`: the address of
    videod's page as people reach it, to which alerts lead; "": nowhere.
    """

    def __init__(
        self, board: Board, people: People, ledger: Ledger, store: Store, clock: Clock,
        workspace_of: Callable[[str, str], Path], turns: Turns, taker: str = "", buckets: Buckets | None = None,
        previews: Previews | None = None, page: str = "",
    ) -> None:  # fmt: skip
        kept = buckets or NoBuckets()
        self._board = board
        self._people = people
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._previewing = Previewing(previews, board, ledger, store, clock, workspace_of)
        self._assets = Assets(board, ledger, store, clock, workspace_of, kept, self._previewing)
        self._storing = Storing(kept, ledger, store, clock, workspace_of)
        self._links = Links(board, kept, ledger, store, clock)
        self._texts = RowTexts(board, ledger, store, clock)
        self._pages = EntryPages(board, ledger, store, clock)
        self._turns = turns
        self._taker = taker
        self._page = page
        self._trouble: dict[str, str] = {}

    async def run(self) -> None:
        """Deliver until cancelled. The wakeup "relay" comes early."""
        ways = {
            "to the board": self._deliver_board, "to people": self._deliver_alerts,
            "to the bucket": self._deliver_files, "of links": self._renew_links, "of previews": self.make_previews,
            "of texts": self._deliver_texts, "of pages": self._deliver_pages,
        }  # fmt: skip
        wakeups = {name: asyncio.Event() for name in ways}
        async with asyncio.TaskGroup() as group:
            for name, deliver in ways.items():
                group.create_task(_keep(deliver, wakeups[name]), name=f"relay {name}")
            while True:
                await self._ledger.wakeups.wait("relay", LOOK_AGAIN_S)
                for wakeup in wakeups.values():
                    wakeup.set()

    async def deliver_once(self) -> int:
        """Deliver all that is due now, to buckets first, then to the board and to people at once.

        Returns how many messages arrived.
        """
        await self._deliver_files()
        await self._renew_links()
        async with asyncio.TaskGroup() as group:
            board = group.create_task(self._deliver_board())
            alerts = group.create_task(self._deliver_alerts())
        return board.result() + alerts.result() + await self._deliver_texts() + await self._deliver_pages()

    async def _deliver_board(self) -> int:
        """Entries first: after each asset (which may take long) the entries are looked at again."""
        ways = {"entry": self._entry, "asset": self._assets.deliver}
        return await self._deliver("board", ways)

    async def _deliver_files(self) -> int:
        return await self._guarded("storing", self._storing.deliver)

    async def _renew_links(self) -> int:
        return await self._guarded("links", self._links.renew)

    async def _deliver_texts(self) -> int:
        return await self._guarded("texts", self._texts.deliver)

    async def _deliver_pages(self) -> int:
        return await self._guarded("pages", self._pages.deliver)

    async def make_previews(self) -> int:
        """Make what files that are too large for the board are shown by; returns how many were made."""
        return await self._guarded("previews", self._previewing.deliver)

    async def _guarded(self, what: str, work: Callable[[], Awaitable[int]]) -> int:
        """A bug there must not end the way to the board; it is tried again with the next wakeup after a while."""
        try:
            return await work()
        except (asyncio.CancelledError, sqlite3.Error):
            raise
        except Exception as error:
            log.error(f"relay_{what}_crashed", exc_info=error)
            await self._clock.sleep(REFUSED_S)
            return 0

    async def _deliver_alerts(self) -> int:
        return await self._deliver("alert", {"alert": self._alert})

    async def _deliver(self, side: str, ways: Mapping[str, Callable[[OutboxMessage], Awaitable[bool]]]) -> int:
        arrived = in_a_row = 0
        tried: set[tuple[str, str, int, int]] = set()
        while (message := await self._next(tuple(ways), tried)) is not None:
            tried.add(_mark(message))
            try:
                arrived += await ways[message.target](message)
            except NotReady:
                continue  # the board was not asked
            except BoardError as error:
                await self._failed(side, message, error)
                in_a_row = in_a_row + 1 if error.kind == "down" else 0
                if error.kind in ("busy", "credentials") or in_a_row >= DOWN_IN_A_ROW:
                    return arrived
                continue
            except (asyncio.CancelledError, sqlite3.Error):
                raise
            except Exception as error:  # a bug that this message meets must not stop the others
                await self._crashed(message, error)
                continue
            in_a_row = 0
            await self._worked(side, message)
        return arrived

    async def _next(self, targets: tuple[str, ...], tried: set[tuple[str, str, int, int]]) -> OutboxMessage | None:
        at = self._clock.now_ms()
        for target in targets:
            messages = await self._store.read(lambda tx, t=target: reads.due_messages(tx, t, at))  # type: ignore[misc]
            fresh = (message for message in messages if _mark(message) not in tried)
            if (message := next(fresh, None)) is not None:
                return message
        return None

    # ------------------------------------------------------------------------------------------ the three ways

    async def _entry(self, message: OutboxMessage) -> bool:
        async with self._turns.of(message.key):
            newest = await self._newest(message)
            if newest is None:
                return False
            waits = await self._files_to_come(newest)
            body = self._with_taker(newest.body if waits is None else waits)
            written = await self._write(newest, body) if body else None
            if written is None:
                return False
            await self._ledger.saw_page(newest.key, seen_after_write(body) | written, self._clock.now_ms(), merge=True)
            if waits is None:
                await self._ledger.delivered(newest)
        log.info("relay_entry_delivered", extra=context(newest) | {"properties": sorted(body)})
        return waits is None

    def _with_taker(self, body: dict[str, object]) -> dict[str, object]:
        """The entry's key says which state folder took it."""
        key = body.get("Videod Key")
        return body | {"Videod Key": edits.taken(str(key), self._taker)} if key else body

    async def _newest(self, message: OutboxMessage) -> OutboxMessage | None:
        """The message as it is now: while we waited for our turn the intake may have brought a newer truth."""
        at = self._clock.now_ms()
        found = await self._store.read(lambda tx: reads.pending_message(tx, message.target, message.key))
        return found if found is not None and found.due_at <= at else None

    async def _write(self, message: OutboxMessage, body: Mapping[str, object]) -> dict[str, object] | None:
        """Write on the entry and return what to remember of the write.

        None: that would have written over somebody's wish, and the message waits.
        """
        if not any(name in body for name in ("Status", *COLUMNS)):
            await self._board.write(message.key, body)
            return {}
        seen = await self._store.read(lambda tx: reads.page_seen(tx, message.key)) or {}
        earlier = writing(seen)
        if "Status" in body:
            # stored before the reading, so that nothing of ours comes between the reading and the write
            begun = list(dict.fromkeys((*earlier, str(body["Status"]))))
            await self._ledger.saw_page(message.key, {WRITING: begun}, self._clock.now_ms(), merge=True)
        over: list[str] = []

        def may(page: Page) -> bool:
            over.append(text(page.values, "Status"))
            return not page.in_trash and wished(page.values, body, seen) is None

        found = await self._board.replace(message.key, body, may)
        at = self._clock.now_ms()
        if found is None:
            return {WRITING: None, WROTE_AT: at, WROTE_OVER: over[-1]} if "Status" in body else {WROTE_AT: at}
        await self._ledger.saw_page(message.key, {WRITING: list(earlier) or None}, at, merge=True)
        await self._ledger.look_again(message.key)
        if found.in_trash:
            await self._ledger.delivered(message)
            log.info("relay_entry_in_trash", extra=context(message))
            return None
        await self._postpone(message, (EDIT_S, "edit", f"{wished(found.values, body, seen)}, taken first"))
        return None

    async def _files_to_come(self, message: OutboxMessage) -> dict[str, object] | None:
        """What to write meanwhile where the message opens a review whose files are not on the board; None: all of it.

        The message then stays. After REVIEW_OPENS_MS it is written whole, with the names of the missing files.
        """
        status = BY_LABEL.get(str(message.body.get("Status")))
        if status not in AT_GATE or message.task_id is None:
            return None
        task_id, at = message.task_id, self._clock.now_ms()
        task, missing, files = await self._store.read(
            lambda tx: (reads.task(tx, task_id), reads.unsent_assets(tx, task_id), reads.files_of(tx, task_id))
        )
        if task is None or not missing or task.status is not status:
            return None
        if at - message.made_at >= REVIEW_OPENS_MS:
            message.body["Error Log"] = _named(task, missing)
            return None
        if "Progress" not in message.body:  # the note below must be replaced when the review opens
            await self._ledger.show(task_id, ("Progress",), at)
            return {}
        wait_s, note = COUNT_AGAIN_S, f"{files - len(missing)} of {files} files on the board"
        await self._postpone(message, (wait_s, FILES, note), tried=False)
        shown = {name: value for name, value in message.body.items() if name != "Status"}
        shown["Progress"] = "; ".join(one for one in (str(message.body["Progress"]), note) if one)
        return shown

    async def _alert(self, message: OutboxMessage) -> bool:
        text, at = str(message.body["text"]), self._clock.now_ms()
        short = led(text, of_alert(self._page, message.key, message.task_id), ALERT_CHARACTERS)
        ways = message.body.get("ways")
        taken = tuple(map(str, ways)) if isinstance(ways, dict) else ()
        sent = await self._people.send(Note.of(message.key, short), taken)
        if sent.later and at - message.made_at < OTHER_WAYS_MS:  # one way has it; greylisting must not keep the others
            why = "; ".join(f"{name}: {error}" for name, error in sent.failed.items())
            wait_s = DOWN_S[-1] if not taken else OTHER_WAYS_S
            await self._ledger.alert_taken(message, sent.took, at, (at + int(wait_s * 1000), why))
        else:
            await self._ledger.alert_taken(message, sent.took, at)
        log.info("relay_alert_delivered", extra=context(message) | {"ways": sorted(sent.took)})
        return True

    # ------------------------------------------------------------------------------------------ failures

    async def _failed(self, side: str, message: OutboxMessage, error: BoardError) -> None:
        later = self._later(message, error)
        await self._postpone(message, later)
        if error.kind in ("rejected", "gone", "changed"):
            log.error(
                f"relay_{message.target}_refused", extra=context(message) | {"kind": error.kind, "error": str(error)}
            )
            await self._tell_refused(message, error)
        elif self._trouble.get(side) != error.kind:
            self._trouble[side] = error.kind
            about = context(message) | {"kind": error.kind, "error": str(error)}
            log.warning(f"relay_{side}_failed", extra=about)

    async def _tell_refused(self, message: OutboxMessage, error: BoardError) -> None:
        """What the board refuses people hear by the other ways, once a cause; what people refuse, nobody can hear."""
        if message.target == "alert":
            return
        what = "the status of entries" if message.target == "entry" else "files for the reviews"
        text = (
            f"The Notion board does not take {what}: {sentence(str(error))} videod keeps trying every"
            f" {REFUSED_S / 60:.0f} minutes."
        )
        key, at = f"board:{message.target}:{error.kind}", self._clock.now_ms()
        if error.kind == "changed":
            key, text = f"changed:{message.key}", _changed(message, error)
        await self._ledger.alert(key, text, at, ends=_ends(error.kind, message.target))

    async def _crashed(self, message: OutboxMessage, error: Exception) -> None:
        await self._postpone(message, (REFUSED_S, "bug", f"bug: {type(error).__name__}: {error}"))
        log.error(f"relay_{message.target}_crashed", extra=context(message), exc_info=error)
        if message.target == "alert":
            return
        text = (
            f"A message to the board failed because of a bug in videod ({type(error).__name__}: {error}). It is tried"
            f" again every {REFUSED_S / 60:.0f} minutes. All others are sent."
        )
        key, at = f"relay:{message.target}:{type(error).__name__}", self._clock.now_ms()
        await self._ledger.alert(key, text, at, ends=_ends("bug", message.target))

    async def _worked(self, side: str, message: OutboxMessage) -> None:
        if message.attempts:
            await self._refused_no_more(message.target)
        kind = self._trouble.pop(side, None)
        if kind is None:
            return
        log.info(f"relay_{side}_recovered", extra={"kind": kind})
        if side == "board":
            await self._ledger.hasten(self._clock.now_ms())
            self._ledger.wakeups.wake("intake of all")  # it need not find out on its own

    async def _refused_no_more(self, target: str) -> None:
        """The alert about failing messages ends with the last of them, not with any that is taken."""

        def ended(connection: sqlite3.Connection) -> list[str]:
            told = {one.ends for one in reads.open_alerts(connection)}
            kinds = [kind for kind in REFUSALS if _ends(kind, target) in told]
            return [kind for kind in kinds if not reads.delayed(connection, target, kind)]

        for kind in await self._store.read(ended):
            await self._ledger.alerts_over(_ends(kind, target), self._clock.now_ms())

    def _later(self, message: OutboxMessage, error: BoardError) -> _Later:
        waits = {
            "busy": error.retry_after_s or BUSY_S,
            "down": DOWN_S[min(message.attempts, len(DOWN_S) - 1)],
            "credentials": CREDENTIALS_S,
        }
        return waits.get(error.kind, REFUSED_S), error.kind, f"{error.kind}: {error}"

    async def _postpone(self, message: OutboxMessage, later: _Later, tried: bool = True) -> None:
        wait_s, delay, problem = later
        await self._ledger.postpone(message, self._clock.now_ms() + int(wait_s * 1000), delay, problem, tried)


def _ends(kind: str, target: str) -> str:
    """What ends an alert of messages to this target that fail in this way."""
    return f"{kind} {target}"


def _changed(message: OutboxMessage, error: BoardError) -> str:
    return (
        f"{sentence(str(error))} It is not shown on the board, and nothing is made or published with it. Put the file"
        f" back as {message.body['path']} in the workspace of {message.task_id}, or run `videod redo {message.task_id}"
        f" {message.body['job']}`."
    )


def _mark(message: OutboxMessage) -> tuple[str, str, int, int]:
    """What was tried in a round: the same message again only where something new came, or it became due again."""
    return message.target, message.key, message.version, message.due_at


def _named(task: Task, missing: tuple[OutboxMessage, ...]) -> str:
    """Which files of an open review are not on the board, and why."""
    names = [str(message.body["job"]) for message in missing]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    why = next((message.problem for message in missing if message.problem), None)
    text = f"{MISSING}: {', '.join(names[:NAMED])}{more}"
    text += f" ({why})" if why else ""
    return f"{text}. videod keeps trying. The files are in the workspace of {task.id} as well."


async def _keep(deliver: Callable[[], Awaitable[int]], wakeup: asyncio.Event) -> None:
    while True:
        wakeup.clear()
        await deliver()
        await wakeup.wait()
