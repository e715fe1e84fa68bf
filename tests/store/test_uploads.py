"""What counts as an upload of a channel, from the ledger as it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, StudioBox, at_once
from videod.core.days import Calendar
from videod.core.events import VideoLooked
from videod.core.spacing import Uploads
from videod.core.statuses import Status
from videod.core.suspension import Cause, Suspension
from videod.core.verdict import Verdict
from videod.store import reads, uploads
from videod.store.calendar import calendar
from videod.web.requests import Refused, RequestHandler

CHANNEL = "wild_earth"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[StudioBox]:
    made = StudioBox(tmp_path)
    yield made
    made.close()


def seen(box: StudioBox, task: str = "another") -> Uploads:
    at = box.clock.at
    return at_once(box.store.read(lambda tx: uploads.seen(tx, "youtube", CHANNEL, task, at, 6 * HOUR)))


def test_a_published_film_counts_until_its_time_is_over(box: StudioBox) -> None:
    assert seen(box) == Uploads(seen(box).today)
    task = box.bring_to(box.queue("Film"), Status.PUBLISHED)
    ended = box.task(task).ended_at
    assert (seen(box).last, seen(box).count, seen(box).under_way) == (ended, 1, False)
    box.clock.at += 30 * HOUR
    assert (seen(box).last, seen(box).count) == (None, 0)


def test_a_film_that_youtube_rejected_was_an_upload_and_stays_one_when_it_is_cancelled(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Film"), Status.PUBLISHED)
    ended = box.task(task).ended_at
    box.clock.at += HOUR
    box.apply(VideoLooked(box.clock.at, task, Verdict.REJECTED.value, "copyright"))
    assert box.task(task).ended_at is None and seen(box).last == ended and seen(box).count == 1
    box.cancel(task)
    assert box.task(task).status == Status.CANCELLED and seen(box).last == ended


def test_an_upload_that_runs_goes_before_the_channels_others(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Film"), Status.FINAL_APPROVED)
    assert not seen(box).under_way
    box.start(task, "upload/film")
    assert seen(box).under_way and not seen(box, task).under_way


def test_a_limit_of_the_channels_file_is_ended_there_and_not_by_hand(box: StudioBox) -> None:
    held = Suspension(Cause.UPLOADS, "youtube", CHANNEL, box.clock.at + HOUR, box.clock.at, amount=1)
    at_once(box.ledger.suspend(held, box.clock.at))
    handler = RequestHandler(box.ledger, box.store, box.clock, "test")  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        at_once(handler.resume("youtube", CHANNEL))
    assert "uploads_per_day" in f"{refused.value} {refused.value.hint}"
    at = box.clock.at
    assert [one.cause for one in at_once(box.store.read(lambda tx: reads.suspensions(tx, at)))] == [Cause.UPLOADS]
    at_once(box.ledger.adopt_limits("UTC", at))
    assert at_once(box.store.read(lambda tx: reads.suspensions(tx, at))) == ()


def test_a_new_installation_begins_with_the_days_of_its_zone(box: StudioBox) -> None:
    at_once(box.ledger.adopt_limits("Asia/Tokyo", box.clock.at))
    assert at_once(box.store.read(calendar)) == Calendar("Asia/Tokyo")
    at_once(box.ledger.adopt_limits("Asia/Tokyo", box.clock.at + HOUR))
    assert at_once(box.store.read(calendar)) == Calendar("Asia/Tokyo")
    task = box.queue("Film")
    box.make(task, "plan/plan")
    at_once(box.ledger.adopt_limits("UTC", box.clock.at))
    today = Calendar("Asia/Tokyo").day(box.clock.at)
    assert at_once(box.store.read(calendar)) == Calendar("UTC", today.begin)
