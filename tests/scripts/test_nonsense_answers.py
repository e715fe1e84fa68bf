"""Scripts: a wait, a cost, a token count or a receipt of nonsense is bounded before anybody else hears of it."""

import json
import math
import os
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from scripts import generate_asset, generate_audio, generate_video
from scripts.lib import bounds, gemini, http, kie, upload_session
from scripts.lib.failures import Failure, Kind
from tests.scripts.conftest import Run
from tests.scripts.test_generate_asset import PATH, drawn, error, png
from tests.scripts.test_generate_asset import wish as picture_wish
from tests.scripts.test_generate_sounds import SPEECH, speech
from tests.scripts.test_generate_video import ASK, CREATE, kept, lay_out
from tests.scripts.test_generate_video import wish as clip_wish
from tests.scripts.wire import Say, Wire, say

#: what was seen in the field, and its neighbors
WAITS = ("inf", "-inf", "nan", "99999999999999999999", "1798600000000", "1e400", "-1", "soon", "9" * 400)
COSTS = ("1e999", "NaN", "-5", "1e300", "9" * 400, '"free"', "true", "{}", "[1]", "2000001")


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("wait", WAITS)
def test_a_nonsense_retry_after_is_the_usual_wait(wire: Wire, run: Run, tmp_path: Path, wait: str) -> None:
    picture = tmp_path / "seed.png"
    picture.write_bytes(png())
    slow = Say(b"slow", 429, {"Retry-After": wait})
    for path in (PATH, SPEECH, CREATE):
        wire.on("POST", path, slow)
    hosted = {"success": True, "code": 200, "data": {"downloadUrl": "https://tempfile.example/seed.png"}}
    wire.on("POST", "/api/file-stream-upload", say(hosted))
    for main, words in (
        (generate_asset.main, picture_wish(tmp_path)), (generate_audio.main, speech(tmp_path)),
        (generate_video.main, clip_wish(tmp_path, picture)),
    ):  # fmt: skip
        ran = run(main, *words)
        assert (ran.code, ran.failure["kind"]) == (75, "busy")
        assert ran.failure["retry_after_s"] in (None, 10.0, 60.0)


