"""One daemon per state folder: an flock on `state/lock` whose text says who holds it.

The file is never unlinked (unlinking races with the next one); the kernel frees the lock when its holder dies. A person
may unlink it all the same, taking it for a stale one, so the folder itself is locked as well.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from videod import __version__
from videod.core import bounds


class LockHeld(Exception):
    """Another process works on this state folder; the text says which and since when."""


def _text(descriptor: int) -> dict[str, object]:
    try:
        loaded = bounds.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        loaded = None
    told: dict[str, object] = loaded if isinstance(loaded, dict) else {}
    return {"pid": None} | told


@contextmanager
def hold(state: Path, what: str = "videod run") -> Iterator[None]:
    """Hold the lock for the time of the block. Raises LockHeld at once when another process does."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(_held(state, _text(descriptor))) from None
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = json.dumps({"pid": os.getpid(), "version": __version__, "started_at": began, "what": what})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
        yield
    finally:
        os.close(folder)
        os.close(descriptor)


def _held(state: Path, other: dict[str, object]) -> str:
    who = f"pid {other['pid']}, {other.get('what', 'videod')} since {other.get('started_at', '?')}"
    if other["pid"] is None:
        who = "its lock file was removed or is not written yet"
    return f"another videod works on {state} ({who}). Stop it first, or give this one another state folder."
