"""The child of the power-cut campaign: episodes on the real ledger, every acknowledged step told on stdout.

python -m tests.campaigns.writer STATE

Four makers work at once, so that transactions meet; a postman delivers the outbox. Lines, one per thing that videod
would from now on rely on:
    open                        the database was migrated and opened, what ran before was settled
    event TASK AT EVENT         `Ledger.apply` returned
    file PATH SHA256            an output stands in its place (relative to the state folder)
    receipt PATH STATE          a receipt was kept
    post TARGET KEY VERSION     a delivery was noted
"""

import asyncio
import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

from scripts.lib import atomic, receipt
from tests.cli.factory import POLICY, a_plan
from videod.core.events import EntryQueued, Event, JobCharged, JobFailed, JobStarted, JobSucceeded
from videod.core.failures import Failure, Kind
from videod.core.model import Job, Priority, Task
from videod.core.statuses import Gate, JobState
from videod.core.tables import STEPS
from videod.ledger import Applied, Ledger, Wakeups
from videod.store import reads
from videod.store.database import Database
from videod.store.schema import migrate

CHANNEL = "wild_earth"
MAKERS = 4
AUTO = replace(POLICY, auto_gates=frozenset(Gate))


def content(path: str) -> bytes:
    """What an output holds, a few pages; by its name alone, so that a torn file is seen."""
    return f"{path}\n".encode() * (100 + len(path) * 20)


def tell(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Life:
    """A ledger, a clock that never shows the same time twice, and what is done with them."""

    def __init__(self, state: Path, store: Database, at: int) -> None:
        self.state = state
        self.store = store
        self.ledger = Ledger(store, {CHANNEL: AUTO}.get, Wakeups())
        self.at = at

    def now(self) -> int:
        self.at += 1
        return self.at

    async def apply(self, event: Event) -> Applied:
        applied = await self.ledger.apply(event)
        assert applied.decision.accepted, applied.decision.note
        assert applied.task is not None
        tell("event", applied.task.id, event.at, type(event).__name__)
        return applied

    async def settle(self) -> None:
        """What a start does with the jobs that ran when the power went."""
        for job in await self.store.read(reads.running_jobs):
            failure = Failure(Kind.INTERRUPTED, "the power was gone")
            await self.apply(JobFailed(self.now(), job.task_id, job.name, job.attempt, failure, 0.5))

    async def make(self, number: int) -> None:
        """One maker: finish what of its own episodes is open, then begin the next."""
        page = f"maker{number}-"
        while True:
            tasks = await self.store.read(lambda tx: reads.recent_tasks(tx, 10_000))
            mine = [task for task in tasks if task.page_id.startswith(page)]
            task = next((task for task in mine if task.ended_at is None), None)
            if task is None:
                event = EntryQueued(
                    self.now(), f"{page}{len(mine)}", CHANNEL, f"Film {number} {len(mine)}", "bears", "a river",
                    Priority.NORMAL, None,
                )  # fmt: skip
                task = (await self.apply(event)).task
                assert task is not None
            owner = task.id
            for job in await self.store.read(lambda tx, owner=owner: reads.jobs(tx, owner)):  # type: ignore[misc]
                if job.state == JobState.READY and job.step != "cleanup":
                    await self.work(task, job)

    async def work(self, task: Task, job: Job) -> None:
        digest = hashlib.sha256(job.name.encode()).hexdigest()
        attempt = (await self.apply(JobStarted(max(self.now(), job.due_at), task.id, job.name, digest))).attempt
        assert attempt is not None
        name = f"workspaces/{CHANNEL}/{task.id}/{STEPS[job.step].output(job, task)}"
        output = self.state / name
        order = receipt.open_order(output, job.service, digest, buy_again=True)
        if job.price_micros and order.state != "received":
            with order.paid():
                tell("receipt", name, "intent")
                order.submitted(f"remote-{attempt}")
                tell("receipt", name, "submitted")
            charge = (1.0, "piece", job.price_micros)
            await self.apply(JobCharged(self.now(), task.id, job.name, attempt, job.service, job.step, *charge))
        atomic.write(output, content(name))
        tell("file", name, hashlib.sha256(content(name)).hexdigest())
        if job.price_micros:
            order.received()
            tell("receipt", name, "received")
        size, sha256 = atomic.fingerprint(output)
        plan = a_plan() if job.step == "plan" else None
        facts: dict[str, object] = {"video_id": "v", "url": "https://youtu.be/v"} if job.step == "upload" else {}
        relative = STEPS[job.step].output(job, task)
        event = JobSucceeded(self.now(), task.id, job.name, attempt, relative, size, sha256, facts, plan)
        await self.apply(event)

    async def deliver(self) -> None:
        while True:
            for post in await self.store.read(reads.pending_messages):
                await self.ledger.delivered(post)
                tell("post", post.target, post.key, post.version)
            await asyncio.sleep(0.005)


async def live(state: Path) -> None:
    receipt.ROOM_BYTES = 0  # the disk of this campaign is small
    migrate(state / "videod.db")
    store = await Database.open(state / "videod.db")
    newest = await store.read(lambda tx: tx.execute("SELECT max(at) FROM history").fetchone()[0])
    life = Life(state, store, int(newest or 1_795_262_400_000))
    await life.settle()
    tell("open")
    await asyncio.gather(*(life.make(number) for number in range(MAKERS)), life.deliver())


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
