"""Whose turn it is to ask Notion: one pace and one ban for every program that works on the same state folder.

Notion counts requests by connection, not by process, so the daemon and a command at a terminal share a small file: the
next free turn and the end of a ban, both in ms since the machine was started (the steady clock, which all processes
have in common), and which start that was. It is locked for microseconds, never over a wait. Losing it costs nothing:
the daemon keeps a ban durably as well. So a program that holds the lock for longer stops nobody: after a short while
each continues alone, says so, and looks again later.
"""

import asyncio
import fcntl
import logging
import os
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

NAME = "notion.turn"
#: who waits for the lock looks so often, and continues alone after this long, seconds
LOOK_S, PATIENCE_S = 0.01, 2.0
#: a holder that the processor left in the midst of its microseconds is given so long, seconds
HOLDER_S = 0.25
#: who continues alone looks again after this long, seconds
ALONE_S = 30.0
#: no turn is further away than this, ms; a file that says so is damaged
FURTHEST_MS = 600_000
_FORM = struct.Struct("<qq36s")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class NotionPacer:
    """In memory, or shared through the file at `path`, whose folder must exist. Raises OSError when it cannot be used.

    Without a path it serves one program alone. `problem` says in one line why turns are not shared now, "" if they are.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file = None if path is None else _opened(path)
        self._alone_until: float | None = None
        self.problem = ""
        self._next_ms = self._closed_ms = 0
        self._boot = _BOOT.read_bytes()[:36] if path is not None and _BOOT.exists() else b""

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def ready(self) -> None:
        """Wait for whoever holds the lock, for PATIENCE_S at most; the calls below never wait."""
        until = time.monotonic() + PATIENCE_S
        while self._file is not None and not self._is_alone():
            if self._try():
                self._unlock()
                return
            if time.monotonic() >= until:
                self._go_alone("another program holds the lock")
                return
            await asyncio.sleep(LOOK_S)

    @contextmanager
    def _shared(self) -> Iterator[None]:
        """What is known now; what is set inside is known to everyone afterwards."""
        if not self._lock():
            yield
            return
        try:
            self._read()
            yield
            self._write()
        finally:
            self._unlock()

    def _lock(self) -> bool:
        """Take the lock; False where turns are not shared. It waits only for a holder that is about to let go."""
        if self._file is None or self._is_alone():
            return False
        until = time.monotonic() + HOLDER_S
        while not self._try():
            if time.monotonic() >= until:
                self._go_alone("another program holds the lock")
                return False
            time.sleep(0.0005)
        if self._alone_until is not None:
            log.info("notion_turn_shared_again")
            self._alone_until, self.problem = None, ""
        return True

    def _try(self) -> bool:
        assert self._file is not None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _is_alone(self) -> bool:
        """Whether it is too early to look again."""
        return self._alone_until is not None and time.monotonic() < self._alone_until

    def _go_alone(self, why: str) -> None:
        if not self.problem:
            log.warning("notion_turn_alone", extra={"path": str(self._path), "error": why})
        self.problem = f"{self._path} cannot be shared with other commands ({why}). videod paces its requests alone"
        self._alone_until = time.monotonic() + ALONE_S

    def _read(self) -> None:
        assert self._file is not None
        try:
            kept = os.pread(self._file, _FORM.size, 0)
        except OSError as error:
            self._go_alone(error.strerror or str(error))
            return
        if len(kept) == _FORM.size and kept.endswith(self._boot):
            next_ms, closed_ms, _ = _FORM.unpack(kept)
            # what was promised alone holds as well
            self._next_ms, self._closed_ms = max(self._next_ms, next_ms), max(self._closed_ms, closed_ms)

    def _write(self) -> None:
        assert self._file is not None
        try:
            os.pwrite(self._file, _FORM.pack(self._next_ms, self._closed_ms, self._boot), 0)
        except OSError as error:
            self._go_alone(error.strerror or str(error))

    def take(self, now_ms: int, interval_ms: int, turns: int = 1) -> int:
        """Reserve the next turn, or several that are used up at once; the ms until they begin.

        Several leave as many free before and after them, so that no second holds more than its share.
        """
        with self._shared():
            free_ms = self._next_ms + (turns - 1) * interval_ms
            begins = max(now_ms, free_ms) if self._next_ms - now_ms < FURTHEST_MS else now_ms
            self._next_ms = begins + turns * interval_ms
            return begins - now_ms

    def ban(self, until_ms: int) -> bool:
        """Nobody asks before this; True when that is later than what was known."""
        with self._shared():
            later = until_ms > self._closed_ms
            self._closed_ms = max(self._closed_ms, until_ms)
            return later

    def banned_until(self) -> int:
        with self._shared():
            return self._closed_ms


def _opened(path: Path) -> int:
    """Raises OSError also for what is no file: a folder, a pipe."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is not a file", str(path))
    return descriptor
