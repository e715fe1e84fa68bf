"""Presigned links for S3-compatible storage (AWS signature version 4 in the query), path style, no vendor library."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Bucket:
    """Where and as whom. `endpoint` has scheme and host; region of Cloudflare R2 is "auto"."""

    endpoint: str
    name: str
    access_key: str
    secret_key: str
    region: str = "auto"


def presign(bucket: Bucket, method: str, key: str, now: datetime, lifetime_s: int) -> str:
    """A link that allows `method` on `key` until `lifetime_s` (1 s to 7 days) after `now` (aware)."""
    address = urlsplit(bucket.endpoint)
    day, moment = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{day}/{bucket.region}/s3/aws4_request"
    path = quote(f"{address.path.rstrip('/')}/{bucket.name}/{key}", safe="/-_.~")
    query = urlencode(
        sorted({
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{bucket.access_key}/{scope}",
            "X-Amz-Date": moment,
            "X-Amz-Expires": str(lifetime_s),
            "X-Amz-SignedHeaders": "host",
        }.items()),
        quote_via=quote,
        safe="-_.~",
    )  # fmt: skip
    request = "\n".join((method, path, query, f"host:{address.netloc}\n", "host", "UNSIGNED-PAYLOAD"))
    to_sign = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_key(bucket, day), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{address.scheme}://{address.netloc}{path}?{query}&X-Amz-Signature={signature}"


def _key(bucket: Bucket, day: str) -> bytes:
    key = f"AWS4{bucket.secret_key}".encode()
    for part in (day, bucket.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
