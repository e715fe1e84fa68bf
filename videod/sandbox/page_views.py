"""What the sandbox's web page shows, as plain JSON: the board, the assets of an entry, the videos, the ledger.

Everything is read from the simulated services' stored state; nothing here changes anything.
"""

import mimetypes
from pathlib import Path, PurePosixPath
from typing import Any

from videod.sandbox.kernel import Charge, Context
from videod.sandbox.notion import text, values
from videod.sandbox.notion.blocks import MEDIA_BLOCKS
from videod.sandbox.notion.model import Block, DataSource, Page, Property, iso
from videod.sandbox.notion.store import SERVICE, Store
from videod.sandbox.youtube.extras import converted

Json = dict[str, Any]

#: Charges listed one by one, newest first; the sums are over all of them.
LATEST_CHARGES = 100


class Board:
    """The Notion side: entries, their status options and their assets. Follows the simulated service's files."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = Store(context)

    def view(self) -> Json:
        """`{statuses: [name], entries: [{id, title, channel, status, ...}]}`, entries newest first."""
        self._store.refresh()
        source = self._entries_source()
        if source is None:
            return {"statuses": [], "entries": []}
        status = _column(source, "Status")
        names = [str(option["name"]) for option in status.config["options"]] if status else []
        pages = [page for page in reversed(self._store.pages_of(source.id)) if not page.in_trash]
        return {"statuses": names, "entries": [self._entry(source, page) for page in pages]}

    def entry(self, page_id: str) -> Json | None:
        """The entry with its `assets`, oldest first, and the blocks of its `page`; None when there is no such entry."""
        self._store.refresh()
        source, page = self._entries_source(), self._store.pages.get(page_id)
        if source is None or page is None or page.parent_id != source.id:
            return None
        blocks = [self._store.blocks[child] for child in page.children]
        shown = [self._block(block) for block in blocks if not block.in_trash]
        return {**self._entry(source, page), "assets": self._assets(source, page_id), "page": shown}

    def _block(self, block: Block) -> Json:
        """`{id, type, text, file}`; `file` as an asset has it, None for a block without one."""
        file = block.body.get("file") if block.type in MEDIA_BLOCKS else None
        said = block.body.get("caption" if file else "rich_text") or []
        item = None if file is None else self._file({"name": "", **file})
        return {"id": block.id, "type": block.type, "text": text.plain(said), "file": item}

    def status_type(self) -> str:
        """The type of the Status column: a person's edit is written under it (select or status)."""
        source = self._entries_source()
        column = _column(source, "Status") if source else None
        return column.type if column else "select"

    def file(self, upload_id: str) -> tuple[Path, str] | None:
        """Where an uploaded file is and its content type."""
        upload = self._store.uploads.get(upload_id)
        if upload is None or upload.state != "uploaded":
            return None
        return self._context.folder(SERVICE) / "files" / upload.id, upload.content_type or "application/octet-stream"

    def _entries_source(self) -> DataSource | None:
        """The newest data source that looks like a board: it has the columns Status and Channel."""
        boards = [
            source
            for source in self._store.data_sources.values()
            if not source.in_trash
            and not self._store.databases[source.database_id].in_trash
            and (status := _column(source, "Status")) is not None
            and status.type in ("select", "status")
            and _column(source, "Channel")
        ]
        return max(boards, key=lambda source: source.serial, default=None)

    def _entry(self, source: DataSource, page: Page) -> Json:
        shown = _Row(source, page)
        return {
            "id": page.id,
            "title": shown.text_of_title() or "Untitled",
            "channel": shown.plain("Channel"),
            "status": shown.plain("Status"),
            "priority": shown.plain("Priority"),
            "topic": shown.plain("Topic"),
            "progress": shown.plain("Progress"),
            "cost_usd": shown.plain("Cost"),
            "error": shown.plain("Error Log"),
            "next_retry": shown.plain("Next Retry"),
            "youtube_url": shown.plain("YouTube URL"),
            "edited_at": iso(page.edited_ms),
        }

    def _assets(self, entries: DataSource, entry_id: str) -> list[Json]:
        assets: list[Json] = []
        for source in self._store.data_sources.values():
            for prop in source.properties.values():
                if prop.type != "relation" or prop.config["data_source_id"] != entries.id or source.in_trash:
                    continue
                pages = [page for page in self._store.pages_of(source.id) if not page.in_trash]
                assets += [self._asset(source, page) for page in pages if entry_id in values.stored(page, prop)]
        return assets

    def _asset(self, source: DataSource, page: Page) -> Json:
        shown = _Row(source, page)
        return {
            "id": page.id,
            "name": shown.text_of_title(),
            "type": shown.plain("Type"),
            "key": shown.plain("Key"),
            "date": shown.plain("Date"),
            "redo": shown.plain("Redo"),
            "text": shown.plain("Text"),
            "note": shown.plain("Note"),
            "revision": shown.plain("Revision"),
            "files": [self._file(item) for prop in source.properties.values() if prop.type == "files"
                      for item in values.stored(page, prop)],
        }  # fmt: skip

    def _file(self, item: Json) -> Json:
        """`{name, url, kind}`; kind is image, video, audio or file."""
        if "external" in item:
            guessed = mimetypes.guess_type(PurePosixPath(item["external"]).name.split("?")[0])[0]
            return {"name": item["name"], "url": item["external"], "kind": _kind(guessed or "")}
        upload = self._store.uploads[item["upload"]]
        return {"name": item["name"], "url": f"media/notion/{upload.id}", "kind": _kind(upload.content_type or "")}


