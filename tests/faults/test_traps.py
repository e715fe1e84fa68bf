"""The traps of the services by name, from the wire through the real script to what the workflow does about it.

What other tests show at one end only is not repeated here: Notion's 503 that saved
(tests/adapters/test_notion_board.py),
clips that are broken on arrival (tests/scripts/test_generate_video.py).
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.campaigns.faulty import HTML, Faulty, Good, told
from tests.campaigns.http_cells import ENDPOINTS, Ran, Services, hurried, run, surroundings, tone
from tests.core.book import Book
from tests.harness.world import policy
from videod.core.events import JobFailed
from videod.core.failures import Failure, Kind
from videod.core.model import Job
from videod.core.ops import Suspend
from videod.core.statuses import JobState
from videod.core.suspension import Suspension

BY_NAME = {endpoint.name: endpoint for endpoint in ENDPOINTS}
JOBS = {"gemini image": "image/", "kie": "clip/", "elevenlabs speech": "narration/", "youtube": "upload/"}
DAY_MS = 25 * 3_600_000


@dataclass(frozen=True)
class Met:
    """What came of one broken answer: the script's run, the job before and after, and what was suspended."""

    ran: Ran
    before: Job
    after: Job
    suspended: tuple[Suspension, ...]
    at: int

    @property
    def kind(self) -> str:
        return self.ran.outcome

    @property
    def wait_ms(self) -> int:
        return self.after.due_at - self.at

    @property
    def suspended_ms(self) -> int | None:
        (one,) = self.suspended
        return None if one.until_ms is None else one.until_ms - self.at


def meet(row: str, answer: Good, folder: Path) -> Met:
    """Let the real script of `row` meet this answer, and the workflow the script's failure."""
    endpoint, services = BY_NAME[row], Services()
    server = Faulty(lambda asked: answer if f"{asked.method} {asked.path}" == endpoint.spot else services(asked))
    services.url = server.url
    try:
        with surroundings(server):
            ran = run(endpoint, folder)
    finally:
        server.close()
    return _consequence(row, ran)


def _consequence(row: str, ran: Ran) -> Met:
    paper = Book(policy=policy(rebuy_ceiling_micros=0))
    paper.queue()
    prefix = next(prefix for name, prefix in JOBS.items() if row.startswith(name))
    paper.do("plan/plan")
    name = next(name for name in paper.jobs if name.startswith(prefix))
    paper.run(until=name)
    paper.start(name)
    before, at, event = paper.jobs[name], paper.now(), ran.failure
    wait, status = event.get("retry_after_s"), event.get("http_status")
    failure = Failure(
        Kind(str(event["kind"])), str(event["message"]), str(event["service"]), str(event["endpoint"]),
        status if isinstance(status, int) else None, None if event["code"] is None else str(event["code"]),
        None, round(wait * 1000) if isinstance(wait, float | int) else None,
    )  # fmt: skip
    decision = paper.apply(JobFailed(at, paper.one.id, name, before.attempt, failure, 0.5))
    return Met(
        ran, before, paper.jobs[name], tuple(op.suspension for op in decision.ops if isinstance(op, Suspend)), at
    )


def unspent(met: Met) -> bool:
    """The job stands ready again and has spent nothing."""
    return met.after.state == JobState.READY and met.after.attempts == met.before.attempts


# ---------------------------------------------------------------------------------------------- KIE


def envelope(code: int, message: str) -> Good:
    return told({"code": code, "msg": message, "data": None})


def test_kies_busy_in_http_200_waits_and_spends_nothing(tmp_path: Path) -> None:
    met = meet("kie createTask", envelope(429, "Too many requests"), tmp_path)
    assert (met.kind, met.wait_ms, unspent(met), met.ran.paper) == ("busy", 10_000, True, None)


@pytest.mark.parametrize("code", [402, 433])
def test_kies_empty_purse_in_http_200_parks_the_service(tmp_path: Path, code: int) -> None:
    met = meet("kie createTask", envelope(code, "The account balance isn't enough"), tmp_path)
    assert (met.kind, unspent(met), met.suspended[0].service) == ("quota", True, "kie")


def test_kies_bad_key_in_http_200_parks_the_service_until_a_person_comes(tmp_path: Path) -> None:
    met = meet("kie createTask", envelope(401, "You do not have access permissions"), tmp_path)
    assert (met.kind, unspent(met), met.suspended_ms) == ("credentials", True, None)


def test_kies_maintenance_in_http_200_is_not_asked_again_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    met = meet("kie createTask", envelope(455, "maintenance"), tmp_path)
    assert (met.kind, met.wait_ms) == ("down", 900_000)


# ---------------------------------------------------------------------------------------------- Gemini


def blocked(value: dict[str, object]) -> Good:
    return told({"usageMetadata": {"promptTokenCount": 5}, **value})


