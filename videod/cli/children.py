"""Processes that a command starts and that end with it, however it ends.

The kernel tells each of them when this process dies (`adapters.launch`), so that not even SIGKILL leaves one behind.
Where the command ends in order, so do they, the youngest first; what they left falls to this process and is ended too.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from videod.adapters.process import tethered
from videod.cli.interrupts import Heard, clean_up

_PR_SET_CHILD_SUBREAPER = 36
#: how long one of them may take to end when it is asked to; a second signal to the command cuts it short, seconds
PATIENCE_S = 60.0
#: what they leave behind is asked, then killed, seconds
ASKED_S, KILLED_S = 3.0, 10.0
_LOOK_S = 0.02


class Children:
    """The processes of one command, from the block's begin to its end."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        if Heard.own:
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return self

    def start(self, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Start a program that writes to `log`; a Ctrl-C of this terminal does not reach it."""
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*tethered(0, signal.SIGTERM), *argv], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        self._started.append(process)
        return process

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        clean_up()
        for process in reversed(self._started):
            end(process)
        if Heard.own:
            sweep()


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end and wait; kill it and its group where it takes too long, or at a second signal."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < until and not Heard.hurried:
        time.sleep(_LOOK_S)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def sweep(asked_s: float = ASKED_S) -> None:
    """End every child of this process, those included that fell to it when their own parent died."""
    began = time.monotonic()
    while found := _children():
        waited = time.monotonic() - began
        if waited > asked_s + KILLED_S:
            return
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL if waited > asked_s or Heard.hurried else signal.SIGTERM)
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(_LOOK_S)


def _children() -> list[int]:
    me, found = os.getpid(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # the name in parentheses may hold anything; what follows its last one is "state parent ..."
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(fields[1]) == me:
                    found.append(int(entry.name))
    return found
