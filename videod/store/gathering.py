"""What a decision may know of the books besides the task: money, quotas, the breaker, films like it."""

import sqlite3

from videod.core import services, spacing
from videod.core.breaker import GUARDED
from videod.core.events import Event, JobCharged, JobDied, JobFailed, JobStarted, JobSubmitted, JobSucceeded
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.ops import Snapshot
from videod.core.reconcile import NothingBought
from videod.core.spacing import Uploads
from videod.store import films, reads, uploads
from videod.store.calendar import calendar


def gathered(
    connection: sqlite3.Connection, event: Event, task: Task | None, jobs: tuple[Job, ...], channel: str,
    policy: ChannelPolicy | None,
) -> Snapshot:  # fmt: skip
    """The snapshot for `event`. What this event does not ask for is not looked up."""
    spent, today = 0, None
    if _buys(event, jobs):
        today = calendar(connection).day(event.at)
        spent = reads.spent_by_channel(connection, channel, today.begin)
    service, used = _service(event, jobs), 0
    if isinstance(event, JobStarted) and event.quota is not None and service is not None:
        account = services.account(service, policy.google_project if policy is not None else "")
        used = reads.quota_used(connection, account, event.quota.day)
    guard = reads.breaker(connection, service) if service in GUARDED else None
    charged = doubted = 0
    if isinstance(event, JobFailed | JobDied | JobCharged):
        charged = reads.charged_micros(connection, event.attempt)
    if isinstance(event, JobCharged | NothingBought):
        doubted = reads.in_doubt_micros(connection, event.attempt)
    same, last = films.repeated(connection, event, jobs, None if policy is None else policy.alike, channel)
    own = _uploads(connection, event, jobs, channel, policy)
    return Snapshot(task, jobs, policy, spent, guard, used, charged, doubted, same, last, today, own)


def _uploads(
    connection: sqlite3.Connection, event: Event, jobs: tuple[Job, ...], channel: str, policy: ChannelPolicy | None
) -> Uploads | None:  # fmt: skip
    """What the channel has uploaded, where it limits that and another upload wants to start."""
    if policy is None or not spacing.limited(policy) or not isinstance(event, JobStarted):
        return None
    job = next((one for one in jobs if one.name == event.job and one.step == "upload"), None)
    if job is None:
        return None
    return uploads.seen(connection, job.service, channel, event.task_id, event.at, policy.upload_spacing_ms)


def _buys(event: Event, jobs: tuple[Job, ...]) -> bool:
    """Whether the event would start a paid job, so that the channel's spending must be known."""
    return isinstance(event, JobStarted) and any(job.name == event.job and job.price_micros for job in jobs)


def _service(event: Event, jobs: tuple[Job, ...]) -> str | None:
    """The service of the job that the event is about, None where it is about none."""
    if not isinstance(event, JobStarted | JobSubmitted | JobCharged | JobSucceeded | JobFailed):
        return None
    return next((job.service for job in jobs if job.name == event.job), None)
