"""A scheduler and workers in this process, and what a job needs of the daemon's side."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dask
from distributed import Scheduler, Worker

from tests.harness.patience import patience
from videod.adapters.cluster import orders, processes
from videod.adapters.cluster.dask_client import Helper, How
from videod.adapters.cluster.orders import SLOT, Told
from videod.adapters.cluster.room import Means, Room

#: in the place of a script of ours: it joins its inputs, counts its words, fails or sleeps on request
SCRIPT = """
import json, os, sys, time
asked = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print(json.dumps({"type": "progress", "done": 0.5, "message": "half of " + asked["--output"]}), flush=True)
time.sleep(float(asked.get("--sleep", 0)))
if "--fails" in asked:
    print("it cannot be done in " + os.getcwd(), file=sys.stderr)
    sys.exit(65)
data = b"".join(open(name, "rb").read() for name in asked["--inputs"].split(","))
with open(asked["--output"], "wb") as out:
    out.write(data + open(asked["--list"], "rb").read().replace(os.getcwd().encode(), b"HERE"))
with open(asked["--output"] + ".said.json", "w") as out:
    out.write("{}")
"""


@dataclass
class Side:
    """The daemon's side: what the helper told it."""

    helper: Helper = field(init=False)
    told: list[Mapping[str, object]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, message: Mapping[str, object]) -> None:
        self.told.append(message)
        self.news.set()

    async def until(self, kind: str, number: int | None = None) -> Mapping[str, object]:
        """The first message of that kind (about that job)."""
        async with patience():
            while True:
                for one in self.told:
                    if one["type"] == kind and number in (None, one.get("id")):
                        return one
                self.news.clear()
                await self.news.wait()

    async def end(self, number: int) -> Mapping[str, object]:
        """How that job ended: "ended" or "lost"."""
        async with patience():
            while True:
                for one in self.told:
                    if one["type"] in ("ended", "lost") and one.get("id") == number:
                        return one
                self.news.clear()
                await self.news.wait()

    async def workers(self, usable: int) -> Mapping[str, object]:
        """The cluster, once so many slots may be used."""
        async with patience():
            while True:
                states = [one for one in self.told if one["type"] == "cluster"]
                found = states[-1]["workers"] if states else []
                assert isinstance(found, list)
                if states and sum(one["usable"] for one in found) == usable:
                    return states[-1]
                self.news.clear()
                await self.news.wait()


@dataclass
class Rig:
    """`workers` by name; `folders`: theirs."""

    scheduler: Scheduler
    scripts: Path
    home: Path
    stack: AsyncExitStack
    workers: dict[str, Worker] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)

    async def worker(self, name: str, folder: Path, slots: int = 1, room: type[Room] = Room, **means: object) -> Worker:
        made = Means(folder, "ffmpeg", **means)  # type: ignore[arg-type]
        worker = Worker(
            self.scheduler.address, nthreads=slots, name=name, resources={SLOT: slots}, memory_limit=0,
            plugins=(room(made),), dashboard=False, dashboard_address="127.0.0.1:0",
            local_directory=str(folder / "dask"),
        )  # fmt: skip
        self.folders[name] = folder
        self.workers[name] = await self.stack.enter_async_context(worker)
        return worker

    async def side(self, life: str = "life", shared: str = "") -> Side:
        how = How(self.scheduler.address, "owner", str(self.scripts), shared=shared, life=life)
        side = Side()
        side.helper = Helper(how, side.hear)
        watching = asyncio.create_task(side.helper.connected())
        self.stack.push_async_callback(_over, watching)
        return side

    def told(self, number: int, inputs: Mapping[str, bytes], *more: str, output: str = "cuts/a.mov") -> Told:
        """A job that joins its inputs."""
        paths = {self.home / name: data for name, data in inputs.items()}
        for path, data in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        listed, out = self.home / "plan/list.json", self.home / output
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text(f"[{self.home}/videos/x]")
        argv = ["python", str(self.scripts / "join.py"), "--inputs", ",".join(map(str, paths)), "--list", str(listed)]
        digests = {str(path): hashlib.sha256(data).hexdigest() for path, data in paths.items()}
        return Told(
            number, "t1 cut/a", [*argv, "--output", str(out), *more], {"LANG": "C.UTF-8", "SECRET": "x"},
            str(self.home), 0, [str(out.parent)], digests, [], [str(listed)], str(out), [f"{out}.said.json"],
        )  # fmt: skip


async def _over(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def rigged(folder: Path) -> AsyncIterator[Rig]:
    """Scripts of the test's own take the place of ours: see `orders.scripts`."""
    scripts, home = folder / "scripts", folder / "state" / "workspaces" / "wild" / "t1"
    for one in (scripts, home):
        one.mkdir(parents=True)
    (scripts / "join.py").write_text(SCRIPT)
    with dask.config.set(processes.RULES):
        async with AsyncExitStack() as stack:
            scheduler = Scheduler(
                protocol="tcp", host="127.0.0.1", port=0, dashboard=False, dashboard_address="127.0.0.1:0"
            )  # fmt: skip
            await stack.enter_async_context(scheduler)
            yield Rig(scheduler, scripts, home, stack)


def same_scripts(scripts: Path) -> None:
    """Forget what was found out of other scripts."""
    orders.version.cache_clear()
