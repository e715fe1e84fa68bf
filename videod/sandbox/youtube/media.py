"""Small uploads beside films (captions, thumbnails): simple, multipart and resumable, as Google's clients send them."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from videod.sandbox.kernel import Context
from videod.sandbox.youtube import errors
from videod.sandbox.youtube.asking import as_object

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True)
class Sent:
    """What came: the resource and the file, None where there was none."""

    body: dict[str, Any]
    file: bytes | None


@dataclass
class _Session:
    method: str
    body: dict[str, Any]
    file: bytes = b""


class Media:
    """Reads uploads of at most `most` bytes. One that is begun as resumable is kept in memory until its last byte."""

    def __init__(self, context: Context, most: int) -> None:
        self._context = context
        self._most = most
        self._sessions: dict[str, _Session] = {}

    async def receive(self, request: web.Request) -> Sent | web.Response:
        """The upload once it is whole, else the answer that keeps it going. Raises Denied."""
        session = self._sessions.get(request.query.get("upload_id", ""))
        if session is not None:
            return await self._more(request, session)
        kind = request.query.get("uploadType", "")
        if kind == "resumable":
            return await self._begin(request)
        if kind == "multipart" and request.content_type.startswith("multipart/"):
            return await self._multipart(request)
        if kind == "media":
            return Sent({}, await self._read(request))
        return Sent(as_object(await self._read(request)), None)

    def is_new(self, request: web.Request) -> bool:
        """Whether a POST began the resumable upload that this request belongs to."""
        session = self._sessions.get(request.query.get("upload_id", ""))
        return session is not None and session.method == "POST"

    async def _begin(self, request: web.Request) -> web.Response:
        name = secrets.token_urlsafe(24)
        body = as_object(await self._read(request))
        self._sessions[name] = _Session(request.method, body)
        query = "&".join(f"{key}={value}" for key, value in {**request.query, "upload_id": name}.items())
        return web.Response(headers={"Location": f"{self._context.urls['youtube']}{request.path}?{query}"})

    async def _more(self, request: web.Request, session: _Session) -> Sent | web.Response:
        file = await self._read(request)
        found = _RANGE.fullmatch(request.headers.get("Content-Range", f"bytes 0-{len(file) - 1}/{len(file)}"))
        if found is None or int(found[1]) != len(session.file):
            raise errors.bad("badRequest", "Failed to parse Content-Range header.")
        session.file += file
        if len(session.file) < int(found[3]):
            return web.Response(status=308, headers={"Range": f"bytes=0-{len(session.file) - 1}"})
        del self._sessions[request.query["upload_id"]]
        return Sent(session.body, session.file)

    async def _multipart(self, request: web.Request) -> Sent:
        fence = re.search(r'boundary="?([^";]+)', request.headers.get("Content-Type", ""))
        raw = await self._read(request)
        pieces = raw.split(b"--" + fence[1].encode())[1:-1] if fence is not None else []
        parts = [_content(piece) for piece in pieces]
        if len(parts) != 2:
            raise errors.bad("badRequest", "A multipart upload has two parts: the resource and the file.")
        return Sent(as_object(parts[0]), parts[1])

    async def _read(self, request: web.Request) -> bytes:
        held = b""
        async for chunk in request.content.iter_chunked(65_536):
            held += chunk
            self._check(held)
        return held

    def _check(self, held: bytes) -> None:
        if len(held) > self._most:
            raise errors.Denied(413, "global", "uploadTooLarge", "Media size exceeds the limit of this method.")


def _content(piece: bytes) -> bytes:
    """What stands between the headers of a part and the line break before the next fence; clients break lines either
    way."""
    inner = re.sub(rb"^\r?\n", b"", piece)
    content = re.split(rb"\r?\n\r?\n", inner, maxsplit=1)[-1]
    return re.sub(rb"\r?\n\Z", b"", content)
