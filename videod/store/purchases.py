"""What the ledger says of purchases at one service, for comparing them with its balance. Looks only, never writes."""

import json
import sqlite3
from dataclasses import dataclass

from videod.core import bounds
from videod.core.model import Job
from videod.core.paid import Paid
from videod.core.reconcile import TASK_MS, BalanceReading, Kind, Trace
from videod.core.service import CREDIT
from videod.core.tables import STEPS
from videod.store.rows import job_of


def readings(connection: sqlite3.Connection, service: str, limit: int = 1000) -> tuple[BalanceReading, ...]:
    """The newest readings of a service, the oldest of them first."""
    rows = connection.execute(
        "SELECT service, at, used, attempts, history, unexplained FROM balances"
        " WHERE service = ? ORDER BY id DESC LIMIT ?",
        (service, limit),
    ).fetchall()
    return tuple(BalanceReading(*row) for row in reversed(rows))


@dataclass(frozen=True)
class Place:
    """How far the ledger had come: the highest ids of attempts and of history."""

    attempts: int
    history: int


def place(connection: sqlite3.Connection) -> Place:
    attempts = connection.execute("SELECT coalesce(max(id), 0) FROM attempts").fetchone()[0]
    history = connection.execute("SELECT coalesce(max(id), 0) FROM history").fetchone()[0]
    return Place(attempts, history)


def bought_since(connection: sqlite3.Connection, service: str, attempt: int) -> bool:
    """Whether a paid attempt at the service began after this one."""
    row = connection.execute("SELECT 1 FROM intents WHERE attempt_id > ? AND service = ? LIMIT 1", (attempt, service))
    return row.fetchone() is not None


_UNFINISHED = """
SELECT jobs.* FROM jobs INDEXED BY jobs_running WHERE jobs.state = 'running' AND jobs.service = :service
UNION
SELECT jobs.* FROM tasks INDEXED BY tasks_open CROSS JOIN jobs ON jobs.task_id = tasks.id
WHERE tasks.phase <> 'closed'
  AND jobs.service = :service AND jobs.attempt > 0 AND jobs.state IN ('ready', 'failed', 'in_doubt')
ORDER BY 1
"""


def unfinished(connection: sqlite3.Connection, service: str) -> tuple[Job, ...]:
    """The jobs of a service that were tried and are not done: whose orders the ledger may not know yet."""
    return tuple(job_of(row) for row in connection.execute(_UNFINISHED, {"service": service}))


def doubtful(connection: sqlite3.Connection, service: str) -> tuple[Job, ...]:
    """The jobs of open tasks at a service that wait for a person because they may be paid already."""
    rows = connection.execute(
        "SELECT jobs.* FROM jobs INDEXED BY jobs_in_doubt JOIN tasks ON tasks.id = jobs.task_id"
        " WHERE jobs.state = 'in_doubt' AND jobs.service = ? AND tasks.cancelled = 0 ORDER BY jobs.id",
        (service,),
    )
    return tuple(job_of(row) for row in rows)


def price(connection: sqlite3.Connection, attempt: int) -> int:
    """The price that the attempt reserved, micro-dollars; 0 where it reserved none."""
    row = connection.execute("SELECT micros FROM intents WHERE attempt_id = ?", (attempt,)).fetchone()
    return 0 if row is None else int(row[0])


def proven(connection: sqlite3.Connection, service: str) -> frozenset[int]:
    """The prices, micro-dollars, at which the service has lately charged, by its own count of credits."""
    rows = connection.execute(
        "SELECT DISTINCT micros FROM (SELECT service, unit, micros FROM charges ORDER BY id DESC LIMIT 5000)"
        " WHERE service = ? AND unit = 'credit'",
        (service,),
    )
    return frozenset(int(row[0]) for row in rows)


def _bought_at(connection: sqlite3.Connection, attempt: int, job: str) -> str:
    """The service of an attempt's job."""
    row = connection.execute(
        "SELECT jobs.service FROM attempts JOIN jobs ON jobs.id = attempts.job_id WHERE attempts.id = ?", (attempt,)
    ).fetchone()
    return STEPS[job.split("/", 1)[0]].service if row is None else str(row[0])


_KINDS = {
    "JobSubmitted": Kind.SUBMITTED, "JobCharged": Kind.CHARGED, "JobFailed": Kind.DOUBTED, "NothingBought": Kind.SETTLED
}  # fmt: skip

_TRACES = """
SELECT id, at, event, body FROM history WHERE id > ? AND event IN (SELECT value FROM json_each(?)) ORDER BY id
"""


def traces(connection: sqlite3.Connection, service: str, reading: BalanceReading) -> tuple[Trace, ...]:
    """What happened to purchases at a service since an hour before the reading, in order."""
    earlier = connection.execute(
        "SELECT id FROM history WHERE id <= ? AND at < ? ORDER BY id DESC LIMIT 1",
        (reading.history, reading.at - TASK_MS),
    ).fetchone()
    rows = connection.execute(_TRACES, (0 if earlier is None else earlier[0], json.dumps(list(_KINDS))))
    found = (_trace(connection, service, row) for row in rows)
    return tuple(trace for trace in found if trace is not None)


def _trace(connection: sqlite3.Connection, service: str, row: sqlite3.Row) -> Trace | None:
    body = json.loads(row["body"])
    kind = _KINDS[row["event"]]
    if _bought_at(connection, int(body["attempt"]), body["job"]) != service:
        return None
    if kind == Kind.DOUBTED and body["failure"]["kind"] != "in_doubt":
        return None
    attempt = int(body["attempt"])
    if kind == Kind.CHARGED:
        told = bounds.number(body["quantity"], 0.0, 1e9) if body["unit"] == "credit" else None
        credits = round(told * CREDIT) if told else None
        return Trace(row["id"], row["at"], kind, attempt, body["reference"], int(body["micros"]), credits)
    reference = body["remote_id"] if kind == Kind.SUBMITTED else None
    return Trace(row["id"], row["at"], kind, attempt, reference, price(connection, attempt))


_PAID = """
SELECT attempts.started_at, max(charges.at), sum(charges.micros), 1, 0 FROM charges
JOIN attempts ON attempts.id = charges.attempt_id
WHERE charges.task_id = :task AND charges.job = :job GROUP BY attempts.id
UNION ALL
SELECT attempts.started_at, possible_charges.at, micros, 0, cleared_at IS NOT NULL FROM possible_charges
JOIN attempts ON attempts.id = attempt_id WHERE possible_charges.task_id = :task AND job = :job
ORDER BY 1
"""


def paid(connection: sqlite3.Connection, job: Job) -> tuple[Paid, ...]:
    """What each attempt of the job paid or may have paid, the earliest first."""
    rows = connection.execute(_PAID, {"task": job.task_id, "job": job.name})
    return tuple(Paid(row[0], row[1], row[2], sure=bool(row[3]), over=bool(row[4])) for row in rows)


def began(connection: sqlite3.Connection, attempt: int) -> int:
    """When the attempt began, ms."""
    return int(connection.execute("SELECT started_at FROM attempts WHERE id = ?", (attempt,)).fetchone()[0])


def ended(connection: sqlite3.Connection, job: Job, attempt: int, began: int | None) -> int | None:
    """The attempt of this job that began then (None: of that number), if it is known and has ended."""
    row = connection.execute(
        "SELECT id FROM attempts WHERE job_id = ?1 AND ended_at IS NOT NULL"
        " AND iif(?3 IS NULL, id = ?2, started_at = ?3)",
        (job.id, attempt, began),
    ).fetchone()
    return None if row is None else int(row[0])
