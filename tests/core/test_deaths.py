"""A job that was running when the daemon died is counted, and set aside before it keeps the house from starting."""

import pytest

from tests.core.book import Book
from tests.harness.world import policy
from videod.core.events import JobCrashed, JobDied, JobSetAside
from videod.core.failures import Failure, Kind
from videod.core.ops import Alert, CloseAttempt
from videod.core.statuses import ERRORS, Gate, JobState, Status

LAST = "2026-11-29T14:15:00Z"
BUG = Failure(Kind.BUG, "videod itself failed")


def die(paper: Book, name: str, most: int = 3, doubt: bool = False) -> None:
    attempt = paper.jobs[name].attempt
    paper.apply(JobDied(paper.now(), paper.one.id, name, attempt, most, LAST, doubt))


def image(**changes: object) -> tuple[Book, str]:
    paper = Book(policy=policy(**changes))
    paper.queue()
    paper.do("plan/plan")
    return paper, "image/bear_core"


@pytest.mark.fault("1.9")
def test_the_third_death_sets_the_job_aside_with_its_story() -> None:
    paper, name = image()
    for _ in range(2):
        paper.start(name)
        die(paper, name)
        assert paper.jobs[name].state == JobState.RUNNING
        paper.fail(name, Kind.INTERRUPTED)
    paper.start(name)
    die(paper, name)
    job = paper.jobs[name]
    assert job.state == JobState.FAILED
    assert job.failure is not None and job.failure.kind == Kind.BUG
    story = f"videod died 3 times while this job ran (last: {LAST})"
    told = f"{story}. It was set aside so that the other channels can continue"
    assert job.failure.message == told
    assert paper.one.status == Status.ERROR_ASSETS
    assert any(isinstance(op, Alert) and told in op.text for op in paper.last.ops)
    assert any(isinstance(op, CloseAttempt) for op in paper.last.ops)


@pytest.mark.fault("1.9")
def test_what_may_have_been_bought_by_a_job_set_aside_stays_in_doubt() -> None:
    paper, name = image()
    paper.start(name)
    die(paper, name, most=1, doubt=True)
    assert paper.jobs[name].state == JobState.IN_DOUBT
    assert "It may already be paid" in str(paper.jobs[name].failure)
    assert paper.one.possible_micros == paper.jobs[name].price_micros


@pytest.mark.fault("1.9")
def test_a_success_or_a_person_ends_the_count() -> None:
    paper, name = image()
    paper.start(name)
    die(paper, name)
    assert paper.jobs[name].deaths == 1
    paper.succeed(name)
    assert paper.jobs[name].deaths == 0
    other = "image/place_1"
    paper.start(other)
    die(paper, other, most=1)
    paper.queue()
    assert (paper.jobs[other].state, paper.jobs[other].deaths) == (JobState.READY, 0)


@pytest.mark.fault("1.3")
@pytest.mark.parametrize(
    "name", ["plan/plan", "composite/clip_01", "narration/clip_01", "assemble/film", "upload/film"]
)
def test_a_crash_before_any_job_of_a_stage_began_is_a_failure_like_any_other(name: str) -> None:
    paper = Book(policy=policy(auto_gates=frozenset(Gate)))
    paper.queue()
    paper.run(until=name)
    waits = len(paper.policy.retry_waits_ms)
    for tried in range(waits + 1):
        assert paper.jobs[name].state == JobState.READY
        paper.at = max(paper.at, paper.jobs[name].due_at)
        paper.apply(JobCrashed(paper.now(), paper.one.id, name, BUG, 0.5))
        assert paper.jobs[name].attempts == tried + 1
    assert paper.jobs[name].state == JobState.FAILED
    assert paper.one.status in ERRORS


@pytest.mark.fault("1.3")
@pytest.mark.parametrize("running", [True, False])
def test_the_least_that_can_be_decided_fails_the_job_and_stops_the_episode(running: bool) -> None:
    paper, name = image()
    if running:
        paper.start(name)
    decision = paper.apply(JobSetAside(paper.now(), paper.one.id, name, BUG))
    assert paper.jobs[name].state == JobState.FAILED
    assert paper.one.status == Status.ERROR_ASSETS
    assert any(isinstance(op, Alert) for op in decision.ops)
    assert not paper.apply(JobSetAside(paper.now(), paper.one.id, name, BUG)).accepted
    paper.queue()
    paper.run()
    assert paper.one.status == Status.PUBLISHED
