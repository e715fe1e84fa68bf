"""Set a picture in motion: python generate_video.py --image a.png --prompt "..." --output a.mp4 [--duration 10]"""

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--duration", type=int, default=10)
    parser.add_argument("--negative-prompt", default="blur")
    args = parser.parse_args()
    print("Waiting for the video (this can take a few minutes) ...")
    pan = f"scale=704:396,crop=640:360:(in_w-out_w)*t/{args.duration}:0"
    done = subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-nostdin", "-loop", "1", "-framerate", "24", "-i", args.image, "-vf", pan,
         "-t", str(args.duration), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", args.output],
        check=False,
    )  # fmt: skip
    if done.returncode:
        print("Error: the video could not be made")
        return 1
    print(f"✅ Video downloaded to {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
