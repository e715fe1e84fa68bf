"""Produced files are looked at for real: Pillow decodes pictures, FFmpeg decodes sound and video to the end."""

import asyncio
import contextlib
import os
import re
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from tests.harness.patience import eventually
from videod.adapters import decode, picture
from videod.adapters.decoding_room import DecodingRoom, Limits
from videod.adapters.inspector import MediaInspector
from videod.core.alike_pictures import pixels
from videod.core.expect import expectation
from videod.core.model import Job
from videod.core.statuses import JobState
from videod.core.step import Expectation
from videod.ports import Artefact, BadArtefact, Unchecked

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ANY = Expectation(max_s=60.0)
CLIP = Expectation(min_bytes=4096, min_s=1.5, max_s=4.0, about_s=2.0, min_side=100)
MOVING = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=frequency=300:duration=2")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")


@pytest.fixture
def inspector() -> MediaInspector:
    return MediaInspector(lambda: FFMPEG)


def make(path: Path, *arguments: str) -> Path:
    subprocess.run([FFMPEG, "-v", "error", "-y", *arguments, str(path)], check=True)
    return path


def clip(path: Path) -> Path:
    return make(path, *MOVING, *X264)


def program(tmp_path: Path, lines: str) -> str:
    """A simulated FFmpeg."""
    path = tmp_path / "ffmpeg"
    path.write_text(f"#!/bin/bash\n{lines}\n")
    path.chmod(0o755)
    return str(path)


async def refused(inspector: MediaInspector, path: Path, makes: str, expected: Expectation = ANY) -> str:
    with pytest.raises(BadArtefact) as refusal:
        await inspector.inspect(path, makes, expected)
    return str(refusal.value)


# --------------------------------------------------------------------------------------------------- what passes


async def test_a_whole_picture_passes_with_its_size(inspector: MediaInspector, tmp_path: Path) -> None:
    Image.effect_noise((64, 36), 50).save(tmp_path / "a.png")
    found = await inspector.inspect(tmp_path / "a.png", "image", ANY)
    assert found.facts == {"width": 64, "height": 36}
    assert found.bytes > 0
    assert len(found.sha256) == 64


async def test_a_whole_clip_passes_with_what_was_measured(inspector: MediaInspector, tmp_path: Path) -> None:
    found = await inspector.inspect(clip(tmp_path / "a.mp4"), "video", CLIP)
    assert found.facts == {
        "duration_s": 2.0, "video": "h264", "width": 320, "height": 180, "pictures": 48, "black_share": 0.0,
    }  # fmt: skip


async def test_a_file_is_looked_at_for_what_is_odd_where_its_step_is_known(
    inspector: MediaInspector, tmp_path: Path
) -> None:
    known = replace(CLIP, step="clip")
    good = (await inspector.inspect(clip(tmp_path / "good.mp4"), "video", known)).facts
    assert pixels(str(good["look"])) is not None and "warnings" not in good
    bars = "drawbox=y=0:h=28:t=fill:c=black,drawbox=y=152:h=28:t=fill:c=black"
    odd = (await inspector.inspect(make(tmp_path / "odd.mp4", *MOVING, "-vf", bars, *X264), "video", known)).facts
    assert odd["warnings"] == ["has black bars above and below"]
    Image.effect_noise((64, 36), 50).save(tmp_path / "a.png")
    seen = (await inspector.inspect(tmp_path / "a.png", "image", replace(ANY, step="image"))).facts
    assert pixels(str(seen["look"])) is not None


async def test_sound_passes_with_its_levels(inspector: MediaInspector, tmp_path: Path) -> None:
    facts = (await inspector.inspect(make(tmp_path / "a.mp3", *TONE), "audio", ANY)).facts
    assert (facts["audio"], facts["sample_rate"], facts["duration_s"]) == ("mp3", 44100, 2.0)
    # FFmpeg's sine has an amplitude of 1/8
    assert facts["peak_volume_db"] == pytest.approx(-18.06, abs=0.5)
    assert facts["mean_volume_db"] == pytest.approx(-21.07, abs=0.5)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.aac", "a.m4a"])
async def test_the_kinds_of_sound_that_services_make_pass(inspector: MediaInspector, tmp_path: Path, name: str) -> None:
    codec = ("-c:a", "libvorbis") if name == "a.ogg" else ()
    facts = (await inspector.inspect(make(tmp_path / name, *TONE, *codec), "audio", ANY)).facts
    assert facts["duration_s"] == pytest.approx(2.0, abs=0.1)


