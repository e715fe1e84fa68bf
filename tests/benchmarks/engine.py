"""videod as a contender: its real ledger, scheduler, runner and database. Only what is outside is a double.

A double of the launcher ends every script at once (or after its latency), so that the engine is measured and not the
scripts: no process is started, files are taken as made. Board, intake and relay do not run.
"""

import asyncio
import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import PurePosixPath

from tests.benchmarks.episodes import finished_episodes
from tests.benchmarks.load import CLIPS, IMAGES, LIMITS, Film, page, title
from tests.benchmarks.peers.base import Peer
from tests.benchmarks.work import Films, NoOps, Work
from tests.harness.prices import prices
from videod.adapters.clock import SystemChance, SystemClock
from videod.core.events import EntryQueued, Event, JobStarted, JobSucceeded
from videod.core.model import ChannelPolicy, Priority, Task, task_id_of
from videod.core.plan import parse
from videod.core.statuses import READY, Gate
from videod.core.step import CommandContext
from videod.core.tables import SERVICES, STEPS
from videod.flow.assignment import Assignment
from videod.flow.candidates import InWorkLimits
from videod.flow.job_command import CommandBuilder
from videod.flow.limits import Lane, Limit
from videod.flow.runner import Runner
from videod.flow.scheduler import Scheduler
from videod.ledger import Applied, Ledger, Wakeups
from videod.ports import Spawn
from videod.simulation.launcher import SimulatedChild, SimulatedInspector, SimulatedLauncher
from videod.simulation.plan import document
from videod.store.database import Database, Store
from videod.store.schema import migrate

PRICES = prices(plan=20_000, image=33_600, clip=420_000, narration=80_000, effect=120_000, upload=0)
CHANNELS = 10
#: episodes of the channel that single entries go to: small, so that what follows a probe is over at once
SMALL = "small"
SHA = "0" * 64


def policy(
    channel: str, gates: frozenset[Gate] = frozenset(), clips: int = CLIPS, images: int = IMAGES
) -> ChannelPolicy:
    return ChannelPolicy(
        channel_id=channel, clips=clips, images=images, clip_seconds=10, auto_gates=gates, negative_prompt="blur",
        prices_micros=PRICES, rebuy_ceiling_micros=0, daily_budget_micros=10**12, episode_cap_micros=10**12,
        retry_waits_ms=(60_000,), retry_jitter=0.1, keep_workspace_ms=7 * 86_400_000,
    )  # fmt: skip


@cache
def plan_text(clips: int, images: int) -> str:
    return json.dumps(document(clips, images, "Film"))


class _Witnessed(Ledger):
    """Tells the load when a job's outcome is durable."""

    def __init__(self, store: Store, policies: Mapping[str, ChannelPolicy], tell: Callable[[str], None]) -> None:
        super().__init__(store, policies.get, Wakeups())
        self._tell = tell

    async def apply(self, event: Event) -> Applied:
        applied = await super().apply(event)
        if isinstance(event, JobSucceeded):
            self._tell(f"{event.task_id} {event.job}")
        return applied


class _Latency:
    def __init__(self, seconds: Callable[[str], float]) -> None:
        self._seconds = seconds

    def of(self, task_id: str, job: str) -> float:
        return self._seconds(f"{task_id} {job}")


class _Launcher(SimulatedLauncher):
    """The simulation's launcher in real time; `begin` is reported every start. Jobs that do nothing buy nothing."""

    def __init__(
        self, seconds: Callable[[str], float], begin: Callable[[str], None], nothing: Callable[[str], bool]
    ) -> None:
        super().__init__(_Latency(seconds), plan_text)  # type: ignore[arg-type]
        self._begin = begin
        self._nothing = nothing

    async def start(self, spawn: Spawn) -> SimulatedChild:
        self._begin(spawn.label)
        child = await super().start(spawn)
        return SimulatedChild(0.0, (), ()) if self._nothing(spawn.label) else child


async def _token(channel_id: str) -> str:
    return "token"


def _broke(running: "asyncio.Task[None]") -> None:
    """A scheduler that ends automatically would leave the benchmark waiting."""
    if not running.cancelled() and (error := running.exception()) is not None:
        traceback.print_exception(error)
        os._exit(1)


