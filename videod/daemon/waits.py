"""Watches what open episodes wait for and tells the board where the answer changes.

An answer is written only when it has stood for a while, and an episode that continues clears its own when a job starts,
so that nothing flaps. In the queue only each channel's first entries get an answer.
"""

import logging
from collections.abc import Callable

from videod.core import wording
from videod.core.events import EntryWaits
from videod.core.suspension import Suspension
from videod.core.waits import lasting, waits_for
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads, views
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often it is looked, seconds
LOOK_S = 5.0
#: an answer that stands for less is not written, ms
STANDS_MS = 20_000


class WaitWatch:
    """`knows` says whether a channel's file is there."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock, knows: Callable[[str], bool]) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._knows = knows
        #: task -> the answer that differs from what is shown, and since when (steady ms)
        self._fresh: dict[str, tuple[Suspension | None, int]] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> int:
        """One look; returns how many episodes got a new answer."""
        at = self._clock.now_ms()
        open_work, holds = await self._store.read(lambda tx: (views.waiting(tx), reads.suspensions(tx, at)))
        fresh: dict[str, tuple[Suspension | None, int]] = {}
        told = 0
        for task, jobs in open_work:
            wait = waits_for(task, jobs, holds, self._knows(task.channel_id))
            answer = None if wait is None else lasting(wait)
            if answer == task.waits:
                continue
            known = self._fresh.get(task.id)
            since = known[1] if known is not None and known[0] == answer else at
            if at - since < STANDS_MS:
                fresh[task.id] = (answer, since)
                continue
            await self._ledger.apply(EntryWaits(at, task.id, answer))
            reason = None if answer is None else wording.waiting(answer)
            log.info("waits_entry_changed", extra={"task": task.id, "channel": task.channel_id, "reason": reason})
            told += 1
        self._fresh = fresh
        return told
