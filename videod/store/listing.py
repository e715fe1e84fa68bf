"""Pages of episodes, and what a list of channels counts. Looks only, never writes.

A page begins after the last row of the one before (keyset pagination), found by an index: the hundredth page costs as
much as the first, and no episode is skipped or shown twice while others come and go.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from videod.core.model import Task
from videod.core.statuses import Phase
from videod.store.rows import task_of


class Order(StrEnum):
    """What a list is sorted by; the id decides between equals. A task that has not ended counts as ended at 0."""

    CREATED = "created_at"
    QUEUED = "queued_at"
    ENDED = "ended_at"


#: as the indexes of migration `lists` have them
_KEYS = {Order.CREATED: "created_at", Order.QUEUED: "queued_at", Order.ENDED: "coalesce(ended_at, 0)"}
_OF: dict[Order, Callable[[Task], int]] = {
    Order.CREATED: lambda task: task.created_at,
    Order.QUEUED: lambda task: task.queued_at,
    Order.ENDED: lambda task: task.ended_at or 0,
}


@dataclass(frozen=True)
class Wanted:
    """Which episodes: those that match all that is given. `since` <= created < `until`, ms; `text`: in the title, the
    topic, the id or the page id; `person`: those that wait for one (see `_WANTED`)."""

    statuses: tuple[str, ...] = ()
    channel: str | None = None
    person: bool = False
    since: int | None = None
    until: int | None = None
    text: str | None = None

    @property
    def values(self) -> dict[str, object]:
        return {
            "statuses": json.dumps(self.statuses) if self.statuses else None, "channel": self.channel,
            "person": int(self.person), "since": self.since, "until": self.until, "pattern": _pattern(self.text),
            "page": None if self.text is None else self.text.replace("-", "").lower(),
        }  # fmt: skip


def _pattern(text: str | None) -> str | None:
    if text is None:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


@dataclass(frozen=True)
class Place:
    """Where a page ended: the sorted value and the id of its last task."""

    value: int
    task_id: str


def place_of(task: Task, order: Order) -> Place:
    return Place(_OF[order](task), task.id)


#: a person is waited for at reviews and errors, by what a person paused, and by a suspension that nothing else ends
_WANTED = r"""
(:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
AND (:channel IS NULL OR channel_id = :channel)
AND (:since IS NULL OR created_at >= :since) AND (:until IS NULL OR created_at < :until)
AND (:person = 0 OR (phase <> 'closed' AND (phase IN ('review', 'error') OR paused IS NOT NULL OR (
    suspended IS NOT NULL
    AND json_extract(iif(json_valid(suspended), suspended, '{}'), '$.until_ms') IS NULL))))
AND (:pattern IS NULL OR title LIKE :pattern ESCAPE '\' OR topic LIKE :pattern ESCAPE '\'
    OR id LIKE :pattern ESCAPE '\' OR replace(page_id, '-', '') = :page)
"""
_PAGE = "SELECT * FROM tasks WHERE {place} AND {wanted} ORDER BY {key} {way}, id {way} LIMIT :limit"
_COUNT = "SELECT count(*) FROM tasks {index} WHERE {wanted}"


def _statements() -> dict[tuple[Order, bool, bool], str]:
    """(order, newest first, after a place) -> the statement; made of our own words only."""
    made = {}
    for order, key in _KEYS.items():
        for newest in (True, False):
            sign, way = ("<", "DESC") if newest else (">", "ASC")
            for after in (True, False):
                # the first half is what an index of an expression is searched by
                place = f"{key} {sign}= :value AND ({key}, id) {sign} (:value, :id)" if after else "1"
                made[order, newest, after] = _PAGE.format(place=place, wanted=_WANTED, key=key, way=way)
    return made


_STATEMENTS = _statements()
#: whether persons alone are asked for -> the statement: nobody is waited for at a closed episode
_STATEMENTS_OF_COUNT = {
    False: _COUNT.format(index="", wanted=_WANTED),
    True: _COUNT.format(index="INDEXED BY tasks_open", wanted=f"phase <> 'closed' AND {_WANTED}"),
}


def page(
    connection: sqlite3.Connection, wanted: Wanted, order: Order, newest: bool, after: Place | None, limit: int
) -> tuple[Task, ...]:
    """Up to `limit` tasks behind the place, None for the first page."""
    place = {} if after is None else {"value": after.value, "id": after.task_id}
    values = wanted.values | place | {"limit": limit}
    rows = connection.execute(_STATEMENTS[order, newest, after is not None], values)
    return tuple(task_of(row) for row in rows)


def count(connection: sqlite3.Connection, wanted: Wanted) -> int:
    """How many tasks match."""
    return int(connection.execute(_STATEMENTS_OF_COUNT[wanted.person], wanted.values).fetchone()[0])


@dataclass(frozen=True)
class HistoryLine:
    """One event of an episode; `id` grows with time."""

    id: int
    at: int
    event: str
    status: str | None
    body: dict[str, object]


def history(connection: sqlite3.Connection, task_id: str, after: int, limit: int) -> tuple[HistoryLine, ...]:
    """Up to `limit` events of a task behind the one with this id, the oldest first."""
    rows = connection.execute(
        "SELECT id, at, event, status, body FROM history WHERE task_id = ? AND id > ? ORDER BY id LIMIT ?",
        (task_id, after, limit),
    )
    return tuple(HistoryLine(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows)


@dataclass(frozen=True)
class Purchase:
    """One purchase of an attempt: the price that was reserved, and what was charged; `doubt`: the attempt ended
    without telling (`cleared_by` says what settled it, None while nothing has); `open`: it still runs."""

    job: str
    service: str
    price_micros: int
    charged_micros: int
    at: int
    open: bool
    doubt: bool
    cleared_by: str | None


_PURCHASES = """
SELECT jobs.step || '/' || jobs.key, intents.service, intents.micros,
       coalesce((SELECT sum(micros) FROM charges WHERE charges.attempt_id = attempts.id), 0),
       attempts.started_at, attempts.ended_at IS NULL, possible_charges.attempt_id IS NOT NULL,
       possible_charges.cleared_by
FROM jobs JOIN attempts ON attempts.job_id = jobs.id JOIN intents ON intents.attempt_id = attempts.id
LEFT JOIN possible_charges ON possible_charges.attempt_id = attempts.id
WHERE jobs.task_id = ? ORDER BY attempts.id
"""


def purchases(connection: sqlite3.Connection, task_id: str) -> tuple[Purchase, ...]:
    """Every purchase of a task, the oldest first."""
    rows = connection.execute(_PURCHASES, (task_id,))
    return tuple(
        Purchase(row[0], row[1], row[2], row[3], row[4], open=bool(row[5]), doubt=bool(row[6]), cleared_by=row[7])
        for row in rows
    )


@dataclass(frozen=True)
class ChannelCounts:
    """Episodes of a channel by status and by phase."""

    channel: str
    by_status: dict[str, int]
    by_phase: dict[Phase, int]


def channels(connection: sqlite3.Connection) -> dict[str, ChannelCounts]:
    """channel id -> its counts; channels without an episode are left out."""
    found: dict[str, ChannelCounts] = {}
    for channel, status, phase, number in connection.execute(
        "SELECT channel_id, status, phase, count(*) FROM tasks GROUP BY channel_id, status, phase"
    ):
        counts = found.setdefault(channel, ChannelCounts(channel, {}, {}))
        counts.by_status[status] = number
        counts.by_phase[Phase(phase)] = counts.by_phase.get(Phase(phase), 0) + number
    return found
