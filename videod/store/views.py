"""What screens ask for: the overview of everything, and which task somebody means. Looks only, never writes.

Nothing here counts over all jobs (partial indexes answer per state) and open tasks' jobs are read without their
arguments, so that a look costs a few milliseconds with a thousand tasks waiting and ten thousand published.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from videod.core import allowances, board, cluster, film_cost, webhook
from videod.core.allowances import Allowance
from videod.core.cluster import View
from videod.core.days import DAY_MS
from videod.core.film_cost import Credit
from videod.core.model import Job, Task
from videod.core.services import TIDYING
from videod.core.statuses import AT_GATE, PHASES, JobState, Phase, Status
from videod.core.suspension import Suspension
from videod.core.tables import SERVICES, USUAL
from videod.core.webhook import Report
from videod.store import reads
from videod.store.calendar import calendar
from videod.store.happenings import Counter, counters
from videod.store.rows import STATES, failure_of, task_of

#: in `key_values`: how much of the day's quotas and budgets is used
ALLOWANCES = "allowances"
#: in `key_values`: the address of the page, "" while it is not served
PAGE = "web_page"
#: services that a person watches: all lanes but the cleaning of workspaces; those of `USUAL` even when nothing waits
WATCHED = tuple(service for service in SERVICES if service not in TIDYING)


# ------------------------------------------------------------------------------------------- the overview


@dataclass(frozen=True)
class Episode:
    """An open task with its jobs (without arguments and facts) and when it took the status it has, ms."""

    task: Task
    jobs: tuple[Job, ...]
    since: int

    @property
    def progress(self) -> str:
        return board.progress(self.task, self.jobs)

    @property
    def pending_micros(self) -> int:
        """What approving the gate it waits at will cost; 0 where it waits at none."""
        gate = AT_GATE.get(self.task.status)
        return 0 if gate is None else board.pending_cost_micros(self.jobs, gate)

    @property
    def troubled(self) -> Job | None:
        """The job whose failure matters now: one that stopped before one that is tried again, then the oldest."""
        failed = [job for job in self.jobs if job.failure is not None and job.state != JobState.SKIPPED]
        return min(failed, key=lambda job: (job.state == JobState.READY, job.due_at, job.id), default=None)

    def retry(self, at: int) -> Job | None:
        """The job whose next try comes first, or None when none waits for one."""
        due = [job for job in self.jobs if job.state == JobState.READY and job.failure and job.due_at > at]
        return min(due, key=lambda job: job.due_at, default=None)


class Lane(NamedTuple):
    """One service: jobs that run, jobs ready to start now, jobs that wait for their time (a retry, a busy service)."""

    service: str
    running: int
    ready: int
    later: int
    next_due: int | None


class Unsent(NamedTuple):
    """What the outside has yet to hear, per target; `problem` is the last refusal where there was one."""

    target: str
    rows: int
    oldest: int
    problem: str | None


class Refused(NamedTuple):
    """An entry that was set to Queued and cannot run; `at`: when it was refused, ms."""

    page_id: str
    title: str
    channel: str
    reason: str
    at: int


@dataclass(frozen=True)
class Overview:
    """Everything that `status`, the dashboard, the API and the metrics show. Money in micro-dollars, times ms.

    `problems` are what the daemon found wrong with its settings and outside services; `heartbeat` its last sign of
    life, which outlives it.
    """

    at: int
    counts: dict[str, int]
    episodes: tuple[Episode, ...]
    lanes: tuple[Lane, ...]
    suspensions: tuple[Suspension, ...]
    unsent: tuple[Unsent, ...]
    spent_today: dict[str, int]
    published_7d: int
    possibly_paid_twice: int
    in_doubt: int
    problems: tuple[str, ...] = ()
    heartbeat: int | None = None
    refused: tuple[Refused, ...] = ()
    #: service -> what may have been paid today and is in no charge
    possible_today: Mapping[str, int] = field(default_factory=dict)
    #: what is left of the accounts, as they said it last
    credit: tuple[Credit, ...] = ()
    counters: tuple[Counter, ...] = ()
    webhook: Report = field(default_factory=Report)
    allowances: tuple[Allowance, ...] = ()
    #: where the page is; "" while it is not served
    page: str = ""
    #: the cluster as the daemon knows it, None where none is set up; worker -> jobs that run there
    cluster: View | None = None
    placed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def possible_today_micros(self) -> int:
        return sum(self.possible_today.values())

    @property
    def spend_today_micros(self) -> int:
        return sum(self.spent_today.values())


# the open tasks first, by their partial index, then the jobs of each: never a scan over all jobs
_SLIM = """
SELECT jobs.id, jobs.task_id, jobs.channel_id, jobs.step, jobs.key, jobs.service, jobs.state, jobs.attempts,
       jobs.attempt, jobs.due_at, jobs.price_micros, jobs.cost_micros, jobs.failure, jobs.started_at, jobs.ended_at
