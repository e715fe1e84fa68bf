"""The board is away for a while: how soon every entry on it is right once it answers again.

python -m tests.campaigns board-outages

In virtual time on a board with Notion's pace, with twenty episodes in work: two minutes without an answer, five minutes
of "too many requests", an hour without an answer, and a restart of the daemon in the midst of an outage. An entry is
right when it shows the true status, or says how many of a review's files it has, and when the title that a person
corrected meanwhile is known.
"""

import argparse
import asyncio
import random
from collections import Counter
from pathlib import Path

from tests.campaigns.frame import Campaign, Result, say
from tests.harness.paced_board import PacedBoard
from tests.harness.world import World, policy
from videod.core.statuses import LABELS, Gate
from videod.simulation.virtual_loop import run_virtual

WITHIN_S, PER_MINUTE = 30.0, 180
CHANNELS = tuple(f"channel{number}" for number in range(5))


async def outage(folder: Path, seed: int, seconds: float, kind: str, restart: bool = False) -> Result:
    """What became of one outage; `kind`: "down" or "busy"."""
    policies = {
        name: policy(name, clips=6, images=8, auto_gates=frozenset(Gate) if number % 2 else frozenset())
        for number, name in enumerate(CHANNELS)
    }
    world = World(folder, seed=seed, policies=policies, max_in_work=20)
    board = PacedBoard(world.clock, chance=random.Random(seed))
    world.board, world.poll_interval_s = board, 3
    await world.start()
    for number in range(20):
        await world.queue(f"Film {number}", CHANNELS[number % len(CHANNELS)])
    await asyncio.sleep(12)  # the first plans are being written
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    board.down_until_s, board.busy_until_s = (ends, 0.0) if kind == "down" else (0.0, ends)
    await asyncio.sleep(seconds / 2)
    for page in list(board.entries)[::4]:
        board.person_sets(page, Title=f"{board.entries[page].values['Title']}, corrected")
    if restart:
        await world.stop()
        await world.start()
    await asyncio.sleep(max(0.0, ends - loop.time()))
    asked, written, behind = len(board.asked), len(board.writes), len(await _wrong(world, board))
    while len(board.asked) == asked:
        await asyncio.sleep(0.1)
    answered = loop.time()
    while wrong := await _wrong(world, board):
        assert loop.time() - answered < 600, wrong
        await asyncio.sleep(0.5)
    took = loop.time() - answered
    await asyncio.sleep(60)
    replayed = Counter(page for page, values in board.writes[written:] if "Status" in values)
    most = max(sum(1 for other in board.asked if one <= other < one + 60) for one in board.asked[::20])
    await world.stop()
    return {
        "entries_behind": behind, "right_after_s": round(took, 1), "asked_after_s": round(answered - ends, 1),
        "most_in_a_minute": most, "statuses_written_most": max(replayed.values(), default=0),
    }  # fmt: skip


async def _wrong(world: World, board: PacedBoard) -> list[str]:
    """The entries that do not show what is true, and those on which a person's edit is not taken."""
    return [
        f"{task.page_id}: {board.status(task.page_id)} is {LABELS[task.status]}, called {task.title}"
        for task in await world.tasks()
        if (
            board.status(task.page_id) != LABELS[task.status]
            and "files on the board" not in str(board.entries[task.page_id].values.get("Progress"))
        )
        or board.entries[task.page_id].values["Title"] != task.title
    ]


def run(folder: Path, given: argparse.Namespace) -> Result:
    found: Result = {}
    cases = {
        "2 minutes down": (120.0, "down", False), "5 minutes of 429": (300.0, "busy", False),
        "an hour down": (3600.0, "down", False), "4 minutes down, restarted": (240.0, "down", True),
    }  # fmt: skip
    for number, (name, (seconds, kind, restart)) in enumerate(cases.items()):
        place = folder / str(number)
        place.mkdir()
        one = run_virtual(outage(place, given.seed + number, seconds, kind, restart))
        say(f"{name}: {one}")
        found[name] = one["right_after_s"]
        assert int(str(one["entries_behind"])) >= 15, (name, one)
        assert float(str(one["right_after_s"])) <= WITHIN_S, (name, one)
        assert int(str(one["most_in_a_minute"])) <= PER_MINUTE, (name, one)
    return found


def _options(parser: argparse.ArgumentParser) -> None:
    del parser


CAMPAIGN = Campaign("board-outages", "how soon the board is right after an outage of it", _options, run)
