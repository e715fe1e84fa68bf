"""Whole runners: jobs that do nothing, eight at a time, and episodes with the usual latencies scaled down.

python -m tests.benchmarks.drain [--rounds 3] [--jobs 500] [--films 8] [--scale 400 100]

Every contender works with its own workers, in one process. For videod a double of the launcher ends every script at
once (or after its latency): no process is started, so that the engine itself is measured; scheduler, runner, ledger
and database are the real ones, in real time. Pick-up: a single job put into an idle queue until it starts.

Episodes: plan, 22 images, 18 pictures, 18 clips, 36 sounds, 18 cuts, film, upload, with the limits of videod.toml and
no reviews. On the peers a straightforward pipeline makes them, stage after stage, each stage's jobs all at once; the
seed's design makes three at a time, step by step. Polls are set short or scaled, so that they do not count 400-fold.
"""

import argparse
from collections.abc import Mapping, Sequence

from tests.benchmarks.contest import Arena, Contestant, arena
from tests.benchmarks.engine import policy
from tests.benchmarks.figures import machine, median, ms, quantile, table, times
from tests.benchmarks.load import LIMITS
from videod.flow.candidates import InWorkLimits
from videod.flow.limits import Limit
from videod.simulation.latency import Latencies
from videod.simulation.lower_bound import lower_bound
from videod.simulation.run import Arrival, Plant, simulate

WITH_WORKERS = ("huey", "DBOS", "procrastinate", "pgqueuer", "seed's design")

Runs = dict[Contestant, list[dict[str, object]]]


def _number(run: Mapping[str, object], name: str) -> float:
    return float(str(run[name]))


def no_ops(place: Arena, rounds: int, jobs: int) -> Runs:
    taken: Runs = {}
    names = place.may(WITH_WORKERS)
    everyone = [Contestant("videod"), *(Contestant(name, ledger) for ledger in (False, True) for name in names)]
    for number in range(rounds):
        for who in everyone[number % len(everyone) :] + everyone[: number % len(everyone)]:
            probes = number == 0 and not who.ledger
            run = place.once("drain", who, jobs=jobs, **({"probes": True} if probes else {}))
            if run is not None:
                taken.setdefault(who, []).append(run)
    return taken


def show_no_ops(taken: Runs) -> str:
    ours = [_number(run, "drain") for run in taken[Contestant("videod")]]
    rows = []
    for who, runs in taken.items():
        rates = [_number(run, "drain") for run in runs]
        waits = [value for run in runs for value in run["pickup"]]  # type: ignore[attr-defined]
        twice = sum(int(_number(run, "twice")) for run in runs)
        rows.append([
            who.label, f"{median([_number(run, 'enqueue') for run in runs]):,.0f}", f"{median(rates):,.0f}",
            times(median([own / theirs for own, theirs in zip(ours, rates, strict=False)])),
            f"{ms(median(waits))} / {ms(quantile(waits, 0.99))}" if waits else "",
            ms(median([_number(run, "cpu") for run in runs])), f"{median([_number(run, 'rss') for run in runs]):.0f}",
            f"{twice} jobs ran twice" if twice else "",
        ])  # fmt: skip
    head = ["", "put in /s", "done /s", "videod is faster by", "pick-up p50 / p99 ms", "CPU ms/job", "RSS MiB", ""]
    return table(head, rows)


def bound_s(films: int, scale: float) -> float:
    """The lower bound of the load, by the simulation's own reckoning, scaled."""
    channel = policy("channel_0")
    limits = {service: Limit(most) for service, most in LIMITS.items()}
    plant = Plant({"channel_0": channel}, limits, InWorkLimits(1000, {"channel_0": 1000}))
    return lower_bound(simulate(plant, [Arrival(0.0, "channel_0")] * films, Latencies(1))) / 1000 / scale


def episodes(place: Arena, films: int, scale: float) -> Runs:
    taken: Runs = {}
    for name in ("videod", *place.may(WITH_WORKERS)):
        run = place.once("films", Contestant(name), films=films, scale=scale)
        if run is not None:
            taken[Contestant(name)] = [run]
    return taken


def show_episodes(taken: Runs, bound: float) -> str:
    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    (ours,) = taken[Contestant("videod")]
    rows = []
    for who, runs in taken.items():
        took = mean([_number(run, "took") for run in runs])
        rows.append([
            who.label, f"{took:.2f}", times(took / bound), times(took / _number(ours, "took")),
            *(f"{mean([_number(run, name) for run in runs]):.2f}" for name in ("first", "mean", "cpu")),
            f"{mean([_number(run, 'rss') for run in runs]):.0f}",
        ])  # fmt: skip
    times_s = ["all done s", "of the lower bound", "videod is faster by", "first film s", "mean film s"]
    head = ["", *times_s, "CPU s", "RSS MiB"]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--films", type=int, default=8)
    parser.add_argument("--scale", type=float, nargs="+", default=[400.0], help="one table for each (default 400)")
    options = parser.parse_args()
    print(f"{machine()}\n")
    with arena() as place:
        print(f"{options.jobs} jobs that do nothing, eight at a time:", end="\n\n")
        print(show_no_ops(no_ops(place, options.rounds, options.jobs)), end="\n\n")
        for scale in options.scale:
            bound = bound_s(options.films, scale)
            print(f"{options.films} episodes, latencies divided by {scale:g}; lower bound {bound:.2f} s:", end="\n\n")
            print(show_episodes(episodes(place, options.films, scale), bound), end="\n\n")
        place.say_missing()


if __name__ == "__main__":
    main()
