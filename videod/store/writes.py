"""Every statement that changes the database. Only the ledger imports this module.

All functions run inside the caller's transaction on its connection; times come in as arguments.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import lru_cache

from videod.core.breaker import Breaker
from videod.core.model import Job, Task
from videod.core.ops import (
    Alert,
    AlertsOver,
    ClearInDoubt,
    CloseAttempt,
    NoteRefusal,
    OpenAttempt,
    PlaceAttempt,
    RecordCharge,
    RecordInDoubt,
    Release,
    ShowAsset,
    ShowEntry,
    Suspend,
)
from videod.core.reconcile import BalanceReading
from videod.core.suspension import Cause
from videod.store import reads
from videod.store.objects import Stored
from videod.store.rows import JOB_COLUMNS, TASK_COLUMNS, job_values, task_values
from videod.store.statements import insert, save, update


class Conflict(Exception):
    """A row is no longer in the state that the decision was made for; the transaction must not go on."""


_SAVE_TASK = save("tasks", TASK_COLUMNS, "id")
_NEW_JOB = tuple(name for name in JOB_COLUMNS if name != "id")
_INSERT_JOB = insert("jobs", _NEW_JOB)
_BREAKER = tuple(field.name for field in fields(Breaker))
_SAVE_BREAKER = save("breakers", _BREAKER, "service")


@lru_cache
def _update_job(names: tuple[str, ...]) -> str:
    return update("jobs", names, ("id", "state"))


def save_task(connection: sqlite3.Connection, task: Task) -> None:
    connection.execute(_SAVE_TASK, task_values(task))


def save_job(connection: sqlite3.Connection, job: Job, known: Job | None) -> int:
    """Insert the job, or update what differs from the `known` row; returns its id.

    Raises Conflict when the row no longer is in the state that was known.
    """
    if known is None:
        return int(connection.execute(_INSERT_JOB, job_values(job, _NEW_JOB)).lastrowid or 0)
    names = tuple(name for name in _NEW_JOB if getattr(job, name) != getattr(known, name)) or ("state",)
    values = (*job_values(job, names), job.id, known.state.value)
    if connection.execute(_update_job(names), values).rowcount != 1:
        raise Conflict(f"job {job.id} ({job.name}) is no longer {known.state.value}")
    return job.id


def job_id_of(connection: sqlite3.Connection, task_id: str, name: str) -> int:
    step, key = name.split("/", 1)
    row = connection.execute("SELECT id FROM jobs WHERE task_id = ? AND step = ? AND key = ?", (task_id, step, key))
    return int(row.fetchone()[0])


def open_attempt(connection: sqlite3.Connection, task: Task, op: OpenAttempt, service: str, at: int) -> int:
    """A new attempt, the job's current one from now on; the intent to pay is written with it. Returns its id."""
    job_id = job_id_of(connection, task.id, op.job)
    cursor = connection.execute(
        "INSERT INTO attempts (job_id, task_id, channel_id, started_at, stderr_tail) VALUES (?, ?, ?, ?, '')",
        (job_id, task.id, task.channel_id, at),
    )
    attempt = int(cursor.lastrowid or 0)
    connection.execute("UPDATE jobs SET attempt = ? WHERE id = ?", (attempt, job_id))
    if op.price_micros:
        connection.execute(
            "INSERT INTO intents (attempt_id, task_id, channel_id, service, micros, at) VALUES (?, ?, ?, ?, ?, ?)",
            (attempt, task.id, task.channel_id, service, op.price_micros, at),
        )
    if op.quota_day is not None:
        connection.execute(
            "INSERT INTO quota_usage (service, day, used) VALUES (?, ?, 1)"
            " ON CONFLICT (service, day) DO UPDATE SET used = used + 1",
            (op.quota_account or service, op.quota_day),
        )
    return attempt


def close_attempt(connection: sqlite3.Connection, op: CloseAttempt, at: int) -> None:
    connection.execute(
        "UPDATE attempts SET ended_at = ?, outcome = ?, exit_code = ?, stderr_tail = ? WHERE id = ?",
        (at, op.outcome, op.exit_code, op.stderr_tail, op.attempt),
    )


