"""Keeps the write-ahead log short: cut to nothing when nothing is running; who lets it grow is made known.

A screen reads in transactions of milliseconds. A foreign program (a database browser, a stopped shell) may hold one
open for hours; then the log grows with every commit, and `videod status` says so.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from videod.adapters.disk import MB
from videod.ledger import Ledger
from videod.store.wal import log_bytes

log = logging.getLogger(__name__)

#: how often the log is looked at, seconds
LOOK_S = 10.0
#: a shorter log is left to SQLite itself
SHORT_BYTES = 4 * MB
#: from here on somebody reads endlessly (SQLite itself starts over at 16 MB)
LONG_BYTES = 64 * MB
#: the fact that `views.problems` shows
REMARK = "wal_remark"


class WalWatch:
    """`move()` moves the log into the file and is False where a reader stands in the way."""

    def __init__(
        self, database: Path, ledger: Ledger, move: Callable[[], Awaitable[bool]], long_bytes: int = LONG_BYTES,
        short_bytes: int = SHORT_BYTES,
    ) -> None:  # fmt: skip
        self._database = database
        self._ledger = ledger
        self._move = move
        self._long = long_bytes
        self._short = short_bytes
        self._size = 0
        self._told: bool | None = None  # what the last daemon said is no longer true

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Move a log that did not grow since the last look, and a long one at every look."""
        size = log_bytes(self._database)
        if size > self._long or (size > self._short and size == self._size):
            await self._try()
        await self._tell(log_bytes(self._database))
        self._size = log_bytes(self._database)

    async def _try(self) -> None:
        try:
            await self._move()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") not in ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED"):
                raise
            log.info("journal_move_failed", extra={"error": str(error)})

    async def _tell(self, size: int) -> None:
        long = size > self._long
        if long == self._told:
            return
        text = ""
        if long:
            text = (
                f"another program reads the database endlessly, so its log grows ({size / MB:.0f} MB now):"
                f" `fuser -v {self._database}` names it, end it"
            )
            log.warning("journal_grows", extra={"bytes": size})
        elif self._told:
            log.info("journal_short_again", extra={"bytes": size})
        self._told = long
        await self._ledger.set_value(REMARK, text)
