"""A child in its confinement: what it tries is really tried, by a real process, on this kernel."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from videod.adapters import confinement, launch
from videod.adapters.process import ProcessLauncher
from videod.ports import Confinement, Spawn

ROOT = Path(__file__).resolve().parents[2]
needs_landlock = pytest.mark.skipif(launch.abi() == 0, reason="this kernel has no Landlock")
needs_tcp_rules = pytest.mark.skipif(launch.abi() < 4, reason="this kernel's Landlock knows no TCP (ABI 4)")
needs_scopes = pytest.mark.skipif(launch.abi() < 6, reason="this kernel's Landlock knows no scopes (ABI 6)")

#: what was reported an attempt: "done" or the name of the error
ATTEMPT = "try:\n    {code}\nexcept OSError as error:\n    print(type(error).__name__)\nelse:\n    print('done')\n"


class Town:
    """A state folder with a database, two workspaces and a credentials folder, and children in the first workspace."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.workspace = self.state / "workspaces" / "wild_planet" / "one"
        self.other = self.workspace.with_name("two") / "plan" / "plan.json"
        self.database = self.state / "videod.db"
        self.credentials = folder / "credentials"
        self.outside = folder / "elsewhere" / "notes.txt"
        self.keys = folder / "elsewhere" / ".env"
        for path in (self.other, self.database, self.credentials / "videod_master_key", self.outside, self.keys):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("hush")
        self.workspace.mkdir()
        environ = {"CREDENTIALS_DIRECTORY": str(self.credentials)}
        self.house = confinement.host_paths(self.state, ROOT / "scripts", environ, (self.keys,))
        self.launcher = ProcessLauncher(self.house)

    async def run(self, code: str, confined: Confinement, *arguments: str) -> tuple[int, list[str], str]:
        """Exit code, lines of stdout and stderr of Python code run in the confinement."""
        argv = (sys.executable, "-c", code, *arguments)
        return await self.started(Spawn(argv, {"PATH": os.environ["PATH"]}, self.workspace, "t", confinement=confined))

    async def started(self, spawn: Spawn) -> tuple[int, list[str], str]:
        child = await self.launcher.start(spawn)
        lines = [line async for line in child.lines()]
        return await child.wait(), lines, child.stderr_tail()

    async def tried(self, code: str, confined: Confinement) -> str:
        _, lines, said = await self.run(ATTEMPT.format(code=code), confined)
        return lines[0] if lines else said


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    made = Town(tmp_path)
    yield made
    made.launcher.close()


OURS, OWN = Confinement(), Confinement(trusted=True)
BOTH = pytest.mark.parametrize("confined", [OURS, OWN], ids=["ours", "the owner's own"])


@needs_landlock
@BOTH
async def test_what_is_closed_cannot_be_read(town: Town, confined: Confinement) -> None:
    closed = (town.database, town.other, town.credentials / "videod_master_key", town.keys)
    assert [await town.tried(f"open({str(path)!r}).read()", confined) for path in closed] == ["PermissionError"] * 4
    assert [path.read_text() for path in closed] == ["hush"] * 4


@needs_landlock
@BOTH
async def test_nothing_is_written_outside_the_workspace(town: Town, confined: Confinement) -> None:
    places = (town.outside, town.database, town.other, town.outside.with_name("new.txt"), town.workspace / "../three")
    for path in places:
        assert await town.tried(f"open({str(path)!r}, 'w')", confined) == "PermissionError"
    assert await town.tried(f"__import__('os').unlink({str(town.outside)!r})", confined) == "PermissionError"
    assert await town.tried(f"__import__('os').truncate({str(town.outside)!r}, 0)", confined) == "PermissionError"
    assert town.outside.read_text() == "hush"
    assert not (town.workspace.parent / "three").exists()


@needs_landlock
@BOTH
async def test_a_file_is_made_moved_and_removed_in_the_workspace(town: Town, confined: Confinement) -> None:
    code = (
        "import os, pathlib\n"
        "pathlib.Path('a/b').mkdir(parents=True)\n"
        "pathlib.Path('a/b/one').write_text('1')\n"
        "os.rename('a/b/one', 'two'); os.rmdir('a/b'); os.fsync(os.open('.', os.O_RDONLY))\n"
        "pathlib.Path('three').write_text('3'); os.unlink('three')\n"
    )
    assert await town.run(code, confined) == (0, [], "")
    assert sorted(path.name for path in town.workspace.iterdir()) == ["a", "two"]


