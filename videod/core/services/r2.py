"""Cloudflare R2, or another S3: keeps the files of channels with `storage: r2`, and hosts first pictures of clips.

It has no lane: videod itself stores files there, and the jobs that host a picture belong to another service.
"""

from videod.core.failures import Kind
from videod.core.service import Needed, Secret, Service, Where
from videod.core.verdicts import ANY, Form, Row, Wait, Wire, by_person

_OWN_OR_NONE = (Form.OWN, Form.NONE)

WIRE = Wire(
    name="r2",
    calls="the upload of a file (free)",
    xml=True,
    rows=(
        Row("400-599", Kind.BUSY, wait=Wait.SAID, words="SlowDown"),
        by_person("403", Kind.CONFIGURATION, words="RequestTimeTooSkewed",
            does="set the clock of this machine"),
        by_person("403", Kind.CREDENTIALS, words="AccessDenied",
            does="check R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY, and let the token read and write in this bucket"),
        by_person("400, 413", Kind.INPUT, words="EntityTooLarge|KeyTooLongError|InvalidObjectName|MetadataTooLarge",
            does="make the file smaller"),
        by_person("401, 403", Kind.CREDENTIALS, forms=_OWN_OR_NONE,
            does="check R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY"),
        by_person("404", Kind.CONFIGURATION, forms=_OWN_OR_NONE,
            does="check the name of the bucket and the account"),
        Row("200", Kind.DOWN, forms=ANY),
    ),
)  # fmt: skip

_PURPOSE = 'with `storage: r2` of a channel or `image_host = "r2"`'

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
    settings="`account` and `bucket` in `[r2]` of videod.toml",
    hosts_pictures=True,
    wires=(WIRE,),
)
