"""Make the picture of a clip: a character set into an environment, or one picture cropped to the frame."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import atomic, cutout, picture, script_runtime
from scripts.lib.failures import Failure, Kind


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "create_composite.py",
        "Write a PNG of exactly 1920x1080: a character, cut out by its alpha channel or from its plain background, on"
        " the lower third of an environment. With --image, one picture cropped to fill the frame.",
        "python scripts/create_composite.py --character bear.png --environment river.png --output clip_07.png\n"
        "  python scripts/create_composite.py --image river.png --output clip_08.png",
    )
    parser.add_argument("--character", type=Path, help="picture of the character")
    parser.add_argument("--environment", type=Path, help="picture of the place")
    parser.add_argument("--image", type=Path, help="full frame: the only picture")
    parser.add_argument("--output", type=Path, required=True, help="the PNG to write")
    parser.add_argument("--scale", type=float, default=0.6, help="height of the character, 0.1 to 1.0 of the frame")
    parser.add_argument("--position", choices=list(picture.CENTRES), default="center", help="where it stands")
    parser.add_argument("--keep-alpha", action="store_true", help="write RGBA and keep transparent parts transparent")
    return script_runtime.run(parser, compose, argv)


def compose(asked: argparse.Namespace, reporter: script_runtime.Reporter) -> None:
    known: dict[str, str | float] = {}
    full = asked.image is not None
    pair = asked.character is not None and asked.environment is not None
    if full == pair or (full and (asked.character or asked.environment)):
        raise Failure(Kind.USAGE, "give either --image, or --character and --environment")
    if not 0.1 <= asked.scale <= 1.0:
        raise Failure(Kind.USAGE, f"--scale {asked.scale:g}: must be 0.1 to 1.0")
    if asked.output.suffix.lower() != ".png":
        raise Failure(Kind.USAGE, f"--output {asked.output}: must end in .png")
    if full:
        frame = picture.cover(picture.load(asked.image, "--image"), picture.SIZE, asked.keep_alpha)
    else:
        figure = cutout.cut_out(picture.load(asked.character, "--character"), "--character")
        frame = picture.cover(picture.load(asked.environment, "--environment"), picture.SIZE, asked.keep_alpha)
        stands = picture.stand(figure, frame, asked.scale, asked.position)
        known = {"figure": ",".join(f"{share:.3f}" for share in stands), "ground_left": round(figure.left, 4)}
    with atomic.replacing(asked.output) as (stream, part):
        picture.save(frame, stream, part)
    reporter.result(asked.output, width=frame.width, height=frame.height, mode=frame.mode, **known)


if __name__ == "__main__":
    sys.exit(main())
