"""Produced files are looked at for real: Pillow decodes, FFmpeg reads to the last packet."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from videod.edge.inspector import MediaInspector
from videod.seams import BadArtefact

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


@pytest.fixture
def inspector() -> MediaInspector:
    return MediaInspector(lambda: FFMPEG)


def make(path: Path, *arguments: str) -> Path:
    subprocess.run([FFMPEG, "-v", "error", "-y", *arguments, str(path)], check=True)
    return path


def clip(path: Path) -> Path:
    return make(path, "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24:duration=2", "-c:v", "libx264",
                "-movflags", "+faststart")  # fmt: skip


async def test_a_whole_picture_passes_with_its_size(inspector: MediaInspector, tmp_path: Path) -> None:
    Image.new("RGB", (64, 36), "red").save(tmp_path / "a.png")
    found = await inspector.inspect(tmp_path / "a.png", "image")
    assert found.facts == {"width": 64, "height": 36}
    assert found.bytes > 0
    assert len(found.sha256) == 64


async def test_a_whole_clip_passes_with_its_length(inspector: MediaInspector, tmp_path: Path) -> None:
    found = await inspector.inspect(clip(tmp_path / "a.mp4"), "video")
    assert found.facts["duration_s"] == 2.0
    assert (found.facts["width"], found.facts["height"]) == (320, 180)


async def test_a_clip_cut_short_is_refused_although_its_header_is_sound(
    inspector: MediaInspector, tmp_path: Path
) -> None:
    data = clip(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(BadArtefact, match="no whole video"):
        await inspector.inspect(tmp_path / "b.mp4", "video")


async def test_audio_where_a_video_should_be_is_refused(inspector: MediaInspector, tmp_path: Path) -> None:
    sound = make(tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=duration=1")
    assert (await inspector.inspect(sound, "audio")).facts["audio"] == "mp3"
    with pytest.raises(BadArtefact):
        await inspector.inspect(sound, "video")


@pytest.mark.parametrize(
    ("name", "makes", "content"),
    [
        ("a.png", "image", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.png", "image", b"<html>503</html>"),
        ("a.mp4", "video", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
        ("a.mp4", "video", b"ffconcat version 1.0\nfile /etc/hostname\n"),
        ("a.mp3", "audio", b'{"detail": "quota"}'),
        ("a.json", "json", b"[1, 2]"),
        ("a.json", "json", b"{"),
        ("a.json", "json", b""),
    ],
)
async def test_what_only_pretends_is_refused(
    inspector: MediaInspector, tmp_path: Path, name: str, makes: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadArtefact):
        await inspector.inspect(tmp_path / name, makes)


async def test_a_missing_file_is_named(inspector: MediaInspector, tmp_path: Path) -> None:
    with pytest.raises(BadArtefact, match=r"clip\.mp4 is missing"):
        await inspector.inspect(tmp_path / "clip.mp4", "video")


@pytest.mark.parametrize("line", ["echo 'libavcodec.so: not found' >&2; exit 127", "exit 126"])
async def test_an_ffmpeg_that_does_not_run_is_no_fault_of_the_file(tmp_path: Path, line: str) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
    with pytest.raises(FileNotFoundError, match=r"FFmpeg does not run .*\[paths\]\.ffmpeg"):
        await MediaInspector(lambda: str(program)).inspect(clip(tmp_path / "a.mp4"), "video")


async def test_an_ffmpeg_that_dies_without_a_word_is_told_in_words(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    with pytest.raises(BadArtefact, match="FFmpeg ended with code -9"):
        await MediaInspector(lambda: str(program)).inspect(clip(tmp_path / "a.mp4"), "video")
