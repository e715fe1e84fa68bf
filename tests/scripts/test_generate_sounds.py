import base64
import tempfile
from pathlib import Path

import pytest

from scripts import generate_audio, generate_sound_effects
from scripts.lib import audio
from scripts.lib.film import spoken
from tests.harness import forms
from tests.scripts.conftest import Run
from tests.scripts.wire import Say, Wire, say

VOICE = "JBFqnCBsd6RMkjVDRZzb"
SPEECH, EFFECT = f"/v1/text-to-speech/{VOICE}/with-timestamps", "/v1/sound-generation"
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
def test_the_language_is_shown_where_the_model_takes_it(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes, model: str, code: str | None, sent: str | None
) -> None:
    wire.on("POST", SPEECH, heard(tone))
    words = ("--language", code) if code else ()
    assert run(generate_audio.main, *speech(tmp_path, "--model", model, *words)).code == 0
    assert wire.asked[0].json().get("language_code") == sent


def aligned(text: str, share: float = 0.1) -> dict:
    starts = [round(share * at, 3) for at in range(len(text))]
    return {"characters": list(text), "character_start_times_seconds": starts,
            "character_end_times_seconds": [one + share for one in starts]}  # fmt: skip


def timed(data: bytes, alignment: object) -> Say:
    encoded = base64.b64encode(data).decode()
    return say({"audio_base64": encoded, "alignment": alignment, "normalized_alignment": aligned(TEXT)},
               **{"character-cost": "43"})  # fmt: skip


def test_the_times_of_a_narration_are_kept_beside_it_and_vouch_for_no_other_file(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes
) -> None:
    wire.on("POST", SPEECH, timed(tone, aligned(TEXT)))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert ran.code == 0 and (tmp_path / "n.mp3").read_bytes() == tone and len(ran.of("charged")) == 1
    times = spoken.recall(tmp_path / "n.mp3", TEXT)
    assert times is not None and times.text == TEXT and times.starts[4] == 0.4
    assert spoken.recall(tmp_path / "n.mp3", "Another text.") is None
    (tmp_path / "n.mp3").write_bytes(tone + b"0")
    assert spoken.recall(tmp_path / "n.mp3", TEXT) is None


