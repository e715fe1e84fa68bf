"""What the choice of the next job looks at: who may start at a service, and what is in work beside them.

Each look goes by partial indexes, so that neither a long queue nor a long past slows it down.
"""

import json
import sqlite3
from collections.abc import Iterable
from operator import attrgetter

from videod.core.admission import Candidate, InWork
from videod.core.services import FIRST, TIDYING
from videod.core.suspension import EVERY_SERVICE, NEW_EPISODES
from videod.core.tables import STEPS

#: the first ready job of each task that has any, plans left out
_OTHERS = """
WITH first AS (
    SELECT min(id) AS id FROM jobs INDEXED BY jobs_ready_others
    WHERE state = 'ready' AND step <> 'plan' AND service = ? AND due_at <= ? GROUP BY task_id
)
SELECT tasks.id AS task_id, jobs.step, jobs.key, jobs.id, tasks.channel_id, tasks.priority, tasks.admitted,
       tasks.queued_at, tasks.started_at
FROM first JOIN jobs ON jobs.id = first.id JOIN tasks ON tasks.id = jobs.task_id
WHERE tasks.paused IS NULL
  AND (jobs.step = 'cleanup' OR tasks.phase <> 'closed')
"""

#: plans of episodes in work, which are redone or retried
_PLANS_IN_WORK = """
SELECT tasks.id AS task_id, jobs.step, jobs.key, jobs.id, tasks.channel_id, tasks.priority, tasks.admitted,
       tasks.queued_at, tasks.started_at
FROM tasks INDEXED BY tasks_in_work CROSS JOIN jobs INDEXED BY jobs_ready_plans
WHERE tasks.admitted = 1 AND tasks.phase <> 'closed' AND tasks.paused IS NULL
  AND jobs.task_id = tasks.id AND jobs.state = 'ready' AND jobs.step = 'plan' AND jobs.due_at <= ?
"""

#: of the entries that wait for their first start the oldest of each channel and priority: the others come after these
#: whatever is chosen, so that a long queue hides nobody and costs nothing
_PLANS_WAITING = """
WITH RECURSIVE channel(id) AS (
    SELECT min(tasks.channel_id) FROM tasks INDEXED BY tasks_waiting
    WHERE tasks.admitted = 0 AND tasks.phase <> 'closed'
    UNION ALL
    SELECT (SELECT min(tasks.channel_id) FROM tasks INDEXED BY tasks_waiting
            WHERE tasks.admitted = 0 AND tasks.phase <> 'closed' AND tasks.channel_id > channel.id)
    FROM channel WHERE channel.id IS NOT NULL
), level(priority) AS (VALUES (0), (1), (2)), first(id) AS (
    SELECT (SELECT jobs.id FROM tasks INDEXED BY tasks_waiting CROSS JOIN jobs INDEXED BY jobs_ready_plans
            WHERE tasks.admitted = 0 AND tasks.phase <> 'closed' AND tasks.channel_id = channel.id
              AND tasks.priority = level.priority AND tasks.paused IS NULL AND jobs.task_id = tasks.id
              AND jobs.state = 'ready' AND jobs.step = 'plan' AND jobs.due_at <= ?
            ORDER BY tasks.queued_at LIMIT 1)
    FROM channel CROSS JOIN level WHERE channel.id IS NOT NULL
)
SELECT tasks.id AS task_id, jobs.step, jobs.key, jobs.id, tasks.channel_id, tasks.priority, tasks.admitted,
       tasks.queued_at, tasks.started_at
FROM first JOIN jobs ON jobs.id = first.id JOIN tasks ON tasks.id = jobs.task_id
"""


def candidates(connection: sqlite3.Connection, service: str, at: int) -> tuple[Candidate, ...]:
    """The jobs of a service among which the next one is: each task's first ready one, suspended channels left out."""
    rows = connection.execute(_OTHERS, (service, at)).fetchall()
    if service == STEPS["plan"].service:
        rows += connection.execute(_PLANS_IN_WORK, (at,)).fetchall()
        rows += connection.execute(_PLANS_WAITING, (at,)).fetchall()
    closed = _closed_channels(connection, service, at)
    barred = _closed_channels(connection, NEW_EPISODES, at)
    found = [
        Candidate(task_id, f"{step}/{key}", job_id, channel_id, priority, admitted == 1, queued_at, started_at)
        for task_id, step, key, job_id, channel_id, priority, admitted, queued_at, started_at in rows
        if channel_id not in closed and not (step == FIRST and ("" in barred or channel_id in barred))
    ]
    return tuple(sorted(found, key=attrgetter("job_id")))


def _closed_channels(connection: sqlite3.Connection, service: str, at: int) -> set[str]:
    """The channels for which the service is suspended."""
    rows = connection.execute(
        "SELECT channel_id FROM suspensions WHERE service IN (?, ?) AND (until_ms IS NULL OR until_ms > ?)",
        (service, _every(service), at),
    )
    return {row[0] for row in rows}


_IN_WORK = """
SELECT id, channel_id, priority, coalesce(started_at, 0) AS started_at FROM tasks INDEXED BY tasks_in_work
WHERE admitted = 1 AND phase <> 'closed'
  AND status IN (SELECT status FROM statuses WHERE holds_place = 1)
"""


def in_work(connection: sqlite3.Connection) -> tuple[InWork, ...]:
    """The episodes that hold a place."""
    rows = connection.execute(_IN_WORK)
    return tuple(InWork(*row) for row in rows)


def work_by_channel(episodes: Iterable[InWork]) -> dict[str, tuple[int, int]]:
    """channel -> (episodes in work, start of the newest of them, ms)."""
    found: dict[str, tuple[int, int]] = {}
    for one in episodes:
        count, newest = found.get(one.channel_id, (0, 0))
        found[one.channel_id] = (count + 1, max(newest, one.started_at))
    return found


_LAST_FINISHED = """
SELECT value, (SELECT max(ended_at) FROM tasks WHERE channel_id = value AND ended_at IS NOT NULL) FROM json_each(?)
"""


def last_finished(connection: sqlite3.Connection, channel_ids: Iterable[str]) -> dict[str, int]:
    """channel -> when its last film was finished, ms; channels without one are left out."""
    rows = connection.execute(_LAST_FINISHED, (json.dumps(list(channel_ids)),))
    return {channel_id: int(at) for channel_id, at in rows if at is not None}


def next_due(connection: sqlite3.Connection, service: str, at: int) -> int | None:
    """When the next job of the service that waits for its time is due, ms."""
    row = connection.execute(
        "SELECT min(due_at) FROM jobs INDEXED BY jobs_ready WHERE state = 'ready' AND service = ? AND due_at > ?",
        (service, at),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def _every(service: str) -> str:
    """How a pause of everything names the service: workspaces are cleaned whatever is paused."""
    return service if service in TIDYING else EVERY_SERVICE
