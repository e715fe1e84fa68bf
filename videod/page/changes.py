"""Tells open pages that something changed: one look at the database for all of them, one line for each.

A page that hears it asks for itself again; nothing of what changed stands in the stream. A page of one episode or of
one channel hears only of what it shows.
"""

import asyncio
import sqlite3
from collections import OrderedDict
from dataclasses import dataclass

from aiohttp import web

from videod.page.pages import values
from videod.store import listing, views
from videod.store.database import Store

#: how often it is looked whether something changed, seconds
LOOK_S = 0.2
#: two changes reach the pages so far apart at least, seconds: one is on a page within a second, and no page asks more
#: often, however much happens
REST_S = 0.8
#: a line that says nothing, so that a browser that is gone is noticed, seconds
STILL_S = 20.0
#: pages that hear of changes at once: the oldest makes room, and asks again
MOST = 60
#: a line must be taken within so long, seconds
TAKEN_S = 5.0
#: more events between two looks concern everybody
APART = 500


@dataclass(frozen=True)
class News:
    """What changed: of which episodes and channels. `all`: every page shows something of it."""

    tasks: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    all: bool = False


_ALL = News(all=True)


class Ear:
    """One page that listens to an episode, a channel or, both empty, all. `bell` rings for a change and for the end."""

    def __init__(self, task: str = "", channel: str = "") -> None:
        self.bell = asyncio.Event()
        self.ended = False
        self._task = task
        self._channel = channel

    def hears(self, news: News) -> bool:
        if news.all:
            return True
        if self._task:
            return self._task in news.tasks
        return not self._channel or self._channel in news.channels


@dataclass(frozen=True)
class _Seen:
    """The newest event, the suspensions, and how many episodes wait for a person."""

    event: int
    suspensions: int
    waiting: int


class Changes:
    """`watch` until cancelled. `number` grows with whatever pages hear."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: _Seen | None = None
        self.number = 0
        self._open: OrderedDict[Ear, None] = OrderedDict()

    async def watch(self) -> None:
        while True:
            if self._open and (news := await self._store.read(self._look)) is not None:
                self.tell(news)
                await asyncio.sleep(REST_S)
            else:
                await asyncio.sleep(LOOK_S)

    def _look(self, tx: sqlite3.Connection) -> News | None:
        """What happened since the last look; None: nothing."""
        event, suspensions = views.newest(tx)
        before = self._seen
        if before is not None and (event, suspensions) == (before.event, before.suspensions):
            return None
        self._seen = _Seen(event, suspensions, listing.count(tx, listing.Wanted(person=True)))
        if before is None or before != _Seen(before.event, suspensions, self._seen.waiting):
            return _ALL
        happened = views.happened(tx, before.event, APART + 1)
        if len(happened) > APART or any(task is None for task, _ in happened):
            return _ALL
        return News(
            frozenset(task for task, _ in happened if task), frozenset(channel for _, channel in happened if channel)
        )

    def tell(self, news: News = _ALL) -> None:
        """Tell the pages that show it."""
        self.number += 1
        for ear in self._open:
            if ear.hears(news):
                ear.bell.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await answer.prepare(request)
        shows = values(request)
        ear = Ear(shows.get("task", ""), shows.get("channel", ""))
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
                    await self._say(answer, f"event: changed\ndata: {self.number}\n\n".encode())
        finally:
            self._open.pop(ear, None)
        return answer

    async def _say(self, answer: web.StreamResponse, line: bytes) -> None:
        try:
            async with asyncio.timeout(TAKEN_S):
                await answer.write(line)
        except TimeoutError:
            raise ConnectionResetError("the page does not listen") from None
