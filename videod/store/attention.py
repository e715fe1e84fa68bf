"""What the watch over quiet troubles looks at, once a minute: reviews, what is in work, the queue. Never writes."""

import json
import sqlite3
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from videod.core import board
from videod.core.attention import NO_PROGRESS, Digest, Queue, Review
from videod.core.model import Job, Task
from videod.core.statuses import AT_GATE
from videod.core.suspension import Suspension
from videod.store import reads, views
from videod.store.rows import task_of

#: facts: the last message about reviews; what status says of quiet troubles
DIGEST, REMARKS = "review_digest", "attention"
#: the usual time of a step: so many of its last finished attempts, at least so many, among so many of all
LAST, FEWEST, AMONG = 20, 5, 20_000


@dataclass(frozen=True)
class Seen:
    """`open`: tasks in work and the foremost of the queue with their ready and running jobs; `ended`: of those in work,
    when something last ended or their status changed, ms; `served`: services at which any job runs."""

    reviews: tuple[Review, ...]
    open: tuple[tuple[Task, tuple[Job, ...]], ...]
    ended: dict[str, int]
    queues: tuple[Queue, ...]
    suspensions: tuple[Suspension, ...]
    told: tuple[reads.OpenAlert, ...]
    served: frozenset[str]
    digest: Digest


def seen(connection: sqlite3.Connection, at: int) -> Seen:
    found = views.waiting(connection)
    in_work = [task for task, _ in found if task.admitted and task.status not in AT_GATE]
    return Seen(
        reviews=_reviews(connection), open=found, ended={one.id: _ended(connection, one) for one in in_work},
        queues=_queues(connection), suspensions=reads.suspensions(connection, at), told=reads.open_alerts(connection),
        served=frozenset(reads.running_by_service(connection)),
        digest=Digest.of(reads.value_json(connection, DIGEST)),
    )  # fmt: skip


_AT_GATE = "SELECT * FROM tasks INDEXED BY tasks_open WHERE phase <> 'closed' AND phase = 'review'"


def _reviews(connection: sqlite3.Connection) -> tuple[Review, ...]:
    """Without what they cost, which takes a look at all jobs."""
    tasks = [task_of(row) for row in connection.execute(_AT_GATE).fetchall()]
    return tuple(Review(one.id, one.title, one.channel_id, one.status, views.since(connection, one)) for one in tasks)


def cost_micros(connection: sqlite3.Connection, review: Review) -> int:
    """What approving it will cost."""
    return board.pending_cost_micros(reads.jobs(connection, review.task_id), AT_GATE[review.status])


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
