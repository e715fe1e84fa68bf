"""Small file systems of a test's own: filled to the last byte, mounted read-only, taken away."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")


@contextmanager
def small(folder: Path, megabytes: int) -> Iterator[Path]:
    """A tmpfs of so many MiB at `folder`."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        unmount(folder)


@contextmanager
def read_only(source: Path, folder: Path) -> Iterator[Path]:
    """What lies in `source`, seen read-only at `folder`."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a folder read-only")
    folder.mkdir(parents=True, exist_ok=True)
    _mount("--bind", str(source), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield folder
    finally:
        unmount(folder)


def unmount(folder: Path) -> None:
    """Also where somebody still has a file open there, or it is unmounted already."""
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def fill(file: Path, leave: int) -> None:
    """Allocate `file` so large that `leave` bytes stay free beside it."""
    found = os.statvfs(file.parent)
    wanted = found.f_bavail * found.f_frsize - leave
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(descriptor, os.fstat(descriptor).st_size, wanted)
    finally:
        os.close(descriptor)


def fill_up(file: Path) -> None:
    """Take the last byte, whoever else writes meanwhile."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = 1 << 22
        while size >= 4096:
            try:
                os.posix_fallocate(descriptor, os.fstat(descriptor).st_size, size)
            except OSError:
                size //= 2
    finally:
        os.close(descriptor)
