"""Asking the services at start whether keys, models and voices exist: several model ids were retired within 2026.

Nothing here costs money and nothing stops the daemon: what is wrong is said in words, the lanes find out by themselves.
"""

import asyncio
import json
from collections.abc import Mapping

import aiohttp

from videod.channels import ChannelSet
from videod.config import Settings
from videod.credentials import Secrets

CALL_S = 15.0


async def _get(session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> tuple[int, object]:
    async with session.get(url, headers=headers) as response:
        raw = await response.content.read(1 << 20)
        try:
            document: object = json.loads(raw)
        except ValueError:
            document = None
        return response.status, document


def _code(document: object) -> object:
    return document.get("code") if isinstance(document, dict) else None


async def _gemini(session: aiohttp.ClientSession, url: str, key: str, models: Mapping[str, str]) -> list[str]:
    """`models`: key of `[models]` -> the model that it names."""
    problems = []
    for setting, model in models.items():
        status, _ = await _get(session, f"{url}/v1beta/models/{model}", {"x-goog-api-key": key})
        if status == 404:
            problems.append(
                f"Gemini does not have the model {model}; set `{setting}` in `[models]` of videod.toml to another"
            )
        elif status in (400, 401, 403):
            return [f"Gemini refused GEMINI_API_KEY (HTTP {status}); put a valid key into it and restart videod"]
    return problems


async def _kie(session: aiohttp.ClientSession, url: str, key: str) -> list[str]:
    status, document = await _get(session, f"{url}/api/v1/chat/credit", {"Authorization": f"Bearer {key}"})
    if status == 401 or _code(document) == 401:
        return ["KIE refused KIE_API_KEY; put a valid key into it and restart videod"]
    credit = document.get("data") if isinstance(document, dict) else None
    if isinstance(credit, int | float) and credit < 84:
        return [f"KIE has {credit:g} credits left, less than one clip of 10 s costs (84); top up at KIE"]
    return []


async def _elevenlabs(session: aiohttp.ClientSession, url: str, key: str, voices: Mapping[str, str]) -> list[str]:
    problems = []
    for channel, voice in voices.items():
        status, _ = await _get(session, f"{url}/v1/voices/{voice}", {"xi-api-key": key})
        if status == 401:
            return ["ElevenLabs refused ELEVENLABS_API_KEY; put a valid key into it and restart videod"]
        if status in (400, 404):
            problems.append(f"ElevenLabs has no voice {voice}; fix `voice_id` in channels/{channel}.yaml")
    return problems


async def probe(settings: Settings, channels: ChannelSet, secrets: Secrets, urls: Mapping[str, str]) -> list[str]:
    """What is wrong with keys, models and voices, in words that say what to do; empty when all is well."""
    voices = {name: channel.voice_id for name, channel in channels.channels.items()}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S)) as session:
        models = {"text": settings.models.text, "image": settings.models.image}
        asked = {
            "Gemini": _gemini(session, urls["VIDEOD_URL_GEMINI"], secrets.get("GEMINI_API_KEY") or "", models),
            "KIE": _kie(session, urls["VIDEOD_URL_KIE"], secrets.get("KIE_API_KEY") or ""),
            "ElevenLabs": _elevenlabs(
                session, urls["VIDEOD_URL_ELEVENLABS"], secrets.get("ELEVENLABS_API_KEY") or "", voices
            ),
        }
        answers = await asyncio.gather(*asked.values(), return_exceptions=True)
    problems: list[str] = []
    for service, answer in zip(asked, answers, strict=True):
        if isinstance(answer, aiohttp.ClientError | TimeoutError | OSError):
            problems.append(
                f"{service} did not answer at startup ({type(answer).__name__}); jobs retry it automatically"
            )
        elif isinstance(answer, BaseException):
            raise answer
        else:
            problems += answer
    return problems
