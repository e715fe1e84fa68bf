"""Finished episodes move into the archive, are read from there like all others, and nothing is lost or doubled."""

import gzip
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.factory import NOON, StudioBox, at_once
from tests.harness.dying import Killer
from tests.harness.pasts import DAY, archive, archived, deliver, opened, published, told
from videod.core.events import EntryQueued
from videod.core.likeness import Film
from videod.core.model import Priority
from videod.core.statuses import Status
from videod.daemon.archiver import REMARK
from videod.store import archives, archiving, films, happenings, in_full, readonly, reads, views


@pytest.fixture
def box(tmp_path: Path) -> Iterator[StudioBox]:
    made = opened(tmp_path)
    yield made
    made.close()


def _named(box: StudioBox, title: str) -> str:
    with closing(readonly.look(box.path)) as connection:
        (task,) = views.find(connection, title)
        return task.id


def test_everything_is_reported_archived_episodes_as_before(box: StudioBox) -> None:
    before = told(box.path)
    assert archive(box) == 3
    assert archived(box.path) == {_named(box, title) for title in ("Bears", "Owls", "Foxes")}
    assert told(box.path) == before
    with closing(readonly.look(box.path)) as connection:
        for table in ("jobs", "attempts", "intents", "charges", "history"):
            owners = connection.execute(
                f"SELECT DISTINCT task_id FROM {table} WHERE task_id IN (SELECT task_id FROM archived)"
            )
            assert owners.fetchall() == []
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert archive(box) == 0, "and once only"


def test_what_is_not_over_or_too_young_or_not_told_stays(box: StudioBox) -> None:
    assert archive(box, days=3650) == 0
    at_once(box.ledger.show(_named(box, "Owls"), ("Status",), box.clock.at))
    assert archive(box) == 2
    assert archived(box.path) == {_named(box, "Bears"), _named(box, "Foxes")}


def test_the_newest_rows_stay_so_that_no_id_is_given_twice(tmp_path: Path) -> None:
    made = StudioBox(tmp_path, at=NOON - 400 * DAY)
    for title in ("Bears", "Owls"):
        published(made, title)
    made.clock.at = NOON
    assert archive(made) == 1
    assert archived(made.path) == {_named(made, "Bears")}


def test_an_episode_whose_books_disagree_stays_where_audit_finds_it(box: StudioBox) -> None:
    task = _named(box, "Bears")
    at_once(box.store.write(lambda tx: tx.execute("UPDATE tasks SET cost_micros = 1 WHERE id = ?", (task,))))
    before = told(box.path)
    assert archive(box) == 2 and task not in archived(box.path)
    assert told(box.path) == before


