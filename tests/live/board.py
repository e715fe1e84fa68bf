"""The board as a person reads it and clicks on it: entries, asset rows, the Redo tick, a Status set by hand."""

from collections.abc import Mapping

import httpx

from tests.harness.patience import PATIENCE_S
from videod.cli.demo_person import VERSION
from videod.core.statuses import LABELS, Status
from videod.sandbox.notion import PERSON_TOKEN

Row = dict[str, object]


class Board:
    """Speaks Notion's API with a person's own token; rows are plain: property name -> text, number, bool or list."""

    def __init__(self, env: Mapping[str, str]) -> None:
        headers = {"Authorization": f"Bearer {PERSON_TOKEN}", "Notion-Version": VERSION}
        self._client = httpx.Client(base_url=env["VIDEOD_URL_NOTION"], headers=headers, timeout=PATIENCE_S)
        blocks = self._get(f"/v1/blocks/{env['VIDEOD_NOTION_PARENT_PAGE']}/children")["results"]
        assert isinstance(blocks, list)
        databases = {row["child_database"]["title"]: row["id"] for row in blocks if row["type"] == "child_database"}
        self._entries = self._source(databases["videod"])
        self._assets = self._source(databases["videod assets"])

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _get(self, path: str) -> Row:
        found: Row = self._client.get(path).raise_for_status().json()
        return found

    def _source(self, database: str) -> str:
        sources = self._get(f"/v1/databases/{database}")["data_sources"]
        assert isinstance(sources, list)
        return str(sources[0]["id"])

    def _rows(self, source: str) -> list[Row]:
        answer = self._client.post(f"/v1/data_sources/{source}/query", json={"page_size": 100}).raise_for_status()
        return [{name: _plain(value) for name, value in row["properties"].items()} | {"id": row["id"]}
                for row in answer.json()["results"]]  # fmt: skip

    def write(self, title: str, channel: str, topic: str, direction: str) -> None:
        """A new entry, set to Queued at once."""
        values: Row = {
            "Title": {"title": [{"text": {"content": title}}]},
            "Channel": {"select": {"name": channel}},
            "Status": {"select": {"name": LABELS[Status.QUEUED]}},
            "Topic": {"rich_text": [{"text": {"content": topic}}]},
            "Story Direction": {"rich_text": [{"text": {"content": direction}}]},
        }
        body = {"parent": {"type": "data_source_id", "data_source_id": self._entries}, "properties": values}
        self._client.post("/v1/pages", json=body).raise_for_status()

    def entries(self) -> list[Row]:
        return self._rows(self._entries)

    def entry(self, title: str) -> Row:
        return next(row for row in self._rows(self._entries) if row["Title"] == title)

    def assets(self, entry: Row) -> dict[str, Row]:
        """Job name -> its row in Assets, of one entry."""
        rows = [row for row in self._rows(self._assets) if entry["id"] in _list(row["Entry"])]
        return {str(row["Key"]).split("/", 1)[1]: row for row in rows}

    def blocks(self, page_id: str) -> list[Row]:
        """What stands on a page, from top to bottom."""
        found = self._get(f"/v1/blocks/{page_id}/children?page_size=100")["results"]
        assert isinstance(found, list)
        return found

    def rewrite(self, block: Row, text: str) -> None:
        """Other words in a block."""
        body = {str(block["type"]): {"rich_text": [{"text": {"content": text}}]}}
        self._client.patch(f"/v1/blocks/{block['id']}", json=body).raise_for_status()

    def file(self, asset: Row) -> bytes:
        """What a person gets who opens the asset's file."""
        (address,) = _list(asset["File"])
        return httpx.get(address, timeout=PATIENCE_S).raise_for_status().content

    def set_status(self, entry: Row, status: Status) -> None:
        self._patch(entry, {"Status": {"select": {"name": LABELS[status]}}})

    def set_title(self, entry: Row, title: str) -> None:
        self._patch(entry, {"Title": {"title": [{"text": {"content": title}}]}})

    def set_channel(self, entry: Row, channel: str) -> None:
        self._patch(entry, {"Channel": {"select": {"name": channel}}})

    def tick_redo(self, asset: Row) -> None:
        self._patch(asset, {"Redo": {"checkbox": True}})

    def _patch(self, row: Row, properties: Row) -> None:
        self._client.patch(f"/v1/pages/{row['id']}", json={"properties": properties}).raise_for_status()


def _list(value: object) -> list[str]:
    assert isinstance(value, list)
    return value


def _plain(value: Mapping[str, object]) -> object:
    inner = value[str(value["type"])]
    if value["type"] in ("title", "rich_text") and isinstance(inner, list):
        return "".join(part["plain_text"] for part in inner)
    if value["type"] == "relation" and isinstance(inner, list):
        return [one["id"] for one in inner]
    if value["type"] == "files" and isinstance(inner, list):
        return [one["file"]["url"] for one in inner]
    if isinstance(inner, dict):
        return inner.get("name", inner.get("start"))
    return inner
