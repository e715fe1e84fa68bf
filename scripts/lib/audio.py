"""Sounds as they are bought: measured as the film's own library measures them, fixed where their header lies."""

import struct
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg, loudness

PEAK_CEILING_DBFS = -1.0
LIMIT_S = 120.0

ENCODERS = {
    ".mp3": ("-codec:a", "libmp3lame", "-b:a", "192k", "-ar", "48000"),
    ".wav": ("-codec:a", "pcm_s16le", "-ar", "48000"),
}
#: what programs write that do not know yet how long a WAV will be: nothing, or about as much as fits
_UNKNOWN = (0, 0x7FFF0000)


@dataclass(frozen=True)
class Sound:
    """`duration_s` as decoded, `lufs` integrated loudness (-70 for silence), `peak_dbfs` true peak.

    `objection`: why it cannot be used, as the rest of a sentence about it; None: it can.
    """

    duration_s: float
    lufs: float
    peak_dbfs: float
    objection: str | None = None


def measure(path: Path) -> Sound:
    """Decode the whole file and measure it. Raises Failure(input) when it cannot be decoded."""
    found = loudness.measure(path, f"listening to {path}")
    lufs = -70.0 if found.lufs is None else found.lufs
    peak = -70.0 if found.true_peak_db is None else found.true_peak_db
    return Sound(found.seconds, lufs, peak, loudness.objection(found))


def to_loudness(source: Path, made: Path, target_lufs: float) -> None:
    """Write `source` at `target_lufs` to `made` (its ending chooses the kind), peaks held under the ceiling.

    One measured gain for the whole sound, so that its own dynamics stay; the limiter only catches what the gain
    lifts too high. Silence stays as it is.
    """
    gain = loudness.gain_db(loudness.measure(source, f"listening to {source}").lufs, target_lufs)
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
        raise Failure(Kind.USAGE, f"the name must end with .mp3 or .wav, not {path.suffix!r}")
    return encoder


def with_lengths(data: bytes) -> bytes:
    """A WAV whose header names the lengths that are there, where it was streamed and names none; else as it is.

    Half a sample at the end of such a stream is dropped.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return data
    at, block = 12, 1
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"fmt " and size >= 16 and at + 24 <= len(data):
            block = max(1, struct.unpack_from("<H", data, at + 20)[0])
        if name == b"data":
            there = len(data) - at - 8
            if size > _UNKNOWN[0] and (size < _UNKNOWN[1] or size <= there):
                return data
            there -= there % block
            samples = data[at + 8 : at + 8 + there] + b"\0" * (there % 2)
            head = bytearray(data[: at + 8])
            struct.pack_into("<I", head, at + 4, there)
            struct.pack_into("<I", head, 4, len(head) + len(samples) - 8)
            return bytes(head) + samples
        at += 8 + size + size % 2
    return data
