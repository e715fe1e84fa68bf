"""Looks at every process below the daemon, many times a second: its command line and its environment."""

import threading
import time
from pathlib import Path

from videod.core.tables import STEPS

LOOK_S = 0.003


def _read(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


class Watcher(threading.Thread):
    """`seen`: (step that the process works for or "", command line) -> environments it had, as the kernel shows them.

    A process between fork and exec still is a copy of the one that starts it, so a command line like its parent's does
    not count; it is read before and after the environment so that both belong to the same program.
    """

    def __init__(self, daemon: int) -> None:
        super().__init__(daemon=True)
        self._root = daemon
        self._over = threading.Event()
        self.seen: dict[tuple[str, str], set[str]] = {}

    def run(self) -> None:
        while not (own := _read(self._root, "cmdline")):  # it may be in the middle of its start
            time.sleep(LOOK_S)
        while not self._over.is_set():
            self._look(self._root, own, "")
            time.sleep(LOOK_S)

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _look(self, pid: int, line: bytes, step: str) -> None:
        for child in self._children(pid):
            try:
                before = _read(child, "cmdline")
                environ = _read(child, "environ")
                after = _read(child, "cmdline")
            except OSError:
                continue  # it has ended
            if not before or before != after or before == line:
                continue
            text = before.replace(b"\0", b" ").decode(errors="replace").strip()
            name = next((name for name in STEPS if f"/{STEPS[name].script}" in text or f"/own_{name}.py" in text), step)
            self.seen.setdefault((name, text), set()).add(environ.decode(errors="replace"))
            self._look(child, before, name)

    @staticmethod
    def _children(pid: int) -> list[int]:
        found: list[int] = []
        try:
            threads = list(Path(f"/proc/{pid}/task").iterdir())
        except OSError:
            return found  # it has ended
        for thread in threads:
            try:
                found += [int(one) for one in (thread / "children").read_bytes().split()]
            except OSError:
                continue
        return found
