"""Services that are down, that fail at random, that are paused: everything continues automatically, and nothing is
lost."""

import asyncio
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.scripts import Trouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import LIMITS, World, policy
from videod.core.events import TaskPaused, TaskResumed
from videod.core.statuses import Status
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.flow.limits import Limit
from videod.store import reads

OUTSIDE = ("gemini", "kie", "elevenlabs", "youtube")
MINUTES_10 = 600.0


def down(service: str, share: float = 1.0, until_s: float = float("inf"), kind: str = "down") -> Trouble:
    answer = {"kind": kind, "message": "503 Service Unavailable", "http_status": 503, "endpoint": "POST /v1/x",
              "request_id": "req-7"}  # fmt: skip
    return Trouble(service, share, answer, until_s)


async def _films(world: World, number: int = 3) -> None:
    for index in range(number):
        await world.queue(f"Film {index}")


@pytest.mark.parametrize("services", [*[(one,) for one in OUTSIDE], OUTSIDE], ids=" ".join)
def test_ten_minutes_of_outage_end_in_published_films_without_a_person(
    tmp_path: Path, services: tuple[str, ...]
) -> None:
    async def story() -> None:
        policies = {"wild": policy(clips=8, images=9)}
        async with World(tmp_path, policies=policies) as world:
            await _films(world)
            await world.clock.sleep(90)  # in the midst of it
            end = asyncio.get_running_loop().time() + MINUTES_10
            world.vendors.troubles += [down(service, until_s=end) for service in services]
            await world.rest(20_000)
            await check(world)
            assert not [
                text for text in world.notifier.sent if "not answered" in text
            ]  # nobody is woken for ten minutes

    run_virtual(story())


@pytest.mark.parametrize("kind", ["down", "busy", "nonsense"])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.whole)])
def test_with_a_fifth_of_all_calls_failing_every_film_is_published(tmp_path: Path, seed: int, kind: str) -> None:
    async def story() -> None:
        waits = tuple(minutes * 60_000 for minutes in (1, 5, 15, 60))  # as in videod.toml
        policies = {"wild": policy(clips=8, images=9, retry_waits_ms=waits)}
        async with World(tmp_path, seed=seed, policies=policies) as world:
            world.vendors.troubles += [down(service, share=0.2, kind=kind) for service in OUTSIDE]
            await _films(world)
            await world.rest(50_000)
            await check(world)

    run_virtual(story())


def test_a_long_outage_asks_with_one_job_at_a_time_and_is_reported_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(clips=8, images=9)}) as world:
            hours = 6 * 3600.0
            world.vendors.troubles.append(down("elevenlabs", until_s=asyncio.get_running_loop().time() + hours))
            await _films(world)
            await world.clock.sleep(hours - 60)
            # five jobs open it, those in flight with them come back, then one every five minutes
            assert world.vendors.calls["elevenlabs"] < 5 + LIMITS["elevenlabs"].concurrency + 5 + hours / 300
            found = await world.store.read(lambda tx: reads.suspensions(tx, world.clock.now_ms()))
            assert [(row.service, row.cause) for row in found] == [("elevenlabs", "down")]
            assert len([text for text in world.notifier.sent if "elevenlabs has not answered since" in text]) == 1
            await world.rest(50_000)
            await check(world)

    run_virtual(story())


def test_an_open_breaker_outlives_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(clips=8, images=9)}) as world:
            world.vendors.troubles.append(down("gemini", until_s=3600))
            await _films(world, 8)
            await world.clock.sleep(1200)
            before = world.vendors.calls["gemini"]
            await world.stop()
            await world.start()
            assert (await world.store.read(lambda tx: reads.breaker(tx, "gemini"))).open
            await world.clock.sleep(600)
            assert world.vendors.calls["gemini"] - before <= 3
            await world.rest(50_000)
            await check(world)

    run_virtual(story())


def test_a_paused_service_starts_nothing_and_the_rest_continues(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            at = world.clock.now_ms()
            await world.ledger.suspend(Suspension(Cause.PERSON, "kie", detail="prices"), at)
            await _films(world)
            await world.clock.sleep(7200)
            assert world.vendors.calls["kie"] == 0
            assert world.vendors.calls["pillow"] > 0
            await world.stop()
            await world.start()
            await world.clock.sleep(600)
            assert world.vendors.calls["kie"] == 0  # a restart forgets no pause
            await world.ledger.release("kie", "", Cause.PERSON)
            await world.rest()
            await check(world)

    run_virtual(story())


def test_a_paused_channel_is_paused_and_the_others_do_not(tmp_path: Path) -> None:
    async def story() -> None:
        policies = {"wild": policy(), "deep": policy("deep")}
        async with World(tmp_path, policies=policies) as world:
            at = world.clock.now_ms()
            await world.ledger.suspend(Suspension(Cause.PERSON, EVERY_SERVICE, "wild", detail="holidays"), at)
            await world.queue("Land", "wild")
            await world.queue("Sea", "deep")
            await world.clock.sleep(7200)
            statuses = {task.channel_id: task.status for task in await world.tasks()}
            assert statuses == {"wild": Status.QUEUED, "deep": Status.PUBLISHED}
            await world.ledger.release(EVERY_SERVICE, "wild", Cause.PERSON)
            await world.rest()
            await check(world)

    run_virtual(story())


def test_a_paused_episode_is_paused_says_why_on_the_board_and_continues(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            page = await world.queue("Film")
            await world.clock.sleep(60)
            (task,) = await world.tasks()
            await world.ledger.apply(TaskPaused(world.clock.now_ms(), task.id, "the script changes"))
            await world.clock.sleep(3600)
            before = sum(world.vendors.calls.values())
            assert "paused: the script changes" in str(world.board.entries[page].values["Progress"])
            await world.clock.sleep(3600)
            assert sum(world.vendors.calls.values()) == before
            await world.ledger.apply(TaskResumed(world.clock.now_ms(), task.id))
            await world.rest()
            await check(world)

    run_virtual(story())


@pytest.mark.long
def test_limits_change_while_the_lanes_run(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(clips=18, images=22)}) as world:
            await _films(world, 4)
            await world.clock.sleep(600)
            assert world.vendors.at_once["kie"] == 8
            await world.scheduler.adopt(LIMITS | {"kie": Limit(3, 20, 10)})
            assert world.vendors.at_once["kie"] == 8  # nothing is interrupted
            await world.clock.sleep(400)
            assert world.vendors.at_once["kie"] == 3
            await world.clock.sleep(600)
            assert world.vendors.at_once["kie"] == 3
            await world.scheduler.adopt(LIMITS | {"kie": Limit(6, 20, 10)})
            await world.clock.sleep(5)
            assert world.vendors.at_once["kie"] == 6
            await world.rest(100_000)
            await check(world)

    run_virtual(story())


def test_a_raised_daily_quota_lifts_the_pause_it_had_set(tmp_path: Path) -> None:
    async def story() -> None:
        limits = LIMITS | {"youtube": Limit(2, daily_quota=5)}
        async with World(tmp_path, limits=limits) as world:
            await _films(world, 6)
            await world.clock.sleep(7200)
            found = await world.store.read(lambda tx: reads.suspensions(tx, world.clock.now_ms()))
            assert [(row.service, row.cause) for row in found] == [("youtube", "limit")]
            assert sum("4 of 5 youtube jobs" in text for text in world.notifier.sent) == 1
            await world.scheduler.adopt(LIMITS | {"youtube": Limit(2, daily_quota=6)})
            await world.rest(600)
            await check(world)

    run_virtual(story())
