"""What every call to the Data API shares: who asks and what it costs, its parts, its page, its JSON."""

import json
from typing import Any

from aiohttp import web

from videod.sandbox.youtube import access, errors
from videod.sandbox.youtube.library import Library

MOST_RESULTS = 50


def enter(library: Library, request: web.Request, scopes: frozenset[str], cost: int = 1) -> str:
    """The channel that asks, once its token allows the call and the day's units are enough. Raises Denied."""
    channel = access.channel_of(library.context, request, scopes)
    library.met(channel)
    if cost:
        project = access.project_of(library.context, request)
        library.spend("units", cost, f"{request.method} {request.path}", project)
    return channel


async def json_body(request: web.Request) -> dict[str, Any]:
    """The body as an object. Raises Denied."""
    return as_object(await request.read())


def as_object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise errors.bad("parseError", "Parse Error") from None
    if not isinstance(body, dict):
        raise errors.bad("badRequest", "The request body must be an object.")
    return body


def part(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of a resource, {} where it was left out or is none."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def span(request: web.Request) -> tuple[int, int]:
    """Where the page begins and how many it holds."""
    size, begin = whole(request, "maxResults", 5), whole(request, "pageToken", 0)
    if not 0 <= size <= MOST_RESULTS:
        raise errors.bad("invalidParameter", "Invalid value for maxResults. Values must be within [0, 50].")
    return begin, size


def listed(values: list[str]) -> list[str]:
    """A list parameter may be repeated, hold commas, or both."""
    return [item for value in values for item in value.split(",") if item]


def parts_of(request: web.Request) -> list[str]:
    parts = listed(request.query.getall("part", []))
    if not parts:
        raise errors.bad("missingRequiredParameter", "Required parameter: part")
    return parts


def whole(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name, "") or str(default)
    if not value.isdecimal():
        raise errors.bad(
            "invalidPageToken" if name == "pageToken" else "invalidParameter", f"Invalid value for {name}."
        )
    return int(value)


def page(
    kind: str, items: list[dict[str, Any]], total: int, size: int = 5, following: str | None = None
) -> web.Response:
    body: dict[str, Any] = {"kind": kind, "pageInfo": {"totalResults": total, "resultsPerPage": size}, "items": items}
    if not items and kind == "youtube#channelListResponse":
        del body["items"]  # as the real one does
    return web.json_response(body | ({"nextPageToken": following} if following is not None else {}))
