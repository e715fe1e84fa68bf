"""Each service down for a while, all at once, then every fifth answer of all of them broken; nobody helps.

python -m tests.campaigns outages --seconds 8 --virtual 5

A real daemon on the real sandbox with short outages and short retry waits; the breaker's own waits are as they are. The
same with full ten minutes runs in virtual time (tests/scenarios/test_outages.py), mixed kinds of failure here by seeds.
"""

import argparse
import json
import logging
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.campaigns import frame, invariants
from tests.live.stage import ORDERS, Stage
from tests.scenarios import test_random_faults as mixed
from videod.core.statuses import JobState
from videod.credentials import SECRET_NAMES
from videod.simulation.virtual_loop import run_virtual

SERVICES = ("gemini", "kie", "kie_upload", "elevenlabs", "youtube", "google", "notion")
#: every fifth answer: kind of fault -> its share
BROKEN = {"status": 0.08, "reset": 0.05, "reset_after": 0.04, "truncate": 0.04}
#: outcomes that say that an attempt came to nothing automatically
FAILED = ("done", "outdated")
#: a topic each, so that no two episodes ask for the same picture: the simulated services' accounts count by request
TOPICS = ("brown bears", "humpback whales", "arctic wolves", "green sea turtles", "red foxes", "elephants", "penguins",
          "snow leopards", "giraffes", "owls", "otters", "polar bears")  # fmt: skip
#: step of a paid job -> kind of charge in the simulated services' account
STEPS = {"plan": "text", "image": "image", "clip": "clip", "narration": "speech", "sound_effect": "sound_effect"}
ENVIRONMENT = {"VIDEOD_RETRY_WAITS_MIN": "[0.05, 0.1, 0.2, 0.4, 0.8, 0.8]", "VIDEOD_RETRY_JITTER": "0.1"}
LEAST_RECOVERED = 0.95


class Round:
    """One stage; entries are written one by one, nobody does anything else."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        channel: dict[str, object] = {"clips": 2, "images": 4, "clip_seconds": 5, "max_concurrent": 20}
        self.stage = Stage(folder, channel=channel, env=ENVIRONMENT)
        self.person = self.stage.person()
        self.chance = chance
        self.written = 0

    def write(self) -> None:
        topic = TOPICS[self.written % len(TOPICS)]
        channel = ("wild_planet", "deep_ocean")[self.written % 2]
        self.person.write_entries([(channel, (f"Story {self.written}", topic, f"One of the {topic} waits."))])
        self.written += 1

    def fault(self, service: str, **fields: object) -> None:
        self.stage.fault(service=service, **fields)

    def published(self, times: float = 1) -> None:
        self.stage.wait_for("published", tasks=self.written, times=times)
        self.stage.wait_until_told(times)

    def outage(self, service: str, seconds: float) -> float:
        """An episode while no edge reaches `service` (521) until `seconds` after it was asked; how long it took."""
        began, before = time.monotonic(), self.refusals()
        self.write()  # a person cannot write either, once the board is down
        self.fault(service, kind="status", status=521, body="<html>down</html>")
        until = time.monotonic() + 120
        while self.refusals() == before:
            assert time.monotonic() < until, f"nobody asked {service}: {self.stage.log_tail()}"
            time.sleep(0.2)
        time.sleep(seconds)
        self.stage.admin("/reset", "POST")
        self.published()
        return time.monotonic() - began

    def refusals(self) -> int:
        """How many requests the faults have struck so far, as the simulated services count them."""
        answer = self.stage.admin("/requests?last=20000")
        assert isinstance(answer, dict)
        return sum(row["status"] == 521 for row in answer["requests"])

    def failures(self) -> Counter[tuple[str, str]]:
        rows = self.stage.rows("SELECT outcome, state FROM attempts JOIN jobs ON jobs.id = job_id")
        return Counter((row["outcome"], row["state"]) for row in rows if row["outcome"] not in FAILED)

    def log(self, event: str) -> list[dict[str, object]]:
        lines = [line for path in self.stage.folder.glob("daemon.log*") for line in path.read_text().splitlines()]
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if line["event"] == event]


def _restarted(made: Round) -> None:
    """Access tokens are kept for 50 minutes: after a start they are asked for again."""
    made.stage.stop()
    made.stage.start()


def run(folder: Path, given: argparse.Namespace) -> frame.Result:
    logging.getLogger("videod").addHandler(logging.NullHandler())  # what goes wrong here is meant to
    virtual = _in_virtual_time(folder, given.seed, given.virtual)
    made = Round(folder / "stage", random.Random(given.seed))
    try:
        made.stage.start()
        for service in SERVICES if given.services else ():
            if service == "google":
                _restarted(made)
            took = made.outage(service, given.seconds)
            frame.say(f"{service} down for {given.seconds:.0f} s: published after {took:.0f} s")
        took = made.outage("*", given.seconds)
        frame.say(f"all down for {given.seconds:.0f} s: published after {took:.0f} s")
        _restarted(made)
        for _ in range(given.episodes):
            made.write()
        for kind, share in BROKEN.items():
            made.fault("*", kind=kind, probability=share, status=503)
        made.stage.wait_for("published", times=3, tasks=made.written)
        made.stage.admin("/reset", "POST")
        made.published(times=2)
        frame.say(f"every fifth answer broken: {given.episodes} episodes published")
        made.stage.stop()
        return _judge(made) | virtual
    finally:
        made.stage.close()


def _judge(made: Round) -> frame.Result:
    stage = made.stage
    wrong = invariants.of_database(stage.database, stage.state / "workspaces") + invariants.leftovers(stage.state)
    secrets = {name: stage.env[name] for name in SECRET_NAMES if name in stage.env}
    wrong += invariants.leaked([stage.state, *stage.folder.glob("daemon.log*")], secrets)
    wrong += [f"still runs: {line}" for line in stage.children()]
    assert not wrong, wrong
    found = made.failures()
    number = sum(found.values())
    share = sum(count for (_, state), count in found.items() if state == JobState.DONE) / number
    assert share >= LEAST_RECOVERED, found
    _check_log(made, sum(count for (kind, _), count in found.items() if kind != "interrupted"))  # our own stop
    kinds: Counter[str] = Counter()
    for (kind, _), count in found.items():
        kinds[kind] += count
    doubts = sum(row["possibly_paid_twice"] for row in made.stage.rows("SELECT possibly_paid_twice FROM tasks"))
    return {
        "episodes": made.written, "failed_attempts": number, "recovered_alone": f"{share:.1%}", "kinds": dict(kinds),
        "in_doubt": doubts, "bought_more_than_needed": _check_purchases(made, doubts, kinds["nonsense"]),
    }  # fmt: skip


def _check_purchases(made: Round, doubts: int, useless: int) -> int:
    """What the vendors' books hold beyond one purchase for each job: only counted doubts, and useless answers."""
    bought = Counter(charge["kind"] for charge in made.stage.charges())
    rows = made.stage.rows("SELECT step, count(*) AS number FROM jobs WHERE state = 'done' GROUP BY step")
    done = {row["step"]: row["number"] for row in rows}
    assert bought["upload"] == done["upload"] == made.written, (bought, done)
    more = sum(bought[kind] - done[step] * ORDERS.get(step, 1) for step, kind in STEPS.items())
    assert 0 <= more <= doubts + useless, f"{more} bought without need, {doubts} in doubt, {useless} useless"
    return more


