"""A ledger of paper: applies decisions to values in memory, so that the brain can be tested in microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from unittest.mock import patch

from tests.harness.scripts import plan_document
from tests.harness.world import policy
from videod.core import board
from videod.core.breaker import Breaker
from videod.core.events import EntryQueued, Event, JobFailed, JobStarted, JobSucceeded
from videod.core.failures import Failure, Kind
from videod.core.model import ChannelPolicy, Job, Priority, Task
from videod.core.ops import ClearInDoubt, Decision, OpenAttempt, RecordInDoubt, SaveBreaker, SaveJob, SaveTask, Snapshot
from videod.core.plan import Plan, parse
from videod.core.statuses import JobState
from videod.core.workflow import decide


def small_plan(clips: int = 2, images: int = 3) -> Plan:
    return parse(plan_document(clips, images, "The Crossing"))


@dataclass
class Book:
    """One task on paper. `at` is the present; each event happens one second after the last."""

    policy: ChannelPolicy = field(default_factory=policy)
    task: Task | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    at: int = 1_000_000
    attempts: int = 0
    #: of every outside service, as the ledger would tell them
    breakers: dict[str, Breaker] = field(default_factory=dict)
    #: attempt -> what may have been paid for it
    doubts: dict[int, int] = field(default_factory=dict)
    last: Decision = field(default_factory=Decision)

    def snapshot(self, event: Event | None = None) -> Snapshot:
        job = self.jobs.get(getattr(event, "job", ""))
        guard = None if job is None else self.breakers.get(job.service)
        doubted = self.doubts.get(getattr(event, "attempt", 0), 0)
        return Snapshot(self.task, tuple(self.jobs.values()), self.policy, breaker=guard, in_doubt_micros=doubted)

    def apply(self, event: Event) -> Decision:
        decision = decide(self.snapshot(event), event)
        with patch.object(board, "unseen", lambda before, after, changed: False):
            # what is passed over as unseen would have shown nothing
            assert decide(self.snapshot(event), event) == decision
        for op in decision.ops:
            if isinstance(op, SaveTask):
                self.task = op.task
            elif isinstance(op, SaveJob):
                known = self.jobs.get(op.job.name)
                assert (known.state if known else None) == op.before
                self.jobs[op.job.name] = replace(op.job, id=op.job.id or len(self.jobs) + 1)
            elif isinstance(op, RecordInDoubt):
                self.doubts[op.attempt] = op.micros
            elif isinstance(op, ClearInDoubt):
                del self.doubts[op.attempt]
            elif isinstance(op, SaveBreaker):
                self.breakers[op.breaker.service] = op.breaker
            elif isinstance(op, OpenAttempt):
                self.attempts += 1
                self.jobs[op.job] = replace(self.jobs[op.job], attempt=self.attempts)
        self.last = decision
        return decision

    def now(self) -> int:
        self.at += 1000
        return self.at

    @property
    def one(self) -> Task:
        assert self.task is not None
        return self.task

    def queue(self, own: Mapping[str, object] | None = None) -> Decision:
        return self.apply(
            EntryQueued(self.now(), "page", "wild", "The Crossing", "bears", "crossing", Priority.NORMAL, None, own)
        )

    def ready(self) -> list[str]:
        return [job.name for job in self.jobs.values() if job.state == JobState.READY and job.due_at <= self.at]

    def start(self, name: str) -> Decision:
        self.at = max(self.at, self.jobs[name].due_at)
        return self.apply(JobStarted(self.now(), self.one.id, name, "digest"))

    def succeed(self, name: str, plan: Plan | None = None) -> Decision:
        job = self.jobs[name]
        facts: dict[str, object] = {"video_id": "v", "url": "https://youtu.be/v"} if job.step == "upload" else {}
        made = (plan or small_plan()) if job.step == "plan" else None
        return self.apply(
            JobSucceeded(self.now(), self.one.id, name, job.attempt, f"{name}.out", 9, f"sha-{name}", facts, made)
        )

    def fail(self, name: str, kind: Kind, u: float = 0.5, wait_ms: int | None = None) -> Decision:
        failure = Failure(kind, "it went wrong", service="kie", retry_after_ms=wait_ms)
        return self.apply(JobFailed(self.now(), self.one.id, name, self.jobs[name].attempt, failure, u))

    def do(self, name: str) -> Decision:
        self.start(name)
        return self.succeed(name)

    def run(self, until: str | None = None) -> None:
        """Do every job that becomes ready (cleanup excepted), or stop before the job `until`."""
        for _ in range(1000):
            ready = [name for name in self.ready() if name not in (until, "cleanup/workspace")]
            if not ready:
                return
            self.do(ready[0])
        raise AssertionError("never comes to rest")
