"""The workers as the daemon's side knows them: who they are, what they have, and why one gets no jobs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from distributed import Client, Scheduler

from videod.adapters.cluster import orders
from videod.core.sanitize import sanitize_line

#: how long an answer of the scheduler or a worker may take, seconds
ANSWER_S = 15.0


class Lost(Exception):
    """The attempt came to nothing. `blame`: the worker is set aside for a while."""

    def __init__(self, why: str, blame: bool = True) -> None:
        super().__init__(why)
        self.blame = blame


@dataclass
class Worker:
    """One worker as it is known here. `refused`: why it gets no jobs at all."""

    address: str
    name: str
    slots: int
    about: dict[str, object] = field(default_factory=dict)
    refused: str = ""
    busy: int = 0
    sent: set[str] = field(default_factory=set)
    failures: int = 0
    aside_until: float = 0.0
    problem: str = ""
    greeted: bool = False

    def free(self, now: float) -> int:
        usable = self.greeted and not self.refused and now >= self.aside_until
        return max(0, self.slots - self.busy) if usable else 0


async def ask(client: Client, worker: Worker, function: object, *args: object) -> object:
    async with asyncio.timeout(ANSWER_S * 4):
        return (await client.run(function, *args, workers=[worker.address]))[worker.address]


def words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return (sanitize_line(str(error)) or type(error).__name__)[:300]


def refusal(
    about: Mapping[str, object], slots: int, version: str, shared: str, error: BaseException | None = None
) -> str:  # fmt: skip
    """Why a worker that is so gets no jobs at all; "" where it gets some."""
    theirs, folder = str(about.get("version")), str(about.get("shared") or "")
    if isinstance(error, KeyError):
        return "it was not started by `videod cluster worker`"
    if isinstance(error, ImportError):
        return f"it has no videod, or one that knows nothing of clusters ({words(error)})"
    if error is not None:
        return f"it cannot be asked what it is ({words(error)})"
    if theirs != version:
        return f"it has videod {theirs}, the daemon {version}. Install the same on both"
    if slots < 1:
        return f"it offers no {orders.SLOT}"
    if folder != shared:
        return f"its --shared is {folder or 'none'}, `shared` of the daemon is {shared or 'none'}. Name the same folder"
    if not about.get("ffmpeg"):
        return "it has no FFmpeg. Install it there"
    return ""


def seen_by(dask_scheduler: Scheduler) -> dict[str, tuple[str, float, float]]:
    """Address -> name, slots, seconds since its last sign of life. Runs at the scheduler."""
    from distributed.metrics import time

    return {
        address: (str(one.name), float(one.resources.get(orders.SLOT, 0)), time() - one.last_seen)
        for address, one in dask_scheduler.workers.items()
    }
