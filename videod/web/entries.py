"""What a person writes on the board, from a program: a new entry, another priority.

The daemon takes both over from the board like every edit there, so that the board stays the one place where entries
begin. The command line checks new entries by the same rules. Nothing here waits for the board for long.
"""

import asyncio
import json
import logging
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from videod.core import own_story
from videod.core.craft_clips import Telling
from videod.core.fields import BY_COLUMN, FIELDS, PRIVACIES, Level
from videod.core.own_story import Brought
from videod.core.statuses import LABELS, Status
from videod.guard.errors import Code, Refused
from videod.ports import BoardError, Page
from videod.web.values import NOTHING, Choice, Document, Field, Fields, Flag, Text

log = logging.getLogger(__name__)

T = TypeVar("T")
#: so long a caller waits for the board; what was begun continues, seconds
BOARD_S = 12.0
#: characters of a person's own sources
SOURCES_MAX = 100_000
LEVELS = tuple(one.value for one in Level)
LEVEL = Field(Choice(LEVELS), "Which of a channel's episodes go first.", required=True)
ENTRY: Fields = {
    "title": Field(
        Text(BY_COLUMN["Title"].most or 0, pattern=f"^[^<>]*[^<>{NOTHING}][^<>]*$"),
        "The film's title on YouTube.",
        None,
        True,
    ),
    "channel": Field(Text(32), "The channel's ID.", None, True),
    "topic": Field(Text(BY_COLUMN["Topic"].most or 0, lines=True), "What the film is about.", None, True),
    "direction": Field(Text(BY_COLUMN["Story Direction"].most or 0, lines=True), "How the story goes.", None, True),
    "priority": Field(Choice(LEVELS), "Which of a channel's episodes go first.", "normal"),
    "privacy": Field(Choice(PRIVACIES), "Who can see the film. Null: as the channel's file says."),
    "draft": Field(Flag(), "Write it as a draft. Nothing starts.", False),
    "script": Field(Text(own_story.SCRIPT_MAX, lines=True), "Your own narration, a paragraph for each clip."),
    "plan": Field(Document(), "Your own plan, as `videod plan schema` describes it. Nothing is paid for it."),
    "sources": Field(Text(SOURCES_MAX, lines=True), "Your own sources: links, or text by paragraphs."),
}
#: what an entry brings besides its fields; in Notion it stands on the entry's page
BRINGS = ("script", "plan", "sources")
MAY_BE_EMPTY = ("privacy", *BRINGS)
#: a change of an entry: what is not given stays; null takes away what may be empty
CHANGES: Fields = {
    name: replace(field, default=None, required=False, null=name in MAY_BE_EMPTY)
    for name, field in ENTRY.items()
    if name != "draft"
} | {
    "status": Field(
        Choice((Status.DRAFT.value, Status.QUEUED.value)), "Queue it, or take it back before it begins.", null=False
    ),
}
#: the board's column of each field
COLUMNS = {
    "title": "Title", "channel": "Channel", "topic": "Topic", "direction": "Story Direction", "priority": "Priority",
    "privacy": "Privacy", "status": "Status",
}  # fmt: skip


class Entries(Protocol):
    """The board, as far as entries are written there. All methods raise BoardError only."""

    async def add(self, values: Mapping[str, object], *, own: Mapping[str, object], sources: str) -> str:
        """Make an entry with sources and a story of one's own (`own_story.Brought`); returns its page id."""
        ...

    async def read(self, page_id: str) -> Page: ...

    async def write(self, page_id: str, values: Mapping[str, object]) -> None: ...


def columns(asked: Mapping[str, object]) -> dict[str, object]:
    """The board's columns of a new entry, as ENTRY names its values."""
    return {
        "Title": asked["title"], "Channel": asked["channel"], "Topic": asked["topic"],
        "Story Direction": asked["direction"], "Priority": str(asked["priority"]).capitalize(),
        "Privacy": asked["privacy"], "Status": LABELS[Status.DRAFT if asked["draft"] else Status.QUEUED],
    }  # fmt: skip


def brought(given: Mapping[str, object], telling: Telling) -> Brought:
    """The story that a new entry brings, judged as the daemon will. Raises Refused."""
    plan = given.get("plan")
    text = json.dumps(plan, ensure_ascii=False, separators=(",", ":")) if plan is not None else ""
    found = own_story.brought({own_story.SCRIPT: str(given.get("script") or ""), own_story.PLAN: text}, telling)
    if found.problem:
        raise Refused(Code.INVALID, found.problem[:1].lower() + found.problem[1:], "correct that, then try again")
    return found


