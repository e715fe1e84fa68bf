"""Cut one clip of a film: trim it to its narration and mix narration and sound effect under it."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scripts.lib import atomic, caption_pictures, script_runtime, title_card, voice_marks
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import (
    caption_rules,
    captioned,
    captions,
    checked,
    dissolve,
    loudness,
    overlay,
    pace,
    said,
    segment,
)
from scripts.lib.workroom import workroom

DISSOLVE_S_MAX = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "cut_clip.py",
        "Trim a clip to the words of its narration, with time before and after them, mix narration and effect, write"
        " MOV with H.264 and PCM sound of exactly the same length. Silence at the ends of a narration is left out,"
        " words never are: where the clip is shorter, it is slowed. Pictures are copied bit by bit where that is"
        " possible. <output>.checked.json certifies the result for assemble_video, <output>.said.json tells"
        " make_captions where the narration is heard.",
        "python scripts/cut_clip.py --video clip_07.mp4 --audio clip_07.mp3 --sfx clip_07_sfx.mp3 --output clip_07.mov",
    )
    parser.add_argument("--video", type=Path, required=True, help="the clip")
    parser.add_argument("--audio", type=Path, help="its narration (without one, the cut lasts 4 s plus --hold)")
    parser.add_argument("--sfx", type=Path, help="its sound effect")
    parser.add_argument("--output", type=Path, required=True, help="the segment to write, ending in .mov")
    parser.add_argument("--lead", type=float, default=pace.LEAD_S, help="seconds before the words (default 0.7)")
    parser.add_argument("--tail", type=float, default=pace.TAIL_S, help="seconds after the words (default 1.0)")
    parser.add_argument(
        "--least", type=float, default=pace.LEAST_S, help="minimum seconds of the cut, if the clip is long enough (5.5)"
    )
    parser.add_argument(
        "--hold", type=float, default=0.0, help="seconds to hold after its tail, if the clip is long enough (0)"
    )
    parser.add_argument("--opens", action="store_true", help="the first cut of a film: its words come later")
    parser.add_argument("--closes", action="store_true", help="the last cut of a film: it holds, and fades out")
    parser.add_argument("--watermark", type=Path, help="a picture to draw in the lower right corner (encodes the clip)")
    parser.add_argument("--title", default="", metavar="TEXT", help="draw this title near the start (encodes the clip)")
    parser.add_argument("--title-seconds", type=float, default=4.0, help="how long it stands (default 4)")
    parser.add_argument(
        "--dissolve",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long the shot before goes (encodes the clip)",
    )
    parser.add_argument("--after-clip", type=Path, help="dissolve: the clip of the shot before")
    parser.add_argument("--after-cut", type=Path, help="dissolve: its finished cut, which says where it ends")
    parser.add_argument("--burn-captions", default="", metavar="TEXT", help="draw what is said, as captions")
    parser.add_argument("--language", default="en", metavar="CODE", help="of the captions (default en)")
    parser.add_argument("--inspected", action="store_true", help="skip decoding the cut: the caller does that")
    parser.add_argument("--voice-lufs", type=float, default=-16.0, help="loudness of the narration (default -16)")
    parser.add_argument("--sfx-lufs", type=float, default=-30.0, help="loudness of the effect (default -30)")
    parser.add_argument("--fps", type=int, default=24, help="frame rate of the film (default 24)")
    return script_runtime.run(parser, cut, argv)


def cut(asked: argparse.Namespace, reporter: script_runtime.Reporter) -> None:
    if asked.output.suffix.lower() != ".mov":
        raise Failure(Kind.USAGE, f"--output {asked.output}: must end in .mov")
    for option, seconds in (
        ("--lead", asked.lead),
        ("--tail", asked.tail),
        ("--least", asked.least),
        ("--hold", asked.hold),
        ("--title-seconds", asked.title_seconds),
    ):
        if not 0.0 <= seconds <= 30.0:
            raise Failure(Kind.USAGE, f"{option} {seconds:g}: must be 0 to 30 seconds")
    for option, level in (("--voice-lufs", asked.voice_lufs), ("--sfx-lufs", asked.sfx_lufs)):
        if not -60.0 <= level <= -5.0:
            raise Failure(Kind.USAGE, f"{option} {level:g}: must be -60 to -5")
    if not 0.0 <= asked.dissolve <= DISSOLVE_S_MAX or (asked.dissolve and not (asked.after_clip and asked.after_cut)):
        raise Failure(
            Kind.USAGE, f"--dissolve must be 0 to {DISSOLVE_S_MAX:g} seconds, with --after-clip and --after-cut"
        )
    paced = pace.of_film(pace.Pace(asked.lead, asked.tail, asked.least, hold_s=asked.hold), asked.opens, asked.closes)
    wishes = segment.Wishes(asked.fps, paced, asked.voice_lufs, asked.sfx_lufs, not asked.inspected)
    segment.samples_of(1, wishes.fps)
    for option, path in (("--video", asked.video), ("--audio", asked.audio), ("--sfx", asked.sfx)):
        if path is not None and not path.is_file():
            raise Failure(Kind.INPUT, f"{option} {path} is missing")
    clip = segment.open_clip(asked.video, asked.video.name, wishes.fps)
    with workroom(asked.output) as room:
        spoken = None if asked.audio is None else segment.listened(asked.audio, room / "voice.wav", clip.name)
        wishes = _titled(_marked(_dissolving(wishes, asked, clip), asked.watermark, room), asked, clip, room)
        wishes = segment.wordless(wishes) if spoken is None else _captioned(wishes, asked, clip, spoken, room)
        shot = segment.choose_shot(clip, spoken.speech if spoken else None, wishes)
        for warning in segment.warnings(shot, wishes.fps):
            script_runtime.warn(warning)
        if spoken is not None and spoken.heard.lufs is None:
            script_runtime.warn(f"{clip.name}: the narration {asked.audio} is silent")
        reporter.progress(0.2, "copying pictures" if shot.odd is None else f"encoding pictures ({shot.odd})")
        made = segment.cut(shot, spoken, asked.sfx, room / "cut.mov", wishes)
        with atomic.replacing(asked.output) as (_, part):
            made.path.replace(part)
    checked.certify(made, asked.output, wishes.fps)
    if spoken is not None:
        heard = said.of_cut(shot.lead, made.frames, spoken.speech, spoken.heard.seconds)
        said.keep(asked.output, heard, asked.audio)
    reporter.result(
        asked.output, duration_s=round(made.frames / wishes.fps, 3), frames=made.frames, samples=made.samples,
        copied=made.odd is None, encoded_because=made.odd, held_s=round(made.held / wishes.fps, 3),
        narration_s=round(spoken.heard.seconds, 3) if spoken else 0.0,
        speech_s=round(spoken.speech.seconds, 3) if spoken else 0.0,
        lead_s=round(shot.lead / loudness.RATE_HZ, 3), slowed=round(shot.slower, 3), width=1920, height=1080,
    )  # fmt: skip


def _captioned(
    wishes: segment.Wishes, asked: argparse.Namespace, clip: segment.Clip, spoken: segment.Spoken, room: Path
) -> segment.Wishes:
    """With the captions to be drawn, where they are asked for: those that the film's files have."""
    text = voice_marks.spoken(asked.burn_captions)
    if not text:
        return wishes
    # what is drawn decides where is cut
    drawn = replace(wishes, overlays=(*wishes.overlays, overlay.Overlay(room / "any", 0, 0)))
    shot = segment.choose_shot(clip, spoken.speech, drawn)
    rules, frames = caption_rules.rules_of(asked.language), caption_rules.Shot(0, shot.frames, text)
    known = said.of_cut(shot.lead, shot.frames, spoken.speech, spoken.heard.seconds)
    cues = captions.cues(
        captioned.words(asked.audio, text, known, frames, rules, wishes.fps), frames, rules, wishes.fps
    )
    found = caption_pictures.overlays(cues, 0, room)
    if found is None:
        script_runtime.warn(f"{clip.name}: no font on this host has the letters of its captions, so none are drawn")
        return wishes
    return replace(wishes, overlays=(*wishes.overlays, *found))


