"""A quota that no wait refills is waiting until somebody acts, told once, and continues after that."""

import pytest

from tests.core.book import Book
from videod.core import attention, board
from videod.core.advice import advice
from videod.core.events import JobFailed, ServiceFreed
from videod.core.failures import Failure, Kind
from videod.core.model import Job
from videod.core.ops import Alert, Suspend
from videod.core.statuses import JobState, Status
from videod.core.suspension import Cause, Suspension
from videod.store.reads import OpenAlert

NO_QUOTA = (
    "Your Gemini API key has no quota for `gemini-nano-banana-2.1`. Enable billing for its Google Cloud project, then"
    " run `videod resume gemini`."
)
SPENT = "Your prepayment credits are depleted."


def failed(text: str) -> tuple[Book, list[Alert], Suspension]:
    paper = Book()
    paper.queue()
    paper.start("plan/plan")
    failure = Failure(Kind.QUOTA, text, "gemini", "POST x", 402, "RESOURCE_EXHAUSTED", until_person=True)
    paper.apply(JobFailed(paper.now(), paper.one.id, "plan/plan", paper.jobs["plan/plan"].attempt, failure, 0.5))
    (suspended,) = [op.suspension for op in paper.last.ops if isinstance(op, Suspend)]
    return paper, [op for op in paper.last.ops if isinstance(op, Alert)], suspended


@pytest.mark.fault("5.2", "5.14")
@pytest.mark.parametrize("text", [NO_QUOTA, SPENT])
def test_it_is_waiting_without_an_end_and_costs_no_attempt(text: str) -> None:
    paper, alerts, suspended = failed(text)
    job = paper.jobs["plan/plan"]
    assert (suspended.service, suspended.channel_id, suspended.until_ms) == ("gemini", "", None)
    assert (job.state, job.attempts) == (JobState.READY, 0)
    assert paper.one.status == Status.QUOTA_EXCEEDED
    assert board.next_retry((job,)) is None
    assert len(alerts) == 1 and alerts[0].key == "gemini:credit"


@pytest.mark.fault("5.2", "5.14")
def test_people_read_what_to_do_once_in_one_sentence() -> None:
    _, (alert,), _ = failed(NO_QUOTA)
    assert NO_QUOTA in alert.text and "Resumes at" not in alert.text
    assert alert.text.count("videod resume gemini") == 1
    _, (alert,), _ = failed(SPENT)
    assert f"{SPENT} What to do: top up at the Google Cloud project of GEMINI_API_KEY, then run" in alert.text
    assert "`videod resume gemini`" in alert.text


@pytest.mark.fault("5.14")
def test_it_continues_after_topping_up() -> None:
    paper, _, _ = failed(SPENT)
    paper.apply(ServiceFreed(paper.now(), paper.one.id, "gemini"))
    assert paper.one.suspended is None and "plan/plan" in paper.ready()
    paper.start("plan/plan")
    paper.succeed("plan/plan")
    assert paper.one.status == Status.GENERATING_ASSETS


def test_who_was_alerted_a_day_ago_is_reminded() -> None:
    _, (alert,), suspended = failed(SPENT)
    told = [OpenAlert(alert.key, alert.ends, suspended.since, suspended.since)]
    (found,) = attention.reminders([suspended], told, suspended.since + 24 * attention.HOUR_MS)
    assert "run `videod resume gemini`" in found.text and "key" not in found.text


@pytest.mark.fault("5.3")
def test_a_voice_of_paid_plans_only_stops_its_job_and_names_the_channels_setting() -> None:
    failure = Failure(Kind.CONFIGURATION, "Free users cannot use library voices.", "elevenlabs", "POST x", 402,
                      "paid_plan_required")  # fmt: skip
    paper = Book()
    paper.queue()
    paper.run(until="narration/clip_01")
    name = next(job.name for job in paper.jobs.values() if job.step == "narration")
    while paper.jobs[name].state != JobState.READY:
        paper.jobs[name] = Job(**(vars(paper.jobs[name]) | {"state": JobState.READY}))
    paper.start(name)
    paper.apply(JobFailed(paper.now(), paper.one.id, name, paper.jobs[name].attempt, failure, 0.5))
    assert paper.jobs[name].state == JobState.FAILED
    assert [op for op in paper.last.ops if isinstance(op, Suspend)] == []
    assert advice(paper.jobs[name], failure) == "check `voice_id` in channels/wild.yaml, then set Queued"


def test_a_quota_that_time_refills_keeps_its_end() -> None:
    paper = Book()
    paper.queue()
    paper.start("plan/plan")
    paper.fail("plan/plan", Kind.QUOTA, wait_ms=3_600_000)
    (suspended,) = [op.suspension for op in paper.last.ops if isinstance(op, Suspend)]
    assert (suspended.cause, suspended.until_ms) == (Cause.QUOTA, paper.at + 3_600_000)
