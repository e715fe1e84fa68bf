"""Checks that hang hold up nobody else for long, whosever they are. In virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.harness.virtual_loop import run_virtual
from videod.adapters.checking_lane import OWN, PLACES, SLOW, SLOW_S, CheckingLane
from videod.adapters.inspector import _channel_of


class Checks:
    """Checks in a lane: when each began and ended, seconds."""

    def __init__(self) -> None:
        self.lane = CheckingLane()
        self.ended: dict[str, float] = {}
        self.at_once = self.most = 0
        self.began = asyncio.get_running_loop().time()
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self, owner: str, name: str, seconds: float) -> None:
        self.tasks.append(asyncio.create_task(self._check(owner, name, seconds)))

    async def _check(self, owner: str, name: str, seconds: float) -> None:
        async with self.lane.turn(owner):
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await asyncio.sleep(seconds)
            self.at_once -= 1
        self.ended[name] = asyncio.get_running_loop().time() - self.began


def ran(story: Callable[[Checks], Awaitable[None]]) -> Checks:
    async def told() -> Checks:
        checks = Checks()
        await story(checks)
        await asyncio.gather(*checks.tasks)
        return checks

    return run_virtual(told())


@pytest.mark.fault("13.5")
@pytest.mark.parametrize("owners", [("a", "a"), ("a", "b"), ("a", "a", "a", "a"), ("a", "a", "b", "b")])
def test_checks_that_hang_hold_up_others_for_moments(owners: tuple[str, ...]) -> None:
    async def story(checks: Checks) -> None:
        for number, owner in enumerate(owners):
            checks.begin(owner, f"hung {number}", 3600)
        await asyncio.sleep(1)
        for number in range(10):
            checks.begin("other", f"well {number}", 2)

    checks = ran(story)
    assert max(at for name, at in checks.ended.items() if name.startswith("well")) <= SLOW_S + 1 + 10 * 2


@pytest.mark.fault("13.5")
def test_one_channel_has_a_share_of_the_lane_and_no_more() -> None:
    async def story(checks: Checks) -> None:
        for number in range(20):
            checks.begin("a", f"hung {number}", 3600)
        await asyncio.sleep(60)
        assert checks.at_once == OWN
        checks.begin("b", "well", 2)
        await asyncio.sleep(3)
        assert "well" in checks.ended
        for task in checks.tasks:
            task.cancel()
        checks.tasks = []

    ran(story)


@pytest.mark.fault("13.5")
def test_there_are_never_more_than_the_places_and_a_few_slow_ones() -> None:
    async def story(checks: Checks) -> None:
        for number in range(40):
            checks.begin(f"channel {number}", f"{number}", 60)

    assert ran(story).most == PLACES + SLOW


def test_quick_checks_of_one_channel_follow_each_other_in_order() -> None:
    async def story(checks: Checks) -> None:
        for number in range(6):
            checks.begin("a", f"{number}", 1)

    checks = ran(story)
    assert list(checks.ended) == [f"{number}" for number in range(6)] and checks.most == PLACES


def test_a_check_that_is_cancelled_or_fails_gives_its_place_back() -> None:
    async def story(checks: Checks) -> None:
        for number in range(4):
            checks.begin(f"{number}", f"hung {number}", 3600)
        await asyncio.sleep(SLOW_S + 1)
        for task in checks.tasks:
            task.cancel()
        await asyncio.gather(*checks.tasks, return_exceptions=True)
        checks.tasks, checks.at_once = [], 0
        for number in range(4):
            checks.begin("a", f"well {number}", 1)

    checks = ran(story)
    assert len(checks.ended) == 4 and checks.most <= PLACES + SLOW


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("/var/lib/videod/workspaces/wild/bear/videos/clip_01.mp4", "wild"), ("/tmp/clip_01.mp4", ""),
        ("/x/workspaces/clip.mp4", ""),
    ],
)  # fmt: skip
def test_the_channel_is_that_of_the_workspace(path: str, channel: str) -> None:
    assert _channel_of(Path(path)) == channel
