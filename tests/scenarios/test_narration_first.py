"""Clips that are as long as their narrations, through power cuts: one length each, nothing bought twice."""

from dataclasses import replace
from pathlib import Path

from tests.harness.checkers import check
from tests.harness.scripts import InspectorDouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.statuses import Status
from videod.core.step import Expectation, Makes
from videod.ports import Artefact

SPOKEN_S = {"clip_01": 2.0, "clip_02": 6.0}


class Listening(InspectorDouble):
    """Says of narrations how long they are."""

    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        found = await super().inspect(path, makes, expected)
        spoken_s = next((length for key, length in SPOKEN_S.items() if key in path.name), None)
        return replace(found, facts={"duration_s": spoken_s}) if makes == Makes.AUDIO and spoken_s else found


class Narrated(World):
    def make_inspector(self) -> InspectorDouble:
        return Listening()


def test_power_cuts_change_no_length_and_pay_nothing_twice(tmp_path: Path) -> None:
    channel = policy(narration_first=True, clip_micros={5: 210_000, 10: 420_000})

    async def story() -> None:
        async with Narrated(tmp_path, seed=4, policies={"wild": channel}) as world:
            await world.queue("Bear")
            await world.live_through_cuts([world.chance.randrange(5, 60) for _ in range(12)])
            assert world.cuts > 5
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED, task.error
            clips = {job.key: job for job in await world.jobs(task.id) if job.step == "clip"}
            assert {key: job.args["fitted"] for key, job in clips.items()} == {"clip_01": 5, "clip_02": 10}
            assert [job.price_micros for _, job in sorted(clips.items())] == [210_000, 420_000]
            await check(world)

    run_virtual(story())
