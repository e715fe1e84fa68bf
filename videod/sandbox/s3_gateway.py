"""What R2 refuses and moto does not, and faults: a gateway in front of moto's application.

Checksum trailers (501), access lists, tags and encryption that R2 does not have (501), a second write to one key within
a second (429 SlowDown), a single PUT of more than 5 GiB, a key of more than 1,024 bytes, parts of different sizes.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, unquote

from videod.sandbox.kernel import Faults
from videod.sandbox.s3_signature import Application

SERVICE = "s3"
#: faults that a gateway can play; any other kind is never taken
FAULT_KINDS = ("status",)
SINGLE_BYTES, KEY_BYTES, WRITES_EVERY_S = 5 << 30, 1024, 1.0
#: what newer clients of S3 send on their own, and R2 does not know
_TRAP = ("HTTP_X_AMZ_TRAILER", "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM")
_UNKNOWN = ("HTTP_X_AMZ_TAGGING", "HTTP_X_AMZ_OBJECT_LOCK_MODE", "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION")
_STATUS = {400: "400 Bad Request", 429: "429 Too Many Requests", 501: "501 Not Implemented"}


class Refused(Exception):
    """HTTP status, S3's code and its sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Gateway:
    """`writes`: every accepted write as "PUT /bucket/key"; `single_bytes` may be set lower to try that refusal out."""

    def __init__(self, inner: Application, faults: Faults | None, now: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._faults = faults
        self._now = now
        self._lock = threading.Lock()
        self._written: dict[str, float] = {}
        self._parts: dict[str, dict[int, int]] = {}
        self.single_bytes = SINGLE_BYTES
        self.writes: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = unquote(str(environ.get("RAW_URI") or environ["REQUEST_URI"]).partition("?")[0])
        endpoint = f"{environ['REQUEST_METHOD']} {path}"
        fault = self._faults.take(SERVICE, endpoint, FAULT_KINDS) if self._faults is not None else None
        if fault is not None:
            headers = [("Content-Length", str(len(fault.body.encode()))), *fault.headers.items()]
            start(f"{fault.status} Fault", headers)
            return [fault.body.encode()]
        try:
            with self._lock:
                self._check(environ, path)
        except Refused as refused:
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{refused.code}</Code>'
                f"<Message>{refused}</Message></Error>"
            ).encode()
            start(_STATUS[refused.status], [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]
        return self._inner(environ, start)

    def _check(self, environ: dict[str, Any], path: str) -> None:
        """Raises Refused."""
        method, query = environ["REQUEST_METHOD"], parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        chunked = "aws-chunked" in environ.get("HTTP_CONTENT_ENCODING", "")
        if chunked or any(environ.get(name) for name in _TRAP):
            raise Refused(501, "NotImplemented", "STREAMING-UNSIGNED-PAYLOAD-TRAILER not implemented")
        if any(environ.get(name) for name in _UNKNOWN) or environ.get("HTTP_X_AMZ_ACL", "private") != "private":
            raise Refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
        key = path.removeprefix("/").partition("/")[2]
        if len(key.encode()) > KEY_BYTES:
            raise Refused(400, "KeyTooLongError", "Your key is too long")
        size, upload = int(environ.get("CONTENT_LENGTH") or 0), query.get("uploadId", [""])[0]
        if method == "PUT" and size > self.single_bytes:
            raise Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
        if method == "PUT" and "partNumber" in query:
            self._parts.setdefault(upload, {})[int(query["partNumber"][0])] = size
        elif (method == "PUT" or (method == "POST" and upload)) and key:
            self._check_parts(self._parts.pop(upload, {}))
            self._check_haste(path)
            self.writes.append(f"{method} {path}")

    def _check_parts(self, parts: dict[int, int]) -> None:
        sizes = [parts[number] for number in sorted(parts)]
        if len(set(sizes[:-1])) > 1 or (len(sizes) > 1 and sizes[-1] > sizes[0]):
            raise Refused(400, "InvalidPart", "All non-trailing parts must have the same length.")

    def _check_haste(self, path: str) -> None:
        now, last = self._now(), self._written.get(path)
        if last is not None and now - last < WRITES_EVERY_S:
            raise Refused(429, "SlowDown", "Reduce your concurrent request rate for the same object.")
        self._written[path] = now
