"""People who look: pages that stay open beside a daemon at work, each looking again whenever it hears of a change.

A change is on a page when the first look that was begun after it has ended. What the daemon's history says is what
changed, so nothing is done for the sake of being seen.
"""

import asyncio
import threading
import time
from bisect import bisect_left
from pathlib import Path
from types import TracebackType

import aiohttp

from tests.harness import control

#: the rooms that people leave open
ROOMS = ("/", "/board", "/", "/money", "/services", "/board", "/channels", "/report")
#: htmx's own mark of a page that refreshes itself
_REFRESH = {"HX-Request": "true"}


class OpenPages(threading.Thread):
    """`port`: where the page will be. Inside a `with` that many are open. `looks`: of each page, when it began and
    ended, ms."""

    def __init__(self, state: Path, many: int, port: int) -> None:
        super().__init__(daemon=True)
        self.base = f"http://127.0.0.1:{port}"
        self.looks: list[list[tuple[float, float]]] = [[] for _ in range(many)]
        self.heard = 0
        self._state = state
        self._ended = threading.Event()

    def __enter__(self) -> "OpenPages":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self._ended.set()
        self.join(30)

    def run(self) -> None:
        asyncio.run(self._all())

    async def _all(self) -> None:
        open_ = [asyncio.create_task(self._one(number)) for number in range(len(self.looks))]
        while not self._ended.is_set():
            broken = [one for one in open_ if one.done()]
            assert not broken, broken[0].exception()
            await asyncio.sleep(0.2)
        for one in open_:
            one.cancel()
        await asyncio.gather(*open_, return_exceptions=True)

    async def _one(self, number: int) -> None:
        room = ROOMS[number % len(ROOMS)]
        asked = {"name": f"page {number}", "role": "viewer"}
        async with control.session(self._state) as door, door.post("http://videod/api/web/links", json=asked) as link:
            code = str((await link.json())["url"]).rpartition("#")[2]
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=timeout) as session:
            form = {"code": code, "to": room}
            await self._asked(session.post(self.base + "/enter", data=form, headers={"Origin": self.base}))
            async with session.get(self.base + "/changes") as stream:
                async for line in stream.content:
                    if line.startswith(b"event: changed"):
                        self.heard += 1
                        began = time.time() * 1000
                        await self._asked(session.get(self.base + room, headers=_REFRESH))
                        self.looks[number].append((began, time.time() * 1000))

    async def _asked(self, request: "aiohttp.client._RequestContextManager") -> None:
        async with request as answer:
            assert answer.status == 200, (answer.url, answer.status)
            await answer.read()

    def delays_s(self, changes: list[int]) -> list[float]:
        """How long each change, ms, took until it was on each page that was looked at afterwards; sorted."""
        found = []
        for looks in self.looks:
            begins = [began for began, _ in looks]
            for at in changes:
                place = bisect_left(begins, at + 1)
                if begins and begins[0] <= at and place < len(begins):
                    found.append((looks[place][1] - at) / 1000)
        return sorted(found)
