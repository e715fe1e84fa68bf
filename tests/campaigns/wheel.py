"""Installed by a stranger: `./run` in a fresh copy; the wheel in an empty environment, its demo in an empty folder."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.campaigns.frame import ROOT, Campaign, Missing, Result, say

#: a fresh .venv of ./run may be so large; what only tests import alone would be 250 MB
MOST_MB = 440
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".tools", "state", "dist", "__pycache__", ".*_cache", ".hypothesis")


def _mb(folder: Path) -> int:
    """MiB on the disk, each file once, as `du -sm` counts."""
    found = {(entry.st_dev, entry.st_ino): entry.st_blocks for entry in (path.lstat() for path in folder.rglob("*"))}
    return round(sum(found.values()) * 512 / 2**20)


def _packages(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("site-packages/*.dist-info"))


def _timed(argv: list[str], cwd: Path, **more: str) -> tuple[str, float]:
    """(what it printed, seconds). Raises AssertionError with the end of what it said where it failed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("VIDEOD_", "PYTHON"))}
    began = time.monotonic()
    done = subprocess.run(argv, cwd=cwd, env=env | more, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.returncode}\n{done.stdout[-800:]}\n{done.stderr[-1500:]}"
    return done.stdout, round(time.monotonic() - began, 1)


def _checkout(folder: Path, python: str) -> Result:
    """A fresh copy of the checkout, as `./run --version` installs it."""
    shutil.copytree(ROOT, folder, ignore=_LEFT_OUT)
    (folder / "state").mkdir()
    said, took = _timed(["./run", "--version"], folder, PYTHON=python)
    assert said.startswith("videod "), said
    size = _mb(folder / ".venv")
    assert size <= MOST_MB, f"a fresh .venv takes {size} MB, more than {MOST_MB}"
    return {"run_mb": size, "run_packages": _packages(folder / ".venv"), "run_s": took}


def _installed(folder: Path, python: str) -> tuple[Path, Result]:
    """`pip wheel .`, installed into an empty environment; returns its folder of programs."""
    _, build = _timed([python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)], folder)
    (wheel,) = folder.glob("*.whl")
    home = folder / "environment"
    _timed([python, "-m", "venv", str(home)], folder)
    before = _packages(home)
    _, took = _timed([str(home / "bin" / "pip"), "install", "-q", str(wheel)], folder)
    (site,) = home.glob("lib/python3*/site-packages")
    strangers = [name for name in ("scripts", "tests", "channels") if (site / name).exists()]
    assert not strangers, f"the wheel brings top-level {strangers}"
    counted = {"wheel_kb": wheel.stat().st_size // 1024, "wheel_s": build, "wheel_install_s": took}
    return home / "bin", counted | {"wheel_mb": _mb(home), "wheel_packages": _packages(home) - before}


def _authorised(videod: Path, empty: Path) -> None:
    """The consent script of the package starts with PYTHONSAFEPATH too, which the unit sets, and asks for its keys."""
    (packaged,) = videod.parents[1].glob("lib/python3*/site-packages/videod/_packaged")
    argv = [str(videod), "channels", "authorize", "wild_planet", "--config", str(packaged / "videod.toml")]
    env = {"PATH": os.environ["PATH"], "VIDEOD_PATHS_STATE": str(empty / "state"), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(argv, cwd=empty, env=env, capture_output=True, text=True, check=False)
    assert "is not set" in done.stderr and "Traceback" not in done.stderr, done.stderr


def _run(folder: Path, given: argparse.Namespace) -> Result:
    python = getattr(sys, "_base_executable", sys.executable)
    for module in ("pip", "ensurepip"):
        if subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode:
            raise Missing(f"{python} has no {module} (apt-get install python3-pip python3-venv)")
    found = _checkout(folder / "checkout", python)
    say(str(found))
    (folder / "wheel").mkdir()
    programs, more = _installed(folder / "wheel", python)
    say(str(more))
    empty = folder / "empty"
    empty.mkdir()
    said, _ = _timed([str(programs / "videod"), "--version"], empty)
    assert said.startswith("videod "), said
    _authorised(programs / "videod", empty)
    said, took = _timed([str(programs / "videod"), "demo", "--episodes", str(given.episodes), "--clips", "2"], empty)
    assert said.count(": Published, ") == given.episodes, said
    films = [path for path in (empty / "state").rglob("*_final.mp4") if path.stat().st_size > 100_000]
    assert films, "the films do not lie in the folder in which the demo was started"
    return found | more | {"demo_episodes": given.episodes, "demo_s": took}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--episodes", type=int, default=1, help="of the demo that the wheel plays, two clips each")


CAMPAIGN = Campaign(
    "wheel", "A fresh ./run; the wheel in an empty environment and its demo in an empty folder.", _options, _run
)