FROM tasks INDEXED BY tasks_open CROSS JOIN jobs ON jobs.task_id = tasks.id
WHERE tasks.phase <> 'closed'
"""


def _slim(row: sqlite3.Row) -> Job:
    return Job(
        task_id=row["task_id"], channel_id=row["channel_id"], step=row["step"], key=row["key"],
        service=row["service"], state=STATES[row["state"]], id=row["id"], attempts=row["attempts"],
        attempt=row["attempt"], due_at=row["due_at"], price_micros=row["price_micros"],
        cost_micros=row["cost_micros"], failure=failure_of(row["failure"]), started_at=row["started_at"],
        ended_at=row["ended_at"],
    )  # fmt: skip


_SINCE = """
SELECT min(at) FROM history WHERE task_id = ?
AND id > coalesce((SELECT id FROM history WHERE task_id = ? AND status <> ? ORDER BY id DESC LIMIT 1), 0)
"""


def since(connection: sqlite3.Connection, task: Task) -> int:
    """When the task took the status it has now, ms."""
    row = connection.execute(_SINCE, (task.id, task.id, task.status.value)).fetchone()
    return task.created_at if row[0] is None else int(row[0])


def episodes(connection: sqlite3.Connection, whole: bool = True) -> tuple[Episode, ...]:
    """Open tasks: what needs a person first (reviews, then errors), then what is in work, then the queue.

    Not `whole`: without their jobs, and `since` is when they were queued.
    """
    jobs: dict[str, list[Job]] = {}
    for row in connection.execute(_SLIM) if whole else ():
        jobs.setdefault(row["task_id"], []).append(_slim(row))
    found = []
    for task in reads.open_tasks(connection):
        waiting = task.status == Status.QUEUED or not whole
        when = task.queued_at if waiting else since(connection, task)
        found.append(Episode(task, tuple(sorted(jobs.get(task.id, ()), key=lambda job: job.id)), when))
    return tuple(sorted(found, key=lambda one: rank(one.task.status)))


#: of each channel's queue so many learn what keeps them from starting
QUEUED_TOLD = 20
_WAITING = """
SELECT tasks.* FROM tasks INDEXED BY tasks_in_work
WHERE admitted = 1 AND phase <> 'closed'
UNION ALL
SELECT * FROM (
    SELECT tasks.* FROM tasks INDEXED BY tasks_waiting
    WHERE admitted = 0 AND phase <> 'closed' AND (waits IS NOT NULL OR id IN (
        SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY channel_id ORDER BY priority, queued_at) AS place
                        FROM tasks INDEXED BY tasks_waiting
                        WHERE admitted = 0 AND phase <> 'closed')
        WHERE place <= ?))
)
"""
_OPEN_JOBS = """
SELECT id, task_id, channel_id, step, key, service, state, attempts, attempt, due_at, price_micros, cost_micros,
       failure, started_at, ended_at
FROM jobs WHERE task_id = ? AND state IN ('ready', 'running')
"""


def waiting(connection: sqlite3.Connection) -> tuple[tuple[Task, tuple[Job, ...]], ...]:
    """Tasks in work and the foremost of each channel's queue, each with its ready and running jobs."""
    tasks_found = [task_of(row) for row in connection.execute(_WAITING, (QUEUED_TOLD,)).fetchall()]
    return tuple(
        (task, tuple(_slim(row) for row in connection.execute(_OPEN_JOBS, (task.id,)))) for task in tasks_found
    )


_RANKS = {Phase.REVIEW: 0, Phase.ERROR: 1, Phase.WORK: 2, Phase.QUEUED: 3, Phase.CLOSED: 4}


