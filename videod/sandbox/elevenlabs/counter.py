"""What every ElevenLabs request passes: the key, the limits, the checks of its body, and the shapes of errors."""

import asyncio
import hashlib
import json
import wave
from io import BytesIO
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from videod.sandbox.kernel import Context, Handler
from videod.sandbox.render.encoding import AudioFormat, audio_format, encode

NAME = "elevenlabs"
KEY = "sandbox-elevenlabs-key"
CHARACTER_LIMIT = 10_000_000

BUSY = {
    "concurrent": ("concurrent_limit_exceeded", "too_many_concurrent_requests", "Too many concurrent requests."),
    "rate": ("rate_limit_exceeded", "rate_limit_exceeded", "Rate limit exceeded. Please slow down."),
    "busy": ("system_busy", "system_busy", "The system is busy. Please try again later."),
}


class ServiceRefusalError(Exception):
    """An error answer of the service: HTTP status, code, the old `status` word and the message."""

    def __init__(self, http: int, code: str, message: str, legacy: str | None = None, old_shape: bool = False) -> None:
        super().__init__(message)
        self.http = http
        self.code = code
        self.message = message
        self.legacy = legacy or code
        self.old_shape = old_shape


class InvalidRequestError(Exception):
    """A body or query that fails validation: answered 422 with a list."""

    def __init__(self, where: list[str], message: str, kind: str) -> None:
        super().__init__(message)
        self.detail = [{"loc": where, "msg": message, "type": kind}]


class Account:
    """What one simulated service remembers: requests in flight, the permit to render, characters used so far."""

    def __init__(self, context: Context, concurrent: int) -> None:
        self.concurrent = concurrent
        self.active = 0
        self.rendering = asyncio.Semaphore(2)
        self._context = context
        self.used: int = context.load(NAME).get("character_count", 0)
        self._serial: int = context.load(NAME).get("serial", 0)

    def spend(self, credits: int) -> None:
        self.used += credits
        self._keep()

    def next_id(self) -> str:
        self._serial += 1
        self._keep()
        return hashlib.sha256(f"request {self._serial}".encode()).hexdigest()[:20]

    def _keep(self) -> None:
        self._context.save(NAME, {"character_count": self.used, "serial": self._serial})


CONTEXT = web.AppKey("context", Context)
ACCOUNT = web.AppKey("account", Account)
ACTIVE = web.RequestKey("active", int)


def endpoint(request: web.Request) -> str:
    return f"{request.method} {request.path}"


def fault(request: web.Request, *kinds: str) -> str | None:
    fault = request.app[CONTEXT].faults.take(NAME, endpoint(request), kinds)
    return fault.kind if fault else None


def _error(request: web.Request, refusal: ServiceRefusalError) -> web.Response:
    request_id = request.app[ACCOUNT].next_id()
    if refusal.old_shape or fault(request, "legacy_errors"):
        detail: dict[str, Any] = {"status": refusal.legacy, "message": refusal.message}
    else:
        kinds = {401: "authentication_error", 402: "payment_required", 403: "authorization_error", 404: "not_found"}
        kind = "rate_limit_error" if refusal.http == 429 else kinds.get(refusal.http, "invalid_request")
        detail = {"type": kind, "code": refusal.code, "message": refusal.message, "status": refusal.legacy}
        detail |= {"request_id": request_id, "param": None}
    return web.json_response({"detail": detail}, status=refusal.http, headers={"request-id": request_id})


def guarded(handler: Handler) -> Handler:
    """Checks the key, then turns refusals into the service's error answers."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            if request.headers.get("xi-api-key") != KEY:
                raise ServiceRefusalError(401, "invalid_api_key", "Invalid API key", old_shape=True)
            return await handler(request)
        except ServiceRefusalError as refusal:
            return _error(request, refusal)
        except InvalidRequestError as invalid:
            return web.json_response({"detail": invalid.detail}, status=422)

    return guarded


def admit(request: web.Request, credits: int) -> None:
    """Everything that may stop a billable request before it is looked at. Raises ServiceRefusalError."""
    account = request.app[ACCOUNT]
    busy = fault(request, *BUSY)
    if busy is None and request[ACTIVE] > account.concurrent:
        busy = "concurrent"
    if busy is not None:
        code, legacy, message = BUSY[busy]
        raise ServiceRefusalError(429, code, message, legacy)
    if fault(request, "quota") or account.used + credits > CHARACTER_LIMIT:
        message = (
            f"This request exceeds your quota. You have {max(0, CHARACTER_LIMIT - account.used)} credits remaining."
        )
        raise ServiceRefusalError(401, "quota_exceeded", message, old_shape=True)


def refuse(request: web.Request, text: str) -> None:
    fault = request.app[CONTEXT].faults.take(NAME, endpoint(request), ("refuse",))
    if fault is not None or "[[refuse]]" in text:
        http = fault.status if fault is not None and 400 <= fault.status < 500 else 400
        raise ServiceRefusalError(http, "content_policy_violation", "The text was refused by the content policy.")


async def read_body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise InvalidRequestError(["body"], "JSON decode error", "json_invalid") from None
    if not isinstance(body, dict):
        raise InvalidRequestError(["body"], "Input should be a valid dictionary", "model_attributes_type")
    if "text" not in body:
        raise InvalidRequestError(["body", "text"], "Field required", "missing")
    if not isinstance(body["text"], str):
        raise InvalidRequestError(["body", "text"], "Input should be a valid string", "string_type")
    return body


def number(body: dict[str, Any], where: list[str], low: float, high: float, default: float) -> float:
    value = body.get(where[-1])
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequestError(["body", *where], "Input should be a valid number", "float_parsing")
    if not low <= value <= high:
        message = f"{where[-1]} must be between {low} and {high}, got {value}"
        raise ServiceRefusalError(400, f"invalid_{where[0]}", message)
    return float(value)


def output_format(request: web.Request) -> AudioFormat:
    wanted = audio_format(request.query.get("output_format", "mp3_44100_128"))
    if wanted is None:
        raise InvalidRequestError(["query", "output_format"], "Input should be a known output format", "enum")
    return wanted


def digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def cost_headers(request: web.Request, credits: int) -> dict[str, str]:
    account = request.app[ACCOUNT]
    return {
        "request-id": account.next_id(),
        "character-cost": str(credits),
        "x-character-count": str(credits),
        "current-concurrent-requests": str(request[ACTIVE]),
        "maximum-concurrent-requests": str(account.concurrent),
    }


def _silence(wav: bytes) -> bytes:
    out = BytesIO()
    with wave.open(BytesIO(wav)) as source, wave.open(out, "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(b"\0" * len(source.readframes(source.getnframes())))
    return out.getvalue()


async def encoded_sound(request: web.Request, wav: bytes, output: AudioFormat) -> bytes:
    """The encoded sound, spoilt when a fault asks for it."""
    spoilt = fault(request, "truncated_audio", "silent_audio")
    encoded = await encode(_silence(wav) if spoilt == "silent_audio" else wav, output)
    return encoded[: len(encoded) // 3] if spoilt == "truncated_audio" else encoded


def counting(account: Account) -> Middleware:
    """Outermost middleware: how many requests are in flight, waiting ones and slow ones included."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        account.active += 1
        request[ACTIVE] = account.active
        try:
            return await handler(request)
        finally:
            account.active -= 1

    return middleware


@web.middleware
async def unknown(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is no endpoint is answered as the vendor's framework does."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as refused:
        return web.json_response({"detail": refused.reason}, status=refused.status)
