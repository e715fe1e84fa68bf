"""Write the edit of a film for other editors: its pictures and sounds apart, and a timeline that places them."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scripts.lib import answers, atomic, edit_files, script_runtime
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import assembly, manifest, mixing, segment, timeline
from scripts.lib.film.assembly import Part
from scripts.lib.film.overlay import LeftOut
from scripts.lib.sanitize import sanitize_line
from scripts.lib.script_runtime import Reporter
from scripts.lib.workroom import workroom

NAME_CHARACTERS = 80


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "export_timeline.py",
        "Write the edit of a film for other editors: timeline.otio (OpenTimelineIO), timeline.xml (FCP XML, for"
        " Premiere and Resolve) and timeline.kdenlive, with pictures, voice, ambience and music on tracks of their own"
        " and captions as markers, cut to the frame as in the film. What they name is written beside them.\n"
        "Needs OpenTimelineIO, which is an extra: pip install 'videod[timeline]'.",
        "python scripts/export_timeline.py --manifest manifest.json --title 'The Crossing' --folder edit",
    )
    parser.add_argument("--manifest", type=Path, required=True, help="the clips, as for assemble_video.py")
    parser.add_argument("--folder", type=Path, required=True, help="where to write (created if missing)")
    parser.add_argument("--title", default="Film", help="what the timeline is called")
    parser.add_argument("--plan", type=Path, help="the plan, for names that a person reads")
    parser.add_argument("--intro", type=Path, help="the film that was put in front")
    parser.add_argument("--outro", type=Path, help="the film that was put at the end")
    parser.add_argument("--music", type=Path, help="the music under the whole film")
    parser.add_argument("--captions", type=Path, help="captions as SRT, which become markers")
    parser.add_argument("--fps", type=int, default=24, help="frame rate of the film (default 24)")
    return script_runtime.run(parser, export, argv)


def export(asked: argparse.Namespace, reporter: Reporter) -> None:
    segment.samples_of(1, asked.fps)
    edit_files.library()
    entries = manifest.read(asked.manifest)
    beats = _beats(asked.plan) if asked.plan is not None else []
    captions = timeline.captions(asked.captions, asked.fps) if asked.captions is not None else ()
    wishes = segment.Wishes(asked.fps)
    asked.folder.mkdir(parents=True, exist_ok=True)
    with workroom(asked.folder / "timeline") as room:
        gathered = assembly.gather(entries, asked.intro, asked.outro, wishes, room, reporter.progress)
        for one in gathered:
            if isinstance(one, LeftOut):
                script_runtime.warn(f"{one.why}. The film is made without it")
        segments = [one.segment for one in gathered if isinstance(one, Part)]
        under = assembly.music(asked.music) if asked.music is not None else None
        music = under if isinstance(under, mixing.Music) else None
        names = [_name(one.name, beats) for one in segments]
        edit = timeline.taken_apart(segments, names, asked.fps, asked.folder, music)
    files = edit_files.write(replace(edit, captions=captions), asked.title, asked.folder)
    reporter.result(
        asked.folder / files[0], frames=edit.frames, fps=edit.fps, files=files, tracks=[one.name for one in edit.tracks]
    )


def _beats(path: Path) -> list[str]:
    """What each clip of the plan shows. Raises Failure(input)."""
    try:
        found = answers.parse(atomic.read_small(path))
    except (OSError, ValueError) as error:
        raise Failure(Kind.INPUT, f"--plan {path} cannot be read: {error}") from error
    return [answers.text(answers.dig(clip, "beat")) or "" for clip in answers.items(answers.dig(found, "clips"))]


def _name(name: str, beats: Sequence[str]) -> str:
    """The name of a piece: "Clip 3: The bear steps in"."""
    number = name.removeprefix("clip ")
    beat = beats[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(beats) else ""
    shown = f"{name[:1].upper()}{name[1:]}"
    return sanitize_line(f"{shown}: {beat}" if beat else shown)[:NAME_CHARACTERS]


if __name__ == "__main__":
    sys.exit(main())
