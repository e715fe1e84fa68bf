"""What is odd about a made file: seen and heard of it while it was decoded, held against what was ordered. Pure.

Nothing here refuses a file. Each oddity is a sentence for the people at the review, the rest of one that begins with
the file's name; what cannot be meant at all is refused in `media_checks`.
"""

import itertools
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: so long are the parts of the sound whose level is known, seconds
STEP_S = 0.05
#: below this a part of the sound is silent, dB of full scale
SILENT_DB = -58.0
#: silence inside of a narration, at its end, and inside of anything else, seconds
PAUSE_S, END_S, HOLE_S = 1.9, 2.6, 2.5
#: what is frozen for this share does not move at all
WHOLLY = 0.9
#: how sentences about a picture that does not move begin
MOTIONLESS = ("is frozen", "does not move")
#: black for so long inside of a video, seconds
BLACK_S = 1.0
#: levels of luma
BLACK, FLAT_SPREAD, PALE_SPREAD = 22.0, 4.0, 11.0
#: lighter and darker from picture to picture by so much, in so many of them
FLASH, FLASHES = 25.0, 0.25
#: color of the last second against the first, levels
DRIFT = 28.0
#: of the height or width, both sides together
BARS = 0.07


@dataclass(frozen=True)
class Frame:
    """One picture at 64x36: moment (s), means of luma and both colors, spread of luma; `moved`: how much luma
    differs from the one before, all in levels of 255."""

    at_s: float
    luma: float
    blue: float
    red: float
    spread: float
    moved: float
    black: bool


@dataclass(frozen=True)
class Sound:
    """`levels`: of each 0.05 s of both channels as one, dB. `sides`: each channel's mean level, dB. `offset`: DC."""

    levels: tuple[float, ...] = ()
    sides: tuple[float, ...] = ()
    offset: float = 0.0
    mean_db: float = -120.0
    peak_db: float = -120.0
    flat: float = 0.0

    @property
    def together_db(self) -> float:
        """The mean level of both channels as one: what a telephone plays."""
        power = [10 ** (level / 10) for level in self.levels]
        return -120.0 if not power or sum(power) <= 0 else 10 * math.log10(max(sum(power) / len(power), 1e-12))


@dataclass(frozen=True)
class Content:
    """All that is known of one file. `bars`: the black ones above and below, left and right, shares of the side.

    `look`: its first picture at 16x9 (`alike_pictures`); `frozen`: from when to when nothing moves, s.
    """

    seconds: float
    frames: tuple[Frame, ...] = ()
    sound: Sound | None = None
    bars: tuple[float, float] = (0.0, 0.0)
    size: tuple[int, int] = (0, 0)
    look: str = ""
    frozen: tuple[tuple[float, float], ...] = ()


def oddities(found: Content, step: str) -> tuple[str, ...]:
    """What is odd about the file of a job of this step."""
    seen = tuple(_seen(found)) if found.frames else ()
    if found.sound is None or not found.sound.levels:
        return seen
    if step == "narration":
        return (*seen, *_voice(found.sound))
    if step == "sound_effect":
        return (*seen, *_bed(found.sound))
    return (*seen, *_mix(found.sound)) if step in ("cut", "assemble") else seen


# ------------------------------------------------------------------------------------------------- pictures


def _seen(found: Content) -> Iterator[str]:
    frames = found.frames
    length = max(found.seconds, 0.1)
    step_s = length / len(frames)
    spread = statistics.median(frame.spread for frame in frames)
    black = [frame.black or (frame.luma < BLACK and frame.spread < FLAT_SPREAD) for frame in frames]
    begin, count = _longest(black)
    if count * step_s >= BLACK_S:
        yield f"is black for {count * step_s:.1f} s from {begin * step_s:.1f} s on"
    still = [(begin_s, end_s) for begin_s, end_s in found.frozen if not any(
        frame.at_s >= begin_s and dark for frame, dark in zip(frames, black, strict=True) if frame.at_s <= end_s
    )]  # fmt: skip
    if still and sum(end_s - begin_s for begin_s, end_s in still) > WHOLLY * length:
        yield "does not move at all"
    elif still:
        begin_s, end_s = max(still, key=lambda one: one[1] - one[0])
        yield f"is frozen for {end_s - begin_s:.1f} s from {begin_s:.1f} s on"
    if spread < FLAT_SPREAD and not all(frame.black for frame in frames):
        yield "is almost a single color"
    elif spread < PALE_SPREAD and statistics.median(frame.luma for frame in frames) > 70:
        yield "has hardly any contrast"
    jumps = [abs(one.luma - other.luma) for one, other in itertools.pairwise(frames)]
    if jumps and sum(jump > FLASH for jump in jumps) > FLASHES * len(jumps):
        yield "flickers from light to dark"
    above, beside = found.bars
    if above >= BARS or beside >= BARS:
        yield f"has black bars {'above and below' if above >= BARS else 'left and right'}"
    if found.size[1] > found.size[0] > 0:
        yield f"is upright ({found.size[0]}x{found.size[1]})"


