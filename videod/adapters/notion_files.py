"""Files into Notion: one request up to 20 MB, parts of 10 MB above. A file that is not attached lapses in an hour."""

import asyncio
import mimetypes
from pathlib import Path

from videod.adapters.notion_calls import Calls
from videod.adapters.notion_shapes import identifier, promised, said
from videod.ports import BoardError

SINGLE_MAX = 20 * 1024 * 1024
PART = 10 * 1024 * 1024


@promised
async def upload(calls: Calls, file: Path) -> str:
    """Send `file` and return the id to attach it by. Raises BoardError ("rejected" when the file cannot be read)."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    try:
        size = _size(file)
        if size <= SINGLE_MAX:
            return await _single(calls, file, kind)
        return await _parts(calls, file, kind, size)
    except OSError as error:
        raise BoardError(
            "rejected", f"the file {said(str(file), 300)} cannot be read: {error.strerror or error}"
        ) from error


def _size(file: Path) -> int:
    """Bytes. Raises OSError, also for a name that no file can have."""
    try:
        return file.stat().st_size
    except ValueError as error:
        raise OSError(0, str(error)) from None


async def _single(calls: Calls, file: Path, kind: str) -> str:
    data = await asyncio.to_thread(file.read_bytes)
    made = await calls.call(
        f"announce {file.name}", lambda api: api.file_uploads.create(filename=file.name, content_type=kind)
    )
    upload_id = identifier(made.get("id"), f"announce {file.name}", "the id of the upload")
    await _send(calls, upload_id, file.name, data, kind, None)
    return upload_id


async def _parts(calls: Calls, file: Path, kind: str, size: int) -> str:
    count = -(-size // PART)
    made = await calls.call(
        f"announce {file.name}",
        lambda api: api.file_uploads.create(
            mode="multi_part", filename=file.name, content_type=kind, number_of_parts=count
        ),
    )
    upload_id = identifier(made.get("id"), f"announce {file.name}", "the id of the upload")
    for number in range(1, count + 1):
        data = await asyncio.to_thread(_read, file, (number - 1) * PART)
        await _send(calls, upload_id, file.name, data, kind, number)
    await calls.call(f"complete {file.name}", lambda api: api.file_uploads.complete(upload_id))
    return upload_id


def _read(file: Path, at: int) -> bytes:
    """The part that begins at `at`. Raises OSError when the file has become shorter."""
    with file.open("rb") as source:
        source.seek(at)
        data = source.read(PART)
    if not data:
        raise OSError(0, "it became shorter while it was sent")
    return data


async def _send(calls: Calls, upload_id: str, name: str, data: bytes, kind: str, number: int | None) -> None:
    form: dict[str, object] = {"file": (name, data, kind)}
    if number is not None:
        form["part_number"] = str(number)
    what = f"send {name}" if number is None else f"send part {number} of {name}"
    await calls.call(what, lambda api: api.file_uploads.send(upload_id, **form), carries_bytes=len(data))
