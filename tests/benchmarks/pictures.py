"""Processor time of one composite by `scripts/create_composite.py` and of one picture of the simulated Gemini.

python -m tests.benchmarks.pictures [--rounds 5]
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
from videod.sandbox.render.pictures import encode_picture, render_picture

#: what they may take, CPU seconds
COMPOSITE_S, PICTURE_S = 0.5, 0.75
PROMPTS = ("Golden.\nAn African elephant on the savanna.", "Dawn.\nA brown bear at the river.", "Day.\nA red fox.")


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
    options = parser.parse_args()
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
