"""The only brain: `decide(snapshot, event) -> Decision`.

Given a task with its jobs and one event, it says what to write: rows of tasks and jobs, attempts, charges, parked
services, what the board shall show, whom to alert. It does nothing itself, knows no clock and no chance: both arrive
inside events. Events that come too late (an attempt that is no longer the current one, a gate that is passed) are
answered with `accepted=False` and change nothing but money: a charge is always recorded.

Every event runs through the same four moves: the event's own handler changes task and jobs; `promote` makes ready
what may run; `derive` says the status, passing the gates that the channel opens by itself, every hop checked against
the table of moves; the difference to before becomes ops.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from videod.core import board
from videod.core.derive import QUOTA, affected, complete, derive, promote
from videod.core.expand import first_job, jobs_of
from videod.core.failures import POLICY, Answer, Failure, Kind, retry_delay_ms
from videod.core.model import (
    Alert,
    CancelAsked,
    ChannelPolicy,
    CloseAttempt,
    Decision,
    EditRefused,
    EntryEdited,
    EntryQueued,
    EntryRefused,
    Event,
    GateApproved,
    Job,
    JobCharged,
    JobFailed,
    JobStarted,
    JobSubmitted,
    JobSucceeded,
    Op,
    OpenAttempt,
    Park,
    RecordCharge,
    RedoAsked,
    SaveJob,
    SaveTask,
    ServiceFreed,
    ShowAsset,
    ShowEntry,
    Snapshot,
    Task,
    task_id_of,
)
from videod.core.plan import Plan
from videod.core.statuses import (
    AT_GATE,
    CLOSED,
    ERRORS,
    GATES,
    LABELS,
    Gate,
    JobState,
    Status,
    check_job_move,
    check_move,
)
from videod.core.steps import REVIEWED, STEPS


@dataclass(frozen=True)
class _Work:
    """Task, jobs and ops on their way through a decision. Jobs are kept by name, in creation order."""

    task: Task
    jobs: tuple[Job, ...]
    policy: ChannelPolicy
    ops: tuple[Op, ...] = ()

    def with_task(self, **changes: object) -> "_Work":
        return replace(self, task=replace(self.task, **changes))  # type: ignore[arg-type]

    def with_job(self, job: Job) -> "_Work":
        return replace(self, jobs=tuple(job if other.name == job.name else other for other in self.jobs))

    def adding(self, *ops: Op) -> "_Work":
        return replace(self, ops=self.ops + ops)

    def job(self, name: str) -> Job | None:
        return next((job for job in self.jobs if job.name == name), None)


class _Late(Exception):
    """The event came too late or twice; the text says why."""


# ------------------------------------------------------------------------------------------ entries and gates


def _new_task(event: EntryQueued) -> Task:
    return Task(
        id=task_id_of(event.title, event.page_id), page_id=event.page_id, channel_id=event.channel_id,
        title=event.title, topic=event.topic, direction=event.direction, priority=event.priority,
        privacy=event.privacy, status=Status.QUEUED, created_at=event.at, queued_at=event.at,
    )  # fmt: skip


def _freed(job: Job, at: int) -> Job:
    """A failed job ready for a person's new try: its waits begin anew, a purchase in doubt may be repeated."""
    if job.state in (JobState.FAILED, JobState.IN_DOUBT):
        doubt = job.state == JobState.IN_DOUBT
        return replace(job, state=JobState.READY, attempts=0, due_at=at, buy_again=doubt, reworded=False, failure=None)
    return replace(job, due_at=at) if job.state == JobState.READY else job


