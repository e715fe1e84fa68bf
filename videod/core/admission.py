"""Which ready job a service lane takes next.

High before Normal before Low. Within a priority, episodes that are in work come first, so that what was begun is
finished (round robin per *job* was measured to finish everything late). Among them channels take turns: each has one
foremost episode, its turn begins when that one started or, if later, when the channel's last film was finished, and
the oldest turn goes first. So a channel with twenty entries gets one film for one of every other channel's, however
many of its episodes are in work; where only its own can use a slot they all do. Only where no episode in work can use
the slot a new one is admitted: from the channel that has waited longest for an admission, first in first out within
it, never above the channel's own and the occupancy's number of episodes in work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from videod.core.statuses import AT_GATE, CLOSED, ERRORS, Status

#: an episode that waits for a review or for a person to fix it takes no place: a night without approvals must not
#: stop the channel
HOLDS_NO_PLACE: frozenset[Status] = CLOSED | ERRORS | frozenset(AT_GATE)


class Candidate(NamedTuple):
    """One ready job and what the choice needs to know of its task. Times ms."""

    task_id: str
    job: str
    job_id: int
    channel_id: str
    priority: int
    admitted: bool
    queued_at: int
    started_at: int | None


class InWork(NamedTuple):
    """An episode that holds a place. Times ms."""

    task_id: str
    channel_id: str
    priority: int
    started_at: int


@dataclass(frozen=True)
class Occupancy:
    """Limits and what is in work now: channel -> (episodes in work, start of the newest, ms); `turns` by task."""

    max_in_work: int
    max_by_channel: Mapping[str, int]
    in_work: Mapping[str, tuple[int, int]]
    turns: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def turns(in_work: Iterable[InWork], finished: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """task -> (how many of its channel's episodes go before it, start of its turn, ms); the lower the sooner.

    `finished`: channel -> end of its last film, ms.
    """
    places: dict[str, tuple[int, int]] = {}
    before: dict[str, int] = {}
    for one in sorted(in_work, key=lambda row: (row.priority, row.started_at, row.task_id)):
        position = before.get(one.channel_id, 0)
        before[one.channel_id] = position + 1
        places[one.task_id] = (position, max(one.started_at, finished.get(one.channel_id, 0)))
    return places


def _may_admit(candidate: Candidate, occupancy: Occupancy) -> bool:
    running, _ = occupancy.in_work.get(candidate.channel_id, (0, 0))
    total = sum(count for count, _ in occupancy.in_work.values())
    return running < occupancy.max_by_channel.get(candidate.channel_id, 1) and total < occupancy.max_in_work


def choose(candidates: Iterable[Candidate], occupancy: Occupancy) -> Candidate | None:
    """The job to start now, or None when no candidate may start."""

    def rank(candidate: Candidate) -> tuple[int, ...]:
        started = candidate.started_at or candidate.queued_at
        if candidate.admitted:
            position, turn = occupancy.turns.get(candidate.task_id, (0, started))
            return (candidate.priority, 0, position, turn, started, candidate.job_id)
        _, newest = occupancy.in_work.get(candidate.channel_id, (0, 0))
        return (candidate.priority, 1, 0, newest, candidate.queued_at, candidate.job_id)

    allowed = [one for one in candidates if one.admitted or _may_admit(one, occupancy)]
    return min(allowed, key=rank, default=None)
