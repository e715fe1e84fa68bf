"""Google's Gemini API (generateContent): requests and answers. `wires` has what an unhappy answer means."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scripts.lib import answers, bounds, http, origins, wires
from scripts.lib.answers import Json, dig
from scripts.lib.failures import Failure, Kind, redact, secret, strike
from scripts.lib.verdicts import Money

SERVICE = "gemini"
#: All inline data of one request together, as the service limits it.
INLINE_LIMIT = 20_000_000
#: A picture of the largest size as PNG in base64 stays below this.
ANSWER_CAP = 32 << 20
#: when nobody says how long to wait
BUSY_S = 60.0
#: no picture has fewer tokens
PICTURE_TOKENS = 1_000
#: an answer has some ten thousand tokens
MOST_TOKENS = 10**7
#: US dollars per search that the model makes, Gemini 3, November 2026; the first 5,000 prompts a month are free
SEARCH_USD = 0.014
#: so many searches and pages of one answer are believed
SEARCHES_MAX, FOUND_MAX = 50, 10
SEARCH: Json = {"google_search": {}}
TOKENS = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")

SAFETY = {"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "SAFETY", "PROHIBITED_CONTENT",
          "RECITATION", "BLOCKLIST", "SPII"}  # fmt: skip

#: US dollars per million text tokens (in, out), November 2026; gemini-3.8-flash doubles in 2027.
TEXT_PRICES = {
    "gemini-3.8-flash": (0.75, 3.75),
    "gemini-3.5-flash-lite": (0.30, 2.50),
    # its words; pictures below
    "gemini-nano-banana-2.1": (1.50, 7.50),
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
    #: tokens of the candidate alone; None where the answer counts none at all
    written: int | None = None
    #: how often the model searched the web for it
    searches: int = 0
    #: what it found there
    found: tuple["Found", ...] = ()


@dataclass(frozen=True)
class Found:
    """A page that a search found, and what of the answer stands on it."""

    title: str
    url: str
    text: str


def endpoint(model: str, version: str) -> str:
    """What errors call the request to a model."""
    return f"POST /{version}/models/{model}:generateContent"


def text_part(text: str) -> Json:
    return {"text": text}


def picture_part(data: bytes, mime: str) -> Json:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode("ascii")}}


def turn(role: str, parts: Sequence[Json]) -> Json:
    return {"role": role, "parts": list(parts)}


def generate(
    model: str, contents: Sequence[Json], config: dict[str, Json], *, system: str | None = None,
    version: str = "v1beta", deadline_s: float, tools: Sequence[Json] = (),
) -> Answer:  # fmt: skip
    """One generateContent call.

    Raises Failure classified by the service's error body; refused for the safety forms of an empty answer; AnswerLost
    when the call may have been carried out and billed. An answer that merely holds no picture is returned.
    """
    service = http.Service(
        SERVICE,
        origins.address("VIDEOD_URL_GEMINI"),
        {"x-goog-api-key": secret("GEMINI_API_KEY", "Gemini")},
    )
    body: dict[str, Json] = {"contents": list(contents), "generationConfig": config}
    if tools:
        body["tools"] = list(tools)
    if system is not None:
        body["systemInstruction"] = {"parts": [text_part(system)]}
    method, path = endpoint(model, version).split(" ", 1)
    reply = service.send(method, path, json=body, deadline_s=deadline_s, cap=ANSWER_CAP)
    if not 200 <= reply.status < 300 or not _is_answer(reply):
        raise wires.failure(SERVICE, reply, model=model)
    return _read(reply)


def _is_answer(reply: http.Reply) -> bool:
    """Whether the service gave its own answer, which its other 2xx may carry as well as 200."""
    if reply.status == 200:
        return True
    return bool(answers.items(dig(reply.json_or_none(), "candidates")))


def _read(reply: http.Reply) -> Answer:
    value = reply.json()
    if not isinstance(value, dict):
        raise reply.lost("the answer is not a JSON object", Kind.NONSENSE)
    blocked = answers.text(dig(value, "promptFeedback", "blockReason"))
    candidate = dig(value, "candidates", 0)
    if candidate is None and blocked is not None:
        raise reply.failure(Kind.REFUSED, f"the prompt was refused: {blocked}", code=blocked)
    finish = answers.text(dig(candidate, "finishReason")) or ""
    parts = answers.items(dig(candidate, "content", "parts"))
    # what a model says becomes a plan, and stands on a board
    told = strike("".join(answers.text(dig(part, "text")) or "" for part in parts if dig(part, "thought") is not True))
    picture, mime = _picture(parts, finish, reply)
    if picture is None and finish in SAFETY:
        said = answers.text(dig(candidate, "finishMessage")) or ""
        raise reply.failure(Kind.REFUSED, f"the content was refused: {finish} {said}".strip(), code=finish)
    usage = dig(value, "usageMetadata")
    prompt, *written = (bounds.whole(dig(usage, name), 0, MOST_TOKENS) or 0 for name in TOKENS)
    counted = written[0] if isinstance(usage, dict) else None
    searches, found = _searched(dig(candidate, "groundingMetadata"))
    return Answer(told, picture, mime, finish, prompt, sum(written), reply, counted, searches, found)


def _searched(told: Json) -> tuple[int, tuple[Found, ...]]:
    """How often the model searched, and the pages with the sentences that stand on them."""
    pages = answers.items(dig(told, "groundingChunks"))[:FOUND_MAX]
    said: list[list[str]] = [[] for _ in pages]
    for support in answers.items(dig(told, "groundingSupports"))[:200]:
        text = strike(answers.text(dig(support, "segment", "text")) or "")
        for number in answers.items(dig(support, "groundingChunkIndices")):
            at = bounds.whole(number, 0, FOUND_MAX)
            if text and at is not None and at < len(said):
                said[at].append(text)
    found = tuple(
        Found(
            answers.text(dig(page, "web", "title")) or "", answers.text(dig(page, "web", "uri")) or "", " ".join(texts)
        )
        for page, texts in zip(pages, said, strict=True)
        if texts
    )
    return min(SEARCHES_MAX, len(answers.items(dig(told, "webSearchQueries")))), found


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


def without_picture(model: str, answer: Answer) -> Failure:
    """What an answer without a picture means, and AnswerLost where one may have been made and billed all the same.

    Nothing was made where the service says so: by its reason, or by counting fewer tokens than any picture has.
    """
    verdict = wires.judged(SERVICE, answer.reply)
    said = f": {redact(answer.text)[:160]}" if answer.text else ""
    message = f"the model answers without a picture{said}"
    counted = answer.written is not None
    if verdict.row.money is Money.UNKNOWN and not counted:
        return answer.reply.lost(message, Kind.NONSENSE)
    return answer.reply.failure(Kind.NONSENSE, message, code=answer.finish)


def wordy_usd(model: str, size: str, answer: Answer) -> float | None:
    """What an answer without a picture cost: that of a picture where as many tokens were counted, 0 for none."""
    if not answer.written:
        return 0.0
    return image_usd(model, size, answer) if answer.written >= PICTURE_TOKENS else text_usd(model, answer)


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
    tokens = factor * (answer.prompt_tokens * prices[0] + answer.output_tokens * prices[1]) / 1e6
    return round(tokens + answer.searches * SEARCH_USD, 6)
