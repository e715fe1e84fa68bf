"""The daemon dies again and again while one job runs: the job is set aside; a clean stop counts nothing."""

import asyncio
from pathlib import Path

import pytest

from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.failures import Kind
from videod.core.model import Job
from videod.core.statuses import JobState, Status
from videod.store import reads


async def _running(world: World, title: str, step: str) -> Job:
    """The job of the episode, as soon as it runs."""
    for _ in range(100_000):
        tasks = {task.id: task.title for task in await world.tasks()}
        for job in await world.store.read(reads.running_jobs):
            if job.step == step and tasks[job.task_id] == title:
                return job
        await asyncio.sleep(0.05)
    raise AssertionError(f"no {step} of {title} ever ran")


@pytest.mark.fault("1.9")
def test_a_job_under_which_the_daemon_died_three_times_is_set_aside_and_all_others_go_on(tmp_path: Path) -> None:
    async def story() -> None:
        policies = {name: policy(name) for name in ("wild", "deep")}
        async with World(tmp_path, policies=policies, deaths=3) as world:
            await world.queue("Deadly", "wild")
            for _ in range(3):
                await _running(world, "Deadly", "assemble")
                await world.cut()
                await world.start()
            await world.queue("Beside", "deep")
            await world.rest(40_000)
            tasks = {task.title: task for task in await world.tasks()}
            assert tasks["Beside"].status == Status.PUBLISHED
            assert tasks["Deadly"].status == Status.ERROR_ASSEMBLY
            (job,) = [job for job in await world.jobs(tasks["Deadly"].id) if job.step == "assemble"]
            assert job.failure is not None and job.failure.kind == Kind.BUG
            assert job.failure.message.startswith("videod died 3 times while this job ran (last: 20")
            assert any("videod died 3 times" in text for text in world.notifier.sent)
            world.board.person_sets(tasks["Deadly"].page_id, Status="Queued")
            await asyncio.sleep(60)
            await world.rest(40_000)
            assert {task.status for task in await world.tasks()} == {Status.PUBLISHED}

    run_virtual(story())


@pytest.mark.fault("1.9")
@pytest.mark.parametrize("step", ["image", "clip", "cut"])
def test_a_clean_stop_is_no_death(tmp_path: Path, step: str) -> None:
    async def story() -> None:
        async with World(tmp_path, deaths=1, looks=True) as world:
            await world.queue("Stopped")
            await _running(world, "Stopped", step)
            await world.stop()
            await world.start()
            await world.rest(40_000)
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED, task.error
            assert all(job.deaths == 0 for job in await world.jobs(task.id))

    run_virtual(story())


@pytest.mark.fault("1.2")
def test_an_upload_whose_file_names_no_video_stops_its_episode_also_after_a_crash(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, overrides={"upload": "/own/upload_video.py"}) as world:
            page = await world.queue("Nameless")
            await _running(world, "Nameless", "upload")
            (task,) = await world.tasks()
            await world.cut()
            output = world.builder.workspace(task) / "upload" / "result.json"
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text('{"status": "uploaded"}')
            await world.start()
            await world.rest(40_000)
            (task,) = await world.tasks()
            assert task.status == Status.ERROR_UPLOAD
            assert "`video_id`" in str(world.board.entries[page].values["Error Log"])

    run_virtual(story())


@pytest.mark.fault("13.9")
def test_a_script_of_the_last_daemon_is_waited_for_no_longer_than_its_steps_deadline(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            await world.queue("Endless")
            job = await _running(world, "Endless", "narration")
            await world.cut()
            await world.start_without_recovery()
            ended: list[str] = []

            async def lives(output: str) -> bool:
                return f"/{job.key}" in output and not ended

            async def end(output: str) -> None:
                ended.append(output)

            world._end = end  # type: ignore[method-assign]
            recovery = world.recovery(lives)
            late = await recovery.recover()
            assert job.name in {one.name for one in late}
            began = asyncio.get_running_loop().time()
            await recovery.settle_late(late)
            assert len(ended) == 1
            assert asyncio.get_running_loop().time() - began <= 180 + 1
            assert all(one.state != JobState.RUNNING for one in await world.jobs(job.task_id))

    run_virtual(story())
