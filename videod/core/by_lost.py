"""A file that a job needs is missing, is another one or is of no use: whoever made it is sent back.

What costs nothing happens without a person: a free step runs again, a finished remote job is fetched once more. What
only money brings back stops with its price until a person decided; `derive.promote` holds the episode's other
spending meanwhile.
"""

from dataclasses import replace

from videod.core import board
from videod.core.events import InputLost, LostFile
from videod.core.failures import BAD_FILE, LOST_FILE, Failure, Kind
from videod.core.model import Job
from videod.core.ops import Alert, CloseAttempt
from videod.core.statuses import DONE, READY, JobState
from videod.core.step_parts import price_micros
from videod.core.tables import STEPS, step_of
from videod.core.transition import StaleEvent, Transition

#: so often in a row the inputs of one job are regenerated before a person is asked
REMAKES = 3


def input_lost(work: Transition, event: InputLost) -> Transition:
    """The attempt ends without a word of blame; its job waits until its inputs are there again."""
    job = work.job(event.job)
    if job is None or job.state != JobState.RUNNING or job.attempt != event.attempt:
        raise StaleEvent(f"{event.job}: attempt {event.attempt} is not the running one")
    remakes = 1 if job.again else job.attempts + 1
    waiting = replace(job, state=JobState.WAITING, attempts=remakes, again=False, failure=None, ended_at=event.at)
    work = work.adding(CloseAttempt(job.name, event.attempt, "input_lost"))
    if remakes > REMAKES:
        deeper = _made_from(work, event)
        if not deeper:
            return _given_up(work, waiting, event)
        event, waiting = replace(event, lost=(*event.lost, *deeper)), replace(waiting, attempts=0)
    work = work.with_job(waiting)
    names = []
    for one in event.lost:
        producer = work.job(one.job)
        if producer is not None and producer.state is DONE:
            names.append(producer.name)
            work = work.with_job(_sent_back(work, producer, one, job, event.at))
    jobs = tuple(
        replace(other, state=JobState.WAITING)
        if other.state is READY and not set(names).isdisjoint(other.needs) else other
        for other in work.jobs
    )  # fmt: skip
    return _asked(replace(work, jobs=jobs), names, event)


def _made_from(work: Transition, event: InputLost) -> tuple[LostFile, ...]:
    """What was paid for behind free files that come out useless each time: only another take of it can help."""
    found: dict[str, LostFile] = {}
    for one in event.lost:
        made = work.job(one.job)
        if made is None or not one.bad or STEPS[made.step].paid:
            continue
        why = f"is what {made.name} is made from, which {event.job} refused {REMAKES} times: {one.why}"
        for name in made.needs:
            needed = work.job(name)
            if needed is not None and needed.state is DONE and needed.step != "plan" and STEPS[needed.step].paid:
                found[name] = LostFile(name, why, bad=True)
    return tuple(found.values())


def asked_for(job: Job) -> bool:
    """Whether the episode is stopped for this job's file, which only money brings back."""
    return job.state == JobState.FAILED and job.failure is not None and job.failure.code in (LOST_FILE, BAD_FILE)


def new_take(job: Job, at: int) -> Job:
    """A job that was asked for, on its way to another file; the one that was lost is not waited for any more."""
    assert job.failure is not None
    revision = job.revision + (job.failure.code == LOST_FILE)
    return replace(
        job, state=JobState.WAITING, revision=revision, attempts=0, due_at=at, failure=None, bytes=None, sha256=None,
        facts={}, deaths=0,
    )  # fmt: skip


def _sent_back(work: Transition, job: Job, lost: LostFile, needed_by: Job, at: int) -> Job:
    again = replace(job, state=JobState.WAITING, attempts=0, due_at=at, failure=None, digest=None, buy_again=False)
    if not STEPS[job.step].paid:
        return replace(again, remote_id=None)
    if lost.fetchable and not lost.bad:
        return again
    said = f"{job.output} {lost.why}, but {needed_by.name} needs it"
    return stopped(work, job, said, at, BAD_FILE if lost.bad else LOST_FILE)


def stopped(work: Transition, job: Job, said: str, at: int, code: str) -> Job:
    """The job stopped with what making its file once more costs.

    One whose file is merely lost keeps its take, so that the same file may be put back; a file that is of no use, or
    an order that cannot be fetched, needs a take of its own.
    """
    price = price_micros(step_of(job), job.args, work.policy)
    failure = Failure(Kind.INPUT, said, service=job.service, code=code, at=at)
    job = replace(
        job, state=JobState.FAILED, attempts=0, due_at=at, ended_at=at, failure=failure, digest=None, remote_id=None,
        buy_again=False, reworded=False, again=False, price_micros=price,
    )  # fmt: skip
    return job if code == LOST_FILE else replace(job, revision=job.revision + 1, bytes=None, sha256=None, facts={})


def unfetchable(work: Transition, job: Job, failure: Failure, at: int) -> Job:
    """A finished order whose file is lost cannot be had once more: only another one brings it back."""
    return stopped(work, job, f"{job.output} is lost and cannot be fetched again: {failure.message}", at, BAD_FILE)


def _asked(work: Transition, names: list[str], event: InputLost) -> Transition:
    """The work with one question to people, however many files it is about."""
    failed = [job for job in work.jobs if job.name in names and job.state == JobState.FAILED]
    if not failed:
        return work
    first, total = failed[0], sum(job.price_micros for job in failed)
    assert first.failure is not None
    if len(failed) > 1:
        files = ", ".join(str(job.output) for job in failed[:5]) + (" ..." if len(failed) > 5 else "")
        failure = replace(first.failure, message=f"{len(failed)} files that were paid for are lost: {files}")
        first = replace(first, price_micros=total, failure=failure)
    assert first.failure is not None
    key = f"{work.task.id}:lost:{event.attempt}"
    return work.adding(Alert(key, board.alert(work.task, first, first.failure)))


def _given_up(work: Transition, job: Job, event: InputLost) -> Transition:
    """Something takes the files away, or makes them useless, as often as they are made: a person must look."""
    what = "; ".join(f"{one.job} {one.why}" for one in event.lost)
    said = f"its inputs were made again {REMAKES} times and are lost or useless each time: {what}"
    failure = Failure(Kind.INPUT, said, service=job.service, at=event.at)
    failed = replace(job, state=JobState.FAILED, attempts=0, failure=failure)
    alert = Alert(f"{work.task.id}:{job.name}:{event.attempt}", board.alert(work.task, failed, failure))
    return work.with_job(failed).adding(alert)
