"""A connection and the thread that alone uses it: whole functions go there, their outcomes come back to the event loop.

A line that writes commits together what waits together, so that one wait for the disk serves every caller. The first
function of a transaction needs no savepoint, since nothing is lost when it is rolled back; each further one has its
own, so that one that raises undoes only itself. Nobody is told of success before the commit. When the commit fails,
or SQLite rolls back by itself on a full or failing disk, all of the transaction are told so.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from videod.store.soundness import given_up

T = TypeVar("T")

#: a transaction takes in no more than this many functions, and no further one after this many seconds
MOST_TOGETHER, LONGEST_S = 64, 0.01


@dataclass(eq=False)
class _Asked:
    """One function on its way. `alone`: it runs outside of any transaction."""

    fn: Callable[[sqlite3.Connection], object]
    future: "asyncio.Future[object]"
    alone: bool
    result: object = None
    error: BaseException | None = None


class Line:
    """See the module's text. `together`: it writes, in transactions; else each function runs by itself."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], together: bool) -> None:
        self._connect = connect
        self._together = together
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._opened: asyncio.Future[object] = self._loop.create_future()
        self._ended: asyncio.Future[object] = self._loop.create_future()
        self._closing = False
        self._failed: BaseException | None = None

    @classmethod
    async def open(cls, name: str, connect: Callable[[], sqlite3.Connection], together: bool = False) -> "Line":
        """`connect` is called on the line's own thread; raises what it raises."""
        line = cls(connect, together)
        threading.Thread(target=line._run, name=name, daemon=True).start()
        await line._opened
        return line

    async def ask(self, fn: Callable[[sqlite3.Connection], T], alone: bool = False) -> T:
        """What `fn` returns there; where the line writes, once that is on the disk.

        A caller that is cancelled must bear "it may have happened": `fn` runs all the same.
        """
        if self._closing:
            raise sqlite3.ProgrammingError("the database is closed")
        future: asyncio.Future[object] = self._loop.create_future()
        self._waiting.put(_Asked(fn, future, alone))
        result: T = await future  # type: ignore[assignment]
        return result

    async def close(self) -> None:
        """Close the connection after all that was asked before. Safe to call twice."""
        if not self._closing:
            self._closing = True
            self._waiting.put(None)
        await asyncio.shield(self._ended)

    # ------------------------------------------------------------------------------------------ on the thread

    def _run(self) -> None:
        try:
            connection = self._connect()
        except BaseException as error:
            self._tell(self._opened, error=error)
            return
        self._tell(self._opened)
        following = self._waiting.get()
        while following is not None:
            following = self._serve(connection, following)
        connection.close()
        self._tell(self._ended)

    def _serve(self, connection: sqlite3.Connection, asked: _Asked) -> _Asked | None:
        """Run `asked`, with what waits behind it where they may run together; returns what comes next."""
        following: Sequence[_Asked | None] = ()
        served = [asked]
        if self._failed is not None:
            # a later commit could seem to succeed although an earlier one is not on the disk
            asked.error = self._failed
        elif asked.alone or not self._together:
            _attempt(connection, asked)
        else:
            served, following = self._transaction(connection, asked)
            self._failed = next((one.error for one in served if given_up(one.error)), None)
        self._tell_all(served)
        return following[0] if following else self._waiting.get()

    def _transaction(
        self, connection: sqlite3.Connection, first: _Asked
    ) -> tuple[list[_Asked], Sequence[_Asked | None]]:
        """What ran in one transaction, and what was taken from the queue but may not run within it."""
        served: list[_Asked] = []
        following: Sequence[_Asked | None] = (first,)
        until = time.monotonic() + LONGEST_S
        try:
            connection.execute("BEGIN IMMEDIATE")
            while following and (asked := following[0]) is not None and not asked.alone:
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
            for asked in served or [first]:
                asked.error = asked.error or error
            served = served or [first]
        return served, following

    def _next(self) -> Sequence[_Asked | None]:
        try:
            return (self._waiting.get_nowait(),)
        except queue.Empty:
            return ()

    def _tell(self, future: "asyncio.Future[object]", error: BaseException | None = None) -> None:
        self._tell_all([_Asked(lambda connection: None, future, alone=True, error=error)])

    def _tell_all(self, served: Sequence[_Asked]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, served)


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


def _settle(served: Sequence[_Asked]) -> None:
    """On the event loop: everyone hears of its own outcome; who was cancelled meanwhile does not."""
    for asked in served:
        if asked.future.done():
            continue
        if asked.error is None:
            asked.future.set_result(asked.result)
        else:
            asked.future.set_exception(asked.error)
