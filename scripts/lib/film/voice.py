"""Where in a narration somebody speaks, and which of its channels carries the voice.

Recordings begin and end with silence, which is no pause that anybody chose. And a narrator is one person in the middle:
of two channels the mean is taken, or the better one where the other is empty or turned against it, since that voice
would vanish on a phone.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.film import ffmpeg, loudness
from scripts.lib.film.loudness import FLOOR_DB, RATE_HZ, Measured

SPEECH_LUFS, SILENCE_DB, SILENCE_S = -16.0, -46, 0.05
"""Silence is what lies 30 dB below the voice for so long: a breath is louder, a room's hiss seldom is."""
BEFORE_S, AFTER_S = 0.03, 0.08
"""What is kept on either side: the soft beginning of a consonant, the end of a word in the room."""
MEAN, LEFT, RIGHT = "0.5*c0+0.5*c1", "c0", "c1"
LOST_DB, ASKEW_DB = 9.0, 12.0
"""A mean so far below the louder channel, or channels so far apart, are no voice in the middle."""


@dataclass(frozen=True)
class Speech:
    """From where to where a sound is taken, in samples at 48 kHz; `channel`: of which it is made (`pan`).

    `louder_db`: what its loudness as one channel in the middle has over that of the two as they were. `silences`: from
    when to when nothing is heard, in seconds, those at its ends among them.
    """

    start: int
    end: int
    channel: str = MEAN
    louder_db: float = 0.0
    silences: tuple[tuple[float, float], ...] = ()

    @property
    def samples(self) -> int:
        return self.end - self.start

    @property
    def seconds(self) -> float:
        return self.samples / RATE_HZ


def find(kept: Path, spoken: Measured, task: str) -> Speech:
    """The words in a narration that `loudness.taken_in` kept; all of it where nothing, or everything, is silent."""
    gain = loudness.gain_db(spoken.lufs, SPEECH_LUFS)
    chain = (
        f"aformat=channel_layouts=stereo,pan=2.1|c0=c0|c1=c1|c2={MEAN},"
        "astats=measure_overall=none:measure_perchannel=RMS_level,"
        f"volume={gain:.2f}dB,silencedetect=noise={SILENCE_DB}dB:duration={SILENCE_S}"
    )
    said = ffmpeg.run(["-v", "info", *ffmpeg.given(kept), "-map", "0:a:0", "-af", chain, "-f", "null", "-"], task)
    channel, louder_db = _channel(said.errors)
    start, end = _words(said.errors, spoken)
    return Speech(start, end, channel, louder_db, _silences(said.errors, spoken))


def _named(said: str) -> tuple[list[float], list[float]]:
    """Where silences begin and where they end, as FFmpeg named it."""
    starts = [float(one) for one in re.findall(r"silence_start: (-?[\d.e-]+)", said)]
    return starts, [float(one) for one in re.findall(r"silence_end: (-?[\d.e-]+)", said)]


def _silences(said: str, spoken: Measured) -> tuple[tuple[float, float], ...]:
    starts, ends = _named(said)
    ends += [spoken.seconds] * (len(starts) - len(ends))
    return tuple((max(0.0, start), end) for start, end in zip(starts, ends, strict=False))


def _words(said: str, spoken: Measured) -> tuple[int, int]:
    starts, ends = _named(said)
    if not starts or spoken.lufs is None:
        return 0, spoken.samples
    start_s, end_s = 0.0, spoken.seconds
    if starts[0] <= 0.01 and ends:
        start_s = ends[0]
    # where the file ends in silence, some FFmpegs name its end and some do not
    if len(ends) < len(starts) or ends[-1] >= spoken.seconds - 0.01:
        end_s = starts[-1]
    if end_s <= start_s:
        return 0, spoken.samples
    first, last = int((start_s - BEFORE_S) * RATE_HZ), int((end_s + AFTER_S) * RATE_HZ)
    return max(0, first), min(spoken.samples, last)


def _channel(said: str) -> tuple[str, float]:
    found = re.findall(r"^\[Parsed_astats_\d+ @ \w+\] RMS level dB: (\S+)", said, re.MULTILINE)
    levels = [max(FLOOR_DB, float(one)) if math.isfinite(float(one)) else FLOOR_DB for one in found[:3]]
    if len(levels) < 3:
        return MEAN, 0.0
    left, right, mean = levels
    askew = abs(left - right) > ASKEW_DB or mean < max(left, right) - LOST_DB
    channel, level = (MEAN, mean) if not askew else (LEFT, left) if left >= right else (RIGHT, right)
    both = 10 ** (left / 10) + 10 ** (right / 10)
    return channel, 10 * math.log10(2 * 10 ** (level / 10) / both)
