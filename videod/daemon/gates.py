"""Reviews that a channel approves automatically are judged again at startup and when a channel's file is back or has
changed.

A stage that ended while its channel's file was missing stays at its review: nothing said that it is automatic.
"""

import logging
import sqlite3

from videod.core.events import GatesJudged
from videod.core.statuses import AT_GATE
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads
from videod.store.database import Store

log = logging.getLogger(__name__)


async def judge_again(store: Store, ledger: Ledger, clock: Clock) -> int:
    """Pass every open review that its channel approves automatically; returns how many were opened."""
    opened = 0
    for task_id, channel_id in await store.read(_waiting):
        if not ledger.knows(channel_id):
            continue
        applied = await ledger.apply(GatesJudged(clock.now_ms(), task_id))
        if applied.decision.accepted:
            opened += 1
            log.info("gates_judge_opened", extra={"task": task_id, "channel": channel_id})
    return opened


def _waiting(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return [(task.id, task.channel_id) for task in reads.open_tasks(connection) if task.status in AT_GATE]
