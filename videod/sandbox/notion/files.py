"""File objects inside properties and blocks: external links, uploads, and the addresses of hosted files.

A hosted file is served by the simulated service itself under `/files/<upload>/<name>` with an expiry and a signature
in the query, good for one hour as Notion's are; every answer carries a fresh one.
"""

import hashlib
import hmac
import re
from urllib.parse import quote

from videod.sandbox.notion import checks
from videod.sandbox.notion.errors import invalid, misfit
from videod.sandbox.notion.model import HOUR_MS, Json, Upload, iso
from videod.sandbox.notion.store import Store

NAME_MAX = 100
_SIGNING_KEY = b"the stand-in's own; it protects nothing but the realism of expiry"
_HOSTED = re.compile(r"/files/([0-9a-f-]{36})/")


def parse(store: Store, value: object, path: str, now_ms: int) -> Json:
    """What is kept: `{name, external}` or `{name, upload}`, for the three types a client may write."""
    body = checks.obj(value, path)
    kind = body.get("type") or next((key for key in ("external", "file_upload", "file") if key in body), None)
    name = body.get("name")
    if name is not None:
        checks.text(name, f"{path}.name", NAME_MAX)
    if kind == "external":
        link = checks.url(checks.obj(body.get("external"), f"{path}.external").get("url"), f"{path}.external.url")
        return {"name": name or link.rsplit("/", 1)[-1][:NAME_MAX], "external": link}
    if kind == "file_upload":
        wanted = checks.identifier(
            checks.obj(body.get("file_upload"), f"{path}.file_upload").get("id"), f"{path}.file_upload.id"
        )
        upload = usable(store, wanted, now_ms)
        return {"name": name or upload.filename or "file", "upload": upload.id}
    if kind == "file":
        link = checks.text(checks.obj(body.get("file"), f"{path}.file").get("url"), f"{path}.file.url")
        hosted = _HOSTED.search(link)
        if hosted is None or hosted.group(1) not in store.uploads:
            raise invalid(f"{path}.file.url is not the address of a file that Notion hosts.")
        return {"name": name or "file", "upload": hosted.group(1)}
    raise misfit(f"{path}.type", '"external", "file_upload" or "file"', kind)


def usable(store: Store, upload_id: str, now_ms: int) -> Upload:
    """The upload, when it may be attached (again)."""
    upload = store.find(store.uploads, "file upload", upload_id)
    status = upload.status(now_ms)
    if status != "uploaded":
        raise invalid(f"File upload {upload_id} has a status of `{status}`. Only `uploaded` ones can be attached.")
    return upload


def render(store: Store, item: Json, base: str, now_ms: int) -> Json:
    """`{name, type: external|file, ...}`; a hosted file has `url` and `expiry_time` one hour ahead."""
    if "external" in item:
        return {"name": item["name"], "type": "external", "external": {"url": item["external"]}}
    return {"name": item["name"], "type": "file", "file": hosted(store.uploads[item["upload"]], base, now_ms)}


def hosted(upload: Upload, base: str, now_ms: int) -> Json:
    expires_ms = now_ms + HOUR_MS
    name = quote(upload.filename or "file", safe="")
    signed = f"{base}/files/{upload.id}/{name}?exp={expires_ms}&sig={signature(upload.id, expires_ms)}"
    return {"url": signed, "expiry_time": iso(expires_ms)}


def signature(upload_id: str, expires_ms: int) -> str:
    return hmac.new(_SIGNING_KEY, f"{upload_id}:{expires_ms}".encode(), hashlib.sha256).hexdigest()[:32]
