"""Files in a bucket of Cloudflare R2, or of another S3: `ports.Storage` with obstore, `ports.Buckets` of the settings.

obstore takes 6 MB and its threads, so it is imported when the first file is stored. No checksum is sent beside the
signature, which covers the content: R2 refuses the trailers that other clients add on their own. Links are signed here
(`sigv4`) by the daemon's clock, without asking anybody.
"""

import asyncio
import hashlib
import mimetypes
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import httpx

from videod import files
from videod.adapters import sigv4
from videod.channels import Channel
from videod.config import R2
from videod.core import verdicts
from videod.core.failures import Kind
from videod.core.services.r2 import WIRE
from videod.core.verdicts import Form
from videod.credentials import on_this_host
from videod.ports import Buckets, Clock, Storage, StorageError

if TYPE_CHECKING:
    from obstore.store import S3Store

#: R2 wants parts of one size but for the last; two are on their way at once, bytes
PART = 8 << 20
PARTS_AT_ONCE = 2
#: 10,000 parts are the most
LARGEST = 64 << 30
#: an upload may take a minute, and longer for what is large, at this many bytes a second
CALL_S, SLOWEST_UPLOAD = 60.0, 64 * 1024
#: one request of it
REQUEST_S, CONNECT_S = 180, 10
#: obstore repeats a request that failed in passing so often automatically
RETRIES = 2
#: the small object by which a bucket is tried out, for so long, seconds; so much of an answer is read, bytes
CHECKED, CHECK_S, ANSWER_BYTES = "videod-check.txt", 10, 1 << 16
#: what the bucket's refusals mean to whoever stores files
KINDS = {
    Kind.BUSY: "busy", Kind.CREDENTIALS: "credentials", Kind.CONFIGURATION: "configuration", Kind.INPUT: "rejected",
}  # fmt: skip
#: how obstore tells of an answer
_ANSWERED = re.compile(r"non-2xx status code: (\d{3})[^:]*: ?(.*)", re.DOTALL)
_ODD = re.compile(r"[^A-Za-z0-9_./-]")


@dataclass(frozen=True)
class Access:
    """Where a bucket is and as whom it is asked."""

    bucket: sigv4.Bucket
    prefix: str
    link_s: int


class R2Bucket(Storage):
    """See ports.Storage."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self.access = access
        self._clock = clock
        self._client: S3Store | None = None

    @property
    def place(self) -> str:
        return f"{self.access.bucket.endpoint}/{self.access.bucket.name}"

    @property
    def link_s(self) -> int:
        return self.access.link_s

    def name_of(self, channel_id: str, task_id: str, path: str) -> str:
        """No sign in it needs an escape, so that every client writes and signs it alike."""
        return "/".join(filter(None, (self.access.prefix, channel_id, task_id, _ODD.sub("_", path))))

    def link(self, name: str) -> str:
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        return sigv4.presign(self.access.bucket, "GET", name, now, self.access.link_s)

    async def check(self, channel_id: str) -> None:
        """Store a small object and read it through a link, as files of the channel will be. Raises StorageError."""
        name, now = self.name_of(channel_id, CHECKED, ""), datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        content = f"videod stores the files of {channel_id} here.\n".encode()
        await self._asked("PUT", sigv4.presign(self.access.bucket, "PUT", name, now, CHECK_S), content)
        if await self._asked("GET", self.link(name)) != content:
            raise StorageError("down", f"the bucket {self.access.bucket.name} does not return what was stored in it")

    async def _asked(self, method: str, url: str, content: bytes | None = None) -> bytes:
        """The body of a good answer. Raises StorageError."""
        try:
            async with (
                httpx.AsyncClient(timeout=CHECK_S, trust_env=not on_this_host(url)) as client,
                asyncio.timeout(CHECK_S),
                client.stream(method, url, content=content, headers={"Accept-Encoding": "identity"}) as answer,
            ):
                body = b""
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) > ANSWER_BYTES:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            reason = type(error).__name__
            raise StorageError("down", f"the bucket {self.access.bucket.name} cannot be reached ({reason})") from None
        if not 200 <= answer.status_code < 300:
            raise judged(answer.status_code, body, self.access.bucket.name)
        return body

    async def put(self, name: str, file: Path, sha256: str) -> None:
        try:
            source = await asyncio.to_thread(files.open_made, file.absolute())
            with source:
                await self._put(name, file.name, source, sha256)
        except OSError as error:
            raise StorageError("changed", f"{file.name} cannot be read: {files.reason(error)}") from error

    async def _put(self, name: str, shown: str, source: BinaryIO, sha256: str) -> None:
        """The file is read twice: nothing is announced of one that changed, and nothing kept of one that changes."""
        size, before = await asyncio.to_thread(files.fingerprint, source, LARGEST)
        _check(shown, before, sha256)
        source.seek(0)
        kind = mimetypes.guess_type(shown)[0] or "application/octet-stream"
        content: bytes | AsyncIterator[bytes] = _pieces(source, shown, before)
        if size <= PART:
            content = await asyncio.to_thread(source.read, PART + 1)
            _check(shown, hashlib.sha256(content).hexdigest(), before)
        try:
            async with asyncio.timeout(CALL_S + size / SLOWEST_UPLOAD):
                await self._store().put_async(
                    name, content, attributes={"Content-Type": kind, "sha256": before}, use_multipart=size > PART,
                    chunk_size=PART, max_concurrency=PARTS_AT_ONCE,
                )  # fmt: skip
        except StorageError:
            raise
        except TimeoutError:
            raise StorageError("down", f"the bucket did not take {shown} in time") from None
        except Exception as error:  # obstore's errors have no common form but their words
            raise trouble(str(error), self.access.bucket.name) from None

    def _store(self) -> "S3Store":
        if self._client is None:
            from obstore.store import S3Store

            bucket = self.access.bucket
            self._client = S3Store(
                bucket.name, endpoint=bucket.endpoint, region=bucket.region, access_key_id=bucket.access_key,
                secret_access_key=bucket.secret_key, virtual_hosted_style_request=False,
                client_options={
                    "allow_http": on_this_host(bucket.endpoint), "timeout": timedelta(seconds=REQUEST_S),
                    "connect_timeout": timedelta(seconds=CONNECT_S),
                },
                retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=REQUEST_S)},
            )  # fmt: skip
        return self._client


def _check(shown: str, found: str, sha256: str) -> None:
    if sha256 and found != sha256:
        raise StorageError("changed", f"{shown} is not the file that was checked: its content has changed")


async def _pieces(source: BinaryIO, shown: str, sha256: str) -> AsyncIterator[bytes]:
    """The file in parts. Raises StorageError at its end where it was another: then the upload is given up."""
    sent = hashlib.sha256()
    while data := await asyncio.to_thread(source.read, PART):
        await asyncio.to_thread(sent.update, data)
        yield data
    _check(shown, sent.hexdigest(), sha256)


def trouble(words: str, bucket: str) -> StorageError:
    """What obstore's words mean."""
    told = words.partition("\n\nDebug source")[0]
    answer = _ANSWERED.search(told)
    if answer is None:
        reason = told.rpartition(" - ")[2].strip() or "no answer"
        return StorageError("down", f"the bucket {bucket} cannot be reached ({reason[:200]})")
    return judged(int(answer[1]), answer[2].encode(), bucket)


