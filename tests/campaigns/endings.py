"""Commands that start others, ended from outside at many moments: nothing of them may be left.

`demo`, `run --sandbox` and `watch` get a signal, a second one, a closed terminal or SIGKILL. Afterwards there is no
process with their folder in its command line, environment or working folder, no socket, no half-written or temporary
file, and the terminal shows its cursor again. What SIGKILL leaves of files is nobody's to remove.
"""

import argparse
import fcntl
import os
import pty
import signal
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.frame import ROOT, Campaign, Result, main, say
from tests.cli.factory import a_full_studio
from tests.harness.patience import ended as wait_for
from tests.harness.patience import until

COMMANDS = ("demo", "run --sandbox", "watch")
#: seconds after the start
MOMENTS = (0.05, 0.2, 0.5, 0.9, 1.4, 2.0, 3.0, 4.5, 6.5, 9.0)
#: the last two are for a sample of the moments
WAYS = ("INT", "TERM", "HUP", "INT twice", "terminal closed", "KILL")
EVERY = ("INT", "TERM", "HUP")
#: between two signals, so that the second is a wish of its own, seconds
APART_S = 1.3
SHOW_CURSOR, HIDE_CURSOR, LEAVE_SCREEN, ENTER_SCREEN = b"\x1b[?25h", b"\x1b[?25l", b"\x1b[?1049l", b"\x1b[?1049h"


@dataclass
class Run:
    """One command on a terminal of its own, all of it in `folder`."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    terminal: int
    shown: bytes = b""

    def look(self) -> None:
        """Read what it showed, so that it never waits for a terminal that nobody reads."""
        while True:
            try:
                found = os.read(self.terminal, 65_536)
            except OSError:  # nothing there, or the terminal is closed
                return
            if not found:
                return
            self.shown += found

    def over(self) -> bool:
        self.look()
        return self.process.poll() is not None


def start(command: str, folder: Path) -> Run:
    """Start a command of COMMANDS in an empty folder."""
    (folder / "tmp").mkdir(parents=True)
    if command == "watch":
        (folder / "state").mkdir()
        a_full_studio(folder / "state", 20).close()
    words = {
        "demo": ["demo", "--episodes", "1", "--clips", "2", "--folder", str(folder / "films")],
        "run --sandbox": ["run", "--sandbox", "--config", str(_settings(folder))],
        "watch": ["watch", "--state", str(folder / "state")],
    }[command]
    named = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOD_")}
    env = named | {"TMPDIR": str(folder / "tmp"), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    master, slave = pty.openpty()
    os.set_blocking(master, False)

    def own_terminal() -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)  # whoever runs this may have had it ignored, as `command &` does
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-m", "videod", *words], cwd=ROOT, env=env, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True, preexec_fn=own_terminal,  # noqa: PLW1509 - no threads here
    )  # fmt: skip
    os.close(slave)
    return Run(folder, process, master)


def _settings(folder: Path) -> Path:
    path = folder / "videod.toml"
    path.write_text(f'[paths]\nstate = "state"\nscripts = "{ROOT / "scripts"}"\nchannels = "{ROOT / "channels"}"\n')
    return path


def end(run: Run, way: str) -> int:
    """End it that way and wait for its end; returns its exit code (below zero: the signal that killed it)."""
    if way == "terminal closed":
        os.close(run.terminal)
        return wait_for(run.process)
    number = signal.Signals[f"SIG{way.split()[0]}"]
    run.process.send_signal(number)
    if way.endswith("twice"):
        second = time.monotonic() + APART_S
        until(lambda: run.over() or time.monotonic() > second)
        run.process.send_signal(number)
    until(run.over)
    run.look()
    return run.process.returncode


def left(run: Run, way: str) -> list[str]:
    """What is still there, once it had the time to end."""
    found = [f"process {pid}: {line}" for pid, line in _processes(run.folder)]
    for path in sorted(run.folder.rglob("*")):
        try:
            kind = path.lstat().st_mode
        except OSError:
            continue
        if way == "KILL":
            continue
        if stat.S_ISSOCK(kind) or path.suffix == ".part":
            found.append(f"file {path.relative_to(run.folder)}")
        elif path.parent.name == "tmp" or path.parent.parent.name == "tmp":
            found.append(f"temporary {path.relative_to(run.folder)}")
    if way not in ("KILL", "terminal closed"):
        for hidden, shown in ((HIDE_CURSOR, SHOW_CURSOR), (ENTER_SCREEN, LEAVE_SCREEN)):
            if run.shown.count(hidden) > run.shown.count(shown):
                found.append(f"terminal: {hidden!r} is not undone")
    # what Python says before the first line of videod is not videod's
    if b"Traceback" in run.shown and b"/videod/" in run.shown.partition(b"Traceback")[2]:
        found.append("a traceback: " + run.shown.decode(errors="replace")[-600:])
    return found


def _processes(folder: Path) -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
            place = str((entry / "cwd").readlink())
            known = line + (entry / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in known or place.startswith(str(folder)):
            found.append((int(entry.name), line.replace(b"\0", b" ").decode(errors="replace")[:120]))
    return found


When = Callable[[Run], bool]


def check(command: str, way: str, folder: Path, when: When) -> list[str]:
    """Start, wait until `when`, end it that way; what is left of it after its orphans had time to follow."""
    run = start(command, folder)
    try:
        until(lambda: run.over() or when(run))
        early = run.process.poll() is not None
        if not early:
            end(run, way)
        # a child that the kernel signals when its parent dies shuts down in order, which takes some seconds
        until(lambda: not _processes(folder), lambda: _processes(folder)) if way in (
            "KILL",
            "terminal closed",
        ) else None
        return left(run, way)
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def run(folder: Path, given: argparse.Namespace) -> Result:
    broken, runs = [], 0
    print(f"  {'command':14} {'ended by':16} " + " ".join(f"{moment:>5g}s" for moment in MOMENTS))
    for command in given.commands.split(","):
        for way in WAYS:
            moments = MOMENTS[:: 1 if way in EVERY else given.every]
            row = {}
            for moment in moments:
                runs += 1
                place = folder / str(runs)
                begun = time.monotonic()
                found = check(command, way, place, lambda _, end=begun + moment: time.monotonic() >= end)
                row[moment] = len(found)
                broken += [f"{command}, {way} at {moment} s: {one}" for one in found]
            cells = " ".join(f"{row.get(moment, ''):>6}" for moment in MOMENTS)
            say(f"{command:14} {way:16} {cells}")
    assert not broken, "\n".join(broken)
    return {"runs": runs, "left": len(broken)}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--commands", default=",".join(COMMANDS), help="comma-separated (default: all)")
    parser.add_argument("--every", type=int, default=3, help="moments of the rarer ways: each n-th (default 3)")


CAMPAIGN = Campaign(
    "endings", "no command leaves a process, socket or temporary file, however it is ended", _options, run
)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
