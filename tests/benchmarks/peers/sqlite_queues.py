"""litequeue and persist-queue: queues in SQLite without workers of their own."""

import sqlite3
from collections.abc import Mapping

import persistqueue
from litequeue import LiteQueue

from tests.benchmarks.peers import own_ledger
from tests.benchmarks.peers.threads import ThreadPeer
from tests.benchmarks.work import Work

NO_WORKER = "has no worker of its own"


class _QueueOnly(ThreadPeer):
    async def work(self, limits: Mapping[str, int], work: Work) -> None:
        raise NotImplementedError(NO_WORKER)

    def put(self, service: str, name: str) -> None:
        raise NotImplementedError(NO_WORKER)


class LitequeuePeer(_QueueOnly):
    """WAL; we set synchronous=FULL (its own default, NORMAL, may lose what it acknowledged)."""

    async def open(self, finished: int) -> None:
        connection = sqlite3.connect(self.folder / "queue.db", isolation_level=None)
        self._queue = LiteQueue(connection)
        connection.execute("PRAGMA synchronous=FULL")
        rows = [(f"old-{number}", f"00000000-{number}", 2, 1, 2, 3) for number in range(finished)]
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO Queue (data, message_id, status, in_time, lock_time, done_time) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute("COMMIT")

    async def enqueue(self, name: str) -> None:
        self.note(own_ledger.enqueued(name))
        self._queue.put(name)

    async def claim(self) -> tuple[str, object]:
        message = self._queue.pop()
        self.note(own_ledger.claimed(message.data))
        return message.data, message.message_id

    async def complete(self, name: str, handle: object) -> None:
        self.note(own_ledger.completed(name))
        self._queue.done(handle)


class PersistQueuePeer(_QueueOnly):
    """SQLiteAckQueue; WAL, synchronous=FULL as SQLite's own default is."""

    async def open(self, finished: int) -> None:
        self._queue = persistqueue.SQLiteAckQueue(str(self.folder / "queue"), auto_commit=True)
        connection = self._queue._conn
        rows = [(b"\x80\x04N.", 1.0, 5) for _ in range(finished)]
        connection.executemany("INSERT INTO ack_queue_default (data, timestamp, status) VALUES (?, ?, ?)", rows)
        connection.commit()

    async def enqueue(self, name: str) -> None:
        self.note(own_ledger.enqueued(name))
        self._queue.put(name)

    async def claim(self) -> tuple[str, object]:
        name = self._queue.get(block=False)
        self.note(own_ledger.claimed(name))
        return name, name

    async def complete(self, name: str, handle: object) -> None:
        self.note(own_ledger.completed(name))
        self._queue.ack(handle)
