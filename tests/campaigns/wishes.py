"""People set things at random moments against our own writes, while many entries are queued: nothing may be lost.

python -m tests.campaigns wishes --wishes 2000 --queued 150

In virtual time on a board with Notion's pace and a round trip for each request. A wish counts as taken with the event
that the ledger committed for it (the edit itself, or its answer).
"""

import argparse
import asyncio
import random
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.frame import Campaign, Result, say
from tests.harness.paced_board import PER_S, PacedBoard
from tests.harness.world import World, policy
from videod.core.model import Task
from videod.core.statuses import AT_GATE, BY_LABEL, CLOSED, GATES, LABELS, Status
from videod.simulation.virtual_loop import run_virtual
from videod.store import reads

#: no wish may wait longer, seconds; after GIVEN_UP_S it counts as lost
P99_S, GIVEN_UP_S = 5.0, 120.0
CHANNELS = tuple(f"channel{number}" for number in range(5))
EVENTS = ("EntryQueued", "EntryEdited", "GateApproved", "RedoAsked", "CancelAsked", "EditRefused", "EntryRefused")


@dataclass
class Wish:
    page: str
    what: str
    at_s: float
    taken_s: float | None = None


class Crowd:
    """People at one board; each entry has at most one wish that is not taken yet."""

    def __init__(self, world: World, board: PacedBoard, chance: random.Random) -> None:
        self.world, self.board, self.chance = world, board, chance
        self.open: dict[str, Wish] = {}
        self.done: list[Wish] = []
        self.queued_s: list[float] = []
        self._names = 0
        apply = world.ledger.apply

        async def listening(event: object) -> object:
            applied = await apply(event)  # type: ignore[arg-type]
            if type(event).__name__ in EVENTS:
                task = applied.task
                page = getattr(event, "page_id", None) or (task.page_id if task else "")
                self._taken(str(page), type(event).__name__)
            return applied

        world.ledger.apply = listening  # type: ignore[assignment,method-assign]

    def _taken(self, page: str, event: str) -> None:
        now = asyncio.get_running_loop().time()
        if event == "EntryQueued":
            self.queued_s.append(now)
        wish = self.open.get(page)
        if wish is not None:
            wish.taken_s = now
            self.done.append(self.open.pop(page))

    def give_up(self) -> None:
        now = asyncio.get_running_loop().time()
        for page in [page for page, wish in self.open.items() if now - wish.at_s > GIVEN_UP_S]:
            self.done.append(self.open.pop(page))

    def batch(self, number: int) -> None:
        for _ in range(number):
            self._names += 1
            channel = CHANNELS[self._names % len(CHANNELS)]
            self.board.add(f"page-{self._names}", Title=f"Film {self._names}", Channel=channel, Status="Queued")

    def wish(self, tasks: tuple[Task, ...]) -> bool:
        """Set something on one entry in work; False where nobody has anything to wish for."""
        free = [task for task in tasks if task.page_id not in self.open and task.admitted]
        if not free:
            return False
        task = self.chance.choice(free)
        label = str(self.board.status(task.page_id))
        fields = self._choice(label, str(self.board.entries[task.page_id].values["Privacy"]))
        now = asyncio.get_running_loop().time()
        self.board.person_sets(task.page_id, **fields)
        self.open[task.page_id] = Wish(task.page_id, f"{label}: {fields}", now)
        return True

    def _choice(self, label: str, privacy: str) -> dict[str, object]:
        status = BY_LABEL.get(label)
        if status in AT_GATE and self.chance.random() < 0.8:
            return {"Status": LABELS[GATES[AT_GATE[status]][1]]}
        if status is Status.CANCELLED:
            return {"Status": LABELS[Status.QUEUED]}
        dice = self.chance.random()
        if dice < 0.25:
            return {"Title": f"Film {self.chance.randrange(10**9)}"}
        if dice < 0.45:
            return {"Privacy": self.chance.choice([one for one in ("private", "unlisted", "public") if one != privacy])}
        if dice < 0.6:
            return {"Status": LABELS[Status.CANCELLED]}
        if dice < 0.8:
            return {
                "Status": self.chance.choice([one for one in ("Uploading", "My own idea", "Draft") if one != label])
            }
        return {"Topic": f"topic {self.chance.randrange(10**9)}"}


async def story(folder: Path, given: argparse.Namespace) -> Result:
    chance = random.Random(given.seed)
    gates = {"auto_gates": frozenset(), "retry_waits_ms": (60_000,)}
    world = World(folder, seed=given.seed, policies={name: policy(name, **gates) for name in CHANNELS}, max_in_work=20)
    slow, fast = given.latency_ms * 1.5 / 1000, given.latency_ms * 0.5 / 1000
    board = PacedBoard(world.clock, chance=random.Random(given.seed + 7), latency_s=(fast, slow))
    world.board = board
    world.poll_interval_s = 3
    await world.start()
    crowd = Crowd(world, board, chance)
    began = asyncio.get_running_loop().time()
    crowd.batch(given.queued)
    wished = 0
    while wished < given.wishes:
        await asyncio.sleep(chance.expovariate(given.per_s))
        crowd.give_up()
        tasks = await world.store.read(reads.open_tasks)
        recent = await world.store.read(lambda tx: reads.recent_tasks(tx, 10_000))
        cancelled = [task for task in recent if task.status is Status.CANCELLED]
        if len([task for task in tasks if task.status not in CLOSED]) < given.queued // 3:
            crowd.batch(given.queued)  # the next batch of 150 meets people at work
        wished += crowd.wish((*tasks, *cancelled))
    await asyncio.sleep(GIVEN_UP_S + 1)
    crowd.give_up()
    await world.stop()
    first = max((at for at in crowd.queued_s[: given.queued]), default=began) - began
    return _judge(crowd, board, given) | {"first_batch_taken_after_s": round(first, 1)}


def _judge(crowd: Crowd, board: PacedBoard, given: argparse.Namespace) -> Result:
    late = sorted(wish.taken_s - wish.at_s for wish in crowd.done if wish.taken_s is not None)
    lost = [wish for wish in crowd.done if wish.taken_s is None]
    within = max(sum(1 for one in board.asked if at <= one < at + 10) for at in board.asked[::25])
    found: Result = {
        "wishes": len(crowd.done), "lost": len(lost), "written_over": len(board.overwritten),
        "p50_s": round(late[len(late) // 2], 2), "p99_s": round(late[int(len(late) * 0.99)], 2),
        "longest_s": round(late[-1], 2), "entries_queued": len(crowd.queued_s), "most_requests_in_10_s": within,
    }  # fmt: skip
    say(str(found))
    for wish in lost[:5]:
        say(f"lost: {wish}")
    assert len(lost) <= given.lost, f"{len(lost)} wishes lost"
    assert late[int(len(late) * 0.99)] <= P99_S, found
    assert within <= PER_S * 10 + 2, found
    return found


def run(folder: Path, given: argparse.Namespace) -> Result:
    return run_virtual(story(folder, given))


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wishes", type=int, default=2000, help="how many things people set, default 2000")
    parser.add_argument("--queued", type=int, default=150, help="entries that are queued at the same time, default 150")
    parser.add_argument("--per-s", type=float, default=0.5, help="wishes a second on average, default 0.5")
    parser.add_argument("--latency-ms", type=float, default=6, help="a round trip to the board, default 6")
    parser.add_argument("--lost", type=int, default=0, help="how many may be lost, default 0")


CAMPAIGN = Campaign("wishes", "people set things at random moments while many entries are queued", _options, run)