def _queued(work: _Work, event: EntryQueued) -> _Work:
    task = work.task
    if not work.jobs:
        return replace(work, jobs=(first_job(task, work.policy),))
    if task.status == Status.QUEUED:
        return work.with_task(priority=event.priority, privacy=event.privacy, error="")
    if task.status not in ERRORS | {Status.CANCELLED, Status.QUOTA_EXCEEDED}:
        return _refuse(work, LABELS[Status.QUEUED], _why_not_queued(task.status))
    check_move(task.status, Status.QUEUED)
    work = work.with_task(status=Status.QUEUED)
    doubted = [job for job in work.jobs if job.state == JobState.IN_DOUBT]
    services = {job.service for job in work.jobs if job.state == JobState.READY}
    unparked = tuple(Park(service, None, event.at, "") for service in sorted(services) if task.held)
    jobs = tuple(_freed(job, event.at) for job in work.jobs)
    planned = all(job.state == JobState.DONE for job in jobs if job.step == "plan")
    if not planned:
        work = work.with_task(title=event.title, topic=event.topic, direction=event.direction)
    running = any(job.state == JobState.RUNNING for job in jobs)
    work = replace(work, jobs=promote(replace(work.task, cancelled=False), jobs)).adding(*unparked)
    startable = any(job.state == JobState.READY and job.step != "cleanup" for job in work.jobs)
    return work.with_task(
        priority=event.priority, privacy=event.privacy, queued_at=event.at, cancelled=False, held=None, error="",
        admitted=running or not startable, doubts=work.task.doubts + len(doubted),
    )  # fmt: skip


def _why_not_queued(status: Status) -> str:
    if status == Status.PUBLISHED:
        return "the episode is published; make a new entry for another film"
    if status in AT_GATE:
        return (
            f"it waits for your review; set {LABELS[_approved(AT_GATE[status])]} to go on, or flag Redo on its assets"
        )
    return "it is in work already; set Cancelled first if you want it to stop"


def _approved(gate: Gate) -> Status:
    return GATES[gate][1]


def _refuse(work: _Work, wanted: str, reason: str) -> _Work:
    """Write the true status back, with the reason where its reader looks."""
    note = f'"{wanted}" was not taken: {reason}.'
    shown = ShowEntry(work.task.page_id, {"Status": LABELS[work.task.status]})
    return work.with_task(error=note).adding(shown)


def _approve(work: _Work, event: GateApproved) -> _Work:
    gate = event.gate
    if gate in work.task.approved:
        raise _Late(f"gate {gate.value} is passed already")
    if AT_GATE.get(work.task.status) != gate:
        return _refuse(
            work, LABELS[_approved(gate)], f"there is nothing to approve yet; it is {LABELS[work.task.status]}"
        )
    return work.with_task(approved=work.task.approved | {gate}, error="")


def _again(job: Job, at: int, chosen: bool) -> Job:
    """A finished job on its way to a new take; one that runs just now is told to start over when it ends."""
    if job.state == JobState.SKIPPED:
        return job
    if job.state == JobState.RUNNING:
        return replace(job, revision=job.revision + 1, again=True)
    state = JobState.READY if chosen else JobState.WAITING
    return replace(
        job, state=state, revision=job.revision + 1, attempts=0, due_at=at, failure=None, digest=None, remote_id=None,
        buy_again=False, reworded=False, facts={},
    )  # fmt: skip


def _redo(work: _Work, event: RedoAsked) -> _Work:
    label = LABELS[work.task.status]
    if AT_GATE.get(work.task.status) != event.gate:
        return _refuse(work, f"redo of {event.gate.value}", f"that is asked for at its own gate; it is {label}")
    if GATES[event.gate][2] is None:
        return _refuse(work, f"redo of {event.gate.value}", "the film follows from its parts; cancel the entry instead")
    known = {job.name for job in work.jobs if job.step in REVIEWED[event.gate] and job.state == JobState.DONE}
    chosen = known.intersection(event.names)
    if not chosen:
        return _refuse(
            work, f"redo of {event.gate.value}", "flag Redo on the assets you want made anew, then set it again"
        )
    reached = affected(work.jobs, chosen - {"plan/plan"}) | chosen
    jobs = tuple(_again(job, event.at, job.name in chosen) if job.name in reached else job for job in work.jobs)
    return replace(work, jobs=jobs).with_task(error="")


def _cancel(work: _Work) -> _Work:
    if work.task.status == Status.PUBLISHED:
        return _refuse(work, LABELS[Status.CANCELLED], "the episode is published")
    return work.with_task(cancelled=True, held=None)


# ------------------------------------------------------------------------------------------ the life of one job


def _current(work: _Work, name: str, attempt: int) -> Job:
    job = work.job(name)
    if job is None or job.state != JobState.RUNNING or job.attempt != attempt:
        raise _Late(f"{name}: attempt {attempt} is not the running one")
    return job