@pytest.mark.fault("1.4")
def test_a_retry_after_in_words_is_a_time(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", SPEECH, Say(b"slow", 429, {"Retry-After": formatdate(time.time() + 600, usegmt=True)}))
    assert 590 < run(generate_audio.main, *speech(tmp_path)).failure["retry_after_s"] <= 600


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("cost", COSTS)
def test_a_clip_of_a_nonsense_cost_is_charged_at_the_list_price(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, cost: str
) -> None:
    lay_out(wire, clip)
    result = json.dumps(json.dumps({"resultUrls": [f"{wire.url}/result.mp4"]}))
    told = f'{{"code": 200, "data": {{"state": "success", "resultJson": {result}, "creditsConsumed": {cost}}}}}'
    wire.on("GET", ASK, Say(told.encode()))
    ran = run(generate_video.main, *clip_wish(tmp_path, picture))
    assert ran.code == 0
    assert [(event["quantity"], event["usd"]) for event in ran.of("charged")] == [(42, 0.21)]
    assert kept(tmp_path)["usd"] == 0.21


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("cost", ["inf", "nan", "-5", "1e400", "9" * 400, "free"])
def test_a_narration_of_a_nonsense_cost_header_is_charged_at_the_list_price(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes, cost: str
) -> None:
    wire.on("POST", SPEECH, Say(tone, headers={"Content-Type": "audio/mpeg", "character-cost": cost}))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert [(event["unit"], event["usd"]) for event in ran.of("charged")] == [("character", 0.00344)]
    assert ran.of("charged")[0]["quantity"] == 43


@pytest.mark.fault("13.3")
@pytest.mark.parametrize(
    ("at", "wait"), [("1e999", None), ("NaN", None), ("-1", None), ("9" * 400, None), ("4e9", 86_400.0), ("5", None)]
)
def test_the_end_of_a_plan_is_at_most_a_day_away(
    wire: Wire, run: Run, tmp_path: Path, at: str, wait: float | None
) -> None:
    wire.on("POST", SPEECH, say({"detail": {"status": "quota_exceeded", "message": "0 credits"}}, 401))
    wire.on("GET", "/v1/user/subscription", Say(f'{{"next_character_count_reset_unix": {at}}}'.encode()))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert (ran.failure["kind"], ran.failure["retry_after_s"]) == ("quota", wait)


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("delay", ["9" * 400 + "s", "infs", "-3s", "s", "86401s", "1e400s", "soon", ""])
def test_a_nonsense_retry_info_is_the_usual_wait(wire: Wire, run: Run, tmp_path: Path, delay: str) -> None:
    wire.on("POST", PATH, error(429, "RESOURCE_EXHAUSTED", "slow down", {"retryDelay": delay}))
    ran = run(generate_asset.main, *picture_wish(tmp_path))
    assert (ran.failure["kind"], ran.failure["retry_after_s"]) == ("busy", gemini.BUSY_S)


@pytest.mark.parametrize("count", ["1e999", "NaN", "-7", "9" * 400, '"many"', "[]"])
def test_tokens_of_nonsense_have_no_price_of_their_own(count: str) -> None:
    usage = f'{{"promptTokenCount": 12, "candidatesTokenCount": {count}}}'
    body = f'{{"candidates": [{{"content": {{"parts": [{{"text": "x"}}]}}}}], "usageMetadata": {usage}}}'
    answer = gemini._read(http.Reply("gemini", "POST", 200, {}, body.encode()))
    assert (answer.prompt_tokens, answer.output_tokens) == (12, 0)
    assert gemini.text_usd("gemini-3.8-flash", answer) is None


@pytest.mark.parametrize("name", ['""', '"a b"', '"\\ud800"', '"' + "x" * 300 + '"', "5", "null", "[]", '"a\\nb"'])
def test_an_order_without_a_usable_name_is_in_doubt(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, name: str
) -> None:
    lay_out(wire, clip)
    wire.on("POST", CREATE, Say(f'{{"code": 200, "data": {{"taskId": {name}}}}}'.encode()))
    assert run(generate_video.main, *clip_wish(tmp_path, picture)).failure["kind"] == "in_doubt"


@pytest.mark.parametrize(
    "body", [b"[" * 90_000, b'{"code": 1e999}', b'{"code": ' + b"9" * 400 + b"}", b"\xff\xfe", b"[]"]
)
def test_an_envelope_of_nonsense_is_no_answer(body: bytes) -> None:
    with pytest.raises(Failure) as failed:
        kie.opened(http.Reply("kie", "GET", 200, {}, body))
    assert failed.value.kind == Kind.NONSENSE


@pytest.mark.parametrize("kind", ["fifo", "folder", "link", "sparse", "deep", "time"])
def test_a_receipt_that_is_no_file_is_a_doubt_at_once(wire: Wire, run: Run, tmp_path: Path, kind: str) -> None:
    at = tmp_path / "bear.png.job.json"
    if kind == "fifo":
        os.mkfifo(at)  # to open it in the ordinary way would wait forever
    elif kind == "folder":
        at.mkdir()
    elif kind == "link":
        at.symlink_to("/dev/zero")
    elif kind == "sparse":
        at.touch()
        os.truncate(at, 300 << 30)
    else:
        told = {"version": 1, "digest": "d", "service": "gemini", "state": "intent", "remote_id": None, "at": "soon"}
        at.write_text("[" * 90_000 if kind == "deep" else json.dumps(told))
    wire.on("POST", PATH, drawn(png()))
    ran = run(generate_asset.main, *picture_wish(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (75, "in_doubt") and not wire.asked


@pytest.mark.parametrize("at", ["soon", "", "0001-01-01T00:00:00+14:00", 5, None])
def test_an_upload_journal_of_no_time_is_none(tmp_path: Path, at: object) -> None:
    told = {
        "version": 1,
        "session_uri": "https://x",
        "sha256": "s",
        "marker": "m",
        "size": 3,
        "finishing": True,
        "at": at,
    }
    (tmp_path / "j").write_text(json.dumps(told))
    assert upload_session.open_journal(tmp_path / "j", "s", "m", 3) is None


def test_a_failure_carries_a_wait_and_a_message_within_bounds() -> None:
    for wait in (math.inf, math.nan, -1.0, 1e300):
        assert Failure(Kind.BUSY, "x", retry_after_s=wait).event()["retry_after_s"] is None
    told = Failure(Kind.BUSY, "x" * 10**6, retry_after_s=90_000.0, code="y" * 10**6).event()
    assert told["retry_after_s"] == bounds.LONGEST_WAIT_S and told["code"] is None
    assert len(str(told["message"])) == 4_000
