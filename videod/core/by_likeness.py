"""A plan or a film that was made before: the episode stops before more is paid for it, and a person decides."""

from dataclasses import replace

from videod.core import likeness, sourced, told
from videod.core.events import JobSucceeded
from videod.core.failures import ALIKE, Failure, Kind
from videod.core.likeness import Twin
from videod.core.model import Job
from videod.core.plan import Plan
from videod.core.sanitize import sanitize_line
from videod.core.stages import STORIES
from videod.core.statuses import JobState
from videod.core.step_parts import CHOICE, TOLD
from videod.core.transition import Transition

#: what is kept of the sentence of a story
STORY_CHARACTERS = 200
#: in the arguments of a plan or an upload: a person wants it although there is one like it
_ALLOWED = "alike_allowed"
#: who says so, in place of a service
_BY = "videod"


def planned(work: Transition, event: JobSucceeded) -> Transition:
    """The work after a success; stopped where it is a plan that repeats another film, unless a person wants that.

    The plan itself is kept with its jobs: once it is allowed nothing of it is paid again.
    """
    if event.plan is None:
        return work
    plan = work.job(event.job)
    if plan is None or plan.state is not JobState.DONE:
        return work
    plan = replace(plan, facts=dict(plan.facts) | sourced.noted(event.plan) | _told(event.plan))
    if work.policy.alike is None:
        return work.with_job(plan)
    plan = replace(plan, facts=dict(plan.facts) | {"content": likeness.content(event.plan)})
    work = work.with_job(plan)
    most = work.policy.alike or 0.0
    twin = likeness.twin_of_plan(work.task.title, event.plan, work.same, work.last, most)
    return work if twin is None or plan.args.get(_ALLOWED) else _stopped(work, plan, twin, event.at)


def _told(plan: Plan) -> dict[str, object]:
    story = plan.story
    if story is None or not story.chosen:
        return {}
    listed = [" ".join(sanitize_line(one).split())[:STORY_CHARACTERS] for one in story.stories[:STORIES]]
    return {TOLD: story.chosen} | ({CHOICE: listed} if listed else {})


def uploaded(work: Transition, job: Job, at: int) -> Transition | None:
    """The work with the upload stopped, where this film or plan was uploaded before; None where it may go on."""
    if job.step != "upload" or not work.same:
        return None
    permitted = any(other.args.get(_ALLOWED) for other in work.jobs if other.step in ("plan", "upload"))
    return None if permitted else _stopped(work, job, Twin(work.same[0]), at)


def allowed(job: Job, at: int) -> Job:
    """The stopped plan or upload after a person queued the entry again."""
    state = JobState.DONE if job.step == "plan" else JobState.READY
    return replace(job, state=state, args=dict(job.args) | {_ALLOWED: True}, failure=None, attempts=0, due_at=at)


def _stopped(work: Transition, job: Job, twin: Twin, at: int) -> Transition:
    failure = Failure(Kind.INPUT, twin.words, _BY, code=ALIKE, at=at)
    after = replace(job, state=JobState.FAILED, failure=failure, ended_at=at)
    return work.with_job(after).adding(told.alert(work.task, after, failure, suspended=False))
