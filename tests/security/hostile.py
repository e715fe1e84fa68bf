# ruff: noqa: PTH101, PTH104, PTH108, PTH115, PTH116, PTH208, PTH211
"""A script that was taken over: every act tries one thing that no script may do, and says whether it got through.

    hostile.py [--only NAME,NAME] [ARGS of the script in whose place it stands]

What to attack stands in `hostile.json` beside it. It needs Python alone, imports nothing of videod, and forks for every
act, so that none spoils the next. One JSON line for each goes to stdout: {"act", "result", "why"}; result is "through",
"held" (refused, with the error), "absent" (there is no such thing here) or "left" (processes of the name in "why" were
left behind, and whoever waits for the job judges). No act does harm where it gets through: modes, limits and times are
set to what they are, signals are those that nobody acts on, files are decoys or taken away again, and processes end
after LIVES_S.
"""

import array
import contextlib
import ctypes
import errno
import fcntl
import json
import os
import platform
import resource
import select
import signal
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

#: an act that has not ended by then is ended and counts as held, seconds
ACT_S = 10.0
#: what an act leaves behind ends automatically after so long, seconds
LIVES_S = 60
TRACE = "hostile-was-here"
#: so many acts are done at a time
AT_ONCE = 16

_libc = ctypes.CDLL(None, use_errno=True)
#: numbers of x86_64 and of the table that arm64 and all newer machines share; from 424 on they are the same everywhere
_NUMBERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "prlimit64": (302, 261),
    "tgkill": (234, 131), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122), "setpriority": (141, 140), "ioprio_set": (251, 30), "kcmp": (312, 272),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "get_robust_list": (274, 100), "unshare": (272, 97),
    "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "bpf": (321, 280), "perf_event_open": (298, 241), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "userfaultfd": (323, 282), "memfd_create": (319, 279), "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "inotify_init1": (294, 26), "inotify_add_watch": (254, 27), "quotactl": (179, 60), "swapon": (167, 224),
    "acct": (163, 89), "sethostname": (170, 161), "init_module": (175, 105), "kexec_load": (246, 104),
    "syslog": (103, 116), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "personality": (135, 92),
    "clone": (56, 220), "exit": (60, 93), "execveat": (322, 281), "mbind": (237, 235), "vhangup": (153, 58),
    "setxattr": (188, 5), "removexattr": (197, 14), "setdomainname": (171, 162), "iopl": (172, -1),
    "io_uring_setup": (425,) * 2, "open_tree": (428,) * 2, "move_mount": (429,) * 2, "fsopen": (430,) * 2,
    "clone3": (435,) * 2, "pidfd_getfd": (438,) * 2, "process_madvise": (440,) * 2, "mount_setattr": (442,) * 2,
    "process_mrelease": (448,) * 2, "fchmodat2": (452,) * 2, "setxattrat": (463,) * 2,
}  # fmt: skip
_COLUMN = {"x86_64": 0}.get(platform.machine(), 1)

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWTIME, CLONE_PARENT = (
    0x10000000, 0x20000000, 0x40000000, 0x80, 0x8000,
)  # fmt: skip
AT_EMPTY_PATH, AT_FDCWD = 0x1000, -100
AF_ALG, AF_VSOCK, AF_SMC, AF_XDP, AF_RDS, AF_TIPC, AF_KCM, AF_QIPCRTR = 38, 40, 43, 44, 21, 30, 41, 42
IPPROTO_SCTP, IPPROTO_MPTCP, IPPROTO_UDPLITE = 132, 262, 136
MSG_FASTOPEN = 0x20000000
_MISSING = (errno.ENOSYS, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.ENOPROTOOPT,
            errno.EOPNOTSUPP, errno.ENODEV, errno.ENXIO)  # fmt: skip


class Refused(Exception):
    """The act did not get through, for a reason that is no errno."""


class Absent(Exception):
    """There is no such thing here."""


class Target:
    """What to attack, from hostile.json."""

    def __init__(self, given: dict[str, object]) -> None:
        def path(name: str) -> Path:
            return Path(str(given.get(name) or f"/nonexistent/{name}"))

        self.daemon = int(str(given.get("daemon") or os.getppid()))
        self._other_job = int(str(given.get("other_job") or 0))
        self.state, self.database, self.socket = path("state"), path("database"), path("socket")
        self.other, self.other_temporary = path("other"), path("other_temporary")
        self.key, self.credential, self.home = path("key"), path("credential"), path("home")
        self.scripts, self.channels, self.settings = path("scripts"), path("channels"), path("settings")
        self.packages, self.unix, self.cache = path("packages"), path("unix"), path("cache")
        self.tcp, self.udp, self.http = (int(str(given.get(name) or 0)) for name in ("tcp", "udp", "http"))
        self.abstract = str(given.get("abstract") or "nobody-listens")
        self.secrets = [str(name) for name in given.get("secrets") or ()]  # type: ignore[union-attr]
        self.journals = [Path(str(one)) for one in given.get("journals") or ()]  # type: ignore[union-attr]
        self.control = str(given.get("control") or "/api/services/kie/pause")
        may = given.get("may") or {}
        #: the secrets that the step gets in whose place this stands
        self.may = set(may.get(Path(sys.argv[0]).stem, ()))  # type: ignore[attr-defined]

    @property
    def other_job(self) -> int:
        if not self._other_job:
            raise Absent("no other job is known")
        return self._other_job

    def decoy(self, name: str) -> Path:
        """A file of the state folder that nobody misses; each act has one of its own."""
        return self.state / f"decoy-{name}"


Act = Callable[[Target], object]
ACTS: dict[str, Act] = {}
GROUPS: dict[str, str] = {}
#: run in the first process itself, as they are about its place in the tree
_IN_PLACE: set[str] = set()
_groups = [""]


def group(name: str) -> None:
    """Of what the acts below are."""
    _groups.append(name)


def act(function: Act) -> Act:
    """Its name is the act's. It returns where it got through, and raises OSError or Refused where not."""
    ACTS[function.__name__], GROUPS[function.__name__] = function, _groups[-1]
    return function


