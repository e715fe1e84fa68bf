"""The sandbox's web page: the Notion board, what was published, and what it would have cost.

The page reads the simulated services' stored state; a change that a person makes on it (a status, a redo flag) goes
through
the simulated Notion's API with the person's token, exactly as an edit in Notion's own app would reach the daemon.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from videod.guard.requests import Unwelcome, json_body
from videod.sandbox import page_views
from videod.sandbox.kernel import Context
from videod.sandbox.notion.model import PERSON_TOKEN
from videod.sandbox.notion.workspace import NEWEST

STATIC = Path(__file__).with_name("page_static")
EDIT_TIMEOUT_S = 10.0
#: Nothing but the page itself may run; pictures and films may lie at any address an asset names.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src * data:; media-src *; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_SESSION = web.AppKey("session", aiohttp.ClientSession)


class Site:
    """Handlers of the page, its JSON and its media."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._board = page_views.Board(context)

    def routes(self) -> list[web.RouteDef]:
        return [
            *(web.get(path, self.shell) for path in ("/", "/videos", "/ledger")),
            web.get("/static/{name}", self.static),
            web.get("/api/board", self.board),
            web.get("/api/entries/{id}", self.entry),
            web.get("/api/videos", self.videos),
            web.get("/api/ledger", self.ledger),
            web.post("/api/pages/{id}", self.edit),
            web.get("/media/notion/{id}", self.notion_file),
            web.get("/media/youtube/{id}", self.youtube_file),
            web.get("/media/thumbnail/{id}", self.thumbnail),
            web.get("/media/captions/{id}", self.captions),
        ]

    async def shell(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html", headers=_HEADERS)

    async def static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in ("app.js", "style.css"):
            raise web.HTTPNotFound
        return web.FileResponse(STATIC / name, headers=_HEADERS)

    async def board(self, _request: web.Request) -> web.Response:
        spent = self._context.account.total_usd()
        return web.json_response({**self._board.view(), "total_usd": spent}, headers=_HEADERS)

    async def entry(self, request: web.Request) -> web.Response:
        found = self._board.entry(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound(text="there is no such entry")
        return web.json_response(found, headers=_HEADERS)

    async def videos(self, _request: web.Request) -> web.Response:
        return web.json_response({"videos": page_views.videos(self._context)}, headers=_HEADERS)

    async def ledger(self, _request: web.Request) -> web.Response:
        return web.json_response(page_views.ledger(self._context), headers=_HEADERS)

    async def notion_file(self, request: web.Request) -> web.StreamResponse:
        found = self._board.file(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound(text="there is no such file")
        path, content_type = found
        return web.FileResponse(path, headers={**_HEADERS, "Content-Type": content_type})

    async def youtube_file(self, request: web.Request) -> web.StreamResponse:
        path = page_views.video_file(self._context, request.match_info["id"])
        if path is None:
            raise web.HTTPNotFound(text="there is no such video")
        return web.FileResponse(path, headers={**_HEADERS, "Content-Type": "video/mp4"})

    async def thumbnail(self, request: web.Request) -> web.StreamResponse:
        path = page_views.video_file(self._context, request.match_info["id"], "thumbnail")
        if path is None:
            raise web.HTTPNotFound(text="there is no such thumbnail")
        return web.FileResponse(path, headers=_HEADERS)

    async def captions(self, request: web.Request) -> web.Response:
        track = page_views.caption_track(self._context, request.match_info["id"])
        if track is None:
            raise web.HTTPNotFound(text="there are no such captions")
        return web.Response(text=track, content_type="text/vtt", headers=_HEADERS)

    async def edit(self, request: web.Request) -> web.Response:
        """`{"status": name}` for an entry or `{"redo": bool}` for an asset, made as the person's edit."""
        try:
            properties = self._properties(await json_body(request))
        except Unwelcome as refused:
            return web.json_response({"ok": False, "message": str(refused)}, status=refused.status, headers=_HEADERS)
        address = f"{self._context.urls['notion']}/v1/pages/{request.match_info['id']}"
        headers = {"Authorization": f"Bearer {PERSON_TOKEN}", "Notion-Version": NEWEST}
        session = request.app[_SESSION]
        try:
            async with session.patch(address, json={"properties": properties}, headers=headers) as done:
                answer = await done.json(content_type=None)
                status, message = done.status, str(answer.get("message", ""))
        except (aiohttp.ClientError, TimeoutError, ValueError) as trouble:
            status, message = 502, f"the simulated Notion did not answer: {trouble}"
        return web.json_response({"ok": status == 200, "message": message}, status=status, headers=_HEADERS)

    def _properties(self, body: object) -> dict[str, Any]:
        if isinstance(body, dict) and isinstance(body.get("status"), str):
            return {"Status": {self._board.status_type(): {"name": body["status"]}}}
        if isinstance(body, dict) and isinstance(body.get("redo"), bool):
            return {"Redo": {"checkbox": body["redo"]}}
        raise web.HTTPBadRequest(text='send {"status": name} or {"redo": true or false}')


async def _session(app: web.Application) -> AsyncIterator[None]:
    app[_SESSION] = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=EDIT_TIMEOUT_S))
    yield
    await app[_SESSION].close()


def build_page(context: Context) -> web.Application:
    """The page as a web application; needs `context.urls["notion"]` when a person edits something."""
    app = web.Application()
    app.add_routes(Site(context).routes())
    app.cleanup_ctx.append(_session)
    return app
