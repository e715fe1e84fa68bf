"""The life of one job: started, submitted, charged, succeeded, and what each means for its task."""

import math
from dataclasses import replace

from videod.core import breaker, by_likeness, charges, days, services, spacing, told, wording
from videod.core.allowances import QUOTA_WARNING
from videod.core.by_files import over
from videod.core.by_people import again
from videod.core.derive import affected, opens_itself
from videod.core.events import JobCharged, JobFailed, JobPlaced, JobStarted, JobSubmitted, JobSucceeded
from videod.core.expand import jobs_of
from videod.core.failures import Failure, Kind
from videod.core.model import Job
from videod.core.moments import clock
from videod.core.ops import (
    Alert,
    ClearInDoubt,
    CloseAttempt,
    OpenAttempt,
    PlaceAttempt,
    RecordCharge,
    ShowAsset,
    Suspend,
)
from videod.core.plan import Plan
from videod.core.reports import published
from videod.core.retold import story_of
from videod.core.statuses import CLOSED, RUNNING, Gate, JobState
from videod.core.step_parts import FITTED, NOTE, OWN, price_micros
from videod.core.suspension import Cause, Suspension
from videod.core.tables import STEPS, step_of
from videod.core.transition import StaleEvent, Transition
from videod.core.verdict import Verdict, next_look


def current(work: Transition, name: str, attempt: int) -> Job:
    job = work.job(name)
    if job is None or job.state != JobState.RUNNING or job.attempt != attempt:
        raise StaleEvent(f"{name}: attempt {attempt} is not the running one")
    return job


def start(work: Transition, event: JobStarted) -> Transition:
    """Start the job that a lane chose, unless money or a quota says no: only they are decided here.

    Raises StaleEvent where it may not start. Choice and start are one transaction, so a lane meets that only where a
    day's quota ends; whoever else reports a start gets the same answer.
    """
    job = _priced(work, _startable(work, event))
    if (repeated := by_likeness.uploaded(work, job, event.at)) is not None:
        return repeated
    if job.price_micros and (stopped := _beyond_budget(work, job, event.at)) is not None:
        return stopped
    _keep_spacing(work, job, event.at)
    quota_day, alerts = _use_quota(work, job, event)
    account = services.account(job.service, work.policy.google_project)
    if work.breaker is not None:  # only now: a job that a limit holds back asks the service nothing
        work = work.with_breaker(breaker.started(work.breaker, asker(work, job), event.at))
    started = replace(job, state=JobState.RUNNING, digest=event.digest, started_at=event.at, ended_at=None)
    task = work.task
    work = work.with_job(started).adding(OpenAttempt(job.name, job.price_micros, quota_day, account), *alerts)
    waits = task.suspended  # a job of another service, such as a thumbnail, says nothing of what the episode waits for
    over = waits is None or waits.holds(job.service, task.channel_id, job.step)
    began = task.started_at or event.at
    return work.with_task(admitted=True, started_at=began, suspended=None if over else waits, waits=None)


def _startable(work: Transition, event: JobStarted) -> Job:
    """The job of the event. Raises StaleEvent where its state, its episode's or its service's forbids the start."""
    job, task = work.job(event.job), work.task
    cleanup = job is not None and job.step == "cleanup"
    if job is None or job.state != JobState.READY or job.due_at > event.at or (task.status in CLOSED and not cleanup):
        raise StaleEvent(f"{event.job} cannot start now")
    if cleanup and not (job.needs or over(task.status)):
        raise StaleEvent("the episode has resumed and keeps its files")
    if task.paused is not None and not cleanup:
        raise StaleEvent(f"the task is paused: {task.paused}")
    if work.breaker is not None and not work.breaker.lets_in(event.at):
        raise StaleEvent(f"{job.service} does not answer. It is tried again at {clock(work.breaker.until_ms)}")
    return job


def _priced(work: Transition, job: Job) -> Job:
    """The job at the price of now; fetching what was bought costs nothing."""
    price = 0 if job.fetching else price_micros(step_of(job), job.args, work.policy)
    return job if job.price_micros == price else replace(job, price_micros=price)


def asker(work: Transition, job: Job) -> str:
    """How the breaker names a job."""
    return f"{work.task.id} {job.name}"


