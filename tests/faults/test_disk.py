"""A full disk: work pauses and says so, nothing is lost or bought twice, and it continues automatically (promise
P10)."""

import asyncio
import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts import create_composite, create_split_screen, cut_clip, generate_asset
from scripts.lib import atomic, http, receipt
from scripts.lib.failures import Failure, Kind
from tests.faults import mounts
from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from tests.scripts import media
from tests.scripts.conftest import Run, clip, picture, png, run, wire
from tests.scripts.wire import Wire
from videod.adapters.disk import MB, Disk, Room, unusable
from videod.core.statuses import Status
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.core.told import DISK_ALERT
from videod.daemon.disk_watch import DiskWatch, shortage
from videod.daemon.wal_watch import WalWatch
from videod.ledger import Ledger, Wakeups
from videod.store import readonly, reads, views
from videod.store.database import Database, InlineDatabase
from videod.store.resilient import Resilient
from videod.store.schema import migrate
from videod.store.wal import log_bytes
from videod.web.requests import Refused, RequestHandler

__all__ = ["clip", "picture", "run", "wire"]  # fixtures of the scripts' own tests

GB = 1000 * MB


# ------------------------------------------------------------------------------------------------ when to pause


@pytest.mark.parametrize(
    ("free", "files", "missing", "held", "short"),
    [
        (1_000 * MB, None, 0, False, False),
        (999 * MB, None, 0, False, True),
        (1_200 * MB, None, 0, True, True),  # a pause ends a quarter above its begin
        (1_250 * MB, None, 0, True, False),
        (1_100 * MB, None, 200 * MB, False, True),  # what the reserve gave up is no space
        (9 * GB, 1_999, 0, False, True),
        (9 * GB, 2_000, 0, False, False),
    ],
)
def test_a_pause_begins_below_the_least_free_space_and_ends_clearly_above_it(
    free: int, files: int | None, missing: int, held: bool, short: bool
) -> None:
    found = shortage(Room(free, 100 * GB, files), missing, 1_000 * MB, held)
    assert (found is not None) == short


@pytest.mark.fault("13.14")
def test_a_limit_on_the_size_of_files_is_named_with_what_to_do() -> None:
    found = shortage(Room(90 * GB, 100 * GB, None, 20 * MB), 200 * MB, 1_000 * MB, held=False)
    assert found is not None
    reason = found.of(Path("/state"))
    assert reason.startswith("files are limited to 20 MB by the host (ulimit -f). Raise the limit to 1000 MB")
    assert "free some" not in reason and "disk" not in reason
    assert shortage(Room(90 * GB, 100 * GB, None, 2 * GB), 0, 1_000 * MB, held=False) is None
    assert shortage(Room(90 * GB, 100 * GB, None, 100 * MB), 0, 0, held=False) is not None


#: starts of a program of few lines under a limit, since a process cannot take one back
LIMITED = """
import resource, sys
from pathlib import Path
from videod.adapters import disk
soft, hard = int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
disk.lift_file_limit()
print(disk.unusable(Path(sys.argv[1])))
print(disk.room(Path(sys.argv[1])).largest)
print(disk.Disk(Path(sys.argv[1]), lambda: 9 * disk.MB).make_reserve())
"""


@pytest.mark.fault("13.14")
@pytest.mark.parametrize(
    ("soft", "hard", "words"),
    [
        (2_000_000, 2_000_000, ["files are limited to 2 MB by the host (ulimit -f). Raise", "2000000", "False"]),
        (2_000_000, 8_000_000, ["None", "8000000", "False"]),
        (2_000_000, -1, ["None", "None", "True"]),
        (0, 0, ["files are limited to 0 MB by the host", "0", "False"]),
    ],
)
def test_a_start_takes_what_the_host_allows_and_names_a_limit_that_leaves_too_little(
    tmp_path: Path, soft: int, hard: int, words: list[str]
) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path), str(soft), str(hard)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert [line[: len(word)] for line, word in zip(lines, words, strict=True)] == words


def test_a_pause_for_a_database_without_room_ends_only_with_some_space_even_where_no_least_is_set() -> None:
    assert shortage(Room(2 * MB, GB, None), 0, 0, held=False) is None
    assert shortage(Room(2 * MB, GB, None), 0, 0, held=True) is not None


