"""An older copy of the ledger counts what the lost one had counted, though later attempts bought over the traces."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.prices import prices
from tests.harness.scripts import InspectorDouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import LIMITS, World, policy
from tests.scenarios.test_left_by_custom_scripts import OWN, _copy, _restore
from tests.scenarios.test_lost_files import at_gate, by_hand, the_end
from videod.core.model import Task
from videod.core.statuses import Gate, JobState, Status
from videod.core.step import Expectation
from videod.flow.limits import Limit
from videod.ports import Artefact, BadArtefact
from videod.web import corrections
from videod.web.requests import RequestHandler

#: one clip after the other
ONE_BY_ONE = LIMITS | {"kie": Limit(1, 0, 1.0)}

MANY = pytest.param(3, marks=pytest.mark.long)
COPIED = ("open", *(pytest.param(when, marks=pytest.mark.long) for when in ("before", "between")))


def clips(world: World) -> int:
    return sum(count for name, count in world.vendors.bought.items() if name.startswith("generate_video"))


async def _killed_while_paying(world: World) -> None:
    """The power goes when another clip was bought and is not there yet."""
    before = clips(world)
    for _ in range(40_000):
        if clips(world) > before:
            break
        await asyncio.sleep(0.25)
    else:
        raise AssertionError([(task.status, task.error) for task in await world.tasks()])
    await world.cut()


def _all_is_counted(world: World, task: Task) -> None:
    twice = sum(count - 1 for count in world.vendors.bought.values())
    assert task.possibly_paid_twice == twice
    assert (task.cost_micros + task.possible_micros) / 1e6 == pytest.approx(world.vendors.usd, abs=1e-6)
    with closing(sqlite3.connect(world.path)) as connection:
        sums = [connection.execute(f"SELECT coalesce(sum(micros), 0) FROM {name}").fetchone()[0] for name in (
            "charges", "possible_charges WHERE cleared_at IS NULL AND 1"
        )]  # fmt: skip
    assert sums == [task.cost_micros, task.possible_micros]


@pytest.mark.fault("13.6")
@pytest.mark.parametrize("kills", [1, MANY])
@pytest.mark.parametrize("copied", COPIED)
def test_unconfirmed_purchases_of_custom_scripts_before_the_last_one_are_counted_by_an_older_copy(
    tmp_path: Path, copied: str, kills: int
) -> None:
    """`copied`: before the first of them began, while it was open, or when it was known and the next was under way."""

    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), overrides=OWN, limits=ONE_BY_ONE) as world:
            page = await world.queue("Bear")
            await at_gate(world, Gate.ASSETS, page)
            if copied == "before":
                _copy(world)
            await world.approve(page, Gate.ASSETS)
            for number in range(kills):
                await _killed_while_paying(world)
                if (copied, number) in (("open", 0), ("between", min(1, kills - 1))):
                    _copy(world)
                await world.start()
            known = await at_gate(world, Gate.VIDEO, page)
            assert (known.possibly_paid_twice, clips(world)) == (kills, 2 + kills)
            _all_is_counted(world, known)
            await _restore(world)
            task = await the_end(world, page)
            assert (task.status, clips(world)) == (Status.PUBLISHED, 2 + kills), task.error
            _all_is_counted(world, task)
            await check(world)

            # the same once more, of a copy that is as old
            if copied == "before":
                await _restore(world)
                again = await the_end(world, page)
                assert (again.cost_micros, again.possible_micros) == (task.cost_micros, task.possible_micros)

    run_virtual(story())


@pytest.mark.fault("13.6")
@pytest.mark.parametrize("answers", [1, MANY])
@pytest.mark.parametrize("copied", COPIED)
def test_also_those_of_ours_whose_answers_were_lost(tmp_path: Path, copied: str, answers: int) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), limits=ONE_BY_ONE) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.ASSETS, page)
            world.vendors.lost = ["after"] * answers
            if copied == "before":
                _copy(world)
            await world.approve(page, Gate.ASSETS)
            while copied != "before":
                jobs = [job for job in await world.jobs(task.id) if job.step == "clip"]
                twice = (await world.tasks())[0].possibly_paid_twice
                if twice or (copied == "open" and any(job.state == JobState.RUNNING for job in jobs)):
                    _copy(world)
                    break
                await asyncio.sleep(0.05)
            known = await at_gate(world, Gate.VIDEO, page)
            assert (known.possibly_paid_twice, clips(world)) == (answers, 2 + answers)
            await _restore(world)
            task = await the_end(world, page)
            assert (task.status, clips(world)) == (Status.PUBLISHED, 2 + answers), task.error
            _all_is_counted(world, task)
            await check(world)

    run_virtual(story())


@pytest.mark.fault("13.6")
@pytest.mark.long
def test_the_last_purchase_is_in_doubt_where_it_was_under_way_at_the_loss(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), overrides=OWN, limits=ONE_BY_ONE) as world:
            page = await world.queue("Bear")
            await at_gate(world, Gate.ASSETS, page)
            _copy(world)
            await world.approve(page, Gate.ASSETS)
            for _ in range(3):
                await _killed_while_paying(world)
                await world.start()
            await _killed_while_paying(world)
            await world.start_without_recovery()  # for `_restore` to end
            await _restore(world)
            task = await the_end(world, page)
            assert (task.status, clips(world)) == (Status.PUBLISHED, 2 + 4), task.error
            _all_is_counted(world, task)
            await check(world)

    run_virtual(story())


@pytest.mark.fault("13.6")
@pytest.mark.parametrize(
    "copied", [pytest.param(Gate.ASSETS, marks=pytest.mark.long), Gate.VIDEO], ids=["before both", "between them"]
)
def test_a_second_take_of_ours_is_charged_too_where_the_copy_knows_only_the_first(tmp_path: Path, copied: Gate) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), limits=ONE_BY_ONE) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, copied, page)
            _copy(world)
            await at_gate(world, Gate.VIDEO, page)
            await corrections.redo(
                RequestHandler(world.ledger, world.store, world.clock, "test"), task.id, ["clip/clip_01"]
            )
            known = await at_gate(world, Gate.VIDEO, page)
            assert clips(world) == 3
            _cost(world, known)
            await _restore(world)
            await at_gate(world, Gate.VIDEO, page)
            await corrections.redo(
                RequestHandler(world.ledger, world.store, world.clock, "test"), task.id, ["clip/clip_01"]
            )
            task = await at_gate(world, Gate.VIDEO, page)
            assert clips(world) == 3
            _cost(world, task)

    run_virtual(story())


def _cost(world: World, task: Task) -> None:
    assert task.cost_micros / 1e6 == pytest.approx(world.vendors.usd, abs=1e-6)


@pytest.mark.fault("13.6")
@pytest.mark.parametrize("useless", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_useless_clip_of_ours_that_was_bought_over_is_charged_in_an_older_copy_too(
    tmp_path: Path, useless: int
) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), limits=ONE_BY_ONE) as world:
            page = await world.queue("Bear")
            await at_gate(world, Gate.ASSETS, page)
            _copy(world)
            world.vendors.spoilt_clips = useless
            await world.approve(page, Gate.ASSETS)
            await world.rest()
            for _ in range(3):
                (task,) = await world.tasks()
                if task.status == Status.ERROR_VIDEO:
                    world.board.person_sets(page, Status="Queued")
                    await world.clock.sleep(30)
                    await world.rest()
            known = await at_gate(world, Gate.VIDEO, page)
            assert clips(world) == 2 + useless
            _cost(world, known)
            await _restore(world)
            task = await at_gate(world, Gate.VIDEO, page)
            assert clips(world) == 2 + useless
            _cost(world, task)

    run_virtual(story())


class Picky(InspectorDouble):
    """Finds the first file of this name useless."""

    left = 1

    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        if path.name == "clip_01.mp4" and path.is_file() and self.left:
            self.left -= 1
            raise BadArtefact(f"{path.name} is black")
        return await super().inspect(path, makes, expected)


class PickyWorld(World):
    def make_inspector(self) -> InspectorDouble:
        return self.__dict__.setdefault("kept", Picky())


@pytest.mark.fault("13.6")
def test_a_useless_file_of_a_custom_script_that_was_charged_is_charged_in_an_older_copy_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with PickyWorld(tmp_path, policies=by_hand(), overrides=OWN, limits=ONE_BY_ONE) as world:
            page = await world.queue("Bear")
            await at_gate(world, Gate.ASSETS, page)
            _copy(world)
            known = await at_gate(world, Gate.VIDEO, page)
            assert clips(world) == 3 and known.cost_micros / 1e6 == pytest.approx(world.vendors.usd, abs=1e-6)
            await _restore(world)
            task = await the_end(world, page)
            assert (task.status, clips(world)) == (Status.PUBLISHED, 3), task.error
            assert task.cost_micros / 1e6 == pytest.approx(world.vendors.usd, abs=1e-6)

    run_virtual(story())


def _cheaper(world: World) -> None:
    """The list has another price since."""
    world.policies["wild"] = replace(
        world.policies["wild"],
        prices_micros=prices(plan=20_000, image=33_600, clip=100_000, narration=80_000, effect=120_000),
    )


def _as_it_is(world: World) -> None:
    return


@pytest.mark.fault("13.6")
@pytest.mark.parametrize("price", [pytest.param(_as_it_is, marks=pytest.mark.long), _cheaper])
@pytest.mark.parametrize("kills", [0, MANY])
def test_they_count_with_the_price_that_they_had(tmp_path: Path, kills: int, price: Callable[[World], None]) -> None:
    async def story() -> None:
        policies = {"wild": policy(auto_gates=frozenset())}
        async with World(tmp_path, policies=policies, overrides=OWN, limits=ONE_BY_ONE) as world:
            page = await world.queue("Bear")
            await at_gate(world, Gate.ASSETS, page)
            _copy(world)
            await world.approve(page, Gate.ASSETS)
            for _ in range(kills):
                await _killed_while_paying(world)
                await world.start()
            await at_gate(world, Gate.VIDEO, page)
            price(world)
            await _restore(world)
            task = await at_gate(world, Gate.VIDEO, page)
            assert clips(world) == 2 + kills
            _all_is_counted(world, task)

    run_virtual(story())
