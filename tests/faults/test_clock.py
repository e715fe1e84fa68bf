"""Somebody sets the clock, or the host sleeps: retries, pauses and messages come once, neither twice nor never."""

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.adapters.test_oauth import grant, oauth_stage
from tests.flow.board_double import BEGIN_MS, Clock
from tests.harness.checkers import check
from tests.harness.scripts import Trouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.adapters.clock import SystemClock
from videod.adapters.notion_calls import Calls
from videod.core.breaker import Breaker
from videod.core.ops import Alert
from videod.core.suspension import Cause, Suspension
from videod.daemon.clock_watch import ClockWatch
from videod.flow.limits import Limit, quota_day, quota_ends
from videod.ports import BoardError
from videod.store import in_full, reads, writes
from videod.store.views import episodes, overview

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
YEARS_MS = 20 * 365 * DAY_MS
JUMPS = (-YEARS_MS, -DAY_MS, -HOUR_MS, -30_000, 30_000, HOUR_MS, DAY_MS, YEARS_MS)
DOWN: dict[str, object] = {"kind": "down", "message": "503", "http_status": 503}


@contextmanager
def watched(world: World) -> Iterator[ClockWatch]:
    watch = ClockWatch(world.clock, world.ledger, world.store)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()


async def attempts(world: World, job: str) -> list[tuple[str | None, int, int | None]]:
    (task,) = await world.tasks()
    row = await world.store.read(lambda tx: reads.job(tx, task.id, job))
    assert row is not None
    rows = await world.store.read(lambda tx: in_full.attempts(tx, task.id))
    return [(one.outcome, one.started_at, one.ended_at) for one in rows if one.job_id == row.id]


@pytest.mark.parametrize("jump_ms", JUMPS)
def test_a_retry_that_waits_while_the_clock_is_set_comes_once_and_in_time(tmp_path: Path, jump_ms: int) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(retry_waits_ms=(15 * MINUTE_MS, HOUR_MS))}) as world:
            with watched(world):
                world.vendors.troubles.append(Trouble("gemini", 1.0, DOWN, left=1))
                await world.queue("Film")
                await world.clock.sleep(120)
                assert [outcome for outcome, _, _ in await attempts(world, "plan/plan")] == ["down"]
                world.clock.skew_ms += jump_ms
                begun = asyncio.get_running_loop().time()
                await world.rest(7200)
                await check(world)
                first, second = await attempts(world, "plan/plan")
                assert (first[0], second[0]) == ("down", "done")
                if jump_ms < 0:  # neither early: the wait is as long as it was to be
                    assert second[1] - ((first[2] or 0) + jump_ms) >= 13 * MINUTE_MS
                assert asyncio.get_running_loop().time() - begun < 2 * 3600

    run_virtual(story())


# with seed 4 one job fails four times
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6])
def test_films_are_made_whatever_the_clock_does_meanwhile(tmp_path: Path, seed: int) -> None:
    async def story() -> None:
        chance = random.Random(seed)
        waits = tuple(minutes * MINUTE_MS for minutes in (1, 5, 15, 60))
        policies = {"wild": policy(clips=8, images=9, retry_waits_ms=waits)}
        async with World(tmp_path, seed=seed, policies=policies) as world:
            with watched(world):
                for service in ("gemini", "kie", "elevenlabs", "youtube"):
                    world.vendors.troubles.append(Trouble(service, 0.2, DOWN))
                for number in range(2):
                    await world.queue(f"Film {number}")
                for _ in range(12):
                    await world.clock.sleep(chance.uniform(5, 400))
                    jump_ms = chance.choice(JUMPS)
                    world.clock.skew_ms += jump_ms
                    if chance.random() < 0.3:
                        world.clock.slept_ms += chance.randrange(HOUR_MS)
                await world.rest(50_000)
                await check(world)

    run_virtual(story())


