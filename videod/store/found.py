"""What only a lost ledger knew of purchases, written into the older copy. Only the ledger imports this module."""

import sqlite3

from videod.core.model import Task
from videod.core.ops import RecordCharge, RecordFound, RecordInDoubt
from videod.store import writes

#: what triggers count of an attempt that ends while it is the open one of its job (migrations/0019_measures.sql)
_COUNTED = """
INSERT INTO counters (name, channel_id, service, kind, n)
SELECT 'attempts', channel_id, service, :outcome, 1 FROM jobs WHERE id = :job ON CONFLICT DO UPDATE SET n = n + 1
"""
_TROUBLED = """
INSERT INTO troubles (job_id, task_id, channel_id, service, step, kind, failures, began_at)
SELECT id, task_id, channel_id, service, step, :outcome, 1, :at FROM jobs WHERE id = :job
ON CONFLICT (job_id) WHERE ended_at IS NULL DO UPDATE SET failures = failures + 1
"""


def record(connection: sqlite3.Connection, task: Task, op: RecordFound) -> None:
    """What an attempt paid of which only the ledger that was lost knew; where it has no row, it gets one."""
    job_id = writes.job_id_of(connection, task.id, op.job)
    known = connection.execute("SELECT id FROM attempts WHERE job_id = ? AND started_at = ?", (job_id, op.began))
    row = known.fetchone()
    attempt = _lost_attempt(connection, task, op, job_id) if row is None else int(row[0])
    if op.sure:
        charge = RecordCharge(op.job, attempt, op.service, op.kind, 1.0, "piece", op.micros)
        writes.record_charge(connection, task, charge, op.booked_at)
    else:
        writes.record_doubt(connection, task, RecordInDoubt(op.job, attempt, op.service, op.micros), op.booked_at)


def _lost_attempt(connection: sqlite3.Connection, task: Task, op: RecordFound, job_id: int) -> int:
    outcome = "outdated" if op.sure else "in_doubt"
    counted = {"job": job_id, "outcome": outcome, "at": op.booked_at}
    connection.execute(_COUNTED, counted)
    if not op.sure:
        connection.execute(_TROUBLED, counted)
    cursor = connection.execute(
        "INSERT INTO attempts (job_id, task_id, channel_id, started_at, ended_at, outcome, stderr_tail)"
        " VALUES (?, ?, ?, ?, ?, ?, '')",
        (job_id, task.id, task.channel_id, op.began, op.booked_at, outcome),
    )
    attempt = int(cursor.lastrowid or 0)
    connection.execute(
        "INSERT INTO intents (attempt_id, task_id, channel_id, service, micros, at) VALUES (?, ?, ?, ?, ?, ?)",
        (attempt, task.id, task.channel_id, op.service, op.micros, op.began),
    )
    return attempt
