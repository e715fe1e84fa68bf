"""What more channels cost: the same 500 ready jobs over 10, 20 and 40 channels.

python -m tests.benchmarks.channels [--claims 300]

CPU of choosing a job and of claiming it (`tests.benchmarks.scale` says what a claim is), in turn on one connection
each; the disk is not waited for. Twenty channels in place of ten may cost 10 % more (SC1).
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import engine
from tests.benchmarks.engine import VideodPeer
from tests.benchmarks.figures import machine, median, ms, table
from tests.benchmarks.scale import READY_JOBS
from videod.core.events import JobFailed
from videod.core.failures import Failure, Kind
from videod.store.database import InlineDatabase

#: by how much twice the channels may be slower
GROWTH = 0.10


class House:
    """A studio of so many channels."""

    def __init__(self, folder: Path, channels: int) -> None:
        folder.mkdir()
        self.channels = channels
        self._studio = VideodPeer(folder, None, False)
        self.chosen: list[float] = []
        self.claimed: list[float] = []

    async def open(self) -> None:
        usual, engine.CHANNELS = engine.CHANNELS, self.channels
        try:
            await self._studio.open(0)
            await self._studio.wait_with(READY_JOBS)
        finally:
            engine.CHANNELS = usual
        await self._studio.store.close()
        self._studio.use(InlineDatabase(self._studio.folder / "videod.db", durable=False))

    async def claim(self) -> None:
        """One claim, timed; then the job is made ready again."""
        studio, lane = self._studio, self._studio.lanes["gemini"]
        began = time.thread_time()
        await studio.store.read(lambda connection: studio.scheduler._choose(connection, lane))
        chosen = time.thread_time()
        (work,), _ = await studio.scheduler._claim(lane, 1)
        self.claimed.append(time.thread_time() - chosen)
        self.chosen.append(chosen - began)
        stopped = Failure(Kind.INTERRUPTED, "put back")
        await studio.ledger.apply(JobFailed(studio.now_ms(), work.task.id, work.job.name, work.attempt, stopped, 0.5))

    async def close(self) -> None:
        await self._studio.store.close()


async def compare(houses: Sequence[House], claims: int) -> None:
    for house in houses:
        await house.open()
    for number in range(claims + 40):
        if number == 40:  # warm
            for house in houses:
                house.chosen, house.claimed = [], []
        for house in houses if number % 2 else reversed(houses):
            await house.claim()
    for house in houses:
        await house.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="videod-channels-") as folder:
        houses = [House(Path(folder) / str(many), many) for many in (10, 20, 40)]
        asyncio.run(compare(houses, options.claims))
    ten = median(houses[0].claimed)
    rows = []
    for house in houses:
        growth = median(house.claimed) / ten - 1
        verdict = f"{GROWTH:.0%}: {'met' if growth < GROWTH else 'missed'}" if house.channels == 20 else ""
        figures = [ms(median(house.chosen)), ms(median(house.claimed)), f"{growth:+.0%}"]
        rows.append([str(house.channels), *figures, verdict])
    print(f"{machine()}; {READY_JOBS} ready jobs\n")
    print(table(["channels", "choosing, CPU p50 ms", "claiming, CPU p50 ms", "grows by", "goal"], rows))


if __name__ == "__main__":
    main()
