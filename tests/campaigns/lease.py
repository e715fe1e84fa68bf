"""Two installations on one board: kills, take-overs and lapsed claims; nothing is bought or published twice.

python -m tests.campaigns lease --kills 50 --seed 1

The claims live for seconds here (tests/harness/quick_lease.py), so that a campaign is done in minutes.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.campaigns.crowd import TOPICS, story
from tests.campaigns.frame import ROOT, Campaign, Result, main, say
from tests.harness import quick_lease
from tests.harness.patience import ended, until
from tests.live.stage import _BOUGHT, ORDERS, Stage
from videod.cli import rehearsal

HELD = 75
NAMES = ("one", "two")
MOVES = {"same": 4, "other": 4, "lapsed": 1, "alive": 2}


class Hosts:
    """A stage with a second state folder; the board's claim tells the two apart as it does two hosts."""

    def __init__(self, folder: Path, lapse_ms: int = quick_lease.LAPSE_MS) -> None:
        self.stage = Stage(folder)
        self.stage.env[quick_lease.LAPSE_VARIABLE] = str(lapse_ms)
        self.lapse_ms = lapse_ms
        self.states = {"one": self.stage.state, "two": folder / "daemon2"}
        env = self.stage.env | {"VIDEOD_PATHS_STATE": str(self.states["two"].resolve())}
        self.envs = {"one": self.stage.env, "two": env}
        rehearsal.prepare(env, ["wild_planet", "deep_ocean"], self.states["two"])
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.starts = 0

    def log(self, name: str) -> Path:
        return self.stage.folder / f"daemon_{name}.{self.starts}.log"

    def start(self, name: str, *words: str) -> "subprocess.Popen[bytes]":
        self.starts += 1
        with self.log(name).open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.harness.quick_lease", "run", "--config", str(self.stage.config), *words],
                env=self.envs[name], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def works(self, name: str, *words: str) -> None:
        """Start this one and wait until it works."""
        log_number = self.starts + 1
        process = self.start(name, *words)
        log = self.stage.folder / f"daemon_{name}.{log_number}.log"

        def begun() -> bool:
            assert process.poll() is None, f"{name} ended with {process.returncode}: {log.read_text()[-1500:]}"
            return b"daemon_start_done" in log.read_bytes()

        until(begun, lambda: log.read_text()[-1500:])
        self.running[name] = process

    def refused(self, name: str) -> None:
        """Start this one without a word about taking over: it must refuse."""
        log_number = self.starts + 1
        code = ended(self.start(name))
        said = (self.stage.folder / f"daemon_{name}.{log_number}.log").read_text()
        assert code == HELD and "another videod works on this board" in said and "--take-over" in said, said[-1500:]

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            ended(process)
        self.stage.close()

    def tasks(self, name: str) -> list[str]:
        self.stage.state, kept = self.states[name], self.stage.state
        try:
            return self.stage.statuses()
        finally:
            self.stage.state = kept


def campaign(
    folder: Path,
    kills: int,
    seed: int,
    up_s: float,
    moves: Mapping[str, int] = MOVES,
    lapse_ms: int = quick_lease.LAPSE_MS,
    entries: int = 3,
) -> Result:
    """Raises AssertionError when a promise is broken. `moves`: what happens to the worker, and how often."""
    chance = random.Random(seed)
    hosts = Hosts(folder, lapse_ms)
    counts: Counter[str] = Counter()
    try:
        person = hosts.stage.person()
        written = 0
        worker = "one"
        hosts.works(worker)
        while counts["kills"] < kills:
            if written < min(
                len(TOPICS), entries + counts["kills"] // 4
            ):  # plain films of one topic are alike, and refused
                person.write_entries([story(written)])
                written += 1
            time.sleep(chance.uniform(0, up_s * (4 if chance.random() < 0.25 else 1)))
            worker = _move(hosts, worker, chance.choices(list(moves), list(moves.values()))[0], counts)
            if counts["kills"] % 10 == 0:
                say(f"{counts['kills']} kills, {written} entries, {dict(counts)}")
        _finish(hosts, worker, written)
        return _judge(hosts, written, counts)
    finally:
        hosts.close()