def _start(work: _Work, event: JobStarted) -> _Work:
    job = work.job(event.job)
    allowed = work.task.status not in CLOSED or (job is not None and job.step == "cleanup")
    if job is None or job.state != JobState.READY or job.due_at > event.at or not allowed:
        raise _Late(f"{event.job} cannot start now")
    started = replace(job, state=JobState.RUNNING, digest=event.digest, started_at=event.at, ended_at=None)
    task = work.task
    work = work.with_job(started).adding(OpenAttempt(job.name, job.price_micros))
    return work.with_task(admitted=True, started_at=task.started_at or event.at, held=None)


def _charge(work: _Work, event: JobCharged) -> _Work:
    job = work.job(event.job)
    if job is not None and event.reference is not None and job.charge_ref == event.reference:
        raise _Late(f"{event.job}: charge {event.reference} is in the books")
    charge = RecordCharge(
        event.job, event.attempt, event.service, event.kind, event.quantity, event.unit, event.micros
    )  # fmt: skip
    work = work.with_task(cost_micros=work.task.cost_micros + event.micros).adding(charge)
    return (
        work
        if job is None
        else work.with_job(
            replace(job, cost_micros=job.cost_micros + event.micros, charge_ref=event.reference or job.charge_ref)
        )
    )


def _settle_attempt(work: _Work, job: Job, event: JobSucceeded | JobFailed, outcome: str) -> _Work:
    tail, code = (event.stderr_tail, event.exit_code) if isinstance(event, JobFailed) else ("", 0)
    return work.with_job(replace(job, ended_at=event.at)).adding(
        CloseAttempt(job.name, event.attempt, outcome, tail, code)
    )


def _succeed(work: _Work, event: JobSucceeded) -> _Work:
    job = _current(work, event.job, event.attempt)
    if job.again:
        # its inputs changed while it ran: the result belongs to the old take
        fresh = replace(job, state=JobState.WAITING, again=False, attempts=0, failure=None, buy_again=False)
        return _settle_attempt(work, fresh, event, "outdated")
    done = replace(
        job, state=JobState.DONE, output=event.output, bytes=event.bytes, sha256=event.sha256, facts=event.facts,
        failure=None, attempts=0, buy_again=False, due_at=0,
    )  # fmt: skip
    work = _settle_attempt(work, done, event, "done")
    if event.plan is not None:
        return _planned(work, event, event.plan)
    if job.step == "upload":
        return _published(work, event)
    shown_as = STEPS[job.step].shown_as
    if shown_as is None:
        return work
    return work.adding(ShowAsset(work.task.page_id, job.name, shown_as, event.output, job.revision))


def _published(work: _Work, event: JobSucceeded) -> _Work:
    cleanup = work.job("cleanup/workspace")
    if cleanup is not None:
        work = work.with_job(replace(cleanup, due_at=event.at + work.policy.keep_workspace_ms))
    return work.with_task(
        youtube_id=str(event.facts["video_id"]), youtube_url=str(event.facts["url"]), ended_at=event.at, error=""
    )


def _planned(work: _Work, event: JobSucceeded, plan: Plan) -> _Work:
    """Open the jobs of the plan; after a new plan keep what it leaves unchanged, open or skip the rest."""
    fresh = {job.name: job for job in jobs_of(work.task, plan, work.policy)}
    kept: list[Job] = []
    changed: set[str] = set()
    for job in work.jobs:
        new = fresh.pop(job.name, None)
        if job.step == "plan":
            kept.append(job)
        elif new is None:
            kept.append(job if job.state == JobState.RUNNING else replace(job, state=JobState.SKIPPED))
        elif new.args == job.args and new.needs == job.needs and job.state != JobState.SKIPPED:
            kept.append(job)
        else:
            changed.add(job.name)
            kept.append(replace(job, args=new.args, needs=new.needs, price_micros=new.price_micros))
    opened = [replace(job, channel_id=work.task.channel_id) for job in fresh.values()]
    jobs = tuple(kept + opened)
    reached = affected(jobs, changed) if changed else set()
    jobs = tuple(
        replace(_again(replace(job, state=JobState.WAITING), event.at, False), again=False)
        if job.name in reached and job.state != JobState.RUNNING else _again(job, event.at, False)
        if job.name in reached else job
        for job in jobs
    )  # fmt: skip
    plan_job = next(job for job in jobs if job.step == "plan")
    shown = ShowAsset(work.task.page_id, plan_job.name, "Plan", event.output, plan_job.revision)
    return replace(work, jobs=jobs).adding(shown)


