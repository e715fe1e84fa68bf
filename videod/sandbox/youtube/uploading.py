"""videos.insert by the resumable protocol: start a session, send chunks, ask how far it got, publish.

What arrived before a connection broke is kept in whole blocks of 256 KiB, as Google's upload server does.
"""

import asyncio
import hashlib
import json
import re
import struct
from pathlib import Path
from typing import Any

from aiohttp import web

from videod.sandbox.youtube import access, errors, metadata, resources
from videod.sandbox.youtube.library import Library, Session, Video

BLOCK = 256 * 1024
_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|(?P<query>\*))/(?P<total>\d+|\*)")


class Uploading:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._context = library.context
        self._busy: set[str] = set()

    async def start(self, request: web.Request) -> web.Response:
        """POST with the metadata: 200 with the session's address in Location. Counts one of the day's uploads."""
        channel = access.channel_of(self._context, request, access.UPLOAD)
        endpoint = f"{request.method} {request.path}"
        self._library.spend("uploads", 1, endpoint, access.project_of(self._context, request))
        if request.query.get("uploadType") != "resumable":
            raise errors.bad("badRequest", "This simulated service takes resumable uploads (uploadType=resumable).")
        if self._context.faults.take("youtube", endpoint, ("channel_limit",)) is not None:
            raise errors.channel_exhausted()
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            raise errors.bad("parseError", "Parse Error") from None
        if not isinstance(body, dict):
            raise errors.bad("invalidVideoMetadata", "The request metadata specifies invalid video metadata.")
        declared = request.headers.get("X-Upload-Content-Length", "")
        session_id = self._library.add_session(
            {
                "channel": channel, "snippet": metadata.snippet(body.get("snippet")),
                "status": metadata.status(body.get("status")), "total": int(declared) if declared.isdecimal() else None,
                "parts": request.query.get("part", "snippet,status").split(","), "video_id": None,
            }
        )  # fmt: skip
        address = f"{self._context.urls['youtube']}{request.path}?uploadType=resumable&upload_id={session_id}"
        return web.Response(status=200, headers={"Location": address, "X-GUploader-UploadID": session_id})

    async def put(self, request: web.Request) -> web.StreamResponse:
        """One PUT to a session: a chunk, the whole file, or the question how much has arrived."""
        channel = access.channel_of(self._context, request, access.UPLOAD)
        session_id = request.query.get("upload_id", "")
        if self._context.faults.take("youtube", f"PUT {request.path}", ("session_gone",)) is not None:
            self._library.drop_session(session_id)
        session = self._library.sessions.get(session_id)
        if session is None or session["channel"] != channel:
            return web.Response(status=404, text="Not Found")
        if session["video_id"] is not None:
            await request.read()
            return self._final(session, self._library.videos[session["video_id"]])
        if session_id in self._busy:
            return web.Response(status=503, text="Another request is writing to this upload.")
        self._busy.add(session_id)
        try:
            return await self._receive(request, session_id, session)
        finally:
            self._busy.discard(session_id)

    async def _receive(self, request: web.Request, session_id: str, session: Session) -> web.StreamResponse:
        file = self._library.session_file(session_id)
        stored = file.stat().st_size
        text = request.headers.get("Content-Range")
        found = _RANGE.fullmatch(text) if text is not None else None
        length = request.content_length
        if text is not None and found is None:
            raise errors.bad("badRequest", f"Failed to parse Content-Range header: {text[:80]}")
        if found is not None and found["query"]:
            return self._incomplete(file) if stored != session["total"] else await self._publish(request, session_id)
        first, last, total = _span(found, length)
        if total is not None and session["total"] is not None and total != session["total"]:
            raise errors.bad("badRequest", "The total size differs from X-Upload-Content-Length.")
        session["total"] = total if total is not None else session["total"]
        if length is not None and last - first + 1 != length:
            raise errors.bad("badRequest", "Content-Range does not agree with Content-Length.")
        ends = last + 1 == session["total"]
        if not ends and (last - first + 1) % BLOCK:
            raise errors.bad("badRequest", "Every chunk but the last must be a multiple of 262144 bytes.")
        if first > stored:
            raise errors.bad(
                "badRequest", f"Invalid upload offset: {stored} bytes are stored, the chunk begins at {first}."
            )
        if not await _write(request, file, skip=stored - first):
            return web.Response(status=400, text="The connection broke.")
        self._spoil(request, file, stored)
        if file.stat().st_size != session["total"]:
            return self._incomplete(file)
        return await self._publish(request, session_id)

    def _spoil(self, request: web.Request, file: Path, before: int) -> None:
        fault = self._context.faults.take("youtube", f"PUT {request.path}", ("partial_chunk", "no_range"))
        if fault is None:
            return
        kept = 0
        if fault.kind == "partial_chunk":
            kept = before + (file.stat().st_size - before) // 2 // BLOCK * BLOCK
        with file.open("r+b") as out:
            out.truncate(kept)

    def _incomplete(self, file: Path) -> web.Response:
        stored = file.stat().st_size
        return web.Response(
            status=308, reason="Resume Incomplete", headers={"Range": f"bytes=0-{stored - 1}"} if stored else {}
        )

    async def _publish(self, request: web.Request, session_id: str) -> web.StreamResponse:
        session = self._library.sessions[session_id]
        digest, head, duration_s = await asyncio.to_thread(_digest, self._library.session_file(session_id))
        take, endpoint = self._context.faults.take, f"PUT {request.path}"
        rejected = take("youtube", endpoint, ("rejected",))
        reason = (rejected.body or "duplicate") if rejected is not None else None
        video = self._library.publish(session_id, digest, head, reason)
        video["duration_s"] = duration_s
        self._library.save()
        key = hashlib.sha256(f"{digest} {video['channel']}".encode()).hexdigest()
        self._context.charge("youtube", "upload", key, 1, "insert", 0.0, video_id=video["id"])
        answer = self._final(session, video)
        if take("youtube", endpoint, ("final_lost",)) is not None and request.transport is not None:
            request.transport.abort()
        return answer

    @staticmethod
    def _final(session: Session, video: Video) -> web.Response:
        shown: dict[str, Any] = resources.video(video, session["parts"], owner=True)
        return web.json_response(shown, status=201)


