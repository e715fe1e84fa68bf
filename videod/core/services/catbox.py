"""Catbox: a host for the first pictures of clips. It has no lane: the jobs that use it belong to another service."""

from videod.core.service import Needed, Secret, Service, Where

SERVICE = Service(
    name="catbox",
    title="Catbox",
    place=80,
    where=Where.OUTSIDE,
    secrets=(Secret("CATBOX_USERHASH", 'with `image_host = "catbox"`', Needed.OPTIONAL),),
    addresses={"VIDEOD_URL_CATBOX": "https://catbox.moe"},
    hosts_pictures=True,
)
