"""The two data sources in Notion as one connection knows them: where they are, what columns they have, their rows.

Columns that the user removed are left out of a write, so that a missing "Cost" never holds back a Status.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from videod.adapters import notion_files, notion_schema
from videod.adapters.notion_calls import Calls, Committed
from videod.adapters.notion_columns import types, values_of
from videod.adapters.notion_pace import Rank
from videod.adapters.notion_rows import Reader, Rows
from videod.adapters.notion_schema import Ids
from videod.adapters.notion_shapes import Json, Once, asked_for, identifier, is_id, nonsense, promised, said, same_id
from videod.adapters.notion_values import milliseconds
from videod.ports import BoardError, Clock, Page

log = logging.getLogger(__name__)

T = TypeVar("T")
#: how far the board's clock may be ahead of ours; what lies further ahead is no time of an edit
SKEW_MS = 300_000
#: an entry whose own values make no sense so often in a row is left aside, so that it does not stop the others
UNREADABLE = 3
MOST_UNREADABLE = 1_000


@dataclass(frozen=True)
class Place:
    """Where the board is: data source ids where they are known, else the entries' database, else the page."""

    ids: Ids | None = None
    database: str | None = None
    parent_page: str | None = None


@dataclass(frozen=True)
class Columns:
    """Column name -> type of both tables, read once and again when a write is rejected."""

    entries: Mapping[str, str]
    assets: Mapping[str, str]


class NotionTables:
    """See the module's text. Close it with `aclose`."""

    def __init__(self, calls: Calls, clock: Clock, place: Place) -> None:
        self._calls = calls
        self._clock = clock
        self._place = place
        self._ids: Ids | None = place.ids
        self._columns: Columns | None = None
        #: how often columns were added: what was asked before then is not kept
        self._added = 0
        self._trash_looked_ms = clock.now_ms()
        self._trash_since_ms: int | None = None
        self._once = Once()
        self._rows = Rows(calls, self._once)
        self._limit = notion_files.FileLimit(calls, clock)
        #: row -> the uploaded file that was put on it, until somebody asks
        self._attached: dict[str, str] = {}
        #: page id -> how often in a row its own values made no sense
        self._unreadable: dict[str, int] = {}

    async def aclose(self) -> None:
        await self._calls.aclose()

    def banned_until_ms(self) -> int:
        """Until when Notion asked to be left alone, by the wall clock; 0: it did not."""
        return self._calls.banned_until_ms()

    @promised
    async def ids(self) -> Ids:
        """The data sources, looked up on the first call."""
        if self._ids is None:
            self._ids = await notion_schema.resolve(self._calls, self._place.database, self._place.parent_page)
        return self._ids

    def _edited(self, since_ms: int) -> Json:
        """The condition of having been edited at or after `since_ms`; a time to come would hide every edit."""
        since = datetime.fromtimestamp(min(max(0, since_ms), self._clock.now_ms()) / 1000, UTC)
        return {
            "timestamp": "last_edited_time",
            "last_edited_time": {"on_or_after": since.strftime("%Y-%m-%dT%H:%M:00Z")},
        }

    async def _read(self, page_id: str, turns: int = 1, rank: Rank = Rank.TELL) -> Page:
        what = "read the entry"
        asked_for(page_id, what)
        answer = await self._calls.call(what, lambda api: api.pages.retrieve(page_id), turns=turns, rank=rank)
        try:
            page = self._page(answer, what)
        except BoardError as error:
            raise self._of_entry(answer, page_id, error) from None
        self._unreadable.pop(page_id, None)
        if not same_id(page.id, page_id):
            raise BoardError("down", f"Notion, {what}: it answered with another page than {page_id}")
        return page

    def _of_entry(self, answer: Json, page_id: str, error: BoardError) -> BoardError:
        """An entry that makes no sense again and again is a matter of that entry and not of the board."""
        found = answer.get("id")
        if not isinstance(found, str) or not same_id(found, page_id):
            return error
        if len(self._unreadable) >= MOST_UNREADABLE:
            self._unreadable.clear()
        self._unreadable[page_id] = self._unreadable.get(page_id, 0) + 1
        return error if self._unreadable[page_id] < UNREADABLE else BoardError("rejected", str(error))

    async def _with_columns(self, write: Callable[[Columns], Awaitable[T]]) -> T:
        """`write` with the known columns, and once more with fresh ones when it is rejected and they are others."""
        columns = await self._known_columns()
        try:
            return await write(columns)
        except BoardError as error:
            if error.kind != "rejected":
                raise
            self._columns = None
            fresh = await self._known_columns()
            if fresh == columns:
                raise
            return await write(fresh)

    async def _set(
        self, page_id: str, what: str, properties: Json, turns: int = 1, rank: Rank = Rank.TELL
    ) -> None:  # fmt: skip
        asked_for(page_id, what)
        try:
            await self._calls.call(
                what, lambda api: api.pages.update(page_id, properties=properties), turns=turns, rank=rank
            )  # fmt: skip
        except Committed:
            return  # Notion says that it kept the values

    @promised
    async def _known_columns(self) -> Columns:
        if self._columns is None:
            return (await self._read_columns())[0]
        return self._columns

    async def _read_columns(self) -> tuple[Columns, dict[str, Json], dict[str, Json]]:
        """The columns as they are now, kept, and what the board says of those of the entries and of the assets."""
        added, ids = self._added, await self.ids()
        entries = await notion_schema.columns_of(self._calls, ids.entries_source)
        assets = await notion_schema.columns_of(self._calls, ids.assets_source)
        found = Columns(types(entries), types(assets))
        if added == self._added:
            self._columns = found
        return found, entries, assets

    def _page_of(self, what: str) -> Reader[Page]:
        return lambda row: self._page(row, what)

    def _page(self, row: Json, what: str) -> Page:
        page_id = identifier(row.get("id"), what)
        in_trash = row.get("in_trash", row.get("archived", False))
        if not isinstance(in_trash, bool):
            raise nonsense(what, "in_trash", "true or false", in_trash)
        return Page(page_id, self._edited_at(row, page_id), in_trash, values_of(row, what), _editor(row))

    def _edited_at(self, row: Json, page_id: str) -> int:
        """When the page was edited, ms; 0 when that cannot be read, our own now when it has not come yet."""
        given = row.get("last_edited_time")
        edited, now = milliseconds(given), self._clock.now_ms()
        if edited and edited <= now + SKEW_MS:
            return edited
        self._once.tell("notion_time_nonsense", page_id, last_edited_time=said(given, 40))
        return min(edited, now)


def _editor(row: Json) -> str:
    """The ID of who edited a row last; "" where it does not say."""
    given = row.get("last_edited_by")
    found = given.get("id") if isinstance(given, dict) else None
    return found if isinstance(found, str) and is_id(found) else ""
