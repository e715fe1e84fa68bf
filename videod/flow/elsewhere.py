"""What differs where a script ran on another machine: it is noted where, and nothing but a good file is believed."""

from typing import Protocol, runtime_checkable

from videod.core.events import JobPlaced
from videod.core.failures import Failure, Kind
from videod.flow.assignment import Assignment
from videod.ledger import Ledger
from videod.ports import Child, Clock


@runtime_checkable
class Travelled(Protocol):
    """A child on another machine. `cpu_ms`: what it computed there, once it has ended."""

    worker: str
    cpu_ms: int

    def refuse(self, why: str) -> None:
        """What it made is of no use, or it took too long."""
        ...


async def note(ledger: Ledger, clock: Clock, work: Assignment, child: Child) -> None:
    """Where the attempt runs, or ran."""
    if isinstance(child, Travelled):
        placed = JobPlaced(clock.now_ms(), work.task.id, work.job.name, work.attempt, child.worker, child.cpu_ms)
        await ledger.apply(placed)


def disbelieved(child: Child, why: str) -> Failure | None:
    """The interruption, where another machine is to blame rather than the job; it is made somewhere else."""
    if not isinstance(child, Travelled):
        return None
    child.refuse(why)
    return Failure(Kind.INTERRUPTED, f"the worker {child.worker} is not trusted for a while: {why}")
