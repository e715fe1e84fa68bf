"""Google's Gemini API (generateContent): requests, and what each kind of unhappy answer means.

Two traps of the wire: a refused picture is HTTP 200, and one status (429) stands for a wait of seconds, a wait until
midnight in California, and an empty balances.
"""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scripts.lib import answers, bounds, http
from scripts.lib.answers import Json, dig
from scripts.lib.failures import Failure, Kind, secret
from scripts.lib.google_time import quota_wait_s

SERVICE = "gemini"
#: All inline data of one request together, as the service limits it.
INLINE_LIMIT = 20_000_000
#: A picture of the largest size as PNG in base64 stays below this.
ANSWER_CAP = 32 << 20
#: When nobody says how long to wait.
BUSY_S = 60.0
#: an answer has some ten thousand tokens
MOST_TOKENS = 10**7
TOKENS = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")

SAFETY = {"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "SAFETY", "PROHIBITED_CONTENT",
          "RECITATION", "BLOCKLIST", "SPII"}  # fmt: skip

#: US dollars per million text tokens (in, out), November 2026; gemini-3.8-flash doubles in 2027.
TEXT_PRICES = {
    "gemini-3.8-flash": (0.75, 3.75),
    "gemini-3.5-flash-lite": (0.30, 2.50),
}
#: US dollars per picture by size, November 2026.
IMAGE_PRICES = {
    ("gemini-nano-banana-2.1", "1K"): 0.0336,
    ("gemini-3.1-flash-lite-image", "1K"): 0.0336,
    ("gemini-3-pro-image", "1K"): 0.134,
    ("gemini-3-pro-image", "2K"): 0.134,
    ("gemini-3-pro-image", "4K"): 0.24,
}
#: US dollars per million tokens of picture, where a size has no fixed price.
IMAGE_TOKEN_PRICES = {"gemini-nano-banana-2.1": 30.0}


@dataclass(frozen=True)
class Answer:
    """A candidate that the service gave: its text parts joined, its picture, why it ended, its token counts."""

    text: str
    picture: bytes | None
    mime: str
    finish: str
    prompt_tokens: int
    output_tokens: int
    reply: http.Reply


def text_part(text: str) -> Json:
    return {"text": text}


def picture_part(data: bytes, mime: str) -> Json:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode("ascii")}}


def turn(role: str, parts: Sequence[Json]) -> Json:
    return {"role": role, "parts": list(parts)}


def generate(
    model: str, contents: Sequence[Json], config: dict[str, Json], *, system: str | None = None,
    version: str = "v1beta", deadline_s: float,
) -> Answer:  # fmt: skip
    """One generateContent call.

    Raises Failure classified by the service's error body; refused for the safety forms of an empty answer; AnswerLost
    when the call may have been carried out and billed. An answer that merely holds no picture is returned.
    """
    service = http.Service(
        SERVICE,
        os.environ.get("VIDEOD_URL_GEMINI") or "https://generativelanguage.googleapis.com",
        {"x-goog-api-key": secret("GEMINI_API_KEY", "Gemini")},
    )
    body: dict[str, Json] = {"contents": list(contents), "generationConfig": config}
    if system is not None:
        body["systemInstruction"] = {"parts": [text_part(system)]}
    reply = service.send("POST", f"/{version}/models/{model}:generateContent", json=body, deadline_s=deadline_s,
                         cap=ANSWER_CAP)  # fmt: skip
    if reply.status != 200:
        raise _failure(reply)
    return _read(reply)


def _read(reply: http.Reply) -> Answer:
    value = reply.json()
    if not isinstance(value, dict):
        raise reply.lost("the answer is no JSON object", Kind.NONSENSE)
    blocked = answers.text(dig(value, "promptFeedback", "blockReason"))
    candidate = dig(value, "candidates", 0)
    if candidate is None and blocked is not None:
        raise reply.failure(Kind.REFUSED, f"the prompt was refused: {blocked}", code=blocked)
    finish = answers.text(dig(candidate, "finishReason")) or ""
    parts = answers.items(dig(candidate, "content", "parts"))
    told = "".join(answers.text(dig(part, "text")) or "" for part in parts if dig(part, "thought") is not True)
    picture, mime = _picture(parts, finish, reply)
    if picture is None and finish in SAFETY:
        said = answers.text(dig(candidate, "finishMessage")) or ""
        raise reply.failure(Kind.REFUSED, f"the content was refused: {finish} {said}".strip(), code=finish)
    usage = dig(value, "usageMetadata")
    prompt, *written = (bounds.whole(dig(usage, name), 0, MOST_TOKENS) or 0 for name in TOKENS)
    return Answer(told, picture, mime, finish, prompt, sum(written), reply)