def test_what_the_daemon_keeps_for_later_goes_back_with_the_clock(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            at = world.clock.now_ms()
            await world.ledger.suspend(Suspension(Cause.QUOTA, "kie", until_ms=at + HOUR_MS, detail="credit"), at)
            await world.ledger.suspend(Suspension(Cause.LIMIT, "youtube", until_ms=at + HOUR_MS, detail="quota"), at)
            await world.ledger.suspend(Suspension(Cause.PERSON, "gemini", detail="by hand"), at)
            open_breaker = Breaker("elevenlabs", 5, "job", at, at + 5 * MINUTE_MS, 3, None, "503")
            await world.store.write(lambda tx: writes.save_breaker(tx, open_breaker))
            await world.store.write(lambda tx: writes.alert(tx, None, Alert("cause", "told"), at))
            await world.ledger.set_value("notion_not_before", str(at + 5 * MINUTE_MS))
            with watched(world):
                await world.clock.sleep(3)
                world.clock.skew_ms -= DAY_MS
                await world.clock.sleep(3)
            now = world.clock.now_ms()
            held = {row.service: row.until_ms for row in await world.store.read(lambda tx: reads.suspensions(tx, now))}
            assert set(held) == {"kie", "gemini", "elevenlabs"}  # a quota is judged again: it is another day
            assert held["gemini"] is None
            assert HOUR_MS - 10_000 < (held["kie"] or 0) - now <= HOUR_MS
            assert 5 * MINUTE_MS - 10_000 < (held["elevenlabs"] or 0) - now <= 5 * MINUTE_MS
            ban = int(await world.store.read(lambda tx: reads.value(tx, "notion_not_before")) or 0)
            assert 5 * MINUTE_MS - 10_000 < ban - now <= 5 * MINUTE_MS
            # a cause that lasts is silent for a day, not for two
            later = now + DAY_MS
            await world.store.write(lambda tx: writes.alert(tx, None, Alert("cause", "told again"), later))
            posts = await world.store.read(reads.pending_messages)
            assert "told again" in [post.body["text"] for post in posts]

    run_virtual(story())


def test_a_clock_that_went_back_while_videod_was_stopped_is_noticed_at_the_start(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(retry_waits_ms=(HOUR_MS,))}) as world:
            world.vendors.troubles.append(Trouble("gemini", 1.0, DOWN, left=1))
            await world.queue("Film")
            await world.clock.sleep(120)
            await world.ledger.set_value("heartbeat", str(world.clock.now_ms()))
            await world.stop()
            world.clock.skew_ms -= DAY_MS
            await world.start_without_recovery()
            await ClockWatch(world.clock, world.ledger, world.store).since_last_run()
            world.run_loops()
            (task,) = await world.tasks()
            job = await world.store.read(lambda tx: reads.job(tx, task.id, "plan/plan"))
            assert job is not None and 50 * MINUTE_MS < job.due_at - world.clock.now_ms() <= HOUR_MS * 1.1
            await world.rest(9000)
            await check(world)

    run_virtual(story())


def test_a_start_with_a_right_clock_moves_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            await world.ledger.set_value("heartbeat", str(world.clock.now_ms() - 5))
            before = await world.store.read(lambda tx: tx.execute("PRAGMA data_version").fetchone()[0])
            await ClockWatch(world.clock, world.ledger, world.store).since_last_run()
            assert await world.store.read(lambda tx: tx.execute("PRAGMA data_version").fetchone()[0]) == before
            assert await world.store.read(lambda tx: tx.execute("SELECT count(*) FROM history").fetchone()[0]) == 0

    run_virtual(story())


def test_a_host_that_slept_continues_at_once_and_no_clock_was_set(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(retry_waits_ms=(HOUR_MS,))}) as world:
            with watched(world):
                world.vendors.troubles.append(Trouble("gemini", 1.0, DOWN, left=1))
                await world.queue("Film")
                await world.clock.sleep(120)
                world.clock.slept_ms += 2 * HOUR_MS
                await world.clock.sleep(10)  # lanes look automatically every 30 s only
                assert len(await attempts(world, "plan/plan")) == 2
                await world.rest(3600)
                await check(world)

    with caplog.at_level("INFO"):
        run_virtual(story())
    told = Counter(record.message for record in caplog.records if record.message.startswith("daemon_"))
    assert told == {"daemon_host_slept": 1}


def test_a_clock_that_is_set_is_reported_once_with_how_far(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            with watched(world):
                for jump_ms in (HOUR_MS, -DAY_MS, 1_000, -1_000):
                    await world.clock.sleep(3)
                    world.clock.skew_ms += jump_ms
                await world.clock.sleep(10)

    with caplog.at_level("INFO"):
        run_virtual(story())
    jumps = [record.__dict__["seconds"] for record in caplog.records if record.message == "daemon_clock_jumped"]
    assert jumps == [3600, -86400]


def test_a_clock_set_back_leaves_no_waiting_job_as_it_was_kept_in_memory(tmp_path: Path) -> None:
    """Snapshots of tasks are kept between events: one from before the clock was set must not be written back."""

    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(retry_waits_ms=(HOUR_MS,))}) as world:
            world.vendors.troubles.append(Trouble("gemini", 1.0, DOWN, left=1))
            await world.queue("Film")
            await world.clock.sleep(120)
            (task,) = await world.tasks()
            await world.ledger.look(task.id)  # kept
            world.clock.skew_ms -= DAY_MS
            assert await world.ledger.set_back(DAY_MS, world.clock.now_ms()) == 1
            _, jobs = await world.ledger.look(task.id)
            assert max(job.due_at for job in jobs) - world.clock.now_ms() <= HOUR_MS * 1.1
            for one in await world.store.read(episodes):
                assert one.task.queued_at <= world.clock.now_ms() and one.since <= world.clock.now_ms()
            await world.store.read(lambda tx: overview(tx, world.clock.now_ms()))

    run_virtual(story())


