"""Files are deleted, truncated or replaced behind videod's back: it ends Published, or asks once with a price.

Every file of a small episode, harmed in three ways at three moments: before anybody uses it, while its review waits,
after its approval. In virtual time, with the doubles' own account of what was bought.
"""

import argparse
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.model import Job, Task
from videod.core.statuses import AT_GATE, ERRORS, Gate, JobState, Status
from videod.core.tables import REVIEWED, STEPS

HARMS = ("deleted", "truncated", "replaced")
#: when: as soon as it is made, while its review waits, when that was approved
MOMENTS = ("made", "review", "approved")
#: steps whose file a later step uses; the plan is read once, when it is made
STEPS_HARMED = ("image", "composite", "clip", "narration", "sound_effect", "cut", "assemble")


@dataclass(frozen=True)
class Case:
    step: str
    how: str
    moment: str


def cases() -> list[Case]:
    return [Case(step, how, moment) for step in STEPS_HARMED for how in HARMS for moment in MOMENTS]


def run(folder: Path, given: argparse.Namespace) -> Result:
    chance = random.Random(given.seed)
    chosen = cases() if given.cases == 0 else chance.sample(cases(), min(given.cases, len(cases())))
    asked = 0
    for number, case in enumerate(chosen):
        place = folder / f"case{number}"
        found = one(place, case, given.seed + number)
        asked += found
        shutil.rmtree(place)
        say(f"{case.step} {case.how}, {case.moment}: {'asked once' if found else 'went on by itself'}")
    return {"cases": len(chosen), "asked_once": asked, "by_itself": len(chosen) - asked, "bought_unasked": 0}


def one(folder: Path, case: Case, seed: int) -> int:
    """Live through one case; returns how often people were asked. Raises AssertionError where something is wrong."""
    return run_virtual(_story(folder, case, seed))


async def _story(folder: Path, case: Case, seed: int) -> int:
    questions, harmed = 0, False
    async with World(folder, seed=seed, policies={"wild": policy(auto_gates=frozenset())}) as world:
        page = await world.queue("Bear")
        allowed: set[str] = set()
        for _ in range(3000):
            await world.clock.sleep(1 if not harmed else 30)
            tasks = await world.tasks()
            if not tasks:
                continue
            (task,) = tasks
            jobs = {job.name: job for job in await world.jobs(task.id)}
            job = next((one for one in jobs.values() if one.step == case.step), None)
            if not harmed and job is not None and _now(case, job, task):
                if case.moment == "approved":
                    await world.approve(page, _gate_of(case.step))
                    _harm(world, task, job, case.how)
                    harmed = True
                    continue
                _harm(world, task, job, case.how)
                harmed = True
            if task.status == Status.PUBLISHED:
                break
            if task.status in ERRORS:
                stopped = [one for one in jobs.values() if one.state == JobState.FAILED]
                entry = world.board.entries[page].values
                await world.rest()
                assert "set Queued to generate it again for $" in entry["Error Log"], entry["Error Log"]
                allowed |= {one.name for one in stopped}
                questions += 1
                world.board.person_sets(page, Status="Queued")
            elif task.status in AT_GATE and (harmed or AT_GATE[task.status] != _gate_of(case.step)):
                await world.approve(page, AT_GATE[task.status])
        await world.rest()
        (task,) = await world.tasks()
        assert task.status == Status.PUBLISHED, f"{case}: {task.status}, {world.board.entries[page].values}"
        assert harmed or case.moment == "made", f"{case}: never harmed"
        twice = sum(count - 1 for count in world.vendors.bought.values())
        assert twice == len(allowed), f"{case}: {twice} bought again, asked for {sorted(allowed)}"
        assert questions <= 1, f"{case}: asked {questions} times"
        counted = (task.cost_micros + task.possible_micros) / 1e6
        assert abs(counted - world.vendors.usd) < 1e-6, f"{case}: {counted} in the ledger, {world.vendors.usd} paid"
        assert all(count == 1 for count in world.vendors.uploaded.values())
    return questions


def _gate_of(step: str) -> Gate:
    return next(gate for gate, steps in REVIEWED.items() if step in steps)


def _now(case: Case, job: Job, task: Task) -> bool:
    if job.state != JobState.DONE:
        return False
    return case.moment == "made" or AT_GATE.get(task.status) == _gate_of(case.step)


def _harm(world: World, task: Task, job: Job, how: str) -> None:
    path = world.builder.workspace(task) / STEPS[job.step].output(job, task)
    text = path.read_text()
    path.unlink()
    if how == "truncated":
        path.write_text(text[: len(text) // 2])
    elif how == "replaced":
        path.write_text("x" * len(text))


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=0, help="so many by chance; 0, the default: all of them")


CAMPAIGN = Campaign("lost-files", "lost, cut or replaced files: made again, fetched, or asked for once", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