def in_place(function: Act) -> Act:
    _IN_PLACE.add(function.__name__)
    return act(function)


def call(name: str, *arguments: object) -> int:
    """A system call by its number. Raises OSError."""
    number = _NUMBERS[name][_COLUMN]
    if number < 0:
        raise Absent("no such call on this machine")
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    answer = int(_libc.syscall(ctypes.c_long(number), *words))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def prctl(*arguments: int) -> int:
    answer = int(_libc.prctl(*(ctypes.c_ulong(one) for one in arguments)))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def mine(what: str = "") -> Path:
    """A name in the workspace that no other act uses."""
    return Path(f"{TRACE}-{os.getpid()}{what}")


def read(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if not os.read(descriptor, 16):
            raise Refused("it is empty")
    finally:
        os.close(descriptor)


def make_in(folder: Path) -> None:
    path = folder / mine()
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    path.unlink()


def open_to_write(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


# ------------------------------------------------------------------------------------------------- reading
group("read")


@act
def read_database(at: Target) -> None:
    read(at.database)


@act
def read_anything_in_the_state_folder(at: Target) -> str:
    """Secrets of the control socket, records of deaths, backups: whatever lies at its top."""
    wrong: OSError | None = None
    for path in [*at.state.iterdir(), *at.state.glob("backups/*")]:
        try:
            if stat.S_ISREG(path.lstat().st_mode):
                read(path)
                return path.name
        except Refused:
            continue
        except OSError as error:
            wrong = error
    raise wrong or Refused("nothing there")


@act
def read_master_key(at: Target) -> None:
    read(at.key)


@act
def read_credentials_directory(at: Target) -> None:
    read(at.credential)


@act
def read_other_workspace(at: Target) -> None:
    read(at.other)


@act
def read_temporary_folder_of_other_job(at: Target) -> None:
    read(at.other_temporary)


@act
def read_home(at: Target) -> None:
    read(at.home / "private")


@act
def read_shadow(at: Target) -> None:
    read("/etc/shadow")


@act
def read_secrets_of_other_services(at: Target) -> str:
    """In its own environment: what this step has no need of."""
    found = [name for name in at.secrets if name in os.environ and name not in at.may]
    if not found:
        raise Refused("none in the environment")
    return ",".join(found)


@act
def read_environ_of_daemon(at: Target) -> None:
    read(f"/proc/{at.daemon}/environ")


@act
def read_memory_of_daemon(at: Target) -> None:
    os.close(os.open(f"/proc/{at.daemon}/mem", os.O_RDONLY))


@act
def read_maps_of_daemon(at: Target) -> None:
    read(f"/proc/{at.daemon}/maps")


@act
def read_descriptors_of_daemon(at: Target) -> None:
    for name in os.listdir(f"/proc/{at.daemon}/fd"):
        os.readlink(f"/proc/{at.daemon}/fd/{name}")


@act
def open_descriptor_of_daemon(at: Target) -> None:
    os.close(os.open(f"/proc/{at.daemon}/fd/0", os.O_RDONLY | os.O_NONBLOCK))


@act
def read_stack_of_daemon(at: Target) -> None:
    read(f"/proc/{at.daemon}/syscall")


@act
def go_through_root_of_daemon(at: Target) -> None:
    read(f"/proc/{at.daemon}/root{at.database}")


@act
def go_through_cwd_of_daemon(at: Target) -> None:
    os.readlink(f"/proc/{at.daemon}/cwd")


@act
def read_environ_of_other_job(at: Target) -> None:
    read(f"/proc/{at.other_job}/environ")


@act
def read_memory_of_other_job(at: Target) -> None:
    os.close(os.open(f"/proc/{at.other_job}/mem", os.O_RDWR))


@act
def read_kernel_memory(at: Target) -> None:
    for path in ("/dev/mem", "/proc/kcore", "/dev/kmsg"):
        with contextlib.suppress(FileNotFoundError):
            return read(path)
    raise Absent("no such device")


@act
def read_by_file_handle(at: Target) -> None:
    """open_by_handle_at walks no path."""
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
    mount_id = ctypes.c_int()
    call("name_to_handle_at", AT_FDCWD, os.fsencode(at.database), handle, ctypes.byref(mount_id), 0)
    root = os.open("/", os.O_RDONLY)
    descriptor = call("open_by_handle_at", root, handle, os.O_RDONLY)
    if not os.read(descriptor, 16):
        raise Refused("empty")


@act
def read_by_descriptor_left_open(at: Target) -> str:
    """A descriptor of the daemon that was left open in its children."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):
                where = os.readlink(f"/proc/self/fd/{name}")
                own = where.startswith(str(Path.cwd()))
                if where.startswith(("socket:", "anon_inode:")) or (str(at.state) in where and not own):
                    return where
    raise Refused("none")


# ------------------------------------------------------------------------------------------------- writing
group("write")


@act
def write_database(at: Target) -> None:
    open_to_write(at.database)


@act
def truncate_state(at: Target) -> None:
    os.truncate(at.decoy("truncated"), 0)


@act
def make_in_state_folder(at: Target) -> None:
    make_in(at.state)


@act
def remove_from_state_folder(at: Target) -> None:
    os.unlink(at.decoy("removed"))


@act
def rename_in_state_folder(at: Target) -> None:
    os.rename(at.decoy("renamed"), at.state / mine())
    os.rename(at.state / mine(), at.decoy("renamed"))


@act
def make_in_other_workspace(at: Target) -> None:
    make_in(at.other.parent)


@act
def write_in_other_workspace(at: Target) -> None:
    open_to_write(at.other)


@act
def make_workspace_beside(at: Target) -> None:
    path = Path.cwd().parent / mine()
    path.mkdir()
    path.rmdir()


@act
def write_in_temporary_folder_of_other_job(at: Target) -> None:
    open_to_write(at.other_temporary)


@act
def make_in_shared_temporary_folder(at: Target) -> None:
    make_in(at.state / "tmp")


@act
def write_own_script(at: Target) -> None:
    """The next job would run it."""
    open_to_write(Path(__file__))


@act
def make_in_scripts(at: Target) -> None:
    make_in(at.scripts)


@act
def make_in_scripts_library(at: Target) -> None:
    make_in(at.scripts / "lib")


@act
def make_in_packages(at: Target) -> None:
    make_in(at.packages)


@act
def make_in_channels(at: Target) -> None:
    make_in(at.channels)


@act
def write_settings(at: Target) -> None:
    open_to_write(at.settings)


@act
def make_in_home(at: Target) -> None:
    make_in(at.home)


@act
def make_in_tmp(at: Target) -> None:
    make_in(Path("/tmp"))


@act
def make_in_var_tmp(at: Target) -> None:
    make_in(Path("/var/tmp"))


@act
def make_in_dev_shm(at: Target) -> None:
    make_in(Path("/dev/shm"))


@act
def make_in_run(at: Target) -> None:
    make_in(Path("/run"))


@act
def make_in_cache(at: Target) -> None:
    make_in(at.cache)


@act
def write_memory_of_daemon(at: Target) -> None:
    os.close(os.open(f"/proc/{at.daemon}/mem", os.O_WRONLY))


@act
def write_oom_score_of_daemon(at: Target) -> None:
    path = Path(f"/proc/{at.daemon}/oom_score_adj")
    path.write_text(path.read_text())


@act
def write_name_of_daemon(at: Target) -> None:
    path = Path(f"/proc/{at.daemon}/comm")
    path.write_text(path.read_text())


@act
def write_kernel_settings(at: Target) -> None:
    open_to_write(Path("/proc/sys/kernel/core_pattern"))


@act
def write_lower_oom_score_of_own(at: Target) -> None:
    """Less likely to be killed than the daemon."""
    Path("/proc/self/oom_score_adj").write_text("-900")


# ------------------------------------------------------------------------------------------------- metadata
group("metadata")


@act
def chmod_state_folder(at: Target) -> None:
    os.chmod(at.state, stat.S_IMODE(at.state.stat().st_mode))


@act
def chmod_database(at: Target) -> None:
    os.chmod(at.database, stat.S_IMODE(at.database.stat().st_mode))


@act
def chmod_socket(at: Target) -> None:
    os.chmod(at.socket, stat.S_IMODE(at.socket.stat().st_mode))


@act
def chmod_by_descriptor(at: Target) -> None:
    """fchmod refuses O_PATH; the way through /proc does not."""
    descriptor = os.open(at.state, os.O_PATH)
    os.chmod(f"/proc/self/fd/{descriptor}", stat.S_IMODE(at.state.stat().st_mode))


@act
def chmod_by_newer_call(at: Target) -> None:
    call("fchmodat2", AT_FDCWD, os.fsencode(at.database), stat.S_IMODE(at.database.stat().st_mode), 0)


@act
def chmod_other_workspace(at: Target) -> None:
    os.chmod(at.other.parent, stat.S_IMODE(at.other.parent.stat().st_mode))


@act
def chmod_own_script(at: Target) -> None:
    os.chmod(__file__, stat.S_IMODE(os.stat(__file__).st_mode))


@act
def chown_database(at: Target) -> None:
    found = at.database.stat()
    os.chown(at.database, found.st_uid, found.st_gid)


@act
def lchown_state_folder(at: Target) -> None:
    os.lchown(at.state, -1, at.state.stat().st_gid)


@act
def utime_database(at: Target) -> None:
    found = at.database.stat()
    os.utime(at.database, ns=(found.st_atime_ns, found.st_mtime_ns))


@act
def setxattr_database(at: Target) -> None:
    os.setxattr(at.database, "user.hostile", b"1")
    os.removexattr(at.database, "user.hostile")


@act
def setxattr_list_of_access(at: Target) -> None:
    """As chmod, by another name: user::rw- group::--- other::--- (an ACL of what a mode of 0600 says)."""
    entries = b"".join(struct.pack("<HHI", tag, bits, 0xFFFFFFFF) for tag, bits in ((1, 6), (4, 0), (32, 0)))
    os.setxattr(at.decoy("listed"), "system.posix_acl_access", struct.pack("<I", 2) + entries)


@act
def removexattr_state_folder(at: Target) -> None:
    try:
        os.removexattr(at.state, "system.posix_acl_default")
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise


@act
def set_flags_of_file(at: Target) -> None:
    """FS_IOC_SETFLAGS (immutable) needs no right to write."""
    descriptor = os.open(at.decoy("flagged"), os.O_RDONLY)
    flags = bytearray(8)
    fcntl.ioctl(descriptor, 0x80086601, flags)
    fcntl.ioctl(descriptor, 0x40086602, bytes(flags))


@act
def lock_database(at: Target) -> None:
    """A lock on the daemon's files needs a descriptor only."""
    for name in ("videod.db", "lock"):
        descriptor = os.open(at.state / name, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


# -------------------------------------------------------------------------------------------------- links and odd files
group("links")


@act
def symlink_to_database(at: Target) -> None:
    os.symlink(at.database, mine())
    os.unlink(mine())


@act
def symlink_in_temporary_folder(at: Target) -> None:
    path = Path(os.environ["TMPDIR"]) / mine()
    path.symlink_to(at.database)
    path.unlink()


@act
def read_through_a_link(at: Target) -> None:
    os.symlink(at.database, mine())
    try:
        read(mine())
    finally:
        os.unlink(mine())


@act
def hardlink_database_in(at: Target) -> None:
    os.link(at.database, mine())
    os.unlink(mine())


@act
def hardlink_out(at: Target) -> None:
    mine().touch()
    os.link(mine(), at.other.parent / mine())
    os.unlink(at.other.parent / mine())


@act
def rename_out(at: Target) -> None:
    mine().touch()
    os.rename(mine(), at.other.parent / mine())
    os.unlink(at.other.parent / mine())


@act
def rename_database_in(at: Target) -> None:
    os.rename(at.decoy("taken"), mine())
    os.rename(mine(), at.decoy("taken"))


@act
def make_block_device(at: Target) -> None:
    os.mknod(mine(), stat.S_IFBLK | 0o600, os.makedev(7, 0))
    os.unlink(mine())


@act
def make_character_device(at: Target) -> None:
    os.mknod(mine(), stat.S_IFCHR | 0o600, os.makedev(1, 1))
    os.unlink(mine())


@act
def make_file_with_setuid(at: Target) -> None:
    """What root's child leaves behind must make nobody root."""
    path = mine()
    path.write_bytes(b"#!/bin/sh\n")
    try:
        path.chmod(0o4755)
        if not path.stat().st_mode & stat.S_ISUID:
            raise Refused("the bit was taken off")
    finally:
        path.unlink()


@act
def run_what_was_made(at: Target) -> None:
    path = mine()
    path.write_bytes(Path("/bin/true").read_bytes())
    path.chmod(0o700)
    try:
        run([f"./{path}"])
    finally:
        path.unlink()


@act
def run_from_memory(at: Target) -> None:
    descriptor = call("memfd_create", b"hostile", 0)
    os.write(descriptor, Path("/bin/true").read_bytes())
    run([f"/proc/self/fd/{descriptor}"], keep=descriptor)


def run(argv: list[str], keep: int = -1) -> None:
    """Raises OSError where it could not be run, Refused where it ended badly."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        if keep >= 0:
            os.set_inheritable(keep, True)
        try:
            os.execv(argv[0], argv)
        except OSError as error:
            os.write(writing, b"%d" % (error.errno or 1))
        os._exit(1)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    if told := os.read(reading, 16):
        raise OSError(int(told), os.strerror(int(told)))
    if status:
        raise Refused(f"it ended with {status}")


# ---------------------------------------------------------------------------------------------- journals of other steps
group("journals")


def others_journal(at: Target, suffix: str) -> Path:
    found = [path for path in at.journals if path.name.endswith(suffix)]
    if not found:
        raise Absent("no such journal here")
    return found[0]


def forge(path: Path) -> None:
    """Put a file in its place as our scripts do: a new one, renamed. The old one comes back."""
    before = path.read_bytes() if path.exists() else None
    part = path.with_name(f"{path.name}.{mine()}")
    part.write_bytes(b"{}")
    part.replace(path)
    if before is None:
        path.unlink()
    else:
        path.write_bytes(before)


@act
def forge_receipt_of_other_step(at: Target) -> None:
    forge(others_journal(at, ".job.json"))


@act
def forge_session_of_upload(at: Target) -> None:
    forge(others_journal(at, ".session.json"))


@act
def remove_receipt_of_other_step(at: Target) -> None:
    path = others_journal(at, "removed.job.json")
    before = path.read_bytes()
    path.unlink()
    path.write_bytes(before)


# ------------------------------------------------------------------------------------------------- sockets
group("sockets")


def tcp(at: Target, protocol: int = 0) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol) as made:
        made.settimeout(2)
        made.connect(("127.0.0.1", at.tcp))


@act
def connect_tcp(at: Target) -> None:
    tcp(at)


@act
def connect_tcp6(at: Target) -> None:
    """The wildcard address in IPv6's clothes."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as made:
        made.settimeout(2)
        made.connect(("::ffff:127.0.0.1", at.tcp))


@act
def connect_mptcp(at: Target) -> None:
    tcp(at, IPPROTO_MPTCP)


@act
def connect_by_fast_open(at: Target) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.settimeout(2)
        made.sendto(b"out", MSG_FASTOPEN, ("127.0.0.1", at.tcp))


@act
def listen_tcp(at: Target) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.bind(("127.0.0.1", 0))
        made.listen()


@act
def listen_without_bind(at: Target) -> None:
    """The kernel chooses a port, and no rule about bind is asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.listen()


@act
def listen_mptcp(at: Target) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP) as made:
        made.bind(("127.0.0.1", 0))
        made.listen()


@act
def send_udp(at: Target) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"out", ("127.0.0.1", at.udp))


@act
def send_udplite(at: Target) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, IPPROTO_UDPLITE) as made:
        made.sendto(b"out", ("127.0.0.1", at.udp))


@act
def receive_udp(at: Target) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))


@act
def open_sctp(at: Target) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SCTP).close()


@act
def open_raw(at: Target) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


@act
def open_ping(at: Target) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()


@act
def open_packet(at: Target) -> None:
    socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()


@act
def open_netlink_route(at: Target) -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()


@act
def open_netlink_audit(at: Target) -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9).close()


@act
def open_netlink_netfilter(at: Target) -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12).close()


def family(number: int, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> None:
    socket.socket(number, kind, protocol).close()


@act
def open_vsock(at: Target) -> None:
    family(AF_VSOCK)


@act
def open_crypto_of_kernel(at: Target) -> None:
    family(AF_ALG, socket.SOCK_SEQPACKET)


@act
def open_smc(at: Target) -> None:
    family(AF_SMC)


@act
def open_xdp(at: Target) -> None:
    family(AF_XDP, socket.SOCK_RAW)


@act
def open_odd_families(at: Target) -> str:
    """Any other family that this kernel knows."""
    wrong: OSError = OSError(errno.EAFNOSUPPORT, "none of them is known")
    known = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET}
    for number in range(1, 47):
        if number in known | {AF_VSOCK, AF_ALG, AF_SMC, AF_XDP}:
            continue
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                family(number, kind)
            except OSError as error:
                if error.errno not in _MISSING:
                    wrong = error
            else:
                return f"family {number}"
    raise wrong


@act
def connect_unix_socket_elsewhere(at: Target) -> None:
    """The Docker daemon, a message bus, an agent of keys: many things listen so."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.settimeout(2)
        made.connect(str(at.unix))


@act
def connect_abstract_socket(at: Target) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.settimeout(2)
        made.connect(f"\0{at.abstract}")


@act
def send_to_unix_datagram_elsewhere(at: Target) -> None:
    """The service manager hears datagrams from whomever its unit holds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.settimeout(2)
        made.sendto(b"STATUS=hostile", f"{at.unix}.dgram")


@act
def speak_to_service_manager(at: Target) -> None:
    """STOPPING=1 or MAINPID= from a script would confuse it (NotifyAccess=main ignores it: sending is what counts)."""
    where = os.environ.get("NOTIFY_SOCKET") or "/run/systemd/notify"
    if not Path(where).exists():
        raise Absent("no service manager here")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.sendto(b"STATUS=hostile", where)


# ----------------------------------------------------------------------------------------------- commands to the daemon
group("control")


def ask(channel: socket.socket, at: Target) -> str:
    """A change over the control socket, as the command line sends it."""
    channel.settimeout(5)
    body = b"{}"
    head = (
        f"POST {at.control} HTTP/1.1\r\nHost: videod\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    channel.sendall(head.encode() + b"\r\n\r\n" + body)
    status = channel.recv(4096).split(b"\r\n")[0].decode(errors="replace")
    if " 200 " not in f"{status} ":
        raise Refused(status or "no answer")
    return status


def control(at: Target) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(5)
    made.connect(str(at.socket))
    return made


@act
def command_daemon(at: Target) -> str:
    return ask(control(at), at)


@act
def command_daemon_for_a_dead_peer(at: Target) -> str:
    """Who connected has ended; who asks has its descriptor."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    run_in_child(lambda: made.connect(str(at.socket)))
    return ask(made, at)


@act
def command_daemon_by_passed_descriptor(at: Target) -> str:
    ours, theirs = socket.socketpair()

    def passed() -> None:
        made = control(at)
        theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [made.fileno()]))])

    run_in_child(passed)
    ours.settimeout(5)
    _, more, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
    if not more:
        raise Refused("no descriptor came")
    return ask(socket.socket(fileno=struct.unpack("i", more[0][2])[0]), at)


