"""A channel's own limits of uploads, over the real scheduler: they make films wait, whatever happens meanwhile."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import EPOCH_MS, World, policy
from videod.core import days
from videod.core.model import ChannelPolicy
from videod.core.statuses import Status
from videod.core.suspension import OF_CHANNEL, Cause, Suspension
from videod.store import reads

HOUR_MS, GAP_MS = 3_600_000, 900_000
BERLIN = "Europe/Berlin"


async def ends(world: World, channel: str = "wild") -> list[int]:
    """When the channel's films were published, ms."""
    done = [task for task in await world.tasks() if task.status == Status.PUBLISHED and task.channel_id == channel]
    return sorted(task.ended_at or 0 for task in done)


async def holds(world: World) -> tuple[Suspension, ...]:
    at = world.clock.now_ms()
    return tuple(one for one in await world.store.read(lambda tx: reads.suspensions(tx, at)) if one.cause in OF_CHANNEL)


async def until_published(world: World, count: int, channel: str = "wild") -> None:
    for _ in range(2000):
        if len(await ends(world, channel)) >= count:
            return
        await world.clock.sleep(20)
    raise AssertionError(f"{count} films of {channel} are never published")


async def held_back(world: World) -> Suspension:
    """What holds an upload back; waits until something does."""
    for _ in range(2000):
        for one in await holds(world):
            return one
        await world.clock.sleep(10)
    raise AssertionError("no upload is ever held back")


def test_films_of_a_channel_keep_their_distance_over_restarts_and_other_channels_do_not_wait(tmp_path: Path) -> None:
    async def story() -> None:
        channels = {"wild": policy(upload_spacing_ms=GAP_MS), "deep": policy("deep")}
        async with World(tmp_path, policies=channels) as world:
            for number in range(2):
                await world.queue(f"Wild {number}")
                await world.queue(f"Deep {number}", "deep")
            await until_published(world, 2, "deep")
            await until_published(world, 1)
            held = await held_back(world)
            assert len(await ends(world)) == 1
            assert (held.cause, held.channel_id) == (Cause.SPACING, "wild")
            assert held.until_ms == (await ends(world))[0] + GAP_MS
            await world.stop()
            await world.start()
            await world.rest(4000)
            published = await ends(world)
            assert [later - earlier >= GAP_MS for earlier, later in pairwise(published)] == [True]
            assert all(later - earlier < GAP_MS + 60_000 for earlier, later in pairwise(published))
            tried = [job for task in await world.tasks() for job in await world.jobs(task.id) if job.step == "upload"]
            assert all(job.attempts == 0 and job.failure is None for job in tried) and len(tried) == 4
            await check(world)

    run_virtual(story())


@pytest.mark.parametrize(("zone", "early"), [(BERLIN, 1), ("UTC", 0)])
def test_uploads_a_day_end_with_the_day_of_the_installation(tmp_path: Path, zone: str, early: int) -> None:
    async def story() -> None:
        made = World(tmp_path, policies={"wild": policy(uploads_per_day=2)})
        midnight = days.day(EPOCH_MS, "UTC").end
        made.clock.skew_ms = midnight - (early + 1) * HOUR_MS - EPOCH_MS
        async with made as world:
            await world.ledger.adopt_limits(zone, world.clock.now_ms())
            for number in range(3):
                await world.queue(f"Film {number}")
            await until_published(world, 2)
            held = await held_back(world)
            assert (held.cause, held.amount, held.until_ms) == (Cause.UPLOADS, 2, midnight - early * HOUR_MS)
            await until_published(world, 3)
            assert (await ends(world))[2] >= (held.until_ms or 0)
            await check(world)

    run_virtual(story())


def test_a_limit_that_is_changed_while_a_film_waits_counts_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(upload_spacing_ms=50 * HOUR_MS)}) as world:
            for number in range(3):
                await world.queue(f"Film {number}")
            await until_published(world, 1)
            await held_back(world)
            await world.ledger.adopt_limits("UTC", world.clock.now_ms())  # nothing changed: it waits as before
            await world.clock.sleep(60)
            assert len(await ends(world)) == 1 and len(await holds(world)) == 1
            world.policies["wild"] = replace(world.policies["wild"], upload_spacing_ms=GAP_MS)
            await world.ledger.adopt_limits("UTC", world.clock.now_ms())
            await until_published(world, 2)
            first, second = await ends(world)
            assert GAP_MS <= second - first < GAP_MS + 60_000
            world.policies["wild"] = replace(world.policies["wild"], upload_spacing_ms=0, uploads_per_day=None)
            await world.ledger.adopt_limits("UTC", world.clock.now_ms())
            await until_published(world, 3)
            assert (await ends(world))[2] - second < GAP_MS

    run_virtual(story())


def _spaced() -> ChannelPolicy:
    return policy(upload_spacing_ms=60_000)


def test_two_uploads_of_a_spaced_channel_never_run_side_by_side(tmp_path: Path) -> None:
    async def story() -> None:
        most = 0
        async with World(tmp_path, policies={"wild": _spaced()}) as world:
            for number in range(4):
                await world.queue(f"Film {number}")

            def running(tx: object) -> int:
                sql = "SELECT count(*) FROM jobs WHERE state = 'running' AND step = 'upload'"
                return int(tx.execute(sql).fetchone()[0])  # type: ignore[attr-defined]

            for _ in range(2000):
                if len(await ends(world)) == 4:
                    break
                await world.clock.sleep(0.5)
                most = max(most, await world.store.read(running))
            assert most == 1
            assert all(later - earlier >= 60_000 for earlier, later in pairwise(await ends(world)))

    run_virtual(story())


def test_the_days_budget_is_neither_lost_nor_doubled_by_another_zone(tmp_path: Path) -> None:
    async def story() -> None:
        made = World(tmp_path, policies={"wild": policy(daily_budget_micros=700_000)})
        begun = days.day(EPOCH_MS, "UTC").begin
        made.clock.skew_ms = begun + HOUR_MS - EPOCH_MS
        async with made as world:
            await world.queue("Film")

            async def spent() -> int:
                sql = "SELECT coalesce(sum(micros), 0) FROM charges"
                return int(await world.store.read(lambda tx: tx.execute(sql).fetchone()[0]))

            async def held() -> int | None:
                at = world.clock.now_ms()
                found = await world.store.read(lambda tx: reads.suspensions(tx, at))
                return next((one.until_ms for one in found if one.cause is Cause.BUDGET), None)

            for _ in range(500):
                if await held() is not None:
                    break
                await world.clock.sleep(10)
            before = await spent()
            assert await held() == begun + 24 * HOUR_MS
            await world.ledger.adopt_limits("Asia/Tokyo", world.clock.now_ms())
            await world.clock.sleep(120)
            # the day keeps what was spent, and ends at Tokyo's next midnight
            assert (await spent(), await held()) == (before, begun + 15 * HOUR_MS)
            await world.stop()
            await world.start()
            await world.ledger.adopt_limits("Asia/Tokyo", world.clock.now_ms())
            await world.clock.sleep(120)
            assert (await spent(), await held()) == (before, begun + 15 * HOUR_MS)
            world.clock.skew_ms += 13 * HOUR_MS + 55 * 60_000
            for _ in range(200):
                if await spent() > before:
                    break
                await world.clock.sleep(10)
            assert before < await spent() <= before + 700_000

    run_virtual(story())