def check(values: Mapping[str, object], channels: Collection[str]) -> None:
    """What the daemon would send back to the board is said at once. Raises Refused."""
    for field in FIELDS:
        if field.required and not str(values.get(field.column) or "").strip():
            raise Refused(Code.INVALID, f"the {field.column.lower()} is empty", "write one")
        complaint = field.complaint(values)
        if complaint is not None:
            raise Refused(Code.INVALID, complaint, "then try again")
    _check_channel(values, channels)


def _check_channel(values: Mapping[str, object], channels: Collection[str]) -> None:
    if values["Channel"] not in channels:
        hint = f"name one of: {', '.join(sorted(channels))}"
        raise Refused(Code.UNKNOWN_CHANNEL, f"there is no channel {values['Channel']}", hint)


async def add(
    board: Entries | None, values: Mapping[str, object], own: Mapping[str, object], sources: str = ""
) -> str:  # fmt: skip
    """Make the entry with what it brings and return its page id. Raises Refused."""
    given = {name: value for name, value in values.items() if value is not None}
    hint = "the entry may still be added: look at the board before you retry"
    return await within(there(board).add(given, own=own, sources=sources), hint)


def changed(given: Mapping[str, object], asked: Mapping[str, object]) -> dict[str, object]:
    """The board's columns of a change: those that were given, as CHANGES read them."""
    found: dict[str, object] = {}
    for name, column in COLUMNS.items():
        if name not in given:
            continue
        value = asked[name]
        found[column] = LABELS[Status(str(value))] if name == "status" else value
    if "Priority" in found:
        found["Priority"] = str(found["Priority"]).capitalize()
    return found


def check_change(values: Mapping[str, object], shown: Mapping[str, object], channels: Collection[str]) -> None:
    """What the daemon would send back is said at once: all of an entry that is queued, else what is given.

    Raises Refused.
    """
    whole = {**shown, **values}
    if whole.get("Status") == LABELS[Status.QUEUED]:
        check(whole, channels)
        return
    for field in FIELDS:
        told = field.complaint(values) if field.column in values else None
        if told is not None:
            raise Refused(Code.INVALID, told, "then try again")
    if "Channel" in values:
        _check_channel(values, channels)


async def prioritize(board: Entries | None, page_id: str, level: str) -> None:
    """Write another priority on the board. Raises Refused."""
    known = there(board)

    async def write() -> None:
        page = await known.read(page_id)
        if "Priority" not in page.values:  # a write leaves out a column that is gone
            raise Refused(Code.BOARD_REFUSED, "the board has no column Priority", "run `videod notion init`")
        await known.write(page_id, {"Priority": level.capitalize()})

    await within(write(), "the priority may still be written: look at the board before you retry")


def there(board: Entries | None) -> Entries:
    if board is None:
        raise Refused(Code.BOARD_UNAVAILABLE, "videod has no board here", "set [notion] in videod.toml")
    return board


#: what was begun and is waited for by nobody any more
_begun: set[asyncio.Task[Any]] = set()


async def within(work: Coroutine[Any, Any, T], hint: str, named: bool = False) -> T:
    """What the board is asked, for BOARD_S; it is never cut off halfway. `named`: the caller named the entry."""
    task = asyncio.create_task(work)
    _begun.add(task)
    task.add_done_callback(_ended)
    try:
        async with asyncio.timeout(BOARD_S):
            return await asyncio.shield(task)
    except TimeoutError:
        told = f"the board did not answer within {BOARD_S:g} s"
        raise Refused(Code.BOARD_UNAVAILABLE, told, hint) from None
    except BoardError as error:
        if error.kind == "gone" and named:
            raise Refused(Code.UNKNOWN_ENTRY, str(error), "GET /api/entries lists those that wait") from error
        later = error.kind in ("busy", "down")
        code = Code.BOARD_UNAVAILABLE if later else Code.BOARD_REFUSED
        raise Refused(code, str(error), "try again later" if later else "`videod notion check` says more") from error


def _ended(task: asyncio.Task[Any]) -> None:
    _begun.discard(task)
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.info("api_board_refused", extra={"error": str(error)})
