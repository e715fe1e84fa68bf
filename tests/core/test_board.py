from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.core.book import Book
from tests.harness.world import policy
from videod.core.board import ERROR_LOG_CHARACTERS, entry_view, error_log, iso
from videod.core.failures import Failure, Kind


def view(book: Book) -> dict[str, object]:
    return entry_view(book.one, tuple(book.jobs.values()), 3)


def test_times_are_iso_in_utc() -> None:
    assert iso(1_795_000_000_000) == "2026-11-18T11:06:40Z"


def test_progress_counts_what_the_stage_makes() -> None:
    book = Book(policy=policy(auto_gates=frozenset()))
    book.queue()
    book.do("plan/plan")
    book.do("image/place_1")
    assert view(book)["Progress"] == "plan 1/1, images 1/3"


def test_a_retry_shows_when_and_which_of_how_many() -> None:
    book = Book()
    book.queue()
    book.start("plan/plan")
    book.fail("plan/plan", Kind.DOWN)
    shown = view(book)
    assert "Retry 1 of 3 at " in str(shown["Error Log"])
    assert shown["Next Retry"] == iso(book.jobs["plan/plan"].due_at)


def test_the_error_log_tells_where_what_and_what_to_do() -> None:
    book = Book()
    book.queue()
    book.start("plan/plan")
    failure = Failure(Kind.INPUT, "bad prompt", "gemini", "POST generateContent", 400, "INVALID_ARGUMENT", "req-7")
    job = replace(book.jobs["plan/plan"], failure=failure, ended_at=book.at)
    text = error_log(book.one, (job,), 3)
    for part in ("plan/plan", "gemini POST generateContent", "bad prompt", "HTTP 400", "req-7", "What to do:"):
        assert part in text


def test_a_published_entry_has_an_empty_error_log_and_its_url() -> None:
    book = Book()
    book.queue()
    book.run()
    shown = view(book)
    assert (shown["Status"], shown["Error Log"], shown["Next Retry"]) == ("Published", "", None)
    assert shown["YouTube URL"] == "https://youtu.be/v"


@given(st.text(max_size=6000))
def test_the_error_log_always_fits_one_text_of_notion(message: str) -> None:
    book = Book()
    book.queue()
    job = replace(book.jobs["plan/plan"], failure=Failure(Kind.BUG, message), ended_at=1)
    assert len(error_log(book.one, (job,), 3)) <= ERROR_LOG_CHARACTERS
