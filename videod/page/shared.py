"""One reading and one rendering for all open pages that show the same room and hear of the same change.

What a page asks for because it heard of a change (`changes`) is the same for everyone of a role, but for the key of
the session's forms, which is put in last.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from videod.page.changes import Changes
from videod.page.gate import VISITOR
from videod.web.sessions import Role

Inner = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: pages that show who looks, or what one of them writes
_OWN = ("/new", "/people", "/drafts", "/enter")
#: so long a rendering is kept, seconds; the pages that heard of a change ask at once
KEPT_S = 2.0
#: renderings that are kept at once
MOST = 60


class Shared:
    """`serve` is a middleware behind the gate."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        #: stands for the key of the forms; nobody can write it into a title
        self._key = secrets.token_hex(16)
        self._kept: dict[tuple[str, Role], asyncio.Task[web.Response | None]] = {}
        self._number = 0

    @web.middleware
    async def serve(self, request: web.Request, handler: Inner) -> web.StreamResponse:
        visitor = request.get(VISITOR)
        if visitor is None or request.method != "GET" or not refreshes(request):
            return await handler(request)
        asked = (request.path_qs, visitor.session.role)
        if self._number != self._changes.number or len(self._kept) >= MOST:
            self._kept.clear()  # what was begun before pages heard of it may lack the change
            self._number = self._changes.number
        if (made := self._kept.get(asked)) is None:
            request[VISITOR] = replace(visitor, key=self._key)
            made = self._kept[asked] = asyncio.ensure_future(_made(request, handler))
            asyncio.get_running_loop().call_later(KEPT_S, self._drop, asked, made)
        answer = await asyncio.shield(made)
        if answer is None or answer.text is None:
            request[VISITOR] = visitor
            return await handler(request)
        return web.Response(
            text=answer.text.replace(self._key, visitor.key), status=answer.status, content_type=answer.content_type,
            charset=answer.charset,
        )  # fmt: skip

    def _drop(self, asked: tuple[str, Role], made: asyncio.Task[web.Response | None]) -> None:
        if self._kept.get(asked) is made:
            del self._kept[asked]


async def _made(request: web.Request, handler: Inner) -> web.Response | None:
    """The answer to share; None for a refusal or a file. aiohttp sends one of those once, so each page asks itself."""
    try:
        answer = await handler(request)
    except web.HTTPException:
        return None
    return answer if isinstance(answer, web.Response) else None


def refreshes(request: web.Request) -> bool:
    """Whether an open page asks for itself because it heard of a change."""
    return "HX-Request" in request.headers and not request.path.startswith(_OWN)
