"""ElevenLabs: speech and sound effects as bytes. `wires` has what an unhappy answer means."""

import base64
import binascii
import time
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.lib import answers, bounds, http, origins, wires
from scripts.lib.answers import Json, dig
from scripts.lib.failures import Failure, Kind, secret
from scripts.lib.verdicts import Wait

SERVICE = "elevenlabs"
DEADLINE_S = 150.0
#: The largest answer: the seconds that are expected as 48 kHz stereo, twice over, within fixed bounds.
CAP_BYTES_PER_S = 2 * 192_000
LEAST_CAP, MOST_CAP = 4 << 20, 64 << 20
#: The slowest reading, characters a second.
SLOWEST_SPEECH = 8.0

#: Models that may be told the language; the others find it out from the text, and refuse to be told.
TOLD_LANGUAGE = frozenset({"eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3"})
#: Models that may be told what is said before and after; `eleven_v3` refuses to be, of others it is not known.
TOLD_NEIGHBORS = frozenset({"eleven_multilingual_v2", "eleven_flash_v2_5", "eleven_turbo_v2_5"})
#: Longest text of one request by model, characters.
TEXT_LIMITS = {
    "eleven_v3": 5_000,
    "eleven_v4": 10_000,
    "eleven_v4_turbo": 10_000,
    "eleven_multilingual_v2": 10_000,
    "eleven_flash_v2_5": 40_000,
    "eleven_turbo_v2_5": 40_000,
}
#: US dollars per 1,000 characters by model, and per sound effect; November 2026, the dearer of the lists seen.
SPEECH_PRICES = {"eleven_v3": 0.08, "eleven_v4": 0.08, "eleven_multilingual_v2": 0.08, "eleven_v4_turbo": 0.04,
                 "eleven_flash_v2_5": 0.04, "eleven_turbo_v2_5": 0.04}  # fmt: skip
EFFECT_USD = 0.12
#: one request costs some thousand credits
MOST_CREDITS = 1e6


@dataclass(frozen=True)
class Audio:
    """The bytes of one answer and the credits it cost (None when no header tells).

    `alignment`: when each character of the text is spoken, as the service says it; None where it does not.
    """

    data: bytes
    credits: float | None
    reply: http.Reply
    alignment: Json = None


def _service() -> http.Service:
    return http.Service(
        SERVICE,
        origins.address("VIDEOD_URL_ELEVENLABS"),
        {"xi-api-key": secret("ELEVENLABS_API_KEY", "ElevenLabs")},
    )


def speak(voice: str, body: Mapping[str, Json], output_format: str) -> Audio:
    """One text-to-speech call, with the times of its characters. Raises Failure, or AnswerLost when it may have been
    done and billed."""
    service = _service()
    cap = 2 * _cap(len(answers.text(body.get("text")) or "") / SLOWEST_SPEECH)  # the sound as base64, and the times
    reply = _sent(service, f"/v1/text-to-speech/{voice}/with-timestamps", body, output_format, cap)
    if reply.headers.get("content-type", "").startswith("audio/"):
        return _sound_of(service, reply)  # the sound alone: paid for, and good without times
    if reply.status != 200:
        raise _failure(service, reply)
    value = reply.json_or_none()
    try:
        data = base64.b64decode(answers.text(dig(value, "audio_base64")) or "", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise reply.lost(f"the answer is not sound but {reply.excerpt(60)!r}", Kind.NONSENSE)
    return Audio(data, _credits(reply), reply, dig(value, "alignment"))


def sound(body: Mapping[str, Json], output_format: str) -> Audio:
    """One sound effect. Raises Failure, or AnswerLost when it may have been done and billed."""
    return _make("/v1/sound-generation", body, output_format, answers.number(body.get("duration_seconds")) or 30.0)


def _make(path: str, body: Mapping[str, Json], output_format: str, seconds: float) -> Audio:
    service = _service()
    return _sound_of(service, _sent(service, path, body, output_format, _cap(seconds)))


def _sound_of(service: http.Service, reply: http.Reply) -> Audio:
    mime = reply.headers.get("content-type", "")
    if reply.status != 200 and not (reply.status in {201, 203} and mime.startswith("audio/")):
        raise _failure(service, reply)
    if not reply.body or (reply.body.lstrip()[:1] in {b"<", b"{", b"["} and not mime.startswith("audio/")):
        raise reply.lost(f"the answer is not sound but {reply.excerpt(60)!r}", Kind.NONSENSE)
    return Audio(reply.body, _credits(reply), reply)


def _cap(seconds: float) -> int:
    return min(MOST_CAP, max(LEAST_CAP, int(seconds * CAP_BYTES_PER_S)))


def _sent(service: http.Service, path: str, body: Mapping[str, Json], output_format: str, cap: int) -> http.Reply:
    return service.send("POST", path, json=dict(body), params={"output_format": output_format},
                        deadline_s=DEADLINE_S, cap=cap)  # fmt: skip


def _credits(reply: http.Reply) -> float | None:
    # the cost header goes by either name, depending on which of the vendor's pages one believes
    spent = reply.headers.get("character-cost") or reply.headers.get("x-character-count")
    return bounds.number(spent, 0.0, MOST_CREDITS)


def _failure(service: http.Service, reply: http.Reply) -> Failure:
    verdict = wires.judged(SERVICE, reply)
    renewed = _until_reset(service) if verdict.row.wait is Wait.RENEWAL else None
    return wires.told(verdict, reply, retry_after_s=renewed)


def _until_reset(service: http.Service) -> float | None:
    """Seconds until the plan's credits are filled up again, where the service tells."""
    try:
        reply = service.send("GET", "/v1/user/subscription", deadline_s=15)
    except Failure:
        return None  # the quota failure itself is what matters; its end is only a courtesy
    at = answers.number(dig(reply.json_or_none(), "next_character_count_reset_unix"), 1e9, 1e10)
    seconds = at - time.time() if at is not None else 0.0
    # a month may pass until then, in which somebody may buy credits: no wait is longer than a day
    return min(seconds, bounds.LONGEST_WAIT_S) if seconds > 0 else None


def speech_usd(model: str, text: str) -> float | None:
    price = SPEECH_PRICES.get(model)
    return round(len(text) / 1000 * price, 6) if price is not None else None


def check_text(text: str, model: str) -> None:
    """Raises Failure(input) for a text that the model does not take, before anything is sent."""
    if not text.strip():
        raise Failure(Kind.INPUT, "the text is empty")
    limit = TEXT_LIMITS.get(model)
    if limit is not None and len(text) > limit:
        raise Failure(Kind.INPUT, f"the text has {len(text):,} characters, {model} takes {limit:,}")
