"""Who asks next: turns of the pace go to those for whom a person waits first.

A turn is given when it begins, not when it was asked for: whoever comes in the last moment with a better rank goes
before all others.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum


class Rank(IntEnum):
    """Who goes first: looks for people's wishes and taking them, the list of everything, what videod has to tell, links
    that are renewed long before they end."""

    WISH = 0
    LIST = 1
    TELL = 2
    RENEW = 3


@dataclass(order=True)
class _Waiter:
    """`given`: it may ask now. `called`: it should look whether it may, or whether nobody waits for the pace."""

    rank: Rank
    came: int
    turns: int = field(compare=False)
    called: asyncio.Event = field(compare=False, default_factory=asyncio.Event)
    given: bool = field(compare=False, default=False)


class Line:
    """Gives turns by rank, and within a rank in the order in which callers came.

    `wait` returns when a turn begins, with how many before it nobody used; one caller at a time waits so, on behalf of
    whoever is first then. Several turns at once are given after as many unused ones, less one. `took` gets the
    number of turns that were given; all but the first of them are still to come then.
    """

    def __init__(self, wait: Callable[[], Awaitable[int]], took: Callable[[int], None]) -> None:
        self._wait = wait
        self._took = took
        self._watched = False
        self._came = 0
        self._waiting: list[_Waiter] = []

    async def turn(self, rank: Rank, turns: int = 1) -> None:
        """Return when the caller may ask. Raises what `wait` raises."""
        self._came += 1
        mine = _Waiter(rank, self._came, turns)
        self._waiting.append(mine)
        try:
            while not mine.given:
                if self._watched:
                    await mine.called.wait()
                    mine.called.clear()
                else:
                    await self._watch()
        finally:
            if not mine.given:
                self._waiting.remove(mine)
            self._call()

    async def _watch(self) -> None:
        self._watched = True
        try:
            unused = await self._wait()
        finally:
            self._watched = False
        first = min(self._waiting)
        if first.turns - 1 <= unused:
            self._took(first.turns)
            self._waiting.remove(first)
            first.given = True
            first.called.set()

    def _call(self) -> None:
        """Somebody must watch for the next turn."""
        if self._waiting and not self._watched:
            min(self._waiting).called.set()
