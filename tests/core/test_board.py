import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.book import Book
from tests.harness.world import policy
from videod.core.advice import advice
from videod.core.board import ERROR_LOG_CHARACTERS, entry_view, error_log, iso
from videod.core.events import ServiceFreed
from videod.core.failures import POLICY, Failure, Kind
from videod.core.model import Job
from videod.core.moments import clock
from videod.core.ops import Alert, ShowEntry
from videod.core.statuses import ERRORS, JobState
from videod.core.tables import STEPS


def view(book: Book) -> dict[str, object]:
    return entry_view(book.one, tuple(book.jobs.values()), 3)


def test_times_are_iso_in_utc() -> None:
    assert iso(1_795_000_000_000) == "2026-11-18T11:06:40Z"


def test_progress_counts_what_the_stage_makes() -> None:
    book = Book(policy=policy(auto_gates=frozenset()))
    book.queue()
    book.do("plan/plan")
    book.do("image/place_1")
    assert view(book)["Progress"] == "plan 1/1, images 1/3, composites 0/2"


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


def said(book: Book) -> dict[str, object]:
    """What the last event told the board."""
    return {name: value for op in book.last.ops if isinstance(op, ShowEntry) for name, value in op.values.items()}


def stopped(kind: Kind, job: str = "plan/plan") -> Book:
    """A book whose `job` has just failed; a plan is done before where another job is meant."""
    book = Book()
    book.queue()
    if job != "plan/plan":
        book.do("plan/plan")
    book.start(job)
    book.fail(job, kind)
    return book


def test_the_next_retry_is_taken_off_the_board_when_it_begins() -> None:
    book = stopped(Kind.DOWN)
    book.start("plan/plan")
    assert said(book)["Next Retry"] is None


def test_a_used_up_quota_names_the_end_of_the_pause_as_its_next_retry() -> None:
    book = stopped(Kind.QUOTA)
    end = book.at + POLICY[Kind.QUOTA].wait_ms
    assert view(book)["Next Retry"] == iso(end)
    assert f"Resumes at {clock(end)}." in str(view(book)["Error Log"])


def test_a_freed_service_takes_its_refusal_off_the_board() -> None:
    book = stopped(Kind.CREDENTIALS)
    assert "put a valid key into KIE_API_KEY and restart videod" in str(view(book)["Error Log"])
    book.apply(ServiceFreed(book.now(), book.one.id, "gemini"))
    assert (view(book)["Error Log"], view(book)["Progress"], book.one.suspended) == ("", "plan 0/1", None)


def test_queueing_an_episode_whose_key_was_refused_says_what_to_do_first() -> None:
    book = stopped(Kind.CREDENTIALS)
    book.queue()
    text = '"Queued" was not taken: gemini refused the key KIE_API_KEY. It resumes where it stopped once that is fixed'
    assert str(view(book)["Error Log"]).startswith(text)


def test_spent_retries_promise_no_other_one() -> None:
    book = stopped(Kind.DOWN)
    assert "videod retries automatically" in str(view(book)["Error Log"])
    while book.one.status not in ERRORS:
        book.start("plan/plan")
        book.fail("plan/plan", Kind.DOWN)
    assert (
        f"Tried 4 times. What to do: videod has stopped trying. See `videod show {book.one.id}`, then set Queued"
        in str(view(book)["Error Log"])
    )


def test_a_refused_picture_shows_its_own_part_of_the_prompt() -> None:
    book = stopped(Kind.REFUSED, "image/bear_core")
    assert "nothing. videod rewords it and tries once more" in str(view(book)["Error Log"])
    book.start("image/bear_core")
    book.fail("image/bear_core", Kind.REFUSED)
    own = str(book.jobs["image/bear_core"].args["prompt"]).splitlines()[-1].rstrip(".")
    (alert,) = [op for op in book.last.ops if isinstance(op, Alert)]
    for text in (str(view(book)["Error Log"]), alert.text):
        assert f'Refused was: "{own}".' in text
        assert "set Queued to try once more" in text


def test_a_plan_that_stays_bad_sends_its_writer_to_the_story() -> None:
    assert "change the Topic or the Story Direction" in str(view(stopped(Kind.INPUT))["Error Log"])


