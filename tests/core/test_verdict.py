"""YouTube's verdict after the upload: what its answer means, when it is looked again, and what a bad one does."""

import pytest

from tests.core.book import Book
from videod.core.events import EntryQueued, VideoLooked
from videod.core.model import Priority
from videod.core.ops import Alert, Decision
from videod.core.statuses import JobState, Status
from videod.core.verdict import AGES_MS, LATER_MS, MISSED, Found, Verdict, next_look, read, sentence

DAY = 86_400_000


def video(status: object, processing: object = None) -> dict[str, object]:
    return {"id": "v", "status": status, "processingDetails": processing}


@pytest.mark.fault("4.5")
@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (video({"uploadStatus": "uploaded"}, {"processingStatus": "processing"}), Found(Verdict.PENDING)),
        (video({"uploadStatus": "processed"}, {"processingStatus": "succeeded"}), Found(Verdict.PROCESSED)),
        (video({"uploadStatus": "rejected", "rejectionReason": "duplicate"}), Found(Verdict.REJECTED, "duplicate")),
        (video({"uploadStatus": "rejected"}), Found(Verdict.REJECTED)),
        (video({"uploadStatus": "failed", "failureReason": "codec"}), Found(Verdict.FAILED, "codec")),
        (video({"uploadStatus": "deleted"}), Found(Verdict.GONE, "deleted")),
        (video({"uploadStatus": "uploaded"}, {"processingStatus": "terminated"}), Found(Verdict.FAILED)),
        (
            video({"uploadStatus": "uploaded"}, {"processingStatus": "failed", "processingFailureReason": "other"}),
            Found(Verdict.FAILED, "other"),
        ),
        (None, Found(Verdict.GONE)),
    ],
)
def test_an_answer_of_youtube_is_a_verdict(answer: dict[str, object] | None, found: Found) -> None:
    assert read(answer) == found


@pytest.mark.fault("4.5")
@pytest.mark.parametrize(
    "odd", [{}, video(None), video([]), video({"uploadStatus": 7}), video({"uploadStatus": "new"})]
)
def test_what_nobody_knows_is_no_verdict(odd: dict[str, object]) -> None:
    assert read(odd) == Found(Verdict.PENDING)


@pytest.mark.fault("4.5")
def test_the_looks_back_off_and_come_to_an_end() -> None:
    assert list(AGES_MS) == sorted(AGES_MS) and AGES_MS[-1] == 7 * DAY and len(AGES_MS) < 20
    at, looks = 0, 0
    while (following := next_look(0, at, processed=False)) is not None:
        at, looks = following, looks + 1
    assert (at, looks) == (7 * DAY, len(AGES_MS))
    assert next_look(0, 60_000, processed=True) == LATER_MS[0]
    assert next_look(0, LATER_MS[-1], processed=True) is None


@pytest.fixture
def paper() -> Book:
    made = Book()
    made.queue()
    made.run()
    assert (made.one.status, made.one.verdict) == (Status.PUBLISHED, "pending")
    return made


def look(paper: Book, verdict: Verdict, reason: str = "") -> Decision:
    assert paper.one.verdict_due is not None
    paper.at = max(paper.at, paper.one.verdict_due)
    return paper.apply(VideoLooked(paper.now(), paper.one.id, verdict.value, reason))


def alerts(decision: Decision) -> list[str]:
    return [op.text for op in decision.ops if isinstance(op, Alert)]


@pytest.mark.fault("4.5")
def test_a_processed_film_is_looked_at_a_few_times_more_and_then_left_alone(paper: Book) -> None:
    looks = 0
    while paper.one.verdict_due is not None:
        decision = look(paper, Verdict.PROCESSED)
        looks += 1
        assert alerts(decision) == [] and paper.one.status is Status.PUBLISHED
    assert (looks, paper.one.verdict) == (1 + len(LATER_MS), "processed")
    assert not paper.apply(VideoLooked(paper.now(), paper.one.id, "rejected", "late")).accepted


@pytest.mark.fault("4.5")
@pytest.mark.parametrize("reason", ["duplicate", "termsOfUse", "copyright", "somethingNew", ""])
@pytest.mark.parametrize("late", [False, True])
def test_a_rejection_is_reported_and_shown_at_once(paper: Book, reason: str, late: bool) -> None:
    look(paper, Verdict.PROCESSED if late else Verdict.PENDING)
    decision = look(paper, Verdict.REJECTED, reason)
    assert (paper.one.status, paper.one.verdict, paper.one.verdict_due) == (Status.ERROR_UPLOAD, "rejected", None)
    (text,) = alerts(decision)
    assert text.count("YouTube rejected the film after the upload") == 1 and reason in text
    assert "YouTube Studio" in text and "https://youtu.be/v" in text
    assert paper.jobs["cleanup/workspace"].state is JobState.WAITING, "its files stay for another try"


@pytest.mark.fault("4.5")
def test_another_try_uploads_to_a_place_of_its_own_and_is_watched_again(paper: Book) -> None:
    look(paper, Verdict.FAILED, "codec")
    task = paper.one
    again = EntryQueued(
        paper.now(), "page", task.channel_id, task.title, task.topic, task.direction, Priority.NORMAL, None
    )
    paper.apply(again)
    assert paper.ready() == ["upload/film"] and paper.jobs["upload/film"].revision == 1
    paper.run()
    assert (paper.one.status, paper.one.verdict, paper.one.verdict_looks) == (Status.PUBLISHED, "pending", 0)
    assert paper.one.verdict_due is not None


@pytest.mark.fault("4.5")
def test_a_film_that_is_not_listed_yet_is_not_gone(paper: Book) -> None:
    for _ in range(MISSED - 1):
        assert alerts(look(paper, Verdict.GONE)) == []
        assert paper.one.status is Status.PUBLISHED
    assert "no longer lists the film" in alerts(look(paper, Verdict.GONE))[0]
    assert paper.one.status is Status.ERROR_UPLOAD


@pytest.mark.fault("4.5")
def test_a_film_that_vanishes_after_it_was_processed_is_reported_at_once(paper: Book) -> None:
    look(paper, Verdict.PROCESSED)
    assert len(alerts(look(paper, Verdict.GONE))) == 1


@pytest.mark.fault("4.5")
def test_a_film_that_is_never_processed_is_reported_after_a_week(paper: Book) -> None:
    told = []
    while paper.one.verdict_due is not None:
        told += alerts(look(paper, Verdict.PENDING))
    assert len(told) == 1 and "has not finished processing the film after a week" in told[0]
    assert (paper.one.status, paper.one.verdict) == (Status.PUBLISHED, "overdue")


@pytest.mark.fault("4.5")
def test_what_a_custom_script_uploaded_is_not_watched(paper: Book) -> None:
    look(paper, Verdict.UNWATCHED)
    assert (paper.one.status, paper.one.verdict_due) == (Status.PUBLISHED, None)


def test_every_bad_verdict_is_a_sentence() -> None:
    assert sentence(Found(Verdict.REJECTED, "duplicate")).endswith("it is a duplicate of another video (duplicate)")
    assert sentence(Found(Verdict.FAILED)) == "YouTube could not process the film"
