"""A durable sign of life, and what is said when there was none for minutes: videod was dead or frozen, or its host off.

A daemon cannot report its own death: the service manager does (`videod report-death`), and the next start says from
when to when nothing was done. A stop in order is nobody's news. The watchdogs are fed only after the database took the
beat.
"""

import logging
from collections.abc import Callable

from videod.core.moments import clock, duration
from videod.daemon.lives import Lives, Record
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads
from videod.store.database import Store

log = logging.getLogger(__name__)

#: the fact that holds the last sign of life, ms
FACT = "heartbeat"
HEARTBEAT_S = 15.0
#: no sign for so long is reported, ms; a start after a crash takes less
AWAY_MS = 5 * 60_000
HOST_OFF = "this host was off or restarted"
HOST_SLEPT = "this host slept, or gave it no time"


class Heartbeat:
    """`beat` feeds the watchdogs; `every_s`: how often."""

    def __init__(
        self, store: Store, ledger: Ledger, clock: Clock, beat: Callable[[], object], every_s: float = HEARTBEAT_S
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._beat = beat
        self._every_s = every_s
        #: whether an alert may be open: a start that dies before its first beat does not send it once more
        self._open = True

    async def begin(self, story: Record, book: Lives) -> None:
        """At startup, before the first beat: say for how long videod was away, unless its last life ended in order.

        `story`: the earlier lives as they were found.
        """
        last = await self._store.read(lambda tx: reads.value_ms(tx, FACT))
        if last is None:
            return
        died = story.count > 0 and story.last_at >= last
        if died or book.host_ended:
            why = f"the last reason: {story.why.rstrip('.')}" if died else HOST_OFF
            await self._tell("away", last, self._clock.now_ms(), book.redact(why))

    async def run(self) -> None:
        """Beat until cancelled. A write that waits for the database is no gap: that has alerts of its own."""
        while True:
            at = self._clock.now_ms()
            await self._ledger.set_value(FACT, str(at))
            self._beat()
            if self._open:
                await self._ledger.alerts_over("heartbeat", at)
                self._open = False
            before = self._clock.steady_ms()
            await self._clock.sleep(self._every_s)
            at = self._clock.now_ms()
            await self._tell("frozen", at - (self._clock.steady_ms() - before), at, HOST_SLEPT)

    async def _tell(self, how: str, since: int, at: int, why: str) -> None:
        if at - since < AWAY_MS:
            return
        text = f"videod was {how} for {duration(at - since)}, from {clock(since)} to {clock(at)} ({why})."
        log.warning("daemon_heartbeat_missed", extra={"seconds": (at - since) // 1000, "reason": text})
        text = f"{text} It works again and is catching up."
        await self._ledger.alert(f"heartbeat:{since}", text, at, ends="heartbeat")
        self._open = True
