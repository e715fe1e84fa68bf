"""catbox.moe: anonymous-looking file hosting with plain-text answers.

What differs: the real address of a file begins with https://files.catbox.moe/, here with this simulated service's own
address
and /files/, so that the file can really be fetched. Uploads need the userhash (anonymous ones have been switched off
before); a request without a User-Agent is cut off. Fault of its own: empty (the upload answers 200 with no text).
"""

import asyncio
import secrets
from pathlib import PurePosixPath

import aiohttp
from aiohttp import web

from videod.sandbox.kernel import Context, traffic

FAULT_KINDS = ("empty",)
USERHASH = "sandbox-userhash"
MOST_BYTES = 200 * 1024 * 1024
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789"


class Catbox:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def api(self, request: web.Request) -> web.Response:
        if not request.headers.get("User-Agent"):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=400)
        form = await request.post()
        if form.get("userhash") != USERHASH:
            return web.Response(status=412, text="Invalid uploader. Anonymous uploads are disabled.")
        kind = form.get("reqtype")
        if self._context.faults.take("catbox", "POST /user/api.php", ("empty",)) is not None:
            return web.Response(text="")
        if kind == "fileupload":
            file = form.get("fileToUpload")
            if not isinstance(file, web.FileField) or not file.filename:
                return web.Response(status=412, text="No files given.")
            return self._keep(await asyncio.to_thread(file.file.read), file.filename)
        if kind == "urlupload":
            return await self._fetch(str(form.get("url", "")))
        if kind == "deletefiles":
            return self._delete(str(form.get("files", "")).split())
        return web.Response(status=412, text="Invalid request type.")

    async def _fetch(self, url: str) -> web.Response:
        limit = aiohttp.ClientTimeout(total=30)
        try:
            async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as response:
                response.raise_for_status()
                data = await response.read()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return web.Response(status=412, text="Something went wrong while fetching the URL.")
        return self._keep(data, url)

    def _keep(self, data: bytes, name: str) -> web.Response:
        if not data or len(data) > MOST_BYTES:
            return web.Response(status=412, text="File is empty or larger than 200 MB.")
        stem = "".join(secrets.choice(_NAME) for _ in range(6))
        kept = stem + PurePosixPath(name.partition("?")[0]).suffix.lower()[:8]
        (self._context.folder("catbox") / kept).write_bytes(data)
        return web.Response(text=f"{self._context.urls['catbox']}/files/{kept}")

    def _delete(self, names: list[str]) -> web.Response:
        paths = [self._context.folder("catbox") / PurePosixPath(name).name for name in names]
        if not paths or not all(path.is_file() for path in paths):
            return web.Response(status=412, text="File doesn't exist?")
        for path in paths:
            path.unlink()
        return web.Response(text="Files successfully deleted.")

    async def file(self, request: web.Request) -> web.StreamResponse:
        path = self._context.folder("catbox") / request.match_info["name"]
        if not path.is_file():
            return web.Response(status=404, text="404! not found!")
        return web.FileResponse(path)


def build(context: Context) -> web.Application:
    """One app for catbox.moe (/user/api.php) and files.catbox.moe (/files/...)."""
    catbox = Catbox(context)
    app = web.Application(middlewares=[traffic(context, "catbox")], client_max_size=MOST_BYTES + 1_000_000)
    app.add_routes([web.post("/user/api.php", catbox.api), web.get("/files/{name}", catbox.file)])
    return app