@act
def command_daemon_with_a_lower_mark(at: Target) -> str:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_RSS, (1 << 40, 1 << 40))
    return ask(control(at), at)


@act
def command_daemon_from_a_session_of_its_own(at: Target) -> str:
    """Forked twice, its parent gone, so that the daemon itself is its parent."""

    def orphan() -> None:
        unmark()
        while os.getppid() == first:
            time.sleep(0.001)
        os.write(writing, json.dumps(attempt(lambda: ask(control(at), at))).encode())

    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        first = os.getpid()
        if os.fork() == 0:
            orphan()
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    told = json.loads(os.read(reading, 4096) or b'["held", "no answer"]')
    if told[0] != "through":
        raise Refused(told[1])
    return str(told[1])


@act
def command_daemon_over_tcp(at: Target) -> str:
    if not at.http:
        raise Absent("no http_port")
    return ask(socket.create_connection(("127.0.0.1", at.http), 5), at)


@act
def read_status_over_socket(at: Target) -> str:
    made = control(at)
    made.sendall(b"GET /api/status HTTP/1.1\r\nHost: videod\r\n\r\n")
    status = made.recv(64).split(b"\r\n")[0].decode(errors="replace")
    if " 200 " not in f"{status} ":
        raise Refused(status or "no answer")
    return status


