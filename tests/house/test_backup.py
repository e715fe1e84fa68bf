"""The copies of the database: whole, made beside a writer, private, and only so many of them."""

import importlib.util
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.cli.factory import a_full_studio
from videod.store.schema import APPLICATION_ID

PROGRAM = Path(__file__).parents[2] / "systemd" / "backup.py"


@pytest.fixture
def backup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("backup_program", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copies(state: Path) -> list[Path]:
    return sorted((state / "backups").iterdir())


def test_a_copy_made_beside_a_writer_is_whole_and_holds_all_that_was_committed(
    tmp_path: Path, backup: ModuleType
) -> None:
    a_full_studio(tmp_path, 20).close()
    writer = sqlite3.connect(tmp_path / "videod.db", isolation_level=None)
    try:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("UPDATE tasks SET title='committed' WHERE rowid=1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE tasks SET title='never committed' WHERE rowid=2")
        assert backup.main(["--state", str(tmp_path)]) == 0
        writer.execute("ROLLBACK")
    finally:
        writer.close()
    (made,) = copies(tmp_path)
    assert made.stat().st_mode & 0o777 == 0o600
    copy = sqlite3.connect(made)
    try:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert copy.execute("PRAGMA user_version").fetchone()[0] >= 1
        titles = [row[0] for row in copy.execute("SELECT title FROM tasks")]
    finally:
        copy.close()
    assert len(titles) == 20
    assert titles.count("committed") == 1
    assert "never committed" not in titles


def test_only_the_newest_copies_are_kept(tmp_path: Path, backup: ModuleType) -> None:
    a_full_studio(tmp_path, 1).close()
    for _ in range(4):
        assert backup.main(["--state", str(tmp_path), "--keep", "2"]) == 0
    kept = copies(tmp_path)
    assert len(kept) == 2
    assert backup.main(["--state", str(tmp_path), "--keep", "2"]) == 0
    assert copies(tmp_path)[0] == kept[1]


def test_a_damaged_database_gives_no_copy_and_costs_none(tmp_path: Path, backup: ModuleType) -> None:
    a_full_studio(tmp_path, 20).close()
    assert backup.main(["--state", str(tmp_path), "--keep", "1"]) == 0
    before = copies(tmp_path)
    database = tmp_path / "videod.db"
    data = bytearray(database.read_bytes())
    data[4096 : len(data) // 2] = bytes(len(data) // 2 - 4096)
    database.write_bytes(data)
    assert backup.main(["--state", str(tmp_path), "--keep", "1"]) == 74
    assert copies(tmp_path) == before


def test_the_program_runs_by_itself_and_says_what_is_missing(tmp_path: Path) -> None:
    argv = [sys.executable, PROGRAM, "--state", tmp_path]
    missing = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (missing.returncode, missing.stdout) == (66, "")
    assert "name the state folder" in missing.stderr
    assert subprocess.run([sys.executable, PROGRAM], capture_output=True, check=False).returncode == 64
    a_full_studio(tmp_path, 1).close()
    done = subprocess.run([*argv, "--into", tmp_path / "elsewhere"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith(str(tmp_path / "elsewhere" / "videod-"))
