"""Which ready job a service lane takes next.

High before Normal before Low. Within a priority, episodes that are in work come first, the oldest first, so that what
was begun is finished (round robin per *job* was measured to finish everything late). Only where none of them can use
the slot a new episode is admitted: from the channel that has waited longest for an admission, first in first out
within it, never above the channel's own and the house's number of episodes in work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """One ready job and what the choice needs to know of its task. Times ms."""

    task_id: str
    job: str
    job_id: int
    channel_id: str
    priority: int
    admitted: bool
    queued_at: int
    started_at: int | None


@dataclass(frozen=True)
class House:
    """Limits and what is in work now: channel -> (episodes in work, start of the newest, ms)."""

    max_in_work: int
    max_by_channel: Mapping[str, int]
    in_work: Mapping[str, tuple[int, int]]


def _may_admit(candidate: Candidate, house: House) -> bool:
    running, _ = house.in_work.get(candidate.channel_id, (0, 0))
    total = sum(count for count, _ in house.in_work.values())
    return running < house.max_by_channel.get(candidate.channel_id, 1) and total < house.max_in_work


def choose(candidates: Iterable[Candidate], house: House) -> Candidate | None:
    """The job to start now, or None when no candidate may start."""

    def rank(candidate: Candidate) -> tuple[int, int, int, int, int]:
        if candidate.admitted:
            return (candidate.priority, 0, candidate.started_at or candidate.queued_at, 0, candidate.job_id)
        _, newest = house.in_work.get(candidate.channel_id, (0, 0))
        return (candidate.priority, 1, newest, candidate.queued_at, candidate.job_id)

    allowed = [one for one in candidates if one.admitted or _may_admit(one, house)]
    return min(allowed, key=rank, default=None)
