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
import logging
import re
import signal
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from videod import files
from videod.adapters import content_notes
from videod.adapters.content_notes import ContentNotes
from videod.adapters.decoding_room import DecodingRoom, Limits, common, crashed
from videod.core import bounds
from videod.core.media_checks import SILENT_PEAK_DB, Decoded, Heard, Seen
from videod.core.sanitize import sanitize_line
from videod.core.step import Expectation
from videod.ports import Unchecked

log = logging.getLogger(__name__)

#: demuxers by what a step makes: nothing here opens another file, as playlists, lists and drawings do
FORMATS = {"video": "mov", "audio": "mp3,wav,ogg,flac,aac,mov"}
#: an intro or outro of the user's own ("extra"): what scripts/assemble_video.py takes
EXTRA_FORMATS = "mov,matroska,flv,h264,mpegts,avi"
_SOUND = (
    "aac,mp3float,mp3,flac,vorbis,opus,libopus,alac,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,"
    "pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav"
)
CODECS = {"video": f"h264,hevc,av1,libdav1d,vp9,mpeg4,prores,{_SOUND}", "audio": _SOUND}
#: 8K; a small file that claims more is an attack or an accident
PIXELS_MAX = 7680 * 4320
#: share of packets of a recording that may be broken; a short WAV with an odd byte at its end has one of a few
ERROR_RATE, ERROR_RATE_PCM = "0.05", "0.5"
_TOO_MANY_ERRORS, _HALF_A_SAMPLE = 69, "Invalid PCM packet"
#: a picture counts as black when of 64x36 samples of it 99 % are below this luma; a moonless night is not so dark
BLACK_LUMA, BLACK_PERCENT = 22, 99
#: the longest check: this, and so much for each second that the file may last, but never more than that, seconds. A
#: file that was not done by then is checked again later
CHECK_S, CHECK_S_MAX = 20.0, 3600.0
CHECK_SHARES = {"video": 2.0, "audio": 0.5}
#: what may last longer than this is a film, seconds
LONG_S = 60.0
#: what FFmpeg may say: this, and a line for each picture of a file of 60 pictures a second, bytes
WORDS_BYTES, WORDS_EACH_S = 4 << 20, 60 * 600
#: address space of a check: 8K pictures of 10 bits, some twenty of them for reference
MEMORY = 4 << 30
NICENESS = 10
FLOOR_DB = -120.0
#: a silence that ends so close to the end of the sound lasts to its end, seconds
END_S = 0.5
_LINE_BYTES, _LINES = 4096, 40
#: later than in any file, seconds
_LATEST_S = 1e8
_STOPPED = (
    -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, -signal.SIGXCPU, 128 + signal.SIGKILL, 255,
)  # fmt: skip
#: how `nice` and shells end when the program behind them cannot be started, or is not there
NO_PROGRAM = (126, 127)
#: what this host lacks at the moment; as in scripts/lib/host.py
_LACKING = re.compile(
    r"Cannot allocate memory|Resource temporarily unavailable|failed to map segment|pthread_create|malloc of size"
    r"|Too many open files|can't start new thread|can't allocate lock|MemoryError|bad_alloc|[Oo]ut of memory"
    r"|cannot create shared object descriptor"
)


class Undecodable(Exception):
    """The file cannot be decoded to its end; the text is the rest of a sentence about it."""


class _Crashed(Undecodable):
    """FFmpeg itself broke: over this file, or because it is being replaced."""


@dataclass(frozen=True)
class _Check:
    """One file, open as `source`, and what it should be."""

    path: Path
    source: BinaryIO
    makes: str
    expected: Expectation
    room: DecodingRoom
    #: only key pictures are decoded: all others are known
    known: bool = False


