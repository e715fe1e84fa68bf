"""The board goes away and comes back: what people set on it meanwhile is taken with its first answers."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.harness.paced_board import PacedBoard
from tests.harness.world import World
from videod.simulation.virtual_loop import run_virtual


async def _outage(folder: Path, seconds: float) -> float:
    """Seconds from the board's first answer until a title that was corrected meanwhile is known."""
    world = World(folder, seed=3, max_in_work=4)
    board = PacedBoard(world.clock, chance=random.Random(3))
    world.board, world.poll_interval_s = board, 3
    async with world:
        pages = [await world.queue(f"Film {number}") for number in range(4)]
        await asyncio.sleep(12)  # the first plans are being written, so that there is something to tell
        loop = asyncio.get_running_loop()
        ends = board.down_until_s = loop.time() + seconds
        await asyncio.sleep(seconds / 2)
        board.person_sets(pages[0], Title="Film 0, corrected")
        await asyncio.sleep(ends - loop.time())
        asked = len(board.asked)
        while len(board.asked) == asked:
            await asyncio.sleep(0.1)
        answered = loop.time()
        while not any(task.title == "Film 0, corrected" for task in await world.tasks()):
            await asyncio.sleep(0.1)
        return loop.time() - answered


@pytest.mark.fault("7.1")
@pytest.mark.parametrize("seconds", [100, 110, 120, 130])
def test_an_edit_made_while_the_board_was_away_is_taken_soon_after_its_first_answer(
    tmp_path: Path, seconds: int
) -> None:
    assert run_virtual(_outage(tmp_path, seconds)) < 5
