"""Who asks next: one caller at a time waits for the pace, and those for whom a person waits go first."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum


class Rank(IntEnum):
    """Who goes first: a look for people's wishes, the list of everything, what videod itself has to tell, links that
    are renewed long before they end."""

    WISH = 0
    LIST = 1
    TELL = 2
    RENEW = 3


class Line:
    """Lets one caller in at a time: by rank, and within a rank in the order in which they came."""

    def __init__(self) -> None:
        self._taken = False
        self._came = 0
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def place(self, rank: Rank) -> AsyncIterator[None]:
        """Hold the place at the front for the time of the block."""
        if self._taken:
            await self._stand(rank)
        self._taken = True
        try:
            yield
        finally:
            self._next()

    async def _stand(self, rank: Rank) -> None:
        self._came += 1
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, self._came, mine))
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._next()  # the place was ours already: hand it on
            raise

    def _next(self) -> None:
        while self._waiting:
            _, _, first = heapq.heappop(self._waiting)
            if not first.done():
                first.set_result(None)
                return
        self._taken = False
