"""Draw one picture: python generate_asset.py --prompt "..." --output bear.png [--reference-image core.png]"""

import argparse
import base64
import json
import os
import sys
from pathlib import Path

from dotenv import load_dotenv
from PIL import Image
from studio_kit import address, call, fail, trouble

load_dotenv(Path(__file__).resolve().parent / ".env")
MODEL = "gemini-nano-banana-2.1"


def split(top: str, bottom: str, output: str) -> None:
    whole = Image.new("RGB", (1920, 1080))
    for number, path in enumerate((top, bottom)):
        whole.paste(Image.open(path).convert("RGB").resize((1920, 540)), (0, 540 * number))
    whole.save(output)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt")
    parser.add_argument("--output", required=True)
    parser.add_argument("--reference-image", action="append", default=[])
    parser.add_argument("--character")
    parser.add_argument("--environment")
    parser.add_argument("--split-vertical", nargs=2, metavar=("TOP", "BOTTOM"))
    args = parser.parse_args()
    if args.split_vertical:
        split(*args.split_vertical, args.output)
        return 0
    key = os.getenv("GOOGLE_API_KEY") or os.getenv("GEMINI_API_KEY")  # as Google's own client looks for it
    if not key:
        print("❌ GEMINI_API_KEY not found in environment")
        return 1
    print(f"🎨 Generating {Path(args.output).name} with {MODEL}")
    parts = [{"text": args.prompt}]
    for path in (*args.reference_image, *filter(None, (args.character, args.environment))):
        data = base64.b64encode(Path(path).read_bytes()).decode()
        parts.append({"inlineData": {"mimeType": "image/png", "data": data}})
    body = {"contents": [{"role": "user", "parts": parts}], "generationConfig": {"responseModalities": ["IMAGE"]}}
    url = f"{address('GEMINI', 'https://generativelanguage.googleapis.com')}/v1beta/models/{MODEL}:generateContent"
    try:
        answer = json.loads(call(url, body, {"x-goog-api-key": key}))
    except Exception as e:
        print(f"❌ Error: {e}")
        return 1
    if trouble("image") not in ("", "file"):
        fail("image")
    for part in answer["candidates"][0]["content"]["parts"]:
        if "inlineData" in part:
            Path(args.output).write_bytes(base64.b64decode(part["inlineData"]["data"]))
            print(f"✅ Saved to {args.output}")
            if trouble("image"):
                fail("image")
            return 0
    print("❌ No image in the response")
    return 1


if __name__ == "__main__":
    sys.exit(main())
