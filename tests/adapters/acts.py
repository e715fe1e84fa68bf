"""What a program tries that has been taken over: run as `acts.py OUTSIDE PARENT`, says how each act ended, in JSON.

"done", or the name of the error. Each act is a call as the kernel takes it, so that no library stands between.
"""

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

OUTSIDE, PARENT = sys.argv[1], int(sys.argv[2])
INSIDE = "inside"
HIGH = 1 << 32  # what the kernel cuts off and a careless filter looks at
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
#: x86_64 and, from 424 on, all architectures; elsewhere the older ones are left out
PTRACE, PRLIMIT, SETRLIMIT, UNSHARE, CLONE, KCMP, KEYCTL = 101, 302, 160, 272, 56, 312, 250
CHMOD, SHMGET, MSGGET, PERSONALITY = 90, 29, 68, 135
CLONE3, IO_URING, PIDFD_GETFD, FCHMODAT2, SETXATTRAT, OPEN_TREE = 435, 425, 438, 452, 463, 428


def call(number: int, *arguments: object) -> int:
    answer = int(libc.syscall(ctypes.c_long(number), *(
        ctypes.c_ulong(one & 0xFFFFFFFFFFFFFFFF) if isinstance(one, int) else one for one in arguments
    )))  # fmt: skip
    if answer < 0:
        raise OSError(ctypes.get_errno(), "")
    return answer


def limits(pid: int, which: int, value: int) -> int:
    return call(PRLIMIT, pid, which, ctypes.create_string_buffer(struct.pack("QQ", value, value), 16), None)


def own_limit(which: int, number: int = PRLIMIT) -> int:
    new = ctypes.create_string_buffer(struct.pack("QQ", 1 << 40, 1 << 40), 16)
    return call(number, 0, which, new, None) if number == PRLIMIT else call(number, which, new)


def opened(family: int, kind: int, protocol: int = 0) -> None:
    os.close(call(41, family, kind, protocol))


def datagram_pair_elsewhere() -> None:
    one = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]
    one.sendto(b"READY=1", OUTSIDE + "/socket")


def listened() -> None:
    with socket.socket() as one:
        one.listen()


def bound() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))


def forked() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def threaded() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def ran_from_memory() -> None:
    os.close(os.memfd_create("x"))


def owned() -> None:
    import fcntl

    read, _ = os.pipe()
    fcntl.fcntl(read, 8, PARENT)


def typed() -> None:
    import fcntl

    fcntl.ioctl(0, 0x5412, b"x")


