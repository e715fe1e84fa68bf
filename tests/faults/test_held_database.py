"""Another program holds the database: it is waited for off the loop, said in status, told past the database."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.virtual_loop import run_virtual
from videod.cli import main
from videod.core.alerts import Note
from videod.daemon.life import Life
from videod.daemon.lives import Lives, Record
from videod.daemon.lock import hold
from videod.daemon.others import Others
from videod.dashboard.running import daemon_of
from videod.ledger import Ledger, Wakeups
from videod.store import database as databases
from videod.store import reads
from videod.store.database import Database
from videod.store.resilient import Resilient
from videod.store.schema import migrate


@contextmanager
def held(path: Path, how: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """A database browser in the midst of a transaction."""
    other = sqlite3.connect(path, isolation_level=None, timeout=0)
    other.execute(how)
    try:
        yield
    finally:
        if other.in_transaction:
            other.execute("ROLLBACK")
        other.close()


class Harness:
    """The daemon's store over a real file; `seen` are the seconds that it was said to be held."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self.seen: list[float] = []
        self.beats = 0
        self.waited = asyncio.Event()
        self.store = Resilient(database, lambda: False, asyncio.sleep, self._beat, self._held)
        self.ledger = Ledger(self.store, lambda channel: None, Wakeups())

    def _beat(self) -> None:
        self.beats += 1

    def _held(self, seconds: float) -> None:
        self.seen.append(seconds)
        if self.beats > 2:
            self.waited.set()


def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own wait, which says nothing to anybody, is short."""
    short = "PRAGMA busy_timeout=5"
    pragmas = tuple(short if "busy_timeout" in one else one for one in databases._PRAGMAS)
    monkeypatch.setattr(databases, "_PRAGMAS", pragmas)
    monkeypatch.setattr(databases, "_PATIENCE", short)


@pytest.fixture
async def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Harness]:
    _impatient(monkeypatch)
    path = tmp_path / "videod.db"
    migrate(path)
    database = await Database.open(path)
    yield Harness(path, database)
    await database.close()


@pytest.mark.fault("13.7")
async def test_writes_wait_while_reads_go_on_and_nothing_is_lost(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        with held(harness.path):
            writing = [asyncio.create_task(harness.ledger.set_value(f"f{n}", str(n))) for n in range(20)]
            await harness.waited.wait()
            assert not any(task.done() for task in writing)
            assert await harness.store.read(lambda tx: reads.value(tx, "f1")) is None
        await asyncio.gather(*writing)
    assert [await harness.store.read(lambda tx, n=n: reads.value(tx, f"f{n}")) for n in range(20)] == [
        str(n) for n in range(20)
    ]
    assert harness.seen[-1] == 0 and harness.beats > 2
    events = [one.message for one in caplog.records]
    assert events == ["store_held_waiting", "store_held_recovered"]


@pytest.mark.fault("13.7")
async def test_a_program_that_lets_nobody_read_is_waited_for_as_well(tmp_path: Path, harness: Harness) -> None:
    await harness.store.close()
    other = sqlite3.connect(harness.path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
    other.execute("BEGIN EXCLUSIVE")
    other.execute("INSERT INTO key_values VALUES ('theirs', '1')")
    other.execute("COMMIT")
    opening = asyncio.create_task(_patiently(harness.path))
    await asyncio.sleep(0)
    other.close()
    database = await opening
    harness.store = Resilient(database, lambda: False, asyncio.sleep, harness._beat, harness._held)
    assert await harness.store.read(lambda tx: reads.value(tx, "theirs")) == "1"
    await database.close()


async def _patiently(path: Path) -> Database:
    from videod.daemon import assembly

    return await assembly._database(path, assembly.Ends(lambda why: None, lambda: None, []))


async def test_a_stop_does_not_wait_for_them(harness: Harness) -> None:
    with held(harness.path):
        writing = asyncio.create_task(harness.ledger.set_value("a", "1"))
        await harness.waited.wait()
        harness.store.stop_waiting()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await writing


@pytest.mark.fault("13.7")
def test_people_are_alerted_once_after_a_minute_and_status_says_it_within_seconds() -> None:
    sent: list[Note] = []
    beats: list[int] = []

    async def send(note: Note) -> None:
        sent.append(note)

    async def story() -> None:
        others = Others(Path("/state/videod.db"), send, lambda: beats.append(1))
        others.held(1)
        assert others.problems() == ()
        for seconds in range(5, 300, 5):
            others.held(seconds)
            await asyncio.sleep(5)
            assert len(sent) == (seconds >= 60)
            assert "fuser -v /state/videod.db" in others.problems()[0]
        others.held(0)
        assert others.problems() == ()
        for seconds in (30, 90, 120):
            others.held(seconds)
            await asyncio.sleep(5)
        assert len(sent) == 2  # another occurrence
        assert len(beats) > 50

    run_virtual(story())


def test_an_alert_that_fails_stops_nothing() -> None:
    async def fails(note: Note) -> None:
        raise RuntimeError("no way")

    async def story() -> None:
        others = Others(Path("/state/videod.db"), fails, lambda: None)
        others.held(90)
        await asyncio.sleep(60)
        assert len(others.problems()) == 1

    run_virtual(story())


@pytest.mark.fault("13.7")
async def test_what_is_wrong_stands_where_status_looks_although_the_database_is_held(tmp_path: Path) -> None:
    problems = ["another program holds the database", "key-1234567 in a text"]
    with hold(tmp_path) as lock:
        book = Lives((tmp_path,), lambda: 1_800_000_000_000, lambda text: text.replace("key-1234567", "(redacted)"))
        life = Life(lock, book, Record(), remarks=[lambda: problems])
        publishing = asyncio.create_task(life.publish())
        while not _told(tmp_path):
            await asyncio.sleep(0.01)
        assert _told(tmp_path) == ["another program holds the database", "(redacted) in a text"]
        lock.tell([f"{n} {'x' * 500}" for n in range(100)])
        assert 0 < len(_told(tmp_path)) < 10 and (tmp_path / "lock").stat().st_size <= 4096
        lock.tell(["short"])
        assert _told(tmp_path) == ["short"]
        publishing.cancel()


def _told(state: Path) -> list[str]:
    daemon = daemon_of(state)
    assert daemon is not None
    return list(daemon.problems)


@pytest.mark.fault("13.7")
def test_a_command_says_who_keeps_it_waiting_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    migrate(state / "videod.db")
    (tmp_path / "channels").mkdir()
    config = tmp_path / "videod.toml"
    config.write_text(f'[paths]\nchannels = "{tmp_path / "channels"}"\n')
    _impatient(monkeypatch)
    command = ["pause", "kie", "--state", str(state), "--config", str(config)]
    with held(state / "videod.db"):
        assert main.run(command) == 75
    assert "another program holds the database" in capsys.readouterr().err
    assert main.run(command) == 0
