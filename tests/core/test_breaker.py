"""The breaker: opened by different jobs only, one probe at a time, closed by any sign of life, no attempt spent."""

from dataclasses import replace

import pytest

from tests.core.book import Book, small_plan
from tests.harness.world import policy
from videod.core import breaker
from videod.core.breaker import PROBE_HOLD_MS, PROBE_WAITS_MS, TELL_AFTER_MS, THRESHOLD, Breaker
from videod.core.events import JobCharged, JobSubmitted
from videod.core.failures import Kind
from videod.core.ops import Alert
from videod.core.statuses import JobState

CLOSED = Breaker("kie")


def opened(at: int = 0) -> Breaker:
    found = CLOSED
    for number in range(THRESHOLD):
        found = breaker.failed(found, f"t job{number}", at, "503")
    return found


def test_it_opens_when_so_many_different_jobs_failed_in_a_row() -> None:
    almost = CLOSED
    for number in range(THRESHOLD - 1):
        almost = breaker.failed(almost, f"t job{number}", 0, "503")
    assert not almost.open
    assert opened().open


def test_one_poisoned_job_never_opens_it() -> None:
    found = CLOSED
    for _ in range(10 * THRESHOLD):
        found = breaker.failed(found, "t poisoned", 0, "503")
    assert not found.open


def test_any_answer_begins_the_count_again() -> None:
    found = breaker.alive(breaker.failed(CLOSED, "t a", 0, "503"))
    assert found == CLOSED
    assert breaker.alive(opened()) == CLOSED


def test_open_it_lets_one_probe_in_after_the_wait_and_nobody_beside_it() -> None:
    found = opened(1000)
    first = 1000 + PROBE_WAITS_MS[0]
    assert [found.lets_in(first - 1), found.lets_in(first)] == [False, True]
    asking = breaker.started(found, "t probe", first)
    assert not asking.lets_in(first)
    assert not asking.lets_in(first + PROBE_HOLD_MS - 1)
    assert asking.lets_in(first + PROBE_HOLD_MS)  # a probe that is never heard of again holds nobody up forever


def test_each_failed_probe_waits_longer_up_to_the_last_wait() -> None:
    found, at, waits = opened(), 0, []
    for _ in range(len(PROBE_WAITS_MS) + 2):
        at = found.until_ms
        found = breaker.failed(breaker.started(found, "t probe", at), "t probe", at, "503")
        waits.append(found.until_ms - at)
    assert waits == [*PROBE_WAITS_MS[1:], *[PROBE_WAITS_MS[-1]] * 3]


def test_failures_that_were_on_their_way_when_it_opened_are_no_news() -> None:
    assert breaker.failed(opened(), "t late", 10, "503") == opened()


# ---------------------------------------------------------------------------------------- in the workflow


def many(clips: int = 8) -> Book:
    """A book with `clips` pictures to buy, of which all may be in flight at once."""
    paper = Book(policy=policy(clips=clips, images=clips + 1))
    paper.breakers["gemini"] = Breaker("gemini")
    paper.queue()
    paper.start("plan/plan")
    paper.succeed("plan/plan", small_plan(clips, clips + 1))
    return paper


def images(paper: Book) -> list[str]:
    return [name for name in paper.jobs if name.startswith("image/")]


@pytest.mark.parametrize("kind", [Kind.DOWN, Kind.TIMEOUT, Kind.NONSENSE])
def test_a_service_that_is_down_costs_at_most_one_attempt_of_the_first_jobs(kind: Kind) -> None:
    paper = many()
    names = images(paper)
    for name in names:
        paper.start(name)
    for name in names:
        paper.fail(name, kind)
    spent = [paper.jobs[name].attempts for name in names]
    assert spent == [1] * (THRESHOLD - 1) + [0] * (len(names) - THRESHOLD + 1)
    assert paper.breakers["gemini"].open
    assert all(paper.jobs[name].state == JobState.READY for name in names)