def test_attempts_and_history_of_a_clock_that_runs_back_and_forth_are_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            with watched(world):
                await world.queue("Film")
                for _ in range(20):
                    await world.clock.sleep(4)
                    world.clock.skew_ms = -HOUR_MS - world.clock.skew_ms
                await world.rest(20_000)
                await check(world)

            def look(tx: sqlite3.Connection) -> int:
                assert tx.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
                return int(tx.execute("SELECT count(*) FROM attempts WHERE ended_at < started_at").fetchone()[0])

            assert await world.store.read(look) > 0  # it did run back in the midst of one

    run_virtual(story())


# ------------------------------------------------------------------------------------------------ days and seasons


def test_the_day_of_a_quota_is_right_on_the_days_when_clocks_change() -> None:
    zone = "America/Los_Angeles"
    spring, autumn = 1_772_956_800_000, 1_793_516_400_000  # midnights of 2026-03-08 and 2026-11-01 there
    assert quota_ends(spring, zone) - spring == 23 * HOUR_MS
    assert quota_ends(autumn, zone) - autumn == 25 * HOUR_MS
    for begin in (spring, autumn):
        day = quota_day(begin, zone)
        assert {quota_day(at, zone) for at in range(begin, quota_ends(begin, zone), 10 * MINUTE_MS)} == {day}
        assert quota_day(quota_ends(begin, zone), zone) > day


@pytest.mark.parametrize("midnight", [1_772_956_800_000, 1_793_516_400_000], ids=["spring", "autumn"])
@pytest.mark.long
def test_a_used_up_quota_frees_at_midnight_of_the_day_when_clocks_change(tmp_path: Path, midnight: int) -> None:
    async def story() -> None:
        zone = "America/Los_Angeles"
        limits = dict.fromkeys(("gemini", "kie", "elevenlabs", "ffmpeg", "pillow", "piper", "local"), Limit(4))
        async with World(tmp_path, limits=limits | {"youtube": Limit(2, 0, 1.0, 1, zone)}) as world:
            world.clock.skew_ms = midnight + 12 * HOUR_MS - world.clock.now_ms()
            for number in range(2):
                await world.queue(f"Film {number}")
            await world.rest(2 * 86_400)
            await check(world)
            rows = await world.store.read(lambda tx: tx.execute("SELECT day, used FROM quota_usage").fetchall())
            first = quota_day(midnight, zone)
            assert [tuple(row) for row in rows] == [(first, 1), (quota_day(quota_ends(midnight, zone), zone), 1)]

    run_virtual(story())


# ------------------------------------------------------------------------------------------------ outside


@dataclass
class Set(Clock):
    """A clock whose wall time a person sets."""

    skew_ms: int = 0

    def now_ms(self) -> int:
        return self.at + self.skew_ms


@pytest.mark.parametrize("jump_ms", [-DAY_MS, -HOUR_MS, HOUR_MS, DAY_MS])
async def test_a_ban_by_notion_lasts_as_long_as_it_said_whatever_the_clock_says(jump_ms: int) -> None:
    clock = Set()
    asked: list[object] = []

    def answer(_: httpx.Request) -> httpx.Response:
        asked.append(1)
        return httpx.Response(200, json={})

    until_ms = clock.now_ms() + 5 * MINUTE_MS
    calls = Calls("token", clock, not_before_ms=until_ms, transport=httpx.MockTransport(answer))
    clock.skew_ms = jump_ms
    for _ in range(29):
        clock.pass_s(10)
        with pytest.raises(BoardError) as caught:
            await calls.call("ask", lambda client: client.users.me())
        assert caught.value.kind == "busy" and (caught.value.retry_after_s or 0) <= 300
    assert asked == []
    clock.pass_s(11)
    await calls.call("ask", lambda client: client.users.me())
    assert asked == [1]
    await calls.aclose()


async def test_an_access_token_is_not_used_longer_because_the_clock_went_back(tmp_path: Path) -> None:
    async with oauth_stage(tmp_path) as on:
        on.clock = clock = Set(BEGIN_MS)
        await on.store_row(grant())
        tokens = on.tokens()
        await tokens.youtube_token("wild")
        clock.skew_ms -= DAY_MS
        clock.pass_s(51 * 60)
        await tokens.youtube_token("wild")
        assert on.refreshes == 2


async def test_the_real_steady_clock_runs_like_the_real_wall_clock() -> None:
    clock = SystemClock()
    before, wall, after = clock.steady_ms(), clock.now_ms(), clock.steady_ms()
    await clock.sleep(0.05)
    later, passed, last = clock.steady_ms(), clock.now_ms() - wall, clock.steady_ms()
    assert later > after
    # however long this was kept from running: within what has passed on the other clock, but for rounding
    assert later - after - 10 <= passed <= last - before + 10
