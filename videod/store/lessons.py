"""What creators made of planned lines, by channel (`core/lessons`). The ledger writes, everybody reads."""

import sqlite3
from dataclasses import dataclass

from videod.core.lessons import MOST
from videod.core.ops import ForgetLesson, KeepLesson

# a line that is corrected twice is one lesson: what was planned, and what it came to
_KEEP = """
INSERT INTO lessons (channel_id, task_id, job, was, now, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (task_id, job) DO UPDATE SET now = excluded.now, at = excluded.at
"""
_TRIM = """
DELETE FROM lessons WHERE channel_id = ? AND id NOT IN (
    SELECT id FROM lessons WHERE channel_id = ? ORDER BY at DESC, id DESC LIMIT ?)
"""
_READ = "SELECT id, task_id, job, was, now, at FROM lessons WHERE channel_id = ? ORDER BY at DESC, id DESC LIMIT ?"


@dataclass(frozen=True)
class Lesson:
    """`number` names it; `was` is the planned line, `now` what a person made of it, `at` when, ms."""

    number: int
    task_id: str
    job: str
    was: str
    now: str
    at: int


def write(connection: sqlite3.Connection, op: KeepLesson | ForgetLesson, at: int) -> None:
    """Only the ledger calls this."""
    if isinstance(op, ForgetLesson):
        connection.execute("DELETE FROM lessons WHERE channel_id = ? AND id = ?", (op.channel_id, op.number))
        return
    connection.execute(_KEEP, (op.channel_id, op.task_id, op.job, op.was, op.now, at))
    connection.execute("DELETE FROM lessons WHERE task_id = ? AND job = ? AND was = now", (op.task_id, op.job))
    connection.execute(_TRIM, (op.channel_id, op.channel_id, MOST))


def lessons(connection: sqlite3.Connection, channel_id: str) -> tuple[Lesson, ...]:
    """A channel's lessons, the newest first."""
    return tuple(Lesson(*row) for row in connection.execute(_READ, (channel_id, MOST)))
