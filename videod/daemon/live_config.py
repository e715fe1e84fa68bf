"""The configuration in force: read at start, taken up again while running, never replaced by a broken one."""

import logging
from collections.abc import Mapping
from pathlib import Path

from videod.channels import ChannelError, ChannelSet, listed, load_channels
from videod.config import ConfigError, Settings, load_settings
from videod.core.model import ChannelPolicy
from videod.core.moments import show_in
from videod.daemon import wiring
from videod.flow.candidates import InWorkLimits

log = logging.getLogger(__name__)

#: read once: what they name is opened, bound or searched at startup
AT_START = (
    "paths",
    "board",
    "notion.parent_page",
    "notion.database_id",
    "notion.version",
    "webhook",
    "web",
    "daemon.http_port",
    "r2.account",
    "alerts",
    "cluster",
    "scripts",
)


def _at(settings: Settings, dotted: str) -> object:
    found: object = settings
    for part in dotted.split("."):
        found = getattr(found, part)
    return found


class LiveConfig:
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
        show_in(self.settings.daemon.timezone)
        self._policies = wiring.policies(self.settings, self.channels)
        self._stamps = self._look()

    def _look(self) -> dict[Path, tuple[int, int]]:
        """What tells that a file was changed. Never raises: what cannot be looked at counts as changed once."""
        folder = self.settings.paths.channels
        try:
            names = [name for name in listed(folder) if name.endswith(".yaml")]
        except ChannelError:
            names = []
        stamps = {}
        for file in (self._path, folder, *(folder / name for name in names)):
            try:
                found = file.stat()
            except (OSError, ValueError):
                stamps[file] = (-1, -1)
                continue
            # of the folder only whether it is there and may be read: what else is put into it changes nothing
            stamps[file] = (0, found.st_mode) if file == folder else (found.st_mtime_ns, found.st_size)
        return stamps

    def changed(self) -> bool:
        """Whether a file was added, removed or written since the last reading."""
        return self._look() != self._stamps

    def reload(self) -> bool:
        """Read everything again; True when it was taken up. A broken change is refused with its reason in `problem`."""
        self._stamps = self._look()
        try:
            settings = load_settings(self._path, self._env)
            channels = load_channels(settings.paths.channels)
            policies = wiring.policies(settings, channels)
        except (ConfigError, ChannelError) as error:
            return self._refuse(str(error))
        except (OSError, ValueError, TypeError, RuntimeError, ArithmeticError) as error:
            # no file that somebody writes ends the daemon: the old ones stay in force
            log.exception("config_reload_failed")
            return self._refuse(f"it cannot be read ({type(error).__name__}: {error})")
        self.settings, self.channels = settings, channels
        self._policies = policies
        show_in(settings.daemon.timezone)
        self.problem = None
        self.waiting = tuple(key for key in AT_START if _at(settings, key) != _at(self._begun_with, key))
        log.info("config_reload_done", extra={"channels": sorted(channels.channels), "at_next_start": self.waiting})
        return True

    def _refuse(self, problem: str) -> bool:
        self.problem = problem
        log.error("config_reload_refused", extra={"error": problem})
        return False

    @property
    def remark(self) -> str:
        """What a person should know of the files as they are now; empty when all of them is in force."""
        if self.problem is not None:
            return f"the changed configuration was refused, the old one is in force: {self.problem}"
        if self.waiting:
            return f"changed, but taken up only at the next start of videod: {', '.join(self.waiting)}"
        return ""

    @property
    def in_force(self) -> object:
        """Another object after each change that was taken up."""
        return self.channels

    def policy(self, channel_id: str) -> ChannelPolicy | None:
        return self._policies(channel_id)

    def rules(self) -> InWorkLimits:
        return wiring.house_rules(self.settings, self.channels)

    def ffmpegs(self) -> list[str]:
        """All that there are, in the order in which they are tried; the one of the settings is taken up at a start."""
        return wiring.ffmpegs(self._begun_with.paths.ffmpeg)

    def names(self) -> dict[str, str]:
        """channel id -> name, what the board offers."""
        return {name: channel.name for name, channel in self.channels.channels.items()}
