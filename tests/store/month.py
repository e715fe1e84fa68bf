"""A month of a studio with a truth of its own: what happened is written down as it is done, by nobody's SQL.

Episodes run one after another through the real ledger. Beside each event the test looks at the episode's status and at
its ready jobs, and keeps when it saw what; the figures of `videod report` must agree with these notes.
"""

import random
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.cli.factory import CHANNELS, HOUR, MINUTE, StudioBox, a_plan, at_once
from videod.core.events import EntryQueued, Event, JobCharged, JobFailed, JobStarted, JobSucceeded, ServiceFreed
from videod.core.failures import Failure, Kind
from videod.core.measures import Outcome
from videod.core.statuses import AT_GATE, ERRORS, JobState, Status
from videod.core.suspension import Cause
from videod.core.tables import SPARED

DAY = 24 * HOUR


@dataclass
class Truth:
    """What the month knows of itself. Times ms."""

    #: task -> (channel, outcome, at)
    endings: dict[str, tuple[str, Outcome, int]] = field(default_factory=dict)
    #: (service, kind, how it ended) -> jobs, and (service, kind) -> failed attempts, of troubles ended in the period
    ended: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: status -> how long each time it was shown
    stays: dict[Status, list[int]] = field(default_factory=lambda: defaultdict(list))
    #: service -> how long each of its jobs waited
    waits: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    micros: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: all attempts and retries ever, for what only grows
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)
    retries: Counter[tuple[str, str]] = field(default_factory=Counter)

    def median(self, status: Status) -> int:
        return round(statistics.median(self.stays[status]))


@dataclass
class Trouble:
    """What is to go wrong with a job: fails so often in one way, then what a person does."""

    kind: Kind
    times: int = 1
    #: it stops the episode; where somebody queues it again it works
    stops: bool = False
    fixed: bool = True


