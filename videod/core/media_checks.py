"""The objections to a produced file: what decoding all of it found, held against what was expected of it.

An objection is the rest of a sentence that begins with the file's name and that a person understands.
"""

from dataclasses import dataclass

from videod.core.content import Content
from videod.core.step import MIB, Expectation

#: below this loudest sample, or this mean, nothing can be heard: a converter's hiss lies near -90, a whisper near -40
SILENT_PEAK_DB, SILENT_MEAN_DB = -60.0, -70.0
#: how much of its claimed length a file may lack: the last packet's length is often a guess
LACK_S, LACK_SHARE = 0.25, 0.02
#: of a film's length this much must have sound: joined without filling, it has some only where somebody speaks
HEARD_SHARE = 0.5
#: fewer pictures a second are a slide show or a gap, no film
SLOWEST_FPS = 4.0


@dataclass(frozen=True)
class Seen:
    """The pictures of a decoded video: `seconds` from the first to the end of the last, `black` the share of them.

    `begin_s`: when the first is shown, from the start of the file.
    """

    codec: str
    width: int
    height: int
    pictures: int
    seconds: float
    black: float
    begin_s: float = 0.0


@dataclass(frozen=True)
class Heard:
    """The sound of a decoded file. Levels in dB of full scale, at least -120."""

    codec: str
    rate_hz: int
    seconds: float
    mean_db: float
    peak_db: float
    #: how long the end of it is silent
    silent_end_s: float = 0.0

    @property
    def silent(self) -> bool:
        return self.peak_db < SILENT_PEAK_DB or self.mean_db < SILENT_MEAN_DB


@dataclass(frozen=True)
class Decoded:
    """What decoding a whole file found. `claimed_s` is the length its header names, None where it only guesses;
    `complaints` says whether the decoder stumbled on the way, `sounds` whether there is sound, decoded or not."""

    claimed_s: float | None
    guessed_s: float | None
    seen: Seen | None
    heard: Heard | None
    complaints: bool = False
    sounds: bool = False
    #: what was seen and heard of it besides
    content: Content | None = None

    @property
    def seconds(self) -> float:
        """From the start of the file to its last picture or sound."""
        shown_s = self.seen.begin_s + self.seen.seconds if self.seen else 0.0
        return max(shown_s, self.heard.seconds if self.heard else 0.0)


def objection_to_bytes(size: int, expected: Expectation) -> str | None:
    """What is wrong with a file of this size, as the rest of a sentence about it; None: nothing."""
    if size == 0 and expected.min_bytes > 0:
        return "is empty"
    if size < expected.min_bytes:
        return f"has only {size:,} bytes"
    if size > expected.max_bytes:
        return f"has {size / MIB:,.0f} MiB, more than {expected.max_bytes / MIB:,.0f}"
    return None


def objection_to_size(width: int, height: int, expected: Expectation) -> str | None:
    if min(width, height) < expected.min_side:
        return f"is only {width}x{height} pixels, each side needs {expected.min_side}"
    return None


def objection(found: Decoded, makes: str, expected: Expectation) -> str | None:
    """What is wrong with a decoded video or audio file, as the rest of a sentence about it; None: nothing."""
    seen, heard = found.seen, found.heard
    if makes == "video" and seen is None:
        return "holds no video"
    if heard is None and (makes == "audio" or expected.heard):
        return "holds no sound"
    return (
        _objection_to_length(found, makes, expected)
        or (_objection_to_pictures(seen, expected) if seen is not None and makes == "video" else None)
        or (_objection_to_sound(heard) if heard is not None and (makes == "audio" or expected.heard) else None)
        or (_objection_to_end(found, heard, expected) if heard is not None else None)
    )


def _objection_to_length(found: Decoded, makes: str, expected: Expectation) -> str | None:
    length = found.heard.seconds if makes == "audio" and found.heard else found.seen.seconds if found.seen else 0.0
    claimed = found.claimed_s
    about = f" instead of about {expected.about_s:.1f} s" if expected.about_s is not None else ""
    if length > expected.max_s or (claimed or 0.0) > expected.max_s:
        return f"lasts {max(length, claimed or 0.0):.1f} s{about or f', at most {expected.max_s:.1f} s were due'}"
    # the longer of pictures and sound: the header names the length of the whole
    if claimed is not None and claimed - found.seconds > LACK_S + LACK_SHARE * claimed:
        return f"breaks off: {found.seconds:.1f} s of {claimed:.1f} s are there"
    if found.complaints and found.guessed_s is not None and length < 0.95 * found.guessed_s:
        return f"is damaged: {length:.1f} s of {found.guessed_s:.1f} s can be played"
    if length < expected.min_s:
        return f"lasts {length:.1f} s{about or f', at least {expected.min_s:.1f} s were due'}"
    if expected.heard and found.heard is not None and found.heard.seconds < HEARD_SHARE * length:
        return f"has sound for {found.heard.seconds:.1f} s of its {length:.1f} s"
    return None


def _objection_to_pictures(seen: Seen, expected: Expectation) -> str | None:
    if seen.pictures < SLOWEST_FPS * seen.seconds or seen.pictures < 2:
        return f"has only {seen.pictures} pictures in {seen.seconds:.1f} s"
    if seen.black > 0.995:
        return "is black from start to end"
    if seen.black > expected.black:
        return f"is black for {seen.black:.0%} of its length"
    return objection_to_size(seen.width, seen.height, expected)


def _objection_to_sound(heard: Heard) -> str | None:
    if heard.silent:
        return f"is silent (average {heard.mean_db:.0f} dB, loudest moment {heard.peak_db:.0f} dB)"
    return None


def _objection_to_end(found: Decoded, heard: Heard, expected: Expectation) -> str | None:
    """A film whose sound stops long before its pictures do, or fades into nothing."""
    if expected.silent_end_s is None:
        return None
    silent_s = heard.silent_end_s + max(0.0, found.seconds - heard.seconds)
    return f"is silent for its last {silent_s:.1f} s" if silent_s > expected.silent_end_s else None
