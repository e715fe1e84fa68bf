"""One daemon per state folder: an flock on `state/lock` whose text says who holds it.

The file is never unlinked (unlinking races with the next one); the kernel frees the lock when its holder dies. A person
may unlink it all the same, taking it for a stale one, so the folder itself is locked as well.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from videod import __version__
from videod.core import bounds
from videod.files import private_folder


class LockHeld(Exception):
    """Another process works on this state folder; the text says which and since when."""


#: so much is written at most, bytes; whoever asks `videod status` reads it
_TEXT_BYTES = 4096


@dataclass
class Held:
    """The lock while it is held. Its text is also how the daemon tells of itself where the database cannot be written:
    `dashboard.running` reads it."""

    descriptor: int
    text: dict[str, object]
    _size: int = field(default=0)

    def tell(self, problems: Sequence[str] = ()) -> None:
        """Say what is wrong now, instead of what was said before. Raises OSError."""
        kept = list(problems)
        while len(text := json.dumps(self.text | {"problems": kept}).encode()) > _TEXT_BYTES and kept:
            kept.pop()
        # in one write and never shorter than before: whoever reads at this moment finds one text or the other
        os.pwrite(self.descriptor, text.ljust(self._size), 0)
        self._size = max(self._size, len(text))


def _text(descriptor: int) -> dict[str, object]:
    try:
        loaded = bounds.loads(os.pread(descriptor, _TEXT_BYTES, 0))
    except ValueError:
        loaded = None
    told: dict[str, object] = loaded if isinstance(loaded, dict) else {}
    return {"pid": None} | told


@contextmanager
def hold(state: Path, what: str = "videod run") -> Iterator[Held]:
    """Hold the lock for the time of the block. Raises LockHeld at once when another process does."""
    private_folder(state)
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(_held(state, _text(descriptor))) from None
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        os.ftruncate(descriptor, 0)
        held = Held(descriptor, {"pid": os.getpid(), "version": __version__, "started_at": began, "what": what})
        held.tell()
        yield held
    finally:
        os.close(folder)
        os.close(descriptor)


def _held(state: Path, other: dict[str, object]) -> str:
    who = f"pid {other['pid']}, {other.get('what', 'videod')} since {other.get('started_at', '?')}"
    if other["pid"] is None:
        who = "its lock file was removed or is not written yet"
    return f"another videod works on {state} ({who}). Stop it first, or give this one another state folder."
