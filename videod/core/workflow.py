"""The only brain: `decide(snapshot, event) -> Decision`.

Given a task with its jobs and one event, it says what to write: rows of tasks and jobs, attempts, charges, suspended
services, what the board must show, whom to alert. It does nothing itself, knows no clock and no chance: both arrive
inside events. Events that come too late (an attempt that is no longer the current one, a gate that is passed) are
answered with `accepted=False` and change nothing but money: a charge is always recorded.

Every event runs through the same four moves: the event's own handler changes task and jobs; `promote` makes ready
what may run; `derive` says the status, passing the channel's automatic gates, every hop checked against
the table of moves; the difference to before becomes ops.
"""

from dataclasses import replace
from typing import assert_never

from videod.core import (
    board,
    by_corrections,
    by_edits,
    by_failures,
    by_files,
    by_found,
    by_jobs,
    by_likeness,
    by_lost,
    by_people,
    by_verdict,
    fitting,
    reports,
)
from videod.core.derive import complete, derive, opens_itself, promote
from videod.core.events import (
    CancelAsked,
    ChannelRemoved,
    ChannelRenamed,
    EditRefused,
    EntryEdited,
    EntryQueued,
    EntryRefused,
    EntrySlow,
    EntryWaits,
    Event,
    FileChosen,
    FilesExpire,
    GateApproved,
    GatesJudged,
    InputLost,
    JobCharged,
    JobCorrected,
    JobCrashed,
    JobDied,
    JobFailed,
    JobPlaced,
    JobSetAside,
    JobStarted,
    JobSubmitted,
    JobSucceeded,
    LessonForgotten,
    PurchaseFound,
    RedoAsked,
    ServiceFreed,
    TaskPaused,
    TaskResumed,
    TextsRewritten,
    VideoLooked,
)
from videod.core.failures import Failure, Kind
from videod.core.ops import (
    Decision,
    ForgetChannel,
    ForgetLesson,
    NoteRefusal,
    Op,
    RenameChannel,
    SaveJob,
    SaveTask,
    ShowEntry,
    Snapshot,
)
from videod.core.reconcile import NothingBought
from videod.core.statuses import AT_GATE, LABELS, Status, check_job_move, check_move
from videod.core.transition import StaleEvent, Transition
from videod.core.wishes import Obstacle


def _handle(work: Transition, event: Event) -> Transition:
    match event:
        case EntryQueued():
            return by_people.queued(work, event)
        case EntryEdited():
            return by_edits.edited(work, event)
        case GateApproved():
            return by_people.approve(work, event)
        case RedoAsked():
            return by_corrections.redo(work, event)
        case JobCorrected():
            return by_corrections.correct(work, event)
        case FileChosen():
            return by_corrections.choose(work, event)
        case CancelAsked():
            return by_people.cancel(work)
        case TaskPaused():
            return by_people.pause(work, event)
        case TaskResumed():
            return by_people.resume(work)
        case EntryWaits():
            return by_people.waits(work, event)
        case EntrySlow():
            return by_people.slow(work, event)
        case EditRefused():
            return by_people.refuse(work, event.wanted, event.reason)
        case TextsRewritten():
            return by_people.rewritten(work, event)
        case JobStarted():
            return by_jobs.start(work, event)
        case JobSubmitted():
            return by_jobs.submit(work, event)
        case JobPlaced():
            return by_jobs.place(work, event)
        case JobCharged():
            return by_jobs.charge(work, event)
        case PurchaseFound():
            return by_found.found(work, event)
        case JobSucceeded():
            return _succeeded(work, event)
        case JobFailed():
            return by_failures.fail(work, event)
        case JobCrashed():
            return by_failures.crashed(work, event)
        case JobDied():
            return by_failures.died(work, event)
        case ServiceFreed():
            return by_failures.freed(work, event)
        case NothingBought():
            return by_failures.nothing_bought(work, event)
        case InputLost():
            return by_lost.input_lost(work, event)
        case FilesExpire():
            return by_files.expire(work, event)
        case GatesJudged():
            return _gates_judged(work)
        case VideoLooked():
            return by_verdict.looked(work, event)
        case EntryRefused() | JobSetAside() | ChannelRenamed() | ChannelRemoved() | LessonForgotten():
            raise AssertionError("decided without the four moves")
        case _:
            assert_never(event)


def _gates_judged(work: Transition) -> Transition:
    """The work as it is: `_settle` opens its gate. Raises StaleEvent unless it waits at an automatic one."""
    gate = AT_GATE.get(work.task.status)
    if gate is None or not opens_itself(work.task, work.policy, gate):
        raise StaleEvent("it waits at no review that its channel opens automatically")
    return work


