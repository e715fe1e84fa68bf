"""The poison campaign with a whole real daemon on the simulated services: for each step at least one place where
videod fails.

Many episodes at once: a poisoned one for each chosen (step, place), one of each channel beside them. The places are
shared out over the steps by the seed, `each` of them to a step. Recovery needs a death: the daemon is killed once all
files are there that its next start will look at.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns import invariants
from tests.campaigns.frame import ROOT, Result, say
from tests.harness.patience import until
from tests.harness.poison import Place
from tests.live.creator import Creator
from tests.live.stage import Stage
from videod.core.statuses import LABELS, Status
from videod.core.tables import STEPS

PLACES = tuple(place for place in Place if place != Place.RECOVERY)
CHANNELS = ("wild_planet", "deep_ocean")
GOOD = 2
#: plain films of one subject are the same file, whose second upload videod refuses
SUBJECTS = (
    "brown bears", "humpback whales", "arctic wolves", "green sea turtles", "red foxes", "elephants", "penguins",
    "snow leopards", "giraffes", "owls", "otters", "zebras", "lions", "tigers", "dolphins", "eagles", "moose", "lynxes",
    "badgers", "hippos", "rhinos", "seals", "herons", "cranes", "beavers", "camels",
)  # fmt: skip
SETTINGS = "[retry]\nwaits_min = [0.02, 0.05]\njitter = 0\n"


@dataclass(frozen=True)
class Case:
    number: int
    step: str
    place: Place

    @property
    def title(self) -> str:
        return f"Poison {self.number}"

    @property
    def slug(self) -> str:
        return f"poison-{self.number}"


class PoisonedStage(Stage):
    plan: Path

    def start(self, **env: str) -> "subprocess.Popen[bytes]":
        program = [sys.executable, "-m", "tests.harness.poisoned_videod", str(self.plan)]
        with self.log.open("ab") as out:
            self.daemon = subprocess.Popen(
                [*program, "run", "--config", str(self.config)], env=self.env | env, cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        return self.daemon


def cases(seed: int, steps: list[str], recoverable: list[str], each: int) -> list[Case]:
    chance = random.Random(seed)
    turn = chance.randrange(len(PLACES))
    chosen = [
        (step, PLACES[(turn + number + 3 * more) % len(PLACES)])
        for more in range(each)
        for number, step in enumerate(steps)
    ]
    chosen += [(step, Place.RECOVERY) for step in chance.sample(recoverable, min(len(recoverable), 2 * each))]
    return [Case(number, step, place) for number, (step, place) in enumerate(chosen, start=1)]


def campaign(folder: Path, seed: int, steps: list[str], recoverable: list[str], each: int) -> Result:
    chosen = cases(seed, steps, recoverable, each)
    say("; ".join(f"{one.step} while {one.place.value}" for one in chosen))
    channel: dict[str, object] = {"clips": 1, "images": 2, "clip_seconds": 5, "max_concurrent": 100}
    made = PoisonedStage(folder, channel=channel, settings=f"{SETTINGS}[limits]\nmax_episodes_in_work = 200\n")
    try:
        made.plan = folder / "poison.json"
        made.plan.write_text(
            json.dumps([{"slug": one.slug, "step": one.step, "place": one.place.name} for one in chosen])
        )
        creator = Creator(made)
        pages = {one.title: _write(creator, one.title, one.number) for one in chosen}
        good = [_write(creator, f"Beside {number}", len(chosen) + 1 + number) for number in range(GOOD)]
        made.start()
        wait_for_recovery = [one for one in chosen if one.place == Place.RECOVERY]
        if wait_for_recovery:
            _kill_when_held(made, wait_for_recovery)
            made.start(POISON_RECOVERY="1")
        until(lambda: _settled(made, chosen, good), lambda: (_statuses(made), made.log_tail()))
        made.wait_until_told()
        for one in chosen:
            _check(made, creator, one, pages[one.title])
        code = made.stop()
        wrong = [one for one in invariants.broken(made, published=False, alike=True) if not _of_aside(made, one)]
        assert code == 0 and not wrong, (code, wrong, made.log_tail())
        hits = Counter(row["place"].lower() for row in _log(made, "poisoned"))
        met = {row["slug"] for row in _log(made, "poisoned")}
        assert met == {one.slug for one in chosen}, {one.slug for one in chosen} - met
        return {
            "cases": len(chosen), "failures_of_videod": dict(hits), "restarts": 0, "others_published": len(good),
            "killed_once_for_recovery": bool(wait_for_recovery),
        }  # fmt: skip
    finally:
        made.close()


def _write(creator: Creator, title: str, number: int) -> str:
    subject = SUBJECTS[number % len(SUBJECTS)]
    fields = {"Title": title, "Topic": subject, "Story Direction": f"One of the {subject} crosses a river."}
    page = creator.draft(fields | {"Channel": CHANNELS[number % 2]})
    creator.edit(page, Status=LABELS[Status.QUEUED])
    return page


def _kill_when_held(made: PoisonedStage, waiting: list[Case]) -> None:
    marks = [Path(f"{made.plan}.held-{one.slug}") for one in waiting]
    until(lambda: _lives(made) and all(mark.exists() for mark in marks), lambda: (_statuses(made), made.log_tail()))
    say(f"killed with {len(marks)} files that the next start looks at")
    made.kill()
    until(lambda: not made.children(), made.children)


def _lives(made: Stage) -> bool:
    assert made.daemon is not None and made.daemon.poll() is None, f"the daemon ended: {made.log_tail()}"
    return True


def _statuses(made: Stage) -> dict[str, str]:
    return {row["title"]: row["status"] for row in made.rows("SELECT title, status FROM tasks")}


def _log(made: Stage, event: str) -> list[dict[str, str]]:
    lines = [line for line in made.log.read_text().splitlines() if line.startswith("{")]
    return [row for row in map(json.loads, lines) if row.get("event") == event]


def _aside(made: Stage) -> set[str]:
    """The episodes of which not even a failure can be booked: their daemon leaves them alone."""
    return {row["task"] for row in _log(made, "crashes_job_unbookable")}


def _of_aside(made: Stage, problem: str) -> bool:
    """Whether it is what the kill left of a script whose episode is left alone since: nobody runs that again."""
    return problem.startswith("left over: ") and any(f"/{task}/" in problem for task in _aside(made))


def _settled(made: Stage, chosen: list[Case], good: list[str]) -> bool:
    _lives(made)
    rows = {row["title"]: row for row in made.rows("SELECT id, title, status, page_id FROM tasks")}
    if len(rows) < len(chosen) + len(good):
        return False
    aside = _aside(made)
    stopped = [
        rows[one.title]["status"].startswith("error_") or rows[one.title]["id"] in aside for one in chosen
    ]  # fmt: skip
    return all(stopped) and all(row["status"] == "published" for row in rows.values() if row["page_id"] in good)


def _check(made: Stage, creator: Creator, one: Case, page: str) -> None:
    """The episode stopped at its step, and says why on the board and to people."""
    task, alerts = creator.task(page), creator.alerts()
    where = f"{one.step}, {one.place.value}"
    if str(task["id"]) in _aside(made):
        assert one.place == Place.NOTHING_BOOKED, where
        until(lambda: any(str(task["id"]) in text for text in creator.alerts()), lambda: (where, alerts))
        return
    card = creator.card(page)
    assert card["Status"] == LABELS[STEPS[one.step].error] == LABELS[Status(str(task["status"]))], (where, card)
    log = card["Error Log"]
    assert "videod itself failed" in log and "BadTripError" in log, (where, card)
    told = [text for text in alerts if one.title in text and "videod itself failed" in text]
    assert told, (where, alerts)
