"""Catbox: a host for the first pictures of clips. It has no lane: the jobs that use it belong to another service."""

from videod.core.failures import Kind
from videod.core.service import Needed, Secret, Service, Where
from videod.core.verdicts import ANY, Row, Wire, by_person

WIRE = Wire(
    name="catbox",
    calls="the upload of a picture (free)",
    plain=True,
    rows=(
        by_person("200-499", Kind.CREDENTIALS, says="anonym|userhash|account",
            does="set CATBOX_USERHASH or choose another `image_host`"),
        # everything that is no address means that it did not take the picture
        Row("200", Kind.DOWN, forms=ANY),
    ),
)  # fmt: skip

SERVICE = Service(
    name="catbox",
    title="Catbox",
    place=80,
    where=Where.OUTSIDE,
    secrets=(Secret("CATBOX_USERHASH", 'with `image_host = "catbox"`', Needed.OPTIONAL),),
    addresses={"VIDEOD_URL_CATBOX": "https://catbox.moe"},
    hosts_pictures=True,
    wires=(WIRE,),
)
