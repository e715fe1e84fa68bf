"""How long episodes show their statuses, from the table that a trigger keeps. Looks only."""

import sqlite3

from videod.core.slowness import LAST
from videod.core.statuses import Status

_OPEN = """
SELECT tasks.id, stays.began_at FROM tasks INDEXED BY tasks_in_work CROSS JOIN stays ON stays.task_id = tasks.id
WHERE tasks.admitted = 1 AND tasks.phase <> 'closed' AND stays.ended_at IS NULL
"""


def since(connection: sqlite3.Connection) -> dict[str, int]:
    """Task -> when it took its status, ms, of all that are in work."""
    return {row[0]: row[1] for row in connection.execute(_OPEN)}


_LAST = """
SELECT ended_at - began_at FROM stays INDEXED BY stays_by_begin
WHERE status = ? AND channel_id = coalesce(?, channel_id) AND ended_at IS NOT NULL
ORDER BY began_at DESC LIMIT ?
"""


def last(connection: sqlite3.Connection, status: Status, channel_id: str | None = None) -> list[int]:
    """How long the last episodes showed the status, ms; of one channel where it is given."""
    return [int(row[0]) for row in connection.execute(_LAST, (status.value, channel_id, LAST))]