@needs_landlock
@pytest.mark.fault("12.11")
async def test_a_step_writes_in_its_own_folder_and_only_reads_what_other_steps_made(town: Town) -> None:
    for name in ("cuts", "videos"):
        (town.workspace / name).mkdir()
    (town.workspace / "videos" / "clip.mp4").write_text("a clip")
    confined = replace(OURS, writes=(town.workspace / "cuts",))
    for path in ("videos/clip.mp4", "videos/clip.mp4.job.json", "upload.json", "cuts/../videos/new"):
        assert await town.tried(f"open({path!r}, 'w')", confined) == "PermissionError"
    for code in ("os.unlink('videos/clip.mp4')", "os.rename('videos/clip.mp4', 'cuts/clip.mp4')", "os.mkdir('more')",
                 "os.link('videos/clip.mp4', 'cuts/clip.mp4')", "os.symlink('/etc', 'cuts/etc')"):  # fmt: skip
        assert await town.tried(f"import os; {code}", confined) not in ("done", ""), code
    code = "import os, shutil; shutil.copyfile('videos/clip.mp4', 'cuts/x'); os.rename('cuts/x', 'cuts/clip.mp4')"
    assert await town.tried(code, confined) == "done"
    assert (town.workspace / "cuts" / "clip.mp4").read_text() == "a clip"


@needs_landlock
@pytest.mark.fault("12.11")
async def test_a_link_in_the_place_of_the_folder_of_a_step_gives_no_right_to_what_it_leads_to(town: Town) -> None:
    (town.workspace / "cuts").symlink_to(town.outside.parent)
    confined = replace(OURS, writes=(town.workspace / "cuts",))
    assert await town.tried(f"open({str(town.outside)!r}, 'w')", confined) == "PermissionError"
    assert town.outside.read_text() == "hush"


@needs_landlock
async def test_ours_reads_only_what_it_needs_and_the_owners_own_what_its_user_may(town: Town) -> None:
    read = f"open({str(town.outside)!r}).read()"
    assert await town.tried(read, OURS) == "PermissionError"
    assert await town.tried(read, OWN) == "done"
    assert await town.tried(read, Confinement(reads=(town.outside,))) == "done"


