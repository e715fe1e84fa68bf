"""What screens read of the ledger: charges added up, the measures of a period. Looks only, never writes.

What counts as what stands in docs/reports.md; the tables `stays`, `troubles`, `lane_waits` and `counters` are kept by
triggers (migrations/0019_measures.sql) in the transaction of what happened.
"""

import json
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from videod.core import days
from videod.core.attention import Queue
from videod.core.measures import (
    Absence,
    Cost,
    Ending,
    LaneWait,
    Outcome,
    Presence,
    Report,
    Stay,
    Troubles,
    WorkerTime,
    merged,
)
from videod.core.services import TIDYING
from videod.core.statuses import Status
from videod.store.calendar import calendar


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


#: charges, those of archived episodes too, and beside them what may have been paid
_SPENT = """
WITH spent AS (
    SELECT at, channel_id, task_id, service, micros, 1 AS charge, 0 AS possible
    FROM charges WHERE at >= :begin AND at < :end
    UNION ALL
    SELECT at, channel_id, task_id, service, micros, charges, 0
    FROM archived_charges WHERE at >= :begin AND at < :end
    UNION ALL
    SELECT at, channel_id, task_id, service, 0, 0, micros FROM possible_charges
    WHERE cleared_at IS NULL AND at >= :begin AND at < :end
)
"""
#: added up by quarter of an hour, which no day of any time zone divides
_QUARTERS = f"""{_SPENT}
SELECT at / 900000 * 900000, channel_id, service, task_id, sum(micros), sum(charge), sum(possible) FROM spent
WHERE channel_id = coalesce(:channel, channel_id) GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - fixed text
_TITLES = "SELECT id, title FROM tasks WHERE id IN (SELECT value FROM json_each(?))"


#: later than any time
_NEVER = 2**62


def spend(
    connection: sqlite3.Connection, by: str, begin: int, end: int = _NEVER, channel: str | None = None
) -> tuple[Spend, ...]:  # fmt: skip
    """Charges from `begin` up to before `end`, ms, and beside them what may have been paid, added up.

    `by` is "day" (of the installation's time zone), "channel", "episode" or "service"; `channel` None: of all.
    """
    return spends(connection, begin, end, channel).by(connection, by)


@dataclass(frozen=True)
class Spends:
    """Money of a time, read once: (day, channel, service, episode) -> micros, charges, possible."""

    sums: Mapping[tuple[str, str, str, str], tuple[int, int, int]]

    def by(self, connection: sqlite3.Connection, by: str) -> tuple[Spend, ...]:
        """See `spend`."""
        place = ("day", "channel", "service", "episode").index(by)
        found: dict[str, list[int]] = {}
        episodes: dict[str, set[str]] = {}
        for key, amounts in self.sums.items():
            kept = found.setdefault(key[place], [0, 0, 0])
            for number, amount in enumerate(amounts):
                kept[number] += amount
            episodes.setdefault(key[place], set()).add(key[3])
        titles = dict(connection.execute(_TITLES, (json.dumps(list(found)),)).fetchall()) if by == "episode" else {}
        rows = [
            Spend(key, titles.get(key, ""), micros, charges, len(episodes[key]), possible)
            for key, (micros, charges, possible) in found.items()
        ]
        return tuple(sorted(rows, key=lambda one: one.key, reverse=True) if by == "day"
                     else sorted(rows, key=lambda one: (-one.micros, one.key)))  # fmt: skip

    def daily(self) -> dict[str, dict[str, int]]:
        """channel -> day -> micro-dollars."""
        found: dict[str, dict[str, int]] = {}
        for (day, channel, _, _), (micros, _, _) in self.sums.items():
            of_channel = found.setdefault(channel, {})
            of_channel[day] = of_channel.get(day, 0) + micros
        return found


def spends(connection: sqlite3.Connection, begin: int, end: int = _NEVER, channel: str | None = None) -> Spends:
    """Charges from `begin` up to before `end`, ms, and beside them what may have been paid; `channel` None: of all."""
    zone = calendar(connection).zone
    label = cache(lambda at: days.label(at, zone))
    sums: dict[tuple[str, str, str, str], tuple[int, int, int]] = {}
    for at, *key, micros, charges, possible in connection.execute(
        _QUARTERS, {"begin": begin, "end": end, "channel": channel}
    ):
        where = (label(at), *key)
        kept = sums.get(where, (0, 0, 0))
        sums[where] = (kept[0] + micros, kept[1] + charges, kept[2] + possible)
    return Spends(sums)


def spent_since(connection: sqlite3.Connection, begin: int) -> int:
    """What was charged from `begin` on, micro-dollars."""
    statement = (
        "SELECT (SELECT coalesce(sum(micros), 0) FROM charges WHERE at >= :begin)"
        " + (SELECT coalesce(sum(micros), 0) FROM archived_charges WHERE at >= :begin)"
    )
    return int(connection.execute(statement, {"begin": begin}).fetchone()[0])


# ------------------------------------------------------------------------------------------- the measures of a period

#: the status that an episode had at the end of the period, where it took it within the period; a person acted where
#: somebody ended an error status of it, or a job needed a key, credit or a decision
_ENDINGS = """
SELECT stays.task_id, stays.channel_id, coalesce(tasks.title, ''), stays.status, statuses.phase, stays.began_at,
       coalesce(tasks.cost_micros, 0), coalesce(tasks.possible_micros, 0),
       EXISTS (SELECT 1 FROM stays AS earlier JOIN statuses AS its ON its.status = earlier.status
               WHERE earlier.task_id = stays.task_id AND its.phase = 'error' AND earlier.ended_at < :end
               AND earlier.ended_by IN ('EntryQueued', 'EntryEdited', 'RedoAsked', 'CancelAsked'))
       OR EXISTS (SELECT 1 FROM troubles WHERE troubles.task_id = stays.task_id AND person = 1 AND step <> 'cleanup'
                  AND began_at < :end) AS person,
       EXISTS (SELECT 1 FROM troubles WHERE troubles.task_id = stays.task_id AND failures > 0 AND step <> 'cleanup'
               AND began_at < :end) AS failed
FROM statuses CROSS JOIN stays INDEXED BY stays_by_begin ON stays.status = statuses.status
LEFT JOIN tasks ON tasks.id = stays.task_id
WHERE (statuses.phase = 'error' OR statuses.phase = 'closed' AND statuses.status <> 'draft')
  AND stays.began_at >= :begin AND stays.began_at < :end AND (stays.ended_at IS NULL OR stays.ended_at >= :end)
  AND stays.channel_id = coalesce(:channel, stays.channel_id)
ORDER BY stays.began_at, stays.id
"""


def _ending(row: sqlite3.Row) -> Ending:
    task_id, channel_id, title, status, phase, at, micros, possible, person, failed = row
    if phase == "error":
        outcome, person = Outcome.STOPPED, 1
    elif status == "cancelled":
        outcome = Outcome.CANCELLED
    else:
        outcome = Outcome.HELPED if person else Outcome.RECOVERED if failed else Outcome.CLEAN
    return Ending(task_id, channel_id, title, outcome, person == 1, at, micros, possible)


_TROUBLES = """
SELECT service, kind, sum(failures), sum(ended = 'recovered'), sum(ended = 'helped'), sum(ended = 'stopped')
FROM troubles INDEXED BY troubles_by_end
WHERE ended_at >= :begin AND ended_at < :end AND channel_id = coalesce(:channel, channel_id) AND step <> 'cleanup'
GROUP BY service, kind ORDER BY 3 DESC, service, kind
"""
_RETRYING = """
SELECT count(*) FROM tasks INDEXED BY tasks_open CROSS JOIN troubles ON troubles.task_id = tasks.id
WHERE tasks.phase <> 'closed' AND troubles.ended_at IS NULL AND tasks.channel_id = coalesce(:channel, tasks.channel_id)
"""
_STAYS = """
SELECT stays.status, stays.ended_at - stays.began_at FROM stays INDEXED BY stays_by_end JOIN statuses USING (status)
WHERE stays.ended_at >= :begin AND stays.ended_at < :end AND statuses.phase IN ('queued', 'work', 'review')
  AND stays.channel_id = coalesce(:channel, stays.channel_id)
"""
_WAITS = """
SELECT service, sum(starts), sum(waited_ms), max(longest_ms) FROM lane_waits
WHERE hour >= :begin / 3600000 AND hour <= (:end - 1) / 3600000 AND channel_id = coalesce(:channel, channel_id)
  AND service NOT IN (SELECT value FROM json_each(:tidying))
GROUP BY service ORDER BY sum(waited_ms) DESC, service
"""
_QUEUE = """
SELECT channel_id, count(*), min(queued_at) FROM tasks INDEXED BY tasks_waiting
WHERE admitted = 0 AND phase <> 'closed' AND phase = 'queued' AND channel_id = coalesce(:channel, channel_id)
GROUP BY channel_id ORDER BY channel_id
"""

#: a sign of life that takes longer than this is an absence, as in migrations/0028_absences.sql
LONGEST_BEAT_MS = 60_000
_ABSENCES = """
SELECT began_at, ended_at FROM absences WHERE began_at > 0 AND ended_at > :since AND began_at < :end
UNION ALL
SELECT CAST(value AS INTEGER), :end FROM key_values
WHERE name = 'heartbeat' AND CAST(value AS INTEGER) < :end - :longest_ms
"""


_COSTS = f"""{_SPENT}
SELECT channel_id, service, sum(micros), sum(possible) FROM spent
WHERE channel_id = coalesce(:channel, channel_id) GROUP BY channel_id, service
"""  # noqa: S608 - fixed text


_WORKERS = """
SELECT worker, count(*), sum(coalesce(outcome, '') NOT IN ('done', '')), sum(cpu_ms)
FROM attempts INDEXED BY attempts_by_worker
WHERE worker IS NOT NULL AND started_at >= :begin AND started_at < :end
  AND channel_id = coalesce(:channel, channel_id)
GROUP BY worker ORDER BY sum(cpu_ms) DESC, worker
"""


def report(connection: sqlite3.Connection, begin: int, end: int, channel: str | None = None) -> Report:
    """The measures from `begin` up to before `end`, ms; of one channel where it is given."""
    what: Mapping[str, object] = {"begin": begin, "end": end, "channel": channel, "tidying": json.dumps(TIDYING)}
    spent = [tuple(row) for row in connection.execute(_COSTS, what)]
    return Report(
        begin, end, channel,
        endings=tuple(_ending(row) for row in connection.execute(_ENDINGS, what)),
        troubles=tuple(Troubles(*row) for row in connection.execute(_TROUBLES, what)),
        retrying=int(connection.execute(_RETRYING, what).fetchone()[0]),
        stays=_stays(connection, what),
        waits=tuple(LaneWait(*row) for row in connection.execute(_WAITS, what)),
        by_channel=_costs(spent, 0),
        by_service=_costs(spent, 1),
        queue=tuple(Queue(*row) for row in connection.execute(_QUEUE, what)),
        presence=_presence(connection, begin, end),
        workers=tuple(WorkerTime(*row) for row in connection.execute(_WORKERS, what)),
    )  # fmt: skip


def _presence(connection: sqlite3.Connection, begin: int, end: int) -> Presence:
    """When the daemon was away; since its last sign of life as well, where that is long ago by now."""
    known = connection.execute("SELECT min(ended_at) FROM absences WHERE began_at = 0").fetchone()
    since = min(max(begin, known[0]), end) if known[0] is not None else end
    rows = connection.execute(_ABSENCES, {"since": since, "end": end, "longest_ms": LONGEST_BEAT_MS})
    cut = (Absence(max(since, began_at), min(end, ended_at)) for began_at, ended_at in rows)
    return Presence(since, end, merged([one for one in cut if one.ms > 0]))


def _costs(spent: Sequence[tuple[str, str, int, int]], by: int) -> tuple[Cost, ...]:
    """Rows of (channel, service, micros, possible) added up by the first or the second, the dearest first."""
    sums: dict[str, tuple[int, int]] = {}
    for row in spent:
        micros, possible = sums.get(str(row[by]), (0, 0))
        sums[str(row[by])] = (micros + row[2], possible + row[3])
    found = [Cost(key, *amounts) for key, amounts in sums.items()]
    return tuple(sorted(found, key=lambda one: (-one.micros, one.key)))


def _stays(connection: sqlite3.Connection, what: Mapping[str, object]) -> tuple[Stay, ...]:
    """In the order of work."""
    times: dict[str, list[int]] = {}
    for status, ms in connection.execute(_STAYS, what):
        times.setdefault(status, []).append(ms)
    return tuple(
        Stay(status, len(found), round(statistics.median(found)), max(found), sum(found))
        for status in Status if (found := times.get(status.value))
    )  # fmt: skip