def run_in_child(do: Callable[[], object]) -> None:
    """Raises Refused where it failed."""
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            do()
        except OSError as error:
            code = error.errno or 1
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    if status:
        number = os.waitstatus_to_exitcode(status)
        raise OSError(number, os.strerror(number)) if number > 0 else Refused(f"killed by {-number}")


# ------------------------------------------------------------------------------------------------ namespaces and mounts
group("namespaces")


def unshare(flags: int) -> None:
    call("unshare", flags)


@act
def unshare_user(at: Target) -> None:
    unshare(CLONE_NEWUSER)


@act
def unshare_user_and_net(at: Target) -> None:
    unshare(CLONE_NEWUSER | CLONE_NEWNET)


@act
def unshare_user_and_mount(at: Target) -> None:
    unshare(CLONE_NEWUSER | CLONE_NEWNS)
    call("mount", b"none", b"/tmp", b"tmpfs", 0, None)


@act
def unshare_user_and_pid(at: Target) -> None:
    unshare(CLONE_NEWUSER | CLONE_NEWPID)


@act
def unshare_mount(at: Target) -> None:
    unshare(CLONE_NEWNS)


@act
def unshare_others(at: Target) -> None:
    wrong: OSError | None = None
    for flags in (CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWTIME):
        try:
            return unshare(flags)
        except OSError as error:
            wrong = error
    raise wrong or Refused("no")