def place_attempt(connection: sqlite3.Connection, op: PlaceAttempt) -> None:
    connection.execute("UPDATE attempts SET worker = ?, cpu_ms = ? WHERE id = ?", (op.worker, op.cpu_ms, op.attempt))


def record_charge(connection: sqlite3.Connection, task: Task, op: RecordCharge, at: int) -> None:
    connection.execute(
        "INSERT INTO charges (attempt_id, task_id, channel_id, job, service, kind, quantity, unit, micros, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (op.attempt, task.id, task.channel_id, op.job, op.service, op.kind, op.quantity, op.unit, op.micros, at),
    )


def record_doubt(connection: sqlite3.Connection, task: Task, op: RecordInDoubt, at: int) -> None:
    connection.execute(
        "INSERT INTO possible_charges (attempt_id, task_id, channel_id, job, service, micros, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (op.attempt, task.id, task.channel_id, op.job, op.service, op.micros, at),
    )


def clear_doubt(connection: sqlite3.Connection, op: ClearInDoubt, at: int) -> None:
    connection.execute(
        "UPDATE possible_charges SET cleared_at = ?, cleared_by = ? WHERE attempt_id = ? AND cleared_at IS NULL",
        (at, op.by, op.attempt),
    )


def suspend(connection: sqlite3.Connection, op: Suspend, at: int) -> None:
    one = op.suspension
    connection.execute(
        "INSERT OR REPLACE INTO suspensions (service, channel_id, cause, until_ms, since, detail, key, amount)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (one.service, one.channel_id, one.cause.value, one.until_ms, at, one.detail, one.key, one.amount),
    )


def release(connection: sqlite3.Connection, op: Release) -> None:
    connection.execute(
        "DELETE FROM suspensions WHERE service = ? AND channel_id = ? AND cause = ?",
        (op.service, op.channel_id, op.cause.value),
    )


def release_causes(connection: sqlite3.Connection, causes: Iterable[Cause]) -> None:
    """Whatever one of these suspended starts again, at every service and of every channel."""
    connection.executemany("DELETE FROM suspensions WHERE cause = ?", [(cause.value,) for cause in causes])


def save_breaker(connection: sqlite3.Connection, breaker: Breaker) -> None:
    connection.execute(_SAVE_BREAKER, tuple(getattr(breaker, name) for name in _BREAKER))


def _post(
    connection: sqlite3.Connection, target: str, key: str, task: Task | None, body: dict[str, object], at: int
) -> None:
    """Merge `body` over what is still unsent for this key: the newest value of a property wins, nothing replays.

    Versions begin at the time and only grow, so that a new row for a key is never taken for a delivered older one.
    """
    owner = (task.id, task.channel_id) if task else (None, None)
    merged = json.dumps(_pending(connection, target, key) | body)
    connection.execute(
        "INSERT INTO outbox (target, key, task_id, channel_id, body, version, made_at, due_at, attempts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (target, key) DO UPDATE SET"
        " body = excluded.body, version = max(version + 1, excluded.version)",
        (target, key, *owner, merged, at, at, at),
    )


def _pending(connection: sqlite3.Connection, target: str, key: str) -> dict[str, object]:
    row = connection.execute("SELECT body FROM outbox WHERE target = ? AND key = ?", (target, key)).fetchone()
    loaded: dict[str, object] = json.loads(row[0]) if row else {}
    return loaded


def show_entry(connection: sqlite3.Connection, task: Task | None, op: ShowEntry, at: int) -> None:
    _post(connection, "entry", op.page_id, task, op.values, at)


def note_refusal(connection: sqlite3.Connection, op: NoteRefusal, at: int) -> None:
    """Remember that the entry was refused, or (no reason) that it is no longer so."""
    if op.reason is None:
        connection.execute("DELETE FROM refusals WHERE page_id = ?", (op.page_id,))
        return
    connection.execute(
        "INSERT OR REPLACE INTO refusals (page_id, title, channel, reason, at) VALUES (?, ?, ?, ?, ?)",
        (op.page_id, op.title, op.channel, op.reason, at),
    )