def test_times_leave_out_what_is_not_spoken(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    text = '[whispers] The old <break time="1s"/> bear &amp; cub wait where the river narrows.'
    wire.on("POST", SPEECH, timed(tone, aligned(text, 0.01)))
    words = ["--text", text, "--voice", VOICE, "--output", tmp_path / "n.mp3"]
    assert run(generate_audio.main, *words).code == 0
    times = spoken.recall(tmp_path / "n.mp3", text)
    assert times is not None and times.text == "The old bear & cub wait where the river narrows."
    assert times.starts[times.text.index("bear")] == pytest.approx(text.index("bear") * 0.01)


@pytest.mark.parametrize(
    "alignment",
    [
        None, [], "x", {"characters": []}, aligned("Another text."), aligned(TEXT) | {"characters": [1] * len(TEXT)},
        aligned(TEXT) | {"character_start_times_seconds": None},
        aligned(TEXT) | {"character_start_times_seconds": [0.0]},
        aligned(TEXT) | {"character_start_times_seconds": ["soon"] * len(TEXT)},
        aligned(TEXT) | {"character_end_times_seconds": [-1.0] * len(TEXT)},
        aligned(TEXT, 0.0),
    ],
)  # fmt: skip
def test_a_narration_whose_times_are_missing_or_nonsense_is_a_good_one(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes, alignment: object
) -> None:
    wire.on("POST", SPEECH, timed(tone, alignment))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert ran.code == 0 and (tmp_path / "n.mp3").read_bytes() == tone
    assert "did not say when the words are spoken" in ran.stderr
    assert spoken.recall(tmp_path / "n.mp3", TEXT) is None


@pytest.mark.parametrize("sound", [None, "", "not base64!", 5, [], "AAA"])
def test_an_answer_without_a_sound_is_nonsense_that_may_have_been_paid_for(
    wire: Wire, run: Run, tmp_path: Path, sound: object
) -> None:
    wire.on("POST", SPEECH, say({"audio_base64": sound, "alignment": aligned(TEXT)}))
    ran = run(generate_audio.main, *speech(tmp_path))
    assert ran.failure["kind"] == "in_doubt" and not (tmp_path / "n.mp3").exists()


@pytest.mark.parametrize(("model", "told"), [("eleven_multilingual_v2", True), ("eleven_v3", False), ("own_1", False)])
def test_a_voice_hears_what_is_said_around_its_words_where_the_model_takes_it(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes, model: str, told: bool
) -> None:
    wire.on("POST", SPEECH, heard(tone))
    around = ("--previous", "The river falls.", "--next", "She steps in.")
    assert run(generate_audio.main, *speech(tmp_path, "--model", model, *around)).code == 0
    sent = wire.asked[0].json()
    expected = ("The river falls.", "She steps in.") if told else (None, None)
    assert (sent.get("previous_text"), sent.get("next_text")) == expected and sent["text"] == TEXT


def test_other_words_around_a_narration_are_no_other_order(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", SPEECH, heard(tone))
    for around in ("The river falls.", "The river rises.", ""):
        assert run(generate_audio.main, *speech(tmp_path, "--previous", around)).code == 0
    assert len(wire.asked) == 1


def test_a_narration_is_bought_once(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", SPEECH, heard(tone))
    first, second = run(generate_audio.main, *speech(tmp_path)), run(generate_audio.main, *speech(tmp_path))
    assert second.result == first.result and second.of("charged") == [] and len(wire.asked) == 1


def test_a_refused_narration_is_bought_and_charged_again(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
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
def test_errors_of_both_shapes_are_distinguished(
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


# ------------------------------------------------------------------------------------ sounds as they really come


def streamed(folder: Path, name: str) -> bytes:
    return forms.SOUNDS[name](folder).read_bytes()


@pytest.mark.fault("4.4")
@pytest.mark.parametrize("name", [name for name in forms.SOUNDS if name.startswith("wav streamed")])
def test_a_streamed_wav_of_the_service_is_bought_once_and_gets_its_lengths(
    wire: Wire, run: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / "made").mkdir()
    wire.on("POST", SPEECH, heard(streamed(tmp_path / "made", name)))
    output = tmp_path / "n.wav"
    words = ["--text", "The old bear waits.", "--voice", VOICE, "--output", output, "--format", "wav_44100"]
    ran = run(generate_audio.main, *words)
    assert ran.code == 0, ran.stderr
    assert ran.result["duration_s"] == pytest.approx(2.0, abs=0.01)
    data = output.read_bytes()
    at = data.index(b"data")
    assert int.from_bytes(data[at + 4 : at + 8], "little") == len(data) - at - 8
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert run(generate_audio.main, *words).code == 0 and len(wire.asked) == 1


@pytest.mark.fault("4.4")
@pytest.mark.parametrize("name", ["narration_two_mp3_joined.mp3", "narration_mp3_150_bytes_missing.mp3"])
def test_an_mp3_as_players_take_it_is_bought_once(wire: Wire, run: Run, tmp_path: Path, name: str) -> None:
    wire.on("POST", SPEECH, heard((forms.CASES / name).read_bytes()))
    ran = run(generate_audio.main, "--text", "The bear.", "--voice", VOICE, "--output", tmp_path / "n.mp3")
    assert ran.code == 0, ran.stderr


@pytest.mark.fault("4.4")
def test_a_header_that_tells_the_truth_or_promises_more_is_left_as_it_is(tmp_path: Path) -> None:
    whole = forms.SOUNDS["wav"](tmp_path).read_bytes()
    assert audio.with_lengths(whole) == whole
    assert audio.with_lengths(whole[:-5000]) == whole[:-5000], "cut short, and it shows"
    for data in (b"", b"RIFF", b"ID3" + bytes(90), whole[:40]):
        assert audio.with_lengths(data) == data


@pytest.mark.fault("6.7")
def test_marks_in_a_text_need_no_time(wire: Wire, run: Run, tmp_path: Path, tone: bytes) -> None:
    wire.on("POST", SPEECH, heard(tone))
    marks = f'<phoneme alphabet="ipa" ph="{"dʒaɡjuˌɑr" * 20}">jaguar</phoneme><break time="1s"/>'
    words = ("--text", f"The {marks} waits.", "--voice", VOICE, "--output", tmp_path / "n.mp3")
    assert run(generate_audio.main, *words).code == 0


@pytest.mark.fault("6.7")
def test_a_text_of_nothing_but_marks_is_refused_before_it_is_paid(wire: Wire, run: Run, tmp_path: Path) -> None:
    words = ("--text", '<break time="3s"/>', "--voice", VOICE, "--output", tmp_path / "n.mp3")
    ran = run(generate_audio.main, *words)
    assert (ran.failure["kind"], wire.asked) == ("input", [])


@pytest.mark.fault("6.7")
@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.39])
def test_a_sound_too_short_for_the_measurement_is_brought_to_its_loudness(
    wire: Wire, run: Run, tmp_path: Path, seconds: float
) -> None:
    made = forms.made(tmp_path / "made.mp3", "-f", "lavfi", "-i", f"sine=frequency=500:duration={seconds}")
    wire.on("POST", EFFECT, heard(made.read_bytes()))
    output = tmp_path / "s.wav"
    words = ("--text", "Continuous river ambience", "--duration", 0.5, "--output", output)
    if seconds < 0.35:  # less than was ordered
        assert run(generate_sound_effects.main, *words).failure["kind"] == "nonsense"
        audio.to_loudness(made, output, -30.0)
    else:
        assert run(generate_sound_effects.main, *words).code == 0
    assert audio.measure(output).lufs == pytest.approx(-30.0, abs=1.0)


@pytest.mark.fault("5.13")
def test_what_was_paid_for_never_passes_through_the_systems_folder(
    wire: Wire, run: Run, tmp_path: Path, tone: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/tmp")

    for name in ("mkdtemp", "mkstemp", "TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile", "gettempdir"):
        monkeypatch.setattr(tempfile, name, full)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "no such folder"))
    wire.on("POST", SPEECH, heard(tone))
    wire.on("POST", EFFECT, heard(tone))
    assert run(generate_audio.main, *speech(tmp_path)).code == 0
    assert run(generate_sound_effects.main, *effect(tmp_path)).code == 0
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"n.mp3", "n.mp3.job.json", "s.mp3", "s.mp3.job.json"}
