"""FFmpeg on this machine: cuts and films."""

from videod.core.service import Limits, Service, Where

SERVICE = Service(name="ffmpeg", title="FFmpeg", place=50, where=Where.COMPUTING, limits=Limits())
