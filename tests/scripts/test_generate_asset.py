import base64
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from scripts import generate_asset
from scripts.lib import receipt
from tests.harness.patience import ended, happened, said, until
from tests.scripts.conftest import Run, png
from tests.scripts.wire import Asked, Say, Wire, say

CASES = Path(__file__).parents[1] / "cases"
PATH = "/v1beta/models/gemini-nano-banana-2.1:generateContent"


def drawn(data: bytes, mime: str = "image/png") -> Say:
    part = {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}}
    return say({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}]})


def empty(finish: str, *parts: dict) -> Say:
    return say({"candidates": [{"content": {"parts": list(parts)}, "finishReason": finish}]})


def error(status: int, name: str, message: str, *details: dict) -> Say:
    return say({"error": {"code": status, "status": name, "message": message, "details": list(details)}}, status)


def wish(tmp_path: Path, *more: object) -> list[object]:
    return ["--prompt", "a bear", "--output", tmp_path / "bear.png", *more]


def test_a_picture_is_written_whole_with_its_price_and_its_receipt(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, drawn(png(128, 72)))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert ran.code == 0
    assert (ran.result["width"], ran.result["height"]) == (128, 72)
    assert [(event["usd"], event["quantity"]) for event in ran.of("charged")] == [(0.0336, 1)]
    kept = json.loads((tmp_path / "bear.png.job.json").read_text())
    assert (kept["state"], kept["usd"], kept["version"]) == ("received", 0.0336, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bear.png", "bear.png.job.json"]


def test_the_request_carries_size_ratio_and_references_before_the_prompt(
    wire: Wire, run: Run, tmp_path: Path, picture: Path
) -> None:
    wire.on("POST", PATH, drawn(png()))
    run(generate_asset.main, *wish(tmp_path, "--reference-image", picture, "--image-size", "2K"))
    body = wire.asked[0].json()
    parts = body["contents"][0]["parts"]
    assert base64.b64decode(parts[0]["inlineData"]["data"]) == picture.read_bytes()
    assert parts[1] == {"text": "a bear"}
    assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}
    assert wire.asked[0].headers["x-goog-api-key"] == "gemini-secret-key"


def test_a_jpeg_becomes_a_png_when_the_output_is_one(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, drawn(png(kind="JPEG"), "image/jpeg"))
    assert run(generate_asset.main, *wish(tmp_path)).code == 0
    assert Image.open(io.BytesIO((tmp_path / "bear.png").read_bytes())).format == "PNG"


def test_the_same_request_is_never_bought_twice(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, drawn(png()))
    first = run(generate_asset.main, *wish(tmp_path))
    second = run(generate_asset.main, *wish(tmp_path))
    assert (second.code, second.result) == (0, first.result)
    assert second.of("charged") == [] and len(wire.asked) == 1


def test_a_refused_picture_is_bought_again_with_another_seed(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, drawn(png()), drawn(png(colour="blue")))
    run(generate_asset.main, *wish(tmp_path))
    (tmp_path / "bear.png").rename(tmp_path / "bear.png.refused")
    ran = run(generate_asset.main, *wish(tmp_path))
    assert ran.code == 0 and [event["usd"] for event in ran.of("charged")] == [0.0336]
    first, second = (asked.json()["generationConfig"]["seed"] for asked in wire.asked)
    assert first != second
    assert (tmp_path / "bear.png").read_bytes() == png(colour="blue")


