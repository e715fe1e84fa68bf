"""What goes wrong in a demo, in the daemon's own words, and when waiting for it makes no sense any more. Pure.

Nothing fails in a demo but by a fault of this host (a tool is missing, the disk is full), which no retry cures.
"""

from videod.core.model import Job
from videod.core.statuses import JobState
from videod.dashboard.view import suspended_text
from videod.store.views import Overview

#: nobody who watches a demo waits longer for a retry; the first of a service that is down comes after 30 seconds
PATIENCE_MS = 20_000


def troubles(seen: Overview) -> tuple[str, ...]:
    """A sentence for each thing that went wrong and matters still."""
    failed = [
        f"{one.task.title}: {job.name} failed: {job.failure.message.rstrip('.')}."
        for one in seen.episodes for job in one.jobs if job.failure is not None and job.state != JobState.SKIPPED
    ]  # fmt: skip
    refused = [f'"{one.title}" was refused: {one.reason.rstrip(".")}.' for one in seen.refused]
    held = [f"{one.service.replace('*', 'everything')} is {suspended_text(one, seen.at)}." for one in seen.suspensions]
    return tuple(dict.fromkeys((*seen.problems, *refused, *failed, *held)))


def stuck(seen: Overview) -> bool:
    """Whether nothing runs and all that could waits for long."""
    jobs = [job for one in seen.episodes for job in one.jobs]
    if any(job.state == JobState.RUNNING for job in jobs):
        return False
    left = [job for job in jobs if job.state in (JobState.READY, JobState.IN_DOUBT)]
    return bool(left) and all(_waits(job, seen) for job in left)


def _waits(job: Job, seen: Overview) -> bool:
    later = seen.at + PATIENCE_MS
    held = [one for one in seen.suspensions if one.holds(job.service, job.channel_id)]
    suspended = any(one.until_ms is None or one.until_ms > later for one in held)
    return job.state == JobState.IN_DOUBT or job.due_at > later or suspended
