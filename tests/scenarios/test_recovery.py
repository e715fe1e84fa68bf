"""What the last daemon left: a paid script that still finishes its call is waited for, never run a second time."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World
from videod.core.statuses import JobState, Status
from videod.flow.runner import LEFT_OPEN
from videod.store import reads


def test_a_job_whose_paid_script_still_lives_stays_running_until_it_is_gone(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            await world.queue("Late")
            while not [job for job in await world.store.read(reads.running_jobs) if job.step == "clip"]:
                await asyncio.sleep(0.5)
            await world.cut()
            gone_at = asyncio.get_running_loop().time() + 60
            await world.start_without_recovery()

            async def lives(mark: str) -> bool:
                return asyncio.get_running_loop().time() < gone_at

            recovery = world.recovery(lives)
            late = await recovery.recover()
            assert {job.step for job in late} == {"clip"}
            assert all(job.state == JobState.RUNNING for job in await world.store.read(reads.running_jobs))
            settling = asyncio.create_task(recovery.settle_late(late))
            world.run_loops()
            await asyncio.sleep(30)
            assert {job.name for job in late} <= {job.name for job in await world.store.read(reads.running_jobs)}
            await settling
            await world.rest(40_000)
            await check(world)

    run_virtual(story())


@pytest.mark.fault("13.3")
@pytest.mark.parametrize(
    "nonsense", ["", "no time", "-1", "1e400", "Infinity", "9" * 5_000, "[[1, null], {}", '{"1": 2}', "[" * 9_000]
)
def test_a_fact_of_nonsense_stops_no_start(tmp_path: Path, nonsense: str) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            await world.queue("Odd")
            while not [job for job in await world.store.read(reads.running_jobs) if job.step == "image"]:
                await asyncio.sleep(0.5)
            await world.cut()
            with closing(sqlite3.connect(world.path)) as connection, connection:
                for name in ("heartbeat", LEFT_OPEN):
                    connection.execute(
                        "INSERT OR REPLACE INTO key_values (name, value) VALUES (?, ?)", (name, nonsense)
                    )
            await world.start()
            await world.rest(20_000)
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED, task.error
            await check(world)

    run_virtual(story())