async def test_a_recording_with_a_cover_and_a_scratch_passes(inspector: MediaInspector, tmp_path: Path) -> None:
    sound = make(tmp_path / "s.mp3", "-f", "lavfi", "-i", "sine=duration=8", "-write_xing", "0")
    cover = make(tmp_path / "cover.png", *MOVING, "-frames:v", "1")
    covered = make(tmp_path / "a.mp3", "-i", str(sound), "-i", str(cover), "-map", "0", "-map", "1", "-c", "copy",
                   "-disposition:v", "attached_pic")  # fmt: skip
    assert (await inspector.inspect(covered, "audio", ANY)).facts["audio"] == "mp3"
    data = bytearray(sound.read_bytes())
    header = data.index(b"\xff\xfb", len(data) // 2)
    data[header] = 0
    sound.write_bytes(data)
    facts = (await inspector.inspect(sound, "audio", ANY)).facts
    assert facts["duration_s"] == pytest.approx(8.0, abs=0.2), "one frame of 300 is lost, which nobody hears"


async def test_a_film_with_sound_passes_and_a_silent_one_does_not(inspector: MediaInspector, tmp_path: Path) -> None:
    heard = Expectation(max_s=60.0, heard=True)
    film = make(tmp_path / "film.mp4", *MOVING, *TONE, *X264)
    facts = (await inspector.inspect(film, "video", heard)).facts
    assert (facts["audio"], facts["sound_s"]) == ("aac", pytest.approx(2.0, abs=0.05))
    hushed = make(tmp_path / "hushed.mp4", *MOVING, "-f", "lavfi", "-i", "anullsrc", "-t", "2", *X264)
    assert (await refused(inspector, hushed, "video", heard)).startswith("hushed.mp4 is silent (")
    assert await refused(inspector, clip(tmp_path / "mute.mp4"), "video", heard) == "mute.mp4 holds no sound"


# ------------------------------------------------------------------------------------------------ damaged or wrong


async def test_a_clip_cut_short_is_refused_although_its_header_is_sound(
    inspector: MediaInspector, tmp_path: Path
) -> None:
    data = clip(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: len(data) * 6 // 10])
    told = await refused(inspector, tmp_path / "b.mp4", "video", CLIP)
    assert told.startswith("b.mp4 is cut off or damaged after 1.")


async def test_a_clip_without_its_index_was_never_finished(inspector: MediaInspector, tmp_path: Path) -> None:
    data = make(tmp_path / "a.mp4", *MOVING, *X264[:-2]).read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: len(data) * 6 // 10])
    told = await refused(inspector, tmp_path / "b.mp4", "video", CLIP)
    assert told == "b.mp4 is cut off or was never finished (moov atom not found)"


@pytest.mark.parametrize("length", [1, 200, 20_000])
async def test_a_clip_with_zeros_in_its_middle_is_refused_which_copying_its_packets_would_not_notice(
    inspector: MediaInspector, tmp_path: Path, length: int
) -> None:
    data = bytearray(clip(tmp_path / "a.mp4").read_bytes())
    middle = len(data) // 2
    data[middle : middle + length] = bytes(length) if length > 1 else bytes([data[middle] ^ 0x10])
    (tmp_path / "b.mp4").write_bytes(data)
    demuxed = [FFMPEG, "-v", "error", "-xerror", "-i", str(tmp_path / "b.mp4"), "-c", "copy", "-f", "null", "-"]
    assert subprocess.run(demuxed, check=False, capture_output=True).returncode == 0
    assert "b.mp4 is cut off or damaged after" in await refused(inspector, tmp_path / "b.mp4", "video", CLIP)


@pytest.mark.parametrize(
    ("name", "damage"), [("a.mp3", "cut"), ("a.mp3", "zeros"), ("a.flac", "cut"), ("a.m4a", "cut")]
)
async def test_a_damaged_recording_is_refused(
    inspector: MediaInspector, tmp_path: Path, name: str, damage: str
) -> None:
    path = make(tmp_path / name, "-f", "lavfi", "-i", "sine=duration=8", "-b:a", "128k")
    data = path.read_bytes()
    size = len(data)
    cut = data[: size * 6 // 10] if damage == "cut" else data[: size // 2] + bytes(size // 8) + data[size * 5 // 8 :]
    path.write_bytes(cut)
    told = await refused(inspector, path, "audio")
    assert any(word in told for word in ("breaks off", "cannot be decoded", "is cut off")), told


async def test_a_black_clip_is_refused_in_words(inspector: MediaInspector, tmp_path: Path) -> None:
    black = make(tmp_path / "clip_07.mp4", "-f", "lavfi", "-i", "color=black:s=640x360:r=24:d=2", *X264)
    assert await refused(inspector, black, "video") == "clip_07.mp4 is black from start to end"


async def test_a_dark_scene_is_not_black(inspector: MediaInspector, tmp_path: Path) -> None:
    source = "color=0x050505:s=640x360:r=24:d=2,drawbox=x=300:y=160:w=90:h=60:c=0x606060:t=fill"
    dark = make(tmp_path / "dark.mp4", "-f", "lavfi", "-i", source, *X264)
    assert (await inspector.inspect(dark, "video", ANY)).facts["black_share"] == 0.0


async def test_a_silent_narration_is_refused_in_words(inspector: MediaInspector, tmp_path: Path) -> None:
    silent = make(tmp_path / "clip_07.mp3", "-f", "lavfi", "-i", "anullsrc", "-t", "3")
    assert (await refused(inspector, silent, "audio")).startswith("clip_07.mp3 is silent (")


async def test_a_clip_of_another_length_codec_or_size_is_refused(inspector: MediaInspector, tmp_path: Path) -> None:
    asked = expectation(Job("t", "c", "clip", "clip_01", "kie", JobState.READY, args={"seconds": 10}))
    short = await refused(inspector, clip(tmp_path / "short.mp4"), "video", asked)
    assert short == "short.mp4 lasts 2.0 s instead of about 10.0 s"
    odd = make(tmp_path / "odd.mp4", *MOVING, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p")
    assert await refused(inspector, odd, "video") == "odd.mp4 holds mjpeg, which is not taken"
    small = make(tmp_path / "small.mp4", *MOVING, "-vf", "scale=160:90", *X264)
    told = await refused(inspector, small, "video", Expectation(max_s=60.0, min_side=240))
    assert told == "small.mp4 is only 160x90 pixels, each side needs 240"


async def test_a_file_that_continues_forever_is_read_no_further_than_it_may_last(
    inspector: MediaInspector, tmp_path: Path
) -> None:
    endless = make(tmp_path / "a.mp4", "-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=900", *X264)
    told = await refused(inspector, endless, "video", CLIP)
    assert told == "a.mp4 lasts 900.0 s instead of about 2.0 s"
    found = await decode.decode(FFMPEG, endless, "video", CLIP)
    assert found.seen is not None
    assert found.seen.seconds == pytest.approx(CLIP.max_s + 1, abs=0.2)


async def test_more_pixels_than_a_decoder_should_get_are_refused(
    inspector: MediaInspector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "PIXELS_MAX", 100 * 100)
    assert "cannot be decoded" in await refused(inspector, clip(tmp_path / "a.mp4"), "video")


# ---------------------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA"])
async def test_a_picture_of_a_single_color_is_refused(inspector: MediaInspector, tmp_path: Path, mode: str) -> None:
    Image.new(mode, (300, 300), 255 if mode == "L" else (9,) * (len(mode) - 1) + (255,)).save(tmp_path / "a.png")
    assert await refused(inspector, tmp_path / "a.png", "image") == "a.png is a single color"


async def test_a_silhouette_passes_and_a_picture_of_nothing_does_not(inspector: MediaInspector, tmp_path: Path) -> None:
    figure = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    figure.save(tmp_path / "none.png")
    assert await refused(inspector, tmp_path / "none.png", "image") == "none.png is transparent all over"
    figure.paste((0, 0, 0, 255), (100, 100, 200, 200))
    figure.save(tmp_path / "a.png")
    assert (await inspector.inspect(tmp_path / "a.png", "image", ANY)).facts["width"] == 300


async def test_a_picture_cut_short_is_refused(inspector: MediaInspector, tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.webp"):
        Image.effect_noise((300, 300), 80).convert("RGB").save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) * 6 // 10])
        assert f"{name} is not a complete picture" in await refused(inspector, tmp_path / name, "image")


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
async def test_a_picture_of_another_kind_is_refused(inspector: MediaInspector, tmp_path: Path, kind: str) -> None:
    Image.effect_noise((200, 200), 80).convert("RGB").save(tmp_path / "a.png", kind)
    assert "is not a picture of a kind that videod takes" in await refused(inspector, tmp_path / "a.png", "image")


async def test_a_thumbnail_is_refused(inspector: MediaInspector, tmp_path: Path) -> None:
    Image.effect_noise((255, 600), 80).save(tmp_path / "a.png")
    told = await refused(inspector, tmp_path / "a.png", "image", Expectation(min_side=256))
    assert told == "a.png is only 255x600 pixels, each side needs 256"


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
async def test_a_small_file_that_unpacks_to_a_huge_picture_is_never_unpacked(
    inspector: MediaInspector, tmp_path: Path, side: int
) -> None:
    (tmp_path / "a.png").write_bytes(bomb(side))
    assert "claims" in await refused(inspector, tmp_path / "a.png", "image")


def bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that says it has side x side pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9000))) + chunk(b"IEND", b"")
    )


