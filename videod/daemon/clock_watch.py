"""Watches the clock itself: somebody sets it, or the host sleeps.

Deadlines and leases go by the loop's own time and do not care. What is kept for later (retries, pauses, breakers,
messages) is kept as wall time. When the clock goes forward all of that comes early, once. When it goes back, it would
come late by as much, so it is moved back with the clock. Wall time is compared with a clock that nobody can set.
"""

import asyncio
import logging
from dataclasses import dataclass

from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often the clocks are compared, seconds
LOOK_S = 2.0
#: what NTP corrects stays below; no wait of ours is as short as this, ms
JUMP_MS = 5_000


@dataclass(frozen=True)
class Moment:
    """The same instant on three clocks, ms: wall time, time since the boot, time that the host was awake."""

    wall: int
    steady: int
    awake: int


class ClockWatch:
    def __init__(self, clock: Clock, ledger: Ledger, store: Store) -> None:
        self._clock = clock
        self._ledger = ledger
        self._store = store

    async def run(self) -> None:
        """Compare until cancelled."""
        before = self._now()
        while True:
            await self._clock.sleep(LOOK_S)
            now = self._now()
            await self._compare(before, now)
            before = now

    async def since_last_run(self) -> None:
        """At startup, before anything is due: where the clock was set back meanwhile, as if no time had passed."""
        beat = await self._store.read(lambda tx: reads.value_ms(tx, "heartbeat"))
        at = self._clock.now_ms()
        if beat is not None and beat - at >= JUMP_MS:
            await self._set_back(beat - at, at)

    def _now(self) -> Moment:
        awake = round(asyncio.get_running_loop().time() * 1000)
        return Moment(self._clock.now_ms(), self._clock.steady_ms(), awake)

    async def _compare(self, before: Moment, now: Moment) -> None:
        passed = now.steady - before.steady
        slept, jumped = passed - (now.awake - before.awake), (now.wall - before.wall) - passed
        if slept >= JUMP_MS:
            log.info("daemon_host_slept", extra={"seconds": round(slept / 1000)})
        if jumped <= -JUMP_MS:
            await self._set_back(-jumped, now.wall)
        elif jumped >= JUMP_MS:
            log.warning("daemon_clock_jumped", extra={"seconds": round(jumped / 1000)})
        if slept >= JUMP_MS or abs(jumped) >= JUMP_MS:
            self._ledger.wakeups.wake_all()

    async def _set_back(self, by_ms: int, at: int) -> None:
        moved = await self._ledger.set_back(by_ms, at)
        log.warning("daemon_clock_jumped", extra={"seconds": -round(by_ms / 1000), "jobs_moved": moved})
