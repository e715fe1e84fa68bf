"""What must be true after every scenario, however often the power went."""

import sqlite3
from collections import Counter

from tests.harness.world import World
from videod.core.derive import derive
from videod.core.statuses import LABELS, JobState, Status
from videod.core.tables import STEPS
from videod.store import in_full, reads


async def check(world: World, published: bool = True) -> None:
    """Nothing lost, jobs and statuses agree, nothing paid or uploaded twice beyond what is counted, limits kept."""
    tasks = await world.tasks()
    doubts = 0
    for task in tasks:
        jobs = await world.jobs(task.id)
        assert derive(task, jobs) == task.status, f"{task.id} says {task.status}, its jobs mean {derive(task, jobs)}"
        if published:
            assert task.status == Status.PUBLISHED, f"{task.id} is {task.status}: {task.error} {_trouble(jobs)}"
        doubts += task.possibly_paid_twice
        if task.status == Status.PUBLISHED:
            assert all(job.state == JobState.DONE for job in jobs if job.step != "cleanup")
            for job in jobs:
                path = world.builder.workspace(task) / str(job.output)
                assert job.step == "cleanup" or path.is_file(), f"{job.name} is done but {path} is missing"
    twice = sum(count - 1 for count in world.vendors.bought.values())
    assert twice <= doubts, f"{twice} bought twice, only {doubts} of them counted as in doubt"
    assert all(count == 1 for count in world.vendors.uploaded.values()), dict(world.vendors.uploaded)
    for service, most in world.vendors.most_at_once.items():
        assert most <= world.limits[service].concurrency, f"{service}: {most} at once"
    await _check_books(world, tasks, doubts)
    await _check_board(world, tasks)


async def _check_board(world: World, tasks: tuple) -> None:
    """The board tells the truth: status, URL, cost, an empty Error Log, one row for each file, nothing untold."""
    assert not await world.store.read(reads.pending_messages)
    keys = [row.key for row in world.board.assets.values()]
    assert len(keys) == len(set(keys)), "a file has two rows"
    for task in tasks:
        values = world.board.entries[task.page_id].values
        assert values["Status"] == LABELS[task.status]
        assert values["Cost"] == round((task.cost_micros + task.possible_micros) / 1e6, 4)
        if task.status == Status.PUBLISHED:
            assert values["YouTube URL"] == task.youtube_url
            assert values["Error Log"] == ""
            jobs = await world.jobs(task.id)
            made = {f"{task.id}/{job.name}" for job in jobs if STEPS[job.step].shown_as and job.state == JobState.DONE}
            assert made <= set(keys), made - set(keys)


#: what the measures say, and what the rows say that they are kept of
_AGREE = {
    "stays": ("SELECT task_id, status FROM stays WHERE ended_at IS NULL", "SELECT id, status FROM tasks"),
    "attempts": ("SELECT sum(n) FROM counters WHERE name = 'attempts'",
                 "SELECT nullif(count(*), 0) FROM attempts WHERE outcome IS NOT NULL"),
    "charged": ("SELECT coalesce(sum(n), 0) FROM counters WHERE name = 'charged'",
                "SELECT coalesce(sum(micros), 0) FROM charges"),
    "starts": ("SELECT coalesce(sum(starts), 0) FROM lane_waits", "SELECT count(*) FROM attempts"),
    "troubles": ("SELECT job_id FROM troubles JOIN jobs ON jobs.id = job_id WHERE troubles.ended_at IS NULL"
                 " AND jobs.state IN ('done', 'failed')", "SELECT 1 WHERE false"),
    "failures": ("SELECT coalesce(sum(failures), 0) FROM troubles",
                 "SELECT count(*) FROM attempts WHERE outcome NOT IN (SELECT outcome FROM harmless)"),
}  # fmt: skip


def untrue_measures(connection: sqlite3.Connection) -> list[str]:
    """Where the tables of reports and metrics disagree with what happened; nothing is archived yet."""
    found = []
    for name, (kept, true) in _AGREE.items():
        said, rows = (sorted(map(tuple, connection.execute(query).fetchall())) for query in (kept, true))
        found += [] if said == rows else [f"{name}: {said[:5]} instead of {rows[:5]}"]
    return found


def _trouble(jobs: tuple) -> list[str]:
    return [f"{job.name} {job.state} {job.failure}" for job in jobs if job.failure]


async def _check_books(world: World, tasks: tuple, doubts: int) -> None:
    def look(connection: sqlite3.Connection) -> None:
        assert connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        running = {row[0] for row in connection.execute("SELECT attempt FROM jobs WHERE state = 'running'")}
        opened = {row[0] for row in connection.execute("SELECT id FROM attempts WHERE ended_at IS NULL")}
        assert opened == running, f"open attempts {opened}, running jobs {running}"

    await world.store.read(look)
    assert await world.store.read(untrue_measures) == []
    charged: Counter[str] = Counter()
    for task in tasks:
        rows = await world.store.read(lambda connection, owner=task.id: in_full.charges(connection, owner))
        for row in rows:
            charged[row.job] += row.micros
        assert sum(row.micros for row in rows) == task.cost_micros
        unsure = await world.store.read(lambda connection, owner=task.id: in_full.possible_charges(connection, owner))
        assert sum(row.micros for row in unsure if row.cleared_by is None) == task.possible_micros
    known = sum(charged.values()) / 1e6
    # what is in no charge stands as possibly paid: nothing that was bought is outside of both
    # (a narration of the doubles has one price whatever its length, so its list price may be a cent less)
    most_lost = sum(task.possible_micros for task in tasks) / 1e6 + 0.01 * doubts + 1e-9
    assert known <= world.vendors.usd + 1e-6, f"the books say {known}, the vendors {world.vendors.usd}"
    assert world.vendors.usd - known <= most_lost, f"{world.vendors.usd - known} USD are in no book"
