"""A bug in the choice of one lane stops that lane for moments; the house continues and the episode is published."""

import sqlite3
from functools import partial
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World
from videod.core.admission import Candidate
from videod.core.statuses import Status
from videod.daemon.supervise import Supervisor
from videod.flow.candidates import Candidates
from videod.flow.limits import Lane


@pytest.mark.fault("1.3")
@pytest.mark.parametrize("service", ["kie", "ffmpeg"])
def test_a_lane_that_raises_begins_again_and_loses_no_place_and_no_job(tmp_path: Path, service: str) -> None:
    told: list[str] = []
    raised = 0

    async def alert(key: str, text: str) -> None:
        told.append(key)

    async def story() -> None:
        world = World(tmp_path)
        await world.start_without_recovery()
        choose = world.scheduler._choose

        def fails(
            tx: sqlite3.Connection, lane: Lane, known: Candidates | None = None
        ) -> tuple[Candidate, Candidates] | None:
            nonlocal raised
            if lane.service == service and raised < 12:
                raised += 1
                raise KeyError("clip_07")
            return choose(tx, lane, known)

        world.scheduler._choose = fails  # type: ignore[method-assign]
        supervisor = Supervisor(alert)
        world.scheduler.run = partial(world.scheduler.run, supervisor.keep)  # type: ignore[method-assign]
        world.run_loops()
        await world.queue("Film")
        await world.rest(20_000)
        await check(world)
        assert {task.status for task in await world.tasks()} == {Status.PUBLISHED}
        await world.stop()

    run_virtual(story())
    assert raised == 12
    assert told == [f"loop lane {service}"]
