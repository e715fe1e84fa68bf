"""The board in Notion: `ports.Board` on two data sources, entries and assets.

Everything is absolute and safe to repeat. Creating a row is not, in Notion: a row is found again by its Key before it
is made. Columns that the user removed are left out of a write, so that a missing "Cost" never holds back a Status.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from videod.adapters import notion_files, notion_schema
from videod.adapters.notion_calls import Calls, Committed
from videod.adapters.notion_columns import bodies_of, types, values_of
from videod.adapters.notion_pace import Rank
from videod.adapters.notion_rows import Reader, Rows
from videod.adapters.notion_schema import Ids
from videod.adapters.notion_shapes import (
    Json,
    Once,
    asked_for,
    identifier,
    is_id,
    nonsense,
    promised,
    said,
    same_id,
)
from videod.adapters.notion_sources import blocks_of, story_blocks
from videod.adapters.notion_values import milliseconds
from videod.core.own_story import NOTHING
from videod.core.statuses import LABELS, Status
from videod.ports import BoardError, Clock, Link, Page

log = logging.getLogger(__name__)

T = TypeVar("T")
TRASH_EVERY_MS = 60_000
#: after a refusal to show the trash
TRASH_AGAIN_MS = 3_600_000
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


#: what is written before an entry is taken: a person waits for it
_TAKING = frozenset({"Videod Key"})


@dataclass(frozen=True)
class _Columns:
    """Column name -> type of both tables, read once and again when a write is rejected."""

    entries: Mapping[str, str]
    assets: Mapping[str, str]


class NotionBoard:
    """See the module's text. Close it with `aclose`."""

    def __init__(self, calls: Calls, clock: Clock, place: Place) -> None:
        self._calls = calls
        self._clock = clock
        self._place = place
        self._ids: Ids | None = place.ids
        self._columns: _Columns | None = None
        #: how often columns were added: what was asked before then is not kept
        self._added = 0
        self._trash_looked_ms = clock.now_ms()
        self._trash_since_ms: int | None = None
        self._once = Once()
        self._rows = Rows(calls, self._once)
        self._limit = notion_files.FileLimit(calls, clock)
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

    @promised
    async def check(self) -> list[str]:
        """What is missing or wrong, in words that say what to do. Raises BoardError when the board is unreachable."""
        try:
            states = await notion_schema.inspect_both(self._calls, await self.ids())
        except BoardError as error:
            if error.kind != "gone" or self._place.ids is None or self._ids is not self._place.ids:
                raise
            # the tables of last time are gone: look for those that are there now
            self._ids = await notion_schema.resolve(self._calls, self._place.database, self._place.parent_page)
            self._columns = None
            states = await notion_schema.inspect_both(self._calls, self._ids)
        return [state.problem for state in states if state.problem]

    # --------------------------------------------------------------------------------------------- entries

    @promised
    async def edited_since(self, since_ms: int) -> list[Page]:
        """Entries edited at or after `since_ms`, the oldest entry first; those in the trash among them.

        An entry that cannot be read is left out and told of once: it must not hide the others.
        """
        source = (await self.ids()).entries_source
        what = "read the edited entries"
        pages = await self._rows.query(source, what, self._edited(since_ms), self._page_of(what), rank=Rank.LIST)
        return pages + await self._trash(source, since_ms)

    @promised
    async def newest(self, since_ms: int, labels: Sequence[str] = ()) -> list[Page]:
        """See ports.Board: one part of the list, the newest edits first."""
        what = "read the newest edits"
        edited = self._edited(since_ms)
        condition = edited
        if labels:  # Notion takes two levels of conditions, no third
            kind = (await self._known_columns()).entries.get("Status", "select")
            either: list[Json] = [
                {"and": [edited, {"property": "Status", kind: {"equals": label}}]} for label in labels
            ]
            queued = {"property": "Status", kind: {"equals": LABELS[Status.QUEUED]}}
            either.append({"and": [edited, queued, {"property": "Videod Key", "rich_text": {"is_not_empty": True}}]})
            condition = {"or": either}
        source = (await self.ids()).entries_source
        return await self._rows.newest(source, what, condition, self._page_of(what))

    def _edited(self, since_ms: int) -> Json:
        """The condition of having been edited at or after `since_ms`; a time to come would hide every edit."""
        since = datetime.fromtimestamp(min(max(0, since_ms), self._clock.now_ms()) / 1000, UTC)
        return {
            "timestamp": "last_edited_time",
            "last_edited_time": {"on_or_after": since.strftime("%Y-%m-%dT%H:%M:00Z")},
        }

    async def _trash(self, source: str, since_ms: int) -> list[Page]:
        """Entries that went to the trash: looked for once a minute, since each look costs one of 180 requests."""
        self._trash_since_ms = since_ms if self._trash_since_ms is None else min(self._trash_since_ms, since_ms)
        now = self._clock.now_ms()
        if now < self._trash_looked_ms + TRASH_EVERY_MS:
            return []
        what = "read the trash"
        try:
            pages = await self._rows.query(source, what, self._edited(self._trash_since_ms), self._page_of(what), True)
        except BoardError as error:
            if error.kind != "rejected":
                raise
            # an API version without this switch: an entry in the trash is then met when it is written. Asked again,
            # since it may have been one strange answer
            self._trash_looked_ms = now + TRASH_AGAIN_MS
            log.warning("notion_trash_unreadable", extra={"error": str(error)})
            return []
        self._trash_looked_ms, self._trash_since_ms = now, None
        return pages

    @promised
    async def read(self, page_id: str) -> Page:
        return await self._read(page_id, rank=Rank.WISH)

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

    @promised
    async def write(self, page_id: str, values: Mapping[str, object]) -> None:
        """Set these properties. A column that is gone is left out; without "Status" the write is rejected."""
        rank = Rank.WISH if values.keys() <= _TAKING else Rank.TELL
        await self._with_columns(
            lambda columns: self._set(page_id, "write the entry", bodies_of(columns.entries, values), rank=rank)
        )

    @promised
    async def add(
        self, values: Mapping[str, object], *, own: Mapping[str, object] = NOTHING.args, sources: str = ""
    ) -> str:
        """Make an entry with sources and a story of one's own on its page, in one request; returns its page id."""
        what = "make the entry"
        try:
            blocks = [*(blocks_of(sources) if sources else ()), *story_blocks(own)]
        except ValueError as error:
            raise BoardError("rejected", f"the sources do not fit on the entry's page: the text {error}") from None
        parent = {"type": "data_source_id", "data_source_id": (await self.ids()).entries_source}

        async def make(columns: _Columns) -> str:
            page = {"properties": bodies_of(columns.entries, values)} | ({"children": blocks} if blocks else {})
            try:
                made = await self._calls.call(what, lambda api: api.pages.create(parent=parent, **page))
            except Committed as kept:
                return kept.resource_id
            return identifier(made.get("id"), what)

        return await self._with_columns(make)

    async def _with_columns(self, write: Callable[[_Columns], Awaitable[T]]) -> T:
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

    @promised
    async def replace(self, page_id: str, values: Mapping[str, object], may: Callable[[Page], bool]) -> Page | None:
        """See ports.Board. Columns and pace are seen to before the reading; the write follows it at once."""

        async def wired(columns: _Columns) -> Json:
            return bodies_of(columns.entries, values)

        bodies = await self._with_columns(wired)
        page = await self._read(page_id, turns=2)
        if not may(page):
            return page
        try:
            await self._set(page_id, "write the entry", bodies, turns=0)
        except BoardError as error:
            if error.kind != "rejected":
                raise
            await self.write(page_id, values)  # a column may be gone: looks at the columns, then says what is wrong
        return None

    @promised
    async def sync_channels(self, names: list[str], story: bool = False) -> None:
        source = (await self.ids()).entries_source
        added = await notion_schema.offer(self._calls, source, names, story)
        if added:
            self._columns, self._added = None, self._added + 1
            log.info("notion_options_added", extra={"options": added})

    # --------------------------------------------------------------------------------------------- assets

    @promised
    async def flagged_assets(self, page_id: str) -> list[tuple[str, str]]:
        what = "read the flagged assets"
        wanted: Json = {
            "and": [
                {"property": "Entry", "relation": {"contains": asked_for(page_id, what)}},
                {"property": "Redo", "checkbox": {"equals": True}},
            ]
        }

        def flagged(row: Json) -> tuple[str, str]:
            return identifier(row.get("id"), what), str(values_of(row, what).get("Key") or "")

        return await self._rows.query((await self.ids()).assets_source, what, wanted, flagged, rank=Rank.WISH)

    @promised
    async def unflag_assets(self, asset_ids: list[str]) -> None:
        for asset_id in asset_ids:
            await self._set(asset_id, "untick Redo", {"Redo": {"checkbox": False}})

    @promised
    async def asset_rows(self, page_id: str) -> dict[str, str]:
        what = "find the entry's assets"
        wanted: Json = {"property": "Entry", "relation": {"contains": asked_for(page_id, what)}}

        def keyed(row: Json) -> tuple[str, str]:
            return str(values_of(row, what).get("Key") or ""), identifier(row.get("id"), what)

        rows = await self._rows.query((await self.ids()).assets_source, what, wanted, keyed)
        return {key: row for key, row in rows if key}

    @promised
    async def put_asset(
        self, page_id: str, key: str, name: str, kind: str, file: Path | Link, revision: int, known_id: str | None,
        fresh: bool = False, sha256: str = "",
    ) -> str:  # fmt: skip
        await self._known_columns()
        row = None if fresh else await self._asset_row(key, known_id)
        if isinstance(file, Link):
            shown = _external(file)
        else:
            try:
                upload_id = await notion_files.upload(self._calls, file, sha256)
            except BoardError as error:
                if error.kind == "rejected":
                    self._limit.forget()
                raise
            shown = {"type": "file_upload", "file_upload": {"id": upload_id}, "name": file.name[-100:]}
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        values: Json = {
            "Name": name, "Entry": [page_id], "Type": kind, "File": [shown], "Key": key,
            "Date": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "Revision": revision,
        }  # fmt: skip
        return await self._with_columns(lambda columns: self._put_row(row, bodies_of(columns.assets, values)))

    @promised
    async def file_limit(self) -> int:
        return await self._limit.bytes()

    @promised
    async def link_asset(self, asset_id: str, link: Link) -> None:
        """See ports.Board: one request, since Notion refuses to change a row that is in the trash."""

        async def wired(columns: _Columns) -> None:
            bodies = bodies_of(columns.assets, {"File": [_external(link)]})
            await self._set(asset_id, "renew a link", bodies, rank=Rank.RENEW)

        try:
            await self._with_columns(wired)
        except BoardError as error:
            if error.kind == "rejected" and (await self._read(asset_id, rank=Rank.RENEW)).in_trash:
                raise BoardError("gone", "the row is in the trash") from None
            raise

    async def _put_row(self, row: str | None, bodies: Json) -> str:
        """Update the asset's row, or make one; returns its id."""
        if row is not None:
            await self._set(row, "update the asset", bodies)
            return row
        what = "make the asset"
        parent = {"type": "data_source_id", "data_source_id": (await self.ids()).assets_source}
        try:
            made = await self._calls.call(what, lambda api: api.pages.create(parent=parent, properties=bodies))
        except Committed as kept:
            return kept.resource_id
        return identifier(made.get("id"), what)

    async def _asset_row(self, key: str, known_id: str | None) -> str | None:
        """The row's page id: the known one while it is there and not in the trash, else the one with this Key."""
        if known_id is not None and is_id(known_id):
            try:
                if not (await self._read(known_id)).in_trash:
                    return known_id
            except BoardError as error:
                if error.kind != "gone":
                    raise
        what = "find the asset"
        wanted: Json = {"property": "Key", "rich_text": {"equals": key}}
        source = (await self.ids()).assets_source
        rows = await self._rows.query(source, what, wanted, lambda row: identifier(row.get("id"), what))
        return rows[0] if rows else None

    # --------------------------------------------------------------------------------------------- the wire

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
    async def _known_columns(self) -> _Columns:
        if self._columns is None:
            added, ids = self._added, await self.ids()
            entries = types(await notion_schema.columns_of(self._calls, ids.entries_source))
            assets = types(await notion_schema.columns_of(self._calls, ids.assets_source))
            found = _Columns(entries, assets)
            if added != self._added:
                return found
            self._columns = found
        return self._columns

    # --------------------------------------------------------------------------------------------- reading rows

    def _page_of(self, what: str) -> Reader[Page]:
        return lambda row: self._page(row, what)

    def _page(self, row: Json, what: str) -> Page:
        page_id = identifier(row.get("id"), what)
        in_trash = row.get("in_trash", row.get("archived", False))
        if not isinstance(in_trash, bool):
            raise nonsense(what, "in_trash", "true or false", in_trash)
        return Page(page_id, self._edited_at(row, page_id), in_trash, values_of(row, what))

    def _edited_at(self, row: Json, page_id: str) -> int:
        """When the page was edited, ms; 0 when that cannot be read, our own now when it has not come yet."""
        given = row.get("last_edited_time")
        edited, now = milliseconds(given), self._clock.now_ms()
        if edited and edited <= now + SKEW_MS:
            return edited
        self._once.tell("notion_time_nonsense", page_id, last_edited_time=said(given, 40))
        return min(edited, now)


def _external(link: Link) -> Json:
    return {"type": "external", "external": {"url": link.url}, "name": link.name}
