"""Peers whose workers are threads: huey, DBOS."""

import time
from abc import abstractmethod
from pathlib import Path

from tests.benchmarks.peers import own_ledger
from tests.benchmarks.peers.base import Peer
from tests.benchmarks.peers.own_ledger import SqliteLedger
from tests.benchmarks.work import Work


class ThreadPeer(Peer):
    """Keeps its ledger in a SQLite file beside its own."""

    def __init__(self, folder: Path, address: str | None, with_ledger: bool) -> None:
        super().__init__(folder, address, with_ledger)
        self.ledger = SqliteLedger(folder / "ledger.db") if with_ledger else None
        self.running: Work | None = None

    def note(self, step: own_ledger.Step) -> None:
        if self.ledger is not None:
            self.ledger.write(step)

    def run(self, service: str, name: str) -> None:
        """What every job of the workers does."""
        assert self.running is not None
        self.note(own_ledger.claimed(name))
        self.running.begin(name)
        seconds = self.running.seconds(name)
        if seconds:
            time.sleep(seconds)
        self.note(own_ledger.completed(name))
        for follow in self.running.end(name):
            self.put(*follow)

    @abstractmethod
    def put(self, service: str, name: str) -> None:
        """Put one job in for the workers, from any thread."""

    async def submit(self, service: str, name: str) -> None:
        self.put(service, name)
