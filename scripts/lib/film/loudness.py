"""How loud a sound is, measured by FFmpeg's `ebur128` filter (EBU R 128, ITU-R BS.1770)."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg

RATE_HZ = 48_000
SILENCE_LUFS = -69.5
"""The absolute gate of R 128 is -70 LUFS: at or below it nothing was loud enough to be measured."""
STEREO = f"aresample={RATE_HZ},aformat=sample_fmts=fltp:channel_layouts=stereo"


@dataclass(frozen=True)
class Measured:
    """Integrated loudness in LUFS and true peak in dBTP (None: silence), length in samples at 48 kHz."""

    lufs: float | None
    true_peak_db: float | None
    samples: int


def measure(path: Path, task: str, strict: bool = False) -> Measured:
    """Decode a file's sound as 48 kHz stereo and measure it. Raises Failure(input) when there is no sound in it.

    `strict` refuses the first decoding error; recordings of services are taken as any player would take them.
    """
    scan = f"{STEREO},ebur128=peak=true:framelog=verbose"
    arguments = [*ffmpeg.given(path), "-map", "0:a:0", "-af", scan, "-c:a", "pcm_s16le", "-f", "framecrc", "-"]
    said = ffmpeg.run(["-v", "info", *(["-xerror"] if strict else []), *arguments], task)
    rows = [line.split(",") for line in said.output.splitlines() if line and not line.startswith("#")]
    samples = sum(int(row[3]) for row in rows)
    if samples == 0:
        raise Failure(Kind.INPUT, f"{task}: {path.name} holds no sound")
    lufs, peak = summary(said.errors)
    return Measured(lufs, peak, samples)


def summary(text: str) -> tuple[float | None, float | None]:
    """Loudness and true peak of the last `ebur128` summary in what FFmpeg printed; None for silence."""
    end = text.rpartition("Summary:")[2]
    lufs = re.search(r"\bI:\s+(\S+) LUFS", end)
    peak = re.search(r"\bPeak:\s+(\S+) dBFS", end)
    loud = _number(lufs[1]) if lufs else None
    return (loud if loud is not None and loud > SILENCE_LUFS else None, _number(peak[1]) if peak else None)


def _number(word: str) -> float | None:
    value = float(word)
    return value if math.isfinite(value) else None


def gain_db(measured: float | None, wanted: float, most: float = 40.0) -> float:
    """The gain that brings a loudness to another, at most `most` dB; none for silence, which only has noise to lift."""
    if measured is None:
        return 0.0
    return max(-most, min(most, wanted - measured))
