"""What a person may do now with an episode, why not, and what it waits for. Pure.

The workflow decides by these functions, and board, commands, API and screens word from them: they cannot disagree.
`core.answers` has the words.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from videod.core.board import pending_cost_micros
from videod.core.by_lost import asked_for
from videod.core.derive import spared, stops
from videod.core.fields import FIELDS, Field, Until
from videod.core.model import Job, Task
from videod.core.own_story import HEADINGS
from videod.core.statuses import AT_GATE, CLOSED, DONE, ERRORS, RUNNING, Gate, JobState, Status
from videod.core.step import Makes
from videod.core.step_parts import STORY
from videod.core.suspension import OF_CHANNEL, Cause, Suspension
from videod.core.tables import ORDER, REVIEWED, STEPS
from videod.core.waits import suspended_by
from videod.core.wishes import Obstacle, Verb

#: whose files a person may replace: pictures, clips, sounds, the film
PUT = frozenset(
    name for name, step in STEPS.items() if step.shown_as and step.makes in (Makes.IMAGE, Makes.VIDEO, Makes.AUDIO)
)
#: the images are being drawn: their review is yet to come
_DRAWING = (Status.GENERATING_ASSETS, Status.STORY_APPROVED)
#: a person lets it resume where it stopped
RETRYABLE = ERRORS | {Status.CANCELLED, Status.QUOTA_EXCEEDED, Status.DRAFT}

# ------------------------------------------------------------------------------------------- one wish


def approval(task: Task, gate: Gate | None) -> Obstacle | None:
    """Why the review `gate` (None: the open one) cannot be approved now."""
    if gate is not None and gate in task.approved:
        return Obstacle.ALREADY_APPROVED
    open_one = AT_GATE.get(task.status)
    return None if open_one is not None and gate in (None, open_one) else Obstacle.NO_REVIEW


def retry(task: Task) -> Obstacle | None:
    """Why it cannot resume where it stopped."""
    if task.status in RETRYABLE:
        return None
    if task.status == Status.QUEUED:
        return Obstacle.ALREADY_QUEUED
    if task.status == Status.PUBLISHED:
        return Obstacle.PUBLISHED
    if task.status in AT_GATE:
        return Obstacle.IN_REVIEW
    return Obstacle.IN_WORK if task.suspended is None else Obstacle.SUSPENDED


def cancel(task: Task) -> Obstacle | None:
    if task.status == Status.PUBLISHED:
        return Obstacle.PUBLISHED
    return Obstacle.ALREADY_CANCELLED if task.status == Status.CANCELLED else None


def pause(task: Task) -> Obstacle | None:
    """A paused one may be paused again, for another reason."""
    return Obstacle.CLOSED if task.status in CLOSED else None


def resume(task: Task) -> Obstacle | None:
    return Obstacle.NOT_PAUSED if task.paused is None else None


def lost(task: Task, jobs: Iterable[Job]) -> tuple[str, ...]:
    """The files for which the episode is stopped: another take of them may be asked for, whatever their review."""
    return tuple(job.name for job in jobs if asked_for(job)) if task.status in ERRORS else ()


def reviewed(task: Task, jobs: Iterable[Job]) -> tuple[str, ...]:
    """The finished files of the open review."""
    gate = AT_GATE.get(task.status)
    steps = REVIEWED[gate] if gate is not None else ()
    return tuple(job.name for job in jobs if job.step in steps and job.state is DONE)


def redoable(task: Task, jobs: Iterable[Job]) -> tuple[str, ...]:
    """The files that may be regenerated at the open review: its own, and those of earlier ones.

    They are finished, or the episode continues without them. The plan only in its own review: a later one would throw
    away the whole episode.
    """
    gate = AT_GATE.get(task.status)
    if gate is None:
        return ()
    steps = sent_back_at(gate)
    return tuple(job.name for job in jobs if job.step in steps and (job.state is DONE or spared(job)))


def sent_back_at(gate: Gate) -> frozenset[str]:
    """The steps whose files a person may send back at this review."""
    steps = {step for one in _up_to(gate) for step in REVIEWED[one]}
    return frozenset(steps if gate in _PLANNED else steps - {"plan"})


#: the reviews at which the plan may be made again
_PLANNED = (Gate.STORY, Gate.ASSETS)


def _up_to(gate: Gate) -> tuple[Gate, ...]:
    return tuple(Gate)[: tuple(Gate).index(gate) + 1]


def redo(task: Task, jobs: Collection[Job], gate: Gate | None, names: Collection[str]) -> Obstacle | None:
    """Why none of `names` can be regenerated; `gate` (None: the open one) is the review that was meant."""
    if set(lost(task, jobs)).intersection(names):
        return None
    open_one = AT_GATE.get(task.status)
    if open_one is None or (gate is not None and gate not in _up_to(open_one)):
        return Obstacle.NO_REVIEW
    return None if set(redoable(task, jobs)).intersection(names) else Obstacle.NOTHING_CHOSEN


def correction(task: Task, jobs: Collection[Job], name: str) -> Obstacle | None:
    """Why the words of the job `name` cannot be rewritten now."""
    job = {one.name: one for one in jobs}.get(name)
    if (begun := _begun(task, jobs)) is not None:
        return begun
    if job is None or job.state is JobState.SKIPPED or not STEPS[job.step].words:
        return Obstacle.NO_WORDS
    return _of_plan(task, job) if job.step == "plan" else _busy(task, job)


def _of_plan(task: Task, plan: Job) -> Obstacle | None:
    """Why no other story can be told now: there is none, or what was made of this one has been paid for."""
    if HEADINGS.keys() & plan.args.keys():
        return Obstacle.NO_STORY
    if plan.state is DONE:
        if AT_GATE.get(task.status) in _PLANNED:
            return None
        return Obstacle.NO_REVIEW if task.status in _DRAWING else Obstacle.PLANNED
    if plan.state in (RUNNING, JobState.IN_DOUBT):
        return _busy(task, plan)
    return None if STORY in plan.args and plan.state is JobState.FAILED else Obstacle.NO_STORY


def choice(task: Task, jobs: Collection[Job], name: str) -> Obstacle | None:
    """Why no other file can be put in the place of the job's now."""
    job = {one.name: one for one in jobs}.get(name)
    if (begun := _begun(task, jobs)) is not None:
        return begun
    if job is None or job.state is JobState.SKIPPED or job.step not in PUT:
        return Obstacle.NO_WORDS
    return _busy(task, job)