def test_geminis_refused_prompt_in_http_200_is_worded_again_once(tmp_path: Path) -> None:
    met = meet("gemini image", blocked({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), tmp_path)
    assert (met.kind, met.after.reworded, met.after.state, met.ran.paper) == ("refused", True, JobState.READY, None)


def test_geminis_refused_picture_in_http_200_is_worded_again_once(tmp_path: Path) -> None:
    met = meet("gemini image", blocked({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}), tmp_path)
    assert (met.kind, met.after.reworded, met.after.state, met.ran.paper) == ("refused", True, JobState.READY, None)


def test_geminis_refusal_in_words_in_http_200_is_asked_twice_and_is_no_picture(tmp_path: Path) -> None:
    words = {"content": {"parts": [{"text": "I cannot draw that."}]}, "finishReason": "STOP"}
    met = meet("gemini image", blocked({"candidates": [words]}), tmp_path)
    assert (met.kind, met.after.state, met.ran.paper) == ("nonsense", JobState.READY, None)
    assert "I cannot draw that" in str(met.ran.failure["message"])


def test_geminis_bad_key_is_http_400_and_no_fault_of_the_entry(tmp_path: Path) -> None:
    error = {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT",
             "details": [{"reason": "API_KEY_INVALID"}]}  # fmt: skip
    met = meet("gemini image", told({"error": error}, 400), tmp_path)
    assert (met.kind, unspent(met), met.suspended_ms) == ("credentials", True, None)


def test_geminis_429_of_a_gateway_is_no_empty_purse(tmp_path: Path) -> None:
    met = meet("gemini image", Good(HTML, 429, "text/html"), tmp_path)
    assert (met.kind, met.wait_ms, unspent(met), met.suspended) == ("busy", 60_000, True, ())


# ---------------------------------------------------------------------------------------------- ElevenLabs


def test_elevenlabs_quota_is_http_401_and_waits_for_the_plans_reset(tmp_path: Path) -> None:
    detail = {"status": "quota_exceeded", "message": "0 credits remaining"}
    met = meet("elevenlabs speech", told({"detail": detail}, 401), tmp_path)
    assert (met.kind, unspent(met), met.suspended[0].service) == ("quota", True, "elevenlabs")
    assert met.suspended_ms == 24 * 3_600_000  # the account's own date is far ahead: it is asked again once a day


def test_elevenlabs_silent_short_sound_is_booked_and_never_used(tmp_path: Path) -> None:
    met = meet("elevenlabs speech", Good(tone()[: len(tone()) // 4], mime="audio/mpeg"), tmp_path)
    assert (met.kind, met.after.attempts, met.ran.paper) == ("nonsense", 1, None)
    assert [event["usd"] for event in met.ran.events if event["type"] == "charged"] == [0.00344]
    assert not (tmp_path / "n.mp3").exists()


# ---------------------------------------------------------------------------------------------- YouTube


def youtube(status: int, reason: str, message: str) -> Good:
    return told({"error": {"code": status, "message": message, "errors": [{"reason": reason}]}}, status)


def test_youtubes_daily_429_waits_for_midnight_in_california_and_not_for_a_minute(tmp_path: Path) -> None:
    daily = "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service 'youtube'"
    met = meet("youtube insert", youtube(429, "rateLimitExceeded", daily), tmp_path)
    assert (met.kind, unspent(met), met.suspended[0].channel_id) == ("quota", True, "")
    assert met.suspended_ms is not None and 0 < met.suspended_ms <= DAY_MS


def test_youtubes_429_of_a_moment_only_waits(tmp_path: Path) -> None:
    met = meet("youtube insert", youtube(429, "rateLimitExceeded", "The request was sent too fast."), tmp_path)
    assert (met.kind, met.wait_ms, unspent(met)) == ("busy", 60_000, True)


def test_a_channels_own_limit_parks_the_uploads_of_that_channel_alone_for_a_day(tmp_path: Path) -> None:
    met = meet("youtube insert", youtube(400, "uploadLimitExceeded", "too many videos"), tmp_path)
    assert (met.kind, met.suspended_ms, met.suspended[0].channel_id) == ("quota", 86_400_000, "wild")


def test_a_list_of_uploads_that_is_no_list_never_passes_for_a_missing_video(tmp_path: Path) -> None:
    met = meet("youtube playlistItems", told(["no", "list"]), tmp_path)
    assert (met.kind, met.after.state) == ("nonsense", JobState.READY)
    assert not (tmp_path / "result.json.session.json").exists()  # no upload was begun


# ---------------------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("row", ["gemini image", "kie createTask", "elevenlabs speech"])
def test_529_says_that_nothing_was_done_so_nothing_is_in_doubt(tmp_path: Path, row: str) -> None:
    met = meet(row, Good(HTML, 529, "text/html"), tmp_path)
    assert (met.kind, met.after.state, met.ran.paper) == ("down", JobState.READY, None)


@pytest.mark.parametrize("row", ["gemini image", "kie createTask", "elevenlabs speech"])
def test_a_gateways_page_in_place_of_a_paid_answer_stops_at_a_person(tmp_path: Path, row: str) -> None:
    met = meet(row, Good(HTML, 200, "text/html"), tmp_path)
    assert (met.kind, met.after.state, met.ran.paper) == ("in_doubt", JobState.IN_DOUBT, "intent")


def test_a_slow_drip_of_a_paid_answer_is_cut_at_the_deadline_and_in_doubt(tmp_path: Path) -> None:
    endpoint, services = BY_NAME["gemini image"], Services()
    server = Faulty(services)
    server.set("drip", endpoint.spot)
    try:
        with surroundings(server), hurried(0.2):
            ran = run(endpoint, tmp_path)
        assert server.outlasted == 0
    finally:
        server.close()
    met = _consequence("gemini image", ran)
    assert (met.kind, met.after.state) == ("in_doubt", JobState.IN_DOUBT)
    assert "no complete answer within" in str(ran.failure["message"])
