"""What a request passes before it reaches its handler: token, version, rate limit; and how refusals leave."""

import json
import math
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from videod.sandbox.kernel import Context, Handler
from videod.sandbox.notion.checks import PAYLOAD_MAX_BYTES
from videod.sandbox.notion.errors import ApiError, answer, invalid, wrong_url
from videod.sandbox.notion.model import BOT_ID, BOT_TOKEN, PERSON_ID, PERSON_TOKEN
from videod.sandbox.notion.workspace import CALLER, VERSIONS, Caller

WINDOW_MS = 60_000
SAVED_KIND = "503_saved"
_USERS = {BOT_TOKEN: BOT_ID, PERSON_TOKEN: PERSON_ID}


class RateLimit:
    """So many requests per token in a window of 60 s that begins with the first request after the last window."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._windows: dict[str, tuple[int, int]] = {}  # token -> (begin in ms, requests taken)

    def wait_ms(self, token: str, now_ms: int) -> int:
        """Take one request; 0, or the milliseconds until the window ends when it is spent."""
        begin, taken = self._windows.get(token, (now_ms, 0))
        if not begin <= now_ms < begin + WINDOW_MS:
            begin, taken = now_ms, 0
        if taken >= self._per_minute:
            return begin + WINDOW_MS - now_ms
        self._windows[token] = (begin, taken + 1)
        return 0


def _caller(request: web.Request, context: Context) -> tuple[str, Caller]:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if token not in _USERS:
        raise ApiError(401, "unauthorized", "API token is invalid.")
    version = request.headers.get("Notion-Version")
    complaint = "Notion-Version header failed validation: Notion-Version header should be"
    if version is None:
        raise ApiError(400, "missing_version", f"{complaint} defined, instead was `undefined`.")
    if version not in VERSIONS:
        known = " or ".join(f'`"{known}"`' for known in VERSIONS)
        raise invalid(f'{complaint} {known}, instead was `"{version}"`.')
    base = context.urls.get("notion") or str(request.url.origin())
    return token, Caller(_USERS[token], version, base)


def _rate_limited(wait_ms: int) -> ApiError:
    seconds = str(math.ceil(wait_ms / 1000))
    return ApiError(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        {"rate_limit_reason": "public_api_request_rate_limit", "retry_after": seconds},
        {"Retry-After": seconds},
    )


def _saved_but_unavailable(context: Context, request: web.Request, done: web.StreamResponse) -> web.Response | None:
    """Fault kind "503_saved": the write is kept, yet the answer is a 503 that names what was committed."""
    is_write = request.method != "GET" and not request.path.endswith("/query")
    if not is_write or not isinstance(done, web.Response) or done.status != 200 or not isinstance(done.body, bytes):
        return None
    if context.faults.take("notion", f"{request.method} {request.path}", (SAVED_KIND,)) is None:
        return None
    body = json.loads(done.body)
    details: dict[str, Any] = {
        "retry_guidance": ["The change may have been saved.", "Read it back before trying again."]
    }
    if body["object"] == "list":
        details |= {
            "committed_resource_id": request.match_info["id"],
            "committed_child_ids": [child["id"] for child in body["results"]],
        }
    else:
        details["committed_resource_id"] = body["id"]
    message = "Notion is unavailable. The change may have been saved."
    return answer(ApiError(503, "service_unavailable", message, details))


def middleware(context: Context, requests_per_minute: int) -> Middleware:
    """The gate of `/v1/...`; hosted files (`/files/...`) are open to whoever holds their signed address."""
    limit = RateLimit(requests_per_minute)

    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        token, caller = _caller(request, context)
        if token != PERSON_TOKEN and (wait_ms := limit.wait_ms(token, context.now_ms())):
            raise _rate_limited(wait_ms)
        request[CALLER] = caller
        try:
            done = await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            raise wrong_url() from None
        except web.HTTPRequestEntityTooLarge:
            raise invalid(f"Request body too large: the limit is {PAYLOAD_MAX_BYTES} bytes.") from None
        unavailable = _saved_but_unavailable(context, request, done)
        return done if unavailable is None else unavailable

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1/"):
            return await handler(request)
        try:
            return await admit(request, handler)
        except ApiError as refused:
            return answer(refused)

    return gate
