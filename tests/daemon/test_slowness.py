"""An episode that shows one status for far too long is reported once, on the board and as an alert, over restarts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, StudioBox, at_once
from videod.core.events import JobFailed, TaskPaused, TaskResumed
from videod.core.failures import Failure, Kind
from videod.core.slowness import GAP_MS, Watched, usual_ms
from videod.core.statuses import AT_GATE, Status
from videod.core.suspension import Cause, Suspension
from videod.daemon.slowness import SlowWatch
from videod.store import reads, views

STEP = 4 * MINUTE


class Slow:
    """A studio with its watch; `let_pass` looks every four minutes, as often as keeps it from starting over."""

    def __init__(self, state: Path) -> None:
        self.box = StudioBox(state)
        self.start()

    def start(self) -> None:
        """A new daemon on the same database."""
        self.watch = SlowWatch(self.box.store, self.box.ledger, self.box.clock, lambda _: True, lambda: 4)  # type: ignore[arg-type]

    def let_pass(self, ms: int, each: Callable[[], object] = lambda: None) -> None:
        for _ in range(0, ms, STEP):
            each()
            at_once(self.watch.look())
            self.box.clock.at += STEP

    def heard(self) -> list[str]:
        posts = at_once(self.box.store.read(reads.pending_messages))
        return [
            str(one.body["text"]) for one in posts if one.target == "alert" and "Usually that takes" in str(one.body)
        ]

    def progress(self, task: str) -> str:
        found = at_once(self.box.store.read(lambda tx: views.overview(tx, self.box.clock.at)))
        return next(one.progress for one in found.episodes if one.task.id == task)

    def filming(self, title: str = "Bears", channel: str = "wild_earth") -> str:
        """An episode of which a clip runs."""
        task = self.box.bring_to(self.box.queue(title, channel), Status.ASSETS_APPROVED)
        while made := [one for one in self.box.ready(task) if not one.startswith("clip/")]:
            self.box.make(task, made[0], 1000)
        return task

    def retry(self, task: str) -> None:
        """What is ready fails and is tried again, so that it is never quiet and never done."""
        for name in self.box.ready(task)[:1]:
            attempt = self.box.start(task, name)
            self.box.clock.at += 1000
            failure = Failure(Kind.BUSY, "no room", "kie", retry_after_ms=60_000)
            self.box.apply(JobFailed(self.box.clock.at, task, name, attempt, failure, 0.5, "", 75))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Slow]:
    one = Slow(tmp_path)
    yield one
    one.box.close()


def finished(house: Slow, films: int = 5, channel: str = "wild_earth") -> None:
    """Films of whose clips all are made within some 20 minutes."""
    for number in range(films):
        task = house.filming(f"Old {channel} {number}", channel)
        while house.box.task(task).status != Status.VIDEO_READY:
            house.box.make(task, house.box.ready(task)[0], 5 * MINUTE)
        house.box.cancel(task)


def test_where_the_history_is_short_the_usual_time_is_that_of_the_table(house: Slow) -> None:
    task = house.filming()
    house.box.start(task, "clip/clip_01")
    house.let_pass(12 * HOUR)
    assert house.heard() == []
    house.let_pass(20 * MINUTE)
    (text,) = house.heard()
    assert text.startswith("Bears (wild_earth) has been Generating Video for 12 h")
    assert "Usually that takes 4 h" in text and "clip/clip_01" in text and f"`videod show {task}`" in text


def test_it_is_reported_once_a_status_and_the_board_says_it_until_the_status_changes(house: Slow) -> None:
    finished(house)
    task = house.filming()
    house.box.start(task, "clip/clip_01")
    house.let_pass(56 * MINUTE)
    assert house.heard() == []
    house.let_pass(20 * MINUTE)
    assert len(house.heard()) == 1 and "Usually that takes 20 min" in house.heard()[0]
    assert "far longer than usual" in house.progress(task) and house.box.task(task).slow
    posts = at_once(house.box.store.read(reads.pending_messages))
    (shown,) = [one.body["Progress"] for one in posts if one.target == "entry" and one.task_id == task]
    assert "far longer than usual (20 min)" in str(shown)
    house.start()
    house.let_pass(30 * HOUR)
    assert len(house.heard()) == 1
    house.box.succeed(task, "clip/clip_01", house.box.jobs(task)["clip/clip_01"].attempt)
    while house.box.task(task).status != Status.VIDEO_READY:
        house.box.make(task, house.box.ready(task)[0])
    assert "usual" not in house.progress(task) and not house.box.task(task).slow
    house.let_pass(10 * MINUTE)
    assert at_once(house.box.store.read(reads.open_alerts)) == ()
    house.box.approve(task, AT_GATE[Status.VIDEO_READY])
    house.let_pass(2 * HOUR)
    assert len(house.heard()) == 1  # another status has its own time


def test_a_job_that_is_tried_again_and_again_is_no_excuse(house: Slow) -> None:
    finished(house)
    task = house.filming()
    house.box.start(task, "clip/clip_02")
    house.let_pass(2 * HOUR, lambda: house.retry(task))
    assert len(house.heard()) == 1


def paused(house: Slow, task: str) -> None:
    house.box.apply(TaskPaused(house.box.clock.at, task, "later"))


def resumed(house: Slow, task: str) -> None:
    house.box.apply(TaskResumed(house.box.clock.at, task))


def held(house: Slow, task: str) -> None:
    at_once(house.box.ledger.suspend(Suspension(Cause.PERSON, "kie", detail="prices"), house.box.clock.at))


def released(house: Slow, task: str) -> None:
    at_once(house.box.ledger.release("kie", "", Cause.PERSON))


@pytest.mark.parametrize(("begin", "end"), [(paused, resumed), (held, released)])
def test_time_that_waits_for_something_known_does_not_count(
    house: Slow, begin: Callable[[Slow, str], None], end: Callable[[Slow, str], None]
) -> None:
    finished(house)
    task = house.filming()
    begin(house, task)
    house.let_pass(10 * HOUR)
    assert house.heard() == []
    end(house, task)
    house.box.start(task, "clip/clip_01")
    house.start()
    house.let_pass(56 * MINUTE)
    assert house.heard() == []
    house.let_pass(20 * MINUTE)
    assert len(house.heard()) == 1


def test_reviews_errors_and_the_queue_are_never_slow(house: Slow) -> None:
    house.box.bring_to(house.box.queue("Bears"), Status.ASSETS_READY)
    broken = house.filming("Owls", "deep_sea")
    house.box.fail(broken, "clip/clip_01", Kind.INPUT)
    house.box.queue("Waits")
    house.let_pass(40 * HOUR)
    assert house.heard() == []


def test_a_restart_begins_nothing_again_and_a_long_absence_does(house: Slow) -> None:
    finished(house)
    task = house.filming()
    house.box.start(task, "clip/clip_01")
    house.let_pass(40 * MINUTE)
    house.start()
    house.let_pass(40 * MINUTE)
    assert len(house.heard()) == 1
    other = house.filming("Owls")
    house.box.start(other, "clip/clip_01")
    house.let_pass(40 * MINUTE)
    house.box.clock.at += 8 * HOUR
    house.start()
    house.let_pass(40 * MINUTE)
    assert len(house.heard()) == 1
    house.let_pass(40 * MINUTE)
    assert len(house.heard()) == 2


def test_people_who_know_that_nothing_ends_in_it_hear_it_once(house: Slow) -> None:
    finished(house)
    task = house.filming()
    house.box.start(task, "clip/clip_01")
    at_once(house.box.ledger.alert(f"stuck:{task}:1", "Bears is stuck", house.box.clock.at))
    house.let_pass(3 * HOUR)
    assert house.heard() == [] and "far longer than usual" in house.progress(task)


def test_a_channel_has_its_own_usual_time_where_it_has_enough_films() -> None:
    assert usual_ms(Status.UPLOADING, [1, 2, 3, 4, 5], [9] * 20) == 3
    assert usual_ms(Status.UPLOADING, [1, 2, 3, 4], [9] * 20) == 9
    assert usual_ms(Status.UPLOADING, [], [1, 2]) == HOUR
    assert usual_ms(Status.GENERATING_VIDEO, [], []) == 4 * HOUR


def test_nonsense_that_is_kept_begins_the_watch_again() -> None:
    for kept in (None, 7, [], {"excused": 3}, {"excused": {"t": "x"}, "at": "never"}):
        assert Watched.of(kept).looked(10, ["t"], []) == Watched(10, 10, {})
    one = Watched(100, 50, {"t": 70, "gone": 60})
    assert Watched.of(one.plain()) == one
    assert one.looked(100 + GAP_MS, ["t"], ["u"]) == Watched(100 + GAP_MS, 50, {"t": 70, "u": 100 + GAP_MS})
