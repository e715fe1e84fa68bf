"""What screens read of the ledger: recent events, and charges added up. Looks only, never writes."""

import json
import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True)
class Happening:
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
WHERE history.event NOT IN ('JobStarted', 'JobSubmitted', 'JobCharged')
ORDER BY history.id DESC LIMIT ?
"""


def happenings(connection: sqlite3.Connection, limit: int) -> tuple[Happening, ...]:
    """What happened last, the newest first; starts, submissions and charges are left out."""
    rows = connection.execute(_HAPPENINGS, (limit,))
    return tuple(Happening(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5]) for row in rows)


@dataclass(frozen=True)
class Spend:
    """Money of one day, channel, episode or service. `episodes` counts the tasks that were charged; `possible` is what
    may have been paid besides, micro-dollars."""

    key: str
    label: str
    micros: int
    charges: int
    episodes: int
    possible: int = 0


#: charges, and beside them what may have been paid
_SPEND = """
WITH spent AS (
    SELECT at, channel_id, task_id, service, micros, 1 AS charge, 0 AS possible FROM charges WHERE at >= :begin
    UNION ALL
    SELECT at, channel_id, task_id, service, 0, 0, micros FROM possible_charges
    WHERE cleared_at IS NULL AND at >= :begin
)
SELECT CASE :by WHEN 'day' THEN strftime('%Y-%m-%d', spent.at / 1000, 'unixepoch') WHEN 'channel' THEN spent.channel_id
                WHEN 'episode' THEN spent.task_id WHEN 'service' THEN spent.service END AS key,
       iif(:by = 'episode', coalesce(max(tasks.title), ''), '') AS label, sum(spent.micros) AS micros,
       sum(spent.charge) AS n, count(DISTINCT spent.task_id) AS tasks, sum(spent.possible) AS possible
FROM spent LEFT JOIN tasks ON tasks.id = spent.task_id
GROUP BY 1 ORDER BY iif(:by = 'day', key, NULL) DESC, micros DESC, key
"""


def spend(connection: sqlite3.Connection, by: str, begin: int) -> tuple[Spend, ...]:
    """Charges since `begin`, ms, and beside them what may have been paid, added up.

    `by` is "day" (UTC), "channel", "episode" or "service".
    """
    rows = connection.execute(_SPEND, {"by": by, "begin": begin})
    return tuple(
        Spend(row["key"], row["label"], row["micros"], row["n"], row["tasks"], row["possible"]) for row in rows
    )
