"""Whether an S3 request was signed with the right secret: AWS Signature Version 4, in its header or in its address.

The signature covers what was sent, so the path and the query are taken as they came. The body's digest is believed.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
#: clocks may differ by so much
SKEW = timedelta(minutes=15)
_LONGEST_S = 7 * 86_400

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Refused(Exception):
    """S3's error code and its sentence; always HTTP 403."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def guarded(inner: Application, keys: Mapping[str, str], now: Callable[[], datetime]) -> Application:
    """`inner` for requests that are signed with a secret of `keys` (by access key id), S3's 403 for all others."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            check(environ, keys, now())
        except Refused as refused:
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{refused.code}</Code>'
                f"<Message>{refused}</Message><RequestId>SANDBOX</RequestId></Error>"
            ).encode()
            start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]
        return inner(environ, start)

    return application


def check(environ: Mapping[str, Any], keys: Mapping[str, str], now: datetime) -> None:
    """Raises Refused."""
    path, _, query = str(environ.get("RAW_URI") or environ["REQUEST_URI"]).partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    asked = dict(pairs)
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    if header.startswith(ALGORITHM):
        fields = dict(part.strip().partition("=")[::2] for part in header[len(ALGORITHM) :].split(","))
        given = (fields.get("Credential", ""), fields.get("SignedHeaders", ""), fields.get("Signature", ""))
        at, lasts, digest = (
            str(environ.get("HTTP_X_AMZ_DATE", "")),
            None,
            str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")),
        )
    elif asked.get("X-Amz-Algorithm") == ALGORITHM:
        given = tuple(asked.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature"))  # type: ignore[assignment]
        at, lasts, digest = asked.get("X-Amz-Date", ""), asked.get("X-Amz-Expires", ""), "UNSIGNED-PAYLOAD"
        pairs = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
    else:
        raise Refused("AccessDenied", "Access Denied")
    _check_time(at, lasts, now)
    credential, names, signature = given
    key_id, _, scope = credential.partition("/")
    if key_id not in keys:
        raise Refused("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    headers = "".join(f"{name}:{_header(environ, name)}\n" for name in names.split(";"))
    canonical = "\n".join((environ["REQUEST_METHOD"], path or "/", _query(pairs), headers, names, digest))
    told = "\n".join((ALGORITHM, at, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    if not hmac.compare_digest(_signature(keys[key_id], scope, told).encode(), signature.encode()):
        raise Refused(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing"
            " method.",
        )


def _check_time(at: str, lasts: str | None, now: datetime) -> None:
    try:
        begun = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        seconds = None if lasts is None else int(lasts)
    except ValueError:
        raise Refused("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header") from None
    if seconds is None and abs(now - begun) > SKEW:
        raise Refused(
            "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large."
        )
    if seconds is not None and not 0 < seconds <= _LONGEST_S:
        raise Refused("AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds")
    if seconds is not None and not begun - SKEW <= now < begun + timedelta(seconds=seconds):
        raise Refused("AccessDenied", "Request has expired")


def _header(environ: Mapping[str, Any], name: str) -> str:
    plain = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
    value = environ.get(plain.get(name, f"HTTP_{name.upper().replace('-', '_')}"), "")
    return " ".join(str(value).split())


def _query(pairs: list[tuple[str, str]]) -> str:
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _signature(secret: str, scope: str, told: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, told.encode(), hashlib.sha256).hexdigest()
