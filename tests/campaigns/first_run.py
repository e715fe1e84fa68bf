"""A newcomer's first minutes: a fresh clone, an empty home, `./run demo` on a terminal, down to the first film.

Every byte that appears is stamped with the time. The result names each silence of more than three seconds with the
line before it, and what is left afterwards: processes, temporary files, files outside of the clone.
"""

import argparse
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns.frame import ROOT, Campaign, Result, main, say

#: without a byte for longer than this, a person wonders whether anything happens, seconds
QUIET_S = 3.0
GIVE_UP_S = 1800.0
#: the last line of a demo on a terminal, which stays open until Ctrl-C
OPEN = b"Ctrl-C"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


@dataclass
class Watched:
    """What a program showed on its terminal: (seconds since the start, bytes) in order."""

    began: float = field(default_factory=time.monotonic)
    shown: list[tuple[float, bytes]] = field(default_factory=list)
    code: int | None = None

    def text(self) -> bytes:
        return b"".join(part for _, part in self.shown)

    def silences(self, until: float) -> list[str]:
        """Each time without output, with the last line before it."""
        found, before, last = [], 0.0, "(the start)"
        for at, part in [*self.shown, (until, b"")]:
            if at - before > QUIET_S:
                found.append(f"{at - before:.1f} s from second {before:.1f}, after {last!r}")
            before, last = at, _last_line(part) or last
        return found


def _last_line(part: bytes) -> str:
    lines = [line.strip() for line in re.split(r"[\r\n]", _CONTROL.sub("", part.decode(errors="replace")))]
    return next((line[:100] for line in reversed(lines) if line), "")


def watch(argv: list[str], folder: Path, env: dict[str, str]) -> Watched:
    """Run it on a terminal of its own; press Ctrl-C once it says that it stays open."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))

    def own_terminal() -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    seen = Watched()
    process = subprocess.Popen(
        argv, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True, preexec_fn=own_terminal,  # noqa: PLW1509 - no threads here
    )  # fmt: skip
    os.close(slave)
    pressed = False
    while time.monotonic() - seen.began < GIVE_UP_S:
        if select.select([master], [], [], 0.2)[0]:
            try:
                part = os.read(master, 65_536)
            except OSError:  # the last one closed the terminal
                break
            if not part:
                break
            seen.shown.append((time.monotonic() - seen.began, part))
            if not pressed and OPEN in seen.text()[-600:]:
                pressed = True
                os.write(master, b"\x03")
    with contextlib.suppress(OSError):
        os.close(master)  # hangs up on whatever is still there
    seen.code = process.wait()
    return seen


def run(folder: Path, given: argparse.Namespace) -> Result:
    clone, home, temporary = folder / "videod", folder / "home", folder / "tmp"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    home.mkdir()
    temporary.mkdir()
    kept = ("PATH", "LANG", "LC_ALL", "PYTHON")
    inherited = ("PIP_", "SSL_", "REQUESTS_")
    env = {
        name: value
        for name, value in os.environ.items()
        if name in kept or name.startswith(inherited) or name.lower().endswith("_proxy")
    }
    env |= {"HOME": str(home), "TMPDIR": str(temporary), "TERM": "xterm-256color"}
    seen = watch(["./run", "demo", "--episodes", "1", "--clips", str(given.clips)], clone, env)
    took = time.monotonic() - seen.began
    if given.record:
        given.record.write_bytes(b"".join(b"\n[%7.2f] %s" % (at, part) for at, part in seen.shown))
    films = list(clone.glob("state/demo-*/daemon/workspaces/*/*/*.mp4"))
    assert seen.code in (0, 130), f"it ended with {seen.code}: {seen.text()[-600:].decode(errors='replace')}"
    assert films, "there is no film"
    quiet = seen.silences(took)
    for one in quiet:
        say(one)
    left = _left(folder)
    for one in left:
        say(f"left: {one}")
    said = seen.text().decode(errors="replace")
    unnamed = [one for one in left if one.split()[-1].rstrip("/") not in said.replace("\r\n", "")]
    assert not unnamed, f"left without being named: {unnamed}"
    assert not quiet or given.only_tell, quiet
    return {"seconds": round(took, 1), "silences": len(quiet), "left": left}


def _left(folder: Path) -> list[str]:
    """Processes that work in `folder`, temporary files, and files outside of the clone or inside it beside git's.

    Python's own `__pycache__` is not counted, nor what pip's look for a Rust compiler leaves.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                if str(folder).encode() in words or str((entry / "cwd").readlink()).startswith(str(folder)):
                    found.append(f"process {entry.name}: {words[:120]!r}")
    found += [f"temporary {path.name}" for path in (folder / "tmp").iterdir()]
    for path in sorted((folder / "home").glob("[!.]*/*")) + sorted((folder / "home").glob(".[!r]*/*")):
        found.append(f"{_size(path):,} MB in the home, {path.relative_to(folder / 'home')}")
    clone = folder / "videod"
    told = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"], cwd=clone, check=True, capture_output=True, text=True
    ).stdout
    for line in (line for line in told.splitlines() if "__pycache__" not in line):
        found.append(f"{_size(clone / line[3:]):,} MB in the clone, {line[3:]}")
    return found


def _size(path: Path) -> int:
    """MB on the disk."""
    return int(subprocess.run(["du", "-sm", path], check=True, capture_output=True, text=True).stdout.split()[0])


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clips", type=int, default=2, help="clips of the film")
    parser.add_argument("--only-tell", action="store_true", help="a silence is shown and no failure")
    parser.add_argument("--record", type=Path, help="write what was shown, with times, to this file")


CAMPAIGN = Campaign(
    "first-run", "a fresh clone to the first film without a silence, and nothing left behind", _options, run
)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
