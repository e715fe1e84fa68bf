"""What a sound is: how long, how loud (EBU R 128 by FFmpeg's `ebur128`), whether anything can be heard.

Recordings are taken as a player takes them: two MP3s joined, a streamed WAV whose header names no length, an odd byte
at the end. Who renders with a sound takes it in first (`taken_in`): decoded once, to samples that any later step can
rely on.
"""

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg

RATE_HZ = 48_000
SILENCE_LUFS = -69.5
"""The absolute gate of R 128 is -70 LUFS: at or below it nothing was loud enough to be measured."""
STEREO = f"aresample={RATE_HZ},aformat=sample_fmts=fltp:channel_layouts=stereo"
SHORTEST_SAMPLES = RATE_HZ // 2
"""R 128 measures blocks of 400 ms; what is shorter is repeated until there is something to measure."""
SILENT_PEAK_DB, SILENT_MEAN_DB = -60.0, -70.0
"""As in videod's check (`core/media_checks`): a converter's hiss lies near -90, a whisper near -40."""
LACK_S, LACK_SHARE = 0.25, 0.02
FLOOR_DB = -120.0


@dataclass(frozen=True)
class Measured:
    """Integrated loudness in LUFS and true peak in dBTP (None: silence), length in samples at 48 kHz.

    `mean_db` and `peak_db` are those of the samples as they lie in the file; `claimed_s` is the length that the header
    names, None where it names none.
    """

    lufs: float | None
    true_peak_db: float | None
    samples: int
    mean_db: float = FLOOR_DB
    peak_db: float = FLOOR_DB
    claimed_s: float | None = None

    @property
    def seconds(self) -> float:
        return self.samples / RATE_HZ

    @property
    def silent(self) -> bool:
        return self.peak_db < SILENT_PEAK_DB or self.mean_db < SILENT_MEAN_DB


def measure(path: Path, task: str, strict: bool = False) -> Measured:
    """Decode a file's sound as 48 kHz stereo and measure it. Raises Failure(input) when there is no sound in it.

    `strict` refuses the first decoding error; recordings of services are taken as any player would take them.
    """
    arguments = ["-c:a", "pcm_s16le", "-f", "framecrc", "-"]
    said = ffmpeg.run([*_listening(path, strict, STEREO), *arguments], task)
    rows = [line.split(",") for line in said.output.splitlines() if line and not line.startswith("#")]
    return _measured(path, said.errors, sum(int(row[3]) for row in rows), task)


def taken_in(path: Path, kept: Path, task: str, starts_s: float | None = None) -> Measured:
    """Decode a file's sound to `kept`, a WAV of 48 kHz stereo without loss, and measure it.

    `starts_s`: where second 0 of `kept` lies in the file, for sound that belongs to pictures: it is filled with silence
    or cut at startup, so that both stay together, and gaps stay gaps. Raises Failure(input) when there is no sound.
    """
    chain = STEREO
    if starts_s is not None:
        chain = f"asetpts=PTS-{starts_s:.6f}/TB,aresample={RATE_HZ}:async=1:first_pts=0,{STEREO}"
    output = ["-c:a", "pcm_f32le", "-f", "wav", "-rf64", "auto", "-fflags", "+bitexact", "-y", ffmpeg.target(kept)]
    said = ffmpeg.run([*_listening(path, False, chain), *output], task)
    found = _measured(path, said.errors, (kept.stat().st_size - wav_header_bytes(kept, task)) // 8, task)
    if said.errors.count("Summary:") > 1:  # joined from parts of another rate: FFmpeg measured each alone
        return replace(measure(kept, task), claimed_s=found.claimed_s)
    return found


def _listening(path: Path, strict: bool, chain: str) -> list[str]:
    levels = "astats=measure_perchannel=none:measure_overall=Peak_level+RMS_level"
    scan = f"{levels},{chain},ebur128=peak=true:framelog=verbose"
    return ["-v", "info", *(["-xerror"] if strict else []), *ffmpeg.given(path), "-map", "0:a:0", "-af", scan]


def _measured(path: Path, errors: str, samples: int, task: str) -> Measured:
    if samples <= 0:
        raise Failure(Kind.INPUT, f"{task}: {path.name} holds no sound")
    lufs, peak = summary(errors)
    found = Measured(lufs, peak, samples, _level(errors, "RMS"), _level(errors, "Peak"), _claimed_s(errors))
    if samples < SHORTEST_SAMPLES:
        found = replace(found, lufs=_repeated(path, samples, task))
    if found.lufs is None and not found.silent:
        # so little of it is loud that R 128 hears nothing: what it sounds like lies between its mean and its peak
        found = replace(found, lufs=max(found.mean_db, found.peak_db - 20.0))
    return found


def _repeated(path: Path, samples: int, task: str) -> float | None:
    """The loudness of a sound that is shorter than R 128 measures, as if it continued."""
    chain = f"{STEREO},aloop=loop=-1:size={samples},atrim=end_sample={2 * RATE_HZ},ebur128=framelog=verbose"
    scan = ["-v", "info", *ffmpeg.given(path), "-map", "0:a:0", "-af", chain, "-f", "null", "-"]
    return summary(ffmpeg.run(scan, task).errors)[0]


def objection(found: Measured) -> str | None:
    """Why a sound cannot be used, as the rest of a sentence about it; None: it can."""
    if found.silent:
        return f"is silent (average {found.mean_db:.0f} dB, loudest moment {found.peak_db:.0f} dB)"
    claimed = found.claimed_s
    if claimed is not None and claimed - found.seconds > LACK_S + LACK_SHARE * claimed:
        return f"breaks off: {found.seconds:.1f} s of {claimed:.1f} s are there"
    return None


def summary(text: str) -> tuple[float | None, float | None]:
    """Loudness and true peak of the last `ebur128` summary in what FFmpeg printed; None for silence."""
    end = text.rpartition("Summary:")[2]
    lufs = re.search(r"\bI:\s+(\S+) LUFS", end)
    peak = re.search(r"\bPeak:\s+(\S+) dBFS", end)
    loud = _number(lufs[1]) if lufs else None
    return (loud if loud is not None and loud > SILENCE_LUFS else None, _number(peak[1]) if peak else None)


def _level(text: str, name: str) -> float:
    found = re.findall(rf"^\[Parsed_astats_\d+ @ \w+\] {name} level dB: (\S+)", text, re.MULTILINE)
    values = [value for word in found if (value := _number(word)) is not None]
    return max([FLOOR_DB, *values])


def _claimed_s(text: str) -> float | None:
    """What the header says of the length; None where FFmpeg had to guess."""
    found = re.search(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)(?:, start: (-?[\d.]+))?", text, re.MULTILINE)
    if found is None or "Estimating duration" in text or "maximum wav data size" in text:
        return None
    length = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
    return length - max(0.0, float(found[4] or 0.0))


def wav_header_bytes(path: Path, task: str) -> int:
    """Where the samples of a WAV that FFmpeg wrote begin. Raises Failure(input) when it has none."""
    with path.open("rb") as stream:
        at = stream.read(4096).find(b"data")
    if at < 0:
        raise Failure(Kind.INPUT, f"{task}: {path.name} has no samples")
    return at + 8


def _number(word: str) -> float | None:
    value = float(word)
    return value if math.isfinite(value) else None


def gain_db(measured: float | None, wanted: float, most: float = 40.0) -> float:
    """The gain that brings a loudness to another, at most `most` dB; none for silence, which only has noise to lift."""
    if measured is None:
        return 0.0
    return max(-most, min(most, wanted - measured))