def _fail(work: _Work, event: JobFailed) -> _Work:
    job = _current(work, event.job, event.attempt)
    failure = event.failure
    policy = POLICY[failure.kind]
    if job.again and failure.kind != Kind.IN_DOUBT:
        fresh = replace(job, state=JobState.WAITING, again=False, attempts=0, failure=None, buy_again=False)
        return _settle_attempt(work, fresh, event, "outdated")
    handler = _ANSWERS[policy.answer]
    work, after = handler(work, replace(job, failure=failure, again=False), event)
    work = _settle_attempt(work, after, event, failure.kind.value)
    stopped = after.state in (JobState.FAILED, JobState.IN_DOUBT)
    parked = policy.answer == Answer.PARK or failure.kind == Kind.DISK
    if stopped or (parked and policy.alert):
        work = work.adding(_alarm(work, after, failure, parked))
    return work


def _alarm(work: _Work, job: Job, failure: Failure, parked: bool) -> Alert:
    where = f"{failure.service or job.service}:{failure.kind.value}"
    key = where if parked else f"{work.task.id}:{job.name}:{job.attempt}"
    advice = POLICY[failure.kind].advice
    return Alert(
        key, f"{work.task.title} ({work.task.channel_id}), {job.name}: {failure.message} What to do: {advice}."
    )


def _again_free(work: _Work, job: Job, event: JobFailed) -> tuple[_Work, Job]:
    kind = event.failure.kind
    wait = 0 if kind == Kind.INTERRUPTED else event.failure.retry_after_ms or POLICY[kind].wait_ms
    kept = None if kind == Kind.INTERRUPTED else job.failure
    return work, replace(job, state=JobState.READY, due_at=event.at + wait, failure=kept)


def _again_later(work: _Work, job: Job, event: JobFailed) -> tuple[_Work, Job]:
    attempts = job.attempts + 1
    delay = retry_delay_ms(attempts, work.policy.retry_waits_ms, work.policy.retry_jitter, event.u)
    if delay is None:
        return work, replace(job, state=JobState.FAILED, attempts=attempts)
    delay = max(delay, event.failure.retry_after_ms or 0)
    return work, replace(job, state=JobState.READY, attempts=attempts, due_at=event.at + delay)


def _park(work: _Work, job: Job, event: JobFailed) -> tuple[_Work, Job]:
    failure = event.failure
    credentials = failure.kind == Kind.CREDENTIALS
    until = None if credentials else event.at + (failure.retry_after_ms or POLICY[failure.kind].wait_ms)
    own = job.step == "upload" and (credentials or failure.code == "uploadLimitExceeded")
    channel = work.task.channel_id if own else None
    reason = f"{QUOTA} of {job.service} is used up" if not credentials else f"{job.service} refused the key"
    held = reason if until is None else f"{reason}, goes on at {board.iso(until)}"
    work = work.adding(Park(job.service, channel, until, f"{reason}: {failure.message}")).with_task(held=held)
    return work, replace(job, state=JobState.READY, due_at=event.at)


def _reword(work: _Work, job: Job, event: JobFailed) -> tuple[_Work, Job]:
    if STEPS[job.step].rewordable and not job.reworded:
        return work, replace(job, state=JobState.READY, reworded=True, due_at=event.at)
    return work, replace(job, state=JobState.FAILED)


def _doubt(work: _Work, job: Job, event: JobFailed) -> tuple[_Work, Job]:
    """Buy once more under the channel's standing permission while its ceiling lasts; else a person must say so."""
    price, task = job.price_micros, work.task
    if task.rebought_micros + price <= work.policy.rebuy_ceiling_micros:
        work = work.with_task(rebought_micros=task.rebought_micros + price, doubts=task.doubts + 1)
        return work, replace(job, state=JobState.READY, buy_again=True, due_at=event.at)
    return work, replace(job, state=JobState.IN_DOUBT, buy_again=False)


def _stop(work: _Work, job: Job, event: JobFailed) -> tuple[_Work, Job]:
    return work, replace(job, state=JobState.FAILED, attempts=job.attempts + 1)