async def decode(
    ffmpeg: str, path: Path, makes: str, expected: Expectation, others: Sequence[str] = (),
    room: DecodingRoom | None = None, source: BinaryIO | None = None, known: bool = False,
) -> Decoded:  # fmt: skip
    """Decode all of `path`, but no further than it may last. `others` are tried where `ffmpeg` breaks.

    `source`: the file, where it is open already. `known`: its pictures were decoded before, all but key pictures are
    passed over. Raises Undecodable, Unchecked when the check itself came to nothing,
    FileNotFoundError when no FFmpeg runs, OSError when the file cannot be opened.
    """
    if source is None:
        with await asyncio.to_thread(files.open_made, path) as opened:
            return await decode(ffmpeg, path, makes, expected, others, room, opened, known)
    check = _Check(path, source, makes, expected, room or common(), known)
    for program, following in zip((ffmpeg, *others), (*others, None), strict=True):
        try:
            return await _decode(program, check)
        except (FileNotFoundError, _Crashed) as error:
            if following is None:
                raise
            log.warning("decode_ffmpeg_broken", extra={"error": str(error), "next": following})
    raise AssertionError("the last one returns or raises")


async def _decode(ffmpeg: str, check: _Check, pictures: str = "0:V:0", errors: str = ERROR_RATE) -> Decoded:
    notes, path, makes, expected = _Notes(), check.path, check.makes, check.expected
    limit_s = min(CHECK_S + CHECK_SHARES.get(makes, CHECK_SHARES["video"]) * expected.max_s, CHECK_S_MAX)
    argv = _argv(ffmpeg, path, makes, expected, pictures, errors)
    if check.known:
        argv = (argv[0], "-skip_frame", "nokey", *argv[1:])
    # at most two threads work at once (`_threads`); the kernel's limit is for the case that nobody is left to end it
    limits = Limits(MEMORY, round(2 * limit_s) + 10)
    try:
        async with asyncio.timeout(limit_s), check.room.runs(argv, check.source, NICENESS, limits) as visit:
            await _listen(visit.words, notes, WORDS_BYTES + round(WORDS_EACH_S * expected.max_s))
            code = await visit.ended()
    except TimeoutError:
        raise Unchecked(f"{path.name} could not be decoded within {limit_s:.0f} s") from None
    except Unchecked as error:
        raise Unchecked(f"{path.name} could not be checked: {error}") from error
    if makes != "audio" and pictures == "0:V:0" and (moving := notes.behind_a_cover()) is not None:
        return await _decode(ffmpeg, check, f"0:{moving}")
    odd = any(_HALF_A_SAMPLE in line for line in notes.complaints)
    if makes == "audio" and code == _TOO_MANY_ERRORS and odd and errors == ERROR_RATE:
        return await _decode(ffmpeg, check, pictures, ERROR_RATE_PCM)
    return _outcome(ffmpeg, path, makes, code, notes)


def _argv(ffmpeg: str, path: Path, makes: str, expected: Expectation, pictures: str, errors: str) -> tuple[str, ...]:
    codecs = ("-codec_whitelist", CODECS[makes]) if makes in CODECS else ()
    given = (
        "-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS.get(makes, EXTRA_FORMATS), *codecs,
        "-max_pixels", str(PIXELS_MAX), "-threads", _threads(expected),
        "-skip_loop_filter", "all", "-t", f"{expected.max_s + 1:.3f}", "-i", f"file:{path.resolve()}",
    )  # fmt: skip
    # nearest samples, not averages: a lit animal in the dark stays bright
    dark = f"scale=64:36:flags=neighbor,format=yuv420p,blackframe=amount=0:threshold={BLACK_LUMA}"
    look = f"{content_notes.FIRST}{dark},{content_notes.LOOK}"
    listen = (
        f"{content_notes.LISTEN}astats=measure_perchannel={content_notes.SIDES}"
        f":measure_overall=Number_of_samples+Peak_level+RMS_level+{content_notes.WHOLE}"
    )
    if expected.silent_end_s is not None:
        listen += f",silencedetect=noise={SILENT_PEAK_DB:.0f}dB:d=1"
    strict: tuple[str, ...] = ("-max_error_rate", errors)
    streams: tuple[str, ...] = ("-map", "0:a:0")
    if makes != "audio":
        strict, streams = ("-xerror",), ("-map", pictures, "-vf", look)
    if makes == "video":
        streams = (*streams, "-map", "0:a:0?")
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
            raise Undecodable("makes FFmpeg complain endlessly")
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[:_LINE_BYTES]
        for line in lines:
            notes.take(line[:_LINE_BYTES].decode(errors="replace"))
    notes.take(rest.decode(errors="replace"))


