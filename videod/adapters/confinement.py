"""What a child may touch: the rules that `launch.py` asks the kernel to keep (Landlock, and the filters of `seccomp`),
and the daemon's own shutters.

A child writes in its workspace and in a temporary folder of its own, nowhere else. Our scripts read the system's
programs and libraries, Python, themselves and what the job names. The owner's own programs read everything but what is
closed to all: the state folder (database, authorizations, other workspaces) and the folders of credentials. Contents
are guarded, not names: Python finds modules by listing folders, and the right to list one covers all that is below.
"""

import ctypes
import logging
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from videod.adapters import launch, orphans, seccomp, walls
from videod.adapters.seccomp import Wall
from videod.ports import Confinement, Spawn
from videod.programs import CERTIFICATES

log = logging.getLogger(__name__)

_PR_SET_DUMPABLE = 4

#: where systems keep programs, libraries and what they need to run; those that a system lacks are passed over
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/alternatives",
    "/etc/localtime", "/etc/timezone", "/etc/passwd", "/etc/group", "/etc/fonts", "/var/cache/fontconfig",
    "/etc/mime.types", "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo",
)  # fmt: skip
#: names and certificates of other hosts; the folders of /run are where /etc/resolv.conf may lead to
_NETWORK = (
    "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
    "/etc/protocols", "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs",
    "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust", "/etc/ca-certificates", "/etc/crypto-policies",
    "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
#: where systemd and its users keep secrets
CREDENTIALS = (
    "/run/credentials", "/etc/credstore", "/etc/credstore.encrypted", "/run/credstore", "/run/credstore.encrypted",
    "/usr/lib/credstore", "/usr/lib/credstore.encrypted",
)  # fmt: skip


@dataclass(frozen=True)
class HostPaths:
    """This installation as children may see it. `readable` and `listed` are for our own scripts, `closed` is for all.

    `temporary`: where each child gets a folder of its own, named after its process id and removed when it has ended.
    """

    state: Path
    temporary: Path
    closed: tuple[str, ...]
    readable: tuple[str, ...]
    listed: tuple[str, ...]


def host_paths(
    state: Path, scripts: Path, environ: Mapping[str, str], secret: Iterable[Path] = ()
) -> HostPaths:  # fmt: skip
    """The paths around the folders of state and scripts, both absolute. `secret`: files closed to all."""
    given = environ.get("CREDENTIALS_DIRECTORY")
    # a rehearsal keeps the key of its own grants, and those of the sandbox's page and switches, beside its state
    keys = [
        root / name for root in (state.parent, state.parent / "sandbox")
        for name in ("master.key", "keys.json", "sandbox.json")
    ]  # fmt: skip
    closed: tuple[str | Path, ...] = (state, *keys, *secret, *CREDENTIALS, *((given,) if given else ()))
    package = Path(__file__).resolve().parents[1]
    certificates = [environ[name] for name in CERTIFICATES if environ.get(name)]
    readable: tuple[str | Path, ...] = (
        *_SYSTEM, *Path("/etc").glob("python3*"), *_NETWORK, *certificates, *_python(), scripts, package,
    )  # fmt: skip
    return HostPaths(state, state / "tmp", real(closed), real(readable), real((scripts.parent, package.parent)))


def _python() -> list[str]:
    """The folders of this Python: its own, those of the one it is a virtual environment of, installed packages."""
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    prefixes = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    return [path for path in (*prefixes, *packages) if path != "/"]


def real(paths: Iterable[str | Path]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(Path(path).resolve()) for path in paths))


def rules(at: HostPaths | None, spawn: Spawn) -> tuple[str, ...]:
    """The rules for `launch.py`; none where the child is in no confinement. `at`: None where there is no Landlock."""
    confinement = spawn.confinement
    if confinement is None:
        return ()
    return (*(_places(at, spawn, confinement) if at is not None else ()), *seccomp.rules(_wall(confinement)))


def _wall(confinement: Confinement) -> Wall:
    if confinement.trusted:
        return Wall.OWN
    return Wall.ONLINE if confinement.network else Wall.OFFLINE


def _places(at: HostPaths, spawn: Spawn, confinement: Confinement) -> list[str]:
    workspace = str(spawn.cwd)
    found = [f"n{path}" for path in at.closed]
    if confinement.trusted:
        # /dev/shm: Python's and others' way of working on several processors
        found += ["r/", "d/dev", "w/dev/shm", "p/dev/shm", f"r{workspace}", f"s{workspace}", f"p{workspace}"]
    else:
        found += [f"r{path}" for path in at.readable] + [f"l{path}" for path in at.listed]
        found += [f"d{path}" for path in _DEVICES]
    found += [f"r{path}" for path in real(part for path in confinement.reads for part in with_libraries(path))]
    written = (workspace,) if confinement.writes is None else confinement.writes
    found += [*(f"w{path}" for path in written), f"i{workspace}", f"t{at.temporary}"]
    if confinement.removes_workspace:
        found.append(f"e{spawn.cwd.parent}")
    if not confinement.network:
        found.append("o")
    return found


def with_libraries(path: Path) -> tuple[Path, ...]:
    """`path`, and for a program in some bin/ the libraries that were installed with it (Homebrew's in its Cellar)."""
    bins = [place.parent for place in {path.absolute(), path.resolve()} if place.parent.name == "bin"]
    return (path, *(bin.parent / name for bin in bins for name in ("lib", "lib64", "Cellar")))


def ready(at: HostPaths | None) -> HostPaths | None:
    """`at`, swept of what dead children left; None, said in the log, where this kernel has no Landlock."""
    if at is None:
        return None
    if not launch.abi():
        log.warning("launch_jail_missing", extra={"reason": walls.NO_LANDLOCK})
        return None
    at.temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in at.temporary.glob("*"):
        if not Path("/proc", left.name).exists():
            shutil.rmtree(left, ignore_errors=True)
    return at


def guard_self() -> None:
    """Shut this process: no other one of the same user may read its memory and environment, no core dump is written.

    And make it the one to which orphans of its children fall, so that it can reap them.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    orphans.adopt()
