"""The client of the cluster, in a process of its own: the daemon speaks JSON lines with it and never imports Dask.

    python -I -m videod.adapters.cluster.dask_client   (the first line on stdin says how the scheduler is reached)

It chooses a worker for each job, sends it what it lacks, submits the job under a key that no other attempt has, and
brings back what was made. Dask may run lost work again, so a key is bound to its worker, and no result counts but that
of the future that is waited for here. Whatever fails on the way is `lost`: the daemon decides what that means.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import dask
from distributed import Client, Future, Scheduler
from distributed.security import Security

from videod import files
from videod.adapters.cluster import orders, room
from videod.adapters.cluster.delivery import Delivery
from videod.adapters.cluster.orders import Left, Order, Reached, Told
from videod.adapters.cluster.roster import ANSWER_S, Lost, Worker, refusal, seen_by, words
from videod.core.sanitize import sanitize_line

log = logging.getLogger("videod.cluster")

#: how often the scheduler is asked who is there, seconds
LOOK_S = 1.0
#: a worker that the scheduler has not heard from for so long gets nothing, and what it does is lost, seconds
SILENT_S = 20.0
#: a worker that failed gets nothing for so long, then twice as long, and so on, seconds
ASIDE_S, ASIDE_MOST_S = 30.0, 1800.0
#: between two attempts to reach the scheduler, seconds
AGAIN_S = 2.0
#: a worker may find inputs missing so often that were sent, before it is to blame
SENDINGS = 3
#: so often, and after so many seconds, it is looked whether a slot is free that the daemon counts on
CHOICES, CHOICE_S = 20, 0.1


@dataclass(frozen=True, kw_only=True)
class How(Reached):
    """`life`: a token of this life of the daemon, in every key."""

    life: str

    def security(self) -> Security | None:
        if not self.ca:
            return None
        return Security(
            tls_ca_file=self.ca, tls_client_cert=self.cert, tls_client_key=self.key, require_encryption=True
        )


class Helper:
    """See the module's text. `say` sends one message to the daemon."""

    def __init__(self, how: How, say: Callable[[Mapping[str, object]], None]) -> None:
        self._how = how
        self._say = say
        self._version = orders.version(Path(how.scripts))
        self._client: Client | None = None
        self._workers: dict[str, Worker] = {}
        self._jobs: dict[int, asyncio.Task[None]] = {}
        self._shown = ""
        self._delivery = Delivery(Path(how.shared) if how.shared else None)

    # ------------------------------------------------------------------------------------------- the scheduler

    async def connected(self) -> None:
        """Keep a client, and know the workers; forever."""
        while True:
            try:
                async with asyncio.timeout(ANSWER_S):
                    self._client = await Client(
                        self._how.address, asynchronous=True, security=self._how.security(), timeout=ANSWER_S,
                        name="videod", set_as_default=False,
                    )  # fmt: skip
                await self._sweep(self._client)
                await self._watched(self._client)
            except Exception as error:
                self._gone(words(error))
            finally:
                client, self._client = self._client, None
                if client is not None:
                    with suppress(Exception):
                        async with asyncio.timeout(ANSWER_S):
                            await client.close(timeout=1)
            await asyncio.sleep(AGAIN_S)

    async def _sweep(self, client: Client) -> None:
        """What an earlier life of this daemon left at the scheduler is cancelled."""
        prefix, mine = f"{orders.PLUGIN}/{self._how.owner}/", f"{orders.PLUGIN}/{self._how.owner}/{self._how.life}/"
        async with asyncio.timeout(ANSWER_S):
            left = await client.run_on_scheduler(_keys_of, prefix, mine)
        if left:
            log.warning("cluster_keys_swept: %s", len(left))

    async def _watched(self, client: Client) -> None:
        """Look who is there until the scheduler is lost."""
        while client.status == "running":
            async with asyncio.timeout(ANSWER_S):
                found = await client.run_on_scheduler(seen_by)
            await self._take_in(client, found)
            self._show("")
            await asyncio.sleep(LOOK_S)
        raise ConnectionError("the connection to the scheduler was lost")

    def _gone(self, why: str) -> None:
        self._workers.clear()
        for task in self._jobs.values():
            task.cancel(f"the cluster's scheduler was lost ({why})")
        self._show(why)

    async def _take_in(self, client: Client, found: Mapping[str, tuple[str, float, float]]) -> None:
        for address in [one for one in self._workers if one not in found]:
            del self._workers[address]  # Dask ends its futures
        new = [address for address in found if address not in self._workers]
        for address, (name, slots, silent_s) in found.items():
            worker = self._workers.setdefault(address, Worker(address, name, int(slots)))
            if silent_s > SILENT_S:
                self._set_aside(worker, f"it has not answered for {silent_s:.0f} s", ASIDE_S)
                self._cancel_on(address, f"the worker {name} does not answer")
        await asyncio.gather(*(self._greet(client, self._workers[address]) for address in new))
        now = asyncio.get_running_loop().time()
        for worker in self._workers.values():
            if worker.problem and not worker.refused and now >= worker.aside_until:
                worker.problem = ""

    async def _greet(self, client: Client, worker: Worker) -> None:
        """Ask a new worker what it is."""
        trouble: Exception | None = None
        try:
            async with asyncio.timeout(ANSWER_S):
                worker.about = (await client.run(room.about, workers=[worker.address]))[worker.address]
        except Exception as error:
            trouble = error
        worker.refused = refusal(worker.about, worker.slots, self._version, self._how.shared, trouble)
        worker.problem = worker.refused
        worker.greeted = True

    def _set_aside(self, worker: Worker, why: str, least_s: float = ASIDE_S) -> None:
        worker.failures += 1
        worker.problem = why
        wait_s = min(ASIDE_MOST_S, least_s * 2 ** (worker.failures - 1))
        worker.aside_until = asyncio.get_running_loop().time() + wait_s

    def _cancel_on(self, address: str, why: str) -> None:
        for task in self._jobs.values():
            if task.get_name() == address:
                task.cancel(why)

    def _show(self, problem: str) -> None:
        """Tell the daemon how the cluster is, where that changed."""
        workers = [
            {
                "name": one.name, "address": one.address, "slots": one.slots, "busy": one.busy, "problem": one.problem,
                "version": str(one.about.get("version", "")), "ffmpeg": str(one.about.get("ffmpeg", "")),
                "usable": one.free(asyncio.get_running_loop().time()) + one.busy if not one.refused else 0,
            }
            for one in sorted(self._workers.values(), key=lambda one: one.name)
        ]  # fmt: skip
        state = {"type": "cluster", "problem": problem, "workers": workers}
        if (shown := json.dumps(state)) != self._shown:
            self._shown = shown
            self._say(state)

    # ------------------------------------------------------------------------------------------------- jobs

    def begin(self, told: Told) -> None:
        self._jobs[told.id] = asyncio.create_task(self._job(told))

    def kill(self, number: int) -> None:
        if (task := self._jobs.get(number)) is not None:
            task.cancel("killed")

    def blame(self, address: str, why: str) -> None:
        if (worker := self._workers.get(address)) is not None:
            self._set_aside(worker, why)
            self._show("")

    async def _job(self, told: Told) -> None:
        worker = None
        try:
            worker = await self._chosen(told)
            worker.busy += 1
            self._jobs[told.id].set_name(worker.address)
            self._say({"type": "placed", "id": told.id, "worker": worker.name, "address": worker.address})
            left = await self._done_by(worker, told)
            worker.failures = 0
            self._say({
                "type": "ended", "id": told.id, "code": left.code, "lines": left.lines, "stderr": left.stderr,
                "cpu_ms": left.cpu_ms,
            })  # fmt: skip
        except asyncio.CancelledError as end:
            why = str(end.args[0]) if end.args else "it was cancelled"
            self._say({"type": "lost", "id": told.id, "why": why})
        except Lost as lost:
            if worker is not None and lost.blame:
                self._set_aside(worker, str(lost))
            self._say({"type": "lost", "id": told.id, "why": str(lost)})
        except Exception as error:
            self._say({"type": "lost", "id": told.id, "why": words(error)})
        finally:
            if worker is not None:
                worker.busy -= 1
            self._jobs.pop(told.id, None)

    async def _chosen(self, told: Told) -> Worker:
        """Who has a slot free and most of the job's inputs, waited for a moment. Raises Lost."""
        digests = set(told.inputs.values())
        for _ in range(CHOICES):
            now = asyncio.get_running_loop().time()
            able = [one for one in self._workers.values() if one.free(now)]
            if able and self._client is not None:
                return max(able, key=lambda one: (len(digests & one.sent), one.free(now), one.name))
            await asyncio.sleep(CHOICE_S)
        raise Lost("no worker has a free slot", blame=False)

    async def _done_by(self, worker: Worker, told: Told) -> Left:
        """What the job left, its files in place. Raises Lost."""
        client = self._client
        assert client is not None
        key = f"{orders.PLUGIN}/{self._how.owner}/{self._how.life}/{told.id}/{told.label}"
        try:
            order, sources = await asyncio.to_thread(orders.order_of, told, key)
        except OSError as error:
            raise Lost(f"its inputs cannot be read ({files.reason(error)})", blame=False) from error
        future: Future | None = None
        try:
            for attempt in range(SENDINGS):
                order = replace(order, key=f"{key}/{attempt}")
                await self._delivery.send(client, worker, order, sources)
                future = client.submit(
                    room.run, order, worker.address, key=order.key, workers=[worker.address],
                    allow_other_workers=False, resources={orders.SLOT: 1}, retries=0, pure=False,
                )  # fmt: skip
                left: Left = await future
                if left.trouble:
                    raise Lost(f"the worker {worker.name} could not do it: {sanitize_line(left.trouble)}")
                if not left.missing:
                    break
                worker.sent -= set(left.missing)
                future.release()
            else:
                raise Lost(f"the worker {worker.name} does not keep what it was sent")
            if left.code != 0:
                raise Lost(_failed(worker, left))
            await self._delivery.fetch(client, worker, order, Path(told.cwd), left.made)
            return _home(left, order, told)
        except (Lost, asyncio.CancelledError):
            raise
        except Exception as error:
            raise Lost(f"the worker {worker.name} was lost ({words(error)})") from error
        finally:
            if future is not None:
                with suppress(Exception):
                    if not future.done():
                        await asyncio.shield(future.cancel())
                    future.release()


