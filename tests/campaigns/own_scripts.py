"""Episodes of an owner's older scripts, one by one, all together, and with one that pays and then ends badly.

A real daemon on the simulated services, which keep accounts of their own. Every episode must be published, each job
bought once and the ledger agree with the accounts; a script that pays and leaves no file is run once, however it ends,
and again only when a person says so. A file that is there counts whatever the exit code.
"""

import argparse
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns import invariants
from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.patience import until
from tests.live import own_scripts
from tests.live.board import Board
from tests.live.stage import Stage
from videod.core.statuses import Status
from videod.core.tables import STEPS

QUICK = {"VIDEOD_RETRY_WAITS_MIN": "[0.02, 0.05, 0.1]", "VIDEOD_RETRY_JITTER": "0"}
#: step -> kind of its purchase in the accounts of the services
KINDS = {"image": "image", "clip": "clip", "narration": "speech", "sound_effect": "sound_effect"}
#: how a script that has paid ends (`studio_kit.trouble`), and with which codes: its own, videod's, signals
ENDS = [
    (how, code) for how in ("error", "silent", "limit", "refused") for code in (1, 2, 3, 64, 69, 70, 75, 77, 78, 255)
] + [("kill", 9), ("kill", 11), ("kill", 15)]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An episode: the steps that custom scripts do, and what goes wrong: (step, how, code), or nothing."""

    steps: tuple[str, ...]
    trouble: tuple[str, str, int] | None = None

    @property
    def name(self) -> str:
        what = "all six" if len(self.steps) == len(own_scripts.SCRIPTS) else " and ".join(self.steps)
        return what if self.trouble is None else f"{what}, {':'.join(map(str, self.trouble))}"


def cases(chance: random.Random, endings: int) -> list[Case]:
    every = tuple(own_scripts.SCRIPTS)
    found = [*(Case((step,)) for step in every), Case(every)]
    found += [Case(every, (step, "file", code)) for step, code in (("clip", 1), ("sound_effect", 70))]
    steps = list(KINDS)
    for number in range(endings):
        found.append(Case(every, (steps[number % len(steps)], *chance.choice(ENDS))))
    return found


def run(folder: Path, given: argparse.Namespace) -> Result:
    scripts = own_scripts.studio(folder / "studio")
    env = QUICK | own_scripts.host(folder / "bin")
    made = Stage(folder / "stage", channel={"clips": 2, "images": 4}, env=env)
    found = cases(random.Random(given.seed), given.endings)
    doubts = 0
    try:
        usual = made.config.read_text()
        with Board(made.env) as board:
            for number, case in enumerate(found, start=1):
                made.config.write_text(usual + own_scripts.settings({step: scripts[step] for step in case.steps}))
                doubts += _episode(made, board, scripts, number, case)
        wrong = invariants.broken(made, alike=True)
        assert not wrong, wrong
        paid, known, possible = _books(made)
        assert abs(paid - known - possible) <= 0.01, f"{paid} USD were paid, known {known}, possible {possible}"
    finally:
        made.close()
    return {"episodes": len(found), "published": len(found), "in_doubt": doubts, "bought_twice_unasked": 0,
            "paid_cents": round(paid * 100), "ledger_cents": round(known * 100),
            "possible_cents": round(possible * 100)}  # fmt: skip


def _episode(made: Stage, board: Board, scripts: Mapping[str, Path], number: int, case: Case) -> int:
    """One episode from its entry to the film; how many purchases of it were unconfirmed."""
    title, dotenv = f"Episode {number}", scripts["clip"].parent / ".env"
    told = "" if case.trouble is None else ":".join(map(str, case.trouble))
    dotenv.write_text(f"{own_scripts.DOTENV}STUDIO_TROUBLE={told}\n")
    before = {kind: made.bought(kind) for kind in KINDS.values()}
    made.start()
    board.write(title, "wild_planet", f"brown bears {number}", f"A bear crosses the cold river number {number}.")
    begun, stopped = 0, None
    if case.trouble is not None and case.trouble[1] != "file":
        step = case.trouble[0]
        stopped = STEPS[step].error
        _wait(made, title, stopped)
        made.daemon_looks()
        begun = len(_jobs(made, title, step, "AND attempt > 0"))
        bought = made.bought(KINDS[step]) - before[KINDS[step]]
        assert begun and bought == begun, f"{case.name}: {bought} bought for {begun} jobs"
        assert len(_jobs(made, title, step, "AND jobs.state = 'in_doubt'")) == begun, f"{case.name}: not in doubt"
        (task,) = made.rows("SELECT * FROM tasks WHERE title = ?", title)
        prices = sum(int(job["price_micros"]) for job in _jobs(made, title, step, "AND attempt > 0"))
        assert task["possible_micros"] == prices, f"{case.name}: {task['possible_micros']} possibly paid, not {prices}"
        dotenv.write_text(f"{own_scripts.DOTENV}STUDIO_TROUBLE=\n")
        board.set_status(board.entry(title), Status.QUEUED)
    _wait(made, title, Status.PUBLISHED, stopped)
    for step, kind in KINDS.items():
        wanted = len(_jobs(made, title, step)) + (begun if case.trouble and case.trouble[0] == step else 0)
        bought = made.bought(kind) - before[kind]
        assert bought == wanted, f"{case.name}: {bought} {kind} bought, {wanted} wanted"
    made.wait_until_told()
    made.stop()
    say(f"{case.name}: published" + (f", {begun} in doubt" if begun else ""))
    return begun


def _wait(made: Stage, title: str, status: Status, before: Status | None = None) -> None:
    """Until the episode is so; it may be as it was `before` until then."""

    def reached() -> bool:
        left = None if made.daemon is None else made.daemon.poll()
        assert left is None, f"the daemon left with {left}: {made.log_tail()}"
        found = [row["status"] for row in made.rows("SELECT status FROM tasks WHERE title = ?", title)]
        ended = [one for one in found if one.startswith("error_") and one not in (status, before)]
        assert not ended, f"{title} is {ended[0]}: {made.log_tail()}"
        return found == [status]

    until(reached, made.log_tail)


def _jobs(made: Stage, title: str, step: str, more: str = "") -> list[dict[str, object]]:
    query = f"SELECT jobs.* FROM jobs JOIN tasks ON tasks.id = task_id WHERE title = ? AND step = ? {more}"
    return [dict(row) for row in made.rows(query, title, step)]


def _books(made: Stage) -> tuple[float, float, float]:
    """What the services took, what the ledger knows, and what it says may have been paid besides, USD."""
    paid = sum(float(str(charge["usd"])) for charge in made.charges())
    known = sum(row["micros"] for row in made.rows("SELECT micros FROM charges")) / 1e6
    return paid, known, sum(row["possible_micros"] for row in made.rows("SELECT possible_micros FROM tasks")) / 1e6


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--endings", type=int, default=8, help="scripts that pay and end badly, default 8")


CAMPAIGN = Campaign("own-scripts", "an owner's older scripts make films and buy each piece once", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
