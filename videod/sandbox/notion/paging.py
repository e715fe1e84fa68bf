"""Cursors and page sizes, the same for every list of the API."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiohttp import web

from videod.sandbox.notion.errors import invalid, misfit
from videod.sandbox.notion.model import Json, Row

PAGE_SIZE_MAX = 100

Item = TypeVar("Item")
AnyRow = TypeVar("AnyRow", bound=Row)


@dataclass(frozen=True)
class Ask:
    """Which slice a request wants: `after` is (how many were handed out, the id of the last of them)."""

    size: int = PAGE_SIZE_MAX
    after: tuple[int, str] | None = None


@dataclass(frozen=True)
class Slice(Generic[Item]):
    items: list[Item]
    next_cursor: str | None
    has_more: bool
    incomplete: bool = False  # the list ended at the cap and not at its end


def from_query(request: web.Request) -> Ask:
    """The wish of a GET: `?start_cursor=&page_size=`."""
    raw = request.query.get("page_size")
    if raw is not None and not raw.isdecimal():
        raise misfit("query.page_size", "a number", raw)
    return _ask(None if raw is None else int(raw), request.query.get("start_cursor"), "query")


def from_body(body: Json) -> Ask:
    return _ask(body.get("page_size"), body.get("start_cursor"), "body")


def _ask(size: object, cursor: object, place: str) -> Ask:
    if size is None:
        size = PAGE_SIZE_MAX
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise misfit(f"{place}.page_size", "a number \u2265 `1`", size)
    if size > PAGE_SIZE_MAX:
        raise misfit(f"{place}.page_size", f"\u2264 `{PAGE_SIZE_MAX}`", size)
    return Ask(size, None if cursor is None else _read(cursor))


def write(count: int, last_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([count, last_id]).encode()).decode()


def _read(cursor: object) -> tuple[int, str]:
    refusal = invalid(f"The start_cursor provided is invalid: {cursor}")
    if not isinstance(cursor, str):
        raise refusal
    try:
        count, last_id = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, TypeError):
        raise refusal from None
    if not isinstance(count, int) or not isinstance(last_id, str):
        raise refusal
    return count, last_id


def cut(rows: Sequence[AnyRow], ask: Ask, cap: int | None = None) -> Slice[AnyRow]:
    """The slice after the cursor. A row that left the list meanwhile is stood in for by its old position."""
    begin = handed_out = 0
    if ask.after is not None:
        handed_out, last_id = ask.after
        at = next((at for at, row in enumerate(rows) if row.id == last_id), None)
        begin = handed_out if at is None else at + 1
    room = ask.size if cap is None else min(ask.size, cap - handed_out)
    items = list(rows[begin : begin + max(0, room)])
    handed_out += len(items)
    more = begin + len(items) < len(rows)
    if more and cap is not None and handed_out >= cap:
        return Slice(items, None, False, incomplete=True)
    return Slice(items, write(handed_out, items[-1].id) if more and items else None, more)


def envelope(results: list[Json], part: Slice[Item], kind: str) -> Json:
    """The list object around rendered results; `kind` names the type of what is listed."""
    body: Json = {
        "object": "list", "results": results, "next_cursor": part.next_cursor, "has_more": part.has_more,
        "type": kind, kind: {},
    }  # fmt: skip
    if part.incomplete:
        body["request_status"] = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    return body
