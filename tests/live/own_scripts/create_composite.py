"""Put a character into a place: python create_composite.py --character a.png --environment b.png --output c.png"""

import argparse
import sys
from pathlib import Path

import studio_kit  # noqa: F401 - as the originals import what they need elsewhere
from dotenv import load_dotenv
from PIL import Image

load_dotenv(Path(__file__).resolve().parent / ".env")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--character", required=True)
    parser.add_argument("--environment", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the character's own size")
    args = parser.parse_args()
    place = Image.open(args.environment).convert("RGB").resize((1920, 1080))
    figure = Image.open(args.character).convert("RGBA")
    figure = figure.resize((round(figure.width * args.scale), round(figure.height * args.scale)))
    place.paste(figure, ((1920 - figure.width) // 2, 1080 - figure.height), figure)
    place.save(args.output)
    print(f"✅ Composite created, the character is {figure.width}x{figure.height}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
