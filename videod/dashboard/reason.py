"""Why an episode stands where it stands: one sentence with whom it waits for, since when, what comes next. Pure."""

from dataclasses import dataclass

from videod.core import wording
from videod.core.advice import advice
from videod.core.board import pending_cost_micros, waiting
from videod.core.model import Job, Task
from videod.core.sanitize import sanitize_screen
from videod.core.statuses import AT_GATE, CLOSED, ERRORS, LABELS, Gate, JobState, Status
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.core.tables import ORDER, REVIEWED, STEPS
from videod.dashboard.text import ago, ahead, count, money, span
from videod.store.views import Ahead


@dataclass(frozen=True)
class Case:
    """All that the answer needs: the task, its jobs, what is suspended, the queue before it, whether a daemon runs."""

    task: Task
    jobs: tuple[Job, ...]
    since: int
    suspensions: tuple[Suspension, ...]
    ahead: Ahead
    alive: bool
    waits: int
    at: int

    def in_state(self, state: JobState) -> list[Job]:
        return [job for job in self.jobs if job.state == state and job.step != "cleanup"]


@dataclass(frozen=True)
class Reason:
    """`waits_for`: "you", a service, "videod", "its turn" or "nobody"; `next_at` ms where a time is known."""

    waits_for: str
    sentence: str
    command: str | None
    next_at: int | None


_REVIEWS = {Gate.ASSETS: "the assets", Gate.VIDEO: "the clips", Gate.AUDIO: "the audio", Gate.FINAL: "the film"}


def why(case: Case) -> Reason:
    """The one sentence. Every status and every mix of job states has an answer."""
    status = case.task.status
    if status in CLOSED:
        return _closed(case)
    if status in AT_GATE:
        return _review(case)
    if status in ERRORS:
        return _error(case)
    reason = _stands(case)
    if case.alive:
        return reason
    return Reason(
        "videod",
        f"stands still because videod is not running; apart from that it {reason.sentence}",
        "videod run",
        None,
    )


def _closed(case: Case) -> Reason:
    task = case.task
    if task.status == Status.PUBLISHED:
        since = ago(task.ended_at or case.since, case.at)
        return Reason("nobody", f"is published at {task.youtube_url} since {since}; nothing is left to do", None, None)
    if task.status == Status.CANCELLED:
        text = f"was cancelled at {ago(case.since, case.at)}; nothing happens until it is queued again"
        return Reason("you", text, f"videod retry {task.id}", None)
    return Reason("you", "is a draft; set Queued on the board to start it", None, None)


def _review(case: Case) -> Reason:
    gate = AT_GATE[case.task.status]
    cost = pending_cost_micros(case.jobs, gate)
    price = f"approving it costs about {money(cost)}" if cost else "approving it costs nothing"
    text = f"waits for your review of {_REVIEWS[gate]} since {ago(case.since, case.at)}"
    return Reason("you", f"{text}; {price} and {_then(case, gate)}", f"videod approve {case.task.id}", None)


def _then(case: Case, gate: Gate) -> str:
    gates = list(Gate)
    later = gates[gates.index(gate) + 1 :]
    if not later:
        return "uploads the film"
    parts = []
    for step in REVIEWED[later[0]]:
        rows = [job for job in case.jobs if job.step == step and job.state in (JobState.WAITING, JobState.READY)]
        if rows:
            noun = STEPS[step].noun
            parts.append(count(len(rows), noun.removesuffix("s"), noun))
    return f"starts {' and '.join([', '.join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts) or 'the next stage'}"


def _error(case: Case) -> Reason:
    stuck = case.in_state(JobState.FAILED) + case.in_state(JobState.IN_DOUBT)
    job = min(stuck, key=lambda one: (ORDER[one.step], one.key), default=None)
    again = f"videod retry {case.task.id}"
    if job is None or job.failure is None:
        return Reason("you", f"stopped at {ago(case.since, case.at)}: {LABELS[case.task.status]}", again, None)
    failure = job.failure
    told = sanitize_screen(failure.message).rstrip(".")
    tries = f" after {count(job.attempts, 'try', 'tries')}" if job.attempts > 1 else ""
    text = f"stopped at {ago(case.since, case.at)} because {job.name} failed{tries} ({failure.kind.value}: {told})"
    others = len(stuck) - 1
    if others:
        text += f", and {count(others, 'other job')} too"
    doubted = case.in_state(JobState.IN_DOUBT)
    if doubted:
        price = sum(one.price_micros for one in doubted)
        text += f"; a retry buys {count(len(doubted), 'job')} again for {money(price)} that may have been paid already"
    told = advice(job, failure)
    return Reason("you", f"{text}; what to do: {told}" if told else text, again, None)


