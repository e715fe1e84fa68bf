"""A script that reports charges endlessly is ended, its job stops, and a person reads why."""

from pathlib import Path

import pytest

from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World
from videod.core.failures import Kind
from videod.core.statuses import JobState, Status
from videod.flow.listener import MOST_REPORTED
from videod.store import in_full


@pytest.mark.fault("1.4")
def test_the_job_stops_with_its_cause_and_the_books_stay_small(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            world.vendors.repeats["generate_plan.py"] = 100 * MOST_REPORTED
            await world.queue("Bear")
            await world.rest()
            (task,) = await world.tasks()
            (plan,) = await world.jobs(task.id)
            assert task.status == Status.ERROR_PLANNING and plan.state == JobState.FAILED
            assert plan.failure is not None and plan.failure.kind == Kind.CONFIGURATION
            assert f"more than {MOST_REPORTED} charges" in plan.failure.message and "[scripts]" in plan.failure.message
            rows = await world.store.read(lambda tx: in_full.charges(tx, task.id))
            assert len(rows) == MOST_REPORTED
            assert task.cost_micros == round(world.vendors.usd * 1e6)
            assert world.vendors.calls["gemini"] == 1  # not tried again automatically

    run_virtual(story())


def test_some_charges_in_one_run_are_booked_one_by_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            world.vendors.repeats["generate_plan.py"] = 5
            await world.queue("Bear")
            await world.rest()
            (task,) = await world.tasks()
            rows = await world.store.read(lambda tx: in_full.charges(tx, task.id))
            assert sum(row.kind == "generate_plan.py" for row in rows) == 5 and task.status != Status.ERROR_PLANNING

    run_virtual(story())
