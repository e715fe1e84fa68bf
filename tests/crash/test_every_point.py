"""The power goes at every port call and commit of an episode; after a restart nothing is lost or paid twice."""

import os
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World

pytestmark = pytest.mark.long

#: `./test` cuts at every eighth point; `VIDEOD_CUT_EVERY=1 ./test tests/crash` at each
EVERY = int(os.environ.get("VIDEOD_CUT_EVERY", "8"))


def live_through_a_cut_at(point: int, folder: Path) -> None:
    async def story() -> None:
        async with World(folder) as world:
            await world.queue("Crossing")
            await world.live_through_cuts([point])
            await check(world)

    run_virtual(story())


def _points(folder: Path) -> list[str]:
    """The names of all points that one undisturbed episode passes."""
    names: list[str] = []

    async def story() -> None:
        async with World(folder) as world:
            await world.queue("Counting")
            await world.rest()
            names.extend(world.power.names)

    run_virtual(story())
    return names


@pytest.mark.parametrize("part", [0, pytest.param(1, marks=pytest.mark.whole)])
def test_a_cut_at_any_point_loses_nothing_and_pays_nothing_twice(tmp_path: Path, part: int) -> None:
    total = len(_points(tmp_path / "count"))
    assert total > 100
    for point in range(1 + part, total + 1, 2 * EVERY):
        live_through_a_cut_at(point, tmp_path / f"cut{point}")


@pytest.mark.parametrize("seed", range(6))
def test_twenty_random_cuts_in_one_life_lose_nothing(tmp_path: Path, seed: int) -> None:
    async def story() -> None:
        async with World(tmp_path, seed=seed) as world:
            await world.queue("One")
            await world.queue("Two")
            points = [world.chance.randrange(1, 60) for _ in range(20)]
            await world.live_through_cuts(points)
            assert world.cuts > 0
            await check(world)

    run_virtual(story())
