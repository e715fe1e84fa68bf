"""An episode on paper: its events decided and its jobs started as a lane would, with nothing run.

It is small, and has one of each: a character with a variant, cut-outs, a split screen and a full picture.
"""

import random
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import cast

from tests.core.book import Book
from tests.core.test_steps import context
from tests.harness.scripts import plan_document
from tests.harness.world import policy
from videod.core.events import Event, GateApproved, JobStarted
from videod.core.ops import Decision, OpenAttempt, SaveJob, SaveTask, Snapshot
from videod.core.plan import Plan, parse
from videod.core.statuses import AT_GATE, Gate, JobState, Status
from videod.core.tables import STEPS
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
        STEPS[job.step].argv(job, context(self.one, workspace=PurePosixPath("/w"), outputs=done))
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


def at(gate: Gate, cuts_running: bool = False, plan: Plan = PLAN) -> Paper:
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


def copied(paper: Paper) -> Paper:
    return replace(paper, jobs=dict(paper.jobs), breakers=dict(paper.breakers))
