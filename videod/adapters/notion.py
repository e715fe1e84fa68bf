"""The board in Notion: `ports.Board` on two data sources, entries and assets.

Everything is absolute and safe to repeat. Creating a row is not, in Notion: a row is found again by its Key before it
is made.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from videod.adapters import notion_schema
from videod.adapters.notion_assets import NotionAssets
from videod.adapters.notion_calls import Committed
from videod.adapters.notion_columns import bodies_of
from videod.adapters.notion_pace import Rank
from videod.adapters.notion_pages import NotionPages
from videod.adapters.notion_shapes import Json, identifier, promised
from videod.adapters.notion_sources import blocks_of, story_blocks
from videod.adapters.notion_tables import Columns, Place
from videod.core.own_story import NOTHING
from videod.core.statuses import LABELS, Status
from videod.ports import BoardError, Page

__all__ = ["NotionBoard", "Place"]

log = logging.getLogger(__name__)

TRASH_EVERY_MS = 60_000
#: after a refusal to show the trash
TRASH_AGAIN_MS = 3_600_000
#: what is written before an entry is taken: a person waits for it
_TAKING = frozenset({"Videod Key"})


class NotionBoard(NotionAssets, NotionPages):
    """See the module's text. Close it with `aclose`."""

    @promised
    async def check(self) -> list[str]:
        """What is missing or wrong, in words that say what to do. Raises BoardError when the board is unreachable."""
        try:
            _, entries, assets = await self._read_columns()
        except BoardError as error:
            if error.kind != "gone" or self._place.ids is None or self._ids is not self._place.ids:
                raise
            # the tables of last time are gone: look for those that are there now
            self._ids = await notion_schema.resolve(self._calls, self._place.database, self._place.parent_page)
            self._columns = None
            _, entries, assets = await self._read_columns()
        return [state.problem for state in notion_schema.inspect_tables(entries, assets) if state.problem]

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

        async def make(columns: Columns) -> str:
            page = {"properties": bodies_of(columns.entries, values)} | ({"children": blocks} if blocks else {})
            try:
                made = await self._calls.call(what, lambda api: api.pages.create(parent=parent, **page))
            except Committed as kept:
                return kept.resource_id
            return identifier(made.get("id"), what)

        return await self._with_columns(make)

    @promised
    async def replace(self, page_id: str, values: Mapping[str, object], may: Callable[[Page], bool]) -> Page | None:
        """See ports.Board. Columns and pace are seen to before the reading; the write follows it at once."""

        async def wired(columns: Columns) -> Json:
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
