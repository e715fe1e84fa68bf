"""Make a sound: python generate_sound_effects.py --text "..." --output a.mp3 [--duration 10]"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dotenv import load_dotenv
from studio_kit import address, call, fail, trouble

load_dotenv(Path(__file__).resolve().parent / ".env")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--duration", type=float)
    parser.add_argument("--prompt-influence", type=float, default=0.3)
    parser.add_argument("--format", default="mp3", choices=["mp3", "wav"])
    parser.add_argument("--normalize", action="store_true", default=True)
    parser.add_argument("--no-normalize", action="store_false", dest="normalize")
    parser.add_argument("--target-volume", type=float, default=-20.0)
    args = parser.parse_args()
    if not os.getenv("ELEVENLABS_API_KEY"):
        print("❌ ELEVENLABS_API_KEY not found in environment")
        return 1
    body = {"text": args.text, "duration_seconds": args.duration, "prompt_influence": args.prompt_influence}
    url = f"{address('ELEVENLABS', 'https://api.elevenlabs.io')}/v1/sound-generation"
    try:
        sound = call(url, body, {"xi-api-key": os.environ["ELEVENLABS_API_KEY"]})
    except Exception as e:
        print(f"❌ Error: {e}")
        return 1
    if trouble("sound_effect") not in ("", "file"):
        fail("sound_effect")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw.mp3")
        raw.write_bytes(sound)
        quieter = ["-af", f"volume={args.target_volume + 14:.1f}dB"] if args.normalize else []
        subprocess.run(["ffmpeg", "-y", "-v", "error", "-i", raw, *quieter, args.output], check=True)
    print(f"✅ Sound effect saved to {args.output}")
    if trouble("sound_effect"):
        fail("sound_effect")
    return 0


if __name__ == "__main__":
    sys.exit(main())
