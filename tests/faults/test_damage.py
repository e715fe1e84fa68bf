"""Damaged databases; `python -m tests.campaigns damage` does more of it with the real program."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.campaigns.damage import CAMPAIGN
from tests.cli.factory import a_full_studio
from tests.faults.campaign import short
from videod.cli import client, output
from videod.cli.main import run
from videod.store import soundness
from videod.store.database import DatabaseError
from videod.store.schema import migrate


@pytest.mark.live
@pytest.mark.long
def test_seventy_damages_are_refused_or_only_content(tmp_path: Path) -> None:
    found = short(CAMPAIGN, tmp_path, variants=70, real=2, seed=3)
    assert isinstance(found["refused"], int) and found["refused"] >= 45


@pytest.fixture
def bad_index(tmp_path: Path) -> Path:
    """A database in which one byte of an index is wrong, so that only the full check sees it."""
    a_full_studio(tmp_path, 20).close()
    path = tmp_path / "videod.db"
    whole, chance = path.read_bytes(), random.Random(5)
    for _ in range(20_000):
        data = bytearray(whole)
        data[chance.randrange(4096, len(data))] ^= 0xFF
        path.write_bytes(data)
        if _check(path, "quick_check") == "ok" and _check(path, "integrity_check") != "ok":
            return path
    raise AssertionError("no such byte was found")


def _check(path: Path, name: str) -> str:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return str(connection.execute(f"PRAGMA {name}(1)").fetchone()[0])
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # what it says may quote the wrong byte
        return str(error)


def test_a_flipped_byte_in_an_index_is_found_at_the_start(bad_index: Path) -> None:
    with pytest.raises(DatabaseError, match="damaged"):
        migrate(bad_index)


def test_a_large_file_is_checked_quickly_and_its_indexes_by_the_backup(bad_index: Path) -> None:
    assert soundness.complaints(bad_index, full=1000) == []
    argv = [sys.executable, "-m", "videod", "backup", "--state", bad_index.parent]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 74 and "videod.db is damaged" in done.stderr
    assert not list(bad_index.parent.glob("backups/*"))


def test_a_start_that_finds_its_database_gone_does_not_begin_again(tmp_path: Path) -> None:
    (tmp_path / "workspaces" / "wild").mkdir(parents=True)
    with pytest.raises(DatabaseError, match=r"is missing.*There is no good copy"):
        migrate(tmp_path / "videod.db")
    assert not (tmp_path / "videod.db").exists()


def test_another_program_s_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "videod.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name)")
    data = path.read_bytes()
    with pytest.raises(DatabaseError, match="Is it videod's"):
        migrate(path)
    assert path.read_bytes() == data


def test_a_table_that_lost_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "videod.db"
    migrate(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE key_values RENAME COLUMN value TO worth")
    with pytest.raises(DatabaseError, match="key_values is not as schema"):
        migrate(path)


def test_a_disk_that_cannot_be_opened_is_not_called_damage(tmp_path: Path) -> None:
    (tmp_path / "videod.db").mkdir()
    (tmp_path / "videod.db" / "file").write_text("so that it is not empty")
    with pytest.raises(DatabaseError, match="Look at the disk first"):
        migrate(tmp_path / "videod.db")


def test_a_row_that_reads_as_nonsense_is_one_line_where_the_file_is_damaged(
    bad_index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumble(*_: object) -> None:
        raise KeyError("no such status")

    monkeypatch.setattr("videod.cli.status.views.overview", stumble)
    assert run(["status", "--state", str(bad_index.parent)]) == output.DOWN
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "it is damaged" in said and "videod run" in said


def test_the_same_nonsense_in_a_whole_file_is_a_bug_and_shown_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_full_studio(tmp_path, 1).close()
    with pytest.raises(KeyError), client.looking(client.Place(tmp_path, tmp_path / "videod.toml")):
        raise KeyError("no such status")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("UPDATE jobs SET state = 'reddy' WHERE state = 'ready'", "CHECK constraint failed in jobs"),
        ("UPDATE tasks SET status = 'publishec' WHERE status = 'queued'", "the status 'publishec'"),
        ("UPDATE tasks SET phase = 'closed' WHERE status = 'queued'", "the status 'queued', phase 'closed'"),
    ],
)
def test_a_row_that_its_table_forbids_is_found_by_the_start_and_the_backup(tmp_path: Path, bad: str, told: str) -> None:
    a_full_studio(tmp_path, 20).close()
    path = tmp_path / "videod.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.execute(bad)
    with pytest.raises(DatabaseError, match=told):
        migrate(path)
    argv = [sys.executable, "-m", "videod", "backup", "--state", tmp_path]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 74


def test_the_look_at_a_large_file_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_full_studio(tmp_path, 20).close()
    path = tmp_path / "videod.db"
    monkeypatch.setattr(soundness, "QUICK_S", 60.0)
    assert any(_complains(path, page) for page in range(2, 40))
    monkeypatch.setattr(soundness, "QUICK_S", -1.0)
    assert soundness.complaints(path, full=1000) == []


def _complains(path: Path, page: int) -> bool:
    """Zero a page; whether the quick check says so, in words and not by failing."""
    whole = path.read_bytes()
    path.write_bytes(whole[: page * 4096] + bytes(4096) + whole[(page + 1) * 4096 :])
    try:
        if soundness.complaints(path, full=1000):
            return True
    except sqlite3.DatabaseError:
        pass
    path.write_bytes(whole)
    return False
