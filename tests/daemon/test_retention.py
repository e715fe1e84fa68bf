"""Files of episodes that ended go after a time of their own, said on the entry; what resumes keeps its files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, StudioBox, at_once
from videod.core import board
from videod.core.events import EntryQueued, TaskPaused
from videod.core.failures import Kind
from videod.core.model import Job, Priority
from videod.core.statuses import JobState, Status
from videod.daemon.retention import Days, RetentionWatch
from videod.store import reads

DAY = 24 * HOUR


class House:
    """A studio with its watch."""

    def __init__(self, folder: Path) -> None:
        self.box, self.days = StudioBox(folder), Days(7, 14, 60)
        self.watch = RetentionWatch(self.box.store, self.box.ledger, self.box.clock, lambda: self.days)

    def look(self) -> int:
        return at_once(self.watch.look())

    def cleanup(self, task: str) -> Job:
        return self.box.jobs(task)["cleanup/workspace"]

    def note(self, task: str) -> str:
        return board.files_note(self.box.task(task), tuple(self.box.jobs(task).values()))

    def shown(self, task: str) -> str:
        page = self.box.task(task).page_id
        message = at_once(self.box.store.read(lambda tx: reads.pending_message(tx, "entry", page)))
        return "" if message is None else str(message.body.get("Progress", ""))

    def failed(self) -> str:
        task = self.box.queue("Bears")
        self.box.make(task, "plan/plan")
        self.box.fail(task, "image/bear_core", Kind.INPUT)
        return task

    def cancelled(self) -> str:
        task = self.box.bring_to(self.box.queue("Owls"), Status.ASSETS_READY)
        self.box.cancel(task)
        return task

    def resume(self, task: str) -> None:
        one = self.box.task(task)
        self.box.apply(
            EntryQueued(self.box.clock.at, one.page_id, one.channel_id, one.title, "bears", "", Priority.NORMAL, None)
        )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.box.close()


@pytest.mark.parametrize(("kind", "days"), [("failed", 60), ("cancelled", 14)])
def test_the_entry_says_when_the_files_go_and_the_cleanup_job_takes_them_then(
    house: House, kind: str, days: int
) -> None:
    task = house.failed() if kind == "failed" else house.cancelled()
    since = house.box.clock.at
    assert house.look() == 1
    assert house.cleanup(task).due_at - since in range(days * DAY - HOUR, days * DAY + 1)
    assert "its files are removed after 20" in house.shown(task) and "unless it resumes" in house.shown(task)
    assert house.look() == 0, "once"
    assert "cleanup/workspace" not in house.box.ready(task)
    house.box.clock.at += (days + 1) * DAY
    house.box.make(task, "cleanup/workspace")
    assert house.note(task) == "its files were removed"
    assert house.box.task(task).status in (Status.ERROR_ASSETS, Status.CANCELLED), "and it stays as it was"


@pytest.mark.parametrize("removed", [False, True])
def test_what_resumes_keeps_its_files_until_it_is_published(house: House, removed: bool) -> None:
    task = house.cancelled()
    house.look()
    house.box.clock.at += 20 * DAY
    if removed:
        house.box.make(task, "cleanup/workspace")
    house.resume(task)
    cleanup = house.cleanup(task)
    assert (cleanup.state, cleanup.needs) == (JobState.WAITING, ("upload/film",)) and house.note(task) == ""
    assert house.look() == 0
    house.box.bring_to(task, Status.PUBLISHED)
    published = house.cleanup(task)
    assert published.state is JobState.READY and published.due_at > house.box.clock.at


def test_a_lowered_time_counts_for_what_is_there_already(house: House) -> None:
    film = house.box.bring_to(house.box.queue("Foxes"), Status.PUBLISHED)
    cancelled = house.cancelled()
    house.look()
    house.box.clock.at += 2 * DAY
    house.days = Days(1, 1, 1)
    assert house.look() == 2
    assert house.cleanup(film).due_at < house.box.clock.at, "a published film's files are needed no more"
    assert house.cleanup(cancelled).due_at == house.box.clock.at + DAY, "a day's notice for what may be resumed"
    house.box.clock.at += HOUR
    assert house.look() == 0, "the notice is given once"
    house.days = Days(30, 30, 30)
    assert house.look() == 2
    assert house.cleanup(film).due_at > house.box.clock.at + 20 * DAY


def test_a_paused_episode_keeps_its_files(house: House) -> None:
    task = house.failed()
    house.box.apply(TaskPaused(house.box.clock.at, task, "I look at it next month"))
    assert house.look() == 0 and house.cleanup(task).state is JobState.WAITING


def test_a_lane_takes_the_cleanup_of_a_cancelled_episode_and_nothing_else_of_it(house: House) -> None:
    from videod.store.candidate_queries import candidates

    task = house.cancelled()
    house.look()
    house.box.clock.at += 20 * DAY
    at = house.box.clock.at
    for service in ("local", "gemini", "kie", "elevenlabs"):
        found = at_once(house.box.store.read(lambda tx, one=service: candidates(tx, one, at)))
        assert [one.job for one in found if one.task_id == task] == (
            ["cleanup/workspace"] if service == "local" else []
        )
