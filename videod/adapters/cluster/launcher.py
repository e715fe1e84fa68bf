"""Starts children on workers of the cluster where they may go there, at home where not.

A process of its own speaks with Dask (`dask_client`); this one keeps it running and reads its lines. Only a good file
counts of what a worker says: any other end is an interruption, so that a job fails by what happens at home, never by
what another machine claims. A job that came back twice without a file stays at home.
"""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from videod.adapters.cluster.orders import Reached, Told
from videod.adapters.process import TAIL_CHARACTERS, tethered
from videod.core import bounds
from videod.core.cluster import View, view_of
from videod.core.sanitize import sanitize_line
from videod.ports import Child, Interrupted, Launcher, Spawn

log = logging.getLogger(__name__)

#: a helper that ends is started again after so long, seconds
AGAIN_S = 2.0
#: so long a helper may take to end a job, seconds; then it is ended itself
KILL_S = 20.0
#: so often a job may come back without a file before it stays at home
COMES_BACK = 2
#: what a helper may leave unread, bytes; an order for a whole film has some 30,000
_PIPE_BYTES = 1 << 20
#: one line of a helper: what a script said, 16 MiB at most, in JSON
LINE_BYTES = 64 << 20


@dataclass(frozen=True)
class Rules:
    """`home`: jobs also run at home while there are workers. `waits`: without any, they wait for one.

    `places`: how many jobs of a service may run at home.
    """

    home: bool
    waits: bool
    places: Callable[[str], int]


class ClusterChild:
    """A child on a worker; see ports.Child, and `flow.elsewhere.Travelled`."""

    pid = 0

    def __init__(self, number: int, label: str, helper: "_Helper", blame: Callable[[str, str, str], None]) -> None:
        self.number = number
        self.label = label
        self.worker = ""
        self.cpu_ms = 0
        self._address = ""
        self._helper = helper
        self._blame = blame
        self.placed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._ended = asyncio.Event()
        self._lines: tuple[str, ...] = ()
        self._stderr = ""
        self._code = -signal.SIGKILL
        self._lost: str | None = None

    @property
    def over(self) -> bool:
        return self._ended.is_set()

    def hear(self, message: Mapping[str, object]) -> None:
        """A message about it."""
        match message.get("type"):
            case "placed":
                self.worker = bounds.text(message.get("worker"), 100) or "?"
                self._address = bounds.text(message.get("address"), 200) or ""
                self._settle(True)
            case "ended":
                lines = message.get("lines")
                self._lines = tuple(str(one) for one in lines) if isinstance(lines, list) else ()
                self._stderr = str(message.get("stderr"))
                code = bounds.whole(message.get("code"), -256, 256)
                self._code = -1 if code is None else code
                self.cpu_ms = bounds.whole(message.get("cpu_ms"), 0, 10**12) or 0
                self._ended.set()
            case "lost":
                self.lose(bounds.text(message.get("why"), 500) or "nobody knows why")

    def lose(self, why: str) -> None:
        if not self.over:
            self._lost = why
            self._settle(False)
            self._ended.set()

    def _settle(self, placed: bool) -> None:
        if not self.placed.done():
            self.placed.set_result(placed)

    async def lines(self) -> AsyncIterator[str]:
        await self._over()
        for line in self._lines:
            yield line

    async def wait(self) -> int:
        await self._over()
        return self._code

    async def _over(self) -> None:
        await self._ended.wait()
        if self._lost is not None:
            where = f" on the worker {self.worker}" if self.worker and self.worker not in self._lost else ""
            raise Interrupted(f"{self.label.partition(' ')[2]} came to nothing{where}: {self._lost}")

    async def kill(self, grace_s: float) -> None:
        if self.over:
            return
        self._helper.send({"do": "kill", "id": self.number})
        try:
            async with asyncio.timeout(grace_s + KILL_S):
                await self._ended.wait()
        except TimeoutError:
            self._helper.end("it did not end a job")
            await self._ended.wait()

    def stderr_tail(self) -> str:
        return self._stderr[-TAIL_CHARACTERS:]

    def refuse(self, why: str) -> None:
        """What it made is of no use: its worker gets nothing for a while."""
        self._blame(self._address, self.label, why)


