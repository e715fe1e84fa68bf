"""One FFmpeg run that decodes a video or audio file to its end and measures it while it does.

What costs is the decoding, about 1.4 s of one core for 10 s of 1080p; measuring a picture of 64x36 and the levels of
the sound adds 3 %. The loop filter is left out (12 % less): it smooths the edges of blocks after the last bit of a
picture was read and checked, so whatever is broken in a file is found without it. One thread costs less in all than
several, and two files are decoded at once anyway.

Pictures are taken strictly (`-xerror`: the first concealed error ends the run), because a broken picture is seen by
everybody and encoders leave none. Recordings alone are taken as a player would take them: MP3s of services and old
tools carry a bad header or a cut frame at their ends, which nobody hears; their lost length is measured instead.
"""

import asyncio
import os
import re
import signal
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from videod.adapters.process import tethered
from videod.core.media_checks import SILENT_PEAK_DB, Decoded, Heard, Seen
from videod.core.sanitize import sanitize_line
from videod.core.step import Expectation
from videod.ports import Unchecked

#: demuxers by what a step makes: nothing here opens another file, as playlists, lists and drawings do
FORMATS = {"video": "mov", "audio": "mp3,wav,ogg,flac,aac,mov"}
_SOUND = "aac,mp3float,mp3,flac,vorbis,opus,libopus,alac,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le"
CODECS = {"video": f"h264,hevc,av1,libdav1d,vp9,mpeg4,prores,{_SOUND}", "audio": _SOUND}
#: 8K; a small file that claims more is an attack or an accident
PIXELS_MAX = 7680 * 4320
#: share of packets of a recording that may be broken
ERROR_RATE = "0.05"
#: a picture counts as black when of 64x36 samples of it 99 % are below this luma; a moonless night is not so dark
BLACK_LUMA, BLACK_PERCENT = 22, 99
#: the longest check: this, and so much for each second that the file may last, but never more than that, seconds. A
#: file that was not done by then is checked again later
CHECK_S, CHECK_S_MAX = 20.0, 3600.0
CHECK_SHARES = {"video": 2.0, "audio": 0.5}
#: what may last longer than this is a film, seconds
LONG_S = 60.0
#: what FFmpeg may say: this, and a line for each picture of a file of 60 pictures a second, bytes
WORDS_BYTES, WORDS_EACH_S = 4 << 20, 60 * 130
#: how long the pipe of a dead check is read to its end, seconds
DRAIN_S = 2.0
FLOOR_DB = -120.0
#: a silence that ends so close to the end of the sound lasts to its end, seconds
END_S = 0.5
_LINE_BYTES, _LINES = 4096, 40
_STOPPED = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, 128 + signal.SIGKILL, 255)
#: how `nice` and shells end when the program behind them cannot be started, or is not there
NO_PROGRAM = (126, 127)


class Undecodable(Exception):
    """The file cannot be decoded to its end; the text is the rest of a sentence about it."""


async def decode(ffmpeg: str, path: Path, makes: str, expected: Expectation) -> Decoded:
    """Decode all of `path`, but no further than it may last.

    Raises Undecodable, Unchecked when the check itself came to nothing, FileNotFoundError when FFmpeg does not run.
    """
    notes = _Notes()
    process = await asyncio.create_subprocess_exec(
        *tethered(10), *_argv(ffmpeg, path, makes, expected), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        env={"PATH": os.environ.get("PATH", os.defpath)},
    )  # fmt: skip
    limit_s = min(CHECK_S + CHECK_SHARES[makes] * expected.max_s, CHECK_S_MAX)
    try:
        async with asyncio.timeout(limit_s):
            assert process.stderr is not None
            await _listen(process.stderr, notes, WORDS_BYTES + round(WORDS_EACH_S * expected.max_s))
            code = await process.wait()
    except TimeoutError:
        raise Unchecked(f"{path.name} could not be decoded within {limit_s:.0f} s") from None
    finally:
        await _end(process)
    return _outcome(ffmpeg, path, makes, code, notes)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of the check is left: neither a process nor what it had still to say."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            assert process.stderr is not None
            while await process.stderr.read(1 << 16):
                pass
    await process.wait()


