import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.lib import failures as script_failures
from scripts.lib import script_runtime as script_events
from videod.core.failures import BY_EXIT_CODE, POLICY, Answer, Blame, Kind, classify, retry_delay_ms


def test_every_kind_has_a_policy() -> None:
    assert set(POLICY) == set(Kind)
    assert all(POLICY[kind].advice for kind in Kind if kind != Kind.INTERRUPTED)


@pytest.mark.parametrize(("code", "kind"), list(BY_EXIT_CODE.items()))
def test_sysexits_are_believed_whatever_the_text_says(code: int, kind: Kind) -> None:
    assert classify(code, "HTTP 429 too many requests") == kind


@pytest.mark.parametrize("number", ["401", "429", "503"])
def test_where_a_traceback_points_says_nothing_about_the_kind(number: str) -> None:
    text = f'Traceback (most recent call last):\n  File "/srv/films-{number}/own.py", line {number}, in <module>\n'
    assert classify(1, text + "RuntimeError: cannot go on") == Kind.BUG


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("OSError: [Errno 28] No space left on device", Kind.DISK),
        ("HTTP 429: Too Many Requests", Kind.BUSY),
        ("429 RESOURCE_EXHAUSTED quota 'Video Uploads per day'", Kind.QUOTA),
        ("Error: insufficient credits (402)", Kind.QUOTA),
        ("401 Unauthorized", Kind.CREDENTIALS),
        ("GEMINI_API_KEY not set: API key missing", Kind.CREDENTIALS),
        ("google: invalid_grant", Kind.CREDENTIALS),
        ("blocked by content policy", Kind.REFUSED),
        ("HTTP 503 Service Unavailable", Kind.DOWN),
        ("requests.exceptions.ConnectionError: Connection refused", Kind.DOWN),
        ("Read timed out.", Kind.DOWN),
        ("usage: x.py [-h]\nx.py: error: the following arguments are required: --output", Kind.USAGE),
        ("FileNotFoundError: no such file: seed.png", Kind.INPUT),
        ("Traceback ... ZeroDivisionError", Kind.BUG),
        ("ffmpeg: Cannot allocate memory", Kind.LOST),
        ("MemoryError", Kind.LOST),
        ("RuntimeError: can't start new thread", Kind.LOST),
        ("BlockingIOError: [Errno 11] Resource temporarily unavailable", Kind.LOST),
        ("", Kind.BUG),
    ],
)
def test_free_text_of_an_old_script_is_distinguished(text: str, kind: Kind) -> None:
    assert classify(1, text) == kind


def test_a_signal_means_lost() -> None:
    assert classify(-9, "anything") == Kind.LOST


@given(st.integers(-64, 255), st.text(max_size=200))
def test_every_exit_has_a_kind(code: int, text: str) -> None:
    assert classify(code, text) in Kind


WAITS = (60_000, 300_000, 900_000, 3_600_000)


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 4))
def test_a_wait_stays_within_its_jitter(u: float, attempts: int) -> None:
    delay = retry_delay_ms(attempts, WAITS, 0.1, u)
    assert delay is not None
    assert 0.9 * WAITS[attempts - 1] - 1 <= delay <= 1.1 * WAITS[attempts - 1] + 1


@pytest.mark.parametrize("attempts", [0, 5, 6])
def test_no_wait_is_left_after_the_last(attempts: int) -> None:
    assert retry_delay_ms(attempts, WAITS, 0.1, 0.5) is None


def test_only_what_a_person_must_fix_stops_at_once() -> None:
    stops = {kind for kind in Kind if POLICY[kind].answer == Answer.STOP}
    assert stops == {Kind.INPUT, Kind.USAGE, Kind.CONFIGURATION, Kind.BUDGET}


# ------------------------------------------------------------------------------------------- scripts and the daemon

#: kinds that only the daemon can find: no script reports them of itself
_OF_THE_DAEMON = {Kind.TIMEOUT, Kind.INTERRUPTED, Kind.LOST, Kind.BUDGET, Kind.BUG}
#: what an exit code alone cannot tell apart: such a script's word is needed, else the kind of the code counts
_NOT_BY_CODE = {Kind.REFUSED: Kind.INPUT, Kind.QUOTA: Kind.BUSY, Kind.IN_DOUBT: Kind.BUSY}


def test_a_script_reports_kinds_that_the_daemon_knows_and_no_others() -> None:
    assert {kind.value for kind in script_failures.Kind} == {kind.value for kind in Kind} - _OF_THE_DAEMON
    assert {kind.name for kind in script_failures.Kind} < {kind.name for kind in Kind}


@pytest.mark.parametrize("told", list(script_failures.Kind))
def test_a_kind_means_the_same_to_a_script_and_to_the_daemon(told: script_failures.Kind) -> None:
    meaning, kind = script_failures.MEANING[told], Kind(told.value)
    policy = POLICY[kind]
    assert meaning.blame.value == policy.blame.value
    assert BY_EXIT_CODE[meaning.exit_code] == _NOT_BY_CODE.get(kind, kind)
    assert kind in _NOT_BY_CODE or meaning.exit_code in policy.exit_codes
    # what passes within minutes is tried again without a person; what a script must not repeat is not repeated
    if meaning.passing:
        assert policy.answer in (Answer.AGAIN, Answer.AGAIN_FREE)
    if policy.answer in (Answer.STOP, Answer.REWORD, Answer.IN_DOUBT):
        assert not meaning.passing


def test_the_exit_code_of_a_bug_is_the_same_for_both() -> None:
    assert POLICY[Kind.BUG].exit_codes == (script_events.BUG,)


def test_both_lay_the_blame_in_the_same_words() -> None:
    assert [(one.name, one.value) for one in script_failures.Blame] == [(one.name, one.value) for one in Blame]


def test_an_exit_code_stands_for_one_kind() -> None:
    codes = [code for policy in POLICY.values() for code in policy.exit_codes]
    assert len(codes) == len(set(codes)) == len(BY_EXIT_CODE)


def test_only_a_service_that_does_not_work_counts_against_its_breaker() -> None:
    assert {kind for kind, policy in POLICY.items() if policy.blame is Blame.SERVICE} == {
        Kind.DOWN, Kind.TIMEOUT, Kind.NONSENSE
    }  # fmt: skip
    assert not [kind for kind, policy in POLICY.items() if policy.answered and policy.blame is Blame.SERVICE]
