"""What stands for the scripts: a child takes its latency, says what it bought, succeeds. Nothing is made but plans."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

from videod.core.step import Expectation
from videod.core.tables import STEPS
from videod.ports import Artefact, Spawn
from videod.simulation.latency import Latencies


class SimulatedChild:
    """One script that works for `seconds` and prints `before` at startup, `after` at its end. Implements Child."""

    pid = 0

    def __init__(self, seconds: float, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        self._seconds = seconds
        self._before = before
        self._after = after
        self._code = 0

    async def lines(self) -> AsyncIterator[str]:
        for line in self._before:
            yield line
        await asyncio.sleep(self._seconds)
        for line in self._after:
            yield line

    async def wait(self) -> int:
        return self._code

    async def kill(self, grace_s: float) -> None:
        self._code = -15

    def stderr_tail(self) -> str:
        return ""


def _line(event: str, **values: object) -> str:
    return json.dumps({"type": event, **values})


class SimulatedLauncher:
    """Starts simulated children; `plan(clips, images)` gives the text of a plan.

    A job is known by its spawn's label, "task-id step/key".
    """

    def __init__(self, latencies: Latencies, plan: Callable[[int, int], str]) -> None:
        self._latencies = latencies
        self._plan = plan

    async def start(self, spawn: Spawn) -> SimulatedChild:
        task_id, job = spawn.label.split(" ", 1)
        step = STEPS[job.split("/", 1)[0]]
        after: tuple[str, ...] = ()
        before: tuple[str, ...] = ()
        if step.name == "plan":
            self._write_plan(spawn.argv)
        if step.fetchable:
            before = (_line("submitted", remote_id=spawn.label),)
        if step.paid:
            # without a sum: the ledger takes the price of the settings
            after = (_line("charged", kind=step.name, quantity=1, unit="piece", usd=None),)
        if step.name == "upload":
            after = (_line("result", video_id="simulated", url="https://youtu.be/simulated"),)
        return SimulatedChild(self._latencies.of(task_id, job), before, after)

    def _write_plan(self, argv: tuple[str, ...]) -> None:
        given = dict(pairwise(argv))
        Path(given["--output"]).write_text(self._plan(int(given["--clips"]), int(given["--images"])))


class SimulatedInspector:
    """Takes every output as made. Implements Inspector."""

    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        return Artefact(1, hashlib.sha256(path.name.encode()).hexdigest())
