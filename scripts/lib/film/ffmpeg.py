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

from scripts.lib import host, script_runtime
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

FORMATS = "mov,matroska,mp3,wav,w64,aac,flac,ogg,aiff,caf,flv,h264,mpegts,avi,png_pipe,jpeg_pipe,webp_pipe,image2"
_PROTOCOLS = ("-protocol_whitelist", "file,pipe")
OPEN_RAW = (*_PROTOCOLS, "-format_whitelist", "s16le")
"""For samples without a header that this process wrote itself."""
OPEN = (*_PROTOCOLS, "-format_whitelist", FORMATS)


@dataclass(frozen=True)
class Said:
    """What a run printed; `errors` is the tail of stderr, at most STDERR_BYTES_MAX."""

    output: str
    errors: str


@dataclass(frozen=True)
class VideoStream:
    """`matrix`, `primaries` and `transfer` are the colors that the stream names, "" where it names none.

    `upright`: square pixels, progressive, not rotated. `oblong`: its pixels are not square. `place`: its number among
    the streams of the file.
    """

    codec: str
    profile: str
    pixel_format: str
    matrix: str
    width: int
    height: int
    fps: float
    upright: bool
    oblong: bool = False
    interlaced: bool = False
    primaries: str = ""
    transfer: str = ""
    place: int = 0

    @property
    def stream(self) -> str:
        """What names it to FFmpeg in a file that is the first input."""
        return f"0:{self.place}"


@dataclass(frozen=True)
class AudioStream:
    codec: str
    rate_hz: int
    layout: str


@dataclass(frozen=True)
class Media:
    """The headers of a file. `duration_s` is what the container claims from its start on, None when it claims nothing.

    `start_s` is the time of its first picture or sound.
    """

    duration_s: float | None
    video: VideoStream | None
    audio: AudioStream | None
    start_s: float = 0.0


def ffmpeg_path() -> str:
    """The FFmpeg to use: VIDEOD_FFMPEG, else the one on PATH, else the one that the imageio-ffmpeg package brings.

    One that is not there, or that did not run a moment ago (an upgrade under way), is passed over.
    Raises Failure(configuration) when there is none.
    """
    for found in (_chosen(), shutil.which("ffmpeg"), _packaged()):
        if found is not None and found not in _broken:
            return found
    if _broken:
        raise _not_running("; ".join(f"{path}: {words}" for path, words in _broken.items()))
    raise Failure(
        Kind.CONFIGURATION, "no FFmpeg: not in VIDEOD_FFMPEG, not on PATH, and imageio-ffmpeg is not installed"
    )


#: what did not run in this process, and its last words
_broken: dict[str, str] = {}


def _chosen() -> str | None:
    """What VIDEOD_FFMPEG names. It may be missing for a moment, but not with its folder: that is no upgrade."""
    chosen = os.environ.get("VIDEOD_FFMPEG", "").strip()
    found = shutil.which(chosen) if chosen else None
    if chosen and found is None:
        if "/" not in chosen or not Path(chosen).parent.is_dir():
            raise Failure(Kind.CONFIGURATION, f"VIDEOD_FFMPEG names {chosen}, which is not a program")
        if chosen not in _broken:
            _broken[chosen] = "it is missing, or videod may not run it"
            script_runtime.warn(f"FFmpeg does not run ({chosen}: {_broken[chosen]}). The next one is tried")
    return found


def _packaged() -> str | None:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:  # the package runs it to see whether it is one
        if host.memory_is_bounded() and isinstance(error, RuntimeError):
            raise host.failure("FFmpeg could not be started") from error
        return None


def given(path: Path) -> list[str]:
    """The arguments that open a media file as an input, whatever its name looks like."""
    return [*OPEN, "-i", f"file:{path.resolve()}"]


def own_list(path: Path) -> list[str]:
    """The arguments that open a list of files (ffconcat) as an input: only one that this process wrote itself."""
    listed = ("-format_whitelist", f"concat,{FORMATS}", "-f", "concat", "-safe", "0")
    return [*_PROTOCOLS, *listed, "-i", f"file:{path.resolve()}"]


def target(path: Path) -> str:
    """The argument that names an output file, whatever its name looks like."""
    return f"file:{path.resolve()}"


