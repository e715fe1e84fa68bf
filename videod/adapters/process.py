"""Child processes: own session and group, in a confinement, dead with the daemon, never waited for without a bound.

Children are started two at a time on a thread of their own, because starting one waits for its exec and a burst would
hold the loop for seconds. A child's end is seen through its pidfd; after it the whole group is killed, since a
grandchild that keeps stdout open would otherwise hang the reader (a trap of Python 3.11). Whoever left the
group is killed with the job's control group, where there is one, and found by its descent (`orphans`).
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO

from videod.adapters import cgroups, confinement, orphans, walls
from videod.adapters.cgroups import Groups
from videod.adapters.confinement import HostPaths
from videod.files import lacking
from videod.ports import Spawn

log = logging.getLogger(__name__)

#: longest line of stdout that is read whole, and all of stdout and stderr that is read at all, bytes
LINE_BYTES = 1 << 20
OUTPUT_BYTES = 16 << 20
#: after how much of what is already here others get a turn, bytes
TURN_BYTES = 1 << 15
TAIL_CHARACTERS = 8_000
#: how long a dead child's pipes are drained, seconds
DRAIN_S = 2.0
#: how long to wait before another look where the host has no descriptors, seconds
LACK_S = 1.0

_LAUNCH = str(Path(__file__).with_name("launch.py"))


class ProcessChild:
    """A running child; see ports.Child."""

    def __init__(
        self, process: subprocess.Popen[bytes], stdout: asyncio.StreamReader, stderr: asyncio.StreamReader, mark: int,
        temporary: Path | None, group: Path | None, after: Callable[[], None],
    ) -> None:  # fmt: skip
        self._after = after
        #: what it and those whom it waited for have computed, when it has ended
        self.cpu_ms = 0
        self._process = process
        self._mark = mark
        self._group = group
        self._temporary = temporary
        self._stdout = stdout
        self._tail = b""
        self._pidfd = os.pidfd_open(process.pid)
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_end)
        self._stderr_task = asyncio.create_task(self._read_stderr(stderr))

    @property
    def pid(self) -> int:
        return self._process.pid

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._signal(signal.SIGKILL)  # what is left of the group, before the leader's number can be given away
        with contextlib.suppress(ChildProcessError):
            _, status, used = os.wait4(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self.cpu_ms = round(1000 * (used.ru_utime + used.ru_stime))
        self._process.wait()
        os.close(self._pidfd)
        self._end_task = asyncio.create_task(self._end_rest())

    async def _end_rest(self) -> None:
        try:
            if self._group is not None:
                await asyncio.to_thread(cgroups.end, self._group)
            if left := await self._end_strays():
                log.warning("launch_strays_left", extra={"pid": self.pid, "processes": left})
            if self._temporary is not None:
                await asyncio.to_thread(shutil.rmtree, self._temporary, ignore_errors=True)
            self._after()
        finally:
            self._ended.set()

    async def _end_strays(self) -> int:
        """How many were left; a host that has no descriptors to look for them is waited for."""
        said = False
        while True:
            try:
                return await asyncio.to_thread(orphans.end, self._mark)
            except OSError as error:
                if not lacking(error):
                    raise
                if not said:
                    log.warning("launch_strays_waiting", extra={"pid": self.pid, "error": str(error)})
                said = True
                await asyncio.sleep(LACK_S)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    async def _read_stderr(self, stderr: asyncio.StreamReader) -> None:
        taken = 0
        while chunk := await stderr.read(65_536):
            taken += len(chunk)
            if taken <= OUTPUT_BYTES:
                self._tail = (self._tail + chunk)[-4 * TAIL_CHARACTERS :]

    async def lines(self) -> AsyncIterator[str]:
        taken = turn = 0
        while taken <= OUTPUT_BYTES:
            if taken - turn > TURN_BYTES:
                turn = taken
                await asyncio.sleep(0)  # reading what is here never waits
            try:
                raw = await self._stdout.readuntil(b"\n")
            except asyncio.IncompleteReadError as end:
                if end.partial:
                    yield end.partial.decode(errors="replace")
                return
            except asyncio.LimitOverrunError as long:
                await self._stdout.readexactly(long.consumed)
                taken += long.consumed
                yield "(a line of over 1 MiB was cut)"
                continue
            taken += len(raw)
            yield raw.decode(errors="replace").rstrip("\n")
        yield "(of over 16 MiB the rest was not read)"
        while await self._stdout.read(LINE_BYTES):
            pass

    async def wait(self) -> int:
        await self._ended.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.shield(self._stderr_task)
        if not self._stderr_task.done():
            self._stderr_task.cancel()
        return self._process.returncode

    async def kill(self, grace_s: float) -> None:
        if self._ended.is_set():
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self._ended.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._ended.wait()

    def stderr_tail(self) -> str:
        return self._tail.decode(errors="replace")[-TAIL_CHARACTERS:]


async def _pipe(stream: IO[bytes]) -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_BYTES, loop=loop)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader, loop=loop), stream)
    return reader


class ProcessLauncher:
    """Starts children through `launch.py`, two at a time; in confinements where there is a `paths` for them.

    `groups`: where each child gets a control group of its own, if the service manager lends any.
    """

    def __init__(self, paths: HostPaths | None = None, groups: Groups | None = None) -> None:
        orphans.adopt()
        self._paths = confinement.ready(paths)
        self._groups = groups
        #: the state folder, where it was closed to other users: it stays so
        self._closed = self._paths.state if self._paths is not None and walls.is_closed(self._paths.state) else None
        # threads that live as long as the daemon: the parent-death signal fires when the *starting thread* ends
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="launch")

    def close(self) -> None:
        self._threads.shutdown(wait=False)

    async def start(self, spawn: Spawn) -> ProcessChild:
        loop = asyncio.get_running_loop()
        mark = orphans.begin()
        group = self._groups.make(mark) if self._groups is not None else None
        rules = (*((f"c{group}",) if group is not None else ()), *confinement.rules(self._paths, spawn))
        starting = loop.run_in_executor(self._threads, _popen, spawn, mark, rules, group)
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:  # the thread continues, and nobody else would know what it starts
            starting.add_done_callback(partial(_disown, loop, mark, group))
            raise
        except OSError:
            await asyncio.to_thread(_clear, None, mark, group)
            raise
        try:
            assert process.stdout is not None and process.stderr is not None
            temporary = self._paths.temporary / str(process.pid) if self._paths and spawn.confinement else None
            out, errors = await _pipe(process.stdout), await _pipe(process.stderr)
            return ProcessChild(process, out, errors, mark, temporary, group, partial(self._keep_closed, spawn))
        except BaseException:  # no descriptor for it is left, or nobody waits for it any more
            loop.run_in_executor(None, _clear, process, mark, group)
            raise

    def _keep_closed(self, spawn: Spawn) -> None:
        if self._closed is not None and spawn.confinement is not None and spawn.confinement.trusted:
            walls.close_again(self._closed, spawn.label)


def _disown(
    loop: asyncio.AbstractEventLoop, mark: int, group: Path | None, started: "asyncio.Future[subprocess.Popen[bytes]]"
) -> None:  # fmt: skip
    process = None if started.cancelled() or started.exception() is not None else started.result()
    loop.run_in_executor(None, _clear, process, mark, group)
    if process is not None and process.stdout is not None and process.stderr is not None:
        process.stdout.close()
        process.stderr.close()


def _clear(process: subprocess.Popen[bytes] | None, mark: int, group: Path | None) -> None:
    """End what was started for nobody, and forget its job. Blocks."""
    if process is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if group is not None:
        cgroups.end(group)
    orphans.end(mark)


def tethered(
    nice: int, number: signal.Signals = signal.SIGKILL, mark: int = 0, rules: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """What to put before a command so that it runs at `nice` and gets signal `number` when this process dies.

    `mark` (none: 0) tells its descendants apart (`orphans`), `rules` shut it in (`launch`; none: no confinement).
    """
    start = (sys.executable, "-I", "-S", _LAUNCH, str(os.getpid()), str(nice), str(int(number)))
    return (*start, str(mark), str(len(rules)), *rules)


async def running_with(output: str) -> bool:
    """Whether a script of ours still works on `output`: a paid one that outlived its daemon.

    It carries a job's mark and has the file in its command line; another program that names it, such as a player or
    `tail -f`, is none.
    """
    return bool(await asyncio.to_thread(_scripts_of, output))


async def end_with(output: str) -> None:
    """Kill what `running_with` finds."""
    for pid in await asyncio.to_thread(_scripts_of, output):
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(pid)
            try:
                if _works_on(pid, output):  # the number may be another's by now
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)


def _scripts_of(output: str) -> list[int]:
    names = os.listdir("/proc")  # noqa: PTH208 - as paths, they would take three times as long
    return [int(name) for name in names if name.isdecimal() and _works_on(int(name), output)]


def _works_on(pid: int, output: str) -> bool:
    if pid == os.getpid():
        return False
    try:
        told = os.fsencode(output) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return told and orphans.of_a_job(pid)


def _popen(spawn: Spawn, mark: int, rules: tuple[str, ...], group: Path | None) -> subprocess.Popen[bytes]:
    number = signal.SIGTERM if spawn.finishes else signal.SIGKILL
    argv = (*tethered(spawn.nice, number, mark, rules), *spawn.argv)
    process = subprocess.Popen(
        argv,
        env=dict(spawn.env),
        cwd=spawn.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        close_fds=True,
    )
    if group is not None:
        cgroups.join(group, process.pid)
    return process
