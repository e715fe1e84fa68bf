"""A look at the cluster for `videod cluster check` and `doctor`: who is there, what they have, how fast they are."""

import asyncio
from dataclasses import asdict, dataclass, field
from pathlib import Path

import dask
from distributed import Client, Scheduler

from videod.adapters.cluster import orders, processes, room
from videod.adapters.cluster.dask_client import How
from videod.adapters.cluster.orders import Reached
from videod.adapters.cluster.roster import ANSWER_S, refusal, seen_by, words

#: how long a worker may take to encode one second of film
SPEED_S = 120.0


@dataclass(frozen=True)
class Found:
    """One worker. `speed_s`: seconds of its processor for a second of film, None where nobody asked or it failed."""

    name: str
    address: str
    slots: int
    version: str = ""
    ffmpeg: str = ""
    free_bytes: int = 0
    cores: int = 0
    speed_s: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class Seen:
    """`version`: of this videod; `problem`: why the scheduler cannot be used."""

    address: str
    version: str
    workers: tuple[Found, ...] = ()
    problem: str = ""
    warnings: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def look(reached: Reached, timed: bool = True) -> Seen:
    """`timed`: each worker encodes a second of film. Raises nothing: whatever Dask raises is what there is to say."""
    dask.config.set(processes.RULES)
    how = How(life="check", **asdict(reached))
    version = orders.version(Path(how.scripts))
    try:
        async with asyncio.timeout(ANSWER_S * 2):
            client = await Client(
                how.address, asynchronous=True, security=how.security(), timeout=ANSWER_S, set_as_default=False
            )
    except Exception as error:
        return Seen(how.address, version, problem=words(error))
    try:
        allowed = await client.run_on_scheduler(_allowed)
        there = await client.run_on_scheduler(seen_by)
        found = await asyncio.gather(
            *(_ask(client, how, version, address, told[0], int(told[1]), timed) for address, told in there.items())
        )
        return Seen(how.address, version, tuple(sorted(found, key=lambda one: one.name)), warnings=_warnings(allowed))
    except Exception as error:
        return Seen(how.address, version, problem=words(error))
    finally:
        await client.close(timeout=2)


def _warnings(allowed: int) -> tuple[str, ...]:
    if allowed == 0:
        return ()
    return (
        f"the scheduler runs lost work again, up to {allowed} times. videod ignores that, but it costs time."
        " Set DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=0 where the scheduler is started",
    )


def _allowed(dask_scheduler: Scheduler) -> int:
    return int(dask_scheduler.allowed_failures)


async def _ask(
    client: Client, how: How, version: str, address: str, name: str, slots: int, timed: bool
) -> Found:  # fmt: skip
    try:
        async with asyncio.timeout(ANSWER_S):
            about = (await client.run(room.about, workers=[address]))[address]
    except Exception as error:
        return Found(name, address, slots, problem=refusal({}, slots, version, how.shared, error))
    problem, speed = refusal(about, slots, version, how.shared), None
    if timed and not problem:
        try:
            async with asyncio.timeout(SPEED_S):
                speed = (await client.run(room.speed, workers=[address]))[address]
        except Exception as error:
            problem = words(error)
    return Found(
        name, address, slots, str(about["version"]), str(about["ffmpeg"]), int(str(about["free"])),
        int(str(about["cores"])), speed, problem,
    )  # fmt: skip
