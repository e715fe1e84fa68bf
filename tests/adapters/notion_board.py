"""The real client on the real simulated service, with one clock for both that moves only when somebody waits."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from notion_client import AsyncClient

from tests.flow.board_double import BEGIN_MS, Clock
from tests.harness.patience import PATIENCE_S
from videod.adapters import notion_schema
from videod.adapters.notion import NotionBoard, Place
from videod.adapters.notion_calls import Calls
from videod.adapters.notion_schema import Ids
from videod.sandbox import notion
from videod.sandbox.kernel import Context, Options

PAGE = notion.BOARD_PAGE_ID
#: the pace of a test: nobody wants to wait for three requests a second
FAST = 10_000.0


@dataclass
class NotionStage:
    """A simulated service at `url`, the connection under test, and a person with a client of her own."""

    context: Context
    clock: Clock
    url: str
    calls: Calls
    person: AsyncClient
    remembered: list[int] = field(default_factory=list)

    async def made(self) -> tuple[NotionBoard, Ids]:
        """The board, made by init with the channels wild and deep."""
        made = await notion_schema.init(self.calls, PAGE, ["wild", "deep"])
        return NotionBoard(self.calls, self.clock, Place(made.ids)), made.ids

    async def add(self, ids: Ids, **values: str) -> str:
        """A person makes an entry; `Story_Direction="..."`, selects by name."""
        given = {"Title": "Bear", "Channel": "wild", "Topic": "bears", "Story_Direction": "a crossing"} | values
        parent = {"type": "data_source_id", "data_source_id": ids.entries_source}
        page = await self.person.pages.create(parent=parent, properties=_bodies(given))
        return str(page["id"])

    async def sets(self, page_id: str, **values: str) -> None:
        await self.person.pages.update(page_id, properties=_bodies(values))

    async def shows(self, page_id: str) -> dict[str, Any]:
        page: dict[str, Any] = (await self.person.pages.retrieve(page_id))["properties"]
        return page

    async def status(self, page_id: str) -> str:
        return str((await self.shows(page_id))["Status"]["select"]["name"])

    def requests(self, method: str, path: str) -> int:
        seen = self.context.requests
        return sum(one["method"] == method and one["path"].startswith(path) for one in seen)


def _bodies(values: dict[str, str]) -> dict[str, Any]:
    bodies: dict[str, Any] = {}
    for name, value in values.items():
        text = [{"text": {"content": value}}]
        plain = name.replace("_", " ")
        if plain in ("Status", "Channel", "Priority", "Privacy"):
            bodies[plain] = {"select": {"name": value}}
        else:
            bodies[plain] = {"title": text} if plain == "Title" else {"rich_text": text}
    return bodies


@asynccontextmanager
async def notion_stage(root: Path, now: Callable[[], float] | None = None, **build: Any) -> AsyncIterator[NotionStage]:
    clock = Clock(BEGIN_MS)
    context = Context(root, Options(), now or (lambda: clock.at / 1000))
    runner = web.AppRunner(notion.build(context, **({"requests_per_minute": 100_000} | build)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    context.urls["notion"] = url
    remembered: list[int] = []

    async def remember(until_ms: int) -> None:
        remembered.append(until_ms)

    calls = Calls(notion.BOT_TOKEN, clock, url, FAST, remember=remember, timeout_s=PATIENCE_S)
    quiet = logging.getLogger("tests.person")
    person = AsyncClient(auth=notion.PERSON_TOKEN, base_url=url, notion_version="2026-03-11", logger=quiet, retry=False)
    try:
        yield NotionStage(context, clock, url, calls, person, remembered)
    finally:
        await calls.aclose()
        await person.aclose()
        await runner.cleanup()
