"""Looks once a minute for what nobody else tells of: what waits for people, stuck episodes, a lopsided queue, a service
that refuses requests as too many, a refused key that nobody has fixed. `core.attention` and `core.digest` decide what
to say; this module sends it and shows it in `status`.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from videod.core import attention, digest
from videod.core.digest import Digest
from videod.core.model import Job, Task
from videod.core.ops import REMIND_MS
from videod.core.waits import waits_for
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import attention as looks
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often it is looked, seconds
LOOK_S = 60.0
#: after a longer gap between two looks (a start, a suspended host, a clock that was set) all waits begin again, ms
GAP_MS = 5 * 60_000
#: how the keys of the three kinds begin
STUCK, LOPSIDED, CROWDED = "stuck:", "imbalance:", "limit:"


@dataclass(frozen=True)
class Rules:
    """`[alerts] reviews_after_h` and `reviews_every_h` in ms; how long a step may take at most, in ms.

    `page`: the address of videod's page for people elsewhere, "" where none is set.
    """

    after_ms: int
    every_ms: int
    deadline_ms: Callable[[str], int]
    page: str = ""


class AttentionWatch:
    """`knows` says whether a channel's file is there."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock, knows: Callable[[str], bool], rules: Rules) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._knows = knows
        self._rules = rules
        #: when it was looked last, and since when without a gap
        self._looked: int | None = None
        self._from = 0
        #: task -> when it last waited for something that is named
        self._explained: dict[str, int] = {}
        self._shown: list[str] | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """One look: tell what is new, end what is over, keep the rest for status."""
        at = self._clock.now_ms()
        if self._looked is None or not 0 <= at - self._looked <= GAP_MS:
            self._from = at
        self._looked = at
        seen = await self._store.read(lambda tx: looks.seen(tx, at))
        lines = [*await self._stuck(seen, at), *await self._lopsided(seen, at), *await self._crowded(seen, at)]
        if lines != self._shown:
            await self._ledger.set_value(looks.REMARKS, json.dumps(lines))
            self._shown = lines
        await self._remind(seen, at)
        await self._digest(seen, at)

    # ------------------------------------------------------------------------------------------ the looks

    async def _stuck(self, seen: looks.Seen, at: int) -> list[str]:
        marks = {f"{STUCK}{task}:{ended}" for task, ended in seen.ended.items()}
        for one in seen.told:
            if one.key.startswith(STUCK) and one.key not in marks:
                await self._ledger.alert_over(one.key, at)
        lines, known = [], {one.key for one in seen.told}
        in_work = [(task, jobs) for task, jobs in seen.open if task.id in seen.ended]
        self._explained = {task.id: self._explained.get(task.id, 0) for task, _ in in_work}
        for task, jobs in in_work:
            if not self._unexplained(task, jobs, seen, at):
                self._explained[task.id] = at
                continue
            ended = seen.ended[task.id]
            told = f"{STUCK}{task.id}:{ended}" in known
            text = await self._too_long(task, jobs, ended, 0 if told else self._watched(task), at)
            if text is not None:
                about = {"task": task.id, "channel": task.channel_id}
                await self._ring(f"{STUCK}{task.id}:{ended}", f"{text}.", seen, at, about)
                lines.append(text)
        return lines

    def _unexplained(self, task: Task, jobs: tuple[Job, ...], seen: looks.Seen, at: int) -> bool:
        known = self._knows(task.channel_id)
        return attention.unexplained(task, jobs, seen.suspensions, known, set(seen.served), at)

    def _watched(self, task: Task) -> int:
        """Since when the episode was seen to wait for nothing: what was not watched is held against nobody, ms."""
        return max(self._from, self._explained.get(task.id, 0))

    async def _too_long(self, task: Task, jobs: tuple[Job, ...], ended: int, watched: int, at: int) -> str | None:
        """What to say of an episode in which nothing has ended for too long; None where it has not."""
        since = attention.quiet_since(jobs, ended, at)
        waited = at - max(since, watched)
        if waited < attention.LEAST_MS:
            return None
        steps = {job.step for job in jobs}
        usual = {step: self._rules.deadline_ms(step) for step in steps}
        usual |= await self._store.read(lambda tx: looks.usual_ms(tx, steps))
        if waited < attention.patience_ms(steps, usual):
            return None
        return attention.stuck_text(task, jobs, since, max(usual.values(), default=0))

    async def _lopsided(self, seen: looks.Seen, at: int) -> list[str]:
        told = [one.key for one in seen.told if one.key.startswith(LOPSIDED)]
        lasting = told[0].removeprefix(LOPSIDED) if told else None
        held = {
            task.channel_id
            for task, jobs in seen.open
            if not task.admitted and waits_for(task, jobs, seen.suspensions, self._knows(task.channel_id)) is not None
        }
        found = attention.imbalance([one for one in seen.queues if one.channel_id not in held], at, lasting)
        if told and (found is None or lasting != found.channel_id):
            await self._ledger.alerts_over(LOPSIDED, at)
        if found is None:
            return []
        about = {"channel": found.channel_id}
        await self._ring(f"{LOPSIDED}{found.channel_id}", f"{found.text}.", seen, at, about, ends=LOPSIDED)
        return [found.text]

    async def _remind(self, seen: looks.Seen, at: int) -> None:
        for one in attention.reminders(seen.suspensions, seen.told, at):
            log.info("attention_pause_reminded", extra={"key": one.key})
            await self._ledger.alert(one.key, one.text, at, ends=one.ends)

    async def _crowded(self, seen: looks.Seen, at: int) -> list[str]:
        told = {one.key.removeprefix(CROWDED) for one in seen.told if one.key.startswith(CROWDED)}
        for service in told - set(seen.crowded):
            await self._ledger.alert_over(f"{CROWDED}{service}", at)
        lines = []
        for service, refused in sorted(seen.crowded.items()):
            text = attention.crowded_text(service, refused)
            if refused >= attention.CROWDED:
                await self._ring(f"{CROWDED}{service}", f"{text}.", seen, at, {"service": service})
            if refused >= attention.CROWDED or service in told:
                lines.append(text)
        return lines

    async def _digest(self, seen: looks.Seen, at: int) -> None:
        if not digest.due(seen.waiting, seen.digest, at, self._rules.after_ms, self._rules.every_ms):
            return
        waiting = await self._store.read(
            lambda tx: [replace(one, cost_micros=looks.cost_micros(tx, one)) for one in seen.waiting]
        )
        sent = Digest(at, frozenset(one.mark for one in waiting))
        fact = (looks.DIGEST, json.dumps(sent.plain()))
        await self._ledger.alert(f"reviews:{at}", digest.text(waiting, at, self._rules.page), at, fact=fact)
        await self._ledger.alert_over(f"reviews:{at}", at)  # what was listed is in the fact
        log.info("attention_digest_told", extra={"waiting": len(waiting)})

    async def _ring(
        self, key: str, text: str, seen: looks.Seen, at: int, about: Mapping[str, object], ends: str = ""
    ) -> None:  # fmt: skip
        """Send it, but write nothing if the same was reported less than a day ago."""
        known = next((one for one in seen.told if one.key == key), None)
        if known is None:
            log.warning("attention_trouble_found", extra={**about, "reason": text})
        if known is None or at - known.rang_at >= REMIND_MS:
            await self._ledger.alert(key, text, at, ends=ends)
