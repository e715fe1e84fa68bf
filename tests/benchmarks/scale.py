"""The same 500 ready jobs beside no past and beside 10,000 finished episodes (1,000,000 jobs).

python -m tests.benchmarks.scale [--episodes 10000] [--claims 400] [--looks 60]

A claim is all that the database does when a lane starts a job: choose among what may run (limits, turns, pauses),
read the task, decide, reserve the price, write job, attempt, intent, history and outbox, commit.
It is timed on one connection, without the event loop, against both stores in turn, half of them with the wait for the
disk (COMMIT with synchronous=FULL), half without; each claimed job is put back. The
past has attempts, intents, charges and 2,000,000 rows of history. It is built once (about a minute, 1.6 GB) and kept
in the folder for temporary files; work is done on a copy.
"""

import argparse
import asyncio
import fcntl
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.benchmarks import peer_venv
from tests.benchmarks.engine import VideodPeer
from tests.benchmarks.episodes import finished_episodes
from tests.benchmarks.figures import machine, median, ms, quantile, table
from tests.live.stage import Stage
from videod.core.events import JobFailed
from videod.core.failures import Failure, Kind
from videod.store import readonly, views
from videod.store.database import InlineDatabase
from videod.store.schema import migrate, migrations

READY_JOBS = 500
#: what is wanted: seconds, and the share by which a past of 10,000 episodes may make it slower
CLAIM_S, SUMMARY_S, READY_S, GROWTH = 0.001, 0.1, 3.0, 0.10


def past(episodes: int) -> Path:
    """A database with that past, as this version's migrations make it."""
    kept = peer_venv.FOLDER / f"past-{episodes}-{migrations()[-1][0]}.db"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes meanwhile waits for it
        if not kept.exists():
            made = kept.with_suffix(".part")
            for name in (made.name, f"{made.name}-wal", f"{made.name}-shm"):  # of one that was stopped
                made.with_name(name).unlink(missing_ok=True)
            migrate(made)
            finished_episodes(made, episodes)
            made.replace(kept)
    return kept


class Samples:
    """Seconds that something took: elapsed, and of CPU, which others at work on the machine do not lengthen."""

    def __init__(self) -> None:
        self.elapsed: list[float] = []
        self.cpu: list[float] = []

    @contextmanager
    def one(self) -> Iterator[None]:
        cpu, began = time.thread_time(), time.perf_counter()
        yield
        self.elapsed.append(time.perf_counter() - began)
        self.cpu.append(time.thread_time() - cpu)

    @property
    def text(self) -> str:
        return f"{ms(median(self.elapsed))} / {ms(quantile(self.elapsed, 0.99))} ({ms(median(self.cpu))})"


