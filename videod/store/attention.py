"""What the watch over quiet troubles looks at, once a minute: what waits for people, is in work, is queued."""

import json
import sqlite3
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from videod.core import board
from videod.core.attention import CROWDED_MS, NO_PROGRESS, Queue
from videod.core.digest import Digest, Waiting, What
from videod.core.failures import Kind
from videod.core.model import Job, Task
from videod.core.statuses import AT_GATE, JobState
from videod.core.suspension import Suspension
from videod.store import reads, views
from videod.store.rows import task_of

#: facts: the last message about what waits; what status says of quiet troubles
DIGEST, REMARKS = "review_digest", "attention"
#: the usual time of a step: so many of its last finished attempts, at least so many, among so many of all
LAST, FEWEST, AMONG = 20, 5, 20_000


@dataclass(frozen=True)
class Seen:
    """`open`: tasks in work and the foremost of the queue with their ready and running jobs; `ended`: of those in work,
    when something last ended or their status changed, ms; `served`: services at which any job runs; `crowded`: service
    -> how many requests it refused as too many lately."""

    waiting: tuple[Waiting, ...]
    open: tuple[tuple[Task, tuple[Job, ...]], ...]
    ended: dict[str, int]
    queues: tuple[Queue, ...]
    suspensions: tuple[Suspension, ...]
    told: tuple[reads.OpenAlert, ...]
    served: frozenset[str]
    digest: Digest
    crowded: Mapping[str, int]


def seen(connection: sqlite3.Connection, at: int) -> Seen:
    found = views.waiting(connection)
    in_work = [task for task, _ in found if task.admitted and task.status not in AT_GATE]
    return Seen(
        waiting=_for_people(connection), open=found, ended={one.id: _ended(connection, one) for one in in_work},
        queues=_queues(connection), suspensions=reads.suspensions(connection, at), told=reads.open_alerts(connection),
        served=frozenset(reads.running_by_service(connection)),
        digest=Digest.of(reads.value_json(connection, DIGEST)), crowded=_crowded(connection, at - CROWDED_MS),
    )  # fmt: skip


_FOR_PEOPLE = """
SELECT * FROM tasks INDEXED BY tasks_open
WHERE phase <> 'closed' AND (phase IN ('review', 'error') OR paused IS NOT NULL)
"""
_UNCONFIRMED = "SELECT 1 FROM jobs INDEXED BY jobs_in_doubt WHERE task_id = ? AND state = 'in_doubt' LIMIT 1"
_PAUSED_AT = "SELECT max(at) FROM history WHERE task_id = ? AND event = 'TaskPaused'"


def _for_people(connection: sqlite3.Connection) -> tuple[Waiting, ...]:
    """Without what they cost, which takes a look at all jobs."""
    tasks = [task_of(row) for row in connection.execute(_FOR_PEOPLE).fetchall()]
    return tuple(_waiting(connection, task) for task in tasks)


def _waiting(connection: sqlite3.Connection, task: Task) -> Waiting:
    since, what = views.since(connection, task), What.REVIEW
    if task.paused is not None:
        since, what = connection.execute(_PAUSED_AT, (task.id,)).fetchone()[0] or since, What.PAUSED
    elif task.status not in AT_GATE:
        doubt = connection.execute(_UNCONFIRMED, (task.id,)).fetchone()
        what = What.STOPPED if doubt is None else What.PURCHASE
    return Waiting(
        task.id, task.title, task.channel_id, task.status, since, 0, what, task.page_id, task.paused or ""
    )  # fmt: skip


#: the jobs whose price a person's decision spends
_SPENDS = {
    What.PURCHASE: (JobState.IN_DOUBT,), What.STOPPED: (JobState.FAILED,), What.PAUSED: (JobState.READY,)
}  # fmt: skip


def cost_micros(connection: sqlite3.Connection, one: Waiting) -> int:
    """What it costs when a person lets it continue."""
    jobs = reads.jobs(connection, one.task_id)
    if one.what is What.REVIEW:
        return board.pending_cost_micros(jobs, AT_GATE[one.status])
    return sum(job.price_micros for job in jobs if job.state in _SPENDS[one.what])


#: among so many of the last attempts it is looked for refusals
_LAST_ATTEMPTS = 5_000
_CROWDED = """
SELECT jobs.service, count(*) FROM attempts JOIN jobs ON jobs.id = attempts.job_id
WHERE attempts.id > (SELECT coalesce(max(id), 0) FROM attempts) - ? AND attempts.outcome = ? AND attempts.ended_at > ?
GROUP BY jobs.service
"""


def _crowded(connection: sqlite3.Connection, after: int) -> dict[str, int]:
    """Service -> how many requests it has refused as too many since then."""
    rows = connection.execute(_CROWDED, (_LAST_ATTEMPTS, Kind.BUSY.value, after))
    return {str(row[0]): int(row[1]) for row in rows}


_OUTCOMES = json.dumps(NO_PROGRESS)
_ENDED = """
SELECT max(ended_at) FROM attempts
WHERE job_id IN (SELECT id FROM jobs WHERE task_id = ?) AND outcome NOT IN (SELECT value FROM json_each(?))
"""


def _ended(connection: sqlite3.Connection, task: Task) -> int:
    row = connection.execute(_ENDED, (task.id, _OUTCOMES)).fetchone()
    return max(row[0] or 0, views.since(connection, task))


_QUEUES = """
SELECT channel_id, count(*), min(queued_at) FROM tasks INDEXED BY tasks_waiting
WHERE admitted = 0 AND phase <> 'closed' AND phase = 'queued' AND paused IS NULL
GROUP BY channel_id
"""


def _queues(connection: sqlite3.Connection) -> tuple[Queue, ...]:
    return tuple(Queue(*row) for row in connection.execute(_QUEUES))


_TIMES = """
SELECT attempts.ended_at - attempts.started_at FROM attempts JOIN jobs ON jobs.id = attempts.job_id
WHERE attempts.id > (SELECT coalesce(max(id), 0) FROM attempts) - ? AND attempts.outcome = 'done' AND jobs.step = ?
ORDER BY attempts.id DESC LIMIT ?
"""


def usual_ms(connection: sqlite3.Connection, steps: Iterable[str]) -> dict[str, int]:
    """step -> the median time of its last finished attempts; steps with too few of them are left out."""
    found = {}
    for step in steps:
        times = [int(row[0]) for row in connection.execute(_TIMES, (AMONG, step, LAST))]
        if len(times) >= FEWEST:
            found[step] = max(0, round(statistics.median(times)))
    return found
