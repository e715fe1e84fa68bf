"""The board in Notion: `seams.Board` on two data sources, entries and assets.

Everything is absolute and safe to repeat. Creating a row is not, in Notion: a row is found again by its Key before it
is made. Columns that the user removed are left out of a write, so that a missing "Cost" never holds back a Status.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from videod.edge import notion_files, notion_schema
from videod.edge.notion_calls import Calls, Committed, Json
from videod.edge.notion_schema import Ids
from videod.edge.notion_values import decode, encode, milliseconds
from videod.seams import BoardError, Clock, Page

log = logging.getLogger(__name__)

PAGE_SIZE = 100
TRASH_EVERY_MS = 60_000


@dataclass(frozen=True)
class Place:
    """Where the board is: data source ids where they are known, else the entries' database, else the page."""

    ids: Ids | None = None
    database: str | None = None
    parent_page: str | None = None


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
        self._reads_trash = True
        self._trash_looked_ms = clock.now_ms()
        self._trash_since_ms: int | None = None

    async def aclose(self) -> None:
        await self._calls.aclose()

    async def ids(self) -> Ids:
        """The data sources, looked up on the first call."""
        if self._ids is None:
            self._ids = await notion_schema.resolve(self._calls, self._place.database, self._place.parent_page)
        return self._ids

    async def check(self) -> list[str]:
        """What is missing or wrong, in words that say what to do. Raises BoardError when the board is unreachable."""
        states = await notion_schema.inspect_both(self._calls, await self.ids())
        return [state.problem for state in states if state.problem]

    # --------------------------------------------------------------------------------------------- entries

    async def edited_since(self, since_ms: int) -> list[Page]:
        """Entries edited at or after `since_ms`, the oldest entry first; those in the trash among them."""
        source = (await self.ids()).entries_source
        moment = datetime.fromtimestamp(since_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:00Z")
        recent: Json = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": moment}}
        rows = await self._query(source, "read the edited entries", recent, trash=False)
        rows += await self._trash(source, since_ms)
        return [_page(row) for row in rows]

    async def _trash(self, source: str, since_ms: int) -> list[Json]:
        """Entries that went to the trash: looked for once a minute, since each look costs one of 180 requests."""
        self._trash_since_ms = since_ms if self._trash_since_ms is None else min(self._trash_since_ms, since_ms)
        now = self._clock.now_ms()
        if not self._reads_trash or now < self._trash_looked_ms + TRASH_EVERY_MS:
            return []
        moment = datetime.fromtimestamp(self._trash_since_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:00Z")
        recent: Json = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": moment}}
        try:
            rows = await self._query(source, "read the trash", recent, trash=True)
        except BoardError as error:
            if error.kind != "rejected":
                raise
            # an API version without this switch: an entry in the trash is then met when it is written
            self._reads_trash = False
            log.warning("notion_trash_unreadable", extra={"error": str(error)})
            return []
        self._trash_looked_ms, self._trash_since_ms = now, None
        return rows

    async def read(self, page_id: str) -> Page:
        return _page(await self._calls.call("read the entry", lambda api: api.pages.retrieve(page_id)))

    async def write(self, page_id: str, values: Mapping[str, object]) -> None:
        """Set these properties. A column that is gone is left out; without "Status" the write is rejected."""
        columns = (await self._known_columns()).entries
        try:
            await self._patch(page_id, "write the entry", _bodies(columns, values))
        except BoardError as error:
            if error.kind != "rejected":
                raise
            self._columns = None
            fresh = (await self._known_columns()).entries
            if fresh == columns:
                raise
            await self._patch(page_id, "write the entry", _bodies(fresh, values))

    async def sync_channels(self, names: list[str]) -> None:
        source = (await self.ids()).entries_source
        added = await notion_schema.add_options(self._calls, source, "Channel", names)
        if added:
            log.info("notion_channels_added", extra={"channels": added})

    # --------------------------------------------------------------------------------------------- assets

    async def flagged_assets(self, page_id: str) -> list[tuple[str, str]]:
        wanted: Json = {
            "and": [
                {"property": "Entry", "relation": {"contains": page_id}},
                {"property": "Redo", "checkbox": {"equals": True}},
            ]
        }
        rows = await self._query((await self.ids()).assets_source, "read the flagged assets", wanted, trash=False)
        return [(str(row["id"]), str(_values(row).get("Key") or "")) for row in rows]

    async def unflag_assets(self, asset_ids: list[str]) -> None:
        for asset_id in asset_ids:
            await self._patch(asset_id, "untick Redo", {"Redo": {"checkbox": False}})

    async def put_asset(
        self, page_id: str, key: str, name: str, kind: str, file: Path, revision: int, known_id: str | None,
        fresh: bool = False,
    ) -> str:  # fmt: skip
        columns = (await self._known_columns()).assets
        row = None if fresh else await self._asset_row(key, known_id)
        upload_id = await notion_files.upload(self._calls, file)
        shown: Json = {"type": "file_upload", "file_upload": {"id": upload_id}, "name": file.name[-100:]}
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        values: Json = {
            "Name": name, "Entry": [page_id], "Type": kind, "File": [shown], "Key": key,
            "Date": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "Revision": revision,
        }  # fmt: skip
        bodies = _bodies(columns, values)
        if row is not None:
            await self._patch(row, "update the asset", bodies)
            return row
        source = (await self.ids()).assets_source
        parent = {"type": "data_source_id", "data_source_id": source}
        try:
            made = await self._calls.call(
                "make the asset", lambda api: api.pages.create(parent=parent, properties=bodies)
            )
        except Committed as kept:
            return kept.resource_id
        return str(made["id"])

    async def _asset_row(self, key: str, known_id: str | None) -> str | None:
        """The row's page id: the known one while it is there and not in the trash, else the one with this Key."""
        if known_id is not None:
            try:
                if not (await self.read(known_id)).in_trash:
                    return known_id
            except BoardError as error:
                if error.kind != "gone":
                    raise
        wanted: Json = {"property": "Key", "rich_text": {"equals": key}}
        rows = await self._query((await self.ids()).assets_source, "find the asset", wanted, trash=False)
        return str(rows[0]["id"]) if rows else None

    # --------------------------------------------------------------------------------------------- the wire

    async def _patch(self, page_id: str, what: str, properties: Json) -> None:
        try:
            await self._calls.call(what, lambda api: api.pages.update(page_id, properties=properties))
        except Committed:
            return  # Notion says that it kept the values

    async def _query(self, source: str, what: str, condition: Json, trash: bool) -> list[Json]:
        """Every row that fits, the oldest first, beyond the 10,000 of one query by windows of creation time."""
        found: dict[str, Json] = {}
        window: Json = condition
        while True:
            rows, complete = await self._window(source, what, window, trash)
            fresh = [row for row in rows if str(row["id"]) not in found]
            found.update((str(row["id"]), row) for row in fresh)
            if complete:
                return list(found.values())
            if not fresh:
                raise BoardError("rejected", f"Notion, {what}: more rows were made in one minute than a query shows")
            # sorted by creation, which no edit changes: the next window begins where this one was cut
            later = {"timestamp": "created_time", "created_time": {"on_or_after": rows[-1]["created_time"]}}
            window = {"and": [condition, later]}

    async def _window(self, source: str, what: str, condition: Json, trash: bool) -> tuple[list[Json], bool]:
        """The rows of one query and whether that was all of them."""
        body: dict[str, object] = {
            "filter": condition, "page_size": PAGE_SIZE,
            "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
        }  # fmt: skip
        if trash:
            body["in_trash"] = True
        rows: list[Json] = []
        while True:
            asked = dict(body)
            answer = await self._calls.call(what, lambda api, a=asked: api.data_sources.query(source, **a))  # type: ignore[misc]
            results = answer.get("results")
            if not isinstance(results, list):
                raise BoardError("down", f"Notion answered no list: {what}")
            rows += [row for row in results if row.get("object") == "page"]
            if not answer.get("has_more"):
                status = answer.get("request_status")
                return rows, not (isinstance(status, dict) and status.get("type") == "incomplete")
            body["start_cursor"] = answer["next_cursor"]

    async def _known_columns(self) -> _Columns:
        if self._columns is None:
            ids = await self.ids()
            entries = _types(await notion_schema.columns_of(self._calls, ids.entries_source))
            assets = _types(await notion_schema.columns_of(self._calls, ids.assets_source))
            self._columns = _Columns(entries, assets)
        return self._columns


def _page(row: Json) -> Page:
    in_trash = bool(row.get("in_trash", row.get("archived", False)))
    return Page(str(row["id"]), milliseconds(row.get("last_edited_time")), in_trash, _values(row))


def _types(columns: Mapping[str, Json]) -> dict[str, str]:
    return {name: str(column.get("type")) for name, column in columns.items()}


def _values(row: Json) -> dict[str, object]:
    properties = row.get("properties")
    return {name: decode(prop) for name, prop in properties.items()} if isinstance(properties, dict) else {}


def _bodies(columns: Mapping[str, str], values: Mapping[str, object]) -> Json:
    """The wire's form of `values`. Raises BoardError "rejected" when a needed column is gone or of a foreign type."""
    bodies: Json = {}
    for name, value in values.items():
        kind = columns.get(name)
        if kind is None and name in ("Status", "Key"):
            raise BoardError("rejected", f'the column "{name}" is missing in Notion; run `videod notion init`')
        if kind is None:
            log.debug("notion_column_missing", extra={"column": name})
            continue
        try:
            bodies[name] = encode(kind, value)
        except ValueError as error:
            raise BoardError("rejected", f'the column "{name}" in Notion: {error}; run `videod notion check`') from None
    return bodies
