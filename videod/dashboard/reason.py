"""Why an episode stands where it stands: one sentence with whom it waits for, since when, what comes next. Pure."""

from dataclasses import dataclass

from videod.core import wording
from videod.core.advice import advice
from videod.core.board import pending_cost_micros
from videod.core.model import Job, Task
from videod.core.outlook import Awaited, Wait, awaited
from videod.core.sanitize import sanitize_screen
from videod.core.statuses import AT_GATE, LABELS, Gate, JobState, Status
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.core.tables import REVIEWED, STEPS
from videod.dashboard.text import ago, ahead, count, money, span
from videod.store.in_full import Ahead


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
    configured: bool = True

    def in_state(self, state: JobState) -> list[Job]:
        return [job for job in self.jobs if job.state == state and job.step != "cleanup"]


@dataclass(frozen=True)
class Reason:
    """`waits_for`: "you", a service, "videod", "its turn" or "nobody"; `next_at` ms where a time is known."""

    waits_for: str
    sentence: str
    command: str | None
    next_at: int | None


REVIEWS = {
    Gate.STORY: "the story",
    Gate.ASSETS: "the assets",
    Gate.VIDEO: "the clips",
    Gate.AUDIO: "the audio",
    Gate.FINAL: "the film",
}


def why(case: Case) -> Reason:
    """The one sentence. Every status and every mix of job states has an answer."""
    wait = awaited(case.task, case.jobs, case.suspensions, case.configured, case.at)
    reason = _words(case, wait)
    if case.alive or wait.what in _NOT_VIDEOD:
        return reason
    text = f"waits because videod is not running. Apart from that it {reason.sentence}"
    return Reason("videod", text, "videod run", None)


#: what a person does whether videod runs or not
_NOT_VIDEOD = (Awaited.NOBODY, Awaited.QUEUED, Awaited.REVIEW, Awaited.DECISION)


def _words(case: Case, wait: Wait) -> Reason:
    match wait.what:
        case Awaited.NOBODY | Awaited.QUEUED:
            return _closed(case)
        case Awaited.REVIEW:
            return _review(case)
        case Awaited.DECISION:
            return _error(case, wait)
        case Awaited.WORK:
            return _runs(case, case.in_state(JobState.RUNNING))
        case Awaited.RESUME:
            pause = sanitize_screen(case.task.paused or "")
            text = f"is paused ({pause}), and nothing more of it starts until you resume it"
            return Reason("you", text, f"videod resume {case.task.id}", None)
        case Awaited.SUSPENSION:
            assert wait.suspension is not None
            return _suspended(case, wait.suspension)
        case Awaited.RETRY:
            assert wait.job is not None
            return _retries(case, wait.job)
        case Awaited.TURN:
            return _queued(case)
        case Awaited.SLOT:
            assert wait.job is not None
            return _slot(case, wait.job)
        case Awaited.NEXT:
            text = f"is {LABELS[case.task.status]} and about to continue"
            return Reason("videod", text, f"videod show {case.task.id}", None)


def _closed(case: Case) -> Reason:
    task = case.task
    if task.status == Status.PUBLISHED:
        since = ago(task.ended_at or case.since, case.at)
        return Reason("nobody", f"was published at {task.youtube_url} {since}, and nothing is left to do", None, None)
    if task.status == Status.CANCELLED:
        text = f"was cancelled at {ago(case.since, case.at)}, and nothing happens until it is queued again"
        return Reason("you", text, f"videod retry {task.id}", None)
    return Reason("you", "is a draft. Set Queued on the board to start it", None, None)


def _review(case: Case) -> Reason:
    gate = AT_GATE[case.task.status]
    cost = pending_cost_micros(case.jobs, gate)
    price = f"approving it costs about {money(cost)}" if cost else "approving it costs nothing"
    text = f"waits for your review of {REVIEWS[gate]} since {ago(case.since, case.at)}"
    return Reason("you", f"{text}: {price} and {_then(case, gate)}", f"videod approve {case.task.id}", None)


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


