"""The cluster in the daemon: who starts what may travel, how wide lanes are with it, what `status` says of it.

Nothing of it is loaded without `[cluster] address`. Lanes are as wide as this machine and the workers together.
"""

import asyncio
import hashlib
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from videod.adapters.cluster.launcher import Cluster, ClusterLauncher, Rules
from videod.adapters.cluster.orders import Reached
from videod.config import Settings
from videod.core.cluster import FACT
from videod.core.tables import STEPS
from videod.daemon import wiring
from videod.daemon.live_config import LiveConfig
from videod.flow.limits import Limit
from videod.flow.scheduler import Scheduler
from videod.ledger import Ledger
from videod.ports import Launcher

#: the services whose jobs may run on workers
TRAVEL = frozenset(step.service for step in STEPS.values() if step.travels)
#: what the cluster is like is written down this often at most, seconds
NOTE_S = 1.0
MISSING = "`[cluster] address` needs the extra `cluster`. Run `pip install 'videod[cluster]'`, then restart videod"


def installed() -> bool:
    return find_spec("distributed") is not None


@dataclass(frozen=True)
class FilmMaking:
    """`launcher` starts children here or there."""

    cluster: Cluster
    launcher: ClusterLauncher
    current: LiveConfig
    changed: asyncio.Event

    def limits(self) -> Mapping[str, Limit]:
        """The limits of every service, those of travelling steps as wide as the workers make them."""
        known = wiring.limits(self.current.settings)
        wide = {
            name: replace(limit, concurrency=self.launcher.room(name, limit.concurrency))
            for name, limit in known.items() if name in TRAVEL
        }  # fmt: skip
        return {**known, **wide}

    async def watch(self, ledger: Ledger, scheduler: Scheduler) -> None:
        """Keep the cluster in touch, lanes as wide as it is, and what it is like where `status` finds it."""
        async with asyncio.TaskGroup() as group:
            if installed():
                group.create_task(self.cluster.run(), name="cluster helper")
            group.create_task(self._follow(ledger, scheduler), name="cluster news")

    async def _follow(self, ledger: Ledger, scheduler: Scheduler) -> None:
        told = ""
        while True:
            self.changed.clear()
            await scheduler.adopt(self.limits())
            if (now := json.dumps(self.cluster.view.as_json())) != told:
                told = now
                await ledger.set_value(FACT, now)
            await asyncio.sleep(NOTE_S)
            await self.changed.wait()


def made(current: LiveConfig, state: Path, home: Launcher) -> FilmMaking:
    """Raises nothing: a cluster that cannot be used is said in `status`, and its jobs run here or wait."""
    settings = current.settings
    changed = asyncio.Event()
    cluster = Cluster(reached(settings, state), settings.cluster.when_lost == "wait", changed.set)
    if not installed():
        cluster.view = replace(cluster.view, problem=MISSING)

    def places(service: str) -> int:
        return wiring.limits(current.settings)[service].concurrency

    rules = Rules(settings.cluster.home, settings.cluster.when_lost == "wait", places)
    return FilmMaking(cluster, ClusterLauncher(home, cluster, rules), current, changed)


def reached(settings: Settings, state: Path) -> Reached:
    """How the settings say that the scheduler is reached; `owner` tells this installation from others there."""
    given = settings.cluster
    owner = hashlib.sha256(f"{socket.gethostname()}\0{state}".encode()).hexdigest()[:8]
    ca, cert, key, shared = (str(path) if path else "" for path in (given.ca, given.cert, given.key, given.shared))
    return Reached(given.address, owner, str(settings.paths.scripts.resolve()), ca, cert, key, shared)