def _move(hosts: Hosts, worker: str, how: str, counts: "Counter[str]") -> str:
    """Kill the worker or take its board away; returns who works then."""
    other = NAMES[1 - NAMES.index(worker)]
    if how == "alive":  # both run: the one that lost the board leaves automatically
        hosts.works(other, "--take-over")
        loser = hosts.running.pop(worker)
        assert ended(loser) == HELD
        counts["taken over alive"] += 1
        return other
    hosts.kill(worker)
    counts["kills"] += 1
    if how == "same":
        hosts.works(worker)
        counts["same again"] += 1
        return worker
    if how == "other":
        hosts.refused(other)
        hosts.works(other, "--take-over")
        counts["refused, then taken over"] += 1
        return other
    time.sleep(hosts.lapse_ms / 1000 + 1.5)
    hosts.works(other)
    counts["taken when lapsed"] += 1
    return other


def _finish(hosts: Hosts, worker: str, written: int) -> None:
    """Let each bring to an end what it had begun, one after the other."""
    for name in (worker, NAMES[1 - NAMES.index(worker)]):
        if name not in hosts.running:
            for running in list(hosts.running):
                process = hosts.running.pop(running)
                process.terminate()
                assert ended(process) == 0
            hosts.works(name)
        _ended_well(hosts, name, written if name == worker else 0)
    taken = sum(len(hosts.tasks(name)) for name in NAMES)
    assert taken == written, f"{taken} episodes of {written} entries: one was lost, or taken by both"


def _ended_well(hosts: Hosts, name: str, least: int) -> None:
    """Until all that this one took is published, and both together took at least so many entries."""

    def done() -> bool:
        taken = sum(len(hosts.tasks(one)) for one in NAMES)
        return all(status == "published" for status in hosts.tasks(name)) and taken >= least

    until(done, lambda: {one: hosts.tasks(one) for one in NAMES}, 3)


def _judge(hosts: Hosts, written: int, counts: "Counter[str]") -> Result:
    """Purchases against the finished jobs of both, videos by their episode: films of plain pictures may be alike."""
    beyond: Counter[str] = Counter()
    doubts = 0
    for name in NAMES:
        hosts.stage.state, kept = hosts.states[name], hosts.stage.state
        for step, kind in _BOUGHT.items():
            done = hosts.stage.rows("SELECT 1 FROM jobs WHERE step = ? AND state = 'done'", step)
            beyond[kind] -= len(done) * ORDERS.get(step, 1)
        doubts += sum(row["possibly_paid_twice"] for row in hosts.stage.rows("SELECT possibly_paid_twice FROM tasks"))
        hosts.stage.state = kept
    for charge in hosts.stage.charges():
        kind = "clip" if charge["kind"] == "refund" else str(charge["kind"])
        if kind in beyond:
            beyond[kind] += -1 if charge["kind"] == "refund" else 1
    videos = json.loads((hosts.stage.root / "youtube" / "state.json").read_text())["videos"]
    markers = Counter(str(video["snippet"]["description"]).splitlines()[-1] for video in videos.values())
    twice = Counter({kind: count for kind, count in beyond.items() if count > 0 and kind != "text"})
    published = {marker: count for marker, count in markers.items() if count > 1}
    plans = beyond["text"]  # one that breaks the rules is asked for again
    assert not published, published
    assert len(videos) == written, (len(videos), written)
    assert sum(twice.values()) <= doubts, (twice, doubts)
    return {
        **counts, "entries": written, "taken by": [len(hosts.tasks(name)) for name in NAMES],
        "bought_twice": sum(twice.values()), "published_twice": len(published), "counted_in_doubt": doubts,
        "plans_asked_again": plans, "purchases": len(hosts.stage.charges()),
    }  # fmt: skip


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=50, help="default 50")
    parser.add_argument("--up", type=float, default=2.0, help="seconds between a start and what follows at most")


CAMPAIGN = Campaign(
    "lease", "two installations on one board: one works; nothing is bought or published twice", _options,
    lambda folder, given: campaign(folder / "stage", given.kills, given.seed, given.up),
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
