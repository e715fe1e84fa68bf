"""Files that Notion fetches itself (mode `external_url`): in the background, after the answer has left."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
from aiohttp import web

from videod.sandbox.notion.model import Json, Upload, iso
from videod.sandbox.notion.workspace import Workspace

IMPORT_MAX_BYTES = 200 << 20
IMPORT_TIMEOUT_S = 60.0


class Imports:
    """Fetches of external files. A fetch that a stop cut short begins again at the next start."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self._workspace = workspace
        self._folder = folder
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, _app: web.Application) -> AsyncIterator[None]:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=IMPORT_TIMEOUT_S))
        for upload in list(self._workspace.store.uploads.values()):
            if upload.external_url is not None and upload.state == "pending":
                self.begin(upload)
        yield
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def begin(self, upload: Upload) -> None:
        task = asyncio.create_task(self._import(upload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _import(self, upload: Upload) -> None:
        try:
            body, content_type = await self._fetch(upload.external_url or "")
        except (aiohttp.ClientError, TimeoutError, ValueError) as trouble:
            done = replace(upload, state="failed", failure=f"{type(trouble).__name__}: {trouble}"[:300])
        else:
            partial = self._folder / f"{upload.id}.import"
            partial.write_bytes(body)
            partial.replace(self._folder / upload.id)
            known = upload.content_type or content_type
            done = replace(upload, state="uploaded", size=len(body), content_type=known)
        self._workspace.store.put(done)

    async def _fetch(self, url: str) -> tuple[bytes, str]:
        assert self._session is not None
        async with self._session.get(url) as response:
            response.raise_for_status()
            body = await response.content.read(IMPORT_MAX_BYTES + 1)
            while not response.content.at_eof() and len(body) <= IMPORT_MAX_BYTES:
                body += await response.content.read(IMPORT_MAX_BYTES + 1 - len(body))
            if len(body) > IMPORT_MAX_BYTES:
                raise ValueError(f"the file is larger than {IMPORT_MAX_BYTES} bytes")
            return body, response.content_type


def result(upload: Upload) -> Json:
    """The `file_import_result` of a finished import."""
    imported = iso(upload.edited_ms)
    if upload.failure is None:
        return {"type": "success", "imported_time": imported, "success": {}}
    error = {
        "type": "validation_error", "code": "file_upload_invalid_url", "message": upload.failure,
        "parameter": "external_url", "status_code": None,
    }  # fmt: skip
    return {"type": "error", "imported_time": imported, "error": error}