def _settle(work: Transition) -> Transition:
    """Make ready what may run and follow the status to where it rests, passing the automatic gates."""
    for _ in range(2 * len(Status)):
        jobs = promote(work.task, fitting.fitted(work.jobs, work.policy))
        work = work if jobs is work.jobs else replace(work, jobs=jobs)
        status = derive(work.task, work.jobs)
        passed = AT_GATE.get(work.task.status)
        if passed is not None and passed in work.task.approved and work.task.status != status:
            # a gate is left through "approved", even when work behind it has begun already
            check_move(work.task.status, by_people.approved_status(passed))
            work = work.with_task(status=by_people.approved_status(passed))
        check_move(work.task.status, status)
        work = work.with_task(status=status)
        gate = AT_GATE.get(status)
        if gate is None or not opens_itself(work.task, work.policy, gate) or not complete(work.jobs, gate):
            return work
        work = work.with_task(approved=work.task.approved | {gate})
    raise AssertionError(f"task {work.task.id} never comes to rest")


def _differences(before: Snapshot, work: Transition) -> tuple[Op, ...]:
    ops: list[Op] = [] if work.task == before.task else [SaveTask(work.task)]
    # jobs keep their places, new ones come last; most are the same object
    changed = [pair for pair in zip(before.jobs, work.jobs, strict=False) if pair[0] is not pair[1]]
    for known, job in changed:
        if known != job:
            check_job_move(known.state, job.state)
            ops.append(SaveJob(job, known.state))
    opened = work.jobs[len(before.jobs) :]
    ops += [SaveJob(job, None) for job in opened]
    if before.task is not None and not opened and board.unseen(before.task, work.task, changed):
        return tuple(ops)
    waits, target = len(work.policy.retry_waits_ms), work.policy.target_micros
    shown = board.entry_view(work.task, work.jobs, waits, target)
    known_view = board.entry_view(before.task, before.jobs, waits, target) if before.task and before.jobs else {}
    values = {name: value for name, value in shown.items() if name not in known_view or known_view[name] != value}
    if values:
        ops.append(ShowEntry(work.task.page_id, values))
    return tuple(ops)


def _succeeded(work: Transition, event: JobSucceeded) -> Transition:
    """A success without what must follow from it is a failure, whoever reported it."""
    step = event.job.split("/")[0]
    failure = reports.lacking(step, event.facts)
    if step == "plan" and event.plan is None:
        failure = Failure(Kind.NONSENSE, "the plan's file was not read")
    if failure is None:
        return by_likeness.planned(by_jobs.succeed(work, event), event)
    return by_failures.fail(work, JobFailed(event.at, event.task_id, event.job, event.attempt, failure, 0.5))


#: events after which something new begins: a channel whose file is gone is spared them
_BEGIN = (EntryQueued, GateApproved, RedoAsked, JobCorrected, FileChosen, JobStarted)


def _begins(event: Event) -> bool:
    """Whether something new begins; files are removed all the same."""
    return isinstance(event, _BEGIN) and not (isinstance(event, JobStarted) and event.job.startswith("cleanup/"))


def decide(snapshot: Snapshot, event: Event) -> Decision:
    """What to write in answer to `event`. Never raises for an event that merely came too late.

    Raises IllegalMove when a handler and the tables disagree: a bug, and nothing is written.
    """
    if isinstance(event, EntryRefused):
        values: dict[str, object] = {"Status": LABELS[Status.DRAFT], "Error Log": event.reason}
        values |= board.EMPTY if event.clear else {}
        noted = NoteRefusal(event.page_id, event.reason, event.title, event.channel)
        return Decision((ShowEntry(event.page_id, values), noted), note=event.reason)
    if isinstance(event, ChannelRenamed):
        return Decision((RenameChannel(event.old, event.new),))
    if isinstance(event, ChannelRemoved):
        return Decision((ForgetChannel(event.channel),))
    if isinstance(event, LessonForgotten):
        return Decision((ForgetLesson(event.channel, event.number),))
    task, policy = snapshot.task, snapshot.policy
    if isinstance(event, JobSetAside) and task is not None:
        return by_failures.set_aside(task, snapshot.jobs, event)
    if policy is None or (not policy.configured and _begins(event)):
        note = "the channel of this task is not configured"
        return Decision(accepted=False, note=note, refused=Obstacle.NO_CHANNEL)
    if task is None:
        if not isinstance(event, EntryQueued):
            return Decision(accepted=False, note="no such task")
        task = by_people.new_task(event)
    try:
        begun = Transition(
            task, snapshot.jobs, policy, snapshot.spent_today_micros,
            breaker=snapshot.breaker, quota_used=snapshot.quota_used, charged_micros=snapshot.charged_micros,
            in_doubt_micros=snapshot.in_doubt_micros, same=snapshot.same, last=snapshot.last,
            today=snapshot.today, uploads=snapshot.uploads,
        )  # fmt: skip
        work = by_files.settle(_settle(_handle(begun, event)))
        if work.task.slow and work.task.status != task.status:
            work = work.with_task(slow="")
    except StaleEvent as late:
        return Decision(late.ops, accepted=False, note=str(late), refused=late.obstacle)
    ops = _differences(snapshot, work)
    # rows before what refers to them: tasks and jobs first, then attempts, charges and what is shown
    return Decision((*[op for op in ops if isinstance(op, SaveTask | SaveJob)], *work.ops,
                     *[op for op in ops if not isinstance(op, SaveTask | SaveJob)]), refused=work.refused)  # fmt: skip
