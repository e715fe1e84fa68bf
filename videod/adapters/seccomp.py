"""What children may ask of the kernel at all: seccomp filters, for what Landlock knows nothing about.

Landlock bounds files and TCP. It knows nothing of other sockets, of modes and owners of files (chmod on a path that may
not even be read works), of limits and priorities of other processes, of namespaces. The filters are made once, by
libseccomp, as programs that `launch.py` installs with one call; making them there would cost each child 6 ms.

A filter sees numbers, no paths: it refuses a call as a whole or by its arguments. All refuse what nobody needs. Those
of our own scripts also refuse what these do not need, so that a picture that takes one over gains little.
"""

import ctypes
import errno
import functools
import os
import platform
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from videod.adapters import launch


class Wall(StrEnum):
    """How much a child may ask for, from the least to the most."""

    #: decodes in a process that is running already: like DECODING, and starts no program
    SEALED = "sealed"
    #: one program that decodes: it reads, writes into what it was given, has threads; no socket, no second process
    DECODING = "decoding"
    #: our scripts that need no network: no sockets but pairs among themselves
    OFFLINE = "offline"
    #: our scripts that ask services: TCP and UDP as a client
    ONLINE = "online"
    #: the owner's own programs
    OWN = "own"


@dataclass(frozen=True)
class _Where:
    """Argument number `at` compared with `value` under `mask`; the upper half of a number never decides."""

    at: int
    how: int
    value: int
    mask: int = 0


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NE, _GT, _MASKED = 1, 6, 7
_WORD = 0xFFFFFFFF
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_ACT_BADARCH, _CTL_OPTIMIZE = 2, 8
#: calls newer than some libseccomp, by their number, which from 424 on is the same on all architectures
_NEWER = {
    "fchmodat2": 452, "setxattrat": 463, "removexattrat": 466, "open_tree_attr": 467, "file_setattr": 469,
    "process_mrelease": 448, "memfd_secret": 447, "quotactl_fd": 443, "mount_setattr": 442, "process_madvise": 440,
    "openat2": 437, "pidfd_getfd": 438,
}  # fmt: skip

#: what nobody needs who makes pictures, sounds or films: other processes' memory, the kernel's own affairs, mounts
_NOBODYS = _names("""
ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd migrate_pages move_pages
bpf perf_event_open userfaultfd keyctl add_key request_key fanotify_init open_by_handle_at lookup_dcookie
mount umount umount2 move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick mount_setattr pivot_root chroot
setns quotactl quotactl_fd acct swapon swapoff reboot vhangup syslog nfsservctl uselib modify_ldt iopl ioperm
kexec_load kexec_file_load init_module finit_module delete_module create_module query_module get_kernel_syms
sethostname setdomainname settimeofday stime clock_settime clock_settime64 clock_adjtime clock_adjtime64 adjtimex
""")
#: software goes another way where the kernel seems not to know these
_UNKNOWN = _names("clone3 io_uring_setup io_uring_enter io_uring_register")
#: modes, owners, attributes and times of files: no rule of Landlock bounds them to the workspace
_MARKS_OF_FILES = _names("""
chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 lchown lchown32 fchownat
setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat file_setattr
utime utimes utimensat utimensat_time64 futimesat
""")
#: what is shared by all processes of one user, and stays when a job has ended
_SHARED = _names("""
shmget shmat shmdt shmctl semget semop semtimedop semtimedop_time64 semctl msgget msgsnd msgrcv msgctl
mq_open mq_unlink inotify_init inotify_init1
""")
#: a socket that is a pair's may not be led elsewhere
_ADDRESSING = _names("connect bind listen accept accept4")
#: files of its own in memory, which no rule of Landlock keeps from being run
_UNSEEN = _names("memfd_create memfd_secret")
#: a file by its name: Landlock knows of it from its third version on only
_EMPTYING = _names("truncate truncate64")
_STARTS = _names("execve execveat")
_CHANGES = _names("""
creat rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat link linkat symlink symlinkat
mknod mknodat
""")

_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
_NEW_TIME = 0x80
_THREAD = 0x00010000
_UNIX, _INET, _INET6, _NETLINK, _FAMILIES = 1, 2, 10, 16, 64
_STREAM, _DATAGRAM, _TYPE_MASK = 1, 2, 0xF
_TCP, _UDP = 6, 17
_RSS = 5
_PRIO_USER, _IOPRIO_USER = 2, 3
_FORMAT, _FIFO, _CHARACTERS, _BLOCKS, _SOCKET = 0o170000, 0o010000, 0o020000, 0o060000, 0o140000
_SETSIG, _SETOWN, _SETOWN_EX = 10, 8, 15
#: TIOCSTI, TIOCLINUX: typing into a terminal; FIOSETOWN, SIOCSPGRP: signals to another process
_IOCTLS = (0x5412, 0x541C, 0x8901, 0x8902)
#: FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR: attributes of a file that may only be read
_FILE_IOCTLS = (0x40086602, 0x40046602, 0x401C5820)
_SET_PDEATHSIG, _SET_MM = 1, 35
_READ_PERSONALITY = 0xFFFFFFFF


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint), ("op", ctypes.c_int), ("datum_a", ctypes.c_uint64), ("datum_b", ctypes.c_uint64),
    )  # fmt: skip


