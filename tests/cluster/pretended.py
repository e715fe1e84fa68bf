"""A cluster whose helper is no process: tests say what it says."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from videod.adapters.cluster.launcher import Cluster
from videod.adapters.cluster.orders import Reached
from videod.ports import Child, Errand, Spawn


def errand_of() -> Errand:
    return Errand("ffmpeg", {}, (), (), Path("/w/cuts/a.mov"))


class Never:
    """A child at home that never ends."""

    pid = 1

    async def lines(self) -> AsyncIterator[str]:
        await asyncio.Event().wait()
        yield ""

    async def wait(self) -> int:
        await asyncio.Event().wait()
        return 0

    async def kill(self, grace_s: float) -> None:
        return None

    def stderr_tail(self) -> str:
        return ""


class Home:
    def __init__(self) -> None:
        self.started: list[str] = []

    async def start(self, spawn: Spawn) -> Child:
        self.started.append(spawn.label)
        return Never()


class Pretended:
    """`sent`: what the helper received. It places each job on the worker desk at once."""

    def __init__(self) -> None:
        self.home = Home()
        self.sent: list[Mapping[str, object]] = []
        self.desk = Cluster(Reached("tcp://127.0.0.1:1", "me", "/scripts"), False)
        self.desk._helper = self  # type: ignore[assignment]

    def send(self, message: Mapping[str, object]) -> None:
        self.sent.append(message)
        if message["do"] == "run":
            child = self.desk.children[int(str(message["id"]))]
            child.hear({"type": "placed", "worker": "desk", "address": "tcp://desk"})

    def end(self, why: str) -> str:
        return why

    async def has(self, slots: int) -> None:
        desk = {"name": "desk", "address": "tcp://desk", "slots": slots, "busy": 0, "usable": slots}
        await self.desk._take_in({"type": "cluster", "problem": "", "workers": [desk]})

    async def ended(self, number: int) -> None:
        await self._hear(number, {"type": "ended", "code": 0, "lines": [], "stderr": "", "cpu_ms": 5})

    async def lost(self, number: int, why: str) -> None:
        await self._hear(number, {"type": "lost", "why": why})

    async def _hear(self, number: int, message: Mapping[str, object]) -> None:
        child = self.desk.children[number]
        child.hear(message)
        await self.desk._forget(child)
