"""Transactions are all or nothing, whoever is cancelled meanwhile."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from videod.core.events import EntryRefused
from videod.ledger import Ledger, Wakeups
from videod.store import reads
from videod.store.database import Database
from videod.store.readonly import NoDatabase, look
from videod.store.schema import migrate


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    migrate(tmp_path / "videod.db")
    opened = await Database.open(tmp_path / "videod.db")
    yield opened
    await opened.close()


async def count(database: Database) -> int:
    return await database.read(lambda tx: int(tx.execute("SELECT count(*) FROM key_values").fetchone()[0]))


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def fails(tx: sqlite3.Connection) -> None:
        tx.execute("INSERT INTO key_values VALUES ('a', '1')")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await database.write(fails)
    assert await count(database) == 0


async def test_many_writers_never_interleave(database: Database) -> None:
    await database.write(lambda tx: tx.execute("INSERT INTO key_values VALUES ('n', '0')").rowcount)

    def add(tx: sqlite3.Connection) -> None:
        value = int(tx.execute("SELECT value FROM key_values WHERE name = 'n'").fetchone()[0])
        tx.execute("UPDATE key_values SET value = ? WHERE name = 'n'", (str(value + 1),))

    await asyncio.gather(*(database.write(add) for _ in range(50)))
    assert await database.read(lambda tx: tx.execute("SELECT value FROM key_values").fetchone()[0]) == "50"


async def test_a_cancelled_caller_leaves_no_transaction_open(database: Database) -> None:
    task = asyncio.ensure_future(
        database.write(lambda tx: tx.execute("INSERT INTO key_values VALUES ('a', '1')").rowcount)
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.write(lambda tx: tx.execute("INSERT INTO key_values VALUES ('b', '1')").rowcount)
    assert await count(database) in (1, 2)


async def test_the_reader_cannot_write(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match=r"readonly|read-only"):
        await database.read(lambda tx: tx.execute("INSERT INTO key_values VALUES ('a', '1')").rowcount)


async def test_commits_are_fully_synchronous(database: Database) -> None:
    assert await database.write(lambda tx: tx.execute("PRAGMA synchronous").fetchone()[0]) == 2
    assert await database.read(lambda tx: tx.execute("PRAGMA journal_mode").fetchone()[0]) == "wal"


def test_a_look_at_a_database_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match="videod run"):
        look(tmp_path / "videod.db")


async def test_a_post_made_after_a_delivery_is_never_taken_for_the_older_one(database: Database) -> None:
    ledger = Ledger(database, lambda channel: None, Wakeups())

    async def post(at: int) -> reads.OutboxMessage:
        await ledger.apply(EntryRefused(at, "page", f"reason of {at}"))
        (made,) = await database.read(lambda tx: reads.due_messages(tx, "entry", at))
        return made

    first = await post(1_000)
    await ledger.delivered(first)
    second = await post(2_000)
    assert second.version != first.version
    await ledger.delivered(first)
    assert await database.read(lambda tx: len(reads.pending_messages(tx))) == 1
