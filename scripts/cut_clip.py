"""Cut one clip of a film: trim it to its narration and mix narration and sound effect under it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import atomic, script_runtime
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import checked, loudness, segment
from scripts.lib.workroom import workroom


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "cut_clip.py",
        "Trim a clip to its narration, mix narration and effect, write MOV with H.264 and PCM sound of exactly the"
        " same length. Pictures are copied bit by bit where that is possible. A narration is never cut: where the clip"
        " is shorter, its last picture is held. <output>.checked.json certifies the result for assemble_video.",
        "python scripts/cut_clip.py --video clip_07.mp4 --audio clip_07.mp3 --sfx clip_07_sfx.mp3 --output clip_07.mov",
    )
    parser.add_argument("--video", type=Path, required=True, help="the clip")
    parser.add_argument("--audio", type=Path, required=True, help="its narration")
    parser.add_argument("--sfx", type=Path, help="its sound effect")
    parser.add_argument("--output", type=Path, required=True, help="the segment to write, ending in .mov")
    parser.add_argument("--tail", type=float, default=0.25, help="seconds after the narration (default 0.25)")
    parser.add_argument("--voice-lufs", type=float, default=-16.0, help="loudness of the narration (default -16)")
    parser.add_argument("--sfx-lufs", type=float, default=-30.0, help="loudness of the effect (default -30)")
    parser.add_argument("--fps", type=int, default=24, help="frame rate of the film (default 24)")
    return script_runtime.run(parser, cut, argv)


def cut(asked: argparse.Namespace, reporter: script_runtime.Reporter) -> None:
    if asked.output.suffix.lower() != ".mov":
        raise Failure(Kind.USAGE, f"--output {asked.output}: must end in .mov")
    if not 0.0 <= asked.tail <= 10.0:
        raise Failure(Kind.USAGE, f"--tail {asked.tail:g}: must be 0 to 10 seconds")
    for option, level in (("--voice-lufs", asked.voice_lufs), ("--sfx-lufs", asked.sfx_lufs)):
        if not -60.0 <= level <= -5.0:
            raise Failure(Kind.USAGE, f"{option} {level:g}: must be -60 to -5")
    wishes = segment.Wishes(asked.fps, asked.tail, asked.voice_lufs, asked.sfx_lufs)
    segment.samples_of(1, wishes.fps)
    for option, path in (("--video", asked.video), ("--audio", asked.audio), ("--sfx", asked.sfx)):
        if path is not None and not path.is_file():
            raise Failure(Kind.INPUT, f"{option} {path} is not there")
    clip = segment.open_clip(asked.video, asked.video.name, wishes.fps)
    with workroom(asked.output) as room:
        spoken = room / "voice.wav"
        voice = loudness.taken_in(asked.audio, spoken, f"{clip.name}: narration")
        shot = segment.choose_shot(clip, voice.samples, wishes)
        for warning in segment.warnings(shot, wishes.fps):
            script_runtime.warn(warning)
        if voice.lufs is None:
            script_runtime.warn(f"{clip.name}: the narration {asked.audio} is silent")
        reporter.progress(0.2, "copying pictures" if shot.odd is None else f"encoding pictures ({shot.odd})")
        made = segment.cut(shot, spoken, voice, asked.sfx, room / "cut.mov", wishes)
        with atomic.replacing(asked.output) as (_, part):
            made.path.replace(part)
    checked.certify(made, asked.output, wishes.fps)
    reporter.result(
        asked.output, duration_s=round(made.frames / wishes.fps, 3), frames=made.frames, samples=made.samples,
        copied=made.odd is None, encoded_because=made.odd, held_s=round(made.held / wishes.fps, 3),
        narration_s=round(voice.samples / loudness.RATE_HZ, 3), width=1920, height=1080,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
