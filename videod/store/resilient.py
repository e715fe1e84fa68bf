"""What becomes of a transaction on a full disk, or while another program holds the database: it is tried again.

Whoever called waits, and nothing is lost. SQLite itself rolls such a transaction back. On a full disk the reserve is
given up and the same transaction tried again, then once more every few seconds until there is space. A database that
somebody else holds (a browser with an open transaction) is waited for in the same way, reads as well. An input/output
error is another matter and passes through: after a failed fsync nobody knows what is on the disk, so the process ends
(`soundness.given_up`).
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from videod.store.database import Store, T, Transaction
from videod.store.soundness import busy

log = logging.getLogger(__name__)

#: between two tries of a transaction on a disk that stays full, seconds
RETRY_S = 2.0
#: the same while another program holds the database; SQLite itself has waited before, seconds
HELD_RETRY_S = 0.2


class Resilient:
    """A store that outlives a full disk and other programs. `make_room()` gives up the reserve, False: there was none.

    `alive()` is called again and again while a transaction waits, `held(seconds)` as well while another program holds
    the database, with how long it has, and with 0 when that is over. `full` is set whenever one met a full disk;
    whoever pauses all work for it waits for that.
    """

    def __init__(
        self, inner: Store, make_room: Callable[[], bool], sleep: Callable[[float], Awaitable[None]],
        alive: Callable[[], object] = lambda: None, held: Callable[[float], object] = lambda seconds: None,
    ) -> None:  # fmt: skip
        self._inner = inner
        self._make_room = make_room
        self._sleep = sleep
        self._alive = alive
        self._held = held
        self._held_since: float | None = None
        self._behind = 0
        self._patient = True
        self._waiting = 0
        self._told = False
        self.full = asyncio.Event()

    async def write(self, fn: Transaction[T]) -> T:
        return await self._in_turn(lambda: self._written(fn))

    async def _written(self, fn: Transaction[T]) -> T:
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
        return await self._in_turn(lambda: self._inner.read(fn))

    async def _in_turn(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` gives, asked again for as long as another program holds the database."""
        waited = False
        try:
            while True:
                try:
                    return await ask()
                except sqlite3.OperationalError as error:
                    if not busy(error) or not self._patient:
                        raise
                    if not waited:
                        self._behind, waited = self._behind + 1, True
                    await self._wait_for_others(error)
        finally:
            if waited:
                self._behind -= 1
                self._let_in()

    async def _wait_for_others(self, error: sqlite3.Error) -> None:
        now = asyncio.get_running_loop().time()
        if self._held_since is None:
            self._held_since = now
            log.warning("store_held_waiting", extra={"error": str(error)})
        self._alive()
        self._held(now - self._held_since)
        await self._sleep(HELD_RETRY_S)

    def _let_in(self) -> None:
        """One that waited is through; when all are, the database is free again."""
        if self._held_since is not None and not self._behind:
            seconds = asyncio.get_running_loop().time() - self._held_since
            log.info("store_held_recovered", extra={"seconds": round(seconds)})
            self._held_since = None
            self._held(0.0)

    async def close(self) -> None:
        await self._inner.close()

    def stop_waiting(self) -> None:
        """From now on a full disk, or whoever holds the database, fails a transaction at once: the process is about to
        end, the next start recovers."""
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
