"""Where in a narration somebody speaks: recordings begin and end with silence, which is no pause that anybody chose."""

import re
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.film import ffmpeg, loudness
from scripts.lib.film.loudness import RATE_HZ, Measured

SPEECH_LUFS, SILENCE_DB, SILENCE_S = -16.0, -46, 0.05
"""Silence is what lies 30 dB below the voice for so long: a breath is louder, a room's hiss seldom is."""
BEFORE_S, AFTER_S = 0.03, 0.08
"""What is kept on either side: the soft beginning of a consonant, the end of a word in the room."""


@dataclass(frozen=True)
class Speech:
    """From where to where a narration is taken, in samples at 48 kHz."""

    start: int
    end: int

    @property
    def samples(self) -> int:
        return self.end - self.start

    @property
    def seconds(self) -> float:
        return self.samples / RATE_HZ


def find(kept: Path, spoken: Measured, task: str) -> Speech:
    """The words in a narration that `loudness.taken_in` kept; all of it where nothing, or everything, is silent."""
    gain = loudness.gain_db(spoken.lufs, SPEECH_LUFS)
    chain = f"volume={gain:.2f}dB,silencedetect=noise={SILENCE_DB}dB:duration={SILENCE_S}"
    said = ffmpeg.run(["-v", "info", *ffmpeg.given(kept), "-map", "0:a:0", "-af", chain, "-f", "null", "-"], task)
    whole = Speech(0, spoken.samples)
    starts = [float(one) for one in re.findall(r"silence_start: (-?[\d.e-]+)", said.errors)]
    ends = [float(one) for one in re.findall(r"silence_end: (-?[\d.e-]+)", said.errors)]
    if not starts or spoken.lufs is None:
        return whole
    start_s, end_s = 0.0, spoken.seconds
    if starts[0] <= 0.01 and ends:
        start_s = ends[0]
    # where the file ends in silence, some FFmpegs name its end and some do not
    if len(ends) < len(starts) or ends[-1] >= spoken.seconds - 0.01:
        end_s = starts[-1]
    if end_s <= start_s:
        return whole
    first, last = int((start_s - BEFORE_S) * RATE_HZ), int((end_s + AFTER_S) * RATE_HZ)
    return Speech(max(0, first), min(spoken.samples, last))
