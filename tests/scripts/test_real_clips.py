"""Clips as video services really deliver them: a few pixels more or less than a film has, without colors, with long
groups of pictures. And the film as YouTube asks for it."""

from pathlib import Path

import numpy as np
import pytest

from scripts import assemble_video, cut_clip
from scripts.lib.film import ffmpeg, mp4, packets, picture_format
from tests.scripts import media
from tests.scripts.conftest import Ran, Run

pytestmark = pytest.mark.live

TIGHT = ("--lead", "0", "--tail", "0.25", "--least", "0")
LONG_GOP = ("-c:v", "libx264", "-preset", "superfast", "-crf", "18", "-pix_fmt", "yuv420p", "-profile:v", "high",
            "-g", "250", "-bf", "2")  # fmt: skip
PLAIN = ("-c:v", "libx264", "-preset", "superfast", "-crf", "18", "-pix_fmt", "yuv420p", "-profile:v", "high", "-bf",
         "0", "-g", "24")  # fmt: skip
TAGGED = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")


def clip(out: Path, size: str, *codec: str, seconds: float = 1.0) -> Path:
    """Fine moving detail right to the edges."""
    source = f"testsrc2=size={size}:rate=24:duration={seconds},noise=alls=4:allf=t,setsar=1,format=yuv420p"
    return media.make(out, "-f", "lavfi", "-i", source, *(codec or LONG_GOP))


def cut(run: Run, video: Path, out: Path) -> Ran:
    voice = out.with_suffix(".wav")
    if not voice.exists():
        media.sound(voice, "sine=frequency=300:duration=0.5")
    ran = run(cut_clip.main, "--video", video, "--audio", voice, "--output", out, *TIGHT)
    assert ran.code == 0, ran.stderr
    return ran


def sums(path: Path, crop: str) -> list[str]:
    chain = ["-map", "0:v:0", "-vf", f"crop={crop}:0:0:exact=1", "-fps_mode", "passthrough", "-f", "framemd5", "-"]
    said = ffmpeg.run(["-v", "error", "-xerror", *ffmpeg.given(path), *chain], "looking")
    return [line.split(",")[5].strip() for line in said.output.splitlines() if not line.startswith("#")]


def picture(path: Path, crop: str) -> np.ndarray:
    width, height = (int(side) for side in crop.split(":")[:2])
    words = ["-map", "0:v:0", "-vf", f"select=eq(n\\,6),crop={crop}:exact=1,extractplanes=y", "-frames:v", "1", "-f",
             "rawvideo"]  # fmt: skip
    return np.frombuffer(media._raw(path, *words), np.uint8).reshape(height, width).astype(float)


def detail(light: np.ndarray) -> float:
    """The energy of the Laplacian: what scaling by a hair takes away first."""
    middle = light[1:-1, 1:-1]
    return float(((4 * middle - light[:-2, 1:-1] - light[2:, 1:-1] - light[1:-1, :-2] - light[1:-1, 2:]) ** 2).mean())


@pytest.mark.parametrize(
    ("size", "codec"),
    [
        ("1924x1076", LONG_GOP),
        pytest.param("1928x1076", (*PLAIN, *TAGGED), marks=pytest.mark.long),
        pytest.param("1920x1080", LONG_GOP, marks=pytest.mark.whole),
        pytest.param("1932x1084", PLAIN, marks=pytest.mark.whole),
    ],
)
def test_a_clip_of_nearly_the_films_size_is_copied_bit_by_bit(
    size: str, codec: tuple[str, ...], tmp_path: Path, run: Run
) -> None:
    video = clip(tmp_path / "clip.mp4", size, *codec)
    ran = cut(run, video, tmp_path / "cut.mov")
    assert (ran.result["copied"], ran.result.get("encoded_because")) == (True, None)
    found = ffmpeg.probe(tmp_path / "cut.mov").video
    assert found is not None and (found.width, found.height, found.upright) == (1920, 1080, True)
    assert (found.matrix, found.primaries, found.transfer) == ("bt709", "bt709", "bt709")
    kept = f"1920:{min(1080, int(size.split('x')[1]))}"
    assert sums(tmp_path / "cut.mov", kept) == sums(video, kept)[: ran.result["frames"]]
    rows = picture(tmp_path / "cut.mov", "1920:8:0:1072")
    assert np.abs(np.diff(rows, axis=0)).mean() < 60, "no line at the lower edge"


@pytest.mark.long
@pytest.mark.parametrize("size", ["1928x1072", "1916x1072"])
def test_a_clip_that_has_not_enough_is_encoded_without_being_scaled(size: str, tmp_path: Path, run: Run) -> None:
    video = clip(tmp_path / "clip.mp4", size)
    ran = cut(run, video, tmp_path / "cut.mov")
    assert ran.result["encoded_because"] == f"size {size}"
    width, height = (int(side) for side in size.split("x"))
    left = (width - min(width, 1920)) // 2
    top = (1080 - height) // 2 // 2 * 2
    before = picture(video, f"1880:1040:{left + 10}:10")
    after = picture(tmp_path / "cut.mov", f"1880:1040:{(1920 - min(width, 1920)) // 2 // 2 * 2 + 10}:{top + 10}")
    assert detail(after) / detail(before) >= 0.85
    assert np.abs(after - before).mean() < 6.0, "the same place of the same picture"
    edges = picture(tmp_path / "cut.mov", "1920:1080:0:0")
    assert edges[0].mean() > 40 and edges[-1].mean() > 40 and edges[:, 0].mean() > 20, "no black line"


