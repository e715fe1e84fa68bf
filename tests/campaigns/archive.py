"""A studio of many years is archived beside work that continues: its size, the time, who waits, kills at every step.

The past is that of `tests.benchmarks.scale`, its newest episode 90 days old. While the archive is written, jobs are
claimed and put back as lanes do, by the real scheduler through the daemon's own database threads, first without the
archiver (the measure), then beside it. Afterwards every figure of the books must be what it was, and single episodes
must tell what they told.

python -m tests.campaigns archive --episodes 10000 --kills 60
"""

import argparse
import asyncio
import os
import random
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.benchmarks.engine import VideodPeer
from tests.benchmarks.figures import quantile
from tests.benchmarks.scale import READY_JOBS, past
from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.dying import Killer
from tests.harness.pasts import DAY, SteadyClock
from videod.adapters.clock import SystemClock
from videod.cli.main import run as videod
from videod.core.events import JobFailed
from videod.core.failures import Failure, Kind
from videod.daemon.archiver import Archiver
from videod.store import archives, audit, in_full, readonly, reads, reports
from videod.store.database import Database, InlineDatabase

#: the newest episode of the past ended then, ms; the archive is written 91 days later
NEWEST = 1_794_000_000_000
#: claims without the archiver, and between two of them, seconds
ALONE, PAUSE_S = 300, 0.02
#: episodes that are compared word by word
COMPARED = 40


class Later(SystemClock):
    """The clock of 91 days after the newest episode, as fast as ours."""

    def __init__(self) -> None:
        self._ahead = NEWEST + 91 * DAY - super().now_ms()

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead


def run(folder: Path, given: argparse.Namespace) -> Result:
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(given.seed)
    path = folder / "videod.db"
    shutil.copy(past(given.episodes), path)
    before, size = books(path), path.stat().st_size
    samples = [
        f"old-film-{number}" for number in chance.sample(range(1, given.episodes + 1), min(COMPARED, given.episodes))
    ]
    told = _told(path, samples)
    killed = kills(folder / "kills", given.kills, chance) if given.kills else {}
    found = asyncio.run(_measure(folder, path))
    assert books(path) == before, "the books differ"
    assert _told(path, samples) == told, "an episode tells something else"
    archived = sum(1 for _ in _archived(path))
    files = list((folder / "archive").iterdir())
    _shown(folder, samples)
    return {
        "episodes": given.episodes, "archived": archived, "files": len(files),
        "before_mb": round(size / 1e6), "after_mb": round(path.stat().st_size / 1e6),
        "archive_mb": round(sum(one.stat().st_size for one in files) / 1e6, 1),
    } | found | _looks(path, samples) | killed  # fmt: skip


def books(path: Path) -> dict[str, object]:
    """Every sum of the past that is reported money and outcomes; jobs that are claimed beside it change none of
    them."""
    with closing(readonly.look(path)) as connection:
        found: dict[str, object] = {
            by: reports.spend(connection, by, 0) for by in ("day", "channel", "episode", "service")
        }
        counts = [audit.count(connection, service) for service in audit.PAID]
        found["counts"] = [(one.charges, one.micros, one.possible) for one in counts]
        found["again"] = audit.charged_again(connection)
        # the episodes that are claimed from were planned without a charge
        odd = [*audit.charges_without_intent(connection), *audit.done_without_charge(connection)]
        found["wrong"] = [audit.wrong_sums(connection), [one for one in odd if one.task_id.startswith("old-film")]]
        found["report"] = reports.report(connection, 0, NEWEST + DAY).endings
        query = "SELECT count(*), count(DISTINCT page_id), count(youtube_id) FROM tasks WHERE phase = 'closed'"
        found["closed"] = tuple(connection.execute(query).fetchone())
        return found


def _told(path: Path, names: list[str]) -> list[object]:
    with closing(readonly.look(path)) as connection:
        found: list[object] = []
        for name in names:
            task = reads.task(connection, name)
            assert task is not None
            one = in_full.detail(connection, task, NEWEST)
            found.append((task, one.jobs, one.charges, one.history, one.attempts))
        return found


def _archived(path: Path) -> list[archives.Pointer]:
    with closing(readonly.look(path)) as connection:
        ids = [row[0] for row in connection.execute("SELECT task_id FROM archived")]
        return [one for name in ids if (one := archives.pointer(connection, name)) is not None]


def _looks(path: Path, names: list[str]) -> Result:
    """Milliseconds that `show` and `report` take to read, without the start of a process."""
    with closing(readonly.look(path)) as connection:
        shows = []
        for name in names:
            began = time.perf_counter()
            task = reads.task(connection, name)
            assert task is not None
            in_full.detail(connection, task, NEWEST)
            shows.append(time.perf_counter() - began)
        began = time.perf_counter()
        reports.report(connection, NEWEST - 30 * DAY, NEWEST)
        report = time.perf_counter() - began
    return {"show_ms": round(1000 * quantile(shows, 0.5), 1), "report_month_ms": round(1000 * report, 1)}


