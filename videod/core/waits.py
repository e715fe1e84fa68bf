"""What an episode waits for although nothing failed: one sentence for the board, from its jobs and what holds services.

A sentence changes only when its cause does: it names when something began or ends, never how long it still takes.
Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from videod.core.breaker import PROBE_WAITS_MS
from videod.core.model import Job, Task
from videod.core.ops import EVERY_SERVICE
from videod.core.sanitize import sanitize_line
from videod.core.statuses import AT_GATE, CLOSED, ERRORS, JobState, Status

#: a job that is due at most so long after what holds its service ends waits for that, ms
_BEHIND_MS = 5_000
#: so much of a reason is shown
_REASON_CHARACTERS = 200


class Hold(Protocol):
    """What holds a service ("*": every one), as `store.reads.Parked` has it. `since` ms, 0: unknown."""

    @property
    def service(self) -> str: ...
    @property
    def channel_id(self) -> str: ...
    @property
    def until_ms(self) -> int | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def since(self) -> int: ...
    def holds(self, service: str, channel_id: str) -> bool: ...


@dataclass(frozen=True)
class Wait:
    """`cause`: that of the hold, "channel_file" or "slot". `until_ms` where an end is known."""

    cause: str
    sentence: str
    until_ms: int | None = None


def waits_for(task: Task, jobs: Iterable[Job], holds: Iterable[Hold], configured: bool) -> Wait | None:
    """What all that the task could start waits for; None while it works, or where its status says it already.

    `jobs`: at least the ready and running ones. `configured`: whether the channel's file is there.
    """
    if task.status in CLOSED | ERRORS | frozenset(AT_GATE) or task.paused is not None or task.held:
        return None
    open_jobs = [job for job in jobs if job.step != "cleanup"]
    if any(job.state == JobState.RUNNING for job in open_jobs):
        return None
    if not configured:
        return Wait("channel_file", f"waiting for channels/{task.channel_id}.yaml: the file is missing; restore it")
    ready = [job for job in open_jobs if job.state == JobState.READY]
    standing = tuple(holds)
    held = [_holding(job, task.channel_id, standing) for job in ready]
    if held and held[0] is not None and all(held):
        return _sentence(held[0])
    free = [job for job, hold in zip(ready, held, strict=True) if hold is None and not job.failure]
    if free and len(free) == len(ready) and task.status != Status.QUEUED:
        return Wait("slot", f"waiting for a free slot at {free[0].service}")
    return None


def _holding(job: Job, channel_id: str, holds: tuple[Hold, ...]) -> Hold | None:
    for one in holds:
        ends = one.until_ms
        if one.holds(job.service, channel_id) and (ends is None or ends + _BEHIND_MS >= job.due_at):
            return one
    return None


def _sentence(hold: Hold) -> Wait:
    return Wait(hold.cause, _words(hold), hold.until_ms)


def _words(hold: Hold) -> str:
    service = "" if hold.service == EVERY_SERVICE else hold.service
    reason = sanitize_line(hold.reason).rstrip(".")[:_REASON_CHARACTERS]
    end = "" if hold.until_ms is None else f"; resumes at {clock(hold.until_ms)}"
    match hold.cause:
        case "person":
            return f"{service or 'all work'} is paused by you: {reason}"
        case "disk":
            return "waiting for disk space; videod resumes automatically when there is enough"
        case "down":
            since = f" since {clock(hold.since)}" if hold.since else ""
            every = PROBE_WAITS_MS[-1] // 60_000
            return (
                f"waiting for {service}: it has not answered{since}; videod asks again at least every {every} minutes"
            )
        case _:
            return f"waiting for {service or 'videod'}: {reason}{end}"


def clock(ms: int) -> str:
    """Such as "2026-11-21 14:02 UTC"."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