def _argv(ffmpeg: str, path: Path, makes: str, expected: Expectation) -> tuple[str, ...]:
    given = (
        "-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS[makes], "-codec_whitelist", CODECS[makes],
        "-max_pixels", str(PIXELS_MAX), "-threads", _threads(expected),
        "-skip_loop_filter", "all", "-t", f"{expected.max_s + 1:.3f}", "-i", f"file:{path.resolve()}",
    )  # fmt: skip
    # nearest samples, not averages: a lit animal in the dark stays bright
    look = f"scale=64:36:flags=neighbor,format=yuv420p,blackframe=amount=0:threshold={BLACK_LUMA}"
    listen = "astats=measure_perchannel=none:measure_overall=Number_of_samples+Peak_level+RMS_level"
    if expected.silent_end_s is not None:
        listen += f",silencedetect=noise={SILENT_PEAK_DB:.0f}dB:d=1"
    strict: tuple[str, ...] = ("-max_error_rate", ERROR_RATE)
    streams: tuple[str, ...] = ("-map", "0:a:0")
    if makes == "video":
        strict, streams = ("-xerror",), ("-map", "0:V:0", "-vf", look, "-map", "0:a:0?")
    return (
        ffmpeg, "-hide_banner", "-nostdin", "-nostats", *strict, "-filter_threads", "1", *given, *streams,
        "-af", listen, "-fps_mode", "passthrough", "-f", "null", "-",
    )  # fmt: skip


def _threads(expected: Expectation) -> str:
    """Two for a film: somebody waits for its review, and nothing else is left to decode beside it."""
    return "2" if expected.max_s > LONG_S else "1"


async def _listen(stderr: asyncio.StreamReader, notes: "_Notes", most: int) -> None:
    """Read to the end without keeping it: a film says a line for every picture, a hostile file far more."""
    rest, taken = b"", 0
    while chunk := await stderr.read(1 << 16):
        taken += len(chunk)
        if taken > most:
            raise Undecodable("makes FFmpeg complain without end")
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[:_LINE_BYTES]
        for line in lines:
            notes.take(line[:_LINE_BYTES].decode(errors="replace"))
    notes.take(rest.decode(errors="replace"))


# FFmpeg indents whatever a file says of itself (title, comment), so none of these can be forged from inside
_PICTURE = re.compile(r"\[Parsed_blackframe_\d+ @ \w+\] frame:\d+ pblack:(\d+) pts:\S+ t:(-?[\d.]+)")
_LEVELS = re.compile(r"\[Parsed_astats_\d+ @ \w+\] (Number of samples|Peak level dB|RMS level dB): (\S+)")
_SILENCE = re.compile(r"\[(?:Parsed_)?silencedetect(?:_\d+)? @ \w+\] silence_(start|end): (-?[\d.]+)")
_DURATION = re.compile(r"  Duration: (\d+):(\d\d):(\d\d\.\d+)")
_VIDEO = re.compile(r"  Stream #0:\d+\S*: Video: (\w+)(?!.*\(attached pic\)).*?, (\d{1,5})x(\d{1,5})[ ,]")
_AUDIO = re.compile(r"  Stream #0:\d+\S*: Audio: (\w+).*?, (\d+) Hz")
_COMPLAINT = re.compile(
    r"Error|corrupt|mismatch|[Ii]nvalid|partial file|not found|not on whitelist|exceeds|missing|Cannot allocate"
    r"|matches no streams"
)
_STUMBLE = re.compile(r"Error submitting packet|corrupt|CRC mismatch|Error during demuxing")