def _picture(parts: list[Json], finish: str, reply: http.Reply) -> tuple[bytes | None, str]:
    """The last picture that is no thought, which is the final one; else the last thought, which was paid for as well.

    A draft of what was refused is no picture.
    """
    final = [part for part in parts if dig(part, "thought") is not True]
    drafts = [] if finish in SAFETY else [part for part in parts if dig(part, "thought") is True]
    broken: ValueError | None = None
    for part in [*reversed(final), *reversed(drafts)]:
        inline = dig(part, "inlineData") or dig(part, "inline_data")
        data = answers.text(dig(inline, "data"))
        mime = answers.text(dig(inline, "mimeType")) or answers.text(dig(inline, "mime_type")) or ""
        if data is None:
            continue
        try:
            return base64.b64decode("".join(data.split()), validate=True), mime
        except ValueError as error:
            broken = broken or error
    if broken is not None:
        raise reply.lost("the picture in the answer is not valid base64") from broken
    return None, ""


def _failure(reply: http.Reply) -> Failure:
    error = dig(reply.json_or_none(), "error")
    status = answers.text(dig(error, "status"))
    message = answers.text(dig(error, "message")) or reply.excerpt() or "no reason given"
    details = answers.items(dig(error, "details"))
    reason = next((found for detail in details if (found := answers.text(dig(detail, "reason")))), None)
    code = reason or status
    if (passing := reply.not_done()) is not None:
        return passing
    if reply.status == 429 and (error is None or reply.retry_after_s() is not None):
        # not in the service's own words, or with a header that it never sends: some gateway's limit
        return reply.failure(Kind.BUSY, message, retry_after_s=reply.retry_after_s() or BUSY_S)
    if reply.status == 429:
        return _quota(reply, message, code, details)
    if reply.status == 503:
        return reply.failure(Kind.DOWN, message, code=code, retry_after_s=_retry_delay(details))
    if reply.status >= 500:
        # only the service's own error body is its word that nothing was made; a gateway's page is not
        return reply.failure(Kind.DOWN, message, code=code) if status else reply.lost(message)
    if reply.status in {401, 403} or (reason or "").startswith("API_KEY") or "api key" in message.lower():
        return reply.failure(Kind.CREDENTIALS, message, code=code, next_step="check GEMINI_API_KEY")
    if reply.status == 404:
        return reply.failure(Kind.CONFIGURATION, message, code=code, next_step="choose a model that still exists")
    if status == "FAILED_PRECONDITION":
        return reply.failure(Kind.CONFIGURATION, message, code=code)
    return reply.failure(Kind.INPUT, message, code=code)


def _quota(reply: http.Reply, message: str, code: str | None, details: list[Json]) -> Failure:
    violations = [violation for detail in details for violation in answers.items(dig(detail, "violations"))]
    ids = " ".join(answers.text(dig(violation, "quotaId")) or "" for violation in violations)
    if any(answers.text(dig(violation, "quotaValue")) == "0" for violation in violations):
        return reply.failure(Kind.QUOTA, f"{message} (this key's plan has no quota for the model)", code=code,
                             next_step="switch billing on for the key's project")  # fmt: skip
    if "PerDay" in ids:
        return reply.failure(Kind.QUOTA, message, code="PerDay", retry_after_s=quota_wait_s())
    delay = _retry_delay(details)
    if "PerMinute" in ids or delay is not None:
        return reply.failure(Kind.BUSY, message, code=code, retry_after_s=delay if delay is not None else BUSY_S)
    # bare: balance empty, spend cap reached or a ten-minute spend rate; only a person or time can tell
    return reply.failure(Kind.QUOTA, message, code=code, next_step="check the project's balance and spend cap")


def _retry_delay(details: list[Json]) -> float | None:
    for detail in details:
        delay = answers.text(dig(detail, "retryDelay"))
        if delay is not None:
            wait = bounds.number(delay.removesuffix("s"), 0.0, bounds.LONGEST_WAIT_S)
            return BUSY_S if wait is None else wait  # a wait was meant, whatever it says
    return None


def image_usd(model: str, size: str, answer: Answer) -> float | None:
    """The price of one picture, None for a model whose price is not known here."""
    fixed = IMAGE_PRICES.get((model, size))
    if fixed is not None:
        return fixed
    rate = IMAGE_TOKEN_PRICES.get(model)
    return round(answer.output_tokens * rate / 1e6, 6) if rate is not None and answer.output_tokens else None


def text_usd(model: str, answer: Answer) -> float | None:
    """The price of one text answer by its token counts, None where they or the model's price are not known."""
    prices = TEXT_PRICES.get(model)
    if prices is None or not answer.output_tokens:
        return None
    factor = 2.0 if model == "gemini-3.8-flash" and datetime.now(UTC).year >= 2027 else 1.0
    return round(factor * (answer.prompt_tokens * prices[0] + answer.output_tokens * prices[1]) / 1e6, 6)
