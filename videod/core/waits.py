"""What an episode waits for although nothing failed, from its jobs and what suspends services. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from videod.core.model import Job, Task
from videod.core.statuses import AT_GATE, CLOSED, ERRORS, JobState, Status
from videod.core.suspension import Cause, Suspension

#: a job that is due at most so long after what holds its service ends waits for that, ms
_BEHIND_MS = 5_000


def waits_for(task: Task, jobs: Iterable[Job], holds: Iterable[Suspension], configured: bool) -> Suspension | None:
    """What all that the task could start waits for; None while it works, or where its status says it already.

    `jobs`: at least the ready and running ones. `configured`: whether the channel's file is there.
    """
    if task.status in CLOSED | ERRORS | frozenset(AT_GATE) or task.paused is not None or task.suspended is not None:
        return None
    open_jobs = [job for job in jobs if job.step != "cleanup"]
    if any(job.state == JobState.RUNNING for job in open_jobs):
        return None
    if not configured:
        return Suspension(Cause.CHANNEL_FILE, channel_id=task.channel_id)
    ready = [job for job in open_jobs if job.state == JobState.READY]
    standing = tuple(holds)
    held = suspended_by(ready, task.channel_id, standing)
    if held is not None:
        return held
    free = [job for job in ready if not job.failure and _holding(job, task.channel_id, standing) is None]
    if free and len(free) == len(ready) and task.status != Status.QUEUED:
        return Suspension(Cause.SLOT, free[0].service)
    return None


def suspended_by(ready: Iterable[Job], channel_id: str, suspensions: Iterable[Suspension]) -> Suspension | None:
    """What suspends every one of these ready jobs, as the first of them meets it; None where one may start."""
    standing = tuple(suspensions)
    held = [_holding(job, channel_id, standing) for job in ready]
    return held[0] if held and all(held) else None


def lasting(wait: Suspension) -> Suspension:
    """The wait without what changes while its cause lasts, so that the board is updated once."""
    match wait.cause:
        case Cause.DOWN:
            return replace(wait, until_ms=None, detail="")
        case Cause.DISK:
            return replace(wait, since=0, detail="")
        case _:
            return replace(wait, since=0)


def _holding(job: Job, channel_id: str, holds: tuple[Suspension, ...]) -> Suspension | None:
    for one in holds:
        ends = one.until_ms
        if one.holds(job.service, channel_id, job.step) and (ends is None or ends + _BEHIND_MS >= job.due_at):
            return one
    return None