def _stands(case: Case) -> Reason:
    """In work or queued: the suspended service, the running jobs, the next try or the turn it waits for."""
    suspended = _suspended(case)
    running = case.in_state(JobState.RUNNING)
    if running:
        return _runs(case, running)
    if case.task.paused is not None:
        text = f"is paused ({sanitize_screen(case.task.paused)}); nothing more of it starts until you say so"
        return Reason("you", text, f"videod resume {case.task.id}", None)
    if suspended is not None:
        return _waits(case, suspended)
    wait = case.task.waits
    if wait is not None and wait.cause is Cause.CHANNEL_FILE and (said := waiting(case.task)):
        return Reason("you", f"is {said}", None, None)
    ready = case.in_state(JobState.READY)
    retry = min(ready, key=lambda job: job.due_at, default=None)
    if retry is not None and retry.due_at > case.at:
        return _retries(case, retry)
    if case.task.status == Status.QUEUED:
        return _queued(case)
    if retry is not None:
        text = f"waits for a free place at {retry.service} since {ago(case.since, case.at)}"
        text += f"; {retry.name} is the next of {count(len(ready), 'ready job')}"
        return Reason(retry.service, text, f"videod cancel {case.task.id}", None)
    return Reason("videod", f"is {LABELS[case.task.status]} and about to go on", f"videod show {case.task.id}", None)


def _suspended(case: Case) -> Suspension | None:
    """What suspends all that this task could start now, or None."""
    ready = [job for job in case.in_state(JobState.READY) if job.due_at <= case.at]
    found = [_holding(case, job.service) for job in ready]
    return found[0] if found and all(one is not None for one in found) else None


def _holding(case: Case, service: str) -> Suspension | None:
    mine = [one for one in case.suspensions if one.holds(service, case.task.channel_id)]
    return mine[0] if mine else None


def _waits(case: Case, one: Suspension) -> Reason:
    name, command = wording.service_name(one.service), wording.resume_command(one)
    why = sanitize_screen(wording.explained(one)).rstrip(".")
    if one.cause is Cause.PERSON:
        what = one.channel_id or ("everything" if one.service == EVERY_SERVICE else name)
        return Reason("you", f"waits because {what} is paused ({why}); it resumes when you say so", command, None)
    if one.cause is Cause.DISK:
        return Reason("you", f"waits because {why}; it resumes automatically when there is space", None, None)
    text = f"waits for {name} ({why})"
    if one.until_ms is None:
        fix = "fix that, then restart videod or resume it yourself"
        return Reason(name, f"{text}; {fix}", command, None)
    then = ahead(one.until_ms, case.at)
    asks = "videod asks again" if one.cause is Cause.DOWN else "it resumes automatically"
    return Reason(name, f"{text}; {asks} at {then}", command, one.until_ms)


def _runs(case: Case, running: list[Job]) -> Reason:
    oldest = min(running, key=lambda job: job.started_at or case.at)
    names = ", ".join(job.name for job in running[:3]) + (f" and {len(running) - 3} more" if len(running) > 3 else "")
    verb = "runs" if len(running) == 1 else "run"
    text = f"is being worked on: {names} {verb} for {span(case.at - (oldest.started_at or case.at))}"
    waiting = sum(job.state in (JobState.WAITING, JobState.READY) and job.step != "cleanup" for job in case.jobs)
    text += f"; {count(waiting, 'more job follows', 'more jobs follow')}" if waiting else "; it is the last one"
    return Reason("videod", text, f"videod cancel {case.task.id}", None)


def _retries(case: Case, job: Job) -> Reason:
    told = ""
    if job.failure is not None:
        told = f" ({job.failure.kind.value}: {sanitize_screen(job.failure.message).rstrip('.')})"
    then = ahead(job.due_at, case.at)
    which = f"retry {job.attempts} of {case.waits}" if job.attempts else "the next try"
    text = f"waits for {which} of {job.name} at {job.service}, at {then}{told}; videod does that by itself"
    return Reason(job.service, text, f"videod cancel {case.task.id}", job.due_at)


def _queued(case: Case) -> Reason:
    before, channel = case.ahead, case.task.channel_id
    place = (
        f"{count(before.queued, 'episode')} of {channel} before it" if before.queued else f"it is the next of {channel}"
    )
    text = (
        f"waits for its turn since {ago(case.since, case.at)}: {place}, {before.in_work} in work; it starts as soon as"
        " a place is free, and Priority High on the board moves it up"
    )
    return Reason("its turn", text, f"videod cancel {case.task.id}", None)