class _Row:
    """Values of one page by the name of the column; a column the data source lacks reads as None."""

    def __init__(self, source: DataSource, page: Page) -> None:
        self._source = source
        self._page = page

    def text_of_title(self) -> str:
        return text.plain(self._page.properties.get("title", []))

    def plain(self, name: str) -> Any:
        prop = _column(self._source, name)
        if prop is None:
            return None
        value = values.stored(self._page, prop)
        if prop.type in ("title", "rich_text"):
            return text.plain(value)
        if prop.type in ("select", "status"):
            option = values.option_by_id(prop, value)
            return option["name"] if option else None
        if prop.type == "date":
            return value["start"] if value else None
        return value


def _column(source: DataSource, name: str) -> Property | None:
    return next((prop for prop in source.properties.values() if prop.name == name), None)


def _kind(content_type: str) -> str:
    family = content_type.split("/", maxsplit=1)[0]
    return family if family in ("image", "video", "audio") else "file"


def videos(context: Context) -> list[Json]:
    """The simulated YouTube's videos, newest first, each with the address where the page plays it."""
    state = context.load("youtube")
    kept, tracks = state.get("videos", {}), state.get("captions", {}).values()
    listed = [
        {
            "id": video["id"],
            "snippet": video.get("snippet", {}),
            "status": video.get("status", {}),
            "uploaded_at": iso(video["uploaded_at_ms"]) if video.get("uploaded_at_ms") is not None else None,
            "uploaded_at_ms": video.get("uploaded_at_ms") or 0,
            "url": f"media/youtube/{video['id']}" if video.get("file") else None,
            "poster": f"media/thumbnail/{video['id']}" if video.get("thumbnail") else None,
            "captions": [
                {"language": track["language"], "url": f"media/captions/{track['id']}"}
                for track in tracks
                if track["video_id"] == video["id"]
            ],
        }
        for video in kept.values()
    ]
    return sorted(listed, key=lambda video: -int(video["uploaded_at_ms"]))


def video_file(context: Context, video_id: str, which: str = "file") -> Path | None:
    """The file of a video, or its "thumbnail"; only files of the simulated YouTube's folder are ever given out."""
    video = context.load("youtube").get("videos", {}).get(video_id)
    if video is None or not video.get(which):
        return None
    return _kept(context, str(video[which]))


def caption_track(context: Context, caption_id: str) -> str | None:
    """The captions as WebVTT, which is what browsers take; None where there are none."""
    track = context.load("youtube").get("captions", {}).get(caption_id)
    path = None if track is None else _kept(context, f"captions/{caption_id}.txt")
    return None if path is None else converted(path.read_text(errors="replace"), str(track["format"]), "vtt")


def _kept(context: Context, name: str) -> Path | None:
    folder = context.folder("youtube").resolve()
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def ledger(context: Context) -> Json:
    """Charges grouped by service and, in each, by kind: `{total_usd, services: [{service, usd, kinds}], latest}`."""
    charges = context.account.charges()
    services = sorted({charge.service for charge in charges})
    grouped = [_service(name, [charge for charge in charges if charge.service == name]) for name in services]
    latest = [
        {"service": c.service, "kind": c.kind, "quantity": c.quantity, "unit": c.unit, "usd": c.usd, "at": iso(c.at_ms)}
        for c in reversed(charges[-LATEST_CHARGES:])
    ]
    return {"total_usd": context.account.total_usd(), "calls": len(charges), "services": grouped, "latest": latest}


def _service(name: str, charges: list[Charge]) -> Json:
    kinds = sorted({(charge.kind, charge.unit) for charge in charges})
    rows = []
    for kind, unit in kinds:
        same = [charge for charge in charges if (charge.kind, charge.unit) == (kind, unit)]
        rows.append({
            "kind": kind, "unit": unit, "calls": len(same), "quantity": round(sum(c.quantity for c in same), 3),
            "usd": round(sum(c.usd for c in same), 6),
        })  # fmt: skip
    return {"service": name, "calls": len(charges), "usd": round(sum(c.usd for c in charges), 6), "kinds": rows}
