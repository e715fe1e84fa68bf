"""How long a start takes: to READY, to the first dispatch of an entry that waits on the board; `videod status` in CPU.

python -m tests.benchmarks.start [--runs 5] [--tasks 1000]

With --tasks the database holds so many episodes in all conditions, and the daemon is killed at work and started again.
"""

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.cli.factory import at_once, fill
from tests.live.stage import Stage

#: what issue and requirements ask for, seconds
DISPATCH_S, STATUS_CPU_S, RESTART_S = 2.0, 0.150, 3.0


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
        (beat,) = made.rows("SELECT value FROM key_values WHERE name = 'heartbeat'")
        return int(beat["value"]) / 1000 - began, first["at"] / 1000 - began
    finally:
        made.close()


def fill_up(path: Path, tasks: int) -> None:
    """A database with so many episodes of other channels, of which the board has been told everything."""
    at = int(time.time() * 1000)
    path.parent.mkdir(parents=True, exist_ok=True)
    box = fill(path.parent, tasks, at)
    at_once(box.store.write(lambda connection: connection.execute("DELETE FROM outbox")))
    box.close()


def _heartbeat_s(made: Stage) -> float:
    """The daemon's last sign of life, seconds since 1970; 0 while the database cannot be read."""
    rows = made.rows("SELECT value FROM key_values WHERE name = 'heartbeat'")
    return int(rows[0]["value"]) / 1000 if rows else 0.0


def one_restart(folder: Path, full: Path) -> float:
    """Seconds from kill -9 in the midst of work to READY, beside the tasks of the database `full`."""
    made = Stage(folder)
    try:
        made.state.mkdir(parents=True, exist_ok=True)
        shutil.copy(full, made.database)
        made.person().write_entries([("wild_planet", ("Waiting", "brown bears", "A bear waits."))])
        made.start()
        began = time.time()
        while len(made.rows("SELECT 1 FROM attempts WHERE ended_at IS NULL")) < 3:
            assert time.time() - began < 60, made.log_tail()
            time.sleep(0.01)
        made.kill()
        killed = time.time()
        made.start()
        while (beat := _heartbeat_s(made)) < killed:
            assert time.time() - killed < 30, made.log_tail()
            time.sleep(0.005)
        return beat - killed
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
    parser.add_argument("--tasks", type=int, default=0, help="measure restarts beside so many episodes")
    options = parser.parse_args()
    if options.tasks:
        _print_restarts(options.tasks, options.runs)
        return
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


def _print_restarts(tasks: int, runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="videod-restart-") as name:
        folder = Path(name)
        fill_up(folder / "full" / "videod.db", tasks)
        taken = [one_restart(folder / str(number), folder / "full" / "videod.db") for number in range(runs)]
    print(f"kill -9 to READY beside {tasks} tasks   {statistics.median(taken):.2f} s median, {max(taken):.2f} s at most"
          f" ({max(taken) / RESTART_S:.2f} of the {RESTART_S:g} s allowed)")  # fmt: skip


if __name__ == "__main__":
    main()
