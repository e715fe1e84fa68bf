"""A person corrects fields of an entry: each counts as long as it can, and is answered when it cannot.

Before the plan exists everything may change. Title and Privacy count until the upload begins. What comes too late is
written back as it really is, with a sentence that says what to do.
"""

from dataclasses import replace

from videod.core import answers, fields, outlook
from videod.core.by_corrections import another_story
from videod.core.events import EntryEdited
from videod.core.failures import ALIKE
from videod.core.fields import FIELDS, Field, Until
from videod.core.model import Job
from videod.core.ops import ShowEntry
from videod.core.statuses import DONE, RUNNING
from videod.core.transition import Transition
from videod.core.wishes import Verb


def edited(work: Transition, event: EntryEdited) -> Transition:
    """The work with the edits that still count; the others are answered and put back."""
    problems = dict(event.problems)
    changes: dict[str, object] = {}
    refused: dict[str, str] = {}
    for field in FIELDS:
        wanted = getattr(event, field.name)
        if field.column not in problems and wanted == getattr(work.task, field.name):
            continue
        reason = problems.get(field.column) or _too_late(work, field)
        if not reason and field.until is Until.DRAWN and not wanted:
            reason = "choose one of the five"
        if reason:
            refused[field.column] = reason
        else:
            changes[field.name] = wanted
    return _answered(_taken(work, changes, event.at), refused)


def _too_late(work: Transition, field: Field) -> str:
    obstacle = outlook.change(work.task, work.jobs, field)
    return "" if obstacle is None else answers.on_board(Verb.EDIT, obstacle, work.task, field.column)


def _taken(work: Transition, changes: dict[str, object], at: int) -> Transition:
    if not changes:
        return work
    planned_from = {one.name for one in FIELDS if one.until is Until.PLANNED}
    if planned_from.intersection(changes) or ("title" in changes and not _has_plan(work)):
        work = _planned_again(work)
    if "story" in changes:
        work = another_story(work, str(changes.pop("story")), at)
    if "channel_id" in changes:
        jobs = tuple(replace(job, channel_id=str(changes["channel_id"])) for job in work.jobs)
        work = replace(work, jobs=jobs)
    upload = work.job("upload/film")
    if "thumbnail" in changes and upload is not None:
        work = work.with_job(replace(upload, args=upload.args | {"thumbnail": changes["thumbnail"]}))
    return work.with_task(error="", **changes)


def _has_plan(work: Transition) -> bool:
    return any(job.step == "plan" and job.state is DONE for job in work.jobs)


def _planned_again(work: Transition) -> Transition:
    """A plan that is being written now is written once more, from what the entry says since."""

    def renewed(job: Job) -> Job:
        if job.step != "plan":
            return job
        if job.failure is not None and job.failure.code == ALIKE:  # its next Queued asks for another plan
            return replace(job, failure=replace(job.failure, code=None))
        return replace(job, again=True) if job.state is RUNNING else job

    jobs = tuple(renewed(job) for job in work.jobs)
    return replace(work, jobs=jobs)


def _answered(work: Transition, refused: dict[str, str]) -> Transition:
    """Write the true values back, with the reasons where their reader looks."""
    if not refused:
        return work
    task = work.task
    true = fields.shown(task)
    note = " ".join(f"{shown} was not changed: {reason}." for shown, reason in refused.items())
    return work.with_task(error=note).adding(ShowEntry(task.page_id, {shown: true[shown] for shown in refused}))