def test_the_bound_on_pixels_lies_below_what_pillow_itself_would_take() -> None:
    assert (Image.MAX_IMAGE_PIXELS or 0) > picture.PIXELS_MAX


# ------------------------------------------------------------------------------------------- fakes and documents


@pytest.mark.parametrize(
    ("name", "makes", "content", "told"),
    [
        ("a.png", "image", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "holds an SVG drawing, no picture"),
        ("a.png", "image", b"<html>503</html>", "holds HTML, no picture"),
        ("a.mp4", "video", b"<!DOCTYPE html>\n<title>502 Bad Gateway</title>", "holds HTML, no video"),
        ("a.mp4", "video", b"\0" * 9000, "holds nothing but zeros, no video"),
        ("a.mp4", "video", b"\x89PNG\r\n\x1a\n", "holds a PNG picture, no video"),
        ("a.mp3", "audio", b'{"detail": "quota"}', "holds JSON, no sound"),
        ("a.mp3", "audio", b"Too many requests", "holds text, no sound"),
        ("a.mp3", "audio", os.urandom(5000), "a.mp3 "),
        ("a.json", "json", b"[1, 2]", "contains no JSON object"),
        ("a.json", "json", b"{", "cannot be read"),
        ("a.json", "json", b"[" * 100_000, "cannot be read"),
        ("a.json", "json", b"<html>", "holds HTML, no JSON"),
        ("a.json", "json", b"", "is empty"),
    ],
)
async def test_what_only_pretends_is_refused_in_words(
    inspector: MediaInspector, tmp_path: Path, name: str, makes: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert told in await refused(inspector, tmp_path / name, makes)


async def test_a_recording_is_no_video_and_a_picture_in_it_neither(inspector: MediaInspector, tmp_path: Path) -> None:
    sound = make(tmp_path / "a.mp3", *TONE)
    assert await refused(inspector, sound, "video") == "a.mp3 holds MP3 sound, no video"
    covered = make(tmp_path / "a.m4a", *TONE, *MOVING, "-map", "0", "-map", "1", "-c:v", "mjpeg", "-frames:v", "1",
                   "-disposition:v", "attached_pic")  # fmt: skip
    assert await refused(inspector, covered, "video") == "a.m4a holds no video"


async def test_a_missing_file_is_named(inspector: MediaInspector, tmp_path: Path) -> None:
    assert "clip.mp4 is missing" in await refused(inspector, tmp_path / "clip.mp4", "video")


async def test_a_document_is_not_read_when_it_is_far_too_large(inspector: MediaInspector, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(b'{"a": "' + b"x" * (5 << 20) + b'"}')
    plan = expectation(Job("t", "c", "plan", "plan", "gemini", JobState.READY))
    assert await refused(inspector, tmp_path / "plan.json", "json", plan) == "plan.json has 5 MiB, more than 4"


# -------------------------------------------------------------------------------------------- when the check fails


@pytest.mark.parametrize("line", ["echo 'libavcodec.so: not found' >&2; exit 127", "exit 126"])
async def test_an_ffmpeg_that_does_not_run_is_no_fault_of_the_file(tmp_path: Path, line: str) -> None:
    broken = program(tmp_path, line)
    with pytest.raises(FileNotFoundError, match=r"FFmpeg does not run .*\[paths\]\.ffmpeg"):
        await MediaInspector(lambda: broken).inspect(clip(tmp_path / "a.mp4"), "video", ANY)


@pytest.mark.parametrize(
    "line", ["kill -9 $$", "kill -15 $$", "exit 255", "echo 'av_malloc: Cannot allocate memory' >&2; exit 244"]
)
async def test_a_check_that_somebody_ended_says_nothing_about_the_file(tmp_path: Path, line: str) -> None:
    ended = program(tmp_path, line)
    with pytest.raises(Unchecked, match=r"a\.mp4 could not be checked"):
        await MediaInspector(lambda: ended).inspect(clip(tmp_path / "a.mp4"), "video", ANY)


async def test_a_decoder_that_crashes_on_a_file_refuses_it(tmp_path: Path) -> None:
    crashing = program(tmp_path, "kill -SEGV $$")
    assert "cannot be decoded" in await refused(MediaInspector(lambda: crashing), clip(tmp_path / "a.mp4"), "video")


def sleeper(folder: Path) -> str:
    """A decoder that never ends, of which nobody hears; `decoders` finds it."""
    return program(folder, f"exec -a {folder}/decoder sleep 1000000")


def decoders(folder: Path) -> list[int]:
    """The processes that `sleeper` became."""
    named = os.fsencode(f"{folder}/decoder")
    found = []
    for told in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if told.read_bytes().split(b"\0")[0] == named:
                found.append(int(told.parent.name))
    return found


async def test_a_check_that_takes_too_long_is_ended_and_says_nothing_about_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "CHECK_S_MAX", 0.3)
    slow = sleeper(tmp_path)
    with pytest.raises(Unchecked, match="within"):
        await MediaInspector(lambda: slow).inspect(clip(tmp_path / "a.mp4"), "video", ANY)
    assert decoders(tmp_path) == []


async def test_a_check_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    slow = sleeper(tmp_path)
    check = asyncio.create_task(MediaInspector(lambda: slow).inspect(clip(tmp_path / "a.mp4"), "video", ANY))
    await eventually(lambda: decoders(tmp_path))
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check
    assert decoders(tmp_path) == []


@pytest.mark.parametrize("flood", ["yes >&2", "yes | tr -d '\\n' >&2"])
async def test_a_file_that_makes_ffmpeg_talk_endlessly_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flood: str
) -> None:
    monkeypatch.setattr(decode, "WORDS_BYTES", 1 << 20)
    flooding = program(tmp_path, flood)
    told = await refused(MediaInspector(lambda: flooding), clip(tmp_path / "a.mp4"), "video", CLIP)
    assert told == "a.mp4 makes FFmpeg complain endlessly"


