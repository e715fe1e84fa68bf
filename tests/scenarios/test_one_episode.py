"""One episode in virtual time, from Queued to Published."""

from pathlib import Path

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.statuses import Gate, Status


def test_an_entry_becomes_a_published_film_without_hands(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            await world.queue("The Crossing")
            await world.rest()
            await check(world)
            (task,) = await world.tasks()
            assert task.youtube_url is not None
            assert task.possibly_paid_twice == 0
            assert task.cost_micros == round(world.vendors.usd * 1e6)

    run_virtual(story())


def test_each_gate_waits_for_a_person_and_nothing_behind_it_is_bought(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(auto_gates=frozenset())}) as world:
            page = await world.queue("Patience")
            seen = []
            for gate in list(Gate)[1:]:
                await world.rest(50_000)
                (task,) = await world.tasks()
                seen.append(task.status)
                bought = sum(world.vendors.bought.values())
                await world.clock.sleep(6 * 3600)
                assert sum(world.vendors.bought.values()) == bought
                await world.approve(page, gate)
            await world.rest()
            assert seen == [Status.ASSETS_READY, Status.VIDEO_READY, Status.AUDIO_READY, Status.ASSEMBLY_COMPLETE]
            await check(world)

    run_virtual(story())
