"""A service repeats the key that a script sent it: neither its output nor a file of its shows the key."""

import json
import os
from pathlib import Path

import pytest

from scripts import generate_asset, generate_audio, generate_video
from scripts.lib import failures, http, script_runtime, wires
from scripts.lib.failures import Failure, Kind
from tests.harness.echoes import FORMS, KEYS, seen_in
from tests.scripts.conftest import Run
from tests.scripts.test_generate_sounds import speech
from tests.scripts.wire import Say, Wire, say

SPEECH = "/v1/text-to-speech/"
KEY = KEYS["eleven"]
#: so that the limit of an excerpt falls into the key
FAR = "x" * 174


def answers(told: str) -> dict[str, Say]:
    """The shapes in which a service talks."""
    return {
        "json": say({"detail": {"status": told, "message": f"no luck with {told}"}}, 400),
        "far": say({"detail": {"message": f"{FAR} {told}"}}, 500),
        "other json": say({"oops": f"{FAR} {told}"}, 404),
        "text": Say(f"{FAR} {told}".encode("utf-8", "replace"), 400, {"Content-Type": "text/plain"}),
        "page": Say(f"<html>{FAR}<b>{told}</b></html>".encode("utf-8", "replace"), 502),
        "sound": Say(f"{{{FAR[:40]} {told}".encode("utf-8", "replace"), 200),
    }


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("form", FORMS)
def test_no_output_and_no_file_of_a_script_shows_a_key(
    wire: Wire, run: Run, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", KEY)
    told = FORMS[form](KEY)
    words = speech(tmp_path)
    path = f"{SPEECH}{words[words.index('--voice') + 1]}/with-timestamps"
    turn = list(FORMS).index(form) % 3
    for shape, answer in list(answers(told).items())[turn::3]:  # each form in two shapes, each shape with many forms
        wire.on("POST", path, answer)
        ran = run(generate_audio.main, *words)
        assert ran.code != 0
        shown = [json.dumps(ran.events, ensure_ascii=False), ran.stderr]
        generate_audio.main([*map(str, words), "--buy-again"])
        friendly = capsys.readouterr()
        shown += [friendly.out, friendly.err, *(file.read_text() for file in tmp_path.rglob("*") if file.is_file())]
        assert [text for text in shown if seen_in(text, KEY)] == [], shape
        for file in tmp_path.rglob("*.job.json"):
            file.unlink()


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("form", FORMS)
def test_no_word_that_a_script_says_shows_a_key(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("KIE_API_KEY", KEY)
    told = f"no luck with {FORMS[form](KEY)}"
    failure = Failure(Kind.DOWN, told, service=told, endpoint=told, code=told[:200], request_id=told, next_step=told)
    made = tmp_path / "x"
    made.write_bytes(b"x")

    def work(_: object, reporter: script_runtime.Reporter) -> None:
        script_runtime.warn(told)
        reporter.progress(0.5, told)
        reporter.submitted(told, told)
        reporter.charged(told, told, 1, told, 0.1, told)
        reporter.result(made, note=told)
        raise failure

    def crash(_: object, __: object) -> None:
        raise KeyError(told)

    for words in (["--events"], []):
        for act in (work, crash):
            script_runtime.run(script_runtime.Arguments("x.py", "x", "x"), act, words)  # type: ignore[arg-type]
            said = capsys.readouterr()
            assert not seen_in(said.out, KEY) and not seen_in(said.err, KEY)


@pytest.mark.fault("12.15")
def test_an_order_that_is_called_like_the_key_is_no_order(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIE_API_KEY", KEY)
    wire.on("POST", "/api/file-stream-upload", say({"code": 200, "data": {"downloadUrl": wire.url + "/s.png"}}))
    wire.on("POST", "/api/v1/jobs/createTask", say({"code": 200, "data": {"taskId": f"t-{KEY}"}}))
    ran = run(generate_video.main, "--image", picture, "--prompt", "a bear", "--output", tmp_path / "clip.mp4")
    assert ran.code == 75 or ran.failure["kind"] in {"in_doubt", "down"}
    texts = [json.dumps(ran.events), ran.stderr, *(file.read_text() for file in tmp_path.rglob("*.json"))]
    assert [text for text in texts if KEY[:12] in text] == []


@pytest.mark.fault("12.15")
def test_a_token_that_was_learnt_is_struck_out_as_well() -> None:
    token = "1//0gQx7vR4mZ2kPdCgYIARAAGBASNwF-L9Ir"
    assert token in failures.strike(f"a {token}")
    failures.learn(token)
    try:
        assert failures.strike(f"a {token[:20]} b") == "a (token) b"
    finally:
        failures._learnt.remove(token)
        failures._redactor.cache_clear()


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_password_of_a_proxy_is_struck_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://me:s3cret%21word7x@proxy:3128")
    told = failures.redact("407 at http://me:s3cret%21word7x@proxy:3128 (s3cret!word7x)")
    assert told == "407 at http://me:(password)@proxy:3128 ((password))"


@pytest.mark.fault("12.15")
def test_a_key_in_an_answer_of_gemini_shows_nowhere(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = KEYS["google"]
    monkeypatch.setenv("GEMINI_API_KEY", key)
    parts = [{"text": f"{'y' * 150} {key}"}]
    answer = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}], "usageMetadata": {}}
    model = "/v1beta/models/gemini-nano-banana-2.1:generateContent"
    wire.on("POST", model, say(answer))
    ran = run(generate_asset.main, "--prompt", "a bear", "--output", tmp_path / "a.png",
              "--model", "gemini-nano-banana-2.1")  # fmt: skip
    assert ran.code != 0 and wire.asked_for(model), ran.stderr
    shown = json.dumps(ran.events) + ran.stderr
    assert not seen_in(shown, key) and "yyy (GEMINI_A" in shown
    assert os.environ["GEMINI_API_KEY"] == key


def test_an_answer_that_is_nested_endlessly_is_only_text() -> None:
    for depth in (400, 900, 5_000, 100_000):
        reply = http.Reply("kie", "GET /x", 500, {}, b'[{"a":' * depth + b"1" + b"}]" * depth)
        assert reply.told()
        assert isinstance(wires.failure("kie", reply, free=True), Failure)
