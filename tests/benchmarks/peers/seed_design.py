"""The engine of the project that videod replaces, built again from its description, on PostgreSQL with asyncpg.

One table of tasks. A claim is a plain SELECT of the first queued task by channel and age, then an UPDATE: no SKIP
LOCKED, so two workers may take the same task (counted as "twice"). Three workers look every five seconds when idle. An
episode is one task: its worker makes it step after step, images and composites one by one, clips five at once,
sounds ten at once. Kinder than the original: no ORM, an index on the status, providers that queue what is too much.
"""

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg

from tests.benchmarks.load import LIMITS, Film
from tests.benchmarks.peers import own_ledger
from tests.benchmarks.peers.postgres_queues import AsyncPeer
from tests.benchmarks.work import Films, Work

WORKERS = 3
POLL_S = 5.0
#: calls at once within one episode
AT_ONCE = {"clip": 5, "narration": 10, "sound_effect": 10}
_OLDEST = "SELECT id, name FROM tasks WHERE status = 'queued' ORDER BY channel, id LIMIT 1"


class SeedDesign(AsyncPeer):
    probes = 6
    quiet_s = (0.1, 5.1)

    async def open(self, finished: int) -> None:
        await self.make_books()
        await self.connection.execute(
            "CREATE TABLE tasks (id bigserial PRIMARY KEY, name text NOT NULL, channel text NOT NULL,"
            " status text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz)"
        )
        await self.connection.execute("CREATE INDEX tasks_by_status ON tasks (status)")
        await self.connection.execute(
            "INSERT INTO tasks (name, channel, status) SELECT 'old', 'channel_' || n % 10, 'published'"
            " FROM generate_series(1, $1::int) AS n",
            finished,
        )
        await self.connection.execute("ANALYZE")
        self._pool = await asyncpg.create_pool(self.dsn, min_size=WORKERS, max_size=WORKERS)
        self._number = 0
        self._poll_s = POLL_S
        self._films: dict[str, Film] = {}

    async def enqueue(self, name: str) -> None:
        self._number += 1
        async with self.together():
            await self.note(own_ledger.enqueued(name))
            statement = "INSERT INTO tasks (name, channel, status) VALUES ($1, $2, 'queued')"
            await self.connection.execute(statement, name, f"channel_{self._number % 10}")

    async def submit(self, service: str, name: str) -> None:
        await self.enqueue(name)

    async def claim(self) -> tuple[str, object]:
        async with self.connection.transaction():
            row = await self.connection.fetchrow(_OLDEST)
            await self._set(self.connection, row["id"], "claimed")
            await self.note(own_ledger.claimed(row["name"]))
        return row["name"], row["id"]

    async def complete(self, name: str, handle: object) -> None:
        async with self.together():
            await self.note(own_ledger.completed(name))
            await self._set(self.connection, handle, "published")

    async def _set(self, connection: asyncpg.Connection, task: object, status: str) -> None:
        await connection.execute("UPDATE tasks SET status = $1, updated_at = now() WHERE id = $2", status, task)

    async def work(self, limits: Mapping[str, int], work: Work) -> None:
        self.running = work
        self._limits = {service: asyncio.Semaphore(most) for service, most in limits.items()}
        for _ in range(WORKERS):
            self.tasks.append(asyncio.create_task(self._worker()))

    async def _worker(self) -> None:
        while True:
            async with self._pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(_OLDEST)
                if row is not None:
                    await self._set(connection, row["id"], "claimed")
            if row is None:
                await asyncio.sleep(self._poll_s)
                continue
            film = self._films.get(row["name"])
            await (self._make(film, row["id"]) if film else self.run(row["name"]))
            async with self._pool.acquire() as connection:
                await self._set(connection, row["id"], "published")

    async def play(self, films: Sequence[Film], work: Films, scale: float) -> None:
        self._poll_s = POLL_S / scale
        self._films |= {film.id: film for film in films}
        for film in films:
            await self.enqueue(film.id)
        await self.work(LIMITS, work)

    async def _make(self, film: Film, task: int) -> None:
        for stage in film.stages:
            step = stage[0][1].split(" ")[1].split("/")[0]
            gate = asyncio.Semaphore(AT_ONCE.get(step, 1))
            async with self._pool.acquire() as connection:
                await self._set(connection, task, step)
            await asyncio.gather(*(self._call(gate, service, name) for service, name in stage))

    async def _call(self, gate: asyncio.Semaphore, service: str, name: str) -> None:
        async with gate, self._limits[service]:
            await self._one(name)

    async def _one(self, name: str) -> None:
        assert self.running is not None
        self.running.begin(name)
        await asyncio.sleep(self.running.seconds(name))
        self.running.end(name)
