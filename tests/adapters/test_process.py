"""Real children: started, heard, ended, never left behind."""

import asyncio
import errno
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.patience import PATIENCE_S, SHORT_S, eventually, patience
from videod.adapters import orphans
from videod.adapters.process import ProcessLauncher, end_with, running_with
from videod.ports import Child, Spawn


@pytest.fixture
async def launcher() -> AsyncIterator[ProcessLauncher]:
    made = ProcessLauncher()
    yield made
    made.close()


def spawn(code: str, folder: Path, **env: str) -> Spawn:
    return Spawn((sys.executable, "-c", code), env | {"PATH": os.environ["PATH"]}, folder, "test")


async def heard(child: Child) -> list[str]:
    return [line async for line in child.lines()]


async def test_a_child_is_heard_to_its_end(launcher: ProcessLauncher, tmp_path: Path) -> None:
    code = "import sys; print('one'); print('two', end=''); sys.stderr.write('sorry'); sys.exit(75)"
    child = await launcher.start(spawn(code, tmp_path))
    assert await heard(child) == ["one", "two"]
    assert await child.wait() == 75
    assert await child.wait() == 75
    assert child.stderr_tail() == "sorry"


async def test_a_child_gets_exactly_the_environment_it_is_given(launcher: ProcessLauncher, tmp_path: Path) -> None:
    os.environ["VIDEOD_TEST_SECRET"] = "sentinel"
    child = await launcher.start(spawn("import os; print(sorted(os.environ))", tmp_path, KIE_API_KEY="k"))
    (line,) = await heard(child)
    await child.wait()
    assert set(eval(line)) <= {"KIE_API_KEY", "PATH", "LC_CTYPE"}


async def test_a_child_stands_behind_the_daemon_where_sessions_share_the_processor(
    launcher: ProcessLauncher, tmp_path: Path
) -> None:
    groups = "open('/proc/self/autogroup').read().split()[-1]" if Path("/proc/self/autogroup").exists() else "5"
    code = f"import os; print(os.nice(0), {groups})"
    told: list[str] = []
    async with patience():  # the kernel lets who is not root change one group within a tenth of a second
        while told != [f"{min(19, os.nice(0) + 5)} 5"]:
            child = await launcher.start(replace(spawn(code, tmp_path), nice=5))
            told = await heard(child)
            assert await child.wait() == 0


async def test_a_child_that_ignores_term_is_killed_after_its_grace(launcher: ProcessLauncher, tmp_path: Path) -> None:
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(10**6)"
    child = await launcher.start(spawn(code, tmp_path))
    assert await anext(child.lines()) == "deaf"
    await child.kill(0.2)
    assert await child.wait() == -signal.SIGKILL


async def test_a_grandchild_that_keeps_stdout_open_neither_hangs_nor_survives(
    launcher: ProcessLauncher, tmp_path: Path
) -> None:
    code = "import subprocess; p=subprocess.Popen(['sleep','1000000']); print(p.pid, flush=True)"
    child = await launcher.start(spawn(code, tmp_path))
    async with patience():
        (line,) = await heard(child)
        await child.wait()
    await eventually(lambda: not _alive(int(line)))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_an_overlong_line_is_cut_and_what_follows_is_read(launcher: ProcessLauncher, tmp_path: Path) -> None:
    child = await launcher.start(spawn("print('x' * 3_000_000); print('after')", tmp_path))
    lines = await heard(child)
    await child.wait()
    assert lines[-1] == "after"
    assert "cut" in lines[0]


async def test_a_program_that_does_not_exist_is_said_on_stderr(launcher: ProcessLauncher, tmp_path: Path) -> None:
    child = await launcher.start(Spawn(("/no/such/program",), {"PATH": os.environ["PATH"]}, tmp_path, "test"))
    assert await heard(child) == []
    assert await child.wait() == 127
    assert "cannot run /no/such/program" in child.stderr_tail()


async def test_a_child_dies_with_its_daemon(tmp_path: Path) -> None:
    program = tmp_path / "daemon.py"
    program.write_text(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from videod.adapters.process import ProcessLauncher\n"
        "from videod.ports import Spawn\n"
        "async def main():\n"
        "    spawn = Spawn((sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(10**6)'),\n"
        "                  {'PATH': os.environ['PATH']}, Path('.'), 't')\n"
        "    launcher = ProcessLauncher()  # its threads must live: the child dies with the one that started it\n"
        "    child = await launcher.start(spawn)\n"
        "    async for _ in child.lines():\n"
        "        print(child.pid, flush=True)\n"
        "asyncio.run(main())\n"
    )
    daemon = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=asyncio.subprocess.PIPE)
    assert daemon.stdout is not None
    pid = int(await daemon.stdout.readline())
    assert _alive(pid)
    daemon.kill()
    await daemon.wait()
    await eventually(lambda: not _alive(pid))


