"""Gives the files of episodes that are over their end, `[retention]` days after that, and says so on the entry.

The removal itself is the cleanup job's. What may still be resumed keeps its files for a day at least once the entry has
said when they go; a paused episode keeps them endlessly.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from videod.core.events import FilesExpire
from videod.core.statuses import Status
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import retention
from videod.store.database import Store
from videod.store.retention import Ended

log = logging.getLogger(__name__)

#: how often it is looked, seconds
LOOK_S = 60.0
#: files that a person may still need stay so long after the entry has said when they go, ms
NOTICE_MS = 86_400_000


@dataclass(frozen=True)
class Days:
    """`[retention]`: how many days the files of each kind of episode are kept."""

    published: float
    cancelled: float
    failed: float

    def ms(self, one: Ended) -> int:
        days = self.published if one.status == Status.PUBLISHED else self.failed if one.failed else self.cancelled
        return round(days * 86_400_000)


class RetentionWatch:
    """`days` gives the settings in force."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock, days: Callable[[], Days]) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._days = days

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> int:
        """One look; returns how many episodes got another end of their files."""
        at, days, told = self._clock.now_ms(), self._days(), 0
        for one in await self._store.read(retention.ended):
            until = end_of(one, days, at)
            if until == one.due:
                continue
            applied = await self._ledger.apply(FilesExpire(at, one.task_id, until))
            if applied.decision.accepted:
                log.info("retention_end_set", extra={"task": one.task_id, "channel": one.channel_id, "until": until})
                told += 1
        return told


def end_of(one: Ended, days: Days, at: int) -> int:
    """When the files go, ms. A published film's are needed no more; others stay for a day after that was said."""
    wanted = one.since + days.ms(one)
    if one.status == Status.PUBLISHED:
        return wanted
    noticed = max(wanted, at + NOTICE_MS)
    return noticed if one.due is None or wanted > one.due else min(one.due, noticed)
