"""What the daemon's life hangs on besides its loops: the lock, the record of its lives, its heartbeat, its clock.

All of it works without the database, which may be what is wrong.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from videod.adapters import clock, systemd
from videod.daemon import lives
from videod.daemon.lives import Lives, Record
from videod.daemon.lock import Held
from videod.daemon.watchdog import Watchdog

log = logging.getLogger(__name__)

#: how often it is looked whether there is something new to say, seconds
LOOK_S = 2.0

Remark = Callable[[], Sequence[str]]


@dataclass
class Life:
    """`story`: the earlier lives as they were at startup. `remarks`: who may have something to say to `status`."""

    held: Held
    lives: Lives
    story: Record
    remarks: list[Remark] = field(default_factory=list)
    #: until then there is no heartbeat: recovery may take its time as long as the event loop turns
    running: bool = False
    #: why this life ends although nothing failed: the board went to another daemon
    lost: str = ""

    def __post_init__(self) -> None:
        self.watchdog = Watchdog(lambda why: self.leave(70, "daemon_heartbeat_lost", why))
        self.remarks.append(self._deaths)

    def beat(self) -> None:
        """A sign of life, for our own watchdog and for systemd's; it also counts while a start or a write waits."""
        self.watchdog.beat()
        systemd.notify("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=60000000")

    def problems(self) -> tuple[str, ...]:
        """What is wrong now, each in one line."""
        return tuple(self.lives.redact(text) for remark in self.remarks for text in remark())

    async def publish(self) -> None:
        """Keep what is wrong where `status` finds it, and look whether the clock can be worked with."""
        said: tuple[str, ...] | None = None
        while True:
            wrong = clock.nonsense()
            if wrong is not None:
                self.leave(75, "daemon_clock_lost", wrong)
            if not self.running:
                self.watchdog.beat()
            found = self.problems()
            if found != said:
                said = found
                try:
                    self.held.tell(found)
                except OSError as error:
                    log.warning("daemon_lock_unwritten", extra={"error": str(error)})
            await asyncio.sleep(LOOK_S)

    def leave(self, code: int, event: str, why: str, gone: bool = False) -> None:
        """End the process as a kill would, after a last word; with `gone` nothing is written in the state folder."""
        log.critical(event, extra={"error": why})
        (replace(self.lives, folders=self.lives.folders[1:]) if gone else self.lives).say(why)
        logging.shutdown()
        os._exit(code)

    def _deaths(self) -> tuple[str, ...]:
        recent = self.story.count > 0 and abs(self.lives.now() - self.story.last_at) < lives.SERIES_MS
        return (lives.sentence(self.story),) if recent else ()
