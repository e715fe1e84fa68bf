"""The database is lost and an older copy takes its place: nothing is bought or uploaded a second time.

An episode is stopped at a chosen moment (the copy is made, or the database lost, when so many jobs are done); the rest
of the state folder stays, as docs/operations.md says. Beyond what is counted as unconfirmed, the vendors' own accounts
must show each request once and each film once, and the books of the restored database must know what was spent.

With our scripts, and with custom ones (`[scripts]`), which keep no receipt and tell nothing.
"""

import argparse
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.campaigns import invariants
from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.patience import ended, until
from tests.live import own_scripts
from tests.live.stage import Stage

#: what is waited for before the copy is made, and before the database is lost: (steps done, how often)
MOMENTS: dict[str, tuple[str, int]] = {
    "queued": ("plan", 0), "planned": ("plan", 1), "an image": ("image", 1), "all images": ("image", 4),
    "a clip": ("clip", 1), "all clips": ("clip", 2), "a sound": ("narration", 1), "a cut": ("cut", 1),
    "the film": ("assemble", 1), "published": ("upload", 1),
}  # fmt: skip
#: the paid steps that custom scripts do
CUSTOM = ("image", "clip", "narration", "sound_effect")
QUICK = {"VIDEOD_RETRY_WAITS_MIN": "[0.02, 0.05, 0.1]", "VIDEOD_RETRY_JITTER": "0"}
#: the library of cases that the fast lane runs: (copy at, lost at)
FAST = (("queued", "published"), ("all images", "published"), ("a clip", "a cut"))


def run(folder: Path, given: argparse.Namespace) -> Result:
    chance = random.Random(given.seed)
    names = list(MOMENTS)
    if given.cases == 0:
        cases = list(FAST)
    else:
        pairs = [(first, last) for n, first in enumerate(names) for last in names[n + 1 :]]
        cases = chance.sample(pairs, min(given.cases, len(pairs)))
    doubts, adopted, runs = 0, 0, 0
    for number, (copied, lost) in enumerate(cases, start=1):
        for scripts in ("ours", "custom") if given.scripts == "both" else (given.scripts,):
            found = case(folder / f"case{number}_{scripts}", copied, lost, custom=scripts == "custom")
            doubts += int(found["doubts"])
            adopted += int(found["adopted"])
            runs += 1
            say(f"{scripts} scripts, copy at {copied!r}, lost at {lost!r}: {found}")
    return {"cases": runs, "counted_in_doubt": doubts, "adopted_of_custom_scripts": adopted,
            "bought_twice_uncounted": 0, "uploaded_twice": 0}  # fmt: skip


def case(folder: Path, copied: str, lost: str, end: str = "published", custom: bool = False) -> dict[str, int]:
    """One copy, one loss, one life up to `end`; what was paid and what the books know of it."""
    settings = _custom_scripts(folder / "own") if custom else ""
    env = QUICK | (own_scripts.host(folder / "bin") if custom else {})
    made = Stage(folder, channel={"clips": 2, "images": 4}, env=env, settings=settings)
    try:
        person = made.person()
        person.write_entries([("wild_planet", ("A Bear", "brown bears", "A bear crosses a river."))])
        _run_until(made, copied)
        copy = _backup(made)
        if lost != copied:
            _run_until(made, lost)
        spent = _spent(made)
        _lose_and_restore(made, copy)
        made.start()
        _until(lambda: _reached(made, end), made)
        if end == "published":
            made.wait_until_told()
        made.stop()
        found = invariants.broken(made, published=end == "published")
        if end != "published":  # stopped amid its work: what was being made is unfinished
            found = [one for one in found if not one.startswith("left over: ")]
        assert not found, f"copy at {copied!r}, lost at {lost!r}: {found}"
        doubts = sum(row["possibly_paid_twice"] for row in made.rows("SELECT possibly_paid_twice FROM tasks"))
        known = sum(row["micros"] for row in made.rows("SELECT micros FROM charges"))
        paid = sum(float(str(charge["usd"])) for charge in made.charges())
        if end == "published":  # a clip that is still being made is paid for and not yet in the books
            told = f"{paid} USD were paid, the books know {known / 1e6}"
            assert abs(paid - known / 1e6) <= 0.42 * doubts + 0.005, told
        adopted = made.log.read_text().count("inputs_file_adopted") if custom else 0
        return {"doubts": doubts, "paid_cents": round(paid * 100), "known_cents": round(known / 1e4),
                "at_loss_cents": round(spent * 100), "adopted": adopted}  # fmt: skip
    finally:
        made.close()


def _custom_scripts(folder: Path) -> str:
    """Settings that put scripts as an owner had them in the place of our paid ones."""
    scripts = own_scripts.studio(folder)
    return own_scripts.settings({step: scripts[step] for step in CUSTOM})


def _run_until(made: Stage, moment: str) -> None:
    if moment == "queued":
        _run_until_planning_failed(made)
        return
    made.start()
    _until(lambda: _reached(made, moment), made)
    made.kill()
    _until(lambda: not made.children(), made)


def _reached(made: Stage, moment: str) -> bool:
    step, count = MOMENTS[moment]
    found = made.rows("SELECT count(*) AS n FROM jobs WHERE step = ? AND state = 'done'", step)
    return bool(made.statuses()) and bool(found) and int(found[0]["n"]) >= count


def _run_until_planning_failed(made: Stage) -> None:
    """The entry was taken, no attempt is open, and nothing was bought yet."""
    made.fault(service="gemini", kind="status", status=521)
    made.start()
    _until(lambda: bool(made.rows("SELECT 1 FROM attempts WHERE outcome = 'down'")), made)
    made.kill()
    made.admin("/reset", "POST")


def _until(true: Callable[[], bool], made: Stage) -> None:
    def reached() -> bool:
        left = made.daemon.poll() if made.daemon is not None else None
        assert left in (None, -9), f"the daemon left with {left}: {made.log_tail()}"
        return true()

    until(reached, made.log_tail)


def _spent(made: Stage) -> float:
    return sum(float(str(charge["usd"])) for charge in made.charges())


def _backup(made: Stage) -> Path:
    argv = [sys.executable, "-m", "videod", "backup", "--state", made.state]
    subprocess.run(argv, check=True, capture_output=True)
    return sorted((made.state / "backups").iterdir())[-1]


def _lose_and_restore(made: Stage, copy: Path) -> None:
    for path in made.state.glob("videod.db*"):
        path.unlink()
    refused = made.start()
    assert ended(refused) == 74, f"a daemon started afresh where one had worked before: {made.log_tail()}"
    subprocess.run(["cp", "-p", str(copy), str(made.database)], check=True)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=12, help="pairs of moments by chance, default 12; 0: a fixed few")
    parser.add_argument("--scripts", choices=("ours", "custom", "both"), default="both", help="default both")


CAMPAIGN = Campaign("restore", "an older copy of the database buys and uploads nothing twice", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
