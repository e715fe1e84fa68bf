"""How deep the queue of each channel is, and what else of it is open (FR16)."""

from collections.abc import Iterable
from dataclasses import dataclass

from videod.core.statuses import PHASES, Phase
from videod.store.views import Episode


@dataclass(frozen=True)
class Depth:
    """Open episodes of a channel; `oldest`: since when the first of the queued ones waits, ms."""

    channel_id: str
    queued: int
    in_work: int
    reviews: int
    stopped: int
    oldest: int | None


def depths(episodes: Iterable[Episode]) -> tuple[Depth, ...]:
    """The channels with open episodes, the deepest queue first."""
    by_channel: dict[str, list[Episode]] = {}
    for one in episodes:
        by_channel.setdefault(one.task.channel_id, []).append(one)
    found = [_depth(channel_id, rows) for channel_id, rows in by_channel.items()]
    return tuple(sorted(found, key=lambda one: (-one.queued, one.channel_id)))


def _depth(channel_id: str, rows: list[Episode]) -> Depth:
    phases = [PHASES[one.task.status] for one in rows]
    waiting = [one.task.queued_at for one in rows if PHASES[one.task.status] is Phase.QUEUED]
    return Depth(
        channel_id, queued=phases.count(Phase.QUEUED), in_work=phases.count(Phase.WORK),
        reviews=phases.count(Phase.REVIEW), stopped=phases.count(Phase.ERROR), oldest=min(waiting, default=None),
    )  # fmt: skip
