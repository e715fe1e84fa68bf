"""Small previews of files that are larger than the board takes, such as 5 MiB on Notion's Free plan.

A file that is too large waits in the outbox while its preview is made here, one after the other, beside the board's own
way: it holds up its own row, and nothing else. Which files wait is in the database, and a preview that is whole lies in
its folder, so that a restart continues where it was and makes none twice. It is no job, and costs nothing.
"""

import asyncio
import hashlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path

from videod import files
from videod.core.previews import EVERY_BOARD, kind_of
from videod.ledger import Ledger
from videod.ports import Board, BoardError, Clock, PreviewError, Previews
from videod.store import previews as rows
from videod.store.database import Store
from videod.store.reads import PREVIEW, OutboxMessage

log = logging.getLogger(__name__)

#: a file whose preview is not there yet is looked at again after so long, unless it is made before, ms
AGAIN_MS = 600_000
#: a preview that could not be made is tried again after so long, ms
DOWN_MS, REFUSED_MS = 60_000, 240_000


class NotReady(Exception):
    """What the board is to show is not ready yet; the message waits for it."""


class Previewing:
    """See the module's text. `previews`: None where nothing makes any; `workspace_of` as everywhere."""

    def __init__(
        self, previews: Previews | None, board: Board, ledger: Ledger, store: Store, clock: Clock,
        workspace_of: Callable[[str, str], Path],
    ) -> None:  # fmt: skip
        self._previews = previews
        self._board = board
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._workspace_of = workspace_of
        #: mark -> what went wrong, and until when it is not tried again, ms on the steady clock
        self._failed: dict[str, tuple[PreviewError, int]] = {}
        self._swept = False

    async def instead_of(self, message: OutboxMessage, path: Path) -> Path | None:
        """The preview that the board gets in place of a file; None where it takes the file itself.

        Raises NotReady while it is being made, BoardError.
        """
        found = files.seen(path)
        if self._previews is None or found is None or found.st_size <= EVERY_BOARD:
            return None
        if not kind_of(path.name) or not message.body.get("sha256"):
            return None
        limit = await self._board.file_limit()
        if found.st_size <= limit:
            return None
        mark = _mark(message)
        if (made := self._previews.ready(mark, path, limit)) is not None:
            return made
        error, until = self._failed.get(mark, (None, 0))
        if error is not None and until > self._clock.steady_ms():
            if error.kind == "changed":
                return (
                    None  # who sends the file itself finds the same, and knows whether it is on its way to a new take
                )
            if error.kind == "rejected":
                raise BoardError("rejected", str(error))
        why = (
            str(error) if error is not None else f"the board takes {limit:,} bytes per file, so a preview is being made"
        )
        await self._ledger.postpone(message, self._clock.now_ms() + AGAIN_MS, PREVIEW, why, tried=False)
        raise NotReady(message.key)

    def shown(self, message: OutboxMessage) -> None:
        """The board has the file of a message."""
        if self._previews is not None:
            self._previews.drop(_mark(message))

    async def deliver(self) -> int:
        """Make the previews that rows wait for, one after the other; returns how many were made."""
        if self._previews is None:
            return 0
        if not self._swept:
            self._previews.keep(await self._store.read(lambda tx: {_mark(one) for one in rows.to_show(tx)}))
            self._swept = True
        made = 0
        while (message := await self._next()) is not None:
            made += await self._make(message, self._previews)
        return made

    async def _next(self) -> OutboxMessage | None:
        at = self._clock.steady_ms()
        self._failed = {mark: one for mark, one in self._failed.items() if one[1] > at}
        waiting = await self._store.read(rows.to_preview)
        return next((one for one in waiting if _mark(one) not in self._failed), None)

    async def _make(self, message: OutboxMessage, previews: Previews) -> bool:
        """False where none was made. Either way the row is looked at again, but for what is tried later."""
        source = self._workspace_of(str(message.channel_id), str(message.task_id)) / str(message.body["path"])
        mark, about = _mark(message), {"task": message.task_id, "channel": message.channel_id}
        try:
            if files.seen(source) is not None:
                made = await previews.make(mark, source, str(message.body["sha256"]), await self._board.file_limit())
                log.info("preview_made", extra=about | {"file": made.name})
        except (PreviewError, BoardError, OSError) as error:
            kind = error.kind if isinstance(error, PreviewError) else "down"
            log.warning("preview_failed", extra=about | {"kind": kind, "error": str(error)})
            until = self._clock.steady_ms() + (DOWN_MS if kind == "down" else REFUSED_MS)
            self._failed[mark] = PreviewError(kind, str(error)), until
            if kind == "down":
                await self._put_off(message, AGAIN_MS, PREVIEW, str(error))
            else:
                await self._put_off(message, 0, "made", str(error))
            return False
        await self._put_off(message, 0, "made", "")
        return True

    async def _put_off(self, message: OutboxMessage, ms: int, delay: str, why: str) -> None:
        """When the board's way looks at it again. A newer take waits for a preview of its own."""
        if await self._store.read(lambda tx: rows.waiting(tx, message.key)) == message.version:
            await self._ledger.postpone(message, self._clock.now_ms() + ms, delay, why, tried=False)
            self._ledger.wakeups.wake("relay")


async def digest_of(made: Path) -> str:
    """The sha256 of a preview: the board gets what lies there now, or nothing."""
    return await asyncio.to_thread(_fingerprint, made)


def _fingerprint(made: Path) -> str:
    try:
        with files.open_made(made) as source:
            return files.fingerprint(source)[1]
    except OSError as error:
        raise BoardError("down", f"{made.name} cannot be read: {files.reason(error)}") from error


def name_with(name: str, path: Path) -> str:
    """What the row of a preview is called: that it is one, and where the whole file is."""
    return f"{name} (preview, the full file is {path} on {socket.gethostname()})"


def _mark(message: OutboxMessage) -> str:
    """A name for the folder of one row's preview of one file."""
    return hashlib.sha256(f"{message.key} {message.body.get('sha256')}".encode()).hexdigest()[:32]
