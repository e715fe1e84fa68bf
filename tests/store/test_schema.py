"""The schema says the same as the code, refuses impossible rows, and damaged or newer files."""

import re
import sqlite3
from pathlib import Path

import pytest

from videod.core.statuses import JobState
from videod.store.database import DatabaseError
from videod.store.rows import JOB_COLUMNS, TASK_COLUMNS
from videod.store.schema import migrate, migrations, statements


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    migrate(tmp_path / "videod.db")
    return sqlite3.connect(tmp_path / "videod.db", isolation_level=None)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def test_tables_have_exactly_the_fields_of_their_values(connection: sqlite3.Connection) -> None:
    assert _columns(connection, "tasks") == set(TASK_COLUMNS)
    assert _columns(connection, "jobs") == set(JOB_COLUMNS)
    connection.close()


def test_the_check_knows_exactly_the_states_of_the_code() -> None:
    script = migrations()[0][1]
    state = re.search(r"CHECK \(state IN \(([^)]*)\)", script)
    assert state and set(re.findall(r"'(\w+)'", state[1])) == {one.value for one in JobState}


def test_every_table_is_strict_and_every_work_table_carries_its_channel(connection: sqlite3.Connection) -> None:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in names:
        sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
        assert sql.rstrip().endswith("STRICT"), name
    for name in ("tasks", "jobs", "attempts", "intents", "charges", "history", "outbox", "oauth_tokens"):
        assert "channel_id" in _columns(connection, name), name
    connection.close()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    assert migrate(tmp_path / "videod.db") == migrate(tmp_path / "videod.db") == migrations()[-1][0]
    assert (tmp_path / "videod.db").stat().st_mode & 0o777 == 0o600


def test_a_newer_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    migrate(tmp_path / "videod.db")
    connection = sqlite3.connect(tmp_path / "videod.db")
    connection.execute("PRAGMA user_version=9999")
    connection.close()
    with pytest.raises(DatabaseError, match="Install the newer videod"):
        migrate(tmp_path / "videod.db")


def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "videod.db"
    migrate(path)
    data = bytearray(path.read_bytes())
    data[100:4096] = bytes(3996)
    path.write_bytes(data)
    with pytest.raises(DatabaseError, match="cannot be used"):
        migrate(path)
    assert path.read_bytes()[: len(data)] == bytes(data)


def test_a_script_that_ends_within_a_statement_is_refused() -> None:
    with pytest.raises(ValueError, match="ends within"):
        statements("CREATE TABLE a (x);\nCREATE TABLE b (")
