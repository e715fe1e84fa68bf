"""A whole real daemon whose every service answers nonsense at times: it never ends, and says what it waits for.

python -m tests.campaigns.fuzz --seconds 120 --seed 1 --share 0.1

An upload comes last, and few episodes get through so much nonsense: some films are made before it begins, and wait for
their last review. A person approves them one after another, and their uploads' answers are spoiled more often.
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
from videod.cli.demo_person import Person
from videod.core.statuses import Status

HOUR_MS = 3_600_000
#: the variables that lead to services; the webhook's path is kept
ADDRESSES = (
    "VIDEOD_URL_NOTION", "VIDEOD_URL_GEMINI", "VIDEOD_URL_KIE", "VIDEOD_URL_KIE_UPLOAD", "VIDEOD_URL_ELEVENLABS",
    "VIDEOD_URL_YOUTUBE", "VIDEOD_URL_GOOGLE_OAUTH", "VIDEOD_URL_CATBOX", "VIDEOD_URL_S3", "SLACK_WEBHOOK_URL",
)  # fmt: skip
UPLOADS = ("VIDEOD_URL_YOUTUBE", "VIDEOD_URL_GOOGLE_OAUTH")
TOPICS = ("brown bears", "humpback whales", "arctic wolves", "green sea turtles", "red foxes", "elephants")
EVERY_S = 8.0


def campaign(folder: Path, given: argparse.Namespace) -> Result:
    """Raises AssertionError where the daemon ended, a loop broke, or a long wait is asked to nobody."""
    channel: dict[str, object] = {"clips": 1, "images": 2, "clip_seconds": 5, "max_concurrent": 20}
    channel["gates"] = {"assets": "auto", "video": "auto", "audio": "auto", "final": "review"}
    made = Stage(folder, channel=channel, settings="[retry]\nwaits_min = [0.02, 0.05, 0.1, 0.2]\n")
    proxies: list[Mutating] = []
    try:
        films = _films(made, given.films)
        env = {}
        for name in ADDRESSES:
            if address := made.env.get(name):
                share = given.uploads_share if name in UPLOADS else given.share
                proxies.append(Mutating(name, base_of(address), share, given.seed))
                env[name] = proxies[-1].url + urlsplit(address).path.rstrip("/")
        ends = _live(made, env, given.seconds, films)
        return _judged(made, given, proxies, ends)
    finally:
        made.close()
        for proxy in proxies:
            proxy.close()


def _judged(made: Stage, given: argparse.Namespace, proxies: list[Mutating], ends: list[str]) -> Result:
    silent = _silent(made)
    spoiled = {_service(proxy): proxy.done.total() - proxy.done["passed"] for proxy in proxies}
    broken, said = _broken_loops(made)
    uploads = made.rows("SELECT outcome FROM attempts JOIN jobs ON jobs.id = job_id WHERE step = 'upload'")
    found: Result = {
        "seconds": given.seconds, "share": given.share, "requests": sum(proxy.done.total() for proxy in proxies),
        "spoiled": sum(spoiled.values()), "spoiled_of": spoiled,
        "uploads": dict(Counter(str(row["outcome"]) for row in uploads)),
        "episodes": dict(Counter(made.statuses())), "ends": len(ends), "broken_loops": sum(broken.values()),
        "silent_waits": len(silent), "tracebacks": said,
    }  # fmt: skip
    say(str(found))
    assert not ends and not broken and not silent, {"ends": ends, "broken": dict(broken), "silent": silent}
    if given.films:
        assert sum(spoiled[name] for name in ("youtube", "google_oauth")), "no answer to an upload was spoiled"
    return found


def _service(proxy: Mutating) -> str:
    return proxy.name.removeprefix("VIDEOD_URL_").lower()


def _films(made: Stage, number: int) -> list[str]:
    """So many films that wait for their last review, made without nonsense; their pages."""
    if not number:
        return []
    _write(made.person(), 1000, number)
    made.start()
    made.wait_for("assembly_complete", tasks=number)
    assert made.stop() == 0, made.log_tail()
    say(f"{number} films wait for their last review")
    return [row["page_id"] for row in made.rows("SELECT page_id FROM tasks")]


def _write(person: Person, first: int, number: int) -> None:
    for one in range(first, first + number):
        topic = f"{TOPICS[one % len(TOPICS)]} {one // len(TOPICS)}"
        channel = ("wild_planet", "deep_ocean")[one % 2]
        person.write_entries([(channel, (f"Story {one}", topic, f"One of the {topic} waits."))])


def _live(made: Stage, env: dict[str, str], seconds: float, films: list[str]) -> list[str]:
    """Let a person write entries, approve films and queue again what stopped, for so long; how the daemon ended on
    its way."""
    person = made.person()
    ends: list[str] = []
    made.start(**env)
    until, due, written = time.monotonic() + seconds, 0.0, 0
    waiting = list(films)
    while (now := time.monotonic()) < until:
        if made.daemon is not None and made.daemon.poll() is not None:
            ends.append(f"exit {made.daemon.returncode}: {made.log_tail()[-1500:]}")
            if len(ends) > 3:
                return ends
            made.start(**env)
        _answer(made, person, waiting)
        if now >= due and written < len(TOPICS) * 3:
            waiting = waiting[1:]  # the next film may go
            _write(person, written, 1)
            written, due = written + 1, now + EVERY_S
        time.sleep(2)
    code = made.stop()
    return [*ends, f"stop ended with {code}: {made.log_tail()[-1500:]}"] if code else ends


def _answer(made: Stage, person: Person, waiting: list[str]) -> None:
    """Approve films, except those that must wait, and queue again what stopped."""
    for row in made.rows("SELECT page_id, status FROM tasks"):
        if row["status"] == Status.ASSEMBLY_COMPLETE and row["page_id"] not in waiting:
            person.set_status(row["page_id"], Status.FINAL_APPROVED)
        elif row["status"].startswith("error_") or row["status"] == Status.QUOTA_EXCEEDED:
            person.set_status(row["page_id"], Status.QUEUED)


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
        "SELECT jobs.step, jobs.key, jobs.due_at, jobs.failure, tasks.title, tasks.suspended, tasks.error FROM jobs"
        " JOIN tasks ON tasks.id = jobs.task_id"
        " WHERE jobs.state = 'ready' AND jobs.due_at > ? AND jobs.step <> 'cleanup'"
    )
    for row in made.rows(late, now + HOUR_MS):
        if not row["suspended"] and not row["error"] and not row["failure"]:
            found.append(f"{row['title']} {row['step']}/{row['key']} due in {(row['due_at'] - now) / HOUR_MS:.1f} h")
    for row in made.rows("SELECT * FROM suspensions"):
        fields = dict(row)
        if (fields.get("until_ms") or now + 2 * HOUR_MS) > now + HOUR_MS and not fields.get("reason"):
            found.append(f"pause {fields}")
    for row in made.rows("SELECT name, value FROM key_values WHERE name LIKE '%not_before%'"):
        told = made.rows("SELECT 1 FROM key_values WHERE name = 'board_remark' AND value <> ''")
        if str(row["value"]).isdecimal() and int(row["value"]) > now + HOUR_MS and not told:
            found.append(f"the board waits until {row['value']}")
    for row in made.rows("SELECT target, key, due_at, problem FROM outbox WHERE due_at > ?", now + HOUR_MS):
        if not row["problem"]:
            found.append(f"{row['target']} {row['key']} is told in {(row['due_at'] - now) / HOUR_MS:.1f} h")
    return found


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=120.0, help="how long the daemon runs (default 120)")
    parser.add_argument("--share", type=float, default=0.1, help="share of answers that are spoiled (default 0.1)")
    parser.add_argument("--uploads-share", type=float, default=0.3, help="the same of YouTube's and Google's (0.3)")
    parser.add_argument("--films", type=int, default=4, help="films at their last review when it begins (default 4)")


CAMPAIGN = Campaign(
    "fuzz", "nonsense in the answers of every service ends no daemon, breaks no loop and makes no silent wait",
    _options, lambda folder, given: campaign(folder / "stage", given),
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
