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
from scripts.lib.film import ffmpeg, loudness, pcm, sounds
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


def lay(segments: Sequence[Segment], room: Path) -> Laid:
    """Lay the sounds of all segments side by side. Raises Failure(input) where one has not what was certified."""
    samples = sum(one.samples for one in segments)
    tracks = [room / f"{name}.raw" for name in ("voice", "bed_a", "bed_b", "whole", "key")]
    laid = Laid(samples, tracks[0], (tracks[1], tracks[2]), tracks[3], tracks[4])
    out = {path: _Writer(path) for path in tracks}
    start = 0
    for segment in segments:
        if segment.handle is None:
            _lay_whole(segment, out[laid.whole], start, room)
            laid.apart += 1
        else:
            said, ambience, edges = _stems(segment, segment.handle, room)
            out[laid.voice].put(start * MONO, said)
            bed = out[laid.beds[laid.stems % 2]]
            middle = segment.handle * STEREO
            bed.put((start - segment.handle) * STEREO, edges[:middle])
            bed.put(start * STEREO, ambience)
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


def _stems(segment: Segment, handle: int, room: Path) -> list[bytes]:
    """The voice, the ambience and its handles. Raises Failure(input) where they are not as long as was certified."""
    wanted = [segment.samples * MONO, segment.samples * STEREO, 2 * handle * STEREO]
    found = pcm.tracks(segment.path)
    stems = found[1 : 1 + len(wanted)] if found is not None else _stems_by_ffmpeg(segment, len(wanted), room)
    if [len(one) for one in stems] != wanted:
        raise Failure(Kind.INPUT, f"{segment.name}: {sum(map(len, stems))} bytes of sound for {sum(wanted)} came out")
    return stems


def _stems_by_ffmpeg(segment: Segment, count: int, room: Path) -> list[bytes]:
    made = [room / f"stem_{place}.raw" for place in range(1, count + 1)]
    outputs = [
        word
        for place, path in enumerate(made, start=1)
        for word in ("-map", f"0:a:{place}", "-c:a", "pcm_s16le", "-f", "s16le", "-y", ffmpeg.target(path))
    ]
    ffmpeg.run(["-v", "error", "-xerror", *ffmpeg.given(segment.path), *outputs], f"{segment.name}: sound")
    return [path.read_bytes() for path in made]


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
