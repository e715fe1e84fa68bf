"""One contender in a process of its own, so that each has its own interpreter, memory and CPU account.

python -m tests.benchmarks.contender SCENARIO NAME --folder F [--address A] [--ledger] [options of the scenario]

`queue` answers every line `N` on stdin with N timed cycles; `drain` and `films` run once. All print JSON lines.
"""

import argparse
import asyncio
import importlib
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path

from tests.benchmarks.figures import cpu_s, rss_mib
from tests.benchmarks.load import films
from tests.benchmarks.peers.base import Peer
from tests.benchmarks.work import Films, NoOps

CONTENDERS = {
    "videod": "tests.benchmarks.engine:VideodPeer",
    "huey": "tests.benchmarks.peers.huey_peer:HueyPeer",
    "litequeue": "tests.benchmarks.peers.sqlite_queues:LitequeuePeer",
    "persist-queue": "tests.benchmarks.peers.sqlite_queues:PersistQueuePeer",
    "procrastinate": "tests.benchmarks.peers.postgres_queues:ProcrastinatePeer",
    "pgqueuer": "tests.benchmarks.peers.postgres_queues:PgqueuerPeer",
    "DBOS": "tests.benchmarks.peers.dbos_peer:DbosPeer",
    "seed's design": "tests.benchmarks.peers.seed_design:SeedDesign",
}
#: no contender may take longer for one load, seconds
GIVE_UP_S = 180.0


def _made(options: argparse.Namespace) -> Peer:
    module, name = CONTENDERS[options.name].split(":")
    made: Peer = getattr(importlib.import_module(module), name)(options.folder, options.address, options.ledger)
    return made


def _say(value: object) -> None:
    print(json.dumps(value), flush=True)


async def queue(peer: Peer, options: argparse.Namespace) -> None:
    """500 jobs wait in a store with 10,000 finished ones; a cycle puts one in, takes one, completes it."""
    await peer.open(options.finished)
    await peer.wait_with(options.queued)
    _say("ready")
    number = 0
    for line in sys.stdin:
        enqueue, claim, complete = [], [], []
        cpu, began = time.process_time(), time.perf_counter()
        for _ in range(int(line)):
            number += 1
            first = time.perf_counter()
            await peer.enqueue(f"job-{number}")
            second = time.perf_counter()
            name, handle = await peer.claim()
            third = time.perf_counter()
            await peer.complete(name, handle)
            enqueue.append(second - first)
            claim.append(third - second)
            complete.append(time.perf_counter() - third)
        took, used = time.perf_counter() - began, time.process_time() - cpu
        _say({"took": took, "cpu": used, "enqueue": enqueue, "claim": claim, "complete": complete})


async def drain(peer: Peer, options: argparse.Namespace) -> None:
    """Jobs that do nothing, eight at a time, through the contender's own workers; then single ones into idleness."""
    work = NoOps()
    await peer.open(0)
    began = time.perf_counter()
    names = await peer.fill([f"job-{number}" for number in range(min(options.jobs, peer.drain_jobs_max))])
    filled = time.perf_counter() - began
    work.expect(names)
    cpu = time.process_time()
    await peer.work({"noop": 8}, work)
    await work.wait(GIVE_UP_S)
    took, used = max(work.ended) - min(work.begun.values()), time.process_time() - cpu
    rss = rss_mib()
    chance, waits = random.Random(1), []
    for number in range(peer.probes if options.probes else 0):
        name = f"probe-{number}"
        work.expect([name])
        await asyncio.sleep(chance.uniform(*peer.quiet_s))
        asked = time.perf_counter()
        await peer.submit("noop", name)
        await work.wait(GIVE_UP_S)
        waits.append(work.begun[name] - asked)
    _say({
        "jobs": len(names), "took": took, "enqueue": len(names) / filled, "drain": (len(names) - 1) / took,
        "cpu": used / len(names), "pickup": waits, "rss": rss, "twice": work.twice,
    })  # fmt: skip


async def play(peer: Peer, options: argparse.Namespace) -> None:
    """Episodes with the usual latencies, scaled down, all there at the start."""
    made = films(options.films, options.scale)
    work = Films(made)
    await peer.open(0)
    cpu, began = cpu_s(), time.perf_counter()
    await peer.play(made, work, options.scale)
    await work.wait(GIVE_UP_S)
    ends = sorted(end - began for end in work.film_ended.values())
    _say({
        "took": ends[-1], "first": ends[0], "mean": sum(ends) / len(ends), "cpu": cpu_s() - cpu,
        "jobs": len(work.begun), "rss": rss_mib(), "twice": work.twice,
    })  # fmt: skip


SCENARIOS = {"queue": queue, "drain": drain, "films": play}


async def _run(options: argparse.Namespace) -> None:
    await SCENARIOS[options.scenario](_made(options), options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--address")
    parser.add_argument("--ledger", action="store_true")
    parser.add_argument("--finished", type=int, default=10_000)
    parser.add_argument("--queued", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--probes", action="store_true")
    parser.add_argument("--films", type=int, default=8)
    parser.add_argument("--scale", type=float, default=400.0)
    code = 1
    try:
        asyncio.run(_run(parser.parse_args()))
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # threads of a peer's workers would hold the process back


if __name__ == "__main__":
    main()
