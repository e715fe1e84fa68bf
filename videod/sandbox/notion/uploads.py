"""File uploads: announce, send (in one or many parts), complete, list; and serving what was uploaded."""

import asyncio
import mimetypes
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web

from videod.sandbox.notion import checks, files, imports, paging
from videod.sandbox.notion.errors import invalid, misfit
from videod.sandbox.notion.model import HOUR_MS, Json, Upload, iso, whole_minute
from videod.sandbox.notion.store import SERVICE
from videod.sandbox.notion.workspace import CALLER, Caller, Workspace

SINGLE_MAX_BYTES = 20 << 20
PART_MIN_BYTES = 5 << 20
PARTS_MAX = 1000
FILENAME_MAX_BYTES = 900
MODES = ("single_part", "multi_part", "external_url")
STATUSES = ("pending", "uploaded", "expired", "failed")
#: What the file upload guide lists as supported.
EXTENSIONS = frozenset({
    ".gif", ".heic", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff", ".webp", ".ico",
    ".aac", ".adts", ".mid", ".midi", ".mp3", ".mpga", ".m4a", ".m4b", ".oga", ".ogg", ".wav", ".wma",
    ".mp4", ".amv", ".asf", ".wmv", ".avi", ".f4v", ".flv", ".gifv", ".m4v", ".mkv", ".webm", ".mov", ".qt", ".mpeg",
    ".pdf", ".txt", ".json", ".doc", ".dot", ".docx", ".dotx", ".xls", ".xlt", ".xla", ".xlsx", ".xltx",
    ".ppt", ".pot", ".pps", ".ppa", ".pptx", ".potx",
})  # fmt: skip


