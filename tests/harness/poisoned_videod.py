"""`videod` with a daemon in which videod itself fails at chosen jobs; the whole program is real otherwise.

python -m tests.harness.poisoned_videod PLAN.json run --config videod.toml

PLAN.json: [{"slug": "poison-1", "step": "clip", "place": "COMMAND"}, ...]; `slug` begins the id of the poisoned
episode, `place` is a name of `Place`. A job that is poisoned for the start after a kill (RECOVERY) is kept waiting when
its file is there, which a file `PLAN.json.held-SLUG` says; with $POISON_RECOVERY set its inspection raises instead.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.harness.poison import BadTripError, Place
from videod.adapters.inspector import MediaInspector
from videod.adapters.process import ProcessLauncher
from videod.cli import main
from videod.core.events import JobCrashed, JobFailed, JobSetAside, JobSucceeded
from videod.flow.job_command import CommandBuilder
from videod.ledger import Ledger

HELD_S = 3600.0
#: where the file of a step's job lies in its workspace
FOLDERS = {
    "plan": "plan", "image": "assets/", "composite": "assets/composites", "clip": "videos", "narration": "audio",
    "sound_effect": "sfx", "cut": "cuts", "assemble": "", "upload": "upload",
}  # fmt: skip


class Poisons:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = {row["slug"]: (row["step"], Place[row["place"]]) for row in json.loads(path.read_text())}

    def _found(self, task: str) -> tuple[str, str, Place] | None:
        """Slug, step and place of this episode. The id of an episode is its slug and six digits."""
        slug = task.rsplit("-", 1)[0]
        return (slug, *self._known[slug]) if slug in self._known else None

    def meets(self, places: tuple[Place, ...], task: str, step: str) -> None:
        """Raise where this is the step of a poisoned episode, and one of `places` its place."""
        found = self._found(task)
        if found and found[1] == step and found[2] in places:
            print(json.dumps({"event": "poisoned", "slug": found[0], "place": found[2].name}), flush=True)
            raise BadTripError(f"poisoned while {found[2].value}")

    async def looks(self, path: Path) -> None:
        for part in path.parts:
            found = self._found(part)
            if found is None or not _is_of(path, part, found[1]):
                continue
            if found[2] == Place.RECOVERY and "POISON_RECOVERY" not in os.environ:
                Path(f"{self._path}.held-{found[0]}").touch()
                await asyncio.sleep(HELD_S)
            self.meets((Place.INSPECTOR, Place.RECOVERY), part, found[1])


def _is_of(path: Path, task: str, step: str) -> bool:
    inner = path.as_posix().split(f"/{task}/", 1)[-1]
    composite = inner.startswith(FOLDERS["composite"])
    if step in ("image", "composite"):
        return composite == (step == "composite") and inner.startswith(FOLDERS[step])
    return inner.startswith(f"{FOLDERS[step]}/") if FOLDERS[step] else "/" not in inner and inner.endswith(".mp4")


class PoisonedChild:
    """A script whose output cannot be listened to."""

    def __init__(self, child: Any, poisons: Poisons, task: str, step: str) -> None:
        self._child, self._poisons, self._task, self._step = child, poisons, task, step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._child, name)

    async def lines(self) -> AsyncIterator[str]:
        async for line in self._child.lines():
            self._poisons.meets((Place.LISTENER,), self._task, self._step)
            yield line
        self._poisons.meets((Place.LISTENER,), self._task, self._step)


def poison(poisons: Poisons) -> None:
    """Let the classes of the daemon fail where it is planned."""
    command, prepare, start = CommandBuilder.command, CommandBuilder.prepare, ProcessLauncher.start
    inspect, apply = MediaInspector.inspect, Ledger.apply

    def poisoned_command(self: CommandBuilder, task: Any, job: Any, jobs: Any) -> Any:
        poisons.meets((Place.COMMAND,), task.id, job.step)
        return command(self, task, job, jobs)

    def poisoned_prepare(self: CommandBuilder, task: Any, job: Any, made: Any) -> Any:
        poisons.meets((Place.PREPARE,), task.id, job.step)
        return prepare(self, task, job, made)

    async def poisoned_start(self: ProcessLauncher, spawn: Any) -> Any:
        task, job = spawn.label.split(" ")
        step = job.split("/")[0]
        poisons.meets((Place.LAUNCHER,), task, step)
        return PoisonedChild(await start(self, spawn), poisons, task, step)

    async def poisoned_inspect(self: MediaInspector, path: Path, makes: str, expected: Any) -> Any:
        await poisons.looks(path)
        return await inspect(self, path, makes, expected)

    async def poisoned_apply(self: Ledger, event: Any) -> Any:
        task, step = getattr(event, "task_id", ""), str(getattr(event, "job", "")).split("/")[0]
        if isinstance(event, JobSucceeded):
            poisons.meets((Place.OUTCOME, Place.BOOKING, Place.NOTHING_BOOKED), task, step)
        if isinstance(event, JobFailed | JobCrashed):
            poisons.meets((Place.BOOKING, Place.NOTHING_BOOKED), task, step)
        if isinstance(event, JobSetAside):
            poisons.meets((Place.NOTHING_BOOKED,), task, step)
        return await apply(self, event)

    for owner, name, made in (
        (CommandBuilder, "command", poisoned_command), (CommandBuilder, "prepare", poisoned_prepare),
        (ProcessLauncher, "start", poisoned_start), (MediaInspector, "inspect", poisoned_inspect),
        (Ledger, "apply", poisoned_apply),
    ):  # fmt: skip
        setattr(owner, name, made)


if __name__ == "__main__":
    poison(Poisons(Path(sys.argv[1])))
    sys.argv = ["videod", *sys.argv[2:]]
    main.main()
