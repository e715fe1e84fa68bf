"""How a command is ended from outside, and what becomes of the processes it started."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.patience import run, said, until

ROOT = Path(__file__).parents[2]
STARTS_ONE = """
import signal, sys, time
if sys.argv[3:] != ["as it is"]:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have had it ignored
from pathlib import Path
from videod.cli import interrupts
from videod.cli.children import Children
interrupts.hear()
try:
    with Children() as children:
        child = children.start([sys.executable, "-c", sys.argv[2]], Path(sys.argv[1]))
        print(child.pid, flush=True)
        time.sleep(3600)
except KeyboardInterrupt:
    raise SystemExit(interrupts.code())
"""
SLEEPS = "import time; print('here', flush=True); time.sleep(3600)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('here', flush=True); time.sleep(3600)"
#: its own child leaves its session and ignores SIGTERM
FORKS = (
    "import os, signal, time\nif os.fork() == 0:\n    os.setsid(); signal.signal(15, signal.SIG_IGN)\n"
    "    print('here', flush=True)\ntime.sleep(3600)"
)


def started(log: Path, program: str) -> "tuple[subprocess.Popen[str], int]":
    argv = [sys.executable, "-c", STARTS_ONE, str(log), program]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    until(lambda: "here" in log.read_text())
    return process, child


def alive(log: Path) -> list[str]:
    """Processes that write to this log."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and (entry / "fd" / "1").readlink() == log:
                found.append(entry.name)
        except OSError:
            continue
    return found


@pytest.mark.fault("8.1")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_children_end_with_a_command_that_a_signal_ends(tmp_path: Path, number: signal.Signals) -> None:
    process, _ = started(tmp_path / "log", SLEEPS)
    process.send_signal(number)
    _, err = said(process)
    assert (process.returncode, alive(tmp_path / "log"), err) == (128 + number, [], "")


@pytest.mark.fault("8.1")
@pytest.mark.parametrize("room", ["videod.cli.interrupts", "videod.daemon.signals"])
def test_a_loop_that_a_signal_tears_down_prints_no_traceback(room: str) -> None:
    """Its tasks may turn their own cancellation into any error, which asyncio would log."""
    program = f"""
import asyncio, os, signal, sys
from {room} import hear
hear()

async def work():
    try:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        raise ConnectionError("the stand-ins are gone") from None

try:
    asyncio.run(work())
except BaseException as error:
    sys.exit(0 if type(error).__name__ in ("Interrupted", "Stopped") else repr(error))
"""
    done = run([sys.executable, "-c", program], cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.fault("8.1")
def test_children_end_when_the_command_is_killed(tmp_path: Path) -> None:
    process, _ = started(tmp_path / "log", SLEEPS)
    process.kill()
    said(process)
    until(lambda: not alive(tmp_path / "log"))


@pytest.mark.fault("8.1")
@pytest.mark.parametrize("program", [DEAF, FORKS])
def test_a_second_signal_ends_children_that_do_not_listen(tmp_path: Path, program: str) -> None:
    process, _ = started(tmp_path / "log", program)
    process.send_signal(signal.SIGINT)
    while process.poll() is None:  # until one of them counts as a wish of its own
        process.send_signal(signal.SIGINT)
    said(process)
    assert alive(tmp_path / "log") == []


@pytest.mark.fault("8.1")
def test_nohup_keeps_a_command_alive_when_its_terminal_is_closed(tmp_path: Path) -> None:
    argv = ["nohup", sys.executable, "-c", STARTS_ONE, str(tmp_path / "log"), SLEEPS, "as it is"]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and int(process.stdout.readline())
    process.send_signal(signal.SIGHUP)
    until(lambda: alive(tmp_path / "log"))
    process.send_signal(signal.SIGTERM)
    said(process)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.fault("8.7")
def test_a_hangup_before_python_runs_does_not_end_a_start_through_run(tmp_path: Path) -> None:
    """`./run run` has SIGHUP ignored until the daemon hears it as a reload; a rehearsal ends with its terminal."""
    place = tmp_path / "videod"
    (place / ".ci").mkdir(parents=True)
    (place / "run").write_text((ROOT / "run").read_text())
    (place / "run").chmod(0o755)
    (place / ".ci" / "ensure-env.sh").write_text('set -eu\nROOT=$(dirname -- "$SELF")\nkill -HUP $$\n')
    (place / ".venv" / "bin").mkdir(parents=True)
    (place / ".venv" / "bin" / "videod").write_text("#!/bin/sh\necho started\n")
    (place / ".venv" / "bin" / "videod").chmod(0o755)
    (place / ".venv" / "bin" / "python").write_text("#!/bin/sh\necho started\n")
    (place / ".venv" / "bin" / "python").chmod(0o755)

    def started(*words: str) -> tuple[int, str]:
        # a shell takes no ignored signal back, so it is started by a program that does
        reset = (
            "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
        )
        argv = [sys.executable, "-c", reset, place / "run", *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert started("run") == (0, "started\n")
    assert started("run", "--sandbox") == (-signal.SIGHUP, "")