@pytest.mark.parametrize("makes", ["image", "video"])
async def test_no_more_than_two_files_are_decoded_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, makes: str
) -> None:
    now: list[int] = []
    most: list[int] = []
    monkeypatch.setattr("videod.adapters.inspector.decode", _counted(now, most))
    monkeypatch.setattr("videod.adapters.inspector.asyncio.to_thread", _counted(now, most))
    (tmp_path / "a").write_bytes(b"x")
    inspector = MediaInspector(lambda: FFMPEG)
    await asyncio.gather(
        *(inspector.inspect(tmp_path / "a", makes, ANY) for _ in range(6)), return_exceptions=True
    )  # fmt: skip
    assert max(most) == 2


def _counted(now: list[int], most: list[int]) -> Callable[..., object]:
    async def work(*_: object) -> dict[str, object]:
        now.append(1)
        most.append(len(now))
        for _ in range(20):  # turns for the others
            await asyncio.sleep(0)
        now.pop()
        raise decode.Undecodable("is a stand-in")

    return work


@pytest.mark.fault("10.5")
@pytest.mark.parametrize(("sounds_s", "fine"), [(16, True), (2, False)])
async def test_a_film_that_is_silent_at_its_end_is_refused(
    inspector: MediaInspector, tmp_path: Path, sounds_s: int, fine: bool
) -> None:
    fades = f"sine=frequency=300:duration=16,volume=0:enable='gt(t,{sounds_s})'"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=16")
    path = make(tmp_path / "film.mp4", *picture, "-f", "lavfi", "-i", fades, *X264)
    expected = Expectation(heard=True, max_s=20.0, silent_end_s=10.0)
    if fine:
        await inspector.inspect(path, "video", expected)
        return
    assert re.search(r"is silent for its last 1[34]\.\d s", await refused(inspector, path, "video", expected))


