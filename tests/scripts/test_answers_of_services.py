"""Scripts: answers that were seen in the field, taken for what they prove."""

import json
from email.utils import formatdate
from pathlib import Path
from time import time

import pytest

from scripts import generate_asset, generate_audio, generate_plan, generate_sound_effects, generate_video
from tests.scripts.conftest import Run, png
from tests.scripts.planned import LIGHT_PATH as PLAN
from tests.scripts.test_generate_asset import PATH, drawn
from tests.scripts.test_generate_asset import wish as picture_wish
from tests.scripts.test_generate_plan import wish as plan_wish
from tests.scripts.test_generate_sounds import EFFECT, SPEECH, effect, speech
from tests.scripts.test_generate_video import CREATE, LINK, kept, lay_out
from tests.scripts.test_generate_video import wish as clip_wish
from tests.scripts.wire import Say, Wire, say

CASES = Path(__file__).parent.parent / "cases"
MODEL = "gemini-nano-banana-2.1"


def case(name: str, status: int) -> Say:
    return Say((CASES / name).read_bytes(), status, {"Content-Type": "application/json"})


@pytest.mark.fault("5.2")
@pytest.mark.parametrize(
    "name", ["gemini_429_limit0_retryinfo_only.json", "gemini_429_limit0_violations_without_quotaValue.json"]
)
def test_a_key_without_any_quota_says_what_to_do_and_waits_for_a_person(
    wire: Wire, run: Run, tmp_path: Path, name: str
) -> None:
    wire.on("POST", PATH, case(name, 429))
    ran = run(generate_asset.main, *picture_wish(tmp_path))
    assert (ran.code, ran.failure["kind"], ran.failure["until_person"]) == (75, "quota", True)
    assert ran.failure["retry_after_s"] is None
    assert ran.failure["message"] == (
        f"Your Gemini API key has no quota for `{MODEL}`. Enable billing for its Google Cloud project, then run"
        " `videod resume gemini`."
    )
    assert list(tmp_path.iterdir()) == [] and len(wire.asked) == 1


@pytest.mark.fault("5.14")
def test_used_up_prepaid_credit_is_quota_for_a_person(wire: Wire, run: Run, tmp_path: Path) -> None:
    told = json.loads((CASES / "gemini_402_prepaid_credit_used_up.json").read_text())
    wire.on("POST", PATH, say(told["body"], told["status"]), drawn(png()))
    ran = run(generate_asset.main, *picture_wish(tmp_path))
    assert (ran.failure["kind"], ran.failure["until_person"]) == ("quota", True)
    assert "prepayment credits are depleted" in ran.failure["message"]
    assert "then run `videod resume gemini`" in ran.stderr
    assert run(generate_asset.main, *picture_wish(tmp_path)).code == 0


