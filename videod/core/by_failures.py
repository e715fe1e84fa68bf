"""A job's failure: what it says of the job, of its service and of its task, and what follows from the policy table."""

from collections.abc import Callable
from dataclasses import replace

from videod.core import board, breaker, by_lost, services, told
from videod.core.by_jobs import asker, cleared, current, heard, settle_attempt
from videod.core.derive import derive
from videod.core.events import JobCrashed, JobDied, JobFailed, JobSetAside, ServiceFreed
from videod.core.failures import (
    BOUGHT_UNCHECKED,
    HOST,
    PAID_WITHOUT_FILE,
    POLICY,
    USELESS_FILE,
    USELESS_TRIES,
    Answer,
    Blame,
    Failure,
    Kind,
    retry_delay_ms,
)
from videod.core.model import Job, Task
from videod.core.moments import clock
from videod.core.ops import Alert, CloseAttempt, Decision, RecordInDoubt, SaveJob, SaveTask, ShowEntry, Suspend
from videod.core.reconcile import NothingBought
from videod.core.statuses import ERRORS, LABELS, JobState, Status, check_move
from videod.core.suspension import Cause, Suspension
from videod.core.tables import SPARED, STEPS
from videod.core.transition import StaleEvent, Transition


def fail(work: Transition, event: JobFailed) -> Transition:
    job = current(work, event.job, event.attempt)
    failure = replace(event.failure, at=event.at)
    policy = POLICY[failure.kind]
    work = _judged(work, job, event)
    if job.again and failure.kind != Kind.IN_DOUBT:
        fresh = replace(job, state=JobState.WAITING, again=False, attempts=0, failure=None, buy_again=False)
        return settle_attempt(work, fresh, event, "outdated")
    if job.fetching and policy.answer in (Answer.STOP, Answer.REWORD, Answer.IN_DOUBT):
        after = by_lost.unfetchable(work, job, failure, event.at)
    else:
        handler = _ANSWERS[policy.answer]
        work, after = handler(work, replace(job, failure=failure, again=False), event)
        if job.fetching and after.state == JobState.FAILED:
            after = by_lost.unfetchable(work, job, failure, event.at)
    work = settle_attempt(work, after, event, failure.kind.value)
    stopped = after.state in (JobState.FAILED, JobState.IN_DOUBT)
    suspended = policy.answer == Answer.SUSPEND or failure.kind == Kind.DISK
    if stopped or (suspended and policy.alert):
        reported = after.failure or failure
        split = failure.kind == Kind.QUOTA and told.sharers(job, work.policy)
        project = work.policy.google_project if split else None
        work = work.adding(told.alert(work.task, replace(after, ended_at=event.at), reported, suspended, project))
    return work


#: how long a job that asked in vain stands behind the others when the next probe may start, ms
_BEHIND_MS = 1000
#: so often a job is tried without which the film can be published: nobody waits for hours for a thumbnail
SPARED_TRIES = 2
#: the outcome of an attempt whose job was set aside
SET_ASIDE = "set_aside"


def _judged(work: Transition, job: Job, event: JobFailed) -> Transition:
    """The work with the breaker of the job's service told of the failure."""
    before, failure = work.breaker, event.failure
    if before is None or failure.service == HOST:
        return work
    if POLICY[failure.kind].answered:
        return heard(work, job, event.at)
    if POLICY[failure.kind].blame != Blame.SERVICE:
        return work  # several different jobs in a row have to meet it (`breaker.THRESHOLD`)
    after = breaker.failed(before, asker(work, job), event.at, failure.message)
    work = work.with_breaker(after)
    down_ms = event.at - (after.opened_at or event.at)
    if after != before and down_ms >= breaker.TELL_AFTER_MS:
        since = clock(after.opened_at or 0)
        text = f"{job.service} has not answered since {since}: {board.sentence(failure.message)} videod asks every"
        text += f" {breaker.PROBE_WAITS_MS[-1] // 60_000} minutes and resumes automatically. Nothing is lost."
        work = work.adding(told.down(job.service, text))
    return work


def _again_free(work: Transition, job: Job, event: JobFailed) -> tuple[Transition, Job]:
    kind = event.failure.kind
    wait = 0 if kind == Kind.INTERRUPTED else event.failure.retry_after_ms or POLICY[kind].wait_ms
    kept = None if kind == Kind.INTERRUPTED else job.failure
    return work, replace(job, state=JobState.READY, due_at=event.at + wait, failure=kept)


