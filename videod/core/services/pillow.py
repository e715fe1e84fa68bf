"""Pillow on this machine: pictures put together."""

from videod.core.service import Limits, Service, Where

SERVICE = Service(name="pillow", title="Pillow", place=60, where=Where.COMPUTING, limits=Limits())
