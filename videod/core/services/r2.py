"""Cloudflare R2, or another S3: a host for the first pictures of clips. It has no lane (see catbox)."""

from videod.core.failures import Kind
from videod.core.service import Needed, Secret, Service, Where
from videod.core.verdicts import ANY, Form, Row, Wait, Wire, by_person

_OWN_OR_NONE = (Form.OWN, Form.NONE)

WIRE = Wire(
    name="r2",
    calls="the upload of a picture (free)",
    xml=True,
    rows=(
        Row("400-599", Kind.BUSY, wait=Wait.SAID, words="SlowDown"),
        by_person("403", Kind.CONFIGURATION, words="RequestTimeTooSkewed",
            does="set the clock of this machine"),
        by_person("401, 403", Kind.CREDENTIALS, forms=_OWN_OR_NONE,
            does="check R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY"),
        by_person("404", Kind.CONFIGURATION, forms=_OWN_OR_NONE,
            does="check the bucket's name"),
        Row("200", Kind.DOWN, forms=ANY),
    ),
)  # fmt: skip

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
    wires=(WIRE,),
)