def show_asset(connection: sqlite3.Connection, task: Task, op: ShowAsset, at: int) -> None:
    body: dict[str, object] = {"page_id": op.page_id, "job": op.job, "type": op.kind, "path": op.path}
    body |= {"revision": op.revision, "sha256": op.sha256}
    _post(connection, "asset", f"{task.id}/{op.job}", task, body, at)


def alert(connection: sqlite3.Connection, task: Task | None, op: Alert, at: int) -> None:
    """Post an alert unless its cause lasts and rang less than `again_ms` ago."""
    row = connection.execute("SELECT opened_at, rang_at FROM alerts WHERE key = ? AND closed_at IS NULL", (op.key,))
    known = row.fetchone()
    if known is not None and at - known["rang_at"] < op.again_ms:
        connection.execute("UPDATE alerts SET times = times + 1 WHERE key = ?", (op.key,))
        return
    opened_at = at if known is None else known["opened_at"]
    connection.execute(
        "INSERT OR REPLACE INTO alerts (key, ends, opened_at, rang_at, closed_at, times, text, ways)"
        " VALUES (?, ?, ?, ?, NULL, 1, ?, '{}')",
        (op.key, op.ends, opened_at, at, op.text),
    )
    _post(connection, "alert", f"{op.key}@{at}", task, {"text": op.text}, at)


def alert_taken(connection: sqlite3.Connection, post: str, took: Mapping[str, str], at: int) -> None:
    """The ways that took the alert of an outbox row, each with its receiver's words, beside those that did before."""
    row = connection.execute("SELECT body FROM outbox WHERE target = 'alert' AND key = ?", (post,)).fetchone()
    body = json.loads(row[0]) if row else {}
    ways = json.dumps({**body.get("ways", {}), **took})
    connection.execute(
        "UPDATE outbox SET body = json_set(body, '$.ways', json(?)) WHERE target = 'alert' AND key = ?", (ways, post)
    )
    connection.execute("UPDATE alerts SET ways = ?, sent_at = ? WHERE key = ?", (ways, at, post.rpartition("@")[0]))


def alerts_over(connection: sqlite3.Connection, op: AlertsOver, at: int) -> None:
    for ends in op.ends:
        connection.execute(
            "UPDATE alerts SET closed_at = ? WHERE ends = ? AND closed_at IS NULL AND opened_at < ?",
            (at, ends, op.began),
        )


def alert_over(connection: sqlite3.Connection, key: str, at: int) -> int | None:
    """End a cause; since when it lasted, ms, None where nobody had been told of it."""
    ended = connection.execute(
        "UPDATE alerts SET closed_at = ? WHERE key = ? AND closed_at IS NULL RETURNING opened_at", (at, key)
    ).fetchall()
    return int(ended[0][0]) if ended else None


def note_history(connection: sqlite3.Connection, task: Task | None, at: int, event: str, body: str) -> int:
    """A new row of history, its `body` a JSON object; returns its id."""
    owner = (task.id, task.channel_id, task.status.value) if task else (None, None, None)
    cursor = connection.execute(
        "INSERT INTO history (task_id, channel_id, at, event, body, status) VALUES (?, ?, ?, ?, ?, ?)",
        (owner[0], owner[1], at, event, body, owner[2]),
    )
    return int(cursor.lastrowid or 0)


def delivered(connection: sqlite3.Connection, target: str, key: str, version: int) -> None:
    """Forget an outbox row that was delivered, unless something newer was merged into it meanwhile."""
    connection.execute("DELETE FROM outbox WHERE target = ? AND key = ? AND version = ?", (target, key, version))


def postpone(
    connection: sqlite3.Connection, target: str, key: str, due_at: int, delay: str, problem: str, tried: bool = True
) -> None:  # fmt: skip
    """Send it later, because of `delay` (FILES, "edit", or a kind of `BoardError`); `problem` says so to people.

    `tried`: it was sent and failed; else it waits for something else.
    """
    connection.execute(
        "UPDATE outbox SET due_at = ?, attempts = attempts + ?, delay = ?, problem = ? WHERE target = ? AND key = ?",
        (due_at, int(tried), delay, problem, target, key),
    )


