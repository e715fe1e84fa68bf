"""Redo of any choice of files is made in the order of their inputs, and buys nothing that was not asked for.

Every subset of what each review shows is redone in a small episode that has one of each: a character with a variant,
a cut-out, a split screen and a full picture. Each is followed to the end of the film on paper.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import PurePosixPath
from typing import cast

import pytest

from tests.core.book import Book
from tests.core.test_steps import context
from tests.harness.scripts import plan_document
from tests.harness.world import policy
from videod.core import tables
from videod.core.derive import affected
from videod.core.events import Event, GateApproved, JobStarted, RedoAsked
from videod.core.ops import Decision, OpenAttempt, SaveJob, SaveTask, Snapshot
from videod.core.plan import Plan, parse
from videod.core.statuses import AT_GATE, Gate, JobState, Status
from videod.core.tables import REVIEWED, STEPS
from videod.core.workflow import decide

_PICTURES: list[dict[str, object]] = [
    {"type": "cutout", "images": ["bear_core", "place_1"], "scale": 0.4},
    {"type": "cutout", "images": ["bear_sits", "place_2"], "scale": 0.5},
    {"type": "split", "images": ["bear_core", "place_2"], "scale": 1.0},
    {"type": "full", "images": ["track"], "scale": 1.0},
]


def _plan(pictures: list[dict[str, object]]) -> Plan:
    document = plan_document(len(pictures), 5, "The Crossing")
    images = cast("list[dict[str, object]]", document["images"])
    core = images[0]
    variant = core | {"id": "bear_sits", "core": False, "prompt": "The brown bear sits on moss."}
    track = images[-1] | {"id": "track", "kind": "prop", "subject": "track", "prompt": "A paw track in wet sand."}
    document["images"] = [core, variant, images[1], images[2], track]
    clips = cast("list[dict[str, object]]", document["clips"])
    document["clips"] = [clip | {"picture": picture} for clip, picture in zip(clips, pictures, strict=True)]
    return parse(document)


PLAN = _plan(_PICTURES)
#: one of each kind of picture and no more, for all choices among its files
SMALL = _plan([_PICTURES[1] | {"images": ["bear_sits", "place_1"]}, *_PICTURES[2:]])


@dataclass
class Paper(Book):
    """A book that decides once and checks each start. `plan`: what the planner answers."""

    plan: Plan = field(default_factory=lambda: PLAN)

    def apply(self, event: Event) -> Decision:
        job = self.jobs.get(getattr(event, "job", ""))
        guard = None if job is None else self.breakers.get(job.service)
        decision = decide(Snapshot(self.task, tuple(self.jobs.values()), self.policy, breaker=guard), event)
        for op in decision.ops:
            if isinstance(op, SaveTask):
                self.task = op.task
            elif isinstance(op, SaveJob):
                self.jobs[op.job.name] = replace(op.job, id=op.job.id or len(self.jobs) + 1)
            elif isinstance(op, OpenAttempt):
                self.attempts += 1
                self.jobs[op.job] = replace(self.jobs[op.job], attempt=self.attempts)
        return decision

    def begin(self, name: str) -> None:
        """Start the job as a lane would: its command is built first, from the files of what is done."""
        job = self.jobs[name]
        missing = [need for need in job.needs if self.jobs[need].state != JobState.DONE]
        assert not missing, f"{name} starts before {missing}"
        done = {one.name: str(one.output) for one in self.jobs.values() if one.state == JobState.DONE and one.output}
        at = context(self.one, workspace=PurePosixPath("/w"), outputs=done)
        STEPS[job.step].argv(job, at)
        assert self.apply(JobStarted(self.now(), self.one.id, name, "digest")).accepted, name

    def follow(self, chance: random.Random, at_once: int) -> list[str]:
        """Live on until the film is published, at most `at_once` jobs at a time, in any order; what was started."""
        started: list[str] = []
        for _ in range(1000):
            running = [job.name for job in self.jobs.values() if job.state == JobState.RUNNING]
            ready = [name for name in self.ready() if not name.startswith("cleanup/")]
            if ready and len(running) < at_once:
                started.append(chance.choice(ready))
                self.begin(started[-1])
            elif running:
                self.succeed(chance.choice(running), self.plan)
            elif self.one.status in AT_GATE:
                self.apply(GateApproved(self.now(), self.one.id, AT_GATE[self.one.status], "me"))
            else:
                assert self.one.status == Status.PUBLISHED, self.one.status
                return started
        raise AssertionError("never comes to rest")


def _at(gate: Gate, cuts_running: bool = False, plan: Plan = PLAN) -> Paper:
    asked = policy(auto_gates=frozenset(), story_review=gate is Gate.STORY, clips=len(plan.clips), images=5)
    paper = Paper(policy=asked, plan=plan)
    paper.queue()
    while True:
        while ready := [name for name in paper.ready() if not (cuts_running and name.startswith("cut/"))]:
            paper.begin(ready[0])
            paper.succeed(ready[0], plan)
        if paper.one.status == gates(gate):
            break
        paper.apply(GateApproved(paper.now(), paper.one.id, AT_GATE[paper.one.status], "me"))
    if cuts_running:
        for name in paper.ready()[:3]:
            paper.begin(name)
    return paper


def gates(gate: Gate) -> Status:
    return next(status for status, one in AT_GATE.items() if one == gate)


def _copy(paper: Paper) -> Paper:
    return replace(paper, jobs=dict(paper.jobs), breakers=dict(paper.breakers))


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    return (chosen for size in range(1, len(names) + 1) for chosen in combinations(names, size))


@pytest.mark.fault("1.1")
@pytest.mark.parametrize("gate", [Gate.STORY, Gate.ASSETS, Gate.VIDEO, Gate.AUDIO])
def test_every_choice_of_files_is_regenerated_in_the_order_of_its_inputs(gate: Gate) -> None:
    """By turns with one job at a time, and with five while cuts are at work."""
    ways = [(1, _at(gate, plan=SMALL)), (5, _at(gate, gate == Gate.AUDIO, SMALL))]
    chance = random.Random(str(gate))
    tried = 0
    shown = [job.name for job in ways[0][1].jobs.values() if job.step in REVIEWED[gate]]
    for chosen in _subsets(shown):
        at_once, before = ways[tried % 2]
        done = {job.name for job in before.jobs.values() if job.state == JobState.DONE}
        cutting = {job.name for job in before.jobs.values() if job.state == JobState.RUNNING}
        paper = _copy(before)
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
    paper = _at(Gate.ASSETS)
    steps = (*REVIEWED[Gate.STORY], *REVIEWED[Gate.ASSETS])
    everything = tuple(job.name for job in paper.jobs.values() if job.step in steps)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, everything))
    assert paper.ready() == ["plan/plan"]


@pytest.mark.fault("1.1")
def test_a_job_whose_inputs_change_twice_while_it_runs_has_one_new_take() -> None:
    paper = _at(Gate.AUDIO, cuts_running=True)
    for name in ("narration/clip_01", "narration/clip_01"):
        paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.AUDIO, (name,)))
        paper.begin(name)
        paper.succeed(name)
    assert paper.jobs["cut/clip_01"].revision == 1
    assert tables.STEPS["cut"].output(paper.jobs["cut/clip_01"], paper.one) == "cuts/clip_01_r1.mov"
