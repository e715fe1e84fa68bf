"""FFmpeg as a child process: where it is, how it is run, what it says of a file.

Only `ffmpeg` itself is assumed, never `ffprobe`: a file is probed by reading what `ffmpeg -i` prints. Every run is
at nice 10, so that it does not hold up the start of other programs, and keeps only the tail of what it says. Inputs
are opened with a list of allowed formats and protocols, because a playlist or a drawing that is named `.mp4` would
otherwise make FFmpeg read other files.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scripts.lib.failures import Failure, Kind
from scripts.lib.sanitize import sanitize_line

NICENESS = 10
#: Linux's prctl: the signal that this process gets when its parent dies
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
STDERR_BYTES_MAX = 1 << 20
STDOUT_BYTES_MAX = 64 << 20
RUN_S_MAX = 2 * 3600
#: how `nice` and shells end when the program behind them cannot be started, or is not there
NO_PROGRAM = (126, 127)

FORMATS = "mov,matroska,mp3,wav,aac,flac,ogg,aiff,h264,mpegts,avi,concat,png_pipe,jpeg_pipe,webp_pipe,image2"
OPEN = ("-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS)


@dataclass(frozen=True)
class Said:
    """What a run printed; `errors` is the tail of stderr, at most STDERR_BYTES_MAX."""

    output: str
    errors: str


@dataclass(frozen=True)
class VideoStream:
    codec: str
    profile: str
    pixel_format: str
    matrix: str
    """The colour matrix named by the stream, or "" when it names none."""
    width: int
    height: int
    fps: float
    upright: bool
    """Square pixels, progressive, not rotated."""


@dataclass(frozen=True)
class AudioStream:
    codec: str
    rate_hz: int
    layout: str


@dataclass(frozen=True)
class Media:
    """The headers of a file. `duration_s` is what the container claims, None when it claims nothing."""

    duration_s: float | None
    video: VideoStream | None
    audio: AudioStream | None


def ffmpeg_path() -> str:
    """The FFmpeg to use: VIDEOD_FFMPEG, else the one on PATH, else the one that the imageio-ffmpeg package brings.

    Raises Failure(configuration) when there is none.
    """
    chosen = os.environ.get("VIDEOD_FFMPEG", "").strip()
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise Failure(Kind.CONFIGURATION, f"VIDEOD_FFMPEG names {chosen}, which is not a program")
        return found
    on_path = shutil.which("ffmpeg")
    if on_path is not None:
        return on_path
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise Failure(
            Kind.CONFIGURATION, "no FFmpeg: not in VIDEOD_FFMPEG, not on PATH, and imageio-ffmpeg is not installed"
        ) from None


def given(path: Path) -> list[str]:
    """The arguments that open a media file as an input, whatever its name looks like."""
    return [*OPEN, "-i", f"file:{path.resolve()}"]


def target(path: Path) -> str:
    """The argument that names an output file, whatever its name looks like."""
    return f"file:{path.resolve()}"


def run(
    arguments: Sequence[str], task: str, on_line: Callable[[str], None] | None = None, limit_s: float = RUN_S_MAX
) -> Said:
    """Run FFmpeg until it ends. `task` says in an error what was being done; `on_line` gets each line of stdout.

    Raises Failure(input) with FFmpeg's own last words, Failure(disk) when there was no room, and RuntimeError when it
    was killed or ran longer than `limit_s`.
    """
    command = [*_nice(), ffmpeg_path(), "-hide_banner", "-nostdin", "-nostats", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=_tether(os.getpid()),  # noqa: PLW1509 - two calls of the kernel, nothing that takes a lock
    ) as child:  # fmt: skip
        assert child.stdout is not None and child.stderr is not None
        tail = _Tail(child.stderr)
        guard = threading.Timer(limit_s, child.kill)
        guard.daemon = True
        guard.start()
        try:
            output = _read(child.stdout, on_line, task)
            code = child.wait()
        finally:
            guard.cancel()
            if child.poll() is None:
                child.kill()
                child.wait()
            tail.join()
            guard.join()
    errors = tail.text()
    if code != 0:
        raise _failure(code, errors, task)
    return Said(output, errors)


def _tether(parent: int) -> Callable[[], None]:
    """What makes the child die with this process, however that dies: else a kill of ours leaves an encode running."""

    def tie() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(128 + signal.SIGKILL)

    return tie


def _nice() -> list[str]:
    program = shutil.which("nice")
    return [program, "-n", str(NICENESS)] if program else []


class _Tail:
    """Reads a pipe to its end in a thread and keeps the last STDERR_BYTES_MAX bytes."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while block := os.read(self._pipe.fileno(), 1 << 16):
            self._kept += block
            if len(self._kept) > 2 * STDERR_BYTES_MAX:
                del self._kept[:-STDERR_BYTES_MAX]

    def join(self) -> None:
        self._thread.join()

    def text(self) -> str:
        return bytes(self._kept[-STDERR_BYTES_MAX:]).decode(errors="replace")


def _read(pipe: IO[bytes], on_line: Callable[[str], None] | None, task: str) -> str:
    kept: list[bytes] = []
    size = 0
    for line in iter(lambda: pipe.readline(1 << 16), b""):
        size += len(line)
        if size > STDOUT_BYTES_MAX:
            raise Failure(Kind.INPUT, f"{task}: the file has more packets than a clip can have")
        if on_line is not None:
            on_line(line.decode(errors="replace").strip())
        else:
            kept.append(line)
    return b"".join(kept).decode(errors="replace")


