"""Tells open pages that something changed: one look at the database for all of them, one line for each.

A page that hears it asks for itself again; nothing of what changed stands in the stream.
"""

import asyncio
from collections import OrderedDict

from aiohttp import web

from videod.store import views
from videod.store.database import Store

#: how often it is looked whether something changed, seconds; a page learns of it within a second
LOOK_S = 0.5
#: a line that says nothing, so that a browser that is gone is noticed, seconds
STILL_S = 20.0
#: pages that hear of changes at once: the oldest makes room, and asks again
MOST = 60
#: a line must be taken within so long, seconds
TAKEN_S = 5.0


class Ear:
    """One page that listens. `bell` rings for a change and for the end."""

    def __init__(self) -> None:
        self.bell = asyncio.Event()
        self.ended = False


class Changes:
    """`watch` until cancelled."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: tuple[int, int] | None = None
        self._number = 0
        self._open: OrderedDict[Ear, None] = OrderedDict()

    async def watch(self) -> None:
        while True:
            if self._open:
                found = await self._store.read(views.newest)
                if found != self._seen:
                    self._seen = found
                    self.tell()
            await asyncio.sleep(LOOK_S)

    def tell(self) -> None:
        """Tell all pages."""
        self._number += 1
        for ear in self._open:
            ear.bell.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await answer.prepare(request)
        ear = Ear()
        self._open[ear] = None
        while len(self._open) > MOST:
            oldest, _ = self._open.popitem(last=False)
            oldest.ended = True
            oldest.bell.set()
        try:
            await self._say(answer, b"retry: 2000\n\n")
            while not ear.ended:
                try:
                    async with asyncio.timeout(STILL_S):
                        await ear.bell.wait()
                except TimeoutError:
                    await self._say(answer, b": still here\n\n")
                    continue
                ear.bell.clear()
                if not ear.ended:
                    await self._say(answer, f"event: changed\ndata: {self._number}\n\n".encode())
        finally:
            self._open.pop(ear, None)
        return answer

    async def _say(self, answer: web.StreamResponse, line: bytes) -> None:
        try:
            async with asyncio.timeout(TAKEN_S):
                await answer.write(line)
        except TimeoutError:
            raise ConnectionResetError("the page does not listen") from None