def test_a_figure_that_cannot_be_cut_out_is_charged_kept_aside_and_ordered_with_another_seed(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    bear = Image.new("RGB", (320, 180), (0, 177, 64))
    bear.paste((120, 70, 30), (120, 30, 200, 150))
    good = io.BytesIO()
    bear.save(good, "PNG")
    wire.on("POST", PATH, drawn(png()), drawn(good.getvalue()))
    first = run(generate_asset.main, *wish(tmp_path), "--ground", "green")
    assert (first.code, first.failure["code"], len(first.of("charged"))) == (76, "useless_file", 1)
    assert "background" in first.failure["message"] and not (tmp_path / "bear.png").exists()
    assert (tmp_path / "bear.png.refused").exists()
    assert run(generate_asset.main, *wish(tmp_path), "--ground", "green").code == 0
    first_seed, second_seed = (asked.json()["generationConfig"]["seed"] for asked in wire.asked)
    assert first_seed != second_seed and (tmp_path / "bear.png").read_bytes() == good.getvalue()


def test_another_prompt_is_another_request(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, drawn(png()))
    run(generate_asset.main, *wish(tmp_path))
    run(generate_asset.main, "--prompt", "a wolf", "--output", tmp_path / "bear.png")
    assert len(wire.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        say({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
        empty("IMAGE_SAFETY"),
        say({"candidates": [{"finishReason": "PROHIBITED_CONTENT", "index": 0}]}),
    ],
)
def test_a_refused_image_is_http_200_without_parts(wire: Wire, run: Run, tmp_path: Path, answer: Say) -> None:
    wire.on("POST", PATH, answer)
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"], ran.failure["http_status"]) == (65, "refused", 200)
    assert len(wire.asked) == 1
    assert not (tmp_path / "bear.png.job.json").exists()


def counted(tokens: int | None, finish: str = "STOP", text: str = "I cannot draw that") -> Say:
    """Words in place of a picture, and how many tokens they had (None: no candidate was counted)."""
    usage = {"promptTokenCount": 9} | ({} if tokens is None else {"candidatesTokenCount": tokens})
    parts = [{"text": text}] if text else []
    return say({"candidates": [{"content": {"parts": parts}, "finishReason": finish}], "usageMetadata": usage})


def test_an_answer_of_words_gets_one_more_try_with_another_seed(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, counted(None), drawn(png()))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.code, [event["usd"] for event in ran.of("charged")]) == (0, [0.0336])
    seeds = [asked.json()["generationConfig"]["seed"] for asked in wire.asked]
    assert seeds[1] == seeds[0] + 1


@pytest.mark.fault("13.11")
@pytest.mark.parametrize(
    "answer",
    [empty("STOP", {"text": "I cannot draw that"}), empty("STOP"), empty("IMAGE_OTHER"), empty("MAX_TOKENS"),
     say({"candidates": []}), say({}), Say(status=503), Say(b"<html>busy</html>", 503), Say(b"busy", 503),
     error(503, "UNAVAILABLE", "The service is currently unavailable."), error(504, "DEADLINE_EXCEEDED", "too late")],
)  # fmt: skip
def test_an_answer_that_does_not_deny_the_picture_leaves_doubt_and_none_is_asked_for_again(
    wire: Wire, run: Run, tmp_path: Path, answer: Say
) -> None:
    wire.on("POST", PATH, answer)
    kinds = [run(generate_asset.main, *wish(tmp_path)).failure["kind"] for _ in range(2)]
    assert (kinds, len(wire.asked)) == (["in_doubt", "in_doubt"], 1)


@pytest.mark.fault("13.11")
def test_words_that_cost_tokens_are_booked_one_by_one(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, counted(40), counted(1290, "NO_IMAGE"))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.failure["kind"], len(wire.asked)) == ("nonsense", 2)
    # words at the price of words; as many tokens as a picture has at that of a picture
    assert [event["usd"] for event in ran.of("charged")] == [pytest.approx(0.000314, abs=1e-6), 0.0336]


def test_two_answers_without_a_picture_are_nonsense(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, empty("NO_IMAGE"))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"], len(wire.asked)) == (76, "nonsense", 2)


def test_a_picture_that_does_not_decode_is_nonsense_and_leaves_no_file(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, drawn(png(512, 512)[:300]))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (76, "nonsense")
    assert list(tmp_path.iterdir()) == []


def inline(colour: str, thought: bool = False) -> dict:
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png(colour=colour)).decode()}}
    return part | ({"thought": True} if thought else {})


@pytest.mark.fault("5.5")
@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        ([inline("red", True), inline("blue", True), inline("green")], "green"),
        ([inline("green"), inline("red", True)], "green"),
        ([inline("red"), {"text": "better so"}, inline("green")], "green"),
        ([inline("red", True), inline("green", True)], "green"),
        ([inline("green"), {"inlineData": {"mimeType": "image/png", "data": "%%%"}}], "green"),
        ([{"inlineData": {"data": base64.encodebytes(png(colour="green")).decode()}}], "green"),
    ],
)
def test_the_final_picture_is_taken_else_the_last_thought(
    wire: Wire, run: Run, tmp_path: Path, parts: list[dict], taken: str
) -> None:
    wire.on("POST", PATH, empty("STOP", *parts))
    assert run(generate_asset.main, *wish(tmp_path)).code == 0
    assert (tmp_path / "bear.png").read_bytes() == png(colour=taken) and len(wire.asked) == 1


