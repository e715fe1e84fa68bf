"""A page over a studio in a box, and a client that does what a browser does: cookies, origin, forms."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.cli.factory import StudioBox
from tests.web.caller import redact
from videod.config import Web
from videod.daemon.page import Means, Page
from videod.ports import PreviewError
from videod.web.api import HOUSE, build_app
from videod.web.sessions import Role


class NoPreviews:
    """Nothing makes previews here."""

    def ready(self, mark: str, source: Path, limit: int) -> Path | None:
        return None

    async def make(self, mark: str, source: Path, sha256: str, limit: int) -> Path:
        raise PreviewError("rejected", "none here")

    def drop(self, mark: str) -> None: ...

    def keep(self, marks: Any) -> None: ...


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@asynccontextmanager
async def page_over(
    box: StudioBox, previews: Any = None, house: Mapping[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Page]:  # fmt: skip
    """The page of the box, as the daemon serves it; `house`: what the API has besides."""
    made = previews or NoPreviews()
    means = Means(
        box.store, box.ledger, box.clock, box.state, lambda channel, task: box.state / "workspaces" / channel / task,
        lambda channel: 12_340_000, redact, made, made,
    )  # type: ignore[arg-type]  # fmt: skip
    page = Page(Web(port=free_port(), **settings), means)
    more = {"sessions": page.sessions, **(house or {})}
    page.house = build_app(box.ledger, box.store, box.clock, redact, lambda: {"kie": 8}, **more)[HOUSE]
    running = asyncio.create_task(page.run())
    while page.port is None and not running.done():
        await asyncio.sleep(0)
    try:
        yield page
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Browser:
    """One browser. `key` is that of the last page's forms."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.base = f"http://127.0.0.1:{page.port}"
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.key = ""
        self.text = ""
        self.headers: Any = {}

    async def get(self, path: str, **more: Any) -> int:
        return await self._asked("GET", path, **more)

    async def post(self, path: str, fields: Any = None, **more: Any) -> int:
        """A form of the page as it was shown last."""
        data = [("form_key", self.key), *(fields.items() if isinstance(fields, dict) else fields or [])]
        headers = {"Origin": self.base} | more.pop("headers", {})
        return await self._asked("POST", path, data=more.pop("data", data), headers=headers, **more)

    async def _asked(self, method: str, path: str, **more: Any) -> int:
        async with self.session.request(method, self.base + path, **more) as answer:
            self.headers = answer.headers
            self.text = await answer.text(errors="replace")
            found = re.search(r'name="form_key" value="([0-9a-f]+)"', self.text)
            self.key = found[1] if found else self.key
            return answer.status

    async def enter(self, name: str = "Mina", role: Role = Role.OWNER) -> int:
        return await self.post("/enter", {"code": self.page.sessions.link(name, role), "to": "/"})

    @property
    def told(self) -> str:
        """What the page says happened."""
        found = re.search(r'<p class="banner [a-z]+" role="(?:status|alert)">([^<]*)</p>', self.text)
        return found[1] if found else ""


@asynccontextmanager
async def entered(page: Page, name: str = "Mina", role: Role = Role.OWNER) -> AsyncIterator[Browser]:
    browser = Browser(page)
    try:
        assert await browser.enter(name, role) == 200
        yield browser
    finally:
        await browser.session.close()
