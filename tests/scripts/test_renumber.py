"""Pictures of two encoders that number their parameter sets alike share a film, and none of them is encoded again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import assemble_video, cut_clip
from scripts.lib.film import ffmpeg, mp4, renumber
from tests.scripts import media
from tests.scripts.conftest import Run

pytestmark = pytest.mark.live

TIGHT = ("--lead", "0", "--tail", "0.25", "--least", "0")
#: how encoders differ: entropy coding, B-pictures, references, slices, grain that makes zeros rare or frequent
KINDS = {
    "cavlc": "cabac=0:bframes=0:ref=1",
    "pyramid": "bframes=3:b-pyramid=normal:ref=4:weightp=2",
    "slices": "slices=5:bframes=2",
    "plain": "bframes=0:ref=1:8x8dct=0",
}


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with media.films(media.SMALL):
        yield


def clip(out: Path, params: str, number: int = 0) -> Path:
    """Two seconds that move, with still and black parts, whose codes are full of zeros."""
    shown = f"testsrc2=s={media.SMALL}:r=24:d=2,drawbox=y=200:c=black:t=fill,noise=alls={3 * number}:allf=t"
    codec = ("-c:v", "libx264", "-profile:v", "high", "-pix_fmt", "yuv420p", "-g", "24", "-x264-params")
    return media.make(out, "-f", "lavfi", "-i", shown, *codec, f"{params}:open-gop=0:scenecut=0")


def sounded(out: Path, params: str, number: int = 0) -> Path:
    """The same as a segment: MOV with a sound."""
    path = clip(out.with_suffix(".mp4"), params, number)
    sound = ("-f", "lavfi", "-i", "sine=d=2:r=48000", "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_s16le")
    return media.make(out, *ffmpeg.given(path), *sound, "-f", "mov")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_pictures_stay_as_they_are_bit_by_bit_under_another_number(kind: str, tmp_path: Path) -> None:
    source, out = sounded(tmp_path / "one.mov", KINDS[kind], 1), tmp_path / "other.mov"
    avc = mp4.read_avc(source)
    assert avc is not None and set(avc.ids()) == {("sps", 0), ("pps", 0)}
    new = renumber.renumbered(source, avc, {("sps", 0), ("pps", 0), ("sps", 1), ("pps", 15)}, out, 24)
    assert new is not None and set(new.ids()) == {("sps", 2), ("pps", 16)}
    assert mp4.read_avc(out) == new
    assert media.picture_sums(out) == media.picture_sums(source)
    assert media.picture_times(out) == media.picture_times(source)
    assert media.samples(out) == media.samples(source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.mov", "one.mp4", "other.mov"]


def test_numbers_that_are_taken_are_passed_over_until_none_are_left(tmp_path: Path) -> None:
    source = sounded(tmp_path / "one.mov", KINDS["plain"])
    avc = mp4.read_avc(source)
    assert avc is not None
    all_sps = {("sps", number) for number in range(32)}
    assert renumber.renumbered(source, avc, all_sps, tmp_path / "out.mov", 24) is None
    all_pps = {("pps", number) for number in range(15, 31)}
    assert renumber.renumbered(source, avc, all_pps, tmp_path / "out.mov", 24) is None


def test_a_new_code_is_always_a_byte_longer() -> None:
    for number in range(15):
        longer = {renumber._longer(number, group) for group in range(renumber.GROUPS)}
        assert len(longer) == renumber.GROUPS and max(longer) < 256
        assert {len(renumber._code(one)) - len(renumber._code(number)) for one in longer} == {8}
    every = [renumber._longer(number, group) for number in range(15) for group in range(renumber.GROUPS)]
    assert len(set(every)) == len(every)


@pytest.mark.long
def test_a_film_of_clips_from_two_encoders_is_copied_whole(tmp_path: Path, run: Run) -> None:
    voice = media.sound(tmp_path / "voice.wav", "sine=duration=1.2")
    entries: list[dict[str, object]] = []
    for number, kind in enumerate(("pyramid", "cavlc", "pyramid", "cavlc", "plain"), start=1):
        video, cut = clip(tmp_path / f"c{number}.mp4", KINDS[kind], number), tmp_path / f"cut_{number}.mov"
        assert run(cut_clip.main, "--video", video, "--audio", voice, "--output", cut, *TIGHT).code == 0
        entries.append({"clip_number": number, "video": video.name, "audio": voice.name, "cut": cut.name})
    out = tmp_path / "film.mp4"
    listed = media.manifest(tmp_path / "manifest.json", entries)
    ran = run(assemble_video.main, "--manifest", listed, "--output", out, "--decode-all")
    assert ran.code == 0, ran.stderr
    assert ran.result["reencoded_clips"] == []
    avc = mp4.read_avc(out)
    assert avc is not None and len(avc.ids()) == 6, "three encoders, two sets each"
    sums = [one for number in range(1, 6) for one in media.picture_sums(tmp_path / f"cut_{number}.mov")]
    assert media.picture_sums(out) == sums
