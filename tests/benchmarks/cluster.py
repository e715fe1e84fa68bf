"""What workers of a cluster bring: throughput against the ideal, what a step costs more there, and 1,000 episodes.

python -m tests.benchmarks.cluster [--workers 1 2 4 8] [--steps 4] [--sleep 5] [--episodes 1000]

Steps sleep, because two cores carry no more work: what is measured is how well slots are filled. Ideal is one step
after the other in every slot. Scheduler, workers and client share one process and one loop here, the least favorable
way. The episodes are simulated in virtual time, with lanes as wide as 100 workers make them.
"""

import argparse
import asyncio
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster.rig import Rig, Side, rigged
from videod.adapters.cluster import dask_client, orders
from videod.adapters.process import ProcessLauncher
from videod.ports import Spawn

ROOT = Path(__file__).resolve().parents[2]
INPUTS = {"videos/a.mp4": b"a clip" * 10_000, "audio/a.mp3": b"its narration" * 1000}


async def _throughput(folder: Path, workers: int, each: int, sleep_s: float) -> tuple[float, float]:
    """Seconds that it took and that it takes ideally."""
    async with rigged(folder) as rig:
        for number in range(workers):
            await rig.worker(f"w{number}", folder / f"w{number}")
        side = await rig.side()
        await side.workers(workers)
        await _one(rig, side, 0)
        slots = asyncio.Semaphore(workers)  # the daemon starts as many as there are slots

        async def step(number: int) -> None:
            async with slots:
                side.helper.begin(rig.told(number, INPUTS, "--sleep", str(sleep_s), output=f"cuts/{number}.mov"))
                ended = await side.end(number)
                assert ended["type"] == "ended", ended

        began = time.perf_counter()
        await asyncio.gather(*(step(number) for number in range(1, workers * each + 1)))
        return time.perf_counter() - began, each * sleep_s


async def _one(rig: Rig, side: Side, number: int) -> float:
    began = time.perf_counter()
    side.helper.begin(rig.told(number, INPUTS, output=f"cuts/{number}.mov"))
    ended = await side.end(number)
    assert ended["type"] == "ended", ended
    return time.perf_counter() - began


async def _overhead(folder: Path, rounds: int) -> tuple[float, float, int]:
    """Seconds of a step on a worker and at home (medians), and the bytes of its order beside its files."""
    home = ProcessLauncher()
    async with rigged(folder) as rig:
        await rig.worker("w0", folder / "w0")
        side = await rig.side()
        await side.workers(1)
        await _one(rig, side, 0)
        there, here = [], []
        for number in range(1, rounds + 1):
            there.append(await _one(rig, side, number))
            told = rig.told(number, INPUTS, output=f"cuts/h{number}.mov")
            began = time.perf_counter()
            child = await home.start(Spawn((sys.executable, *told.argv[1:]), {}, rig.home, "here"))
            assert await child.wait() == 0
            here.append(time.perf_counter() - began)
        order, _ = orders.order_of(told, "videod/owner/life/1/t1 cut/a")
        home.close()
        return statistics.median(there), statistics.median(here), len(pickle.dumps(order))


def _simulated(episodes: int, slots: int) -> dict[str, object]:
    wide = [f"services.{name}.concurrency={min(200, 2 + slots)}" for name in ("ffmpeg", "pillow")]
    free = ["limits.max_episodes_in_work=1000", "services.kie.concurrency=200", "services.gemini.concurrency=200"]
    free += ["services.youtube.daily_quota=100000", "services.youtube.concurrency=50"]
    free += ["services.elevenlabs.concurrency=200", "channel.daily_budget_usd=10000", "channel.episode_cap_usd=100"]
    sets = [word for one in (*wide, *free) for word in ("--set", one)]
    done = subprocess.run(
        [sys.executable, "-m", "videod", "simulate", "--episodes", str(episodes), "--per", "at-once", "--json", *sets],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        return {"error": done.stderr[-500:]}
    figures = json.loads(done.stdout)["figures"]
    waits = {
        one["service"]: one["wait"]["most"] for one in figures["services"] if one["service"] in ("ffmpeg", "pillow")
    }
    hours = round(figures["makespan_ms"] / 3_600_000, 2)
    return {"published": figures["published"], "hours": hours, "longest_wait_min": waits}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--steps", type=int, default=4, help="of each worker (default 4)")
    parser.add_argument("--sleep", type=float, default=5.0, help="seconds of a step (default 5)")
    parser.add_argument("--rounds", type=int, default=10, help="of the comparison with home (default 10)")
    parser.add_argument("--episodes", type=int, default=1000, help="simulated (default 1000, 0: none)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="videod-cluster-") as name:
        folder = Path(name)
        orders.scripts = lambda: folder / "now" / "scripts"
        dask_client.LOOK_S = 0.2
        print("| workers | steps | took, s | ideal, s | ideal / took |\n| --- | --- | --- | --- | --- |")
        for workers in given.workers:
            took, ideal = asyncio.run(_throughput(_fresh(folder), workers, given.steps, given.sleep))
            print(
                f"| {workers} | {workers * given.steps} | {took:.1f} | {ideal:.1f} | {ideal / took:.2f} |", flush=True
            )
        there, here, size = asyncio.run(_overhead(_fresh(folder), given.rounds))
        more = f"{1000 * (there - here):.0f} ms more than at home ({1000 * here:.0f} ms)"
        print(f"\nA step that does nothing: {more}, {size:,} bytes beside its files.")
    for slots in (0, 100) if given.episodes else ():
        found = _simulated(given.episodes, slots)
        print(f"\n{given.episodes} episodes at once, {slots} workers: {json.dumps(found)}")


def _fresh(folder: Path) -> Path:
    """An empty folder in the one place in which workers look for scripts."""
    now = folder / "now"
    if now.exists():
        now.rename(folder / f"before-{time.monotonic_ns()}")
    now.mkdir()
    orders.version.cache_clear()
    return now


if __name__ == "__main__":
    main()
