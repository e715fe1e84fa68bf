"""A process that kills itself at a given step, wherever that is."""

import os
import signal
from collections.abc import Callable


class Killer:
    """kill -9 of this process before its `left`-th step: a statement, or an operation on a file."""

    def __init__(self, left: int) -> None:
        self.left = left

    def step(self, *_: object) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, call: Callable[..., object]) -> Callable[..., object]:
        def stepped(*given: object, **named: object) -> object:
            self.step()
            return call(*given, **named)

        return stepped
