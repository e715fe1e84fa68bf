"""A film with a shot over which nobody speaks, through power cuts: nothing is bought for it that nobody hears."""

from pathlib import Path
from typing import Any, cast

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.statuses import Status

Document = dict[str, object]


class Allowing(World):
    wordless = 1


def silenced(document: Document) -> Document:
    """The second shot of the plan without words."""
    cast("list[dict[str, Any]]", document["clips"])[1]["narration"] = ""
    return document


def test_power_cuts_buy_no_narration_for_a_shot_without_words(tmp_path: Path) -> None:
    channel = policy(clips=3, images=4)

    async def story() -> None:
        async with Allowing(tmp_path, seed=7, policies={"wild": channel}) as world:
            world.vendors.planned = silenced
            await world.queue("Bear")
            await world.live_through_cuts([world.chance.randrange(5, 60) for _ in range(10)])
            assert world.cuts > 4
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED, task.error
            jobs = {job.name: job for job in await world.jobs(task.id)}
            assert sorted(name for name in jobs if name.startswith("narration/")) == [
                "narration/clip_01", "narration/clip_03",
            ]  # fmt: skip
            assert "audio" not in jobs["cut/clip_02"].args
            rows = [row.key for row in world.board.assets.values()]
            assert f"{task.id}/clip/clip_02" in rows and f"{task.id}/narration/clip_02" not in rows
            await check(world)

    run_virtual(story())


def test_a_plan_with_a_silent_shot_is_refused_where_its_channel_does_not_allow_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, seed=7, policies={"wild": policy(clips=3, images=4)}) as world:
            world.vendors.planned = silenced
            await world.queue("Bear")
            await world.live_through_cuts([])
            (task,) = await world.tasks()
            assert task.status == Status.ERROR_PLANNING
            (plan,) = await world.jobs(task.id)
            assert plan.failure is not None and "wordless_shots" in plan.failure.message
            assert sum(world.vendors.bought.values()) == 1, "the plan and nothing after it"

    run_virtual(story())
