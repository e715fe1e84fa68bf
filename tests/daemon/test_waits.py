"""What an entry waits for reaches its Progress on the board, once, and goes again when its work continues."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, StudioBox, at_once
from videod.core.breaker import Breaker
from videod.core.statuses import Status
from videod.core.suspension import Cause, Suspension
from videod.daemon.waits import LOOK_S, WaitWatch
from videod.store import reads, writes


class Watched:
    """A studio with its watch; `look` lets time pass."""

    def __init__(self, state: Path) -> None:
        self.box = StudioBox(state)
        self.known = True
        self.watch = WaitWatch(self.box.store, self.box.ledger, self.box.clock, lambda _: self.known)  # type: ignore[arg-type]

    def look(self, seconds: int = 30) -> int:
        """How many entries were reported within so many seconds."""
        told = 0
        for _ in range(0, seconds, int(LOOK_S)):
            told += at_once(self.watch.look())
            self.box.clock.at += int(LOOK_S * 1000)
        return told

    def shown(self, task: str) -> str:
        page = self.box.task(task).page_id
        posts = at_once(self.box.store.read(reads.pending_messages))
        return next(str(one.body["Progress"]) for one in posts if one.target == "entry" and one.key == page)

    def breaker(self, one: Breaker) -> None:
        at_once(self.box.store.write(lambda tx: writes.save_breaker(tx, one)))

    def suspend(self, one: Suspension) -> None:
        at_once(self.box.ledger.suspend(one, self.box.clock.at))

    def release(self, one: Suspension) -> None:
        at_once(self.box.ledger.release(one.service, one.channel_id, one.cause))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.box.close()


def filming(house: Watched) -> str:
    """An episode whose clips may start and nothing else."""
    task = house.box.bring_to(house.box.queue("Bears"), Status.ASSETS_APPROVED)
    while made := [one for one in house.box.ready(task) if not one.startswith("clip/")]:
        house.box.make(task, made[0], 1000)
    assert house.box.ready(task)
    return task


@pytest.mark.fault("7.3")
def test_an_outage_is_said_once_and_goes_when_a_job_starts(house: Watched) -> None:
    task, at = filming(house), house.box.clock.at
    for probe in range(10):
        house.breaker(Breaker("kie", 5, "j", at, house.box.clock.at + 5 * MINUTE, probe))
        assert house.look(60) == (1 if probe == 0 else 0)
    assert "; waiting for kie: it has not answered since 2026-11-21 " in house.shown(task)
    house.breaker(Breaker("kie"))
    house.box.start(task, house.box.ready(task)[0])
    assert "waiting" not in house.shown(task)
    assert house.look(60) == 0


@pytest.mark.fault("7.3")
@pytest.mark.parametrize(
    ("one", "until", "said"),
    [
        (Suspension(Cause.PERSON, detail="holiday"), False, "all work is paused by you: holiday"),
        (Suspension(Cause.PERSON, "kie", detail="prices changed"), False, "kie is paused by you: prices changed"),
        (Suspension(Cause.DISK, detail="the disk of state has 12 MB left"), False,
         "waiting for disk space. videod resumes"),
        (Suspension(Cause.BUDGET, "kie", "wild_earth", amount=5_000_000), True,
         "waiting for kie: the day's budget of $5.00 for channel wild_earth is spent, resumes at 2026-11-21 "),
        (Suspension(Cause.QUOTA, "kie", detail="402"), True,
         "quota of kie is used up: 402, resumes at 2026-11-21 "),
    ],
    ids=["all paused", "service paused", "disk", "budget", "quota"],
)  # fmt: skip
def test_whatever_holds_an_episode_is_said(house: Watched, one: Suspension, until: bool, said: str) -> None:
    task = filming(house)
    house.suspend(replace(one, until_ms=house.box.clock.at + HOUR if until else None))
    assert house.look() == 1
    assert said in house.shown(task)
    house.release(one)
    assert house.look() == 1  # from here it waits for its turn at the service
    assert house.shown(task).endswith("waiting for a free slot at kie")


@pytest.mark.fault("7.3")
def test_a_missing_channel_file_is_said_of_episodes_in_work_and_in_the_queue(house: Watched) -> None:
    tasks = [filming(house), house.box.queue("Owls")]
    house.known = False
    assert house.look() == 2
    for task in tasks:
        assert "waiting for channels/wild_earth.yaml: the file is missing. Restore it, or set Cancelled" in house.shown(
            task
        )


@pytest.mark.fault("7.3")
def test_a_short_wait_and_a_normal_queue_say_nothing(house: Watched) -> None:
    task = filming(house)
    house.box.start(task, house.box.ready(task)[0])
    for number in range(30):
        house.box.queue(f"Owls {number}")
    assert house.look(300) == 0
    moment = Suspension(Cause.PERSON, "gemini", detail="a moment")
    house.suspend(moment)
    assert house.look(15) == 0
    house.release(moment)
    assert house.look(300) == 0


@pytest.mark.fault("7.3")
def test_a_long_queue_behind_a_pause_costs_few_writes(house: Watched) -> None:
    for number in range(60):
        house.box.queue(f"Owls {number}")
    house.suspend(Suspension(Cause.PERSON, detail="holiday"))
    assert house.look(300) == 20