class Month:
    """`run` plays episodes from the box's time on; what ended from `begin` up to before `end` is in the truth."""

    def __init__(self, box: StudioBox, begin: int, end: int, seed: int) -> None:
        self.box, self.begin, self.end = box, begin, end
        self.chance = random.Random(seed)
        self.truth = Truth()
        self._status: dict[str, tuple[Status, int]] = {}
        self._ready: dict[tuple[str, str], int] = {}
        self._left: dict[tuple[str, str], list[Trouble]] = {}

    def run(self, episodes: int, gap_ms: int) -> None:
        for number in range(episodes):
            self.episode(f"Film {number}", CHANNELS[number % 3], self._script(number))
            self.box.clock.at += self.chance.randrange(gap_ms // 2, gap_ms)

    def _script(self, number: int) -> str:
        return ("clean", "down", "busy", "stopped", "helped", "clean", "credentials", "cancelled", "waits")[number % 9]

    # ------------------------------------------------------------------------------------------ one episode

    def episode(self, title: str, channel: str, script: str) -> None:
        task = self.box.queue(title, channel)
        self._see(task)
        troubles = self._troubles(script)
        counted = len(troubles)
        for number in range(400):
            status = self.box.task(task).status
            if status == Status.PUBLISHED:
                helped = script in ("helped", "credentials")
                outcome = (
                    Outcome.HELPED if helped else Outcome.RECOVERED if script in ("down", "waits") else Outcome.CLEAN
                )
                return self._ended(task, channel, outcome)
            if status in ERRORS:
                if script != "helped":
                    return self._ended(task, channel, Outcome.STOPPED)
                self.box.clock.at += 3 * HOUR
                self._again(task)
            elif script == "cancelled" and number > 8:
                self.box.cancel(task)
                self._see(task)
                return self._ended(task, channel, Outcome.CANCELLED)
            else:
                self._step(task, troubles if number > 5 or counted == 0 else [])
        raise AssertionError(f"{title} never ended")

    def _troubles(self, script: str) -> list[Trouble]:
        return {
            "down": [Trouble(Kind.DOWN, 2), Trouble(Kind.NONSENSE, 1), Trouble(Kind.TIMEOUT, 4)],
            "waits": [Trouble(Kind.LOST, 1)],
            "busy": [Trouble(Kind.BUSY, 3)],
            "stopped": [Trouble(Kind.DOWN, 5, stops=True)],
            "helped": [Trouble(Kind.DOWN), Trouble(Kind.INPUT, stops=True), Trouble(Kind.NONSENSE, 5, stops=True)],
            "credentials": [Trouble(Kind.CREDENTIALS, 1)],
        }.get(script, [])  # fmt: skip

    def _step(self, task: str, troubles: list[Trouble]) -> None:
        """Start one job, or approve what is open, after a while."""
        self.box.clock.at += self.chance.randrange(0, 4 * MINUTE)
        ready = self.box.ready(task)
        status = self.box.task(task).status
        if not ready:
            assert status in AT_GATE, status
            self.box.clock.at += self.chance.randrange(1, 12 * HOUR)
            self.box.approve(task, AT_GATE[status])
            self._see(task)
            return
        name = self.chance.choice(ready)
        # a film is made without what may be spared, so nothing of it recovers or stops
        spared = name.split("/")[0] in SPARED
        trouble = troubles.pop(0) if troubles and not spared else None
        for _ in range(trouble.times if trouble else 0):
            assert trouble is not None
            self._fail(task, name, trouble)
        if trouble is None or not trouble.stops:
            self._succeed(task, name, trouble)

    def _start(self, task: str, name: str) -> int:
        job, at = self.box.jobs(task)[name], self.box.clock.at
        first = self.box.task(task).started_at is None
        self._waited("" if first else job.service, at - max(self._ready[task, name], job.due_at))
        applied = self.box.apply(JobStarted(at, task, name, "d" * 64))
        assert applied.attempt is not None, applied.decision.note
        self._see(task)
        return applied.attempt

    def _fail(self, task: str, name: str, trouble: Trouble) -> None:
        attempt, service = self._start(task, name), self.box.jobs(task)[name].service
        self.box.clock.at += self.chance.randrange(1000, MINUTE)
        failure = Failure(trouble.kind, f"number {attempt} did not work", service)
        self._apply(task, JobFailed(self.box.clock.at, task, name, attempt, failure, 0.5, "", 69))
        kind, job = trouble.kind.value, self.box.jobs(task)[name]
        self.truth.attempts[service, kind] += 1
        if trouble.kind != Kind.BUSY:
            self._left.setdefault((task, name), []).append(trouble)
            self.truth.retries[service, kind] += job.state == JobState.READY
        if job.state == JobState.FAILED:
            self._settled(task, name, service, "stopped")
        if trouble.kind == Kind.CREDENTIALS:
            self.box.clock.at += 5 * HOUR
            at_once(self.box.ledger.release(service, "", Cause.CREDENTIALS))
            self._apply(task, ServiceFreed(self.box.clock.at, task, service))
        self.box.clock.at = max(self.box.clock.at, self.box.jobs(task)[name].due_at) + self.chance.randrange(0, MINUTE)

    def _succeed(self, task: str, name: str, trouble: Trouble | None) -> None:
        attempt, job = self._start(task, name), self.box.jobs(task)[name]
        self.box.clock.at += self.chance.randrange(1000, 10 * MINUTE)
        if job.price_micros:
            what = (job.service, job.step, 1.0, "piece", job.price_micros)
            self._apply(task, JobCharged(self.box.clock.at, task, name, attempt, *what))
            if self._within(self.box.clock.at):
                self.truth.micros[job.channel_id, job.service] += job.price_micros
        self._apply(task, self._success(task, name, attempt))
        self.truth.attempts[job.service, "done"] += 1
        person = trouble is not None and trouble.kind == Kind.CREDENTIALS
        self._settled(task, name, job.service, "helped" if person else "recovered")

    def _success(self, task: str, name: str, attempt: int) -> Event:
        facts: dict[str, object] = {"video_id": "dQw4w9WgXcQ"} if name.startswith("upload/") else {}
        plan = a_plan(2) if name == "plan/plan" else None
        return JobSucceeded(self.box.clock.at, task, name, attempt, f"{name}.bin", 2_000_000, "0" * 64, facts, plan)

    def _again(self, task: str) -> None:
        one = self.box.task(task)
        at = self.box.clock.at
        self._apply(task, EntryQueued(at, one.page_id, one.channel_id, one.title, "t", "d", one.priority, None))

    # ------------------------------------------------------------------------------------------ the notes

    def _apply(self, task: str, event: Event) -> None:
        self.box.apply(event)
        self._see(task)

    def _within(self, at: int) -> bool:
        return self.begin <= at < self.end

    def _see(self, task: str) -> None:
        """Note a new status and new ready jobs."""
        at, status = self.box.clock.at, self.box.task(task).status
        was = self._status.get(task)
        if was is None or was[0] != status:
            self._status[task] = (status, at)
            if was is not None and self._within(at):
                self.truth.stays[was[0]].append(at - was[1])
        for name, job in self.box.jobs(task).items():
            if job.state == JobState.READY:
                self._ready.setdefault((task, name), at)
            else:
                self._ready.pop((task, name), None)

    def _waited(self, service: str, ms: int) -> None:
        if self._within(self.box.clock.at):
            self.truth.waits[service].append(ms)

    def _settled(self, task: str, name: str, service: str, how: str) -> None:
        met = self._left.pop((task, name), [])
        if met and self._within(self.box.clock.at):
            kind = met[-1].kind.value
            self.truth.ended[service, kind, how] += 1
            self.truth.failures[service, kind] += len(met)

    def _ended(self, task: str, channel: str, outcome: Outcome) -> None:
        since = self._status[task][1]
        if self._within(since):
            self.truth.endings[task] = (channel, outcome, since)