class NoFilter(Exception):
    """No filter can be had on this host; its text says why."""


def _library() -> ctypes.CDLL:
    """Raises NoFilter."""
    try:
        # by its name of Debian, Fedora and the others: `find_library` would run ldconfig and a compiler
        found = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        raise NoFilter("libseccomp is not installed (Debian: apt install libseccomp2)") from None
    found.seccomp_init.restype = ctypes.c_void_p
    found.seccomp_init.argtypes = (ctypes.c_uint32,)
    found.seccomp_release.restype = None
    found.seccomp_release.argtypes = (ctypes.c_void_p,)
    found.seccomp_attr_set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32)
    found.seccomp_syscall_resolve_name.argtypes = (ctypes.c_char_p,)
    found.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Comparison),
    )  # fmt: skip
    found.seccomp_export_bpf.argtypes = (ctypes.c_void_p, ctypes.c_int)
    return found


class _Filter:
    """A filter of libseccomp in the making: it allows what no rule refuses, and kills what speaks another machine's
    language (x32, i386), which would walk past its numbers."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._filter = library.seccomp_init(_ALLOW)
        if not self._filter:
            raise NoFilter("libseccomp made no filter")
        # where libseccomp may not ask the kernel whether it can (the call is refused), the thread alone is killed
        library.seccomp_attr_set(self._filter, _ACT_BADARCH, _KILL_PROCESS)
        library.seccomp_attr_set(self._filter, _CTL_OPTIMIZE, 2)  # a tree, from 2.5 on; a list does as well

    def close(self) -> None:
        self._library.seccomp_release(self._filter)

    def refuse(self, name: str, *where: _Where, code: int = errno.EPERM) -> None:
        """Answer `code` to a call, where all of `where` are so. A call that this architecture has not needs no rule."""
        number = int(self._library.seccomp_syscall_resolve_name(name.encode()))
        if number == -1:
            number = _NEWER.get(name, -1)
        if number < 0:
            return
        compared = (_Comparison * len(where))()
        for one, asked in zip(compared, where, strict=True):
            one.arg, one.op = asked.at, asked.how
            one.datum_a, one.datum_b = (asked.mask, asked.value) if asked.how == _MASKED else (asked.value, 0)
        self._check(self._library.seccomp_rule_add_array(self._filter, _ERRNO | code, number, len(where), compared))

    def refuse_all(self, names: Iterable[str], code: int = errno.EPERM) -> None:
        for name in names:
            self.refuse(name, code=code)

    def program(self) -> bytes:
        with tempfile.TemporaryFile() as out:
            self._check(self._library.seccomp_export_bpf(self._filter, out.fileno()))
            out.seek(0)
            return out.read()

    @staticmethod
    def _check(answer: int) -> None:
        if answer < 0:
            raise NoFilter(f"libseccomp refused a rule: {os.strerror(-answer)}")


def _is(at: int, value: int, mask: int = _WORD) -> _Where:
    return _Where(at, _MASKED, value, mask)


def _is_not(at: int, value: int) -> _Where:
    return _Where(at, _NE, value)


def _for_all(made: _Filter, daemon: int) -> None:
    made.refuse_all(_NOBODYS)
    made.refuse_all(_UNKNOWN, errno.ENOSYS)
    flags = 1 if platform.machine() == "s390x" else 0
    for one in _NAMESPACES:
        made.refuse("clone", _is(flags, one, one))
        made.refuse("unshare", _is(0, one, one))
    made.refuse("unshare", _is(0, _NEW_TIME, _NEW_TIME))
    # limits, priorities, processors: its own alone, and never the number that tells whose it is
    made.refuse("prlimit64", _is_not(0, 0))
    made.refuse("prlimit64", _is(1, _RSS), _is_not(2, 0))
    made.refuse("setrlimit", _is(0, _RSS))
    for name in ("sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"):
        made.refuse(name, _is_not(0, 0))
    for name, everybody in (("setpriority", _PRIO_USER), ("ioprio_set", _IOPRIO_USER)):
        made.refuse(name, _is_not(1, 0))
        made.refuse(name, _is(0, everybody))
    for name, at in (("mknod", 1), ("mknodat", 2)):
        for kind in (_CHARACTERS, _BLOCKS):
            made.refuse(name, _is(at, kind, _FORMAT))
    # signals to the daemon: Landlock's matter from its sixth version on, this helps before
    for pid in (daemon, -daemon & _WORD, -1 & _WORD):
        made.refuse("kill", _is(0, pid))
    for name in ("tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open"):
        made.refuse(name, _is(0, daemon))
    for command in (_SETSIG, _SETOWN, _SETOWN_EX):
        made.refuse("fcntl", _is(1, command))
        made.refuse("fcntl64", _is(1, command))
    for command in _IOCTLS:
        made.refuse("ioctl", _is(1, command))
    made.refuse("prctl", _is(0, _SET_MM))


def _families(made: _Filter, allowed: tuple[int, ...]) -> None:
    made.refuse("socket", _Where(0, _GT, _FAMILIES), code=errno.EAFNOSUPPORT)
    for family in range(_FAMILIES + 1):
        if family not in allowed:
            made.refuse("socket", _is(0, family), code=errno.EAFNOSUPPORT)


def _of_ours(made: _Filter) -> None:
    made.refuse_all(_MARKS_OF_FILES)
    made.refuse_all(_SHARED)
    made.refuse_all(_UNSEEN, errno.ENOSYS)
    made.refuse_all(_EMPTYING)
    made.refuse("personality", _is_not(0, _READ_PERSONALITY))
    made.refuse("prctl", _is(0, _SET_PDEATHSIG))  # it ends with the daemon
    for command in _FILE_IOCTLS:
        made.refuse("ioctl", _is(1, command))
    for name, at in (("mknod", 1), ("mknodat", 2)):
        for kind in (_FIFO, _SOCKET):
            made.refuse(name, _is(at, kind, _FORMAT))
    # of pairs only those that cannot be used to write to a socket of another name
    for kind in range(_TYPE_MASK + 1):
        if kind != _STREAM:
            made.refuse("socketpair", _is(1, kind, _TYPE_MASK))


def _without_sockets(made: _Filter) -> None:
    made.refuse("socket")
    made.refuse_all(_ADDRESSING)


def _as_a_client(made: _Filter) -> None:
    _families(made, (_INET, _INET6))
    for kind in range(_TYPE_MASK + 1):
        if kind not in (_STREAM, _DATAGRAM):
            made.refuse("socket", _is(1, kind, _TYPE_MASK))
    made.refuse("socket", _Where(2, _GT, _UDP), code=errno.EPROTONOSUPPORT)  # MPTCP among them, which is 262
    for protocol in range(1, _UDP):
        if protocol != _TCP:
            made.refuse("socket", _is(2, protocol), code=errno.EPROTONOSUPPORT)
    made.refuse_all(name for name in _ADDRESSING if name != "connect")


def _decoding(made: _Filter) -> None:
    made.refuse("socketpair")
    made.refuse_all(("fork", "vfork"))
    flags = 1 if platform.machine() == "s390x" else 0
    made.refuse("clone", _is(flags, 0, _THREAD))
    made.refuse_all(_CHANGES)
    made.refuse("openat2", code=errno.ENOSYS)  # its flags lie where no filter sees them
    for name, at in (("open", 1), ("openat", 2)):
        for flag in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC):
            made.refuse(name, _is(at, flag, flag), code=errno.EACCES)


def build(wall: Wall, daemon: int) -> bytes:
    """The filter as a program of the kernel's (BPF), 8 bytes an instruction. `daemon`: whom nobody may signal.

    Raises NoFilter.
    """
    made = _Filter(_library())
    try:
        _for_all(made, daemon)
        if wall == Wall.OWN:
            _families(made, (_UNIX, _INET, _INET6, _NETLINK))
        else:
            _of_ours(made)
        if wall == Wall.ONLINE:
            _as_a_client(made)
        elif wall != Wall.OWN:
            _without_sockets(made)
        if wall in (Wall.DECODING, Wall.SEALED):
            _decoding(made)
        if wall == Wall.SEALED:
            made.refuse_all(_STARTS)
        return made.program()
    finally:
        made.close()


@functools.cache
def _built(wall: Wall, daemon: int) -> bytes:
    if not launch.filters():
        raise NoFilter("this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)")
    return build(wall, daemon)


def program(wall: Wall) -> bytes:
    """The filter for children of this process, made once. Raises NoFilter."""
    return _built(wall, os.getpid())


def rules(wall: Wall) -> tuple[str, ...]:
    """The rule for `launch.py`; none where no filter can be had, which `missing` says."""
    try:
        return (f"f{program(wall).hex()}",)
    except NoFilter:
        return ()


def missing() -> str | None:
    """Why no filter can be had on this host; None where all is well."""
    try:
        program(Wall.OFFLINE)
    except NoFilter as why:
        return str(why)
    return None
