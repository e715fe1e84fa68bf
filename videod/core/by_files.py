"""How long an episode's files are kept: a time for each way in which it may end, and what resumes takes it back."""

from dataclasses import replace

from videod.core.events import FilesExpire
from videod.core.model import Job
from videod.core.statuses import CLOSED, ERRORS, Status
from videod.core.statuses import JobState as State
from videod.core.transition import StaleEvent, Transition

#: what the cleanup of a published film waits for
AFTER_UPLOAD = ("upload/film",)


def over(status: Status) -> bool:
    """Whether nothing of the episode is made until a person acts."""
    return status in CLOSED or status in ERRORS


def cleanup_of(jobs: tuple[Job, ...]) -> Job | None:
    return next((job for job in reversed(jobs) if job.step == "cleanup"), None)


def expire(work: Transition, event: FilesExpire) -> Transition:
    """The files go at `until`. Raises StaleEvent where they do not, or that is known already."""
    task, cleanup = work.task, cleanup_of(work.jobs)
    if cleanup is None or cleanup.state not in (State.WAITING, State.READY) or not over(task.status):
        raise StaleEvent("its files have no end")
    if task.paused is not None or task.status == Status.DRAFT:
        raise StaleEvent("its files are kept while it is paused")
    published = task.status == Status.PUBLISHED
    if published and cleanup.state is not State.READY:
        raise StaleEvent("its film is not uploaded yet")
    needs = cleanup.needs if published else ()
    after = replace(cleanup, state=State.READY, due_at=event.until, needs=needs)
    if after == cleanup:
        raise StaleEvent("its files have this end already")
    return work.with_job(after)


def settle(work: Transition) -> Transition:
    """An episode that resumes keeps its files: their end is that of a published film again."""
    if over(work.task.status):
        return work
    cleanup = cleanup_of(work.jobs)
    if cleanup is None or cleanup.state in (State.WAITING, State.RUNNING, State.SKIPPED):
        return work
    if cleanup.state is State.READY and cleanup.needs:
        return work
    return work.with_job(
        replace(cleanup, state=State.WAITING, needs=AFTER_UPLOAD, due_at=0, attempts=0, failure=None, digest=None)
    )
