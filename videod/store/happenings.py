"""What screens read of the past besides reports: recent events, and the figures that only grow. Looks only.

Light to import, since `status` and the dashboard start with it.
"""

import json
import sqlite3
from typing import NamedTuple


class Happening(NamedTuple):
    """One line of the recent events: `title` is the task's, None where an entry never became one."""

    at: int
    task_id: str | None
    title: str | None
    event: str
    body: dict[str, object]
    status: str | None


_HAPPENINGS = """
SELECT history.at, history.task_id, tasks.title, history.event, history.body, history.status
FROM history LEFT JOIN tasks ON tasks.id = history.task_id
WHERE history.event NOT IN ('JobStarted', 'JobSubmitted', 'JobPlaced', 'JobCharged')
ORDER BY history.id DESC LIMIT ?
"""


def happenings(connection: sqlite3.Connection, limit: int) -> tuple[Happening, ...]:
    """What happened last, the newest first; starts, submissions and charges are left out."""
    rows = connection.execute(_HAPPENINGS, (limit,))
    return tuple(Happening(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5]) for row in rows)


class Counter(NamedTuple):
    """One of the figures that only grow: a name and its labels, "" where one does not apply."""

    name: str
    channel_id: str
    service: str
    kind: str
    n: int


def counters(connection: sqlite3.Connection) -> tuple[Counter, ...]:
    """All that only grows; a few hundred rows, however long the past is."""
    rows = connection.execute("SELECT name, channel_id, service, kind, n FROM counters ORDER BY 1, 2, 3, 4")
    return tuple(Counter(*row) for row in rows)
