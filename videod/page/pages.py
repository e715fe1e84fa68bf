"""Templates become pages. Everything that is put into one is escaped; scripts and styles are files of the package."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from videod.core import moments
from videod.core.sanitize import sanitize_screen
from videod.dashboard import text

HERE = Path(__file__).parent
STATIC = HERE / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".webmanifest": "application/json"}


class Pages:
    """`redact` takes secrets out of whatever is shown."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._made = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self._made.filters.update(
            money=text.money, span=text.span, clean=self._clean, file=static, usd=_usd
        )  # fmt: skip
        self._made.globals.update(clock=moments.clock, count=text.count)

    def page(self, name: str, status: int = 200, **values: Any) -> web.Response:
        shown = self._made.get_template(name).render(**values)
        return web.Response(text=self._redact(shown), status=status, content_type="text/html", charset="utf-8")

    def _clean(self, words: object) -> str:
        return sanitize_screen(str(words))


def _usd(dollars: float) -> str:
    return text.money(round(dollars * 1e6))


@cache
def static(name: str) -> str:
    """The address of a file of the package; it changes when the file does, so browsers keep it."""
    mark = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{mark}"


@cache
def content(name: str) -> tuple[bytes, str] | None:
    """The bytes and type of a file of the package."""
    path = STATIC / name
    kind = TYPES.get(path.suffix)
    return (path.read_bytes(), kind) if kind and path.parent == STATIC and path.is_file() else None


async def file(request: web.Request) -> web.StreamResponse:
    found = content(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    body, kind = found
    headers = {"Content-Type": f"{kind}; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=body, headers=headers)


def values(request: web.Request) -> Mapping[str, str]:
    """The query, the first value of each name."""
    return {name: request.query.getall(name)[0] for name in request.query}