def _span(found: re.Match[str] | None, length: int | None) -> tuple[int, int, int | None]:
    """First and last byte and the total (None: not known yet) that a PUT announces."""
    if found is not None:
        return int(found["first"]), int(found["last"]), None if found["total"] == "*" else int(found["total"])
    if length is None:
        raise errors.bad("badRequest", "Content-Length is required.")
    return 0, length - 1, length


async def _write(request: web.Request, file: Path, skip: int) -> bool:
    """Append the body but for its first `skip` bytes; False when the connection broke (whole blocks are kept)."""
    whole = False
    with file.open("ab") as out:
        try:
            async for piece in request.content.iter_chunked(BLOCK):
                out.write(piece[skip:])
                skip = max(0, skip - len(piece))
            whole = True
        except (ConnectionError, web.RequestPayloadError):
            pass  # the client will ask how much arrived
        finally:
            if not whole:
                out.flush()
                out.truncate(out.tell() // BLOCK * BLOCK)
    return whole


def _digest(file: Path) -> tuple[str, bytes, float | None]:
    """The digest, the first bytes and, where it is an MP4, its length in seconds."""
    with file.open("rb") as source:
        head = source.read(1 << 20)
        source.seek(0)
        return hashlib.file_digest(source, "sha256").hexdigest(), head[:12], _duration_s(head)


def _duration_s(head: bytes) -> float | None:
    """What the movie header says, where it stands at the start, as films for the web have it."""
    at = head.find(b"mvhd")
    if at < 0 or len(head) < at + 36:
        return None
    wide = head[at + 4] == 1
    scale, length = struct.unpack(">IQ" if wide else ">II", head[at + (24 if wide else 16) : at + (36 if wide else 24)])
    return length / scale if scale else None
