"""The configuration in force: read at start, taken up again while running, never replaced by a broken one."""

import logging
from collections.abc import Mapping
from pathlib import Path

from videod.channels import ChannelError, ChannelSet, load_channels
from videod.config import ConfigError, Settings, load_settings
from videod.core.model import ChannelPolicy
from videod.daemon import wiring
from videod.flow.scheduler import HouseRules

log = logging.getLogger(__name__)


class Current:
    """Settings and channels as last read well. `problem` is the text of the last refused change, else None.

    Raises ConfigError or ChannelError when the first reading fails.
    """

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self._path = path
        self._env = env
        self.problem: str | None = None
        self.settings: Settings = load_settings(path, env)
        self.channels: ChannelSet = load_channels(self.settings.paths.channels)
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
        log.info("config_reload_done", extra={"channels": sorted(channels.channels)})
        return True

    def policy(self, channel_id: str) -> ChannelPolicy | None:
        return self._policies(channel_id)

    def rules(self) -> HouseRules:
        return wiring.house_rules(self.settings, self.channels)

    def names(self) -> dict[str, str]:
        """channel id -> name, what the board offers."""
        return {name: channel.name for name, channel in self.channels.channels.items()}