@pytest.mark.fault("5.5")
def test_a_picture_that_came_only_as_a_thought_is_kept(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, Say((CASES / "gemini_200_picture_only_in_a_thought.json").read_bytes()))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert ran.code == 0 and len(wire.asked) == 1 and len(ran.of("charged")) == 1


@pytest.mark.fault("5.5")
def test_the_draft_of_a_refused_picture_is_no_picture(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, empty("IMAGE_SAFETY", inline("red", True)))
    assert run(generate_asset.main, *wish(tmp_path)).failure["kind"] == "refused"
    assert not (tmp_path / "bear.png").exists()


QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (error(400, "INVALID_ARGUMENT", "API key not valid.", {"reason": "API_KEY_INVALID"}), 77, "credentials"),
        (error(400, "INVALID_ARGUMENT", "Unknown field"), 65, "input"),
        (error(404, "NOT_FOUND", "models/x is not found for API version v1beta"), 78, "configuration"),
        (error(503, "UNAVAILABLE", "overloaded"), 69, "down"),
        (error(500, "INTERNAL", "internal"), 69, "down"),
        (error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted"), 75, "quota"),
    ],
)
def test_errors_are_distinguished_and_take_the_intent_back(
    wire: Wire, run: Run, tmp_path: Path, answer: Say, code: int, kind: str
) -> None:
    wire.on("POST", PATH, answer)
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"], ran.failure["service"]) == (code, kind, "gemini")
    assert ran.stderr.splitlines()[-1].startswith(f"{kind}: gemini POST {PATH}: ")
    assert not (tmp_path / "bear.png.job.json").exists()


def test_a_limit_per_minute_is_busy_for_as_long_as_told(wire: Wire, run: Run, tmp_path: Path) -> None:
    details = (
        {"@type": QUOTA, "violations": [{"quotaId": "GenerateRequestsPerMinutePerProject"}]},
        {"retryDelay": "7s"},
    )
    wire.on("POST", PATH, error(429, "RESOURCE_EXHAUSTED", "slow down", *details))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.failure["kind"], ran.failure["retry_after_s"]) == ("busy", 7.0)


