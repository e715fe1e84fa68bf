"""The life of one job: started, charged, succeeded, failed in one of many ways, and what each means for its task."""

from collections.abc import Callable
from dataclasses import replace

from videod.core import board
from videod.core.by_people import again
from videod.core.derive import QUOTA, affected
from videod.core.expand import jobs_of
from videod.core.failures import KEYS, POLICY, Answer, Failure, Kind, retry_delay_ms
from videod.core.model import (
    Alert,
    CloseAttempt,
    Job,
    JobCharged,
    JobFailed,
    JobStarted,
    JobSucceeded,
    OpenAttempt,
    Park,
    RecordCharge,
    ServiceFreed,
    ShowAsset,
)
from videod.core.plan import Plan
from videod.core.statuses import CLOSED, JobState
from videod.core.steps import STEPS
from videod.core.work import Late, Work

DAY_MS = 86_400_000


def current(work: Work, name: str, attempt: int) -> Job:
    job = work.job(name)
    if job is None or job.state != JobState.RUNNING or job.attempt != attempt:
        raise Late(f"{name}: attempt {attempt} is not the running one")
    return job


def start(work: Work, event: JobStarted) -> Work:
    job = work.job(event.job)
    allowed = work.task.status not in CLOSED or (job is not None and job.step == "cleanup")
    if job is None or job.state != JobState.READY or job.due_at > event.at or not allowed:
        raise Late(f"{event.job} cannot start now")
    if job.price_micros and (stopped := _beyond_budget(work, job, event.at)) is not None:
        return stopped
    started = replace(job, state=JobState.RUNNING, digest=event.digest, started_at=event.at, ended_at=None)
    task = work.task
    work = work.with_job(started).adding(OpenAttempt(job.name, job.price_micros))
    return work.with_task(admitted=True, started_at=task.started_at or event.at, held=None)


def _beyond_budget(work: Work, job: Job, at: int) -> Work | None:
    """The work with the job held back, where its price would break a limit; None where there is room.

    The price of every running job counts as spent: it is reserved by the very transaction that starts it.
    """
    task, policy, price = work.task, work.policy, job.price_micros
    running = sum(other.price_micros for other in work.jobs if other.state == JobState.RUNNING)
    if task.cost_micros + running + price > policy.episode_cap_micros:
        text = f"{job.name} (${price / 1e6:.2f}) would bring the episode above its cap of"
        text += f" ${policy.episode_cap_micros / 1e6:.2f} (episode_cap_usd of channel {task.channel_id})"
        failure = Failure(Kind.BUDGET, text, job.service)
        stopped = replace(job, state=JobState.FAILED, failure=failure, ended_at=at)
        return work.with_job(stopped).adding(_alarm(work, stopped, failure, parked=False))
    if work.spent_today_micros + price <= policy.daily_budget_micros:
        return None
    tomorrow = (at // DAY_MS + 1) * DAY_MS
    limit = f"the day's budget of ${policy.daily_budget_micros / 1e6:.2f} for channel {task.channel_id}"
    held = f"{limit} is spent, goes on at {board.iso(tomorrow)}"
    advice = f"raise daily_budget_usd and run `videod resume {job.service} --channel {task.channel_id}`, or wait"
    alert = Alert(f"{task.channel_id}:budget", f"{task.title}: {held}. What to do: {advice}.")
    return work.with_task(held=held).adding(Park(job.service, task.channel_id, tomorrow, limit + " is spent"), alert)


def charge(work: Work, event: JobCharged) -> Work:
    job = work.job(event.job)
    if job is not None and event.reference is not None and job.charge_ref == event.reference:
        raise Late(f"{event.job}: charge {event.reference} is in the books")
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


def _settle_attempt(work: Work, job: Job, event: JobSucceeded | JobFailed, outcome: str) -> Work:
    tail, code = (event.stderr_tail, event.exit_code) if isinstance(event, JobFailed) else ("", 0)
    return work.with_job(replace(job, ended_at=event.at)).adding(
        CloseAttempt(job.name, event.attempt, outcome, tail, code)
    )


def succeed(work: Work, event: JobSucceeded) -> Work:
    job = current(work, event.job, event.attempt)
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


def _published(work: Work, event: JobSucceeded) -> Work:
    cleanup = work.job("cleanup/workspace")
    if cleanup is not None:
        work = work.with_job(replace(cleanup, due_at=event.at + work.policy.keep_workspace_ms))
    return work.with_task(
        youtube_id=str(event.facts["video_id"]), youtube_url=str(event.facts["url"]), ended_at=event.at, error=""
    )


def _planned(work: Work, event: JobSucceeded, plan: Plan) -> Work:
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
        replace(again(replace(job, state=JobState.WAITING), event.at, False), again=False)
        if job.name in reached and job.state != JobState.RUNNING else again(job, event.at, False)
        if job.name in reached else job
        for job in jobs
    )  # fmt: skip
    plan_job = next(job for job in jobs if job.step == "plan")
    shown = ShowAsset(work.task.page_id, plan_job.name, "Plan", event.output, plan_job.revision)
    return replace(work, jobs=jobs).adding(shown)


