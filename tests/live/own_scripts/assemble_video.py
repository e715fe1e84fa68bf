"""Join the clips: python assemble_video.py --manifest manifest.json --output film.mp4"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import studio_kit  # noqa: F401 - as the originals import what they need elsewhere
from dotenv import load_dotenv

load_dotenv(Path(__file__).resolve().parent / ".env")
MIX = "[2:a]volume=0.3[under];[1:a][under]amix=inputs=2:duration=first[sound]"


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-y", "-v", "error", "-nostdin", *map(str, arguments)], check=True)


def seconds(path: str) -> float:
    asked = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    return float(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    clips = json.loads(Path(args.manifest).read_text())["clips"]
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for clip in sorted(clips, key=lambda clip: clip["clip_number"]):
            part = Path(folder, f"{clip['clip_number']}.mp4")
            print(f"Clip {clip['clip_number']} of {len(clips)}: {seconds(clip['audio']):.1f} s")
            ffmpeg("-i", clip["video"], "-i", clip["audio"], "-i", clip["sfx"], "-filter_complex", MIX, "-map", "0:v",
                   "-map", "[sound]", "-c:v", "copy", "-shortest", part)  # fmt: skip
            parts.append(part)
        listed = Path(folder, "parts.txt")
        listed.write_text("".join(f"file '{part}'\n" for part in parts))
        ffmpeg("-f", "concat", "-safe", "0", "-i", listed, "-c", "copy", "-movflags", "+faststart", args.output)
    print(f"✅ Done: {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
