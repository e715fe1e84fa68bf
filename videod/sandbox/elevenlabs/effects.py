"""Sound generation: an ambient bed from words."""

import asyncio

from aiohttp import web

from videod.sandbox.elevenlabs.catalogue import MODELS
from videod.sandbox.elevenlabs.counter import (
    ACCOUNT,
    CONTEXT,
    NAME,
    ServiceRefusalError,
    admit,
    cost_headers,
    digest,
    encoded_sound,
    number,
    output_format,
    read_body,
    refuse,
)
from videod.sandbox.render import plain
from videod.sandbox.render.ambience import render_ambience, stereo_wav

#: US dollars per effect of any length; the vendor's unit is disputed, so the dearer reading.
EFFECT_USD = 0.12
#: Credits an effect takes from the subscription, per second asked for; without a length it counts as ten.
CREDITS_PER_S = 40


async def sound_generation(request: web.Request) -> web.StreamResponse:
    output, body = output_format(request), await read_body(request)
    seconds = number(body, ["duration_seconds"], 0.5, 30, 10.0)
    number(body, ["prompt_influence"], 0, 1, 0.3)
    credits = round(seconds * CREDITS_PER_S)
    model_id = body.get("model_id", "eleven_text_to_sound_v2")
    if model_id not in MODELS or MODELS[model_id].speech:
        raise ServiceRefusalError(400, "model_not_found", f"A model with model ID {model_id} does not exist.")
    admit(request, credits)
    if not body["text"].strip():
        raise ServiceRefusalError(400, "invalid_text", "The text must not be empty.", "input_text_empty")
    refuse(request, body["text"])
    key = digest("sound", body, request.query.get("output_format"))
    request.app[CONTEXT].charge(NAME, "sound_effect", key, 1, "generation", EFFECT_USD, seconds=seconds)
    request.app[ACCOUNT].spend(credits)
    async with request.app[ACCOUNT].rendering:
        render = plain.ambience if request.app[CONTEXT].options.plain else render_ambience
        wav = await asyncio.to_thread(lambda: stereo_wav(render(body["text"], seconds)))
        sound = await encoded_sound(request, wav, output)
    return web.Response(body=sound, content_type=output.content_type, headers=cost_headers(request, credits))