class Cluster:
    """The helper, and what it says. `changed` is called whenever workers or slots did."""

    def __init__(self, reached: Reached, waits: bool, changed: Callable[[], None] = lambda: None) -> None:
        self._reached = reached
        self._waits = waits
        self._changed = changed
        self._life = secrets.token_hex(4)
        self._number = 0
        self.children: dict[int, ClusterChild] = {}
        self._helper: _Helper | None = None
        self.view = View(reached.address, "it was not reached yet", waits=waits)
        self.news = asyncio.Condition()
        #: called with the label of a job whose file was of no use
        self.refused: Callable[[str], None] = lambda label: None

    @property
    def free(self) -> int:
        return self.view.slots - len(self.children) if self._helper is not None else 0

    def problems(self) -> tuple[str, ...]:
        return self.view.problems()

    async def run(self) -> None:
        """Keep a helper running, until cancelled."""
        while True:
            try:
                self._helper = _Helper()
                self._helper.send({**asdict(self._reached), "life": self._life})
                await self._listen(self._helper)
            except OSError as error:
                log.warning("cluster_helper_failed", extra={"error": str(error)})
            finally:
                await self._over()
            await asyncio.sleep(AGAIN_S)

    async def _listen(self, helper: "_Helper") -> None:
        async with contextlib.aclosing(helper.messages()) as messages:
            async for message in messages:
                if message.get("type") == "cluster":
                    await self._take_in(message)
                elif (child := self.children.get(bounds.whole(message.get("id")) or 0)) is not None:
                    child.hear(message)
                    if child.over:
                        await self._forget(child)

    async def _take_in(self, message: Mapping[str, object]) -> None:
        found = view_of({**message, "address": self._reached.address, "waits": self._waits})
        assert found is not None
        before, self.view = self.view, found
        if (before.problem, before.problems(), before.slots) != (found.problem, found.problems(), found.slots):
            extra = {"slots": found.slots, "workers": len(found.workers), "reason": "; ".join(found.problems())}
            log.info("cluster_state_changed", extra=extra)
        self._changed()
        async with self.news:
            self.news.notify_all()

    async def _over(self) -> None:
        """The helper has ended: what it waited for is lost."""
        helper, self._helper = self._helper, None
        why = helper.end("it ended") if helper is not None else "it cannot be started"
        for child in list(self.children.values()):
            child.lose(f"the process that speaks with the cluster was lost ({why})")
        self.children.clear()
        self.view = replace(self.view, problem=f"the process that speaks with it ended ({why})", workers=())
        self._changed()
        async with self.news:
            self.news.notify_all()

    async def _forget(self, child: ClusterChild) -> None:
        self.children.pop(child.number, None)
        async with self.news:
            self.news.notify_all()

    async def begin(self, spawn: Spawn) -> ClusterChild | None:
        """The child on a worker; None where none took it."""
        helper, errand = self._helper, spawn.errand
        if helper is None or errand is None:
            return None
        self._number += 1
        child = self.children[self._number] = ClusterChild(self._number, spawn.label, helper, self._blame)
        told = Told(
            id=self._number, label=spawn.label, argv=list(spawn.argv), env=dict(spawn.env), cwd=str(spawn.cwd),
            nice=spawn.nice, writes=_texts(spawn.confinement.writes if spawn.confinement else None),
            inputs={str(path): digest for path, digest in errand.inputs.items()},
            brought=[str(path) for path in errand.brought], texts=[str(path) for path in errand.texts],
            output=str(errand.output), beside=[str(path) for path in errand.beside],
        )  # fmt: skip
        helper.send({"do": "run", **asdict(told)})
        try:
            if await asyncio.shield(child.placed):
                return child
        except asyncio.CancelledError:
            await asyncio.shield(child.kill(0))
            raise
        return None

    def _blame(self, address: str, label: str, why: str) -> None:
        self.refused(label)
        if self._helper is not None:
            self._helper.send({"do": "blame", "address": address, "why": why})


