"""A public address for a seed picture: KIE's own host (default), catbox, or a presigned link into our R2 bucket.

Where a second host is named, it takes the picture when the first failed three times. Every run begins with the first.
"""

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from scripts.lib import http, kie, origins, sigv4, wires
from scripts.lib.failures import PASSING, Failure, Kind, secret
from scripts.lib.script_runtime import warn

HOSTS = ("kie", "catbox", "r2")
LINK_LIFETIME_S = 86_400
#: where there is another host, one is given up after three failures with these pauses between them, seconds
PAUSES_S = (1.0, 3.0)
#: how long one upload may take: alone, and where another host could take the picture meanwhile, seconds
UPLOAD_S, UPLOAD_OF_SEVERAL_S = 120.0, 60.0
#: a host that asks for a longer wait is given up at once, seconds
PATIENCE_S = 5.0
#: of these no other host knows better
OUR_OWN = (Kind.INPUT, Kind.USAGE, Kind.DISK)
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


@dataclass(frozen=True)
class Hosted:
    """Where a picture was put, and its address there."""

    host: str
    url: str


def publish(
    hosts: Sequence[str], picture: Seed, bucket: str | None, tell: Callable[[str], object] = warn
) -> Hosted:  # fmt: skip
    """Put the picture on the first of `hosts` that takes it, under a name never used before.

    `tell` hears of a host that was given up for the next one. Raises Failure: that of the first host.
    """
    failures: list[Failure] = []
    for host in hosts:
        if failures:
            tell(f"{hosts[len(failures) - 1]} does not take the picture ({failures[-1].message}). Using {host}")
        try:
            return Hosted(host, _tried(host, picture, bucket, several=len(hosts) > 1))
        except Failure as failure:
            if failure.kind in OUR_OWN:
                raise
            failures.append(failure)
    others = zip(hosts[1:], failures[1:], strict=True)
    failures[0].message += "".join(f". {host} does not take it either: {failure.message}" for host, failure in others)
    raise failures[0]


def _tried(host: str, picture: Seed, bucket: str | None, several: bool) -> str:
    """The address of the picture on `host`; one try, or where there are `several` hosts up to three. Raises Failure."""
    deadline_s = UPLOAD_OF_SEVERAL_S if several else UPLOAD_S
    for pause_s in PAUSES_S if several else ():
        try:
            return _put(host, picture, bucket, deadline_s)
        except Failure as failure:
            if failure.kind not in PASSING or (failure.retry_after_s or 0) > PATIENCE_S:
                raise
        time.sleep(pause_s)
    return _put(host, picture, bucket, deadline_s)


def _put(host: str, picture: Seed, bucket: str | None, deadline_s: float) -> str:
    name = kie.unique_name(picture.sha256, ".png" if picture.mime == "image/png" else ".jpg")
    if host == "kie":
        return kie.host(name, picture.data, picture.mime, deadline_s)
    if host == "catbox":
        return _catbox(name, picture, deadline_s)
    return _bucket(name, picture, bucket or os.environ.get("VIDEOD_R2_BUCKET") or "", deadline_s)


def _catbox(name: str, picture: Seed, deadline_s: float) -> str:
    base = origins.address("VIDEOD_URL_CATBOX")
    fields = {"reqtype": "fileupload"}
    userhash = os.environ.get("CATBOX_USERHASH", "").strip()
    if userhash:
        fields["userhash"] = userhash
    form = http.Form("fileToUpload", name, picture.data, picture.mime, fields)
    reply = http.Service("catbox", base, {}).send(
        "POST", "/user/api.php", form=form, deadline_s=deadline_s, cap=1 << 16
    )  # fmt: skip
    answer = reply.body.decode("utf-8", "replace").strip()
    if reply.status == 200 and CATBOX.fullmatch(answer):
        return answer
    # failure comes as an empty body or a plain sentence, often with status 200
    failure = wires.failure("catbox", reply, free=True)
    if failure.kind is Kind.CREDENTIALS and userhash:
        raise reply.failure(Kind.DOWN, failure.message, next_step="try later, or use --image-host kie")
    raise failure


def _bucket(name: str, picture: Seed, bucket: str, deadline_s: float) -> str:
    endpoint = origins.address("VIDEOD_URL_S3")
    if not endpoint or not bucket:
        raise Failure(Kind.CONFIGURATION, "the R2 host needs VIDEOD_URL_S3 and --bucket (or VIDEOD_R2_BUCKET)")
    place = sigv4.Bucket(endpoint, bucket, secret("R2_ACCESS_KEY_ID", "R2"), secret("R2_SECRET_ACCESS_KEY", "R2"))
    key, now = f"seeds/{name}", datetime.now(UTC)
    reply = http.Service("r2", endpoint, {}).send(
        "PUT", sigv4.presign(place, "PUT", key, now, 600), content=picture.data, deadline_s=deadline_s, cap=1 << 20,
        headers={"Content-Type": picture.mime}, endpoint=f"PUT {urlsplit(endpoint).netloc}/{bucket}/{key}",
    )  # fmt: skip
    if reply.status in {200, 201, 204} and not reply.is_page:
        return sigv4.presign(place, "GET", key, now, LINK_LIFETIME_S)
    raise wires.failure("r2", reply, about=f"the bucket {bucket} did not take the picture: ", free=True)
