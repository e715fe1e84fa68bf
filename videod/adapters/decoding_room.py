"""Where files that others made are decoded: outside of the daemon, one process a file, behind a wall.

The daemon opens the file and passes its descriptor to a helper (`decoding_helper`), which is started at the first file,
has Pillow in its memory and nothing else, and forks a child for each. The child reaches that one file, no network and
no other process, writes nothing but what it has to say into a pipe, and has limits of memory, time and open files; all
that the kernel keeps (Landlock), where it can. FFmpeg also reads programs and libraries. What comes back is only what
one hostile file says of itself: who reads it (`decode`, `picture`) takes nothing on trust.

A child that dies, hangs or talks nonsense costs one look. A helper that dies is started again at the next file.
"""

import asyncio
import atexit
import contextlib
import functools
import importlib.util
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from videod.adapters import confinement, seccomp
from videod.adapters.process import tethered
from videod.adapters.seccomp import Wall
from videod.core import bounds
from videod.core.sanitize import sanitize_line
from videod.ports import Unchecked

log = logging.getLogger(__name__)

#: how long a child may take to end after the request, seconds
END_S = 2.0
#: how long the helper may take to end with the daemon, seconds
CLOSE_S = 2.0
#: what a helper that died may have said, bytes
_LAST_WORDS = 4096
_HELPER = str(Path(__file__).with_name("decoding_helper.py"))
#: where programs and libraries are: what FFmpeg may read beside the file, itself and what was installed with it
_LIBRARIES = (
    "/bin", "/lib", "/lib32", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec",
    "/usr/local/bin", "/usr/local/lib", "/usr/local/lib64", "/nix/store", "/gnu/store", "/etc/ld.so.cache",
    "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/alternatives", "/sys/devices/system/cpu",
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Address space in bytes, seconds of processor time, open files."""

    memory: int
    cpu_s: int
    files: int = 64


#: a pixel takes some 16 bytes at most while a picture is decoded; a second is enough for the largest
PICTURES = Limits(memory=2 << 30, cpu_s=70)


class Visit:
    """One file in the room. `words`: what its decoder says, to its end."""

    def __init__(self, words: asyncio.StreamReader, line: socket.socket) -> None:
        self.words = words
        self._line = line
        self._code: int | None = None

    async def ended(self) -> int:
        """How the decoder ended: its exit code, or the number of the signal that ended it, negative.

        Raises Unchecked when nobody can say, because the helper itself has ended.
        """
        if self._code is None:
            try:
                told = await asyncio.get_running_loop().sock_recv(self._line, 64)
            except ConnectionError:
                told = b""
            self._code = bounds.whole(told.decode(errors="replace"), -256, 256)
        if self._code is None:
            raise Unchecked("the process that looks at files ended, or could start no other")
        return self._code

    def let_go(self) -> None:
        """All is said that is wanted of it: whatever it still does, it ends, and nobody waits for that."""
        self._code = 0

    async def leave(self) -> bool:
        """End what still runs of it. False when that was not reported: the helper hangs."""
        if self._code is not None:
            return True
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
        with contextlib.suppress(Unchecked, TimeoutError):
            async with asyncio.timeout(END_S):
                await self.ended()
            return True
        return False


class DecodingRoom:
    """Has one helper, from the first file on until `close`; any number of event loops may use it."""

    def __init__(self, pictures: Limits | None = None) -> None:
        """`pictures`: the limits of those who decode one."""
        self._pictures = pictures or PICTURES
        self._lock = threading.Lock()
        self._helper: _Helper | None = None

    @asynccontextmanager
    async def looks_at(self, source: BinaryIO, pixels_max: int) -> AsyncIterator[Visit]:
        """Pillow at a picture of at most so many pixels; its words are the JSON of `decoding_helper._seen`."""
        async with self._visit(source, {"do": "look", "pixels_max": pixels_max}) as visit:
            yield visit

    @asynccontextmanager
    async def runs(self, argv: tuple[str, ...], source: BinaryIO, nice: int, limits: Limits) -> AsyncIterator[Visit]:
        """A program that may read `source` by its path; its words are what it says on stderr."""
        program = str(Path(argv[0]).absolute()) if "/" in argv[0] else argv[0]
        order = {
            "do": "run", "argv": [program, *argv[1:]], "nice": nice, "limits": asdict(limits),
            "places": _places(program), "wall": seccomp.rules(_wall(program)),
        }  # fmt: skip
        async with self._visit(source, order) as visit:
            yield visit

    @asynccontextmanager
    async def _visit(self, source: BinaryIO, order: dict[str, object]) -> AsyncIterator[Visit]:
        read, write = os.pipe()
        with os.fdopen(read, "rb", 0) as pipe, os.fdopen(write, "wb", 0) as said:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours, theirs:
                ours.setblocking(False)
                helper = self._send(order, [source.fileno(), said.fileno(), theirs.fileno()])
                theirs.close()
                said.close()
                async with _reader(pipe) as words:
                    visit = Visit(words, ours)
                    try:
                        yield visit
                    finally:
                        if not await visit.leave():
                            self._drop(helper)

    def _send(self, order: dict[str, object], handles: list[int]) -> "_Helper":
        data = json.dumps(order).encode()
        with self._lock:
            if self._helper is not None:
                try:
                    socket.send_fds(self._helper.control, [data], handles)
                    return self._helper
                except OSError:  # it died since the last file
                    self._helper.end()
                    self._helper = None
            self._helper = started = _Helper(self._pictures)
            try:
                socket.send_fds(started.control, [data], handles)
            except OSError as error:
                raise Unchecked(f"the process that looks at files cannot be reached ({error})") from error
            return started

    def _drop(self, helper: "_Helper") -> None:
        """It has ended, or hangs: the next file gets another."""
        with self._lock:
            if self._helper is helper:
                self._helper = None
        helper.end()

    def close(self) -> None:
        """End the helper and whatever it still looks at."""
        with self._lock:
            helper, self._helper = self._helper, None
        if helper is not None:
            helper.close()


@functools.cache
def common() -> DecodingRoom:
    """The room of this process."""
    room = DecodingRoom()
    atexit.register(room.close)
    return room


class _Helper:
    """The helper's process, and the daemon's end of its socket. Raises Unchecked where it cannot be started."""

    def __init__(self, pictures: Limits) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self.control = ours
        # kept in memory and read when it died: a pipe would need somebody to read it
        self._said = os.memfd_create("decoding_helper")
        argv = (*tethered(0), sys.executable, "-I", "-B", _HELPER, str(theirs.fileno()), _packages())
        try:
            with theirs:
                self._process = subprocess.Popen(
                    argv, env=_environment(), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=self._said, start_new_session=True, pass_fds=(theirs.fileno(),),
                )  # fmt: skip
        except OSError as error:
            ours.close()
            os.close(self._said)
            raise Unchecked(f"the process that looks at files cannot be started ({error})") from error
        first = {"wall": seccomp.rules(Wall.SEALED), "limits": asdict(pictures)}
        with contextlib.suppress(OSError):  # it has died already, which the first order finds out
            ours.send(json.dumps(first).encode())
        log.info("decoding_helper_started", extra={"pid": self._process.pid})

    def end(self) -> None:
        """Kill it, unless it has ended, and say so in the log."""
        if self._said < 0:
            return
        code = self._process.poll()
        self._process.kill()
        said = sanitize_line(os.pread(self._said, _LAST_WORDS, 0).decode(errors="replace"))
        log.warning("decoding_helper_lost", extra={"pid": self._process.pid, "code": code, "said": said[-500:]})
        self._done()

    def close(self) -> None:
        """Let it go; it ends on its own, or is killed."""
        if self._said < 0:
            return
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSE_S)
        self._process.kill()
        self._done()

    def _done(self) -> None:
        self._process.wait()
        self.control.close()
        os.close(self._said)
        self._said = -1


@functools.cache
def _packages() -> str:
    """Where Pillow is installed, and the FFmpeg that comes with videod, which another one may be a wrapper of."""
    found = importlib.util.find_spec("PIL")
    return str(Path(found.origin).parents[1]) if found is not None and found.origin else sysconfig.get_path("platlib")


def _environment() -> dict[str, str]:
    """What Python needs to start, nothing of what the daemon knows."""
    needed = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    # each picture is decoded in new memory, which costs less in large pages, where the kernel has them
    return {"PATH": os.environ.get("PATH", os.defpath), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"} | needed


@asynccontextmanager
async def _reader(pipe: BinaryIO) -> AsyncIterator[asyncio.StreamReader]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader, loop=loop), pipe)
    try:
        yield reader
    finally:
        transport.close()


def _wall(program: str) -> Wall:
    """A program needs no other one, but a script that starts it does."""
    try:
        with open(shutil.which(program) or program, "rb") as source:  # noqa: PTH123 - it may have no folder
            return Wall.DECODING if source.read(4) == b"\x7fELF" else Wall.OFFLINE
    except OSError:
        return Wall.OFFLINE


def _places(program: str) -> list[str]:
    """What FFmpeg may read (`launch`): itself and libraries, in folders of credentials nothing."""
    own = (*confinement.with_libraries(Path(program)), Path(_packages()))
    found = [f"n{path}" for path in confinement.real(confinement.CREDENTIALS)]
    return [*found, *(f"r{path}" for path in confinement.real((*_LIBRARIES, *own))), "d/dev/null"]


def crashed(code: int) -> bool:
    """Whether a decoder ended so because it broke over its file."""
    return code in _CRASHES


_BREAKING = (signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS)
#: a shell says 128 and more of a program behind it
_CRASHES = frozenset(end for number in _BREAKING for end in (-number, 128 + number))
