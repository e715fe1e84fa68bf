"""Make a sound: python generate_sound_effects.py --text "..." --output a.mp3 [--duration 10]"""

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--duration", type=float, default=10)
    args = parser.parse_args()
    noise = f"anoisesrc=color=brown:amplitude=0.3:duration={args.duration}"
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-nostdin", "-f", "lavfi", "-i", noise, args.output], check=True
    )  # fmt: skip
    print(f"✅ Sound effect saved to {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
