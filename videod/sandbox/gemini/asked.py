"""Reading a generateContent request: parts, reference pictures and settings, in camelCase or snake_case."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from videod.sandbox.gemini.errors import invalid
from videod.sandbox.gemini.models import SIZES_1K, Model

#: All of one request, as the service limits it.
PAYLOAD_LIMIT = 20 * 1024 * 1024


@dataclass(frozen=True)
class Asked:
    """One request. `text` joins the user's turns; `last` is the newest of them; `schema` is None for plain text."""

    text: str
    last: str
    turns: int
    references: tuple[bytes, ...]
    wants_json: bool
    schema: dict[str, Any] | None
    modalities: frozenset[str]
    ratio: str
    size: str
    tokens_max: int | None
    digest: str
    #: whether the model may search the web
    searches: bool


def field(value: Any, name: str) -> Any:
    """A member by its camelCase name or the same in snake_case."""
    if not isinstance(value, dict):
        return None
    if name in value:
        return value[name]
    return value.get(re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name))


def read(raw: bytes, model: Model) -> Asked:
    """The request in `raw`. Raises GeminiError (400) for what the service refuses."""
    if len(raw) > PAYLOAD_LIMIT:
        raise invalid(f"Request payload size exceeds the limit: {PAYLOAD_LIMIT} bytes.")
    try:
        body = json.loads(raw)
    except ValueError:
        raise invalid("Invalid JSON payload received. Unexpected end of string.") from None
    contents = body.get("contents") if isinstance(body, dict) else None
    if not isinstance(contents, list) or not contents:
        raise invalid("* GenerateContentRequest.contents: contents is not specified", "contents")
    config = field(body, "generationConfig") or {}
    image = field(config, "imageConfig") or {}
    modalities = frozenset(str(word).upper() for word in field(config, "responseModalities") or ())
    texts, references = _parts(contents)
    asked = Asked(
        text="\n".join(texts), last=texts[-1] if texts else "", turns=len(contents), references=tuple(references),
        wants_json=field(config, "responseMimeType") == "application/json",
        schema=field(config, "responseJsonSchema") or field(config, "responseSchema"),
        modalities=modalities, ratio=field(image, "aspectRatio") or ("16:9" if model.draws else "1:1"),
        size=field(image, "imageSize") or "1K", tokens_max=field(config, "maxOutputTokens"),
        digest=hashlib.sha256(json.dumps([model.name, body], sort_keys=True).encode()).hexdigest(),
        searches=any(field(tool, "googleSearch") is not None for tool in field(body, "tools") or ()),
    )  # fmt: skip
    _check(asked, model)
    return asked


def _check(asked: Asked, model: Model) -> None:
    if "IMAGE" in asked.modalities and not model.draws:
        raise invalid("The requested combination of response modalities (IMAGE) is not supported by the model.")
    if asked.wants_json and asked.searches:
        raise invalid("Tool use with a response mime type: 'application/json' is unsupported")
    if asked.wants_json and model.draws:
        raise invalid("JSON mode is not enabled for this model", "generation_config.response_mime_type")
    if asked.schema is not None and not asked.wants_json:
        message = "Response schema needs response_mime_type 'application/json'."
        raise invalid(message, "generation_config.response_schema")
    if not model.draws:
        return
    if asked.ratio not in SIZES_1K:
        raise invalid(f"aspect_ratio {asked.ratio!r} is not supported.", "generation_config.image_config.aspect_ratio")
    if asked.size not in dict(model.sizes):
        raise invalid(f"image_size {asked.size!r} is not supported.", "generation_config.image_config.image_size")


def _parts(contents: list[Any]) -> tuple[list[str], list[bytes]]:
    """The text of each user turn, and the pictures of all."""
    texts: list[str] = []
    pictures: list[bytes] = []
    for content in contents:
        parts = content.get("parts") if isinstance(content, dict) else None
        if not isinstance(parts, list) or not parts:
            raise invalid("* GenerateContentRequest.contents.parts: contents.parts must not be empty.", "contents")
        if content.get("role", "user") not in ("user", "model"):
            raise invalid("Please use a valid role: user, model.", "contents.role")
        if content.get("role", "user") == "user":
            texts.append("\n".join(str(part["text"]) for part in parts if isinstance(part, dict) and "text" in part))
            pictures += [data for part in parts if (data := _picture(part)) is not None]
    return texts, pictures


def _picture(part: Any) -> bytes | None:
    inline = field(part, "inlineData")
    if inline is None:
        return None
    kind, data = field(inline, "mimeType"), field(inline, "data")
    if not isinstance(kind, str) or not kind.startswith("image/"):
        raise invalid(f"Unsupported MIME type: {kind}", "contents.parts.inline_data.mime_type")
    try:
        # some clients write the URL-safe alphabet
        return base64.b64decode(str(data).replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Base64 decoding failed for the inline data", "contents.parts.inline_data.data") from None
