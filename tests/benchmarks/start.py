"""How long a start takes: to READY, to the first dispatch of an entry that waits on the board; `videod status` in CPU.

python -m tests.benchmarks.start [--runs 5]
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.live.stage import Stage

#: what issue and requirements ask for, seconds
DISPATCH_S, STATUS_CPU_S = 2.0, 0.150


def one_start(folder: Path) -> tuple[float, float]:
    """Seconds from the process's start to READY and to the first JobStarted."""
    made = Stage(folder)
    try:
        made.person().write_entries([("wild_planet", ("Waiting", "brown bears", "A bear waits."))])
        began = time.time()
        made.start()
        while not made.rows("SELECT 1 FROM history WHERE event = 'JobStarted'"):
            assert time.time() - began < 30, made.log_tail()
            time.sleep(0.005)
        (first,) = made.rows("SELECT min(at) AS at FROM history WHERE event = 'JobStarted'")
        (beat,) = made.rows("SELECT value FROM facts WHERE name = 'heartbeat'")
        return int(beat["value"]) / 1000 - began, first["at"] / 1000 - began
    finally:
        made.close()


def status_cpu(state: Path, runs: int) -> float:
    """Median CPU seconds (user and system) of one `videod status`."""
    taken = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        argv = [sys.executable, "-m", "videod", "status", "--state", str(state)]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    ready, dispatch = [], []
    with tempfile.TemporaryDirectory(prefix="videod-start-") as folder:
        for number in range(options.runs):
            one = one_start(Path(folder) / str(number))
            ready.append(one[0])
            dispatch.append(one[1])
        cpu = status_cpu(Path(folder) / "0" / "daemon", options.runs)
    first = statistics.median(dispatch)
    print(f"start to READY            {statistics.median(ready):.2f} s median, {max(ready):.2f} s at most")
    print(f"start to first dispatch   {first:.2f} s median, {max(dispatch):.2f} s at most"
          f" ({first / DISPATCH_S:.2f} of the {DISPATCH_S:g} s allowed)")  # fmt: skip
    print(f"videod status             {cpu * 1000:.0f} ms CPU ({cpu / STATUS_CPU_S:.2f} of {STATUS_CPU_S * 1000:g} ms)")


if __name__ == "__main__":
    main()
