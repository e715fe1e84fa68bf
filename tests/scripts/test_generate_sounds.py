from pathlib import Path

import pytest

from scripts import generate_audio, generate_sound_effects
from scripts.lib import audio
from tests.scripts.conftest import Run
from tests.scripts.wire import Say, Wire, say

VOICE = "JBFqnCBsd6RMkjVDRZzb"
SPEECH, EFFECT = f"/v1/text-to-speech/{VOICE}", "/v1/sound-generation"
TEXT = "The old bear waits where the river narrows."


def speech(tmp_path: Path, *more: object) -> list[object]:
    return ["--text", TEXT, "--voice", VOICE, "--output", tmp_path / "n.mp3", *more]


def effect(tmp_path: Path, *more: object) -> list[object]:
    return ["--text", "Continuous river ambience", "--duration", 4, "--output", tmp_path / "s.mp3", *more]


def heard(data: bytes) -> Say:
    return Say(data, headers={"Content-Type": "audio/mpeg", "character-cost": "43", "request-id": "req_1"})


def test_a_narration_carries_the_voice_settings_and_tells_its_length(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes
) -> None:
    wire.on("POST", SPEECH, heard(tone))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert ran.code == 0 and (tmp_path / "n.mp3").read_bytes() == tone
    assert ran.result["duration_s"] == pytest.approx(4.0, abs=0.1)
    assert [(event["quantity"], event["usd"]) for event in ran.of("charged")] == [(43, 0.00344)]
    asked = wire.asked[0]
    assert asked.query["output_format"] == ["mp3_44100_128"]
    assert asked.json() == {
        "text": TEXT, "model_id": "eleven_multilingual_v2",
        "voice_settings": {"stability": 0.4, "similarity_boost": 0.75, "style": 0.12, "use_speaker_boost": True},
    }  # fmt: skip


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(
    ("model", "code", "sent"),
    [
        ("eleven_flash_v2_5", "de", "de"),
        ("eleven_v3", "zh-Hans", "zh"),
        ("eleven_multilingual_v2", "de", None),
        ("eleven_flash_v2_5", None, None),
    ],
)
def test_the_language_is_told_where_the_model_takes_it(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes, model: str, code: str | None, sent: str | None
) -> None:
    wire.on("POST", SPEECH, heard(tone))
    words = ("--language", code) if code else ()
    assert run(generate_audio.main, *speech(tmp_path, "--model", model, *words)).code == 0
    assert wire.asked[0].json().get("language_code") == sent


