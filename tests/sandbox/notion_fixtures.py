"""A running simulated Notion with a clock that is paused, and the official-style client pointed at it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from notion_client import AsyncClient

from videod.sandbox import notion
from videod.sandbox.kernel import Context, Options

NEWEST = "2026-03-11"
OLDER = "2025-09-03"
BEGIN_S = datetime(2026, 11, 18, 10, 27, tzinfo=UTC).timestamp()
LOGGER = logging.getLogger("tests.notion")

STATUSES = ("Draft", "Queued", "Generating Assets", "Assets Ready", "Approved - Assets", "Published")
ENTRIES: dict[str, Any] = {
    "Title": {"title": {}},
    "Channel": {"select": {"options": [{"name": "wild", "color": "green"}]}},
    "Topic": {"rich_text": {}},
    "Story Direction": {"rich_text": {}},
    "Status": {"select": {"options": [{"name": name} for name in STATUSES]}},
    "Priority": {"select": {"options": [{"name": "High"}, {"name": "Normal"}, {"name": "Low"}]}},
    "Error Log": {"rich_text": {}},
    "YouTube URL": {"url": {}},
    "Progress": {"rich_text": {}},
    "Next Retry": {"date": {}},
    "Cost": {"number": {"format": "dollar"}},
    "Privacy": {"select": {"options": [{"name": "public"}, {"name": "private"}]}},
    "Created": {"created_time": {}},
    "Updated": {"last_edited_time": {}},
    "Videod Key": {"rich_text": {}},
}


def assets_of(entries_id: str) -> dict[str, Any]:
    return {
        "Name": {"title": {}},
        "Entry": {"relation": {"data_source_id": entries_id, "single_property": {}}},
        "Type": {"select": {"options": [{"name": "image"}, {"name": "clip"}, {"name": "audio"}]}},
        "File": {"files": {}},
        "Key": {"rich_text": {}},
        "Date": {"date": {}},
        "Redo": {"checkbox": {}},
        "Revision": {"number": {}},
    }


def rich(text: str) -> list[dict[str, Any]]:
    return [{"text": {"content": text}}]


class Clock:
    """A clock that moves only when told to."""

    def __init__(self, now_s: float = BEGIN_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass
class Running:
    context: Context
    clock: Clock
    url: str
    client: AsyncClient
    http: aiohttp.ClientSession

    def speaking(self, version: str = NEWEST, token: str = notion.BOT_TOKEN) -> AsyncClient:
        return AsyncClient(auth=token, base_url=self.url, notion_version=version, logger=LOGGER, retry=False)

    async def raw(self, method: str, path: str, **request: Any) -> tuple[int, dict[str, Any], Any]:
        """A bare request with the usual headers: status, body, headers."""
        usual = {"Authorization": f"Bearer {notion.BOT_TOKEN}", "Notion-Version": NEWEST}
        headers = {key: value for key, value in (usual | request.pop("headers", {})).items() if value is not None}
        async with self.http.request(method, self.url + path, headers=headers, **request) as response:
            return response.status, await response.json(content_type=None), response.headers

    async def database(self, properties: dict[str, Any] | None = None) -> str:
        """A new database; the id of its data source."""
        created = await self.client.databases.create(
            parent={"type": "page_id", "page_id": notion.BOARD_PAGE_ID},
            title=rich("Episodes"),
            initial_data_source={"properties": ENTRIES if properties is None else properties},
        )
        return str(created["data_sources"][0]["id"])

    async def add(self, source_id: str, properties: dict[str, Any]) -> dict[str, Any]:
        page: dict[str, Any] = await self.client.pages.create(
            parent={"type": "data_source_id", "data_source_id": source_id}, properties=properties
        )
        return page


@asynccontextmanager
async def running(root: Path, clock: Clock | None = None, **build: Any) -> AsyncIterator[Running]:
    """A simulated service on a free port; leaving the block stops it, its state stays in `root`."""
    clock = clock or Clock()
    context = Context(root, Options(), clock)
    runner = web.AppRunner(notion.build(context, **build))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    context.urls["notion"] = url
    async with aiohttp.ClientSession() as http:
        client = AsyncClient(auth=notion.BOT_TOKEN, base_url=url, notion_version=NEWEST, logger=LOGGER, retry=False)
        try:
            yield Running(context, clock, url, client, http)
        finally:
            await client.aclose()
            await runner.cleanup()
