"""Processor time of one composite by `scripts/create_composite.py` and of one picture of the simulated Gemini.

With `--figures`: five furry animals of known outline, cut out of three grounds; `--sheet` writes them side by side.

python -m tests.benchmarks.pictures [--rounds 5] [--figures] [--sheet FILE.png]
"""

import argparse
import contextlib
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

from scripts import create_composite
from scripts.lib import keying
from tests.benchmarks import animals
from videod.sandbox.render.pictures import encode_picture, render_picture

#: what they may take, CPU seconds
COMPOSITE_S, PICTURE_S = 0.5, 0.75
PROMPTS = ("Golden.\nAn African elephant on the savanna.", "Dawn.\nA brown bear at the river.", "Day.\nA red fox.")


#: what a cut-out may lose and leave, as shares of the body; edge errors in levels; CPU seconds
LOST, LEFT, EDGE, EDGE_BRIGHT, FIGURE_S = 0.005, 0.005, 12.0, 20.0, 0.3


def whole(found: keying.Key) -> tuple[Image.Image, Image.Image]:
    """Mask and colors of a keyed figure in a picture of the size of its own."""
    mask, colours = Image.new("L", animals.SIZE), Image.new("RGB", animals.SIZE)
    parts = found.images()
    mask.paste(parts[0], found.box[:2])
    colours.paste(parts[1], found.box[:2])
    return mask, colours


def figures(sheet: Path | None) -> None:
    """Cut every animal out of every ground. Raises SystemExit when one is worse than it may be."""
    wide, high = animals.SIZE[0] // 4, animals.SIZE[1] // 4
    drawn = Image.new("RGB", (wide * 2 * len(animals.GROUNDS), high * len(animals.COATS)))
    bad = []
    print("| animal | ground | lost | ground left | edge dark | middle | bright | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for row, name in enumerate(animals.COATS):
        one = animals.animal(name)
        for column, (ground, (colour, _, _)) in enumerate(animals.GROUNDS.items()):
            picture = one.before(ground)
            began = time.process_time()
            found = keying.key(picture, colour)
            took = time.process_time() - began
            assert found is not None
            mask, colours = whole(found)
            result = animals.measured(one, mask, colours)
            edges = " | ".join(f"{error:.1f}" for error in result.edge.values())
            print(f"| {name} | {ground} | {result.lost:.2%} | {result.ground:.2%} | {edges} | {took:.2f} |")
            if result.lost > LOST or result.ground > LEFT or result.edge["bright"] > EDGE_BRIGHT:
                bad.append(f"{name} before {ground}")
            if max(result.edge["dark"], result.edge["middle"]) > EDGE or took > FIGURE_S:
                bad.append(f"{name} before {ground}")
            place = Image.new("RGB", picture.size, animals.PLACES["bright" if "bear" in name else "dark"])
            place.paste(colours, (0, 0), mask)
            drawn.paste(picture.resize((wide, high)), (2 * column * wide, row * high))
            drawn.paste(place.resize((wide, high)), ((2 * column + 1) * wide, row * high))
    if sheet is not None:
        drawn.save(sheet)
    if bad:
        raise SystemExit(f"worse than they may be: {', '.join(bad)}")


def lay_out(folder: Path) -> list[str]:
    """A character before white and a place, full of noise; the command line that sets one into the other."""
    bear = Image.effect_noise((1024, 1024), 20).convert("RGB")
    mask = Image.new("L", bear.size)
    ImageDraw.Draw(mask).ellipse((200, 100, 800, 900), fill=255)
    Image.composite(bear, Image.new("RGB", bear.size, (250, 250, 250)), mask).save(folder / "bear.png")
    Image.effect_noise((1344, 768), 60).convert("RGB").save(folder / "place.png")
    names = {"--character": "bear.png", "--environment": "place.png", "--output": "o.png"}
    return [word for option, name in names.items() for word in (option, str(folder / name))]


def spent(work: Callable[[], object], rounds: int) -> list[float]:
    """CPU seconds of each round, after one that warms up."""
    work()
    found = []
    for _ in range(rounds):
        began = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            work()
        found.append(time.process_time() - began)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--figures", action="store_true", help="cut-outs instead")
    parser.add_argument("--sheet", type=Path, help="a picture of all cut-outs")
    options = parser.parse_args()
    if options.figures:
        figures(options.sheet)
        return
    with tempfile.TemporaryDirectory() as folder:
        words = lay_out(Path(folder))
        composite = spent(lambda: create_composite.main([*words, "--events"]), options.rounds)
    drawn = [
        second
        for prompt in PROMPTS
        for second in spent(lambda: encode_picture(render_picture(prompt, (1376, 768), []), "image/jpeg"), 1)  # noqa: B023
    ]
    print("| | CPU s, least | median | may take |\n|---|---|---|---|")
    for name, found, limit in (("composite", composite, COMPOSITE_S), ("stand-in's picture", drawn, PICTURE_S)):
        print(f"| {name} | {min(found):.2f} | {statistics.median(found):.2f} | {limit} |")
    if min(composite) >= COMPOSITE_S or min(drawn) >= PICTURE_S:
        raise SystemExit("slower than it may be")


if __name__ == "__main__":
    main()
