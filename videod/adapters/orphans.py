"""Processes that a job left behind: found by their descent, told apart by a number, ended and reaped.

This process is the one to which orphans of its children fall (`adopt`), so that whatever a job starts stays its
descendant, whichever group, session or environment it is in. A resource limit tells whose it is: each job's first
process gets a number of its own as its limit of RLIMIT_RSS, which Linux has not enforced since 2.4.30, and every child
inherits it. The filters (`seccomp`) let nobody change it; without filters it can only be lowered. So a descendant
is this process's own helper, or of a job that lives, or a stray: one whose number is neither. Strays are ended. What
does not descend from this process, and this process itself, is never touched, whatever number it carries.
"""

import contextlib
import ctypes
import os
import resource
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
#: how long strays are ended again and again (one may fork faster than it is found), seconds
ORPHANS_S = 2.0
_PAUSE_S = 0.005
_HIGHEST_BIT = 1 << 61
#: the limit of this process and of the helpers that it starts for itself
_OWN = resource.getrlimit(resource.RLIMIT_RSS)[1]
#: the numbers of the jobs that live
_living: set[int] = set()


def adopt() -> None:
    """Let orphans of this process's children fall to it."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def new_mark() -> int:
    """A number that no other job on this host has: 61 bits by chance, over 2 * 10**18 bytes as a limit."""
    return secrets.randbits(61) | _HIGHEST_BIT


def begin() -> int:
    """The number of a job that lives until `end`."""
    mark = new_mark()
    _living.add(mark)
    return mark


def end(mark: int) -> int:
    """The job is over: kill and reap what it left, until nothing is. Returns how many were left after ORPHANS_S.

    The job's first process must have been waited for before. Blocks for a millisecond if there are none.
    """
    _living.discard(mark)
    until, before = time.monotonic() + ORPHANS_S, list[int]()
    while left := _hunt():
        if time.monotonic() > until:
            return len(left)
        # one that forks on and on has a new number at each look, so the next look comes at once
        time.sleep(_PAUSE_S if left == before else 0)
        before = left
    return 0


def _hunt() -> list[int]:
    """Kill each stray as soon as it is found, the youngest first; which there were, but for what is over."""
    found = []
    for pid in strays():
        if not _over(pid):
            _kill(pid)
            found.append(pid)
    return found


def strays() -> Iterator[int]:
    """The descendants that belong to nobody, dead ones that nobody has waited for included, as they are found."""
    me = os.getpid()
    names = os.listdir("/proc")  # noqa: PTH208 - as paths, they would take three times as long
    for name in reversed(names):
        if name.isdecimal() and _is_stray(int(name), me):
            yield int(name)


def of_a_job(pid: int) -> bool:
    """Whether a process belongs to some job of some daemon: it carries a number, whichever."""
    limit = _limit(pid)
    return limit is not None and limit != resource.RLIM_INFINITY and limit & _HIGHEST_BIT != 0


def _is_stray(pid: int, me: int) -> bool:
    if pid == me or (limit := _limit(pid)) is None:
        return False
    return limit != _OWN and limit not in _living and _descends(pid, me)


def _limit(pid: int) -> int | None:
    try:
        return resource.prlimit(pid, resource.RLIMIT_RSS)[1]
    except OSError:  # it ended, or belongs to another user
        return None


def _descends(pid: int, ancestor: int) -> bool:
    """A parent that dies on the way hands it to `ancestor`, so the next look finds what this one misses."""
    while pid > 1 and (stat := _stat(pid)) is not None:
        pid = int(stat[1])
        if pid == ancestor:
            return True
    return False


def _stat(pid: int) -> list[str] | None:
    """State, parent and so on; None when it is gone. Its name in parentheses, before them, may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _over(pid: int) -> bool:
    """True when it was reaped here, is gone, or is dead and for another process to reap."""
    ours = True
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        ours = False
    stat = _stat(pid)
    return stat is None or (stat[0] == "Z" and not ours)


def _kill(pid: int) -> None:
    """A handle first, then the look: so the process that was looked at is the one that gets the signal."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if _is_stray(pid, os.getpid()):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
