"""The fields that a person writes on an entry are one table; what carries them agrees with it."""

from dataclasses import fields as attributes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videod.adapters import notion_schema
from videod.core import fields
from videod.core.events import EntryEdited, EntryQueued
from videod.core.fields import FIELDS, PRIVACIES, STORY_NUMBERS
from videod.core.model import Priority, Task
from videod.core.statuses import Status


def test_the_events_carry_each_field_and_nothing_else_of_an_entry() -> None:
    names = {one.name for one in FIELDS}
    assert {one.name for one in attributes(EntryQueued)} - {"at", "page_id", "own", "by"} == names
    assert {one.name for one in attributes(EntryEdited)} - {"at", "task_id", "problems", "by"} == names
    assert names <= {one.name for one in attributes(Task)}


def test_each_field_is_a_column_that_the_board_is_made_with() -> None:
    columns = {one.name: one for one in (*notion_schema.ENTRIES, notion_schema.STORY)}
    assert {one.column for one in FIELDS} <= set(columns)
    assert tuple(columns["Privacy"].options) == PRIVACIES
    assert tuple(columns["Story"].options) == STORY_NUMBERS
    assert set(columns["Priority"].options) == {one.label for one in Priority}


@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize("privacy", [None, *PRIVACIES])
def test_what_the_board_shows_of_a_task_reads_as_that_task(priority: Priority, privacy: str | None) -> None:
    one = Task("a-1", "page", "wild", "Bears", "their winter", "calm", priority, privacy, Status.QUEUED, 0, 0)
    shown = fields.shown(one)
    assert {field.name: field.read(shown) for field in FIELDS} == fields.of(one)
    assert not [why for field in FIELDS if (why := field.complaint(shown))]


@given(st.text())
def test_one_spelling_of_a_text_stays_that_spelling(written: str) -> None:
    for field in FIELDS:
        spelled = field.spelled(fields.text({"it": written}, "it"))
        assert field.spelled(spelled) == spelled


@pytest.mark.parametrize(
    ("column", "written", "value"),
    [
        ("Title", "  Bears \n at\tnight ", "Bears at night"),
        ("Story Direction", " first\nthen ", "first\nthen"),
        ("Priority", "HIGH", Priority.HIGH),
        ("Priority", "", Priority.NORMAL),
        ("Priority", "Urgent", Priority.NORMAL),
        ("Privacy", "Unlisted", "unlisted"),
        ("Privacy", None, None),
        ("Story", 3.0, "3"),
        ("Story", " 5 ", "5"),
    ],
)
def test_a_column_is_read_as_the_attribute_it_stands_for(column: str, written: object, value: object) -> None:
    assert fields.BY_COLUMN[column].read({column: written}) == value


@pytest.mark.parametrize(
    ("column", "written", "why"),
    [
        ("Title", "x" * 101, "Title has 101 characters, 100 are allowed. Shorten it"),
        ("Title", "a < b", "YouTube does not allow < or > in titles. Remove them"),
        ("Topic", "x" * 1_001, "Topic has 1,001 characters, 1,000 are allowed. Shorten it"),
        ("Story Direction", "x" * 20_000, None),
        ("Privacy", "secret", 'Privacy "secret" is unknown. Choose private, unlisted or public, or leave it empty'),
        ("Channel", "a < b", None),
        ("Priority", "Urgent", None),
    ],
)
def test_a_text_that_makes_no_sense_is_shown_why(column: str, written: str, why: str | None) -> None:
    assert fields.BY_COLUMN[column].complaint({column: written}) == why
