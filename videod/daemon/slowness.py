"""Looks once a minute for episodes that have shown one status for far longer than usual: told once, shown on the board.

`core.slowness` decides. What the watch knows outlives the process, so that a restart begins nothing again.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from videod.core.events import EntrySlow
from videod.core.model import Task
from videod.core.moments import clock
from videod.core.sanitize import sanitize_line
from videod.core.slowness import Watched, excused, patience_ms, usual_ms
from videod.core.statuses import LABELS
from videod.dashboard import reason
from videod.dashboard.text import span
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import in_full, reads, stays, views
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often it is looked, seconds
LOOK_S = 60.0
#: in `key_values`: what the looks so far know
KEPT = "slow_watch"
#: how the keys of the alerts begin, and those of episodes in which nothing ends at all, which people heard of then
SLOW, STUCK = "slow:", "stuck:"
TITLE_CHARACTERS = 80


@dataclass(frozen=True)
class _Slow:
    """An episode that is slow: since when it has its status, since when that is nobody's doing, the usual time, ms."""

    task: Task
    since: int
    counted: int
    usual: int

    @property
    def key(self) -> str:
        return f"{SLOW}{self.task.id}:{self.since}"

    @property
    def note(self) -> str:
        return f"in this status since {clock(self.since)}, far longer than usual ({span(self.usual)})"


class SlowWatch:
    """`knows` says whether a channel's file is there; `waits` how many retries a job has."""

    def __init__(
        self, store: Store, ledger: Ledger, clock: Clock, knows: Callable[[str], bool], waits: Callable[[], int]
    ) -> None:  # fmt: skip
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._knows = knows
        self._waits = waits

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """One look: tell what is new, end what is over."""
        at = self._clock.now_ms()
        open_work, holds, began, told, kept = await self._store.read(
            lambda tx: (
                views.waiting(tx), reads.suspensions(tx, at), stays.since(tx), reads.open_alerts(tx),
                reads.value_json(tx, KEPT),
            )
        )  # fmt: skip
        in_work = [(task, jobs) for task, jobs in open_work if task.id in began]
        fine = [task.id for task, jobs in in_work if excused(task, jobs, holds, self._knows(task.channel_id))]
        watched = Watched.of(kept).looked(at, began, fine)
        await self._ledger.set_value(KEPT, json.dumps(watched.plain()))
        known = {one.key for one in told}
        current = {f"{SLOW}{task}:{since}" for task, since in began.items()}
        for key in known:
            if key.startswith(SLOW) and key not in current:
                await self._ledger.alert_over(key, at)
        for task, _ in in_work:
            if task.id in fine or task.slow:
                continue
            counted = watched.since(task.id, began[task.id])
            usual = await self._usual(task)
            if at - counted > patience_ms(usual):
                await self._tell(_Slow(task, began[task.id], counted, usual), known, at)

    async def _usual(self, task: Task) -> int:
        status = task.status
        return usual_ms(status, *await self._store.read(
            lambda tx: (stays.last(tx, status, task.channel_id), stays.last(tx, status))
        ))  # fmt: skip

    async def _tell(self, one: _Slow, known: set[str], at: int) -> None:
        """Once for this status: on the board, and to people unless they know that nothing ends in it.

        The board comes last: where the process ends between the two, the next look finds the alert and repeats nothing.
        """
        task = one.task
        log.warning("slowness_episode_found", extra={"task": task.id, "channel": task.channel_id, "reason": one.note})
        stuck = any(key.startswith(f"{STUCK}{task.id}:") for key in known)
        if not stuck and one.key not in known:
            since = one.since
            await self._ledger.alert(f"{SLOW}{task.id}:{since}", await self._text(one, at), at)
        await self._ledger.apply(EntrySlow(at, task.id, task.status.value, one.note))

    async def _text(self, one: _Slow, at: int) -> str:
        task = one.task
        why = await self._why(task, one.since, at)
        title = sanitize_line(task.title)[:TITLE_CHARACTERS]
        return (
            f"{title} ({task.channel_id}) has been {LABELS[task.status]} for {span(at - one.since)}. Usually that takes"
            f" {span(one.usual)}. It {why}. `videod show {task.id}` has its jobs and their last errors."
        )

    async def _why(self, task: Task, since: int, at: int) -> str:
        """What `videod why` says of it."""
        jobs, holds, ahead = await self._store.read(
            lambda tx: (reads.jobs(tx, task.id), reads.suspensions(tx, at), in_full.ahead(tx, task))
        )
        case = reason.Case(task, jobs, since, holds, ahead, True, self._waits(), at, self._knows(task.channel_id))
        return reason.why(case).sentence.rstrip(".")
