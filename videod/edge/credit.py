"""Asking services for their own balance, and how an order of ours stands: what decides whether a purchase was made.

KIE: `GET /api/v1/chat/credit` has the credits left, `GET /api/v1/jobs/recordInfo` the state of a task. ElevenLabs:
`GET /v1/user/subscription` has the credits used since the plan's last reset (`character_count`). Nothing of it costs
money. Gemini has no such call.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import aiohttp

from videod.core import bounds
from videod.core.reconcile import CREDIT, Remote
from videod.seams import NoAnswer

CALL_S = 15.0
ANSWER_BYTES = 1 << 20
#: no account holds more credits
MOST_CREDITS = 1e9
#: when a task may have ended, ms: 2001 to 2286
ENDED_MS = (1e12, 1e13)


class ServicePurse:
    """`url` gives a service's address by its variable, `secret` a key by its name."""

    services = ("kie", "elevenlabs")

    def __init__(self, urls: Mapping[str, str], secret: Callable[[str], str | None]) -> None:
        self._urls = urls
        self._secret = secret

    async def used(self, service: str) -> int:
        """See seams.Purse. Raises NoAnswer."""
        if service == "kie":
            left = _number((await self._kie("/api/v1/chat/credit")).get("data"))
            return -round(left * CREDIT)
        url = f"{self._urls['VIDEOD_URL_ELEVENLABS']}/v1/user/subscription"
        body = await _get(url, {"xi-api-key": self._secret("ELEVENLABS_API_KEY") or ""})
        return round(_number(body.get("character_count")) * CREDIT)

    async def remote(self, service: str, reference: str) -> Remote:
        """See seams.Purse; KIE alone names its orders. Raises NoAnswer."""
        if service != "kie":
            raise NoAnswer(f"{service} names no orders")
        found = (await self._kie(f"/api/v1/jobs/recordInfo?taskId={quote(reference, safe='')}")).get("data")
        if not isinstance(found, dict) or not isinstance(found.get("state"), str):
            raise NoAnswer("KIE does not know the task")
        ended = bounds.number(found.get("completeTime"), *ENDED_MS)
        return Remote(found["state"] == "fail", None if ended is None else round(ended))

    async def _kie(self, path: str) -> dict[str, object]:
        key = self._secret("KIE_API_KEY") or ""
        body = await _get(f"{self._urls['VIDEOD_URL_KIE']}{path}", {"Authorization": f"Bearer {key}"})
        if body.get("code") != 200:
            raise NoAnswer(f"KIE answers with code {bounds.text(body.get('code'), 40) or 'unknown'}")
        return body


def _number(value: object) -> float:
    found = bounds.number(value, 0.0, MOST_CREDITS)
    if found is None:
        raise NoAnswer("the answer holds no balance")
    return found


async def _get(url: str, headers: Mapping[str, str]) -> dict[str, object]:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S), auto_decompress=False) as session,
            session.get(url, headers={"Accept-Encoding": "identity", **headers}, allow_redirects=False) as response,
        ):
            raw, status = bytearray(), response.status
            async for chunk in response.content.iter_chunked(1 << 16):
                raw += chunk
                if len(raw) > ANSWER_BYTES:
                    raise NoAnswer(f"more than {ANSWER_BYTES} bytes")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise NoAnswer(f"{type(error).__name__}") from error
    try:
        body = bounds.loads(raw)
    except ValueError:
        body = None
    if status != 200 or not isinstance(body, dict):
        raise NoAnswer(f"HTTP {status}")
    return body