def _check_log(made: Round, number: int) -> None:
    """Each failed attempt has its line with service and endpoint, and with the status where there was an answer."""
    lines = made.log("runner_job_failed")
    assert len(lines) == number, f"{len(lines)} lines for {number} failed attempts"
    for line in lines:
        assert line.get("service") and line.get("endpoint") and line.get("kind"), line
        answered = not any(word in str(line["error"]) for word in ("connection broke", "cannot connect", "reached"))
        assert line.get("http_status") or not answered, line


def _in_virtual_time(folder: Path, seed: int, rounds: int) -> frame.Result:
    found: Counter[tuple[str, str]] = Counter()
    acts = 0
    for number in range(rounds):
        share = (0.02, 0.1, 0.2)[number % 3]
        place = folder / f"virtual {number}"
        with tempfile.TemporaryDirectory(dir=folder) as other:
            found += run_virtual(mixed.passing_story(Path(other), seed + number, share))
        place.mkdir()
        person, fixed = run_virtual(mixed.mixed_story(place, seed + number, share))
        mixed.only_for_cause(person, fixed)
        acts += sum(person.acts.values())
    if rounds:
        assert mixed.recovered(found) >= LEAST_RECOVERED, found
        frame.say(f"{rounds} seeds in virtual time: {sum(found.values())} failures passed, a person was needed {acts}x")
    return {"virtual_failures": sum(found.values()), "virtual_recovered": f"{mixed.recovered(found):.1%}"}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=8, help="how long each service is down, default 8")
    parser.add_argument("--episodes", type=int, default=4, help="episodes among broken answers, default 4")
    parser.add_argument("--virtual", type=int, default=6, help="seeds in virtual time, default 6")
    parser.add_argument("--services", action=argparse.BooleanOptionalAction, default=True, help="also one by one")


CAMPAIGN = frame.Campaign("outages", "services down, one by one and all, and a fifth of all answers broken", _options,
                          run)  # fmt: skip
