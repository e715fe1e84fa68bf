"""Shape checks of request bodies with Notion's limits: each returns the value, typed, or refuses with a 400."""

import json
import uuid
from collections.abc import Iterable
from typing import Any, NoReturn

from aiohttp import web

from videod.sandbox.notion.errors import ApiError, invalid, misfit
from videod.sandbox.notion.model import Json

ARRAY_MAX = 100
URL_MAX = 2000
PAYLOAD_MAX_BYTES = 500_000


def utf16_length(text: str) -> int:
    """Notion counts as JavaScript does: an emoji outside the first plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def obj(value: object, path: str) -> Json:
    if not isinstance(value, dict):
        raise misfit(path, "an object", value)
    return value


def array(value: object, path: str, limit: int = ARRAY_MAX) -> list[Any]:
    if not isinstance(value, list):
        raise misfit(path, "an array", value)
    if len(value) > limit:
        raise invalid(f"body failed validation: {path}.length should be \u2264 `{limit}`, instead was `{len(value)}`.")
    return value


def text(value: object, path: str, limit: int = URL_MAX) -> str:
    if not isinstance(value, str):
        raise misfit(path, "a string", value)
    length = utf16_length(value)
    if length > limit:
        raise invalid(f"body failed validation: {path}.length should be \u2264 `{limit}`, instead was `{length}`.")
    return value


def url(value: object, path: str) -> str:
    checked = text(value, path, URL_MAX)
    if not checked:
        raise misfit(path, "a non-empty string or `null`", value)
    return checked


def boolean(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise misfit(path, "a boolean", value)
    return value


def identifier(value: object, path: str) -> str:
    """A UUID with or without dashes, as its dashed lower-case text."""
    try:
        return str(uuid.UUID(value if isinstance(value, str) else ""))
    except ValueError:
        raise misfit(path, "a valid uuid", value) from None


def only(body: Json, allowed: Iterable[str], path: str = "body") -> None:
    for key in body:
        if key not in set(allowed):
            raise invalid(f"body failed validation: {path}.{key} should be not present, instead was present.")


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


async def json_body(request: web.Request) -> Json:
    """The JSON object of a request; an empty body counts as `{}`. Refuses more than 500 KB."""
    raw = await request.read()
    if len(raw) > PAYLOAD_MAX_BYTES:
        raise invalid(f"Request body too large: {len(raw)} bytes, the limit is {PAYLOAD_MAX_BYTES} bytes.")
    if not raw.strip():
        return {}
    try:
        parsed = json.loads(raw, parse_constant=_no_constant)
    except ValueError:
        raise ApiError(400, "invalid_json", "Error parsing JSON body.") from None
    return obj(parsed, "body")
