"""The upload host (kieai.redpandaai.co): three ways in, and the files served back for 24 hours.

A file uploaded again under the same path replaces the old one, as the real host does.
"""

import asyncio
import base64
import binascii
import mimetypes
import re
import secrets
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import aiohttp
from aiohttp import web

from videod.sandbox.kernel import Context, Handler, traffic
from videod.sandbox.kie.envelope import has_key

#: KIE's quick start says 24 h, its endpoint pages say 3 days; the shorter is the one to live with.
LIFE_MS = 24 * 3600 * 1000
MOST_BYTES = 100 * 1024 * 1024
FETCH_S = 30


class Refused(Exception):
    """An upload the host does not take; `code` is both the body's code and the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def _safe(path: str) -> str:
    parts = [part for part in PurePosixPath(path.strip("/")).parts if part != "."]
    if not parts or any(part == ".." or not re.fullmatch(r"[\w .()@+-]{1,200}", part) for part in parts):
        raise Refused(400, f"Invalid path: {path[:80]}")
    return "/".join(parts)


class Upload:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._files: dict[str, dict[str, Any]] = context.load("kie_upload").get("files", {})

    async def stream(self, request: web.Request) -> web.Response:
        if not (request.content_type or "").startswith("multipart/"):
            raise Refused(400, "Missing required parameter: file")
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField):
            raise Refused(400, "Missing required parameter: file")
        data = await asyncio.to_thread(file.file.read)
        return self._keep(data, form.get("uploadPath"), form.get("fileName") or file.filename, file.content_type)

    async def base64(self, request: web.Request) -> web.Response:
        body = await self._body(request, "base64Data")
        text = str(body["base64Data"])
        head, _, rest = text.partition(",") if text.startswith("data:") else ("", "", text)
        mime = head[5:].split(";")[0] or "application/octet-stream"
        try:
            data = base64.b64decode(rest, validate=True)
        except binascii.Error:
            raise Refused(400, "Invalid base64 data") from None
        name = body.get("fileName") or secrets.token_hex(8) + (mimetypes.guess_extension(mime) or ".bin")
        return self._keep(data, body.get("uploadPath"), name, mime)

    async def url(self, request: web.Request) -> web.Response:
        body = await self._body(request, "fileUrl")
        url = str(body["fileUrl"])
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_S)) as session,
                session.get(url) as response,
            ):
                response.raise_for_status()
                data = b"".join([piece async for piece in response.content.iter_chunked(1 << 16)])
                mime = response.content_type
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            raise Refused(400, f"Failed to download the file: {type(problem).__name__}") from problem
        return self._keep(data, body.get("uploadPath"), body.get("fileName") or url.rsplit("/", 1)[-1], mime)

    async def _body(self, request: web.Request, needed: str) -> dict[str, Any]:
        try:
            body = await request.json()
        except ValueError:
            raise Refused(400, "Invalid JSON") from None
        if not isinstance(body, dict) or not body.get(needed):
            raise Refused(400, f"Missing required parameter: {needed}")
        return body

    def _keep(self, data: bytes, folder: object, name: object, mime: str) -> web.Response:
        if not isinstance(folder, str) or not folder.strip("/"):
            raise Refused(400, "Missing required parameter: uploadPath")
        if len(data) > MOST_BYTES:
            raise Refused(400, "File size exceeds 100MB")
        path = f"{_safe(folder)}/{_safe(str(name).replace('/', '_'))}"
        target = self._context.folder("kie_upload") / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        now = self._context.now_ms()
        self._files[path] = {"at_ms": now, "mime": mime, "bytes": len(data)}
        self._context.save("kie_upload", {"files": self._files})
        uploaded = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        facts = {
            "fileName": target.name, "filePath": path, "fileSize": len(data), "mimeType": mime,
            "downloadUrl": f"{self._context.urls['kie_upload']}/files/{path}",
            "uploadedAt": uploaded,
        }  # fmt: skip
        return web.json_response({"success": True, "code": 200, "msg": "File uploaded successfully", "data": facts})

    async def file(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        facts = self._files.get(path)
        gone = self._context.faults.take("kie_upload", f"GET {request.path}", ("expired_result",)) is not None
        if gone or facts is None or self._context.now_ms() - facts["at_ms"] > LIFE_MS:
            return web.Response(status=404, text="404 Not Found")
        data = await asyncio.to_thread((self._context.folder("kie_upload") / "files" / path).read_bytes)
        return web.Response(body=data, headers={"Content-Type": facts["mime"]})


def build(context: Context) -> web.Application:
    """The app of the upload host. A multipart body is read whole, up to 100 MB and its frame."""
    upload = Upload(context)

    @web.middleware
    async def doors(request: web.Request, handler: Handler) -> web.StreamResponse:
        agent = request.headers.get("User-Agent", "")
        if not agent or agent.startswith("Python-urllib"):
            return web.Response(status=403, text="error code: 1010")
        try:
            if request.method == "POST" and not has_key(request):
                raise Refused(401, "Authentication failed: Invalid API Key")
            answered = await handler(request)
        except Refused as refused:
            body = {"success": False, "code": refused.code, "msg": str(refused)}
            return web.json_response(body, status=refused.code)
        return answered

    app = web.Application(middlewares=[traffic(context, "kie_upload"), doors], client_max_size=MOST_BYTES + 1_000_000)
    app.add_routes(
        [
            web.post("/api/file-stream-upload", upload.stream),
            web.post("/api/file-base64-upload", upload.base64),
            web.post("/api/file-url-upload", upload.url),
            web.get("/files/{path:.+}", upload.file),
        ]
    )
    return app
