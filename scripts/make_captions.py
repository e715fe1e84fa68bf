"""Write the captions of a film: what is narrated over each cut, timed by the voice, as SubRip and as WebVTT."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lib import atomic, bounds, script_runtime, voice_marks
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import caption_files, caption_rules, captioned, captions, said
from scripts.lib.film.caption_rules import Cue, Shot

#: a film that differs so much from its cuts is not made of them as they are, seconds
ASTRAY_S = 1.0
CUTS_MAX, TEXT_MAX, LONGEST_S = 500, 10_000, 6 * 3600.0
FAULTS_SHOWN = 5


@dataclass(frozen=True)
class Cut:
    """One cut of the film: what is said over it, by which file, and how long it stands.

    `narration` None: nobody speaks.
    """

    text: str
    narration: Path | None
    file: Path
    seconds: float


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "make_captions.py",
        "Write the captions of a film as SubRip, and as WebVTT beside it. Times come from <narration>.times.json and"
        " <cut>.said.json, or from the sound of the narration if those are missing. A caption never crosses a cut.",
        "python scripts/make_captions.py --list cuts.json --language en --output film.srt\n\n"
        'list: {"opening_s": 0.0, "cuts": [{"text": "A bear waits.", "narration": "clip_01.mp3",\n'
        '                                   "cut": "clip_01.mov", "seconds": 5.5}]}\n'
        "  opening_s: what the film shows before its first cut.\n"
        "  A cut without text and narration has no caption. Relative paths are taken from the list's folder",
    )
    parser.add_argument("--list", type=Path, required=True, metavar="FILE", help="the cuts of the film, as JSON")
    parser.add_argument("--language", default="en", metavar="CODE", help="the spoken language, such as de (default en)")
    parser.add_argument("--fps", type=int, default=24, help="frame rate of the film (default 24)")
    parser.add_argument(
        "--film-seconds", type=float, help="length of the film: if the cuts differ, there are no captions"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .srt to write (a .vtt is written beside it)")
    return script_runtime.run(parser, make, argv)


def make(asked: argparse.Namespace, reporter: script_runtime.Reporter) -> None:
    if asked.output.suffix.lower() != ".srt":
        raise Failure(Kind.USAGE, f"--output {asked.output}: must end in .srt")
    if not 1 <= asked.fps <= 120:
        raise Failure(Kind.USAGE, f"--fps {asked.fps}: must be 1 to 120")
    opening_s, cuts = _listed(asked.list)
    length_s = opening_s + sum(cut.seconds for cut in cuts)
    made: list[Cue] = []
    broken: list[str] = []
    if asked.film_seconds is not None and asked.film_seconds < length_s - ASTRAY_S:
        script_runtime.warn(
            f"the film lasts {asked.film_seconds:.1f} s and its cuts {length_s:.1f} s: nobody knows what is said when,"
            " so it gets no captions"
        )
    else:
        rules = caption_rules.rules_of(asked.language)
        made, shots = _captions(opening_s, cuts, rules, asked.fps, asked.output)
        broken = list(caption_rules.faults(made, shots, rules, asked.fps))
    for fault in broken[:FAULTS_SHOWN]:
        script_runtime.warn(fault)
    atomic.write_text(asked.output.with_suffix(".vtt"), caption_files.vtt(made, asked.fps))
    atomic.write_text(asked.output, caption_files.srt(made, asked.fps))
    reporter.result(asked.output, captions=len(made), faults=len(broken), language=asked.language)


def _captions(
    opening_s: float, cuts: Sequence[Cut], rules: caption_rules.Rules, fps: int, beside: Path
) -> tuple[list[Cue], list[Shot]]:
    at, made, shots = round(opening_s * fps), [], []
    for cut in cuts:
        text = voice_marks.spoken(cut.text)
        known = said.recall(cut.file, cut.narration) if text and cut.narration else None
        shot = Shot(at, at + (known.frames if known else round(cut.seconds * fps)), text)
        if text and cut.narration:
            heard = known or said.Said(0.0, shot.end - shot.start, said.listened(cut.narration, beside, cut.file.stem))
            made += captions.cues(captioned.words(cut.narration, text, heard, shot, rules, fps), shot, rules, fps)
        shots.append(shot)
        at = shot.end
    return made, shots


def _listed(path: Path) -> tuple[float, list[Cut]]:
    """Raises Failure(input) naming the field that is wrong."""
    try:
        told = bounds.loads(atomic.read_small(path, follow=True))
    except (OSError, ValueError) as error:
        raise Failure(Kind.INPUT, f"--list {path} cannot be read: {error}") from None
    cuts = told.get("cuts") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(cuts, list) or not 0 < len(cuts) <= CUTS_MAX:
        raise Failure(Kind.INPUT, f"--list {path}: cuts must be a list of 1 to {CUTS_MAX}")
    opening_s = bounds.number(told.get("opening_s", 0.0), 0.0, LONGEST_S)
    if opening_s is None:
        raise Failure(Kind.INPUT, f"--list {path}: opening_s must be seconds")
    return opening_s, [_cut(cut, f"cuts[{place}]", path.parent) for place, cut in enumerate(cuts)]


def _cut(value: object, where: str, folder: Path) -> Cut:
    fields: Mapping[str, object] = value if isinstance(value, dict) else {}
    seconds = bounds.number(fields.get("seconds"), 0.05, LONGEST_S)
    text, narration, file = (bounds.text(fields.get(name), TEXT_MAX) for name in ("text", "narration", "cut"))
    if seconds is None or file is None or (text and narration is None):
        raise Failure(Kind.INPUT, f"--list: {where} must have narration, cut and seconds")
    cut = Cut(text or "", folder / narration if narration else None, folder / file, seconds)
    if cut.text and cut.narration and not cut.narration.is_file():
        raise Failure(Kind.INPUT, f"--list: {where}.narration {cut.narration} is missing")
    return cut


if __name__ == "__main__":
    sys.exit(main())
