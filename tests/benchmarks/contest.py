"""Contenders side by side: each in a process of its own, on a fresh store, their turns interleaved."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import peer_venv, postgres

ROOT = Path(__file__).resolve().parents[2]
#: contender -> what pip has to have installed for it
NEEDS = {
    "huey": "huey", "litequeue": "litequeue", "persist-queue": "persist-queue", "DBOS": "dbos",
    "procrastinate": "procrastinate", "pgqueuer": "pgqueuer", "seed's design": "asyncpg",
}  # fmt: skip
ON_POSTGRES = ("procrastinate", "pgqueuer", "seed's design")


@dataclass(frozen=True)
class Contestant:
    """`ledger`: it keeps videod's ledger beside its own."""

    name: str
    ledger: bool = False

    @property
    def label(self) -> str:
        if self.name == "videod":
            return "videod"
        return f"{self.name} + ledger" if self.ledger else self.name


class Arena:
    """The place of a contest. `missing`: contender -> why it cannot take part."""

    def __init__(self, address: str | None) -> None:
        absent = peer_venv.install()
        self.missing = {name: absent[pin] for name, pin in NEEDS.items() if pin in absent}
        if address is None:
            self.missing |= dict.fromkeys(ON_POSTGRES, postgres.NO_POSTGRES)
        self._address = address
        self._made = 0

    def may(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name not in self.missing]

    def argv(self, scenario: str, who: Contestant, folder: Path, options: Mapping[str, object]) -> list[str]:
        """The command of one contender, with a fresh database of PostgreSQL where it needs one."""
        python = sys.executable if who.name == "videod" else str(peer_venv.python())
        argv = [python, "-m", "tests.benchmarks.contender", scenario, who.name, "--folder", str(folder)]
        if who.name in ON_POSTGRES and self._address is not None:
            self._made += 1
            argv += ["--address", postgres.new_database(self._address, f"bench_{self._made}")]
        argv += ["--ledger"] if who.ledger else []
        for name, value in options.items():
            argv += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        return argv

    def once(self, scenario: str, who: Contestant, **options: object) -> dict[str, object] | None:
        """One whole run; None where it failed, which is printed."""
        with tempfile.TemporaryDirectory(prefix="videod-bench-") as folder:
            argv = self.argv(scenario, who, Path(folder), options)
            done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no word"])[-1]
            self.missing[who.name] = f"failed: {last[:200]}"
            return None
        answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def say_missing(self) -> None:
        for name, why in self.missing.items():
            print(f"- {name} did not take part: {why}")


@contextmanager
def arena() -> Iterator[Arena]:
    with postgres.cluster() as address:
        yield Arena(address)


@contextmanager
def stepping(
    place: Arena, everyone: Sequence[Contestant], **options: object
) -> Iterator[dict[Contestant, Callable[[int], dict[str, object]]]]:
    """Contenders of the scenario `queue`, ready: contender -> a function that plays so many cycles."""
    with ExitStack() as stack:
        ready: dict[Contestant, Callable[[int], dict[str, object]]] = {}
        for who in everyone:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="videod-bench-"))
            process = subprocess.Popen(
                place.argv("queue", who, Path(folder), options), cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            stack.enter_context(process)
            stack.callback(_end, process)
            assert process.stdout is not None
            if not process.stdout.readline():
                assert process.stderr is not None
                place.missing[who.name] = f"failed: {process.stderr.read().strip()[-200:]}"
                continue
            ready[who] = _turn(process)
        yield ready


def _turn(process: "subprocess.Popen[str]") -> Callable[[int], dict[str, object]]:
    def play(cycles: int) -> dict[str, object]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{cycles}\n")
        process.stdin.flush()
        answer: dict[str, object] = json.loads(process.stdout.readline())
        return answer

    return play


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
