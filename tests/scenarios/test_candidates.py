"""What is followed from claim to claim says the same as what is read again."""

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from tests.scenarios.test_random_faults import passing
from videod.core.admission import Candidate, Occupancy
from videod.core.model import Job, Priority, Task
from videod.core.statuses import Gate, JobState, Status
from videod.flow.candidates import Candidates
from videod.flow.limits import Lane
from videod.flow.scheduler import Scheduler

CHANNELS = ("wild", "deep", "far")
Chosen = tuple[Candidate, Candidates] | None


def compare(patch: pytest.MonkeyPatch) -> Counter[str]:
    """Every choice from a candidates that was followed is also made from one that is read at that very moment."""
    seen: Counter[str] = Counter()
    choose = Scheduler._choose

    def both(self: Scheduler, connection: sqlite3.Connection, lane: Lane, known: Candidates | None = None) -> Chosen:
        found = choose(self, connection, lane, known)
        if known is not None:
            anew = choose(self, connection, lane)
            assert (found and found[0]) == (anew and anew[0])
            seen["followed"] += 1
            seen["to its end" if found is None else lane.service] += 1
        return found

    patch.setattr(Scheduler, "_choose", both)
    return seen


@pytest.mark.long
def test_a_followed_lineup_chooses_what_one_that_is_read_again_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = compare(monkeypatch)

    async def story() -> None:
        policies = {name: policy(name, clips=18, images=22) for name in CHANNELS}
        policies["far"] = policy(
            "far", clips=18, images=22, auto_gates=frozenset({Gate.ASSETS, Gate.AUDIO, Gate.FINAL})
        )
        async with World(tmp_path, seed=2, policies=policies, max_in_work=7, places=3) as world:
            world.vendors.troubles = passing(0.2)
            pages = []
            for number in range(6):
                channel, priority = CHANNELS[number % 3], list(Priority)[number // 3]
                pages.append(await world.queue(f"Film {number}", channel, priority))
            await world.rest(40_000)
            for page in pages[2::3]:
                await world.approve(page, Gate.VIDEO)
            await world.rest(40_000)
            await check(world)

    run_virtual(story())
    assert seen["followed"] > 50
    assert seen["to its end"] > 5
    assert min(seen[service] for service in ("gemini", "pillow")) > 5


def a_line() -> tuple[Candidates, Candidate, Task, tuple[Job, ...]]:
    """An episode whose first picture was claimed, with a later and a present one behind it."""
    first = Candidate("film", "image/a", 1, "wild", 1, True, 0, 5)
    task = Task(
        "film", "page", "wild", "Film", "bears", "way", Priority.NORMAL, None, Status.GENERATING_ASSETS, 0, 0, True, 5
    )
    jobs = (
        Job("film", "wild", "image", "a", "gemini", JobState.RUNNING, id=1),
        Job("film", "wild", "image", "b", "gemini", JobState.READY, id=2, due_at=900),
        Job("film", "wild", "composite", "c", "pillow", JobState.READY, id=3),
        Job("film", "wild", "image", "d", "gemini", JobState.READY, id=4, due_at=100),
    )
    return Candidates("gemini", {"film": first}, Occupancy(20, {"wild": 2}, {"wild": (1, 5)})), first, task, jobs


def test_the_next_of_an_episode_is_its_first_one_of_the_service_that_is_due() -> None:
    line, first, task, jobs = a_line()
    followed = line.after(first, task.status, task, jobs, at=100)
    assert followed is not None
    assert followed.choose() == first._replace(job="image/d", job_id=4)
    over = line.after(first, task.status, task, jobs, at=99)
    assert over is not None
    assert over.choose() is None


def test_an_admission_a_plan_and_another_status_are_read_again() -> None:
    line, first, task, jobs = a_line()
    assert line.after(first._replace(admitted=False), task.status, task, jobs, at=100) is None
    assert line.after(first._replace(job="plan/plan"), task.status, task, jobs, at=100) is None
    assert line.after(first, Status.ASSETS_READY, task, jobs, at=100) is None