def _keep_spacing(work: Transition, job: Job, at: int) -> None:
    """Raises StaleEvent where an upload comes too soon after the channel's others, the channel's uploads suspended."""
    if work.uploads is None:
        return
    if work.uploads.under_way:
        raise StaleEvent(f"another upload of {work.task.channel_id} is running")
    early = spacing.wait(work.policy, job.service, work.uploads, at)
    if early is not None:
        raise StaleEvent(wording.reason(early), Suspend(early))


def _use_quota(work: Transition, job: Job, event: JobStarted) -> tuple[str | None, tuple[Alert, ...]]:
    """The day whose quota the start uses (None: no quota), and the warning where it comes close to its end.

    Raises StaleEvent, the service suspended until the next day, where the day's quota is used up.
    """
    quota = event.quota
    if quota is None:
        return None, ()
    used, account = work.quota_used + 1, services.account(job.service, work.policy.google_project)
    if used > quota.most:
        spent = Suspension(Cause.LIMIT, job.service, told.sharers(job, work.policy), quota.ends_at, amount=quota.most)
        raise StaleEvent(wording.reason(spent), Suspend(spent))
    if used != max(1, math.ceil(QUOTA_WARNING * quota.most)) or quota.most < 5:
        return quota.day, ()
    text = f"{used} of {quota.most} {account} jobs of {quota.day} are used. Jobs after the last one wait for the"
    return quota.day, (Alert(f"{account}:quota:{quota.day}", f"{text} next day."),)


def heard(work: Transition, job: Job | None, at: int) -> Transition:
    """The work after a sign of life of the job's service."""
    if work.breaker is None or (job is not None and job.service != work.breaker.service):
        return work
    before = work.breaker
    work = work.with_breaker(breaker.alive(before))
    return work.adding(told.answers(before.service, at)) if before.open else work


def submit(work: Transition, event: JobSubmitted) -> Transition:
    job = current(work, event.job, event.attempt)
    # another order makes another file
    sha256 = job.sha256 if event.remote_id == job.remote_id else None
    return heard(work, job, event.at).with_job(replace(job, remote_id=event.remote_id, sha256=sha256))


def place(work: Transition, event: JobPlaced) -> Transition:
    current(work, event.job, event.attempt)
    return work.adding(PlaceAttempt(event.attempt, event.worker, event.cpu_ms))


def _beyond_budget(work: Transition, job: Job, at: int) -> Transition | None:
    """The work with the job held back, where its price would break a limit; None where there is room.

    The price of every running job counts as spent: the transaction that starts it reserves it.
    """
    task, policy, price = work.task, work.policy, job.price_micros
    running = sum(other.price_micros for other in work.jobs if other.state == RUNNING)
    if task.counted_micros + running + price > policy.episode_cap_micros:
        text = f"{job.name} (${price / 1e6:.2f}) would take the episode above its cap of"
        text += f" ${policy.episode_cap_micros / 1e6:.2f} (episode_cap_usd of channel {task.channel_id})"
        failure = Failure(Kind.BUDGET, text, job.service, at=at)
        stopped = replace(job, state=JobState.FAILED, failure=failure, ended_at=at)
        return work.with_job(stopped).adding(told.alert(task, stopped, failure, suspended=False))
    if work.spent_today_micros + price <= policy.daily_budget_micros:
        return None
    today = work.today or days.day(at, days.USUAL_ZONE)
    spent = Suspension(Cause.BUDGET, job.service, task.channel_id, today.end, at, amount=policy.daily_budget_micros)
    resume = f"`videod resume {job.service} --channel {task.channel_id}`"
    advice = f"wait, or raise `daily_budget_usd` in channels/{task.channel_id}.yaml and run {resume}"
    # another day, or a raised limit that is spent as well, is another occurrence
    day = today.begin
    key = f"{task.channel_id}:budget:{day}:{policy.daily_budget_micros}"
    alert = Alert(key, f"{task.title}: {wording.note(spent)}. What to do: {advice}.")
    return work.with_task(suspended=spent).adding(Suspend(spent), alert)