@pytest.mark.fault("5.3")
def test_a_voice_that_only_paid_plans_have_is_the_channels_configuration(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", SPEECH, case("elevenlabs_402_paid_plan_required.json", 402))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert (ran.code, ran.failure["kind"], ran.failure["code"]) == (78, "configuration", "paid_plan_required")
    assert [asked.path for asked in wire.asked] == [SPEECH]


@pytest.mark.fault("5.4")
@pytest.mark.parametrize(
    "answer", [case("gemini_499.json", 499), Say(status=201), Say(b"{}", 201), Say(status=204), Say(b"later", 202)]
)
def test_what_gemini_never_says_of_itself_is_tried_again(wire: Wire, run: Run, tmp_path: Path, answer: Say) -> None:
    wire.on("POST", PATH, answer)
    ran = run(generate_asset.main, *picture_wish(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (69, "down")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("5.4")
def test_a_picture_that_comes_with_another_good_status_is_taken(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, Say(drawn(png()).body, 201))
    assert run(generate_asset.main, *picture_wish(tmp_path)).code == 0


@pytest.mark.fault("5.4")
def test_a_conflict_at_elevenlabs_is_tried_again(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", EFFECT, say({"detail": {"status": "already_running", "message": "conflict"}}, 409))
    ran = run(generate_sound_effects.main, *effect(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (69, "down")


@pytest.mark.fault("5.15")
@pytest.mark.parametrize("status", [405, 407, 409, 410, 411, 417, 421, 423, 424, 426, 428, 431, 460])
@pytest.mark.parametrize("body", [b"<html><h1>Blocked</h1></html>", b""])
def test_a_gateways_refusal_is_no_verdict_about_a_text(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, status: int, body: bytes
) -> None:
    lay_out(wire, clip)
    for path in (PATH, SPEECH, CREATE):
        wire.on("POST", path, Say(body, status))
    for main, words in (
        (generate_asset.main, picture_wish(tmp_path)), (generate_audio.main, speech(tmp_path)),
        (generate_video.main, clip_wish(tmp_path, picture)),
    ):  # fmt: skip
        ran = run(main, *words)
        assert ran.failure["kind"] == ("configuration" if status == 407 else "down"), (main, status)
        assert ("proxy" in ran.failure["message"]) == (status == 407)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seed.png"]


@pytest.mark.fault("5.16")
@pytest.mark.parametrize("status", [511, 520, 521, 522, 523, 524, 525, 526, 530, 502, 504])
def test_an_edge_that_never_reached_the_service_leaves_no_doubt(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, status: int
) -> None:
    lay_out(wire, clip)
    for path in (PATH, SPEECH, EFFECT, CREATE):
        wire.on("POST", path, Say(b"<html>error code</html>", status))
    wanted = "in_doubt" if status in (520, 524, 502, 504) else "down"
    for main, words in (
        (generate_asset.main, picture_wish(tmp_path)), (generate_audio.main, speech(tmp_path)),
        (generate_sound_effects.main, effect(tmp_path)), (generate_video.main, clip_wish(tmp_path, picture)),
    ):  # fmt: skip
        assert run(main, *words).failure["kind"] == wanted, main


@pytest.mark.fault("5.11")
def test_a_retry_after_as_a_date_is_read_everywhere(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    date = {"Retry-After": formatdate(time() + 300, usegmt=True)}
    for path in (PATH, PLAN, SPEECH, EFFECT, CREATE):
        wire.on("POST", path, Say(b"slow", 429, date))
    for main, words in (
        (generate_asset.main, picture_wish(tmp_path)), (generate_plan.main, plan_wish(tmp_path)),
        (generate_audio.main, speech(tmp_path)), (generate_sound_effects.main, effect(tmp_path)),
        (generate_video.main, clip_wish(tmp_path, picture)),
    ):  # fmt: skip
        ran = run(main, *words)
        assert ran.failure["kind"] == "busy" and 240 < ran.failure["retry_after_s"] <= 300, main


# ------------------------------------------------------------------------------------------- links


def s3(code: str, message: str = "no") -> bytes:
    return f"<?xml version='1.0'?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


@pytest.mark.fault("5.7")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, s3("ExpiredToken", "The provided token has expired.")), (403, s3("AccessDenied", "Request has expired")),
        (400, s3("AccessDenied", "Request has expired")), (400, s3("InvalidToken")), (400, s3("TokenRefreshRequired")),
        (400, s3("AuthorizationQueryParametersError", "X-Amz-Expires")), (400, b"Request has expired"),
        (400, b'{"error": "link expired"}'), (401, b""), (404, b"gone"), (410, b"<html>gone</html>"),
    ],
)  # fmt: skip
def test_a_link_that_expired_is_renewed_whatever_its_status(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, status: int, body: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("GET", "/result.mp4", Say(body, status))
    wire.on("POST", LINK, say({"code": 200, "msg": "success", "data": wire.url + "/fresh.mp4"}))
    wire.on("GET", "/fresh.mp4", Say(clip))
    ran = run(generate_video.main, *clip_wish(tmp_path, picture))
    assert (ran.code, len(wire.asked_for(LINK)), len(wire.asked_for(CREATE))) == (0, 1, 1)


@pytest.mark.fault("5.7")
@pytest.mark.parametrize("answer", [Say(s3("InvalidRequest"), 400), Say(b"<html>bad</html>", 400), Say(status=407)])
def test_a_link_that_is_refused_for_another_reason_is_fetched_again_later(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, answer: Say
) -> None:
    lay_out(wire, clip)
    wire.on("GET", "/result.mp4", answer)
    ran = run(generate_video.main, *clip_wish(tmp_path, picture))
    assert ran.failure["kind"] == ("configuration" if answer.status == 407 else "down")
    assert wire.asked_for(LINK) == [] and kept(tmp_path)["state"] == "submitted"
    wire.on("GET", "/result.mp4", Say(clip))
    assert run(generate_video.main, *clip_wish(tmp_path, picture)).code == 0
    assert len(wire.asked_for(CREATE)) == 1
