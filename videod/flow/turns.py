"""Whose turn it is with one entry: the intake while it judges it, the relay while it writes it, never both.

Entries do not wait for each other: a hundred new ones must not stand between a person and an approval.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """One lock an entry, kept for as long as somebody holds or wants it."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._wanted: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, page_id: str) -> AsyncIterator[None]:
        """Hold the entry's turn for the time of the block."""
        lock = self._locks.setdefault(page_id, asyncio.Lock())
        self._wanted[page_id] = self._wanted.get(page_id, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[page_id] -= 1
            if not self._wanted[page_id]:
                del self._wanted[page_id], self._locks[page_id]
