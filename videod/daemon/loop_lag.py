"""How late the event loop is: the delay that every lane, timer and request of the daemon feels.

It sleeps a quarter of a second again and again and counts by how much each sleep was too long; /metrics shows it.
"""

import asyncio

from videod.core.histogram import of_loop

BEAT_S = 0.25


class LoopLag:
    """`late`: by how much the beats were late."""

    def __init__(self) -> None:
        self.late = of_loop()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.late.note(max(0.0, loop.time() - due))
