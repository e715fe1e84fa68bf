"""A month on the real scheduler in virtual time: `videod report` says what the launcher and the recorder saw."""

import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest

from tests.simulation.plants import plant, policy
from videod.core.events import Event, JobStarted
from videod.core.failures import BY_EXIT_CODE
from videod.core.measures import TRANSIENT, Outcome, Report
from videod.core.model import ChannelPolicy, Job
from videod.core.statuses import AT_GATE, ERRORS, OF_STORY, JobState, Status
from videod.core.tables import STEPS
from videod.flow.limits import Limit
from videod.ports import Spawn
from videod.simulation import run
from videod.simulation.latency import Latencies
from videod.simulation.launcher import SimulatedChild, SimulatedLauncher
from videod.simulation.log import Log
from videod.simulation.recorder import Recorder
from videod.simulation.run import BEGIN_MS, Arrival
from videod.simulation.virtual_loop import run_virtual
from videod.store import happenings, reports

DAY_S = 86_400.0
REVIEW_S = 5_400.0
#: service down, nonsense, a bug: each passes; wrong input does not
PASSING, LASTING = (69, 76, 70), 65

pytestmark = pytest.mark.long


class Failing(SimulatedLauncher):
    """Lets every tenth job fail once, some twice in a row and so for good, one in a hundred at once for good."""

    failed: ClassVar[Counter[tuple[str, str]]] = Counter()
    seen: ClassVar[Counter[str]] = Counter()

    async def start(self, spawn: Spawn) -> SimulatedChild:
        task, job = spawn.label.split(" ", 1)
        code = _failure(task, job, self.seen[spawn.label])
        self.seen[spawn.label] += 1
        if code is None:
            return await super().start(spawn)
        self.failed[STEPS[job.split("/")[0]].service, BY_EXIT_CODE[code].value] += 1
        child = SimulatedChild(self._latencies.of(task, job) / 3, (), ())
        child._code = code
        return child


def _failure(task: str, job: str, tries: int) -> int | None:
    chance = random.Random(f"{task} {job}")
    drawn = chance.random()
    if job.startswith("upload"):
        return None
    if drawn < 0.008:
        return LASTING
    return PASSING[chance.randrange(3)] if tries < (drawn < 0.1) + (drawn < 0.03) else None


class Seeing(Recorder):
    """Keeps since when each job could run and how long it did not, by the moves that the ledger saved."""

    waited: ClassVar[dict[str, list[int]]] = defaultdict(list)
    begun: ClassVar[set[str]] = set()

    def _see_job(self, event: Event, job: Job, before: JobState | None) -> None:
        super()._see_job(event, job, before)
        if job.state == JobState.READY and before != JobState.READY:
            self._ready[job.task_id, job.name] = max(event.at, job.due_at)
        if isinstance(event, JobStarted) and job.state == JobState.RUNNING and job.step != "cleanup":
            first = job.task_id not in self.begun
            self.begun.add(job.task_id)
            self.waited["" if first else job.service].append(event.at - self._ready[job.task_id, job.name])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Log, sqlite3.Connection]]:
    """Eighteen entries over four weeks, some of them at once; two channels, few places, a review takes 90 minutes."""
    folder = tmp_path_factory.mktemp("month")
    house = plant([policy("a", clips=3, images=4), policy("b", clips=3, images=4)], kie=Limit(1), gemini=Limit(2))
    days = (0, 0, 0, 1, 3, 3, 6, 8, 8, 11, 14, 14, 14, 14, 19, 23, 23, 27)
    entries = [Arrival(day * DAY_S + number * 60, "ab"[number % 2]) for number, day in enumerate(days)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run, "SimulatedLauncher", Failing)
        patched.setattr(run, "Recorder", Seeing)
        policies = {name: _reviewed(row) for name, row in house.policies.items()}
        house = run.Plant(policies, house.limits, house.rules)
        log = run_virtual(run._play(house, entries, Latencies(5), REVIEW_S, lambda done, jobs: None, folder))
    connection = sqlite3.connect(folder / "videod.db")
    connection.row_factory = sqlite3.Row
    yield log, connection
    connection.close()