def test_a_limit_per_day_waits_for_midnight_in_california_whatever_retry_info_says(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    details = ({"@type": QUOTA, "violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}, {"retryDelay": "7s"})
    wire.on("POST", PATH, error(429, "RESOURCE_EXHAUSTED", "daily", *details))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert ran.failure["kind"] == "quota"
    assert 7 < ran.failure["retry_after_s"] <= 25 * 3600


@pytest.mark.parametrize(
    "answer", [Say(cut=True), Say(b'{"cand', stated=4000), Say(b'{"unfinished": ['), Say(b"gateway", 502)]
)
def test_a_lost_answer_is_in_doubt_and_the_next_run_does_not_buy(
    wire: Wire, run: Run, tmp_path: Path, answer: Say
) -> None:
    wire.on("POST", PATH, answer, drawn(png()))
    first = run(generate_asset.main, *wish(tmp_path))
    second = run(generate_asset.main, *wish(tmp_path))
    assert (first.code, first.failure["kind"]) == (75, "in_doubt")
    assert (second.code, second.failure["kind"], len(wire.asked)) == (75, "in_doubt", 1)
    third = run(generate_asset.main, *wish(tmp_path, "--buy-again"))
    assert (third.code, len(wire.asked)) == (0, 2)
    assert "Buying again, as you said" in third.stderr


def test_a_refused_connection_leaves_no_doubt(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEOD_URL_GEMINI", "http://127.0.0.1:9")
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (69, "down")
    assert not (tmp_path / "bear.png.job.json").exists()


def test_a_picture_that_arrived_just_before_a_crash_is_adopted(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, drawn(png()))
    run(generate_asset.main, *wish(tmp_path))
    path = receipt.path_for(tmp_path / "bear.png")
    path.write_text(json.dumps({**json.loads(path.read_text()), "state": "intent", "at": "2020-01-01T00:00:00+00:00"}))
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.code, len(wire.asked)) == (0, 1)
    assert json.loads(path.read_text())["state"] == "received"


def test_composing_sends_the_creature_then_the_place(wire: Wire, run: Run, tmp_path: Path, picture: Path) -> None:
    place = tmp_path / "place.jpg"
    place.write_bytes(png(colour="blue", kind="JPEG"))
    wire.on("POST", PATH, drawn(png()))
    words = ("--character", picture, "--environment", place, "--output", tmp_path / "scene.png")
    assert run(generate_asset.main, *words).code == 0
    parts = wire.asked[0].json()["contents"][0]["parts"]
    assert [part["inlineData"]["mimeType"] for part in parts[:2]] == ["image/png", "image/jpeg"]
    assert "first picture" in parts[2]["text"]


def test_two_pictures_are_joined_for_nothing_without_a_key(
    run: Run, tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    other = tmp_path / "blue.png"
    other.write_bytes(png(40, 200, "blue"))
    ran = run(generate_asset.main, "--split-vertical", picture, other, "--output", tmp_path / "split.png")
    assert ran.code == 0 and ran.of("charged") == []
    joined = Image.open(io.BytesIO((tmp_path / "split.png").read_bytes()))
    assert joined.size == (1920, 1080)
    assert (joined.getpixel((10, 500)), joined.getpixel((1900, 500))) == ((255, 0, 0), (0, 0, 255))


def test_a_missing_key_is_named_before_anything_is_sent(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    ran = run(generate_asset.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"], wire.asked) == (77, "credentials", [])
    assert "GEMINI_API_KEY" in ran.failure["message"]


@pytest.mark.parametrize(
    "words",
    [
        ["--prompt", "a bear"],
        ["--output", "x.png"],
        ["--prompt", "a bear", "--output", "x.gif"],
        ["--prompt", "a bear", "--output", "x.png", "--aspect-ratio", "2:1"],
        ["--character", "a.png", "--output", "x.png"],
    ],
)
def test_wrong_usage_ends_with_64_and_a_hint(run: Run, words: list[str]) -> None:
    ran = run(generate_asset.main, *words)
    assert (ran.code, ran.failure["kind"]) == (64, "usage")
    assert "Next: see" in ran.stderr


def test_a_reference_that_is_no_picture_is_refused_before_paying(wire: Wire, run: Run, tmp_path: Path) -> None:
    text = tmp_path / "notes.png"
    text.write_text("not a picture")
    ran = run(generate_asset.main, *wish(tmp_path, "--reference-image", text))
    assert (ran.code, ran.failure["kind"], wire.asked) == (65, "input", [])


def started(words: list[object], wire: Wire, **more: object) -> subprocess.Popen[str]:
    command = [sys.executable, "scripts/generate_asset.py", *map(str, words), "--events"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    child = subprocess.Popen(command, env=os.environ, **pipes, **more)
    until(lambda: wire.asked)
    return child


def held(answer: Say, go: threading.Event) -> Callable[[Asked], Say]:
    """The answer, but not before `go`."""

    def give(_: Asked) -> Say:
        happened(go)
        return answer

    return give


@pytest.mark.live
def test_a_request_to_end_waits_for_the_picture_that_is_being_paid_for(wire: Wire, run: Run, tmp_path: Path) -> None:
    go = threading.Event()
    wire.on("POST", PATH, held(drawn(png()), go))
    with started(wish(tmp_path), wire) as child:
        child.terminate()
        go.set()
        out, _ = said(child)
    assert child.returncode == 143 and '"charged"' in out
    assert run(generate_asset.main, *wish(tmp_path)).code == 0 and len(wire.asked) == 1


@pytest.mark.live
def test_a_picture_reaches_the_disk_although_nobody_listens_any_more(wire: Wire, run: Run, tmp_path: Path) -> None:
    go = threading.Event()
    wire.on("POST", PATH, held(drawn(png()), go))
    with started(wish(tmp_path), wire) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        go.set()
        assert (ended(child), child.stderr.read()) == (0, "")
    assert (tmp_path / "bear.png").read_bytes() == png()


@pytest.mark.live
def test_a_picture_killed_on_its_way_is_in_doubt(wire: Wire, run: Run, tmp_path: Path) -> None:
    go = threading.Event()
    wire.on("POST", PATH, held(drawn(png()), go))
    with started(wish(tmp_path), wire) as child:
        child.kill()
        said(child)
    go.set()
    assert run(generate_asset.main, *wish(tmp_path)).failure["kind"] == "in_doubt"
    assert len(wire.asked) == 1
