"""What may have been paid counts against every limit, apart from what was charged, until the doubt is settled."""

import pytest

from tests.core.book import Book
from tests.harness.world import policy
from videod.core.board import entry_view
from videod.core.events import GateApproved, GatesJudged, JobCharged
from videod.core.failures import Kind
from videod.core.ops import Suspend
from videod.core.reconcile import NothingBought
from videod.core.statuses import Gate, JobState, Status

IMAGE = 33_600


def doubted(**changes: object) -> Book:
    """A book whose first image ended unconfirmed."""
    paper = Book(policy=policy(**{"rebuy_ceiling_micros": 0} | changes))
    paper.queue()
    paper.do("plan/plan")
    paper.start("image/bear_core")
    paper.fail("image/bear_core", Kind.IN_DOUBT)
    return paper


@pytest.mark.fault("10.4", "13.10")
def test_the_price_of_a_doubt_stands_in_the_cost_apart_from_what_was_charged() -> None:
    paper = doubted()
    assert (paper.one.cost_micros, paper.one.possible_micros) == (0, IMAGE)
    shown = entry_view(paper.one, tuple(paper.jobs.values()), 3)
    assert shown["Cost"] == 0.0336
    assert "Cost $0.00 (+$0.03 possibly paid)" in str(shown["Progress"])


@pytest.mark.fault("13.10")
def test_a_doubt_that_the_balance_settles_leaves_the_sums() -> None:
    paper = doubted()
    job = paper.jobs["image/bear_core"]
    paper.apply(NothingBought(paper.now(), paper.one.id, job.name, job.attempt, "the balance did not move"))
    assert paper.one.possible_micros == 0
    assert paper.doubts == {}


@pytest.mark.fault("13.10")
def test_the_real_charge_takes_the_place_of_the_doubt() -> None:
    paper = doubted()
    job = paper.jobs["image/bear_core"]
    paper.apply(
        JobCharged(paper.now(), paper.one.id, job.name, job.attempt, "gemini", "image", 1, "piece", 40_000)
    )  # fmt: skip
    assert (paper.one.cost_micros, paper.one.possible_micros) == (40_000, 0)


@pytest.mark.fault("10.4")
def test_a_repeated_purchase_counts_twice_once_charged_and_once_possibly() -> None:
    paper = doubted(rebuy_ceiling_micros=10**9)
    paper.start("image/bear_core")
    job = paper.jobs["image/bear_core"]
    paper.apply(JobCharged(paper.now(), paper.one.id, job.name, job.attempt, "gemini", "image", 1, "piece", IMAGE))
    paper.succeed("image/bear_core")
    assert (paper.one.cost_micros, paper.one.possible_micros, paper.one.possibly_paid_twice) == (IMAGE, IMAGE, 1)


@pytest.mark.fault("13.10")
def test_the_cap_of_the_episode_counts_what_may_have_been_paid() -> None:
    paper = doubted(rebuy_ceiling_micros=10**9, episode_cap_micros=2 * IMAGE - 1)
    paper.start("image/bear_core")
    job = paper.jobs["image/bear_core"]
    assert job.state == JobState.FAILED
    assert job.failure is not None and "cap" in job.failure.message


@pytest.mark.fault("13.10")
def test_an_upload_in_doubt_may_have_cost_nothing() -> None:
    paper = Book(policy=policy())
    paper.queue()
    paper.run(until="upload/film")
    paper.start("upload/film")
    paper.fail("upload/film", Kind.IN_DOUBT)
    assert paper.one.possible_micros == 0


@pytest.mark.fault("13.12")
@pytest.mark.parametrize("gate", list(Gate))
def test_a_review_that_opens_automatically_is_opened_when_the_file_of_its_channel_is_back(gate: Gate) -> None:
    paper = Book(policy=policy(auto_gates=frozenset()))  # a stage ends while nobody knows which reviews open
    paper.queue()
    for one in Gate:
        paper.run()
        if one == gate:
            break
        paper.apply(GateApproved(paper.now(), paper.one.id, one, "me"))
    before = paper.one.status
    assert not paper.apply(GatesJudged(paper.now(), paper.one.id)).accepted
    assert paper.one.status == before
    paper.policy = policy()
    assert paper.apply(GatesJudged(paper.now(), paper.one.id)).accepted
    assert gate in paper.one.approved
    assert not [op for op in paper.last.ops if isinstance(op, Suspend)]
    paper.run()
    assert paper.one.status == Status.PUBLISHED
