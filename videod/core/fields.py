"""What a person writes on an entry besides its Status: one row for each field of the board.

A new field is a row here, an attribute of `Task`, `EntryQueued` and `EntryEdited` (with a migration), and a column in
`adapters/notion_schema`. Everything else reads the table: what counts as changed, as empty, as wrong, until when a
change counts, and what a retry carries on.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from videod.core.model import Priority, Task
from videod.core.sanitize import sanitize, sanitize_line
from videod.core.step_parts import THUMBNAILS
from videod.core.story import STORIES


class Privacy(StrEnum):
    """Who can see the film on YouTube."""

    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


class Level(StrEnum):
    """A priority as people type it."""

    HIGH = Priority.HIGH.label.lower()
    NORMAL = Priority.NORMAL.label.lower()
    LOW = Priority.LOW.label.lower()

    @property
    def label(self) -> str:
        """As the board shows it."""
        return self.value.capitalize()


#: how the five stories of an entry are chosen among
STORY_NUMBERS = tuple(str(number) for number in range(1, STORIES + 1))
#: and the thumbnails of a film
THUMBNAIL_NUMBERS = tuple(str(number) for number in range(1, len(THUMBNAILS) + 1))
PRIVACIES = tuple(one.value for one in Privacy)


class Until(Enum):
    """How long a change of a field counts."""

    BEGUN = "until the episode begins, since that settles whose it is"
    PLANNED = "until the plan is written, since the plan is written from it"
    DRAWN = "while the review of the story or of the assets is open"
    UPLOADED = "until the upload begins, since YouTube keeps what it was opened with"
    ALWAYS = "at any time"


def _as_it_is(text: str) -> str:
    return text


def _nothing_wrong(text: str) -> None:
    return None


@dataclass(frozen=True)
class Field:
    """`column` is the board's name, `name` that of the attribute in `Task`, `EntryQueued` and `EntryEdited`.

    `spelled`: the text in one spelling, to compare what people write; `value`: what the attribute holds, of a spelled
    text; `wrong`: why a text makes no sense, None where it does; `most`: characters.
    `ours`: videod writes it as well, so an empty one chooses nothing.
    """

    column: str
    name: str
    until: Until
    required: bool = False
    most: int | None = None
    spelled: Callable[[str], str] = _as_it_is
    value: Callable[[str], object] = _as_it_is
    wrong: Callable[[str], str | None] = _nothing_wrong
    ours: bool = False

    def read(self, values: Mapping[str, object]) -> Any:
        """The attribute as the board's `values` say it."""
        return self.value(self.spelled(text(values, self.column)))

    def complaint(self, values: Mapping[str, object]) -> str | None:
        """What YouTube would refuse once the film is paid for, or no command line could carry."""
        told = text(values, self.column)
        if self.most is not None and len(told) > self.most:
            return f"{self.column} has {len(told):,} characters, {self.most:,} are allowed. Shorten it"
        return self.wrong(told)


def _marked(title: str) -> str | None:
    return "YouTube does not allow < or > in titles. Remove them" if set("<>") & set(title) else None


def _priority_word(text: str) -> str:
    return (text or Priority.NORMAL.label).lower()


def _priority(word: str) -> Priority:
    return {one.label.lower(): one for one in Priority}.get(word, Priority.NORMAL)


def _odd_privacy(text: str) -> str | None:
    if text.lower() in ("", *PRIVACIES):
        return None
    return f'Privacy "{text[:40]}" is unknown. Choose private, unlisted or public, or leave it empty'


def _spelled_number(text: str) -> str:
    """A select has "3", a column of numbers 3.0."""
    found = re.fullmatch(r"([0-9]{1,3})\.0+", text)
    return found[1] if found else text


def _odd_story(text: str) -> str | None:
    if _spelled_number(text) in ("", *STORY_NUMBERS):
        return None
    return f'Story "{text[:40]}" is none of the five. Choose 1 to {STORIES}, or leave it as it was'


def _odd_thumbnail(text: str) -> str | None:
    if _spelled_number(text) in ("", *THUMBNAIL_NUMBERS):
        return None
    return f'Thumbnail "{text[:40]}" is none of the three. Choose 1 to {len(THUMBNAILS)}, or leave it as it was'


#: who queued an entry, on videod's own board
BY, BY_CHARACTERS = "Queued By", 80
#: the longest title is YouTube's own limit; the others are what a command line carries with room to spare
FIELDS = (
    Field("Title", "title", Until.UPLOADED, required=True, most=100, spelled=sanitize_line, wrong=_marked),
    Field("Channel", "channel_id", Until.BEGUN, required=True),
    Field("Topic", "topic", Until.PLANNED, required=True, most=1_000),
    Field("Story Direction", "direction", Until.PLANNED, required=True, most=20_000),
    Field("Priority", "priority", Until.ALWAYS, spelled=_priority_word, value=_priority),
    Field("Privacy", "privacy", Until.UPLOADED, spelled=str.lower, value=lambda word: word or None, wrong=_odd_privacy),
    Field("Story", "story", Until.DRAWN, spelled=_spelled_number, wrong=_odd_story, ours=True),
    Field("Thumbnail", "thumbnail", Until.UPLOADED, spelled=_spelled_number, wrong=_odd_thumbnail, ours=True),
)
BY_COLUMN = {one.column: one for one in FIELDS}


def text(values: Mapping[str, object], column: str) -> str:
    """A property of the board as stripped text without what is no text, "" when it is empty."""
    value = values.get(column)
    return "" if value is None else sanitize(str(value)).strip()


def of(holder: object) -> dict[str, Any]:
    """The fields of a task or an event by their attributes' names."""
    return {one.name: getattr(holder, one.name) for one in FIELDS}


def shown(task: Task) -> dict[str, str | None]:
    """The task's own values as the board's columns show them."""
    found = {one.column: getattr(task, one.name) for one in FIELDS}
    return {column: value.label if isinstance(value, Priority) else value for column, value in found.items()}