def test_padding_that_is_no_picture_is_never_shown(tmp_path: Path, run: Run) -> None:
    source = "testsrc2=size=1936x1088:rate=24:duration=1,drawbox=x=0:y=1076:w=iw:h=12:c=lime:t=fill,setsar=1"
    whole = media.make(tmp_path / "whole.mp4", "-f", "lavfi", "-i", source, *LONG_GOP)
    video = media.make(tmp_path / "clip.mp4", *ffmpeg.given(whole), "-c", "copy", "-bsf:v",
                       "h264_metadata=crop_right=12:crop_bottom=12")  # fmt: skip
    found = ffmpeg.probe(video).video
    assert found is not None and (found.width, found.height) == (1924, 1076)
    ran = cut(run, video, tmp_path / "cut.mov")
    assert ran.result["encoded_because"] == "size 1924x1076, padded with something else"
    shown = np.frombuffer(media.one_picture(tmp_path / "cut.mov", 3, (1920, 1080)), np.uint8).reshape(1080, 1920, 3)
    assert not ((shown[1060:, :, 1] > 200) & (shown[1060:, :, 0] < 60)).all(axis=1).any()


@pytest.mark.long
@pytest.mark.parametrize(
    ("size", "codec"), [("1924x1076", LONG_GOP), pytest.param("1920x1080", PLAIN, marks=pytest.mark.whole)]
)
def test_only_the_end_of_a_clip_that_fades_out_is_encoded(
    size: str, codec: tuple[str, ...], tmp_path: Path, run: Run
) -> None:
    video = clip(tmp_path / "clip.mp4", size, *codec, seconds=2.5)
    voice = media.sound(tmp_path / "voice.wav", "sine=frequency=300:duration=0.4")
    words = ("--audio", voice, "--output", tmp_path / "cut.mov", *TIGHT, "--closes")
    ran = run(cut_clip.main, "--video", video, *words)
    assert ran.code == 0, ran.stderr
    assert ran.result["encoded_because"] == "fades out at its end"
    frames, kept = ran.result["frames"], f"1920:{min(1080, int(size.split('x')[1]))}"
    before, after = sums(video, kept), sums(tmp_path / "cut.mov", kept)
    assert len(after) == frames and after[: frames - 28] == before[: frames - 28]
    assert after[frames - 12 :] != before[frames - 12 : frames]
    light = media.brightness(tmp_path / "cut.mov")
    assert light[frames - 26] > 60 and light[-1] < 12
    avc = mp4.read_avc(tmp_path / "cut.mov")
    assert avc is not None and len(avc.sps) == 2


def test_a_clip_in_other_colors_is_brought_to_those_of_the_film(tmp_path: Path, run: Run) -> None:
    other = ("-colorspace", "bt470bg", "-color_primaries", "bt470bg", "-color_trc", "gamma28")
    with media.films("640x360"):
        ran = cut(run, clip(tmp_path / "clip.mp4", "640x360", *PLAIN, *other), tmp_path / "cut.mov")
    assert ran.result["encoded_because"].startswith("colors bt470bg")


@pytest.mark.long
def test_what_is_encoded_has_short_groups_two_b_pictures_and_a_rate_within_its_level(tmp_path: Path, run: Run) -> None:
    cut(run, clip(tmp_path / "clip.mp4", "1284x716", seconds=1.5), tmp_path / "cut.mov")
    listed = packets.listing(tmp_path / "cut.mov", "0:v:0", "looking").packets
    assert [place for place, packet in enumerate(listed) if packet.key] == [0, 12]
    numbers = packets.listing(tmp_path / "cut.mov", "0:v:0", "looking").numbers(24)
    assert numbers is not None and max(abs(number - place) for place, number in enumerate(numbers)) <= 2
    avc = mp4.read_avc(tmp_path / "cut.mov")
    assert avc is not None and avc.sps[0][3] == 41
    assert "-maxrate" in picture_format.Encoder().arguments()


def boxes(path: Path) -> bytes:
    moov = next(box for box in mp4.top_boxes(path) if box.kind == b"moov")
    return path.read_bytes()[moov.start : moov.end]


@pytest.mark.long
def test_a_film_of_mixed_clips_is_as_youtube_asks_for_it(tmp_path: Path, run: Run) -> None:
    rows: list[dict[str, object]] = []
    for number, (size, codec) in enumerate(
        (("640x360", LONG_GOP), ("640x360", (*LONG_GOP, *TAGGED)), ("320x180", PLAIN)), start=1
    ):
        voice = media.sound(tmp_path / f"voice_{number}.wav", f"sine=frequency={300 * number}:duration=0.5")
        video = clip(tmp_path / f"clip_{number}.mp4", size, *codec, seconds=1.2)
        rows.append({"clip_number": number, "video": str(video), "audio": str(voice)})
    listed = media.manifest(tmp_path / "manifest.json", rows)
    out = tmp_path / "film.mp4"
    with media.films("640x360"):
        ran = run(assemble_video.main, "--manifest", listed, "--output", out)
    assert ran.code == 0, ran.stderr
    index = boxes(out)
    assert b"elst" not in index and b"edts" not in index
    assert index.count(mp4.COLR_709) == 1
    found = ffmpeg.probe(out)
    assert found.video is not None and (found.video.width, found.video.height) == (640, 360)
    assert (found.video.matrix, found.video.primaries, found.video.transfer) == ("bt709", "bt709", "bt709")
    assert found.start_s == 0.0
    heard = packets.listing(out, "0:a:0", "looking").packets
    assert heard[0].pts == 0 and sum(one.duration for one in heard) == ran.result["frames"] * 2000 + (
        -ran.result["frames"] * 2000 % 1024
    )
