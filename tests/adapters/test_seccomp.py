"""What a child may ask of the kernel: what it tries is really tried, by real calls, as root and as another user."""

import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from videod.adapters import launch, seccomp
from videod.adapters.process import tethered
from videod.adapters.seccomp import Wall

ROOT = Path(__file__).resolve().parents[2]
ACTS = Path(__file__).with_name("acts.py")
NOBODY = 65534

pytestmark = [
    pytest.mark.skipif(seccomp.missing() is not None, reason=f"no filters here: {seccomp.missing()}"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the calls are made by their numbers on x86_64"),
]

EPERM, ENOSYS = "EPERM", "ENOSYS"
#: a socket may be wrong for more than one reason
SOCKET = "no such socket"
_SOCKET_ERRORS = ("EPERM", "EAFNOSUPPORT", "EPROTONOSUPPORT")
#: refused to every child, the owner's own programs included
ALL = {
    "limit of the daemon": EPERM, "processor time of the daemon": EPERM, "daemon's limit read": EPERM,
    "own number": EPERM, "own number, high bits": EPERM, "own files": "done", "own priority": "done",
    "priority of the daemon": EPERM, "priority of the user": EPERM, "processors of the daemon": EPERM,
    "scheduling of the daemon": EPERM, "signal to the daemon": EPERM, "signal to the daemon's group": EPERM,
    "signal to everybody": EPERM, "handle of the daemon": EPERM, "signals of a pipe to the daemon": EPERM,
    "typing into a terminal": EPERM, "another user namespace": EPERM, "another network namespace": EPERM,
    "another mount namespace": EPERM, "another time namespace": EPERM, "clone into a namespace": EPERM,
    "clone3": ENOSYS, "io_uring": ENOSYS, "ptrace": EPERM, "memory of the daemon": EPERM, "kcmp": EPERM,
    "pidfd_getfd": EPERM, "open_tree": EPERM, "bpf": EPERM, "perf": EPERM, "userfaultfd": EPERM, "keyring": EPERM,
    "device": EPERM, "read a file": "done", "read the null device": "done", "a thread": "done",
}  # fmt: skip
#: refused to ours as well
OURS = {
    "pipe with a name": EPERM, "chmod outside": EPERM, "chmod of a file outside": EPERM, "fchmodat2 outside": EPERM,
    "chmod by descriptor": EPERM, "chown outside": EPERM, "attribute outside": EPERM, "setxattrat outside": EPERM,
    "times outside": EPERM, "emptying outside": EPERM,
    "shared memory": EPERM, "a queue": EPERM, "files in memory": ENOSYS, "personality": EPERM,
    "outlive the daemon": EPERM, "a pair of datagrams elsewhere": EPERM,
}  # fmt: skip
NO_SOCKETS = dict.fromkeys(
    ("tcp", "tcp of the next version", "mptcp", "mptcp, high bits", "udp", "raw", "ping", "sctp", "unix",
     "unix, high bits", "netlink", "vsock", "cryptography by socket", "packets", "listening", "bound"), SOCKET,
)  # fmt: skip
WORKS = {"write in the workspace": "done", "remove in the workspace": "done", "a process": "done", "a pair": "done"}
DECODES = {
    "write in the workspace": "EACCES", "remove in the workspace": EPERM, "a process": EPERM, "a pair": EPERM,
    "another program": "ENOENT",
}  # fmt: skip
EXPECTED = {
    Wall.OWN: ALL | WORKS | {
        "pipe with a name": "done", "shared memory": "done", "files in memory": "done", "tcp": "done", "udp": "done",
        "unix": "done", "unix, high bits": SOCKET, "netlink": "done", "listening": "done", "bound": "done",
        "mptcp, high bits": SOCKET, "vsock": SOCKET, "cryptography by socket": SOCKET, "packets": SOCKET,
        "another program": "ENOENT",
    },
    Wall.ONLINE: ALL | OURS | WORKS | {
        "tcp": "done", "tcp of the next version": "done", "udp": "done", "mptcp": SOCKET, "raw": SOCKET,
        "ping": SOCKET, "unix": SOCKET, "unix, high bits": SOCKET, "netlink": SOCKET, "vsock": SOCKET,
        "packets": SOCKET, "listening": SOCKET, "bound": SOCKET, "another program": "ENOENT",
    },
    Wall.OFFLINE: ALL | OURS | WORKS | NO_SOCKETS | {"another program": "ENOENT"},
    Wall.DECODING: ALL | OURS | NO_SOCKETS | DECODES,
    Wall.SEALED: ALL | OURS | NO_SOCKETS | DECODES | {"another program": EPERM},
}  # fmt: skip


def _python_for_all() -> str | None:
    """A Python that another user may run, where there is one."""
    for name in (sys.executable, "/usr/bin/python3", shutil.which("python3") or ""):
        try:
            done = subprocess.run([name, "-c", ""], user=NOBODY, group=NOBODY, extra_groups=[], check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return name
    return None


@pytest.fixture(params=["as this user", "as another user"])
def somebody(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, object]]]:
    """The Python to run, and what `subprocess` needs to run it as the user."""
    if request.param == "as this user":
        yield sys.executable, {}
        return
    if os.getuid() != 0:
        pytest.skip("needs root, to become another user")
    if (python := _python_for_all()) is None:
        pytest.skip("no Python that another user may run")
    yield python, {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@pytest.mark.fault("12.5", "12.6", "12.10")
@pytest.mark.parametrize("wall", list(Wall))
def test_a_program_that_was_taken_over_is_refused_what_its_wall_says(
    wall: Wall, somebody: tuple[str, dict[str, object]], tmp_path: Path
) -> None:
    python, user = somebody
    outside, workspace = tmp_path / "outside", tmp_path / "workspace"
    for folder in (outside, workspace):
        folder.mkdir()
        shutil.chown(folder, *(NOBODY, NOBODY) if user else (os.getuid(), os.getgid()))
    (outside / "notes.txt").write_text("hush")
    shutil.chown(outside / "notes.txt", *(NOBODY, NOBODY) if user else (os.getuid(), os.getgid()))
    for folder in (tmp_path, *tmp_path.parents):  # of those that pytest made, all may walk through
        if folder.name.startswith(("pytest-", "test_", "popen-")):
            folder.chmod(0o755)
    for name in ("acts.py", "launch.py"):
        source = ACTS if name == "acts.py" else Path(launch.__file__)
        (tmp_path / name).write_bytes(source.read_bytes())
    # what the daemon's pid stands for here is this process
    given = dict(os.environ)
    if wall == Wall.SEALED:  # it starts nothing, so it is put on by the program itself
        given["SEAL"] = seccomp.program(wall).hex()
    rules = () if wall == Wall.SEALED else seccomp.rules(wall)
    argv = [python, "-I", "-S", str(tmp_path / "launch.py"), *tethered(0, mark=0, rules=rules)[4:]]
    argv += [python, str(tmp_path / "acts.py"), str(outside), str(os.getpid())]
    done = subprocess.run(argv, cwd=workspace, capture_output=True, text=True, check=False, env=given, **user)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    expected = EXPECTED[wall]
    seen = {
        name: SOCKET if how == SOCKET and told[name] in _SOCKET_ERRORS else told[name] for name, how in expected.items()
    }
    assert seen == expected
    assert outside.stat().st_mode & 0o777 == 0o755 or wall == Wall.OWN


@pytest.mark.fault("12.10")
def test_calls_of_another_machine_language_end_the_program() -> None:
    """x32: the same calls under other numbers, which a filter by number would not know."""
    code = "import ctypes; ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 39)); print('it went on')"
    argv = [*tethered(0, rules=seccomp.rules(Wall.OWN)), sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-31, "")


def test_a_filter_knows_every_call_by_its_name_or_its_number() -> None:
    library = ctypes.CDLL("libseccomp.so.2")
    groups = (
        seccomp._NOBODYS, seccomp._UNKNOWN, seccomp._MARKS_OF_FILES, seccomp._SHARED, seccomp._ADDRESSING,
        seccomp._UNSEEN, seccomp._EMPTYING, seccomp._STARTS, seccomp._CHANGES,
    )  # fmt: skip
    names = [name for group in groups for name in group]
    unknown = [name for name in names if library.seccomp_syscall_resolve_name(name.encode()) == -1]
    assert [name for name in unknown if name not in seccomp._NEWER] == []
    assert len(set(names)) == len(names)


def test_a_filter_is_made_once_and_is_small_enough_for_an_argument() -> None:
    for wall in Wall:
        assert seccomp.program(wall) is seccomp.program(wall)
        assert len(seccomp.rules(wall)[0]) < 32_000


def test_a_program_forbids_itself_what_a_wall_refuses_and_continues() -> None:
    """As a helper does that was forked from a warm parent."""
    pid = os.fork()
    if pid == 0:
        try:
            launch.forbid(seccomp.program(Wall.SEALED))
            try:
                os.fork()
            except PermissionError:
                os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_a_host_without_the_library_has_no_rule_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_name: str) -> ctypes.CDLL:
        raise OSError("cannot open shared object file")

    seccomp._built.cache_clear()
    monkeypatch.setattr(seccomp.ctypes, "CDLL", none)
    try:
        assert seccomp.rules(Wall.OWN) == ()
        assert "apt install libseccomp2" in (seccomp.missing() or "")
    finally:
        seccomp._built.cache_clear()


def test_a_kernel_without_filters_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seccomp._built.cache_clear()
    monkeypatch.setattr(launch, "filters", lambda: False)
    try:
        assert "CONFIG_SECCOMP_FILTER" in (seccomp.missing() or "")
    finally:
        seccomp._built.cache_clear()