def judged(status: int, body: bytes, bucket: str, retry_after: str | None = None) -> StorageError:
    """What an answer that is no success means."""
    said = verdicts.read(WIRE, status, body, retry_after)
    row = verdicts.judge(WIRE, said)
    reason = said.message if said.form is Form.OWN else "what answered is not the bucket itself"
    marks = ", ".join((f"HTTP {status}", *said.words))
    does = f". {row.does[:1].upper()}{row.does[1:]}" if row.does else ""
    return StorageError(
        KINDS.get(row.kind, "down"), f"the bucket {bucket} refused: {reason.rstrip('.')} [{marks}]{does}"
    )


class Unconfigured(Storage):
    """A bucket of which the settings do not say enough: nothing can be stored there, which is said."""

    def __init__(self, lacks: Collection[str]) -> None:
        self._lacks = ", ".join(lacks)

    @property
    def place(self) -> str:
        return ""

    @property
    def link_s(self) -> int:
        return 0

    def name_of(self, channel_id: str, task_id: str, path: str) -> str:
        return ""

    async def check(self, channel_id: str) -> None:
        raise self._refusal()

    async def put(self, name: str, file: Path, sha256: str) -> None:
        raise self._refusal()

    def link(self, name: str) -> str:
        raise self._refusal()

    def _refusal(self) -> StorageError:
        text = f"{self._lacks} is missing. Set it and restart videod, or write `storage: notion`"
        return StorageError("configuration", text)


@dataclass(frozen=True)
class Given:
    """What the configuration says now."""

    settings: R2
    channels: Mapping[str, Channel]


class R2Buckets(Buckets):
    """See ports.Buckets. `given` is asked each time; `secret` gives a key by its name; `url`: VIDEOD_URL_S3."""

    def __init__(
        self, given: Callable[[], Given], secret: Callable[[str], str | None], url: str, clock: Clock
    ) -> None:  # fmt: skip
        self._given = given
        self._secret = secret
        self._url = url
        self._clock = clock
        self._bucket: R2Bucket | None = None

    def channels(self) -> Collection[str]:
        return [name for name, channel in self._given().channels.items() if channel.storage == "r2"]

    def of(self, channel_id: str) -> Storage | None:
        channel = self._given().channels.get(channel_id)
        return self.any() if channel is not None and channel.storage == "r2" else None

    def configured(self) -> Storage | None:
        found = self.any()
        return found if isinstance(found, R2Bucket) else None

    def renew_days(self) -> float:
        return self._given().settings.renew_days

    def any(self) -> "R2Bucket | Unconfigured":
        """The bucket of the settings."""
        settings = self._given().settings
        key, secret = self._secret("R2_ACCESS_KEY_ID") or "", self._secret("R2_SECRET_ACCESS_KEY") or ""
        endpoint = self._url or settings.url
        lacks = [
            name
            for name, value in (
                ("R2_ACCESS_KEY_ID", key),
                ("R2_SECRET_ACCESS_KEY", secret),
                ("`bucket` in `[r2]` of videod.toml", settings.bucket),
                ("`account` in `[r2]` of videod.toml", endpoint),
            )
            if not value
        ]
        if lacks:
            return Unconfigured(lacks)
        access = Access(
            sigv4.Bucket(endpoint, settings.bucket, key, secret), settings.prefix, round(settings.link_days * 86_400)
        )  # fmt: skip
        if self._bucket is None or self._bucket.access != access:
            self._bucket = R2Bucket(access, self._clock)
        return self._bucket
