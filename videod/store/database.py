"""The SQLite file: one write connection on one thread, one transaction step = one plain function without an await.

`Database.write(fn)` runs `fn(connection)` between BEGIN IMMEDIATE and COMMIT on the connection's own thread (see
`line`): a cancelled caller must bear "it may have happened" but never leaves a transaction open. The writer connection
is the only one that writes and the only one that checkpoints: SQLite before 3.51.3 can corrupt a WAL that two
connections reset. Other processes look through `views.look`, which imports nothing slow.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from videod.store import wal
from videod.store.sql_thread import SqlThread

T = TypeVar("T")
Transaction = Callable[[sqlite3.Connection], T]

#: so long a connection waits for other programs; who must wait for longer does so elsewhere (`resilient`), ms
_PATIENCE = "PRAGMA busy_timeout=5000"
# trusted_schema stays on: SQLite 3.40 refuses json_valid() in our own CHECKs without it
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    _PATIENCE,
    "PRAGMA cell_size_check=ON",
    "PRAGMA temp_store=MEMORY",
    # a move every few hundred commits instead of every eighty: one in a hundred would wait for it
    "PRAGMA wal_autocheckpoint=4000",
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
        if connection.in_transaction:  # a full or failing disk has rolled back already
            connection.execute("ROLLBACK")
        raise
    return result


class Store(Protocol):
    """What the ledger and the loops need of a database; tests in virtual time use `InlineDatabase`."""

    async def write(self, fn: Transaction[T]) -> T: ...

    async def read(self, fn: Transaction[T]) -> T: ...

    async def close(self) -> None: ...


class Database:
    """The daemon's database: a write and a read connection, each on its own thread.

    What waits to be written while a transaction runs is written with the next one: one wait for the disk acknowledges
    them all. Each caller still succeeds or fails alone, and hears of it only after the commit.
    """

    def __init__(self, writer: SqlThread, reader: SqlThread) -> None:
        self._writer = writer
        self._reader = reader

    @classmethod
    async def open(cls, path: Path) -> "Database":
        """Open the migrated file at `path` (see `schema.migrate`)."""
        writer = await SqlThread.open(partial(_open_writer, path), together=True)
        try:
            reader = await SqlThread.open(partial(_open_reader, path))
        except BaseException:
            await asyncio.shield(writer.close())  # its thread would keep the process
            raise
        return cls(writer, reader)

    async def write(self, fn: Transaction[T]) -> T:
        return await self._writer.ask(fn)

    async def read(self, fn: Transaction[T]) -> T:
        return await self._reader.ask(fn)

    async def move_log(self) -> bool:
        """See `wal.move_log`."""
        return await self._writer.ask(wal.move_log, alone=True)

    async def close(self) -> None:
        try:
            await self._reader.close()
        finally:
            await self._writer.close()


def _open_writer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    prepare(connection)
    return connection


def _open_reader(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    prepare_reader(connection)
    return connection


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
    connection.execute(_PATIENCE).fetchall()