def _reviewed(row: ChannelPolicy) -> ChannelPolicy:
    return replace(row, auto_gates=frozenset(), alike=None, unreviewed=True)


def read(played: tuple[Log, sqlite3.Connection], begin: int = BEGIN_MS, end: int = 2**50) -> Report:
    return reports.report(played[1], begin, end)


def test_the_endings_are_those_that_the_recorder_saw(played: tuple[Log, sqlite3.Connection]) -> None:
    log, found = played[0], read(played)
    published = {one.task_id for one in log.episodes if one.status == Status.PUBLISHED}
    stopped = {one.task_id for one in log.episodes if one.status in ERRORS}
    assert {one.task_id for one in found.published} == published
    assert {one.task_id for one in found.of(Outcome.STOPPED)} == stopped
    assert stopped and len(published) > 8
    failed = {label.split(" ")[0] for label, times in Failing.seen.items() if _failure(*label.split(" "), 0) and times}
    assert {one.task_id for one in found.of(Outcome.CLEAN)} == published - failed
    assert {one.task_id for one in found.of(Outcome.RECOVERED)} == published & failed
    assert found.of(Outcome.HELPED, Outcome.CANCELLED) == ()


def test_the_failures_are_those_that_the_launcher_made(played: tuple[Log, sqlite3.Connection]) -> None:
    found = read(played)
    attempts: Counter[tuple[str, str]] = Counter()
    for one in happenings.counters(played[1]):
        if one.name == "attempts" and one.kind not in ("done", "interrupted"):
            attempts[one.service, one.kind] += one.n
    assert attempts == Failing.failed
    recovered = stopped = 0
    for label, times in Failing.seen.items():
        codes = [_failure(*label.split(" "), number) for number in range(times)]
        recovered += codes[0] is not None and codes[-1] is None
        stopped += codes[-1] in PASSING and times == 2
    assert (found.transient.part, found.transient.whole) == (recovered, recovered + stopped)
    assert recovered > 5 and stopped
    assert sum(one.stopped for one in found.troubles if one.kind not in TRANSIENT) > 0


def test_what_waited_is_what_the_recorder_saw(played: tuple[Log, sqlite3.Connection]) -> None:
    found = read(played)
    assert {one.service: (one.starts, one.waited_ms, one.longest_ms) for one in found.waits} == {
        service: (len(times), sum(times), max(times)) for service, times in Seeing.waited.items()
    }
    assert found.bottleneck is not None and found.bottleneck.service == "kie"


def test_each_review_took_as_long_as_the_person_took(played: tuple[Log, sqlite3.Connection]) -> None:
    reviews = [one for one in read(played).stays if one.status in AT_GATE]
    assert [one.status for one in reviews] == [status for status in AT_GATE if status not in OF_STORY]
    for one in reviews:
        assert (one.median_ms, one.longest_ms) == (REVIEW_S * 1000, REVIEW_S * 1000)


def test_the_money_is_that_of_the_episodes_and_weeks_add_up(played: tuple[Log, sqlite3.Connection]) -> None:
    log, found = played[0], read(played)
    assert found.micros == sum(one.cost_micros for one in log.episodes)
    assert sum(one.micros for one in found.by_channel) == found.micros
    week = round(7 * DAY_S * 1000)
    weeks = [read(played, BEGIN_MS + number * week, BEGIN_MS + (number + 1) * week) for number in range(12)]
    assert sum(one.micros for one in weeks) == found.micros
    assert sum(len(one.endings) for one in weeks) == len(found.endings)
    assert sum(wait.waited_ms for one in weeks for wait in one.waits) == sum(one.waited_ms for one in found.waits)
    assert sum(row.failures for one in weeks for row in one.troubles) == sum(row.failures for row in found.troubles)
