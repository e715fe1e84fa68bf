"""Clips, sounds and pictures for tests, made by FFmpeg and Pillow on the spot; and ways to look into what came out."""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.lib.film import ffmpeg, picture_format

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-profile:v", "high")
FULL = "1920x1080"
#: the size of films where it does not matter: a quarter of the work. tests/live/test_demo.py makes a full one
SMALL = "960x540"
_DECODED = ("-v", "error", "-xerror")
_PICTURES = ("-map", "0:v:0", "-fps_mode", "passthrough")


def make(out: Path, *arguments: str) -> Path:
    ffmpeg.run(["-v", "error", "-y", *arguments, ffmpeg.target(out)], f"making {out.name}")
    return out


@contextmanager
def films(size: str) -> Iterator[None]:
    """Films have this size meanwhile."""
    width, _, height = size.partition("x")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture_format, "WIDTH", int(width))
        patch.setattr(picture_format, "HEIGHT", int(height))
        yield


def clip(
    out: Path, seconds: float = 2.0, size: str = FULL, fps: str = "24", codec: Sequence[str] = X264, hue: int = 0
) -> Path:
    """A moving test picture with B-frames, as a video service would deliver it."""
    source = f"testsrc2=size={size}:rate={fps}:duration={seconds},hue=h={hue}"
    return make(out, "-f", "lavfi", "-i", source, *codec, "-movflags", "+faststart")


def sound(out: Path, source: str, channels: int = 1) -> Path:
    """A sound from an FFmpeg source such as sine=frequency=300:duration=2."""
    return make(out, "-f", "lavfi", "-i", source, "-ac", str(channels), "-ar", "44100")


def speech(out: Path, seconds: float) -> Path:
    """Noise that swells like syllables, mono MP3, louder than it should be."""
    source = f"anoisesrc=color=pink:amplitude=0.6:duration={seconds}:seed=7,tremolo=f=4:d=0.7"
    return sound(out, source)


def manifest(out: Path, clips: Sequence[dict[str, object]]) -> Path:
    out.write_text(json.dumps({"clips": list(clips)}))
    return out


def picture_sums(path: Path) -> list[str]:
    """One check sum per decoded picture, in showing order."""
    said = ffmpeg.run([*_DECODED, *ffmpeg.given(path), *_PICTURES, "-f", "framemd5", "-"], "looking")
    return [line.split(",")[5].strip() for line in said.output.splitlines() if not line.startswith("#")]


def picture_times(path: Path) -> list[tuple[int, int]]:
    """(time, duration) of each decoded picture in ticks."""
    said = ffmpeg.run([*_DECODED, *ffmpeg.given(path), *_PICTURES, "-f", "framecrc", "-"], "looking")
    rows = [line.split(",") for line in said.output.splitlines() if not line.startswith("#")]
    return [(int(row[2]), int(row[3])) for row in rows]


def samples(path: Path) -> bytes:
    """The sound as 48 kHz mono 16-bit samples."""
    return _raw(path, "-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "s16le")


def brightness(path: Path) -> list[int]:
    """The mean brightness of each picture, 0-255."""
    return list(_raw(path, "-map", "0:v:0", "-vf", "scale=1:1:flags=area,format=gray", "-f", "rawvideo"))


def one_picture(path: Path, number: int, size: tuple[int, int]) -> bytes:
    """Picture `number` in RGB bytes, scaled."""
    chain = f"select=eq(n\\,{number}),scale={size[0]}:{size[1]}:flags=area,format=rgb24"
    return _raw(path, "-map", "0:v:0", "-vf", chain, "-frames:v", "1", "-f", "rawvideo")


def _raw(path: Path, *arguments: str) -> bytes:
    command = [ffmpeg.ffmpeg_path(), "-v", "error", "-nostdin", *ffmpeg.given(path), *arguments, "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(folder: Path) -> list[str]:
    """Half-made files and folders, which no run may leave."""
    return sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("."))
