"""Keeps and removes lessons (`store/lessons`). Only the ledger uses this."""

import sqlite3

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


def write(connection: sqlite3.Connection, op: KeepLesson | ForgetLesson, at: int) -> None:
    """Keep a lesson, the newest MOST of its channel, or remove one by its number."""
    if isinstance(op, ForgetLesson):
        connection.execute("DELETE FROM lessons WHERE channel_id = ? AND id = ?", (op.channel_id, op.number))
        return
    connection.execute(_KEEP, (op.channel_id, op.task_id, op.job, op.was, op.now, at))
    connection.execute("DELETE FROM lessons WHERE task_id = ? AND job = ? AND was = now", (op.task_id, op.job))
    connection.execute(_TRIM, (op.channel_id, op.channel_id, MOST))
