"""The outbox reaches the board and the alarm: absolute statements, newest wins, repeated until acknowledged.

Before a Status is written the entry is read: a label that is neither what we last saw nor what we last tried to write
is a person's wish, and the intake takes it first. The attempt itself is remembered before it is made, so that a write
whose answer was lost is never mistaken for a person's. `turn` is held from that reading until the write is booked.

A message that fails waits by itself and holds up no other; alerts go their own way, never behind the board.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from videod.flow.edits import WRITING, WROTE_AT, base_label, is_ours, text
from videod.ledger import Ledger
from videod.seams import Alarm, Board, BoardError, Clock
from videod.store import reads
from videod.store.database import Store
from videod.store.reads import Post

log = logging.getLogger(__name__)

#: both ways look by themselves at least this often, seconds
LOOK_AGAIN_S = 2.0
#: waits after "down", by how often this message failed; the last one repeats, seconds
DOWN_S = (5.0, 15.0, 60.0, 300.0)
BUSY_S = 30.0
CREDENTIALS_S = 300.0
#: a message that the board refuses waits for a person to mend the board, seconds
REFUSED_S = 1800.0
#: the intake takes a person's edit within this time, seconds
EDIT_S = 3.0
#: so many messages in a row met a board that is down: the rest is left for the next round
DOWN_IN_A_ROW = 2
#: an alert is one short message; Slack cuts long ones
ALERT_CHARACTERS = 3500

_Later = tuple[float, str]


class Relay:
    """`workspace_of` gives the folder of (channel id, task id). `turn` is the lock shared with the intake."""

    def __init__(
        self, board: Board, alarm: Alarm, ledger: Ledger, store: Store, clock: Clock,
        workspace_of: Callable[[str, str], Path], turn: asyncio.Lock,
    ) -> None:  # fmt: skip
        self._board = board
        self._alarm = alarm
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._workspace_of = workspace_of
        self._turn = turn
        self._trouble: dict[str, str] = {}

    async def run(self) -> None:
        """Deliver until cancelled. The bell "relay" wakes it early."""
        board_bell, alert_bell = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(_keep(self._deliver_board, board_bell), name="relay to the board")
            group.create_task(_keep(self._deliver_alerts, alert_bell), name="relay to people")
            while True:
                await self._ledger.bells.wait("relay", LOOK_AGAIN_S)
                board_bell.set()
                alert_bell.set()

    async def deliver_once(self) -> int:
        """Deliver all that is due now, to the board and to people at once; returns how many arrived."""
        async with asyncio.TaskGroup() as group:
            board = group.create_task(self._deliver_board())
            alerts = group.create_task(self._deliver_alerts())
        return board.result() + alerts.result()

    async def _deliver_board(self) -> int:
        """Entries first: after each asset (which may take long) the entries are looked at again."""
        ways = {"entry": self._entry, "asset": self._asset}
        return await self._deliver("board", ways)

    async def _deliver_alerts(self) -> int:
        return await self._deliver("alarm", {"alert": self._alert})

    async def _deliver(self, side: str, ways: Mapping[str, Callable[[Post], Awaitable[bool]]]) -> int:
        arrived = in_a_row = 0
        tried: set[tuple[str, str, int]] = set()
        while (post := await self._next(tuple(ways), tried)) is not None:
            tried.add((post.target, post.key, post.version))
            try:
                arrived += await ways[post.target](post)
            except BoardError as error:
                await self._failed(side, post, error)
                in_a_row = in_a_row + 1 if error.kind == "down" else 0
                if error.kind in ("busy", "credentials") or in_a_row >= DOWN_IN_A_ROW:
                    return arrived
                continue
            in_a_row = 0
            self._worked(side)
        return arrived

    async def _next(self, targets: tuple[str, ...], tried: set[tuple[str, str, int]]) -> Post | None:
        at = self._clock.now_ms()
        for target in targets:
            posts = await self._store.read(lambda tx, t=target: reads.due_posts(tx, t, at))  # type: ignore[misc]
            fresh = (post for post in posts if (post.target, post.key, post.version) not in tried)
            if (post := next(fresh, None)) is not None:
                return post
        return None

    # ------------------------------------------------------------------------------------------ the three ways

    async def _entry(self, post: Post) -> bool:
        async with self._turn:
            newest = await self._newest(post)
            if newest is None or not await self._may_write(newest):
                return False
            await self._board.write(newest.key, newest.body)
            at = self._clock.now_ms()
            marks: dict[str, object] = {WRITING: None, WROTE_AT: at} if "Status" in newest.body else {}
            await self._ledger.saw_page(newest.key, newest.body | marks, at, merge=True)
            await self._ledger.delivered(newest)
        log.info("relay_entry_delivered", extra=_context(newest) | {"properties": sorted(newest.body)})
        return True

    async def _newest(self, post: Post) -> Post | None:
        """The post as it is now: while we waited for our turn the intake may have brought a newer truth."""
        at = self._clock.now_ms()
        posts = await self._store.read(lambda tx: reads.due_posts(tx, post.target, at))
        return next((one for one in posts if one.key == post.key), None)

    async def _may_write(self, post: Post) -> bool:
        """Whether nobody's wish is written over; marks the attempt. A post that must wait is postponed here."""
        if "Status" not in post.body:
            return True
        page = await self._board.read(post.key)
        seen = await self._store.read(lambda tx: reads.page_seen(tx, post.key))
        if seen is None:
            await self._ledger.saw_page(post.key, {}, self._clock.now_ms(), merge=True)
        if page.in_trash:
            await self._ledger.look_again(post.key)
            await self._ledger.delivered(post)
            log.info("relay_entry_in_trash", extra=_context(post))
            return False
        shown, wanted = text(page.values, "Status"), str(post.body["Status"])
        if shown != wanted and not is_ours(shown, seen or {}):
            await self._ledger.look_again(post.key)
            await self._postpone(post, (EDIT_S, f'a person set "{shown}" over "{base_label(seen or {})}"; taken first'))
            return False
        await self._ledger.saw_page(post.key, {WRITING: wanted}, self._clock.now_ms(), merge=True)
        return True

    async def _asset(self, post: Post) -> bool:
        body = post.body
        task_id, channel_id, job = str(post.task_id), str(post.channel_id), str(body["job"])
        path = self._workspace_of(channel_id, task_id) / str(body["path"])
        known = await self._store.read(lambda tx: reads.asset_page(tx, post.key))
        digest = await self._digest_of(post, job, path)
        if digest is None:
            log.warning("relay_asset_missing", extra=_context(post) | {"path": str(path)})
        elif known is None or known[1] != _shown(digest, body):
            if known is None:
                # from here on a row may exist: after a crash it is looked for by its Key, never made twice
                await self._ledger.saw_asset(post.key, "", "", self._clock.now_ms())
            row = await self._board.put_asset(
                str(body["page_id"]), post.key, _name(job, body), str(body["type"]), path, _revision(body),
                (known[0] or None) if known else None, fresh=known is None,
            )  # fmt: skip
            await self._ledger.saw_asset(post.key, row, _shown(digest, body), self._clock.now_ms())
            log.info("relay_asset_delivered", extra=_context(post) | {"job": job})
        await self._ledger.delivered(post)
        return digest is not None

    async def _digest_of(self, post: Post, job_name: str, path: Path) -> str | None:
        """The file's sha256: the one of its verification where this still is that file. None when it is gone."""
        job = await self._store.read(lambda tx: reads.job(tx, str(post.task_id), job_name))
        if job is not None and job.sha256 and job.output == post.body["path"] and path.exists():
            return job.sha256
        return await asyncio.to_thread(_digest, path)

    async def _alert(self, post: Post) -> bool:
        message = str(post.body["text"])
        await self._alarm.send(message if len(message) <= ALERT_CHARACTERS else f"{message[: ALERT_CHARACTERS - 1]}…")
        await self._ledger.delivered(post)
        log.info("relay_alert_delivered", extra=_context(post))
        return True

    # ------------------------------------------------------------------------------------------ failures

    async def _failed(self, side: str, post: Post, error: BoardError) -> None:
        later = self._later(post, error)
        await self._postpone(post, later)
        if error.kind in ("rejected", "gone"):
            log.error(f"relay_{post.target}_refused", extra=_context(post) | {"kind": error.kind, "error": str(error)})
        elif self._trouble.get(side) != error.kind:
            self._trouble[side] = error.kind
            log.warning(f"relay_{side}_failed", extra=_context(post) | {"kind": error.kind, "error": str(error)})

    def _worked(self, side: str) -> None:
        kind = self._trouble.pop(side, None)
        if kind is not None:
            log.info(f"relay_{side}_recovered", extra={"kind": kind})

    def _later(self, post: Post, error: BoardError) -> _Later:
        waits = {
            "busy": error.retry_after_s or BUSY_S,
            "down": DOWN_S[min(post.attempts, len(DOWN_S) - 1)],
            "credentials": CREDENTIALS_S,
        }
        return waits.get(error.kind, REFUSED_S), f"{error.kind}: {error}"

    async def _postpone(self, post: Post, later: _Later) -> None:
        wait_s, problem = later
        await self._ledger.postpone(post, self._clock.now_ms() + int(wait_s * 1000), problem)


async def _keep(deliver: Callable[[], Awaitable[int]], bell: asyncio.Event) -> None:
    while True:
        bell.clear()
        await deliver()
        await bell.wait()


def _context(post: Post) -> dict[str, object]:
    return {"task": post.task_id, "channel": post.channel_id, "key": post.key}


def _name(job: str, body: dict[str, object]) -> str:
    """What the row is called, such as "clip_07" or "clip_07, take 2"."""
    takes = _revision(body)
    name = job.split("/", 1)[1]
    return f"{name}, take {takes + 1}" if takes else name


def _revision(body: dict[str, object]) -> int:
    revision = body["revision"]
    return revision if isinstance(revision, int) else 0


def _shown(digest: str, body: dict[str, object]) -> str:
    """What a row stands for: the file, and which take; a new take is shown even where it came out the same."""
    takes = _revision(body)
    return f"{digest} take {takes + 1}" if takes else digest


def _digest(path: Path) -> str | None:
    """The file's sha256, or None when it is gone (removed after its time, or on its way to a new take)."""
    try:
        with path.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except FileNotFoundError:
        return None
