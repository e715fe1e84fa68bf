"""People are reported a cause once while it lasts, and its next occurrence again: what the ledger posts, event by
event."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, StudioBox, at_once
from videod.core.breaker import Breaker
from videod.core.events import EntryQueued, JobFailed, JobSubmitted, ServiceFreed
from videod.core.failures import Failure, Kind
from videod.core.model import Priority
from videod.core.statuses import Status
from videod.core.told import DISK_ALERT
from videod.flow.crashes import Crashes, Place
from videod.store import reads, writes


@pytest.fixture
def box(tmp_path: Path) -> Iterator[StudioBox]:
    one = StudioBox(tmp_path)
    yield one
    one.close()


def heard(box: StudioBox) -> list[str]:
    """The texts posted so far, the oldest first."""
    posts = at_once(box.store.read(reads.pending_messages))
    return [str(one.body["text"]) for one in posts if one.target == "alert"]


def narrating(box: StudioBox, title: str, channel: str = "wild_earth") -> str:
    return box.bring_to(box.queue(title, channel), Status.VIDEO_APPROVED)


def voices(box: StudioBox, task: str) -> list[str]:
    return [name for name in box.ready(task) if name.startswith("narration/")]


def fail_all(box: StudioBox, task: str, names: list[str], kind: Kind, message: str, **more: object) -> None:
    """All of them run at once, and each fails."""
    running = [(name, box.start(task, name)) for name in names]
    for name, attempt in running:
        box.clock.at += 1000
        failure = Failure(kind, message.replace("#", name[-2:]), box.jobs(task)[name].service, **more)  # type: ignore[arg-type]
        box.apply(JobFailed(box.clock.at, task, name, attempt, failure, 0.5, "", 78))


def queue_again(box: StudioBox, task: str) -> None:
    box.clock.at += 1000
    one = box.task(task)
    again = EntryQueued(
        box.clock.at, one.page_id, one.channel_id, one.title, one.topic, one.direction, Priority.NORMAL, None
    )
    box.apply(again)
    box.clock.at += 1000


@pytest.mark.fault("7.4")
@pytest.mark.parametrize("kind", [Kind.CONFIGURATION, Kind.USAGE, Kind.INPUT, Kind.REFUSED, Kind.IN_DOUBT], ids=str)
def test_a_step_that_fails_in_every_job_is_one_message(box: StudioBox, kind: Kind) -> None:
    task = narrating(box, "Bears")
    names = voices(box, task)
    fail_all(box, task, names, kind, "voice no such voice was not found (job #)", code="voice_not_found")
    assert len(names) == 4 and len(heard(box)) == 1


@pytest.mark.fault("7.4")
def test_a_wrong_voice_is_given_once_for_all_episodes_and_again_after_a_person_tried(box: StudioBox) -> None:
    first, second, other = narrating(box, "Bears"), narrating(box, "Owls"), narrating(box, "Fish", "deep_sea")
    for task in (first, second, other):
        fail_all(box, task, voices(box, task), Kind.CONFIGURATION, "voice was not found", code="voice_not_found")
        box.clock.at += HOUR
    texts = heard(box)
    assert len(texts) == 2  # one a channel: each has a voice of its own
    assert "`voice_id` in channels/wild_earth.yaml" in texts[0] and "channels/deep_sea.yaml" in texts[1]
    queue_again(box, first)
    fail_all(box, first, voices(box, first)[:1], Kind.CONFIGURATION, "voice was not found", code="voice_not_found")
    assert len(heard(box)) == 3


@pytest.mark.fault("7.4")
def test_credit_that_runs_out_again_after_it_was_bought_rings_again_within_the_hour(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    for name in [one for one in box.ready(task) if one.startswith("composite/")]:
        box.make(task, name, 1000)
    clips = [one for one in box.ready(task) if one.startswith("clip/")]
    early = box.start(task, clips[0])
    box.clock.at += 1000
    fail_all(box, task, clips[1:3], Kind.QUOTA, "402 insufficient credits")
    assert len(heard(box)) == 1
    box.succeed(task, clips[0], early)  # it was bought before the credit ran out: that says nothing
    box.clock.at += HOUR
    fail_all(box, task, clips[1:2], Kind.QUOTA, "402 insufficient credits")
    assert len(heard(box)) == 1  # still the same shortage
    box.apply(ServiceFreed(box.clock.at, task, "kie"))
    box.make(task, clips[1], MINUTE)  # credit was bought
    fail_all(box, task, clips[2:3], Kind.QUOTA, "402 insufficient credits")
    assert len(heard(box)) == 2


@pytest.mark.fault("7.4")
def test_a_cause_that_lasts_rings_once_more_after_a_day(box: StudioBox) -> None:
    task = box.queue("Bears")
    for _ in range(30):
        fail_all(box, task, ["plan/plan"], Kind.QUOTA, "daily limit")
        box.clock.at += HOUR
    assert len(heard(box)) == 2


@pytest.mark.fault("7.4")
def test_a_full_disk_that_fills_again_rings_again(box: StudioBox) -> None:
    for minute in (0, 10, 20):
        at_once(box.ledger.alert(DISK_ALERT, "the disk is full", box.clock.at + minute * MINUTE))
    assert len(heard(box)) == 1
    at_once(box.ledger.alert_over(DISK_ALERT, box.clock.at + 30 * MINUTE))
    at_once(box.ledger.alert(DISK_ALERT, "the disk is full", box.clock.at + 40 * MINUTE))
    assert len(heard(box)) == 2


@pytest.mark.fault("7.4")
def test_a_key_accepted_in_one_channel_ends_nothing_of_anothers_consent(box: StudioBox) -> None:
    tasks = [
        box.bring_to(box.queue(f"Film {name}", name), Status.FINAL_APPROVED) for name in ("wild_earth", "deep_sea")
    ]
    for task in tasks:
        fail_all(box, task, box.ready(task)[:1], Kind.CREDENTIALS, "invalid_grant")
    assert len(heard(box)) == 2
    box.clock.at += MINUTE
    box.make(tasks[1], box.ready(tasks[1])[0])
    third = box.bring_to(box.queue("Third"), Status.FINAL_APPROVED)
    fail_all(box, third, box.ready(third)[:1], Kind.CREDENTIALS, "invalid_grant")
    assert len(heard(box)) == 2


@pytest.mark.fault("7.4")
def test_an_outage_is_over_with_any_sign_of_life_and_the_next_one_is_reported_again(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    while made := [one for one in box.ready(task) if not one.startswith("clip/")]:
        box.make(task, made[0], 1000)
    asking = box.start(task, box.ready(task)[0])  # it was on its way before the outage
    clip = next(one for one in box.jobs(task).values() if one.attempt == asking).name
    for told in (1, 2):
        service = Breaker("kie", 5, "other", box.clock.at, box.clock.at, 3)
        at_once(box.store.write(lambda tx, one=service: writes.save_breaker(tx, one)))
        other = next(one for one in box.ready(task) if one.startswith("clip/"))
        attempt = box.start(task, other)
        box.clock.at += HOUR
        box.apply(JobFailed(box.clock.at, task, other, attempt, Failure(Kind.DOWN, "no answer", "kie"), 0.5, "", 69))
        assert len(heard(box)) == told
        box.clock.at += MINUTE
        box.apply(JobSubmitted(box.clock.at, task, clip, asking, f"order-{told}"))
        box.clock.at += HOUR


@pytest.mark.fault("7.4")
def test_a_job_that_cannot_be_booked_is_reported_by_each_process_that_meets_it(box: StudioBox) -> None:
    task = box.queue("Bears")
    place = Place("runner", task, "wild_earth", "plan/plan")
    for told in (1, 2):
        crashes = Crashes(box.ledger, box.clock, box, str)  # type: ignore[arg-type]
        at_once(crashes._leave_alone(place, Failure(Kind.BUG, "videod itself failed")))
        assert len(heard(box)) == told
        box.clock.at += MINUTE


@pytest.mark.fault("7.4")
def test_an_outage_that_a_person_asked_about_is_reported_again_when_it_continues(box: StudioBox) -> None:
    at_once(box.ledger.alert("kie:down", "kie has not answered", box.clock.at, ends="down kie"))
    at_once(box.ledger.alert("kie:down", "kie has not answered", box.clock.at + HOUR, ends="down kie"))
    assert len(heard(box)) == 1
    at_once(box.ledger.ask_at_once("kie", box.clock.at + HOUR))
    at_once(box.ledger.alert("kie:down", "kie has not answered", box.clock.at + 2 * HOUR, ends="down kie"))
    assert len(heard(box)) == 2
