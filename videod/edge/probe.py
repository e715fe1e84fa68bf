"""Asking the services at start whether keys, models and voices exist: several model ids were retired within 2026.

Nothing here costs money and nothing stops the daemon: what is wrong is said in words, the lanes find out by themselves.
"""

import asyncio
import logging
from collections.abc import Mapping

import aiohttp

from videod.channels import ChannelSet
from videod.config import Settings
from videod.core import bounds
from videod.credentials import Secrets

log = logging.getLogger(__name__)

CALL_S = 15.0
ANSWER_BYTES = 1 << 20


async def _get(session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> tuple[int, object]:
    # a key goes to the address it is meant for and nowhere else
    async with session.get(url, headers=headers, allow_redirects=False) as response:
        raw = bytearray()
        while len(raw) < ANSWER_BYTES and (piece := await response.content.read(ANSWER_BYTES)):
            raw += piece
        try:
            document = bounds.loads(raw)
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
    credit = bounds.number(document.get("data"), -1e9, 1e9) if isinstance(document, dict) else None
    if credit is not None and credit < 84:
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
    """What is wrong with keys, models and voices, in words that say what to do; empty when all is well.

    Raises nothing, whatever a service answers: the lanes find out by themselves.
    """
    voices = {name: channel.voice_id for name, channel in channels.channels.items()}
    timeout = aiohttp.ClientTimeout(total=CALL_S)
    async with aiohttp.ClientSession(timeout=timeout, headers={"Accept-Encoding": "identity"}) as session:
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
            log.error("probe_answer_failed", extra={"service": service}, exc_info=answer)
            problems.append(f"{service} sent an answer at startup that videod cannot read ({type(answer).__name__})")
        else:
            problems += answer
    return problems
