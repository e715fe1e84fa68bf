"""How late the event loop is: the delay that every lane, timer and request of the daemon feels.

It sleeps a quarter of a second again and again and counts by how much each sleep was too long; /metrics shows it.
"""

import asyncio

#: upper edges of the delays that are counted apart, seconds; what is later falls into the last, open one
EDGES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
BEAT_S = 0.25


class LoopLag:
    """`counts[i]` beats were at most EDGES_S[i] late and more than the edge before; the last entry counts the rest."""

    def __init__(self) -> None:
        self.counts = [0] * (len(EDGES_S) + 1)
        self.sum_s = 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.note(max(0.0, loop.time() - due))

    def note(self, late_s: float) -> None:
        place = next((at for at, edge in enumerate(EDGES_S) if late_s <= edge), len(EDGES_S))
        self.counts[place] += 1
        self.sum_s += late_s
