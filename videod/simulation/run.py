"""The simulation itself: real scheduler, lanes, ledger, decisions and SQLite; time and children are not real.

The caller gives what the daemon would be given (policies, limits, limits) and the arrivals; the database
lies in memory where the host has a place for that. With the same seed everything happens in the same order.
"""

import asyncio
import json
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath

from videod.core import tables
from videod.core.events import EntryQueued, GateApproved
from videod.core.model import ChannelPolicy, Priority, Task
from videod.core.statuses import AT_GATE, Gate
from videod.core.step import CommandContext
from videod.core.tables import SERVICES
from videod.flow.candidates import InWorkLimits
from videod.flow.job_command import CommandBuilder
from videod.flow.limits import Lane, Limit
from videod.flow.runner import Runner
from videod.flow.scheduler import Scheduler
from videod.ledger import Wakeups
from videod.simulation.latency import Latencies
from videod.simulation.launcher import SimulatedInspector, SimulatedLauncher
from videod.simulation.log import Log
from videod.simulation.plan import document
from videod.simulation.recorder import Recorder
from videod.simulation.virtual_loop import run_virtual
from videod.store.database import InlineDatabase
from videod.store.schema import migrate

#: when every simulation begins: Monday 2026-11-02 00:00 UTC, the start of a day for budgets
BEGIN_MS = 1_793_577_600_000
#: every change rings the lane it concerns; lanes look automatically only for the start of a quota's new day
LOOK_AGAIN_S = 300.0
#: virtual seconds after the last arrival when what is not finished is given up
GIVE_UP_S = 60 * 86_400.0


@dataclass(frozen=True)
class Plant:
    """What the daemon would be given."""

    policies: Mapping[str, ChannelPolicy]
    limits: Mapping[str, Limit]
    rules: InWorkLimits


@dataclass(frozen=True)
class Arrival:
    """An entry that is set to Queued `at_s` seconds after the start."""

    at_s: float
    channel_id: str
    priority: Priority = Priority.NORMAL


#: --per of the command -> seconds that the arrivals are spread over
SPANS: Mapping[str, float] = {"week": 7 * 86_400.0, "day": 86_400.0, "at-once": 0.0}


def arrivals(episodes: int, per: str, channels: Sequence[str], seed: int) -> list[Arrival]:
    """So many entries over a span of SPANS, the channels in turn: by chance (Poisson), or all at the start."""
    chance = random.Random(f"arrivals {seed}")  # noqa: S311 - a play, no secret
    at, rate, made = 0.0, episodes / SPANS[per] if SPANS[per] else 0.0, []
    for number in range(episodes):
        at += chance.expovariate(rate) if rate else 0.0
        made.append(Arrival(at, channels[number % len(channels)]))
    return made


class LoopClock:
    """Wall time that follows the virtual loop. Built inside the running loop: its time is the start."""

    def __init__(self) -> None:
        self._zero = asyncio.get_running_loop().time()

    def now_ms(self) -> int:
        return BEGIN_MS + self.steady_ms()

    def steady_ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self._zero) * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def simulate(
    plant: Plant, arrivals: Sequence[Arrival], latencies: Latencies, review_s: float = 0.0,
    progress: Callable[[int, int], None] = lambda done, arrived: None,
) -> Log:  # fmt: skip
    """Play the arrivals to their end. `progress(episodes done, jobs started)` is called whenever one ends.

    `review_s` is what a person takes for each review; 0 opens every gate automatically. Raises plan.PlanError when a
    channel wants an episode that no plan can be made for.
    """
    tables.check()
    for policy in plant.policies.values():
        document(policy.clips, policy.images, policy.channel_id)
    # all plans are one and the same here, and nobody is there to look
    policies = {name: replace(row, alike=None, unreviewed=True) for name, row in plant.policies.items()}
    if not review_s:
        policies = {name: replace(row, auto_gates=frozenset(Gate)) for name, row in policies.items()}
    plant = replace(plant, policies=policies)
    memory = Path("/dev/shm")  # noqa: S108 - a folder that is in memory on Linux
    with tempfile.TemporaryDirectory(prefix="videod-simulation-", dir=memory if memory.is_dir() else None) as folder:
        return run_virtual(_play(plant, arrivals, latencies, review_s, progress, Path(folder)))