def charge(work: Transition, event: JobCharged) -> Transition:
    """Book what was paid. Raises StaleEvent for a charge that is in the ledger, and for one that cannot be."""
    job = work.job(event.job)
    if (why := charges.refused(event, job is None or STEPS[job.step].paid)) is not None:
        raise StaleEvent(f"{event.job}: the charge is refused: {why}")
    work, event = _believed(work, job, charges.sound(event))
    if job is not None and event.reference is not None and job.charge_ref == event.reference:
        raise StaleEvent(f"{event.job}: charge {event.reference} is in the ledger")
    charge = RecordCharge(
        event.job, event.attempt, event.service, event.kind, event.quantity, event.unit, event.micros
    )  # fmt: skip
    work = cleared(heard(work, job, event.at), event.attempt, "charged")
    work = work.with_task(cost_micros=work.task.cost_micros + event.micros).adding(charge)
    return (
        work
        if job is None
        else work.with_job(
            replace(job, cost_micros=job.cost_micros + event.micros, charge_ref=event.reference or job.charge_ref)
        )
    )


def _believed(work: Transition, job: Job | None, event: JobCharged) -> tuple[Transition, JobCharged]:
    """The charge at the price of the list where what its run paid is beyond belief, and people told of it."""
    if job is None:
        return work, replace(event, micros=min(event.micros, charges.MOST_MICROS))
    price = job.price_micros or price_micros(STEPS[job.step], job.args, work.policy)
    if work.charged_micros + event.micros <= charges.ceiling(price) or event.micros <= price:
        return work, event
    text = (
        f"{job.name} of {work.task.title} ({work.task.channel_id}): its script reported charges of"
        f" ${(work.charged_micros + event.micros) / 1e6:,.2f} in one run, which cannot be right. videod recorded the"
        f" list price of ${price / 1e6:.2f} for the last one."
        f" What to do: compare it with the account of {job.service}. If the price is right, set it in [prices] of"
        " videod.toml. If it is not, correct the script."
    )
    alert = Alert(f"{work.task.id}:{job.name}:charge:{event.attempt}", text)
    return work.adding(alert), replace(event, micros=price)


def cleared(work: Transition, attempt: int, by: str) -> Transition:
    """The work without what the attempt may have been paid: it was not, or its charge is in the ledger."""
    micros = work.in_doubt_micros
    if not micros:
        return work
    left = max(0, work.task.possible_micros - micros)
    return replace(work, in_doubt_micros=0).with_task(possible_micros=left).adding(ClearInDoubt(attempt, by))


def settle_attempt(work: Transition, job: Job, event: JobSucceeded | JobFailed, outcome: str) -> Transition:
    tail, code = (event.stderr_tail, event.exit_code) if isinstance(event, JobFailed) else ("", 0)
    ended = job if job.ended_at == event.at else replace(job, ended_at=event.at)
    return work.with_job(ended).adding(CloseAttempt(job.name, event.attempt, outcome, tail, code))


def succeed(work: Transition, event: JobSucceeded) -> Transition:
    job = current(work, event.job, event.attempt)
    work = heard(work, job, event.at)
    if job.again:
        # its inputs changed while it ran: the result belongs to the old take
        fresh = replace(job, state=JobState.WAITING, again=False, attempts=0, failure=None, buy_again=False)
        return settle_attempt(work, fresh, event, "outdated")
    done = replace(
        job, state=JobState.DONE, output=event.output, bytes=event.bytes, sha256=event.sha256, facts=event.facts,
        failure=None, attempts=0, buy_again=False, due_at=0, deaths=0, ended_at=event.at,
    )  # fmt: skip
    work = settle_attempt(work, done, event, "done").adding(told.worked(work.task, job))
    if job.step == "assemble":
        work = _another_film(work, job, event)
    if event.plan is not None:
        return _planned(work, event, event.plan)
    if job.step == "upload":
        return _published(work, event)
    shown_as = STEPS[job.step].shown_as
    if shown_as is None:
        return work
    return work.adding(ShowAsset(work.task.page_id, job.name, shown_as, event.output, job.revision, event.sha256))


