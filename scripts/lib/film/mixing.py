"""The sound of a whole film, mixed of the stems of its cuts: voices, ambiences that pass into each other, music.

Stems are samples without loss, so they are laid side by side as bytes: every second ambience on a track of its own,
with its handles, which is all that a crossfade needs. What has no stems (an intro, a cut of another program) keeps its
own sound at its place.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg, joining, loudness, sounds
from scripts.lib.film.loudness import RATE_HZ, Measured
from scripts.lib.film.segment import Segment

MONO, STEREO = 2, 4
"""Bytes of a sample of one channel and of two."""
MUSIC_LUFS = -27.0
"""Of music where nobody speaks; the voice lies 11 dB above it, and 18 while it speaks."""
KEY_EARLY_S = 0.25
DUCK = "sidechaincompress=threshold=0.125:ratio=2.667:attack=120:release=700:detection=peak:link=maximum"
"""With a key of -6 dBFS, which lies 12 dB over the threshold: 7.5 dB less while somebody speaks."""
KEY_SAMPLE = (16384).to_bytes(2, "little", signed=True)
MUSIC_IN_S, MUSIC_OUT_S = 1.5, 3.0


@dataclass
class Laid:
    """The tracks of a film as raw samples. `spoken`: where somebody speaks, in samples."""

    samples: int
    voice: Path
    beds: tuple[Path, Path]
    whole: Path
    key: Path
    stems: int = 0
    apart: int = 0
    spoken: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Music:
    """A recording to lie under the film, and its measured loudness."""

    path: Path
    heard: Measured


def lay(segments: Sequence[Segment], fps: int, room: Path) -> Laid:
    """Lay the sounds of all segments side by side. Raises Failure(input) where one has not what was certified."""
    samples = sum(one.samples for one in segments)
    tracks = [room / f"{name}.raw" for name in ("voice", "bed_a", "bed_b", "whole", "key")]
    laid = Laid(samples, tracks[0], (tracks[1], tracks[2]), tracks[3], tracks[4])
    stems = _stems([one for one in segments if one.handle is not None], fps, room)
    voice, ambience, handles = (_Reader(path) for path in stems)
    out = {path: _Writer(path) for path in tracks}
    start = 0
    for segment in segments:
        if segment.handle is None:
            _lay_whole(segment, out[laid.whole], start, room)
            laid.apart += 1
        else:
            said = voice.take(segment.samples * MONO)
            out[laid.voice].put(start * MONO, said)
            bed = out[laid.beds[laid.stems % 2]]
            edges = handles.take(2 * segment.handle * STEREO)
            middle = segment.handle * STEREO
            bed.put((start - segment.handle) * STEREO, edges[:middle])
            bed.put(start * STEREO, ambience.take(segment.samples * STEREO))
            bed.put((start + segment.samples) * STEREO, edges[middle:])
            if (words := _spoken(said)) is not None:
                laid.spoken.append((start + words[0], start + words[1]))
            laid.stems += 1
        start += segment.samples
    for path, width in ((laid.voice, MONO), (laid.whole, STEREO), *((bed, STEREO) for bed in laid.beds)):
        out[path].close(samples * width)
    early = round(KEY_EARLY_S * RATE_HZ)
    for first, last in laid.spoken:
        begin = max(0, first - early)
        out[laid.key].put(begin * MONO, KEY_SAMPLE * (last - begin))
    out[laid.key].close(samples * MONO)
    return laid


def _stems(segments: Sequence[Segment], fps: int, room: Path) -> list[Path]:
    """The stems of these segments, each kind in a file of its own, one segment behind the other."""
    made = [room / f"{name}_stems.raw" for name in ("voice", "ambience", "handles")]
    if not segments:
        for path in made:
            path.write_bytes(b"")
        return made
    listed = room / "stems.ffconcat"
    joining.concat_list(segments, fps, listed)
    outputs = [
        word
        for place, path in enumerate(made, start=1)
        for word in ("-map", f"0:a:{place}", "-c:a", "copy", "-f", "s16le", "-y", ffmpeg.target(path))
    ]
    ffmpeg.run(["-v", "error", "-xerror", *ffmpeg.own_list(listed), *outputs], "taking the sounds of the clips apart")
    wanted = [sum(one.samples for one in segments) * width for width in (MONO, STEREO)]
    wanted.append(sum(2 * (one.handle or 0) for one in segments) * STEREO)
    for path, size in zip(made, wanted, strict=True):
        if path.stat().st_size != size:
            raise Failure(Kind.INPUT, f"{path.stem}: {path.stat().st_size} bytes came out where the clips have {size}")
    return made


def _lay_whole(segment: Segment, track: "_Writer", start: int, room: Path) -> None:
    """The mixed sound of a segment that has nothing else."""
    path = room / "one.raw"
    ffmpeg.run(
        ["-v", "error", "-xerror", *ffmpeg.given(segment.path), "-map", "0:a:0", "-c:a", "pcm_s16le", "-ac", "2",
         "-ar", str(RATE_HZ), "-f", "s16le", "-y", ffmpeg.target(path)],
        f"{segment.name}: sound",
    )  # fmt: skip
    data = path.read_bytes()
    if len(data) != segment.samples * STEREO:
        raise Failure(Kind.INPUT, f"{segment.name}: {len(data) // STEREO} samples of {segment.samples} came out")
    track.put(start * STEREO, data)


def _spoken(said: bytes) -> tuple[int, int] | None:
    """From which to which sample a voice is more than nothing: around the words it is exactly zero."""
    first = len(said) - len(said.lstrip(b"\0"))
    last = len(said.rstrip(b"\0"))
    return (first // MONO, -(-last // MONO)) if last > first else None


class _Reader:
    """Reads a file piece by piece."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self._at = 0

    def take(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]


