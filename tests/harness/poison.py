"""A world in which videod itself fails at one episode's job, at one place of its way. All else is as it is.

The places: building its command, starting its script, listening to it, looking at its file, deciding what its outcome
means, writing the failure down as usual, and the start after a power cut while it ran. `BadTrip` is what is raised.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from tests.harness.scripts import InspectorDouble, LauncherDouble, ScriptDouble
from tests.harness.world import World
from videod.core.events import Event, JobCrashed, JobFailed, JobSetAside, JobSucceeded
from videod.core.model import Job, Task
from videod.core.step import Command, Expectation
from videod.core.tables import STEPS
from videod.flow.job_command import CommandBuilder, Recall
from videod.ledger import Applied, Ledger, Wakeups
from videod.ports import Artefact, Inspector, Launcher, Spawn


class Place(StrEnum):
    COMMAND = "building its command"
    PREPARE = "making its folders"
    LAUNCHER = "starting its script"
    LISTENER = "listening to its script"
    INSPECTOR = "looking at its file"
    OUTCOME = "deciding what its outcome means"
    BOOKING = "booking its failure"
    NOTHING_BOOKED = "booking anything of it"
    RECOVERY = "looking at what its end left"


class BadTripError(Exception):
    """What the poison raises."""


@dataclass
class Poison:
    """`title` is the poisoned episode's, `step` its step. `hits` counts; it works while `active`."""

    title: str
    step: str
    place: Place
    active: bool = True
    hits: int = 0

    def meets(self, place: Place, title: str, job: str) -> None:
        """Raise where this is the job and the place."""
        if self.active and place == self.place and title == self.title and job.split("/")[0] == self.step:
            self.hits += 1
            raise BadTripError(f"poisoned while {place.value}")


class PoisonedBench(CommandBuilder):
    poison: Poison

    def command(
        self, task: Task, job: Job, jobs: tuple[Job, ...], recall: Recall | None = None
    ) -> tuple[Command, str] | None:  # fmt: skip
        self.poison.meets(Place.COMMAND, task.title, job.name)
        return super().command(task, job, jobs, recall)

    def prepare(self, task: Task, job: Job, command: Command) -> Path:
        self.poison.meets(Place.PREPARE, task.title, job.name)
        return super().prepare(task, job, command)


class PoisonedChild:
    """A script whose output cannot be listened to."""

    pid = 0

    def __init__(self, child: ScriptDouble, poison: Poison, job: str) -> None:
        self._child = child
        self._poison = poison
        self._job = job

    async def lines(self) -> AsyncIterator[str]:
        async for line in self._child.lines():
            self._poison.meets(Place.LISTENER, self._poison.title, self._job)
            yield line
        self._poison.meets(Place.LISTENER, self._poison.title, self._job)

    async def wait(self) -> int:
        return await self._child.wait()

    async def kill(self, grace_s: float) -> None:
        await self._child.kill(grace_s)

    def stderr_tail(self) -> str:
        return self._child.stderr_tail()


class PoisonedWorld(World):
    poison: Poison
    #: set when the file of the poisoned job is there and its attempt open, before a start is poisoned
    made: asyncio.Event

    def _title(self, text: str) -> str:
        """The poisoned title where a path or label is of its episode."""
        slug = self.poison.title.lower().replace(" ", "-")
        return self.poison.title if f"{slug}-" in text else ""

    def make_builder(self) -> CommandBuilder:
        builder = super().make_builder()
        made = PoisonedBench(**{field.name: getattr(builder, field.name) for field in fields(builder)})
        object.__setattr__(made, "poison", self.poison)
        return made

    def make_launcher(self) -> Launcher:
        world, poison = self, self.poison

        class PoisonedLauncher(LauncherDouble):
            async def start(self, spawn: Spawn) -> ScriptDouble:
                task, job = spawn.label.split(" ")
                title = world._title(task)
                poison.meets(Place.LAUNCHER, title, job)
                child = await super().start(spawn)
                return PoisonedChild(child, poison, job) if title else child  # type: ignore[return-value]

        return PoisonedLauncher(self.vendors, self.power)

    def make_inspector(self) -> Inspector:
        world, poison = self, self.poison

        class PoisonedInspector(InspectorDouble):
            async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
                if await world.is_of_poisoned_step(path):
                    if poison.place == Place.RECOVERY and not poison.active:
                        world.made.set()
                        await asyncio.sleep(5)
                    for place in (Place.INSPECTOR, Place.RECOVERY):
                        poison.meets(place, world._title(str(path)), poison.step)
                return await super().inspect(path, makes, expected)

        return PoisonedInspector()

    async def is_of_poisoned_step(self, path: Path) -> bool:
        """Whether the file is what a job of the poisoned episode's poisoned step makes."""
        for task in await self.tasks():
            if task.title == self.poison.title:
                for job in await self.jobs(task.id):
                    if job.step == self.poison.step:
                        made = self.builder.workspace(task) / STEPS[job.step].output(job, task)
                        if path in (made, self.builder.noted(task, job)):
                            return True
        return False

    def make_ledger(self) -> Ledger:
        poison, world = self.poison, self

        class PoisonedLedger(Ledger):
            async def apply(self, event: Event) -> Applied:
                title, job = world._title(getattr(event, "task_id", "")), getattr(event, "job", "")
                if isinstance(event, JobSucceeded):
                    for place in (Place.OUTCOME, Place.BOOKING, Place.NOTHING_BOOKED):
                        poison.meets(place, title, job)
                if isinstance(event, JobFailed | JobCrashed):
                    for place in (Place.BOOKING, Place.NOTHING_BOOKED):
                        poison.meets(place, title, job)
                if isinstance(event, JobSetAside):
                    poison.meets(Place.NOTHING_BOOKED, title, job)
                return await super().apply(event)

        return PoisonedLedger(self.store, self.policies.get, Wakeups())
