"""The sound of a film: ambiences that pass into each other, a voice in the middle, music that makes room for it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from scripts import assemble_video, cut_clip
from scripts.lib.failures import Failure
from scripts.lib.film import checked, ffmpeg, loudness, pcm, segment
from tests.scripts import media
from tests.scripts.conftest import Ran, Run

pytestmark = pytest.mark.live

TIGHT = ("--lead", "0.6", "--tail", "0.6", "--least", "0")
WINDOW = 960
"""Samples of 20 ms."""


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with media.films("320x180"):
        yield


def heard(path: Path, chain: str = "anull", stream: str = "0:a:0") -> npt.NDArray[np.float32]:
    """The samples of both channels."""
    command = [ffmpeg.ffmpeg_path(), "-v", "error", "-nostdin", *ffmpeg.given(path), "-map", stream, "-af", chain]
    raw = subprocess.run([*command, "-ac", "2", "-ar", "48000", "-f", "f32le", "-"], capture_output=True, check=True)
    return np.frombuffer(raw.stdout, np.float32).reshape(-1, 2)


def levels(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The level of every 20 ms in dB of full scale."""
    whole = samples[: len(samples) // WINDOW * WINDOW].astype(np.float64).reshape(-1, WINDOW, 2)
    return np.asarray(10 * np.log10((whole**2).mean(axis=(1, 2)) + 1e-12))


def level(samples: npt.NDArray[np.float32]) -> float:
    return float(10 * np.log10((samples.astype(np.float64) ** 2).mean() + 1e-12))


def test_samples_read_from_a_cut_are_those_that_ffmpeg_reads(tmp_path: Path) -> None:
    tones = [
        word for hz in (200, 300) for word in ("-f", "lavfi", "-i", f"sine=frequency={hz}:sample_rate=48000:d=2.3")
    ]
    picture = ("-f", "lavfi", "-i", "testsrc2=size=64x36:rate=24:d=2.3")
    both = ("-map", "0:v", "-map", "1:a", "-map", "2:a", "-ac:a:1", "2")
    plain = media.make(tmp_path / "plain.mov", *picture, *tones, *both, *media.X264, "-c:a", "pcm_s16le")
    found = pcm.tracks(plain)
    assert found is not None and len(found) == 2
    for place, samples in enumerate(found):
        command = [ffmpeg.ffmpeg_path(), "-v", "error", *ffmpeg.given(plain), "-map", f"0:a:{place}", "-c", "copy"]
        assert samples == subprocess.run([*command, "-f", "s16le", "-"], capture_output=True, check=True).stdout
    packed = media.make(tmp_path / "packed.mov", *picture, *tones, *both, *media.X264, "-c:a", "aac")
    big_endian = media.make(tmp_path / "big.mov", *picture, *tones, *both, *media.X264, "-c:a", "pcm_s16be")
    short = tmp_path / "short.mov"
    short.write_bytes(plain.read_bytes()[:-100])
    assert [pcm.tracks(packed), pcm.tracks(big_endian)] == [None, None]
    with pytest.raises(Failure, match="cut off"):
        pcm.tracks(short)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studio")
    media.clip(folder / "clip.mp4", 4.0, "320x180")
    media.sound(folder / "voice.wav", "sine=frequency=300:duration=1.6")
    media.sound(folder / "quiet.wav", "anullsrc=d=1.6")
    media.sound(folder / "wind.wav", "anoisesrc=color=pink:amplitude=0.2:duration=10:seed=3", channels=2)
    media.sound(folder / "rain.wav", "anoisesrc=color=white:amplitude=0.3:duration=2:seed=4", channels=2)
    hole = "anoisesrc=color=pink:amplitude=0.2:duration=10:seed=5,volume=0:enable=between(t\\,1.3\\,1.9)"
    media.sound(folder / "holed.wav", hole, channels=2)
    return folder


def film(
    run: Run,
    studio: Path,
    out: Path,
    voice: str,
    effects: tuple[str, ...],
    *words: object,
    pace: tuple[str, ...] = TIGHT,
) -> tuple[Ran, list[int]]:
    """A film of a cut for each effect; and where its cuts begin, in samples."""
    rows: list[dict[str, object]] = []
    starts = [0]
    for number, effect in enumerate(effects, start=1):
        cut = out / f"cut_{number}.mov"
        inputs = ("--video", studio / "clip.mp4", "--audio", studio / voice, "--sfx", studio / effect)
        ran = run(cut_clip.main, *inputs, "--output", cut, *pace)
        assert ran.code == 0, ran.stderr
        starts.append(starts[-1] + ran.result["samples"])
        rows.append({"clip_number": number, "video": str(studio / "clip.mp4"), "audio": str(studio / voice),
                     "sfx": str(studio / effect), "cut": str(cut)})  # fmt: skip
    listed = media.manifest(out / "manifest.json", rows)
    ran = run(assemble_video.main, "--manifest", listed, "--output", out / "film.mp4", *words)
    assert ran.code == 0, ran.stderr
    return ran, starts


def test_the_ambience_continues_under_every_cut(studio: Path, tmp_path: Path, run: Run) -> None:
    _, starts = film(run, studio, tmp_path, "quiet.wav", ("wind.wav", "rain.wav", "holed.wav", "wind.wav"))
    found = levels(heard(tmp_path / "film.mp4"))
    mean = level(heard(tmp_path / "film.mp4"))
    for start in starts[1:-1]:
        near = found[start // WINDOW - 25 : start // WINDOW + 25].reshape(-1, 5).mean(axis=1)
        assert abs(near - mean).max() < 6.0, near
    assert found[1:-1].min() > -60.0, "a hole in an effect, or the end of a short one, is no silence"


def test_the_music_makes_room_for_the_voice(studio: Path, tmp_path: Path, run: Run) -> None:
    music = media.sound(tmp_path / "music.mp3", "sine=frequency=3000:duration=9", channels=2)
    words, pace = (
        ("--music", music, "--music-credit", "Music: A by B"),
        ("--lead", "2", "--tail", "0.4", "--least", "0"),
    )
    ran, _ = film(run, studio, tmp_path, "voice.wav", ("wind.wav",), *words, pace=pace)
    assert (ran.result["music"], ran.result["music_credit"]) == ("music.mp3", "Music: A by B")
    band = heard(tmp_path / "film.mp4", "bandpass=f=3000:width_type=h:w=40")
    # somebody speaks from second 2 on; the music has come in until 1.5 and goes out from 3 on
    early, spoken = band[int(1.55 * 48_000) : int(1.7 * 48_000)], band[int(2.4 * 48_000) : int(2.9 * 48_000)]
    assert 6.0 <= level(early) - level(spoken) <= 9.0
    assert level(band[-4_800:]) < level(spoken) - 10, "it fades out at the end"
    loud = loudness.measure(tmp_path / "film.mp4", "film")
    assert loud.lufs == pytest.approx(-14.0, abs=0.5)
    assert loud.true_peak_db is not None and loud.true_peak_db <= -1.0


def test_music_that_cannot_be_used_is_left_out_and_not_credited(studio: Path, tmp_path: Path, run: Run) -> None:
    music = tmp_path / "music.mp3"
    music.write_text("<html>moved</html>")
    words = ("--music", music, "--music-credit", "Music: A by B")
    ran, _ = film(run, studio, tmp_path, "voice.wav", ("wind.wav",), *words)
    assert "music" in ran.result["made_without"] and ran.result.get("music_credit") is None


@pytest.mark.parametrize(
    ("pan", "name"), [("stereo|c0=c0|c1=0*c0", "left only"), ("stereo|c0=c0|c1=-1*c0", "turned against itself"),
                      ("stereo|c0=c0|c1=c0", "both")],
)  # fmt: skip
def test_a_voice_stands_in_the_middle_whatever_its_channels_are(
    studio: Path, tmp_path: Path, run: Run, pan: str, name: str
) -> None:
    source = f"sine=frequency=300:duration=1.6,pan={pan}"
    voice = media.make(tmp_path / "voice.wav", "-f", "lavfi", "-i", source, "-ar", "48000")
    out = tmp_path / "cut.mov"
    assert run(cut_clip.main, "--video", studio / "clip.mp4", "--audio", voice, "--output", out, *TIGHT).code == 0
    both = heard(out)
    assert np.array_equal(both[:, 0], both[:, 1]), name
    assert loudness.measure(out, "cut").lufs == pytest.approx(-16.0, abs=0.7)


def test_direct_current_does_not_reach_the_film(studio: Path, tmp_path: Path, run: Run) -> None:
    voice = media.sound(tmp_path / "voice.wav", "aevalsrc=0.2+0.3*sin(600*PI*t):s=48000:d=1.6")
    out = tmp_path / "cut.mov"
    assert run(cut_clip.main, "--video", studio / "clip.mp4", "--audio", voice, "--output", out, *TIGHT).code == 0
    spoken = heard(out)[48_000:96_000]
    assert abs(float(spoken.mean())) < 0.01


@pytest.mark.parametrize("gain", ["0.02", pytest.param("1.0", marks=pytest.mark.whole)])
def test_an_intro_has_the_loudness_of_the_film(studio: Path, tmp_path: Path, run: Run, gain: str) -> None:
    intro = media.make(
        tmp_path / "intro.mp4", "-f", "lavfi", "-i", "color=c=red:s=320x180:r=24:d=4", "-f", "lavfi", "-i",
        f"anoisesrc=color=pink:amplitude={gain}:duration=4", *media.X264, "-c:a", "aac",
    )  # fmt: skip
    film(run, studio, tmp_path, "voice.wav", ("wind.wav",) * 4, "--intro", intro)
    parts = [
        media.make(tmp_path / f"{name}.wav", *ffmpeg.given(tmp_path / "film.mp4"), "-vn", *cut)
        for name, cut in (("intro_part", ("-t", "4")), ("body", ("-ss", "4")))
    ]
    found = [loudness.measure(part, "part").lufs for part in parts]
    assert found[0] is not None and found[1] is not None and abs(found[0] - found[1]) <= 1.0


def test_a_cut_keeps_its_sounds_apart_also_without_its_certificate(studio: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "cut.mov"
    inputs = ("--video", studio / "clip.mp4", "--audio", studio / "voice.wav", "--sfx", studio / "wind.wav")
    ran = run(cut_clip.main, *inputs, "--output", out, *TIGHT)
    known = checked.recall(out, "clip 1", 24)
    assert known is not None and known.handle == 24_000
    checked.certificate_path(out).unlink()
    assert segment.examine(out, "clip 1", 24).handle == 24_000
    voice, ambience, handles = (heard(out, stream=f"0:a:{place}") for place in (1, 2, 3))
    assert len(voice) == len(ambience) == ran.result["samples"] and len(handles) == 48_000
    assert not voice[: 48 * 500].any() and level(voice[48_000:72_000]) > -30
    assert (ffmpeg.probe(out).duration_s or 0) == pytest.approx(ran.result["duration_s"], abs=0.01)


def test_a_cut_without_stems_is_taken_with_the_sound_that_it_has(studio: Path, tmp_path: Path, run: Run) -> None:
    inputs = ("--video", studio / "clip.mp4", "--audio", studio / "voice.wav", "--sfx", studio / "wind.wav")
    assert run(cut_clip.main, *inputs, "--output", tmp_path / "cut_1.mov", *TIGHT).code == 0
    media.make(tmp_path / "cut_2.mov", *ffmpeg.given(tmp_path / "cut_1.mov"), "-map", "0:v", "-map", "0:a:0", "-c",
               "copy")  # fmt: skip
    rows: list[dict[str, object]] = [
        {"clip_number": number, "video": "x", "audio": "x", "cut": str(tmp_path / f"cut_{number}.mov")}
        for number in (1, 2)
    ]
    listed = media.manifest(tmp_path / "manifest.json", rows)
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 0, ran.stderr
    whole = heard(tmp_path / "film.mp4")
    half = len(whole) // 2
    assert level(whole[:half]) == pytest.approx(level(whole[half:]), abs=1.0)
