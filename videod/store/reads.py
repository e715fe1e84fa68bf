"""Every statement that only looks. Functions take a connection and return the core's values or small row types."""

import json
import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from videod.core import bounds
from videod.core.breaker import Breaker
from videod.core.model import Job, Task
from videod.core.statuses import JobState
from videod.core.suspension import Cause, Suspension
from videod.store.rows import job_of, task_of

_CAUSES = frozenset(Cause)


def task(connection: sqlite3.Connection, task_id: str) -> Task | None:
    row = connection.execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
    return None if row is None else task_of(row)


def task_of_page(connection: sqlite3.Connection, page_id: str) -> Task | None:
    row = connection.execute("SELECT * FROM tasks WHERE page_id = ?", (page_id,)).fetchone()
    return None if row is None else task_of(row)


def jobs(connection: sqlite3.Connection, task_id: str) -> tuple[Job, ...]:
    """The task's jobs in the order they were made."""
    return tuple(
        job_of(row) for row in connection.execute("SELECT * FROM jobs WHERE task_id = ? ORDER BY id", (task_id,))
    )


def finished(connection: sqlite3.Connection, task_id: str) -> tuple[tuple[str, str, int, str | None], ...]:
    """Step, key, revision and digest of the task's finished jobs."""
    found = connection.execute(
        "SELECT step, key, revision, sha256 FROM jobs WHERE task_id = ? AND state = ?", (task_id, JobState.DONE.value)
    )
    return tuple((row[0], row[1], row[2], row[3]) for row in found)


def job(connection: sqlite3.Connection, task_id: str, name: str) -> Job | None:
    step, key = name.split("/", 1)
    row = connection.execute(
        "SELECT * FROM jobs WHERE task_id = ? AND step = ? AND key = ?", (task_id, step, key)
    ).fetchone()
    return None if row is None else job_of(row)


def newest_history(connection: sqlite3.Connection, task_id: str) -> int | None:
    """The id of the task's newest history row: it grows with every change of the task or of its jobs."""
    row = connection.execute("SELECT max(id) FROM history WHERE task_id = ?", (task_id,)).fetchone()
    return None if row[0] is None else int(row[0])


def running_jobs(connection: sqlite3.Connection) -> tuple[Job, ...]:
    return tuple(job_of(row) for row in connection.execute("SELECT * FROM jobs WHERE state = 'running' ORDER BY id"))


class WatchedVideo(NamedTuple):
    """An uploaded film whose verdict is not final."""

    task_id: str
    channel_id: str
    video_id: str


def videos_due(connection: sqlite3.Connection, at: int) -> tuple[WatchedVideo, ...]:
    """The films to ask YouTube about now, the oldest look first."""
    rows = connection.execute(
        "SELECT id, channel_id, youtube_id FROM tasks INDEXED BY tasks_to_look_at"
        " WHERE verdict_due IS NOT NULL AND verdict_due <= ? AND youtube_id IS NOT NULL ORDER BY verdict_due",
        (at,),
    )
    return tuple(WatchedVideo(*row) for row in rows)


def open_tasks(connection: sqlite3.Connection) -> tuple[Task, ...]:
    rows = connection.execute(
        "SELECT * FROM tasks WHERE phase <> 'closed' ORDER BY priority, coalesce(started_at, queued_at)"
    )
    return tuple(task_of(row) for row in rows)


def open_channels(connection: sqlite3.Connection) -> set[str]:
    """The channels of open tasks."""
    rows = connection.execute("SELECT DISTINCT channel_id FROM tasks WHERE phase <> 'closed'")
    return {row[0] for row in rows}


def recent_tasks(connection: sqlite3.Connection, limit: int) -> tuple[Task, ...]:
    rows = connection.execute("SELECT * FROM tasks ORDER BY created_at DESC LIMIT ?", (limit,))
    return tuple(task_of(row) for row in rows)


def suspensions(connection: sqlite3.Connection, at: int) -> tuple[Suspension, ...]:
    """Everything that suspends a service now; an open breaker until its next probe."""
    rows = connection.execute(
        "SELECT cause, service, channel_id, until_ms, since, detail, key, amount FROM suspensions"
        " WHERE until_ms IS NULL OR until_ms > ?",
        (at,),
    )
    found = [Suspension(_cause(row["cause"]), *row[1:]) for row in rows]
    for row in connection.execute(
        "SELECT service, until_ms, reason, opened_at FROM breakers WHERE opened_at IS NOT NULL"
    ):
        if row["until_ms"] > at:
            found.append(Suspension(
                Cause.DOWN, row["service"], until_ms=row["until_ms"], since=row["opened_at"], detail=row["reason"]
            ))  # fmt: skip
    return tuple(found)


def _cause(kept: str) -> Cause:
    return Cause(kept) if kept in _CAUSES else Cause.OTHER