@act
def clone_with_user_namespace(at: Target) -> None:
    pid = call("clone", CLONE_NEWUSER | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


@act
def clone3_with_user_namespace(at: Target) -> None:
    """The flags lie in memory, where a filter cannot look."""
    arguments = ctypes.create_string_buffer(struct.pack("=8Q", CLONE_NEWUSER, 0, 0, 0, signal.SIGCHLD, 0, 0, 0), 64)
    pid = call("clone3", arguments, 64)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


@act
def enter_namespace_of_daemon(at: Target) -> None:
    descriptor = os.open(f"/proc/{at.daemon}/ns/mnt", os.O_RDONLY)
    call("setns", descriptor, 0)


@act
def enter_namespace_by_pidfd(at: Target) -> None:
    call("setns", os.pidfd_open(at.daemon), CLONE_NEWUTS)


@act
def mount(at: Target) -> None:
    call("mount", b"none", os.fsencode(Path.cwd()), b"tmpfs", 0, None)


@act
def mount_by_newer_calls(at: Target) -> None:
    os.close(call("fsopen", b"tmpfs", 0))


@act
def copy_mount_tree(at: Target) -> None:
    os.close(call("open_tree", AT_FDCWD, os.fsencode(at.state), 1))


@act
def unmount(at: Target) -> None:
    """EINVAL, no mount, is what somebody with the right to do it would hear."""
    try:
        call("umount2", os.fsencode(Path.cwd()), 0)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


@act
def change_root(at: Target) -> None:
    call("chroot", os.fsencode(Path.cwd()))


# ------------------------------------------------------------------------------------------------- other processes
group("processes")


def ptrace(request: int, pid: int) -> None:
    call("ptrace", request, pid, 0, 0)


@act
def trace_daemon(at: Target) -> None:
    ptrace(0x4206, at.daemon)


@act
def trace_other_job(at: Target) -> None:
    ptrace(0x4206, at.other_job)


@act
def trace_own_child(at: Target) -> None:
    """Needed by no script, and on older kernels a way round filters of system calls."""
    pid = os.fork()
    if pid == 0:
        time.sleep(5)
        os._exit(0)
    try:
        ptrace(0x4206, pid)
    finally:
        os.kill(pid, signal.SIGKILL)


def vector(pid: int, name: str) -> None:
    here = ctypes.create_string_buffer(8)
    local = struct.pack("=QQ", ctypes.addressof(here), 8)
    far = struct.pack("=QQ", 0x400000, 8)
    try:
        call(name, pid, local, 1, far, 1, 0)
    except OSError as error:
        if error.errno != errno.EFAULT:  # the right was there, only the address was not
            raise


@act
def read_memory_of_daemon_by_call(at: Target) -> None:
    vector(at.daemon, "process_vm_readv")


@act
def write_memory_of_daemon_by_call(at: Target) -> None:
    vector(at.daemon, "process_vm_writev")


@act
def read_memory_of_other_job_by_call(at: Target) -> None:
    vector(at.other_job, "process_vm_readv")


@act
def take_descriptor_of_daemon(at: Target) -> None:
    os.close(call("pidfd_getfd", os.pidfd_open(at.daemon), 0, 0))


def same_limit(pid: int, which: int) -> None:
    """To what it is: the same right is needed as for one that would end the process."""
    resource.prlimit(pid, which, resource.prlimit(pid, which))


@act
def limit_files_of_daemon(at: Target) -> None:
    same_limit(at.daemon, resource.RLIMIT_NOFILE)


@act
def limit_processor_of_daemon(at: Target) -> None:
    same_limit(at.daemon, resource.RLIMIT_CPU)


@act
def give_daemon_a_mark(at: Target) -> None:
    same_limit(at.daemon, resource.RLIMIT_RSS)


@act
def read_limits_of_daemon(at: Target) -> None:
    resource.prlimit(at.daemon, resource.RLIMIT_NOFILE)


@act
def limit_processor_of_other_job(at: Target) -> None:
    same_limit(at.other_job, resource.RLIMIT_CPU)


@act
def limit_processor_of_other_process(at: Target) -> None:
    """One that is no child of videod: of the same user, here the first process that may be seen."""
    same_limit(1, resource.RLIMIT_CPU)


@act
def signal_daemon(at: Target) -> None:
    os.kill(at.daemon, signal.SIGURG)


@act
def signal_other_job(at: Target) -> None:
    os.kill(at.other_job, signal.SIGURG)


@act
def signal_group_of_daemon(at: Target) -> None:
    os.killpg(os.getpgid(at.daemon), 0)


@act
def signal_thread_of_daemon(at: Target) -> None:
    call("tgkill", at.daemon, at.daemon, 0)


@act
def signal_daemon_with_a_word(at: Target) -> None:
    information = ctypes.create_string_buffer(struct.pack("=iii", signal.SIGURG, 0, -1), 128)
    call("rt_sigqueueinfo", at.daemon, signal.SIGURG, information)


@act
def signal_daemon_by_pidfd(at: Target) -> None:
    signal.pidfd_send_signal(os.pidfd_open(at.daemon), signal.SIGURG)


@act
def signal_daemon_by_socket(at: Target) -> str:
    """F_SETOWN: the kernel sends SIGURG when something arrives. Nothing says whether it was delivered, but to a parent
    it is refused at once."""
    ours, theirs = socket.socketpair()
    fcntl.fcntl(ours, 15, struct.pack("ii", 1, at.daemon))
    fcntl.fcntl(ours, fcntl.F_SETOWN, at.daemon)
    theirs.send(b"x")
    raise Refused("the kernel decides at delivery (Landlock's scope of signals)")


@act
def change_priority_of_daemon(at: Target) -> None:
    os.setpriority(os.PRIO_PROCESS, at.daemon, os.getpriority(os.PRIO_PROCESS, at.daemon))


@act
def change_priority_of_other_job(at: Target) -> None:
    os.setpriority(os.PRIO_PROCESS, at.other_job, 19)


@act
def change_priority_of_the_user(at: Target) -> None:
    """All processes of the user at once."""
    os.setpriority(os.PRIO_USER, os.getuid(), os.getpriority(os.PRIO_PROCESS, at.daemon))


@act
def raise_own_priority(at: Target) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, -5)


