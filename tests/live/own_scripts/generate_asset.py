"""Draw one picture: python generate_asset.py --prompt "..." --output bear.png [--reference-image core.png]"""

import argparse
import hashlib
import sys
from pathlib import Path

from PIL import Image, ImageDraw


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--reference-image", type=Path)
    parser.add_argument("--aspect-ratio", default="16:9")
    args = parser.parse_args()
    wide, high = (int(part) for part in args.aspect_ratio.split(":"))
    print(f"Generating {args.output.name} ...")
    red, green, blue, place = hashlib.sha256(args.prompt.encode()).digest()[:4]
    picture = Image.new("RGB", (80 * wide, 80 * high), (red // 2 + 60, green // 2 + 60, blue // 2 + 60))
    if args.reference_image:
        picture.paste(Image.open(args.reference_image).convert("RGB").resize((160, 90)), (0, 0))
    drawn = ImageDraw.Draw(picture)
    drawn.ellipse((300 + place, 200, 700 + place, 600), fill=(blue, red, green))
    picture.save(args.output)
    print(f"✅ Saved to {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
