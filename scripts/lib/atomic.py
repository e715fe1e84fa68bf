"""Files that are either whole or not there: written beside their place, forced to disk, then renamed.

Whoever writes a temporary file holds a lock on it; a leftover that nobody holds is swept away by the next writer. (A
process number would not tell: it is given away again, and a killed process keeps its own until somebody reaps it.)
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO


def fingerprint(path: Path) -> tuple[int, str]:
    """The size in bytes and the SHA-256 of a file."""
    digest = hashlib.sha256()
    size = 0
    with open_plain(path) as source:
        while block := source.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def read_small(path: Path, most: int = 4 << 20, *, follow: bool = False) -> bytes:
    """A small file that another program left. Never waits (a FIFO), follows no link unless told to, reads no more than
    `most` bytes. Raises OSError, FileNotFoundError if there is none."""
    with open_plain(path, follow=follow) as source:
        data = source.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, "it is larger than it can be", str(path))
    return data


def open_plain(path: Path, *, follow: bool = True) -> BinaryIO:
    """A file, open for reading. Never waits for a FIFO. Raises OSError, IsADirectoryError for a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is not a plain file", str(path))


@contextlib.contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[tuple[BinaryIO, Path]]:
    """Give an open temporary file and its path; when the block ends well it takes the place of `path`, durably.

    The temporary file stands in the same folder (a rename never crosses file systems) and is removed when the block
    raises. Leftovers of processes that are gone are swept away first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    part = part_path(path)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream, part
            stream.flush()
            # by name, not by handle: a caller may have let another program write the file
            _force(part)
            part.replace(path)
        _force(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def held_room(path: Path, size: int) -> Iterator[Callable[[], None]]:
    """Take `size` bytes beside `path` for what will be written there; calling what is given hands them back.

    So does the end of the block. Raises OSError where the disk has no such room.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.with_name(f".{path.stem}.{own_name()}.room.part{path.suffix}")
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.posix_fallocate(descriptor, 0, size)
        yield lambda: os.ftruncate(descriptor, 0)
    finally:
        place.unlink(missing_ok=True)
        os.close(descriptor)


def part_path(path: Path) -> Path:
    """A place to build `path`, another one each time; the ending stays last: FFmpeg chooses the container by it."""
    return path.with_name(f".{path.stem}.{own_name()}.part{path.suffix}")


def own_name() -> str:
    """A part of a name that nobody can have taken before: who shares the folder may have put a link there."""
    return os.urandom(8).hex()


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put `data` at `path`, whole and durable."""
    with replacing(path, mode) as (stream, _):
        stream.write(data)


def write_text(path: Path, text: str) -> None:
    write(path, text.encode())


def remove(path: Path) -> None:
    """Take a file away, durably; a missing one is fine."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        _force(path.parent)


def free_bytes(path: Path) -> int:
    """Free space where `path` is going to stand."""
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(path: Path) -> None:
    """Remove what killed processes left beside `path` while they were writing it."""
    if not path.parent.is_dir():
        return
    shape = re.compile(rf"\.{re.escape(path.stem)}\.[0-9a-f]+(\.room)?\.part{re.escape(path.suffix)}")
    for entry in path.parent.iterdir():
        if shape.fullmatch(entry.name) and abandoned(entry):
            entry.unlink(missing_ok=True)


def abandoned(entry: Path) -> bool:
    """Whether no process holds this temporary file or folder any more."""
    try:
        descriptor = os.open(entry, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # gone, or none of ours: a link, a socket
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
