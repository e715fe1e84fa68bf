"""Cutting one clip: pictures copied where possible, sound of exactly their length, narration never cut."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts import assemble_video, cut_clip, make_captions
from scripts.lib.film import checked, ffmpeg, loudness, mp4, packets, said, segment, voice
from tests.scripts import media
from tests.scripts.conftest import Run

pytestmark = pytest.mark.live

PER_FRAME = 2000
#: no lead-in, hardly a tail and no least length, for what is not about the pace
TIGHT = ("--lead", "0", "--tail", "0.25", "--least", "0")


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with media.films(media.SMALL):
        yield


@pytest.fixture
def full() -> Iterator[None]:
    with media.films(media.FULL):
        yield


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 3 s clip of the film's format, with what is cut under it."""
    folder = tmp_path_factory.mktemp("studio")
    media.clip(folder / "clip.mp4", 3.0, media.SMALL)
    media.speech(folder / "voice.mp3", 1.6)
    media.sound(folder / "rain.mp3", "anoisesrc=color=white:amplitude=0.2:duration=4", channels=2)
    return folder


def sound_samples(path: Path) -> int:
    return sum(packet.duration for packet in packets.listing(path, "0:a:0", "looking").packets)


def test_pictures_are_copied_bit_by_bit_and_sound_fits_to_the_sample(studio: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "cut.mov"
    inputs = ("--video", studio / "clip.mp4", "--audio", studio / "voice.mp3", "--sfx", studio / "rain.mp3")
    ran = run(cut_clip.main, *inputs, "--output", out, *TIGHT)
    assert ran.code == 0, ran.stderr
    frames = ran.result["frames"]
    speech_s = ran.result["speech_s"]
    assert ran.result["copied"] is True and ran.result["held_s"] == 0.0 and ran.result["slowed"] == 1.0
    assert speech_s + 0.25 <= frames / 24 <= speech_s + 0.25 + 0.55
    assert media.picture_sums(out) == media.picture_sums(studio / "clip.mp4")[:frames]
    assert sound_samples(out) == frames * PER_FRAME
    found = ffmpeg.probe(out)
    assert found.audio is not None
    assert (found.audio.codec, found.audio.rate_hz, found.audio.layout) == ("pcm_s16le", 48000, "stereo")
    assert ran.result["sha256"] == media.sha256(out)
    heard = said.recall(out, studio / "voice.mp3")
    assert heard is not None and heard.frames == frames and said.recall(out, studio / "rain.mp3") is None
    begins = heard.at_s + heard.sound.heard[0][0]
    assert begins == pytest.approx(ran.result["lead_s"] + voice.BEFORE_S, abs=0.05)
    assert media.leftovers(tmp_path) == []


def test_the_voice_lies_about_14_lu_above_the_effect(studio: Path, tmp_path: Path, run: Run) -> None:
    silent = media.sound(tmp_path / "silent.mp3", "anullsrc=d=2.2")
    alone, under = tmp_path / "voice.mov", tmp_path / "effect.mov"
    video = studio / "clip.mp4"
    assert run(cut_clip.main, "--video", video, "--audio", studio / "voice.mp3", "--output", alone, *TIGHT).code == 0
    words = ("--audio", silent, "--sfx", studio / "rain.mp3", "--output", under, *TIGHT)
    ran = run(cut_clip.main, "--video", video, *words)
    assert ran.code == 0
    assert "silent" in ran.stderr
    voice, effect = loudness.measure(alone, "voice").lufs, loudness.measure(under, "effect").lufs
    assert voice is not None and effect is not None
    assert voice == pytest.approx(-16.0, abs=1.0)
    assert voice - effect == pytest.approx(14.0, abs=1.5)


def test_levels_can_be_chosen(studio: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "cut.mov"
    words = ("--video", studio / "clip.mp4", "--audio", studio / "voice.mp3", "--output", out, "--voice-lufs", "-24")
    assert run(cut_clip.main, *words, *TIGHT).code == 0
    assert loudness.measure(out, "voice").lufs == pytest.approx(-24.0, abs=0.6)


MPEG4 = ("-c:v", "mpeg4", "-q:v", "3")
FULL_444 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("size", "fps", "codec", "reason"),
    [
        ("1280x720", "24", media.X264, "size 1280x720"),
        ("640x480", "30", MPEG4, "codec mpeg4 Simple Profile"),
        (media.FULL, "30", media.X264, "frame rate 30"),
        (media.FULL, "24000/1001", media.X264, "frame rate 23.98"),
        (media.FULL, "24", FULL_444, "codec h264 High 4:4:4 Predictive"),
    ],
)  # fmt: skip
def test_a_clip_of_another_format_is_encoded_to_the_films(
    size: str, fps: str, codec: tuple[str, ...], reason: str, tmp_path: Path, run: Run
) -> None:
    video = media.clip(tmp_path / "odd.mp4", 1.2, size, fps, codec)
    voice = media.sound(tmp_path / "voice.wav", "sine=duration=0.5")
    out = tmp_path / "cut.mov"
    ran = run(cut_clip.main, "--video", video, "--audio", voice, "--output", out, *TIGHT)
    assert ran.code == 0, ran.stderr
    assert ran.result["encoded_because"] == reason and ran.result["frames"] == 18
    found = ffmpeg.probe(out).video
    assert found is not None
    assert (found.codec, found.profile, found.pixel_format) == ("h264", "High", "yuv420p")
    assert (found.width, found.height, found.fps) == (1920, 1080, 24.0)
    avc = mp4.read_avc(out)
    assert avc is not None and set(avc.ids()) == {("sps", 7), ("pps", 7)}
    assert packets.listing(out, "0:v:0", "looking").numbers(24) is not None
    assert sound_samples(out) == 18 * PER_FRAME


def test_clips_of_different_formats_get_the_same_parameter_sets(tmp_path: Path, run: Run) -> None:
    voice = media.sound(tmp_path / "voice.wav", "sine=duration=0.4")
    found = set()
    for name, size, fps in (("a", "640x360", "25"), ("b", "1080x1920", "30")):
        video = media.clip(tmp_path / f"{name}.mp4", 1.0, size, fps)
        assert run(cut_clip.main, "--video", video, "--audio", voice, "--output", tmp_path / f"{name}.mov").code == 0
        found.add(mp4.read_avc(tmp_path / f"{name}.mov"))
    assert len(found) == 1 and None not in found


def test_a_clip_with_its_own_sound_starts_at_zero_and_loses_it(studio: Path, tmp_path: Path, run: Run) -> None:
    video = media.make(
        tmp_path / "loud.mp4", "-itsoffset", "0.5", *ffmpeg.given(studio / "clip.mp4"), "-f", "lavfi", "-i",
        "sine=frequency=4000:d=3.5", "-c:v", "copy", "-c:a", "aac",
    )  # fmt: skip
    silent = media.sound(tmp_path / "silent.wav", "anullsrc=d=1")
    out = tmp_path / "cut.mov"
    ran = run(cut_clip.main, "--video", video, "--audio", silent, "--output", out)
    assert ran.code == 0, ran.stderr
    assert ran.result["copied"] is True
    assert media.picture_times(out)[0][0] == 0
    assert not any(media.samples(out))


def test_a_short_effect_is_repeated_to_the_end(studio: Path, tmp_path: Path, run: Run) -> None:
    silent = media.sound(tmp_path / "silent.wav", "anullsrc=d=2.5")
    rain = media.sound(tmp_path / "rain.wav", "anoisesrc=amplitude=0.2:duration=1.1")
    out = tmp_path / "cut.mov"
    words = ("--video", studio / "clip.mp4", "--audio", silent, "--sfx", rain, "--output", out)
    assert run(cut_clip.main, *words).code == 0
    heard = memoryview(media.samples(out)).cast("h")
    assert max(abs(value) for value in heard[int(2.2 * 48000) : int(2.3 * 48000)]) > 50


def test_a_silent_effect_and_narration_give_silence_of_the_right_length(studio: Path, tmp_path: Path, run: Run) -> None:
    silent = media.sound(tmp_path / "silent.mp3", "anullsrc=d=1")
    out = tmp_path / "cut.mov"
    words = ("--video", studio / "clip.mp4", "--audio", silent, "--sfx", silent, "--output", out)
    ran = run(cut_clip.main, *words)
    assert ran.code == 0
    assert sound_samples(out) == ran.result["frames"] * PER_FRAME
    assert not any(media.samples(out))


def truncated(source: bytes) -> bytes:
    return source[: len(source) * 6 // 10]


def zeroed(source: bytes) -> bytes:
    start = len(source) // 4
    return source[:start] + bytes(20_000) + source[start + 20_000 :]


def page(_: bytes) -> bytes:
    return b"<html>502 Bad Gateway</html>"


def nothing(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [truncated, zeroed, page, nothing])
def test_a_broken_clip_is_an_input_failure_and_leaves_nothing(
    damage: Callable[[bytes], bytes], studio: Path, tmp_path: Path, run: Run
) -> None:
    video = tmp_path / "clip_07.mp4"
    video.write_bytes(damage((studio / "clip.mp4").read_bytes()))
    out = tmp_path / "cut.mov"
    ran = run(cut_clip.main, "--video", video, "--audio", studio / "voice.mp3", "--output", out)
    assert ran.code == 65 and ran.failure["kind"] == "input"
    assert "clip_07" in ran.failure["message"]
    assert not out.exists() and media.leftovers(tmp_path) == []


def test_a_cut_off_clip_with_sound_is_noticed_even_where_the_needed_part_is_there(
    studio: Path, tmp_path: Path, run: Run
) -> None:
    whole = media.make(
        tmp_path / "whole.mp4", *ffmpeg.given(studio / "clip.mp4"), "-f", "lavfi", "-i", "sine=d=3", "-c:v", "copy",
        "-c:a", "aac", "-movflags", "+faststart",
    )  # fmt: skip
    video = tmp_path / "clip_08.mp4"
    video.write_bytes(whole.read_bytes()[:-2000])
    ran = run(cut_clip.main, "--video", video, "--audio", studio / "voice.mp3", "--output", tmp_path / "cut.mov")
    assert ran.code == 65 and "clip_08" in ran.failure["message"] and "cut off" in ran.failure["message"]


def test_a_broken_narration_is_an_input_failure(studio: Path, tmp_path: Path, run: Run) -> None:
    voice = tmp_path / "voice.mp3"
    voice.write_bytes(b'{"detail": "quota"}')
    ran = run(cut_clip.main, "--video", studio / "clip.mp4", "--audio", voice, "--output", tmp_path / "cut.mov")
    assert ran.code == 65 and "narration" in ran.failure["message"]


@pytest.mark.parametrize("wrong", [("--fps", "23"), ("--tail", "-1"), ("--voice-lufs", "3"), ("--output", "cut.mp4")])
def test_impossible_wishes_are_usage_errors(wrong: tuple[str, str], studio: Path, tmp_path: Path, run: Run) -> None:
    words = ["--video", studio / "clip.mp4", "--audio", studio / "voice.mp3", "--output", tmp_path / "cut.mov", *wrong]
    assert run(cut_clip.main, *words).code == 64


def test_a_certificate_vouches_only_for_the_same_bytes(studio: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "cut.mov"
    words = ("--video", studio / "clip.mp4", "--audio", studio / "voice.mp3", "--output", out)
    assert run(cut_clip.main, *words).code == 0
    known = checked.recall(out, "clip 1", 24)
    assert known is not None and known.frames * PER_FRAME == known.samples
    assert checked.recall(out, "clip 1", 25) is None
    data = bytearray(out.read_bytes())
    data[len(data) // 2] ^= 1
    out.write_bytes(data)
    assert checked.recall(out, "clip 1", 24) is None
    checked.certificate_path(out).write_text("[]")
    assert checked.recall(out, "clip 1", 24) is None


def test_cutting_again_replaces_the_output_with_the_same_bytes(studio: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "cut.mov"
    words = ("--video", studio / "clip.mp4", "--audio", studio / "voice.mp3", "--output", out)
    first = run(cut_clip.main, *words).result["sha256"]
    assert run(cut_clip.main, *words).result["sha256"] == first


def test_a_shot_without_words_stands_as_long_as_its_plan_says_with_its_effect_alone(
    studio: Path, tmp_path: Path, run: Run
) -> None:
    clip, out = media.clip(tmp_path / "long.mp4", 6.0, media.SMALL), tmp_path / "cut.mov"
    words = ("--sfx", studio / "rain.mp3", "--output", out)
    ran = run(cut_clip.main, "--video", clip, *words, "--hold", "1")
    assert ran.code == 0, ran.stderr
    assert ran.stderr == "" or "warning" not in ran.stderr.lower()
    frames = ran.result["frames"]
    assert 5.0 <= frames / 24 <= 5.5 and ran.result["slowed"] == 1.0 and ran.result["speech_s"] == 0.0
    assert media.picture_sums(out) == media.picture_sums(clip)[:frames]
    assert sound_samples(out) == frames * PER_FRAME
    assert loudness.measure(out, "cut").lufs == pytest.approx(-30.0 + segment.ALONE_LU, abs=1.5)
    kept = checked.recall(out, "clip 2", 24)
    assert kept is not None and kept.handle, "its effect passes into those of its neighbors"
    assert not said.place(out).exists()
    short = tmp_path / "short.mov"
    assert run(cut_clip.main, "--video", studio / "clip.mp4", *words[:2], "--output", short).result["frames"] == 72


def test_a_film_cuts_a_shot_without_words_itself_and_has_no_caption_over_it(
    studio: Path, tmp_path: Path, run: Run
) -> None:
    clip = {"video": str(studio / "clip.mp4"), "sfx": str(studio / "rain.mp3")}
    spoken = {"clip_number": 2, "audio": str(studio / "voice.mp3"), **clip}
    listed = media.manifest(tmp_path / "m.json", [{"clip_number": 1, **clip}, spoken])
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 0, ran.stderr
    assert ran.result["reencoded_clips"] == ["2"] and 3.0 + 3.0 <= ran.result["duration_s"] <= 3.0 + 4.5
    cuts = [
        {"text": "It rains.", "narration": str(studio / "voice.mp3"), "cut": "1.mov", "seconds": 3.0},
        {"cut": "2.mov", "seconds": 3.0},
    ]
    (tmp_path / "cuts.json").write_text(json.dumps({"cuts": cuts}))
    ran = run(make_captions.main, "--list", tmp_path / "cuts.json", "--output", tmp_path / "film.srt")
    assert ran.code == 0, ran.stderr
    assert (ran.result["captions"], ran.result["faults"]) == (1, 0)
    (tmp_path / "cuts.json").write_text(json.dumps({"cuts": [{"text": "It rains.", "cut": "1.mov", "seconds": 3}]}))
    ran = run(make_captions.main, "--list", tmp_path / "cuts.json", "--output", tmp_path / "film.srt")
    assert ran.failure["kind"] == "input"
