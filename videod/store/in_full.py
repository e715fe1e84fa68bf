"""One task in full: its history, attempts and charges, and what stands before it. Looks only, never writes.

Apart from `views`, since `status` shows many tasks and needs none of this.
"""

import json
import sqlite3
from dataclasses import dataclass

from videod.core.model import Job, Task
from videod.core.suspension import Suspension
from videod.store import archives, candidate_queries, reads, views


@dataclass(frozen=True)
class HistoryRow:
    at: int
    event: str
    body: dict[str, object]
    status: str | None


def history(connection: sqlite3.Connection, task_id: str, limit: int = 1000) -> tuple[HistoryRow, ...]:
    rows = connection.execute(
        "SELECT at, event, body, status FROM history WHERE task_id = ? ORDER BY id LIMIT ?", (task_id, limit)
    )
    return tuple(HistoryRow(row["at"], row["event"], json.loads(row["body"]), row["status"]) for row in rows)


@dataclass(frozen=True)
class AttemptRow:
    id: int
    job_id: int
    started_at: int
    ended_at: int | None
    outcome: str | None
    exit_code: int | None
    stderr_tail: str


def attempts(connection: sqlite3.Connection, task_id: str) -> tuple[AttemptRow, ...]:
    rows = connection.execute(
        "SELECT id, job_id, started_at, ended_at, outcome, exit_code, stderr_tail FROM attempts"
        " WHERE job_id IN (SELECT id FROM jobs WHERE task_id = ?) ORDER BY id",
        (task_id,),
    )
    return tuple(AttemptRow(*row) for row in rows)


@dataclass(frozen=True)
class ChargeRow:
    job: str
    service: str
    kind: str
    quantity: float
    unit: str
    micros: int
    at: int


def charges(connection: sqlite3.Connection, task_id: str) -> tuple[ChargeRow, ...]:
    rows = connection.execute(
        "SELECT job, service, kind, quantity, unit, micros, at FROM charges WHERE task_id = ? ORDER BY id", (task_id,)
    )
    return tuple(ChargeRow(*row) for row in rows)


@dataclass(frozen=True)
class PossibleCharge:
    """What an attempt that ended unconfirmed may have cost. `cleared_by`: None while nobody knows."""

    job: str
    service: str
    micros: int
    at: int
    cleared_by: str | None


def possible_charges(connection: sqlite3.Connection, task_id: str) -> tuple[PossibleCharge, ...]:
    rows = connection.execute(
        "SELECT job, service, micros, at, cleared_by FROM possible_charges WHERE task_id = ? ORDER BY attempt_id",
        (task_id,),
    )
    return tuple(PossibleCharge(*row) for row in rows)


@dataclass(frozen=True)
class Detail:
    """One task in full; `since` as in Episode. `failed` is the newest failed attempt, fixed since or not."""

    task: Task
    jobs: tuple[Job, ...]
    since: int
    charges: tuple[ChargeRow, ...]
    history: tuple[HistoryRow, ...]
    attempts: tuple[AttemptRow, ...]
    failed: AttemptRow | None
    possible: tuple[PossibleCharge, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    #: the file of the archive that has it, None: it is in the database
    archived: str | None = None


#: outcomes of attempts that are no failure a person asks about
_HARMLESS = ("done", "outdated", "interrupted")


def detail(connection: sqlite3.Connection, task: Task, at: int) -> Detail:
    """Also of an archived episode. Raises `archives.ArchiveError` where its file cannot be read."""
    with archives.whole(connection, task.id) as its:
        tried = attempts(its, task.id)
        failed = [one for one in tried if one.outcome is not None and one.outcome not in _HARMLESS]
        return Detail(
            task=task, jobs=reads.jobs(its, task.id), since=views.since(its, task), charges=charges(its, task.id),
            history=history(its, task.id, limit=20_000), attempts=tried, failed=failed[-1] if failed else None,
            possible=possible_charges(connection, task.id), suspensions=reads.suspensions(connection, at),
            archived=archives.place(connection, task.id),
        )  # fmt: skip


@dataclass(frozen=True)
class Ahead:
    """What stands before an open task: queued tasks that start earlier, ready jobs of a service that go first."""

    queued: int
    in_work: int


def ahead(connection: sqlite3.Connection, task: Task) -> Ahead:
    """How many waiting tasks of the same channel come before this one, and how many of it are in work."""
    queued = connection.execute(
        "SELECT count(*) FROM tasks WHERE channel_id = ? AND phase = 'queued'"
        " AND (priority < ? OR (priority = ? AND queued_at < ?))",
        (task.channel_id, int(task.priority), int(task.priority), task.queued_at),
    ).fetchone()[0]
    in_work, _ = candidate_queries.work_by_channel(candidate_queries.in_work(connection)).get(task.channel_id, (0, 0))
    return Ahead(queued, in_work)
