"""From a task's facts and its jobs to its status: the jobs are the truth, the status is their summary."""

from dataclasses import replace
from functools import cache

from videod.core import fitting
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.statuses import DONE, FAILED, GATES, IN_DOUBT, MAKING, READY, RUNNING, SKIPPED, WAITING, Gate, Status
from videod.core.step_parts import FIRST, OWN
from videod.core.suspension import Cause
from videod.core.tables import ORDER, REVIEWED, SPARED, STEPS

PAID_STEPS = frozenset(name for name, step in STEPS.items() if step.paid)


def _begun(job: Job) -> bool:
    return job.attempt > 0 or job.state is RUNNING or job.state is DONE


#: a failed cleanup never spoils a published film
_HARMLESS = SPARED | {"cleanup"}


def spared(job: Job) -> bool:
    """Whether the job failed for good and its episode continues without what it makes."""
    return job.state is FAILED and job.step in SPARED


def stops(job: Job) -> bool:
    """Whether the job stopped, and its episode with it."""
    return (job.state is FAILED or job.state is IN_DOUBT) and job.step not in _HARMLESS


def _stuck(jobs: tuple[Job, ...]) -> Job | None:
    """The job whose failure shows: the earliest step's."""
    stuck = [job for job in jobs if stops(job)]
    return min(stuck, key=lambda job: (ORDER[job.step], job.key)) if stuck else None


def _stopped(jobs: tuple[Job, ...]) -> bool:
    return any(stops(job) for job in jobs)


def complete(jobs: tuple[Job, ...], gate: Gate) -> bool:
    """True when all that the gate's review looks at is made, and before clips are bought all that sets their price."""
    steps = REVIEWED[gate]
    group = [
        job for job in jobs
        if (job.step in steps or (gate is Gate.ASSETS and FIRST in job.args)) and job.state is not SKIPPED
    ]  # fmt: skip
    return bool(group) and all(job.state is DONE or spared(job) for job in group)


def opens_itself(task: Task, policy: ChannelPolicy, gate: Gate) -> bool:
    """Whether the review is passed without a person.

    The last one is not, where a film would be published that nobody approved: the last review of the channel that is
    one, or a later one, must have been approved by a person, unless the channel's file says that it wants none.
    """
    if gate is Gate.STORY:
        return not policy.story_review
    if gate not in policy.auto_gates:
        return False
    if gate is not Gate.FINAL or policy.unreviewed:
        return True
    gates = [one for one in Gate if one is not Gate.STORY]  # a text that was read is no film that was seen
    last = max((gates.index(one) for one in gates if one not in policy.auto_gates), default=0)
    return any(gates.index(one) >= last for one in task.reviewed if one in gates)


def derive(task: Task, jobs: tuple[Job, ...]) -> Status:
    """The one status that these facts and jobs mean. Total: every combination has an answer."""
    upload = next((job for job in jobs if job.step == "upload"), None)
    if upload is not None and upload.state is DONE:
        return Status.PUBLISHED
    if task.cancelled:
        return Status.CANCELLED
    stuck = _stuck(jobs)
    if stuck is not None:
        return STEPS[stuck.step].error
    if not task.admitted:
        return Status.QUEUED
    if task.suspended is not None and task.suspended.cause in (Cause.QUOTA, Cause.CREDIT):
        return Status.QUOTA_EXCEEDED
    before = Status.GENERATING_ASSETS
    for gate in Gate:
        waiting, approved, _ = GATES[gate]
        # what was approved was complete: a file of it that was lost since is regenerated without another look, but for
        # the film, whose approval falls when it comes out another
        if gate not in task.approved and not complete(jobs, gate):
            begun = any(_begun(job) for job in jobs if job.step in REVIEWED[gate])
            return MAKING[gate] if begun else before
        if gate not in task.approved:
            return waiting
        # the story's review shows only where a person passed it: most channels have none
        before = approved if gate is not Gate.STORY or gate in task.reviewed else before
    return Status.UPLOADING if upload is not None and _begun(upload) else Status.FINAL_APPROVED


@cache
def _behind(approved: frozenset[Gate]) -> frozenset[str]:
    """The steps that no gate holds back once these are passed."""
    return frozenset(name for name, step in STEPS.items() if step.gate is None or step.gate in approved)


def promote(task: Task, jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """The jobs in the order of their inputs.

    A waiting job whose needs are done and whose gate is passed is ready; a ready one whose needs are being regenerated
    waits, whoever made it ready. While a job of the episode stopped, nothing more is bought for it: the film cannot be
    finished before a person decided.
    """
    open_steps = _behind(task.approved)
    held = PAID_STEPS if _stopped(jobs) else frozenset()
    may = [
        job for job in jobs
        if job.state is WAITING and (job.step in open_steps or FIRST in job.args) and job.step not in held
    ]  # fmt: skip
    ready = [job for job in jobs if job.state is READY and (job.needs or job.step in held)]
    if not may and not ready:
        return jobs
    done = {job.name for job in jobs if job.state is DONE or spared(job)}
    moved = {job.name: READY for job in may if done.issuperset(fitting.needs(job))}
    moved |= {job.name: WAITING for job in ready if job.step in held or not done.issuperset(fitting.needs(job))}
    return tuple(replace(job, state=moved.get(job.name, job.state)) for job in jobs) if moved else jobs


def affected(jobs: tuple[Job, ...], names: set[str]) -> set[str]:
    """`names` and every job that directly or indirectly needs one of them; a person's own file needs none."""
    reached = set(names)
    while True:
        more = {
            job.name for job in jobs
            if job.name not in reached and reached.intersection(job.needs) and not job.args.get(OWN)
        }  # fmt: skip
        if not more:
            return reached
        reached |= more