# ------------------------------------------------------------------------------------------------- texts


async def a_text(path: Path, data: bytes, expected: Expectation) -> Artefact:
    path.write_bytes(data)
    return await MediaInspector(lambda: "ffmpeg").inspect(path, "text", expected)


async def test_a_text_is_taken_as_it_is_read(tmp_path: Path) -> None:
    found = await a_text(
        tmp_path / "film.srt",
        "1\r\n00:00:00,000 --> 00:00:02,400\r\nAn Äsche\u00a0waits 🐻.\r\n".encode(),
        Expectation(),
    )
    assert found.facts == {"lines": 3} and found.bytes > 40


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"x", "has only 1 bytes"),
        (b"1\n\xff\xfe\n", "cannot be read as text"),
        (b"1\n\x1b[2J\n", "holds the control character U+001B"),
        (b"1\n\0\n", "holds the control character U+0000"),
        (b" \n\t\n", "holds nothing but blanks"),
        (b"\x89PNG\r\n\x1a\n\0\0", "holds a PNG picture, no text"),
        (b"a" * 2000, "has 0 MiB, more than 0"),
    ],
)
async def test_what_is_no_text_is_refused_with_what_it_is(tmp_path: Path, data: bytes, told: str) -> None:
    with pytest.raises(BadArtefact, match=re.escape(f"film.srt {told}")):
        await a_text(tmp_path / "film.srt", data, Expectation(min_bytes=2, max_bytes=1000))


