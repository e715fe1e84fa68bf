"""The simulated service for the Gemini API: generateContent for text, JSON by schema and images; the list of models.

Fault kinds of its own: `refuse_prompt` (promptFeedback, no candidates), `refuse_finish` (IMAGE_SAFETY or SAFETY, no
parts), `refuse_text` (STOP with words instead of the picture), `no_image` (NO_IMAGE, no parts), `quota_minute`,
`quota_day`, `quota_bare` (429), `overload` (503), `max_tokens` (the answer is cut), `bad_plan` (a plan that breaks the
rules of the craft; with times=1 the repair round fixes it).
A prompt that holds `[[refuse]]` is always refused as `refuse_finish`. A story direction that holds `[[bad plan]]` makes
every plan bad; one that holds `[[refuse image]]` makes a plan of which one image will be refused.
"""

import asyncio
import base64
import hashlib
from typing import Any

from aiohttp import web

from videod.sandbox.gemini import drawing, errors, writing
from videod.sandbox.gemini.asked import Asked, read
from videod.sandbox.gemini.errors import GeminiError
from videod.sandbox.gemini.models import LIVE, Model, model_body
from videod.sandbox.kernel import Context, Handler, traffic

NAME = "gemini"
KEY = "sandbox-gemini-key"
REFUSALS = ("refuse_prompt", "refuse_finish", "refuse_text", "no_image")
#: the stages that the fault `bad_plan` spoils: the text and its pictures
SPOILT = ("research", "titles", "changes", "atmosphere")
QUOTAS = ("quota_minute", "quota_day", "quota_bare")
#: Tokens are counted as a quarter of the characters; a reference picture as this many.
PICTURE_TOKENS = 258
#: every grounded answer takes one search
SEARCH_USD = 0.014

CONTEXT = web.AppKey("context", Context)
RENDERING = web.AppKey("rendering", asyncio.Semaphore)


