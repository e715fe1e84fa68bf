"""procrastinate and pgqueuer on PostgreSQL, with synchronous_commit=on as they come."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import procrastinate
import psycopg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.core.qm import QueueManager
from pgqueuer.models import Job
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries
from procrastinate.jobs import Status

from tests.benchmarks.load import Film
from tests.benchmarks.peers import own_ledger
from tests.benchmarks.peers.base import Peer
from tests.benchmarks.work import Films, Work

for name in ("procrastinate", "pgqueuer"):
    logging.getLogger(name).setLevel(logging.CRITICAL)


class AsyncPeer(Peer):
    """Keeps its ledger in the same PostgreSQL database; workers take a connection of a pool of eight for them."""

    def __init__(self, folder: Path, address: str | None, with_ledger: bool) -> None:
        super().__init__(folder, address, with_ledger)
        assert address is not None
        self.dsn = address
        self.running: Work | None = None
        self.tasks: list[asyncio.Task[None]] = []

    async def make_books(self) -> None:
        self.connection = await asyncpg.connect(self.dsn)
        self.pool = await asyncpg.create_pool(self.dsn, min_size=8, max_size=8) if self.keeps_ledger else None
        if self.keeps_ledger:
            for statement in own_ledger.TABLES:
                await self.connection.execute(statement)

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Ledger and the peer's own step as one transaction of the one connection."""
        if self.keeps_ledger:
            async with self.connection.transaction():
                yield
        else:
            yield

    async def note(self, step: own_ledger.Step) -> None:
        if self.keeps_ledger:
            await own_ledger.write_asyncpg(self.connection, step)

    async def _note_from_pool(self, step: own_ledger.Step) -> None:
        if self.pool is not None:
            async with self.pool.acquire() as connection, connection.transaction():
                await own_ledger.write_asyncpg(connection, step)

    async def run(self, name: str) -> None:
        """What every job of the workers does."""
        assert self.running is not None
        await self._note_from_pool(own_ledger.claimed(name))
        self.running.begin(name)
        seconds = self.running.seconds(name)
        if seconds:
            await asyncio.sleep(seconds)
        await self._note_from_pool(own_ledger.completed(name))
        for follow in self.running.end(name):
            await self.submit(*follow)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks, timeout=2) if self.tasks else None


class PgqueuerPeer(AsyncPeer):
    """`Queries.enqueue/dequeue/log_jobs`; ten entrypoints stand for ten channels. Tables LOGGED."""

    _poll: timedelta | None = None

    async def open(self, finished: int) -> None:
        await self.make_books()
        self._queries = Queries(AsyncpgDriver(self.connection))
        await self._queries.install()
        channels = [f"channel_{number}" for number in range(10)]
        self._channels = {name: EntrypointExecutionParameter(0) for name in channels}
        self._manager = QueueManager(self._queries).queue_manager_id
        self._number = 0
        done: list[Any] = []
        for begin in range(0, finished, 1000):
            many = range(min(1000, finished - begin))
            await self._queries.enqueue([channels[one % 10] for one in many], [b"" for _ in many], [0 for _ in many])
        while len(done) < finished:
            jobs = await self._dequeue(500)
            await self._queries.log_jobs([(job, "successful", None) for job in jobs])
            done += jobs
        await self.connection.execute("ANALYZE")

    async def _dequeue(self, many: int) -> list[Job]:
        return await self._queries.dequeue(many, self._channels, self._manager, None, timedelta(seconds=30))

    async def enqueue(self, name: str) -> None:
        self._number += 1
        async with self.together():
            await self.note(own_ledger.enqueued(name))
            await self._queries.enqueue(f"channel_{self._number % 10}", name.encode(), 0)

    async def claim(self) -> tuple[str, object]:
        async with self.together():
            (job,) = await self._dequeue(1)
            name = (job.payload or b"").decode()
            await self.note(own_ledger.claimed(name))
        return name, job

    async def complete(self, name: str, handle: object) -> None:
        async with self.together():
            await self.note(own_ledger.completed(name))
            await self._queries.log_jobs([(handle, "successful", None)])  # type: ignore[list-item]

    async def work(self, limits: Mapping[str, int], work: Work) -> None:
        self.running = work
        pool = await asyncpg.create_pool(self.dsn, min_size=4, max_size=12)
        manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))
        for service, most in limits.items():
            manager.entrypoint(service, concurrency_limit=most)(self._run)
        if self._poll is not None:
            manager.min_dequeue_poll_interval = self._poll
        self.tasks.append(asyncio.create_task(manager.run()))
        await asyncio.sleep(0.5)

    async def play(self, films: Sequence[Film], work: Films, scale: float) -> None:
        self._poll = timedelta(milliseconds=2)  # a tenth of a second as it comes: would be far too much at this scale
        await super().play(films, work, scale)

    async def _run(self, job: Job) -> None:
        await self.run((job.payload or b"").decode())

    async def submit(self, service: str, name: str) -> None:
        await self._queries.enqueue(service, name.encode(), 0)


class ProcrastinatePeer(AsyncPeer):
    """`defer_async / job_manager.fetch_job / finish_job`; ten queues stand for ten channels."""

    async def open(self, finished: int) -> None:
        await self.make_books()
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=self.dsn))
        await self._app.open_async()
        await self._app.schema_manager.apply_schema_async()
        self._task = self._app.task(name="one", pass_context=False)(self._nothing)
        self._own = await psycopg.AsyncConnection.connect(self.dsn, autocommit=True)
        self._number = 0
        self._tasks: dict[str, Callable[..., Any]] = {}
        if finished:
            await self._own.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, attempts)"
                " SELECT 'channel_' || n %% 10, 'one', 'succeeded', '{}', 1 FROM generate_series(1, %s) AS n",
                (finished,),
            )
            await self._own.execute("ANALYZE")
        self._worker = await self._app.job_manager.register_worker()

    async def _nothing(self, name: str) -> None:
        return

    async def note(self, step: own_ledger.Step) -> None:
        if self.keeps_ledger:
            await own_ledger.write_psycopg(self._own, step)

    async def enqueue(self, name: str) -> None:
        self._number += 1
        await self.note(own_ledger.enqueued(name))
        await self._task.configure(queue=f"channel_{self._number % 10}").defer_async(name=name)

    async def claim(self) -> tuple[str, object]:
        job = await self._app.job_manager.fetch_job(None, self._worker)
        assert job is not None
        name = str(job.task_kwargs["name"])
        await self.note(own_ledger.claimed(name))
        return name, job

    async def complete(self, name: str, handle: object) -> None:
        await self.note(own_ledger.completed(name))
        await self._app.job_manager.finish_job(handle, Status.SUCCEEDED, delete_job=False)  # type: ignore[arg-type]

    async def work(self, limits: Mapping[str, int], work: Work) -> None:
        self.running = work
        for service, most in limits.items():
            if service not in self._tasks:
                self._tasks[service] = self._app.task(name=service, queue=service)(self.run)
            worker = self._app.run_worker_async(
                queues=[service], concurrency=most, install_signal_handlers=False, delete_jobs="never"
            )
            self.tasks.append(asyncio.create_task(worker))
        await asyncio.sleep(0.5)

    async def fill(self, names: Sequence[str]) -> Sequence[str]:
        self._tasks["noop"] = self._app.task(name="noop", queue="noop")(self.run)
        return await super().fill(names)

    async def submit(self, service: str, name: str) -> None:
        await self._tasks[service].defer_async(name=name)  # type: ignore[attr-defined]
