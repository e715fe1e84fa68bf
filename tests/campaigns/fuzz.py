"""A whole real daemon whose every service answers nonsense at times: it never ends, and says what it waits for.

python -m tests.campaigns.fuzz --seconds 120 --seed 1 --share 0.1
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.mutating import Mutating, base_of
from tests.live.stage import Stage
from videod.core.statuses import Status

HOUR_MS = 3_600_000
#: the variables that lead to services; the webhook's path is kept
ADDRESSES = (
    "VIDEOD_URL_NOTION", "VIDEOD_URL_GEMINI", "VIDEOD_URL_KIE", "VIDEOD_URL_KIE_UPLOAD", "VIDEOD_URL_ELEVENLABS",
    "VIDEOD_URL_YOUTUBE", "VIDEOD_URL_GOOGLE_OAUTH", "VIDEOD_URL_CATBOX", "VIDEOD_URL_S3", "SLACK_WEBHOOK_URL",
)  # fmt: skip
TOPICS = ("brown bears", "humpback whales", "arctic wolves", "green sea turtles", "red foxes", "elephants")
EVERY_S = 8.0


def campaign(folder: Path, seconds: float, seed: int, share: float) -> Result:
    """Raises AssertionError where the daemon ended, a loop broke, or a long wait is told to nobody."""
    made = Stage(folder, settings="[retry]\nwaits_min = [0.02, 0.05, 0.1, 0.2]\n")
    proxies: list[Mutating] = []
    try:
        env = {}
        for name in ADDRESSES:
            if address := made.env.get(name):
                proxies.append(Mutating(name, base_of(address), share, seed))
                env[name] = proxies[-1].url + urlsplit(address).path.rstrip("/")
        ends = _live(made, env, seconds)
        silent = _silent(made)
        spoiled = sum((proxy.done for proxy in proxies), Counter())
        asked = spoiled.total()
        broken, said = _broken_loops(made)
        found: Result = {
            "seconds": seconds, "share": share, "requests": asked, "spoiled": asked - spoiled["passed"],
            "episodes": dict(Counter(made.statuses())), "ends": len(ends), "broken_loops": sum(broken.values()),
            "silent_waits": len(silent), "tracebacks": said,
        }  # fmt: skip
        say(str(found))
        assert not ends and not broken and not silent, {"ends": ends, "broken": dict(broken), "silent": silent}
        return found
    finally:
        made.close()
        for proxy in proxies:
            proxy.close()


def _live(made: Stage, env: dict[str, str], seconds: float) -> list[str]:
    """Let a person write entries, and queue again what stopped, for so long; how the daemon ended on its way."""
    person = made.person()
    ends: list[str] = []
    made.start(**env)
    until, due, written = time.monotonic() + seconds, 0.0, 0
    while (now := time.monotonic()) < until:
        if made.daemon is not None and made.daemon.poll() is not None:
            ends.append(f"exit {made.daemon.returncode}: {made.log_tail()[-1500:]}")
            if len(ends) > 3:
                return ends
            made.start(**env)
        for row in made.rows("SELECT page_id FROM tasks WHERE status LIKE 'error_%' OR status = 'quota_exceeded'"):
            person.set_status(row["page_id"], Status.QUEUED)
        if now >= due and written < len(TOPICS) * 3:
            topic = f"{TOPICS[written % len(TOPICS)]} {written // len(TOPICS)}"
            channel = ("wild_planet", "deep_ocean")[written % 2]
            person.write_entries([(channel, (f"Story {written}", topic, f"One of the {topic} waits."))])
            written, due = written + 1, now + EVERY_S
        time.sleep(2)
    code = made.stop()
    return [*ends, f"stop ended with {code}: {made.log_tail()[-1500:]}"] if code else ends


def _broken_loops(made: Stage) -> tuple[Counter[str], int]:
    """Event -> lines of the log with a traceback that are about a loop of the daemon; and how many have one at all."""
    broken: Counter[str] = Counter()
    said = 0
    for line in made.log.read_text(errors="replace").splitlines():
        if "Traceback (most recent call last)" not in line:
            continue
        said += 1
        try:
            told = json.loads(line)
        except ValueError:
            broken[line[:200]] += 1  # a traceback that no log wrote: the interpreter's own
            continue
        if not told.get("job"):  # a job's own crash is booked on the job
            broken[f"{told.get('event')}: {str(told.get('trace', '')).splitlines()[-1:]}"] += 1
    return broken, said


def _silent(made: Stage) -> list[str]:
    """Waits of more than an hour that nothing names: no pause that status lists, no Error Log, no hold."""
    now = round(time.time() * 1000)
    found = []
    late = (
        "SELECT jobs.step, jobs.key, jobs.due_at, jobs.failure, tasks.title, tasks.held, tasks.error FROM jobs"
        " JOIN tasks ON tasks.id = jobs.task_id"
        " WHERE jobs.state = 'ready' AND jobs.due_at > ? AND jobs.step <> 'cleanup'"
    )
    for row in made.rows(late, now + HOUR_MS):
        if not row["held"] and not row["error"] and not row["failure"]:
            found.append(f"{row['title']} {row['step']}/{row['key']} due in {(row['due_at'] - now) / HOUR_MS:.1f} h")
    for row in made.rows("SELECT * FROM pauses"):
        fields = dict(row)
        if (fields.get("until_ms") or now + 2 * HOUR_MS) > now + HOUR_MS and not fields.get("reason"):
            found.append(f"pause {fields}")
    for row in made.rows("SELECT name, value FROM facts WHERE name LIKE '%not_before%'"):
        told = made.rows("SELECT 1 FROM facts WHERE name = 'board_remark' AND value <> ''")
        if str(row["value"]).isdecimal() and int(row["value"]) > now + HOUR_MS and not told:
            found.append(f"the board waits until {row['value']}")
    for row in made.rows("SELECT target, key, due_at, problem FROM outbox WHERE due_at > ?", now + HOUR_MS):
        if not row["problem"]:
            found.append(f"{row['target']} {row['key']} is told in {(row['due_at'] - now) / HOUR_MS:.1f} h")
    return found


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=120.0, help="how long the daemon runs (default 120)")
    parser.add_argument("--share", type=float, default=0.1, help="share of answers that are spoiled (default 0.1)")


CAMPAIGN = Campaign(
    "fuzz", "nonsense in the answers of every service ends no daemon, breaks no loop and makes no silent wait",
    _options, lambda folder, given: campaign(folder / "stage", given.seconds, given.seed, given.share),
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
