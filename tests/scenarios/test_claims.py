"""A lane fills its free places with one transaction, never more of them than there are."""

import asyncio
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import LIMITS, World, policy
from videod.core.admission import Candidate
from videod.flow.limits import SHORTEST_WAIT_S, Lane, Limit
from videod.store import candidate_queries
from videod.store.database import Transaction

_RUNNING = "SELECT service, count(*) FROM jobs WHERE state = 'running' GROUP BY service"


def watch(world: World, patch: pytest.MonkeyPatch) -> tuple[dict[str, int], dict[str, int]]:
    """service -> the most jobs started by one transaction; service -> the most that ran at once."""
    begun: dict[str, int] = {}
    ran: dict[str, int] = {}
    write = world.store.write

    async def counted(fn: Transaction[object]) -> object:
        def inside(connection: sqlite3.Connection) -> object:
            before = dict(connection.execute(_RUNNING).fetchall())
            result = fn(connection)
            for service, now in connection.execute(_RUNNING).fetchall():
                begun[service] = max(begun.get(service, 0), now - before.get(service, 0))
                ran[service] = max(ran.get(service, 0), now)
            return result

        return await write(inside)

    patch.setattr(world.store, "write", counted)
    return begun, ran


@pytest.mark.parametrize("places", [3, 8])
def test_free_places_are_filled_by_one_transaction_and_never_exceeded(
    tmp_path: Path, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        limits = LIMITS | {"gemini": Limit(places)}
        async with World(tmp_path, policies={"wild": policy(clips=18, images=22)}, limits=limits) as world:
            begun, ran = watch(world, monkeypatch)
            await world.queue("Film")
            await world.rest()
            await check(world)
            # the plan that makes the pictures ready may still hold its own place
            assert places - 1 <= begun["gemini"] <= places
            assert ran["gemini"] == places

    run_virtual(story())


def test_where_a_start_uses_up_a_token_or_a_quota_jobs_are_claimed_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        limits = LIMITS | {"kie": Limit(8, 20, 10), "elevenlabs": Limit(6, daily_quota=1000)}
        async with World(tmp_path, policies={"wild": policy(clips=18, images=22)}, limits=limits) as world:
            begun, ran = watch(world, monkeypatch)
            await world.queue("Film")
            await world.rest()
            await check(world)
            assert (begun["kie"], ran["kie"]) == (1, 8)
            assert (begun["elevenlabs"], ran["elevenlabs"]) == (1, 6)

    run_virtual(story())


def test_the_choice_is_made_within_the_claiming_transaction_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claiming: list[bool] = []
    looked = candidate_queries.candidates

    def seen(connection: sqlite3.Connection, service: str, at: int) -> tuple[Candidate, ...]:
        claiming.append(connection.in_transaction)
        return looked(connection, service, at)

    monkeypatch.setattr(candidate_queries, "candidates", seen)

    async def story() -> None:
        limits = LIMITS | {"kie": Limit(8, 20, 10), "elevenlabs": Limit(6, daily_quota=1000)}
        async with World(tmp_path, policies={"wild": policy(clips=18, images=22)}, limits=limits) as world:
            await world.queue("Film")
            await world.rest()
            await check(world)

    run_virtual(story())
    assert len(claiming) > 50 and all(claiming)


def test_starts_keep_the_pace_of_their_rate_and_a_raised_one_counts_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[float] = []
    raised: list[float] = []
    begun = Lane.started

    async def seen(lane: Lane) -> None:
        if lane.service == "kie":
            starts.append(asyncio.get_running_loop().time())
        await begun(lane)

    monkeypatch.setattr(Lane, "started", seen)

    async def story() -> None:
        slow = LIMITS | {"kie": Limit(18, 1, 1000)}
        async with World(tmp_path, policies={"wild": policy(clips=18, images=22)}, limits=slow) as world:
            await world.queue("Film")
            while len(starts) < 3:
                await world.clock.sleep(1)
            await world.scheduler.adopt(LIMITS | {"kie": Limit(18, 1, 10)})
            raised.append(asyncio.get_running_loop().time())
            await world.rest()
            await check(world)

    run_virtual(story())
    gaps = [round(after - before, 6) for before, after in pairwise(starts)]
    assert min(gaps[:2]) >= 1000 and min(gaps) >= 10
    assert len(gaps) == 17 and starts[3] - raised[0] <= 10 + 2 * SHORTEST_WAIT_S


@pytest.mark.parametrize("gap_s", [0.5, 100.0])
async def test_a_lane_that_was_idle_lets_no_burst_through(gap_s: float) -> None:
    lane = Lane("kie", Limit(8, 1, gap_s))
    assert lane.wait_s == 0
    await lane.started()
    assert 0 < lane.wait_s <= gap_s
    await lane.change(Limit(8))
    assert lane.wait_s == 0
