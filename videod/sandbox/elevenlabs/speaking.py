"""Text to speech: plain, streamed and with timestamps."""

import asyncio
import base64
import itertools
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from videod.sandbox.elevenlabs.catalogue import MODELS, NARRATORS
from videod.sandbox.elevenlabs.counter import (
    ACCOUNT,
    CONTEXT,
    NAME,
    InvalidRequestError,
    ServiceRefusalError,
    admit,
    cost_headers,
    digest,
    encoded_sound,
    fault,
    number,
    output_format,
    read_body,
    refuse,
)
from videod.sandbox.render import neural, plain
from videod.sandbox.render.encoding import AudioFormat
from videod.sandbox.render.speech import Spoken, speak

#: US dollars per 1,000 characters (v4, v3 and multilingual_v2; November 2026); a model's multiplier scales it.
SPEECH_USD_PER_1000 = 0.08

#: what is said around the words, for the voice to go by; nobody pays for it
NEIGHBORS = ("previous_text", "next_text")


@dataclass(frozen=True)
class Order:
    """One checked speech request."""

    voice: str
    text: str
    model: str
    speed: float
    output: AudioFormat
    key: str


async def _speech_order(request: web.Request) -> Order:
    output, body = output_format(request), await read_body(request)
    text, model_id, voice = body["text"], body.get("model_id", "eleven_multilingual_v2"), request.match_info["voice"]
    model = MODELS.get(model_id)
    if model is None or not model.speech:
        raise ServiceRefusalError(400, "model_not_found", f"A model with model ID {model_id} does not exist.")
    admit(request, len(text))
    if voice not in NARRATORS or fault(request, "voice_not_found"):
        raise ServiceRefusalError(404, "voice_not_found", f"A voice with the voice_id {voice} was not found.")
    if not text.strip():
        raise ServiceRefusalError(400, "invalid_text", "The text must not be empty.", "input_text_empty")
    if len(text) > model.longest:
        message = f"A request has {len(text)} characters. {model_id} takes at most {model.longest}."
        raise ServiceRefusalError(400, "max_character_limit_exceeded", message)
    _check_neighbors(body, model_id)
    settings = body.get("voice_settings") or {}
    if not isinstance(settings, dict):
        raise InvalidRequestError(
            ["body", "voice_settings"], "Input should be a valid dictionary", "model_attributes_type"
        )
    for name in ("stability", "similarity_boost", "style"):
        number(settings, ["voice_settings", name], 0, 1, 0.5)
    speed = number(settings, ["voice_settings", "speed"], 0.7, 1.2, 1.0)
    refuse(request, text)
    # the same words bought twice are the same whatever is said around them
    ordered = {name: value for name, value in body.items() if name not in NEIGHBORS}
    return Order(voice, text, model_id, speed, output, digest(voice, ordered, request.query.get("output_format")))


def _check_neighbors(body: dict[str, Any], model_id: str) -> None:
    for name in NEIGHBORS:
        text = body.get(name)
        if text is not None and not isinstance(text, str):
            raise InvalidRequestError(["body", name], "Input should be a valid string", "string_type")
        if text and model_id == "eleven_v3":
            message = f"Providing previous_text or next_text is not yet supported with the '{model_id}' model."
            raise ServiceRefusalError(400, "unsupported_model", message)


def _charge_speech(request: web.Request, order: Order) -> int:
    """Puts the speech on the account and says how many credits it took."""
    price = SPEECH_USD_PER_1000 * MODELS[order.model].multiplier
    count = len(order.text)
    usd = round(count / 1000 * price, 6)
    context = request.app[CONTEXT]
    context.charge(NAME, "speech", order.key, count, "character", usd, model=order.model, voice=order.voice)
    request.app[ACCOUNT].spend(count)
    return count


async def _spoken(request: web.Request) -> tuple[Order, Spoken, bytes, int]:
    order = await _speech_order(request)
    credits = _charge_speech(request, order)
    async with request.app[ACCOUNT].rendering:
        if request.app[CONTEXT].options.plain:
            spoken = await asyncio.to_thread(plain.voice, order.text, order.speed)
        elif request.app[CONTEXT].options.fine and neural.speaks(order.text):
            spoken = await neural.speak(order.text, NARRATORS[order.voice].render, order.speed)
        else:
            spoken = await speak(order.text, NARRATORS[order.voice].render, order.speed)
        return order, spoken, await encoded_sound(request, spoken.wav, order.output), credits


async def text_to_speech(request: web.Request) -> web.StreamResponse:
    order, _, sound, credits = await _spoken(request)
    return web.Response(body=sound, content_type=order.output.content_type, headers=cost_headers(request, credits))


async def stream(request: web.Request) -> web.StreamResponse:
    order, _, sound, credits = await _spoken(request)
    headers = {**cost_headers(request, credits), "Content-Type": order.output.content_type}
    answer = web.StreamResponse(headers=headers)
    await answer.prepare(request)
    for at in range(0, len(sound), 8192):
        await answer.write(sound[at : at + 8192])
    await answer.write_eof()
    return answer


def alignment(text: str, spoken: Spoken) -> dict[str, Any]:
    """Begin and end of every character: the words' own times, each word's characters spread evenly over it."""
    words = sorted((word.at, word.begin_ms) for word in spoken.words if 0 <= word.at < len(text))
    marks = [(0, 0), *words, (len(text), spoken.duration_ms)]
    starts: list[float] = []
    for (at, begin), (upto, end) in itertools.pairwise(marks):
        starts += [round((begin + (end - begin) * n / (upto - at)) / 1000, 3) for n in range(upto - at)]
    ends = [*starts[1:], spoken.duration_ms / 1000]
    return {
        "characters": list(text),
        "character_start_times_seconds": starts,
        "character_end_times_seconds": ends,
    }


async def with_timestamps(request: web.Request) -> web.StreamResponse:
    order, spoken, sound, credits = await _spoken(request)
    trap = fault(request, "no_alignment", "only_normalized", "foreign_alignment")
    aligned = normal = None if trap == "no_alignment" else alignment(order.text, spoken)
    if aligned is not None and trap == "foreign_alignment":
        aligned = aligned | {"characters": ["x"] * len(order.text)}
    if trap == "only_normalized":
        aligned = None
    encoded = base64.b64encode(sound).decode()
    body = {"audio_base64": encoded, "alignment": aligned, "normalized_alignment": normal}
    return web.json_response(body, headers=cost_headers(request, credits))