@dataclass
class Ground:
    """A disk that a test fills and empties."""

    free: int = 50 * GB
    reserve: int = 200 * MB
    missed: int = 0
    gone_because: str | None = None
    made: list[int] = field(default_factory=list)

    def room(self) -> Room:
        return Room(self.free, 100 * GB, None)

    def missing(self) -> int:
        return self.missed

    async def keep_reserve(self) -> bool:
        self.made.append(self.missed)
        self.free -= self.missed
        self.missed = 0
        return True

    def gone(self) -> str | None:
        return self.gone_because


def watch_of(
    world: World, ground: Ground, ended: list[str] | None = None, full: asyncio.Event | None = None
) -> DiskWatch:
    return DiskWatch(
        world.folder / "state", ground, world.ledger, world.store, world.clock, lambda: 1_000 * MB,
        full or asyncio.Event(), (ended if ended is not None else []).append,
    )  # fmt: skip


async def held(world: World) -> list[Suspension]:
    return [
        row
        for row in await world.store.read(lambda tx: reads.suspensions(tx, world.clock.now_ms()))
        if row.cause == "disk"
    ]


def test_a_disk_that_fills_in_the_midst_of_films_pauses_everything_tells_people_once_and_continues(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        ground = Ground()
        async with World(tmp_path, policies={"wild": policy(clips=8, images=9)}) as world:
            watching = asyncio.create_task(watch_of(world, ground).run())
            for index in range(3):
                await world.queue(f"Film {index}")
            await world.clock.sleep(60)
            ground.free = 312 * MB
            await world.clock.sleep(1800)
            (pause,) = await held(world)
            assert pause.service == EVERY_SERVICE and pause.until_ms is None
            assert (
                "has 312 MB left (work resumes at 1250 MB). Free some" in pause.detail and str(tmp_path) in pause.detail
            )
            assert world.scheduler.children() == []  # what ran has ended, nothing new began
            before = world.vendors.usd
            ground.free = 1_240 * MB  # more than the least, less than enough
            await world.clock.sleep(600)
            assert await held(world) and world.vendors.usd == before
            ground.free = 9 * GB
            await world.rest(20_000)
            await check(world)
            assert await held(world) == []
            assert len([text for text in world.notifier.sent if "videod is paused" in text]) == 1
            watching.cancel()

    run_virtual(story())


def test_a_pause_outlives_a_restart_and_is_lifted_by_the_next_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        ground = Ground(free=5 * MB)
        async with World(tmp_path) as world:
            watching = asyncio.create_task(watch_of(world, ground).run())
            await world.queue("Film")
            await world.clock.sleep(60)
            watching.cancel()
            await world.stop()
            await world.start()
            await world.clock.sleep(600)
            assert len(await held(world)) == 1
            assert {task.status for task in await world.tasks()} <= {Status.QUEUED, Status.GENERATING_ASSETS}
            with pytest.raises(Refused, match="disk is full"):
                await RequestHandler(world.ledger, world.store, world.clock, "test").resume("all", None)
            ground.free = 9 * GB
            watching = asyncio.create_task(watch_of(world, ground).run())
            await world.rest(20_000)
            await check(world)
            assert len([text for text in world.notifier.sent if "videod is paused" in text]) == 1
            watching.cancel()

    run_virtual(story())


def test_a_database_without_room_pauses_at_once_and_the_reserve_is_regenerated_before_work_continues(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        ground, full = Ground(), asyncio.Event()
        async with World(tmp_path) as world:
            watch = watch_of(world, ground, full=full)
            await watch.look()
            ground.free, ground.missed = 900 * MB, 200 * MB  # the store has just given the reserve up
            full.set()
            await watch.look()
            (pause,) = await held(world)
            assert "700 MB left" in pause.detail
            ground.free = 1_300 * MB
            await watch.look()
            assert ground.made == [] and len(await held(world)) == 1
            ground.free = 1_500 * MB
            await watch.look()
            assert ground.made == [200 * MB] and await held(world) == []

    run_virtual(story())


def test_a_state_folder_that_is_gone_ends_the_daemon_before_anything_is_written_in_its_place(tmp_path: Path) -> None:
    async def story() -> None:
        ended: list[str] = []
        ground = Ground(gone_because="the state folder is gone")
        async with World(tmp_path) as world:
            await watch_of(world, ground, ended).look()
            assert ended == ["the state folder is gone. Mount it again and start videod. Nothing was written elsewhere"]
            assert await held(world) == []

    run_virtual(story())


# ------------------------------------------------------------------------------------------------ the database


async def _set(ledger: Ledger, name: str, size: int) -> None:
    await ledger.set_value(name, os.urandom(size // 2).hex())


class Tight:
    """A real database that may grow to so many pages only; `sleep` and `make_room` let it grow."""

    def __init__(self, path: Path) -> None:
        migrate(path)
        self.inner = InlineDatabase(path)
        self.slept: list[float] = []
        self.reserve = 0
        self.allow(0)

    def allow(self, pages: int) -> None:
        connection = self.inner._connection
        used = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={used + pages:d}")

    def make_room(self) -> bool:
        had, self.reserve = self.reserve, 0
        self.allow(had)
        return had > 0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == 3:
            self.allow(100)


async def test_a_transaction_without_room_gets_the_reserve_and_is_done_once(tmp_path: Path) -> None:
    tight = Tight(tmp_path / "videod.db")
    tight.reserve = 100
    store = Resilient(tight.inner, tight.make_room, tight.sleep)
    await store.write(lambda tx: tx.execute("INSERT INTO key_values VALUES ('a', ?)", ("x" * 50_000,)).rowcount)
    assert tight.slept == [] and store.full.is_set()
    assert await store.read(lambda tx: tx.execute("SELECT count(*) FROM key_values").fetchone()[0]) == 1
    await store.close()


async def test_on_a_disk_that_stays_full_a_transaction_waits_feeds_the_watchdog_and_is_done_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tight, fed = Tight(tmp_path / "videod.db"), []
    store = Resilient(tight.inner, tight.make_room, tight.sleep, lambda: fed.append(1))
    with caplog.at_level("INFO"):
        await _set(Ledger(store, lambda channel: None, Wakeups()), "a", 50_000)
    assert len(tight.slept) == len(fed) == 3
    assert [record.message for record in caplog.records] == ["store_full_waiting", "store_full_recovered"]
    assert await store.read(lambda tx: len(reads.value(tx, "a") or "")) == 50_000
    assert await store.read(lambda tx: tx.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
    await store.close()


async def test_a_process_that_is_about_to_end_waits_for_no_space(tmp_path: Path) -> None:
    tight = Tight(tmp_path / "videod.db")
    store = Resilient(tight.inner, tight.make_room, tight.sleep)
    store.stop_waiting()
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await _set(Ledger(store, lambda channel: None, Wakeups()), "a", 50_000)
    assert tight.slept == []
    await store.close()


async def test_any_other_trouble_of_the_database_is_not_waited_for(tmp_path: Path) -> None:
    tight = Tight(tmp_path / "videod.db")
    store = Resilient(tight.inner, tight.make_room, tight.sleep)
    with pytest.raises(sqlite3.IntegrityError):
        await store.write(lambda tx: tx.execute("INSERT INTO key_values VALUES ('a', NULL)").rowcount)
    assert tight.slept == [] and not store.full.is_set()
    await store.close()


async def test_on_a_file_system_without_a_free_byte_the_reserve_saves_the_transaction(tmp_path: Path) -> None:
    with mounts.small(tmp_path / "state", 30) as state:
        assert unusable(state) is None
        disk = Disk(state, lambda: 200 * MB)
        assert disk.make_reserve() and disk.missing() == 0
        migrate(state / "videod.db")
        database = await Database.open(state / "videod.db")
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            (state / "ballast").unlink()

        store = Resilient(database, disk.make_room, sleep)
        ledger = Ledger(store, lambda channel: None, Wakeups())
        mounts.fill_up(state / "ballast")
        for number in range(60):  # 6 MB: more than the reserve of a twentieth
            await _set(ledger, f"fact {number}", 100_000)
        assert len(slept) == 1 and disk.missing() > 0
        assert await store.read(lambda tx: tx.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
        assert await store.read(lambda tx: tx.execute("SELECT count(*) FROM key_values").fetchone()[0]) == 60
        await store.close()


def test_the_reserve_is_really_allocated_and_takes_a_twentieth_at_most(tmp_path: Path) -> None:
    disk = Disk(tmp_path, lambda: 20 * MB)
    assert disk.missing() == 20 * MB and disk.make_reserve() and disk.missing() == 0
    found = (tmp_path / "reserve").stat()
    assert found.st_size == 20 * MB and found.st_blocks * 512 >= 20 * MB
    assert disk.make_room() and not disk.make_room() and disk.missing() == 20 * MB
    with mounts.small(tmp_path / "small", 20) as small:
        assert Disk(small, lambda: 200 * MB).missing() == (20 << 20) // 20
    assert disk.make_reserve() and Disk(tmp_path, lambda: 0).missing() == -20 * MB
    assert Disk(tmp_path, lambda: 0).make_reserve() and not (tmp_path / "reserve").exists()


def test_a_start_on_a_full_disk_gives_up_the_reserve_and_without_one_says_what_to_do(tmp_path: Path) -> None:
    with mounts.small(tmp_path / "state", 200) as state:
        assert Disk(state, lambda: 8 * MB).make_reserve()
        mounts.fill_up(state / "ballast")
        assert unusable(state) is None
        assert not (state / "reserve").exists()
        mounts.fill_up(state / "ballast")
        assert "too little to start" in (unusable(state) or "")


# ------------------------------------------------------------------------------------------------ the log of the writer


async def test_a_reader_that_never_ends_is_made_known_and_afterwards_the_log_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "videod.db"
    migrate(path)
    database = await Database.open(path)
    ledger = Ledger(database, lambda channel: None, Wakeups())
    watch = WalWatch(path, ledger, database.move_log, long_bytes=6 * MB, short_bytes=MB)
    stuck = readonly.look(path)
    try:
        stuck.execute("BEGIN")
        stuck.execute("SELECT count(*) FROM key_values").fetchone()
        for number in range(80):
            await _set(ledger, f"fact {number % 4}", 100_000)
        await watch.look()
        assert log_bytes(path) > 6 * MB
        assert "reads the database endlessly" in await database.read(lambda tx: views.problems(tx)[0])
        stuck.execute("COMMIT")
        await watch.look()
        assert log_bytes(path) < MB
        assert await database.read(views.problems) == ()
    finally:
        stuck.close()
        await database.close()


async def test_a_quiet_house_has_a_log_cut_to_nothing_and_a_busy_one_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "videod.db"
    migrate(path)
    database = await Database.open(path)
    ledger = Ledger(database, lambda channel: None, Wakeups())
    watch = WalWatch(path, ledger, database.move_log, short_bytes=MB)
    await _set(ledger, "a", 2_000_000)
    await watch.look()
    assert log_bytes(path) > MB  # it grew since the last look
    await watch.look()
    assert log_bytes(path) < MB
    assert await database.write(lambda tx: tx.execute("PRAGMA busy_timeout").fetchone()[0]) == 5000
    await database.close()


async def test_no_screen_holds_a_read_transaction_after_its_look(tmp_path: Path) -> None:
    """The log can be cut while the connections of `status`, `watch` and the API stay open."""
    path = tmp_path / "videod.db"
    migrate(path)
    database = await Database.open(path)
    screen = readonly.look(path)
    try:
        views.overview(screen, 0)
        views.data_version(screen)
        views.find(screen, "nothing")
        await _set(Ledger(database, lambda channel: None, Wakeups()), "a", 100_000)
        views.overview(screen, 0)
        await database.read(lambda tx: views.overview(tx, 0))
        assert await database.move_log()
        assert log_bytes(path) == 0
    finally:
        screen.close()
        await database.close()


# ------------------------------------------------------------------------------------------------ scripts


def _composite(full: Path, rest: Path) -> tuple[object, ...]:
    (rest / "a.png").write_bytes(png(1920, 1080))
    return create_composite.main, "--image", rest / "a.png", "--output", full / "out.png"


def _split(full: Path, rest: Path) -> tuple[object, ...]:
    (rest / "a.png").write_bytes(png(1920, 1080))
    return create_split_screen.main, "--left", rest / "a.png", "--right", rest / "a.png", "--output", full / "out.png"


def _cut(full: Path, rest: Path) -> tuple[object, ...]:
    media.clip(rest / "clip.mp4", 2.0)
    media.speech(rest / "voice.mp3", 1.0)
    return cut_clip.main, "--video", rest / "clip.mp4", "--audio", rest / "voice.mp3", "--output", full / "out.mov"


@pytest.mark.live
@pytest.mark.parametrize("made", [_composite, _split, _cut], ids=lambda one: one.__name__[1:])
def test_a_script_that_finds_no_room_says_so_and_leaves_nothing_behind(
    tmp_path: Path, run: Run, made: Callable[[Path, Path], tuple[object, ...]]
) -> None:
    with mounts.small(tmp_path / "full", 4) as full:
        words = made(full, tmp_path)
        mounts.fill_up(full / "ballast")
        ran = run(*words)
        assert (ran.code, ran.failure["kind"]) == (74, "disk"), ran.stderr
        assert [one.name for one in full.iterdir()] == ["ballast"]


def test_nothing_is_bought_where_the_answer_might_find_no_room(tmp_path: Path, run: Run, wire: Wire) -> None:
    with mounts.small(tmp_path / "full", 100) as full:
        ran = run(generate_asset.main, "--prompt", "a bear", "--output", full / "bear.png")
        assert (ran.code, ran.failure["kind"]) == (74, "disk")
        assert "Nothing was ordered" in ran.failure["message"]
        assert wire.asked == [] and not any(full.iterdir())


def test_an_answer_that_is_paid_for_has_its_room_whoever_fills_the_disk_meanwhile(tmp_path: Path) -> None:
    with mounts.small(tmp_path / "small", 300) as small:
        order = receipt.open_order(small / "bear.png", "gemini", "digest", buy_again=False)
        with order.paid():
            mounts.fill_up(small / "ballast")
            order.answered()
            atomic.write(small / "bear.png", os.urandom(3_000_000))
        order.received()
        assert sorted(one.name for one in small.iterdir()) == ["ballast", "bear.png", "bear.png.job.json"]


@pytest.mark.parametrize("error", [Failure(Kind.DISK, "no room"), OSError(errno.ENOSPC, "No space left on device")])
def test_an_answer_without_room_is_in_doubt_and_never_bought_again_unseen(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = receipt.open_order(tmp_path / "bear.png", "gemini", "digest", buy_again=False)
    with pytest.raises(type(error)), order.paid():
        monkeypatch.setattr(http, "_departed", http.departures() + 1)  # the request was sent
        raise error
    with pytest.raises(Failure) as caught:
        receipt.open_order(tmp_path / "bear.png", "gemini", "digest", buy_again=False)
    assert caught.value.kind is Kind.IN_DOUBT
    assert [one.name for one in tmp_path.iterdir()] == ["bear.png.job.json"]


def test_room_that_a_killed_script_held_is_given_back_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / ".bear.4194304.room.part.png"
    left.write_bytes(b"0" * 1000)
    with atomic.held_room(tmp_path / "bear.png", 1000):
        atomic.write(tmp_path / "bear.png", b"picture")
        assert not left.exists() and len(list(tmp_path.iterdir())) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["bear.png"]


@pytest.mark.fault("7.4")
def test_what_a_job_told_of_a_full_disk_is_over_where_the_next_start_finds_room(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(clips=8, images=9)}) as world:
            at = world.clock.now_ms()
            await world.ledger.alert(DISK_ALERT, "no space left on device", at)
            full = watch_of(world, Ground(free=1))
            await full.look()
            assert len(await world.store.read(reads.open_alerts)) == 1
            await world.ledger.release(EVERY_SERVICE, "", Cause.DISK)
            await watch_of(world, Ground()).look()
            assert await world.store.read(reads.open_alerts) == ()

    run_virtual(story())
