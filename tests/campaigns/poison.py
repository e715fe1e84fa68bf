"""One episode's job makes videod itself fail; all others are published, and that episode stops with its story.

Every step at every place of its way, in virtual time: building its command, starting, listening, looking at the file,
deciding, booking. Once more for the start after a power cut.
"""

import argparse
import asyncio
from collections import Counter
from pathlib import Path

from tests.campaigns import poisoned_daemon
from tests.campaigns.frame import Campaign, Result
from tests.harness.poison import Place, Poison, PoisonedWorld
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import policy
from videod.core.model import Job, Task
from videod.core.statuses import ERRORS, JobState, Status
from videod.core.tables import SPARED, STEPS
from videod.store import reads

#: what is neither made as a file nor, in the harness's small plan, there at all
WITHOUT_FILE, WITHOUT_JOB = ("cleanup",), ("split_screen",)
LONGEST_S = 40_000.0


def cases() -> list[tuple[str, Place]]:
    """Every step that the small episode has, at every place that it comes by."""
    steps = [step for step in STEPS if step not in WITHOUT_JOB + WITHOUT_FILE]
    return [(step, place) for step in steps for place in Place if place != Place.RECOVERY or can_be_adopted(step)]


def can_be_adopted(step: str) -> bool:
    """Whether a start looks at the file that the step's job left."""
    return STEPS[step].paid or step == "upload"


async def case(folder: Path, step: str, place: Place) -> int:
    """One poisoned episode beside two others; how often videod failed. Raises AssertionError where a promise breaks."""
    world = PoisonedWorld(folder, policies={name: policy(name) for name in ("wild", "deep")})
    world.poison = Poison("Poisoned", step, place, active=place != Place.RECOVERY)
    world.made = asyncio.Event()
    async with world:
        await world.queue("Poisoned", "wild")
        await world.queue("Beside", "wild")
        await world.queue("Elsewhere", "deep")
        if place == Place.RECOVERY:
            await _cut_while_made(world)
        await _until_settled(world)
        tasks = {task.title: task for task in await world.tasks()}
        for title in ("Beside", "Elsewhere"):
            assert tasks[title].status == Status.PUBLISHED, f"{title} is {tasks[title].status}: {tasks[title].error}"
        await _check_story(world, tasks["Poisoned"])
        assert world.poison.hits, "the poison was never met"
        return world.poison.hits


async def _cut_while_made(world: PoisonedWorld) -> None:
    """Cut the power when the poisoned job's file is there and its attempt still open."""
    await world.made.wait()
    await world.cut()
    world.poison.active = True
    await world.start()


async def _until_settled(world: PoisonedWorld) -> None:
    """Until the others are published and the poisoned one has stopped; the daemon lives all the while."""
    end = asyncio.get_running_loop().time() + LONGEST_S
    while asyncio.get_running_loop().time() < end:
        for loop in world._daemon:
            if loop.done():
                loop.result()  # raises what ended the daemon
                raise AssertionError("a loop ended")
        tasks = await world.tasks()
        others = [task.status == Status.PUBLISHED for task in tasks if task.title != "Poisoned"]
        stopped = [task.status in ERRORS or task.id in world.runner.crashes.aside for task in tasks if _is(task)]
        stopped = stopped or [False]
        if len(others) == 2 and all(others) and all(stopped) and not await world.store.read(reads.pending_messages):
            return
        await asyncio.sleep(5)


def _is(task: Task) -> bool:
    return task.title == "Poisoned"


async def _check_story(world: PoisonedWorld, task: Task) -> None:
    """The episode stopped, or was published without what failed, says why on the board, and people were informed."""
    jobs = await world.jobs(task.id)
    troubled = [job for job in jobs if job.failure is not None and "videod itself failed" in job.failure.message]
    if task.id in world.runner.crashes.aside:
        assert any(task.id in text for text in world.notifier.sent), world.notifier.sent
        return
    if world.poison.step in SPARED:
        assert task.status == Status.PUBLISHED, f"{task.status}: {task.error}"
        assert troubled, [(job.name, job.state) for job in jobs]
        assert any("videod itself failed" in text for text in world.notifier.sent), world.notifier.sent
        return
    assert task.status in ERRORS, f"{task.status}, {[(job.name, job.state) for job in jobs]}"
    assert task.status == STEPS[world.poison.step].error
    (first, *_) = [job for job in troubled if job.state == JobState.FAILED]
    _check_attempts(world, first)
    shown = str(world.board.entries[task.page_id].values["Error Log"])
    assert "videod itself failed" in shown and "BadTripError" in shown, shown
    assert any("videod itself failed" in text for text in world.notifier.sent), world.notifier.sent


def _check_attempts(world: PoisonedWorld, job: Job) -> None:
    waits = len(world.policies["wild"].retry_waits_ms)
    if world.poison.place != Place.BOOKING:
        assert job.attempts == waits + 1, f"{job.name}: {job.attempts} attempts were spent, {waits} waits allowed"


def campaign(folder: Path, steps: tuple[str, ...] = (), places: tuple[Place, ...] = ()) -> Result:
    chosen = [one for one in cases() if (not steps or one[0] in steps) and (not places or one[1] in places)]
    hits: Counter[str] = Counter()
    for number, (step, place) in enumerate(chosen):
        below = folder / str(number)
        below.mkdir()
        try:
            hits[place.name.lower()] += run_virtual(case(below, step, place))
        except AssertionError as broken:
            raise AssertionError(f"{step}, {place.value}: {broken}") from broken
    return {"cases": len(chosen), "failures_of_videod": dict(hits), "restarts": 0, "others_published": 2 * len(chosen)}


def run(folder: Path, given: argparse.Namespace) -> Result:
    if not given.daemon:
        return campaign(folder, tuple(given.step))
    steps = [step for step in dict.fromkeys(step for step, _ in cases()) if not given.step or step in given.step]
    return poisoned_daemon.campaign(
        folder, given.seed, steps, [step for step in steps if can_be_adopted(step)], given.each
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--step", action="append", default=[], choices=list(STEPS))
    parser.add_argument("--daemon", action="store_true", help="a real daemon on the stand-ins, a sample of the places")
    parser.add_argument("--each", type=int, default=1, help="with --daemon: so many places for each step (default 1)")


CAMPAIGN = Campaign(
    "poison",
    "videod fails at one episode's job, step by step and place by place: all others are published.",
    _options,
    run,
)