def hasten(connection: sqlite3.Connection, at: int) -> int:
    """The board answers again: what was to be sent later is due now. Returns how many messages that are."""
    return connection.execute(
        "UPDATE outbox SET due_at = ?, attempts = 0 WHERE target IN ('entry', 'asset') AND due_at > ?", (at, at)
    ).rowcount


def hasten_entry(connection: sqlite3.Connection, page_id: str, at: int) -> None:
    """What the entry shows once its files are on the board is due now; what the board refused is not."""
    connection.execute(
        "UPDATE outbox SET due_at = min(due_at, ?) WHERE target = 'entry' AND key = ? AND delay = ?",
        (at, page_id, reads.FILES),
    )


#: the intake's reading on what was seen of an entry that a person threw away
IN_TRASH = "~in_trash"


def saw_page(
    connection: sqlite3.Connection, page_id: str, seen: dict[str, object], at: int, merge: bool = False
) -> None:
    """Remember what the board holds of a page (`merge`: only the given properties changed). Clears look_again."""
    row = connection.execute("SELECT seen FROM notion_pages WHERE page_id = ?", (page_id,)).fetchone()
    known = json.loads(row[0]) if row and merge else {}
    statement = _SAW_PART if merge else _SAW_WHOLE
    if seen.get(IN_TRASH):
        note_refusal(connection, NoteRefusal(page_id, None), at)
    connection.execute(statement, (page_id, page_id, json.dumps(known | seen), at))


_SAW_PART = """
INSERT INTO notion_pages (page_id, task_id, seen, seen_at, look_again)
VALUES (?, (SELECT id FROM tasks WHERE page_id = ?), ?, ?, 0)
ON CONFLICT (page_id) DO UPDATE SET task_id = excluded.task_id, seen = excluded.seen, seen_at = excluded.seen_at
"""
_SAW_WHOLE = f"{_SAW_PART}, look_again = 0"


def look_again(connection: sqlite3.Connection, page_id: str) -> None:
    connection.execute("UPDATE notion_pages SET look_again = 1 WHERE page_id = ?", (page_id,))


def saw_asset(connection: sqlite3.Connection, key: str, page_id: str, sha256: str, at: int) -> None:
    connection.execute(
        "INSERT INTO asset_pages (key, page_id, sha256, at) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
        " page_id = excluded.page_id, sha256 = excluded.sha256, at = excluded.at",
        (key, page_id, sha256, at),
    )


def stored(connection: sqlite3.Connection, one: Stored) -> None:
    """A file lies in its bucket; what the board must be told of it is due now. Of its row's link nothing is known."""
    connection.execute(
        "INSERT OR REPLACE INTO objects (key, task_id, channel_id, place, name, sha256, stored_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (one.key, one.task_id, one.channel_id, one.place, one.name, one.sha256, one.stored_at),
    )
    connection.execute(
        "UPDATE outbox SET due_at = min(due_at, ?), problem = NULL WHERE target = 'asset' AND key = ? AND delay = ?",
        (one.stored_at, one.key, reads.STORAGE),
    )


def bucket_failed(connection: sqlite3.Connection, problem: str) -> None:
    """What waits for a bucket waits for this reason; `status` says it."""
    set_value(connection, "storage_remark", f"files of channels with `storage: r2` wait: {problem}")
    connection.execute("UPDATE outbox SET problem = ? WHERE target = 'asset' AND delay = ?", (problem, reads.STORAGE))


def linked(connection: sqlite3.Connection, key: str, at: int, ends: int | None, renew_at: int | None) -> None:
    """The row of a file has a link that is good until `ends`, and gets another at `renew_at`; None: never again."""
    connection.execute(
        "UPDATE objects SET linked_at = ?, link_ends = ?, renew_at = ? WHERE key = ?", (at, ends, renew_at, key)
    )


