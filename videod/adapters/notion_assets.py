"""The table of files in Notion: a row for each, found again by its Key, and what people write on it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from videod.adapters import notion_files
from videod.adapters.notion_calls import Committed
from videod.adapters.notion_columns import bodies_of, values_of
from videod.adapters.notion_pace import Rank
from videod.adapters.notion_shapes import Json, asked_for, identifier, is_id, promised
from videod.adapters.notion_tables import Columns, NotionTables
from videod.board_rows import NO_NOTES, AssetRow, Link
from videod.core.row_texts import mark
from videod.ports import BoardError


class NotionAssets(NotionTables):
    """See the module's text."""

    @promised
    async def rows_of(self, page_id: str) -> list[AssetRow]:
        what = "read the entry's files"
        wanted: Json = {"property": "Entry", "relation": {"contains": asked_for(page_id, what)}}
        source = (await self.ids()).assets_source
        return await self._rows.query(source, what, wanted, lambda row: self._asset(row, what), rank=Rank.WISH)

    @promised
    async def edited_rows(self, since_ms: int) -> list[AssetRow]:
        what = "read the edited files"
        source = (await self.ids()).assets_source
        edited = self._edited(since_ms)
        return await self._rows.query(source, what, edited, lambda row: self._asset(row, what), rank=Rank.LIST)

    def _asset(self, row: Json, what: str) -> AssetRow:
        page = self._page(row, what)
        text = page.values.get("Text")
        return AssetRow(
            page.id, str(page.values.get("Key") or ""), page.edited_at, page.values.get("Redo") is True,
            text if isinstance(text, str) else None, str(page.values.get("Note") or ""),
        )  # fmt: skip

    @promised
    async def unflag_assets(self, asset_ids: list[str], notes: Mapping[str, str] = NO_NOTES) -> None:
        for asset_id in asset_ids:
            values: dict[str, object] = {"Redo": False}
            if asset_id in notes:
                page = await self._read(asset_id)
                values |= {"Note": ""} if mark(str(page.values.get("Note") or "")) == notes[asset_id] else {}
            await self._set_row(asset_id, "untick Redo", values)

    @promised
    async def say_on_row(self, asset_id: str, text: str, may: Callable[[AssetRow], bool]) -> bool:
        """See ports.Board. Columns and pace are seen to before the reading; the write follows it at once."""
        what = "write the text of a file"
        if not await self._takes_text():
            return True
        bodies = bodies_of((await self._known_columns()).assets, {"Text": text})
        asked_for(asset_id, what)
        answer = await self._calls.call("read the file's row", lambda api: api.pages.retrieve(asset_id), turns=2)
        if self._page(answer, what).in_trash:
            raise BoardError("gone", "the row is in the trash")
        if not may(self._asset(answer, what)):
            return False
        await self._set(asset_id, what, bodies, turns=0)
        return True

    async def _takes_text(self) -> bool:
        """Whether the column Text is there; one of that name and another type is the user's own."""
        return (await self._known_columns()).assets.get("Text") == "rich_text"

    async def _set_row(self, asset_id: str, what: str, values: Mapping[str, object]) -> None:
        await self._with_columns(lambda columns: self._set(asset_id, what, bodies_of(columns.assets, values)))

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
        fresh: bool = False, sha256: str = "", text: str = "",
    ) -> str:  # fmt: skip
        await self._known_columns()
        row, upload_id = None if fresh else await self._asset_row(key, known_id), ""
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
        if row is None and text and await self._takes_text():
            values["Text"] = text
        put = await self._with_columns(lambda columns: self._put_row(row, bodies_of(columns.assets, values)))
        self._attached[put] = upload_id
        return put

    def attached(self, asset_id: str) -> str:
        """See ports.Board."""
        return self._attached.pop(asset_id, "")

    @promised
    async def file_limit(self) -> int:
        return await self._limit.bytes()

    @promised
    async def link_asset(self, asset_id: str, link: Link) -> None:
        """See ports.Board: one request, since Notion refuses to change a row that is in the trash."""

        async def wired(columns: Columns) -> None:
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


def _external(link: Link) -> Json:
    return {"type": "external", "external": {"url": link.url}, "name": link.name}