def _begun(task: Task, jobs: Iterable[Job]) -> Obstacle | None:
    """Why nothing of the episode changes any more."""
    upload = next((one for one in jobs if one.step == "upload"), None)
    if upload is None or not _uploading(upload):
        return None
    return Obstacle.PUBLISHED if task.status == Status.PUBLISHED else Obstacle.UPLOADING


def _busy(task: Task, job: Job) -> Obstacle | None:
    match job.state:
        case JobState.RUNNING:
            return Obstacle.BEING_MADE
        case JobState.IN_DOUBT:
            return Obstacle.UNCONFIRMED
        case JobState.DONE if task.status not in AT_GATE:
            return Obstacle.NO_REVIEW
    return None


def correctable(task: Task, jobs: Collection[Job]) -> tuple[str, ...]:
    """The jobs whose words may be rewritten now."""
    with_words = [job for job in jobs if STEPS[job.step].words]
    return tuple(job.name for job in with_words if correction(task, jobs, job.name) is None)


def change(task: Task, jobs: Iterable[Job], field: Field) -> Obstacle | None:
    """Why the entry's `field` can no longer change."""
    found = {job.step: job for job in jobs if job.step in ("plan", "upload")}
    plan, upload = found.get("plan"), found.get("upload")
    match field.until:
        case Until.BEGUN if plan is not None and (plan.attempt or plan.state in (RUNNING, DONE)):
            return Obstacle.BEGUN
        case Until.PLANNED if plan is not None and plan.state is DONE:
            return Obstacle.PLAN_IN_REVIEW if AT_GATE.get(task.status) in _PLANNED else Obstacle.PLANNED
        case Until.DRAWN:
            return Obstacle.NO_STORY if plan is None else _of_plan(task, plan)
        case Until.UPLOADED if upload is not None and _uploading(upload):
            return Obstacle.PUBLISHED if task.status == Status.PUBLISHED else Obstacle.UPLOADING
    return None


