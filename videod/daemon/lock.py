"""One daemon per state folder: an flock on `state/lock` whose text says who holds it.

The file is never unlinked (unlinking races with the next one); the kernel frees the lock when its holder dies.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from videod import __version__


class LockHeld(Exception):
    """Another process works on this state folder; the text says which and since when."""


def _text(descriptor: int) -> dict[str, object]:
    try:
        loaded = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        loaded = None
    return loaded if isinstance(loaded, dict) else {"pid": None}


@contextmanager
def hold(state: Path, what: str = "videod run") -> Iterator[None]:
    """Hold the lock for the time of the block. Raises LockHeld at once when another process does."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _text(descriptor)
            raise LockHeld(
                f"another videod works on {state} (pid {other.get('pid')}, {other.get('what', 'videod')} since"
                f" {other.get('started_at', '?')}). Stop it first, or give this one another state folder."
            ) from None
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = json.dumps({"pid": os.getpid(), "version": __version__, "started_at": began, "what": what})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
        yield
    finally:
        os.close(descriptor)
