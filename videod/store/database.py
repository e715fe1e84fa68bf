"""The SQLite file: one write connection behind one lock, one transaction = one plain function without an await.

`Database.write(fn)` runs `fn(connection)` inside BEGIN IMMEDIATE ... COMMIT on the connection's own thread, shielded:
a cancelled caller must bear "it may have happened" but never leaves a transaction open (aiosqlite would). The writer
connection is the only one that writes and the only one that checkpoints: SQLite before 3.51.3 can corrupt a WAL that
two connections reset. Other processes look through
`views.look`, which imports nothing slow.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import aiosqlite

from videod.store import journal
from videod.store.soundness import given_up

T = TypeVar("T")
Transaction = Callable[[sqlite3.Connection], T]

# trusted_schema stays on: SQLite 3.40 refuses json_valid() in our own CHECKs without it
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA cell_size_check=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA journal_size_limit=16777216",
)


class DatabaseError(Exception):
    """The database cannot be used; the text says what happened and the way back."""


def prepare(connection: sqlite3.Connection) -> None:
    """Set what every writing connection needs (dependencies: WAL with FULL loses nothing at a power cut)."""
    connection.row_factory = sqlite3.Row
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchall()


def transact(connection: sqlite3.Connection, fn: Transaction[T]) -> T:
    """Run `fn` in one transaction: all of it or, when it raises, nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = fn(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full or failing disk has rolled back by itself
            connection.execute("ROLLBACK")
        raise
    return result


class Store(Protocol):
    """What the ledger and the loops need of a database; tests in virtual time use `InlineDatabase`."""

    async def write(self, fn: Transaction[T]) -> T: ...

    async def read(self, fn: Transaction[T]) -> T: ...

    async def close(self) -> None: ...


class Database:
    """The daemon's database: a write and a read connection, each on its own thread."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = asyncio.Lock()
        self._failed: sqlite3.DatabaseError | None = None

    @classmethod
    async def open(cls, path: Path) -> "Database":
        """Open the migrated file at `path` (see `schema.migrate`)."""
        writer = await aiosqlite.connect(path, isolation_level=None)
        await _run(writer, prepare)
        reader = await aiosqlite.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        await _run(reader, prepare_reader)
        return cls(writer, reader)

    async def write(self, fn: Transaction[T]) -> T:
        return await asyncio.shield(asyncio.ensure_future(self._write(fn)))

    async def _write(self, fn: Transaction[T]) -> T:
        async with self._lock:
            if self._failed is not None:
                raise self._failed
            try:
                return await _run(self._writer, lambda connection: transact(connection, fn))
            except sqlite3.DatabaseError as error:
                # a later commit could seem to succeed although an earlier one is not on the disk
                self._failed = error if given_up(error) else None
                raise

    async def read(self, fn: Transaction[T]) -> T:
        return await _run(self._reader, fn)

    async def move_log(self) -> bool:
        """See `journal.move_log`."""
        async with self._lock:
            return await _run(self._writer, journal.move_log)

    async def close(self) -> None:
        async with self._lock:
            await self._reader.close()
            await self._writer.close()


async def _run(connection: aiosqlite.Connection, fn: Transaction[T]) -> T:
    """One hop to the connection's thread for a whole function; aiosqlite has no public call for it (0.22)."""
    result: T = await connection._execute(fn, connection._conn)  # type: ignore[no-untyped-call]
    return result


class InlineDatabase:
    """The same on one connection without threads: a virtual clock must not run on while a thread works."""

    def __init__(self, path: Path, durable: bool = True) -> None:
        """`durable=False`: commits wait for no disk, for a file that nobody needs after a power cut."""
        self._connection = sqlite3.connect(path, isolation_level=None)
        prepare(self._connection)
        if not durable:
            self._connection.execute("PRAGMA synchronous=OFF")

    async def write(self, fn: Transaction[T]) -> T:
        return transact(self._connection, fn)

    async def read(self, fn: Transaction[T]) -> T:
        return fn(self._connection)

    async def close(self) -> None:
        self._connection.close()


def prepare_reader(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA busy_timeout=5000").fetchall()
