"""Twenty full episodes in work at once on the sandbox: limits as the simulated services count them, memory, loop
delay."""

import argparse
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from tests.campaigns.frame import Campaign, Result, say
from tests.harness import control
from tests.live.stage import Stage
from videod.cli.demo_person import Person
from videod.core.statuses import Gate
from videod.core.tables import REVIEWED, STEPS
from videod.sandbox.admin import most_within

#: what the simulated services may count at most: videod.toml's defaults
MOST = {"gemini requests": 12, "kie tasks": 8, "elevenlabs requests": 6}
#: Notion's limit is an average: three a second, looked at over so many seconds
NOTION_PER_S, WINDOW_S = 3, 10
RSS_MB, DELAY_MS = 120, 50
TOPICS = ("brown bears", "humpback whales", "arctic wolves", "green sea turtles", "red foxes", "elephants", "penguins",
          "snow leopards", "giraffes", "owls")  # fmt: skip
_STOPPED = """
SELECT title, status, step, key, failure FROM tasks LEFT JOIN jobs ON jobs.task_id = tasks.id AND jobs.state = 'failed'
WHERE status LIKE 'error%'
"""


class Memory(threading.Thread):
    """The highest resident set of a process, MB, looked at five times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self.most_mb = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.2) and self._status.exists():
            found = re.search(r"VmHWM:\s+(\d+) kB", self._status.read_text())
            self.most_mb = max(self.most_mb, int(found[1]) / 1024 if found else 0.0)


def metrics(state: Path) -> str:
    """The daemon's /metrics over its Unix socket."""
    return control.get(state, "/metrics")[1]


def loop_delay_ms(text: str, share: float) -> float:
    """The edge of the histogram below which `share` of the event loop's delays lie, ms."""
    edges = re.findall(r'videod_loop_delay_seconds_bucket{le="([^"]+)"} (\d+)', text)
    total = int(edges[-1][1])
    return next(float(edge) for edge, count in edges if int(count) >= share * total) * 1000


def start_delays_ms(made: Stage) -> dict[str, list[float]]:
    """Lane -> how long each job waited although its parts were there and a place was free, ms; KIE's rate counts in.

    A gate counts as passed, automatically, with the last of what is reviewed there.
    """
    ended: dict[tuple[str, str], int] = {}
    passed: dict[tuple[str, Gate], int] = {}
    starts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    ends: dict[str, list[int]] = defaultdict(list)
    rows = made.rows(
        "SELECT jobs.task_id, jobs.step, jobs.step || '/' || jobs.key AS name, jobs.service, jobs.needs,"
        " attempts.started_at, attempts.ended_at FROM attempts JOIN jobs ON jobs.id = attempts.job_id"
        " WHERE jobs.step != 'cleanup' AND attempts.ended_at IS NOT NULL ORDER BY attempts.started_at"
    )
    for row in rows:
        ended[row["task_id"], row["name"]] = row["ended_at"]
        ends[row["service"]].append(row["ended_at"])
        for gate in (one for one, steps in REVIEWED.items() if row["step"] in steps):
            passed[row["task_id"], gate] = max(passed.get((row["task_id"], gate), 0), row["ended_at"])
    for row in rows:
        task, gate = row["task_id"], STEPS[row["step"]].gate
        waited_for = [ended[task, one] for one in re.findall(r'"([^"]+)"', row["needs"])]
        waited_for += [passed[task, gate]] if gate is not None else []
        starts[row["service"]].append((row["started_at"], max(waited_for, default=0)))
    places = {"gemini": 12, "kie": 8, "elevenlabs": 6, "youtube": 2, "ffmpeg": 2, "pillow": 2}
    found: dict[str, list[float]] = {}
    for service, begun in starts.items():
        free = sorted(ends[service])
        late = []
        for at, (start, ready) in enumerate(begun):
            place = free[at - places[service]] if at >= places[service] else 0
            if ready:
                late.append(float(max(0, start - max(ready, place))))
        found[service] = late
    return found


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))] if values else 0.0


def many_channel(clips: int, episodes: int, spare_images: int) -> dict[str, object]:
    """Fields of a channel that may work at all its episodes at once and is not stopped by a budget."""
    return {
        "clips": clips, "images": clips + spare_images, "clip_seconds": 5, "max_concurrent": episodes,
        "daily_budget_usd": 10_000.0, "episode_cap_usd": 1000.0,
    }  # fmt: skip


def many_sandbox(generation_s: int) -> tuple[str, ...]:
    """Options of simulated services that answer in proportion to the services, and draw small.

    With 10 s to a clip a second stands for a minute: clips take 120-300 s, images 8-20 s, sounds 2-6 s.
    """
    latencies = ("--latency", "gemini=0.25", "--latency", "elevenlabs=0.1")
    return ("--generation", str(generation_s), *latencies, "--size", "480x270")


