"""Who starts when: places in a channel, reviews that wait, floods."""

from dataclasses import replace
from pathlib import Path

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.statuses import Status


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