# --------------------------------------------------------------------------------- the host, and FFmpeg in line


@pytest.mark.fault("6.8")
@pytest.mark.parametrize(
    "line",
    [
        "echo 'Error while decoding: Cannot allocate memory' >&2; exit 1",
        "echo 'fork: Resource temporarily unavailable' >&2; exit 254",
        "echo 'error while loading shared libraries: failed to map segment from shared object' >&2; exit 127",
        "echo 'MemoryError' >&2; exit 1",
    ],
)
async def test_what_the_host_lacks_is_no_verdict_on_a_file(tmp_path: Path, line: str) -> None:
    lacking = program(tmp_path, line)
    with pytest.raises(Unchecked, match="lacks"):
        await MediaInspector(lambda: lacking).inspect(clip(tmp_path / "a.mp4"), "video", ANY)


@pytest.mark.fault("6.8")
async def test_a_picture_for_which_there_is_no_memory_is_not_refused(
    tmp_path: Path,
) -> None:
    Image.linear_gradient("L").resize((6000, 6000)).save(tmp_path / "a.png")
    room = DecodingRoom(Limits(memory=60 << 20, cpu_s=60))
    with pytest.raises(Unchecked, match="no memory"):
        await MediaInspector(lambda: FFMPEG, room=room).inspect(tmp_path / "a.png", "image", ANY)
    room.close()


@pytest.mark.fault("6.6")
@pytest.mark.parametrize("line", ["echo 'libavcodec.so: not found' >&2; exit 127", "exit 126", "kill -SEGV $$"])
async def test_the_next_ffmpeg_in_line_looks_where_one_does_not_run(tmp_path: Path, line: str) -> None:
    broken = program(tmp_path, line)
    inspector = MediaInspector(lambda: broken, lambda: [broken, FFMPEG])
    assert (await inspector.inspect(clip(tmp_path / "a.mp4"), "video", CLIP)).facts["pictures"] == 48


@pytest.mark.fault("6.4")
@pytest.mark.parametrize("name", ["late.mp4", "late.mov"])
async def test_a_clip_that_starts_late_lacks_nothing(inspector: MediaInspector, tmp_path: Path, name: str) -> None:
    late = make(tmp_path / name, "-itsoffset", "0.7", "-i", str(clip(tmp_path / "a.mp4")), "-c", "copy")
    assert (await inspector.inspect(late, "video", CLIP)).facts["duration_s"] == 2.0
    both = make(
        tmp_path / f"both_{name}", "-itsoffset", "1.5", "-i", str(tmp_path / "a.mp4"), "-f", "lavfi", "-i",
        "sine=duration=1", "-map", "0:v", "-map", "1:a", "-c:v", "copy",
    )  # fmt: skip
    assert (await inspector.inspect(both, "video", CLIP)).facts["duration_s"] == 2.0