def test_while_it_is_open_one_job_asks_and_a_failure_spends_nothing() -> None:
    paper = many()
    names = images(paper)
    for name in names:
        paper.start(name)
    for name in names:
        paper.fail(name, Kind.DOWN)
    for turn in range(40):  # hours of outage
        asked = names[turn % len(names)]
        paper.at = max(paper.at, paper.breakers["gemini"].until_ms + 2000)
        assert paper.start(asked).accepted, asked
        assert not paper.start(names[(turn + 1) % len(names)]).accepted
        paper.fail(asked, Kind.DOWN)
    assert max(paper.jobs[name].attempts for name in names) == 1
    assert {paper.jobs[name].state for name in names} == {JobState.READY}


def test_the_job_that_asked_in_vain_stands_behind_the_others_at_the_next_probe() -> None:
    paper = many()
    names = images(paper)
    for name in names[:THRESHOLD]:
        paper.start(name)
    for name in names[:THRESHOLD]:
        paper.fail(name, Kind.DOWN)
    guard = paper.breakers["gemini"]
    assert paper.jobs[names[-1]].due_at <= guard.until_ms < paper.jobs[names[THRESHOLD - 1]].due_at


@pytest.mark.parametrize("limit", ["episode_cap_micros", "daily_budget_micros"])
def test_a_job_that_the_budget_holds_back_is_no_probe(limit: str) -> None:
    paper = many()
    guard = paper.breakers["gemini"] = replace(opened(), service="gemini", until_ms=0)
    assert paper.policy is not None
    affordable, paper.policy = paper.policy, replace(paper.policy, **{limit: 1})
    first, second = images(paper)[:2]
    assert paper.start(first).accepted
    assert paper.jobs[first].state != JobState.RUNNING
    assert paper.breakers["gemini"] == guard
    paper.policy = affordable
    paper.queue()  # a person continues after the cap; until then nothing is bought for the episode
    paper.start(second)
    assert paper.jobs[second].state == JobState.RUNNING


@pytest.mark.parametrize("sign", ["done", "charged", "submitted", "busy", "refused"])
def test_every_sign_of_life_closes_it(sign: str) -> None:
    paper = many()
    guard = replace(opened(), service="gemini", until_ms=0)
    paper.breakers["gemini"] = guard
    name = images(paper)[0]
    paper.start(name)
    job = paper.jobs[name]
    match sign:
        case "done":
            paper.succeed(name)
        case "charged":
            paper.apply(JobCharged(paper.now(), job.task_id, name, job.attempt, "gemini", "image", 1, "piece", 5))
        case "submitted":
            paper.apply(JobSubmitted(paper.now(), job.task_id, name, job.attempt, "remote-1"))
        case "busy":
            paper.fail(name, Kind.BUSY)
        case _:
            paper.fail(name, Kind.REFUSED)
    assert paper.breakers["gemini"] == Breaker("gemini")


def test_people_are_alerted_once_an_outage_is_long_not_before() -> None:
    paper = many()
    names = images(paper)
    for name in names:
        paper.start(name)
    for name in names:
        paper.fail(name, Kind.DOWN)
    begin, told = paper.at, []
    while paper.at < begin + TELL_AFTER_MS + 600_000:
        paper.at = max(paper.at, paper.breakers["gemini"].until_ms + 2000)
        paper.start(names[0])
        paper.fail(names[0], Kind.DOWN)
        told += [(paper.at, op.key) for op in paper.last.ops if isinstance(op, Alert)]
    assert {key for _, key in told} == {"gemini:down"}  # the ledger rings one key once in six hours
    assert min(at for at, _ in told) >= begin + TELL_AFTER_MS


def test_a_lone_job_follows_the_retry_table_and_stops_at_its_end() -> None:
    paper = Book(policy=policy())
    paper.breakers["gemini"] = Breaker("gemini")
    paper.queue()
    for _ in range(4):
        paper.start("plan/plan")
        paper.fail("plan/plan", Kind.DOWN)
    assert paper.jobs["plan/plan"].state == JobState.FAILED