@act
def schedule_daemon(at: Target) -> None:
    os.sched_setscheduler(at.daemon, os.SCHED_OTHER, os.sched_param(0))


@act
def bind_daemon_to_processors(at: Target) -> None:
    os.sched_setaffinity(at.daemon, os.sched_getaffinity(at.daemon))


@act
def run_in_real_time(at: Target) -> None:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@act
def change_disk_priority_of_daemon(at: Target) -> None:
    call("ioprio_set", 1, at.daemon, 0)


@act
def move_memory_of_daemon(at: Target) -> None:
    call("migrate_pages", at.daemon, 8, ctypes.c_ulong(1), ctypes.c_ulong(1))


@act
def compare_descriptors_with_daemon(at: Target) -> None:
    call("kcmp", os.getpid(), at.daemon, 0, 0, 0)


@act
def find_locks_of_daemon(at: Target) -> None:
    call("get_robust_list", at.daemon, ctypes.byref(ctypes.c_void_p()), ctypes.byref(ctypes.c_size_t()))


@act
def watch_daemon_by_counters(at: Target) -> None:
    attributes = ctypes.create_string_buffer(struct.pack("=IIQ", 1, 112, 0), 112)
    os.close(call("perf_event_open", attributes, at.daemon, -1, -1, 0))


@act
def put_daemon_into_own_group(at: Target) -> None:
    os.setpgid(at.daemon, os.getpgid(0))


