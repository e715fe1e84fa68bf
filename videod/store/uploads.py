"""What a channel has uploaded, and which of its uploads is on its way."""

import sqlite3

from videod.core.spacing import Uploads
from videod.store.calendar import calendar

# films that were published, and those that YouTube rejected later: both were uploads
_ENDED = """
SELECT ended_at FROM tasks INDEXED BY tasks_finished
WHERE channel_id = :channel AND ended_at IS NOT NULL AND ended_at >= :since AND youtube_id IS NOT NULL
UNION ALL
SELECT attempts.ended_at FROM tasks INDEXED BY tasks_of_channel
JOIN jobs ON jobs.task_id = tasks.id AND jobs.step = 'upload' JOIN attempts ON attempts.job_id = jobs.id
WHERE tasks.channel_id = :channel AND tasks.ended_at IS NULL AND tasks.youtube_id IS NOT NULL
  AND attempts.outcome = 'done' AND attempts.ended_at >= :since
"""
# of those that have a session the one that began first; one that runs before all others
_UNDER_WAY = """
SELECT task_id, 0 AS place, started_at FROM jobs INDEXED BY jobs_running
WHERE state = 'running' AND step = 'upload' AND channel_id = :channel
UNION ALL
SELECT jobs.task_id, 1, jobs.started_at FROM jobs INDEXED BY jobs_ready JOIN tasks ON tasks.id = jobs.task_id
WHERE jobs.state = 'ready' AND jobs.service = :service AND jobs.step = 'upload' AND jobs.channel_id = :channel
  AND jobs.remote_id IS NOT NULL AND tasks.paused IS NULL AND tasks.phase <> 'closed'
ORDER BY place, started_at, task_id LIMIT 1
"""


def under_way(connection: sqlite3.Connection, service: str, channel_id: str) -> str | None:
    """The episode of the channel whose upload runs, or was begun and is tried again; None: none."""
    row = connection.execute(_UNDER_WAY, {"service": service, "channel": channel_id}).fetchone()
    return None if row is None else str(row[0])


def seen(
    connection: sqlite3.Connection, service: str, channel_id: str, task_id: str, at: int, spacing_ms: int
) -> Uploads:  # fmt: skip
    """What an upload of `task_id` must know of the channel's others."""
    today = calendar(connection).day(at)
    since = min(today.begin, at - spacing_ms)
    ended = [row[0] for row in connection.execute(_ENDED, {"channel": channel_id, "since": since})]
    first = under_way(connection, service, channel_id)
    return Uploads(
        today, max(ended, default=None), sum(today.begin <= when < today.end for when in ended),
        first not in (None, task_id),
    )  # fmt: skip