async def test_many_starts_at_once_do_not_hold_the_loop(launcher: ProcessLauncher, tmp_path: Path) -> None:
    children = await asyncio.gather(*(launcher.start(spawn("print(1)", tmp_path)) for _ in range(20)))
    assert [await heard(child) for child in children] == [["1"]] * 20
    assert [await child.wait() for child in children] == [0] * 20


async def test_a_paying_child_is_asked_not_killed_when_its_daemon_dies(tmp_path: Path) -> None:
    paying = (
        "import os, signal, time\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
        "print(1, flush=True)\n"
        f"while not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
        f"open({str(tmp_path / 'paid')!r}, 'w').close()\n"
    )
    program = tmp_path / "daemon.py"
    program.write_text(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from videod.adapters.process import ProcessLauncher\n"
        "from videod.ports import Spawn\n"
        "async def main():\n"
        f"    argv = (sys.executable, '-c', {paying!r})\n"
        "    launcher = ProcessLauncher()\n"
        "    child = await launcher.start(Spawn(argv, {'PATH': os.environ['PATH']}, Path('.'), 't', finishes=True))\n"
        "    async for _ in child.lines():\n"
        "        print(child.pid, flush=True)\n"
        "asyncio.run(main())\n"
    )
    daemon = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=asyncio.subprocess.PIPE)
    assert daemon.stdout is not None
    pid = int(await daemon.stdout.readline())
    daemon.kill()
    await daemon.wait()
    assert await running_with(str(tmp_path / "paid"))
    (tmp_path / "go").touch()
    await eventually(lambda: not _alive(pid))
    assert (tmp_path / "paid").exists()
    assert not await running_with(str(tmp_path / "paid"))


@pytest.mark.fault("13.9")
async def test_a_player_that_has_the_file_open_is_no_script_of_ours(tmp_path: Path, launcher: ProcessLauncher) -> None:
    output = str(tmp_path / "clip_01.mp4")
    player = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", output, stdin=asyncio.subprocess.PIPE
    )
    try:
        assert not await running_with(output)
        ours = await launcher.start(spawn(f"# {output}\nimport time\nprint(1, flush=True)\ntime.sleep(60)", tmp_path))
        await anext(ours.lines())
        assert await running_with(output)
        await end_with(output)
        assert await ours.wait() == -signal.SIGKILL
        assert player.returncode is None
        assert not await running_with(output)
    finally:
        player.kill()
        await player.wait()


#: forks twice, opens a session of its own, clears its environment: out of the group, the ancestry and any name's reach
LEAVE = """
import os, sys, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(write, str(os.getpid()).encode())
        os.execve("/bin/sleep", ["sleep", "1000000"], {})
    os._exit(0)
os.wait()
print(os.read(read, 9).decode(), flush=True)
"""


async def test_a_grandchild_that_left_the_group_ends_with_its_job(launcher: ProcessLauncher, tmp_path: Path) -> None:
    child = await launcher.start(spawn(LEAVE, tmp_path))
    orphan = int(await anext(child.lines()))
    assert await child.wait() == 0
    assert not _alive(orphan)


async def test_a_grandchild_that_left_the_group_ends_when_its_job_is_killed_and_another_jobs_does_not(
    launcher: ProcessLauncher, tmp_path: Path
) -> None:
    patient = LEAVE + "time.sleep(10**6)\n"
    killed, kept = [await launcher.start(spawn(patient, tmp_path)) for _ in range(2)]
    lines = [child.lines() for child in (killed, kept)]
    gone, stays = [int(await anext(said)) for said in lines]
    await killed.kill(1.0)
    assert not _alive(gone)
    assert _alive(stays) and _alive(kept.pid)
    await kept.kill(1.0)
    assert not _alive(stays)