def _uploading(upload: Job) -> bool:
    """Whether YouTube may have the title already: a session keeps what it was opened with."""
    # after a crash nobody knows whether the session was opened; a failure says that it was not
    unknown = upload.attempt > 0 and upload.failure is None
    return upload.state in (RUNNING, DONE) or upload.remote_id is not None or unknown


# ------------------------------------------------------------------------------------------- all of them


@dataclass(frozen=True)
class Action:
    """One thing that a person may ask for, or cannot where an `obstacle` is named.

    `gate` of a review, `jobs` that may be named, what it costs at once in micro-dollars, the board's name of a `field`,
    the `suspension` that it ends.
    """

    verb: Verb
    obstacle: Obstacle | None = None
    gate: Gate | None = None
    jobs: tuple[str, ...] = ()
    cost_micros: int = 0
    field: str = ""
    suspension: Suspension | None = None

    @property
    def possible(self) -> bool:
        return self.obstacle is None


def actions(task: Task, jobs: tuple[Job, ...], wait: "Wait", configured: bool) -> tuple[Action, ...]:
    """Everything a person can ask for; `configured`: whether the channel's file is there."""
    gate = AT_GATE.get(task.status)
    missing = None if configured else Obstacle.NO_CHANNEL
    offered = lost(task, jobs) or redoable(task, jobs)
    with_words = correctable(task, jobs)
    places = replaceable(task, jobs)
    stuck = [job for job in jobs if job.state in (JobState.FAILED, JobState.IN_DOUBT)]
    redone = redo(task, jobs, None, offered)
    found = [
        Action(
            Verb.APPROVE, approval(task, None) or missing, gate,
            cost_micros=0 if gate is None else pending_cost_micros(jobs, gate),
        ),
        Action(Verb.REDO, redone or missing, gate, offered if redone is None else ()),
        Action(Verb.CORRECT, (None if with_words else _no_words(task, jobs)) or missing, jobs=with_words),
        Action(Verb.CHOOSE, (None if places else _no_place(task, jobs)) or missing, jobs=places),
        Action(Verb.RETRY, retry(task) or missing, cost_micros=sum(job.price_micros for job in stuck)),
        Action(Verb.CANCEL, cancel(task)),
        Action(Verb.PAUSE, pause(task)),
        Action(Verb.RESUME, resume(task)),
    ]  # fmt: skip
    if wait.suspension is not None and wait.suspension.cause in _LIFTED:
        disk = Obstacle.DISK if wait.suspension.cause is Cause.DISK else None
        found.append(Action(Verb.RESUME_SERVICE, disk, suspension=wait.suspension))
    # stories are a matter of the board where the channel reviews them; commands know them as words of the plan
    shown = [field for field in FIELDS if field.until is not Until.DRAWN or task.story]
    found += [Action(Verb.EDIT, change(task, jobs, field), field=field.column) for field in shown]
    return tuple(found)


def replaceable(task: Task, jobs: Collection[Job]) -> tuple[str, ...]:
    """The jobs in whose file's place another one may be put now."""
    return tuple(job.name for job in jobs if job.step in PUT and choice(task, jobs, job.name) is None)