def _failure(code: int, errors: str, task: str) -> Exception:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    # the first complaint names the cause, the last one only says that the run is over
    words = "; ".join(dict.fromkeys([*lines[:2], *lines[-1:]]))[:500] or f"FFmpeg ended with code {code}"
    if code in NO_PROGRAM:
        return _not_running(words)
    if "No space left on device" in errors or "Disk quota exceeded" in errors:
        return Failure(Kind.DISK, f"{task}: {words}")
    if code < 0 or code in {137, 143} or "received signal" in errors:
        return RuntimeError(f"{task}: FFmpeg was killed ({code})")
    return Failure(Kind.INPUT, f"{task}: {words}")


def _not_running(words: str) -> Failure:
    step = "install it, or name a working one in [paths].ffmpeg of videod.toml (by hand: VIDEOD_FFMPEG)"
    return Failure(Kind.CONFIGURATION, f"FFmpeg does not run ({ffmpeg_path()}: {words[:300]}); {step}", next_step=step)


_STREAM = re.compile(r"^\s*Stream #0:\d+[^:]*: (Video|Audio): (.*)$")
_DURATION = re.compile(r"^\s*Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)


def probe(path: Path) -> Media:
    """What the headers of a file say. Raises Failure(input) when it is missing or no media file."""
    if not path.is_file():
        raise Failure(Kind.INPUT, f"{path} is not there")
    # without an output FFmpeg always ends with an error; a null output would decode the file
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", *given(path)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60,
        preexec_fn=_tether(os.getpid()),
    )  # fmt: skip
    text = done.stderr[:STDERR_BYTES_MAX].decode(errors="replace")
    if done.returncode in NO_PROGRAM:
        raise _not_running(sanitize_line(text) or f"it ended with code {done.returncode}")
    # cut off what the file says about itself (titles, comments): only indented "Stream" lines count
    lines = [found for line in text.splitlines() if (found := _STREAM.match(line))]
    videos = [found[2] for found in lines if found[1] == "Video" and "attached pic" not in found[2]]
    audios = [found[2] for found in lines if found[1] == "Audio"]
    if not videos and not audios:
        words = [line for line in text.splitlines() if line.strip()]
        reason = next((line for line in words if "Invalid data" in line or "not on the whitelist" in line), "")
        raise Failure(Kind.INPUT, f"{path} is no readable video or audio file {reason}".rstrip())
    claimed = _DURATION.search(text)
    duration_s = int(claimed[1]) * 3600 + int(claimed[2]) * 60 + float(claimed[3]) if claimed else None
    turned = re.search(r"displaymatrix: rotation of (?!-?0\.00)", text) is not None
    return Media(duration_s, _video(videos[0], turned) if videos else None, _audio(audios[0]) if audios else None)


def _video(words: str, turned: bool) -> VideoStream:
    codec, _, rest = words.partition(",")
    profile = re.search(r"^\w+ \(([^)/]+)\)", codec)
    pixels = re.match(r"\s*(\w+)(?:\(([^)]*)\))?", rest)
    size = re.search(r"\b(\d{2,5})x(\d{2,5})\b", rest)
    rate = re.search(r"([\d.]+k?) fps", rest) or re.search(r"([\d.]+k?) tbr", rest)
    notes = [note.strip() for note in (pixels[2] or "").split(",")] if pixels else []
    matrices = [note.split("/")[0] for note in notes if note.split("/")[0] in _MATRICES]
    shape = re.search(r"SAR (\d+):(\d+)", rest)
    upright = not turned and (shape is None or shape[1] == shape[2]) and "first" not in " ".join(notes)
    return VideoStream(
        codec=codec.split()[0],
        profile=profile[1] if profile else "",
        pixel_format=pixels[1] if pixels else "",
        matrix=matrices[0] if matrices else "",
        width=int(size[1]) if size else 0,
        height=int(size[2]) if size else 0,
        fps=float(rate[1].replace("k", "000")) if rate else 0.0,
        upright=upright,
    )


_MATRICES = {"bt709", "bt470bg", "smpte170m", "smpte240m", "bt2020nc", "bt2020c", "fcc", "gbr"}


def _audio(words: str) -> AudioStream:
    rate = re.search(r"(\d+) Hz, ([\w.]+)", words)
    return AudioStream(re.split(r"[ ,]", words)[0], int(rate[1]) if rate else 0, rate[2] if rate else "")


def count_pictures(path: Path, task: str, fps: int | None = None) -> int:
    """Decode the video of a file from end to end and count its pictures, after conversion to `fps` when given.

    Raises Failure(input) at the first decoding error.
    """
    chain = [] if fps is None else ["-vf", f"setpts=PTS-STARTPTS,fps={fps}"]
    counted = 0

    def look(line: str) -> None:
        nonlocal counted
        if line.startswith("frame="):
            counted = int(line.removeprefix("frame="))

    strict = ["-v", "error", "-xerror", "-progress", "pipe:1"]
    run([*strict, *given(path), "-map", "0:v:0", *chain, "-fps_mode", "passthrough", "-f", "null", "-"], task, look)
    return counted
