"""Episodes of a videod that made composites after the assets review continue under one that makes them before it."""

import sqlite3
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.events import RedoAsked
from videod.core.model import Task
from videod.core.statuses import AT_GATE, Gate, JobState, Status

CUTS = ([], [3], [12, 8], [30, 4, 25])


_BACK = """
UPDATE jobs SET state = 'waiting', attempt = 0, attempts = 0, output = NULL, sha256 = NULL, bytes = NULL, digest = NULL,
    facts = '{}', started_at = NULL, ended_at = NULL
WHERE task_id = ? AND step = 'composite' AND key = ?
"""


async def _as_before(world: World, task: Task, *clips: str) -> None:
    """Start over with the composites of these clips as an older videod left them: not begun."""
    for job in await world.jobs(task.id):
        if job.step == "composite" and job.key in clips:
            (world.builder.workspace(task) / str(job.output)).unlink()
    await world.stop()
    connection = sqlite3.connect(world.path)
    connection.executemany(_BACK, [(task.id, clip) for clip in clips])
    connection.commit()
    connection.close()
    await world.start()


async def _to_the_end(world: World, page: str) -> Task:
    for _ in range(8):
        await world.rest()
        (task,) = await world.tasks()
        if task.status not in AT_GATE:
            return task
        await world.approve(page, AT_GATE[task.status])
        await world.clock.sleep(30)
    return task


async def _at_the_assets(world: World, page: str) -> Task:
    await world.rest()
    (task,) = await world.tasks()
    assert task.status == Status.ASSETS_READY
    return task


BOTH = ("clip_01", "clip_02")


@pytest.mark.parametrize("points", CUTS, ids=str)
def test_an_approval_of_assets_without_composites_counts(tmp_path: Path, points: list[int]) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(auto_gates=frozenset())}) as world:
            page = await world.queue("Bear")
            task = await _at_the_assets(world, page)
            await _as_before(world, task, *BOTH)
            await world.stop()
            await world.approve(page, Gate.ASSETS)  # while videod is being replaced
            await world.start()
            await world.live_through_cuts(points)
            task = await _to_the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error
            assert all(count == 1 for count in world.vendors.bought.values())
            await check(world)

    run_virtual(story())


def test_a_picture_sent_back_there_brings_all_composites_into_the_review(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(auto_gates=frozenset())}) as world:
            page = await world.queue("Bear")
            task = await _at_the_assets(world, page)
            await _as_before(world, task, *BOTH)
            redo = RedoAsked(world.clock.now_ms(), task.id, Gate.ASSETS, ("image/place_1",))
            assert (await world.ledger.apply(redo)).decision.accepted
            task = await _at_the_assets(world, page)
            states = {job.name: job.state for job in await world.jobs(task.id)}
            assert {states[f"composite/{clip}"] for clip in BOTH} == {JobState.DONE}
            assert (await _to_the_end(world, page)).status == Status.PUBLISHED

    run_virtual(story())


@pytest.mark.parametrize("points", CUTS, ids=str)
def test_an_episode_whose_clips_are_being_made_keeps_its_approval(tmp_path: Path, points: list[int]) -> None:
    """One clip is made, the other's picture not begun."""

    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(auto_gates=frozenset())}) as world:
            page = await world.queue("Bear")
            task = await _at_the_assets(world, page)
            await _as_before(world, task, "clip_02")
            await world.approve(page, Gate.ASSETS)
            while (await world.tasks())[0].status != Status.GENERATING_VIDEO:
                await world.clock.sleep(1)
            await world.live_through_cuts(points)
            seen = set()
            while (status := (await world.tasks())[0].status) not in AT_GATE:
                seen.add(status)
                await world.clock.sleep(5)
            assert status == Status.VIDEO_READY and Status.GENERATING_ASSETS not in seen
            assert (await _to_the_end(world, page)).status == Status.PUBLISHED
            assert all(count == 1 for count in world.vendors.bought.values())

    run_virtual(story())
