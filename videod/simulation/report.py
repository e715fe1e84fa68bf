"""From what happened to figures. Pure.

Minutes of an episode count from its arrival to its film. Percentiles are nearest-rank: a value that occurred.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from videod.core.statuses import Status
from videod.simulation.log import EpisodeRun, JobRun, Log
from videod.simulation.lower_bound import lower_bound

MINUTE_MS, DAY_MS = 60_000, 86_400_000
#: from this use on a service is what everything else waits for
BUSY = 0.85
#: an episode that waits longer than this for its first job waits for a place
PLACE_WAIT_MS = 10 * MINUTE_MS
#: and work of a service with a daily quota that waits longer than this waits for the next day
QUOTA_WAIT_MS = 60 * MINUTE_MS
#: columns of the chart over time
COLUMNS = 60


@dataclass(frozen=True)
class Spread:
    """Of some values in minutes. All 0 where there are none."""

    mean: float
    p50: float
    p90: float
    most: float


@dataclass(frozen=True)
class ServiceFigures:
    """`use`: busy slots of all slots, mean of the whole time. `at_most_a_day`: episodes that its slots and its daily
    quota would allow if they were always used."""

    service: str
    slots: int
    quota: int | None
    jobs: int
    use: float
    longest_queue: int
    wait: Spread
    at_most_a_day: float


@dataclass(frozen=True)
class ChannelFigures:
    channel_id: str
    episodes: int
    published: int
    minutes: Spread
    cost_micros: int


@dataclass(frozen=True)
class Figures:
    """`makespan_ms` from the first arrival to the last film; `ratio` of it to the bound that no scheduler beats."""

    episodes: int
    published: int
    stopped: tuple[tuple[str, str], ...]
    makespan_ms: int
    bound_ms: int
    ratio: float
    a_day: float
    minutes: Spread
    minutes_by_priority: tuple[tuple[str, Spread], ...]
    place: Spread
    cost_micros: int
    services: tuple[ServiceFigures, ...]
    channels: tuple[ChannelFigures, ...]
    holds: tuple[tuple[str, int, int], ...]
    bottleneck: str
    because: str
    use_over_time: tuple[float, ...]


def figures(log: Log) -> Figures:
    """Every figure of one simulation."""
    begin = min((one.queued_at for one in log.episodes), default=0)
    films = [one for one in log.episodes if one.ended_at is not None]
    last = max([begin, *(one.ended_at for one in films if one.ended_at), *(job.ended_at for job in log.jobs)])
    makespan, bound = last - begin, lower_bound(log)
    services = tuple(_service(log, name, begin, makespan) for name in log.slots)
    holds = _holds(log, last)
    place = spread((last if one.started_at is None else one.started_at) - one.queued_at for one in log.episodes)
    bottleneck, because = _bottleneck(services, holds, place)
    return Figures(
        episodes=len(log.episodes),
        published=len(films),
        stopped=tuple((one.task_id, one.error or one.status) for one in log.episodes if one.ended_at is None),
        makespan_ms=makespan,
        bound_ms=bound,
        ratio=makespan / bound if bound else 0.0,
        a_day=len(films) * DAY_MS / makespan if makespan else 0.0,
        minutes=_minutes(films),
        minutes_by_priority=_grouped(films, lambda one: one.priority.label),
        place=place,
        cost_micros=sum(one.cost_micros for one in log.episodes),
        services=services,
        channels=_channels(log.episodes),
        holds=holds,
        bottleneck=bottleneck,
        because=because,
        use_over_time=_over_time(log, max(services, key=lambda row: row.use).service, begin, makespan),
    )


def spread(values_ms: Iterable[int]) -> Spread:
    """The spread of durations, in minutes."""
    values = sorted(value / MINUTE_MS for value in values_ms)
    if not values:
        return Spread(0, 0, 0, 0)
    return Spread(sum(values) / len(values), _rank(values, 0.5), _rank(values, 0.9), values[-1])


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _minutes(films: Iterable[EpisodeRun]) -> Spread:
    return spread(one.ended_at - one.queued_at for one in films if one.ended_at is not None)


def _grouped(episodes: Iterable[EpisodeRun], key: Callable[[EpisodeRun], str]) -> tuple[tuple[str, Spread], ...]:
    groups: dict[str, list[EpisodeRun]] = defaultdict(list)
    for one in episodes:
        groups[key(one)].append(one)
    return tuple((name, _minutes(groups[name])) for name in sorted(groups))


def _channels(episodes: Sequence[EpisodeRun]) -> tuple[ChannelFigures, ...]:
    groups: dict[str, list[EpisodeRun]] = defaultdict(list)
    for one in episodes:
        groups[one.channel_id].append(one)
    return tuple(
        ChannelFigures(
            name, len(rows), sum(one.status == Status.PUBLISHED for one in rows), _minutes(rows),
            sum(one.cost_micros for one in rows),
        )
        for name, rows in sorted(groups.items())
    )  # fmt: skip


def _service(log: Log, name: str, begin: int, makespan: int) -> ServiceFigures:
    jobs = [job for job in log.jobs if job.service == name]
    slots, busy = log.slots[name], sum(job.ended_at - job.started_at for job in jobs)
    films = sum(one.ended_at is not None for one in log.episodes)
    quota = log.quotas.get(name)
    most = DAY_MS * slots * films / busy if busy else math.inf
    if quota is not None and jobs:
        most = min(most, quota * films / len(jobs))
    return ServiceFigures(
        service=name,
        slots=slots,
        quota=quota,
        jobs=len(jobs),
        use=busy / (slots * makespan) if makespan else 0.0,
        longest_queue=_longest_queue(jobs),
        wait=spread(job.started_at - job.ready_at for job in jobs),
        at_most_a_day=most,
    )


def _longest_queue(jobs: Sequence[JobRun]) -> int:
    """The most jobs that were ready and not started at one moment."""
    steps = sorted([(job.ready_at, 1) for job in jobs] + [(job.started_at, -1) for job in jobs])
    waiting = most = 0
    for _, change in steps:
        waiting += change
        most = max(most, waiting)
    return most


def _holds(log: Log, end: int) -> tuple[tuple[str, int, int], ...]:
    """(reason, how often, ms closed) of every reason why services were closed, the longest first."""
    times: dict[str, list[int]] = defaultdict(list)
    for hold in log.holds:
        if hold.until is not None and hold.until <= hold.at:
            continue
        times[hold.reason].append(max(0, (end if hold.until is None else min(hold.until, end)) - hold.at))
    found = ((reason, len(closed), sum(closed)) for reason, closed in times.items())
    return tuple(sorted(found, key=lambda row: (-row[2], row[0])))


def _bottleneck(
    services: Sequence[ServiceFigures], holds: Sequence[tuple[str, int, int]], place: Spread
) -> tuple[str, str]:
    """What everything waits for, and why this is said."""
    for row in services:
        if row.quota is not None and row.wait.p90 * MINUTE_MS > QUOTA_WAIT_MS:
            return "quota", f"{row.service} may do {row.quota} jobs a day (daily_quota), work waited for the next day"
    busiest = max(services, key=lambda row: row.use)
    if busiest.use >= BUSY:
        return busiest.service, f"its {busiest.slots} slots were busy {busiest.use:.0%} of the time"
    if holds:
        return "budget", f"{holds[0][0]}: {holds[0][1]} times, {holds[0][2] / 3_600_000:.1f} h in all"
    if place.mean * MINUTE_MS > PLACE_WAIT_MS:
        limits = "max_episodes_in_work, a channel's max_concurrent"
        return "places", f"episodes waited {place.mean:.0f} minutes on average for a place in work ({limits})"
    return "none", f"the busiest service, {busiest.service}, had {1 - busiest.use:.0%} of its slots to spare"


def _over_time(log: Log, service: str, begin: int, makespan: int) -> tuple[float, ...]:
    """Use of the service's slots in each of COLUMNS equal parts of the time, 0 to 1."""
    width = makespan / COLUMNS
    busy = [0.0] * COLUMNS
    for job in log.jobs if width else ():
        if job.service != service:
            continue
        start, end = job.started_at - begin, job.ended_at - begin
        for at in range(int(start / width), min(COLUMNS, int(end / width) + 1)):
            busy[at] += max(0.0, min(end, (at + 1) * width) - max(start, at * width))
    return tuple(min(1.0, value / (width * log.slots[service])) for value in busy) if width else ()