class Ground:
    """A store with a past and 500 ready jobs: images of 26 episodes in work, and plans of entries that wait."""

    def __init__(self, folder: Path, episodes: int) -> None:
        folder.mkdir()
        self.path = folder / "videod.db"
        shutil.copy(past(episodes), self.path)
        self.studio = VideodPeer(folder, None, False)
        self.choices, self.claims, self.undurable, self.summaries = Samples(), Samples(), Samples(), Samples()

    async def open(self) -> None:
        await self.studio.open(0)
        await self.studio.wait_with(READY_JOBS)
        await self.studio.store.close()
        inline = InlineDatabase(self.path)
        self.studio.use(inline)

    async def claim(self, durable: bool) -> None:
        """One claim, timed; then the job is made ready again as if the daemon had been stopped."""
        studio, lane = self.studio, self.studio.lanes["gemini"]
        with self.choices.one():
            await studio.store.read(lambda connection: studio.scheduler._choose(connection, lane))
        await self._durable(durable)
        with (self.claims if durable else self.undurable).one():
            (work,), _ = await studio.scheduler._claim(lane, 1)
        await self._durable(False)
        stopped = Failure(Kind.INTERRUPTED, "put back")
        await studio.ledger.apply(JobFailed(studio.now_ms(), work.task.id, work.job.name, work.attempt, stopped, 0.5))

    async def _durable(self, yes: bool) -> None:
        statement = f"PRAGMA synchronous={'FULL' if yes else 'OFF'}"
        await self.studio.store.read(lambda connection: connection.execute(statement))

    def look(self) -> None:
        """What `status`, the dashboard and the API read, on a connection of its own."""
        with closing(readonly.look(self.path)) as connection:
            at = self.studio.now_ms()
            with self.summaries.one():
                overview = views.overview(connection, at)
        assert sum(lane.ready for lane in overview.lanes) == READY_JOBS

    def cold(self) -> float:
        """Seconds from opening the file to the overview, its pages dropped from memory as far as one may ask."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        descriptor = os.open(self.path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
        began = time.perf_counter()
        with closing(readonly.look(self.path)) as connection:
            views.overview(connection, self.studio.now_ms())
        return time.perf_counter() - began


async def compare(grounds: Sequence[Ground], claims: int, looks: int) -> None:
    for ground in grounds:
        await ground.open()
        for number in range(40):
            await ground.claim(bool(number % 2))
        ground.choices, ground.claims, ground.undurable = Samples(), Samples(), Samples()
    for number in range(claims):
        for ground in grounds if number % 2 else reversed(grounds):
            await ground.claim(True)
            await ground.claim(False)
    for number in range(looks):
        for ground in grounds if number % 2 else reversed(grounds):
            ground.look()
    for ground in grounds:
        await ground.studio.store.close()


def start_s(folder: Path, database: Path) -> float:
    """Seconds from the start of a daemon beside that past to READY, which follows its first sign of life."""
    made = Stage(folder)
    try:
        made.state.mkdir(parents=True, exist_ok=True)
        shutil.copy(database, made.database)
        began = time.time()
        made.start()
        while True:
            rows = made.rows("SELECT value FROM key_values WHERE name = 'heartbeat'")
            if rows and int(rows[0]["value"]) / 1000 >= began:
                return int(rows[0]["value"]) / 1000 - began
            assert time.time() - began < 60, made.log_tail()
            time.sleep(0.01)
    finally:
        made.close()


def show(grounds: Sequence[Ground], episodes: int, cold: Sequence[float], starts: Sequence[float]) -> str:
    none, many = grounds

    def row(what: str, wanted: float | None, of: Callable[[Ground], Samples]) -> list[str]:
        left, right = of(none), of(many)
        growth = median(right.cpu) / median(left.cpu) - 1
        slowest = quantile(right.elapsed, 0.99)
        limit = "" if wanted is None else f"{ms(wanted)} ms: {'met' if slowest < wanted else 'missed'}"
        return [what, left.text, right.text, f"{growth:+.0%}{'' if growth <= GROWTH else ' (too much)'}", limit]

    rows = [
        row("choosing alone", None, lambda one: one.choices),
        row("choosing and claiming, the disk not waited for", CLAIM_S, lambda one: one.undurable),
        row("choosing and claiming, durable", CLAIM_S, lambda one: one.claims),
        row("summary (`status`)", SUMMARY_S, lambda one: one.summaries),
        ["cold open and summary", ms(cold[0]), ms(cold[1]), "", ""],
        ["start of the daemon to READY", *(ms(one) for one in starts), "",
         f"{ms(READY_S)} ms: {'met' if starts[1] < READY_S else 'missed'}"],
    ]  # fmt: skip
    head = ["p50 / p99 ms (CPU p50)", "no history", f"{episodes:,} finished episodes", "CPU grows by", "p99 goal"]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--claims", type=int, default=400)
    parser.add_argument("--looks", type=int, default=60)
    options = parser.parse_args()
    size = past(options.episodes).stat().st_size / 1e6
    with tempfile.TemporaryDirectory(prefix="videod-scale-", dir=peer_venv.FOLDER) as folder:
        grounds = [Ground(Path(folder) / "none", 0), Ground(Path(folder) / "many", options.episodes)]
        asyncio.run(compare(grounds, options.claims, options.looks))
        cold = [ground.cold() for ground in grounds]
        for ground in grounds:
            ground.path.unlink()
        starts = [start_s(Path(folder) / str(many), past(many)) for many in (0, options.episodes)]
        print(f"{machine()}; file of {size:,.0f} MB\n")
        print(show(grounds, options.episodes, cold, starts))


if __name__ == "__main__":
    main()
