"""Control groups of jobs: what a job starts is in its group whatever it does, and one word to the kernel ends it all.

They can be had where videod is a unit of systemd that lends it a part of the hierarchy (`Delegate=yes`) and the kernel
is 5.14 or newer. Elsewhere `orphans` finds what a job left by its descent. No child can leave its group: Landlock keeps
it from writing there.
"""

import contextlib
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)

#: the daemon's own group, and how those of its jobs begin
_DAEMON, _JOB = "daemon", "job."
#: how long the kernel may take to end a group, seconds
END_S = 2.0
_PAUSE_S = 0.005


class Groups:
    """The groups below `base`, which belongs to this process."""

    def __init__(self, base: Path) -> None:
        """Move this process into a group of its own: with a job's group beside it, `base` itself must be empty for
        the kernel to count memory and processes of each. Raises OSError."""
        self._base = base
        own = base / _DAEMON
        own.mkdir(exist_ok=True)
        (own / "cgroup.procs").write_text(str(os.getpid()))
        for left in base.glob(f"{_JOB}*"):  # of a daemon that died
            with contextlib.suppress(OSError):
                left.rmdir()

    def make(self, mark: int) -> Path | None:
        """A new, empty group for a job; None, said in the log, when the kernel gives no more."""
        group = self._base / f"{_JOB}{mark:x}"
        try:
            group.mkdir()
        except OSError as error:
            log.warning("launch_group_failed", extra={"error": str(error)})
            return None
        return group


def join(group: Path, pid: int) -> None:
    """Put a child into its group while it still starts; `launch.py` makes sure of it."""
    with contextlib.suppress(OSError):  # it has ended
        (group / "cgroup.procs").write_text(str(pid))


def end(group: Path) -> bool:
    """Kill all that is in a group and remove it. False when something was left after END_S. Blocks."""
    until = time.monotonic() + END_S
    try:
        (group / "cgroup.kill").write_text("1")
        while "populated 1" in (group / "cgroup.events").read_text():
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE_S)
        for inner in sorted(group.rglob("*"), reverse=True):
            if inner.is_dir():
                inner.rmdir()
        group.rmdir()
    except OSError as error:
        log.warning("launch_group_left", extra={"group": str(group), "error": str(error)})
        return False
    return True


def of_the_unit(environ: Mapping[str, str]) -> "tuple[Groups | None, str | None]":
    """The groups that the service manager lends this process, or why it lends none to a unit."""
    if environ.get("SYSTEMD_EXEC_PID") != str(os.getpid()):
        return None, None  # started by hand: the group is another's
    base = own_group()
    if base is None:
        return None, "this host has no control groups of version 2"
    if not (base / "cgroup.kill").exists():
        return None, "this kernel cannot end a control group at once (5.14 or newer)"
    try:
        return Groups(base), None
    except OSError:
        return None, "the unit lends videod no control group (Delegate=yes, ProtectControlGroups=no)"


def own_group() -> Path | None:
    """The folder of the group that this process is in; None if it sees no such group."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return None
    own = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), None)
    if own is None or "/.." in own:
        return None  # there is none, or it lies outside of what this namespace sees
    for line in mounts:
        before, _, after = line.partition(" - ")
        root, place = before.split()[3:5]
        if after.split()[0] == "cgroup2" and f"{own}/".startswith(f"{root.rstrip('/')}/"):
            return Path(place) / own[len(root.rstrip("/")) :].lstrip("/")
    return None
