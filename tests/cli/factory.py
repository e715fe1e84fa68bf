"""A studio in a box: a real migrated SQLite, filled through `Ledger.apply` with real events at chosen times.

Nothing here sleeps or awaits anything that waits, so tests with and without an event loop use it alike.
"""

import functools
import hashlib
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from tests.harness import databases
from tests.harness.prices import prices
from videod.core.events import (
    CancelAsked,
    EntryQueued,
    Event,
    GateApproved,
    JobCharged,
    JobFailed,
    JobStarted,
    JobSubmitted,
    JobSucceeded,
)
from videod.core.expand import jobs_of
from videod.core.failures import Failure, Kind
from videod.core.model import ChannelPolicy, Job, Priority, Task
from videod.core.plan import Arc, Picture, Plan, PlannedClip, PlannedImage
from videod.core.statuses import AT_GATE, Gate, JobState, Status
from videod.core.step import revised
from videod.core.tables import STEPS
from videod.ledger import Applied, Ledger, Wakeups
from videod.store import reads

T = TypeVar("T")

#: 2026-11-21T12:00:00Z
NOON = 1_795_262_400_000
MINUTE = 60_000
HOUR = 3_600_000

POLICY = ChannelPolicy(
    channel_id="wild_earth", clips=4, images=3, clip_seconds=10, auto_gates=frozenset(), negative_prompt="text",
    prices_micros=prices(plan=20_000, image=39_000, clip=350_000, narration=200_000, effect=12_000),
    rebuy_ceiling_micros=0,
    daily_budget_micros=10**12, episode_cap_micros=10**12,
    retry_waits_ms=(MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), retry_jitter=0.0,
    keep_workspace_ms=7 * 24 * HOUR,
)  # fmt: skip
CHANNELS = ("wild_earth", "deep_sea", "tiny_hunters")


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never has to wait."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise AssertionError("this coroutine waits for something")


def a_plan(clips: int = 4, images: int = 3) -> Plan:
    """A bear in `images - 1` places, each clip with a picture of its own."""
    drawn = [PlannedImage("bear_core", "character", "Bear", "Ursus arctos", "protagonist", True, "a grizzly")]
    drawn += [
        PlannedImage(f"place_{n:02d}", "environment", f"place {n}", None, None, False, f"river bend {n}")
        for n in range(1, images)
    ]
    shots = tuple(
        PlannedClip(
            n, f"beat {n}", Picture("cutout", ("bear_core", drawn[1 + n % (images - 1)].id), n / 100), "wades slowly",
            "", f"The bear goes on, step {n}.", "river ambience",
        )
        for n in range(1, clips + 1)
    )  # fmt: skip
    arc = Arc("salmon", "the current", "a rival", "the flood", "rest")
    return Plan("Crossing", "a bear crosses", "A bear.", ("bear",), ("fact",), arc, "dawn mist", tuple(drawn), shots)


#: steps that usually take no second: they take no time here, so that one more or less moves nothing else
SWIFT = {name for name, step in STEPS.items() if step.usual.low < 1}
#: how many jobs an episode with this plan has
JOBS = 1 + len(jobs_of(Task("t", "p", "c", "T", "", "", Priority.NORMAL, None, Status.QUEUED, 0, 0), a_plan(), POLICY))


class StillClock:
    """A clock that stands where it is put; tests move it."""

    def __init__(self, at: int = NOON) -> None:
        self.at = at

    def now_ms(self) -> int:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


