"""The owner's own package: HTTP for the scripts. Installed in their virtual environment only."""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import NoReturn


def address(service: str, usual: str) -> str:
    return os.getenv(f"VIDEOD_URL_{service}", usual).rstrip("/")


def call(
    url: str, body: dict[str, object] | bytes | None = None, headers: dict[str, str] | None = None,
    timeout: float = 60, kind: str = "application/json",
) -> bytes:  # fmt: skip
    """The body of the answer. Raises RuntimeError with the status for any but 200."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    asked = urllib.request.Request(url, data, {"User-Agent": "studio", "Content-Type": kind, **(headers or {})})
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as reply:
            return bytes(reply.read())
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"HTTP {error.code}: {error.read()[:300].decode(errors='replace')}") from None


def form(name: str, data: bytes) -> tuple[bytes, str]:
    """A file as multipart/form-data: (body, content type)."""
    mark = "studio-4711"
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    body = f"{head}Content-Type: image/png\r\n\r\n".encode() + data
    for field, value in (("uploadPath", "studio"), ("fileName", name)):
        body += f'\r\n--{mark}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}'.encode()
    return body + f"\r\n--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def trouble(step: str) -> str:
    """What a test wants to go wrong after `step` was paid: STUDIO_TROUBLE is "step:how:code".

    how: "error" (words and the code), "silent", "limit" (its own 600 s are over), "refused" (a connection that is
    refused at the download), "kill" (signal), "file" (the file is written, then the code), "hang" (endlessly).
    """
    told = (os.getenv("STUDIO_TROUBLE") or "::").split(":")
    return told[1] if told[0] == step else ""


def fail(step: str) -> NoReturn:
    """End as the trouble says, which has paid by now."""
    how, code = trouble(step), int(os.environ["STUDIO_TROUBLE"].split(":")[2])
    if how == "kill":
        os.kill(os.getpid(), code)
    if how == "hang":
        import time

        time.sleep(3600)
    words = {
        "error": "❌ Error: the result could not be fetched", "limit": "❌ Timeout: gave up after 600 s",
        "refused": "Traceback (most recent call last):\n"
        '  File "studio.py", line 80, in download_result\n    urlopen(url)\n'
        "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>",
    }  # fmt: skip
    print(words.get(how, ""))
    sys.exit(code)
