"""The finished sound of a whole film: one measured gain, a true-peak limiter, AAC.

The limiter works at 192 kHz, because peaks between samples do not show at 48 kHz. AAC moves peaks again, so the
encoded sound is measured, and encoded once or twice more with what was learned when it misses.
"""

from dataclasses import dataclass
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg, loudness
from scripts.lib.film.loudness import RATE_HZ, Measured

BIT_RATE = "384k"
"""What YouTube recommends for stereo."""
AAC_HEADROOM_DB = 0.5
MISS_LU_MAX = 0.5
TRIES_MAX = 3


@dataclass(frozen=True)
class Target:
    """Integrated loudness in LUFS and the highest true peak in dBTP."""

    lufs: float = -14.0
    true_peak_db: float = -1.0


def master(joined: Path, measured: Measured, target: Target, out: Path) -> Measured:
    """Bring a WAV to its target as AAC at `out`; what is returned was measured on the encoded sound.

    The true peak is kept in any case; loudness that cannot be reached under it is left below the target.
    Raises Failure(input) when the peak cannot be kept in TRIES_MAX tries.
    """
    gain_db = loudness.gain_db(measured.lufs, target.lufs)
    ceiling_db = target.true_peak_db - AAC_HEADROOM_DB
    for attempt in range(1, TRIES_MAX + 1):
        _encode(joined, measured.samples, gain_db, ceiling_db, out)
        found = loudness.measure(out, "measuring the film's sound", strict=True)
        over_db = 0.0 if found.true_peak_db is None else found.true_peak_db - target.true_peak_db
        miss_lu = 0.0 if found.lufs is None else target.lufs - found.lufs
        if over_db <= 0.0 and (abs(miss_lu) <= MISS_LU_MAX or attempt == TRIES_MAX):
            return found
        gain_db += miss_lu if abs(miss_lu) > MISS_LU_MAX else 0.0
        ceiling_db -= over_db + 0.2 if over_db > 0.0 else 0.0
    raise Failure(Kind.INPUT, f"the sound cannot be kept under {target.true_peak_db:g} dBTP")


def _encode(joined: Path, samples: int, gain_db: float, ceiling_db: float, out: Path) -> None:
    limit = 10 ** (ceiling_db / 20)
    chain = ",".join([
        f"volume={gain_db:.2f}dB", f"aresample={4 * RATE_HZ}",
        f"alimiter=limit={limit:.5f}:level=false:latency=true:attack=5:release=60",
        f"aresample={RATE_HZ}", f"apad=whole_len={samples}", f"atrim=end_sample={samples}",
    ])  # fmt: skip
    ffmpeg.run(
        [
            "-v", "error", "-xerror", "-y", *ffmpeg.given(joined), "-af", chain, "-c:a", "aac", "-aac_coder", "fast",
            "-b:a", BIT_RATE, "-ar", str(RATE_HZ), "-ac", "2", "-fflags", "+bitexact", "-f", "mp4", ffmpeg.target(out),
        ],
        "encoding the film's sound",
    )  # fmt: skip