def _lines(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()


def test_a_stranger_reads_the_archive_with_gzip_and_json(box: StudioBox) -> None:
    archive(box)
    lines = [line for path in (box.state / "archive").iterdir() for line in _lines(path)]
    bodies = {json.loads(line)["task"]["title"]: json.loads(line) for line in lines}
    assert set(bodies) == {"Bears", "Owls", "Foxes"}
    assert bodies["Bears"]["jobs"] and bodies["Bears"]["history"] and bodies["Bears"]["charges"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (box.state / "archive").iterdir())


@pytest.mark.parametrize("how", ["gone", "cut", "changed", "link"])
def test_a_lost_archive_names_the_file_and_what_to_do(box: StudioBox, how: str) -> None:
    archive(box)
    task = box.task(_named(box, "Bears"))
    with closing(readonly.look(box.path)) as connection:
        path = Path(archives.place(connection, task.id) or "")
        whole = path.read_bytes()
        path.unlink()
        if how == "cut":
            path.write_bytes(whole[:100])
        elif how == "changed":
            path.write_bytes(gzip.compress(b"{}" * 10_000) + whole)
        elif how == "link":
            (path.parent.parent / "elsewhere").write_bytes(whole)
            path.symlink_to(path.parent.parent / "elsewhere")
        with pytest.raises(archives.ArchiveError, match=f"{task.id} is archived in {path}.*back from a backup"):
            in_full.detail(connection, task, NOON)
        assert views.tasks(connection, (), None, 10), "all else is there"


def _again(box: StudioBox, title: str) -> str:
    """A person sets the entry to Queued."""
    task = box.task(_named(box, title))
    box.apply(EntryQueued(box.clock.at, task.page_id, task.channel_id, title, "bears", "", Priority.NORMAL, None))
    return task.id


def test_queued_again_an_archived_film_is_neither_made_nor_bought_again(box: StudioBox) -> None:
    archive(box)
    counted = at_once(box.store.read(happenings.counters))
    task = _again(box, "Bears")
    assert box.task(task).status is Status.PUBLISHED
    assert at_once(box.store.read(happenings.counters)) == counted, "what was counted once is not counted again"
    assert task not in archived(box.path), "something happened to it, so it is in the database again"
    assert {job.state.value for job in box.jobs(task).values()} == {"done"}
    box.clock.at += 100 * DAY
    box.bring_to(_named(box, "Otters"), Status.ASSETS_APPROVED)  # so that it is not the newest
    deliver(box)
    before = told(box.path)
    assert archive(box) == 1 and task in archived(box.path)
    assert told(box.path) == before


def test_an_archived_cancelled_episode_resumes_where_it_stopped(box: StudioBox) -> None:
    task = _named(box, "Otters")
    box.cancel(task)
    deliver(box)
    made = box.jobs(task)

    def done(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE jobs SET state = 'skipped' WHERE task_id = ? AND step = 'cleanup'", (task,))

    at_once(box.store.write(done))
    box.clock.at += 100 * DAY
    box.bring_to(box.queue("Storks"), Status.ASSETS_READY)
    deliver(box)
    archive(box)
    assert task in archived(box.path)
    _again(box, "Otters")
    assert box.task(task).status is not Status.CANCELLED
    assert {name: job.cost_micros for name, job in box.jobs(task).items()} == {
        name: job.cost_micros for name, job in made.items()
    }


def test_a_plan_or_film_of_the_archive_is_still_known(box: StudioBox) -> None:
    new = _named(box, "Otters")
    same = at_once(box.store.read(lambda tx: films.with_plan(tx, new, "0" * 64, "")))
    last = at_once(box.store.read(lambda tx: films.last(tx, "wild_earth", "new", 50)))
    assert same and [one.title for one in last] == ["Otters", "Foxes", "Bears"]
    archive(box)
    assert at_once(box.store.read(lambda tx: films.with_plan(tx, new, "0" * 64, ""))) == same
    assert at_once(box.store.read(lambda tx: films.last(tx, "wild_earth", "new", 50))) == last
    (sent,) = at_once(box.store.read(lambda tx: films.sent(tx, "new", "0" * 64, None)))
    assert isinstance(sent, Film) and sent.title == "Bears"


def test_rows_whose_files_lie_in_a_bucket_keep_their_page_for_the_next_link(box: StudioBox) -> None:
    task = _named(box, "Bears")

    def rows(connection: sqlite3.Connection) -> list[str]:
        query = "SELECT key FROM asset_pages WHERE key LIKE ? ORDER BY key"
        return [row[0] for row in connection.execute(query, (f"{task}/%",))]

    stored, *others = at_once(box.store.read(rows))
    insert = (
        "INSERT INTO objects (key, task_id, channel_id, place, name, sha256, stored_at) VALUES (?, ?, ?, ?, ?, ?, 1)"
    )
    values = (stored, task, "wild_earth", "bucket", "name", "0" * 64)
    at_once(box.store.write(lambda tx: tx.execute(insert, values).rowcount))
    assert others and archive(box) == 3
    assert at_once(box.store.read(rows)) == [stored]
    _again(box, "Bears")
    assert at_once(box.store.read(rows)) == sorted([stored, *others])


def test_a_folder_that_cannot_be_written_is_said_and_holds_up_nothing(box: StudioBox) -> None:
    (box.state / "archive").write_text("a file stands here")
    before = told(box.path)
    assert archive(box) == 0
    assert told(box.path) == before
    problems = at_once(box.store.read(views.problems))
    assert any("finished episodes cannot be archived" in one for one in problems)
    (box.state / "archive").unlink()
    assert archive(box) == 3
    assert at_once(box.store.read(lambda tx: reads.value(tx, REMARK))) == ""


def test_an_episode_that_changes_while_its_file_is_written_stays(
    box: StudioBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, write = _named(box, "Bears"), archives.line

    def meddled(folder: Path, one: archives.Pointer) -> bytes:
        monkeypatch.setattr(archives, "line", write)
        other = StudioBox(box.state)  # this is another thread
        _again(other, "Bears")
        other.close()
        return write(folder, one)

    monkeypatch.setattr(archives, "line", meddled)
    assert archive(box) == 2 and task not in archived(box.path)


# ------------------------------------------------------------------------------------------- kills


def _killed_at(box: StudioBox, number: int) -> bool:
    """Archive in a child that is killed at a step; False where it came to its end before."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            kill = Killer(number)
            box.store._connection.set_trace_callback(kill.step)
            for name in ("fsync", "open"):
                setattr(os, name, kill.before(getattr(os, name)))
            for name in ("rename", "unlink"):
                setattr(Path, name, kill.before(getattr(Path, name)))
            archive(box)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _titles_in_files(box: StudioBox) -> list[str]:
    files = sorted((box.state / "archive").iterdir())
    assert not [path for path in files if path.name.startswith(".")]
    return sorted(json.loads(line)["task"]["title"] for path in files for line in _lines(path))


def _killed_and_started_again(folder: Path, step: int, before: dict[str, object]) -> bool:
    """False: it came to its end before that step."""
    folder.mkdir()
    box = opened(folder)
    killed = _killed_at(box, step)
    assert told(box.path) == before, f"killed before step {step}"
    box.close()
    box = StudioBox(folder)  # the next daemon
    archive(box)
    assert told(box.path) == before, f"after a kill before step {step}"
    assert len(archived(box.path)) == 3
    assert _titles_in_files(box) == ["Bears", "Foxes", "Owls"], "a stranger finds each of them once"
    box.close()
    return killed


def test_a_kill_loses_nothing_and_doubles_nothing(box: StudioBox, tmp_path: Path) -> None:
    before = told(box.path)
    for step in (8, 30, 45, 60, 75):
        assert _killed_and_started_again(tmp_path / str(step), step, before)


@pytest.mark.long
def test_a_kill_at_any_step_loses_nothing_and_doubles_nothing(box: StudioBox, tmp_path: Path) -> None:
    before, step = told(box.path), 0
    while _killed_and_started_again(tmp_path / str(step), step, before):
        step += 1
    assert step > 75


def test_queued_again_an_episode_whose_archive_is_lost_says_so_on_its_entry(box: StudioBox) -> None:
    archive(box)
    for path in (box.state / "archive").iterdir():
        path.unlink()
    task = box.task(_named(box, "Bears"))
    applied = box.apply(
        EntryQueued(box.clock.at, task.page_id, task.channel_id, "Bears", "bears", "", Priority.NORMAL, None)
    )
    assert not applied.decision.accepted and "from a backup" in applied.decision.note
    message = at_once(box.store.read(lambda tx: reads.pending_message(tx, "entry", task.page_id)))
    assert message is not None and message.body["Status"] == "Published"
    assert "cannot be read: No such file" in str(message.body["Error Log"])
    assert task.id in archived(box.path) and box.task(task.id) == task


def test_a_new_archive_outlives_a_loss_of_power_before_anything_leaves_the_database(
    box: StudioBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content, then the file's name, then the folder's name in the state folder; only then rows are deleted."""
    done: list[str] = []
    real_fsync, real_rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        done.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        real_fsync(descriptor)

    def rename(self: Path, target: Path) -> Path:
        done.append(f"rename {target.name}")
        return real_rename(self, target)

    def put_away(*_: object) -> bool:
        done.append("delete")
        return False

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(archiving, "put_away", put_away)
    archive(box)
    first = done[: done.index("delete")]
    name = next(one for one in first if one.startswith("rename")).split()[1]
    assert first.index(f"fsync .{name}.part") < first.index(f"rename {name}")
    assert "fsync archive" in first[first.index(f"rename {name}") :]
    assert f"fsync {box.state.name}" in first
