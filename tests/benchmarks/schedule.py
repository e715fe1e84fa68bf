"""The order of work: makespan against its lower bound, and what a flooding channel does to small ones, in virtual time.

python -m tests.benchmarks.schedule [--seeds 4]

The real scheduler, ledger and database play each load; only the choice of the next job is exchanged for the two usual
ones: first in first out, and channels in turn job by job. Full episodes (22 images, 18 clips), the latencies of
`videod simulate` (clips 120-300 s, one in twenty up to 600 s), the default limits.
"""

import argparse
import statistics
from collections.abc import Callable, Iterable, Sequence
from unittest.mock import patch

from tests.simulation.plants import plant, policy
from videod.core.admission import Candidate, Occupancy, choose
from videod.core.model import Priority
from videod.simulation.latency import Latencies
from videod.simulation.log import EpisodeRun, Log
from videod.simulation.report import figures
from videod.simulation.run import Arrival, Plant, arrivals, simulate

Choice = Callable[[Iterable[Candidate], Occupancy], Candidate | None]
#: what issue and targets ask for
BOUND, SMALL_MIN, WEEK_P90_MIN = 1.02, 60.0, 120.0


def fifo(candidates: Iterable[Candidate], house: Occupancy) -> Candidate | None:
    return min(candidates, key=lambda one: (one.priority, one.queued_at, one.job_id), default=None)


def turns_by_job() -> Choice:
    """Channels in turn, job by job: whoever was served longest ago."""
    served: dict[str, int] = {}

    def chosen(candidates: Iterable[Candidate], house: Occupancy) -> Candidate | None:
        def rank(one: Candidate) -> tuple[int, ...]:
            return (one.priority, served.get(one.channel_id, 0), one.queued_at, one.job_id)

        found = min(candidates, key=rank, default=None)
        if found is not None:
            served[found.channel_id] = max(served.values(), default=0) + 1
        return found

    return chosen


def house(channels: Sequence[str], places: int = 20) -> Plant:
    return plant([policy(name, clips=18, images=22) for name in channels], places=places)


def play(load: Sequence[Arrival], channels: Sequence[str], seed: int, choice: Choice = choose, places: int = 20) -> Log:
    with patch("videod.flow.candidates.choose", choice):
        return simulate(house(channels, places), load, Latencies(seed))


def minutes(one: EpisodeRun) -> float:
    assert one.ended_at is not None, one
    return (one.ended_at - one.queued_at) / 60_000


def flood(seed: int, choice: Choice) -> tuple[float, float, float]:
    """Mean minutes of the nine small channels, of the flooding one, and of a High entry that comes after an hour."""
    small = [f"small_{number}" for number in range(9)]
    load = [*[Arrival(0, "flood")] * 20, *[Arrival(60, name) for name in small], Arrival(3600, "flood", Priority.HIGH)]
    log = play(load, ["flood", *small], seed, choice)
    high = [minutes(one) for one in log.episodes if one.priority == Priority.HIGH]
    rest = [one for one in log.episodes if one.priority != Priority.HIGH]
    return (
        statistics.mean(minutes(one) for one in rest if one.channel_id != "flood"),
        statistics.mean(minutes(one) for one in rest if one.channel_id == "flood"),
        high[0],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    channels = [f"channel_{number}" for number in range(10)]
    for episodes in (20, 100):
        found = figures(play(arrivals(episodes, "at-once", channels, 1), channels, 1))
        hours = found.makespan_ms / 3_600_000
        print(f"{episodes} episodes at once: {hours:.2f} h, {found.ratio:.3f} x lower bound (at most {BOUND})")
    week = play(arrivals(100, "week", channels, 1), channels, 1, places=2)
    spread = sorted(minutes(one) for one in week.episodes)
    p90 = spread[int(len(spread) * 0.9)]
    print(
        f"100 a week: p50 {statistics.median(spread):.1f} min, p90 {p90:.1f} min ({p90 / WEEK_P90_MIN:.2f} of allowed)"
    )
    print("one channel queues 20, nine queue one each a minute later, a High entry after an hour; mean minutes")
    print(f"{'choice':24} {'nine small':>10} {'flooding':>9} {'High':>6}   x videod (small)")
    rows: dict[str, tuple[float, float, float]] = {}
    for name, make in (
        ("videod", lambda: choose),
        ("first in first out", lambda: fifo),
        ("turns by job", turns_by_job),
    ):
        played = [flood(seed, make()) for seed in range(1, options.seeds + 1)]
        rows[name] = tuple(statistics.mean(column) for column in zip(*played, strict=True))  # type: ignore[assignment]
    for name, (small, flooding, high) in rows.items():
        print(f"{name:24} {small:10.1f} {flooding:9.1f} {high:6.1f}   {small / rows['videod'][0]:.2f}")
    print(f"videod's small channels: {rows['videod'][0] / SMALL_MIN:.2f} of the {SMALL_MIN:g} min allowed")


if __name__ == "__main__":
    main()
