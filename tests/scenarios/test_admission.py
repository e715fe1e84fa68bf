"""Who starts when: places in a channel, reviews that wait, floods."""

from dataclasses import replace
from pathlib import Path

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.statuses import ERRORS, JobState, Status


def test_episodes_that_wait_for_a_review_hold_no_place_in_their_channel(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(auto_gates=frozenset())}, places=2) as world:
            for number in range(5):
                await world.queue(f"Film {number}")
            await world.rest()
            assert {task.status for task in await world.tasks()} == {Status.ASSETS_READY}

    run_virtual(story())


def test_a_small_channel_does_not_wait_for_one_that_floods(tmp_path: Path) -> None:
    async def story() -> None:
        rows = {name: replace(policy(name)) for name in ("flood", "small")}
        async with World(tmp_path, policies=rows, places=2, max_in_work=2) as world:
            for number in range(6):
                await world.queue(f"Flood {number}", channel="flood")
            await world.clock.sleep(60)
            await world.queue("Small", channel="small")
            await world.rest(40_000)
            await check(world)
            order = [task.title for task in sorted(await world.tasks(), key=lambda task: task.started_at or 0)]
            assert order.index("Small") <= 2

    run_virtual(story())


def test_a_channel_whose_file_goes_is_paused_settles_what_runs_and_continues_when_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        policies = {"wild": policy(), "deep": policy("deep")}
        async with World(tmp_path, policies=policies) as world:
            await world.queue("Land", "wild")
            await world.queue("Sea", "deep")
            await world.clock.sleep(30)
            known = world.policies["wild"]
            world.policies["wild"] = replace(known, configured=False)
            del world.house["wild"]
            await world.clock.sleep(7200)
            statuses = {task.channel_id: task.status for task in await world.tasks()}
            assert statuses["deep"] == Status.PUBLISHED
            assert statuses["wild"] not in (Status.PUBLISHED, *ERRORS)
            (land,) = [task for task in await world.tasks() if task.channel_id == "wild"]
            assert not [job for job in await world.jobs(land.id) if job.state == JobState.RUNNING]
            calls = sum(world.vendors.calls.values())
            await world.clock.sleep(3600)
            assert sum(world.vendors.calls.values()) == calls
            world.policies["wild"], world.house["wild"] = known, world.places
            await world.rest()
            await check(world)

    run_virtual(story())
