"""Kept snapshots are believed only while nothing was written since."""

import sqlite3
from pathlib import Path

import pytest

from tests.simulation.plants import policy
from videod.core.events import EntryQueued, JobStarted
from videod.core.model import Priority
from videod.ledger import Ledger, Wakeups
from videod.store import reads, snapshots
from videod.store.database import InlineDatabase
from videod.store.schema import migrate


def entry(number: int, at: int = 1) -> EntryQueued:
    return EntryQueued(at, f"page-{number}", "a", f"Film {number}", "topic", "way", Priority.NORMAL, None)


class Studio:
    """A ledger on a real file, and the statements its connection ran."""

    def __init__(self, path: Path) -> None:
        migrate(path)
        self.store = InlineDatabase(path)
        self.ledger = Ledger(self.store, {"a": policy("a")}.get, Wakeups())
        self.statements: list[str] = []

    async def watch(self) -> None:
        await self.store.read(lambda connection: connection.set_trace_callback(self.statements.append))

    def job_reads(self) -> int:
        return sum(text.startswith("SELECT * FROM jobs") for text in self.statements)

    async def truth(self, task_id: str) -> tuple[object, object]:
        return await self.store.read(lambda tx: (reads.task(tx, task_id), reads.jobs(tx, task_id)))


async def test_what_is_kept_is_what_the_rows_say_after_every_event(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "videod.db")
    task = (await studio.ledger.apply(entry(1))).task
    assert task is not None
    assert await studio.ledger.look(task.id) == await studio.truth(task.id)
    started = await studio.ledger.apply(JobStarted(2, task.id, "plan/plan", "digest"))
    seen, jobs = await studio.ledger.look(task.id)
    assert (seen, jobs) == await studio.truth(task.id)
    assert jobs[0].attempt == started.attempt
    await studio.store.close()


async def test_looking_again_reads_no_rows(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "videod.db")
    task = (await studio.ledger.apply(entry(1))).task
    assert task is not None
    await studio.watch()
    await studio.ledger.look(task.id)
    assert studio.job_reads() == 0
    await studio.store.close()


async def test_a_transaction_that_fails_after_the_decision_leaves_nothing_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(tmp_path / "videod.db")
    task = (await studio.ledger.apply(entry(1))).task
    assert task is not None
    keep = snapshots.Snapshots.wrote

    def keeps_and_breaks(self: snapshots.Snapshots, *arguments: object) -> None:
        keep(self, *arguments)  # type: ignore[arg-type]
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(snapshots.Snapshots, "wrote", keeps_and_breaks)
        with pytest.raises(sqlite3.OperationalError):
            await studio.ledger.apply(JobStarted(2, task.id, "plan/plan", "digest"))
    seen, jobs = await studio.ledger.look(task.id)
    assert (seen, jobs) == await studio.truth(task.id)
    assert jobs[0].attempt == 0
    assert (await studio.ledger.apply(JobStarted(3, task.id, "plan/plan", "digest"))).attempt == 1
    await studio.store.close()


async def test_a_row_that_another_writer_changed_with_its_history_is_read_again(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "videod.db")
    task = (await studio.ledger.apply(entry(1))).task
    assert task is not None
    other = Ledger(studio.store, {"a": policy("a")}.get, Wakeups())
    await other.apply(JobStarted(2, task.id, "plan/plan", "digest"))
    assert await studio.ledger.look(task.id) == await studio.truth(task.id)
    await studio.store.close()


async def test_no_more_tasks_are_kept_than_have_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "KEPT", 2)
    studio = Studio(tmp_path / "videod.db")
    tasks = [(await studio.ledger.apply(entry(number))).task for number in range(3)]
    await studio.watch()
    for task in reversed(tasks):
        assert task is not None
        await studio.ledger.look(task.id)
    assert studio.job_reads() == 1
    await studio.store.close()


async def test_a_reader_that_is_behind_takes_no_newer_snapshot_away(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "videod.db")
    task = (await studio.ledger.apply(entry(1))).task
    assert task is not None
    behind = sqlite3.connect(tmp_path / "videod.db", isolation_level=None)
    behind.row_factory = sqlite3.Row
    behind.execute("BEGIN")
    assert reads.task(behind, task.id) is not None  # from here on it sees this moment only
    await studio.ledger.apply(JobStarted(2, task.id, "plan/plan", "digest"))
    _, jobs = studio.ledger._snapshots.look(behind, task.id)
    assert jobs[0].attempt == 0
    behind.close()
    await studio.watch()
    assert (await studio.ledger.look(task.id))[1][0].attempt == 1
    assert studio.job_reads() == 0
    await studio.store.close()


async def test_an_unknown_task_has_no_jobs(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "videod.db")
    assert await studio.ledger.look("nothing") == (None, ())
    await studio.store.close()
