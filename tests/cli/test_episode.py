"""`videod open`, `logs`, `export`, `balance`: one episode's film, log and files, and what is left to spend."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.factory import a_full_studio
from videod.cli import main
from videod.store import reads
from videod.store.readonly import look

Out = pytest.CaptureFixture[str]


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    state.mkdir()
    a_full_studio(state, 20).close()
    return state


def published(state: Path) -> tuple[str, Path]:
    """A published episode's id, and its workspace with a file for every finished job."""
    connection = look(state / "videod.db")
    task = next(task for task in reads.recent_tasks(connection, 100) if task.youtube_url)
    workspace, digests = state / "workspaces" / task.channel_id / task.id, []
    for job in reads.jobs(connection, task.id):
        if job.output:
            (workspace / job.output).parent.mkdir(parents=True, exist_ok=True)
            (workspace / job.output).write_bytes(job.name.encode())
            digests.append((hashlib.sha256(job.name.encode()).hexdigest(), len(job.name), job.step, job.key, task.id))
    connection.close()
    with closing(sqlite3.connect(state / "videod.db", isolation_level=None)) as writer:
        writer.executemany("UPDATE jobs SET sha256 = ?, bytes = ? WHERE step = ? AND key = ? AND task_id = ?", digests)
    return task.id, workspace


def run(state: Path, *words: str) -> int:
    return main.run([*words, "--state", str(state)])


def test_the_film_the_folder_the_entry_and_the_page_on_youtube_are_named(studio: Path, capsys: Out) -> None:
    task, workspace = published(studio)
    for what, words in {
        "film": "film",
        "folder": str(workspace.absolute()),
        "board": "notion.so",
        "youtube": "youtu",
    }.items():
        assert run(studio, "open", task, what, "--print") == 0
        assert words in capsys.readouterr().out
    assert run(studio, "open", task, "--json") == 0
    assert Path(json.loads(capsys.readouterr().out)["place"]).is_file()


def test_what_is_not_there_yet_is_said_with_what_to_type(studio: Path, capsys: Out) -> None:
    task, workspace = published(studio)
    for path in sorted(workspace.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert run(studio, "open", task, "film", "--print") == 66
    told = capsys.readouterr().err
    assert "has no film yet" in told and f"videod why {task}" in told


def test_the_log_lines_of_one_episode_are_shown_and_no_other(studio: Path, tmp_path: Path, capsys: Out) -> None:
    task, _ = published(studio)
    lines = [
        {"at": "2026-11-30T10:00:00Z", "level": "info", "event": "runner_job_started", "task": task, "job": "plan"},
        {
            "at": "2026-11-30T10:00:01Z",
            "level": "info",
            "event": "runner_job_started",
            "task": "another-1",
            "job": "plan",
        },
        {
            "at": "2026-11-30T10:00:02Z",
            "level": "error",
            "event": "runner_job_failed",
            "task": task,
            "error": "\x1b[2Jbad",
        },
    ]
    log = tmp_path / "daemon.log"
    log.write_text("no JSON\n" + "".join(json.dumps(line) + "\n" for line in lines))
    assert run(studio, "logs", task, "--file", str(log)) == 0
    told = capsys.readouterr().out
    assert "runner_job_started" in told and "runner_job_failed" in told
    assert "another-1" not in told and "\x1b" not in told
    assert run(studio, "logs", task, "--file", str(log), "--level", "error", "--json") == 0
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["event"] == "runner_job_failed"
    assert run(studio, "logs", task, "--file", str(tmp_path / "none")) == 66
    assert run(studio, "logs", task, "--level", "loud") == 64


def test_an_export_holds_every_file_with_its_digest_and_what_was_paid(
    studio: Path, tmp_path: Path, capsys: Out
) -> None:
    task, workspace = published(studio)
    gone = next(path for path in workspace.rglob("*") if path.is_file())
    gone.unlink()
    folder = tmp_path / "export"
    assert run(studio, "export", task, str(folder), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["missing"] == [str(gone.relative_to(workspace))]
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert len(told["files"]) == len((folder / "SHA256SUMS").read_text().splitlines()) > 3
    assert json.loads((folder / "episode.json").read_text())["id"] == task
    assert run(studio, "export", task, str(folder)) == 65  # never into a folder that holds something


def test_a_link_in_the_workspace_is_not_exported(studio: Path, tmp_path: Path, capsys: Out) -> None:
    task, workspace = published(studio)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    swapped = next(path for path in workspace.rglob("*") if path.is_file())
    swapped.unlink()
    swapped.symlink_to(secret)
    assert run(studio, "export", task, str(tmp_path / "export"), "--json") == 0
    assert str(swapped.relative_to(workspace)) in json.loads(capsys.readouterr().out)["missing"]


def test_nothing_known_of_an_account_is_said(studio: Path, capsys: Out) -> None:
    assert run(studio, "balance", "--kept") == 0
    assert "No balance is known yet" in capsys.readouterr().out


def test_a_file_that_is_not_the_one_that_was_checked_is_left_out_and_named(
    studio: Path, tmp_path: Path, capsys: Out
) -> None:
    task, workspace = published(studio)
    same_size, larger = [path for path in sorted(workspace.rglob("*")) if path.is_file()][:2]
    same_size.write_bytes(b"x" * same_size.stat().st_size)
    larger.write_bytes(larger.read_bytes() + b"more")
    assert run(studio, "export", task, str(tmp_path / "export"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(told["changed"]) == sorted(str(path.relative_to(workspace)) for path in (same_size, larger))
    assert not (tmp_path / "export" / same_size.relative_to(workspace)).exists()


def test_a_folder_that_takes_no_file_is_said_and_no_file_counts_as_missing(
    studio: Path, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, _ = published(studio)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    assert run(studio, "export", task, str(tmp_path / "export")) == 74
    assert "cannot be written: No space left on device" in capsys.readouterr().err