def _running(word: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and _alive(int(entry.name)):
            try:
                if word.encode() in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.mark.fault("12.5")
async def test_a_start_that_nobody_waits_for_any_more_leaves_no_process_and_no_job(
    launcher: ProcessLauncher, tmp_path: Path
) -> None:
    word = f"# nobody's {tmp_path}"
    task = asyncio.create_task(launcher.start(spawn(f"{word}\nimport time\ntime.sleep(10**6)", tmp_path)))
    while not orphans._living:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert orphans._living, "nobody knows of it yet"
    await eventually(lambda: not _running(word) and not orphans._living)


@pytest.mark.fault("12.5", "12.13")
async def test_a_start_for_which_no_descriptor_is_left_leaves_no_process_and_no_job(
    launcher: ProcessLauncher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_pid: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    word = f"# nobody's {tmp_path}"
    with monkeypatch.context() as patched:
        patched.setattr(os, "pidfd_open", none)
        with pytest.raises(OSError, match="Too many open files"):
            await launcher.start(spawn(f"{word}\nimport time\ntime.sleep(10**6)", tmp_path))
        await eventually(lambda: not _running(word) and not orphans._living)


async def test_a_daemon_reaps_its_jobs_strays_and_disturbs_no_child_of_its_own(tmp_path: Path) -> None:
    """In a process of its own, which becomes the one that orphans fall to."""
    program = tmp_path / "daemon.py"
    program.write_text(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from videod.adapters import confinement\n"
        "from videod.adapters.process import ProcessLauncher\n"
        "from videod.ports import Spawn\n"
        f"LEAVE = {LEAVE!r}\n"
        "async def main():\n"
        "    confinement.guard_self()\n"
        "    launcher = ProcessLauncher()\n"
        "    others = [await asyncio.create_subprocess_exec('sh', '-c', f'sleep 0.{n}; exit {n}',\n"
        "              start_new_session=n % 2 == 0) for n in range(6)]\n"
        "    spawn = Spawn((sys.executable, '-c', LEAVE), {'PATH': os.environ['PATH']}, Path('.'), 't')\n"
        "    children = await asyncio.gather(*(launcher.start(spawn) for _ in range(6)))\n"
        "    for child in children:\n"
        "        async for orphan in child.lines(): print(orphan)\n"
        "    assert [await child.wait() for child in children] == [0] * 6\n"
        "    assert [await other.wait() for other in others] == list(range(6))\n"
        "    try: os.waitpid(-1, os.WNOHANG); print('somebody is left')\n"
        "    except ChildProcessError: print('nobody is left')\n"
        "    launcher.close()\n"
        "asyncio.run(main())\n"
    )
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, str(program), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await daemon.communicate()
    assert errors == b""
    *orphans, last = out.decode().split("\n")[:-1]
    assert last == "nobody is left"
    assert len(set(orphans)) == 6
    assert not [pid for pid in orphans if Path(f"/proc/{pid}").exists()]


async def test_a_flood_of_output_is_neither_kept_nor_holds_the_loop(launcher: ProcessLauncher, tmp_path: Path) -> None:
    code = "import sys\nfor _ in range(256): sys.stdout.write('a line of text\\n' * 69906)\nprint('after')"
    child = await launcher.start(spawn(code, tmp_path))
    turns = 0

    async def live() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    living = asyncio.create_task(live())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = 0
    last = ""
    async for line in child.lines():
        kept += len(line) + 1
        last = line
    assert await child.wait() == 0
    living.cancel()
    assert 16 << 20 <= kept < 17 << 20
    assert "the rest was not read" in last
    assert turns > 1000, "nobody else had a turn"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB; what is kept is not text


async def test_a_child_that_closes_its_stdout_and_continues_is_waited_for_and_can_be_killed(
    launcher: ProcessLauncher, tmp_path: Path
) -> None:
    code = "import os, time; os.close(1); os.close(2); time.sleep(10**6)"
    child = await launcher.start(spawn(code, tmp_path))
    assert await heard(child) == []
    waiting = asyncio.create_task(child.wait())
    await child.kill(PATIENCE_S)
    assert await waiting == -signal.SIGTERM  # so it was waited for until then


async def test_a_child_that_sleeps_forever_ends_at_its_deadline(launcher: ProcessLauncher, tmp_path: Path) -> None:
    child = await launcher.start(spawn("import time; print(1, flush=True); time.sleep(10**6)", tmp_path))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SHORT_S):  # the job's own limit
            await heard(child)
    await child.kill(PATIENCE_S)
    assert await child.wait() == -signal.SIGTERM
    assert not _alive(child.pid)
