"""Is the daemon alive? Answered from the lock file it holds, without disturbing it."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from videod.core import bounds


@dataclass(frozen=True)
class Daemon:
    """The running daemon as it described itself in state/lock; `started_at` in ms UTC, None where it did not say.

    `problems`: what it says of itself without the database, which may be what it waits for.
    """

    pid: int
    version: str
    started_at: int | None
    problems: tuple[str, ...] = ()


def _milliseconds(value: object) -> int | None:
    """`started_at` as ISO 8601 text or as milliseconds."""
    return bounds.moment_ms(value) if isinstance(value, str) else bounds.whole(value)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _locked(path: Path) -> bool:
    """Whether another process holds the lock. Asked only after its pid was found alive: a probe takes the lock for a
    moment and must never stand in the way of a daemon that starts just now."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def daemon_of(state: Path) -> Daemon | None:
    """The daemon that works in this state folder, or None. Raises PermissionError where the lock cannot be read."""
    lock = state / "lock"
    try:
        loaded = bounds.loads(lock.read_text() or "{}")
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    told = loaded if isinstance(loaded, dict) else {}
    pid = told.get("pid")
    if not isinstance(pid, int) or pid < 1 or not _exists(pid) or not _locked(lock):
        return None
    problems = told.get("problems")
    said = tuple(map(str, problems)) if isinstance(problems, list) else ()
    return Daemon(pid, str(told.get("version", "")), _milliseconds(told.get("started_at")), said)
