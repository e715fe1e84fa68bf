"""Ends the process when its heartbeat stops for minutes: one that is alive outside and dead inside helps nobody.

It counts on a thread of its own, so it also sees a loop that no longer turns. It counts the looks that it made itself,
not the time that passed: a process that was stopped, or a host that slept, gets its full patience afterwards.
"""

import threading
from collections.abc import Callable

LOOK_S = 5.0
#: longer than the watchdog of the unit, which is for the same and writes a better word
PATIENCE_S = 180.0


class Watchdog:
    """`end(why)` must end the process."""

    def __init__(self, end: Callable[[str], None], look_s: float = LOOK_S, patience_s: float = PATIENCE_S) -> None:
        self._end = end
        self._look_s = look_s
        self._most = max(1, round(patience_s / look_s))
        self._looks = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def beat(self) -> None:
        """A sign of life."""
        self._looks = 0

    def stop(self) -> None:
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._look_s):
            self._looks += 1
            if self._looks >= self._most:
                self._end(f"no heartbeat for {self._most * self._look_s:.0f} s")
                return
