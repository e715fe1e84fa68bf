"""Sends the measures of a week once, on Monday, where `[alerts] weekly` asks for them."""

import logging
from collections.abc import Callable

from videod.core.days import DAY_MS, week
from videod.dashboard.report import weekly_text
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads, reports
from videod.store.calendar import calendar
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often it is looked, seconds
LOOK_S = 60.0
WEEK_MS = 7 * DAY_MS
#: the week is reported so long after it ended, ms: on Monday at 8:00
AFTER_MS = 8 * 3_600_000
#: in `key_values`: when the last reported week ended, ms
REPORTED = "weekly_report"
#: how the keys of the messages begin
KEY = "report:"


class WeeklyReport:
    """`wanted` says whether the message is asked for now."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock, wanted: Callable[[], bool]) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._wanted = wanted

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Send the week that ended last, unless it was sent; a week that ended before it was asked for is not."""
        if not self._wanted():
            return
        at = self._clock.now_ms()
        zone, last = await self._store.read(lambda tx: (calendar(tx).zone, reads.value_ms(tx, REPORTED)))
        end = week(at - AFTER_MS, zone).begin
        if last is None or last > end + WEEK_MS:  # just asked for; or the clock was far ahead
            await self._ledger.set_value(REPORTED, str(end))
        elif end - last > WEEK_MS // 2:  # less is the same Monday in another time zone
            await self._send(week(end - 1, zone).begin, end, at)

    async def _send(self, begin: int, end: int, at: int) -> None:
        found = await self._store.read(lambda tx: reports.report(tx, begin, end))
        # told and noted in one transaction: exactly one message, whenever the process ends
        key, text = f"{KEY}{end}", weekly_text(found, at)
        await self._ledger.alert(key, text, at, fact=(REPORTED, str(end)))
        await self._ledger.alert_over(key, at)
        log.info("weekly_report_sent", extra={"published": len(found.published)})
