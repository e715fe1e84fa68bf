"""FFmpeg on this machine: cuts and films, and shots in which only the camera moves."""

from videod.core.service import Limits, Model, Offer, Service, Where

SERVICE = Service(
    name="ffmpeg",
    title="FFmpeg",
    place=50,
    where=Where.COMPUTING,
    limits=Limits(),
    catalogue=(Model("still shot", {"clip": 0.0}),),
    offers=(Offer("clip", model="still shot", piece="clip", script="move_picture.py", by_plan=True),),
)
