"""What the outlook calls possible is what the workflow takes: in every state that events can bring about."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from tests.core.book import Book
from tests.harness.world import policy
from videod.core import answers, fields, outlook, wording
from videod.core.events import (
    CancelAsked,
    EntryEdited,
    EntryQueued,
    Event,
    FileChosen,
    GateApproved,
    InputLost,
    JobCorrected,
    LostFile,
    RedoAsked,
    ServiceFreed,
    TaskPaused,
    TaskResumed,
)
from videod.core.failures import Kind
from videod.core.fields import BY_COLUMN
from videod.core.model import Job, Priority, Task
from videod.core.ops import Decision, SaveJob, SaveTask
from videod.core.outlook import Action, Awaited
from videod.core.statuses import ERRORS, Gate, JobState, Status
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.core.tables import STEPS as STEPS_BY_NAME
from videod.core.wishes import ALREADY, Obstacle, Verb
from videod.core.workflow import decide
from videod.web import details

#: what holds services, besides what the episode itself met
SUSPENSIONS = (
    (), (Suspension(Cause.PERSON, detail="holiday"),), (Suspension(Cause.DISK, detail="full"),),
    (Suspension(Cause.DOWN, "kie", until_ms=9_000_000_000_000),),
    (Suspension(Cause.CREDENTIALS, "gemini", key="GEMINI_API_KEY"),),
)  # fmt: skip


def queued(task: Task, at: int) -> EntryQueued:
    return EntryQueued(at, task.page_id, **fields.of(task))


def edited(task: Task, name: str, at: int) -> EntryEdited:
    """The event of another value in the field."""
    others = {
        "priority": Priority.LOW if task.priority is Priority.HIGH else Priority.HIGH,
        "privacy": "unlisted" if task.privacy == "public" else "public",
    }
    values = fields.of(task)
    return EntryEdited(at, task.id, **(values | {name: others.get(name, f"other {at}")}))


def events_of(action: Action, task: Task, jobs: tuple[Job, ...], at: int) -> Iterator[Event]:
    """What asks for the action; several where it may be asked for in several ways."""
    match action.verb:
        case Verb.APPROVE:
            yield from (GateApproved(at, task.id, gate, "me") for gate in ([action.gate] if action.gate else Gate))
        case Verb.REDO:
            names = action.jobs or tuple(job.name for job in jobs)
            gates = [action.gate] if action.gate else list(Gate)
            yield from (RedoAsked(at, task.id, gate, chosen) for gate in gates for chosen in (names, names[:1]))
        case Verb.CORRECT:
            names = action.jobs or tuple(job.name for job in jobs)
            yield from (JobCorrected(at, task.id, name, words(name, at), "me") for name in names)
        case Verb.CHOOSE:
            names = action.jobs or tuple(job.name for job in jobs if job.step in outlook.PUT)
            yield from (FileChosen(at, task.id, name, f"own/{at}", 9, f"{at}", {}, True, "me") for name in names)
        case Verb.RETRY:
            yield queued(task, at)
        case Verb.CANCEL:
            yield CancelAsked(at, task.id)
        case Verb.PAUSE:
            yield TaskPaused(at, task.id, f"reason {at}")
        case Verb.RESUME:
            yield TaskResumed(at, task.id)
        case Verb.EDIT:
            yield edited(task, BY_COLUMN[action.field].name, at)
        case Verb.RESUME_SERVICE:
            return  # asked of the service, not of the episode


def words(name: str, at: int) -> dict[str, object]:
    """Other words for all that a person may rewrite of the job."""
    return dict.fromkeys(STEPS_BY_NAME[name.split("/")[0]].words.values(), f"other {at}")


def changes(decision: Decision, task: Task, verb: Verb) -> bool:
    """Whether the decision did what was wanted, by what it writes."""
    if verb is Verb.EDIT:
        saved = [op.task for op in decision.ops if isinstance(op, SaveTask)]
        return bool(saved) and any(getattr(saved[0], name) != getattr(task, name) for name in fields.of(task))
    moved = any(isinstance(op, SaveJob) for op in decision.ops)
    for op in decision.ops:
        if isinstance(op, SaveTask):
            moved |= replace(op.task, error=task.error, priority=task.priority, suspended=task.suspended) != task
    return moved


def agrees(paper: Book, suspensions: tuple[Suspension, ...], configured: bool) -> None:
    task, jobs = paper.one, tuple(paper.jobs.values())
    found = outlook.outlook(task, jobs, suspensions, configured, paper.at)
    snapshot = replace(paper.snapshot(), policy=replace(paper.policy, configured=configured))
    for action in found.actions:
        for event in events_of(action, task, jobs, paper.at + 1):
            decision = decide(snapshot, event)
            taken = decision.accepted and decision.refused is None and changes(decision, task, action.verb)
            assert taken is action.possible, (action, event, decision, task)
            if action.verb is not Verb.EDIT and action.obstacle not in (None, *ALREADY):
                assert decision.refused is not None, (action, decision)
        if action.obstacle is not None:
            for said in (answers.why_not(action.verb, action.obstacle, task),
                         answers.on_board(action.verb, action.obstacle, task, action.field),
                         answers.hint(action.verb, action.obstacle, task)):  # fmt: skip
                assert said and "None" not in said.replace("None of", ""), said
        assert details.action(action, task)["possible"] is action.possible
    assert details.wait(found.wait)["what"] == found.wait.what.value
    assert answers.offered(task)
    one = found.wait.suspension
    assert one is None or wording.waiting(one)


@dataclass
class Walk:
    """One episode that meets whatever may happen to it, mostly good things."""

    chance: Random
    paper: Book = field(default_factory=lambda: Book(policy=policy(auto_gates=frozenset(), rebuy_ceiling_micros=0)))

    def _one(self, *states: JobState) -> Job | None:
        found = [job for job in self.paper.jobs.values() if job.state in states]
        return self.chance.choice(found) if found else None

    def work(self) -> None:
        """A job goes well, or everything that was ready; a review is approved, what stopped is queued again."""
        paper = self.paper
        for _ in range(self.chance.choice([1, 1, 3, 20])):
            name = next(iter(paper.ready()), None)
            if name is not None and paper.start(name).accepted and paper.jobs[name].state is JobState.RUNNING:
                paper.succeed(name)
        if self.chance.random() < 0.5:
            self._ask(Verb.APPROVE)
        if paper.one.status in ERRORS | {Status.CANCELLED} and self.chance.random() < 0.3:
            self._ask(Verb.RETRY)

    def start(self) -> None:
        if (job := self._one(JobState.READY)) is not None:
            self.paper.start(job.name)

    def end(self) -> None:
        """A job that runs ends in any way."""
        job = self._one(JobState.RUNNING)
        if job is None:
            return
        way = self.chance.choice(["done", "fail", "lose"])
        needs = [name for name in job.needs if not name.startswith(("plan/", "upload/"))]
        if way == "lose" and needs:
            lost = LostFile(self.chance.choice(needs), "is gone", self.chance.random() < 0.3)
            self.paper.apply(InputLost(self.paper.now(), self.paper.one.id, job.name, job.attempt, (lost,)))
        elif way == "fail":
            self.paper.fail(job.name, self.chance.choice(list(Kind)))
        else:
            self.paper.succeed(job.name)

    def ask(self) -> None:
        self._ask(self.chance.choice([one for one in Verb if one is not Verb.RESUME_SERVICE]))

    def free(self) -> None:
        self.paper.apply(ServiceFreed(self.paper.now(), self.paper.one.id, "gemini"))

    def _ask(self, verb: Verb) -> None:
        paper = self.paper
        wanted = [one for one in seen(paper).actions if one.verb is verb]
        jobs = tuple(paper.jobs.values())
        events = [event for one in wanted for event in events_of(one, paper.one, jobs, paper.now())]
        if events:
            paper.apply(self.chance.choice(events))

    def step(self) -> None:
        step = self.chance.choices([self.work, self.start, self.end, self.ask, self.free], [30, 10, 12, 3, 2])[0]
        step()


def kind_of(paper: Book) -> object:
    """Episodes that are alike in what may be asked of them."""
    task = paper.one
    jobs = frozenset((job.step, job.state, job.failure and job.failure.code) for job in paper.jobs.values())
    return task.status, task.paused is None, task.suspended is None, task.approved, jobs


def test_in_every_state_that_can_be_reached_the_outlook_and_the_workflow_agree() -> None:
    met: set[object] = set()
    statuses: set[Status] = set()
    obstacles: set[tuple[Verb, Obstacle | None]] = set()
    for seed in range(WALKS):
        walk = Walk(Random(seed))
        walk.paper.policy = replace(walk.paper.policy, story_review=seed % 3 == 0)
        walk.paper.queue()
        for number in range(STEPS):
            walk.step()
            if kind_of(walk.paper) in met:
                continue
            met.add(kind_of(walk.paper))
            statuses.add(walk.paper.one.status)
            suspensions = SUSPENSIONS[number % len(SUSPENSIONS)]
            obstacles |= {(one.verb, one.obstacle) for one in seen(walk.paper, *suspensions).actions}
            agrees(walk.paper, suspensions, True)
            agrees(walk.paper, (), False)
    assert set(Status) - statuses <= {Status.DRAFT, Status.AUDIO_APPROVED}
    assert {obstacle for _, obstacle in obstacles} >= set(Obstacle) - NEVER_LISTED


@pytest.mark.parametrize("seed", [831, 952])
def test_a_job_of_a_later_stage_that_meets_its_quota_leaves_an_open_review_no_illegal_move(seed: int) -> None:
    walk = Walk(Random(seed))
    walk.paper.queue()
    statuses = set()
    for _ in range(STEPS):
        walk.step()
        statuses.add(walk.paper.one.status)
    assert Status.QUOTA_EXCEEDED in statuses


#: what is true of one job, where others may be corrected
OF_ONE_JOB = {Obstacle.SAME_WORDS, Obstacle.SAME_FILE, Obstacle.BEING_MADE, Obstacle.UNCONFIRMED}
#: what is no answer of a list: other gates than the open one, files of other reviews, a missing channel
NEVER_LISTED = {Obstacle.ALREADY_APPROVED, Obstacle.NOTHING_CHOSEN, Obstacle.NO_CHANNEL, *OF_ONE_JOB}
WALKS, STEPS = 60, 120


def book() -> Book:
    paper = Book(policy=policy(auto_gates=frozenset()))
    paper.queue()
    return paper


def seen(paper: Book, *suspensions: Suspension, configured: bool = True) -> outlook.Outlook:
    return outlook.outlook(paper.one, tuple(paper.jobs.values()), suspensions, configured, paper.at)


def possible(found: outlook.Outlook) -> set[Verb]:
    return {one.verb for one in found.actions if one.possible and one.verb is not Verb.EDIT}


@pytest.mark.parametrize(
    ("one", "what"),
    [
        (Suspension(Cause.PERSON, detail="holiday"), Awaited.SUSPENSION),
        (Suspension(Cause.QUOTA, "gemini", until_ms=9_000_000), Awaited.SUSPENSION),
        (Suspension(Cause.QUOTA, "kie", until_ms=9_000_000), Awaited.TURN),
        (Suspension(Cause.PERSON, EVERY_SERVICE, "another_channel"), Awaited.TURN),
    ],
)
def test_an_entry_waits_for_what_holds_its_own_service(one: Suspension, what: Awaited) -> None:
    found = seen(book(), one)
    assert found.wait.what is what
    assert (Verb.RESUME_SERVICE in possible(found)) is (what is Awaited.SUSPENSION)
    assert found.wait.until_ms == (one.until_ms if what is Awaited.SUSPENSION else None)


def test_a_full_disk_is_named_and_ended_by_no_command() -> None:
    found = seen(book(), Suspension(Cause.DISK, detail="12 MB left"))
    (action,) = [one for one in found.actions if one.verb is Verb.RESUME_SERVICE]
    assert action.obstacle is Obstacle.DISK


def test_at_a_review_it_offers_its_files_and_says_what_approving_costs() -> None:
    paper = book()
    paper.run()
    found = seen(paper)
    assert paper.one.status is Status.ASSETS_READY
    assert possible(found) == {Verb.APPROVE, Verb.REDO, Verb.CORRECT, Verb.CHOOSE, Verb.CANCEL, Verb.PAUSE}
    by_verb = {one.verb: one for one in found.actions}
    assert by_verb[Verb.APPROVE].cost_micros > 0 and by_verb[Verb.APPROVE].gate is Gate.ASSETS
    assert "plan/plan" in by_verb[Verb.REDO].jobs
    assert by_verb[Verb.RETRY].obstacle is Obstacle.IN_REVIEW
    fields = {one.field: one.obstacle for one in found.actions if one.verb is Verb.EDIT}
    assert fields == {
        "Title": None, "Channel": Obstacle.BEGUN, "Topic": Obstacle.PLAN_IN_REVIEW,
        "Story Direction": Obstacle.PLAN_IN_REVIEW, "Priority": None, "Privacy": None,
        "Thumbnail": None,
    }  # fmt: skip
    assert answers.offered(paper.one) == (
        "it waits for your review: set Approved - Assets to continue, Generating Assets to regenerate the files marked"
        " Redo, or Cancelled to stop"
    )


def test_after_an_error_it_offers_a_retry_with_its_price() -> None:
    paper = book()
    paper.start("plan/plan")
    paper.fail("plan/plan", Kind.CONFIGURATION)
    found = seen(paper)
    assert paper.one.status in ERRORS and found.wait.what is Awaited.DECISION
    assert found.wait.job is not None and found.wait.job.name == "plan/plan"
    assert possible(found) == {Verb.RETRY, Verb.CANCEL, Verb.PAUSE}


def test_without_its_channels_file_nothing_begins_and_that_is_what_it_waits_for() -> None:
    found = seen(book(), configured=False)
    assert found.wait.suspension is not None and found.wait.suspension.cause is Cause.CHANNEL_FILE
    assert possible(found) == {Verb.CANCEL, Verb.PAUSE}


def test_a_failed_try_waits_for_its_own_time() -> None:
    paper = book()
    paper.start("plan/plan")
    paper.fail("plan/plan", Kind.DOWN)
    found = seen(paper)
    assert (found.wait.what, found.wait.until_ms) == (Awaited.RETRY, paper.jobs["plan/plan"].due_at)
