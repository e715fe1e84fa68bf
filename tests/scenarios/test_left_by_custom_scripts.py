"""A paid custom script keeps no receipt: what it left and the ledger does not know is adopted, not bought again."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.scripts import SPOILT, InspectorDouble, Trouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import EPOCH_MS, LIMITS, World, policy
from tests.scenarios.test_lost_files import at_gate, by_hand, the_end
from videod.core.model import Task
from videod.core.statuses import Gate, Status
from videod.core.step import Expectation
from videod.flow.limits import Limit
from videod.ports import Artefact, Unchecked
from videod.web import corrections
from videod.web.requests import RequestHandler

pytestmark = pytest.mark.long

OWN = {
    "plan": "/own/generate_plan.py", "image": "/own/generate_asset.py", "clip": "/own/generate_video.py",
    "narration": "/own/generate_audio.py", "sound_effect": "/own/generate_sound_effects.py",
}  # fmt: skip


def _copy(world: World) -> None:
    """A backup of the database as it is now; the daemon continues."""
    with closing(sqlite3.connect(world.path)) as source, closing(sqlite3.connect(world.folder / "older.db")) as target:
        source.backup(target)


async def _restore(world: World) -> None:
    """The database is lost, its older copy takes its place; what the scripts made stays."""
    await world.cut()
    for path in world.path.parent.glob("videod.db*"):
        path.unlink()
    shutil.copy(world.folder / "older.db", world.path)
    await world.start()


async def _nothing_twice(world: World, task: Task) -> None:
    assert set(world.vendors.bought.values()) == {1}
    assert task.possibly_paid_twice == 0
    assert task.cost_micros / 1e6 == pytest.approx(world.vendors.usd, abs=1e-6)
    await check(world)


@pytest.mark.fault("13.6")
@pytest.mark.parametrize(
    "own", [OWN, {}, {"clip": OWN["clip"]}], ids=["custom scripts", "our scripts", "a custom clip"]
)
@pytest.mark.parametrize("gate", [Gate.ASSETS, Gate.VIDEO, Gate.AUDIO])
def test_nothing_is_bought_again_after_a_restore(tmp_path: Path, own: dict[str, str], gate: Gate) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), overrides=own) as world:
            page = await world.queue("Bear")
            await at_gate(world, gate, page)
            _copy(world)
            await at_gate(world, Gate.FINAL, page)
            await _restore(world)
            task = await the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error
            await _nothing_twice(world, task)

    run_virtual(story())


@pytest.mark.fault("13.6")
def test_also_where_the_copy_knows_only_the_entry(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy()}, overrides=OWN) as world:
            await RequestHandler(world.ledger, world.store, world.clock, "test").pause("gemini", None, None)
            await world.queue("Bear")
            while not await world.tasks():
                await asyncio.sleep(1)
            _copy(world)
            await RequestHandler(world.ledger, world.store, world.clock, "test").resume("gemini", None)
            await world.rest()
            await _restore(world)
            await RequestHandler(world.ledger, world.store, world.clock, "test").resume("gemini", None)
            await world.rest()
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED, task.error
            await _nothing_twice(world, task)

    run_virtual(story())


@pytest.mark.fault("13.6")
def test_a_file_that_is_of_no_use_is_put_aside_and_bought_again_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), overrides=OWN) as world:
            page = await world.queue("Bear")
            await at_gate(world, Gate.ASSETS, page)
            _copy(world)
            task = await at_gate(world, Gate.VIDEO, page)
            bad = next(world.builder.workspace(task).rglob("clip_01.mp4"))
            bad.write_text(f"{SPOILT} by the fall of the disk")
            await _restore(world)
            task = await the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error
            assert sorted(world.vendors.bought.values())[-2:] == [1, 2]
            assert bad.with_name(f"{bad.name}.refused").is_file()

    run_virtual(story())


@pytest.mark.fault("13.6")
@pytest.mark.parametrize("later", [True, False], ids=["made after the last charge", "charged already"])
def test_a_second_take_is_charged_where_the_copy_knows_only_the_first(tmp_path: Path, later: bool) -> None:
    """The person asks for it once more, as the copy has not heard of that; it is there, and costs what it cost."""

    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), overrides=OWN) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.ASSETS, page)
            _copy(world)
            harness = RequestHandler(world.ledger, world.store, world.clock, "test")
            await corrections.redo(harness, task.id, ("image/place_1",))
            await world.rest()
            made = next(world.builder.workspace(task).rglob("place_1_r1.png"))
            # the clock of this world is not that of its files
            moment = (EPOCH_MS if not later else world.clock.now_ms()) / 1000
            os.utime(made, (moment, moment))
            paid = (await world.tasks())[0].cost_micros
            await _restore(world)
            await world.rest()
            again = RequestHandler(world.ledger, world.store, world.clock, "test")
            await corrections.redo(again, task.id, ("image/place_1",))
            await world.rest()
            (task,) = await world.tasks()
            assert list(world.vendors.bought.values()) == [1] * 5  # the second take was bought once, before the loss
            assert task.cost_micros == paid, (task.cost_micros, paid)

    run_virtual(story())


@pytest.mark.fault("13.6")
@pytest.mark.parametrize("ceiling", [0, 100_000_000], ids=["a person decides", "bought again under the ceiling"])
def test_a_purchase_that_no_file_and_no_ledger_knows_is_counted_as_unconfirmed(tmp_path: Path, ceiling: int) -> None:
    async def story() -> None:
        policies = {"wild": policy(auto_gates=frozenset(), rebuy_ceiling_micros=ceiling)}
        async with World(tmp_path, policies=policies, overrides=OWN) as world:
            page = await world.queue("Bear")
            await at_gate(world, Gate.ASSETS, page)
            _copy(world)
            await world.approve(page, Gate.ASSETS)
            while not any(name.startswith("generate_video") for name in world.vendors.bought):
                await asyncio.sleep(0.25)  # bought, and its file is not there yet
            before = world.vendors.bought.copy()
            await _restore(world)
            task = await the_end(world, page)
            if not ceiling:
                assert task.status == Status.ERROR_VIDEO
                assert world.vendors.bought == before, "it was bought again unasked"
                assert "It may already be paid" in world.board.entries[page].values["Error Log"]
            for _ in range(2):  # the second clip was paid for as well
                if task.status == Status.ERROR_VIDEO:
                    world.board.person_sets(page, Status="Queued")
                    await world.clock.sleep(30)
                    task = await the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error
            twice = sum(count - 1 for count in world.vendors.bought.values())
            assert 1 <= twice <= task.possibly_paid_twice
            assert (task.cost_micros + task.possible_micros) / 1e6 >= world.vendors.usd - 1e-6

    run_virtual(story())


@pytest.mark.fault("13.6")
def test_a_custom_script_that_failed_or_whose_file_is_lost_leaves_no_doubt(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand(), overrides=OWN) as world:
            world.vendors.troubles.append(Trouble("kie", 1.0, {"kind": "nonsense", "message": "odd"}, left=1))
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.VIDEO, page)
            assert not list(world.builder.workspace(task).rglob("*.started"))
            next(world.builder.workspace(task).rglob("clip_01.mp4")).unlink()
            assert (await the_end(world, page)).status == Status.ERROR_VIDEO
            world.board.person_sets(page, Status="Queued")
            await world.clock.sleep(30)
            task = await the_end(world, page)
            assert (task.status, task.possibly_paid_twice) == (Status.PUBLISHED, 0), task.error

    run_virtual(story())


_RARER = [pytest.param(code, marks=pytest.mark.whole) for code in (69, 75)]


@pytest.mark.fault("9.5")
@pytest.mark.parametrize("code", [1, *_RARER, -11])
@pytest.mark.parametrize("looks", [False, True], ids=["no balance", "the balance is looked at"])
def test_what_paid_and_left_no_file_is_not_run_again_before_a_person_decides(
    tmp_path: Path, code: int, looks: bool
) -> None:
    """Not even where the channel allows to buy again: the next run would pay again as this one may have."""

    async def story() -> None:
        policies = {"wild": policy(rebuy_ceiling_micros=100_000_000)}
        async with World(tmp_path, policies=policies, overrides=OWN, looks=looks) as world:
            world.vendors.ends["generate_video.py"] = [code] * 2
            await world.clock.sleep(60)  # a reading of the balance
            page = await world.queue("Bear")
            await world.rest()
            await world.clock.sleep(86_400)
            (task,) = await world.tasks()
            clips = [count for name, count in world.vendors.bought.items() if name.startswith("generate_video")]
            assert (task.status, clips) == (Status.ERROR_VIDEO, [1, 1])
            assert task.possible_micros == 2 * 420_000
            log = str(world.board.entries[page].values["Error Log"])
            assert "It may have paid ($0.42)" in log
            assert ("KIE's balance" in log) == looks
            world.board.person_sets(page, Status="Queued")
            await world.clock.sleep(30)
            task = await the_end(world, page)
            assert (task.status, task.possibly_paid_twice) == (Status.PUBLISHED, 2), task.error
            assert (task.cost_micros + task.possible_micros) / 1e6 == pytest.approx(world.vendors.usd, abs=1e-6)

    run_virtual(story())


@pytest.mark.fault("9.5")
def test_a_file_that_a_person_found_is_taken_and_its_doubt_is_over(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy()}, overrides=OWN) as world:
            world.vendors.ends["generate_video.py"] = [1, 1]
            page = await world.queue("Bear")
            await world.rest()
            await world.clock.sleep(600)
            (task,) = await world.tasks()
            assert (task.status, task.possible_micros) == (Status.ERROR_VIDEO, 840_000)
            folder = world.builder.workspace(task) / "videos"
            for name in ("clip_01.mp4", "clip_02.mp4"):
                (folder / name).write_text("fetched by hand")
            world.board.person_sets(page, Status="Queued")
            await world.clock.sleep(30)
            task = await the_end(world, page)
            assert (task.status, task.possible_micros) == (Status.PUBLISHED, 0), task.error
            assert set(world.vendors.bought.values()) == {1}
            assert task.cost_micros / 1e6 == pytest.approx(world.vendors.usd, abs=1e-6)
            assert not list(folder.glob("*.started"))
            await check(world)

    run_virtual(story())


@pytest.mark.fault("9.5")
def test_a_balance_that_moved_is_believed_before_the_scripts_words(tmp_path: Path) -> None:
    async def story() -> None:
        limits = LIMITS | {"kie": Limit(1, 0, 1.0)}
        async with World(tmp_path, policies={"wild": policy()}, overrides=OWN, looks=True, limits=limits) as world:
            world.vendors.ends["generate_video.py"] = [1]
            world.vendors.last_words = "Error: <urlopen error [Errno 111] Connection refused>"
            await world.clock.sleep(60)  # a reading of the balance
            page = await world.queue("Bear")
            task = await the_end(world, page)
            clips = [count for name, count in world.vendors.bought.items() if name.startswith("generate_video")]
            assert (task.status, clips) == (Status.ERROR_VIDEO, [1])
            log = str(world.board.entries[page].values["Error Log"])
            assert "says that it bought nothing, but KIE's balance shows that it was paid (84 credits used" in log

    run_virtual(story())


@pytest.mark.fault("9.5")
def test_what_may_have_been_paid_counts_against_the_cap_of_the_episode(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(episode_cap_micros=2_000_000)}, overrides=OWN) as world:
            world.vendors.ends["generate_video.py"] = [1] * 100
            page = await world.queue("Bear")
            for _ in range(8):
                await world.rest()
                world.board.person_sets(page, Status="Queued")
                await world.clock.sleep(30)
            await world.rest()
            assert world.vendors.usd <= 2.0
            assert "above its cap" in str(world.board.entries[page].values["Error Log"])

    run_virtual(story())


class Slow(InspectorDouble):
    """Checks of this file come to nothing so often."""

    def __init__(self, name: str, times: int) -> None:
        self.name, self.times = name, times

    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        if path.name == self.name and self.times and path.is_file():
            self.times -= 1
            raise Unchecked(f"{path.name} could not be decoded within 52 s")
        return await super().inspect(path, makes, expected)


class SlowWorld(World):
    name, times = "clip_01.mp4", 3

    def make_inspector(self) -> InspectorDouble:
        return Slow(self.name, self.times)


@pytest.mark.fault("13.5")
@pytest.mark.parametrize("name", ["clip_01.mp4", "clip_02.mp3", "bear_core.png"])
def test_a_file_that_cannot_be_checked_in_time_is_checked_again_and_not_bought_again(tmp_path: Path, name: str) -> None:
    async def story() -> None:
        async with SlowWorld(tmp_path, policies={"wild": policy()}, overrides=OWN) as world:
            world.inspector.name = name  # type: ignore[attr-defined]
            page = await world.queue("Bear")
            task = await the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error
            await _nothing_twice(world, task)

    run_virtual(story())


@pytest.mark.fault("13.5", "13.6")
def test_also_where_the_daemon_dies_before_it_is_checked(tmp_path: Path) -> None:
    async def story() -> None:
        async with SlowWorld(tmp_path, policies={"wild": policy(rebuy_ceiling_micros=0)}, overrides=OWN) as world:
            await world.cut()
            await world.start()
            page = await world.queue("Bear")
            while not list(tmp_path.rglob("clip_01.mp4")):
                await asyncio.sleep(0.25)
            await world.cut()
            made = next(tmp_path.rglob("clip_01.mp4"))
            # the clock of this world is not that of its files
            os.utime(made, ((world.clock.now_ms() - 10_000) / 1000,) * 2)
            await world.start()
            task = await the_end(world, page)
            for _ in range(3):  # other clips were on their way when the daemon died
                if task.status == Status.ERROR_VIDEO:
                    world.board.person_sets(page, Status="Queued")
                    await world.clock.sleep(30)
                    task = await the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error
            clips = {name: count for name, count in world.vendors.bought.items() if name.startswith("generate_video")}
            assert sum(clips.values()) - 2 <= task.possibly_paid_twice <= 1
            await check(world)

    run_virtual(story())
