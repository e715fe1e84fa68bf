"""All benchmarks, one after the other; what they print is Markdown for docs/benchmarks.md.

python -m tests.benchmarks [--quick] [--only queue drain scale answers channels daemon ...]

A quiet machine, please: the figures are taken side by side, so ratios survive a busy one, but not the p99 ones.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks import peer_venv, postgres
from tests.benchmarks.figures import machine

ROOT = Path(__file__).resolve().parents[2]
#: name -> (module, options, options of --quick)
ALL: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "queue": ("queue", (), ("--rounds", "3", "--cycles", "30")),
    "drain": ("drain", (), ("--rounds", "1", "--jobs", "200", "--films", "4", "--scale", "800")),
    "scale": ("scale", (), ("--claims", "100", "--looks", "20")),
    "answers": ("answers", (), ("--episodes", "500", "--tasks", "100", "--films", "3", "--looks", "20")),
    "channels": ("channels", (), ("--claims", "100")),
    "page": ("page", (), ("--looks", "20")),
    "page_bytes": ("page_bytes", (), ()),
    "daemon": ("daemon", (), ("--episodes", "4", "--idle", "5")),
    "start": ("start", (), ("--runs", "2")),
    "look": ("look", (), ("--runs", "10")),
    "restart": ("start", ("--tasks", "1000"), ("--tasks", "1000", "--runs", "1")),
    "schedule": ("schedule", ("--seeds", "2"), ("--seeds", "1")),
    "film": ("film", ("--clips", "6"), ("--clips", "2")),
    "pictures": ("pictures", (), ("--rounds", "2")),
    "walls": ("walls", (), ("--turns", "1", "--clips", "2")),
    "inspection": ("inspection", (), ("--rounds", "5")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a look in a few minutes: smaller loads, fewer rounds")
    parser.add_argument("--only", nargs="+", choices=ALL, default=list(ALL))
    options = parser.parse_args()
    pins = ", ".join(f"{name.split('[')[0]} {version}" for name, version in peer_venv.PINS.items())
    print(f"{machine()}; PostgreSQL {postgres.version()}; {pins}\n", flush=True)
    failed = []
    for name in options.only:
        module, usual, quick = ALL[name]
        began = time.monotonic()
        print(f"## {name}\n", flush=True)
        argv = [sys.executable, "-m", f"tests.benchmarks.{module}", *(quick if options.quick else usual)]
        if subprocess.run(argv, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
        print(f"\n(took {time.monotonic() - began:.0f} s)\n", flush=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