def _say(message: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _failed(worker: Worker, left: Left) -> str:
    said = (left.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return f"its script ended with code {left.code} on the worker {worker.name}: {sanitize_line(said)[:300]}"


def _home(left: Left, order: Order, told: Told) -> Left:
    """What the script said, with the places of home."""
    here = f"{told.cwd}/"
    lines = tuple(line.replace(f"{order.token}/", here) for line in left.lines)
    return Left(left.code, lines, left.stderr.replace(f"{order.token}/", here), left.cpu_ms, left.made)


def _keys_of(prefix: str, but: str, dask_scheduler: Scheduler) -> list[str]:
    """Cancel the keys of earlier lives; which there were. Runs at the scheduler."""
    tasks = dask_scheduler.tasks
    left = [key for key in tasks if isinstance(key, str) and key.startswith(prefix) and not key.startswith(but)]
    for key in left:
        for client in list(tasks[key].who_wants or ()):
            dask_scheduler.client_releases_keys(keys=[key], client=client.client_key)
    return left


async def _orders() -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=64 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def main() -> None:
    dask.config.set({"distributed.comm.timeouts.connect": f"{ANSWER_S:.0f}s", "distributed.comm.retry.count": 0})
    stdin = await _orders()
    helper = Helper(How(**json.loads(await stdin.readline())), _say)
    watching = asyncio.create_task(helper.connected())
    while line := await stdin.readline():
        message = json.loads(line)
        match message.pop("do"):
            case "run":
                helper.begin(Told(**message))
            case "kill":
                helper.kill(message["id"])
            case "blame":
                helper.blame(message["address"], message["why"])
    watching.cancel()
    os._exit(0)  # the daemon is gone: what it waited for is nobody's


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    asyncio.run(main())
