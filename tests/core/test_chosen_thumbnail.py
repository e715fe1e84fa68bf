"""One of the three thumbnails is chosen on the board, by command or API; all show the same choice."""

from dataclasses import replace

import pytest

from tests.core.book import Book
from tests.core.test_steps import context
from tests.core.test_workflow import at_gate
from videod.core import fields
from videod.core.board import EMPTY, entry_view
from videod.core.events import EntryEdited, GateApproved, JobCorrected
from videod.core.statuses import Gate, Status
from videod.core.tables import STEPS
from videod.flow import edits

THERE = {f"thumbnail/{key}": f"thumbnails/{key}.jpg" for key in ("one", "two", "three")}


def on_board(paper: Book, number: str) -> None:
    given = fields.of(paper.one) | {"thumbnail": number}
    assert paper.apply(EntryEdited(paper.now(), paper.one.id, **given)).accepted


def by_command(paper: Book, number: str) -> None:
    changes = {"thumbnail": number}
    assert paper.apply(JobCorrected(paper.now(), paper.one.id, "upload/film", changes, "me")).accepted


def used(paper: Book) -> str:
    besides = STEPS["upload"].besides
    assert besides is not None
    words = besides(paper.jobs["upload/film"], context(paper.one, outputs=THERE))
    return words[words.index("--thumbnail") + 1].rsplit("/", 1)[1]


def shown(paper: Book) -> object:
    return entry_view(paper.one, tuple(paper.jobs.values()), 3).get("Thumbnail")


def test_the_first_is_used_where_nobody_chooses() -> None:
    paper = at_gate(Gate.FINAL)
    assert used(paper) == "one.jpg" and shown(paper) is None


@pytest.mark.parametrize("first", [on_board, by_command])
@pytest.mark.parametrize("then", [on_board, by_command])
def test_the_last_choice_counts_whoever_made_it(first, then) -> None:
    paper = at_gate(Gate.FINAL)
    first(paper, "2")
    assert (used(paper), shown(paper)) == ("two.jpg", "2")
    then(paper, "3")
    assert (used(paper), shown(paper)) == ("three.jpg", "3")
    first(paper, "2")
    assert (used(paper), shown(paper)) == ("two.jpg", "2")
    assert paper.one.status is Status.ASSEMBLY_COMPLETE, "nothing is made again"


def test_a_choice_made_before_there_is_a_plan_is_kept() -> None:
    paper = Book()
    paper.queue()
    on_board(paper, "2")
    paper.run(until="upload/film")
    assert used(paper) == "two.jpg"


def test_after_the_upload_has_begun_the_true_choice_is_written_back() -> None:
    paper = at_gate(Gate.FINAL)
    on_board(paper, "2")
    paper.apply(GateApproved(paper.now(), paper.one.id, Gate.FINAL, "me"))
    paper.run()
    on_board(paper, "3")
    assert paper.one.thumbnail == "2" and "Thumbnail was not changed" in paper.one.error


@pytest.mark.parametrize(("told", "right"), [("", True), ("2", True), ("2.0", True), ("4", False), ("two", False)])
def test_a_number_is_one_to_three(told: str, right: bool) -> None:
    assert (fields.BY_COLUMN["Thumbnail"].complaint({"Thumbnail": told}) is None) is right


def test_an_empty_cell_of_a_new_column_chooses_nothing() -> None:
    paper = at_gate(Gate.FINAL)
    by_command(paper, "2")
    values = {column: value for column, value in fields.shown(paper.one).items() if column != "Thumbnail"}
    assert edits.changed_fields(values | {"Thumbnail": ""}, None, paper.one) == ()
    assert edits.changed_fields(values | {"Thumbnail": "3"}, None, paper.one) == ("Thumbnail",)


def test_a_copy_of_an_entry_starts_without_a_choice() -> None:
    assert "Thumbnail" in EMPTY
    assert replace(at_gate(Gate.FINAL).one, thumbnail="3").thumbnail == "3"
