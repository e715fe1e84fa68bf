"""A purchase that the lost ledger had counted, and the older copy in its place had not: it is counted now."""

from dataclasses import replace

from videod.core import charges
from videod.core.events import PurchaseFound
from videod.core.model import Job
from videod.core.ops import CloseAttempt, RecordFound
from videod.core.statuses import JobState
from videod.core.transition import StaleEvent, Transition


def found(work: Transition, event: PurchaseFound) -> Transition:
    """Count it. Where the copy holds that very attempt as running, it ended long ago: whatever lies there is of a later
    one, which the job's next start looks at.

    Raises StaleEvent for a job that is not there, and for a sum that cannot be.
    """
    job = work.job(event.job)
    if job is None or not 0 < event.micros <= charges.ceiling(job.price_micros):
        raise StaleEvent(f"{event.job}: a purchase of {event.micros} is not believed")
    op = RecordFound(job.name, job.service, job.step, event.began, event.booked_at, event.micros, event.sure)
    task = work.task
    if event.sure:
        work = work.with_task(cost_micros=task.cost_micros + event.micros)
    else:  # it was bought once more since: the journal is written where that begins
        work = work.with_task(
            possible_micros=task.possible_micros + event.micros, possibly_paid_twice=task.possibly_paid_twice + 1
        )
    spent = event.micros if event.sure else 0
    after = replace(job, cost_micros=job.cost_micros + spent, charge_ref=event.reference or job.charge_ref)
    if job.state == JobState.RUNNING and job.started_at == event.began:
        work = work.adding(CloseAttempt(job.name, job.attempt, "outdated" if event.sure else "in_doubt"))
        after = _once_more(after, event.at)
    return work.with_job(after).adding(op)


def _once_more(job: Job, at: int) -> Job:
    state = JobState.WAITING if job.again else JobState.READY
    return replace(job, state=state, again=False, buy_again=False, failure=None, due_at=at, ended_at=at)
