"""`videod watch` driven by keys on a real terminal, and the terminal after every end."""

import fcntl
import os
import pty
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyte
import pytest

from tests.cli.conftest import CHANNEL
from tests.cli.factory import HOUR, StudioBox
from tests.harness.patience import ended, until
from videod.core.statuses import Status

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]
#: a shell with one job in the foreground of its own terminal; a job without one could not be stopped
SHELL = """
import fcntl, os, pathlib, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-c", sys.argv[1], "watch"])
pathlib.Path("job").write_text(str(job))
signal.signal(signal.SIGHUP, signal.SIG_IGN)
code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
os._exit(code if code >= 0 else 128 - code)
"""
WATCH = "from videod.cli import main; main.main()"
#: an exception while the screen is drawn
BROKEN = """
from videod.cli import main
from videod.dashboard import screens
drawn = screens.screen
def screen(state, *more):
    if state.help:
        raise RuntimeError("broken")
    return drawn(state, *more)
screens.screen = screen
main.main()
"""


class Terminal:
    """A person's terminal with `videod watch` in it; `folder` has settings, a channel and a state folder."""

    def __init__(self, folder: Path, code: str = WATCH, columns: int = 80, lines: int = 24) -> None:
        self._own, other = pty.openpty()
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.resize(columns, lines)
        self.before = termios.tcgetattr(other)
        self._other = other
        self._job = folder / "job"
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "VIDEOD_STATE")}
        self.child = subprocess.Popen(
            [sys.executable, "-c", SHELL, code], stdin=other, stdout=other, stderr=other, cwd=folder,
            env=kept | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}, start_new_session=True,
        )  # fmt: skip

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._own, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def modes(self) -> list[object]:
        return termios.tcgetattr(self._other)

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def look(self) -> str:
        if select.select([self._own], [], [], 0.1)[0]:
            data = os.read(self._own, 65_536)
            self.raw += data
            self._stream.feed(data)
        return "\n".join(self.screen.display)

    def wait_for(self, told: Callable[[], object]) -> None:
        until(lambda: (self.look(), told())[1], self.look)

    def shows(self, *texts: str) -> None:
        self.wait_for(lambda: all(text in "\n".join(self.screen.display) for text in texts))

    def send(self, number: signal.Signals) -> None:
        os.kill(int(self._job.read_text()), number)

    def stopped(self) -> bool:
        """Whether the job is stopped, as its state in /proc says."""
        self.look()
        return Path(f"/proc/{self._job.read_text()}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def close(self) -> None:
        self.child.kill()
        if self._job.exists():
            with suppress(ProcessLookupError):
                self.send(signal.SIGKILL)
        self.child.wait()
        for one in (self._own, self._other):
            os.close(one)

    def check_restored(self) -> None:
        """The modes are those of before, the screen and the cursor are back."""
        assert self.modes() == self.before
        assert self.raw.count(b"\x1b[?1049h") == self.raw.count(b"\x1b[?1049l") > 0
        assert self.raw.rindex(b"\x1b[?25h") > self.raw.rindex(b"\x1b[?25l")


Opened = Callable[..., Terminal]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "videod.toml").write_text("")
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels" / "wild_earth.yaml").write_text(CHANNEL)
    (tmp_path / "state").mkdir(mode=0o700)
    box = StudioBox(tmp_path / "state", at=time.time_ns() // 1_000_000 - 2 * HOUR)
    for title in ("Approved soon", "Drawn again"):
        box.bring_to(box.queue(title), Status.ASSETS_READY)
    box.close()
    return tmp_path


@pytest.fixture
def opened(folder: Path) -> Iterator[Opened]:
    made: list[Terminal] = []

    def open_one(code: str = WATCH, **more: int) -> Terminal:
        made.append(Terminal(folder, code, **more))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def asked(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{folder / 'state' / 'videod.db'}?mode=ro", uri=True) as known:
        return known.execute(query).fetchall()


def test_an_episode_is_approved_another_redone_and_paused_by_keys(folder: Path, opened: Opened) -> None:
    terminal = opened()
    terminal.shows("> Approved soon", "? help")
    terminal.type("a")
    terminal.shows("Approve the assets of Approved soon?", "about $1.40", "y: yes")
    terminal.type("y")
    terminal.shows("Approved soon: ", "1 to review")
    assert asked(folder, "SELECT status FROM tasks WHERE title = 'Approved soon'") == [("assets_approved",)]
    terminal.type("/drawn\r")
    terminal.shows("> Drawn again")
    terminal.type("\r")
    terminal.shows("> image/bear_core", "Esc back")
    terminal.type("r")
    terminal.shows("would be regenerated", "about $0.04", "Note")
    terminal.type("older\r")
    terminal.shows("will be regenerated")
    ((revision, args),) = asked(
        folder, "SELECT revision, args FROM jobs WHERE key = 'bear_core' AND task_id LIKE 'drawn%'"
    )
    assert revision == 1 and "older" in str(args)
    terminal.type("p")
    terminal.wait_for(lambda: asked(folder, "SELECT 1 FROM tasks WHERE title = 'Drawn again' AND paused IS NOT NULL"))
    terminal.shows("paused")
    terminal.type("q")
    assert ended(terminal.child) == 0
    terminal.look()
    terminal.check_restored()


@pytest.mark.long
@pytest.mark.parametrize("end", ["q", "ctrl-c", "term", "hangup", "error"])
def test_the_terminal_is_as_it_was_after_every_end(opened: Opened, end: str) -> None:
    terminal = opened(BROKEN if end == "error" else WATCH)
    terminal.shows("? help")
    assert terminal.modes() != terminal.before
    sent = {"term": signal.SIGTERM, "hangup": signal.SIGHUP}.get(end)
    terminal.type({"q": "q", "ctrl-c": "\x03", "error": "?"}.get(end, ""))
    if sent is not None:
        terminal.send(sent)
    code = ended(terminal.child)
    assert code == {"q": 0, "ctrl-c": 0, "term": 143, "hangup": 129, "error": 1}[end], terminal.look()
    while terminal.look() and select.select([terminal._own], [], [], 0)[0]:
        pass
    terminal.check_restored()


@pytest.mark.long
def test_a_stop_gives_the_terminal_back_and_takes_it_again_afterwards(opened: Opened) -> None:
    terminal = opened()
    terminal.shows("? help")
    terminal.type("\x1a")
    until(terminal.stopped)
    terminal.look()
    terminal.check_restored()
    terminal.screen.reset()
    terminal.send(signal.SIGCONT)
    terminal.shows("> Approved soon", "? help")
    assert terminal.modes() != terminal.before
    terminal.type("j")
    terminal.shows("> Drawn again")
    terminal.send(signal.SIGSTOP)  # nobody is asked about this one
    until(terminal.stopped)
    termios.tcsetattr(terminal._other, termios.TCSANOW, terminal.before)  # as a shell does
    terminal.send(signal.SIGCONT)
    terminal.wait_for(lambda: terminal.modes() != terminal.before)
    terminal.type("q")
    assert ended(terminal.child) == 0


@pytest.mark.long
def test_another_size_is_drawn_at_once(opened: Opened) -> None:
    terminal = opened()
    terminal.shows("? help")
    terminal.resize(140, 45)
    terminal.wait_for(lambda: terminal.screen.display[-1].startswith("j/k") and "approve" in terminal.look())
    terminal.shows("videod approve approved-soon")
    terminal.resize(60, 16)
    terminal.wait_for(lambda: terminal.screen.display[-1].startswith("j/k"))
    terminal.type("q")
    assert ended(terminal.child) == 0
