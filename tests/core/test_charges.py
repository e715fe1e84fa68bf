"""What the books take of a charge, whoever reports it."""

import math
from dataclasses import replace

import pytest

from tests.core.book import Book
from videod.core.charges import ALWAYS_MICROS, MOST_MICROS, MOST_TIMES, ceiling, sound
from videod.core.events import JobCharged
from videod.core.model import Job
from videod.core.ops import Alert, RecordCharge

Paper = tuple[Book, Job]


@pytest.fixture
def paper() -> Paper:
    """An episode whose plan is on its way, and that job; the plan's list price is some cents."""
    book = Book()
    book.queue()
    book.start("plan/plan")
    job = book.jobs["plan/plan"]
    assert 0 < job.price_micros < 1_000_000
    return book, job


def charged(paper: Paper, micros: int, **more: object) -> list[RecordCharge]:
    book, job = paper
    told = JobCharged(book.now(), book.one.id, job.name, job.attempt, "gemini", "plan", 1, "piece", micros)
    return [op for op in book.apply(replace(told, **more)).ops if isinstance(op, RecordCharge)]


@pytest.mark.fault("12.1", "12.2")
@pytest.mark.parametrize("micros", [-1, -(10**12), -(2**62)])
def test_a_charge_below_nothing_is_refused_whoever_reports_it(paper: Paper, micros: int) -> None:
    assert charged(paper, micros) == []
    assert paper[0].one.cost_micros == 0


@pytest.mark.fault("12.1", "12.2")
@pytest.mark.parametrize("micros", [ALWAYS_MICROS + 1, MOST_MICROS, 10**18, 2**62])
def test_a_charge_beyond_belief_is_booked_at_the_price_of_the_list_and_people_are_alerted(
    paper: Paper, micros: int
) -> None:
    book, job = paper
    assert [op.micros for op in charged(paper, micros)] == [job.price_micros] == [book.one.cost_micros]
    (alert,) = (op for op in book.last.ops if isinstance(op, Alert))
    assert "plan/plan of The Crossing (wild): its script reported charges of $" in alert.text
    assert (
        f"recorded the list price of ${job.price_micros / 1e6:.2f} for the last one. What to do: compare" in alert.text
    )


@pytest.mark.fault("12.2")
@pytest.mark.parametrize("micros", [0, 1, 20_000, ALWAYS_MICROS])
def test_a_charge_that_can_be_is_booked_as_it_was_reported(paper: Paper, micros: int) -> None:
    assert [op.micros for op in charged(paper, micros)] == [micros]
    assert not any(isinstance(op, Alert) for op in paper[0].last.ops)


@pytest.mark.fault("12.2")
def test_a_step_that_buys_nothing_spends_nothing() -> None:
    book = Book()
    book.queue()
    book.start("plan/plan")
    free = Job(book.one.id, "wild", "composite", "clip_01", "pillow", book.jobs["plan/plan"].state)
    book.jobs[free.name] = free
    told = JobCharged(book.now(), book.one.id, free.name, 7, "pillow", "composite", 1, "piece", 1)
    assert book.apply(told).ops == ()
    assert any(isinstance(op, RecordCharge) for op in book.apply(replace(told, micros=0)).ops)


def test_dear_steps_have_a_higher_ceiling_and_all_one_above() -> None:
    assert ceiling(0) == ceiling(420_000) == ALWAYS_MICROS
    assert ceiling(5_000_000) == MOST_TIMES * 5_000_000
    assert ceiling(10**12) == MOST_MICROS


@pytest.mark.fault("12.2")
@pytest.mark.parametrize(
    ("given", "kept"),
    [("x" * 100_000, "x" * 63 + "…"), ("a\nb\x1b[2J\u202e", "a b[2J"), ("", "unknown"), (" ", "unknown")],
)
def test_what_a_charge_is_called_is_short_and_on_one_line(given: str, kept: str) -> None:
    told = sound(JobCharged(1, "t", "plan/plan", 1, given, given, 1, given, 1))
    assert (told.service, told.kind, told.unit) == (kept, kept, kept)


@pytest.mark.fault("12.1")
@pytest.mark.parametrize("quantity", [math.nan, math.inf, -math.inf, -1, 1e300])
def test_a_number_of_pieces_that_cannot_be_is_none(quantity: float) -> None:
    assert sound(JobCharged(1, "t", "plan/plan", 1, "a", "b", quantity, "c", 1)).quantity == 0.0