def run(
    arguments: Sequence[str], task: str, on_line: Callable[[str], None] | None = None, limit_s: float = RUN_S_MAX,
    folder: Path | None = None,
) -> Said:  # fmt: skip
    """Run FFmpeg until it ends. `task` says in an error what was being done; `on_line` gets each line of stdout.

    An FFmpeg that does not run, or lacks what is asked of it, is passed over for the next one (`ffmpeg_path`).
    `folder`: where it works, for the files that filters name. Raises Failure(input) with FFmpeg's own last words,
    Failure(disk) when there was no room, Failure(down) when this host lacked memory or the like, and RuntimeError when
    it was killed or ran longer than `limit_s`.
    """
    while True:
        program = ffmpeg_path()
        command = [program, "-hide_banner", "-nostdin", "-nostats", *arguments]
        code, output, errors = _once(command, task, on_line, limit_s, folder)
        if code == 0:
            return Said(output, errors)
        if _unfit(code, errors):
            _pass_over(program, _words(code, errors))
        else:
            raise _failure(code, errors, task)


def _once(
    command: list[str], task: str, on_line: Callable[[str], None] | None, limit_s: float, folder: Path | None
) -> tuple[int, str, str]:
    """The exit code, stdout and the end of stderr."""
    try:
        child = subprocess.Popen(
            [*_nice(), *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=_tether(os.getpid()),  # noqa: PLW1509 - two calls of the kernel, nothing that takes a lock
            cwd=folder,
        )  # fmt: skip
    except OSError as error:
        if (lack := host.lack(error, task)) is not None:
            raise lack from error
        return NO_PROGRAM[0], "", str(error)
    with child:
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
    return code, output, tail.text()


#: how a program ends whose file is being replaced, or is another machine's
_CRASHES = tuple(end for number in (signal.SIGILL, signal.SIGBUS, signal.SIGSEGV) for end in (-number, 128 + number))
_LACKS_PART = re.compile(r"^\S*(Unknown encoder|No such filter|Unrecognized option|.*Filter not found)", re.MULTILINE)


def _unfit(code: int, errors: str) -> bool:
    """Whether it is this FFmpeg that cannot do it, and not the work that cannot be done, or this host at the moment."""
    if host.lacking(errors) or (code in _CRASHES and host.memory_is_bounded()):
        return False
    return code in NO_PROGRAM or code in _CRASHES or _LACKS_PART.search(errors) is not None


def _pass_over(program: str, words: str) -> None:
    _broken[program] = words
    script_runtime.warn(f"FFmpeg does not run ({program}: {words}). The next one is tried: {ffmpeg_path()}")


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


def _words(code: int, errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    # the first complaint names the cause, the last one only says that the run is over
    return sanitize_line("; ".join(dict.fromkeys([*lines[:2], *lines[-1:]])))[:500] or f"FFmpeg ended with code {code}"


def _failure(code: int, errors: str, task: str) -> Exception:
    words = _words(code, errors)
    if "No space left on device" in errors or "Disk quota exceeded" in errors:
        return Failure(Kind.DISK, f"{task}: {words}")
    if host.lacking(errors) or (code in _CRASHES and host.memory_is_bounded()):
        return host.failure(f"{task}: {words}")
    if code < 0 or code in {137, 143} or "received signal" in errors:
        return RuntimeError(f"{task}: FFmpeg was killed ({code})")
    return Failure(Kind.INPUT, f"{task}: {words}")


def _not_running(words: str) -> Failure:
    step = "install it, or name a working one in [paths].ffmpeg of videod.toml (by hand: VIDEOD_FFMPEG)"
    return Failure(
        Kind.CONFIGURATION, f"FFmpeg does not run ({words[:300]}). {step[:1].upper()}{step[1:]}", next_step=step
    )


_STREAM = re.compile(r"^\s*Stream #0:(\d+)[^:]*: (Video|Audio): (.*)$")
_DURATION = re.compile(r"^\s*Duration: (?:N/A|(\d+):(\d\d):(\d\d(?:\.\d+)?))(?:, start: (-?\d+\.\d+))?", re.MULTILINE)
#: FFmpeg says it of what is turned or mirrored, in these words before and since version 8
_TURNED = re.compile(r"^\s+[Dd]isplay ?[Mm]atrix: rotation of ", re.MULTILINE)
#: codecs of covers, which not every file marks as such
_STILLS = frozenset({"mjpeg", "png", "apng", "gif", "bmp", "webp", "tiff", "jpeg2000", "ljpeg"})
PROBE_S = 60.0


def probe(path: Path) -> Media:
    """What the headers of a file say. Raises Failure(input) when it is missing or no media file."""
    if not path.is_file():
        raise Failure(Kind.INPUT, f"{path} is missing")
    text = _headers(path)
    # cut off what the file says about itself (titles, comments): only indented "Stream" lines count
    lines = [found for line in text.splitlines() if (found := _STREAM.match(line))]
    videos = [found for found in lines if found[2] == "Video" and not _is_cover(found[3])]
    audios = [found[3] for found in lines if found[2] == "Audio"]
    if not videos and not audios:
        words = [line for line in text.splitlines() if line.strip()]
        reason = next((line for line in words if "Invalid data" in line or "not on the whitelist" in line), "")
        raise Failure(Kind.INPUT, f"{path} is no readable video or audio file {reason}".rstrip())
    claimed = _DURATION.search(text)
    start_s = float(claimed[4] or 0.0) if claimed else 0.0
    duration_s = None
    if claimed and claimed[1]:
        duration_s = int(claimed[1]) * 3600 + int(claimed[2]) * 60 + float(claimed[3]) - max(0.0, start_s)
    moving = [found for found in videos if found[3].split(" ")[0].rstrip(",") not in _STILLS] or videos
    video = _video(moving[0][3], int(moving[0][1]), _TURNED.search(text) is not None) if moving else None
    return Media(duration_s, video, _audio(audios[0]) if audios else None, start_s)


def _headers(path: Path) -> str:
    """What FFmpeg prints of a file: without an output it always ends with an error, a null output would decode it."""
    while True:
        program = ffmpeg_path()
        code, _, text = _once([program, "-hide_banner", "-nostdin", *given(path)], f"reading {path.name}", None,
                              PROBE_S, None)  # fmt: skip
        if not _unfit(code, text):
            break
        _pass_over(program, _words(code, text))
    if host.lacking(text) or (code in _CRASHES and host.memory_is_bounded()):
        raise host.failure(f"reading {path.name}: {_words(code, text)}")
    if code < 0 or code in {137, 143}:
        raise RuntimeError(f"reading {path.name}: FFmpeg was killed ({code})")
    return text


def _is_cover(words: str) -> bool:
    return "(attached pic)" in words or "(timed thumbnails)" in words or "(still image)" in words


def _video(words: str, place: int, turned: bool) -> VideoStream:
    codec, _, rest = words.partition(",")
    profile = re.search(r"^\w+ \(([^)/]+)\)", codec)
    pixels = re.match(r"\s*(\w+)(?:\(([^)]*)\))?", rest)
    size = re.search(r"\b(\d{2,5})x(\d{2,5})\b", rest)
    rate = re.search(r"([\d.]+k?) fps", rest) or re.search(r"([\d.]+k?) tbr", rest)
    notes = [note.strip() for note in (pixels[2] or "").split(",")] if pixels else []
    matrix, primaries, transfer = _colors(notes)
    shape = re.search(r"SAR (\d+):(\d+)", rest)
    oblong = shape is not None and shape[1] != shape[2]
    interlaced = "first" in " ".join(notes)
    return VideoStream(
        codec=codec.split()[0],
        profile=profile[1] if profile else "",
        pixel_format=pixels[1] if pixels else "",
        matrix=matrix,
        width=int(size[1]) if size else 0,
        height=int(size[2]) if size else 0,
        fps=float(rate[1].replace("k", "000")) if rate else 0.0,
        upright=not (turned or oblong or interlaced),
        oblong=oblong,
        interlaced=interlaced,
        primaries=primaries,
        transfer=transfer,
        place=place,
    )


_MATRICES = {"bt709", "bt470bg", "smpte170m", "smpte240m", "bt2020nc", "bt2020c", "fcc", "gbr"}


def _colors(notes: Sequence[str]) -> tuple[str, str, str]:
    """Matrix, primaries and transfer: FFmpeg prints `a/b/c`, or one word where all three are the same."""
    for note in notes:
        parts = note.split("/")
        if len(parts) == 3:
            matrix, primaries, transfer = ("" if part in ("unknown", "reserved") else part for part in parts)
            return (matrix if matrix in _MATRICES else "", primaries, transfer)
        if note in _MATRICES:
            return note, note, note
    return "", "", ""


def _audio(words: str) -> AudioStream:
    rate = re.search(r"(\d+) Hz, ([\w.]+)", words)
    return AudioStream(re.split(r"[ ,]", words)[0], int(rate[1]) if rate else 0, rate[2] if rate else "")


def count_pictures(path: Path, task: str, fps: int | None = None, stream: str = "0:V:0") -> int:
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
    run([*strict, *given(path), "-map", stream, *chain, "-fps_mode", "passthrough", "-f", "null", "-"], task, look)
    return counted
