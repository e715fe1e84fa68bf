"""A shot without motion in the picture: a slow camera move over a still picture, for nothing."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import atomic, picture, script_runtime
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import camera
from scripts.lib.workroom import workroom

SECONDS = range(1, 61)


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "move_picture.py",
        "Film a still picture with a slow camera move, smooth to parts of a pixel: 1920x1080, 24 pictures a second."
        " The motion decides: push in, pull out, pan left or right, tilt up or down, static (a very slow push).",
        'python scripts/move_picture.py --image composite_07.png --motion "Slow push in." --output clip_07.mp4',
    )
    parser.add_argument("--image", type=Path, required=True, help="the picture, PNG, JPEG or WebP")
    parser.add_argument("--motion", required=True, help="what the camera does")
    parser.add_argument("--duration", type=int, default=10, metavar="SECONDS", help="1 to 60, default 10")
    parser.add_argument("--output", type=Path, required=True, help="the clip to write, .mp4")
    return script_runtime.run(parser, film, argv)


def film(asked: argparse.Namespace, reporter: script_runtime.Reporter) -> None:
    if asked.duration not in SECONDS:
        raise Failure(Kind.USAGE, f"--duration {asked.duration}: must be 1 to 60")
    if asked.output.suffix.lower() != ".mp4":
        raise Failure(Kind.USAGE, f"--output {asked.output}: must end in .mp4")
    frame = picture.cover(picture.load(asked.image, "--image"), picture.SIZE)
    with workroom(asked.output) as room:
        raw, made = room / "picture.rgb", room / "clip.mp4"
        raw.write_bytes(frame.tobytes())
        reporter.progress(0.1, "filming")
        move = camera.film(raw, made, asked.motion, asked.duration)
        with atomic.replacing(asked.output) as (_, part):
            made.replace(part)
    reporter.result(asked.output, duration_s=asked.duration, width=frame.width, height=frame.height, move=move.name)


if __name__ == "__main__":
    sys.exit(main())
