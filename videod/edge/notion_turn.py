"""Whose turn it is to ask Notion: one pace and one ban for every program that works on the same state folder.

Notion counts requests by connection, not by process, so the daemon and a command at a terminal share a small file: the
next free turn and the end of a ban, both in ms since the machine was started (the steady clock, which all processes
have in common), and which start that was. It is locked for microseconds, never over a wait. Losing it costs nothing:
the daemon keeps a ban durably as well.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "notion.turn"
_FORM = struct.Struct("<qq36s")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Turn:
    """In memory, or shared through the file at `path`, whose folder must exist. Raises OSError when it cannot be used.

    Without a path it serves one program alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file = None if path is None else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._next_ms = self._closed_ms = 0
        self._boot = _BOOT.read_bytes()[:36] if path is not None and _BOOT.exists() else b""

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @contextmanager
    def _shared(self) -> Iterator[None]:
        """What is known now; what is set inside is known to everyone afterwards."""
        if self._file is None:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            kept = os.pread(self._file, _FORM.size, 0)
            if len(kept) == _FORM.size and kept.endswith(self._boot):
                self._next_ms, self._closed_ms, _ = _FORM.unpack(kept)
            yield
            os.pwrite(self._file, _FORM.pack(self._next_ms, self._closed_ms, self._boot), 0)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def take(self, now_ms: int, interval_ms: int) -> int:
        """Reserve the next turn; the ms until it begins."""
        with self._shared():
            begins = max(now_ms, self._next_ms)
            self._next_ms = begins + interval_ms
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