class Uploads:
    """Handlers of `/v1/file_uploads` and of the hosted files."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = workspace.store
        self._folder = folder_of(workspace)
        self._imports = imports.Imports(workspace, self._folder)

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/v1/file_uploads", self.create),
            web.get("/v1/file_uploads", self.list),
            web.get("/v1/file_uploads/{id}", self.read),
            web.post("/v1/file_uploads/{id}/send", self.send),
            web.post("/v1/file_uploads/{id}/complete", self.complete),
            web.get("/files/{id}/{name}", self.serve),
        ]

    def attach_to(self, app: web.Application) -> None:
        """Imports of external files run while the application does; those left over go on after a restart."""
        app.cleanup_ctx.append(self._imports.run)

    async def create(self, request: web.Request) -> web.Response:
        body = await checks.json_body(request)
        checks.only(body, ("mode", "filename", "content_type", "number_of_parts", "external_url"))
        mode = body.get("mode", "single_part")
        if mode not in MODES:
            raise misfit("body.mode", " or ".join(f'"{known}"' for known in MODES), mode)
        if mode == "multi_part" and self._workspace.file_bytes <= SINGLE_MAX_BYTES:
            raise invalid("Multi-part file uploads are for paid workspaces.")
        filename, content_type = _named(body)
        if filename is None and mode != "single_part":
            raise misfit("body.filename", "defined", "undefined")
        link = checks.url(body.get("external_url"), "body.external_url") if mode == "external_url" else None
        upload = Upload(
            **self._store.birth(request[CALLER].user_id),
            mode=mode,
            filename=filename,
            content_type=content_type,
            parts=_number_of_parts(body, mode),
            external_url=link,
        )
        self._store.put(upload)
        if link is not None:
            self._imports.begin(upload)
        return web.json_response(self._show(upload, request[CALLER]))

    async def read(self, request: web.Request) -> web.Response:
        return web.json_response(self._show(self._upload(request), request[CALLER]))

    async def list(self, request: web.Request) -> web.Response:
        status, now_ms = request.query.get("status"), self._workspace.now_ms()
        if status is not None and status not in STATUSES:
            raise misfit("query.status", " or ".join(STATUSES), status)
        uploads = [u for u in reversed(self._store.uploads.values()) if status in (None, u.status(now_ms))]
        part = paging.cut(uploads, paging.from_query(request))
        results = [self._show(upload, request[CALLER]) for upload in part.items]
        return web.json_response(paging.envelope(results, part, "file_upload"))

    async def send(self, request: web.Request) -> web.Response:
        upload = self._pending(self._upload(request))
        if upload.mode == "external_url":
            raise invalid("A file upload with mode `external_url` takes no file contents.")
        if not request.content_type.startswith("multipart/"):
            raise invalid("Content-Type should be multipart/form-data.")
        received = self._folder / f"{upload.id}.{self._store.new_id()}.received"
        try:
            fields, sent = await _receive(request, received)
            part = _part_number(upload, fields)
            _check_part(upload, part, sent)
            if sent.size + sum(upload.sent.values()) > (most := self._workspace.file_bytes):
                raise invalid(f"The file is larger than the {most} bytes that this workspace takes for one file.")
            # several parts may arrive at once: take the row as it is now, not as it was before the bytes came
            changed = self._take(self._pending(self._store.uploads[upload.id]), part, sent, received)
        finally:
            received.unlink(missing_ok=True)
        self._store.put(changed)
        return web.json_response(self._show(changed, request[CALLER]))

    async def complete(self, request: web.Request) -> web.Response:
        upload = self._pending(self._upload(request))
        if upload.mode != "multi_part":
            raise invalid("Only file uploads with mode `multi_part` are completed.")
        missing = [number for number in range(1, (upload.parts or 0) + 1) if str(number) not in upload.sent]
        if missing:
            raise invalid(f"File upload {upload.id} is missing part {missing[0]} of {upload.parts}.")
        await asyncio.to_thread(_join, self._folder, upload)
        done = replace(upload, state="uploaded", size=sum(upload.sent.values()))
        self._store.put(done)
        return web.json_response(self._show(done, request[CALLER]))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The bytes of an uploaded file while its signed address holds; afterwards 403 as the object store says it."""
        upload = self._store.uploads.get(request.match_info["id"])
        expires = request.query.get("exp", "")
        expires_ms = int(expires) if expires.isdecimal() else 0
        signed = upload is not None and request.query.get("sig") == files.signature(upload.id, expires_ms)
        if upload is None or not signed or self._workspace.now_ms() >= expires_ms:
            reason = "Request has expired" if signed else "Access Denied"
            body = f"<Error><Code>AccessDenied</Code><Message>{reason}</Message></Error>"
            return web.Response(status=403, text=body, content_type="application/xml")
        kind = upload.content_type or "application/octet-stream"
        return web.FileResponse(self._folder / upload.id, headers={"Content-Type": kind})

    def _upload(self, request: web.Request) -> Upload:
        wanted = checks.identifier(request.match_info["id"], "path.file_upload_id")
        return self._store.find(self._store.uploads, "file upload", wanted)

    def _pending(self, upload: Upload) -> Upload:
        status = upload.status(self._workspace.now_ms())
        if status != "pending":
            raise invalid(f"File upload {upload.id} has a status of `{status}`, should be `pending`.")
        return upload

    def _take(self, upload: Upload, part: int | None, sent: "Sent", received: Path) -> Upload:
        """Put the received bytes in their place and return the row that records them."""
        content_type = upload.content_type or sent.content_type
        if part is None:
            filename = upload.filename or sent.filename
            received.replace(self._folder / upload.id)
            return replace(upload, state="uploaded", size=sent.size, filename=filename, content_type=content_type)
        received.replace(self._folder / f"{upload.id}.part{part}")
        return replace(upload, sent={**upload.sent, str(part): sent.size}, content_type=content_type)

    def _show(self, upload: Upload, caller: Caller) -> Json:
        now_ms = self._workspace.now_ms()
        status, times = upload.status(now_ms), upload.times()
        del times["last_edited_by"]
        shown: Json = {
            "object": "file_upload",
            "id": upload.id,
            **times,
            "created_by": {"id": upload.created_by, "type": "bot"},
            **upload.trash(),
            "expiry_time": None if upload.attached else iso(whole_minute(upload.created_ms) + HOUR_MS),
            "status": status,
            "filename": upload.filename,
            "content_type": upload.content_type,
            "content_length": upload.size,
        }
        if status == "pending" and upload.mode != "external_url":
            shown["upload_url"] = f"{caller.base}/v1/file_uploads/{upload.id}/send"
        if upload.parts is not None:
            shown["number_of_parts"] = {"total": upload.parts, "sent": len(upload.sent)}
            shown["complete_url"] = f"{caller.base}/v1/file_uploads/{upload.id}/complete"
        if upload.mode == "external_url" and upload.state != "pending":
            shown["file_import_result"] = imports.result(upload)
        return shown


