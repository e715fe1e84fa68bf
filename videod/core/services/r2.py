"""Cloudflare R2, or another S3: a host for the first pictures of clips. It has no lane (see catbox)."""

from videod.core.service import Needed, Secret, Service, Where

_PURPOSE = 'with `image_host = "r2"`; the address is `VIDEOD_URL_S3`'

SERVICE = Service(
    name="r2",
    title="R2",
    place=90,
    where=Where.OUTSIDE,
    secrets=(
        Secret("R2_ACCESS_KEY_ID", _PURPOSE, Needed.OPTIONAL),
        Secret("R2_SECRET_ACCESS_KEY", _PURPOSE, Needed.OPTIONAL),
    ),
    addresses={"VIDEOD_URL_S3": ""},
    settings="`bucket` in `[r2]` of videod.toml",
    hosts_pictures=True,
)
