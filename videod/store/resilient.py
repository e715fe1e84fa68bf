"""What becomes of a transaction on a full disk: it is tried again, whoever called waits, and nothing is lost.

SQLite rolls such a transaction back by itself and goes on reading. Here the reserve is given up and the same
transaction tried again, then once more every few seconds until there is space. An input/output error is another matter
and passes through: after a failed fsync nobody knows what is on the disk, so the process ends (`soundness.given_up`).
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from videod.store.database import Store, T, Transaction

log = logging.getLogger(__name__)

#: between two tries of a transaction on a disk that stays full, seconds
RETRY_S = 2.0


class Resilient:
    """A store that outlives a full disk. `make_room()` gives up the reserve and is False when there was none.

    `alive()` is called again and again while a transaction waits. `full` is set whenever one met a full disk; whoever
    pauses the house for it waits for that.
    """

    def __init__(
        self, inner: Store, make_room: Callable[[], bool], sleep: Callable[[float], Awaitable[None]],
        alive: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._inner = inner
        self._make_room = make_room
        self._sleep = sleep
        self._alive = alive
        self._patient = True
        self._waiting = 0
        self._told = False
        self.full = asyncio.Event()

    async def write(self, fn: Transaction[T]) -> T:
        while True:
            try:
                result = await self._inner.write(fn)
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorname", "") != "SQLITE_FULL":
                    raise
                self.full.set()
                if not self._patient:
                    raise
                if not self._make_room():
                    await self._wait(error)
            else:
                self._went_through()
                return result

    async def read(self, fn: Transaction[T]) -> T:
        return await self._inner.read(fn)

    async def close(self) -> None:
        await self._inner.close()

    def stop_waiting(self) -> None:
        """From now on a full disk fails a transaction at once: the process is about to end, the next start recovers."""
        self._patient = False

    async def _wait(self, error: sqlite3.Error) -> None:
        if not self._told:
            self._told = True
            log.error("store_full_waiting", extra={"error": str(error)})
        self._alive()
        self._waiting += 1
        try:
            await self._sleep(RETRY_S)
        finally:
            self._waiting -= 1

    def _went_through(self) -> None:
        if self._told and not self._waiting:
            self._told = False
            log.info("store_full_recovered")
