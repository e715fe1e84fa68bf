"""A public address for a seed picture: KIE's own host (default), catbox, or a presigned link into our R2 bucket."""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from scripts.lib import http, kie, origins, sigv4, wires
from scripts.lib.failures import Failure, Kind, secret
from scripts.lib.script_runtime import warn

HOSTS = ("kie", "catbox", "r2")
LINK_LIFETIME_S = 86_400
CATBOX = re.compile(r"https?://\S+/\S+\.(png|jpe?g)", re.IGNORECASE)


@dataclass(frozen=True)
class Seed:
    """The picture as it goes out, JPEG or PNG. `sha256` is that of the file it came from."""

    data: bytes
    mime: str
    sha256: str


def seed_of(path: Path, sha256: str, limit: int) -> Seed:
    """The picture at `path` within `limit` bytes; one that the service cannot take is rewritten, with a warning."""
    from scripts.lib import pictures

    data, mime = pictures.outgoing(path, ("PNG", "JPEG"))
    if len(data) > limit:
        warn(f"{path} is sent as JPEG: the service takes PNG or JPEG up to {limit / 1e6:.0f} MB")
        data, mime = pictures.encoded(pictures.load(path, str(path)), ".jpg"), "image/jpeg"
    if len(data) > limit:
        raise Failure(Kind.INPUT, f"{path} is larger than {limit / 1e6:.0f} MB even as JPEG")
    return Seed(data, mime, sha256)


def publish(host: str, picture: Seed, bucket: str | None) -> str:
    """Put the picture on `host` under a name never used before and give its address. Raises Failure."""
    name = kie.unique_name(picture.sha256, ".png" if picture.mime == "image/png" else ".jpg")
    if host == "kie":
        return kie.host(name, picture.data, picture.mime)
    if host == "catbox":
        return _catbox(name, picture)
    return _bucket(name, picture, bucket or os.environ.get("VIDEOD_R2_BUCKET") or "")


def _catbox(name: str, picture: Seed) -> str:
    base = origins.address("VIDEOD_URL_CATBOX")
    fields = {"reqtype": "fileupload"}
    userhash = os.environ.get("CATBOX_USERHASH", "").strip()
    if userhash:
        fields["userhash"] = userhash
    form = http.Form("fileToUpload", name, picture.data, picture.mime, fields)
    reply = http.Service("catbox", base, {}).send(
        "POST", "/user/api.php", form=form, deadline_s=120, cap=1 << 16
    )  # fmt: skip
    answer = reply.body.decode("utf-8", "replace").strip()
    if reply.status == 200 and CATBOX.fullmatch(answer):
        return answer
    # failure comes as an empty body or a plain sentence, often with status 200
    failure = wires.failure("catbox", reply, free=True)
    if failure.kind is Kind.CREDENTIALS and userhash:
        raise reply.failure(Kind.DOWN, failure.message, next_step="try later, or use --image-host kie")
    raise failure


def _bucket(name: str, picture: Seed, bucket: str) -> str:
    endpoint = origins.address("VIDEOD_URL_S3")
    if not endpoint or not bucket:
        raise Failure(Kind.CONFIGURATION, "the R2 host needs VIDEOD_URL_S3 and --bucket (or VIDEOD_R2_BUCKET)")
    place = sigv4.Bucket(endpoint, bucket, secret("R2_ACCESS_KEY_ID", "R2"), secret("R2_SECRET_ACCESS_KEY", "R2"))
    key, now = f"seeds/{name}", datetime.now(UTC)
    reply = http.Service("r2", endpoint, {}).send(
        "PUT", sigv4.presign(place, "PUT", key, now, 600), content=picture.data, deadline_s=120, cap=1 << 20,
        headers={"Content-Type": picture.mime}, endpoint=f"PUT {urlsplit(endpoint).netloc}/{bucket}/{key}",
    )  # fmt: skip
    if reply.status in {200, 201, 204} and not reply.is_page:
        return sigv4.presign(place, "GET", key, now, LINK_LIFETIME_S)
    raise wires.failure("r2", reply, about=f"the bucket {bucket} did not take the picture: ", free=True)
