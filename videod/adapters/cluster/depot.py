"""Files on a worker by their digests: each travels once, the oldest go when there are too many. No job trusts them.

A job gets copies, whose digest is taken while they are copied: a file that is not (any more) what its name says is
dropped and travels again. With a folder that the daemon sees as well, the daemon puts the files there itself.
"""

import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from videod import files

_CHUNK = 1 << 20
#: what was used within this time stays, however much there is, seconds
LATELY_S = 600.0
#: so much of a worker's disk stays free, bytes
RESERVE_BYTES = 256 << 20


class Full(OSError):
    """The disk has no room for the file."""


class Depot:
    """`cap`: bytes that the files may have together."""

    def __init__(self, folder: Path, cap: int, reserve: int = RESERVE_BYTES) -> None:
        self.folder = folder
        self._cap = cap
        self._reserve = reserve
        files.private_folder(folder)

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Which of them are not here; the others are kept for now."""
        lacking = []
        for digest in digests:
            try:
                os.utime(self.folder / digest)
            except OSError:
                lacking.append(digest)
        return lacking

    def take(self, digest: str, offset: int, data: bytes, whole: int) -> bool:
        """Write the next part of a file that has `whole` bytes; whether it is here now. Raises OSError, Full."""
        part = self.folder / f"{digest}.part"
        if offset == 0:
            self.make_room(whole)
        with part.open("wb" if offset == 0 else "r+b") as stream:
            stream.seek(offset)
            stream.write(data)
        if offset + len(data) < whole:
            return False
        part.replace(self.folder / digest)
        return True

    def add(self, digest: str, source: BinaryIO) -> None:
        """Copy a file in that lies on this machine. Raises OSError."""
        part = self.folder / f"{digest}.{os.getpid()}.part"
        with part.open("wb") as stream:
            source.seek(0)
            while chunk := source.read(_CHUNK):
                stream.write(chunk)
        part.replace(self.folder / digest)

    def copy(self, digest: str, place: Path) -> bool:
        """Put the file at `place`; whether it was here, and what its name says. Raises OSError for the disk."""
        found = hashlib.sha256()
        try:
            source = files.open_plain(self.folder / digest)
        except OSError:
            return False
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with source, place.open("wb") as stream:
            while chunk := source.read(_CHUNK):
                found.update(chunk)
                stream.write(chunk)
        if found.hexdigest() != digest:
            (self.folder / digest).unlink(missing_ok=True)
            return False
        return True

    def make_room(self, size: int) -> None:
        """Drop what was not used for longest, until `size` bytes more are within the cap. Raises Full."""
        kept, now = [], time.time()
        for one in self.folder.iterdir():
            with suppress(OSError):
                found = one.stat()
                kept.append((found.st_mtime, found.st_size, one))
        total = sum(one[1] for one in kept) + size
        for used, bytes_, path in sorted(kept):
            if total <= self._cap or now - used < LATELY_S:
                break
            path.unlink(missing_ok=True)
            total -= bytes_
        free = free_bytes(self.folder)
        if free < size + self._reserve:
            raise Full(28, f"its disk has {free >> 20:,} MB left")


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
