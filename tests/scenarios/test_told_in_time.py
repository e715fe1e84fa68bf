"""Whoever must act hears of it within five minutes (R5), whatever else goes wrong meanwhile. In virtual time."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.flow.board_double import NotifierDouble
from tests.harness.checkers import check
from tests.harness.scripts import Trouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.statuses import ERRORS
from videod.ports import BoardError, Note, Sent

MINUTE_MS = 60_000
#: within so long of a stop its alert has to be sent
TOLD_MS = 5 * MINUTE_MS
#: failures of one step of an episode within so long are one alert
TOGETHER_MS = 10 * MINUTE_MS
WAITS = (MINUTE_MS, 5 * MINUTE_MS)
#: what the board is asked
CALLS = ("edited_since", "newest", "read", "write", "put_asset", "asset_rows", "rows_of", "edited_rows", "say_on_row")


class TimedNotifier(NotifierDouble):
    """`told`: when each alert was taken, and its words."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.told: list[tuple[int, str]] = []

    async def send(self, note: Note, taken: Collection[str] = ()) -> Sent:
        sent = await super().send(note, taken)
        self.told.append((self._world.clock.now_ms(), note.text))
        return sent


async def stops(world: World) -> list[tuple[int, str]]:
    """(when, title) of each time that an episode took an error status."""
    names = ", ".join(f"'{one.value}'" for one in ERRORS)
    query = (
        "SELECT history.at, tasks.title FROM history JOIN tasks ON tasks.id = history.task_id"
        f" WHERE history.status IN ({names}) AND (SELECT status FROM history AS before WHERE before.task_id = tasks.id"
        f" AND before.id < history.id AND before.status IS NOT NULL ORDER BY id DESC LIMIT 1) NOT IN ({names})"
    )
    rows = await world.store.read(lambda connection: connection.execute(query).fetchall())
    return [(int(row[0]), str(row[1])) for row in rows]


@pytest.mark.parametrize(("seed", "board"), [(0, "there"), (1, "down")])
def test_every_stop_of_an_episode_is_reported_within_five_minutes(tmp_path: Path, seed: int, board: str) -> None:
    async def story() -> None:
        policies = {name: policy(name, clips=4, images=5, retry_waits_ms=WAITS) for name in ("wild", "deep")}
        world = World(tmp_path, seed=seed, policies=policies)
        world.notifier = timed = TimedNotifier(world)
        async with world:
            world.vendors.troubles += [
                Trouble(service, 0.03, {"kind": kind, "message": f"it is {kind}"})
                for service in ("gemini", "kie", "elevenlabs", "youtube") for kind in ("input", "refused", "down")
            ]  # fmt: skip
            for index in range(3):
                for name in policies:
                    await world.queue(f"Film {index} of {name}", name)
            await asyncio.sleep(60)
            if board == "down":
                world.board.broken |= dict.fromkeys(CALLS, BoardError("down", "nobody answers"))
            for _ in range(8):
                await asyncio.sleep(1800)
                for task in await world.tasks():
                    if task.status in ERRORS and board == "there":
                        world.board.person_sets(task.page_id, Status="Queued")
            world.board.broken.clear()
            await asyncio.sleep(TOLD_MS / 1000 + 1)
            await check(world, published=False)
            happened = await stops(world)
            assert len(happened) >= 2, "nothing stopped"
            for at, title in happened:
                heard = [when for when, text in timed.told if title in text]
                assert any(at - TOGETHER_MS <= when <= at + TOLD_MS for when in heard), (at, title, timed.told)

    run_virtual(story())