@dataclass
class _Notes:
    """What is taken from FFmpeg's words, line by line."""

    pictures: int = 0
    black: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    claimed_s: float | None = None
    guessed: bool = False
    video: tuple[str, int, int] | None = None
    audio: str | None = None
    rate_hz: int = 0
    samples: int = 0
    mean_db: float = FLOOR_DB
    peak_db: float = FLOOR_DB
    silent_from_s: float | None = None
    silent_to_s: float | None = None
    stumbled: bool = False
    output: bool = False
    complaints: list[str] = field(default_factory=list)
    end: deque[str] = field(default_factory=lambda: deque(maxlen=3))

    def take(self, line: str) -> None:
        if found := _PICTURE.match(line):
            self._picture(int(found[1]), float(found[2]))
        elif found := _LEVELS.match(line):
            self._level(found[1], found[2])
        elif found := _SILENCE.match(line):
            if found[1] == "start":
                self.silent_from_s, self.silent_to_s = float(found[2]), None
            else:
                self.silent_to_s = float(found[2])
        elif line.startswith("  "):
            self._header(line)
        elif line.startswith("Output #"):
            self.output = True
        elif line.strip():
            self._words(line)

    def _picture(self, black: int, at_s: float) -> None:
        self.first_s = at_s if not self.pictures else min(at_s, self.first_s)
        self.last_s = max(at_s, self.last_s)
        self.pictures += 1
        self.black += black >= BLACK_PERCENT

    def _level(self, name: str, value: str) -> None:
        level = FLOOR_DB if value in ("-inf", "nan", "-nan") else max(FLOOR_DB, float(value))
        if name == "Number of samples":
            self.samples += int(float(value))
        elif name == "Peak level dB":
            self.peak_db = max(self.peak_db, level)
        else:
            self.mean_db = max(self.mean_db, level)

    def _header(self, line: str) -> None:
        if self.output:
            # here the sound has the rate that was measured
            if found := _AUDIO.match(line):
                self.rate_hz = int(found[2])
        elif found := _DURATION.match(line):
            self.claimed_s = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        elif (found := _VIDEO.match(line)) and self.video is None:
            self.video = (found[1], int(found[2]), int(found[3]))
        elif (found := _AUDIO.match(line)) and self.audio is None:
            self.audio = found[1]

    def _words(self, line: str) -> None:
        self.guessed |= "Estimating duration" in line
        self.stumbled |= _STUMBLE.search(line) is not None
        said = sanitize_line(re.sub(r"^(\[[^\]]*\]\s*)+", "", line))[:200]
        if _COMPLAINT.search(said) and len(self.complaints) < _LINES:
            self.complaints.append(said)
        self.end.append(said)

    def _silent_end_s(self, seconds: float) -> float:
        """How long the last silence is, where it lasts to the end of the sound (FFmpeg says its end there, or not)."""
        begin, end = self.silent_from_s, self.silent_to_s
        if begin is None or (end is not None and end < seconds - END_S):
            return 0.0
        return max(0.0, seconds - begin)

    def decoded(self) -> Decoded:
        seen = heard = None
        if self.video is not None and self.pictures:
            codec, width, height = self.video
            length = self.last_s - self.first_s
            seconds = length * self.pictures / (self.pictures - 1) if self.pictures > 1 else 0.0
            seen = Seen(codec, width, height, self.pictures, seconds, self.black / self.pictures)
        if self.audio is not None and self.samples and self.rate_hz:
            seconds = self.samples / self.rate_hz
            silent_s = self._silent_end_s(seconds)
            heard = Heard(self.audio, self.rate_hz, seconds, self.mean_db, self.peak_db, silent_s)
        claimed, guessed = (None, self.claimed_s) if self.guessed else (self.claimed_s, None)
        return Decoded(claimed, guessed, seen, heard, self.stumbled)


def _outcome(ffmpeg: str, path: Path, makes: str, code: int, notes: _Notes) -> Decoded:
    said = notes.complaints[0] if notes.complaints else (notes.end or [f"FFmpeg ended with code {code}"])[-1]
    if code in NO_PROGRAM:
        raise FileNotFoundError(
            f"FFmpeg does not run ({ffmpeg}: {said}); install it, or name a working one in [paths].ffmpeg of"
            " videod.toml and restart videod"
        )
    if code in _STOPPED or any("Cannot allocate memory" in line for line in notes.complaints):
        raise Unchecked(f"{path.name} could not be checked, FFmpeg ended with code {code}: {said}")
    if code == 0:
        return notes.decoded()
    raise Undecodable(_why(notes, makes, said, code))


def _why(notes: _Notes, makes: str, said: str, code: int) -> str:
    if any("matches no streams" in line for line in notes.complaints):
        return "holds no video" if makes == "video" else "holds no sound"
    told = next((line for line in notes.complaints if "not on whitelist" in line), None)
    if told is not None and (codec := re.match(r"Codec \((\w+)\)", told)):
        return f"holds {codec[1]}, which is not taken"
    if told is not None:
        return "is of a kind that is not taken"
    if any("moov atom not found" in line for line in notes.complaints):
        return "is cut off or was never finished (moov atom not found)"
    if notes.pictures and notes.claimed_s is not None:
        at_s = notes.last_s - notes.first_s
        return f"is cut off or damaged after {at_s:.1f} s of {notes.claimed_s:.1f} s ({said})"
    return f"cannot be decoded ({said}; code {code})"