def crashed(work: Transition, event: JobCrashed) -> Transition:
    """videod failed at a job that was about to start: an attempt is spent, it is tried again later or stops."""
    job = work.job(event.job)
    if job is None or job.state != JobState.READY:
        raise StaleEvent(f"{event.job} was not about to start")
    failure = replace(event.failure, at=event.at)
    work, after = _again_later(work, replace(job, failure=failure), event)
    after = replace(after, ended_at=event.at)
    if after.state == JobState.FAILED:
        work = work.adding(told.alert(work.task, after, failure, suspended=False))
    return work.with_job(after)


def died(work: Transition, event: JobDied) -> Transition:
    """The daemon died while the job ran: counted; at the last death allowed it is set aside, so that no start runs it.

    What it may have bought stays unconfirmed, as after any other end.
    """
    job = current(work, event.job, event.attempt)
    job = replace(job, deaths=job.deaths + 1)
    if job.deaths < event.most:
        return work.with_job(job)
    times = "once" if job.deaths == 1 else f"{job.deaths} times"
    text = f"videod died {times} while this job ran (last: {event.last}). It was set aside so that the other channels"
    text += " can continue" + (". It may already be paid" if event.doubt else "")
    failure = Failure(Kind.BUG, text, service="videod", at=event.at)
    state = JobState.IN_DOUBT if event.doubt else JobState.FAILED
    after = replace(job, state=state, failure=failure, again=False, ended_at=event.at)
    work = _booked_in_doubt(work, job, event) if event.doubt else work
    work = work.with_job(after).adding(CloseAttempt(job.name, event.attempt, SET_ASIDE))
    return work.adding(told.alert(work.task, after, failure, suspended=False))


def set_aside(task: Task, jobs: tuple[Job, ...], event: JobSetAside) -> Decision:
    """The least that can be decided of a job that cannot be worked on: it failed, its episode stopped, people know.

    Asks neither the table of moves nor the board's views, since it is what is left when those failed.
    """
    job = next((one for one in jobs if one.name == event.job), None)
    if job is None or job.state not in (JobState.READY, JobState.RUNNING, JobState.WAITING):
        return Decision(accepted=False, note=f"{event.job} is not to be worked on")
    after = replace(
        job, state=JobState.FAILED, failure=replace(event.failure, at=event.at), again=False, ended_at=event.at
    )
    left = tuple(after if one is job else one for one in jobs)
    stopped = replace(task, status=derive(task, left))
    closed = (CloseAttempt(job.name, job.attempt, SET_ASIDE),) if job.state == JobState.RUNNING else ()
    text = f"{task.title} ({task.channel_id}), {job.name}: {board.sentence(event.failure.message)}"
    shown: dict[str, object] = {"Status": LABELS[stopped.status], "Error Log": board.sentence(event.failure.message)}
    return Decision((
        SaveTask(stopped), SaveJob(after, job.state), *closed, Alert(f"{task.id}:{job.name}:{job.attempt}", text),
        ShowEntry(task.page_id, shown),
    ))  # fmt: skip


def _again_later(work: Transition, job: Job, event: JobFailed | JobCrashed) -> tuple[Transition, Job]:
    if work.breaker is not None and work.breaker.open and POLICY[event.failure.kind].blame == Blame.SERVICE:
        # the service is down, not the job: it waits unspent, and a moment longer than those that have not asked yet
        return work, replace(job, state=JobState.READY, due_at=work.breaker.until_ms + _BEHIND_MS)
    attempts = job.attempts + 1
    if event.failure.code == USELESS_FILE and job.price_micros and attempts >= USELESS_TRIES:
        return work, replace(job, state=JobState.FAILED, attempts=attempts)
    if event.failure.code == BOUGHT_UNCHECKED:
        return work, replace(job, state=JobState.FAILED, attempts=attempts)
    if job.step in SPARED and attempts >= SPARED_TRIES:
        return work, replace(job, state=JobState.FAILED, attempts=attempts)
    delay = retry_delay_ms(attempts, work.policy.retry_waits_ms, work.policy.retry_jitter, event.u)
    if delay is None:
        return work, replace(job, state=JobState.FAILED, attempts=attempts)
    delay = max(delay, event.failure.retry_after_ms or 0)
    return work, replace(job, state=JobState.READY, attempts=attempts, due_at=event.at + delay)


def _suspend(work: Transition, job: Job, event: JobFailed) -> tuple[Transition, Job]:
    failure = event.failure
    credentials = failure.kind == Kind.CREDENTIALS
    lasting = credentials or failure.until_person
    until = None if lasting else event.at + (failure.retry_after_ms or POLICY[failure.kind].wait_ms)
    blamed = services.named(failure.service, job.service)
    topped = services.out_of_credit(failure, job.service)
    cause = Cause.CREDENTIALS if credentials else Cause.QUOTA if topped is None else Cause.CREDIT
    capped = topped is not None and failure.code in topped.codes_of_cap
    looked_at = topped is not None and topped.balance is not None and topped.name == job.service
    if looked_at and not capped and failure.retry_after_ms is None:
        until = None  # time alone helps nothing; videod checks the balance and resumes when there is some
    alone, shared = told.of_channel_alone(job, failure), "" if credentials else told.sharers(job, work.policy)
    refused = Suspension(
        cause, job.service,
        channel_id=work.task.channel_id if alone else shared,
        until_ms=until, since=event.at, detail=failure.message,
        key=blamed.key or "" if credentials and blamed is not None else (failure.code or "") if topped else "",
    )  # fmt: skip
    work = work.adding(Suspend(refused)).with_task(suspended=refused)
    return work, replace(job, state=JobState.READY, due_at=event.at)


