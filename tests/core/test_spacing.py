"""The channel's own limits of uploads: what waits, how long, and what people read of it."""

from dataclasses import replace

import pytest

from tests.core.book import Book
from tests.harness.world import policy
from videod.core import wording
from videod.core.board import entry_view
from videod.core.days import Span
from videod.core.events import EntryWaits
from videod.core.moments import clock, iso
from videod.core.outlook import OF_CHANNEL, Awaited, Verb, actions, awaited
from videod.core.spacing import Uploads, limited, wait
from videod.core.suspension import Cause, Suspension

HOUR_MS = 3_600_000
TODAY = Span(0, 24 * HOUR_MS)
SPACED = policy(upload_spacing_ms=6 * HOUR_MS)
DAILY = policy(uploads_per_day=2)
BOTH = replace(SPACED, uploads_per_day=2)


@pytest.mark.parametrize(
    ("given", "seen", "cause", "until_h"),
    [
        (SPACED, Uploads(TODAY), None, None),
        (SPACED, Uploads(TODAY, last=10 * HOUR_MS), Cause.SPACING, 16),
        (SPACED, Uploads(TODAY, last=6 * HOUR_MS), None, None),
        (SPACED, Uploads(TODAY, last=300 * HOUR_MS), Cause.SPACING, 18),  # by a clock that was wrong
        (DAILY, Uploads(TODAY, last=10 * HOUR_MS, count=1), None, None),
        (DAILY, Uploads(TODAY, last=10 * HOUR_MS, count=2), Cause.UPLOADS, 24),
        (BOTH, Uploads(TODAY, last=10 * HOUR_MS, count=2), Cause.UPLOADS, 24),
        (BOTH, Uploads(TODAY, last=10 * HOUR_MS, count=1), Cause.SPACING, 16),
        (policy(), Uploads(TODAY, last=12 * HOUR_MS, count=50), None, None),
    ],
)  # fmt: skip
def test_an_upload_waits_for_the_longer_of_its_channels_limits(
    given: object, seen: Uploads, cause: Cause | None, until_h: int | None
) -> None:
    found = wait(given, "youtube", seen, 12 * HOUR_MS)  # type: ignore[arg-type]
    assert (found and found.cause) == cause
    assert found is None or (found.until_ms, found.channel_id) == ((until_h or 0) * HOUR_MS, "wild")
    assert limited(given) is (given != policy())  # type: ignore[arg-type]


def test_the_board_says_why_an_upload_waits_and_when_it_continues() -> None:
    book = Book()
    book.queue()
    assert book.task is not None
    until = book.at + 6 * HOUR_MS
    held = Suspension(Cause.SPACING, "youtube", "wild", until, amount=6 * HOUR_MS)
    book.apply(EntryWaits(book.at, book.task.id, held))
    shown = entry_view(replace(book.task, admitted=True), tuple(book.jobs.values()), 4)
    said = "waiting for youtube: wild publishes at most one film every 6 h (upload_spacing_h), resumes at"
    assert f"{said} {clock(until)}" in str(shown["Progress"])
    assert shown["Next Retry"] == iso(until)
    assert "1 film was uploaded to wild today" in wording.reason(Suspension(Cause.UPLOADS, "youtube", "wild", amount=1))
    assert "one film every 1.5 h" in wording.reason(replace(held, amount=90 * 60_000))


def test_nobody_is_offered_to_resume_what_a_channels_file_says() -> None:
    book = Book()
    book.queue()
    assert book.task is not None
    held = Suspension(OF_CHANNEL[0], "*", "wild", book.at + HOUR_MS, amount=HOUR_MS)
    found = awaited(book.task, book.jobs.values(), [held], True, book.at)
    assert found.what is Awaited.SUSPENSION and wording.resume_command(held) is None
    offered = actions(book.task, tuple(book.jobs.values()), found, True)
    assert Verb.RESUME_SERVICE not in {one.verb for one in offered}
