"""strace as a switchboard: which durable calls a program makes, and ending or failing it at exactly the n-th of them.

strace counts a call for each thread automatically; a signal is delivered before the call is carried out, so that
"killed at the n-th" means: n - 1 of them are done, this one is not.
"""

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.frame import ROOT, need_program

#: what makes files durable or visible, as SQLite and Python call it here
DURABLE = ("rename", "fsync", "fdatasync", "unlink", "ftruncate", "pwrite64")
_LINE = re.compile(r"^(\d+)\s+(\w+)\((.*)")


@dataclass(frozen=True)
class Call:
    """One traced call: `text` is what stands behind its name, with the paths of descriptors."""

    pid: int
    name: str
    text: str


@dataclass(frozen=True)
class Traced:
    code: int
    calls: tuple[Call, ...]
    out: str
    err: str


def run(
    argv: Sequence[str], calls: Sequence[str], env: Mapping[str, str] | None = None, inject: str = "",
    follow: bool = True, cwd: Path = ROOT,
) -> Traced:  # fmt: skip
    """Run `argv` with its `calls` traced. `inject` is strace's own: "rename:signal=KILL:when=3"."""
    with tempfile.NamedTemporaryFile(prefix="videod-trace-") as log:
        command = [need_program("strace"), "-y", "-qq", "-s", "300", "-o", log.name, "-e", f"trace={','.join(calls)}"]
        command += ["-f"] if follow else []
        command += ["-e", f"inject={inject}"] if inject else []
        done = subprocess.run(
            [*command, *argv], env=env, capture_output=True, text=True, check=False, timeout=300, cwd=cwd
        )
        lines = Path(log.name).read_text(errors="replace").splitlines()
    found = (_LINE.match(line if follow else f"0 {line}") for line in lines)
    traced = tuple(Call(int(one[1]), one[2], one[3]) for one in found if one)
    return Traced(done.returncode, traced, done.stdout, done.stderr)


def most(traced: Traced, name: str) -> int:
    """How often a single thread made the call at most: so far `when=` can count."""
    return max(Counter(call.pid for call in traced.calls if call.name == name).values(), default=0)


def killed(traced: Traced) -> bool:
    """Whether the program was ended by the injected signal (strace passes it on to itself)."""
    return traced.code in (-9, 137)


def points(traced: Traced, names: Sequence[str]) -> list[tuple[str, int]]:
    """Every (call, n) at which the program can be ended."""
    return [(name, number) for name in names for number in range(1, most(traced, name) + 1)]