def story(number: int) -> tuple[str, tuple[str, str, str]]:
    """The channel and the story of an entry, one channel and the other in turn; no two get the same film."""
    topic = TOPICS[number % len(TOPICS)] + (f" of valley {number // len(TOPICS)}" if number >= len(TOPICS) else "")
    return ("wild_planet", "deep_ocean")[number % 2], (f"Story {number}", topic, f"One of the {topic} waits.")


def write_crowd(person: Person, episodes: int) -> None:
    """Queue that many entries."""
    person.write_entries([story(number) for number in range(episodes)])


def wait_until_published(
    made: Stage, episodes: int, until: float, tell: Callable[[str], None] = lambda text: None
) -> int:
    """Wait until every episode is published; returns the most that were in work at one look.

    `tell` hears now and then how far they are. Raises AssertionError when `until` (time.monotonic) is over, an
    episode stops with an error or the daemon ends.
    """
    most, told = 0, 0.0
    while True:
        now = Counter(made.statuses())
        most = max(most, sum(count for status, count in now.items() if status not in ("queued", "published")))
        if now["published"] == episodes:
            return most
        stopped = [status for status in now if status.startswith("error_")]
        assert not stopped, [dict(row) for row in made.rows(_STOPPED)]
        assert made.daemon is not None and made.daemon.poll() is None, made.log_tail()
        assert time.monotonic() < until, f"still {dict(now)}"
        if time.monotonic() - told > 20:
            told = time.monotonic()
            tell(", ".join(f"{status} {count}" for status, count in now.items()))
        time.sleep(0.25)


def campaign(folder: Path, episodes: int, clips: int, seconds: float) -> Result:
    settings = "[alerts]\nslack = true\n[services.elevenlabs]\nconcurrency = 6\n"
    channel = many_channel(clips, episodes, spare_images=4)
    made = Stage(folder / "stage", channel, many_sandbox(generation_s=10), settings)
    try:
        write_crowd(made.person(), episodes)
        began = time.monotonic()
        begun_ms = int(time.time() * 1000)
        memory = Memory(made.start().pid)
        memory.start()
        most_in_work = wait_until_published(made, episodes, began + seconds, say)
        took = time.monotonic() - began
        memory.ended.set()
        return _judge(made, memory, most_in_work, took, episodes, begun_ms)
    finally:
        made.close()


def _judge(made: Stage, memory: Memory, in_work: int, took: float, episodes: int, begun_ms: int) -> Result:
    load = made.admin("/load")
    assert isinstance(load, dict)
    most, throttled = load["most_at_once"], load["throttled"]
    asked = made.admin("/requests?service=notion&last=20000")
    assert isinstance(asked, dict)
    # the person who wrote the entries did so before the daemon's start, and faster
    notion = most_within(sorted(row["at_ms"] for row in asked["requests"] if row["at_ms"] >= begun_ms), WINDOW_S * 1000)
    failures = made.rows("SELECT outcome, count(*) AS n FROM attempts WHERE outcome NOT IN ('done') GROUP BY outcome")
    delay = loop_delay_ms(metrics(made.state), 0.99)
    found: Result = {
        "episodes": episodes, "most_in_work": in_work, "minutes": round(took / 60, 1), "most_at_once": dict(most),
        f"notion_most_in_{WINDOW_S}_s": notion, "throttled": throttled,
        "failed_attempts": {row["outcome"]: row["n"] for row in failures}, "rss_mb": round(memory.most_mb, 1),
        "loop_delay_p99_ms": delay,
        "start_delay_p99_ms": {service: round(_p99(values)) for service, values in start_delays_ms(made).items()},
    }  # fmt: skip
    say(str(found))
    for what, limit in MOST.items():
        assert most.get(what, 0) <= limit, f"{what}: {most[what]} at once, {limit} allowed"
    assert not throttled, f"the stand-ins had to refuse for haste: {throttled}"
    # evenly paced, one more begins the window that it ends; another for what the busy simulated service itself took
    assert notion <= NOTION_PER_S * WINDOW_S + 2, f"{notion} requests to Notion within {WINDOW_S} s"
    uploads = [charge for charge in made.charges() if charge["kind"] == "upload"]
    assert len(uploads) == episodes
    made.check_purchases()
    assert not failures, found
    assert memory.most_mb < RSS_MB, f"{memory.most_mb:.0f} MB"
    assert delay <= DELAY_MS, f"the loop's delay is {delay} ms at p99"
    return found


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--clips", type=int, default=18)
    parser.add_argument("--minutes", type=float, default=40, help="give up after so long")


CAMPAIGN = Campaign(
    "crowd",
    "Twenty full episodes at once: limits kept as the stand-ins count them, memory, loop delay.",
    _options,
    lambda folder, given: campaign(folder, given.episodes, given.clips, given.minutes * 60),
)
