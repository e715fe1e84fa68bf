"""How often something took how long, counted by upper edges as Prometheus shows it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Histogram:
    """`counts[i]` times it took at most `edges_s[i]` and more than the edge before; the last count has the rest."""

    name: str
    about: str
    edges_s: Sequence[float]
    counts: list[int] = field(default_factory=list)
    sum_s: float = 0.0

    def __post_init__(self) -> None:
        self.counts = self.counts or [0] * (len(self.edges_s) + 1)

    def note(self, seconds: float) -> None:
        self.counts[bisect_left(self.edges_s, seconds)] += 1
        self.sum_s += seconds


def of_loop() -> Histogram:
    """How late the event loop of a daemon is."""
    edges_s = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
    return Histogram("videod_loop_delay_seconds", "By how much the event loop was late.", edges_s)


def of_board() -> Histogram:
    """How long Notion takes to answer, without the wait for its pace. A call that failed counts as well."""
    edges_s = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
    return Histogram("videod_notion_call_seconds", "How long Notion took to answer a call.", edges_s)
