"""How long a change of state and an answer of the API take: 500 entries beside 10,000 finished episodes.

python -m tests.benchmarks.answers [--episodes 10000] [--tasks 500] [--open 50] [--films 12] [--looks 60]

Of the 500 entries 50 are episodes in all conditions (in work, at reviews, with errors); the others wait.

A change of state is one call of the ledger: read the episode, decide, write everything that follows in one durable
transaction (synchronous=FULL). Whole episodes are played from Queued to Published, with failures, retries, pauses and
cancels. Answers are those over the Unix socket, through all checks, as a program sees them. The past is that of
`tests.benchmarks.scale`. CPU is that of this process, client of the API included; others at work on the machine do
not lengthen it.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks import peer_venv
from tests.benchmarks.figures import machine, median, ms, quantile, table
from tests.benchmarks.scale import past
from tests.cli.factory import CHANNELS, NOON, POLICY, StudioBox, fill
from tests.harness import control
from videod.core.events import EntryQueued, Event, TaskPaused, TaskResumed
from videod.core.failures import Kind
from videod.core.statuses import Status
from videod.ledger import Applied, Ledger, Wakeups
from videod.store.database import Database, InlineDatabase
from videod.web.api import build_app, serve

#: what is wanted of each change and each answer at p99 (SC2), seconds
WANTED_S = 0.1
PLACES = (
    "/health", "/ready", "/metrics", "/api/status", "/api/channels", "/api/services", "/api/alerts", "/api/tasks",
    "/api/tasks?text=crossing", "/api/tasks?needs=person",
)  # fmt: skip


class Took:
    """Seconds of each of several things by name: elapsed and CPU."""

    def __init__(self) -> None:
        self.elapsed: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        cpu, began = time.process_time(), time.perf_counter()
        yield
        self.elapsed.setdefault(name, []).append(time.perf_counter() - began)
        self.cpu.setdefault(name, []).append(time.process_time() - cpu)

    def rows(self) -> list[list[str]]:
        found = []
        for name, seconds in self.elapsed.items():
            slow, cpu = quantile(seconds, 0.99), self.cpu[name]
            figures = [ms(median(seconds)), ms(slow), ms(median(cpu)), ms(quantile(cpu, 0.99))]
            verdict = "met" if slow < WANTED_S else "missed"
            found.append([f"`{name}`", str(len(seconds)), *figures, f"{ms(WANTED_S)} ms: {verdict}"])
        return found


class TimedBox(StudioBox):
    """A studio whose commits wait for the disk; `took` has every event."""

    def __init__(self, state: Path) -> None:
        super().__init__(state, NOON)
        self.close()
        self.store = InlineDatabase(self.path)
        self.ledger = Ledger(self.store, dict.fromkeys(CHANNELS, POLICY).get, Wakeups())
        self.took = Took()

    def apply(self, event: Event) -> Applied:
        with self.took.one(type(event).__name__):
            return super().apply(event)


def play(box: TimedBox, films: int) -> None:
    """`films` episodes to the end, and beside each one that fails, is retried, paused, resumed and cancelled."""
    for number in range(films):
        task = box.queue(f"Timed {number}")
        box.apply(TaskPaused(box.clock.at, task, "a moment"))
        box.apply(TaskResumed(box.clock.at, task))
        box.bring_to(task, Status.PUBLISHED)
        other = box.queue(f"Troubled {number}")
        box.fail(other, "plan/plan", Kind.DOWN, "HTTP 503", http_status=503)
        box.clock.at += 3_600_000
        box.fail(other, "plan/plan", Kind.INPUT, "no plan")
        found = box.task(other)
        event = EntryQueued(
            box.clock.at, found.page_id, found.channel_id, found.title, found.topic, found.direction, found.priority,
            None,
        )  # fmt: skip
        box.apply(event)
        box.cancel(other)


async def ask(state: Path, path: Path, looks: int) -> Took:
    """What each kind of request took."""
    store = await Database.open(path)
    box = StudioClock()
    app = build_app(Ledger(store, dict.fromkeys(CHANNELS, POLICY).get, Wakeups()), store, box, str)
    listening = await serve(app, state / "videod.sock", None)
    took = Took()
    async with control.session(state) as session:

        async def one(method: str, place: str, name: str, body: object = None) -> Any:
            with took.one(f"{method} {name}"):
                async with session.request(method, f"http://videod{place}", json=body) as answer:
                    text = await answer.read()
            assert answer.status == 200, (method, place, text[:300])
            return await answer.json() if answer.content_type == "application/json" else None

        tasks = (await one("GET", "/api/tasks?status=queued&limit=50", "/api/tasks?status=queued"))["tasks"]
        known = [task["id"] for task in tasks]
        busy = (await one("GET", "/api/tasks?needs=person", "/api/tasks?needs=person"))["tasks"]
        reviews = [task["id"] for task in busy if task["gate"]]
        took.elapsed.clear(), took.cpu.clear()  # the first ones warm everything up
        for number in range(looks):
            task = (reviews or known)[number % len(reviews or known)]
            for place in PLACES:
                await one("GET", place, place)
            for part in ("", "/jobs", "/history", "/costs", "/purchases"):
                await one("GET", f"/api/tasks/{task}{part}", f"/api/tasks/{{id}}{part}")
            queued = known[number % len(known)]
            for verb in ("pause", "resume", "cancel", "retry"):
                await one("POST", f"/api/tasks/{queued}/{verb}", f"/api/tasks/{{id}}/{verb}")
            if number < len(reviews):
                await one("POST", f"/api/tasks/{task}/approve", "/api/tasks/{id}/approve")
    await listening.close()
    await store.close()
    return took


class StudioClock:
    """The time of the studio, so that what it waits for is what it would wait for."""

    def now_ms(self) -> int:
        return NOON

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=10_000, help="finished ones; default 10,000")
    parser.add_argument(
        "--tasks", type=int, default=500, help="entries and episodes that are not finished; default 500"
    )
    parser.add_argument(
        "--open", type=int, default=50, help="those of them that are no longer in the queue; default 50"
    )
    parser.add_argument("--films", type=int, default=12, help="played to the end; default 12")
    parser.add_argument("--looks", type=int, default=60, help="requests of each kind; default 60")
    options = parser.parse_args(argv)
    kept = past(options.episodes) if options.episodes else None
    peer_venv.FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="videod-answers-", dir=peer_venv.FOLDER) as name:
        state = Path(name)
        if kept is not None:
            shutil.copy(kept, state / "videod.db")
        waiting = fill(state, options.open, NOON)
        for number in range(options.tasks - options.open):
            waiting.queue(f"Entry {number}", CHANNELS[number % len(CHANNELS)])
        waiting.close()
        box = TimedBox(state)
        play(box, options.films)
        box.close()
        asked = asyncio.run(ask(state, box.path, options.looks))
    print(
        f"{machine()}; {options.tasks} entries, {options.open} of them begun, {options.episodes:,} finished episodes\n"
    )
    head = ["", "times", "p50 ms", "p99 ms", "CPU p50 ms", "CPU p99 ms", "p99 goal"]
    print(table(["change of state", *head[1:]], box.took.rows()), end="\n\n")
    print(table(["answer of the API", *head[1:]], asked.rows()))


if __name__ == "__main__":
    main()
