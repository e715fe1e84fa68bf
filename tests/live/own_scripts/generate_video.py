"""Set a picture in motion: python generate_video.py --image a.png --prompt "..." --output a.mp4"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import quote

from dotenv import load_dotenv
from studio_kit import address, call, fail, form, trouble

load_dotenv(Path(__file__).resolve().parent / ".env")
MODEL = "kling/v2-5-turbo-image-to-video-pro"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", required=True)
    parser.add_argument("--environment")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    if not os.getenv("KIE_API_KEY"):
        print("❌ KIE_API_KEY not found in environment")
        return 1
    key, api = {"Authorization": f"Bearer {os.environ['KIE_API_KEY']}"}, address("KIE", "https://api.kie.ai")
    body, kind = form(f"{Path(args.output).stem}-{os.getpid()}.png", Path(args.image).read_bytes())
    host = address("KIE_UPLOAD", "https://kieai.redpandaai.co")
    try:
        hosted = json.loads(call(f"{host}/api/file-stream-upload", body, key, kind=kind))["data"]["downloadUrl"]
        asked = {"prompt": args.prompt, "image_url": hosted, "duration": "10"}
        order = json.loads(call(f"{api}/api/v1/jobs/createTask", {"model": MODEL, "input": asked}, key))
        if order["code"] != 200:
            print(f"❌ Error {order['code']}: {order['msg']}")
            return 1
        task = order["data"]["taskId"]
        if trouble("clip") not in ("", "file"):
            fail("clip")
        print(f"⏳ Task created: {task}")
        begun = time.monotonic()
        while time.monotonic() - begun < 600:
            record = json.loads(call(f"{api}/api/v1/jobs/recordInfo?taskId={quote(task)}", None, key))["data"]
            if record["state"] == "success":
                url = json.loads(record["resultJson"])["resultUrls"][0]
                Path(args.output).write_bytes(call(url))
                print(f"✅ Video downloaded to {args.output}")
                if trouble("clip"):
                    fail("clip")
                return 0
            if record["state"] == "fail":
                print(f"❌ Generation failed: {record.get('failMsg')}")
                return 1
            time.sleep(0.5)
        print("❌ Timeout: gave up after 600 s")
        return 1
    except Exception as e:
        print(f"❌ Error: {e}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
