"""Files into Notion: one request up to 20 MB, parts of 10 MB above. A file that is not attached lapses in an hour.

A file is opened once. What is sent is hashed before anything is announced, and again as it is read: where it is not
what was checked, nothing of it is attached.
"""

import asyncio
import errno
import hashlib
import mimetypes
import os
from pathlib import Path
from typing import BinaryIO

from videod import files
from videod.adapters.notion_calls import Calls
from videod.adapters.notion_shapes import identifier, promised, said
from videod.core import bounds
from videod.ports import BoardError, Clock

SINGLE_MAX = 20 * 1024 * 1024
PART = 10 * 1024 * 1024
#: Notion takes no larger file
LARGEST = 5 << 30
#: how large a file this workspace takes is asked again after so long, ms
ASK_AGAIN_MS = 3_600_000


class FileLimit:
    """How large a file the workspace takes, as Notion says (5 MiB on its Free plan); LARGEST where it does not say."""

    def __init__(self, calls: Calls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._known: tuple[int, int] | None = None

    async def bytes(self) -> int:
        """Raises BoardError where Notion does not answer."""
        at = self._clock.steady_ms()
        if self._known is None or at - self._known[1] >= ASK_AGAIN_MS:
            self._known = await self._ask(), at
        return self._known[0]

    def forget(self) -> None:
        """A file was refused: the plan may be another one now."""
        self._known = None

    async def _ask(self) -> int:
        try:
            me = await self._calls.call("ask for the limits of the workspace", lambda api: api.users.me())
        except BoardError as error:
            if error.kind not in ("rejected", "gone"):
                raise
            return LARGEST
        bot = me.get("bot")
        limits = bot.get("workspace_limits") if isinstance(bot, dict) else None
        told = limits.get("max_file_upload_size_in_bytes") if isinstance(limits, dict) else None
        return bounds.whole(told, 1, LARGEST) or LARGEST


@promised
async def upload(calls: Calls, file: Path, sha256: str = "") -> str:
    """Send `file` and return the id to attach it by.

    Raises BoardError: "rejected" when the file cannot be read, "changed" when its content is not that of `sha256`.
    """
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    try:
        source = await asyncio.to_thread(files.open_made, file.absolute())
        with source:
            size = os.fstat(source.fileno()).st_size
            if size <= SINGLE_MAX:
                return await _single(calls, file, source, kind, sha256)
            return await _parts(calls, file, source, kind, size, sha256)
    except OSError as error:
        another = sha256 and (isinstance(error, files.Unfit) or error.errno == errno.ELOOP)
        text = f"the file {said(str(file), 300)} cannot be read: {files.reason(error)}"
        raise BoardError("changed" if another else "rejected", text) from error


def _check(file: Path, found: str, sha256: str) -> None:
    if sha256 and found != sha256:
        raise BoardError("changed", f"{said(file.name, 300)} is not the file that was checked: its content has changed")


async def _single(calls: Calls, file: Path, source: BinaryIO, kind: str, sha256: str) -> str:
    data = await asyncio.to_thread(source.read, SINGLE_MAX + 1)
    _check(file, hashlib.sha256(data).hexdigest(), sha256)
    made = await calls.call(
        f"announce {file.name}", lambda api: api.file_uploads.create(filename=file.name, content_type=kind)
    )
    upload_id = identifier(made.get("id"), f"announce {file.name}", "the id of the upload")
    await _send(calls, upload_id, file.name, data, kind, None)
    return upload_id


async def _parts(calls: Calls, file: Path, source: BinaryIO, kind: str, size: int, sha256: str) -> str:
    _, before = await asyncio.to_thread(files.fingerprint, source, LARGEST)
    _check(file, before, sha256)
    count = -(-size // PART)
    made = await calls.call(
        f"announce {file.name}",
        lambda api: api.file_uploads.create(
            mode="multi_part", filename=file.name, content_type=kind, number_of_parts=count
        ),
    )
    upload_id = identifier(made.get("id"), f"announce {file.name}", "the id of the upload")
    source.seek(0)
    sent = hashlib.sha256()
    for number in range(1, count + 1):
        data = await asyncio.to_thread(source.read, PART)
        if not data:
            raise BoardError("changed", f"{said(file.name, 300)} became shorter while it was sent")
        await asyncio.to_thread(sent.update, data)
        if number == count:  # before the part that makes it whole
            _check(file, sent.hexdigest(), before)
        await _send(calls, upload_id, file.name, data, kind, number)
    await calls.call(f"complete {file.name}", lambda api: api.file_uploads.complete(upload_id))
    return upload_id


async def _send(calls: Calls, upload_id: str, name: str, data: bytes, kind: str, number: int | None) -> None:
    form: dict[str, object] = {"file": (name, data, kind)}
    if number is not None:
        form["part_number"] = str(number)
    what = f"send {name}" if number is None else f"send part {number} of {name}"
    await calls.call(what, lambda api: api.file_uploads.send(upload_id, **form), carries_bytes=len(data))
