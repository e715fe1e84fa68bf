"""Assemble the film of an episode from its clips: hard cuts, one loudness, ready for streaming."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import atomic, script_runtime
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import assembly, ffmpeg, joining, manifest, mastering, mixing, overlay, picture_format, segment
from scripts.lib.film.assembly import Part
from scripts.lib.film.overlay import LeftOut, Mark
from scripts.lib.script_runtime import Reporter
from scripts.lib.workroom import workroom


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "assemble_video.py",
        "Join the clips of a manifest into one MP4 (1920x1080 H.264 High, AAC 384 kb/s 48 kHz, fast start). Prepared"
        " cuts are copied. What is missing is cut here. Only parts that do not fit are encoded again.",
        "python scripts/assemble_video.py --manifest manifest.json --output episode.mp4\n\n"
        'manifest: {"clips": [{"clip_number": 1, "video": "clip_01.mp4", "audio": "clip_01.mp3",\n'
        '                      "sfx": "clip_01_sfx.mp3", "cut": "clip_01.mov", "hold": 2.5}]}\n'
        "  sfx, cut and hold (seconds) may be missing, and audio where nobody speaks.\n"
        "  Relative paths are taken from the manifest's folder",
    )
    parser.add_argument("--manifest", type=Path, required=True, help="the clips, as JSON")
    parser.add_argument("--output", type=Path, required=True, help="the film to write, ending in .mp4")
    parser.add_argument("--intro", type=Path, help="a film to put in front (a missing file is a warning)")
    parser.add_argument("--outro", type=Path, help="a film to put at the end (a missing file is a warning)")
    parser.add_argument(
        "--watermark",
        type=Path,
        help="a picture for the lower right corner of the clips. Cuts without it are encoded again",
    )
    parser.add_argument("--music", type=Path, help="music under the whole film (a missing file is a warning)")
    parser.add_argument("--music-credit", default="", help="credit line of its license, repeated in the result")
    parser.add_argument("--lufs", type=float, default=-14.0, help="integrated loudness (default -14)")
    parser.add_argument("--true-peak", type=float, default=-1.0, help="highest true peak in dBTP (default -1.0)")
    parser.add_argument("--fps", type=int, default=24, help="frame rate of the film (default 24)")
    parser.add_argument("--decode-all", action="store_true", help="decode the whole film once more at the end (slow)")
    return script_runtime.run(parser, assemble, argv)


def assemble(asked: argparse.Namespace, reporter: Reporter) -> None:
    if asked.output.suffix.lower() != ".mp4":
        raise Failure(Kind.USAGE, f"--output {asked.output}: must end in .mp4")
    if not -40.0 <= asked.lufs <= -5.0 or not -20.0 <= asked.true_peak <= 0.0:
        raise Failure(Kind.USAGE, "--lufs must be -40 to -5 and --true-peak -20 to 0")
    segment.samples_of(1, asked.fps)
    entries = manifest.read(asked.manifest)
    intro, outro, mark, music = (_present(asked, option) for option in ("intro", "outro", "watermark", "music"))
    with workroom(asked.output) as room:
        drawn = None if mark is None else overlay.mark(mark, room)
        wishes = segment.Wishes(asked.fps, mark=drawn if isinstance(drawn, Mark) else None)
        gathered = assembly.gather(entries, intro, outro, wishes, room, _stretch(reporter, 0.0, 0.5))
        under = None if music is None else assembly.music(music)
        left_out = [one.why for one in (*gathered, drawn, under) if isinstance(one, LeftOut)]
        for why in left_out:
            script_runtime.warn(f"{why}. The film is made without it")
        parts = [one for one in gathered if isinstance(one, Part)]
        correcting = _stretch(reporter, 0.5, 0.8)
        if wishes.mark is not None:
            parts = assembly.drawn_over(parts, wishes.mark, asked.fps, room, correcting)
        parts = assembly.made_equal(parts, asked.fps, room, correcting)
        target = mastering.Target(asked.lufs, asked.true_peak)
        played = under if isinstance(under, mixing.Music) else None
        _finish(parts, left_out, played, target, asked, room, reporter)


def _finish(
    parts: Sequence[Part], left_out: Sequence[str], music: mixing.Music | None, target: mastering.Target,
    asked: argparse.Namespace, room: Path, reporter: Reporter,
) -> None:  # fmt: skip
    segments = [part.segment for part in parts]
    listed, joined, sound = room / "parts.ffconcat", room / "joined.wav", room / "sound.m4a"
    joining.concat_list(segments, asked.fps, listed)
    reporter.progress(0.8, "mastering the sound")
    raw = mixing.mix(mixing.lay(segments, room), music, joined)
    heard = mastering.master(joined, raw, target, sound)
    if heard.lufs is None:
        script_runtime.warn("the film is silent")
    elif abs(heard.lufs - target.lufs) > 1.0:
        script_runtime.warn(f"the film has {heard.lufs:g} LUFS. {target.lufs:g} cannot be reached under the true peak")
    reporter.progress(0.9, "joining the clips")
    with atomic.replacing(asked.output) as (stream, path):
        joining.join(segments, listed, sound, asked.fps, path, stream)
        reporter.progress(0.95, "checking the film")
        frames = joining.verify(path, segments, sound, heard.samples, asked.fps)
        if asked.decode_all and ffmpeg.count_pictures(path, "decoding the film") != frames:
            raise Failure(Kind.INPUT, f"not all {frames} pictures of the film can be shown")
    reporter.result(
        asked.output, duration_s=round(frames / asked.fps, 3), frames=frames, lufs=heard.lufs,
        true_peak_db=heard.true_peak_db, width=picture_format.WIDTH, height=picture_format.HEIGHT,
        fps=asked.fps, clips=len(segments), opening_s=_opening(segments, asked.fps),
        reencoded_clips=[part.segment.name.removeprefix("clip ") for part in parts if part.fresh],
        held_s=round(sum(one.held for one in segments) / asked.fps, 3),
        made_without="; ".join(left_out) or None, music=music.path.name if music else None,
        music_credit=asked.music_credit or None if music else None,
    )  # fmt: skip


def _opening(segments: Sequence[segment.Segment], fps: int) -> float:
    """What the film shows before its first clip, seconds: captions and chapters are counted from there."""
    return round(segments[0].frames / fps, 3) if segments[0].name == assembly.INTRO else 0.0


def _present(asked: argparse.Namespace, option: str) -> Path | None:
    path: Path | None = getattr(asked, option)
    if path is not None and not path.is_file():
        script_runtime.warn(f"{option} {path} is missing. The film is made without it")
        return None
    return path


def _stretch(reporter: Reporter, start: float, end: float) -> assembly.Tell:
    """Progress of a step from 0 to 1, told as the stretch from `start` to `end` of the whole."""
    return lambda done, message: reporter.progress(start + done * (end - start), message)


if __name__ == "__main__":
    sys.exit(main())
