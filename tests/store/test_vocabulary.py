"""The statuses in SQL: one table that follows the core, and no list of them in any statement."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.campaigns import old_schemas
from videod.core.statuses import AT_GATE, CLOSED, ERRORS, PHASES, Phase, Status
from videod.store import candidate_queries, database, reads, schema, vocabulary
from videod.store.database import DatabaseError, transact
from videod.store.schema import migrate
from videod.store.vocabulary import FACTS, Facts

ROOT = Path(__file__).resolve().parents[2]
#: the schema before statuses had a table of their own
CHECKED = 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with an episode whose clip is being made, and a published one."""
    old_schemas.make(tmp_path / "videod.db", CHECKED)
    migrate(tmp_path / "videod.db")
    return tmp_path / "videod.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        database.prepare(opened)
        yield opened


def started_with(path: Path, facts: Mapping[str, Facts]) -> None:
    """A start of a videod whose core says `facts`."""
    with patch.object(schema.vocabulary, "agree", lambda connection: agree(connection, facts)):
        migrate(path)


agree = vocabulary.agree


def in_table(connection: sqlite3.Connection) -> dict[str, Facts]:
    rows = connection.execute("SELECT status, phase, holds_place FROM statuses")
    return {row[0]: Facts(row[1], row[2]) for row in rows}


def test_the_table_says_what_the_core_says(connection: sqlite3.Connection) -> None:
    assert in_table(connection) == FACTS


def test_every_status_has_one_phase() -> None:
    assert {status for status, phase in PHASES.items() if phase == Phase.CLOSED} == CLOSED
    assert {status for status, phase in PHASES.items() if phase == Phase.ERROR} == ERRORS
    assert {status for status, phase in PHASES.items() if phase == Phase.REVIEW} == set(AT_GATE)
    assert set(PHASES) == set(Status)


def test_a_further_status_needs_no_other_tasks_table(path: Path, connection: sqlite3.Connection) -> None:
    def schema_of() -> object:
        return tuple(connection.execute("SELECT rootpage, sql FROM sqlite_master WHERE name = 'tasks'").fetchone())

    before = schema_of()
    started_with(path, FACTS | {"captions_ready": Facts("review", 0)})
    connection.execute("UPDATE tasks SET status = 'captions_ready', phase = 'review' WHERE id = 'crossing-1'")
    assert schema_of() == before
    assert candidate_queries.in_work(connection) == ()
    connection.execute("UPDATE tasks SET status = 'generating_video', phase = 'work' WHERE id = 'crossing-1'")
    assert [one.task_id for one in candidate_queries.in_work(connection)] == ["crossing-1"]


def test_a_status_that_becomes_a_closed_one_takes_its_episodes_along(
    path: Path, connection: sqlite3.Connection
) -> None:
    assert reads.open_channels(connection) == {"wild_earth"}
    started_with(path, FACTS | {"generating_video": Facts("closed", 0)})
    assert reads.open_channels(connection) == set()
    migrate(path)
    assert reads.open_channels(connection) == {"wild_earth"}
    assert in_table(connection) == FACTS


def test_a_status_that_the_code_no_longer_has_goes_unless_an_episode_has_it(
    path: Path, connection: sqlite3.Connection
) -> None:
    further = FACTS | {"captions_ready": Facts("review", 0)}
    started_with(path, further)
    migrate(path)
    assert in_table(connection) == FACTS
    started_with(path, further)
    connection.execute("UPDATE tasks SET status = 'captions_ready', phase = 'review' WHERE id = 'crossing-1'")
    with pytest.raises(DatabaseError, match=r"'captions_ready', which this videod does not know. Install the newer"):
        migrate(path)
    assert in_table(connection) == further


@pytest.mark.parametrize(
    "values", ["status = 'reviewed'", "phase = 'closed'", "status = 'cancelled'", "status = 'reviewed', phase = 'work'"]
)
def test_no_episode_takes_a_status_that_is_none_or_a_phase_of_another(
    connection: sqlite3.Connection, values: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        transact(connection, lambda tx: tx.execute(f"UPDATE tasks SET {values} WHERE id = 'crossing-1'"))


def test_what_belongs_to_an_episode_still_does_after_its_table_was_replaced(
    path: Path, connection: sqlite3.Connection
) -> None:
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        connection.execute("DELETE FROM tasks WHERE id = 'crossing-1'")
    (plan, clip) = reads.jobs(connection, "crossing-1")
    assert (plan.step, clip.remote_id) == ("plan", "remote-1")


def test_a_view_of_the_owners_survives_the_replaced_table(tmp_path: Path) -> None:
    old_schemas.make(tmp_path / "videod.db", CHECKED)
    with closing(sqlite3.connect(tmp_path / "videod.db", isolation_level=None)) as connection:
        connection.execute("CREATE VIEW mine AS SELECT id, title FROM tasks WHERE status = 'published'")
    migrate(tmp_path / "videod.db")
    with closing(sqlite3.connect(tmp_path / "videod.db", isolation_level=None)) as connection:
        assert connection.execute("SELECT id FROM mine").fetchall() == [("owls-2",)]


def test_no_statement_lists_statuses() -> None:
    names = "|".join(status.value for status in Status)
    for file in sorted((ROOT / "videod").rglob("*.py")):
        found = re.findall(rf"'(?:{names})'\s*,\s*'(?:{names})'", file.read_text())
        assert not found, f"{file.name}: {found}; ask for a phase, or give statuses as a parameter"


def test_each_partial_index_of_open_episodes_is_used(connection: sqlite3.Connection) -> None:
    for name, where in (
        ("tasks_open", ""),
        ("tasks_in_work", "admitted = 1 AND"),
        ("tasks_waiting", "admitted = 0 AND"),
    ):
        query = f"SELECT id FROM tasks INDEXED BY {name} WHERE {where} phase <> 'closed'"
        assert connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
