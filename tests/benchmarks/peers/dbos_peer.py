"""DBOS with its SQLite system database. The queue is stepped through by its private functions, so that its poll does
not count against it; whole loads run through its own poll, once a second as it comes."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from dbos import DBOS, Queue, SetWorkflowID
from dbos._dbos import _get_dbos_instance
from dbos._queue import _INTERNAL_QUEUE_CONSTRUCTION
from dbos._utils import GlobalParams

from tests.benchmarks.load import Film
from tests.benchmarks.peers import own_ledger
from tests.benchmarks.peers.threads import ThreadPeer
from tests.benchmarks.work import Films, Work

_CURRENT: "list[DbosPeer]" = []


@DBOS.workflow()
def one_job(service: str, name: str) -> None:
    _CURRENT[0].run(service, name)


class DbosPeer(ThreadPeer):
    drain_jobs_max = 64
    _poll_s = 1.0
    probes = 10
    quiet_s = (0.1, 1.1)

    async def open(self, finished: int) -> None:
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        _CURRENT[:] = [self]
        path = Path(self.folder) / "dbos.sqlite"
        DBOS(config={
            "name": "bench", "system_database_url": f"sqlite:///{path}", "run_admin_server": False,
            "log_level": "CRITICAL",
        })  # fmt: skip
        DBOS.launch()
        self._inside = _get_dbos_instance()._sys_db
        # not registered, so that no poll of its own takes what we step through
        self._queue = Queue("stepped", worker_concurrency=1, token=_INTERNAL_QUEUE_CONSTRUCTION)
        self._number = 0
        self._fill(path, finished)

    def _fill(self, path: Path, finished: int) -> None:
        """Old rows are clones of one that DBOS made itself."""
        if not finished:
            return
        with SetWorkflowID("pattern"):
            self._queue.enqueue(one_job, "", "pattern")
        own = sqlite3.connect(path, isolation_level=None, timeout=30)
        names = [row[1] for row in own.execute("PRAGMA table_info(workflow_status)")]
        chosen = {"workflow_uuid": "'old-' || value", "status": "'SUCCESS'"}
        columns = ", ".join(chosen.get(name, name) for name in names)
        own.execute(
            f"INSERT INTO workflow_status ({', '.join(names)}) WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL"
            f" SELECT value + 1 FROM n WHERE value < {finished:d}) SELECT {columns} FROM workflow_status, n"
            " WHERE workflow_uuid = 'pattern'"
        )
        own.execute("DELETE FROM workflow_status WHERE workflow_uuid = 'pattern'")
        own.close()

    async def enqueue(self, name: str) -> None:
        self.note(own_ledger.enqueued(name))
        with SetWorkflowID(name):
            self._queue.enqueue(one_job, "", name)

    async def claim(self) -> tuple[str, object]:
        self._number += 1
        owner = f"owner-{self._number}"
        names, _ = self._inside.start_queued_workflows(
            self._queue, GlobalParams.executor_id, GlobalParams.app_version, None, 0, owner_xid=owner
        )
        self.note(own_ledger.claimed(names[0]))
        return names[0], owner

    async def complete(self, name: str, handle: object) -> None:
        self.note(own_ledger.completed(name))
        self._inside.update_workflow_outcome(name, "SUCCESS", output="null", owner_xid=str(handle))

    async def fill(self, names: Sequence[str]) -> Sequence[str]:
        await DBOS.register_queue_async("noop", worker_concurrency=0)
        return await super().fill(names)

    async def work(self, limits: Mapping[str, int], work: Work) -> None:
        self.running = work
        for service, most in limits.items():
            await DBOS.register_queue_async(
                service, worker_concurrency=most, polling_interval_sec=self._poll_s, on_conflict="always_update"
            )

    async def play(self, films: Sequence[Film], work: Films, scale: float) -> None:
        self._poll_s = 0.01  # scaled like the rest it would be shorter than it can be
        await super().play(films, work, scale)

    async def submit(self, service: str, name: str) -> None:
        await asyncio.to_thread(self.put, service, name)

    def put(self, service: str, name: str) -> None:
        DBOS.enqueue_workflow(service, one_job, service, name)

    async def close(self) -> None:
        DBOS.destroy(workflow_completion_timeout_sec=0)
