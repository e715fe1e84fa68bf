"""A daily quota waits for its day in the service's own zone; nothing fails by it."""

from pathlib import Path

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import EPOCH_MS, LIMITS, World, policy
from videod.core.statuses import Status
from videod.core.suspension import Cause
from videod.flow.limits import Limit, quota_day, quota_ends
from videod.store import reads

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


def test_each_google_project_has_a_quota_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        limits = LIMITS | {"youtube": Limit(2, daily_quota=1, quota_zone=PACIFIC)}
        channels = {
            "wild": policy(google_project="wild", one_project=False), "deep": policy("deep", one_project=False),
            "tide": policy("tide", google_project="wild", one_project=False),
        }  # fmt: skip
        made = World(tmp_path, policies=channels, limits=limits)
        made.clock.skew_ms = quota_ends(EPOCH_MS, PACIFIC) - 20 * HOUR_MS - EPOCH_MS
        async with made as world:
            for channel in channels:
                await world.queue(f"Film {channel}", channel)
            for _ in range(400):
                if len([task for task in await world.tasks() if task.status == Status.PUBLISHED]) == 2:
                    break
                await world.clock.sleep(10)
            await world.clock.sleep(120)
            published = {task.channel_id for task in await world.tasks() if task.status == Status.PUBLISHED}
            day = quota_day(world.clock.now_ms(), PACIFIC)
            used = await world.store.read(lambda tx: reads.quota_accounts(tx, "youtube", day))
            assert used == {"youtube": 1, "youtube/wild": 1} and "deep" in published and len(published) == 2
            at = world.clock.now_ms()
            (held,) = await world.store.read(lambda tx: reads.suspensions(tx, at))
            assert (held.cause, {held.channel_id}) == (Cause.LIMIT, set(channels) - published)

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
