"""How long and how loud a sound is, and the same sound at another loudness. EBU R 128, measured by FFmpeg."""

import re
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg

#: Quieter than this is silence: hiss of a converter lies around -90 dBFS, a whisper around -40.
SILENT_DBFS = -60.0
#: The gate of the measurement lies at -70 LUFS; near it the figure says nothing.
UNMEASURABLE_LUFS = -65.0
PEAK_CEILING_DBFS = -1.0
LIMIT_S = 120.0

ENCODERS = {
    ".mp3": ("-codec:a", "libmp3lame", "-b:a", "192k", "-ar", "48000"),
    ".wav": ("-codec:a", "pcm_s16le", "-ar", "48000"),
}


@dataclass(frozen=True)
class Sound:
    """`duration_s` as decoded, `lufs` integrated loudness (-70 for silence), `peak_dbfs` true peak."""

    duration_s: float
    lufs: float
    peak_dbfs: float

    @property
    def silent(self) -> bool:
        return self.peak_dbfs < SILENT_DBFS


def measure(path: Path) -> Sound:
    """Decode the whole file and measure it. Raises Failure(input) when it cannot be decoded."""
    ended_us = 0

    def look(line: str) -> None:
        nonlocal ended_us
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.isdigit():
            ended_us = int(value)

    said = ffmpeg.run(
        [
            "-v", "info", "-xerror", "-progress", "pipe:1", *ffmpeg.given(path), "-map", "0:a:0",
            "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-",
        ],
        f"listening to {path}", look, LIMIT_S,
    )  # fmt: skip
    summary = said.errors[said.errors.rfind("Summary:") :]
    loudness = re.search(r"I:\s+(-?[\d.]+|-inf|nan) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+|-inf|nan) dBFS", summary)
    if loudness is None or peak is None or ended_us == 0:
        raise Failure(Kind.INPUT, f"{path} holds no sound that can be measured")
    return Sound(ended_us / 1e6, _level(loudness[1]), _level(peak[1]))


def _level(text: str) -> float:
    return -70.0 if text in {"-inf", "nan"} else float(text)


def to_loudness(source: Path, made: Path, target_lufs: float) -> None:
    """Write `source` at `target_lufs` to `made` (its ending chooses the kind), peaks held under the ceiling.

    One measured gain for the whole sound, so that its own dynamics stay; the limiter only catches what the gain
    lifts too high. Raises Failure(input) for a sound too quiet to be measured.
    """
    heard = measure(source)
    if heard.lufs < UNMEASURABLE_LUFS:
        raise Failure(Kind.INPUT, f"{source} is too quiet to be brought to {target_lufs:g} LUFS")
    gain = target_lufs - heard.lufs
    ceiling = 10 ** (PEAK_CEILING_DBFS / 20)
    chain = f"volume={gain:.2f}dB,alimiter=limit={ceiling:.4f}:level=false"
    convert(source, made, ("-af", chain))


def convert(source: Path, made: Path, filters: tuple[str, ...] = ()) -> None:
    """Encode `source` to the kind that the ending of `made` names. `made` may exist and is replaced."""
    encoder = encoder_for(made)
    ffmpeg.run(
        ["-v", "error", "-y", *ffmpeg.given(source), "-map", "0:a:0", *filters, *encoder, ffmpeg.target(made)],
        f"encoding {made.name}", limit_s=LIMIT_S,
    )  # fmt: skip


def encoder_for(path: Path) -> tuple[str, ...]:
    """FFmpeg's output arguments for the file's ending. Raises Failure(usage) for one that is neither mp3 nor wav."""
    encoder = ENCODERS.get(path.suffix.lower())
    if encoder is None:
        raise Failure(Kind.USAGE, f"a sound file ends .mp3 or .wav, not {path.suffix!r}")
    return encoder