# ------------------------------------------------------------------------------------------------- the kernel
group("kernel")


@act
def open_io_uring(at: Target) -> None:
    """Connects and opens by a queue that filters of system calls do not see."""
    os.close(call("io_uring_setup", 4, ctypes.create_string_buffer(120)))


@act
def load_bpf(at: Target) -> None:
    attributes = ctypes.create_string_buffer(struct.pack("=IIIII", 2, 4, 8, 1, 0), 72)
    os.close(call("bpf", 0, attributes, 72))


@act
def count_own_events(at: Target) -> None:
    attributes = ctypes.create_string_buffer(struct.pack("=IIQ", 1, 112, 0), 112)
    os.close(call("perf_event_open", attributes, 0, -1, -1, 0))


@act
def add_key_to_session(at: Target) -> None:
    """A keyring of the session outlives the job, and others of the user read it."""
    call("add_key", b"user", b"hostile", b"1", 1, -3)


@act
def read_keyring(at: Target) -> None:
    call("keyctl", 0, -4, 1)


@act
def open_userfaultfd(at: Target) -> None:
    os.close(call("userfaultfd", 1))


@act
def watch_state_folder(at: Target) -> None:
    """inotify tells when what is written, and needs the right to read the folder only."""
    descriptor = call("inotify_init1", 0)
    call("inotify_add_watch", descriptor, os.fsencode(at.state), 0xFFF)


@act
def watch_other_workspace(at: Target) -> None:
    descriptor = call("inotify_init1", 0)
    call("inotify_add_watch", descriptor, os.fsencode(at.other.parent), 0xFFF)


@act
def watch_state_folder_by_fanotify(at: Target) -> None:
    descriptor = call("fanotify_init", 0x200, 0)
    call("fanotify_mark", descriptor, 1, 0x2, AT_FDCWD, os.fsencode(at.state))


@act
def switch_quota_off(at: Target) -> None:
    call("quotactl", 0x800003 << 8, b"/dev/null", 0, None)


@act
def swap_on(at: Target) -> None:
    call("swapon", b"/nonexistent", 0)


@act
def keep_accounts(at: Target) -> None:
    """acct(NULL) switches process accounting off, which it is."""
    call("acct", None)


@act
def name_host(at: Target) -> None:
    name = socket.gethostname().encode()
    call("sethostname", name, len(name))


@act
def load_module(at: Target) -> None:
    call("init_module", b"x", 1, b"")


@act
def read_kernel_log(at: Target) -> None:
    call("syslog", 3, ctypes.create_string_buffer(64), 64)


@act
def set_clock(at: Target) -> None:
    """To itself: adjtimex without a change needs no right, so a tick of the same length is set."""
    buffer = ctypes.create_string_buffer(256)
    _libc.adjtimex(buffer)
    struct.pack_into("=I", buffer, 0, 0x4000)
    if _libc.adjtimex(buffer) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@act
def become_another_machine(at: Target) -> None:
    """personality(READ_IMPLIES_EXEC)."""
    call("personality", 0x0400000)


@act
def become_root(at: Target) -> None:
    if os.getuid() == 0:
        raise Absent("it is root already")
    os.setuid(0)


@act
def become_another_user(at: Target) -> None:
    os.setgroups([])
    os.setgid(12345)
    os.setuid(12345)


@act
def gain_rights_back(at: Target) -> None:
    """A capability of root's beyond those over files, in what the process may use."""
    held = int(
        next(line for line in Path("/proc/self/status").read_text().splitlines() if "CapEff" in line).split()[1], 16
    )
    if held & ~0x1F:
        return
    raise Refused(f"capabilities {held:x}")


@act
def become_dumpable_core(at: Target) -> None:
    """A core would hold the key of its service."""
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))


@act
def raise_limit_of_files(at: Target) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))


@act
def leave_the_control_group(at: Target) -> str:
    own = Path("/proc/self/cgroup").read_text()
    wrong: OSError | None = None
    for path in [*Path("/sys/fs/cgroup").glob("cgroup.procs"), *Path("/sys/fs/cgroup").glob("*/cgroup.procs"),
                 *Path("/sys/fs/cgroup").glob("*/*/cgroup.procs")][:200]:  # fmt: skip
        try:
            path.write_text("0")
            if Path("/proc/self/cgroup").read_text() != own:
                return str(path.parent)
        except OSError as error:
            wrong = error
    raise wrong or Absent("no control groups are seen")


@act
def make_a_control_group(at: Target) -> None:
    wrong: OSError | None = None
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, name, place = line.split(":", 2)
        for base in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", f"/sys/fs/cgroup/{name.removeprefix('name=')}"):
            try:
                path = Path(f"{base}{place}") / mine()
                path.mkdir()
            except OSError as error:
                wrong = error
            else:
                return path.rmdir()
    raise wrong or Absent("no control groups are seen")


# ------------------------------------------------------------------------------------------------- outliving the job
group("outlive")


def name_process(name: str) -> None:
    """What /proc/PID/comm says: by it whoever judges finds what was left, however often it forked."""
    _libc.prctl(15, ctypes.c_char_p(name.encode()), 0, 0, 0)


def left(prepare: Callable[[], object], times: int = 1) -> dict[str, str]:
    """Processes forked twice that `prepare` themselves and then wait; they close what would tie them to the job."""
    name, (reading, writing) = f"hx{os.getpid()}", os.pipe()
    for _ in range(times):
        first = os.fork()
        if first == 0:
            if os.fork() == 0:
                linger(prepare, writing, name)
            os._exit(0)
        os.waitpid(first, 0)
    os.close(writing)
    return all_started(reading, name, times)


def all_started(reading: int, name: str, times: int = 1) -> dict[str, str]:
    told = b""
    while len(told) < times and (chunk := os.read(reading, 65536)):
        told += chunk
    os.close(reading)
    if len(told) < times:
        raise Refused("it was not started" if times == 1 else f"{len(told)} of {times} were started")
    return {"left": name}