class ClusterLauncher:
    """See the module's text; `home` starts what stays here."""

    def __init__(self, home: Launcher, cluster: Cluster, rules: Rules) -> None:
        self._home = home
        self._cluster = cluster
        self._rules = rules
        self._at_home: Counter[str] = Counter()
        self._back: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        cluster.refused = lambda label: self._back.update((label,))

    def room(self, service: str, places: int) -> int:
        """How many jobs of a service whose steps travel may run at once, here and there."""
        slots = self._cluster.view.slots
        return places + slots if self._rules.home or not slots else max(slots, 1)

    async def start(self, spawn: Spawn) -> Child:
        errand = spawn.errand
        if errand is None:
            return await self._home.start(spawn)
        while True:
            may_go = self._back[spawn.label] < COMES_BACK
            if may_go and self._cluster.free > 0 and (child := await self._cluster.begin(spawn)) is not None:
                self._watch(child.wait, lambda: None, spawn.label)
                return child
            if self._free_at_home(errand.service, may_go):
                return await self._start_at_home(spawn, errand.service)
            async with self._cluster.news:
                if self._cluster.free <= 0 or not may_go:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(1.0):
                            await self._cluster.news.wait()

    def _free_at_home(self, service: str, may_go: bool) -> bool:
        there = self._cluster.view.slots > 0
        if may_go and (not self._rules.home if there else self._rules.waits):
            return False
        return self._at_home[service] < self._rules.places(service)

    async def _start_at_home(self, spawn: Spawn, service: str) -> Child:
        self._at_home[service] += 1
        try:
            child = await self._home.start(spawn)
        except BaseException:
            self._at_home[service] -= 1
            raise
        self._watch(child.wait, lambda: self._at_home.subtract({service: 1}), spawn.label)
        return child

    def _watch(self, wait: Callable[[], Awaitable[int]], after: Callable[[], None], label: str) -> None:
        """Count how a child ends."""

        async def ended() -> None:
            try:
                await wait()
            except Interrupted:
                self._back[label] += 1
            finally:
                after()
                async with self._cluster.news:
                    self._cluster.news.notify_all()

        task = asyncio.create_task(ended())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _texts(paths: tuple[Path, ...] | None) -> list[str] | None:
    return None if paths is None else [str(path) for path in paths]


class _Helper:
    """The helper's process. Raises OSError where it cannot be started."""

    def __init__(self) -> None:
        self._said = os.memfd_create("cluster_helper")
        self._why = ""
        argv = (*tethered(0), sys.executable, "-I", "-m", "videod.adapters.cluster.dask_client")
        needed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        self._process = subprocess.Popen(
            argv, env={**needed, "PYTHONDONTWRITEBYTECODE": "1"}, cwd="/", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._said, start_new_session=True, bufsize=0,
        )  # fmt: skip
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # a user may have that many pipes already; then it holds 64 KiB
            fcntl.fcntl(self._process.stdin, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(self._process.stdin.fileno(), False)
        log.info("cluster_helper_started", extra={"pid": self._process.pid})

    def send(self, message: Mapping[str, object]) -> None:
        """Never waits: a helper that does not read is ended. One that has ended is found out by its silence."""
        assert self._process.stdin is not None
        line = json.dumps(message).encode() + b"\n"
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin.write(line) != len(line):
                self.end("it does not read what it is asked")

    async def messages(self) -> AsyncGenerator[Mapping[str, object], None]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LINE_BYTES, loop=loop)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader, loop=loop), self._process.stdout
        )
        try:
            while line := await reader.readline():
                try:
                    message = bounds.loads(line)
                except ValueError:
                    continue
                if isinstance(message, dict):
                    yield message
        finally:
            transport.close()

    def end(self, why: str) -> str:
        """Kill it; its last words, or why it is ended."""
        if self._said < 0:
            return self._why
        self._process.kill()
        code = self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        said = sanitize_line(
            os.pread(self._said, 4096, max(0, os.fstat(self._said).st_size - 4096)).decode(errors="replace")
        )
        os.close(self._said)
        self._said = -1
        log.warning("cluster_helper_lost", extra={"code": code, "reason": why, "said": said[-500:]})
        self._why = said[-200:] or f"{why}, code {code}"
        return self._why
