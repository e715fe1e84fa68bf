"""The copies of the database: whole, made beside a writer, private, and only so many of them."""

import io
import sqlite3
import tarfile
from pathlib import Path

import pytest

from tests.cli.factory import a_full_studio
from videod import receipts
from videod.cli import main
from videod.store.schema import APPLICATION_ID


def backup(state: Path, *words: str) -> int:
    return main.run(["backup", "--state", str(state), *words])


def copies(state: Path) -> list[Path]:
    return sorted((state / "backups").iterdir())


def test_a_copy_made_beside_a_writer_is_whole_and_holds_all_that_was_committed(tmp_path: Path) -> None:
    a_full_studio(tmp_path, 20).close()
    writer = sqlite3.connect(tmp_path / "videod.db", isolation_level=None)
    try:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("UPDATE tasks SET title='committed' WHERE rowid=1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE tasks SET title='never committed' WHERE rowid=2")
        assert backup(tmp_path) == 0
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


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    a_full_studio(tmp_path, 1).close()
    for _ in range(4):
        assert backup(tmp_path, "--keep", "2") == 0
    kept = copies(tmp_path)
    assert len(kept) == 2
    assert backup(tmp_path, "--keep", "2") == 0
    assert copies(tmp_path)[0] == kept[1]


def test_a_damaged_database_gives_no_copy_and_costs_none(tmp_path: Path) -> None:
    a_full_studio(tmp_path, 20).close()
    assert backup(tmp_path, "--keep", "1") == 0
    before = copies(tmp_path)
    database = tmp_path / "videod.db"
    data = bytearray(database.read_bytes())
    data[4096 : len(data) // 2] = bytes(len(data) // 2 - 4096)
    database.write_bytes(data)
    assert backup(tmp_path, "--keep", "1") == 74
    assert copies(tmp_path) == before


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup(tmp_path) == 66
    assert "Name the state folder" in capsys.readouterr().err
    a_full_studio(tmp_path, 1).close()
    assert backup(tmp_path, "--into", str(tmp_path / "elsewhere")) == 0
    assert capsys.readouterr().out.startswith(str(tmp_path / "elsewhere" / "videod-"))
    assert backup(tmp_path, "--files") == 64


def test_an_archive_comes_back_whole_into_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    a_full_studio(tmp_path / "one", 3).close()
    (tmp_path / "one" / "tokens").mkdir()
    (tmp_path / "one" / "tokens" / "wild.token").write_text("sealed")
    archive = tmp_path / "videod.tar.gz"
    assert backup(tmp_path / "one", "--archive", str(archive)) == 0
    assert archive.stat().st_mode & 0o777 == 0o600
    assert backup(tmp_path / "one", "--archive", str(archive)) == 65  # never written over
    two = tmp_path / "two"
    argv = ["restore", str(archive), "--state", str(two), "--offline"]
    assert main.run([*argv, "--dry-run"]) == 0 and not two.exists()
    assert main.run(argv) == 0
    with sqlite3.connect(two / "videod.db") as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (3,)
    assert (two / "tokens" / "wild.token").read_text() == "sealed"
    assert main.run(argv) == 0  # once more: what was here is kept aside
    assert (two / "before-restore-1" / "videod.db").is_file()


@pytest.mark.parametrize("old", [False, True])
def test_the_notes_of_jobs_come_back_from_archives_of_any_version(tmp_path: Path, old: bool) -> None:
    (tmp_path / "one").mkdir()
    a_full_studio(tmp_path / "one", 3).close()
    with sqlite3.connect(tmp_path / "one" / "videod.db") as connection:
        channel, task = connection.execute("SELECT channel_id, id FROM tasks LIMIT 1").fetchone()
    workspace = tmp_path / "one" / "workspaces" / channel / task
    receipt = receipts.path_for(receipts.noted(workspace, "videos/clip_01.mp4"))
    if old:
        receipt = workspace / "videos" / "clip_01.mp4.job.json"
    receipt.parent.mkdir(parents=True)
    receipt.write_text('{"state": "intent"}')
    archive = tmp_path / "videod.tar.gz"
    assert backup(tmp_path / "one", "--archive", str(archive)) == 0
    two = tmp_path / "two"
    ours = two / "workspaces" / "wild" / "older" / "sfx" / "clip_01.mp3.job.json"  # here before, of an older version
    ours.parent.mkdir(parents=True)
    ours.write_text('{"state": "intent"}')
    assert main.run(["restore", str(archive), "--state", str(two), "--offline"]) == 0
    places = (two / "workspaces" / channel / task, "videos/clip_01.mp4"), (ours.parents[1], "sfx/clip_01.mp3")
    found = [receipts.read(receipts.noted(place, output)) for place, output in places]
    assert found == [receipts.Receipt(receipts.State.INTENT)] * 2


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "tokens/../../outside", "unknown.txt"])
def test_an_archive_of_another_writes_nothing_outside(tmp_path: Path, name: str) -> None:
    hostile = tmp_path / "hostile.tar.gz"
    with tarfile.open(hostile, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert main.run(["restore", str(hostile), "--state", str(tmp_path / "state")]) == 65
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hostile.tar.gz"]


def test_a_damaged_archive_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    a_full_studio(tmp_path / "one", 3).close()
    archive = tmp_path / "videod.tar.gz"
    assert backup(tmp_path / "one", "--archive", str(archive)) == 0
    whole = archive.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:200] + b"\0" * 64 + whole[264:], b"", b"no archive"):
        archive.write_bytes(damaged)
        assert main.run(["restore", str(archive), "--state", str(tmp_path / "two")]) == 65
        assert not (tmp_path / "two").exists()
