"""What every contender offers to the benchmarks: a queue to step through, and its own workers for whole loads."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.load import LIMITS, Film
from tests.benchmarks.work import Films, Work


class Peer(ABC):
    """One contender on a fresh store. `address` is that of an empty PostgreSQL database where it needs one."""

    #: where a poll sets the pace, fewer jobs tell the same rate in less time
    drain_jobs_max = 10_000
    #: how many single jobs are put into the idle queue to see how soon they start
    probes = 20
    #: how long it is quiet before each of them, seconds: where a poll sets the pace, as long as that
    quiet_s = (0.1, 0.3)

    def __init__(self, folder: Path, address: str | None, ledger: bool) -> None:
        self.folder = folder
        self.address = address
        self.keeps_ledger = ledger

    @abstractmethod
    async def open(self, finished: int) -> None:
        """Make the store with so many finished jobs in it."""

    @abstractmethod
    async def enqueue(self, name: str) -> None:
        """Put one job in, durably."""

    async def wait_with(self, queued: int) -> None:
        """Let so many jobs wait."""
        for number in range(queued):
            await self.enqueue(f"waiting-{number}")

    @abstractmethod
    async def claim(self) -> tuple[str, object]:
        """Take the next job, durably: its name and what `complete` needs."""

    @abstractmethod
    async def complete(self, name: str, handle: object) -> None:
        """Say durably that it is done."""

    async def fill(self, names: Sequence[str]) -> Sequence[str]:
        """Put jobs that do nothing in for the workers, one by one; returns the names they go by."""
        for name in names:
            await self.submit("noop", name)
        return names

    @abstractmethod
    async def work(self, limits: Mapping[str, int], work: Work) -> None:
        """Start the peer's own workers: at most `limits[service]` jobs of a service at once. Returns when they run."""

    @abstractmethod
    async def submit(self, service: str, name: str) -> None:
        """Put one job in for the workers."""

    async def play(self, films: Sequence[Film], work: Films, scale: float) -> None:
        """Begin the episodes: workers of every service, then the first stage of each. Time is scaled down."""
        await self.work(LIMITS, work)
        for film in films:
            for service, name in film.stages[0]:
                await self.submit(service, name)

    async def close(self) -> None:  # noqa: B027 - most end with their process
        """End what would hold the process back."""