def fail(work: Work, event: JobFailed) -> Work:
    job = current(work, event.job, event.attempt)
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
        work = work.adding(_alarm(work, replace(after, ended_at=event.at), failure, parked))
    return work


def _alarm(work: Work, job: Job, failure: Failure, parked: bool) -> Alert:
    where = f"{failure.service or job.service}:{failure.kind.value}"
    key = where if parked else f"{work.task.id}:{job.name}:{job.attempt}"
    return Alert(key, board.alert(work.task, job, failure))


def _again_free(work: Work, job: Job, event: JobFailed) -> tuple[Work, Job]:
    kind = event.failure.kind
    wait = 0 if kind == Kind.INTERRUPTED else event.failure.retry_after_ms or POLICY[kind].wait_ms
    kept = None if kind == Kind.INTERRUPTED else job.failure
    return work, replace(job, state=JobState.READY, due_at=event.at + wait, failure=kept)


def _again_later(work: Work, job: Job, event: JobFailed) -> tuple[Work, Job]:
    attempts = job.attempts + 1
    delay = retry_delay_ms(attempts, work.policy.retry_waits_ms, work.policy.retry_jitter, event.u)
    if delay is None:
        return work, replace(job, state=JobState.FAILED, attempts=attempts)
    delay = max(delay, event.failure.retry_after_ms or 0)
    return work, replace(job, state=JobState.READY, attempts=attempts, due_at=event.at + delay)


def _park(work: Work, job: Job, event: JobFailed) -> tuple[Work, Job]:
    failure = event.failure
    credentials = failure.kind == Kind.CREDENTIALS
    until = None if credentials else event.at + (failure.retry_after_ms or POLICY[failure.kind].wait_ms)
    own = job.step == "upload" and (credentials or failure.code == "uploadLimitExceeded")
    channel = work.task.channel_id if own else None
    key = KEYS.get(failure.service or job.service)
    refused = f"{job.service} refused the key {key}" if key else f"{job.service} is not authorised"
    reason = refused if credentials else f"{QUOTA} of {job.service} is used up"
    held = reason if until is None else f"{reason}, goes on at {board.iso(until)}"
    work = work.adding(Park(job.service, channel, until, f"{reason}: {failure.message}")).with_task(held=held)
    return work, replace(job, state=JobState.READY, due_at=event.at)


def freed(work: Work, event: ServiceFreed) -> Work:
    """The service may be used again: what it refused is no longer wrong, until it says so anew."""

    def waits(job: Job) -> bool:
        parked = job.failure is not None and POLICY[job.failure.kind].answer == Answer.PARK
        return parked and job.service == event.service and job.state == JobState.READY

    jobs = tuple(replace(job, failure=None) if waits(job) else job for job in work.jobs)
    return replace(work, jobs=jobs).with_task(held=None)


def _reword(work: Work, job: Job, event: JobFailed) -> tuple[Work, Job]:
    if STEPS[job.step].rewordable and not job.reworded:
        return work, replace(job, state=JobState.READY, reworded=True, due_at=event.at)
    return work, replace(job, state=JobState.FAILED)


def _doubt(work: Work, job: Job, event: JobFailed) -> tuple[Work, Job]:
    """Buy once more under the channel's standing permission while its ceiling lasts; else a person must say so."""
    wait = event.failure.retry_after_ms or 0
    if not job.price_micros:
        # an upload looks for itself before it leaps: nothing to buy, only to look again a little later
        return work, replace(job, state=JobState.READY, due_at=event.at + (wait or POLICY[Kind.IN_DOUBT].wait_ms))
    price, task = job.price_micros, work.task
    if task.rebought_micros + price <= work.policy.rebuy_ceiling_micros:
        work = work.with_task(rebought_micros=task.rebought_micros + price, doubts=task.doubts + 1)
        return work, replace(job, state=JobState.READY, buy_again=True, due_at=event.at + wait)
    return work, replace(job, state=JobState.IN_DOUBT, buy_again=False)


def _stop(work: Work, job: Job, event: JobFailed) -> tuple[Work, Job]:
    return work, replace(job, state=JobState.FAILED, attempts=job.attempts + 1)


_ANSWERS: dict[Answer, Callable[[Work, Job, JobFailed], tuple[Work, Job]]] = {
    Answer.AGAIN_FREE: _again_free,
    Answer.AGAIN: _again_later,
    Answer.PARK: _park,
    Answer.REWORD: _reword,
    Answer.DOUBT: _doubt,
    Answer.STOP: _stop,
}