def _another_film(work: Transition, job: Job, event: JobSucceeded) -> Transition:
    """The approval of a film that was lost does not count for another one."""
    if Gate.FINAL not in work.task.approved or job.sha256 == event.sha256:
        return work
    final = {Gate.FINAL}
    work = work.with_task(approved=work.task.approved - final, reviewed=work.task.reviewed - final)
    if opens_itself(work.task, work.policy, Gate.FINAL):
        return work
    text = (
        f"{work.task.title} ({work.task.channel_id}): the film that was approved was lost or replaced. videod made it"
    )
    text += " again from its cuts, and it is not exactly the same. What to do: look at it and approve it once more."
    return work.adding(Alert(f"{work.task.id}:film:{event.attempt}", text))


def _published(work: Transition, event: JobSucceeded) -> Transition:
    cleanup = work.job("cleanup/workspace")
    if cleanup is not None:
        work = work.with_job(replace(cleanup, due_at=event.at + work.policy.keep_workspace_ms))
    video = published(event.facts)
    assert video is not None, "checked by `workflow`"
    if work.task.cancelled:
        text = (
            f"{work.task.title} ({work.task.channel_id}): it was cancelled while its upload was ending, so the film is"
        )
        text += f" on YouTube: {video[1]} What to do: delete it in YouTube Studio if you do not want it."
        work = work.adding(Alert(f"{work.task.id}:late:{event.attempt}", text))
    return work.with_task(
        cancelled=False,
        youtube_id=video[0],
        youtube_url=video[1],
        verdict=Verdict.PENDING.value,
        verdict_looks=0,
        verdict_due=next_look(event.at, event.at, processed=False),
        ended_at=event.at,
        error="",
        paused=None,
    )


def _planned(work: Transition, event: JobSucceeded, plan: Plan) -> Transition:
    """Open the jobs of the plan; after a new plan keep what it leaves unchanged, open or skip the rest."""
    wanted = {job.name: job for job in jobs_of(work.task, plan, work.policy)}
    changed = {job.name for job in work.jobs if _differs(job, wanted.get(job.name))}
    jobs = [_as_planned(job, wanted.get(job.name)) for job in work.jobs]
    known = {job.name for job in work.jobs}
    jobs += [replace(job, channel_id=work.task.channel_id) for job in wanted.values() if job.name not in known]
    remade = affected(tuple(jobs), changed) if changed else set()
    jobs = [_remade(job, event.at) if job.name in remade else job for job in jobs]
    plan_job = next(job for job in jobs if job.step == "plan")
    jobs = [replace(job, facts={**job.facts, **story_of(plan)}) if job is plan_job else job for job in jobs]
    shown = ShowAsset(work.task.page_id, plan_job.name, "Plan", event.output, plan_job.revision, event.sha256)
    work = replace(work, jobs=tuple(jobs)).adding(shown)
    chosen = plan.story.chosen if plan.story is not None and work.policy.story_review else 0
    return work.with_task(story=str(chosen)) if chosen else work


def _differs(job: Job, wanted: Job | None) -> bool:
    """Whether the new plan wants the job otherwise than it is, or again after an earlier plan did not."""
    if job.step == "plan" or wanted is None:
        return False
    # a note, a person's own file, or how long its narration is, was for the same order
    args = {name: value for name, value in job.args.items() if name not in (NOTE, OWN, FITTED)}
    return (args, job.needs) != (wanted.args, wanted.needs) or job.state == JobState.SKIPPED


def _as_planned(job: Job, wanted: Job | None) -> Job:
    """The job as the new plan wants it (None: not at all; one that runs ends first)."""
    if job.step == "plan":
        return job
    if wanted is None:
        return job if job.state == JobState.RUNNING else replace(job, state=JobState.SKIPPED)
    if not _differs(job, wanted):
        return job
    # a running one is settled with the service that does it
    service = job.service if job.state == JobState.RUNNING else wanted.service
    return replace(job, args=wanted.args, needs=wanted.needs, price_micros=wanted.price_micros, service=service)


def _remade(job: Job, at: int) -> Job:
    """A job on its way to a new take, one that was skipped as well; one that runs starts over when it ends."""
    if job.state == JobState.RUNNING:
        return again(job, at)
    return replace(again(replace(job, state=JobState.WAITING), at), again=False)
