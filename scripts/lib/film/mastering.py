"""The finished sound of a whole film: one measured gain, a true-peak limiter, AAC.

The limiter works at 96 kHz, because peaks between samples do not show at 48 kHz. It takes loudness away, so what comes
out of it is measured, and limited again where that missed: only then it is encoded, which costs most of all. AAC moves
peaks again, so the encoded sound is measured too.
"""

from dataclasses import dataclass
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg, loudness
from scripts.lib.film.loudness import RATE_HZ, Measured

BIT_RATE = "384k"
"""What YouTube recommends for stereo."""
"""What YouTube recommends for stereo. FFmpeg's encoder stays a little below where both channels have much in common.

It could be made to spend all of it (`-aac_ms 0`), and then sounds worse: measured on a narrated film, 389 kb/s with a
noise 46.9 dB below the sound, and 6.5 dB from 16 kHz on, against 370 kb/s with 48.3 dB and 20.8 dB.
"""
AAC_HEADROOM_DB = 0.5
MISS_LU_MAX = 0.3
MORE = 1.4
"""Of each dB more the limiter takes away a part."""
TRIES_MAX = 3
LIMITER_HZ = 2 * RATE_HZ


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
    limited = out.with_name(f"{out.stem}_limited.wav")
    for _ in range(TRIES_MAX):
        gain_db = _loud(joined, measured.samples, gain_db, ceiling_db, target.lufs, limited)
        _encode(limited, out)
        found = loudness.measure(out, "measuring the film's sound", strict=True)
        over_db = 0.0 if found.true_peak_db is None else found.true_peak_db - target.true_peak_db
        if over_db <= 0.0:
            limited.unlink()
            return found
        ceiling_db -= over_db + 0.2
    raise Failure(Kind.INPUT, f"the sound cannot be kept under {target.true_peak_db:g} dBTP")


def _loud(joined: Path, samples: int, gain_db: float, ceiling_db: float, lufs: float, out: Path) -> float:
    """Write the sound at `lufs` under the ceiling, or as near as TRIES_MAX tries come; the gain that it took."""
    for attempt in range(1, TRIES_MAX + 1):
        found = _limit(joined, samples, gain_db, ceiling_db, out)
        miss_lu = 0.0 if found is None else lufs - found
        if abs(miss_lu) <= MISS_LU_MAX or attempt == TRIES_MAX:
            break
        gain_db += MORE * miss_lu
    return gain_db


def _limit(joined: Path, samples: int, gain_db: float, ceiling_db: float, out: Path) -> float | None:
    """The loudness of what comes out, None for silence."""
    chain = ",".join([
        f"volume={gain_db:.2f}dB", f"aresample={LIMITER_HZ}",
        f"alimiter=limit={10 ** (ceiling_db / 20):.5f}:level=false:latency=true:attack=5:release=60",
        f"aresample={RATE_HZ}", f"apad=whole_len={samples}", f"atrim=end_sample={samples}",
        "ebur128=framelog=verbose",
    ])  # fmt: skip
    words = ["-c:a", "pcm_f32le", "-f", "wav", "-rf64", "auto", "-fflags", "+bitexact", "-y", ffmpeg.target(out)]
    task = "limiting the film's sound"
    said = ffmpeg.run(["-v", "info", "-xerror", *ffmpeg.given(joined), "-af", chain, *words], task)
    return loudness.summary(said.errors)[0]


def _encode(limited: Path, out: Path) -> None:
    ffmpeg.run(
        [
            "-v", "error", "-xerror", "-y", *ffmpeg.given(limited), "-c:a", "aac", "-aac_coder", "fast",
            "-b:a", BIT_RATE, "-ar", str(RATE_HZ), "-ac", "2", "-fflags", "+bitexact", "-f", "mp4", ffmpeg.target(out),
        ],
        "encoding the film's sound",
    )  # fmt: skip
