"""A file that the gate refuses is never done: it is fetched again, then bought again, charged, and kept to look at."""

import asyncio
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.scripts import SPOILT
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod import receipts
from videod.core.failures import Kind
from videod.core.statuses import JobState, Status
from videod.store import in_full, reads


def clips_bought(world: World) -> int:
    return sum(count for what, count in world.vendors.bought.items() if what.startswith("generate_video.py"))


def kept_files(world: World) -> list[Path]:
    return sorted((world.folder / "state").rglob("*.refused"))


def test_a_clip_that_came_damaged_is_fetched_again_for_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            world.vendors.spoilt_downloads = 1
            await world.queue("Bear")
            await world.rest()
            await check(world)
            assert clips_bought(world) == 2
            (kept,) = kept_files(world)
            assert kept.read_text().startswith(SPOILT)

    run_virtual(story())


def test_a_clip_that_is_bad_at_its_service_is_bought_again_and_the_books_say_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            world.vendors.spoilt_clips = 1
            await world.queue("Bear")
            await world.rest()
            await check(world)
            assert clips_bought(world) == 3
            (task,) = await world.tasks()
            rows = await world.store.read(lambda tx: in_full.charges(tx, task.id))
            assert sum(row.service == "kie" for row in rows) == 3
            tries = await world.store.read(lambda tx: in_full.attempts(tx, task.id))
            assert [row.outcome for row in tries].count(Kind.NONSENSE.value) == 1

    run_virtual(story())


def test_a_clip_that_stays_bad_ends_as_an_error_with_its_cause_and_one_kept_file(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            world.vendors.spoilt_clips = 1000
            await world.queue("Bear")
            await world.clock.sleep(20_000)
            (task,) = await world.tasks()
            assert task.status == Status.ERROR_VIDEO
            clips = [job for job in await world.jobs(task.id) if job.step == "clip"]
            assert {job.state for job in clips} == {JobState.FAILED}
            told = {job.failure.message for job in clips if job.failure is not None}
            assert told == {
                f"{job.key}.mp4 is black from start to end (kept as {job.key}.mp4.refused)" for job in clips
            }
            # what a service makes badly twice it is not paid for a third time; all of it is in the books
            assert clips_bought(world) == 2 * 2
            assert len(kept_files(world)) == 2
            rows = await world.store.read(lambda tx: in_full.charges(tx, task.id))
            assert sum(row.micros for row in rows) == round(world.vendors.usd * 1e6)

    run_virtual(story())


def test_buying_again_stops_at_the_cap_of_the_episode(tmp_path: Path) -> None:
    async def story() -> None:
        cap = 2_000_000
        async with World(tmp_path, policies={"wild": policy(episode_cap_micros=cap)}) as world:
            world.vendors.spoilt_clips = 1000
            await world.queue("Bear")
            await world.rest(20_000)
            (task,) = await world.tasks()
            assert task.status == Status.ERROR_VIDEO
            assert task.cost_micros <= cap

    run_virtual(story())


@pytest.mark.parametrize("spoilt", [False, True])
def test_after_a_crash_only_a_valid_file_is_adopted(tmp_path: Path, spoilt: bool) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            world.vendors.spoilt_clips = 1000 if spoilt else 0
            await world.queue("Bear")
            while not (running := [job for job in await world.store.read(reads.running_jobs) if job.step == "clip"]):
                await asyncio.sleep(0.5)
            await world.cut()
            (task, first) = (running[0].task_id, running[0])
            world.vendors.spoilt_clips = 0
            place = world.folder / "state" / "workspaces" / "wild" / task / "videos" / f"{first.key}.mp4"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"{SPOILT} late" if spoilt else "a film")
            receipt = receipts.path_for(receipts.noted(place.parents[1], f"videos/{first.key}.mp4"))
            receipt.parent.mkdir(parents=True, exist_ok=True)
            receipt.write_text('{"state": "received", "digest": "other", "remote_id": "r-1", "usd": 0.42}')
            await world.start()
            await world.clock.sleep(0.1)  # it is decoded beside the start
            done = {job.name: job for job in await world.jobs(task)}
            adopted = done[first.name].state == JobState.DONE
            assert adopted is not spoilt
            assert place.exists() is not spoilt
            assert bool(kept_files(world)) is spoilt

    run_virtual(story())
