"""What a period's figures count (docs/reports.md): values that `store.reports` fills, shares made of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from videod.core.attention import Queue
from videod.core.failures import POLICY, QUIET, Answer
from videod.core.statuses import Status

#: shares to reach: of finished episodes without a person (FR59), of transient failures that recover alone (FR35, R2),
#: of the time in which the daemon worked (R1)
TARGET_ALONE, TARGET_RECOVERED, TARGET_UP = 0.95, 0.8, 0.99
#: kinds that pass automatically as a rule: videod tries again with growing waits
TRANSIENT = tuple(kind.value for kind, policy in POLICY.items() if policy.answer is Answer.AGAIN)
#: outcomes of attempts that are no failure, as the table `harmless` has them
HARMLESS = ("done", "outdated", "not_bought", *(kind.value for kind in QUIET))


class Outcome(StrEnum):
    """How an episode ended. The first three are published."""

    CLEAN = "clean"
    RECOVERED = "recovered"
    HELPED = "helped"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


PUBLISHED = (Outcome.CLEAN, Outcome.RECOVERED, Outcome.HELPED)


@dataclass(frozen=True)
class Ending:
    """An episode that ended in the period, at `at`, ms. `person`: somebody had to act, reviews aside."""

    task_id: str
    channel_id: str
    title: str
    outcome: Outcome
    person: bool
    at: int
    micros: int
    possible: int


@dataclass(frozen=True)
class Troubles:
    """Jobs of one service that failed in one way: failed attempts, and how many jobs ended how."""

    service: str
    kind: str
    failures: int
    recovered: int
    helped: int
    stopped: int

    @property
    def jobs(self) -> int:
        return self.recovered + self.helped + self.stopped


@dataclass(frozen=True)
class Stay:
    """How long episodes showed a status, of the times that ended in the period, ms."""

    status: Status
    times: int
    median_ms: int
    longest_ms: int
    total_ms: int


@dataclass(frozen=True)
class LaneWait:
    """How long ready jobs waited for a service; service "": entries for the start of their first job, ms."""

    service: str
    starts: int
    waited_ms: int
    longest_ms: int


@dataclass(frozen=True)
class WorkerTime:
    """What a worker of the cluster did: attempts, those that came to nothing, its processor's time in ms."""

    worker: str
    attempts: int
    lost: int
    cpu_ms: int


@dataclass(frozen=True)
class Cost:
    """What was charged to a channel, a service or an episode, and what may have been paid besides, micro-dollars."""

    key: str
    micros: int
    possible: int = 0


@dataclass(frozen=True)
class Absence:
    """The daemon gave no sign of life in this time, stopped, frozen or its host off, ms."""

    began_at: int
    ended_at: int

    @property
    def ms(self) -> int:
        return self.ended_at - self.began_at


@dataclass(frozen=True)
class Presence:
    """Of the time from `since` up to before `end`, ms: when the daemon was away. `since` is the start of the period, or
    of what is known; no time at all where nothing is."""

    since: int
    end: int
    absences: tuple[Absence, ...] = ()

    @property
    def away_ms(self) -> int:
        return sum(one.ms for one in self.absences)

    @property
    def up(self) -> "Share":
        return Share(self.end - self.since - self.away_ms, self.end - self.since)


def merged(absences: Sequence[Absence]) -> tuple[Absence, ...]:
    """In order, and no moment twice: a clock that was set back notes absences that overlap."""
    found: list[Absence] = []
    for one in sorted(absences, key=lambda gap: gap.began_at):
        if found and one.began_at < found[-1].ended_at:
            found[-1] = Absence(found[-1].began_at, max(found[-1].ended_at, one.ended_at))
        else:
            found.append(one)
    return tuple(found)


@dataclass(frozen=True)
class Report:
    """A period from `begin` up to before `end`, ms, of one channel or (None) of all; `queue` is of now."""

    begin: int
    end: int
    channel: str | None
    endings: tuple[Ending, ...]
    troubles: tuple[Troubles, ...]
    retrying: int
    stays: tuple[Stay, ...]
    waits: tuple[LaneWait, ...]
    by_channel: tuple[Cost, ...]
    by_service: tuple[Cost, ...]
    queue: tuple[Queue, ...]
    presence: Presence
    workers: tuple[WorkerTime, ...] = ()

    def of(self, *outcomes: Outcome, channel: str | None = None) -> tuple[Ending, ...]:
        """The endings with one of these outcomes, of one channel where it is given."""
        return tuple(one for one in self.endings if one.outcome in outcomes and channel in (None, one.channel_id))

    @property
    def published(self) -> tuple[Ending, ...]:
        return self.of(*PUBLISHED)

    def alone(self, channel: str | None = None) -> "Share":
        """Of published, stopped and given up episodes: those that needed no person."""
        counted = [
            one for one in self.of(*Outcome, channel=channel) if one.outcome is not Outcome.CANCELLED or one.person
        ]
        return Share(sum(not one.person for one in counted), len(counted))

    @property
    def transient(self) -> "Share":
        """Of the jobs that failed for a reason that passes: those that then succeeded without a person."""
        rows = [one for one in self.troubles if one.kind in TRANSIENT]
        return Share(sum(one.recovered for one in rows), sum(one.jobs for one in rows))

    @property
    def bottleneck(self) -> LaneWait | None:
        """The service that ready jobs waited longest for, all waits added; None where none waited."""
        lanes = [one for one in self.waits if one.service and one.waited_ms]
        return max(lanes, key=lambda one: (one.waited_ms, one.service), default=None)

    @property
    def micros(self) -> int:
        return sum(one.micros for one in self.by_service)

    @property
    def possible(self) -> int:
        return sum(one.possible for one in self.by_service)


@dataclass(frozen=True)
class Share:
    """So many of all; `value` is None where there are none."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None


def a_film(endings: Sequence[Ending]) -> int | None:
    """What these episodes cost on average, from their first job on, micro-dollars; None without any."""
    return sum(one.micros for one in endings) // len(endings) if endings else None
