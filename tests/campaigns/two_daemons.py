"""Two daemons on one state folder: the second leaves with 75 at once and the first never notices.

After a kill -9 the lock is free; children that live on do not hold it; a lock file that somebody removed opens no door.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.campaigns import invariants
from tests.campaigns.frame import ROOT, Campaign, Result, main

HELD = 75


def _argv(state: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "tests.campaigns.opener", str(state), *more]


def _first(state: Path, program: str = "tests.campaigns.opener") -> "subprocess.Popen[str]":
    """A daemon's beginning that holds the lock until its stdin ends."""
    argv = [sys.executable, "-m", program, str(state), "--stay"]
    made = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert made.stdout is not None and made.stdout.readline() == "ready\n"
    return made


def _end(first: "subprocess.Popen[str]", number: int = signal.SIGKILL) -> None:
    first.send_signal(number)
    first.communicate()


def _second(state: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(_argv(state), capture_output=True, text=True, check=False, timeout=30, cwd=ROOT)


def run(folder: Path, given: argparse.Namespace) -> Result:
    state = folder / "state"
    for _ in range(given.rounds):
        _check_refused(state)
        _check_removed_lock_file(state)
        _check_child_lives_on(state)
        _check_race(state)
    found = invariants.of_database(state / "videod.db")
    assert not found, found
    return {"rounds": given.rounds, "second_daemons_let_in": 0}


def _check_refused(state: Path) -> None:
    first = _first(state)
    try:
        done = _second(state)
        assert done.returncode == HELD and f"pid {first.pid}" in done.stderr, done
        assert first.poll() is None
    finally:
        _end(first)
    assert _second(state).returncode == 0, "a killed daemon still holds the lock"


def _check_removed_lock_file(state: Path) -> None:
    first = _first(state)
    try:
        (state / "lock").unlink()
        done = _second(state)
        assert done.returncode == HELD, f"removing the lock file let a second daemon in: {done}"
        assert "lock file was removed" in done.stderr, done.stderr
    finally:
        _end(first)


def _check_child_lives_on(state: Path) -> None:
    """A child that survives its daemon (a paid script finishing its call does) must not keep the next one out."""
    program = (
        "import subprocess, sys; from pathlib import Path; from videod.daemon.lock import hold\n"
        "with hold(Path(sys.argv[1])):\n"
        "    child = subprocess.Popen(['sleep', '60'], close_fds=False)\n"
        "    print(child.pid, flush=True); sys.stdin.read()"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", program, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert first.stdout is not None
    child = int(first.stdout.readline())
    try:
        first.kill()
        first.wait()
        done = _second(state)
        assert done.returncode == 0, f"a child holds the lock of its dead daemon: {done.stderr}"
    finally:
        os.kill(child, signal.SIGKILL)
        first.communicate()


def _check_race(state: Path) -> None:
    """Started at the same instant: one gets in, the others are reported."""
    racers = [
        subprocess.Popen(
            _argv(state, "--stay"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
        )
        for _ in range(3)
    ]
    losers = 0
    try:
        while losers < 2:
            losers = sum(racer.poll() == HELD for racer in racers)
            ended = [racer.returncode for racer in racers if racer.poll() is not None]
            assert all(code == HELD for code in ended) and len(ended) < 3, ended
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="default 5")


CAMPAIGN = Campaign("two-daemons", "one state folder never has two daemons", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
