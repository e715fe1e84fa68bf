"""What the main commands print at 80 and 140 columns, with and without UTF-8, as kept captures.

`VIDEOD_WRITE_GOLDEN=1 pytest tests/cli/test_captures.py` writes the captures again; look at the difference before
keeping it.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.factory import NOON, a_full_studio
from tests.cli.test_terminal import ROOT, plain

KEPT = Path(__file__).parent / "captures"
KEPT_COMMANDS = (["--help"], ["new", "--help"], ["redo", "--help"], ["doctor", "--help"], ["status"], ["list"],
                 ["show", "the-ant-road-15"])  # fmt: skip
PRINTED = f"""
import sys
from videod.cli import client, main, terminal
client.now_ms = lambda: {NOON}
terminal.prepare()
helped = [[name, "--help"] for name in main.COMMANDS]
for words in {KEPT_COMMANDS!r} + tuple(helped if sys.argv[2:] else ()):
    print("$ videod", *words)
    sys.stdout.flush()
    main.run([*words, *(() if "--help" in words else ("--state", sys.argv[1]))])
raise SystemExit(terminal.finish(0))
"""
PLACES = {
    "utf8_80": (80, {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}),
    "utf8_140": (140, {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}),
    "ascii_80": (80, {"TERM": "xterm", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "dumb_80": (80, {"TERM": "dumb", "LC_ALL": "C.UTF-8"}),
}
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    """A state folder whose path is as long in every run, as lines are broken by it."""
    with tempfile.TemporaryDirectory(prefix="captures-", dir="/tmp") as folder:  # of the same length
        a_full_studio(Path(folder), 20).close()
        yield Path(folder)


def printed(state: Path, columns: int, *more: str, **env: str) -> str:
    """What a terminal of so many columns gets, without its colors."""
    terminal, own = pty.openpty()
    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 2000, columns, 0, 0))
    argv = [sys.executable, "-c", PRINTED, str(state), *more]
    with subprocess.Popen(argv, env=plain(**env), cwd=ROOT, stdin=own, stdout=own, stderr=own) as process:
        os.close(own)
        shown = bytearray()
        with suppress(OSError):  # the end of a terminal
            while found := os.read(terminal, 65_536):
                shown += found
        os.close(terminal)
        assert process.wait() == 0, shown.decode(errors="replace")
    return _CODES.sub("", shown.decode()).replace("\r\n", "\n").replace(str(state), "STATE")


@pytest.mark.parametrize("place", PLACES)
def test_the_main_commands_look_as_they_were_captured(state: Path, place: str) -> None:
    columns, env = PLACES[place]
    shown = printed(state, columns, **env)
    assert [line for line in shown.splitlines() if cell_len(line) > columns] == []
    assert place != "ascii_80" or shown.isascii()
    path = KEPT / f"{place}.txt"
    if os.environ.get("VIDEOD_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown)
    assert shown == path.read_text()


@pytest.mark.parametrize("columns", [80, 140])
def test_no_help_runs_over_the_terminal(state: Path, columns: int) -> None:
    shown = printed(state, columns, "all", TERM="xterm-256color", LC_ALL="C.UTF-8")
    assert [line for line in shown.splitlines() if cell_len(line) > columns] == []
