"""The power switch: every port call and commit is a point at which the world can go dark."""

import asyncio


class PowerCut(BaseException):
    """The lights are out. A BaseException, so that no handler for ordinary errors can catch it."""


class Power:
    """Counts points; goes dark at the `cut_at`-th. In the dark every further point raises, nothing is written."""

    def __init__(self, cut_at: int | None = None) -> None:
        self.cut_at = cut_at
        self.points = 0
        self.names: list[str] = []
        self.dark = asyncio.Event()

    def point(self, name: str) -> None:
        if self.dark.is_set():
            raise PowerCut(name)
        self.points += 1
        self.names.append(name)
        if self.points == self.cut_at:
            self.dark.set()
            raise PowerCut(name)