def test_an_alert_names_title_channel_job_reason_and_where_to_look() -> None:
    (alert,) = [op for op in stopped(Kind.INPUT).last.ops if isinstance(op, Alert)]
    for part in ("The Crossing (wild), plan/plan: it went wrong.", "What to do:", "https://www.notion.so/page"):
        assert part in alert.text


@pytest.mark.fault("7.5")
def test_a_failed_job_that_runs_again_keeps_the_time_of_its_failure() -> None:
    book = stopped(Kind.DOWN)
    failed_at = clock(book.at)
    before = str(view(book)["Error Log"])
    book.start("plan/plan")
    text = str(view(book)["Error Log"])
    assert before.startswith(failed_at) and text.startswith(f"{failed_at} plan/plan (kie): it went wrong.")
    assert "It is being tried again now." in text and "1970-01-01 00:00" not in text
    book.at += 60_000
    book.fail("plan/plan", Kind.DOWN)
    assert str(view(book)["Error Log"]).startswith(clock(book.at)) and clock(book.at) != failed_at


@pytest.mark.fault("7.5")
@given(st.sampled_from(list(Kind)), st.booleans())
def test_no_failure_is_of_1970(kind: Kind, again: bool) -> None:
    book = stopped(kind)
    if again and book.jobs["plan/plan"].state == JobState.READY:
        book.start("plan/plan")
    assert "1970-01-01T00:00" not in str(view(book)["Error Log"])


#: what a person cannot act on
_VAGUE = re.compile(r"SERVICE|do that|that the message names|\bmend|\bTASK\b|\banew\b|the limit in|by itself")
_NAMED = re.compile(r"`[^`]+`|[A-Z]+_[A-Z_]+|Topic|Story Direction|[sS]et Queued|^nothing")


@pytest.mark.fault("7.6")
@pytest.mark.parametrize("state", [JobState.READY, JobState.FAILED, JobState.IN_DOUBT], ids=str)
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.INTERRUPTED], ids=str)
def test_every_advice_names_a_key_a_file_or_a_command(kind: Kind, state: JobState) -> None:
    for name, step in STEPS.items():
        for service in (None, step.service, "gemini", "r2"):
            job = Job("bears-1", "wild", name, "one", step.service, state)
            told = advice(job, Failure(kind, "it went wrong", service))
            assert _NAMED.search(told) and not _VAGUE.search(told), (name, service, told)
            assert not told.endswith(".")


@pytest.mark.fault("7.6")
@pytest.mark.parametrize(
    ("step", "service", "failure", "told"),
    [
        ("narration", "elevenlabs", Failure(Kind.CONFIGURATION, "x", code="voice_not_found"),
         "check `voice_id` in channels/wild.yaml, then set Queued"),
        ("narration", "elevenlabs", Failure(Kind.CONFIGURATION, "x", code="model_not_found"),
         "check `voice` in `[models]` of videod.toml, then set Queued"),
        ("clip", "kie", Failure(Kind.CONFIGURATION, "x"),
         "check `video` in `[models]` of videod.toml, then set Queued"),
        ("clip", "kie", Failure(Kind.CONFIGURATION, "x", "r2"),
         "check `account` and `bucket` in `[r2]` of videod.toml, then set Queued"),
        ("image", "gemini", Failure(Kind.CREDENTIALS, "x"), "put a valid key into GEMINI_API_KEY and restart videod"),
        ("upload", "youtube", Failure(Kind.CREDENTIALS, "x", "google"),
         "run `videod channels authorize wild`, then `videod resume youtube --channel wild`"),
        ("clip", "kie", Failure(Kind.QUOTA, "x"),
         "nothing. videod resumes automatically at that time. If credit is used up, buy some at KIE and run `videod"
         " resume kie`"),
        ("clip", "kie", Failure(Kind.BUDGET, "x"),
         "raise `episode_cap_usd` in channels/wild.yaml if the episode is worth it, then set Queued"),
    ],
)  # fmt: skip
def test_advice_is_about_exactly_that(step: str, service: str, failure: Failure, told: str) -> None:
    assert advice(Job("bears-1", "wild", step, "one", service, JobState.READY), failure) == told


@pytest.mark.fault("7.6")
def test_no_general_advice_is_vague() -> None:
    assert not [policy.advice for policy in POLICY.values() if _VAGUE.search(policy.advice)]
