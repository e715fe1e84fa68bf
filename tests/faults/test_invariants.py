"""The checker sees what it is there to see."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.campaigns import invariants
from tests.cli.factory import a_full_studio
from tests.live.stage import Stage


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    a_full_studio(tmp_path, 12).close()
    yield tmp_path / "videod.db"


def _change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.execute(statement)


def test_a_studio_as_the_ledger_leaves_it_has_nothing_wrong(database: Path) -> None:
    assert invariants.of_database(database) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE tasks SET status = 'generating_video' WHERE status = 'queued'", "its jobs mean"),
        ("UPDATE tasks SET cost_micros = cost_micros + 1", "its charges are"),
        ("UPDATE attempts SET ended_at = NULL, outcome = NULL WHERE id = 1", "open attempts"),
        ("UPDATE jobs SET state = 'lost' WHERE id = 1", "CHECK constraint"),
        ("PRAGMA user_version=1", "schema 1"),
        ("DELETE FROM tasks WHERE status = 'published'", "foreign key"),
    ],
)
def test_books_that_disagree_are_reported(database: Path, statement: str, words: str) -> None:
    _change(database, statement)
    try:
        found = invariants.of_database(database)
    except (ValueError, KeyError) as unreadable:  # a state that the code does not know
        found = [f"CHECK constraint: {unreadable}"]
    assert any(words in one for one in found), found


def test_files_that_are_missing_or_changed_are_reported(database: Path) -> None:
    found = invariants.of_database(database, database.parent / "workspaces")
    assert any("is missing" in one for one in found)
    with closing(invariants.look(database)) as connection:
        row = connection.execute("SELECT * FROM jobs WHERE state = 'done' LIMIT 1").fetchone()
    path = database.parent / "workspaces" / row["channel_id"] / row["task_id"] / row["output"]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    found = invariants.of_database(database, database.parent / "workspaces")
    assert any(f"{path} is not the file" in one for one in found)


def test_leftovers_leaks_and_second_purchases_are_reported(tmp_path: Path) -> None:
    (tmp_path / ".a.7.part.png").write_text("half")
    (tmp_path / "log").write_text("key=a-secret-of-mine-123")
    assert len(invariants.leftovers(tmp_path)) == 1
    assert invariants.leaked([tmp_path], {"KIE_API_KEY": "a-secret-of-mine-123"})
    charge = {"service": "kie", "kind": "clip", "key": "k"}
    upload = {"service": "youtube", "kind": "upload", "key": "u"}
    assert invariants.paid([charge, charge], 0) and not invariants.paid([charge, charge], 1)
    assert not invariants.paid([charge, charge, charge | {"kind": "refund"}], 0)
    assert invariants.paid([upload, upload], 1)


def test_purchases_are_held_against_what_was_made() -> None:
    books = sqlite3.connect(":memory:")
    books.row_factory = sqlite3.Row
    books.execute("CREATE TABLE jobs (step, state, service)")
    made = [("image", "done"), ("image", "done"), ("clip", "done"), ("clip", "skipped")]
    books.executemany("INSERT INTO jobs VALUES (?, ?, 'any')", made)

    class Sold(Stage):
        def __init__(self, *kinds: str) -> None:
            self.kinds = kinds

        def charges(self) -> list[dict[str, object]]:
            return [{"service": "any", "kind": kind, "key": "the same"} for kind in self.kinds]

        def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
            return books.execute(query, values).fetchall()

    assert invariants.paid_to_the_end(Sold("image", "image", "clip"), 0) == []
    assert invariants.paid_to_the_end(Sold("image", "image", "clip", "clip", "refund"), 0) == []
    assert invariants.paid_to_the_end(Sold("image", "image", "image", "clip"), 0)
    assert invariants.paid_to_the_end(Sold("image", "image", "image", "clip"), 1) == []
    assert invariants.paid_to_the_end(Sold("image", "clip"), 1) == ["1 image done and never bought"]
    twice = Sold("image", "image", "clip", "upload")
    assert invariants.paid_to_the_end(twice, 1) == ["1 uploads beyond one for each film"]