def _shown(state: Path, names: list[str]) -> None:
    for argv in (["show", names[0]], ["list", "--archived", "--json"], ["costs"]):
        descriptor, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        try:
            code = videod([*argv, "--state", str(state)])
        finally:
            os.dup2(descriptor, 1)
            os.close(descriptor)
            os.close(nowhere)
        assert code == 0, argv


# ------------------------------------------------------------------------------------------- beside work


async def _measure(folder: Path, path: Path) -> Result:
    studio = VideodPeer(folder, None, False)
    await studio.open(0)
    await studio.wait_with(READY_JOBS)
    await studio.store.close()
    database = await Database.open(path)
    studio.use(database)
    try:
        await _claims(studio, 40)
        alone = await _claims(studio, ALONE)
        archiver = Archiver(path, database, studio.ledger, Later(), lambda: 90.0, database.move_log)
        began = time.monotonic()
        work = asyncio.create_task(archiver.look())
        beside: list[float] = []
        while not work.done():
            beside += await _claims(studio, 10)
        assert await work, "nothing was archived"
        took = time.monotonic() - began
        return {
            "took_s": round(took), "claim_alone_p50_p99_ms": _ms(alone), "claim_beside_p50_p99_max_ms": _ms(beside),
            "claims_beside": len(beside),
        }  # fmt: skip
    finally:
        await database.close()


def _ms(seconds: list[float]) -> list[float]:
    return [round(1000 * one, 1) for one in (quantile(seconds, 0.5), quantile(seconds, 0.99), max(seconds))]


async def _claims(studio: VideodPeer, many: int) -> list[float]:
    """Seconds from asking for a job to its commit, and each put back."""
    found, lane = [], studio.lanes["gemini"]
    for _ in range(many):
        began = time.perf_counter()
        (work,), _ = await studio.scheduler._claim(lane, 1)
        found.append(time.perf_counter() - began)
        stopped = Failure(Kind.INTERRUPTED, "put back")
        await studio.ledger.apply(JobFailed(studio.now_ms(), work.task.id, work.job.name, work.attempt, stopped, 0.5))
        await asyncio.sleep(PAUSE_S)
    return found


# ------------------------------------------------------------------------------------------- kills


def archive_once(path: Path, killer: Killer | None = None) -> None:
    """One look of a daemon; what a killed one left is settled first."""
    from videod.ledger import Ledger, Wakeups

    store = InlineDatabase(path)
    if killer is not None:
        store._connection.set_trace_callback(killer.step)
        for name in ("fsync", "open"):
            setattr(os, name, killer.before(getattr(os, name)))
        for name in ("rename", "unlink"):
            setattr(Path, name, killer.before(getattr(Path, name)))

    async def move() -> bool:
        return True

    clock = SteadyClock(NEWEST + 91 * DAY)
    asyncio.run(Archiver(path, store, Ledger(store, lambda _: None, Wakeups()), clock, lambda: 90.0, move).look())
    asyncio.run(store.close())


def killed(path: Path, step: int) -> bool:
    """Whether a child that archives was killed before `step`; False: it came to its end first."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            archive_once(path, Killer(step))
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed"
    return os.WIFSIGNALED(status)


def kills(folder: Path, most: int, chance: random.Random) -> Result:
    """A small past, killed before `most` of the steps of its archiving, each time started again."""
    folder.mkdir()
    small = past(8)
    state = folder / "videod.db"

    def fresh() -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        shutil.copy(small, state)

    fresh()
    wanted, names = books(state), [f"old-film-{number}" for number in range(1, 9)]
    told = _told(state, names)
    high = 16
    while killed(state, high):
        high += 16
        fresh()
    done, step = 0, 0
    for step in sorted(chance.sample(range(high), min(most, high))):
        fresh()
        if not killed(state, step):
            break
        assert books(state) == wanted and _told(state, names) == told, f"killed before step {step}"
        archive_once(state)
        assert books(state) == wanted and _told(state, names) == told, f"after a kill before step {step}"
        assert _whole(state), f"after a kill before step {step}"
        done += 1
    say(f"{done} kills up to step {step}")
    return {"kills": done, "lost": 0, "twice": 0}


def _whole(path: Path) -> bool:
    """Each archived episode once in the files and nowhere else."""
    from videod.store import archiving

    folder = path.with_name(archives.FOLDER)
    lines = [pointer for file in folder.glob("*.gz") for pointer, _ in archiving.lines_of(folder, file.name)]
    with closing(sqlite3.connect(path)) as connection:
        present = {row[0] for row in connection.execute("SELECT DISTINCT task_id FROM jobs")}
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    known = _archived(path)
    return sound and sorted(lines, key=repr) == sorted(known, key=repr) and not present & {one.task_id for one in known}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--episodes", type=int, default=10_000, help="finished ones (default 10,000)")
    parser.add_argument("--kills", type=int, default=60, help="steps before which it is killed (default 60)")


CAMPAIGN = Campaign(
    "archive", "finished episodes move into the archive beside work, and nothing is lost or doubled", _options, run
)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