def set_value(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO key_values (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


#: what was due later than `:at`, each as far from it as it was before the clock was set back
_SET_BACK = (
    "UPDATE jobs SET due_at = max(:at, due_at - :by) WHERE state = 'ready' AND due_at > :at",
    "UPDATE jobs SET started_at = :at WHERE state = 'running' AND started_at > :at",
    "UPDATE tasks SET queued_at = queued_at - :by WHERE queued_at > :at",
    "UPDATE tasks SET created_at = created_at - :by WHERE created_at > :at",
    "UPDATE tasks SET started_at = started_at - :by WHERE started_at > :at",
    "UPDATE tasks SET ended_at = ended_at - :by WHERE ended_at > :at",
    "UPDATE tasks SET verdict_due = verdict_due - :by WHERE verdict_due > :at",
    # the day that a quota counts to is another one: judged again
    "DELETE FROM suspensions WHERE cause IN ('limit', 'spacing', 'uploads')",
    "UPDATE suspensions SET until_ms = until_ms - :by WHERE until_ms > :at",
    "UPDATE suspensions SET since = since - :by WHERE since > :at",
    "UPDATE breakers SET until_ms = until_ms - :by WHERE until_ms > :at",
    "UPDATE breakers SET opened_at = opened_at - :by WHERE opened_at > :at",
    "UPDATE outbox SET due_at = max(:at, due_at - :by) WHERE due_at > :at",
    "UPDATE outbox SET made_at = made_at - :by WHERE made_at > :at",
    # a link that was signed in a time to come is not good yet
    "UPDATE objects SET renew_at = :at WHERE linked_at > :at AND renew_at IS NOT NULL",
    "UPDATE refusals SET at = at - :by WHERE at > :at",
    "UPDATE alerts SET rang_at = rang_at - :by WHERE rang_at > :at",
    "UPDATE alerts SET opened_at = opened_at - :by WHERE opened_at > :at",
    "UPDATE key_values SET value = CAST(CAST(value AS INTEGER) - :by AS TEXT)"
    " WHERE name = 'notion_not_before' AND CAST(value AS INTEGER) > :at",
    # spent is spent: of the present day, not of one to come
    "UPDATE charges SET at = :at WHERE at > :at",
    "UPDATE stays SET began_at = began_at - :by WHERE began_at > :at",
    "UPDATE troubles SET began_at = began_at - :by WHERE began_at > :at",
    "UPDATE possible_charges SET at = :at WHERE at > :at",
)
_NOTE_SET_BACK = """
INSERT INTO history (task_id, channel_id, at, event, body, status)
SELECT id, channel_id, :at, 'ClockSetBack', :body, status FROM tasks WHERE id IN (
    SELECT task_id FROM jobs WHERE (state = 'ready' AND due_at > :at) OR (state = 'running' AND started_at > :at)
    UNION SELECT id FROM tasks WHERE queued_at > :at OR created_at > :at OR started_at > :at OR ended_at > :at
)
"""


def set_back(connection: sqlite3.Connection, by_ms: int, at: int) -> int:
    """Move everything that lies after `at` back by `by_ms`, as the clock was; returns the number of waiting jobs.

    Every task concerned gets a row of history, by which kept snapshots of it are found out.
    """
    values = {"by": by_ms, "at": at}
    body = json.dumps({"seconds": round(by_ms / 1000)})
    connection.execute(_NOTE_SET_BACK, values | {"body": body})
    moved = connection.execute(_SET_BACK[0], values).rowcount
    for statement in _SET_BACK[1:]:
        connection.execute(statement, values)
    return moved


#: readings of a balance that are kept of each service
MARKS_KEPT = 1000


def note_reading(connection: sqlite3.Connection, reading: BalanceReading) -> None:
    """Remember a reading of a service's balance; the oldest ones go."""
    connection.execute(
        "INSERT INTO balances (service, at, used, attempts, history, unexplained) VALUES (?, ?, ?, ?, ?, ?)",
        (reading.service, reading.at, reading.used, reading.attempts, reading.history, reading.unexplained),
    )
    connection.execute(
        "DELETE FROM balances WHERE service = ? AND id <= coalesce("
        "(SELECT id FROM balances WHERE service = ? ORDER BY id DESC LIMIT 1 OFFSET ?), 0)",
        (reading.service, reading.service, MARKS_KEPT),
    )


def seal_token(connection: sqlite3.Connection, channel_id: str, kind: str, sealed: str, at: int) -> None:
    connection.execute(
        "INSERT INTO oauth_tokens (channel_id, kind, sealed, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (channel_id, kind) DO UPDATE SET sealed = excluded.sealed, at = excluded.at",
        (channel_id, kind, sealed, at),
    )
