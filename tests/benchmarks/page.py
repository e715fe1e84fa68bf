"""How soon a room of the page begins to arrive: 20 episodes in all conditions beside 10,000 finished ones.

python -m tests.benchmarks.page [--episodes 10000] [--open 20] [--looks 100]

Time to first byte: from sending the request on an open connection to the first byte of the answer's head, with a
session and through all checks, over HTTP on 127.0.0.1. The rooms take turns. Server and client share one process, so
CPU is that of both. The past is that of `tests.benchmarks.scale`.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks import peer_venv
from tests.benchmarks.answers import Took
from tests.benchmarks.figures import machine, median, ms, quantile, table
from tests.benchmarks.scale import past
from tests.cli.factory import CHANNELS, NOON, POLICY, StudioBox, fill
from tests.page.browser import Browser, entered, page_over
from videod.core.statuses import AT_GATE, Status
from videod.ledger import Ledger, Wakeups
from videod.store import reads
from videod.store.database import Database
from videod.store.views import tasks

#: what is wanted of each room at p99, seconds
WANTED_S = 0.05


async def first_byte(browser: Browser, path: str) -> None:
    """Until the head of the answer is here; the body is read after the time was taken."""
    async with browser.session.get(browser.base + path, allow_redirects=False) as answer:
        assert answer.status == 200, (path, answer.status)


async def look(box: StudioBox, looks: int) -> tuple[Took, Mapping[str, int]]:
    """What each room took, and its bytes."""
    box.store = await Database.open(box.path)
    box.ledger = Ledger(box.store, dict.fromkeys(CHANNELS, POLICY).get, Wakeups())
    found = await box.store.read(reads.open_tasks)
    closed = await box.store.read(lambda tx: tasks(tx, (Status.PUBLISHED,), None, 1))
    review = next(one.id for one in found if one.status in AT_GATE)
    rooms = {
        "Inbox": "/", "Board": "/board", "an episode at its review": f"/episodes/{review}",
        "a finished episode": f"/episodes/{closed[0].id}", "Money": "/money", "Report": "/report",
    }  # fmt: skip
    took, sizes = Took(), {}
    async with page_over(box) as page, entered(page) as browser:
        for name, path in rooms.items():  # templates are read, connections made
            await browser.get(path)
            sizes[name] = len(browser.text.encode())
        for _ in range(looks):
            for name, path in rooms.items():
                with took.one(name):
                    await first_byte(browser, path)
                await asyncio.sleep(0)
    await box.store.close()
    return took, sizes


def rows(took: Took, sizes: Mapping[str, int]) -> list[list[str]]:
    found = []
    for name, seconds in took.elapsed.items():
        slow, cpu = quantile(seconds, 0.99), took.cpu[name]
        figures = [ms(median(seconds)), ms(slow), ms(median(cpu)), f"{sizes[name] / 1000:.0f} kB"]
        found.append([name, *figures, f"{ms(WANTED_S)} ms: {'met' if slow < WANTED_S else 'missed'}"])
    return found


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=10_000, help="finished ones; default 10,000")
    parser.add_argument("--open", type=int, default=20, help="that are not finished; default 20")
    parser.add_argument("--looks", type=int, default=100, help="at each room; default 100")
    options = parser.parse_args(argv)
    kept = past(options.episodes) if options.episodes else None
    peer_venv.FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="videod-page-", dir=peer_venv.FOLDER) as name:
        state = Path(name)
        if kept is not None:
            shutil.copy(kept, state / "videod.db")
        box = fill(state, options.open, NOON)
        box.close()
        began = time.monotonic()
        took, sizes = asyncio.run(look(box, options.looks))
    print(
        f"{machine()}; {options.open} open, {options.episodes:,} finished episodes; {time.monotonic() - began:.0f} s\n"
    )
    head = ["time to first byte", "p50 ms", "p99 ms", "CPU p50 ms", "page", "p99 goal"]
    print(table(head, rows(took, sizes)))


if __name__ == "__main__":
    main()
