"""Watches the disk under the state folder: too little space pauses all work, enough resumes it, both automatically.

The pause lies in the database (cause "disk"), so a restart keeps it and every screen shows it. It begins below
`[limits] min_free_mb` and ends a quarter above it, so that a disk at the edge does not flap.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from videod.adapters.disk import MB, Room, limited
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.core.told import DISK_ALERT
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often the disk is looked at, seconds
LOOK_S = 3.0
#: a pause ends at this many times the least free space
ENOUGH = 1.25
#: files that must still be possible: an episode makes about 400
MIN_FILES = 2_000
#: free bytes below which no pause ends, whatever the settings say
SOME_BYTES = 16 * MB
#: files of a film are at most so large; a limit below it (or below min_free_mb) stops films that are already paid for
SMALLEST_LIMIT = 500 * MB
#: how often the figure in the reason is brought up to date, ms
UPDATE_MS = 60_000


class Ground(Protocol):
    """The disk, as `adapters.disk.Disk` has it."""

    def room(self) -> Room: ...

    def missing(self) -> int:
        """Bytes that the reserve will take once more; below 0 it gives some back."""
        ...

    async def keep_reserve(self) -> bool: ...

    def gone(self) -> str | None: ...


@dataclass(frozen=True)
class Shortage:
    """What there is too little of, for people; `limit`: it is no matter of the disk, and the text says what to do."""

    text: str
    limit: bool = False

    def of(self, state: Path) -> str:
        """The reason of a pause."""
        return self.text if self.limit else f"the disk of {state} has {self.text}. Free some"


def shortage(room: Room, missing: int, least: int, held: bool) -> Shortage | None:
    """What is short, None when work may go on. Sizes in bytes; `missing` as in `Ground`."""
    largest = max(least, SMALLEST_LIMIT)
    if room.largest is not None and room.largest < largest:
        return Shortage(limited(room.largest, largest), limit=True)
    enough_bytes, enough_files = max(least * ENOUGH, SOME_BYTES), MIN_FILES * ENOUGH
    left = max(0, room.free - missing)
    if left < (enough_bytes if held else least):
        return Shortage(f"{left / MB:.0f} MB left (work resumes at {enough_bytes / MB:.0f} MB)")
    if room.files is not None and room.files < (enough_files if held else MIN_FILES):
        return Shortage(f"room for only {room.files} more files (inodes), and work resumes at {enough_files:.0f}")
    return None


class DiskWatch:
    """`least` is [limits] min_free_mb in bytes; `full` rings when the database met a full disk; `end` ends the process.

    A pause that the database asked for begins at once, whatever the figures say.
    """

    def __init__(
        self, state: Path, ground: Ground, ledger: Ledger, store: Store, clock: Clock, least: Callable[[], int],
        full: asyncio.Event, end: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._state = state
        self._ground = ground
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._least = least
        self._full = full
        self._end = end
        self._reason: str | None = None
        self._said_at = 0
        self._fresh = True

    async def run(self) -> None:
        """Look until cancelled."""
        self._reason = await self._kept()
        while True:
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._full.wait()

    async def look(self) -> None:
        """One look: pause, say how it stands, or let go on."""
        gone = self._ground.gone()
        if gone is not None:
            self._end(f"{gone}. Mount it again and start videod. Nothing was written elsewhere")
            return
        met, held = self._full.is_set(), self._reason is not None
        self._full.clear()
        missing = self._ground.missing()
        short = shortage(self._ground.room(), missing, self._least(), held or met)
        if short is None and missing and not await self._ground.keep_reserve():
            short = Shortage("no room for the reserve")
        if short is None and met:
            short = Shortage("no room for the database a moment ago")
        if short is not None:
            await self._pause(short)
        elif held:
            await self._go_on()
        elif self._fresh:  # what was reported before this start, also by a job, is over
            await self._ledger.alert_over(DISK_ALERT, self._clock.now_ms())
        self._fresh = False

    async def _kept(self) -> str | None:
        """The reason of a pause that an earlier daemon left."""
        at = self._clock.now_ms()
        found = await self._store.read(lambda tx: reads.suspensions(tx, at))
        return next((row.detail for row in found if row.cause is Cause.DISK), None)

    async def _pause(self, short: Shortage) -> None:
        at, reason = self._clock.now_ms(), short.of(self._state)
        steady = self._clock.steady_ms()
        if self._reason is not None and (reason == self._reason or steady - self._said_at < UPDATE_MS):
            return
        if self._reason is None:
            log.error("space_pause_started", extra={"state": str(self._state), "reason": short.text})
            text = f"videod is paused: {reason}. Running jobs finish, nothing is lost, and work resumes automatically."
            await self._ledger.alert(DISK_ALERT, text, at)
        self._reason, self._said_at = reason, steady
        await self._ledger.suspend(Suspension(Cause.DISK, detail=reason), at)

    async def _go_on(self) -> None:
        at = self._clock.now_ms()
        await self._ledger.release(EVERY_SERVICE, "", Cause.DISK)
        await self._ledger.alert_over(DISK_ALERT, at)
        self._reason = None
        log.info("space_pause_ended", extra={"state": str(self._state)})