def linger(prepare: Callable[[], object], writing: int, name: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        prepare()
    name_process(name)
    os.write(writing, b".")
    os.closerange(0, 256)
    time.sleep(LIVES_S)
    os._exit(0)


@act
def outlive_in_a_session(at: Target) -> object:
    return left(os.setsid)


def unmark() -> None:
    """Out of the job's session, and without the mark of a job where it can be taken off."""
    os.setsid()
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_RSS, (1 << 40, 1 << 40))


@act
def outlive_with_a_lower_mark(at: Target) -> object:
    return left(unmark)


@act
def outlive_with_another_jobs_mark(at: Target) -> object:
    def mark() -> None:
        os.setsid()
        limit = resource.prlimit(at.other_job, resource.RLIMIT_RSS)
        resource.setrlimit(resource.RLIMIT_RSS, limit)

    return left(mark)


@act
def outlive_deaf_to_signals(at: Target) -> object:
    def deaf() -> None:
        unmark()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        prctl(1, 0)

    return left(deaf)


@act
def outlive_with_an_empty_environment(at: Target) -> object:
    """Another program, so that nothing in its memory or its command line tells where it came from."""
    name, (reading, writing) = f"hx{os.getpid()}", os.pipe()
    code = f"import ctypes, os, time; ctypes.CDLL(None).prctl(15, b{name!r}); os.write({writing}, b'.')"
    code += f"; os.closerange(0, 256); time.sleep({LIVES_S})"
    first = os.fork()
    if first == 0:
        if os.fork() == 0:
            unmark()
            os.set_inheritable(writing, True)
            os.chdir("/")
            os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", code], {})
        os._exit(0)
    os.waitpid(first, 0)
    os.close(writing)
    return all_started(reading, name)


@act
def outlive_as_a_reaper(at: Target) -> object:
    """It gathers its own orphans, so that they do not fall to the daemon."""

    def reaper() -> None:
        unmark()
        prctl(36, 1)
        for _ in range(3):
            if os.fork() == 0 and os.fork() == 0:
                return

    return left(reaper)


@act
def outlive_as_a_thread(at: Target) -> object:
    """The first thread has ended, so the process looks dead."""
    name, (reading, writing) = f"hx{os.getpid()}", os.pipe()
    first = os.fork()
    if first == 0:
        if os.fork() == 0:
            unmark()
            name_process(name)
            threading.Thread(target=linger, args=(lambda: None, writing, name)).start()
            call("exit", 0)
        os._exit(0)
    os.waitpid(first, 0)
    os.close(writing)
    return all_started(reading, name)


@act
def outlive_by_a_storm_of_forks(at: Target) -> object:
    return left(unmark, times=40)


@act
def outlive_by_forking_on_and_on(at: Target) -> object:
    """Each life lasts a few milliseconds and its child continues, so what was found is dead already."""
    name, (reading, writing) = f"hx{os.getpid()}", os.pipe()
    first = os.fork()
    if first == 0:
        if os.fork() == 0:
            unmark()
            name_process(name)
            os.write(writing, b".")
            os.closerange(0, 256)
            for _ in range(300):
                if os.fork():
                    os._exit(0)
                time.sleep(0.002)
        os._exit(0)
    os.waitpid(first, 0)
    os.close(writing)
    return all_started(reading, name)


@in_place
def outlive_as_a_sibling(at: Target) -> object:
    """CLONE_PARENT: a child of the daemon's from the beginning, never one of ours."""
    name, (reading, writing) = f"hx{os.getpid()}", os.pipe()
    pid = call("clone", CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        linger(unmark, writing, name)
    os.close(writing)
    return all_started(reading, name)


# ------------------------------------------------------------------------------------------------- how it is run


def attempt(do: Callable[[], object]) -> tuple[str, object]:
    try:
        told = do()
    except Refused as refused:
        return "held", str(refused)
    except Absent as absent:
        return "absent", str(absent)
    except FileNotFoundError as error:
        return "absent", f"ENOENT {error.filename or ''}"
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, str(error.errno))
        return ("absent" if error.errno in _MISSING else "held"), name
    except Exception as error:
        return "held", f"{type(error).__name__}: {error}"
    if isinstance(told, dict):
        return "left", told
    return "through", "" if told is None else str(told)


def begun(do: Callable[[], object]) -> tuple[int, int]:
    """The process that does it, and where it will tell."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        me = os.getpid()
        told = attempt(do)
        if os.getpid() == me:  # not a child of the act's that came back here
            os.write(writing, json.dumps(told).encode()[:60_000])
        os._exit(0)
    os.close(writing)
    return pid, reading


def told_by(pid: int, reading: int) -> tuple[str, object]:
    """How it ended; waited for with a bound."""
    heard = b""
    until = time.monotonic() + ACT_S
    while (rest := until - time.monotonic()) > 0 and select.select([reading], [], [], rest)[0]:
        if not (chunk := os.read(reading, 65536)):
            break
        heard += chunk
        with contextlib.suppress(ValueError):
            json.loads(heard)
            break
    os.close(reading)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not heard:
        return "held", f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "no answer"
    found = json.loads(heard)
    return str(found[0]), found[1]


def acts(at: Target, only: list[str] | None = None) -> Iterator[dict[str, object]]:
    names = [name for name in ACTS if only is None or name in only]
    apart = [name for name in names if name not in _IN_PLACE]
    for first in range(0, len(apart), AT_ONCE):
        batch = apart[first : first + AT_ONCE]
        for name, way in zip(batch, [begun(partial(ACTS[name], at)) for name in batch], strict=True):
            result, why = told_by(*way)
            yield {"act": name, "result": result, "why": why}
    for name in names:
        if name in _IN_PLACE:
            result, why = attempt(partial(ACTS[name], at))
            yield {"act": name, "result": result, "why": why}


def main(argv: list[str]) -> int:
    only = None
    if argv[:1] == ["--only"]:
        only, argv = argv[1].split(","), argv[2:]
    given = json.loads(Path(__file__).with_name("hostile.json").read_text())
    for told in acts(Target(given), only):
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
