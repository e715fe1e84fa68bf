"""This machine's disk: the workspaces of finished episodes are cleaned."""

from videod.core.service import Limits, Service, Where

SERVICE = Service(name="local", title="this machine", place=70, where=Where.TIDYING, limits=Limits())
