"""What quietly goes wrong reaches people once an occurrence and stands in `status` while it lasts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, StudioBox, at_once
from videod.core.events import JobFailed, ServiceFreed, TaskPaused
from videod.core.failures import Failure, Kind
from videod.core.statuses import AT_GATE, Status
from videod.core.suspension import Cause, Suspension
from videod.core.tables import STEPS
from videod.daemon.attention import LOOK_S, AttentionWatch, Rules
from videod.store import reads, views

RULES = Rules(12 * HOUR, 24 * HOUR, lambda step: STEPS[step].deadline_s * 1000)


class Watched:
    """A studio with its watch; `wait` lets time pass with a look every minute."""

    def __init__(self, state: Path) -> None:
        self.box = StudioBox(state)
        self.start()

    def start(self) -> None:
        """A new daemon on the same database."""
        self.watch = AttentionWatch(self.box.store, self.box.ledger, self.box.clock, lambda _: True, RULES)  # type: ignore[arg-type]

    def let_pass(self, ms: int) -> None:
        step = int(LOOK_S * 1000) if ms < 6 * HOUR else 4 * MINUTE  # a slow daemon's looks over days
        for _ in range(0, ms, step):
            at_once(self.watch.look())
            self.box.clock.at += step

    def heard(self, word: str = "") -> list[str]:
        """The texts posted so far that hold `word`."""
        posts = at_once(self.box.store.read(reads.pending_messages))
        texts = [str(one.body["text"]) for one in posts if one.target == "alert"]
        return [text for text in texts if word in text]

    def problems(self) -> tuple[str, ...]:
        return at_once(self.box.store.read(views.problems))

    def filming(self, title: str = "Bears") -> str:
        """An episode whose clips may start and nothing else."""
        task = self.box.bring_to(self.box.queue(title), Status.ASSETS_APPROVED)
        while made := [one for one in self.box.ready(task) if not one.startswith("clip/")]:
            self.box.make(task, made[0], 1000)
        return task

    def clip(self, task: str) -> str:
        return next(one for one in self.box.ready(task) if one.startswith("clip/"))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.box.close()


# ------------------------------------------------------------------------------------------- reviews


@pytest.mark.fault("7.4")
def test_waiting_reviews_come_as_one_message_and_again_only_with_a_new_one(house: Watched) -> None:
    house.box.bring_to(house.box.queue("Bears"), Status.ASSETS_READY)
    house.let_pass(6 * HOUR)
    second = house.box.bring_to(house.box.queue("Owls", "deep_sea"), Status.ASSETS_READY)
    assert house.heard() == []
    house.let_pass(7 * HOUR)
    (text,) = house.heard()
    assert "2 reviews wait for you:" in text and "Bears (wild_earth" in text and "Owls (deep_sea" in text
    assert "approving costs $1.40" in text
    house.let_pass(30 * HOUR)
    house.start()
    house.let_pass(30 * HOUR)
    assert len(house.heard()) == 1
    house.box.approve(second, AT_GATE[Status.ASSETS_READY])
    house.box.bring_to(second, Status.VIDEO_READY)
    house.let_pass(11 * HOUR)
    assert len(house.heard("review")) == 1
    house.let_pass(2 * HOUR)
    assert len(house.heard("review")) == 2 and "video review" in house.heard("review")[1]


@pytest.mark.fault("7.4")
def test_stopped_and_paused_episodes_and_unconfirmed_purchases_are_in_the_same_message(house: Watched) -> None:
    stopped, doubtful = house.filming("Ants"), house.filming("Fish")
    house.box.fail(stopped, house.clip(stopped), Kind.INPUT, "the picture is refused")
    house.box.fail(doubtful, house.clip(doubtful), Kind.IN_DOUBT, "the answer was lost")
    paused_one = house.filming("Bees")
    house.let_pass(2 * HOUR)
    house.box.apply(TaskPaused(house.box.clock.at, paused_one, "prices changed"))
    house.let_pass(11 * HOUR)
    (text,) = house.heard("wait for you")
    assert text.startswith("1 unconfirmed purchase, 1 stopped episode and 1 paused episode wait for you:")
    lines = {one.partition(", ")[2].partition(")")[0]: one for one in text.splitlines() if one.startswith("- ")}
    assert "buying it once more costs $0.35" in lines[doubtful] and "https://www.notion.so/" in lines[doubtful]
    assert "paused (prices changed) for 9 h 52 min" in lines[paused_one]
    assert "retrying costs $0.35" in lines[stopped]
    house.let_pass(30 * HOUR)
    assert len(house.heard("wait for you")) == 1


# ------------------------------------------------------------------------------------------- stuck


def looked_at(house: Watched) -> None:
    """The watch has looked for longer than it needs to believe its eyes."""
    house.let_pass(5 * MINUTE)


@pytest.mark.fault("7.4")
def test_a_job_that_never_ends_is_reported_once_shown_and_over_with_the_next_end(house: Watched) -> None:
    task = house.filming()
    looked_at(house)
    clip = house.clip(task)
    attempt = house.box.start(task, clip)
    house.let_pass(85 * MINUTE)
    assert house.heard() == [] and house.problems() == ()  # three times the half hour that a clip may take
    house.let_pass(10 * MINUTE)
    (text,) = house.heard("is stuck")
    assert "Bears (wild_earth)" in text and clip in text and f"`videod why {task}`" in text
    assert [one for one in house.problems() if "is stuck" in one]
    house.start()  # a restart neither repeats it nor takes it for over
    house.let_pass(MINUTE)
    assert [one for one in house.problems() if "is stuck" in one]
    house.let_pass(3 * HOUR)
    assert len(house.heard("is stuck")) == 1 and house.problems()
    house.box.succeed(task, clip, attempt)
    house.let_pass(2 * MINUTE)
    assert house.problems() == ()
    house.box.start(task, house.clip(task))
    house.let_pass(3 * HOUR)
    assert len(house.heard("is stuck")) == 2


@pytest.mark.fault("7.4")
def test_the_usual_time_is_that_of_the_last_finished_attempts_where_there_are_five(house: Watched) -> None:
    for title in ("One", "Two"):
        task = house.box.bring_to(house.box.queue(title), Status.ASSETS_APPROVED)
        while house.box.task(task).status != Status.VIDEO_READY:
            name = house.box.ready(task)[0]
            house.box.make(task, name, 4 * MINUTE if name.startswith("clip/") else 1000)
        house.box.cancel(task)
    task = house.filming()
    looked_at(house)
    house.box.start(task, house.clip(task))
    house.let_pass(29 * MINUTE)
    assert house.heard() == []
    house.let_pass(3 * MINUTE)  # three times four minutes, at least half an hour
    assert len(house.heard("is stuck")) == 1 and "usually 4 min each" in house.heard()[0]


def paused(house: Watched, task: str) -> None:
    at_once(house.box.ledger.suspend(Suspension(Cause.PERSON, "kie", detail="prices changed"), house.box.clock.at))


def retried(house: Watched, task: str) -> None:
    for clip in [one for one in house.box.ready(task) if one.startswith("clip/")]:
        house.box.fail(task, clip, Kind.DOWN, "no answer", retry_after_ms=20 * HOUR)


def at_review(house: Watched, task: str) -> None:
    house.box.bring_to(task, Status.VIDEO_READY)


def others_turn(house: Watched, task: str) -> None:
    other = house.box.bring_to(house.box.queue("Owls", "deep_sea"), Status.ASSETS_APPROVED)
    while made := [one for one in house.box.ready(other) if not one.startswith("clip/")]:
        house.box.make(other, made[0], 1000)
    house.box.start(other, next(one for one in house.box.ready(other) if one.startswith("clip/")))


@pytest.mark.fault("7.4")
@pytest.mark.parametrize("why", [paused, retried, at_review, others_turn])
def test_an_episode_that_waits_for_something_that_is_named_is_not_stuck(
    house: Watched, why: Callable[[Watched, str], None]
) -> None:
    task = house.filming()
    looked_at(house)
    why(house, task)
    house.let_pass(10 * HOUR)
    assert not house.heard("Bears (wild_earth) is stuck")


@pytest.mark.fault("7.4")
def test_a_pause_that_ended_and_a_host_that_slept_begin_the_time_again(house: Watched) -> None:
    task = house.filming()
    looked_at(house)
    paused(house, task)
    house.let_pass(10 * HOUR)
    at_once(house.box.ledger.release("kie", "", Cause.PERSON))
    house.let_pass(85 * MINUTE)
    house.box.clock.at += 10 * HOUR
    house.let_pass(85 * MINUTE)
    assert house.heard() == []
    house.let_pass(10 * MINUTE)
    assert len(house.heard("is stuck")) == 1


@pytest.mark.fault("7.4")
def test_a_service_that_is_only_ever_busy_is_no_progress(house: Watched) -> None:
    task = house.filming()
    looked_at(house)
    for _ in range(2 * 60):
        for clip in [one for one in house.box.ready(task) if one.startswith("clip/")]:
            attempt = house.box.start(task, clip)
            busy = Failure(Kind.BUSY, "429", "kie", retry_after_ms=30_000)
            house.box.apply(JobFailed(house.box.clock.at, task, clip, attempt, busy, 0.5, "", 69))
        house.let_pass(MINUTE)
    assert len(house.heard("is stuck")) == 1


# ------------------------------------------------------------------------------------------- the queue, a refused key


@pytest.mark.fault("7.4")
def test_a_lopsided_queue_is_reported_once_shown_and_told_again_when_it_comes_again(house: Watched) -> None:
    behind = house.box.queue("Owls", "deep_sea")
    many = [house.box.queue(f"Bears {n}") for n in range(9)]
    house.let_pass(23 * HOUR)
    assert house.heard() == [] and house.problems() == ()
    house.let_pass(2 * HOUR)
    assert len(house.heard()) == 1 and "wild_earth holds 9 of 10 queued entries" in house.problems()[0]
    house.start()
    house.box.cancel(many.pop())
    house.let_pass(10 * MINUTE)
    assert len(house.heard()) == 1 and "8 of 9" in house.problems()[0]
    house.box.start(behind, "plan/plan")
    house.let_pass(2 * MINUTE)
    assert house.problems() == ()
    house.box.queue("Fish", "deep_sea")
    house.let_pass(25 * HOUR)
    assert len(house.heard("queued entries")) == 2


@pytest.mark.fault("7.4")
def test_a_channel_that_waits_for_something_named_is_left_out_of_the_queue(house: Watched) -> None:
    house.box.queue("Owls", "deep_sea")
    for number in range(9):
        house.box.queue(f"Bears {number}")
    at_once(house.box.ledger.suspend(Suspension(Cause.PERSON, "*", "deep_sea", detail="holiday"), house.box.clock.at))
    house.let_pass(30 * HOUR)
    assert house.heard() == [] and house.problems() == ()


@pytest.mark.fault("7.4")
def test_a_key_that_stays_refused_rings_again_after_a_day_though_no_job_meets_it(house: Watched) -> None:
    task = house.filming()
    clip = house.clip(task)
    house.box.fail(task, clip, Kind.CREDENTIALS, "401 the key is unknown")
    house.let_pass(23 * HOUR)
    assert len(house.heard()) == 1
    house.let_pass(2 * HOUR)
    assert len(house.heard()) == 2 and "kie is still paused since 2026-11-21 " in house.heard()[1]
    house.let_pass(23 * HOUR)
    house.let_pass(24 * HOUR)
    rung = len(house.heard("still paused"))
    at_once(house.box.ledger.release("kie", "", Cause.QUOTA))
    house.box.apply(ServiceFreed(house.box.clock.at, task, "kie"))
    house.box.make(task, clip)
    house.let_pass(30 * HOUR)
    assert len(house.heard("still paused")) == rung == 2


# ------------------------------------------------------------------------------------------- too many requests


@pytest.mark.fault("7.4")
def test_a_service_that_refuses_requests_although_its_limit_is_kept_is_reported_once_an_occurrence(
    house: Watched,
) -> None:
    task = house.filming()

    def refused(times: int) -> None:
        clip = house.clip(task)
        for _ in range(times):
            attempt = house.box.start(task, clip)
            busy = Failure(Kind.BUSY, "429", "kie", retry_after_ms=30_000)
            house.box.apply(JobFailed(house.box.clock.at, task, clip, attempt, busy, 0.5, "", 69))
            house.let_pass(MINUTE)

    refused(9)
    assert house.heard() == []
    house.let_pass(HOUR)
    refused(12)
    (text,) = house.heard("too many")
    assert "kie refused 10 requests" in text and "[services.kie]" in text and "limit:kie" not in text
    assert any("kie refused 12 requests" in line for line in house.problems())
    house.let_pass(HOUR)
    assert not [one for one in at_once(house.box.store.read(reads.open_alerts)) if one.key.startswith("limit:")]
    assert not any("kie refused" in line for line in house.problems())
    refused(12)
    assert len(house.heard("too many")) == 2
