"""What a look costs: CPU of `videod status` as a ratio to `python -c 'import typer, sqlite3'`.

python -m tests.benchmarks.look [--runs 20] [--tasks 12]

Both take turns, so that a busy machine slows both down. Modules are compiled first, as an installation has them.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.cli.factory import fill

#: what a look may cost at most
RATIO = 2.5


def cpu_ms(argv: list[str]) -> float:
    """User and system CPU of one run, ms. Raises CalledProcessError if it fails."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=12, help="episodes in the database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), options.tasks, int(time.time() * 1000)).close()
        bare = [sys.executable, "-c", "import typer, sqlite3"]
        status = [sys.executable, "-m", "videod", "status", "--state", folder]
        for argv in (bare, status):
            cpu_ms(argv)
        taken = [(cpu_ms(bare), cpu_ms(status)) for _ in range(options.runs)]
    print("| program | CPU, mean ms | least ms |\n| --- | ---: | ---: |")
    for name, found in zip(("import typer, sqlite3", "videod status"), zip(*taken, strict=True), strict=True):
        print(f"| {name} | {statistics.mean(found):.0f} | {min(found):.0f} |")
    ratio = statistics.mean(status for _, status in taken) / statistics.mean(bare for bare, _ in taken)
    print(f"\nratio of the means over {options.runs} runs: {ratio:.2f} (goal: at most {RATIO})")


if __name__ == "__main__":
    main()
