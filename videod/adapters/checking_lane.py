"""Who may check a file next: a few at once, one channel a share of them, and nobody long.

A decoder may hang on a file of its own. So a check that takes long gives its place to the next and continues beside
them, a few at a time, until its own limit ends it; and however many files of one channel hang, others have a place.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: checks at once; of one owner at most so many in all; beside the places at most so many that take long
PLACES, OWN, SLOW = 2, 2, 4
#: how long a check may keep its place while others wait, seconds; decoding a clip takes some two
SLOW_S = 10.0


class CheckingLane:
    """`slow_s` for tests."""

    def __init__(self, slow_s: float = SLOW_S) -> None:
        self._slow_s = slow_s
        self._places = asyncio.Semaphore(PLACES)
        self._slow = asyncio.Semaphore(SLOW)
        self._own: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(OWN))

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        """A turn for a check of the owner's; it lasts as long as the check."""
        async with self._own[owner]:
            await self._places.acquire()
            leaving = asyncio.create_task(self._leave())
            try:
                yield
            finally:
                if leaving.done():
                    self._slow.release()
                else:
                    leaving.cancel()
                    self._places.release()

    async def _leave(self) -> None:
        """Give the place back after a while, as soon as there is room beside."""
        await asyncio.sleep(self._slow_s)
        await self._slow.acquire()
        self._places.release()
