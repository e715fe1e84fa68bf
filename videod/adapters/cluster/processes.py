"""The scheduler and a worker as `videod cluster` runs them: with the rules that keep one job one job."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dask
from distributed import Scheduler, Worker
from distributed.security import Security

from videod.adapters.cluster.orders import SLOT, version
from videod.adapters.cluster.room import Means, Room

log = logging.getLogger(__name__)
# it says each question that is asked of a worker
logging.getLogger("distributed").setLevel(logging.WARNING)

#: a worker that lost its scheduler tries again after so long, seconds
AGAIN_S = 3.0
#: Dask must run nothing a second time, steal nothing, and drop who is silent
RULES = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.worker-ttl": "30s",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.comm.timeouts.connect": "15s",
    "distributed.comm.retry.count": 0,
    "distributed.admin.system-monitor.interval": "5s",
}


@dataclass(frozen=True)
class Papers:
    """The certificates of a side, by their files."""

    ca: Path
    cert: Path
    key: Path

    def security(self, role: str) -> Security:
        own = {f"tls_{role}_cert": str(self.cert), f"tls_{role}_key": str(self.key)}
        # a worker speaks with workers and the scheduler, the scheduler with workers: each is a client there as well
        own |= {"tls_client_cert": str(self.cert), "tls_client_key": str(self.key)}
        return Security(tls_ca_file=str(self.ca), require_encryption=True, **own)


@dataclass(frozen=True)
class Listening:
    """Where a worker listens; `contact`: the address by which the scheduler reaches it, "" for that one."""

    host: str = ""
    port: int = 0
    contact: str = ""


async def scheduler(host: str, port: int, papers: Papers | None, ready: Callable[[str], None]) -> None:
    """Run a scheduler until cancelled. Raises OSError where the port is taken."""
    dask.config.set(RULES)
    made = Scheduler(
        protocol="tls" if papers else "tcp", host=host, port=port, dashboard=False,
        dashboard_address="127.0.0.1:0", security=papers.security("scheduler") if papers else None,
    )  # fmt: skip
    async with made:
        ready(made.address)
        await made.finished()


async def worker(
    address: str, name: str, slots: int, means: Means, papers: Papers | None, at: Listening,
    ready: Callable[[str], None],
) -> None:  # fmt: skip
    """Run a worker until cancelled; while there is no scheduler it tries again."""
    dask.config.set(RULES)
    version()  # once, before anybody waits for it
    waiting = False
    while True:
        made = Worker(
            address, nthreads=slots, name=name or socket.gethostname(), resources={SLOT: slots}, memory_limit=0,
            protocol="tls" if papers else "tcp", host=at.host or None, port=at.port, plugins=(Room(means),),
            contact_address=at.contact or None, dashboard=False, local_directory=str(means.folder / "dask"),
            security=papers.security("worker") if papers else None, death_timeout=30,
        )  # fmt: skip
        try:
            async with made:
                ready(made.address)
                waiting = False
                await made.finished()
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            if not waiting:
                log.warning("cluster_worker_waits", extra={"error": str(error)[:300]})
            waiting = True
        finally:
            with suppress(Exception):
                await made.close(timeout=2)
        await asyncio.sleep(AGAIN_S)
