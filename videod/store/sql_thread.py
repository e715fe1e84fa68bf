"""A connection on the thread of aiosqlite: whole functions go there, their outcomes come back to the event loop.

A line that writes commits together what waits together, so that one wait for the disk serves every caller. The first
function of a transaction needs no savepoint, since nothing is lost when it is rolled back; each further one has its
own, so that one that raises undoes only itself. Success is reported only after the commit. When the commit fails,
or SQLite itself rolls back on a full or failing disk, all of the transaction hear of it.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import aiosqlite

from videod.store.soundness import busy, given_up

T = TypeVar("T")

#: a transaction takes in no more than this many functions, and no further one after this many seconds
MOST_TOGETHER, LONGEST_S = 64, 0.01


@dataclass(eq=False)
class _Asked:
    """One function on its way. `alone`: it runs outside of any transaction. `served`: its outcome is certain."""

    fn: Callable[[sqlite3.Connection], object]
    alone: bool
    served: bool = False
    result: object = None
    error: BaseException | None = None


class SqlThread:
    """See the module's text. `together`: it writes, in transactions; else each function runs separately."""

    def __init__(self, thread: aiosqlite.Connection, together: bool) -> None:
        self._thread = thread
        self._together = together
        self._waiting: deque[_Asked] = deque()
        self._failed: BaseException | None = None
        self._closing = False

    @classmethod
    async def open(cls, connect: Callable[[], sqlite3.Connection], together: bool = False) -> "SqlThread":
        """`connect` is called on the line's own thread; raises what it raises."""
        thread = aiosqlite.Connection(connect, iter_chunk_size=64)
        try:
            return cls(await thread, together)
        except BaseException:
            # it was asked to stop, and would still report to this loop when the loop is gone
            await asyncio.shield(asyncio.to_thread(thread._thread.join))
            raise

    async def ask(self, fn: Callable[[sqlite3.Connection], T], alone: bool = False) -> T:
        """What `fn` returns there; where the line writes, once that is on the disk.

        A caller that is cancelled must bear "it may have happened": `fn` runs all the same.
        """
        if self._closing:
            raise sqlite3.ProgrammingError("the database is closed")
        asked = _Asked(fn, alone)
        self._waiting.append(asked)
        # aiosqlite has no public call for a whole function on its thread (0.22)
        await self._thread._execute(self._serve, self._thread._conn, asked)  # type: ignore[no-untyped-call]
        if asked.error is not None:
            raise asked.error
        result: T = asked.result  # type: ignore[assignment]
        return result

    async def close(self) -> None:
        """Close the connection after all that was asked before. Safe to call twice."""
        self._closing = True
        await self._thread.close()

    # ------------------------------------------------------------------------------------------ on the thread

    def _serve(self, connection: sqlite3.Connection, asked: _Asked) -> None:
        """See to it that `asked` is served: alone, with what waits behind it, or by whoever was before it."""
        while not asked.served:
            first = self._waiting.popleft()
            served = [first]
            if self._failed is not None:
                # a later commit could seem to succeed although an earlier one is not on the disk
                first.error = self._failed
            elif first.alone or not self._together:
                _attempt(connection, first)
            else:
                served = self._transaction(connection, first)
                self._failed = next((one.error for one in served if given_up(one.error)), None)
            for one in served:
                one.served = True

    def _transaction(self, connection: sqlite3.Connection, first: _Asked) -> list[_Asked]:
        """Those that ran in one transaction."""
        served: list[_Asked] = []
        following: Sequence[_Asked] = (first,)
        until = time.monotonic() + LONGEST_S
        try:
            connection.execute("BEGIN IMMEDIATE")
            while following:
                asked = following[0]
                served.append(asked)
                following = ()
                if not _step(connection, asked, first=asked is first):
                    break
                if len(served) < MOST_TOGETHER and time.monotonic() < until:
                    following = self._next()
            if connection.in_transaction:
                connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            elif not served and busy(error):
                # another program holds the database: it would keep each of those behind waiting for as long again
                served = [first, *self._all_waiting()]
            for asked in served or [first]:
                asked.error = asked.error or error
            served = served or [first]
        return served

    def _all_waiting(self) -> list[_Asked]:
        waiting = []
        while self._waiting and not self._waiting[0].alone:
            waiting.append(self._waiting.popleft())
        return waiting

    def _next(self) -> Sequence[_Asked]:
        """What may run in the same transaction, if anything waits."""
        return (self._waiting.popleft(),) if self._waiting and not self._waiting[0].alone else ()


def _attempt(connection: sqlite3.Connection, asked: _Asked) -> None:
    try:
        asked.result = asked.fn(connection)
    except BaseException as error:
        asked.error = error


def _step(connection: sqlite3.Connection, asked: _Asked, first: bool) -> bool:
    """Run one function within the open transaction; False where that ended the transaction, with nothing written.

    Raises the function's error where it takes down all of the transaction.
    """
    if not first:
        connection.execute("SAVEPOINT one")
    _attempt(connection, asked)
    if asked.error is None:
        if not first:
            connection.execute("RELEASE one")
        return True
    if given_up(asked.error) or not connection.in_transaction:
        raise asked.error
    connection.execute("ROLLBACK" if first else "ROLLBACK TO one")
    if not first:
        connection.execute("RELEASE one")
    return not first
