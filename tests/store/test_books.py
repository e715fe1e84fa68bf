"""The books refuse what cannot be, even from whoever writes past the ledger."""

import math
import sqlite3
from pathlib import Path

import pytest

from tests.campaigns import old_schemas
from tests.harness import databases
from videod.store.schema import migrate

_INSERT = """
INSERT INTO charges (attempt_id, task_id, channel_id, job, service, kind, quantity, unit, micros, at)
VALUES (1, 't', 'c', 'plan/plan', :service, :kind, :quantity, :unit, :micros, 1)
"""
GOOD: dict[str, object] = {"service": "gemini", "kind": "plan", "quantity": 1.0, "unit": "piece", "micros": 20_000}


@pytest.fixture
def books(tmp_path: Path):
    path = tmp_path / "videod.db"
    migrate(path)
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.fault("12.1", "12.2")
@pytest.mark.parametrize(
    "wrong",
    [{"micros": -1}, {"micros": -(10**12)}, {"micros": 10**10 + 1}, {"micros": None}, {"micros": "-5"},
     {"micros": 0.5}, {"quantity": -1.0}, {"quantity": math.inf}, {"quantity": 1e10}, {"quantity": None},
     {"quantity": math.nan}, {"kind": ""}, {"kind": "x" * 65}, {"kind": "x" * 100_000}, {"unit": "x" * 65},
     {"service": ""}],
)  # fmt: skip
def test_a_charge_that_cannot_be_is_in_no_book(books: sqlite3.Connection, wrong: dict[str, object]) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        books.execute(_INSERT, GOOD | wrong)
    assert books.execute("SELECT count(*) FROM charges").fetchone() == (0,)


@pytest.mark.fault("12.2")
def test_a_charge_that_was_booked_is_never_changed(books: sqlite3.Connection) -> None:
    books.execute(_INSERT, GOOD)
    for change in ("micros = 0", "micros = -5", "kind = 'x'", "task_id = 'other'", "quantity = 7"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            books.execute(f"UPDATE charges SET {change}")
    books.execute("UPDATE charges SET at = 2")  # a clock that was set back


@pytest.mark.fault("12.2")
@pytest.mark.parametrize("table", ["intents", "possible_charges"])
def test_no_price_and_no_doubt_is_below_nothing(books: sqlite3.Connection, table: str) -> None:
    books.execute("PRAGMA foreign_keys=OFF")
    more = ("", "") if table == "intents" else (", job", ", 'plan/plan'")
    query = f"INSERT INTO {table} (attempt_id, task_id, channel_id, service, micros, at{more[0]})"
    with pytest.raises(sqlite3.IntegrityError, match="cannot be"):
        books.execute(f"{query} VALUES (1, 't', 'c', 'kie', -1, 1{more[1]})")
    books.execute(f"{query} VALUES (1, 't', 'c', 'kie', 1, 1{more[1]})")


@pytest.mark.fault("12.2")
def test_a_database_with_such_rows_of_an_older_version_opens_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "videod.db"
    old_schemas.make(path, 17)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE charges SET micros = -1000000, kind = ?", ("x" * 100_000,))
    migrate(path)
    databases.opened(path)
    assert sqlite3.connect(path).execute("SELECT DISTINCT micros FROM charges").fetchall() == [(-1_000_000,)]