# FFmpeg indents whatever a file says of itself (title, comment), so none of these can be forged from inside
_PICTURE = re.compile(r"\[Parsed_blackframe_\d+ @ \w+\] frame:\d+ pblack:(\d{1,3}) pts:\S+ t:(-?[\d.]+)")
_LEVELS = re.compile(r"\[Parsed_astats_\d+ @ \w+\] (Number of samples|Peak level dB|RMS level dB): (\S+)")
_SILENCE = re.compile(r"\[(?:Parsed_)?silencedetect(?:_\d+)? @ \w+\] silence_(start|end): (-?[\d.]+)")
_DURATION = re.compile(r"  Duration: (\d{1,6}):(\d\d):(\d\d\.\d{1,9})(?:, start: (-?[\d.]+))?")
_VIDEO = re.compile(r"  Stream #0:(\d{1,5})\S*: Video: (\w{1,40})(?!.*\(attached pic\)).*?, (\d{1,5})x(\d{1,5})[ ,]")
#: codecs of covers, which not every file marks as such
_STILLS = frozenset({"mjpeg", "png", "apng", "gif", "bmp", "webp", "tiff", "jpeg2000", "ljpeg"})
_AUDIO = re.compile(r"  Stream #0:\d+\S*: Audio: (\w{1,40}).*?, (\d{1,9}) Hz")
_ENDED = re.compile(r"\S*size=\s*\S+ time=(\d{1,6}):(\d\d):(\d\d\.\d{1,9})")
_COMPLAINT = re.compile(
    r"Error|corrupt|mismatch|[Ii]nvalid|partial file|not found|not on whitelist|exceeds|missing|Cannot allocate"
    r"|matches no streams|MemoryError|temporarily unavailable|failed to map segment|start new thread"
)
_STUMBLE = re.compile(r"Error submitting packet|corrupt|CRC mismatch|Error during demuxing")


def _time_s(told: str) -> float:
    """A moment as FFmpeg says it; 0 for what cannot be one."""
    return bounds.number(told, -_LATEST_S, _LATEST_S) or 0.0


