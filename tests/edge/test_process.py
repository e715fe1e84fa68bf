"""Real children: started, heard, ended, never left behind."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from videod.edge.process import ProcessLauncher, running_with
from videod.seams import Child, Spawn


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


async def test_a_child_that_ignores_term_is_killed_after_its_grace(launcher: ProcessLauncher, tmp_path: Path) -> None:
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    child = await launcher.start(spawn(code, tmp_path))
    assert await anext(child.lines()) == "deaf"
    began = time.monotonic()
    await child.kill(0.2)
    assert await child.wait() == -signal.SIGKILL
    assert time.monotonic() - began < 5


async def test_a_grandchild_that_keeps_stdout_open_neither_hangs_nor_survives(
    launcher: ProcessLauncher, tmp_path: Path
) -> None:
    code = "import subprocess; p=subprocess.Popen(['sleep','60']); print(p.pid, flush=True)"
    child = await launcher.start(spawn(code, tmp_path))
    async with asyncio.timeout(10):
        (line,) = await heard(child)
        await child.wait()
    for _ in range(50):
        if not _alive(int(line)):
            break
        await asyncio.sleep(0.05)
    assert not _alive(int(line))


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
        "from videod.edge.process import ProcessLauncher\n"
        "from videod.seams import Spawn\n"
        "async def main():\n"
        "    spawn = Spawn((sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(60)'),\n"
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
    for _ in range(100):
        if not _alive(pid):
            break
        await asyncio.sleep(0.05)
    assert not _alive(pid)


async def test_many_starts_at_once_do_not_hold_the_loop(launcher: ProcessLauncher, tmp_path: Path) -> None:
    children = await asyncio.gather(*(launcher.start(spawn("print(1)", tmp_path)) for _ in range(20)))
    assert [await heard(child) for child in children] == [["1"]] * 20
    assert [await child.wait() for child in children] == [0] * 20


async def test_a_paying_child_is_asked_not_killed_when_its_daemon_dies(tmp_path: Path) -> None:
    paying = (
        "import signal, time\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
        "print(1, flush=True); time.sleep(0.7)\n"
        f"open({str(tmp_path / 'paid')!r}, 'w').close()\n"
    )
    program = tmp_path / "daemon.py"
    program.write_text(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from videod.edge.process import ProcessLauncher\n"
        "from videod.seams import Spawn\n"
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
    for _ in range(200):
        if not _alive(pid):
            break
        await asyncio.sleep(0.05)
    assert (tmp_path / "paid").exists()
    assert not await running_with(str(tmp_path / "paid"))