class VideodPeer(Peer):
    async def open(self, finished: int) -> None:
        path = self.folder / "videod.db"
        migrate(path)  # a file that lies there is gone on with
        finished_episodes(path, finished // 100)
        self.store: Store = await Database.open(path)
        self._policies = {f"channel_{number}": policy(f"channel_{number}") for number in range(CHANNELS)}
        self._policies[SMALL] = policy(SMALL, clips=2, images=3)
        self._clock = SystemClock()
        self._work: Work | None = None
        self._probes: dict[str, str] = {}
        self._number = 0
        self.ledger = _Witnessed(self.store, self._policies, self._ended)
        self._scheduler(dict.fromkeys(SERVICES, Limit(8)))

    def use(self, store: Store) -> None:
        """Go on with another store of the same file."""
        self.store = store
        self.ledger = _Witnessed(store, self._policies, self._ended)
        self._scheduler(dict.fromkeys(SERVICES, Limit(8)))

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def _scheduler(self, limits: Mapping[str, Limit]) -> None:
        builder = CommandBuilder(
            state=self.folder, scripts=self.folder, overrides={}, urls={}, ffmpeg=lambda: "ffmpeg",
            context=self._context, secret=lambda name: None, token=_token, environ={},
        )  # fmt: skip
        launcher = _Launcher(self._seconds, self._begun, self._does_nothing)
        chance = SystemChance()
        runner = Runner(self.ledger, launcher, SimulatedInspector(), builder, self._clock, chance, lambda text: text)
        self.lanes = {service: Lane(service, limit) for service, limit in limits.items()}
        places = dict.fromkeys(self._policies, 1000)
        self.scheduler = Scheduler(
            self.store, self.ledger, runner, builder, self.lanes, lambda: InWorkLimits(1000, places), self._clock
        )

    def _context(self, task: Task, workspace: PurePosixPath, outputs: Mapping[str, str]) -> CommandContext:
        row = self._policies[task.channel_id]
        return CommandContext(
            workspace=workspace, task=task, channel_name=task.channel_id, brand="", voice_id="",
            voice={"stability": 0.4, "similarity": 0.75, "style": 0.12}, language="en", privacy="private",
            category="15", made_for_kids=False, description_template="{description}", tags=(), clips=row.clips,
            images=row.images,
            models={"text": "", "text_light": "", "image": "", "video": "", "voice": ""}, image_host="kie",
            bucket="", image_size="1K", intro=None, outro=None, watermark=None, outputs=outputs,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------ the load

    def _seconds(self, label: str) -> float:
        return self._work.seconds(label) if isinstance(self._work, Films) and "/workspace" not in label else 0.0

    def _does_nothing(self, label: str) -> bool:
        return isinstance(self._work, NoOps) and " image/" in label

    def _begun(self, label: str) -> None:
        if self._work is not None:
            self._work.begin(self._probes.get(label, label))

    def _ended(self, label: str) -> None:
        if self._work is not None:
            self._work.end(self._probes.get(label, label))

    async def _queue(self, name: str, channel: str) -> Task:
        at = self._clock.now_ms()
        entry = EntryQueued(at, f"page-{name}", channel, name, "topic", "direction", Priority.NORMAL, None)
        task = (await self.ledger.apply(entry)).task
        assert task is not None
        return task

    async def _planned(self, name: str, channel: str) -> Task:
        """An entry whose plan is made: its 22 images are ready, 93 other jobs wait for them."""
        task = await self._queue(name, channel)
        at = self._clock.now_ms()
        attempt = (await self.ledger.apply(JobStarted(at, task.id, "plan/plan", SHA))).attempt
        assert attempt is not None
        plan = parse(json.loads(plan_text(CLIPS, IMAGES)))
        await self.ledger.apply(JobSucceeded(at, task.id, "plan/plan", attempt, "plan.json", 1, SHA, {}, plan))
        return task

    # ------------------------------------------------------------------------------------------ step by step

    async def wait_with(self, queued: int) -> None:
        """Ready jobs: the images of episodes in work that need no other image, the rest plans of entries that wait."""
        left, each = queued, IMAGES
        while left >= each:
            task = await self._planned(f"planned-{left}", f"channel_{left % CHANNELS}")
            each = sum(job.state == READY for job in (await self.ledger.look(task.id))[1])
            left -= each
        for number in range(left):
            await self.enqueue(f"waiting-{number}")

    async def enqueue(self, name: str) -> None:
        self._number += 1
        await self._queue(name, f"channel_{self._number % CHANNELS}")

    async def claim(self) -> tuple[str, object]:
        (work,), _ = await self.scheduler._claim(self.lanes["gemini"], 1)
        return work.job.name, work

    async def complete(self, name: str, handle: object) -> None:
        assert isinstance(handle, Assignment)
        output = STEPS[handle.job.step].output(handle.job, handle.task)
        at = self._clock.now_ms()
        applied = await self.ledger.apply(JobSucceeded(at, handle.task.id, name, handle.attempt, output, 1, SHA))
        assert applied.decision.accepted

    # ------------------------------------------------------------------------------------------ whole loads

    async def fill(self, names: Sequence[str]) -> Sequence[str]:
        made = []
        for number in range(-(-len(names) // IMAGES)):
            task = await self._planned(f"planned-{number}", f"channel_{number % CHANNELS}")
            _, jobs = await self.ledger.look(task.id)
            made += [f"{task.id} {job.name}" for job in jobs if job.step == "image"]
        return made

    async def work(self, limits: Mapping[str, int], work: Work) -> None:
        self._work = work
        self._running = asyncio.create_task(self.scheduler.run())
        self._running.add_done_callback(_broke)

    async def submit(self, service: str, name: str) -> None:
        assert isinstance(self._work, NoOps)
        page = f"page-{name}"
        entry = EntryQueued(self._clock.now_ms(), page, SMALL, name, "topic", "way", Priority.NORMAL, None)
        self._probes[f"{task_id_of(name, page)} plan/plan"] = name
        await self.ledger.apply(entry)

    async def play(self, films: Sequence[Film], work: Films, scale: float) -> None:
        self._policies |= {name: policy(name, gates=frozenset(Gate)) for name in self._policies}
        self._scheduler({service: Limit(most) for service, most in LIMITS.items()})
        await self.work(LIMITS, work)
        for number in range(1, len(films) + 1):
            entry = EntryQueued(
                self._clock.now_ms(), page(number), f"channel_{number % CHANNELS}", title(number), "topic", "way",
                Priority.NORMAL, None,
            )  # fmt: skip
            await self.ledger.apply(entry)

    async def close(self) -> None:
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        await self.scheduler.drain(0)
        await self.store.close()
