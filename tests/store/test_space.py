"""What is deleted leaves room, and the room goes back to the disk a few pages at a time."""

import sqlite3
from contextlib import closing
from pathlib import Path

from videod.store import space
from videod.store.database import transact


def _pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_count").fetchone()[0])


def _emptied(path: Path) -> sqlite3.Connection:
    """A database whose many pages are free."""
    connection = sqlite3.connect(path, isolation_level=None)
    space.shrinks(connection)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE past (body BLOB)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO past VALUES (?)", ((b"x" * 4000,) for _ in range(space.SPARE_PAGES + 100)))
    connection.execute("COMMIT")
    connection.execute("DELETE FROM past")
    return connection


def test_each_step_gives_back_as_many_pages_as_it_says_until_the_spare_ones_are_left(tmp_path: Path) -> None:
    with closing(_emptied(tmp_path / "x.db")) as connection:
        before = _pages(connection)
        assert transact(connection, space.give_back)
        assert before - _pages(connection) in range(space.STEP_PAGES, space.STEP_PAGES + 2), "and a page of their list"
        steps = 1
        while transact(connection, space.give_back):
            steps += 1
        assert steps < 10
        assert space.free_pages(connection) in range(space.SPARE_PAGES - 1, space.SPARE_PAGES + 1)
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