@needs_landlock
@pytest.mark.fault("12.6")
async def test_a_state_folder_that_a_custom_script_opened_to_others_is_closed_when_it_ends(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    code = f"import os; os.chmod({str(town.state)!r}, 0o711)"
    assert town.state.stat().st_mode & 0o777 == 0o755
    await town.run(code, OWN)
    assert town.state.stat().st_mode & 0o777 == 0o711  # it was open when the daemon started: that is said, and left
    town.state.chmod(0o700)
    town.launcher.close()
    town.launcher = ProcessLauncher(town.house)
    assert await town.run(code, OWN) == (0, [], "")
    assert town.state.stat().st_mode & 0o777 == 0o700
    assert [record.message for record in caplog.records] == ["launch_state_closed_again"]
    assert (await town.run(code, OURS))[0] != 0
    assert town.state.stat().st_mode & 0o777 == 0o700


@needs_landlock
async def test_every_child_has_a_temporary_folder_of_its_own_that_goes_with_it(town: Town) -> None:
    code = "import os, tempfile; f = tempfile.NamedTemporaryFile(delete=False); f.write(b'1'); print(f.name)"
    (_, (first,), _), (_, (second,), _) = [await town.run(code, OURS) for _ in range(2)]
    assert Path(first).parent.parent == Path(second).parent.parent == town.house.temporary
    assert Path(first).parent != Path(second).parent
    assert list(town.house.temporary.iterdir()) == []


@needs_landlock
async def test_a_dead_daemons_temporary_folders_are_swept_at_the_next_start(town: Town) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    for name in (str(gone.pid), str(os.getpid())):
        (town.house.temporary / name).mkdir()
        (town.house.temporary / name / "film.part").touch()
    ProcessLauncher(town.house).close()
    assert [path.name for path in town.house.temporary.iterdir()] == [str(os.getpid())]


@needs_landlock
@BOTH
@pytest.mark.parametrize("entry", ["environ", "mem", "maps", "fd/0", "root", "cwd"])
async def test_the_daemon_cannot_be_looked_into_not_even_by_root(town: Town, confined: Confinement, entry: str) -> None:
    look = "__import__('os').readlink" if entry in ("fd/0", "root", "cwd") else "open"
    assert await town.tried(f"{look}('/proc/{os.getpid()}/{entry}')", confined) == "PermissionError"


@needs_scopes
@BOTH
async def test_a_child_cannot_signal_the_daemon(town: Town, confined: Confinement) -> None:
    assert await town.tried(f"__import__('os').kill({os.getpid()}, 0)", confined) == "PermissionError"


@needs_landlock
async def test_what_a_child_starts_sits_in_the_same_jail(town: Town) -> None:
    shell = f"import subprocess; print(subprocess.run(['cat', {str(town.database)!r}], capture_output=True).returncode)"
    assert await town.run(shell, OWN) == (0, ["1"], "")


@needs_landlock
async def test_a_link_to_something_closed_leads_nowhere_and_ours_makes_none(town: Town) -> None:
    (town.workspace / "link").symlink_to(town.database)
    assert await town.tried("open('link').read()", OURS) == "PermissionError"
    assert await town.tried(f"__import__('os').symlink({str(town.database)!r}, 'mine')", OURS) == "PermissionError"
    assert await town.tried(f"__import__('os').link({str(town.database)!r}, 'mine')", OWN) in (
        "PermissionError", "OSError",
    )  # fmt: skip
    assert [path.name for path in town.workspace.iterdir()] == ["link"]


@needs_landlock
async def test_ours_runs_nothing_that_it_made_itself(town: Town) -> None:
    shutil.copy("/bin/true", town.workspace / "made")
    run = "__import__('subprocess').run(['./made'], check=True)"
    assert await town.tried(run, OURS) == "PermissionError"
    assert await town.tried(run, OWN) == "done"


@pytest.fixture
def port() -> "socket.socket":
    listening = socket.create_server(("127.0.0.1", 0))
    yield listening
    listening.close()


@needs_tcp_rules
async def test_a_step_without_network_neither_connects_nor_listens(town: Town, port: "socket.socket") -> None:
    connect = f"__import__('socket').create_connection(('127.0.0.1', {port.getsockname()[1]}))"
    listen = "__import__('socket').create_server(('127.0.0.1', 0))"
    offline = Confinement(network=False)
    assert [await town.tried(code, offline) for code in (connect, listen)] == ["PermissionError"] * 2
    assert [await town.tried(code, OWN) for code in (connect, listen)] == ["done"] * 2
    assert await town.tried(connect, OURS) == "done"


@needs_landlock
async def test_cleaning_up_removes_the_workspace_and_nothing_beside_it(town: Town) -> None:
    (town.workspace / "plan").mkdir()
    (town.workspace / "plan" / "plan.json").write_text("{}")
    script = str(ROOT / "scripts" / "clean_workspace.py")
    code = f"import runpy, sys; sys.argv = [{script!r}, *sys.argv[1:]]; runpy.run_path({script!r}, run_name='__main__')"
    confined = Confinement(network=False, removes_workspace=True)
    code_, _, said = await town.run(code, confined, "--workspace", str(town.workspace))
    assert (code_, said) == (0, "")
    assert not town.workspace.exists()
    await asyncio.to_thread(town.workspace.mkdir)
    code_, _, _ = await town.run(code, confined, "--workspace", str(town.other.parent.parent))
    assert code_ != 0
    assert town.other.read_text() == "hush"


async def test_a_kernel_without_landlock_is_reported_once_and_the_child_runs(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(launch, "abi", lambda: 0)
    launcher = ProcessLauncher(town.house)
    try:
        for _ in range(2):
            spawn = Spawn((sys.executable, "-c", "print(1)"), {}, town.workspace, "t", confinement=OURS)
            child = await launcher.start(spawn)
            assert [line async for line in child.lines()] == ["1"]
            assert await child.wait() == 0
    finally:
        launcher.close()
    assert [record.message for record in caplog.records] == ["launch_jail_missing"]


@needs_landlock
async def test_a_jail_that_the_kernel_refuses_keeps_the_program_from_running(town: Town) -> None:
    """Landlock stacks sixteen confinements; the seventeenth is refused."""
    layer = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from videod.adapters import launch\n"
    code = layer + (
        "for number in range(16):\n    launch.shut_in(['r/', 'd/dev'])\n"
        "import os, sys; sys.stdout.flush()\n"
        "os.execv(sys.executable, [sys.executable, '-I', '-S', launch.__file__, str(os.getppid()), '0', '9', '0', '1',"
        " 'r/', 'echo', 'it ran'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (71, "")
    assert "cannot be shut in" in done.stderr


def test_a_folder_around_something_closed_is_opened_entry_by_entry(tmp_path: Path) -> None:
    for name in ("home/me/videod/state/db", "home/me/films/one", "home/you/x", "etc/key"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "home/me/videod/state")
    closed = [str(tmp_path / "home/me/videod/state"), str(tmp_path / "etc/key")]
    whole, opened = launch.beside(str(tmp_path), closed)
    assert {str(Path(path).relative_to(tmp_path)) for path in whole} == {"home/me/films", "home/you"}
    assert {str(Path(path).relative_to(tmp_path)) for path in opened} == {
        ".", "home", "home/me", "home/me/videod", "etc",
    }  # fmt: skip


def test_the_libraries_of_a_program_that_stands_apart_are_readable(tmp_path: Path) -> None:
    for name in ("ffmpeg/bin/ffmpeg", "ffmpeg/lib/libx264.so", "home/ffmpeg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    at = confinement.host_paths(tmp_path / "state", ROOT / "scripts", {})
    spawn = Spawn((), {}, tmp_path / "state" / "w", "t")

    def readable(program: str) -> set[str]:
        confined = replace(spawn, confinement=Confinement(reads=(tmp_path / program,)))
        return {rule for rule in confinement.rules(at, confined) if rule.startswith(f"r{tmp_path}")}

    libraries = {f"r{tmp_path}/ffmpeg/{name}" for name in ("lib", "lib64", "Cellar")}
    assert readable("ffmpeg/bin/ffmpeg") == {f"r{tmp_path}/ffmpeg/bin/ffmpeg"} | libraries
    assert readable("home/ffmpeg") == {f"r{tmp_path}/home/ffmpeg"}


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become another user")
def test_a_process_of_the_same_user_reads_neither_environment_nor_memory_of_the_daemon(tmp_path: Path) -> None:
    """Without any Landlock: PR_SET_DUMPABLE alone. The daemon itself still reads what it needs of /proc."""
    nobody = 65534
    tmp_path.chmod(0o755)
    spy = (
        "import os; parent = os.getppid(); told = []\n"
        "for name in ('environ', 'mem', 'maps', 'fd'):\n"
        "    try: (os.listdir if name == 'fd' else open)(f'/proc/{parent}/{name}')\n"
        "    except PermissionError: told.append(name)\n"
        "print(' '.join(told))\n"
    )
    code = (
        f"import os, socket, subprocess, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from videod.adapters import confinement, orphans\n"
        f"os.setgid({nobody}); os.setuid({nobody})\n"
        f"def look(): print(subprocess.run(['/usr/bin/env', 'python3', '-c', {spy!r}], capture_output=True, text=True,"
        " check=True).stdout.strip() or 'nothing refused')\n"
        "import ctypes; ctypes.CDLL(None).prctl(4, 1, 0, 0, 0); look()\n"
        "confinement.guard_self(); look()\n"
        "here = os.open('/tmp', os.O_RDONLY)\n"
        "print(os.path.isdir(f'/proc/self/fd/{here}/.'), orphans.end(orphans.new_mark()))\n"
    )
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    if subprocess.run(["setpriv", "--reuid", str(nobody), "--clear-groups", "python3", "-c", ""], env=env,
                      check=False, capture_output=True).returncode:  # fmt: skip
        pytest.skip("no Python that nobody may run")
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["nothing refused", "environ mem maps fd", "True 0"]