@dataclass
class _Notes:
    """What is taken from FFmpeg's words, line by line. Nothing in them is certain: a file may have taken it over."""

    pictures: int = 0
    black: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    claimed_s: float | None = None
    guessed: bool = False
    #: place among the streams, codec, width and height
    videos: list[tuple[int, str, int, int]] = field(default_factory=list)
    audio: str | None = None
    rate_hz: int = 0
    samples: int = 0
    #: how many times the sound changed its rate or channels, and one: recordings are joined so
    parts: int = 0
    ended_s: float = 0.0
    mean_db: float = FLOOR_DB
    peak_db: float = FLOOR_DB
    silent_from_s: float | None = None
    silent_to_s: float | None = None
    stumbled: bool = False
    output: bool = False
    content: ContentNotes = field(default_factory=ContentNotes)
    complaints: list[str] = field(default_factory=list)
    end: deque[str] = field(default_factory=lambda: deque(maxlen=3))

    def take(self, line: str) -> None:
        if self.content.take(line):
            return
        if found := _PICTURE.match(line):
            self._picture(int(found[1]), _time_s(found[2]))
        elif found := _LEVELS.match(line):
            self._level(found[1], found[2])
        elif found := _SILENCE.match(line):
            if found[1] == "start":
                self.silent_from_s, self.silent_to_s = _time_s(found[2]), None
            else:
                self.silent_to_s = _time_s(found[2])
        elif line.startswith("  "):
            self._header(line)
        elif line.startswith("Output #"):
            self.output = True
        elif found := _ENDED.match(line):
            self.ended_s = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        elif line.strip():
            self._words(line)

    def _picture(self, black: int, at_s: float) -> None:
        self.first_s = at_s if not self.pictures else min(at_s, self.first_s)
        self.last_s = max(at_s, self.last_s)
        self.pictures += 1
        self.black += black >= BLACK_PERCENT
        self.content.black.append(black >= BLACK_PERCENT)

    def _level(self, name: str, value: str) -> None:
        # -inf of silence, nan; floating-point samples may be louder than full scale, by hundreds of dB at most
        loud = bounds.number(value, FLOOR_DB, -FLOOR_DB * 10)
        level = FLOOR_DB if loud is None else loud
        if name == "Number of samples":
            self.parts += 1
            self.samples += bounds.whole(value) or 0
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
            # the header counts from 0, also where the first picture comes later
            start_s = max(0.0, _time_s(found[4] or "0"))
            self.claimed_s = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) - start_s
        elif (found := _VIDEO.match(line)) and len(self.videos) < _LINES:
            self.videos.append((int(found[1]), found[2], int(found[3]), int(found[4])))
        elif (found := _AUDIO.match(line)) and self.audio is None:
            self.audio = found[1]

    def _words(self, line: str) -> None:
        self.guessed |= "Estimating duration" in line or "Ignoring maximum wav data size" in line
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

    def behind_a_cover(self) -> int | None:
        """The place of the video in a file whose first one is a still picture; None where the first one counts."""
        if not self.videos or self.videos[0][1] not in _STILLS:
            return None
        return next((place for place, codec, _, _ in self.videos if codec not in _STILLS), None)

    def decoded(self) -> Decoded:
        seen = heard = None
        if self.videos and self.pictures:
            _, codec, width, height = next((one for one in self.videos if one[1] not in _STILLS), self.videos[0])
            length = self.last_s - self.first_s
            seconds = length * self.pictures / (self.pictures - 1) if self.pictures > 1 else 0.0
            # times count from the start of the file: sound may begin before the pictures
            begin_s = max(0.0, self.first_s)
            seen = Seen(codec, width, height, self.pictures, seconds, self.black / self.pictures, begin_s)
        if self.audio is not None and self.samples and self.rate_hz:
            # samples of parts of different rates cannot be added up
            seconds = self.samples / self.rate_hz if self.parts == 1 else self.ended_s
            silent_s = self._silent_end_s(seconds)
            heard = Heard(self.audio, self.rate_hz, seconds, self.mean_db, self.peak_db, silent_s)
        claimed, guessed = (None, self.claimed_s) if self.guessed else (self.claimed_s, None)
        size = (seen.width, seen.height) if seen else (0, 0)
        content = self.content.content(seen.seconds if seen else 0.0, size, self.mean_db, self.peak_db)
        return Decoded(claimed, guessed, seen, heard, self.stumbled, self.audio is not None, content)


def _outcome(ffmpeg: str, path: Path, makes: str, code: int, notes: _Notes) -> Decoded:
    said = notes.complaints[0] if notes.complaints else (notes.end or [f"FFmpeg ended with code {code}"])[-1]
    lacking = next((line for line in (*notes.complaints, *notes.end) if _LACKING.search(line)), None)
    if code != 0 and lacking is not None:
        raise Unchecked(f"{path.name} could not be checked, this host lacks something: {lacking}")
    if code in NO_PROGRAM:
        raise FileNotFoundError(
            f"FFmpeg does not run ({ffmpeg}: {said}). Install it, or name a working one in [paths].ffmpeg of"
            " videod.toml and restart videod"
        )
    if code in _STOPPED:
        raise Unchecked(f"{path.name} could not be checked, FFmpeg ended with code {code}: {said}")
    if code == 0:
        return notes.decoded()
    raise (_Crashed if crashed(code) else Undecodable)(_why(notes, makes, said, code))


def _why(notes: _Notes, makes: str, said: str, code: int) -> str:
    if any("matches no streams" in line for line in notes.complaints):
        return "holds no sound" if makes == "audio" else "holds no video"
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
    return f"cannot be decoded ({said}, code {code})"