class StudioBox:
    """The database at `<state>/videod.db` and the ledger over it. `clock.at` is the time of the next event."""

    def __init__(
        self, state: Path, at: int = NOON, policy: ChannelPolicy = POLICY, redact: Callable[[str], str] = str
    ) -> None:  # fmt: skip
        self.state = state
        self.path = state / "videod.db"
        self.store = databases.opened(self.path)
        self.clock = StillClock(at)
        known = dict.fromkeys(CHANNELS, policy)
        self.ledger = Ledger(self.store, known.get, Wakeups(), redact)

    def close(self) -> None:
        at_once(self.store.close())

    def apply(self, event: Event) -> Applied:
        return at_once(self.ledger.apply(event))

    def task(self, task_id: str) -> Task:
        found = at_once(self.store.read(lambda connection: reads.task(connection, task_id)))
        assert found is not None
        return found

    def jobs(self, task_id: str) -> dict[str, Job]:
        found = at_once(self.store.read(lambda connection: reads.jobs(connection, task_id)))
        return {job.name: job for job in found}

    def queue(
        self, title: str, channel: str = "wild_earth", priority: Priority = Priority.NORMAL, page_id: str = ""
    ) -> str:  # fmt: skip
        """A new queued entry; returns its task id."""
        page = page_id or hashlib.md5(title.encode(), usedforsecurity=False).hexdigest()
        event = EntryQueued(self.clock.at, page, channel, title, "bears", "one river", priority, None)
        task = self.apply(event).task
        assert task is not None
        return task.id

    def start(self, task_id: str, job: str) -> int:
        applied = self.apply(JobStarted(self.clock.at, task_id, job, "d" * 64))
        assert applied.attempt is not None, applied.decision.note
        return applied.attempt

    def succeed(self, task_id: str, name: str, attempt: int) -> None:
        job = self.jobs(task_id)[name]
        if job.price_micros:
            self.apply(
                JobCharged(self.clock.at, task_id, name, attempt, job.service, job.step, 1.0, "piece", job.price_micros)
            )
        plan = a_plan() if name == "plan/plan" else None
        facts: dict[str, object] = {}
        if job.step == "upload":
            facts = {"video_id": "dQw4w9WgXcQ", "url": "https://youtu.be/dQw4w9WgXcQ"}
        file = revised(f"{job.step}/{job.key}", job, ".bin")
        self.apply(JobSucceeded(self.clock.at, task_id, name, attempt, file, 2_000_000, "0" * 64, facts, plan))

    def make(self, task_id: str, name: str, takes_ms: int = MINUTE) -> None:
        """Start and finish one ready job."""
        attempt = self.start(task_id, name)
        self.clock.at += takes_ms
        self.succeed(task_id, name, attempt)

    def submit(self, task_id: str, name: str, attempt: int, remote_id: str = "kie-4711") -> None:
        self.apply(JobSubmitted(self.clock.at, task_id, name, attempt, remote_id))

    def fail(self, task_id: str, name: str, kind: Kind, message: str = "it did not work", **more: Any) -> int:
        """Start a ready job and let it fail; returns the attempt."""
        attempt = self.start(task_id, name)
        tail = str(more.pop("stderr_tail", f"Traceback ...\n{message}"))
        failure = Failure(kind, message, self.jobs(task_id)[name].service, **more)
        self.clock.at += 5_000
        self.apply(JobFailed(self.clock.at, task_id, name, attempt, failure, 0.5, tail, 69))
        return attempt

    def approve(self, task_id: str, gate: Gate) -> None:
        self.apply(GateApproved(self.clock.at, task_id, gate, "board"))

    def cancel(self, task_id: str) -> None:
        self.apply(CancelAsked(self.clock.at, task_id))

    def ready(self, task_id: str) -> list[str]:
        jobs = self.jobs(task_id).values()
        return [job.name for job in jobs if job.state == JobState.READY and job.due_at <= self.clock.at]

    def bring_to(self, task_id: str, status: Status) -> str:
        """Work, and approve, until the task shows `status` (a job may just have started); returns the task id."""
        for _ in range(300):
            task = self.task(task_id)
            if task.status == status:
                return task_id
            ready = self.ready(task_id)
            if task.status in AT_GATE and not ready:
                self.approve(task_id, AT_GATE[task.status])
                continue
            attempt = self.start(task_id, ready[0])
            if self.task(task_id).status == status:
                return task_id
            self.clock.at += 0 if ready[0].split("/", 1)[0] in SWIFT else MINUTE
            self.succeed(task_id, ready[0], attempt)
        raise AssertionError(f"{task_id} never became {status.value}")


@functools.cache
def _filled(tasks: int) -> bytes:
    """The file of a full studio; made once for all tests of a run."""
    with tempfile.TemporaryDirectory() as folder:
        box = fill(Path(folder), tasks, NOON)
        box.close()
        return box.path.read_bytes()


def a_full_studio(state: Path, tasks: int = 20) -> StudioBox:
    """See `fill`; the clock stands at noon of 21 November."""
    (state / "videod.db").write_bytes(_filled(tasks))
    return StudioBox(state, NOON)


def fill(state: Path, tasks: int, end: int) -> StudioBox:
    """`tasks` episodes over three channels in all kinds of conditions, begun in the six hours before `end`, ms."""
    box = StudioBox(state, at=end - 6 * HOUR)
    names = ("Grizzly Crossing", "Night Owls 夜の梟", "The Ant Road", "Cold Water 🦭", "[/nope] \x1b[31mRed", "Otters")
    goals = (
        Status.ASSETS_READY, Status.GENERATING_VIDEO, Status.VIDEO_READY, Status.GENERATING_ASSETS, Status.ERROR_VIDEO,
        Status.GENERATING_AUDIO, Status.QUEUED, Status.UPLOADING, Status.PUBLISHED, Status.ASSEMBLY_COMPLETE,
    )  # fmt: skip
    for number in range(tasks):
        goal = goals[number % len(goals)]
        box.clock.at = end - 6 * HOUR + number * 9 * MINUTE
        task_id = box.queue(f"{names[number % len(names)]} {number + 1}", CHANNELS[number % len(CHANNELS)])
        if goal == Status.QUEUED:
            continue
        if goal == Status.ERROR_VIDEO:
            box.bring_to(task_id, Status.ASSETS_APPROVED)
            clip = next(name for name in box.ready(task_id) if name.startswith("clip/"))
            box.fail(task_id, clip, Kind.INPUT, "the seed image has no pixels", endpoint="/api/v1/jobs/createTask")
            continue
        box.bring_to(task_id, goal)
        if goal in (Status.GENERATING_VIDEO, Status.GENERATING_AUDIO):
            box.fail(task_id, box.ready(task_id)[0], Kind.DOWN, "HTTP 503 from the service", http_status=503)
    box.clock.at = end
    return box
