"""Who may start next in one lane, as one transaction sees it: read once, then followed from claim to claim.

A claim of an episode in work changes nothing of the choice but which job of it is next; anything else (an admission,
another status) is read again.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from videod.core.admission import Candidate, Occupancy, choose, turns
from videod.core.model import Job, Task
from videod.core.statuses import READY, Status
from videod.store import candidate_queries, reads, uploads


@dataclass(frozen=True)
class InWorkLimits:
    """The limits over all lanes: episodes in work at once, in all and by channel."""

    max_in_work: int
    max_by_channel: Mapping[str, int]
    #: the channels that publish one film after another
    spaced: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Candidates:
    """The candidates of a service, by task, and what is in work beside them."""

    service: str
    ready: Mapping[str, Candidate]
    occupancy: Occupancy

    def choose(self) -> Candidate | None:
        """The job to start now, or None where none may."""
        return choose(self.ready.values(), self.occupancy)

    def after(self, claimed: Candidate, was: Status, task: Task, jobs: tuple[Job, ...], at: int) -> "Candidates | None":
        """The candidates now that `claimed` has started, `task` and `jobs` as they are since; None: read it again.

        `was`: the task's status before.
        """
        step, _, _ = claimed.job.partition("/")
        if not claimed.admitted or step == "plan" or task.status != was:
            return None
        following = next((job for job in jobs if _may_follow(job, self.service, at)), None)
        ready = dict(self.ready)
        if following is None:
            del ready[claimed.task_id]
        else:
            ready[claimed.task_id] = claimed._replace(job=following.name, job_id=following.id)
        return replace(self, ready=ready)


def _may_follow(job: Job, service: str, at: int) -> bool:
    return job.state == READY and job.service == service and job.due_at <= at and job.step != "plan"


def is_suspended(connection: sqlite3.Connection, service: str, at: int) -> bool:
    """Whether all of a service is suspended at `at`, ms: by a person, by a cause, by an open breaker or its probe."""
    return any(row.holds(service, "") for row in reads.suspensions(connection, at))


def candidates_of(
    connection: sqlite3.Connection, service: str, at: int, rules: InWorkLimits, aside: Collection[str] = (),
    cleared: Callable[[str, str], bool] = lambda channel_id, step: True,
) -> Candidates | None:  # fmt: skip
    """The candidates at `at`, ms, or None where no job waits to be started. Tasks in `aside` are left alone, and steps
    that are not `cleared` for their channel."""
    # a channel whose file is gone starts nothing until it is back
    ready = [
        one for one in candidate_queries.candidates(connection, service, at) if one.channel_id in rules.max_by_channel
    ]
    ready = [one for one in ready if one.task_id not in aside] if aside else ready
    ready = [one for one in ready if cleared(one.channel_id, one.job.partition("/")[0])]
    ready = [one for one in ready if _comes_first(connection, service, one, rules)]
    if not ready:
        return None
    work = candidate_queries.in_work(connection)
    by_channel = candidate_queries.work_by_channel(work)
    order = turns(work, candidate_queries.last_finished(connection, by_channel))
    occupancy = Occupancy(rules.max_in_work, rules.max_by_channel, by_channel, order)
    return Candidates(service, {one.task_id: one for one in ready}, occupancy)


def _comes_first(connection: sqlite3.Connection, service: str, one: Candidate, rules: InWorkLimits) -> bool:
    """Whether no other upload of a channel that spaces them is on its way; true of whatever is no such upload."""
    if one.channel_id not in rules.spaced or not one.job.startswith("upload/"):
        return True
    return uploads.under_way(connection, service, one.channel_id) in (None, one.task_id)
