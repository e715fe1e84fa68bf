"""What is known of the cluster: its workers, and why a worker or all of it gets no jobs. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from videod.core import bounds

#: name of the fact in the database
FACT = "cluster"
#: what may be said of a worker in one text, characters
_TEXT = 400


@dataclass(frozen=True)
class WorkerView:
    """`usable`: slots that may be used now, those that are in use among them. `problem`: why there are fewer."""

    name: str
    address: str
    slots: int
    busy: int
    usable: int
    problem: str = ""
    version: str = ""
    ffmpeg: str = ""


@dataclass(frozen=True)
class View:
    """`problem`: why the scheduler cannot be used. `waits`: steps that may travel wait for it then."""

    address: str
    problem: str = ""
    workers: tuple[WorkerView, ...] = ()
    waits: bool = False

    @property
    def slots(self) -> int:
        """How many jobs may run there at once now."""
        return 0 if self.problem else sum(worker.usable for worker in self.workers)

    def problems(self) -> tuple[str, ...]:
        """A sentence for each thing that a person should know."""
        then = "They wait" if self.waits else "They run on this machine"
        if self.problem:
            return (f"the cluster at {self.address} cannot be used ({self.problem}). Films are not made there. {then}",)
        if not self.workers:
            return (f"the cluster at {self.address} has no workers. {then.replace('They', 'Its jobs')}",)
        return tuple(f"worker {one.name}: {one.problem}" for one in self.workers if one.problem)

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "slots": self.slots}


def view_of(value: object) -> View | None:
    """The cluster as a daemon told it, None where there is none. Nonsense is left out."""
    if not isinstance(value, Mapping) or not isinstance(value.get("address"), str):
        return None
    told = value.get("workers")
    workers = (
        tuple(worker_of(one) for one in told if isinstance(one, Mapping)) if isinstance(told, list | tuple) else ()
    )
    return View(_text(value, "address"), _text(value, "problem"), workers, value.get("waits") is True)


def worker_of(value: Mapping[object, object]) -> WorkerView:
    slots, busy, usable = (bounds.whole(value.get(name), 0, 10_000) or 0 for name in ("slots", "busy", "usable"))
    return WorkerView(
        _text(value, "name"), _text(value, "address"), slots, busy, usable, _text(value, "problem"),
        _text(value, "version"), _text(value, "ffmpeg"),
    )  # fmt: skip


def _text(value: Mapping[object, object], name: str) -> str:
    return bounds.text(value.get(name), _TEXT) or ""
