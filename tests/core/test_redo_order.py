"""Redo of any choice of files is made in the order of their inputs, and buys nothing that was not asked for.

Every subset of what each review shows is redone in a small episode that has one of each: a character with a variant,
a cut-out, a split screen and a full picture. Each is followed to the end of the film on paper.
"""

import random
from collections.abc import Iterator
from itertools import combinations

import pytest

from tests.core.paper import SMALL, at, copied
from videod.core import tables
from videod.core.derive import affected
from videod.core.events import RedoAsked
from videod.core.statuses import Gate, JobState
from videod.core.tables import REVIEWED


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    return (chosen for size in range(1, len(names) + 1) for chosen in combinations(names, size))


@pytest.mark.fault("1.1")
@pytest.mark.parametrize("gate", [Gate.STORY, Gate.ASSETS, Gate.VIDEO, Gate.AUDIO])
def test_every_choice_of_files_is_regenerated_in_the_order_of_its_inputs(gate: Gate) -> None:
    """By turns with one job at a time, and with five while cuts are at work."""
    ways = [(1, at(gate, plan=SMALL)), (5, at(gate, gate == Gate.AUDIO, SMALL))]
    chance = random.Random(str(gate))
    tried = 0
    shown = [job.name for job in ways[0][1].jobs.values() if job.step in REVIEWED[gate]]
    for chosen in _subsets(shown):
        at_once, before = ways[tried % 2]
        done = {job.name for job in before.jobs.values() if job.state == JobState.DONE}
        cutting = {job.name for job in before.jobs.values() if job.state == JobState.RUNNING}
        paper = copied(before)
        assert paper.apply(RedoAsked(paper.now(), paper.one.id, gate, chosen)).accepted
        started = paper.follow(chance, at_once)
        wanted = affected(tuple(before.jobs.values()), set(chosen) - {"plan/plan"}) | set(chosen)
        again = done & set(started)
        assert again == done & wanted, f"{chosen}: made again {sorted(again ^ (done & wanted))}"
        twice = {name for name in started if started.count(name) > 1}
        assert not twice, f"{chosen}: started twice: {twice}"
        assert cutting & set(started) == cutting & wanted, f"{chosen}: a cut kept an older part"
        tried += 1
    assert tried == 2 ** len(shown) - 1


@pytest.mark.fault("1.1")
def test_nothing_is_bought_before_the_new_plan_is_there() -> None:
    paper = at(Gate.ASSETS)
    steps = (*REVIEWED[Gate.STORY], *REVIEWED[Gate.ASSETS])
    everything = tuple(job.name for job in paper.jobs.values() if job.step in steps)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, everything))
    assert paper.ready() == ["plan/plan"]


@pytest.mark.fault("1.1")
def test_a_job_whose_inputs_change_twice_while_it_runs_has_one_new_take() -> None:
    paper = at(Gate.AUDIO, cuts_running=True)
    for name in ("narration/clip_01", "narration/clip_01"):
        paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.AUDIO, (name,)))
        paper.begin(name)
        paper.succeed(name)
    assert paper.jobs["cut/clip_01"].revision == 1
    assert tables.STEPS["cut"].output(paper.jobs["cut/clip_01"], paper.one) == "cuts/clip_01_r1.mov"
