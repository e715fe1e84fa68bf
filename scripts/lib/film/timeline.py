"""The edit of a film for other editors: its pictures and sounds apart, and where each of them lies.

Pictures are those of the cuts, copied; voices, ambiences and music have the level that they have in the film before it
is mastered. Two tracks of ambiences alternate, each with its handles, so that they pass into each other as in the film.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg, loudness, mixing, sounds
from scripts.lib.film.loudness import RATE_HZ
from scripts.lib.film.segment import Segment

MARK = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{3})\s*-->\s*(\d+):(\d\d):(\d\d)[,.](\d{3})")
CAPTIONS_BYTES = 4 << 20


@dataclass(frozen=True)
class Piece:
    """One item of a track, in pictures of the film: the file's own frame that it begins with, where, how long."""

    name: str
    file: str
    available: int
    first: int
    at: int
    frames: int

    @property
    def end(self) -> int:
        return self.at + self.frames


@dataclass(frozen=True)
class Track:
    """`sound`: whether it is heard, else it is seen. Pieces in order, none over another."""

    name: str
    sound: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Caption:
    text: str
    at: int
    frames: int


@dataclass(frozen=True)
class Edit:
    """The whole film: `frames` pictures at `fps` a second."""

    fps: int
    frames: int
    tracks: tuple[Track, ...]
    captions: tuple[Caption, ...] = ()


def taken_apart(
    segments: Sequence[Segment], names: Sequence[str], fps: int, folder: Path, music: mixing.Music | None
) -> Edit:  # fmt: skip
    """Write the pictures and sounds of all segments into `folder` and say where they lie. Raises Failure."""
    pictures: list[Piece] = []
    voices: list[Piece] = []
    whole: list[Piece] = []
    beds: tuple[list[Piece], list[Piece]] = ([], [])
    total, at = sum(one.frames for one in segments), 0
    for place, (segment, name) in enumerate(zip(segments, names, strict=True), start=1):
        stem = f"{place:02}_{re.sub(r'[^a-z0-9]+', '_', segment.name.lower()).strip('_')[:40]}"
        seen = _written(segment, ["-map", "0:V:0", "-c:v", "copy"], folder / "pictures" / f"{stem}.mov")
        pictures.append(Piece(name, _in(folder, seen), segment.frames, 0, at, segment.frames))
        if segment.handle is None:
            heard = _written(segment, ["-map", "0:a:0", *_WAV], folder / "sound" / f"{stem}.wav")
            whole.append(Piece(f"{name} (sound)", _in(folder, heard), segment.frames, 0, at, segment.frames))
        else:
            said = _written(segment, ["-map", "0:a:1", *_WAV], folder / "voice" / f"{stem}.wav")
            voices.append(Piece(f"{name} (voice)", _in(folder, said), segment.frames, 0, at, segment.frames))
            bed = _bed(segment, f"{name} (ambience)", fps, at, folder / "ambience" / f"{stem}.wav")
            beds[len(voices) % 2].append(_within(replace(bed, file=_in(folder, folder / bed.file)), total))
        at += segment.frames
    tracks = [Track("Pictures", False, tuple(pictures)), Track("Voice", True, tuple(voices))]
    tracks += [Track(f"Ambience {side}", True, tuple(bed)) for side, bed in zip("AB", (beds[1], beds[0]), strict=True)]
    tracks.append(Track("Intro and outro", True, tuple(whole)))
    if music is not None:
        played = _played(music, total * (RATE_HZ // fps), folder / "music" / "music.wav")
        tracks.append(Track("Music", True, (Piece("Music", _in(folder, played), total, 0, 0, total),)))
    return Edit(fps, total, tuple(track for track in tracks if track.pieces))


_WAV = ("-c:a", "pcm_s16le", "-ar", str(RATE_HZ), "-f", "wav", "-fflags", "+bitexact")


def _in(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _written(segment: Segment, words: Sequence[str], out: Path) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    ffmpeg.run(
        ["-v", "error", "-xerror", "-y", *ffmpeg.given(segment.path), *words, ffmpeg.target(out)],
        f"{segment.name}: taking it apart",
    )  # fmt: skip
    return out


def _bed(segment: Segment, name: str, fps: int, at: int, out: Path) -> Piece:
    """The ambience with as much of its handles as makes whole pictures."""
    step, handle = RATE_HZ // fps, segment.handle or 0
    side = handle // step
    again = "asetpts=PTS-STARTPTS"
    graph = (
        f"[0:a:3]asplit[one][two];[one]atrim=start_sample={handle - side * step}:end_sample={handle},{again}[before];"
        f"[two]atrim=start_sample={handle}:end_sample={handle + side * step},{again}[behind];"
        f"[before][0:a:2][behind]concat=n=3:v=0:a=1[bed]"
    )
    if not side:
        graph = "[0:a:2]anull[bed]"
    _written(segment, ["-filter_complex", graph, "-map", "[bed]", *_WAV], out)
    frames = segment.frames + 2 * side
    return Piece(name, f"ambience/{out.name}", frames, 0, at - side, frames)


def _within(piece: Piece, total: int) -> Piece:
    """The piece without what lies before the film's start and behind its end."""
    early, late = max(0, -piece.at), max(0, piece.end - total)
    return replace(piece, first=piece.first + early, at=piece.at + early, frames=piece.frames - early - late)


def _played(music: mixing.Music, samples: int, out: Path) -> Path:
    """The music as long as the film, at its level where nobody speaks."""
    out.parent.mkdir(parents=True, exist_ok=True)
    seconds = samples / RATE_HZ
    out_s = min(mixing.MUSIC_OUT_S, seconds / 4)
    chain = (
        f"[0:a:0]{loudness.STEREO}{sounds.repeated(music.heard.samples, samples)},"
        f"{sounds.gain(music.heard.lufs, mixing.MUSIC_LUFS)},{sounds.exactly(samples)},"
        f"afade=t=in:d={min(mixing.MUSIC_IN_S, seconds / 4):.3f},afade=t=out:st={seconds - out_s:.3f}:d={out_s:.3f}"
    )
    ffmpeg.run(
        ["-v", "error", "-xerror", "-y", *ffmpeg.given(music.path), "-filter_complex", f"{chain}[music]", "-map",
         "[music]", *_WAV, ffmpeg.target(out)],
        "preparing the music",
    )  # fmt: skip
    return out


def captions(path: Path, fps: int) -> tuple[Caption, ...]:
    """The captions of an SRT file. Raises Failure(input)."""
    try:
        with path.open("rb") as source:
            text = source.read(CAPTIONS_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Kind.INPUT, f"--captions {path} cannot be read: {error}") from error
    found = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        for number, line in enumerate(lines := block.strip().split("\n")):
            if (match := MARK.match(line.strip())) is not None:
                hours, minutes, seconds, thousandths = (match.groups()[at::4] for at in range(4))
                times = [
                    int(h) * 3600 + int(m) * 60 + int(s) + int(t) / 1000
                    for h, m, s, t in zip(hours, minutes, seconds, thousandths, strict=True)
                ]
                start, end = (round(one * fps) for one in times)
                found.append(Caption(" ".join(lines[number + 1 :]).strip(), start, max(1, end - start)))
                break
    return tuple(found)
