"""What a person did on the board or at the command line, and what follows from it for a task."""

from dataclasses import replace

from videod.core import answers, by_likeness, fields, outlook, own_story, row_texts, told
from videod.core.derive import promote
from videod.core.events import EntryQueued, EntrySlow, EntryWaits, GateApproved, TaskPaused, TextsRewritten
from videod.core.expand import first_job
from videod.core.failures import ALIKE
from videod.core.model import Job, Task, task_id_of
from videod.core.ops import NoteRefusal, Release, ShowEntry
from videod.core.statuses import GATES, LABELS, Gate, JobState, Status, check_move
from videod.core.step_parts import price_micros, without_own
from videod.core.suspension import OF_SERVICE
from videod.core.tables import step_of
from videod.core.transition import StaleEvent, Transition
from videod.core.wishes import ALREADY, Obstacle, Verb


def new_task(event: EntryQueued) -> Task:
    return Task(
        id=task_id_of(event.title, event.page_id), page_id=event.page_id, **fields.of(event) | {"story": ""},
        status=Status.QUEUED, created_at=event.at, queued_at=event.at,
    )  # fmt: skip


def _freed(job: Job, at: int) -> Job:
    """A failed job ready for a person's retry: its waits start over, an unconfirmed purchase may be repeated."""
    if job.failure is not None and job.failure.code == ALIKE and job.state == JobState.FAILED:
        return by_likeness.allowed(job, at)
    if job.state in (JobState.FAILED, JobState.IN_DOUBT):
        doubt = job.state == JobState.IN_DOUBT
        return replace(
            job, state=JobState.READY, attempts=0, due_at=at, buy_again=doubt, reworded=False, failure=None, deaths=0
        )
    if job.state == JobState.WAITING and job.step != "cleanup":  # it was held while another job had stopped
        return replace(job, due_at=min(job.due_at, at))
    return replace(job, due_at=at, deaths=0) if job.state == JobState.READY else job


def queued(work: Transition, event: EntryQueued) -> Transition:
    task = work.task
    if not work.jobs:
        # it may have been refused before it was fixed
        return replace(work, jobs=(first_job(task, work.policy, event.own),)).adding(NoteRefusal(task.page_id, None))
    obstacle = outlook.retry(task)
    if obstacle is Obstacle.ALREADY_QUEUED:
        return work.with_task(priority=event.priority, privacy=event.privacy, error="")
    if obstacle is not None:
        return blocked(work, LABELS[Status.QUEUED], Verb.RETRY, obstacle)
    check_move(task.status, Status.QUEUED)
    work = work.with_task(status=Status.QUEUED)
    doubted = [job for job in work.jobs if job.state == JobState.IN_DOUBT]
    stuck = [job for job in work.jobs if job.state in (JobState.FAILED, JobState.IN_DOUBT)]
    work = work.adding(told.tried_again(task, stuck, event.at))
    services = {job.service for job in work.jobs if job.state == JobState.READY}
    released = tuple(
        Release(service, channel, cause)
        for service in sorted(services) for channel in ("", task.channel_id)
        for cause in OF_SERVICE if task.suspended
    )  # fmt: skip
    jobs = tuple(_freed(_retold(work, job, event), event.at) for job in work.jobs)
    planned = all(job.state == JobState.DONE for job in jobs if job.step == "plan")
    if not planned:
        work = work.with_task(title=event.title, topic=event.topic, direction=event.direction)
    running = any(job.state == JobState.RUNNING for job in jobs)
    work = replace(work, jobs=promote(replace(work.task, cancelled=False), jobs)).adding(*released)
    startable = any(job.state == JobState.READY and job.step != "cleanup" for job in work.jobs)
    return work.with_task(
        priority=event.priority, privacy=event.privacy, cancelled=False, suspended=None, error="",
        paused=None,
        admitted=running or not startable, possibly_paid_twice=work.task.possibly_paid_twice + len(doubted),
    )  # fmt: skip


