"""Every terminal, pipe and number that people have: no traceback, something to read, the right exit code."""

import os
import pty
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.factory import CHANNELS, a_full_studio
from tests.harness.patience import ended, run, until
from videod.cli import main, output, terminal

ROOT = Path(__file__).parents[2]
LOOKS = (["status"], ["list"], ["show", "the-ant-road-15"], ["why", "the-ant-road-15"], ["watch", "--once"],
         ["costs", "--by", "episode"], ["list", "--limit", "0"], ["show", "nobody"])  # fmt: skip
ALL = f"""
import sys
from videod.cli import terminal
from videod.cli.main import run
terminal.prepare()
for words in {LOOKS!r}:
    print("=", run([*words, "--state", sys.argv[1]]))
raise SystemExit(terminal.finish(0))
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a house with twenty episodes, one of them with a title in several scripts."""
    folder = tmp_path_factory.mktemp("studio")
    a_full_studio(folder, 20).close()
    database = sqlite3.connect(folder / "videod.db")
    database.execute("UPDATE tasks SET title = 'Über Łódź – 北極熊 🐻 “…”' WHERE id LIKE 'the-ant-road-15%'")
    database.commit()
    database.close()
    return folder


def plain(**env: str) -> dict[str, str]:
    named = ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING", "PYTHONUTF8", "COLUMNS", "LINES", "NO_COLOR")
    return {name: value for name, value in os.environ.items() if name not in named} | env


@pytest.mark.fault("8.5")
@pytest.mark.parametrize(
    ("env", "encoding"),
    [
        ({"PYTHONIOENCODING": "ascii"}, "ascii"),
        ({"PYTHONIOENCODING": "latin-1:strict"}, "latin-1"),
        ({"PYTHONIOENCODING": "cp437"}, "cp437"),
        ({"LC_ALL": "C"}, "utf-8"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "ascii"),
        ({"COLUMNS": "0"}, "utf-8"),
        ({"COLUMNS": "-5", "LINES": "0"}, "utf-8"),
        ({"COLUMNS": "99999999999999999999", "LINES": "9" * 30}, "utf-8"),
        ({"COLUMNS": "\u0663"}, "utf-8"),
        ({"TERM": "dumb"}, "utf-8"),
    ],
)
def test_every_look_is_readable_in_every_encoding_and_width(state: Path, env: dict[str, str], encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALL, state], env=plain(**env), cwd=ROOT, capture_output=True, check=False
    )
    said, told = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert (done.returncode, "Traceback" in told) == (0, False), told
    codes = [line[2:] for line in said.splitlines() if line.startswith("= ")]
    assert codes == ["0"] * 6 + [str(output.USAGE), str(output.MISSING)]
    assert "the-ant-road-15" in said and "Services" in said
    if encoding != "utf-8":
        assert "ber" in said and "odz" in said.replace("ó", "o").replace("Ł", "L")


@pytest.mark.fault("8.5")
@pytest.mark.parametrize("limit", ["0", "-1", "1000000000000000000000", "9" * 5000, "abc", "1.5", "1e3", ""])
def test_a_limit_that_is_no_number_is_a_wrong_command_line(
    state: Path, capsys: pytest.CaptureFixture[str], limit: str
) -> None:
    for words in (["list", "--limit", limit], ["costs", "--days", limit]):
        assert main.run([*words, "--state", str(state)]) == output.USAGE
        said = capsys.readouterr()
        assert said.out == "" and "See `videod" in said.err and len(said.err) < 700


def test_a_limit_shows_so_many_and_says_how_to_see_more(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["list", "--limit", "1", "--state", str(state)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and "--limit 2" in lines[-1]


def shell(line: str, state: Path) -> "subprocess.CompletedProcess[str]":
    """A line of bash in which `videod` is this one and STATE its state folder; it ends with `videod`'s exit code."""
    command = f'set -o pipefail; videod() {{ "{sys.executable}" -m videod "$@"; }}; {line}'
    return run(["bash", "-c", command], env=plain(STATE=str(state)), cwd=ROOT)


@pytest.mark.fault("8.5")
@pytest.mark.parametrize("words", ["list", "status", "show the-ant-road-15", "status --json", "costs"])
def test_a_reader_that_has_seen_enough_is_no_error(state: Path, words: str) -> None:
    done = shell(f"videod {words} --state $STATE | head -n 1", state)
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)


@pytest.mark.fault("8.5")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["status", "watch", "list --limit 0"])
def test_a_closed_output_is_no_traceback(state: Path, words: str, closed: str) -> None:
    done = shell(f"videod {words} --state $STATE {closed}", state)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    assert done.returncode == (output.USAGE if "limit" in words else 0)


@pytest.mark.fault("8.5")
def test_an_output_that_is_full_is_said(state: Path) -> None:
    done = shell("videod list --state $STATE > /dev/full", state)
    assert done.returncode == terminal.IO_ERROR
    assert done.stderr == "videod: the output cannot be written: No space left on device\n"


class OnTerminal:
    """A command on a terminal of its own."""

    def __init__(self, words: list[str], **env: str) -> None:
        self._master, slave = pty.openpty()
        os.set_blocking(self._master, False)
        argv = [sys.executable, "-m", "videod", *words]
        self.process = subprocess.Popen(argv, env=plain(**env), cwd=ROOT, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.shown = b""

    def look(self) -> bytes:
        try:
            while found := os.read(self._master, 65_536):
                self.shown += found
        except OSError:
            pass
        return self.shown

    def end(self) -> tuple[int, bytes]:
        until(lambda: self.look() is None or self.process.poll() is not None)
        return ended(self.process), self.look()


@pytest.mark.fault("8.5")
def test_a_terminal_of_the_c_locale_gets_ascii(state: Path) -> None:
    code, shown = OnTerminal(["list", "--state", str(state)], LC_ALL="C", TERM="xterm", COLUMNS="200").end()
    assert code == 0 and shown.isascii() and b"the-ant-road-15" in shown


@pytest.mark.fault("8.5")
def test_a_dumb_terminal_gets_plain_lines_and_each_new_event(state: Path, tmp_path: Path) -> None:
    made = a_full_studio(tmp_path, 20)
    seen = OnTerminal(["watch", "--state", str(tmp_path)], TERM="dumb")
    until(lambda: b"in work" in seen.look(), seen.look)
    assert b"\x1b" not in seen.shown
    before = len(seen.shown)
    made.queue("A Brand New Entry", CHANNELS[0])
    made.close()
    until(lambda: b"A Brand New Entry  queued" in seen.look()[before:], seen.look)
    seen.process.send_signal(signal.SIGINT)
    code, shown = seen.end()
    assert code == 0 and b"Traceback" not in shown and b"\x1b" not in shown
