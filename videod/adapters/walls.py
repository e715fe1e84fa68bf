"""What this host's kernel gives to shut children in, found once at start, and what it lacks, in words for people."""

import logging
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from videod.adapters import cgroups, launch, seccomp
from videod.adapters.cgroups import Groups

log = logging.getLogger(__name__)

NO_LANDLOCK = "this kernel has no Landlock (5.13 or newer, lsm=landlock): scripts can access whatever videod's user can"


@dataclass(frozen=True)
class Walls:
    """`groups`: the control groups that the service manager lends; `missing`: what is missing, a sentence each."""

    state: Path
    groups: Groups | None
    lacking: tuple[str, ...]

    def problems(self) -> tuple[str, ...]:
        """What `status` says of the walls, the state folder's mode as it is now among it."""
        return (*self.lacking, *loose(self.state))


def found(state: Path, environ: Mapping[str, str]) -> Walls:
    """Look at the kernel, the libraries and the unit; say in the log what they give, once."""
    version = launch.abi()
    groups, no_groups = cgroups.of_the_unit(environ)
    no_filters = seccomp.missing()
    lacking = [NO_LANDLOCK] if not version else list(_old(version))
    if no_filters is not None:
        lacking.append(f"no seccomp filters, so scripts may open sockets and change modes and limits: {no_filters}")
    if no_groups is not None:
        lacking.append(
            f"jobs have no control group of their own, so leftover processes are found only one by one: {no_groups}"
        )
    if resource.getrlimit(resource.RLIMIT_RSS)[1] != resource.RLIM_INFINITY:
        lacking.append("LimitRSS= is set, so jobs cannot be told apart. Remove it from the unit or of limits.conf")
    made = Walls(state, groups, tuple(lacking))
    told = {"landlock": version, "seccomp": no_filters is None, "control_groups": groups is not None}
    if problems := made.problems():
        log.warning("launch_walls_incomplete", extra=told | {"reason": "; ".join(problems)})
    else:
        log.info("launch_walls_ready", extra=told)
    return made


def _old(version: int) -> tuple[str, ...]:
    """What an older Landlock does not keep scripts from; TCP, which came with the fourth, is the filters' matter."""
    may = []
    if version < 3:
        may.append("empty files of the user of videod (Linux 6.2 or newer keeps them from it)")
    if version < 6:
        may.append("signal other programs of this user (Linux 6.12 or newer)")
    return (
        (f"this kernel's Landlock is of version {version}: your custom scripts may {' and '.join(may)}",) if may else ()
    )


def is_closed(state: Path) -> bool:
    return not loose(state)


def close_again(state: Path, script: str) -> None:
    """Undo what a custom script did that opened the state folder to other users: the kernel cannot refuse it chmod
    outside of its workspace. The mode of this one folder bounds all that lies in it."""
    if is_closed(state):
        return
    try:
        log.warning("launch_state_closed_again", extra={"label": script, "reason": loose(state)[0]})
        state.chmod(0o700)
    except OSError as error:
        log.warning("launch_state_left_open", extra={"label": script, "error": str(error)})


def loose(state: Path) -> tuple[str, ...]:
    """Whether other users of the host can look into the state folder, where authorizations and the database lie."""
    try:
        mode = state.stat().st_mode & 0o777
    except OSError:
        return ()
    if not mode & 0o077:
        return ()
    return (f"other users of this host can look into the state folder (mode {mode:o}): run `chmod 700 {state}`",)
