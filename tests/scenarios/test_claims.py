"""A lane fills its free places with one transaction, never more of them than there are."""

import sqlite3
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import LIMITS, World, policy
from videod.flow.limits import Limit
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
