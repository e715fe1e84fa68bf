"""huey on SQLite, fsync=True. A claim deletes the row: a job that a crash interrupts is lost."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from huey import SqliteHuey
from huey.api import Huey

from tests.benchmarks.peers import own_ledger
from tests.benchmarks.peers.threads import ThreadPeer
from tests.benchmarks.work import Work

logging.getLogger("huey").setLevel(logging.CRITICAL)


class HueyPeer(ThreadPeer):
    async def open(self, finished: int) -> None:
        self._queue = self._made("queue")
        self._task = self._queue.task()(lambda name: None)
        with self._queue.storage.db(commit=True) as cursor:
            rows = [("queue", f"old-{number}", b"\x80\x04N.") for number in range(finished)]
            cursor.executemany("INSERT INTO kv (queue, key, value) VALUES (?, ?, ?)", rows)
        self._services: dict[str, tuple[Huey, Callable[[str], object]]] = {}

    def _made(self, name: str) -> Huey:
        return SqliteHuey(name, filename=str(Path(self.folder) / f"{name}.db"), fsync=True, timeout=30)

    async def enqueue(self, name: str) -> None:
        self.note(own_ledger.enqueued(name))
        self._task(name)

    async def claim(self) -> tuple[str, object]:
        task = self._queue.dequeue()
        name = str(task.args[0])
        self.note(own_ledger.claimed(name))
        return name, task.id

    async def complete(self, name: str, handle: object) -> None:
        self.note(own_ledger.completed(name))
        self._queue.put_result(handle, True)

    async def work(self, limits: Mapping[str, int], work: Work) -> None:
        """One consumer for each service, in one process, with as many threads as it may have jobs at once."""
        self.running = work
        for service, most in limits.items():
            consumer = self._queue_of(service).create_consumer(workers=most, periodic=False, check_worker_health=False)
            consumer.start()

    def _queue_of(self, service: str) -> Huey:
        if service not in self._services:
            queue = self._made(service)
            self._services[service] = (queue, queue.task()(lambda name: self.run(service, name)))
        return self._services[service][0]

    def put(self, service: str, name: str) -> None:
        self._queue_of(service)
        self._services[service][1](name)
