"""Tab completion typed into a real bash, zsh and fish on a terminal: commands, options, IDs, titles with any sign."""

import contextlib
import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import NOON, StudioBox
from tests.harness.patience import PATIENCE_S
from videod.cli import completion

SHELLS = ("bash", "zsh", "fish")
ODD = 'The "Fox\'s" $HOME `den`'
PROMPT = "ready> "
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][AB0]|\x1b\][^\x07]*\x07|\x1b[=>]|[\x07\r]")


@pytest.fixture(scope="module")
def ids(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("state")
    box = StudioBox(folder, at=NOON)
    first = box.queue("The Cold Crossing")
    box.queue("Wolves of the Long Night")
    box.queue(ODD)
    box.close()
    return folder, first


class Terminal:
    """A shell that completes for videod, and what it shows."""

    def __init__(self, shell: str, home: Path, state: Path) -> None:
        found = shutil.which(shell)
        if found is None:
            pytest.skip(f"{shell} is not installed on this machine")
        bins = home / "bin"
        bins.mkdir()
        (bins / "videod").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m videod "$@"\n')
        (bins / "videod").chmod(0o755)
        (bins / "told").write_text(f"#!{sys.executable}\nimport sys\nprint('words:', sys.argv[1:])\n")
        (bins / "told").chmod(0o755)
        argv = _set_up(shell, home)
        env = {
            "PATH": f"{bins}:{os.environ['PATH']}", "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"),
            "TERM": "xterm", "VIDEOD_STATE": str(state), "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }  # fmt: skip
        self._shown = ""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self._process = subprocess.Popen(
            ["setsid", "--ctty", found, *argv], cwd=home, env=env, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self.until(PROMPT)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def until(self, text: str) -> str:
        """What it showed since the last time, up to `text`; what came behind it is kept for the next time."""
        while text not in (plain := _CONTROL.sub("", self._shown)):
            assert select.select([self._master], [], [], PATIENCE_S)[0], f"{text!r} is not in {plain!r}"
            self._shown += os.read(self._master, 65_536).decode(errors="replace")
        before, _, self._shown = plain.partition(text)
        return before + text

    def run_as_told(self, words: list[str]) -> None:
        """Run the line by a program that prints its words, which must be these."""
        self.type("\x01told \r")  # Ctrl-A: to the start of the line
        self.until(f"words: {words!r}")
        self.until(PROMPT)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)


def _set_up(shell: str, home: Path) -> list[str]:
    """The shell's own start files, with the completion where the help says; returns its options."""
    script = completion.SCRIPTS[completion.Shell(shell)].replace("ASKED", completion.ASKED).strip()
    if shell == "bash":
        (home / "rc").write_text(f"PS1='{PROMPT}'\nbind 'set enable-bracketed-paste off'\n{script}\n")
        return ["--noprofile", "--rcfile", str(home / "rc"), "-i"]
    if shell == "zsh":
        (home / "functions").mkdir()
        (home / "functions" / "_videod").write_text(script)
        (home / ".zshrc").write_text(f"PS1='{PROMPT}'\nfpath+=~/functions\nautoload -Uz compinit; compinit -u\n")
        return ["-i"]
    folder = home / ".config" / "fish"
    (folder / "completions").mkdir(parents=True)
    (folder / "completions" / "videod.fish").write_text(script)
    (folder / "config.fish").write_text(f"function fish_prompt; echo -n '{PROMPT}'; end\nset -g fish_greeting\n")
    return ["-i"]


@pytest.fixture(params=SHELLS)
def terminal(request: pytest.FixtureRequest, tmp_path: Path, ids: tuple[Path, str]) -> Iterator[Terminal]:
    opened = Terminal(request.param, tmp_path, ids[0])
    yield opened
    opened.close()


@pytest.mark.long
@pytest.mark.fault("8.4")
def test_a_shell_completes_commands_options_ids_and_titles(terminal: Terminal, ids: tuple[Path, str]) -> None:
    for typed, added, words in (
        ("videod compl", "etion", ["videod", "completion"]),
        ("videod list --chan", "nel", ["videod", "list", "--channel"]),
        ("videod why the-c", "old-crossing", ["videod", "why", ids[1]]),
        ("videod resume gem", "ini", ["videod", "resume", "gemini"]),
    ):
        terminal.type(f"{typed}\t")
        terminal.until(added)
        terminal.run_as_told(words)


@pytest.mark.long
@pytest.mark.fault("8.4")
@pytest.mark.parametrize("begun", ['The\\ \\"F', "'The \"F", '"The \\"F'])
def test_a_completed_title_reaches_videod_as_it_is_whatever_its_signs(terminal: Terminal, begun: str) -> None:
    terminal.type(f"videod show {begun}\t")
    terminal.until("den")
    terminal.run_as_told(["videod", "show", ODD])