def drifts(frames: Sequence[Frame]) -> str | None:
    """Of one clip: its colors leave those it began with. A film has many pictures, and may."""
    part = max(1, len(frames) // 10)
    first, last = frames[:part], frames[-part:]
    moved = max(
        abs(
            statistics.fmean(getattr(one, name) for one in first) - statistics.fmean(getattr(one, name) for one in last)
        )
        for name in ("blue", "red")
    )
    return f"changes its colors from start to end (by {moved:.0f} of 255 levels)" if moved > DRIFT else None


def _longest(odd: Sequence[bool]) -> tuple[int, int]:
    """Begin and length of the longest run."""
    best, at = (0, 0), 0
    for value, run in itertools.groupby(odd):
        count = sum(1 for _ in run)
        if value and count > best[1]:
            best = (at, count)
        at += count
    return best


# ------------------------------------------------------------------------------------------------- sound


def _voice(sound: Sound) -> Iterator[str]:
    yield from _silences(sound, PAUSE_S, END_S)
    yield from _channels(sound)
    loud = sorted(sound.levels)
    floor, high = loud[len(loud) // 20], loud[-max(1, len(loud) // 20)]
    if _steady(sound):
        yield "is one steady tone or noise, no voice"
    elif floor > -48 and high - floor < 32:
        yield f"has a noise behind the voice that never stops ({floor:.0f} dB)"
    if sound.flat > 4 or (sound.peak_db > -0.2 and sound.mean_db > -11):
        yield "is overdriven"


def _bed(sound: Sound) -> Iterator[str]:
    yield from _silences(sound, HOLE_S, HOLE_S)
    yield from _channels(sound)
    if _steady(sound) and sound.peak_db - sound.mean_db < 6:
        yield "is one steady tone"
    elif speaks(sound):
        yield "sounds as if somebody is speaking"
    if sound.mean_db > -9:
        yield f"is very loud ({sound.mean_db:.0f} dB on average)"


def _mix(sound: Sound) -> Iterator[str]:
    yield from _silences(sound, HOLE_S, HOLE_S + 1)
    yield from _channels(sound)
    if sound.mean_db < -34:
        yield f"is very quiet ({sound.mean_db:.0f} dB on average)"


def _silences(sound: Sound, inside_s: float, end_s: float) -> Iterator[str]:
    silent = [level < SILENT_DB for level in sound.levels]
    begin, count = _longest(silent)
    if not count or all(silent):
        return
    at_end = begin + count >= len(silent) - 1
    if count * STEP_S >= (end_s if at_end else inside_s):
        until = "to its end" if at_end else f"for {count * STEP_S:.1f} s"
        yield f"is silent from {begin * STEP_S:.1f} s on {until}"


def _channels(sound: Sound) -> Iterator[str]:
    if len(sound.sides) == 2 and abs(sound.sides[0] - sound.sides[1]) > 9:
        yield f"is heard on the {'left' if sound.sides[0] > sound.sides[1] else 'right'} side only"
    elif len(sound.sides) == 2 and sound.mean_db - sound.together_db > 7 and sound.mean_db > -60:
        yield f"loses {sound.mean_db - sound.together_db:.0f} dB on a telephone (its sides are out of phase)"
    if sound.offset > 0.03:
        yield f"is not centered (DC offset {sound.offset:.2f})"


def _steady(sound: Sound) -> bool:
    """Whether the level stays where it is: no voice does, nor does weather."""
    loud = [level for level in sound.levels if level > SILENT_DB][2:-2]
    return len(loud) > 10 and statistics.pstdev(loud) < 0.9


def speaks(sound: Sound) -> bool:
    """Whether the level rises and falls as syllables do, most of the time: deep, three to eight times a second."""
    levels = [max(level, -70.0) for level in sound.levels]
    width = round(1.5 / STEP_S)
    spoken = 0
    windows = [levels[at : at + width] for at in range(0, len(levels) - width + 1, width)]
    for window in windows:
        top = max(window)
        crossings = sum((one > top - 9) != (other > top - 9) for one, other in itertools.pairwise(window))
        low = sorted(window)[len(window) // 10]
        spoken += 5 <= crossings <= 26 and top - low > 18
    return len(windows) >= 2 and spoken >= 0.6 * len(windows)


# ------------------------------------------------------------------------------------------------- for comparisons


def speech_s(sound: Sound) -> float:
    """From the first to the last part in which something is heard, without the pauses between, seconds."""
    loud = max(sound.levels, default=-120.0)
    return STEP_S * sum(level > max(SILENT_DB, loud - 38) for level in sound.levels)


def marks(found: Content) -> str:
    """What each second shows, in four bytes: light, both colors, spread; hexadecimal, at most an hour of it."""
    made: list[str] = []
    frames = found.frames
    rate = max(1, round(len(frames) / max(found.seconds, 0.1)))
    for at in range(rate // 2, min(len(frames), 3600 * rate), rate):
        one = frames[at]
        values = (one.luma, one.blue, one.red, one.spread)
        made.append("".join(f"{min(255, max(0, round(value))):02x}" for value in values))
    return "".join(made)