def _no_place(task: Task, jobs: Collection[Job]) -> Obstacle:
    """Why no file of the episode can be replaced now."""
    found = (choice(task, jobs, job.name) for job in jobs if job.step in PUT)
    return next((obstacle for obstacle in found if obstacle is not None), Obstacle.NO_WORDS)


def _no_words(task: Task, jobs: Collection[Job]) -> Obstacle:
    """Why nothing of the episode can be rewritten now."""
    found = (correction(task, jobs, job.name) for job in jobs if STEPS[job.step].words)
    return next((obstacle for obstacle in found if obstacle is not None), Obstacle.NO_WORDS)


#: what suspends services, in contrast to what an episode lacks
_LIFTED = frozenset(Cause) - {Cause.CHANNEL_FILE, Cause.SLOT, *OF_CHANNEL}


# ------------------------------------------------------------------------------------------- what it waits for


class Awaited(StrEnum):
    """Whom or what an episode waits for. The value is that of `--json`."""

    NOBODY = "nobody"
    REVIEW = "review"
    #: something failed, and a person decides
    DECISION = "decision"
    #: it is cancelled or a draft
    QUEUED = "queued"
    WORK = "work"
    #: a person paused it
    RESUME = "resume"
    #: something suspends all that it could start
    SUSPENSION = "suspension"
    RETRY = "retry"
    TURN = "turn"
    SLOT = "slot"
    #: its next job is about to start
    NEXT = "next"


@dataclass(frozen=True)
class Wait:
    """`until_ms` if it ends automatically; `gate` of a review; `job` that failed, is retried or starts next."""

    what: Awaited
    until_ms: int | None = None
    gate: Gate | None = None
    job: Job | None = None
    suspension: Suspension | None = None


def awaited(
    task: Task, jobs: Iterable[Job], suspensions: Iterable[Suspension], configured: bool, at: int
) -> Wait:  # fmt: skip
    """What it waits for. Every status and every mix of job states has an answer."""
    status, own = task.status, [job for job in jobs if job.step != "cleanup"]
    if status in CLOSED:
        return Wait(Awaited.NOBODY if status == Status.PUBLISHED else Awaited.QUEUED)
    if status in AT_GATE:
        return Wait(Awaited.REVIEW, gate=AT_GATE[status])
    if status in ERRORS:
        return Wait(Awaited.DECISION, job=stopped(own))
    if any(job.state is RUNNING for job in own):
        return Wait(Awaited.WORK)
    if task.paused is not None:
        return Wait(Awaited.RESUME)
    if not configured:
        return Wait(Awaited.SUSPENSION, suspension=Suspension(Cause.CHANNEL_FILE, channel_id=task.channel_id))
    ready = [job for job in own if job.state is JobState.READY]
    held = suspended_by(ready, task.channel_id, suspensions)
    if held is not None:
        return Wait(Awaited.SUSPENSION, held.until_ms, suspension=held)
    first = min(ready, key=lambda job: job.due_at, default=None)
    if first is not None and first.due_at > at:
        return Wait(Awaited.RETRY, first.due_at, job=first)
    if status == Status.QUEUED:
        return Wait(Awaited.TURN)
    return Wait(Awaited.NEXT) if first is None else Wait(Awaited.SLOT, job=first)


def stopped(jobs: Iterable[Job]) -> Job | None:
    """The job whose failure a person decides about: that of the earliest step."""
    stuck = [job for job in jobs if stops(job)]
    return min(stuck, key=lambda job: (ORDER[job.step], job.key), default=None)


@dataclass(frozen=True)
class Outlook:
    wait: Wait
    actions: tuple[Action, ...]


def outlook(
    task: Task, jobs: tuple[Job, ...], suspensions: Iterable[Suspension], configured: bool, at: int
) -> Outlook:  # fmt: skip
    wait = awaited(task, jobs, suspensions, configured, at)
    return Outlook(wait, actions(task, jobs, wait, configured))