def _error(case: Case, wait: Wait) -> Reason:
    stuck, job = case.in_state(JobState.FAILED) + case.in_state(JobState.IN_DOUBT), wait.job
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
        text += f". A retry buys {count(len(doubted), 'job')} again for {money(price)} that may have been paid already"
    told = advice(job, failure)
    return Reason("you", f"{text}. What to do: {told}" if told else text, again, None)


def _slot(case: Case, job: Job) -> Reason:
    text = f"waits for a free slot at {job.service} since {ago(case.since, case.at)}"
    text += f", and {job.name} is the next of {count(len(case.in_state(JobState.READY)), 'ready job')}"
    return Reason(job.service, text, f"videod cancel {case.task.id}", None)


def _suspended(case: Case, one: Suspension) -> Reason:
    if one.cause is Cause.CHANNEL_FILE:
        return Reason("you", f"is {wording.waiting(one)}", None, None)
    name, command = wording.service_name(one.service), wording.resume_command(one)
    why = sanitize_screen(wording.explained(one)).rstrip(".")
    if one.cause is Cause.PERSON:
        what = one.channel_id or ("everything" if one.service == EVERY_SERVICE else name)
        return Reason("you", f"waits because {what} is paused ({why}), until you resume it", command, None)
    if one.cause is Cause.SETTINGS:
        return Reason("you", f"waits until a setting is right: {wording.short(one)}. Then it resumes", None, None)
    if one.cause is Cause.CREDIT:
        return Reason("you", f"waits for money: {wording.top_up(one).rstrip('.')}", command, one.until_ms)
    if one.cause is Cause.DISK:
        return Reason("you", f"waits because {why}, and resumes automatically when there is space", None, None)
    text = f"waits for {name} ({why})"
    if one.until_ms is None:
        fix = "Fix that, then restart videod or resume it yourself"
        return Reason(name, f"{text}. {fix}", command, None)
    then = ahead(one.until_ms, case.at)
    asks = "videod asks again" if one.cause is Cause.DOWN else "it resumes automatically"
    return Reason(name, f"{text}, and {asks} at {then}", command, one.until_ms)


def _runs(case: Case, running: list[Job]) -> Reason:
    oldest = min(running, key=lambda job: job.started_at or case.at)
    names = ", ".join(job.name for job in running[:3]) + (f" and {len(running) - 3} more" if len(running) > 3 else "")
    verb = "runs" if len(running) == 1 else "run"
    text = f"is being worked on: {names} {verb} for {span(case.at - (oldest.started_at or case.at))}"
    waiting = sum(job.state in (JobState.WAITING, JobState.READY) and job.step != "cleanup" for job in case.jobs)
    text += f", and {count(waiting, 'more job follows', 'more jobs follow')}" if waiting else ", the last one"
    return Reason("videod", text, f"videod cancel {case.task.id}", None)


def _retries(case: Case, job: Job) -> Reason:
    told = ""
    if job.failure is not None:
        told = f" ({job.failure.kind.value}: {sanitize_screen(job.failure.message).rstrip('.')})"
    then = ahead(job.due_at, case.at)
    which = f"retry {job.attempts} of {case.waits}" if job.attempts else "the next try"
    text = f"waits for {which} of {job.name} at {job.service}, at {then}{told}, and videod retries automatically"
    return Reason(job.service, text, f"videod cancel {case.task.id}", job.due_at)


def _queued(case: Case) -> Reason:
    before, channel = case.ahead, case.task.channel_id
    place = (
        f"{count(before.queued, 'episode')} of {channel} before it" if before.queued else f"it is the next of {channel}"
    )
    text = (
        f"waits for its turn since {ago(case.since, case.at)}: {place}, {before.in_work} in work. It starts as soon as"
        " a slot is free, and Priority High on the board moves it up"
    )
    return Reason("its turn", text, f"videod cancel {case.task.id}", None)
