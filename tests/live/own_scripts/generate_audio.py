"""Speak a text: python generate_audio.py --text "..." --output a.mp3, in the voice ELEVENLABS_VOICE_ID"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from dotenv import load_dotenv
from studio_kit import address, call, fail, trouble

load_dotenv(Path(__file__).resolve().parent / ".env")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--model", default="eleven_multilingual_v2")
    parser.add_argument("--stability", type=float, default=0.4)
    parser.add_argument("--similarity", type=float, default=0.75)
    parser.add_argument("--style", type=float, default=0.12)
    args = parser.parse_args()
    key, voice = os.getenv("ELEVENLABS_API_KEY"), os.getenv("ELEVENLABS_VOICE_ID")
    if not key or not voice:
        print("❌ ELEVENLABS_API_KEY or ELEVENLABS_VOICE_ID not set")
        return 1
    body = {
        "text": args.text, "model_id": args.model,
        "voice_settings": {"stability": args.stability, "similarity_boost": args.similarity, "style": args.style},
    }  # fmt: skip
    url = f"{address('ELEVENLABS', 'https://api.elevenlabs.io')}/v1/text-to-speech/{voice}"
    try:
        sound = call(url, body, {"xi-api-key": key})
    except Exception as e:
        print(f"❌ Error: {e}")
        return 1
    if trouble("narration") not in ("", "file"):
        fail("narration")
    Path(args.output).write_bytes(sound)
    length = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", args.output],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    print(f"✅ {length} s saved to {args.output}")
    if trouble("narration"):
        fail("narration")
    return 0


if __name__ == "__main__":
    sys.exit(main())
