"""What every campaign is made of: a name, a sentence, its options, and one function that runs it in a folder."""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: what a campaign found out, printed as one line
Result = dict[str, object]

ROOT = Path(__file__).resolve().parents[2]
#: exit codes: a promise was broken; the campaign cannot run here
BROKEN, MISSING = 1, 69


class Missing(Exception):
    """This machine lacks what the campaign needs; the text says what."""


@dataclass(frozen=True)
class Campaign:
    """`run(folder, options)` works in an empty folder and raises AssertionError where a promise is broken."""

    name: str
    about: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Path, argparse.Namespace], Result]


def main(campaign: Campaign, argv: list[str] | None = None) -> int:
    """Run one campaign from the command line; returns its exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.campaigns {campaign.name}", description=campaign.about)
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10_000), help="repeats a run; printed at its start"
    )
    campaign.options(parser)
    given = parser.parse_args(argv)
    print(f"{campaign.name}: seed {given.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"videod-{campaign.name}-") as folder:
        try:
            found = campaign.run(Path(folder), given)
        except Missing as missing:
            print(f"{campaign.name}: not run, {missing}")
            return MISSING
        except AssertionError as broken:
            print(f"{campaign.name}: BROKEN with seed {given.seed}: {broken}")
            return BROKEN
    print(found | {"seed": given.seed, "took_s": round(time.monotonic() - began, 1)})
    return 0


def options_of(campaign: Campaign, **changes: object) -> argparse.Namespace:
    """The campaign's options at their defaults, for tests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    campaign.options(parser)
    given = parser.parse_args([])
    for name, value in changes.items():
        assert hasattr(given, name), name
        setattr(given, name, value)
    return given


def say(text: str) -> None:
    """Progress, one line."""
    print(f"  {text}", flush=True)


def need_root() -> None:
    if os.geteuid() != 0:
        raise Missing("it needs root (loop devices and mounts)")


def need_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed (apt-get install {name})")
    return found
