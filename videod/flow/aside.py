"""How a blocking look is run beside the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

Found = TypeVar("Found")


class Aside(Protocol):
    def __call__(self, work: Callable[[], Found], /) -> Awaitable[Found]: ...


async def at_once(work: Callable[[], Found], /) -> Found:
    """For a small file, where no thread may run."""
    return work()


async def in_a_thread(work: Callable[[], Found], /) -> Found:
    return await asyncio.to_thread(work)
