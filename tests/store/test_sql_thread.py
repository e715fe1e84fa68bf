"""What waits is committed together, and still everyone succeeds or fails alone and hears of it only afterwards."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.harness.patience import eventually, happened
from videod.store import sql_thread
from videod.store.sql_thread import SqlThread

Fn = Callable[[sqlite3.Connection], object]


class Harness:
    """A line that writes, the statements it ran, and a hold that lets what is asked pile up behind it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.statements: list[str] = []
        self.hold = threading.Event()
        self.line: SqlThread

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("CREATE TABLE IF NOT EXISTS done (name TEXT PRIMARY KEY)")
        connection.execute("CREATE TABLE IF NOT EXISTS part (of TEXT NOT NULL REFERENCES done (name))")
        connection.set_trace_callback(self.statements.append)
        return connection

    async def pile_up(self, *fns: Fn) -> list[object]:
        """Ask for all of them while the line is held up; their outcomes, errors included."""
        self.hold.clear()
        first = asyncio.ensure_future(self.line.ask(lambda _: happened(self.hold), alone=True))
        asked = [asyncio.ensure_future(self.line.ask(fn)) for fn in fns]
        await asyncio.sleep(0)  # all of them have asked
        self.statements.clear()
        self.hold.set()
        await first
        return list(await asyncio.gather(*asked, return_exceptions=True))

    def seen(self) -> list[str]:
        """What another connection sees."""
        other = sqlite3.connect(self.path)
        names = [row[0] for row in other.execute("SELECT name FROM done ORDER BY name")]
        other.close()
        return names

    def commits(self) -> int:
        return self.statements.count("COMMIT")


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    made = Harness(tmp_path / "line.db")
    made.line = await SqlThread.open(made.connect, together=True)
    yield made
    await made.line.close()


def insert(name: str, connection: sqlite3.Connection) -> str:
    connection.execute("INSERT INTO done VALUES (?)", (name,))
    return name


def fail(name: str, connection: sqlite3.Connection) -> None:
    insert(name, connection)
    raise RuntimeError(name)


async def test_what_waits_is_committed_together(harness: Harness) -> None:
    assert await harness.pile_up(*(partial(insert, name) for name in "abcde")) == list("abcde")
    assert harness.commits() == 1
    assert harness.seen() == list("abcde")


async def test_one_that_raises_undoes_only_itself(harness: Harness) -> None:
    a, b, c = await harness.pile_up(partial(insert, "a"), partial(fail, "b"), partial(insert, "c"))
    assert (a, c) == ("a", "c")
    assert isinstance(b, RuntimeError)
    assert harness.seen() == ["a", "c"]


async def test_one_that_raises_first_takes_nobody_along(harness: Harness) -> None:
    a, b, c = await harness.pile_up(partial(fail, "a"), partial(insert, "b"), partial(insert, "c"))
    assert isinstance(a, RuntimeError)
    assert (b, c) == ("b", "c")
    assert harness.seen() == ["b", "c"]


async def test_what_breaks_a_rule_of_the_table_fails_alone(harness: Harness) -> None:
    a, b, c = await harness.pile_up(partial(insert, "a"), partial(insert, "a"), partial(insert, "c"))
    assert (a, c) == ("a", "c")
    assert isinstance(b, sqlite3.IntegrityError)
    assert harness.seen() == ["a", "c"]


async def test_a_commit_that_fails_is_asked_to_all_and_nothing_of_it_stays(harness: Harness) -> None:
    def too_late(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA defer_foreign_keys=ON")  # found out at the commit
        connection.execute("INSERT INTO part VALUES ('nothing')")

    outcomes = await harness.pile_up(partial(insert, "a"), too_late, partial(insert, "c"))
    assert all(isinstance(one, sqlite3.IntegrityError) for one in outcomes)
    assert harness.seen() == []
    assert await harness.line.ask(partial(insert, "d")) == "d"
    assert harness.seen() == ["d"]


async def test_a_transaction_that_sqlite_itself_rolled_back_is_asked_to_all_of_it(harness: Harness) -> None:
    def rolled_back(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")  # as a full disk does
        raise sqlite3.OperationalError("database or disk is full")

    outcomes = await harness.pile_up(partial(insert, "a"), rolled_back, partial(insert, "c"))
    assert isinstance(outcomes[0], sqlite3.OperationalError)
    assert isinstance(outcomes[1], sqlite3.OperationalError)
    assert outcomes[2] == "c"
    assert harness.seen() == ["c"]


async def test_nobody_hears_of_success_before_the_commit(harness: Harness) -> None:
    entered, last = threading.Event(), threading.Event()

    def waits(connection: sqlite3.Connection) -> str:
        entered.set()
        happened(last)
        return insert("b", connection)

    told: list[list[str]] = []
    first = asyncio.ensure_future(harness.line.ask(lambda _: happened(harness.hold), alone=True))
    asked = [asyncio.ensure_future(harness.line.ask(fn)) for fn in (partial(insert, "a"), waits)]
    asked[0].add_done_callback(lambda _: told.append(harness.seen()))
    await asyncio.sleep(0)
    harness.hold.set()
    await first
    await eventually(entered.is_set)  # "a" is done, but for the commit
    assert told == []
    last.set()
    await asyncio.gather(*asked)
    assert told == [["a", "b"]]


async def test_a_long_row_of_callers_is_committed_in_pieces(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_thread, "MOST_TOGETHER", 3)
    await harness.pile_up(*(partial(insert, name) for name in "abcdefgh"))
    assert harness.commits() == 3
    assert harness.seen() == list("abcdefgh")


async def test_what_must_run_alone_parts_the_transactions_around_it(harness: Harness) -> None:
    harness.hold.clear()
    first = asyncio.ensure_future(harness.line.ask(lambda _: happened(harness.hold), alone=True))
    asked = [
        asyncio.ensure_future(harness.line.ask(partial(insert, "a"))),
        asyncio.ensure_future(harness.line.ask(lambda tx: tx.in_transaction, alone=True)),
        asyncio.ensure_future(harness.line.ask(partial(insert, "c"))),
    ]
    await asyncio.sleep(0)
    harness.hold.set()
    await first
    assert await asyncio.gather(*asked) == ["a", False, "c"]
    assert harness.commits() == 2


async def test_a_cancelled_caller_keeps_nobody_from_an_answer(harness: Harness) -> None:
    harness.hold.clear()
    first = asyncio.ensure_future(harness.line.ask(lambda _: happened(harness.hold), alone=True))
    asked = [asyncio.ensure_future(harness.line.ask(partial(insert, name))) for name in "abc"]
    await asyncio.sleep(0)
    asked[1].cancel()
    harness.hold.set()
    await first
    assert await asyncio.gather(asked[0], asked[2]) == ["a", "c"]
    assert harness.seen() == ["a", "b", "c"]


async def test_what_was_asked_before_the_end_is_done_and_nothing_after(harness: Harness) -> None:
    asked = asyncio.ensure_future(harness.line.ask(partial(insert, "a")))
    await asyncio.sleep(0)
    await harness.line.close()
    assert await asked == "a"
    with pytest.raises(sqlite3.ProgrammingError):
        await harness.line.ask(partial(insert, "b"))
    await harness.line.close()


async def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await SqlThread.open(lambda: sqlite3.connect(tmp_path / "no" / "folder.db"))