def test_a_narration_is_bought_once(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", SPEECH, heard(tone))
    first, second = run(generate_audio.main, *speech(tmp_path)), run(generate_audio.main, *speech(tmp_path))
    assert second.result == first.result and second.of("charged") == [] and len(wire.asked) == 1


def test_a_refused_narration_is_bought_and_charged_anew(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", SPEECH, heard(tone))
    run(generate_audio.main, *speech(tmp_path))
    (tmp_path / "n.mp3").rename(tmp_path / "n.mp3.refused")
    again = run(generate_audio.main, *speech(tmp_path))
    assert again.code == 0 and len(wire.asked) == 2
    assert [(event["quantity"], event["usd"]) for event in again.of("charged")] == [(43, 0.00344)]


def test_another_voice_setting_is_another_request(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", SPEECH, heard(tone))
    run(generate_audio.main, *speech(tmp_path))
    run(generate_audio.main, *speech(tmp_path, "--stability", "0.9", "--no-speaker-boost"))
    settings = [asked.json()["voice_settings"] for asked in wire.asked]
    assert [(one["stability"], one["use_speaker_boost"]) for one in settings] == [(0.4, True), (0.9, False)]


def test_a_silent_narration_is_nonsense_that_was_paid_for(wire: Wire, run: Run, tmp_path: Path, silence: bytes) -> None:
    wire.on("POST", SPEECH, heard(silence))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert (ran.code, ran.failure["kind"], len(ran.of("charged"))) == (76, "nonsense", 1)
    assert "silent" in ran.failure["message"] and list(tmp_path.iterdir()) == []


def test_a_narration_cut_short_is_nonsense(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", SPEECH, heard(tone[: len(tone) // 4]))
    assert run(generate_audio.main, *speech(tmp_path)).failure["kind"] == "nonsense"


def test_a_narration_that_is_no_audio_is_nonsense(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", SPEECH, heard(b"<html>" * 50))
    assert run(generate_audio.main, *speech(tmp_path)).failure["kind"] == "nonsense"


def test_a_narration_longer_than_its_clip_is_warned_about(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate_audio, "LONG_S", 2.0)
    wire.on("POST", SPEECH, heard(tone))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert ran.code == 0 and "close to the end" in ran.stderr


def detail(http: int, **fields: object) -> Say:
    return say({"detail": fields}, http)


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (detail(401, status="invalid_api_key", message="Invalid API key"), 77, "credentials"),
        (detail(402, code="payment_required", message="pay"), 75, "quota"),
        (detail(429, status="too_many_concurrent_requests", message="wait"), 75, "busy"),
        (detail(429, code="rate_limit_exceeded", message="wait"), 75, "busy"),
        (detail(429, code="system_busy", message="wait"), 75, "busy"),
        (detail(404, code="voice_not_found", message="no such voice"), 78, "configuration"),
        (detail(403, status="only_for_creator+", message="upgrade"), 78, "configuration"),
        (detail(400, code="content_policy_violation", message="refused"), 65, "refused"),
        (detail(400, code="max_character_limit_exceeded", message="too long"), 65, "input"),
        (say({"detail": [{"loc": ["body", "text"], "msg": "Field required", "type": "missing"}]}, 422), 65, "input"),
        (detail(503, code="system_busy", message="wait"), 75, "busy"),
        (detail(500, code="internal_error", message="The model is overloaded"), 69, "down"),
        (detail(409, code="conflict", message="already exists"), 69, "down"),
    ],
)
def test_errors_of_both_shapes_are_told_apart(
    wire: Wire, run: Run, tmp_path: Path, answer: Say, code: int, kind: str
) -> None:
    wire.on("POST", SPEECH, answer)
    ran = run(generate_audio.main, *speech(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (code, kind)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_purse_is_401_and_tells_when_it_is_filled_again(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", SPEECH, detail(401, status="quota_exceeded", message="0 credits remaining"))
    wire.on("GET", "/v1/user/subscription", say({"next_character_count_reset_unix": 4_000_000_000}))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert (ran.code, ran.failure["kind"], ran.failure["code"]) == (75, "quota", "quota_exceeded")
    assert ran.failure["retry_after_s"] == 86_400


@pytest.mark.fault("13.11")
@pytest.mark.parametrize(
    "answer",
    [
        Say(cut=True), Say(b"abc", stated=9999), Say(b"<html>", 504), Say(b"busy", 503), Say(status=503),
        detail(500, code="internal_error", message="oops"),
    ],
)  # fmt: skip
def test_a_lost_narration_is_in_doubt(wire: Wire, run: Run, tmp_path: Path, answer: Say) -> None:
    wire.on("POST", SPEECH, answer)
    assert run(generate_audio.main, *speech(tmp_path)).failure["kind"] == "in_doubt"
    assert run(generate_audio.main, *speech(tmp_path)).failure["kind"] == "in_doubt"
    assert len(wire.asked) == 1


@pytest.mark.parametrize("suffix", ["mp3", "wav"])
def test_an_effect_is_brought_to_the_loudness_of_a_background(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes, suffix: str
) -> None:
    wire.on("POST", EFFECT, heard(tone))
    output = tmp_path / f"s.{suffix}"
    ran = run(generate_sound_effects.main, *effect(tmp_path, "--output", output, "--target-volume", -30))
    assert ran.code == 0
    assert audio.measure(output).lufs == pytest.approx(-30, abs=0.5)
    assert ran.result["lufs"] == pytest.approx(-30, abs=0.5)
    assert [(event["kind"], event["usd"]) for event in ran.of("charged")] == [("sound_effect", 0.12)]
    assert wire.asked[0].json() == {
        "text": "Continuous river ambience", "duration_seconds": 4.0, "prompt_influence": 0.3,
        "model_id": "eleven_text_to_sound_v2",
    }  # fmt: skip


def test_a_loud_target_keeps_its_peaks_under_the_ceiling(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", EFFECT, heard(tone))
    ran = run(generate_sound_effects.main, *effect(tmp_path, "--target-volume", -5))
    assert ran.code == 0 and audio.measure(tmp_path / "s.mp3").peak_dbfs <= -0.5


def test_an_effect_stays_as_it_came_when_asked(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", EFFECT, heard(tone))
    assert run(generate_sound_effects.main, *effect(tmp_path, "--no-normalize")).code == 0
    assert (tmp_path / "s.mp3").read_bytes() == tone


def test_an_effect_much_shorter_than_ordered_is_nonsense(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", EFFECT, heard(tone))
    ran = run(generate_sound_effects.main, *effect(tmp_path, "--duration", 10))
    assert ran.failure["kind"] == "nonsense" and "10" not in ran.failure["message"].split("lasts")[0]


@pytest.mark.parametrize(
    "words",
    [["--duration", "31"], ["--prompt-influence", "2"], ["--format", "wav"], ["--target-volume", "3"]],
)
def test_effects_out_of_range_are_usage_errors(wire: Wire, run: Run, tmp_path: Path, words: list[str]) -> None:
    ran = run(generate_sound_effects.main, *effect(tmp_path, *words))
    assert (ran.code, ran.failure["kind"], wire.asked) == (64, "usage", [])


def test_a_missing_ffmpeg_is_found_before_paying(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEOD_FFMPEG", "/nowhere/ffmpeg")
    ran = run(generate_sound_effects.main, *effect(tmp_path))
    assert (ran.code, ran.failure["kind"], wire.asked) == (78, "configuration", [])
