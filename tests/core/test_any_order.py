"""Whatever people, services and crashes do, in any order: the brain never contradicts itself."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.core.book import Book
from tests.harness.world import policy
from videod.core.derive import derive
from videod.core.events import CancelAsked, EditRefused, GateApproved, RedoAsked
from videod.core.failures import Kind
from videod.core.ops import SaveJob
from videod.core.statuses import AT_GATE, Gate, JobState, Status
from videod.core.tables import STEPS


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.paper = Book(policy=policy(auto_gates=frozenset(), rebuy_ceiling_micros=100_000))
        self.paper.queue()
        self.published = False

    def _states(self, *wanted: JobState) -> list[str]:
        return [job.name for job in self.paper.jobs.values() if job.state in wanted]

    @rule(pick=st.integers(0, 50))
    def start(self, pick: int) -> None:
        names = self._states(JobState.READY)
        if names:
            self.paper.start(names[pick % len(names)])

    @rule(pick=st.integers(0, 50))
    def succeed(self, pick: int) -> None:
        names = self._states(JobState.RUNNING)
        if names:
            self.paper.succeed(names[pick % len(names)])

    @rule()
    def go_on(self) -> None:
        """Much goes well, so that late stages are met too."""
        for name in self._states(JobState.READY)[:6]:
            if self.paper.start(name).accepted:
                self.paper.succeed(name)

    @rule(pick=st.integers(0, 50), kind=st.sampled_from(Kind), u=st.floats(0, 0.99))
    def fail(self, pick: int, kind: Kind, u: float) -> None:
        names = self._states(JobState.RUNNING)
        if names:
            self.paper.fail(names[pick % len(names)], kind, u)

    @rule(gate=st.sampled_from(Gate))
    def approve(self, gate: Gate) -> None:
        self.paper.apply(GateApproved(self.paper.now(), self.paper.one.id, gate, "me"))

    @precondition(lambda self: self.paper.one.status in AT_GATE)
    @rule()
    def approve_what_waits(self) -> None:
        self.approve(AT_GATE[self.paper.one.status])

    @rule(gate=st.sampled_from(Gate), pick=st.sets(st.integers(0, 50), max_size=3))
    def redo(self, gate: Gate, pick: set[int]) -> None:
        names = tuple(self.paper.jobs)
        chosen = tuple(names[at % len(names)] for at in pick)
        self.paper.apply(RedoAsked(self.paper.now(), self.paper.one.id, gate, chosen))

    @rule()
    def queue_again(self) -> None:
        self.paper.queue()

    @rule()
    def cancel(self) -> None:
        self.paper.apply(CancelAsked(self.paper.now(), self.paper.one.id))

    @rule()
    def refuse(self) -> None:
        self.paper.apply(EditRefused(self.paper.now(), self.paper.one.id, "Published", "only videod sets it"))

    @invariant()
    def the_status_is_what_the_jobs_mean(self) -> None:
        assert derive(self.paper.one, tuple(self.paper.jobs.values())) == self.paper.one.status

    @invariant()
    def published_never_ends(self) -> None:
        if self.published:
            assert self.paper.one.status == Status.PUBLISHED
        self.published = self.paper.one.status == Status.PUBLISHED

    @invariant()
    def paid_work_waits_for_its_gate(self) -> None:
        for op in self.paper.last.ops:
            if isinstance(op, SaveJob) and op.job.state == JobState.RUNNING and op.before == JobState.READY:
                gate = STEPS[op.job.step].gate
                assert gate is None or gate in self.paper.one.approved

    @invariant()
    def nothing_runs_before_what_it_needs(self) -> None:
        jobs = self.paper.jobs
        for job in jobs.values():
            if job.state == JobState.READY:
                assert all(jobs[name].state == JobState.DONE for name in job.needs), job.name


AnyOrder.TestCase.settings = settings(
    max_examples=60, stateful_step_count=60, suppress_health_check=list(HealthCheck), derandomize=True
)
test_any_order_of_events_keeps_the_books_true = AnyOrder.TestCase