def wrote(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def path(name: str) -> bytes:
    return os.fsencode(name)


ACTS: dict[str, Callable[[], object]] = {
    "limit of the daemon": lambda: limits(PARENT, resource.RLIMIT_NOFILE, 4096),
    "processor time of the daemon": lambda: limits(PARENT, resource.RLIMIT_CPU, 1 << 30),
    "daemon's limit read": lambda: call(PRLIMIT, PARENT, 7, None, ctypes.create_string_buffer(16)),
    "own number": lambda: own_limit(resource.RLIMIT_RSS),
    "own number, high bits": lambda: own_limit(resource.RLIMIT_RSS | HIGH),
    "own files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    "priority of the daemon": lambda: os.setpriority(os.PRIO_PROCESS, PARENT, 19),
    "priority of the user": lambda: os.setpriority(os.PRIO_USER, 0, 19),
    "own priority": lambda: os.nice(1),
    "processors of the daemon": lambda: os.sched_setaffinity(PARENT, {0}),
    "scheduling of the daemon": lambda: os.sched_setscheduler(PARENT, os.SCHED_IDLE, os.sched_param(0)),
    "signal to the daemon": lambda: os.kill(PARENT, 0),
    "signal to the daemon's group": lambda: os.kill(-PARENT, 0),
    "signal to everybody": lambda: os.kill(-1, 0),
    "handle of the daemon": lambda: signal.pidfd_send_signal(os.pidfd_open(PARENT), 0),
    "signals of a pipe to the daemon": owned,
    "typing into a terminal": typed,
    "another user namespace": lambda: call(UNSHARE, 0x10000000),
    "another network namespace": lambda: call(UNSHARE, 0x40000000),
    "another mount namespace": lambda: call(UNSHARE, 0x00020000 | HIGH),
    "another time namespace": lambda: call(UNSHARE, 0x80),
    "clone into a namespace": lambda: call(CLONE, 0x10000000 | 17, 0, 0, 0, 0),
    "clone3": lambda: call(CLONE3, ctypes.create_string_buffer(88), 88),
    "io_uring": lambda: call(IO_URING, 1, ctypes.create_string_buffer(120)),
    "ptrace": lambda: call(PTRACE, 0x4206, PARENT, 0, 0),
    "memory of the daemon": lambda: call(310, PARENT, None, 0, None, 0, 0),
    "kcmp": lambda: call(KCMP, os.getpid(), os.getpid(), 0, 0, 0),
    "pidfd_getfd": lambda: call(PIDFD_GETFD, 0, 0, 0),
    "open_tree": lambda: call(OPEN_TREE, -100, path("/"), 1),
    "bpf": lambda: call(321, 0, None, 0),
    "perf": lambda: call(298, None, 0, 0, 0, 0),
    "userfaultfd": lambda: call(323, 1),
    "keyring": lambda: call(KEYCTL, 0, -3, 1),
    "device": lambda: os.mknod("null", 0o020600, os.makedev(1, 3)),
    "pipe with a name": lambda: os.mkfifo("pipe"),
    "chmod outside": lambda: call(CHMOD, path(OUTSIDE), 0o711),
    "chmod of a file outside": lambda: Path(OUTSIDE, "notes.txt").chmod(0o644),
    "fchmodat2 outside": lambda: call(FCHMODAT2, -100, path(OUTSIDE), 0o711, 0),
    "chmod by descriptor": lambda: os.fchmod(os.open("/usr", os.O_RDONLY), 0o755),
    "chown outside": lambda: os.lchown(OUTSIDE, os.getuid(), os.getgid()),
    "attribute outside": lambda: os.setxattr(OUTSIDE + "/notes.txt", "user.x", b"1"),
    "setxattrat outside": lambda: call(SETXATTRAT, -100, path(OUTSIDE), 0, path("user.x"), None, 0),
    "times outside": lambda: os.utime(OUTSIDE + "/notes.txt", (1, 1)),
    "emptying outside": lambda: os.truncate(OUTSIDE + "/notes.txt", 0),
    "write in the workspace": lambda: wrote(INSIDE),
    "remove in the workspace": Path(INSIDE).unlink,
    "read a file": lambda: os.close(os.open(sys.executable, os.O_RDONLY)),
    "read the null device": lambda: os.close(os.open("/dev/null", os.O_RDONLY)),
    "shared memory": lambda: call(SHMGET, 0, 4096, 0o1600),
    "a queue": lambda: call(MSGGET, 0, 0o1600),
    "files in memory": ran_from_memory,
    "personality": lambda: call(PERSONALITY, 0x0400000),
    "outlive the daemon": lambda: call(157, 1, 0),
    "tcp": lambda: opened(socket.AF_INET, socket.SOCK_STREAM),
    "tcp of the next version": lambda: opened(socket.AF_INET6, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 6),
    "mptcp": lambda: opened(socket.AF_INET, socket.SOCK_STREAM, 262),
    "mptcp, high bits": lambda: opened(socket.AF_INET | HIGH, socket.SOCK_STREAM | HIGH, 262 | HIGH),
    "udp": lambda: opened(socket.AF_INET, socket.SOCK_DGRAM),
    "raw": lambda: opened(socket.AF_INET, socket.SOCK_RAW, 1),
    "ping": lambda: opened(socket.AF_INET, socket.SOCK_DGRAM, 1),
    "sctp": lambda: opened(socket.AF_INET, socket.SOCK_SEQPACKET, 132),
    "unix": lambda: opened(socket.AF_UNIX, socket.SOCK_STREAM),
    "unix, high bits": lambda: opened(socket.AF_UNIX | HIGH, socket.SOCK_STREAM),
    "netlink": lambda: opened(socket.AF_NETLINK, socket.SOCK_RAW),
    "vsock": lambda: opened(40, socket.SOCK_STREAM),
    "cryptography by socket": lambda: opened(38, socket.SOCK_SEQPACKET),
    "packets": lambda: opened(17, socket.SOCK_RAW, 3),
    "a pair": lambda: [one.close() for one in socket.socketpair()],
    "a pair of datagrams elsewhere": datagram_pair_elsewhere,
    "listening": listened,
    "bound": bound,
    "a thread": threaded,
    "a process": forked,
    "another program": lambda: os.execv("/no/such/program", ["x"]),
}


def main() -> None:
    if "SEAL" in os.environ:
        import launch  # type: ignore[import-not-found]  # beside this file

        launch.forbid(bytes.fromhex(os.environ["SEAL"]))
    told = {}
    for name, act in ACTS.items():
        try:
            act()
        except OSError as error:
            told[name] = errno.errorcode.get(error.errno or 0, str(error))
        except Exception as error:
            told[name] = f"{type(error).__name__}: {error}"
        else:
            told[name] = "done"
    print(json.dumps(told))


main()