class _Writer:
    """Puts pieces at their places in a file; what lies between them, and before its start, is silence or nothing."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")

    def put(self, at: int, data: bytes) -> None:
        if at < 0:
            data, at = data[-at:], 0
        self._stream.seek(at)
        self._stream.write(data)

    def close(self, size: int) -> None:
        """The file has `size` bytes, whatever was put behind them."""
        self._stream.flush()
        os.ftruncate(self._stream.fileno(), size)
        self._stream.close()


def mix(laid: Laid, music: Music | None, out: Path) -> Measured:
    """Mix the tracks into one WAV and measure it. Raises Failure(input) if samples are missing."""
    inputs: list[str] = []
    chains: list[str] = []
    names: list[str] = []

    def add(path: Path, channels: int, chain: str) -> None:
        number = inputs.count("-i")
        inputs.extend([*ffmpeg.OPEN_RAW, "-f", "s16le", "-ar", str(RATE_HZ), "-ac", str(channels)])
        inputs.extend(["-i", f"file:{path.resolve()}"])
        chains.append(f"[{number}:a:0]{chain}[track{number}]")
        names.append(f"[track{number}]")

    if laid.stems:
        add(laid.voice, 1, sounds.CENTRE)
        for bed in laid.beds:
            add(bed, 2, "anull")
    if laid.apart or not laid.stems:
        add(laid.whole, 2, "anull")
    if music is not None:
        number = inputs.count("-i")
        inputs += [*ffmpeg.given(music.path), *ffmpeg.OPEN_RAW, "-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1"]
        inputs += ["-i", f"file:{laid.key.resolve()}"]
        chains.append(_ducked(music, laid.samples, number))
        names.append("[ducked]")
    chains.append(
        f"{''.join(names)}amix=inputs={len(names)}:duration=longest:normalize=0,{sounds.exactly(laid.samples)},"
        "ebur128=framelog=verbose[mixed]"
    )
    said = ffmpeg.run(
        ["-v", "info", "-xerror", *inputs, "-filter_complex", ";".join(chains), "-map", "[mixed]", "-c:a", "pcm_f32le",
         "-f", "wav", "-rf64", "auto", "-fflags", "+bitexact", "-y", ffmpeg.target(out)],
        "mixing the sound",
    )  # fmt: skip
    lufs, _ = loudness.summary(said.errors)
    mixed = (out.stat().st_size - loudness.wav_header_bytes(out, "mixing the sound")) // (2 * STEREO)
    if mixed != laid.samples:
        raise Failure(Kind.INPUT, f"mixing the sound: {mixed} samples came out where the clips have {laid.samples}")
    return Measured(lufs, None, mixed)


def _ducked(music: Music, samples: int, number: int) -> str:
    """Music under the whole film: over its own end where it is shorter, less where somebody speaks."""
    seconds = samples / RATE_HZ
    out_s = min(MUSIC_OUT_S, seconds / 4)
    return (
        f"[{number}:a:0]{loudness.STEREO}{sounds.repeated(music.heard.samples, samples)},"
        f"{sounds.gain(music.heard.lufs, MUSIC_LUFS)},{sounds.exactly(samples)},"
        f"afade=t=in:d={min(MUSIC_IN_S, seconds / 4):.3f},afade=t=out:st={seconds - out_s:.3f}:d={out_s:.3f}[music];"
        f"[{number + 1}:a:0]apad=whole_len={samples}[key];[music][key]{DUCK}[ducked]"
    )
