"""Make the picture of a clip that shows two places at once, side by side."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import atomic, picture, script_runtime
from scripts.lib.failures import Failure, Kind


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "create_split_screen.py",
        "Write a PNG of exactly 1920x1080 from two pictures, each cropped to fill its half.",
        "python scripts/create_split_screen.py --left den.png --right river.png --output clip_09.png",
    )
    parser.add_argument("--left", type=Path, required=True, help="picture of the left half")
    parser.add_argument("--right", type=Path, required=True, help="picture of the right half")
    parser.add_argument("--output", type=Path, required=True, help="the PNG to write")
    parser.add_argument("--divider", type=int, default=6, help="width of the line between them in pixels (default 6)")
    return script_runtime.run(parser, split, argv)


def split(asked: argparse.Namespace, reporter: script_runtime.Reporter) -> None:
    if not 0 <= asked.divider <= 400:
        raise Failure(Kind.USAGE, f"--divider {asked.divider}: must be 0 to 400")
    if asked.output.suffix.lower() != ".png":
        raise Failure(Kind.USAGE, f"--output {asked.output}: must end in .png")
    left, right = picture.load(asked.left, "--left"), picture.load(asked.right, "--right")
    frame = picture.side_by_side(left, right, asked.divider)
    with atomic.replacing(asked.output) as (stream, part):
        picture.save(frame, stream, part)
    reporter.result(asked.output, width=frame.width, height=frame.height, mode=frame.mode)


if __name__ == "__main__":
    sys.exit(main())