def _titled(wishes: segment.Wishes, asked: argparse.Namespace, clip: segment.Clip, room: Path) -> segment.Wishes:
    """With the title to be drawn, where one is asked for."""
    if not asked.title or not asked.title_seconds:
        return wishes
    found = title_card.overlay(asked.title, asked.title_seconds, wishes.fps, room)
    if found is None:
        script_runtime.warn(f"{clip.name}: no font on this host has the letters of the title, so none is drawn")
        return wishes
    return replace(wishes, overlays=(*wishes.overlays, found))


def _dissolving(wishes: segment.Wishes, asked: argparse.Namespace, clip: segment.Clip) -> segment.Wishes:
    """With what goes at its start. Where that cannot be told, the shots follow each other without a dissolve."""
    frames = round(asked.dissolve * wishes.fps)
    if not frames:
        return wishes
    before = checked.recall(asked.after_cut, asked.after_cut.stem, wishes.fps)
    found: dissolve.Outgoing | overlay.LeftOut
    try:
        if before is None:
            found = overlay.LeftOut(f"Nothing certifies where {asked.after_cut.name} ends")
        else:
            found = dissolve.outgoing(asked.after_clip, before.frames, frames, wishes.fps)
    except Failure as failure:
        if failure.kind is not Kind.INPUT:
            raise
        found = overlay.LeftOut(failure.message)
    if isinstance(found, overlay.LeftOut):
        script_runtime.warn(f"{clip.name}: it does not dissolve from the shot before. {found.why}")
        return wishes
    return replace(wishes, going=found)


def _marked(wishes: segment.Wishes, watermark: Path | None, room: Path) -> segment.Wishes:
    """With the watermark to be drawn. One that cannot be used is a warning: the film says that it is made without."""
    if watermark is None:
        return wishes
    found = overlay.mark(watermark, room) if watermark.is_file() else overlay.LeftOut(f"{watermark} is missing")
    if isinstance(found, overlay.LeftOut):
        script_runtime.warn(f"{found.why}. The cut is made without it")
        return wishes
    return replace(wishes, mark=found)


if __name__ == "__main__":
    sys.exit(main())
