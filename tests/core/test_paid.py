"""What a journal says of purchases, compared with what an older copy of the ledger knows, and counted there."""

import pytest

from tests.core.book import Book
from tests.core.test_possible import IMAGE, doubted
from videod.core.events import JobSucceeded, PurchaseFound
from videod.core.failures import Kind
from videod.core.paid import Paid, missing
from videod.core.statuses import JobState

NAME = "image/bear_core"


@pytest.mark.fault("13.6")
@pytest.mark.parametrize(
    ("known", "left"),
    [
        ((), [40, 30]),
        ((Paid(1, 9, 40, sure=True),), [30]),
        ((Paid(1, 8, 15, sure=True), Paid(2, 9, 30, sure=False, over=True)), [25]),
        ((Paid(1, 9, 50, sure=True), Paid(2, 9, 1, sure=True)), []),
        ((Paid(3, 9, 40, sure=True), Paid(4, 9, 30, sure=False)), [40, 30]),
    ],
)
def test_an_attempt_is_known_by_the_time_of_its_begin(known: tuple[Paid, ...], left: list[int]) -> None:
    noted = (Paid(1, 5, 40, sure=True), Paid(2, 6, 30, sure=False))
    assert [one.micros for one in missing(noted, known)] == left


def found(paper: Book, began: int, sure: bool = False, micros: int = IMAGE) -> bool:
    event = PurchaseFound(paper.now(), paper.one.id, NAME, began, began + 1, micros, sure)
    return paper.apply(event).accepted


@pytest.mark.fault("13.6")
@pytest.mark.parametrize("sure", [True, False])
def test_the_attempt_that_the_copy_holds_as_open_is_over_and_nothing_is_bought_again_unasked(sure: bool) -> None:
    paper = Book()
    paper.queue()
    paper.do("plan/plan")
    paper.start(NAME)
    job = paper.jobs[NAME]
    assert found(paper, job.started_at or 0, sure)
    after = paper.jobs[NAME]
    assert (after.state, after.buy_again, after.attempts) == (JobState.READY, False, 0)
    cost = (IMAGE, 0) if sure else (0, IMAGE)
    assert (paper.one.cost_micros, paper.one.possible_micros) == cost
    assert paper.one.possibly_paid_twice == int(not sure)
    assert not paper.apply(JobSucceeded(paper.now(), paper.one.id, NAME, job.attempt, "x.png", 1, "0" * 64)).accepted


@pytest.mark.fault("13.6")
def test_one_of_another_attempt_leaves_the_running_one_alone() -> None:
    paper = doubted(rebuy_ceiling_micros=10**9)
    paper.start(NAME)
    assert found(paper, 1) and found(paper, 2, sure=True)
    assert paper.jobs[NAME].state == JobState.RUNNING
    assert (paper.one.cost_micros, paper.one.possible_micros) == (IMAGE, 2 * IMAGE)
    paper.fail(NAME, Kind.DOWN)


@pytest.mark.fault("13.6")
@pytest.mark.parametrize("micros", [-1, 0, 10**13])
def test_sums_that_cannot_be_are_not_believed(micros: int) -> None:
    paper = doubted()
    assert not found(paper, 1, sure=True, micros=micros)
    assert paper.one.cost_micros == 0