def folder_of(workspace: Workspace) -> Path:
    """Where the bytes are: one file per finished upload, named by its id."""
    folder = workspace.context.folder(SERVICE) / "files"
    folder.mkdir(exist_ok=True)
    return folder


def _named(body: Json) -> tuple[str | None, str | None]:
    """Filename and content type, when given: a supported extension, and types that do not contradict each other."""
    filename, content_type = body.get("filename"), body.get("content_type")
    if content_type is not None:
        checks.text(content_type, "body.content_type")
    if filename is None:
        return None, content_type
    if len(checks.text(filename, "body.filename").encode("utf-8", "surrogatepass")) > FILENAME_MAX_BYTES:
        raise misfit("body.filename", f"at most {FILENAME_MAX_BYTES} bytes", filename)
    extension = Path(filename).suffix.lower()
    if extension not in EXTENSIONS:
        raise invalid("Provided `filename` has an extension that is not supported for the File Upload API.")
    guessed = mimetypes.guess_type(f"file{extension}")[0]
    if content_type is not None and guessed is not None and guessed.split("/")[0] != content_type.split("/")[0]:
        raise invalid(f"Provided `content_type` {content_type} does not match the extension of `filename`.")
    return filename, content_type or guessed


def _number_of_parts(body: Json, mode: str) -> int | None:
    if mode != "multi_part":
        return None
    number = body.get("number_of_parts")
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= PARTS_MAX:
        raise misfit("body.number_of_parts", f"a number from 1 to {PARTS_MAX}", number)
    return number


class Sent:
    """What one multipart request brought: the size, name and type of its file."""

    def __init__(self) -> None:
        self.size = -1
        self.filename: str | None = None
        self.content_type: str | None = None


async def _receive(request: web.Request, target: Path) -> tuple[dict[str, str], Sent]:
    """Stream the form to disk. Bytes over the limit are read (so that the answer arrives) but not kept."""
    fields: dict[str, str] = {}
    sent = Sent()
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise invalid("body.file should not be nested.")
        if part.name != "file":
            fields[part.name or ""] = await part.text()
            continue
        sent.filename, sent.content_type = part.filename, part.headers.get("Content-Type")
        sink = _open(target)
        try:
            sent.size = await _copy(part, sink)
        finally:
            sink.close()
    return fields, sent


def _open(target: Path) -> BinaryIO:
    return target.open("wb")


async def _copy(part: BodyPartReader, sink: BinaryIO) -> int:
    size = 0
    while chunk := await part.read_chunk(1 << 18):
        size += len(chunk)
        if size <= SINGLE_MAX_BYTES:
            sink.write(chunk)
    return size


def _part_number(upload: Upload, fields: dict[str, str]) -> int | None:
    raw = fields.get("part_number")
    if upload.mode == "single_part":
        if raw is not None:
            raise invalid("body failed validation: body.part_number should be not present for mode `single_part`.")
        return None
    if raw is None or not raw.isdecimal() or not 1 <= int(raw) <= (upload.parts or 0):
        raise misfit("body.part_number", f"a number from 1 to {upload.parts}", raw)
    return int(raw)


def _check_part(upload: Upload, part: int | None, sent: Sent) -> None:
    if sent.size < 0:
        raise misfit("body.file", "defined", "undefined")
    if sent.size > SINGLE_MAX_BYTES:
        raise invalid(f"File contents of {sent.size} bytes exceed the limit of {SINGLE_MAX_BYTES} bytes for one part.")
    if part is not None and part < (upload.parts or 0) and sent.size < PART_MIN_BYTES:
        raise invalid(f"Part {part} has {sent.size} bytes; all but the last must have at least {PART_MIN_BYTES}.")
    stated = (sent.content_type or "").split(";")[0].strip()
    if upload.content_type and stated and stated != upload.content_type.split(";")[0].strip():
        raise invalid(
            f"The content type of the file ({stated}) does not match that of the file upload ({upload.content_type})."
        )


def _join(folder: Path, upload: Upload) -> None:
    whole = folder / f"{upload.id}.joining"
    with whole.open("wb") as out:
        for number in range(1, (upload.parts or 0) + 1):
            with (folder / f"{upload.id}.part{number}").open("rb") as part:
                shutil.copyfileobj(part, out)
    whole.replace(folder / upload.id)
    for number in range(1, (upload.parts or 0) + 1):
        (folder / f"{upload.id}.part{number}").unlink()