def rank(status: Status) -> int:
    """0 needs review, 1 error, 2 in work, 3 queued, 4 closed."""
    return _RANKS[PHASES[status]]


# a cancelled task keeps its ready jobs for a retry; they wait for nothing
_LANES = """
SELECT service, sum(due_at <= :at) AS ready, sum(due_at > :at) AS later, min(iif(due_at > :at, due_at, NULL)) AS next
FROM jobs INDEXED BY jobs_ready CROSS JOIN tasks ON tasks.id = jobs.task_id
WHERE jobs.state = 'ready' AND tasks.phase <> 'closed' GROUP BY service
"""


def lanes(connection: sqlite3.Connection, at: int) -> tuple[Lane, ...]:
    running = reads.running_by_service(connection)
    ready = {row["service"]: row for row in connection.execute(_LANES, {"at": at})}
    found = []
    for service in WATCHED:
        row = ready.get(service)
        if row is None and service not in USUAL and service not in running:
            continue
        counted = (0, 0, None) if row is None else (row["ready"], row["later"], row["next"])
        found.append(Lane(service, running.get(service, 0), *counted))
    return tuple(found)


def unsent(connection: sqlite3.Connection) -> tuple[Unsent, ...]:
    rows = connection.execute(
        "SELECT target, count(*) AS n, min(made_at) AS oldest, max(problem) AS problem FROM outbox GROUP BY target"
    )
    return tuple(Unsent(row["target"], row["n"], row["oldest"], row["problem"]) for row in rows)


def spent(connection: sqlite3.Connection, begin: int, end: int) -> dict[str, int]:
    """service -> micro-dollars charged from `begin` up to before `end`."""
    rows = connection.execute(
        "SELECT service, sum(micros) FROM charges WHERE at >= ? AND at < ? GROUP BY service", (begin, end)
    )
    return {row[0]: row[1] for row in rows}


def possible(connection: sqlite3.Connection, begin: int, end: int) -> dict[str, int]:
    """service -> micro-dollars that may have been paid from `begin` up to before `end` and are in no charge."""
    rows = connection.execute(
        "SELECT service, sum(micros) FROM possible_charges WHERE cleared_at IS NULL AND at >= ? AND at < ?"
        " GROUP BY service",
        (begin, end),
    )
    return {row[0]: row[1] for row in rows}


def overview(connection: sqlite3.Connection, at: int, whole: bool = True) -> Overview:
    """All of it in one short read transaction, so that the numbers agree with each other. `whole`: see `episodes`."""
    connection.execute("BEGIN")
    try:
        return _overview(connection, at, whole)
    finally:
        connection.execute("COMMIT")


def _overview(connection: sqlite3.Connection, at: int, whole: bool) -> Overview:
    tally = connection.execute(
        "SELECT status, count(*) AS n, sum(possibly_paid_twice) AS possibly_paid_twice,"
        " sum(status = 'published' AND ended_at >= ?) AS recent"
        " FROM tasks GROUP BY status",
        (at - 7 * DAY_MS,),
    ).fetchall()
    in_doubt = connection.execute("SELECT count(*) FROM jobs WHERE state = 'in_doubt'").fetchone()[0]
    today = calendar(connection).day(at)
    return Overview(
        at=at, counts={row["status"]: row["n"] for row in tally}, episodes=episodes(connection, whole),
        lanes=lanes(connection, at), suspensions=reads.suspensions(connection, at), unsent=unsent(connection),
        spent_today=spent(connection, today.begin, at + 1), published_7d=sum(row["recent"] for row in tally),
        possibly_paid_twice=sum(row["possibly_paid_twice"] for row in tally),
        in_doubt=in_doubt, problems=problems(connection),
        heartbeat=reads.value_ms(connection, "heartbeat"), refused=refused(connection),
        possible_today=possible(connection, today.begin, at + 1),
        credit=film_cost.of(reads.value_json(connection, "credit")), counters=counters(connection),
        webhook=webhook.report_of(reads.value_json(connection, webhook.FACT)),
        allowances=allowances.kept(reads.value_json(connection, ALLOWANCES)),
        page=str(reads.value_json(connection, PAGE) or ""),
        cluster=cluster.view_of(reads.value_json(connection, cluster.FACT)), placed=placed(connection),
    )  # fmt: skip