def _retold(work: Transition, job: Job, event: EntryQueued) -> Job:
    """The plan's job with the story that the entry brings now, as long as there is no plan."""
    if job.step != "plan" or event.own is None or job.state in (JobState.DONE, JobState.RUNNING):
        return job
    args = {name: value for name, value in job.args.items() if name not in own_story.HEADINGS} | dict(event.own)
    return replace(job, args=args, price_micros=price_micros(step_of(job), args, work.policy))


def approved_status(gate: Gate) -> Status:
    return GATES[gate][1]


def refuse(work: Transition, wanted: str, reason: str) -> Transition:
    """Write the true status back, with the reason where its reader looks."""
    note = f'"{wanted}" was not taken: {reason}.'
    shown = ShowEntry(work.task.page_id, {"Status": LABELS[work.task.status]})
    return work.with_task(error=note).adding(shown)


def blocked(work: Transition, wanted: str, verb: Verb, obstacle: Obstacle) -> Transition:
    """The work with the answer to a wish that cannot be met."""
    return replace(refuse(work, wanted, answers.on_board(verb, obstacle, work.task)), refused=obstacle)


def approve(work: Transition, event: GateApproved) -> Transition:
    gate = event.gate
    obstacle = outlook.approval(work.task, gate)
    if obstacle is Obstacle.ALREADY_APPROVED:
        raise StaleEvent(f"gate {gate.value} is passed already", obstacle=obstacle)
    if obstacle is not None:
        return blocked(work, LABELS[approved_status(gate)], Verb.APPROVE, obstacle)
    return work.with_task(approved=work.task.approved | {gate}, reviewed=work.task.reviewed | {gate}, error="")


def again(job: Job, at: int) -> Job:
    """A finished job on its way to a new take; one that is running starts over when it ends.

    It waits: `promote` makes ready what has its inputs.
    """
    if job.state == JobState.SKIPPED:
        return job
    if job.state == JobState.RUNNING:
        # one new take, however often its inputs change while it runs; the take that runs is the revision before
        return job if job.again else replace(job, revision=job.revision + 1, again=True, sha256=None)
    return replace(
        job, state=JobState.WAITING, args=without_own(job.args), revision=job.revision + 1, attempts=0, due_at=at,
        failure=None, digest=None, remote_id=None, buy_again=False, reworded=False, facts={}, deaths=0, sha256=None,
    )  # fmt: skip


def cancel(work: Transition) -> Transition:
    obstacle = outlook.cancel(work.task)
    if obstacle is not None and obstacle not in ALREADY:
        return blocked(work, LABELS[Status.CANCELLED], Verb.CANCEL, obstacle)
    return work.with_task(cancelled=True, suspended=None)


def pause(work: Transition, event: TaskPaused) -> Transition:
    _late(work, Verb.PAUSE, outlook.pause(work.task))
    return work.with_task(paused=event.reason)


def resume(work: Transition) -> Transition:
    _late(work, Verb.RESUME, outlook.resume(work.task))
    return work.with_task(paused=None)


def _late(work: Transition, verb: Verb, obstacle: Obstacle | None) -> None:
    if obstacle is not None:
        raise StaleEvent(answers.why_not(verb, obstacle, work.task), obstacle=obstacle)


def waits(work: Transition, event: EntryWaits) -> Transition:
    """The board says what it waits for. A job that started meanwhile proves the reason wrong."""
    if event.waits is not None and any(job.state == JobState.RUNNING for job in work.jobs):
        raise StaleEvent("it is being worked on")
    if event.waits == work.task.waits:
        raise StaleEvent("the board says so already")
    return work.with_task(waits=event.waits)


def slow(work: Transition, event: EntrySlow) -> Transition:
    """The board says that it takes long, until its status changes."""
    if work.task.status != event.status:
        raise StaleEvent("its status has changed meanwhile")
    if work.task.slow:
        raise StaleEvent("the board says so already")
    return work.with_task(slow=event.note)


def rewritten(work: Transition, event: TextsRewritten) -> Transition:
    """The board says what regenerating the rewritten files costs; with an empty note it no longer does."""
    said = work.task.error.startswith(row_texts.BEGINS)
    if event.note == work.task.error or (not event.note and not said):
        raise StaleEvent("the board says so already")
    return work.with_task(error=event.note)
