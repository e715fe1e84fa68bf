"""An event loop whose clock jumps to the next timer when nothing else can happen.

A 10-minute render takes microseconds and every run with the same seed interleaves the same way. `busy` counts real
work in flight (threads, children): while it is not zero time is paused, because a clock that ran on would fire
every deadline at once.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())
        self._now = 1_000.0
        self.busy = 0
        self._real_select = self._selector.select  # type: ignore[attr-defined]
        self._selector.select = self._select  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now

    def _select(self, timeout: float | None) -> Any:
        ready = self._real_select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            if not self.busy:
                raise RuntimeError("deadlock: nothing is under way and nothing will ever happen")
            return self._real_select(1.0)
        if self.busy:
            return self._real_select(min(timeout, 0.02))
        self._now += timeout
        return ready


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on a fresh virtual loop to its end and close everything."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
