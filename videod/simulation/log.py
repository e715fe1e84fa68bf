"""What happened in a simulation, as plain values: the only thing that figures are made from. Times ms UTC."""

from collections.abc import Mapping
from dataclasses import dataclass

from videod.core.model import Priority
from videod.core.statuses import Status


@dataclass(frozen=True)
class JobRun:
    """One job of an episode that ran: when it could have started, when it did, when its outcome was in the ledger.

    Cleaning up after a published film is no part of it.
    """

    task_id: str
    name: str
    step: str
    service: str
    needs: tuple[str, ...]
    ready_at: int
    started_at: int
    ended_at: int


@dataclass(frozen=True)
class EpisodeRun:
    """One entry: `started_at` when its first job started, `ended_at` when it was published (None: it never was)."""

    task_id: str
    channel_id: str
    priority: Priority
    queued_at: int
    started_at: int | None
    ended_at: int | None
    status: Status
    cost_micros: int
    error: str


@dataclass(frozen=True)
class Hold:
    """A service that was closed for a channel (all channels: "") because money or a quota was used up."""

    at: int
    until: int | None
    service: str
    channel_id: str
    reason: str


@dataclass(frozen=True)
class Log:
    """`slots`: service -> jobs at once. `quotas`: service -> jobs a day, where it has a limit."""

    episodes: tuple[EpisodeRun, ...]
    jobs: tuple[JobRun, ...]
    holds: tuple[Hold, ...]
    slots: Mapping[str, int]
    quotas: Mapping[str, int]
