"""A person corrects fields of an entry: each counts as long as it can, and is answered when it cannot.

Before the plan exists everything may change. Title and Privacy count until the upload begins. What comes too late is
written back as it really is, with a sentence that says what to do.
"""

from dataclasses import replace

from videod.core.events import EntryEdited
from videod.core.model import Job, Task
from videod.core.ops import ShowEntry
from videod.core.statuses import DONE, RUNNING, Status
from videod.core.work import Work

#: the board's name of a field -> the task's
FIELDS: dict[str, str] = {
    "Title": "title", "Channel": "channel_id", "Topic": "topic", "Story Direction": "direction",
    "Priority": "priority", "Privacy": "privacy",
}  # fmt: skip
#: what the plan is written from
_PLANNED_FROM = ("topic", "direction")


def values_of(task: Task) -> dict[str, str | None]:
    """The task's own values as the board's fields show them."""
    return {
        "Title": task.title, "Channel": task.channel_id, "Topic": task.topic, "Story Direction": task.direction,
        "Priority": task.priority.label, "Privacy": task.privacy,
    }  # fmt: skip


def edited(work: Work, event: EntryEdited) -> Work:
    """The work with the edits that still count; the others are answered and put back."""
    problems = dict(event.problems)
    changes: dict[str, object] = {}
    refused: dict[str, str] = {}
    for shown, name in FIELDS.items():
        wanted = getattr(event, name)
        if shown not in problems and wanted == getattr(work.task, name):
            continue
        reason = problems.get(shown) or too_late(work.task, work.jobs, name)
        if reason:
            refused[shown] = reason
        else:
            changes[name] = wanted
    return _answered(_taken(work, changes), refused)


def too_late(task: Task, jobs: tuple[Job, ...], name: str) -> str | None:
    """Why the task's field `name` can no longer change, and what to do instead; None while it can."""
    plan = next((job for job in jobs if job.step == "plan"), None)
    if name == "channel_id" and plan is not None and (plan.attempt or plan.state in (RUNNING, DONE)):
        return "the episode has begun for this channel. Set Cancelled and make a new entry for the other channel"
    if name in _PLANNED_FROM and plan is not None and plan.state is DONE:
        return _planned(task, "Topic" if name == "topic" else "Story Direction")
    if name in ("title", "privacy") and _uploading(jobs):
        done = task.status == Status.PUBLISHED
        return f"{'the film is published' if done else 'the upload has begun'}. Change it in YouTube Studio"
    return None


def _planned(task: Task, shown: str) -> str:
    if task.status == Status.ASSETS_READY:
        return (
            f"the plan is written already. To use it, tick Redo on the plan, set Generating Assets, then change {shown}"
        )
    return "the plan is written already. Make a new entry for another story"


def _uploading(jobs: tuple[Job, ...]) -> bool:
    """Whether YouTube may have the title already: a session keeps what it was opened with."""
    upload = next((job for job in jobs if job.step == "upload"), None)
    if upload is None:
        return False
    # after a crash nobody knows whether the session was opened; a failure says that it was not
    unknown = upload.attempt > 0 and upload.failure is None
    return upload.state in (RUNNING, DONE) or upload.remote_id is not None or unknown


def _taken(work: Work, changes: dict[str, object]) -> Work:
    if not changes:
        return work
    if any(name in changes for name in _PLANNED_FROM) or ("title" in changes and not _has_plan(work)):
        work = _planned_again(work)
    if "channel_id" in changes:
        jobs = tuple(replace(job, channel_id=str(changes["channel_id"])) for job in work.jobs)
        work = replace(work, jobs=jobs)
    return work.with_task(error="", **changes)


def _has_plan(work: Work) -> bool:
    return any(job.step == "plan" and job.state is DONE for job in work.jobs)


def _planned_again(work: Work) -> Work:
    """A plan that is being written now is written once more, from what the entry says since."""
    jobs = tuple(
        replace(job, again=True) if job.step == "plan" and job.state is RUNNING else job for job in work.jobs
    )  # fmt: skip
    return replace(work, jobs=jobs)


def _answered(work: Work, refused: dict[str, str]) -> Work:
    """Write the true values back, with the reasons where their reader looks."""
    if not refused:
        return work
    task = work.task
    true = values_of(task)
    note = " ".join(f"{shown} was not changed: {reason}." for shown, reason in refused.items())
    return work.with_task(error=note).adding(ShowEntry(task.page_id, {shown: true[shown] for shown in refused}))