async def _play(
    plant: Plant, arrivals: Sequence[Arrival], latencies: Latencies, review_s: float,
    progress: Callable[[int, int], None], folder: Path,
) -> Log:  # fmt: skip
    path = folder / "videod.db"
    migrate(path)
    store = InlineDatabase(path, durable=False)
    try:
        clock, chance = LoopClock(), random.Random(latencies.seed)  # noqa: S311 - a play, no secret
        recorder = Recorder(store, plant.policies.get, Wakeups())
        lanes = {service: Lane(service, plant.limits[service]) for service in SERVICES}
        scheduler = _scheduler(plant, recorder, store, lanes, clock, chance, latencies, folder)
        recorder.on_end = lambda: progress(len(recorder.ended), scheduler.started)
        recorder.on_review = _Person(recorder, clock, review_s).review
        loops = asyncio.create_task(scheduler.run())
        entries = asyncio.create_task(_arrive(recorder, clock, arrivals))
        await _until_all_ended(recorder, arrivals, loops)
        for task in (entries, loops):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await scheduler.drain(0)
        return recorder.log(plant.limits)
    finally:
        await store.close()


def _scheduler(
    plant: Plant, recorder: Recorder, store: InlineDatabase, lanes: Mapping[str, Lane], clock: LoopClock,
    chance: random.Random, latencies: Latencies, folder: Path,
) -> Scheduler:  # fmt: skip
    builder = CommandBuilder(
        state=folder, scripts=folder, overrides={}, urls={}, ffmpeg=lambda: "ffmpeg", context=_context(plant.policies),
        secret=lambda name: None, token=_token, environ={},
    )  # fmt: skip
    launcher = SimulatedLauncher(latencies, cache(lambda clips, images: json.dumps(document(clips, images, "Film"))))
    runner = Runner(recorder, launcher, SimulatedInspector(), builder, clock, chance, lambda text: text)
    return Scheduler(store, recorder, runner, builder, lanes, lambda: plant.rules, clock, LOOK_AGAIN_S)


async def _token(channel_id: str) -> str:
    return "simulated"


def _context(
    policies: Mapping[str, ChannelPolicy],
) -> Callable[[Task, PurePosixPath, Mapping[str, str]], CommandContext | None]:
    def context(task: Task, workspace: PurePosixPath, outputs: Mapping[str, str]) -> CommandContext:
        row = policies[task.channel_id]
        return CommandContext(
            workspace=workspace, task=task, channel_name=task.channel_id, brand="", voice_id="",
            voice={"stability": 0.4, "similarity": 0.75, "style": 0.12}, language="en", privacy="private",
            category="15", made_for_kids=False, description_template="{description}", tags=(), clips=row.clips,
            images=row.images,
            models={"text": "", "text_light": "", "image": "", "video": "", "voice": ""}, image_host="kie",
            bucket="", image_size="1K", intro=None, outro=None, watermark=None, outputs=outputs,
        )  # fmt: skip

    return context


async def _arrive(recorder: Recorder, clock: LoopClock, arrivals: Sequence[Arrival]) -> None:
    """Entries as the intake would hand them in, in the order of their times."""
    for number, one in enumerate(sorted(arrivals, key=lambda row: row.at_s), start=1):
        await clock.sleep(max(0.0, one.at_s - (clock.now_ms() - BEGIN_MS) / 1000))
        title = f"Episode {number}"
        await recorder.apply(EntryQueued(
            clock.now_ms(), f"page-{number}", one.channel_id, title, "topic", "direction", one.priority, None,
        ))  # fmt: skip


async def _until_all_ended(recorder: Recorder, arrivals: Sequence[Arrival], loops: "asyncio.Task[None]") -> None:
    """Return when every entry is published or stopped; a scheduler that breaks raises here what broke it."""
    last = max((one.at_s for one in arrivals), default=0.0)
    finished = asyncio.create_task(recorder.count_reaches(len(arrivals)))
    await asyncio.wait({finished, loops}, timeout=last + GIVE_UP_S, return_when=asyncio.FIRST_COMPLETED)
    finished.cancel()
    if loops.done():
        loops.result()


class _Person:
    """Approves what waits for a review, each after the same time."""

    def __init__(self, recorder: Recorder, clock: LoopClock, review_s: float) -> None:
        self._recorder = recorder
        self._clock = clock
        self._review_s = review_s
        self._looking: set[asyncio.Task[None]] = set()

    def review(self, task: Task) -> None:
        looking = asyncio.create_task(self._look(task.id, AT_GATE[task.status]))
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)

    async def _look(self, task_id: str, gate: Gate) -> None:
        await self._clock.sleep(self._review_s)
        await self._recorder.apply(GateApproved(self._clock.now_ms(), task_id, gate, "simulation"))
