"""Put a character into a place: python create_composite.py --character a.png --environment b.png --output c.png"""

import argparse
import sys
from pathlib import Path

from PIL import Image


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--character", type=Path, required=True)
    parser.add_argument("--environment", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    args = parser.parse_args()
    place = Image.open(args.environment).convert("RGB").resize((1920, 1080))
    figure = Image.open(args.character).convert("RGBA")
    high = round(1080 * args.scale)
    figure = figure.resize((round(figure.width * high / figure.height), high))
    place.paste(figure, ((1920 - figure.width) // 2, 1080 - high), figure)
    place.save(args.output)
    print("✅ Composite created")
    return 0


if __name__ == "__main__":
    sys.exit(main())