def freed(work: Transition, event: ServiceFreed) -> Transition:
    """The service may be used again: what it refused is no longer wrong, until it says so again."""

    def waits(job: Job) -> bool:
        refused = job.failure is not None and POLICY[job.failure.kind].answer == Answer.SUSPEND
        return refused and job.service == event.service and job.state == JobState.READY

    jobs = tuple(replace(job, failure=None) if waits(job) else job for job in work.jobs)
    return replace(work, jobs=jobs).with_task(suspended=None)


def nothing_bought(work: Transition, event: NothingBought) -> Transition:
    """The purchase unconfirmed never happened: it may be bought without asking, as if never tried."""
    job = work.job(event.job)
    if job is None or job.attempt != event.attempt or job.state not in (JobState.RUNNING, JobState.IN_DOUBT):
        raise StaleEvent(f"{event.job}: attempt {event.attempt} is confirmed now")
    work = cleared(work, event.attempt, "nothing_bought")
    if job.state == JobState.RUNNING:
        work = work.adding(CloseAttempt(job.name, event.attempt, "not_bought"))
    elif work.task.status in ERRORS:
        check_move(work.task.status, Status.QUEUED)
        work = work.with_task(status=Status.QUEUED)
    state = JobState.WAITING if job.again else JobState.READY
    attempts = 0 if job.again else job.attempts
    return work.with_job(replace(
        job, state=state, again=False, attempts=attempts, due_at=event.at, failure=None, buy_again=False,
        ended_at=event.at,
    ))  # fmt: skip


def _reword(work: Transition, job: Job, event: JobFailed) -> tuple[Transition, Job]:
    if STEPS[job.step].rewordable and not job.reworded:
        return work, replace(job, state=JobState.READY, reworded=True, due_at=event.at)
    return work, replace(job, state=JobState.FAILED)


def _in_doubt(work: Transition, job: Job, event: JobFailed) -> tuple[Transition, Job]:
    """Buy once more under the channel's standing permission while its ceiling lasts; else a person must say so."""
    wait = event.failure.retry_after_ms or 0
    if not job.price_micros:
        # an upload looks for itself before it leaps: nothing to buy, only to look again a little later
        return work, replace(job, state=JobState.READY, due_at=event.at + (wait or POLICY[Kind.IN_DOUBT].wait_ms))
    work = _booked_in_doubt(work, job, event)
    price, task = job.price_micros, work.task
    asked = event.failure.code == PAID_WITHOUT_FILE  # its next run would pay again as this one may have
    if not asked and task.rebought_micros + price <= work.policy.rebuy_ceiling_micros:
        work = work.with_task(
            rebought_micros=task.rebought_micros + price, possibly_paid_twice=task.possibly_paid_twice + 1
        )
        return work, replace(job, state=JobState.READY, buy_again=True, due_at=event.at + wait)
    return work, replace(job, state=JobState.IN_DOUBT, buy_again=False)


def _booked_in_doubt(work: Transition, job: Job, event: JobFailed | JobDied) -> Transition:
    """The work with the price of the attempt counted as possibly paid.

    What the attempt was charged already is no doubt, but for a plan, which takes a call for each of its rounds.
    """
    charged = 0 if job.step == "plan" else work.charged_micros
    micros = max(0, job.price_micros - charged)
    if not micros:
        return work
    doubt = RecordInDoubt(job.name, event.attempt, job.service, micros)
    return work.with_task(possible_micros=work.task.possible_micros + micros).adding(doubt)


def _stop(work: Transition, job: Job, event: JobFailed) -> tuple[Transition, Job]:
    return work, replace(job, state=JobState.FAILED, attempts=job.attempts + 1)


_ANSWERS: dict[Answer, Callable[[Transition, Job, JobFailed], tuple[Transition, Job]]] = {
    Answer.AGAIN_FREE: _again_free,
    Answer.AGAIN: _again_later,
    Answer.SUSPEND: _suspend,
    Answer.REWORD: _reword,
    Answer.IN_DOUBT: _in_doubt,
    Answer.STOP: _stop,
}
