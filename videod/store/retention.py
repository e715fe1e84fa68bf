"""Whose files have an end: episodes that are published, cancelled or stopped with an error. Looks only."""

import sqlite3
from dataclasses import dataclass

from videod.core.statuses import ERRORS, Status


@dataclass(frozen=True)
class Ended:
    """An episode of which nothing is made, since `since`, ms, with files; `due`: when they go, None: that is open."""

    task_id: str
    channel_id: str
    status: Status
    since: int
    due: int | None

    @property
    def failed(self) -> bool:
        return self.status in ERRORS


# an episode that a person paused keeps its files
_ENDED = """
SELECT tasks.id, tasks.channel_id, tasks.status,
       coalesce(stays.began_at, tasks.ended_at, tasks.created_at) AS since,
       iif(jobs.state = 'ready', jobs.due_at, NULL) AS due
FROM jobs INDEXED BY jobs_cleanups JOIN tasks ON tasks.id = jobs.task_id
LEFT JOIN stays ON stays.task_id = tasks.id AND stays.ended_at IS NULL
WHERE jobs.step = 'cleanup' AND jobs.state IN ('waiting', 'ready') AND tasks.paused IS NULL
  AND (tasks.phase = 'error' OR tasks.phase = 'closed' AND (tasks.youtube_url IS NOT NULL OR tasks.cancelled = 1))
ORDER BY tasks.id
"""


def ended(connection: sqlite3.Connection) -> tuple[Ended, ...]:
    return tuple(Ended(row[0], row[1], Status(row[2]), row[3], row[4]) for row in connection.execute(_ENDED))