_ANSWERS: dict[Answer, Callable[[_Work, Job, JobFailed], tuple[_Work, Job]]] = {
    Answer.AGAIN_FREE: _again_free,
    Answer.AGAIN: _again_later,
    Answer.PARK: _park,
    Answer.REWORD: _reword,
    Answer.DOUBT: _doubt,
    Answer.STOP: _stop,
}

# ------------------------------------------------------------------------------------------ the decision


def _handle(work: _Work, event: Event) -> _Work:
    match event:
        case EntryQueued():
            return _queued(work, event)
        case EntryEdited():
            return work.with_task(priority=event.priority, privacy=event.privacy)
        case GateApproved():
            return _approve(work, event)
        case RedoAsked():
            return _redo(work, event)
        case CancelAsked():
            return _cancel(work)
        case EditRefused():
            return _refuse(work, event.wanted, event.reason)
        case JobStarted():
            return _start(work, event)
        case JobSubmitted():
            return work.with_job(replace(_current(work, event.job, event.attempt), remote_id=event.remote_id))
        case JobCharged():
            return _charge(work, event)
        case JobSucceeded():
            return _succeed(work, event)
        case JobFailed():
            return _fail(work, event)
        case ServiceFreed():
            return work.with_task(held=None)
        case EntryRefused():
            raise AssertionError("an entry that is refused has no task")
        case _:
            assert_never(event)


def _settle(work: _Work) -> _Work:
    """Make ready what may run and follow the status to where it rests, opening the gates that open by themselves."""
    for _ in range(2 * len(Status)):
        work = replace(work, jobs=promote(work.task, work.jobs))
        status = derive(work.task, work.jobs)
        passed = AT_GATE.get(work.task.status)
        if passed is not None and passed in work.task.approved and work.task.status != status:
            # a gate is left through "approved", even when work behind it has begun already
            check_move(work.task.status, _approved(passed))
            work = work.with_task(status=_approved(passed))
        check_move(work.task.status, status)
        work = work.with_task(status=status)
        gate = AT_GATE.get(status)
        if gate is None or gate not in work.policy.auto_gates or not complete(work.jobs, gate):
            return work
        work = work.with_task(approved=work.task.approved | {gate})
    raise AssertionError(f"task {work.task.id} never comes to rest")


def _differences(before: Snapshot, work: _Work, at: int) -> tuple[Op, ...]:
    old = {job.name: job for job in before.jobs}
    ops: list[Op] = [] if work.task == before.task else [SaveTask(work.task)]
    for job in work.jobs:
        known = old.get(job.name)
        if known is None:
            ops.append(SaveJob(job, None))
        elif known != job:
            check_job_move(known.state, job.state)
            ops.append(SaveJob(job, known.state))
    waits = len(work.policy.retry_waits_ms)
    shown = board.entry_view(work.task, work.jobs, waits, at)
    known_view = board.entry_view(before.task, before.jobs, waits, at) if before.task and before.jobs else {}
    values = {name: value for name, value in shown.items() if name not in known_view or known_view[name] != value}
    if values:
        ops.append(ShowEntry(work.task.page_id, values))
    return tuple(ops)


def decide(snapshot: Snapshot, event: Event) -> Decision:
    """What to write in answer to `event`. Never raises for an event that merely came too late.

    Raises IllegalMove when a handler and the tables disagree: a bug, and nothing is written.
    """
    if isinstance(event, EntryRefused):
        values: dict[str, object] = {"Status": LABELS[Status.DRAFT], "Error Log": event.reason}
        return Decision((ShowEntry(event.page_id, values),), note=event.reason)
    task, policy = snapshot.task, snapshot.policy
    if policy is None:
        return Decision(accepted=False, note="the channel of this task is not configured")
    if task is None:
        if not isinstance(event, EntryQueued):
            return Decision(accepted=False, note="no such task")
        task = _new_task(event)
    try:
        work = _settle(_handle(_Work(task, snapshot.jobs, policy), event))
    except _Late as late:
        return Decision(accepted=False, note=str(late))
    ops = _differences(snapshot, work, event.at)
    # rows before what refers to them: tasks and jobs first, then attempts, charges and what is shown
    return Decision((*[op for op in ops if isinstance(op, SaveTask | SaveJob)], *work.ops,
                     *[op for op in ops if not isinstance(op, SaveTask | SaveJob)]))  # fmt: skip
