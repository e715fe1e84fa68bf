"""The configuration in force: read at start, taken up again while running, never replaced by a broken one."""

import logging
from collections.abc import Mapping
from pathlib import Path

from videod.channels import ChannelError, ChannelSet, load_channels
from videod.config import ConfigError, Settings, load_settings
from videod.core.model import ChannelPolicy
from videod.daemon import wiring
from videod.flow.lineup import HouseRules

log = logging.getLogger(__name__)

#: read once: what they name is opened, bound or searched at the start
AT_START = (
    "paths",
    "notion.parent_page",
    "notion.database_id",
    "notion.version",
    "daemon.http_port",
    "alerts",
    "scripts",
)


def _at(settings: Settings, dotted: str) -> object:
    found: object = settings
    for part in dotted.split("."):
        found = getattr(found, part)
    return found


class Current:
    """Settings and channels as last read well. `problem` is the text of the last refused change, else None.

    Raises ConfigError or ChannelError when the first reading fails.
    """

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self._path = path
        self._env = env
        self.problem: str | None = None
        #: keys whose change waits for the next start
        self.waiting: tuple[str, ...] = ()
        self.settings: Settings = load_settings(path, env)
        self.channels: ChannelSet = load_channels(self.settings.paths.channels)
        self._begun_with = self.settings
        self._policies = wiring.policies(self.settings, self.channels)
        self._stamps = self._look()

    def _look(self) -> dict[Path, tuple[int, int]]:
        files = [self._path, *sorted(self.settings.paths.channels.glob("*.yaml"))]
        stamps = {}
        for file in files:
            try:
                found = file.stat()
            except FileNotFoundError:
                continue
            stamps[file] = (found.st_mtime_ns, found.st_size)
        return stamps

    def changed(self) -> bool:
        """Whether a file was added, removed or written since the last reading."""
        return self._look() != self._stamps

    def reload(self) -> bool:
        """Read everything anew; True when it was taken up. A broken change is refused with its reason in `problem`."""
        self._stamps = self._look()
        try:
            settings = load_settings(self._path, self._env)
            channels = load_channels(settings.paths.channels)
        except (ConfigError, ChannelError) as error:
            self.problem = str(error)
            log.error("config_reload_refused", extra={"error": self.problem})
            return False
        self.settings, self.channels = settings, channels
        self._policies = wiring.policies(settings, channels)
        self.problem = None
        self.waiting = tuple(key for key in AT_START if _at(settings, key) != _at(self._begun_with, key))
        log.info("config_reload_done", extra={"channels": sorted(channels.channels), "at_next_start": self.waiting})
        return True

    @property
    def remark(self) -> str:
        """What a person should know of the files as they are now; empty when all of them is in force."""
        if self.problem is not None:
            return f"the changed configuration was refused, the old one is in force: {self.problem}"
        if self.waiting:
            return f"changed, but taken up only at the next start of videod: {', '.join(self.waiting)}"
        return ""

    def policy(self, channel_id: str) -> ChannelPolicy | None:
        return self._policies(channel_id)

    def rules(self) -> HouseRules:
        return wiring.house_rules(self.settings, self.channels)

    def names(self) -> dict[str, str]:
        """channel id -> name, what the board offers."""
        return {name: channel.name for name, channel in self.channels.channels.items()}
