"""Tasks with their jobs as last committed, kept so that not every event parses a hundred rows again.

A kept snapshot is believed only while the task's newest history row is the one it was kept with. Whatever changes a
task or a job writes a history row in the same transaction, so a snapshot from before another commit, or from a
transaction that was rolled back, is found out by one index lookup and read again. Values are those read from the rows
themselves, never those that were about to be written.
"""

import sqlite3
import threading
from collections.abc import Collection
from dataclasses import dataclass

from videod.core.model import Job, Task
from videod.core.statuses import CLOSED
from videod.store import reads

#: open tasks kept at most, the latest used; one of full size is about 250 KB
KEPT = 64
#: from so many changed jobs on, all are read at once
READ_ALL = 20


@dataclass(frozen=True)
class _Kept:
    version: int
    task: Task
    jobs: tuple[Job, ...]


class Snapshots:
    """Safe to ask from the writer's and the reader's thread: entries are whole values, replaced in one step."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._changing = threading.Lock()

    def look(self, connection: sqlite3.Connection, task_id: str) -> tuple[Task | None, tuple[Job, ...]]:
        """The task (None: unknown) and its jobs in the order they were made, as this connection sees them."""
        version = reads.newest_history(connection, task_id)
        kept = self._kept.get(task_id)
        if kept is not None and kept.version == version:
            return kept.task, kept.jobs
        task = reads.task(connection, task_id)
        jobs = reads.jobs(connection, task_id) if task else ()
        # a reader sees less than the writer while that commits: it does not take the newer one away
        if task is not None and (kept is None or version is None or kept.version < version):
            self._keep(version, task, jobs)
        return task, jobs

    def forget(self, task_id: str) -> None:
        """Called when a transaction that may have called `wrote` is undone."""
        with self._changing:
            self._kept.pop(task_id, None)

    def wrote(
        self, connection: sqlite3.Connection, task_id: str, version: int, before: tuple[Job, ...],
        changed: Collection[str], unchanged: Task | None = None,
    ) -> None:  # fmt: skip
        """Called at the end of a transaction that wrote history of the task: read back what it `changed`.

        `version`: the id of the row of history. `unchanged`: the task as it was read, where only jobs were written.
        """
        task = unchanged or reads.task(connection, task_id)
        if task is None:
            return
        if len(changed) > READ_ALL or not before:
            jobs = reads.jobs(connection, task_id)
        else:
            read = (reads.job(connection, task_id, name) for name in changed)
            fresh = {job.id: job for job in read if job is not None}
            known = [fresh.pop(job.id) if job.id in fresh else job for job in before]
            jobs = (*known, *sorted(fresh.values(), key=lambda job: job.id))
        self._keep(version, task, jobs)

    def _keep(self, version: int | None, task: Task, jobs: tuple[Job, ...]) -> None:
        with self._changing:
            self._kept.pop(task.id, None)
            if version is None or task.status in CLOSED:
                return
            self._kept[task.id] = _Kept(version, task, jobs)
            while len(self._kept) > KEPT:
                self._kept.pop(next(iter(self._kept)), None)
