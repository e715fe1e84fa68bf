"""A ledger on real SQLite with intake and relay at a board, and a worker that finishes jobs at once."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.flow.board_double import Clock, NotifierDouble
from tests.harness import databases
from tests.harness.prices import prices
from tests.harness.scripts import plan_document
from videod.adapters.notifiers import Notifiers, Way
from videod.core.events import JobFailed, JobStarted, JobSucceeded
from videod.core.failures import Failure
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import parse
from videod.core.statuses import JobState
from videod.core.tables import STEPS
from videod.flow.intake import Intake
from videod.flow.relay import Relay
from videod.flow.turns import Turns
from videod.ledger import Ledger, Wakeups
from videod.ports import Board, Buckets, People, Previews
from videod.store import in_full, reads
from videod.store.database import Transaction

T = TypeVar("T")
CHANNELS = {"wild": "Wild Studio", "deep": "Deep Sea"}


def policy(channel_id: str) -> ChannelPolicy | None:
    if channel_id not in CHANNELS:
        return None
    return ChannelPolicy(
        channel_id=channel_id, clips=2, images=3, clip_seconds=10, auto_gates=frozenset(), negative_prompt="blur",
        prices_micros=prices(plan=1, image=1, clip=1, narration=1, effect=1), rebuy_ceiling_micros=0,
        daily_budget_micros=10**12, episode_cap_micros=10**12,
        retry_waits_ms=(60_000,), retry_jitter=0.0, keep_workspace_ms=86_400_000,
    )  # fmt: skip


@dataclass
class Harness:
    folder: Path
    board: Board
    clock: Clock
    notifier: NotifierDouble = field(default_factory=NotifierDouble)
    buckets: Buckets | None = None
    previews: Previews | None = None

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Start (again, after `crash`): new intake and relay on the same files and the same board."""
        self.store = databases.opened(self.folder / "videod.db")
        self.ledger = Ledger(self.store, policy, Wakeups())
        turns = Turns()
        self.intake = Intake(self.board, self.ledger, self.store, self.clock, lambda: CHANNELS, 10, turns)
        people: People = self.notifier
        self.relay = Relay(
            self.board, people, self.ledger, self.store, self.clock, self.workspace, turns, buckets=self.buckets,
            previews=self.previews,
        )  # fmt: skip

    def people(self, *ways: Way) -> None:
        """From now on these are the ways to people."""
        self.relay = Relay(
            self.board, Notifiers(ways), self.ledger, self.store, self.clock, self.workspace, Turns()
        )  # fmt: skip

    async def restart(self) -> None:
        await self.store.close()
        self.open()

    def workspace(self, channel_id: str, task_id: str) -> Path:
        return self.folder / "workspaces" / channel_id / task_id

    async def read(self, look: Transaction[T]) -> T:
        return await self.store.read(look)

    async def task(self, page_id: str) -> Task:
        task = await self.read(lambda tx: reads.task_of_page(tx, page_id))
        assert task is not None
        return task

    async def no_task(self, page_id: str) -> bool:
        return await self.read(lambda tx: reads.task_of_page(tx, page_id)) is None

    async def jobs(self, page_id: str) -> tuple[Job, ...]:
        task = await self.task(page_id)
        return await self.read(lambda tx: reads.jobs(tx, task.id))

    async def events(self, page_id: str) -> list[str]:
        """The names of the events in the task's history that people caused."""
        task = await self.task(page_id)
        rows = await self.read(lambda tx: in_full.history(tx, task.id))
        return [row.event for row in rows if not row.event.startswith("Job")]

    async def sync(self) -> None:
        """Let intake and relay meet until both are quiet."""
        for _ in range(20):
            self.clock.pass_s(5)
            moved = await self.intake.poll_once() + await self.relay.deliver_once()
            if not moved and not await self.read(lambda tx: reads.due_messages(tx, "entry", self.clock.now_ms())):
                return
        raise AssertionError("intake and relay never come to rest")

    async def work(self, page_id: str) -> Task:
        """Finish every job that may run, until a gate."""
        while ready := [job for job in await self.jobs(page_id) if job.state == JobState.READY]:
            for job in ready:
                await self.finish(page_id, job)
            if ready[0].step == "cleanup":
                break
        return await self.task(page_id)

    async def finish(self, page_id: str, job: Job) -> None:
        task = await self.task(page_id)
        self.clock.pass_s(1)
        at = max(self.clock.now_ms(), job.due_at)
        attempt = (await self.ledger.apply(JobStarted(at, task.id, job.name, "digest"))).attempt
        assert attempt is not None
        output = f"{job.step}/{job.key}_r{job.revision}{STEPS[job.step].suffix}"
        file = self.workspace(task.channel_id, task.id) / output
        file.parent.mkdir(parents=True, exist_ok=True)
        content = f"{job.name} {job.revision}".encode()
        file.write_bytes(content)
        plan = parse(plan_document(2, 3, task.title)) if job.step == "plan" else None
        facts: dict[str, object] = {"video_id": "v1", "url": "https://youtu.be/v1"} if job.step == "upload" else {}
        await self.ledger.apply(JobSucceeded(
            at, task.id, job.name, attempt, output, len(content), hashlib.sha256(content).hexdigest(), facts,
            plan,
        ))  # fmt: skip

    async def fail(self, page_id: str, failure: Failure) -> Task:
        """Let the first ready job fail."""
        task = await self.task(page_id)
        job = next(job for job in await self.jobs(page_id) if job.state == JobState.READY)
        self.clock.pass_s(1)
        at = max(self.clock.now_ms(), job.due_at)
        attempt = (await self.ledger.apply(JobStarted(at, task.id, job.name, "digest"))).attempt
        assert attempt is not None
        await self.ledger.apply(JobFailed(at, task.id, job.name, attempt, failure, 0.5))
        return await self.task(page_id)
