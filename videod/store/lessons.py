"""What creators made of planned lines, by channel (`core/lessons`)."""

import sqlite3
from dataclasses import dataclass

from videod.core.lessons import MOST

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


def lessons(connection: sqlite3.Connection, channel_id: str) -> tuple[Lesson, ...]:
    """A channel's lessons, the newest first."""
    return tuple(Lesson(*row) for row in connection.execute(_READ, (channel_id, MOST)))
