"""What people should look at although nothing failed: episodes in which nothing ends, a queue that one channel fills, a
service that refuses requests as too many, a pause that has stood for days. Values in, words out. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from videod.core.failures import QUIET, Kind
from videod.core.model import Job, Task
from videod.core.moments import clock
from videod.core.ops import REMIND_MS
from videod.core.statuses import AT_GATE, CLOSED, ERRORS, JobState, Status
from videod.core.suspension import Cause, Suspension
from videod.core.told import CREDIT, DISK_ALERT
from videod.core.waits import waits_for
from videod.core.wording import reminder

HOUR_MS = 3_600_000

# ------------------------------------------------------------------------------------------- stuck

#: so much of a title is shown
TITLE_CHARACTERS = 80
#: nothing ended for so many times the usual time, and at least so long, ms: then an episode is stuck
TIMES, LEAST_MS = 3, 30 * 60_000
#: ends of attempts that got nothing on
NO_PROGRESS = tuple(kind.value for kind in QUIET)


def unexplained(
    task: Task, jobs: Iterable[Job], holds: Iterable[Suspension], configured: bool, served: set[str], at: int
) -> bool:
    """Whether an episode is in work and no named cause blocks it.

    `jobs`: its ready and running ones. `served`: services at which any job runs, so that a ready one awaits its turn.
    """
    if not task.admitted or task.status in CLOSED | ERRORS | frozenset(AT_GATE) | {Status.QUEUED}:
        return False
    standing, open_jobs = tuple(holds), tuple(job for job in jobs if job.step != "cleanup")
    if task.paused is not None or task.suspended is not None:
        return False
    wait = waits_for(task, open_jobs, standing, configured)
    if wait is not None and wait.cause is not Cause.SLOT:
        return False
    ready = [job for job in open_jobs if job.state == JobState.READY]
    if len(ready) < len(open_jobs) or not ready:
        return True
    return not all(_named(job, task.channel_id, standing, served, at) for job in ready)


def _named(job: Job, channel_id: str, holds: Sequence[Suspension], served: set[str], at: int) -> bool:
    """Whether a ready job waits for a service that is held or works on others, or for its retry."""
    if any(hold.holds(job.service, channel_id, job.step) for hold in holds):
        return True
    if job.failure is not None and job.failure.kind == Kind.BUSY:
        return False  # asked again and again, and written nowhere
    return job.due_at > at or job.service in served


def quiet_since(jobs: Iterable[Job], ended: int, at: int) -> int:
    """Since when nothing has ended in an episode that could go on, ms. `ended`: the last end or change of its status.

    A job that has just begun, or whose retry has just become due, has not had its time yet.
    """
    moments = [ended]
    for job in jobs:
        if job.failure is not None and job.failure.kind == Kind.BUSY:
            continue
        begun = job.started_at if job.state == JobState.RUNNING else job.due_at
        moments.append(min(begun or 0, at))
    return max(moments)


def patience_ms(steps: Iterable[str], usual_ms: Mapping[str, int]) -> int:
    """How long nothing may end where these steps run or are ready."""
    return max([LEAST_MS, *(TIMES * usual_ms[step] for step in steps)])


def stuck_text(task: Task, jobs: Sequence[Job], since: int, usual_ms: int) -> str:
    names = ", ".join(sorted(job.name for job in jobs)[:3]) or "none of its jobs can start"
    usual = f", usually {max(1, round(usual_ms / 60_000))} min each" if jobs else ""
    return (
        f"{' '.join(task.title.split())[:TITLE_CHARACTERS]} ({task.channel_id}) is stuck: nothing has finished since"
        f" {clock(since)} ({names}{usual}), for no known reason. `videod why {task.id}` shows its"
        " jobs. If it stays so, restart videod: nothing is lost or bought twice by that"
    )


# ------------------------------------------------------------------------------------------- imbalance

#: a channel that holds more than this share of the queue, while another's entry waits for longer than `WAITED_MS`
SHARE, WAITED_MS = 0.7, 24 * HOUR_MS
#: a reported cause ends below this share, so that each entry more or less is not an occurrence of its own
ENOUGH = 0.6


@dataclass(frozen=True)
class Queue:
    """A channel's entries that wait for their start; `oldest`: when the first of them was queued, ms."""

    channel_id: str
    entries: int
    oldest: int


@dataclass(frozen=True)
class Imbalance:
    channel_id: str
    text: str


def imbalance(queues: Sequence[Queue], at: int, lasting: str | None = None) -> Imbalance | None:
    """Whether one channel fills the queue while another's entries wait for days (FR16).

    `queues`: of channels that wait for nothing else; `lasting`: the channel already reported.
    """
    total = sum(one.entries for one in queues)
    for big in sorted(queues, key=lambda one: -one.entries):
        others = [one for one in queues if one.channel_id != big.channel_id and at - one.oldest > WAITED_MS]
        if not others or big.entries <= (ENOUGH if big.channel_id == lasting else SHARE) * total:
            continue
        behind = min(others, key=lambda one: one.oldest)
        text = (
            f"{big.channel_id} holds {big.entries} of {total} queued entries, and the oldest of {behind.channel_id} has"
            f" waited since {clock(behind.oldest)}: set that entry's Priority to High, or pause {big.channel_id} for a"
            f" while (`videod pause --channel {big.channel_id}`)"
        )
        return Imbalance(big.channel_id, text)
    return None


# ------------------------------------------------------------------------------------------- too many requests

#: so many refusals as too many within this time, ms, although the service's limit is kept: people should look at it
CROWDED, CROWDED_MS = 10, 30 * 60_000


def crowded_text(service: str, refused: int) -> str:
    """What is said of a service that answers "too many requests"."""
    requests = "1 request" if refused == 1 else f"{refused} requests"
    return (
        f"{service} refused {requests} as too many in the last {CROWDED_MS // 60_000} minutes, although videod"
        f" keeps to the limits in [services.{service}] of videod.toml. No work fails, it only takes longer. Lower"
        " `rate` or `concurrency` there, or look whether something else uses the same key"
    )


# ------------------------------------------------------------------------------------------- reminders


class Told(Protocol):
    """A reported cause that has not ended, as `store.reads.OpenAlert` has it."""

    @property
    def key(self) -> str: ...
    @property
    def ends(self) -> str: ...
    @property
    def rang_at(self) -> int: ...


@dataclass(frozen=True)
class Reminder:
    key: str
    ends: str
    text: str


def reminders(holds: Iterable[Suspension], told: Sequence[Told], at: int) -> tuple[Reminder, ...]:
    """What is alerted again: a pause that only a person ends, reported a day ago, though no job meets it."""
    found = []
    for hold in holds:
        for one in told:
            if hold.until_ms is None and at - one.rang_at >= REMIND_MS and _about(hold, one):
                found.append(Reminder(one.key, one.ends, reminder(hold)))
    return tuple(found)


def _about(hold: Suspension, one: Told) -> bool:
    if hold.cause is Cause.DISK:
        return one.key == DISK_ALERT
    where = f"service {hold.service} {hold.channel_id}".rstrip()
    bought = (CREDIT, Kind.QUOTA.value)  # the second one by an older videod
    words = {Cause.CREDENTIALS: (Kind.CREDENTIALS.value,), Cause.QUOTA: bought, Cause.CREDIT: bought}
    return one.ends == where and any(f":{word}" in one.key for word in words.get(hold.cause, ()))
