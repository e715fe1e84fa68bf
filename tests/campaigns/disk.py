"""The disk runs full in the midst of episodes, at random moments and to random degrees, with kills among them.

A real daemon and real scripts on a tmpfs; the simulated services keep the accounts. Every round ends with a published
film, a sound database, one alert, and nothing bought twice beyond what is counted as a doubt.
"""

import argparse
import json
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.campaigns import frame
from tests.faults import mounts
from tests.harness.patience import until
from tests.live.creator import Creator
from tests.live.stage import Stage, stage
from videod.store import soundness

#: MiB; scripts buy nothing with less than 256 MiB free, so the disk is larger than that, but most of it stays empty
DISK = 900
SETTINGS = "[limits]\nmin_free_mb = 350\nreserve_mb = 10\n"
#: bytes left: none, too few for anything, too few to buy, too few to go on
LEAVES = (0, 2_000_000, 200_000_000, 290_000_000)


@contextmanager
def small_stage(folder: Path) -> Iterator[tuple[Stage, Creator]]:
    """A stage whose state lies on a disk of its own."""
    with mounts.small(folder / "daemon", DISK), stage(folder, settings=SETTINGS) as made:
        creator = Creator(made)
        try:
            yield made, creator
        finally:
            creator.close()


def pauses(at: Stage) -> list[str]:
    return [row["detail"] for row in at.rows("SELECT detail FROM suspensions WHERE cause = 'disk'")]


def end_well(at: Stage, creator: Creator) -> int:
    """Published, told once, nothing bought twice beyond the doubts (whose number is returned), no fault in the file."""
    at.wait_for("published", times=2)
    at.wait_until_told()
    assert pauses(at) == []
    assert len([text for text in creator.alerts() if "disk" in text]) == 1, creator.alerts()
    doubts = sum(row["possibly_paid_twice"] for row in at.rows("SELECT possibly_paid_twice FROM tasks"))
    assert sum(at.bought_twice().values()) <= doubts, at.bought_twice()
    assert at.stop() == 0
    assert soundness.complaints(at.database) == []
    with closing(sqlite3.connect(at.database)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert list(at.state.glob("workspaces/**/.*.part*")) == [], "half a file was left"
    return doubts


def one_round(folder: Path, chance: random.Random) -> frame.Result:
    """One episode on one disk."""
    kind, leave = chance.choice(("text", "image", "clip", "speech", "upload")), chance.choice(LEAVES)
    kill, stays_s = chance.random() < 0.3, chance.uniform(3, 12)
    frame.say(f"after the first {kind}, {leave:,} bytes left for {stays_s:.0f} s{', and a kill' if kill else ''}")
    with small_stage(folder) as (at, creator):
        at.start()
        creator.write("The deep")
        until(lambda: any(charge["kind"] == kind for charge in at.charges()), at.log_tail)
        ballast = at.state / "ballast"
        if leave:
            mounts.fill(ballast, leave)
        else:
            mounts.fill_up(ballast)
        until(lambda: pauses(at) or "store_full_waiting" in at.log.read_text(), at.log_tail)
        if not leave:
            mounts.fill_up(ballast)  # what the reserve gave is gone as well
        if kill:
            at.kill()
            at.start()
        time.sleep(stays_s)
        assert at.daemon is not None
        ended = at.daemon.poll()
        assert ended is None or (kill and ended == 74), (
            ended,
            at.log_tail(),
        )  # a start without a byte says so and ends
        ballast.unlink()
        if ended is not None:
            at.start()
        doubts = end_well(at, creator)
        events = [json.loads(line)["event"] for line in at.log.read_text().splitlines() if line.startswith("{")]
        return {"doubts": doubts, "waited": events.count("store_full_waiting")}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="episodes, one to two minutes each")


def _run(folder: Path, options: argparse.Namespace) -> frame.Result:
    frame.need_root()
    chance = random.Random(options.seed)
    found = [one_round(folder / f"round-{number}", chance) for number in range(options.rounds)]
    return {"rounds": len(found), "doubts": sum(int(str(one["doubts"])) for one in found),
            "transactions_that_waited": sum(int(str(one["waited"])) for one in found)}  # fmt: skip


CAMPAIGN = frame.Campaign("disk", "the disk runs full in the midst of episodes (root)", _options, _run)
