"""How other processes find a running sandbox: its file `sandbox.json`, and the environment that points videod at it.

Light on purpose: no web framework is imported, so that the command line stays quick.
"""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

FILE = "sandbox.json"
#: Where each service's address and credentials go; google is both the token endpoint and the consent page.
ADDRESSES = {
    "notion": ("VIDEOD_URL_NOTION",),
    "gemini": ("VIDEOD_URL_GEMINI",),
    "kie": ("VIDEOD_URL_KIE",),
    "kie_upload": ("VIDEOD_URL_KIE_UPLOAD",),
    "elevenlabs": ("VIDEOD_URL_ELEVENLABS",),
    "youtube": ("VIDEOD_URL_YOUTUBE",),
    "google": ("VIDEOD_URL_GOOGLE_OAUTH", "VIDEOD_URL_GOOGLE_ACCOUNTS"),
    "catbox": ("VIDEOD_URL_CATBOX",),
    "wikipedia": ("VIDEOD_URL_WIKIPEDIA",),
    "s3": ("VIDEOD_URL_S3",),
}
CREDENTIALS = {
    "notion": {"NOTION_TOKEN": "ntn_sandbox"},
    "gemini": {"GEMINI_API_KEY": "sandbox-gemini-key"},
    "kie": {"KIE_API_KEY": "sandbox-kie-key"},
    "elevenlabs": {"ELEVENLABS_API_KEY": "sandbox-elevenlabs-key"},
    "google": {"GOOGLE_CLIENT_ID": "sandbox-client", "GOOGLE_CLIENT_SECRET": "sandbox-client-secret"},
    "catbox": {"CATBOX_USERHASH": "sandbox-userhash"},
    "s3": {"R2_ACCESS_KEY_ID": "sandbox-r2-key", "R2_SECRET_ACCESS_KEY": "sandbox-r2-secret"},
}
#: what videod asks of Notion at most (`requests_per_s` of `[notion]`)
MOST_A_SECOND = 10
SLACK_PATH = "/services/T/B/X"


def environment(host_urls: dict[str, str], notion_per_minute: int = 180) -> dict[str, str]:
    """The variables that point videod and its scripts at these services (`host_urls`: service name to base address)."""
    variables = {name: url for service, url in host_urls.items() for name in ADDRESSES.get(service, ())}
    if "notion" in host_urls:
        variables["VIDEOD_NOTION_REQUESTS_PER_S"] = f"{min(notion_per_minute / 60, MOST_A_SECOND):g}"
    for service in host_urls:
        variables |= CREDENTIALS.get(service, {})
    if "slack" in host_urls:
        variables["SLACK_WEBHOOK_URL"] = host_urls["slack"] + SLACK_PATH
    return variables


def call(url: str, method: str = "GET", body: object = None, timeout_s: float = 30.0) -> Any:
    """One JSON request to the admin address. Raises OSError when nobody answers, ValueError with its words on a 400."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310 - loopback, from sandbox.json
            return json.loads(response.read())
    except urllib.error.HTTPError as refused:
        with refused:
            raise ValueError(refused.read().decode(errors="replace")) from None


def attach(root: Path) -> dict[str, Any] | None:
    """What sandbox.json says, if the process that wrote it lives and answers; None otherwise.

    Keys: pid, urls, admin, page (or None), environment, started_at_ms.
    """
    try:
        found = json.loads((root / FILE).read_text())
        os.kill(found["pid"], 0)
        health = call(found["admin"] + "/health")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(health, dict) and health.get("pid") == found["pid"] else None


def parse_fault(text: str) -> dict[str, Any]:
    """A fault written as "service:kind[:name=value[,name=value...]]", as the JSON that the admin address takes.

    Example: "kie:status:status=503,times=2,endpoint=POST *". Raises ValueError.
    """
    service, _, rest = text.partition(":")
    kind, _, more = rest.partition(":")
    if not service or not kind:
        raise ValueError(f"{text!r}: write SERVICE:KIND or SERVICE:KIND:name=value,...")
    fault: dict[str, Any] = {"service": service, "kind": kind}
    numbers = {"probability": float, "seconds": float, "times": int, "skip": int, "status": int}
    for item in filter(None, more.split(",")):
        name, equals, value = item.partition("=")
        if not equals:
            raise ValueError(f"{item!r} in {text!r}: write name=value")
        try:
            fault[name] = numbers[name](value) if name in numbers else value
        except ValueError:
            raise ValueError(f"{name} must be a number, not {value!r}") from None
    return fault
