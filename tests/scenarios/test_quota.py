"""A daily quota waits for its day in the service's own zone; nothing fails by it."""

from pathlib import Path

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import EPOCH_MS, LIMITS, World, policy
from videod.core.statuses import Status
from videod.flow.limits import Limit, quota_day, quota_ends

HOUR_MS = 3_600_000
PACIFIC = "America/Los_Angeles"


def test_uploads_beyond_the_daily_quota_wait_for_the_next_day_in_california(tmp_path: Path) -> None:
    async def story() -> None:
        limits = LIMITS | {"youtube": Limit(2, daily_quota=2, quota_zone=PACIFIC)}
        made = World(tmp_path, policies={"wild": policy()}, limits=limits)
        made.clock.skew_ms = (
            quota_ends(EPOCH_MS, PACIFIC) - 3 * HOUR_MS - EPOCH_MS
        )  # idle hours are played poll by poll
        async with made as world:
            for number in range(3):
                await world.queue(f"Film {number}")
            await world.clock.sleep(7200)
            published = [task for task in await world.tasks() if task.status == Status.PUBLISHED]
            assert len(published) == 2
            first_day = quota_day(world.clock.now_ms(), PACIFIC)
            while quota_day(world.clock.now_ms(), PACIFIC) == first_day:
                await world.clock.sleep(600)
            await world.rest()
            await check(world)

    run_virtual(story())


def test_the_quota_day_turns_at_midnight_pacific() -> None:
    midnight = 1_795_248_000_000  # 2026-11-21T08:00:00Z, midnight in Los Angeles in winter
    assert quota_day(midnight - 1, PACIFIC) == "2026-11-20"
    assert quota_day(midnight, PACIFIC) == "2026-11-21"


def test_the_end_of_a_quota_day_is_right_when_the_clocks_change() -> None:
    before = 1_793_520_000_000  # 2026-11-01T08:00:00Z, 01:00 PDT on the day of 25 hours
    assert quota_ends(before, PACIFIC) == 1_793_606_400_000  # 2026-11-02T08:00:00Z
    assert quota_ends(1_793_606_400_000, PACIFIC) == 1_793_692_800_000
    assert quota_ends(0, "UTC") == 86_400_000