def breaker(connection: sqlite3.Connection, service: str) -> Breaker:
    row = connection.execute("SELECT * FROM breakers WHERE service = ?", (service,)).fetchone()
    return Breaker(service) if row is None else Breaker(**dict(row))


@dataclass(frozen=True)
class OutboxMessage:
    """One row of the outbox."""

    target: str
    key: str
    task_id: str | None
    channel_id: str | None
    body: dict[str, object]
    version: int
    attempts: int
    due_at: int
    problem: str | None
    made_at: int = 0


def message_of(row: sqlite3.Row) -> OutboxMessage:
    return OutboxMessage(
        row["target"], row["key"], row["task_id"], row["channel_id"], json.loads(row["body"]), row["version"],
        row["attempts"], row["due_at"], row["problem"], row["made_at"],
    )  # fmt: skip


#: what the board needs first: a changed Status, then what is in work, then what merely waits in the queue; files of
#: waiting reviews come first, and of those the reviews that lack the fewest
_DUE = {
    "entry": """
SELECT outbox.* FROM outbox LEFT JOIN tasks ON tasks.page_id = outbox.key
WHERE outbox.target = 'entry' AND outbox.due_at <= ?
ORDER BY json_type(outbox.body, '$.Status') IS NULL, coalesce(tasks.admitted, 1) = 0, outbox.made_at, outbox.key
LIMIT ?
""",
    "asset": """
SELECT outbox.* FROM outbox LEFT JOIN tasks ON tasks.id = outbox.task_id
WHERE outbox.target = 'asset' AND outbox.due_at <= ?
ORDER BY coalesce(tasks.phase, '') <> 'review',
         count(*) OVER (PARTITION BY outbox.task_id), outbox.made_at, outbox.key LIMIT ?
""",
    "alert": "SELECT * FROM outbox WHERE target = 'alert' AND due_at <= ? ORDER BY made_at LIMIT ?",
}  # fmt: skip


def due_messages(connection: sqlite3.Connection, target: str, at: int, limit: int = 50) -> tuple[OutboxMessage, ...]:
    """What to send now, the most urgent first."""
    return tuple(message_of(row) for row in connection.execute(_DUE[target], (at, limit)))


def pending_message(connection: sqlite3.Connection, target: str, key: str) -> OutboxMessage | None:
    row = connection.execute("SELECT * FROM outbox WHERE target = ? AND key = ?", (target, key)).fetchone()
    return None if row is None else message_of(row)


def unsent_assets(connection: sqlite3.Connection, task_id: str) -> tuple[OutboxMessage, ...]:
    """The files of a task that the board does not have yet."""
    rows = connection.execute("SELECT * FROM outbox WHERE target = 'asset' AND task_id = ? ORDER BY key", (task_id,))
    return tuple(message_of(row) for row in rows)


def pending_messages(connection: sqlite3.Connection) -> tuple[OutboxMessage, ...]:
    return tuple(message_of(row) for row in connection.execute("SELECT * FROM outbox ORDER BY target, made_at"))


#: why an entry's message is sent later: its review opens when its files are on the board
FILES = "files"
#: why a file's message is sent later: the file is not in its channel's bucket yet
STORAGE = "storage"
#: why a file's message is sent later: the board takes no file that large, and a small preview is being made
PREVIEW = "preview"


def delayed(connection: sqlite3.Connection, target: str, delay: str) -> bool:
    """Whether a message waits whose last try ended so."""
    row = connection.execute("SELECT 1 FROM outbox WHERE target = ? AND delay = ? LIMIT 1", (target, delay))
    return row.fetchone() is not None


class OpenAlert(NamedTuple):
    """A reported cause that is not over."""

    key: str
    ends: str
    opened_at: int
    rang_at: int


def open_alerts(connection: sqlite3.Connection) -> tuple[OpenAlert, ...]:
    rows = connection.execute(
        "SELECT key, ends, opened_at, rang_at FROM alerts INDEXED BY alerts_open WHERE closed_at IS NULL"
    )
    return tuple(OpenAlert(*row) for row in rows)


def page_seen(connection: sqlite3.Connection, page_id: str) -> dict[str, object] | None:
    row = connection.execute("SELECT seen FROM notion_pages WHERE page_id = ?", (page_id,)).fetchone()
    loaded: dict[str, object] | None = json.loads(row[0]) if row else None
    return loaded


def pages_to_look_at(connection: sqlite3.Connection) -> tuple[str, ...]:
    return tuple(row[0] for row in connection.execute("SELECT page_id FROM notion_pages WHERE look_again = 1"))


