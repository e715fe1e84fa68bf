"""Workers and the scheduler killed, the line cut, disks filled, while episodes are made: all are published once.

python -m tests.campaigns cluster --workers 3 --worker-kills 100 --scheduler-kills 20 --cuts 20 --full 20 --episodes 30
"""

import argparse
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.campaigns import invariants
from tests.campaigns.crowd import story
from tests.campaigns.frame import ROOT, Campaign, Result, main, need_root, say
from tests.cluster.grid import Grid
from tests.live.stage import Stage

#: of the disk of a worker whose disk is filled, MB; it keeps 256 free
DISK_MB = 700


def _run(folder: Path, given: argparse.Namespace) -> Result:
    chance = random.Random(given.seed)
    disk = _small_disk(folder / "grid" / "w0") if given.full else None
    grid = Grid(folder / "grid", given.workers, given.slots, "" if given.home else "home = false\n")
    try:
        grid.ready()
        made = Stage(folder / "stage", settings=grid.settings, env={"VIDEOD_DAEMON_HTTP_PORT": str(given.port)})
        try:
            return _campaign(made, grid, chance, given)
        finally:
            made.close()
    finally:
        grid.close()
        if disk is not None:
            subprocess.run(["umount", "-l", str(disk)], check=False)


def _campaign(made: Stage, grid: Grid, chance: random.Random, given: argparse.Namespace) -> Result:
    person, acts = made.person(), _acts(grid, chance, given)
    chance.shuffle(acts)
    many = len(acts)
    written = min(given.episodes, given.at_once)
    person.write_entries([story(number) for number in range(written)])
    made.start()
    while acts or written < given.episodes:
        if written - made.statuses().count("published") < given.at_once and (written < given.episodes or acts):
            person.write_entries([story(written)])
            written += 1
        if acts and made.rows("SELECT 1 FROM attempts WHERE worker IS NOT NULL AND ended_at IS NULL"):
            time.sleep(chance.uniform(0, given.pause))
            acts.pop()()
            if len(acts) % 10 == 0:
                say(f"{many - len(acts)} of {many} faults, {made.statuses().count('published')} of {written} published")
        time.sleep(0.1)
        assert made.daemon is not None and made.daemon.poll() is None, made.log_tail()
    made.wait_for("published", tasks=written, times=6)
    made.wait_until_told(times=6)
    delays = _delays(given.port)
    assert made.stop() == 0
    return _judge(made, many) | delays


def _acts(grid: Grid, chance: random.Random, given: argparse.Namespace) -> list[Callable[[], None]]:
    names = list(grid.workers)
    kills = [partial(grid.kill_worker, chance.choice(names)) for _ in range(given.worker_kills)]
    scheduler = [partial(grid.kill_scheduler, chance.uniform(0, 4)) for _ in range(given.scheduler_kills)]

    def cut() -> None:
        grid.line.cut()
        time.sleep(chance.uniform(0.1, 5))
        grid.line.join()

    def full() -> None:
        place = grid.folder / "w0" / "filled"
        with place.open("wb") as stream:
            try:
                while True:
                    stream.write(bytes(1 << 20))
            except OSError:
                time.sleep(chance.uniform(1, 5))
        place.unlink()

    return [*kills, *scheduler, *[cut] * given.cuts, *[full] * given.full]


def _small_disk(place: Path) -> Path:
    need_root()
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)], check=True)
    return place


def _delays(port: int) -> Result:
    """What the daemon says of its loop."""
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        told = answer.read().decode()
    buckets = [
        (float(edge.replace("+Inf", "inf")), float(count))
        for edge, count in re.findall(r'videod_loop_delay_seconds_bucket\{le="([^"]+)"\} (\S+)', told)
    ]
    total = buckets[-1][1] if buckets else 0
    p99 = next((edge for edge, count in buckets if count >= 0.99 * total), None)
    return {"loop_delay_p99_s_at_most": p99}


def _judge(made: Stage, faults: int) -> Result:
    found = invariants.broken(made)
    assert not found, found
    assert not made.bought_beyond(), made.bought_beyond()
    assert not made.rows("SELECT 1 FROM attempts WHERE ended_at IS NULL")
    audit = subprocess.run(
        [sys.executable, "-m", "videod", "audit", "--config", str(made.config)], env=made.env | _here(), text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert audit.returncode == 0, audit.stdout + audit.stderr
    rows = made.rows("SELECT outcome, count(*) AS number FROM attempts WHERE worker IS NOT NULL GROUP BY outcome")
    return {
        "faults": faults, "episodes": len(made.statuses()), "purchases": len(made.charges()),
        "bought_beyond": sum(made.bought_beyond().values()),
        "on_workers": {row["outcome"]: row["number"] for row in rows},
    }  # fmt: skip


def _here() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, default=2, help="default 2")
    parser.add_argument("--slots", type=int, default=1, help="of each worker (default 1)")
    parser.add_argument("--worker-kills", type=int, default=4, help="default 4")
    parser.add_argument("--scheduler-kills", type=int, default=2, help="default 2")
    parser.add_argument("--cuts", type=int, default=2, help="of the line to the scheduler (default 2)")
    parser.add_argument(
        "--full", type=int, default=0, help="times that a worker's disk is full; needs root (default 0)"
    )
    parser.add_argument("--episodes", type=int, default=2, help="at least (default 2)")
    parser.add_argument("--at-once", type=int, default=2, help="episodes in work (default 2)")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds before a fault at most (default 2)")
    parser.add_argument("--port", type=int, default=18_427, help="where the daemon says how it is (default 18427)")
    parser.add_argument("--home", action="store_true", help="films are made at home, too")


CAMPAIGN = Campaign(
    "cluster", "killed workers and schedulers, cut lines and full disks lose no film and pay nothing twice", _options,
    _run,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
