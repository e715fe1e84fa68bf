"""No film is published that nobody approved, unless its channel's file says in words that it wants none."""

from dataclasses import replace

import pytest

from tests.core.book import Book
from tests.harness.world import policy
from videod.core.events import GateApproved, GatesJudged
from videod.core.statuses import AT_GATE, Gate, Status

GATES = list(Gate)


def book(*auto: Gate, unreviewed: bool = False) -> Book:
    paper = Book(policy=replace(policy(), auto_gates=frozenset(auto), unreviewed=unreviewed))
    paper.queue()
    return paper


def approve(paper: Book) -> None:
    paper.apply(GateApproved(paper.now(), paper.one.id, AT_GATE[paper.one.status], "notion"))


@pytest.mark.parametrize("last", [Gate.ASSETS, Gate.VIDEO, Gate.AUDIO])
def test_a_persons_approval_of_the_last_review_lets_the_film_go(last: Gate) -> None:
    paper = book(*(gate for gate in GATES if gate is not last))
    paper.run()
    assert paper.one.status is next(status for status, gate in AT_GATE.items() if gate is last)
    assert paper.one.reviewed == frozenset()
    approve(paper)
    paper.run()
    assert (paper.one.status, paper.one.reviewed) == (Status.PUBLISHED, {last})


def test_without_any_review_the_film_waits_for_a_person() -> None:
    paper = book(*GATES)
    paper.run()
    assert paper.one.status is Status.ASSEMBLY_COMPLETE
    paper.apply(GatesJudged(paper.now(), paper.one.id))
    assert paper.one.status is Status.ASSEMBLY_COMPLETE
    approve(paper)
    paper.run()
    assert (paper.one.status, paper.one.reviewed) == (Status.PUBLISHED, {Gate.FINAL})


def test_a_channel_that_says_so_needs_nobody() -> None:
    paper = book(*GATES, unreviewed=True)
    paper.run()
    assert (paper.one.status, paper.one.reviewed) == (Status.PUBLISHED, frozenset())


def test_a_review_that_was_open_while_the_file_said_otherwise_does_not_count() -> None:
    """The channel was all auto when its assets passed; its file asks for that review since."""
    paper = book(*GATES, unreviewed=True)
    paper.run(until="assemble/film")
    paper.policy = replace(paper.policy, auto_gates=frozenset(GATES) - {Gate.ASSETS}, unreviewed=False)
    paper.run()
    assert paper.one.status is Status.ASSEMBLY_COMPLETE
    approve(paper)
    paper.run()
    assert paper.one.status is Status.PUBLISHED


def test_a_later_approval_counts_for_an_earlier_review() -> None:
    paper = book(Gate.ASSETS, Gate.VIDEO, Gate.FINAL)
    paper.run()
    approve(paper)  # the audio
    paper.policy = replace(paper.policy, auto_gates=frozenset(GATES) - {Gate.ASSETS})
    paper.run()
    assert paper.one.status is Status.PUBLISHED


def test_an_earlier_approval_does_not_count_for_a_later_review() -> None:
    paper = book(Gate.VIDEO, Gate.AUDIO, Gate.FINAL)
    paper.run()
    approve(paper)  # the assets
    paper.run(until="assemble/film")
    paper.policy = replace(paper.policy, auto_gates=frozenset({Gate.ASSETS, Gate.VIDEO, Gate.FINAL}))
    paper.run()
    assert paper.one.status is Status.ASSEMBLY_COMPLETE
