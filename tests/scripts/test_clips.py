"""Clips as cameras and services make them: HDR, oblong pixels, turned, interlaced, covers, late starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import cut_clip
from scripts.lib import clip_download
from scripts.lib.film import ffmpeg, hdr, segment
from tests.scripts import media
from tests.scripts.conftest import Ran, Run

pytestmark = pytest.mark.live

CASES = Path(__file__).parents[1] / "cases"
GRID = (24, 12)
#: a field of its own color in each corner, gray in the middle: turned, squeezed or recolored is reported
FIELDS = (
    "drawbox=x=0:y=0:w=iw/2:h=ih/2:c=0xc83c28:t=fill,drawbox=x=iw/2:y=0:w=iw/2:h=ih/2:c=0x28b43c:t=fill,"
    "drawbox=x=0:y=ih/2:w=iw/2:h=ih/2:c=0x3246be:t=fill,drawbox=x=iw/2:y=ih/2:w=iw/2:h=ih/2:c=0xb4b4b4:t=fill"
)
CODEC = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with media.films(media.SMALL):
        yield


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.sound(tmp_path_factory.mktemp("voice") / "voice.wav", "sine=frequency=300:duration=0.5")


def fields(out: Path, *more: str, size: str = "320x180", source: str = "", before: str = "") -> Path:
    made = source or f"color=c=black:s={size}:r=24:d=1"
    chain = f"{made},format=rgb24,{FIELDS},scale=out_color_matrix=bt709:out_range=tv,format=yuv420p{before}"
    return media.make(out, "-f", "lavfi", "-i", chain, *(more or CODEC))


def cut(run: Run, video: Path, voice: Path, out: Path) -> Ran:
    ran = run(cut_clip.main, "--video", video, "--audio", voice, "--output", out)
    assert ran.code == 0, ran.stderr
    return ran


def apart(one: Path, other: Path) -> float:
    """The mean difference of the third pictures, levels of 255, without the seams between the fields."""
    first, second = media.one_picture(one, 3, GRID), media.one_picture(other, 3, GRID)
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, voice: Path) -> Path:
    """The cut of the fields as any clip."""
    folder = tmp_path_factory.mktemp("plain")
    clip = fields(folder / "clip.mp4")
    assert cut_clip.main(["--video", str(clip), "--audio", str(voice), "--output", str(folder / "cut.mov")]) == 0
    return folder / "cut.mov"


# -------------------------------------------------------------------------------------------------------- 6.1


@pytest.mark.fault("6.1")
def test_hlg_comes_out_as_the_same_picture_in_sdr_and_says_so(tmp_path: Path, voice: Path, run: Run) -> None:
    ran = cut(run, CASES / "clip_hlg.mp4", voice, tmp_path / "hlg.mov")
    assert "HLG" in ran.result["encoded_because"] and "the clip is HLG" in ran.stderr
    cut(run, CASES / "clip_sdr_same_picture.mp4", voice, tmp_path / "sdr.mov")
    assert apart(tmp_path / "hlg.mov", tmp_path / "sdr.mov") < 6.0
    light = [media.brightness(tmp_path / name)[3] for name in ("hlg.mov", "sdr.mov")]
    assert abs(light[0] - light[1]) <= 3


HDR = {
    "PQ": ("smpte2084", "bt2020", "bt2020nc"), "HLG": ("arib-std-b67", "bt2020", "bt2020nc"),
    "wide": ("bt2020-10", "bt2020", "bt2020nc"),
}  # fmt: skip


@pytest.mark.fault("6.1")
@pytest.mark.parametrize(("way", "codec"), [("PQ", "libx265"), ("wide", "libx264")])
def test_hdr_of_every_kind_comes_out_as_it_was_meant(
    tmp_path: Path, voice: Path, run: Run, plain: Path, way: str, codec: str
) -> None:
    transfer, primaries, matrix = HDR[way]
    # by zscale, which knows these curves as well and shares nothing with the table that is tested
    said = f"zscale=t=linear:npl=203,format=gbrpf32le,zscale=p={primaries},zscale=t={transfer}:m={matrix}:r=tv:npl=203"
    fields(
        tmp_path / "hdr.mp4", "-c:v", codec, "-preset", "ultrafast", "-crf", "10",
        *(("-x265-params", "log-level=error") if codec == "libx265" else ()),
        before=f",setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,{said},format=yuv420p10le",
    )  # fmt: skip
    found = ffmpeg.probe(tmp_path / "hdr.mp4").video
    assert found is not None and (found.transfer, found.primaries, found.matrix) == (transfer, primaries, matrix)
    ran = cut(run, tmp_path / "hdr.mp4", voice, tmp_path / "cut.mov")
    assert "mapped to BT.709" in ran.result["encoded_because"] and "are mapped to those of the film" in ran.stderr
    assert apart(tmp_path / "cut.mov", plain) < 6.0


@pytest.mark.fault("6.1")
@pytest.mark.parametrize("way", HDR)
def test_grays_keep_their_order_and_highlights_are_bent_not_cut(way: str) -> None:
    transfer, primaries, _ = HDR[way]
    one = hdr.mapped(transfer, primaries)
    grays = [one((step / 200, step / 200, step / 200)) for step in range(201)]
    assert all(max(gray) - min(gray) < 0.002 for gray in grays)
    levels = [gray[0] for gray in grays]
    assert levels == sorted(levels) and levels[0] == 0.0 and 0.95 < levels[-1] <= 1.0
    # diffuse white lies near white, with room above it
    white = {"PQ": 0.5807, "HLG": 0.75, "wide": 1.0}[way]
    assert 0.94 < one((white, white, white))[0] < 0.98


def test_a_color_table_is_only_made_for_what_needs_one() -> None:
    assert hdr.kind("bt709", "bt709") is None and hdr.kind("", "") is None and hdr.kind("smpte170m", "bt470bg") is None
    assert hdr.kind("arib-std-b67", "") == "HLG" and hdr.kind("smpte2084", "bt2020") == "HDR10"


# -------------------------------------------------------------------------------------------------------- 6.2


@pytest.mark.fault("6.2")
@pytest.mark.parametrize(("kind", "size", "shape"), [("mp4", "240x180", "4/3"), ("mkv", "426x180", "3/4")])
def test_oblong_pixels_are_shown_with_their_shape(
    tmp_path: Path, voice: Path, run: Run, plain: Path, kind: str, size: str, shape: str
) -> None:
    clip = fields(tmp_path / f"clip.{kind}", *CODEC, size=size, before=f",setsar={shape}")
    cut(run, clip, voice, tmp_path / "cut.mov")
    assert apart(tmp_path / "cut.mov", plain) < 4.0


@pytest.mark.fault("6.2")
def test_a_square_stays_a_square(tmp_path: Path, voice: Path, run: Run) -> None:
    source = "color=c=black:s=240x180:r=24:d=1,drawbox=x=90:y=50:w=60:h=80:c=white:t=fill,setsar=4/3"
    clip = media.make(tmp_path / "clip.mp4", "-f", "lavfi", "-i", source, *CODEC)
    cut(run, clip, voice, tmp_path / "cut.mov")
    shown = media.one_picture(tmp_path / "cut.mov", 3, (960, 540))[::3]
    lit = [place for place, level in enumerate(shown) if level > 128]
    wide, high = (len({place % 960 for place in lit}), len({place // 960 for place in lit}))
    assert wide == pytest.approx(240, abs=4) and high == pytest.approx(240, abs=4)


@pytest.mark.fault("6.2")
def test_an_oblong_intro_is_shown_whole_inside_bars(tmp_path: Path) -> None:
    clip = fields(tmp_path / "intro.mp4", *CODEC, size="180x180", before=",setsar=3/4")
    made = segment.conform(segment.open_clip(clip, "intro", 24), tmp_path / "made.mov", 24)
    row = media.one_picture(made.path, 3, (96, 54))[3 * 96 * 10 : 3 * 96 * 11]
    lit = [place for place in range(96) if max(row[3 * place : 3 * place + 3]) > 60]
    assert len(lit) == pytest.approx(96 * 9 / 16 * 3 / 4, abs=3)


@pytest.mark.fault("6.2")
@pytest.mark.parametrize(("degrees", "kind"), [(90, "mp4"), (180, "mov"), (270, "mp4")])
def test_a_turned_clip_is_shown_upright(
    tmp_path: Path, voice: Path, run: Run, plain: Path, degrees: int, kind: str
) -> None:
    turns = {90: "transpose=2", 180: "hflip,vflip", 270: "transpose=1"}
    lying = fields(tmp_path / f"lying.{kind}", *CODEC, before=f",{turns[degrees]}")
    clip = media.make(tmp_path / f"clip.{kind}", "-display_rotation", str(-degrees), *ffmpeg.given(lying), "-c", "copy")
    found = ffmpeg.probe(clip).video
    assert found is not None and not found.upright
    cut(run, clip, voice, tmp_path / "cut.mov")
    assert apart(tmp_path / "cut.mov", plain) < 4.0


@pytest.mark.fault("6.2")
def test_a_mirrored_clip_of_the_films_format_is_not_copied(tmp_path: Path, voice: Path, run: Run, plain: Path) -> None:
    mirrored = fields(tmp_path / "m.mp4", *media.X264, size="960x540", before=",hflip")
    clip = media.make(tmp_path / "clip.mp4", "-display_hflip", *ffmpeg.given(mirrored), "-c", "copy")
    ran = cut(run, clip, voice, tmp_path / "cut.mov")
    assert ran.result["copied"] is False
    assert apart(tmp_path / "cut.mov", plain) < 4.0


@pytest.mark.fault("6.2")
def test_an_interlaced_clip_comes_out_without_combs(tmp_path: Path, voice: Path, run: Run) -> None:
    moving = "color=black:s=960x540:r=50:d=1[a];color=white:s=200x340:r=50:d=1[b];[a][b]overlay=x=t*1000:y=100"
    clip = media.make(
        tmp_path / "clip.mp4", "-f", "lavfi", "-i", f"{moving},tinterlace=interleave_top,setfield=tff", *CODEC,
        "-flags", "+ilme+ildct", "-x264-params", "tff=1",
    )  # fmt: skip
    found = ffmpeg.probe(clip).video
    assert found is not None and found.interlaced
    ran = cut(run, clip, voice, tmp_path / "cut.mov")
    assert ran.result["copied"] is False
    assert combs(clip) > 500 and combs(tmp_path / "cut.mov") < 50


def combs(path: Path) -> int:
    """How many pixels differ from the row below and not from the one after it: two moments lie in one picture."""
    light = media.one_picture(path, 5, (960, 540))[: 3 * 960 * 160 : 3]
    return sum(
        abs(light[place] - light[place + 960]) > 120 and abs(light[place] - light[place + 1920]) < 30
        for place in range(len(light) - 1920)
    )


# -------------------------------------------------------------------------------------------------------- 6.4


@pytest.mark.fault("6.4")
@pytest.mark.parametrize("kind", ["mkv", "mp4", "nut"])
def test_a_clip_that_starts_late_is_whole(tmp_path: Path, voice: Path, run: Run, kind: str) -> None:
    clip = fields(tmp_path / "clip.mp4", *CODEC)
    late = media.make(
        tmp_path / f"late.{kind}", "-itsoffset", "0.5", *ffmpeg.given(clip), "-c", "copy", "-muxdelay", "0"
    )
    if kind == "nut":
        ran = run(cut_clip.main, "--video", late, "--audio", voice, "--output", tmp_path / "cut.mov")
        assert ran.code == 65 and "late.nut" in ran.failure["message"], "a container that is not taken: a sentence"
        return
    cut(run, late, voice, tmp_path / "cut.mov")
    assert segment.open_clip(late, "late", 24).pictures == 24


@pytest.mark.fault("6.4")
def test_the_clip_of_the_field_that_starts_at_half_a_second_is_whole() -> None:
    assert segment.open_clip(CASES / "clip_starts_at_500ms.mkv", "clip", 24).pictures == 24


@pytest.mark.fault("6.4")
def test_a_clip_cut_off_is_still_refused(tmp_path: Path, voice: Path, run: Run) -> None:
    clip = fields(tmp_path / "clip.mkv", *CODEC, source="color=c=black:s=320x180:r=24:d=3")
    whole = clip.read_bytes()
    (tmp_path / "part.mkv").write_bytes(whole[: len(whole) // 2])
    ran = run(cut_clip.main, "--video", tmp_path / "part.mkv", "--audio", voice, "--output", tmp_path / "cut.mov")
    assert ran.code == 65 and "part.mkv" in ran.failure["message"]


@pytest.mark.fault("6.4")
@pytest.mark.parametrize(
    ("place", "marked", "kind"), [("first", False, "mkv"), ("first", True, "mov"), ("last", False, "mov")]
)
def test_a_cover_is_no_video(
    tmp_path: Path, voice: Path, run: Run, plain: Path, place: str, marked: bool, kind: str
) -> None:
    clip = fields(tmp_path / "clip.mp4", *CODEC)
    cover = media.make(tmp_path / "cover.jpg", "-f", "lavfi", "-i", "color=c=lime:s=64x64", "-frames:v", "1")
    order = ("1:v", "0:v") if place == "first" else ("0:v", "1:v")
    at = 0 if place == "first" else 1
    both = media.make(
        tmp_path / f"both.{kind}", *ffmpeg.given(clip), *ffmpeg.given(cover), "-map", order[0], "-map", order[1],
        "-c", "copy", *((f"-disposition:v:{at}", "attached_pic") if marked else ()),
    )  # fmt: skip
    cut(run, both, voice, tmp_path / "cut.mov")
    assert apart(tmp_path / "cut.mov", plain) < 4.0
    assert clip_download.inspect(both, 1)["frames"] == 24


@pytest.mark.fault("6.4")
def test_the_clip_of_the_field_whose_cover_comes_first_is_taken_by_its_video() -> None:
    found = segment.open_clip(CASES / "clip_cover_art_first.mkv", "clip", 24)
    assert (found.video.codec, found.video.width, found.pictures) == ("h264", 160, 24)
