"""What goes to a worker and what stays at home, decided with a cluster that only pretends."""

import asyncio
from pathlib import Path

import pytest

from tests.cluster.pretended import Pretended, errand_of
from tests.harness.patience import patience
from videod.adapters.cluster import launcher as launching
from videod.adapters.cluster.launcher import Cluster, ClusterChild, ClusterLauncher, Rules
from videod.adapters.cluster.orders import Reached
from videod.ports import Child, Interrupted, Spawn


def launcher(cluster: Pretended, home: bool = True, waits: bool = False, places: int = 1) -> ClusterLauncher:
    return ClusterLauncher(cluster.home, cluster.desk, Rules(home, waits, lambda service: places))


@pytest.fixture
def cluster() -> Pretended:
    return Pretended()


def job(name: str = "cut/a") -> Spawn:
    return Spawn(("python", "cut.py"), {}, Path("/w"), f"t1 {name}", errand=errand_of())


def at(child: Child) -> str:
    """The worker that a child is at."""
    assert isinstance(child, ClusterChild)
    return child.worker


async def test_what_may_not_travel_stays_at_home_whatever_is_free(cluster: Pretended) -> None:
    await cluster.has(slots=4)
    paid = Spawn(("python", "buy.py"), {}, Path("/w"), "t1 clip/a")
    await launcher(cluster).start(paid)
    assert cluster.home.started == ["t1 clip/a"] and not cluster.sent


async def test_a_free_slot_is_taken_first_and_then_a_place_at_home(cluster: Pretended) -> None:
    await cluster.has(slots=1)
    starts = launcher(cluster)
    assert at(await starts.start(job())) == "desk"
    await starts.start(job("cut/b"))
    assert cluster.home.started == ["t1 cut/b"]
    third = asyncio.create_task(starts.start(job("cut/c")))
    await asyncio.sleep(0)
    assert not third.done()
    await cluster.ended(1)
    assert at(await third) == "desk"


async def test_without_workers_it_runs_at_home_or_waits_as_the_settings_say(cluster: Pretended) -> None:
    await launcher(cluster).start(job())
    assert cluster.home.started == ["t1 cut/a"]
    waiting = asyncio.create_task(launcher(cluster, waits=True).start(job("cut/b")))
    await asyncio.sleep(0)
    assert not waiting.done()
    await cluster.has(slots=1)
    assert at(await waiting) == "desk"


async def test_a_job_that_came_back_twice_stays_at_home(cluster: Pretended) -> None:
    await cluster.has(slots=1)
    starts = launcher(cluster, home=False)
    for number in (1, 2):
        child = await starts.start(job())
        await cluster.lost(number, "the worker desk was lost")
        with pytest.raises(Interrupted, match="cut/a came to nothing: the worker desk was lost"):
            await child.wait()
        await asyncio.sleep(0)
    await starts.start(job())
    assert cluster.home.started == ["t1 cut/a"]
    # another job still goes there
    assert at(await starts.start(job("cut/b"))) == "desk"


async def test_a_worker_whose_file_is_of_no_use_is_blamed_and_the_job_comes_back(cluster: Pretended) -> None:
    await cluster.has(slots=1)
    starts = launcher(cluster, home=False)
    for number in (1, 2):
        child = await starts.start(job())
        await cluster.ended(number)
        assert await child.wait() == 0
        assert isinstance(child, ClusterChild)
        child.refuse("it is black")
        assert cluster.sent[-1] == {"do": "blame", "address": "tcp://desk", "why": "it is black"}
    await starts.start(job())
    assert cluster.home.started == ["t1 cut/a"]


async def test_a_helper_that_dies_loses_what_it_waited_for(cluster: Pretended) -> None:
    await cluster.has(slots=1)
    child = await launcher(cluster).start(job())
    await cluster.desk._over()
    with pytest.raises(Interrupted, match="the process that speaks with the cluster was lost"):
        await child.wait()
    assert cluster.desk.view.slots == 0


async def test_lanes_are_as_wide_as_this_machine_and_the_workers(cluster: Pretended) -> None:
    assert launcher(cluster, places=2).room("ffmpeg", 2) == 2
    await cluster.has(slots=8)
    assert launcher(cluster, places=2).room("ffmpeg", 2) == 10
    assert launcher(cluster, places=2, home=False).room("ffmpeg", 2) == 8


async def test_a_helper_that_does_not_read_is_ended_and_never_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's loop writes to it: a full pipe must not hold up other channels."""
    monkeypatch.setattr(launching, "tethered", lambda nice: ("/bin/sh", "-c", "exec sleep 1000000"))
    cluster = Cluster(Reached("tcp://127.0.0.1:1", "me", "/scripts"), False)
    running = asyncio.create_task(cluster.run())
    await asyncio.sleep(0)
    helper = cluster._helper
    assert helper is not None
    async with patience():
        while helper._process.poll() is None:
            helper.send({"do": "blame", "why": "x" * 100_000})
        async with cluster.news:
            await cluster.news.wait_for(lambda: cluster._helper is not helper)
    running.cancel()
    assert "it does not read" in cluster.view.problem
