"""The disk under the state folder: how much room it has, the reserve that is kept on it, whether it still is there.

The reserve (`state/reserve`) is a file of nothing whose blocks are really allocated. When the database itself meets a
full disk the file is removed, and what must be remembered has room; it is regenerated when there is space.
"""

import asyncio
import errno
import os
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videod.files import private_folder

MB = 1_000_000
#: the reserve takes at most this share of the file system
RESERVE_SHARE = 0.05
#: a start needs so much: the lock, the write-ahead log and its index are written before anything can be said
START_BYTES = 4 * MB
#: what a probe writes; less could fit into a block that is there already
PROBE_BYTES = 65_536
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Room:
    """Bytes that are free for this user and bytes in all; files that can still be made; bytes that one may have at most
    (None: no such limit)."""

    free: int
    total: int
    files: int | None
    largest: int | None = None


def room(folder: Path) -> Room:
    """Raises OSError when the folder is gone."""
    found = os.statvfs(folder)
    files = found.f_favail if found.f_files else None  # file systems such as btrfs count no inodes
    return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, files, largest_file())


def largest_file() -> int | None:
    """Bytes that a file of this process may have at most (`ulimit -f`), None where the host sets no limit."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def lift_file_limit() -> None:
    """Take what the host allows: a shell's soft limit is a habit, its hard limit a wish."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def limited(largest: int, needed: int) -> str:
    """What a limit of the size of files means, and what to do."""
    return (
        f"files are limited to {largest / MB:.0f} MB by the host (ulimit -f). Raise the limit to {needed / MB:.0f} MB"
        " or more (LimitFSIZE= of a unit) and restart videod"
    )


class Disk:
    """The state folder as it is now; `reserve_bytes` is how much is wanted in reserve (0: nothing)."""

    def __init__(self, state: Path, reserve_bytes: Callable[[], int]) -> None:
        self._state = state
        self._reserve = state / "reserve"
        self._wanted = reserve_bytes
        self._opened = _identity(state)

    def room(self) -> Room:
        return room(self._state)

    def gone(self) -> str | None:
        """What became of the folder that was opened at startup, None while it is where it was."""
        try:
            now = _identity(self._state)
        except OSError as error:
            return f"the state folder {self._state} is gone ({error.strerror})"
        if now != self._opened:
            return f"the state folder {self._state} is not the one that was there at startup. Was its disk unmounted?"
        return None

    def missing(self) -> int:
        """Bytes that the reserve lacks; below 0 it holds more than is wanted."""
        return self._size() - self._there()

    async def keep_reserve(self) -> bool:
        """Make the reserve as large as it should be; False when there is no room for it."""
        # file systems that cannot allocate have it written, which takes a while
        return await asyncio.to_thread(self.make_reserve)

    def make_reserve(self) -> bool:
        wanted = self._size()
        if self._there() == wanted:
            return True
        self.make_room()
        if not wanted:
            return True
        descriptor = os.open(self._reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, wanted)
        except OSError as error:
            self.make_room()
            if error.errno in _FULL:
                return False
            raise
        finally:
            os.close(descriptor)
        return True

    def make_room(self) -> bool:
        """Give the reserve up; False when there was none."""
        try:
            self._reserve.unlink()
        except FileNotFoundError:
            return False
        return True

    def _size(self) -> int:
        return min(self._wanted(), int(self.room().total * RESERVE_SHARE))

    def _there(self) -> int:
        try:
            return self._reserve.stat().st_size
        except FileNotFoundError:
            return 0


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _try_to_write(folder: Path) -> None:
    """Write a small file and force it to the disk: only so a quota is found, or a disk that fails. Raises OSError."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            data = b"\0" * PROBE_BYTES
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        with suppress(OSError):
            probe.unlink()


# ------------------------------------------------------------------------------------------ before the start


def unusable(state: Path) -> str | None:
    """Why no daemon can work in this folder (made where it is missing), with the way back; None where one can.

    On a full disk the reserve is given up here, so that a start has room to write down that it pauses.
    """
    try:
        private_folder(state)
        if os.statvfs(state).f_flag & os.ST_RDONLY:
            return _read_only(state)
        if not os.access(state, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
            return _forbidden(state)
        kept, largest = (state / "videod.db"), largest_file()
        needed = START_BYTES + (kept.stat().st_size if kept.exists() else 0)
        if largest is not None and largest < needed:
            return limited(largest, needed)
        if room(state).free < START_BYTES:
            (state / "reserve").unlink(missing_ok=True)
        left = room(state)
        if left.free >= START_BYTES and left.files != 0:
            _try_to_write(state)
    except PermissionError:
        return _forbidden(state)
    except OSError as error:
        if error.errno == errno.EROFS:
            return _read_only(state)
        return f"the state folder {state} cannot be used ({error.strerror}). Fix that, or set [paths] state"
    if left.free < START_BYTES or left.files == 0:
        what = f"{left.free // MB} MB" if left.free < START_BYTES else "no inodes"
        return f"the disk of {state} has {what} left, too little to start. Free some space and start again"
    return None


def _read_only(state: Path) -> str:
    return (
        f"the state folder {state} is on a file system that is mounted read-only. See `dmesg` for why, then"
        f" `mount -o remount,rw {_mount_point(state)}` and start again. `videod status` still shows what is there"
    )


def _mount_point(folder: Path) -> Path:
    """Where the file system of the folder is mounted; bind mounts, which look like folders, are listed only here."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        lines = []
    mounts = {Path(line.split(" ")[1].replace("\\040", " ")) for line in lines}
    return next((place for place in (folder, *folder.parents) if place in mounts), Path("/"))


def _forbidden(state: Path) -> str:
    return (
        f"the user with id {os.geteuid()} may not write into the state folder {state} (it belongs to {_owner(state)})."
        f" Run videod as that user, or give it the folder: `chown -R {os.geteuid()} {state}`"
    )


def _owner(folder: Path) -> str:
    for place in (folder, *folder.parents):
        try:
            return f"user {place.stat().st_uid}"
        except OSError:
            continue
    return "nobody that can be seen"