_PLACED = """
SELECT attempts.worker, jobs.task_id || ' ' || jobs.step || '/' || jobs.key FROM jobs INDEXED BY jobs_running
JOIN attempts ON attempts.id = jobs.attempt WHERE jobs.state = 'running' AND attempts.worker IS NOT NULL
ORDER BY attempts.id
"""


def placed(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Worker of the cluster -> the jobs that run there, with their episodes."""
    found: dict[str, tuple[str, ...]] = {}
    for worker, job in connection.execute(_PLACED):
        found[worker] = (*found.get(worker, ()), job)
    return found


def refused(connection: sqlite3.Connection) -> tuple[Refused, ...]:
    """Entries that wait for their writer to fix them, the newest first."""
    rows = connection.execute("SELECT page_id, title, channel, reason, at FROM refusals ORDER BY at DESC, page_id")
    return tuple(Refused(*row) for row in rows)


def problems(connection: sqlite3.Connection) -> tuple[str, ...]:
    """What the daemon keeps of itself: trouble of the board, a refused change of the configuration, a reader that
    lets the write-ahead log grow, an archive that cannot be written, stuck episodes and a lopsided queue, what its
    last look at the settings found."""
    names = ("board_trouble", "board_remark", "config_remark", "wal_remark", "storage_remark", "archive_remark")
    remarks = [reads.value(connection, name) for name in names]
    found = _texts(reads.value_json(connection, "outside_problems"))
    quiet = _texts(reads.value_json(connection, "attention"))
    return (*(remark for remark in remarks if remark), *quiet, *(f"found wrong: {problem}" for problem in found))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


# ------------------------------------------------------------------------------------------- finding tasks


_BY_ID = "SELECT * FROM tasks WHERE id LIKE ? ESCAPE '\\' ORDER BY created_at DESC, id LIMIT ?"
_BY_TITLE = "SELECT * FROM tasks WHERE title LIKE ? ESCAPE '\\' ORDER BY created_at DESC, id LIMIT ?"


def find(connection: sqlite3.Connection, text: str, limit: int = 6) -> tuple[Task, ...]:
    """The tasks a person may mean: the exact id or page id alone, else ids that begin so, else titles that hold it."""
    page = text.replace("-", "").lower()
    exact = connection.execute(
        "SELECT * FROM tasks WHERE id = ? OR page_id = ? OR replace(page_id, '-', '') = ?", (text, text, page)
    ).fetchall()
    if exact:
        return tuple(task_of(row) for row in exact)
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    for query, what in ((_BY_ID, f"{pattern}%"), (_BY_TITLE, f"%{pattern}%")):
        rows = connection.execute(query, (what, limit)).fetchall()
        if rows:
            return tuple(task_of(row) for row in rows)
    return ()


_TASKS = """
SELECT * FROM tasks WHERE status IN (SELECT value FROM json_each(?)) AND channel_id = coalesce(?, channel_id)
AND (? IS NULL OR EXISTS (SELECT 1 FROM archived WHERE task_id = tasks.id)) ORDER BY created_at DESC, id LIMIT ?
"""


def tasks(
    connection: sqlite3.Connection, statuses: tuple[Status, ...], channel_id: str | None, limit: int,
    archived: bool = False,
) -> tuple[Task, ...]:  # fmt: skip
    """The newest tasks with one of `statuses` (none given: any) and of the channel (None: any), archived ones too.

    `archived`: only these.
    """
    names = json.dumps([status.value for status in statuses or Status])
    rows = connection.execute(_TASKS, (names, channel_id, archived or None, limit))
    return tuple(task_of(row) for row in rows)


def data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection committed: the dashboard's doorbell, 4 microseconds."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def newest(connection: sqlite3.Connection) -> tuple[int, int]:
    """What differs when something happened that people see: an event, a pause, the end of one. 20 microseconds."""
    row = connection.execute("SELECT (SELECT max(id) FROM history), (SELECT count(*) FROM suspensions)").fetchone()
    return int(row[0] or 0), int(row[1])


def happened(connection: sqlite3.Connection, after: int, limit: int) -> tuple[tuple[str | None, str | None], ...]:
    """Task and channel of up to `limit` events behind this one, the oldest first."""
    found = connection.execute(
        "SELECT task_id, channel_id FROM history WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
    )
    return tuple((row[0], row[1]) for row in found)
