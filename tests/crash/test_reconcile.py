"""A cut between a purchase and its receipt, or a lost answer: the service's own balance says what became of it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.power import Power
from tests.harness.scripts import CREDITS
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import LIMITS, World, policy
from videod.cli.main import run
from videod.core.model import Task
from videod.core.service import CREDIT
from videod.core.statuses import JobState, Status
from videod.flow.limits import Limit
from videod.store import in_full, purchases

CLIP = CREDITS["generate_video.py"] * CREDIT
#: one request at a time, so that one is unconfirmed
ONE = LIMITS | {"kie": Limit(1, 20, 10), "elevenlabs": Limit(1)}
#: no second purchase without a person
NEVER = {"wild": policy(rebuy_ceiling_micros=0)}


class CutAt(Power):
    """Goes dark at the `nth` point of that name while jobs of `service` pay."""

    def __init__(self, name: str, nth: int, world: World, service: str) -> None:
        super().__init__()
        self._wanted, self._nth, self._world, self._service = name, nth, world, service

    def point(self, name: str) -> None:
        if name == self._wanted and not self.dark.is_set() and self._world.vendors.at_once[self._service]:
            self._nth -= 1
            self.cut_at = self.points + 1 if self._nth == 0 else None
        super().point(name)


async def _cut(world: World, name: str, service: str, nth: int = 1) -> None:
    """Let the daemon run until the power goes at that point, then start it again."""
    switch = CutAt(name, nth, world, service)
    world.power = world.board.power = switch
    for owner in (world.store, world.launcher, world.balances):
        owner._power = switch
    await world.rest(20_000)
    assert world.power.dark.is_set(), "the power never went"
    await world.cut()
    await world.start()


async def _events(world: World, name: str) -> list[in_full.HistoryRow]:
    (task,) = await world.tasks()
    rows = await world.store.read(lambda tx: in_full.history(tx, task.id))
    return [row for row in rows if row.event == name]


def story(tell: Callable[[World], Coroutine[None, None, None]], folder: Path, **more: object) -> None:
    async def live() -> None:
        async with World(folder, looks=True, **more) as world:  # type: ignore[arg-type]
            await tell(world)

    run_virtual(live())


async def _one(world: World) -> Task:
    (task,) = await world.tasks()
    return task


@pytest.mark.parametrize("service", ["kie", "elevenlabs"])
def test_what_was_never_taken_is_bought_without_a_person_and_without_being_counted(
    tmp_path: Path, service: str
) -> None:
    async def tell(world: World) -> None:
        await world.queue("Crossing")
        await _cut(world, "before a purchase", service)
        await world.rest(20_000)
        await check(world)
        assert (await _one(world)).possibly_paid_twice == 0
        assert set(world.vendors.bought.values()) == {1}
        (settled,) = await _events(world, "NothingBought")
        assert "balance shows that nothing was bought" in str(settled.body["evidence"])

    story(tell, tmp_path, policies=NEVER, limits=ONE)


def test_what_was_paid_waits_for_a_person_who_reads_so(tmp_path: Path) -> None:
    async def tell(world: World) -> None:
        await world.queue("Crossing")
        await _cut(world, "after a purchase", "kie", nth=2)  # of the first it learns what a clip costs
        await world.rest(20_000)
        task = await _one(world)
        assert (task.status, task.possibly_paid_twice) == (Status.ERROR_VIDEO, 0)
        (job,) = [job for job in await world.jobs(task.id) if job.state == JobState.IN_DOUBT]
        assert job.failure is not None
        assert "KIE's balance shows that it was paid (84 credits used since" in job.failure.message
        assert set(world.vendors.bought.values()) == {1}
        assert "KIE's balance shows that it was paid" in str(world.board.entries[task.page_id].values["Error Log"])
        assert any("KIE's balance shows that it was paid" in text for text in world.notifier.sent)

    story(tell, tmp_path, policies=NEVER, limits=ONE)


@pytest.mark.parametrize("service", ["kie", "elevenlabs"])
def test_what_was_paid_is_bought_again_only_by_the_standing_permission_and_counted(
    tmp_path: Path, service: str
) -> None:
    async def tell(world: World) -> None:
        await world.queue("Crossing")
        await _cut(world, "after a purchase", service)
        await world.rest(20_000)
        await check(world)
        assert (await _one(world)).possibly_paid_twice == 1
        assert sorted(world.vendors.bought.values())[-2:] == [1, 2]
        assert not await _events(world, "NothingBought")

    story(tell, tmp_path, limits=ONE)


def test_several_that_were_never_taken_are_all_bought_as_if_nothing_had_been_tried(tmp_path: Path) -> None:
    async def tell(world: World) -> None:
        await world.queue("Crossing")
        await _cut(world, "before a purchase", "elevenlabs")
        await world.rest(20_000)
        await check(world)
        assert (await _one(world)).possibly_paid_twice == 0
        assert len(await _events(world, "NothingBought")) > 1

    story(tell, tmp_path, policies=NEVER)


def test_a_key_that_others_use_proves_nothing(tmp_path: Path) -> None:
    async def tell(world: World) -> None:
        await world.queue("Crossing")
        asyncio.get_running_loop().call_later(150, world.vendors.others.update, {"kie": 7 * CREDIT})
        await _cut(world, "before a purchase", "kie", nth=2)
        await world.rest(20_000)
        assert (await _one(world)).status == Status.ERROR_VIDEO
        assert not await _events(world, "NothingBought")

    story(tell, tmp_path, policies=NEVER, limits=ONE)


def test_a_service_that_does_not_tell_its_balance_leaves_the_doubt_as_it_is(tmp_path: Path) -> None:
    async def tell(world: World) -> None:
        await world.queue("Crossing")
        await _cut(world, "before a purchase", "kie")
        world.vendors.mute = True
        await world.rest(20_000)
        task = await _one(world)
        assert task.status == Status.ERROR_VIDEO
        assert "KIE did not tell its balance" in str(world.board.entries[task.page_id].values["Error Log"])
        # the next start finds it answering, and the episode continues
        world.vendors.mute = False
        await world.stop()
        await world.start()
        await asyncio.sleep(120)
        await world.rest(20_000)
        await check(world)
        assert set(world.vendors.bought.values()) == {1}

    story(tell, tmp_path, policies=NEVER)


def test_a_stop_in_the_middle_of_a_look_leaves_it_to_the_next_start(tmp_path: Path) -> None:
    async def tell(world: World) -> None:
        await world.queue("Crossing")
        await _cut(world, "before a purchase", "kie")
        await asyncio.sleep(5)
        await world.stop()
        await world.start()
        await world.rest(20_000)
        await check(world)
        assert (await _one(world)).possibly_paid_twice == 0

    story(tell, tmp_path, policies=NEVER)


def test_an_answer_lost_while_the_daemon_runs_is_looked_into_before_anybody_is_asked(tmp_path: Path) -> None:
    """The first request is never taken, the second is; both look the same from here."""

    async def tell(world: World) -> None:
        world.vendors.lost = ["before", "after"]
        await world.queue("Crossing")
        await world.rest(20_000)
        task = await _one(world)
        jobs = [job for job in await world.jobs(task.id) if job.step == "clip"]
        assert len(await _events(world, "NothingBought")) == 1
        assert task.status == Status.ERROR_VIDEO
        (doubted,) = [job for job in jobs if job.state == JobState.IN_DOUBT]
        assert doubted.failure is not None and "shows that it was paid" in doubted.failure.message
        assert set(world.vendors.bought.values()) == {1}

    story(tell, tmp_path, policies=NEVER, limits=ONE)


def test_a_price_that_nobody_knows_yet_is_waited_for(tmp_path: Path) -> None:
    """Another order is on its way, the first of its kind: what it costs shows only when it is done."""

    async def tell(world: World) -> None:
        world.vendors.lost = ["before"]
        await world.queue("Crossing")
        await world.rest(20_000)
        await check(world)
        assert (await _one(world)).possibly_paid_twice == 0
        assert len(await _events(world, "NothingBought")) == 1

    story(tell, tmp_path, policies=NEVER, limits=LIMITS | {"kie": Limit(2, 20, 10)}, look_after_s=60)


def test_clips_that_fail_and_are_given_back_do_not_look_like_others_at_the_key(tmp_path: Path) -> None:
    async def tell(world: World) -> None:
        world.vendors.failing_clips = 2
        await world.queue("Crossing")
        await world.rest(40_000)
        await check_without_refunds(world)
        marks = await world.store.read(lambda tx: purchases.readings(tx, "kie"))
        assert len(marks) > 2
        assert {mark.unexplained for mark in marks} <= {None, 0}
        assert marks[-1].used - marks[0].used == 2 * CLIP

    story(tell, tmp_path)


async def check_without_refunds(world: World) -> None:
    (task,) = await world.tasks()
    assert (task.status, task.possibly_paid_twice) == (Status.PUBLISHED, 0)


@pytest.mark.parametrize("seed", range(4))
def test_twenty_random_cuts_are_settled_by_looks_and_lose_nothing(tmp_path: Path, seed: int) -> None:
    async def tell(world: World) -> None:
        await world.queue("One")
        await world.queue("Two")
        await world.live_through_cuts([world.chance.randrange(1, 80) for _ in range(20)])
        await asyncio.sleep(300)
        await world.rest(40_000)
        assert world.cuts > 0
        await check(world)
        for service in ("kie", "elevenlabs"):
            marks = await world.store.read(lambda tx, name=service: purchases.readings(tx, name))
            assert {mark.unexplained for mark in marks} <= {None, 0}, marks
        assert run(["audit", "--state", str(tmp_path / "state")]) == 0

    story(tell, tmp_path, seed=seed)
