"""Run between the daemon and each program it starts; it becomes that program.

    python -I -S launch.py PARENT NICE SIGNAL MARK COUNT RULE... PROGRAM ARGS

It asks the kernel to send this process SIGNAL when the daemon dies: KILL, so that two never run for one job, or TERM
for our own paid scripts, which first finish the call that is being paid for (recovery waits for them). It forbids core
dumps (they would hold secrets), lowers its priority, sets the MARK by which the daemon knows what came from this job,
and shuts itself in by COUNT rules (none: not at all). It is a program because doing this between fork and exec inside a
threaded daemon is not safe. Its imports are few because it runs before every script: `signal` alone would cost 2 ms.

A rule is a letter and an absolute path; what no rule allows is refused, to what the program starts as well:

    r  read and run what lies here         s  also make links and run what was made here
    w  read, write, make and remove here   e  remove empty folders here
    i  read what lies here, run nothing
    p  make pipes and sockets with names here, in the folder of `t` as well
    l  see the names of what lies here     d  use the devices that are here
    t  make a folder of its own here, written like w, and name it in TMPDIR
    n  nothing: `r` of a folder around this place covers only what lies beside the way to it
    o  (no path) no TCP connections
    c  the control group that it and all it starts belong to: the daemon moves it there while it starts
    f  (no path) a program for seccomp in hexadecimal (`seccomp.py`): what may be asked of the kernel; installed last
"""

import ctypes
import os
import resource
import struct
import sys

_SIGKILL = 9
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
_SECCOMP_MODE_FILTER, _EFAULT = 2, 14
_INSTRUCTION_BYTES = 8
#: Landlock: one set of numbers on all architectures (linux/landlock.h)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH, _CREATE_RULESET_VERSION = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR = 1, 2, 4, 8, 16
_MAKE_CHAR, _MAKE_BLOCK, _MAKE_SYM, _TRUNCATE, _IOCTL = 1 << 6, 1 << 11, 1 << 12, 1 << 14, 1 << 15
_MAKE_SOCK, _MAKE_FIFO = 1 << 9, 1 << 10
_BEFORE_ABI_2 = (1 << 13) - 1
#: what a rule on a file may say; the rest is about folders
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_RIGHTS = {
    "r": _EXECUTE | _READ_FILE | _READ_DIR,
    "w": ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _MAKE_SYM | _MAKE_SOCK | _MAKE_FIFO | _IOCTL),
    "i": _READ_FILE | _READ_DIR,
    "p": _MAKE_SOCK | _MAKE_FIFO,
    "s": _EXECUTE | _MAKE_SYM,
    "e": _REMOVE_DIR,
    "l": _READ_DIR,
    "d": _WRITE_FILE | _READ_FILE | _READ_DIR | _TRUNCATE | _IOCTL,
}
#: of root's powers a child of root keeps those over files (CAP_CHOWN to CAP_FSETID), which the rules then bound
_FIRST_OTHER_POWER, _LAST_POWER = 5, 63
_TCP = 3
_SCOPES = 3
#: how it ends when the kernel knows Landlock and yet refuses (EX_OSERR)
_NO_JAIL = 71

_libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """The version of the kernel's Landlock, 0 if it is missing or off."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_CREATE_RULESET_VERSION))))


def filters() -> bool:
    """Whether the kernel takes seccomp filters: asked with a program that is nowhere."""
    return _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, None, 0, 0) != 0 and ctypes.get_errno() == _EFAULT


def forbid(program: bytes) -> None:
    """Install a filter in this process, for it and all it starts; there is no way back. Raises OSError."""
    keep_what_is()
    held = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions, and where
    head = struct.pack("HP", len(program) // _INSTRUCTION_BYTES, ctypes.addressof(held))
    if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def keep_what_is() -> None:
    """No program that this process starts has more rights than it. Raises OSError."""
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _call(number: int, *arguments: object) -> int:
    answer = int(_libc.syscall(number, *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def beside(path: str, closed: list[str]) -> tuple[list[str], list[str]]:
    """`path` without what is `closed`: (what may be read as a whole, the folders on the way to something closed)."""
    below = path.rstrip("/") + "/"
    if path in closed:
        return [], []
    if not any(one.startswith(below) for one in closed):
        return [path], []
    whole, opened = [], [path]
    try:
        with os.scandir(path) as entries:
            # a link gives no right, what it leads to has a place of its own
            inside = [entry.path for entry in entries if not entry.is_symlink()]
    except OSError:
        return [], opened
    for entry in inside:
        more = beside(entry, closed)
        whole += more[0]
        opened += more[1]
    return whole, opened


def _allow(ruleset: int, handled: int, letter: str, path: str) -> None:
    try:
        # in a workspace others may have put a link in the place of a folder; a rule on the link itself allows nothing
        own = letter == "w" and not path.startswith("/dev/")
        place = os.open(path, os.O_PATH | os.O_CLOEXEC | (os.O_NOFOLLOW if own else 0))
    except OSError:
        return  # what is not there, or not for this user, needs no rule
    rights = _RIGHTS[letter] & handled
    if os.fstat(place).st_mode & 0o170000 != 0o040000:
        rights &= _OF_FILES
    if rights:
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place), 12)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_RULE_PATH_BENEATH), rule, ctypes.c_uint(0))
    os.close(place)


def _own_folder(base: str) -> str:
    path = f"{base}/{os.getpid()}"
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib would cost 2 ms
        os.mkdir(path, 0o700)  # noqa: PTH102
    os.environ["TMPDIR"] = path
    return path


def shut_in(rules: list[str]) -> None:
    """Allow this process and all it starts what `rules` say, and nothing else. Raises OSError."""
    places = [rule for rule in rules if rule[0] != "f"]
    ruleset = _ruleset(places) if places else None
    for power in range(_FIRST_OTHER_POWER, _LAST_POWER + 1):
        # without them root cannot read other processes' memory; who is not root has none to drop
        if _libc.prctl(_PR_CAPBSET_DROP, power, 0, 0, 0) != 0:
            break
    if ruleset is not None:
        keep_what_is()
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))
        os.close(ruleset)
    for rule in rules:
        if rule[0] == "f":
            forbid(bytes.fromhex(rule[1:]))


def _join(group: str) -> None:
    """Be in a control group before anything foreign runs. Moving takes the kernel milliseconds, in which Python starts:
    so the daemon has begun it, and here it is looked at and made good."""
    with open("/proc/self/cgroup", "rb") as groups:  # noqa: PTH123 - pathlib would cost every script its import
        if os.path.basename(group).encode() in groups.read():  # noqa: PTH119
            return
    with open(f"{group}/cgroup.procs", "wb") as members:  # noqa: PTH123
        members.write(b"0")


def _ruleset(rules: list[str]) -> int:
    version = abi()
    handled = _BEFORE_ABI_2
    for since, right in ((2, 1 << 13), (3, _TRUNCATE), (5, _IOCTL)):
        handled |= right if version >= since else 0
    # files; TCP from 4 on; from 6 on no signals to processes outside and no abstract sockets of theirs
    attributes = struct.pack("=QQQ", handled, _TCP if "o" in rules else 0, _SCOPES)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _call(
        _CREATE_RULESET, ctypes.create_string_buffer(attributes, 24), ctypes.c_size_t(size), ctypes.c_uint(0)
    )
    closed = [path for rule in rules if rule[0] == "n" and os.path.lexists(path := rule[1:])]
    for letter, path in ((rule[0], rule[1:]) for rule in rules):
        if letter == "r":
            whole, opened = beside(path, closed)
            for one in whole:
                _allow(ruleset, handled, "r", one)
            for one in opened:
                _allow(ruleset, handled, "l", one)
        elif letter == "t":
            own = _own_folder(path)
            for one in "wp" if any(rule[0] == "p" for rule in rules) else "w":
                _allow(ruleset, handled, one, own)
        elif letter in _RIGHTS:
            _allow(ruleset, handled, letter, path)
    return ruleset


def _carry(mark: int) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_RSS, (mark, mark))
    except (OSError, ValueError):  # somebody set a lower limit: what leaves this job's group will not be found
        return


def stand_back(nice: int) -> None:
    """Where the kernel shares the processor out by sessions, niceness only counts within one: then lower ours as well.

    sched(7), "The autogroup feature". Within a cgroup that has a weight, as a systemd unit does, this changes nothing.
    """
    os.nice(nice)
    if os.getsid(0) != os.getpid():
        return  # the session is the daemon's own
    try:
        with open("/proc/self/autogroup", "wb") as group:  # noqa: PTH123 - pathlib would cost every script its import
            group.write(b"%d" % nice)
    except OSError:  # no such feature here, or another changed its own within this tenth of a second
        return


def main() -> None:
    parent, nice, number, mark, count = (int(word) for word in sys.argv[1:6])
    rules, command = sys.argv[6 : 6 + count], sys.argv[6 + count :]
    _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(128 + _SIGKILL)  # the daemon died before the kernel was asked
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if mark:
        _carry(mark)
    if nice:
        stand_back(nice)
    try:
        for group in (rule[1:] for rule in rules if rule[0] == "c"):
            _join(group)
        if walls := [rule for rule in rules if rule[0] != "c"]:
            shut_in(walls)
    except OSError as error:
        sys.stderr.write(f"cannot be shut in: {error.strerror}\n")
        os._exit(_NO_JAIL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the script is this program's purpose
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main()
