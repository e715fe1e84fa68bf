"""Processes that left their job's group: found by a mark that they cannot lose by accident, ended and reaped.

Forking twice and opening a session of its own takes a process out of its job's group, its ancestry and, with a cleared
environment, out of reach of a name in there. A resource limit stays: every child inherits it, and a program has to
lower it on purpose. So each job's first process gets a number of its own as its limit of RLIMIT_RSS, which Linux has
not enforced since 2.4.30 and which is far above any memory. Two jobs never share a number, so no other job is touched.
"""

import contextlib
import os
import resource
import secrets
import signal
import time
from pathlib import Path

#: how long a job's orphans are ended again and again (one may fork faster than it is found), seconds
ORPHANS_S = 2.0
_PAUSE_S = 0.005
_HIGHEST_BIT = 1 << 61


def new_mark() -> int:
    """A number that no other job on this host has: 61 bits by chance, over 2 * 10**18 bytes as a limit."""
    return secrets.randbits(61) | _HIGHEST_BIT


def end(mark: int) -> int:
    """Kill and reap every process with `mark`, until none is left. Returns how many were left after ORPHANS_S.

    The job's first process must have been waited for before. Blocks for a millisecond where there are none.
    """
    until = time.monotonic() + ORPHANS_S
    while found := [pid for pid in marked(mark) if not _over(pid)]:
        if time.monotonic() > until:
            return len(found)
        for pid in found:
            _kill(pid, mark)
        time.sleep(_PAUSE_S)
    return 0


def marked(mark: int) -> list[int]:
    """The processes that carry `mark`, dead ones that nobody has waited for included."""
    names = os.listdir("/proc")  # noqa: PTH208 - as paths, they would take three times as long
    return [int(name) for name in names if name.isdecimal() and _carries(int(name), mark)]


def of_a_job(pid: int) -> bool:
    """Whether a process belongs to some job: it carries a mark, whichever."""
    try:
        limit = resource.prlimit(pid, resource.RLIMIT_RSS)[1]
    except OSError:
        return False
    return limit != resource.RLIM_INFINITY and limit & _HIGHEST_BIT != 0


def _carries(pid: int, mark: int) -> bool:
    try:
        return resource.prlimit(pid, resource.RLIMIT_RSS)[1] == mark
    except OSError:  # it ended, or belongs to another user
        return False


def _over(pid: int) -> bool:
    """True when it was reaped here, is gone, or is dead and for another process to reap."""
    ours = True
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        ours = False
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z" and not ours


def _kill(pid: int, mark: int) -> None:
    """A handle first, then the look: so the process that was looked at is the one that gets the signal."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if _carries(pid, mark):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
