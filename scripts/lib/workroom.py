"""A folder for half-made parts beside an output: gone when the work ends, swept away later when it was killed."""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from scripts.lib import atomic


@contextlib.contextmanager
def workroom(output: Path) -> Iterator[Path]:
    """An empty folder on the file system of `output`; those of processes that are gone are removed first."""
    output.parent.mkdir(parents=True, exist_ok=True)
    shape = re.compile(rf"\.{re.escape(output.name)}\.[0-9a-f]+\.work")
    for entry in output.parent.iterdir():
        # to remove anything but a folder that way would open it, and wait forever at a pipe
        if shape.fullmatch(entry.name) and entry.is_dir() and not entry.is_symlink() and atomic.abandoned(entry):
            shutil.rmtree(entry, ignore_errors=True)
    room = output.with_name(f".{output.name}.{atomic.own_name()}.work")
    room.mkdir(mode=0o700)
    descriptor = os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield room
    finally:
        os.close(descriptor)
        shutil.rmtree(room, ignore_errors=True)
