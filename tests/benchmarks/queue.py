"""One step after the other: put a job in, claim one, complete it, each durable before the next.

python -m tests.benchmarks.queue [--rounds 8] [--cycles 50]

500 jobs wait for 10 channels beside 10,000 finished ones; one caller, synchronous=FULL or fsync everywhere. A claim of
videod is what its lane does: it chooses among all that may run (priority, episodes in work first, channels in turn,
limits, budget), reserves the price, opens an attempt, writes history and what the board has to be told. The peers
take the next row. In the second table they too keep that ledger, in plain SQL: on PostgreSQL (pgqueuer, seed's design)
in the transaction of the step itself, elsewhere in a transaction of its own, as one has to.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence

from tests.benchmarks.contest import NEEDS, Arena, Contestant, arena, stepping
from tests.benchmarks.figures import machine, median, ms, quantile, table, times

#: what each of them does less than a claim of videod, ledger aside
LESS = {
    "huey": "a claim deletes the row: a crash loses the job; priority, no fairness",
    "litequeue": "FIFO; a claimed job stays locked after a crash until somebody frees it",
    "persist-queue": "FIFO; one process",
    "DBOS": "priority and queue limits, no fairness",
    "procrastinate": "priority, no fairness",
    "pgqueuer": "priority and limits by entrypoint, no fairness",
    "seed's design": "first channel first; two workers may take one task",
    "videod": "",
}


def play(place: Arena, ledger: bool, rounds: int, cycles: int) -> dict[Contestant, list[dict[str, object]]]:
    everyone = [Contestant("videod"), *(Contestant(name, ledger) for name in place.may(list(NEEDS)))]
    taken: dict[Contestant, list[dict[str, object]]] = {}
    with stepping(place, everyone) as ready:
        order = list(ready)
        for who in order:
            ready[who](10)  # warm
        for number in range(rounds):
            for who in order[number % len(order) :] + order[: number % len(order)]:
                taken.setdefault(who, []).append(ready[who](cycles))
    return taken


def _all(rounds: Sequence[Mapping[str, object]], name: str) -> list[float]:
    values: list[float] = []
    for one in rounds:
        part = one[name]
        assert isinstance(part, list)
        values += part
    return values


def show(taken: Mapping[Contestant, Sequence[Mapping[str, object]]], cycles: int) -> str:
    def of(who: Contestant, value: Callable[[Mapping[str, object]], float]) -> list[float]:
        return [value(one) for one in taken[who]]

    ours = of(Contestant("videod"), lambda one: float(str(one["took"])))
    rows = []
    for who in sorted(taken, key=lambda one: median(of(one, lambda row: float(str(row["took"]))))):
        took = of(who, lambda one: float(str(one["took"])))
        claim = _all(taken[who], "claim")
        rows.append([
            who.label, f"{3 * cycles / median(took):,.0f}",
            times(median([theirs / own for theirs, own in zip(took, ours, strict=True)])),
            ms(median(_all(taken[who], "enqueue"))), f"{ms(median(claim))} / {ms(quantile(claim, 0.99))}",
            ms(median(_all(taken[who], "complete"))), ms(median(of(who, lambda one: float(str(one["cpu"])) / cycles))),
            LESS[who.name],
        ])  # fmt: skip
    head = ["", "steps/s", "videod is faster by", "enqueue ms", "claim p50 / p99 ms", "complete ms", "CPU ms/cycle",
            "does less"]  # fmt: skip
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--cycles", type=int, default=50)
    options = parser.parse_args()
    print(f"{machine()}\n")
    with arena() as place:
        for ledger in (False, True):
            print("With the same ledger kept:" if ledger else "As it comes:", end="\n\n")
            print(show(play(place, ledger, options.rounds, options.cycles), options.cycles), end="\n\n")
        place.say_missing()


if __name__ == "__main__":
    main()