def files_of(connection: sqlite3.Connection, task_id: str) -> int:
    """How many files of a task the board has or is to get."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM asset_pages WHERE key >= :from AND key < :to"
        "        AND key NOT IN (SELECT key FROM outbox WHERE target = 'asset'))"
        " + (SELECT count(*) FROM outbox WHERE target = 'asset' AND task_id = :task)",
        {"from": f"{task_id}/", "to": f"{task_id}0", "task": task_id},
    )
    return int(row.fetchone()[0])


def pages_of_tasks(connection: sqlite3.Connection) -> frozenset[str]:
    """The pages of entries whose task is open or may be queued again."""
    rows = connection.execute(
        "SELECT page_id FROM tasks WHERE phase <> 'closed'"
        " UNION ALL SELECT page_id FROM tasks WHERE status = 'cancelled'"
    )
    return frozenset(row[0] for row in rows)


def asset_page(connection: sqlite3.Connection, key: str) -> tuple[str, str] | None:
    """(page id, sha256 of the file it shows) of an asset row, or None."""
    row = connection.execute("SELECT page_id, sha256 FROM asset_pages WHERE key = ?", (key,)).fetchone()
    return None if row is None else (row[0], row[1])


def value(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM key_values WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def value_ms(connection: sqlite3.Connection, name: str) -> int | None:
    """A value that is a time, ms; None if it is missing or no time."""
    return bounds.whole(value(connection, name))


def value_json(connection: sqlite3.Connection, name: str) -> object:
    """A value that is JSON; None if it is missing or cannot be read."""
    try:
        return bounds.loads(value(connection, name) or "null")
    except ValueError:
        return None


def quota_used(connection: sqlite3.Connection, service: str, day: str) -> int:
    row = connection.execute("SELECT used FROM quota_usage WHERE service = ? AND day = ?", (service, day)).fetchone()
    return 0 if row is None else int(row[0])


def quota_accounts(connection: sqlite3.Connection, service: str, day: str) -> dict[str, int]:
    """Account of the service (`core.services.account`) -> how much of its day's quota is used; itself always."""
    rows = connection.execute(
        "SELECT service, used FROM quota_usage WHERE day = ? AND (service = ? OR service LIKE ?) ORDER BY service",
        (day, service, f"{service}/%"),
    )
    return {service: 0} | {row[0]: int(row[1]) for row in rows}


def sealed_token(connection: sqlite3.Connection, channel_id: str, kind: str) -> str | None:
    row = connection.execute(
        "SELECT sealed FROM oauth_tokens WHERE channel_id = ? AND kind = ?", (channel_id, kind)
    ).fetchone()
    return None if row is None else str(row[0])


def charged(connection: sqlite3.Connection, attempt: int) -> bool:
    """Whether the ledger holds a charge of this attempt."""
    return connection.execute("SELECT 1 FROM charges WHERE attempt_id = ?", (attempt,)).fetchone() is not None


def charged_at(connection: sqlite3.Connection, task_id: str, job_name: str) -> int | None:
    """When the ledger last charged something for this job, ms; None: never."""
    row = connection.execute(
        "SELECT max(at) FROM charges WHERE task_id = ? AND job = ?", (task_id, job_name)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def charged_micros(connection: sqlite3.Connection, attempt: int) -> int:
    """What the ledger charged for this attempt."""
    row = connection.execute("SELECT coalesce(sum(micros), 0) FROM charges WHERE attempt_id = ?", (attempt,)).fetchone()
    return int(row[0])


def in_doubt_micros(connection: sqlite3.Connection, attempt: int) -> int:
    """What may have been paid for this attempt; 0 where that is settled or there never was a doubt."""
    row = connection.execute(
        "SELECT micros FROM possible_charges WHERE attempt_id = ? AND cleared_at IS NULL", (attempt,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def spent_by_channel(connection: sqlite3.Connection, channel_id: str, since: int) -> int:
    """What counts as spent by the channel since then: charges, what may have been paid besides, and what is reserved
    by open attempts that have no charge yet."""
    charged = connection.execute(
        "SELECT coalesce(sum(micros), 0) FROM charges WHERE at >= ? AND channel_id = ?", (since, channel_id)
    ).fetchone()[0]
    reserved = connection.execute(
        "SELECT coalesce(sum(intents.micros), 0) FROM jobs INDEXED BY jobs_running"
        " JOIN intents ON intents.attempt_id = jobs.attempt"
        " WHERE jobs.state = 'running' AND jobs.channel_id = ?"
        " AND NOT EXISTS (SELECT 1 FROM charges WHERE charges.attempt_id = jobs.attempt)",
        (channel_id,),
    ).fetchone()[0]
    possible = connection.execute(
        "SELECT coalesce(sum(micros), 0) FROM possible_charges WHERE cleared_at IS NULL AND channel_id = ? AND at >= ?",
        (channel_id, since),
    ).fetchone()[0]
    return int(charged + reserved + possible)


def running_by_service(connection: sqlite3.Connection) -> dict[str, int]:
    rows = connection.execute("SELECT service, count(*) FROM jobs WHERE state = 'running' GROUP BY service")
    return {row[0]: row[1] for row in rows}
