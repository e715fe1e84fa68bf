"""What everything shares that takes a person's wish: the look at the episode, the event, the answer."""

from dataclasses import dataclass

from videod.core import answers
from videod.core.events import Event
from videod.core.model import Job, Task
from videod.core.ops import Decision
from videod.core.statuses import LABELS
from videod.core.wishes import ALREADY, Obstacle, Verb
from videod.flow.placing import Placing
from videod.guard.errors import Code, Refused
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads
from videod.store.database import Store
from videod.store.takes import Take, takes


@dataclass(frozen=True)
class Outcome:
    """What became of a request. `changed` False: all was so already. `cost_micros` is what approving will cost."""

    text: str
    changed: bool
    task: Task | None = None
    cost_micros: int = 0

    def as_json(self) -> dict[str, object]:
        body: dict[str, object] = {"text": self.text, "changed": self.changed}
        if self.task is not None:
            body |= {"task": self.task.id, "title": self.task.title}
            body |= {"status": self.task.status.value, "label": LABELS[self.task.status]}
            body["cost_usd"] = round(self.cost_micros / 1e6, 6)
        return body


class Desk:
    """Takes a person's wishes to the ledger. Every method raises Refused, or returns what was changed."""

    def __init__(
        self, ledger: Ledger, store: Store, clock: Clock, by: str, placing: Placing | None = None
    ) -> None:  # fmt: skip
        self.placing = placing
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self.by = by

    async def look(self, task_id: str) -> tuple[Task, tuple[Job, ...]]:
        task = await self._store.read(lambda connection: reads.task(connection, task_id))
        if task is None:
            task = await self._store.read(lambda connection: reads.task_of_page(connection, task_id))
        if task is None:
            raise Refused(Code.UNKNOWN_TASK, f"there is no episode {task_id}", "see `videod list` for the ids")
        known = task.id
        return task, await self._store.read(lambda connection: reads.jobs(connection, known))

    async def takes(self, task_id: str, job: str) -> tuple[Take, ...]:
        """The files that were made for the job, the oldest first."""
        return await self._store.read(lambda connection: takes(connection, task_id, job))

    async def apply(self, verb: Verb, event: Event, before: Task) -> Task:
        """The task after the event. Raises Refused where the ledger did not take it."""
        applied = await self._ledger.apply(event)
        decision, task = applied.decision, applied.task or before
        _check_taken(verb, decision, task)
        return task

    async def foresee(self, verb: Verb, event: Event, before: Task) -> Decision:
        """What the event would do; nothing is written. Raises Refused where the ledger would not take it."""
        decision = await self._ledger.foresee(event)
        _check_taken(verb, decision, before)
        return decision

    def now(self) -> int:
        return self._clock.now_ms()


def _check_taken(verb: Verb, decision: Decision, task: Task) -> None:
    if decision.refused is not None:
        raise refused(verb, decision.refused, task)
    if not decision.accepted:
        raise Refused(Code.CONFLICT, decision.note, f"see `videod why {task.id}`")


def check(verb: Verb, obstacle: Obstacle | None, task: Task) -> bool:
    """Whether nothing has to be done, since it is so. Raises Refused where it cannot be done."""
    if obstacle is not None and obstacle not in ALREADY:
        raise refused(verb, obstacle, task)
    return obstacle is not None


def refused(verb: Verb, obstacle: Obstacle, task: Task) -> Refused:
    return Refused(obstacle, answers.why_not(verb, obstacle, task), answers.hint(verb, obstacle, task))