def _guarded(handler: Handler) -> Handler:
    """Checks the key, then turns refusals into the service's error answers."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            key = request.headers.get("x-goog-api-key") or request.query.get("key")
            if key is None:
                raise errors.no_key()
            if key != KEY:
                raise errors.bad_key()
            return await handler(request)
        except GeminiError as error:
            return error.answer()

    return guarded


def _fault(request: web.Request, *kinds: str) -> str | None:
    fault = request.app[CONTEXT].faults.take(NAME, f"{request.method} {request.path}", kinds)
    return fault.kind if fault else None


def _model(request: web.Request, name: str) -> Model:
    if name not in LIVE:
        raise errors.no_model(name, request.match_info["version"])
    return LIVE[name]


async def list_models(request: web.Request) -> web.StreamResponse:
    return web.json_response({"models": [model_body(model) for model in LIVE.values()]})


async def get_model(request: web.Request) -> web.StreamResponse:
    return web.json_response(model_body(_model(request, request.match_info["model"])))


async def generate_content(request: web.Request) -> web.StreamResponse:
    model = _model(request, request.match_info["model"])
    limited = _fault(request, *QUOTAS, "overload")
    if limited is not None:
        raise errors.overload() if limited == "overload" else errors.quota(limited, model.name)
    asked = read(await request.read(), model)
    tokens_in = len(asked.text) // 4 + PICTURE_TOKENS * len(asked.references)
    refused = _fault(request, *REFUSALS) or ("refuse_finish" if "[[refuse]]" in asked.last else None)
    if refused is not None:
        return _answer(request, model, asked, tokens_in, 0, _refusal(refused, model))
    if model.draws:
        return await _image(request, model, asked, tokens_in)
    return await _text(request, model, asked, tokens_in)


def _refusal(kind: str, model: Model) -> dict[str, Any]:
    """The three forms of a refusal, all of them HTTP 200, and the picture that simply did not come."""
    if kind == "refuse_prompt":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
    if kind == "refuse_text":
        words = "I cannot create that image. Please describe something else."
        content = {"role": "model", "parts": [{"text": words}]}
        return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}]}
    reason = "NO_IMAGE" if kind == "no_image" else "IMAGE_SAFETY" if model.draws else "SAFETY"
    message = "Unable to show the generated image." if model.draws else "The response was blocked."
    return {"candidates": [{"finishReason": reason, "finishMessage": message, "index": 0}]}


async def _image(request: web.Request, model: Model, asked: Asked, tokens_in: int) -> web.StreamResponse:
    async with request.app[RENDERING]:
        mime_type, data = await asyncio.to_thread(drawing.draw, asked, request.app[CONTEXT].options.plain)
    usd, tokens_out = model.image_usd(asked.size), dict(model.sizes)[asked.size]
    request.app[CONTEXT].charge(NAME, "image", asked.digest, 1, "image", usd, model=model.name, size=asked.size)
    parts: list[dict[str, Any]] = [{"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}]
    if "TEXT" in asked.modalities:
        parts.insert(0, {"text": "Here is the image you asked for."})
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    return _answer(request, model, asked, tokens_in, tokens_out, {"candidates": [candidate]})


async def _text(request: web.Request, model: Model, asked: Asked, tokens_in: int) -> web.StreamResponse:
    spoilt = writing.stage(asked) in SPOILT and _fault(request, "bad_plan") is not None
    words = await asyncio.to_thread(writing.write, asked, spoilt)
    cut = _fault(request, "max_tokens") is not None
    if asked.tokens_max is not None and len(words) > asked.tokens_max * 4:
        words, cut = words[: asked.tokens_max * 4], True
    elif cut:
        words = words[: len(words) * 3 // 5]
    tokens_out = len(words) // 4 + 1
    usd = round((tokens_in * model.text_in + tokens_out * model.text_out) / 1e6 + SEARCH_USD * asked.searches, 6)
    request.app[CONTEXT].charge(
        NAME, "text", asked.digest, tokens_in + tokens_out, "token", usd, model=model.name, tokens_out=tokens_out
    )
    content = {"role": "model", "parts": [{"text": words}]}
    candidate = {"content": content, "finishReason": "MAX_TOKENS" if cut else "STOP", "index": 0}
    if asked.searches:
        candidate["groundingMetadata"] = writing.grounding(words)
    return _answer(request, model, asked, tokens_in, tokens_out, {"candidates": [candidate]})


def _answer(
    request: web.Request, model: Model, asked: Asked, tokens_in: int, tokens_out: int, body: dict[str, Any]
) -> web.Response:
    serial = f"{asked.digest}{request.app[CONTEXT].now_ms()}"
    usage = {"promptTokenCount": tokens_in, "totalTokenCount": tokens_in + tokens_out}
    if tokens_out:
        usage["candidatesTokenCount"] = tokens_out
    response_id = hashlib.sha256(serial.encode()).hexdigest()[:22]
    return web.json_response({**body, "usageMetadata": usage, "modelVersion": model.name, "responseId": response_id})


@web.middleware
async def _unknown(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return errors.no_method(request.path).answer()
    except web.HTTPRequestEntityTooLarge:
        return errors.invalid("Request payload size exceeds the limit: 67108864 bytes.").answer()


def build(context: Context) -> web.Application:
    """The simulated service's application; both `/v1` and `/v1beta` answer."""
    app = web.Application(middlewares=[traffic(context, NAME), _unknown], client_max_size=64 * 1024 * 1024)
    app[CONTEXT] = context
    app[RENDERING] = asyncio.Semaphore(2)
    prefix = "/{version:v1|v1beta}/models"
    app.router.add_get(prefix, _guarded(list_models))
    app.router.add_get(prefix + "/{model}", _guarded(get_model))
    app.router.add_post(prefix + "/{model}:generateContent", _guarded(generate_content))
    return app
