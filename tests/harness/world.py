"""One world: state folder, vendors and people outlive the daemon; the daemon can be cut off at any point.

async with World(folder, seed=1) as world:
    await world.queue("bear")
    await world.run_until_quiet()
    check(world)
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from tests.flow.board_double import BoardDouble, NotifierDouble
from tests.harness import databases
from tests.harness.power import Power, PowerCut
from tests.harness.prices import prices
from tests.harness.scripts import BalanceDouble, InspectorDouble, LauncherDouble, Vendors
from videod.board_rows import AssetRow, Link
from videod.core.model import ChannelPolicy, Job, Priority, Task
from videod.core.services import LANES
from videod.core.spacing import limited
from videod.core.statuses import AT_GATE, ERRORS, GATES, LABELS, Gate, Status
from videod.core.step import CommandContext
from videod.core.tables import SERVICES
from videod.daemon.reconcile import Reconciler
from videod.daemon.recovery import Lives, Recovery
from videod.flow.candidates import InWorkLimits
from videod.flow.inputs import Inputs
from videod.flow.intake import Intake
from videod.flow.job_command import CommandBuilder, workspace_of
from videod.flow.limits import Lane, Limit
from videod.flow.relay import Relay
from videod.flow.runner import Runner
from videod.flow.scheduler import Scheduler
from videod.flow.turns import Turns
from videod.ledger import Ledger, Wakeups
from videod.ports import Inspector, Launcher, Page
from videod.store import reads
from videod.store.database import T, Transaction

#: the usual ones, without daily quotas
LIMITS = {
    one.name: Limit(one.limits.concurrency, one.limits.rate or 0, one.limits.per_s or 1.0)
    for one in LANES
    if one.limits is not None
}
EPOCH_MS = 1_795_000_000_000


def policy(channel: str = "wild", **changes: object) -> ChannelPolicy:
    values: dict[str, object] = {
        "channel_id": channel, "clips": 2, "images": 3, "clip_seconds": 10, "auto_gates": frozenset(Gate),
        "negative_prompt": "blur", "rebuy_ceiling_micros": 100_000_000,
        "daily_budget_micros": 10**12, "episode_cap_micros": 10**12, "retry_waits_ms": (60_000, 300_000, 900_000),
        "retry_jitter": 0.1, "keep_workspace_ms": 7 * 86_400_000,
        "prices_micros": prices(plan=20_000, image=33_600, clip=420_000, narration=80_000, effect=120_000),
    }  # fmt: skip
    return ChannelPolicy(**(values | changes))  # type: ignore[arg-type]


async def _at_once(look: Callable[[], str | None]) -> str | None:
    """A look at a small file, where no thread may run beside the virtual clock."""
    return look()


class LoopClock:
    """Wall time that follows the virtual loop; a person may set it wrong by `skew_ms`, the host may sleep."""

    def __init__(self) -> None:
        self.skew_ms = 0
        self.slept_ms = 0

    def now_ms(self) -> int:
        return EPOCH_MS + self.skew_ms + self.steady_ms()

    def steady_ms(self) -> int:
        return self.slept_ms + round(asyncio.get_running_loop().time() * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class PoweredBoard(BoardDouble):
    """The board outlives every daemon; each call of it is a point at which the power may go."""

    power: Power

    async def edited_since(self, since_ms: int) -> list[Page]:
        self.power.point("before the board is read")
        return await super().edited_since(since_ms)

    async def write(self, page_id: str, values: Mapping[str, object]) -> None:
        self.power.point("before the board is written")
        await super().write(page_id, values)
        self.power.point("after the board was written")

    async def put_asset(
        self, page_id: str, key: str, name: str, kind: str, file: Path | Link, revision: int, known_id: str | None,
        fresh: bool = False, sha256: str = "", text: str = "",
    ) -> str:  # fmt: skip
        self.power.point("before an asset row")
        made = await super().put_asset(page_id, key, name, kind, file, revision, known_id, fresh, sha256, text)
        self.power.point("after an asset row")
        return made

    async def say_on_row(self, asset_id: str, text: str, may: Callable[[AssetRow], bool]) -> bool:
        self.power.point("before a row's text")
        said = await super().say_on_row(asset_id, text, may)
        self.power.point("after a row's text")
        return said


class PoweredStore:
    """Real SQLite behind two power points: before a transaction and after its commit. The power is that of the world:
    no commit waits for the disk."""

    def __init__(self, path: Path, power: Power) -> None:
        self._inner = databases.opened(path)
        self._power = power

    async def write(self, fn: Transaction[T]) -> T:
        self._power.point("before a commit")
        result = await self._inner.write(fn)
        self._power.point("after a commit")
        return result

    async def read(self, fn: Transaction[T]) -> T:
        return await self._inner.read(fn)

    async def close(self) -> None:
        await self._inner.close()


class World:
    #: over how many shots of a plan nobody may speak
    wordless = 0

    def __init__(
        self,
        folder: Path,
        seed: int = 1,
        policies: Mapping[str, ChannelPolicy] | None = None,
        limits: Mapping[str, Limit] | None = None,
        max_in_work: int = 20,
        places: int = 5,
        looks: bool = False,
        look_after_s: float = 60,
        deaths: int = 1000,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        """`looks`: unconfirmed purchases are compared with the services' balances. `deaths`: how often the daemon may
        die while a job runs before it is set aside. `overrides`: own scripts by step."""
        self.deaths = deaths
        self.overrides = dict(overrides or {})
        self.looks = looks
        self.poll_interval_s = 10.0
        self.look_after_s = look_after_s
        self.folder = folder
        self.chance = random.Random(seed)
        self.vendors = Vendors(random.Random(seed + 1))
        self.policies = dict(policies or {"wild": policy()})
        self.limits = dict(limits or LIMITS)
        self.max_in_work = max_in_work
        self.places = places
        self.clock = LoopClock()
        self.vendors.wall = lambda: datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)
        self.board = PoweredBoard(self.clock)
        self.notifier = NotifierDouble()
        self.cuts = 0
        self.power = Power()
        self.path = folder / "state" / "videod.db"
        self._daemon: list[asyncio.Task[None]] = []
        self._settling: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "World":
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    # ------------------------------------------------------------------------------------------ the daemon

    async def start(self, cut_at: int | None = None) -> None:
        """Start the daemon as `lifecycle` does: migrate, open, recover, run the loops."""
        await self.start_without_recovery(cut_at)
        recovery = self.recovery()
        with suppress(PowerCut):
            late = await recovery.recover()
            self._settling = [asyncio.create_task(recovery.settle_late(late))]
        self.run_loops()

    def recovery(self, lives: Lives | None = None) -> Recovery:
        return Recovery(
            self.store, self.ledger, self.builder, self.inspector, self.clock, self.chance, self.runner.crashes,
            lives or self._nobody, self._end, self.purchase_check, self.deaths,
        )  # fmt: skip

    # what a scenario may put something else in the place of
    def make_ledger(self) -> Ledger:
        return Ledger(self.store, self.policies.get, Wakeups())

    def make_launcher(self) -> Launcher:
        return LauncherDouble(self.vendors, self.power)

    def make_inspector(self) -> Inspector:
        return InspectorDouble()

    def make_builder(self) -> CommandBuilder:
        return CommandBuilder(
            state=self.folder / "state", scripts=Path("scripts"), overrides=self.overrides, urls={},
            ffmpeg=lambda: "ffmpeg", context=self._context, secret=lambda name: None, token=self._token, environ={},
        )  # fmt: skip

    async def start_without_recovery(self, cut_at: int | None = None) -> None:
        self.power = self.board.power = Power(cut_at)
        self.store = PoweredStore(self.path, self.power)
        self.ledger = self.make_ledger()
        self.launcher = self.make_launcher()
        self.builder = self.make_builder()
        self.purchase_check = None
        if self.looks:
            self.balances = BalanceDouble(self.vendors, self.power)
            wait_s = self.look_after_s
            self.purchase_check = Reconciler(
                self.store, self.ledger, self.builder, self.balances, self.clock, lambda: wait_s
            )
        self.inspector = self.make_inspector()
        self.runner = Runner(
            self.ledger, self.launcher, self.inspector, self.builder, self.clock, self.chance, lambda text: text,
            purchase_check=self.purchase_check,
            inputs=Inputs(self.ledger, self.builder, self.inspector, self.clock, _at_once),
        )  # fmt: skip
        lanes = {service: Lane(service, self.limits[service]) for service in SERVICES}
        self.house = dict.fromkeys(self.policies, self.places)
        spaced = frozenset(name for name, one in self.policies.items() if limited(one))
        rules = InWorkLimits(self.max_in_work, self.house, spaced)
        self.scheduler = Scheduler(self.store, self.ledger, self.runner, self.builder, lanes, lambda: rules, self.clock)

    async def _nobody(self, output: str) -> bool:
        """No script outlives a power cut."""
        return False

    async def _end(self, output: str) -> None:
        return

    def run_loops(self) -> None:
        turns = Turns()
        names = {name: name.title() for name in self.policies}
        given = (self.ledger, self.store, self.clock)
        self.intake = Intake(self.board, *given, lambda: names, self.poll_interval_s, turns)
        workspace = partial(workspace_of, self.folder / "state")
        self.relay = Relay(self.board, self.notifier, self.ledger, self.store, self.clock, workspace, turns)
        loops = [self.scheduler.run(), self.intake.run(), self.relay.run()]
        if self.purchase_check is not None:
            loops.append(self.purchase_check.run())
        self._daemon = [asyncio.create_task(loop) for loop in loops]

    async def _token(self, channel: str) -> str:
        return "token"

    def _context(self, task: Task, workspace: PurePosixPath, outputs: Mapping[str, str]) -> CommandContext:
        row = self.policies[task.channel_id]
        return CommandContext(
            workspace=workspace, task=task, channel_name="Wild", brand="calm", voice_id="v",
            voice={"stability": 0.4, "similarity": 0.75, "style": 0.12}, language="en", privacy="private",
            category="15", made_for_kids=False, description_template="{description}", tags=("a",), clips=row.clips,
            images=row.images, wordless=self.wordless,
            models={"text": "t", "text_light": "tl", "image": "i", "video": "v", "voice": "n"}, image_host="kie",
            bucket="", image_size="1K", intro=None, outro=None, watermark=None, outputs=outputs,
        )  # fmt: skip

    async def stop(self) -> None:
        """Stop as on SIGTERM: no new jobs, children ended, outcomes recorded."""
        tasks = [*self._daemon, *self._settling]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.scheduler.drain(20)
        await self.store.close()

    async def cut(self) -> None:
        """The power is off: everything in the process is gone at once, nothing more is written."""
        self.cuts += 1
        self.power.dark.set()
        current = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not current]
        for task in others:
            task.cancel()
        ended = (*others, *self._daemon, *self._settling, *self.scheduler.children())
        await asyncio.gather(*ended, return_exceptions=True)
        await self.store.close()

    # ------------------------------------------------------------------------------------------ people

    async def queue(self, title: str, channel: str = "wild", priority: Priority = Priority.NORMAL) -> str:
        """Write an entry on the board and set it to Queued; returns its page id."""
        page = f"page-{title}"
        self.board.add(page, Title=title, Channel=channel, Priority=priority.label, Status="Queued")
        return page

    async def approve(self, page: str, gate: Gate) -> None:
        self.board.person_sets(page, Status=LABELS[GATES[gate][1]])

    # ------------------------------------------------------------------------------------------ looking

    async def tasks(self) -> tuple[Task, ...]:
        return await self.store.read(lambda connection: reads.recent_tasks(connection, 10_000))

    async def jobs(self, task_id: str) -> tuple[Job, ...]:
        return await self.store.read(lambda connection: reads.jobs(connection, task_id))

    async def rest(self, seconds: float = 7200) -> None:
        """Let time pass until every task waits for a person or is finished, at most `seconds` virtual."""
        end = asyncio.get_running_loop().time() + seconds
        resting = ERRORS | set(AT_GATE) | {Status.PUBLISHED, Status.CANCELLED}
        while asyncio.get_running_loop().time() < end and not self.power.dark.is_set():
            for daemon in self._daemon:
                if daemon.done() and not self.power.dark.is_set():
                    daemon.result()
            if await self._rests(resting):
                return
            await asyncio.sleep(1)

    async def _rests(self, resting: set[Status]) -> bool:
        """Every entry is a task, every task at rest, the board told of it, and no person's wish untaken."""
        tasks = {task.page_id: task for task in await self.tasks()}
        if set(tasks) != set(self.board.entries) or any(task.status not in resting for task in tasks.values()):
            return False
        if await self.store.read(reads.pending_messages):
            return False
        return all(self.board.status(page) == LABELS[task.status] for page, task in tasks.items())

    async def live_through_cuts(self, cut_points: list[int], seconds: float = 20_000) -> None:
        """Cut the power at each of the given points (counted again from every start), restart, then live on."""
        for point in cut_points:
            await self.stop()
            await self.start(cut_at=point)
            await self.rest(seconds)
            if self.power.dark.is_set():
                await self.cut()
                await self.start()
        await self.rest(seconds)
