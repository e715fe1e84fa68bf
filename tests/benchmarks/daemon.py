"""What the daemon itself costs: a real one on the sandbox with real scripts and FFmpeg, twenty episodes at once.

python -m tests.benchmarks.daemon [--episodes 20] [--clips 3] [--idle 20]

CPU is that of the daemon's process alone; scripts, FFmpeg and the stand-ins work beside it on the same cores, which
is where the delays of the event loop come from.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.benchmarks.figures import cpu_s, machine, rss_mib, table
from tests.campaigns.crowd import TOPICS, Memory, loop_delay_ms, metrics
from tests.live.stage import Stage

#: targets: MB with twenty episodes in work, share of a core when idle, ms
RSS_MB, IDLE_SHARE, DELAY_MS = 120.0, 0.005, 50.0
GIVE_UP_S = 900.0


def wait_until_published(made: Stage, episodes: int) -> int:
    """Returns the most episodes that were in work at one look."""
    most, until = 0, time.monotonic() + GIVE_UP_S
    while True:
        now = Counter(made.statuses())
        most = max(most, sum(count for status, count in now.items() if status not in ("queued", "published")))
        if now["published"] == episodes:
            return most
        assert made.daemon is not None and made.daemon.poll() is None, made.log_tail()
        assert time.monotonic() < until, f"still {dict(now)}"
        time.sleep(0.25)


def measure(folder: Path, episodes: int, clips: int, idle_s: float) -> list[list[str]]:
    channel: dict[str, object] = {
        "clips": clips, "images": clips + 4, "clip_seconds": 5, "max_concurrent": episodes,
        "daily_budget_usd": 10_000.0, "episode_cap_usd": 1000.0,
    }  # fmt: skip
    sandbox = ("--generation", "4", "--latency", "gemini=0.25", "--latency", "elevenlabs=0.1", "--size", "480x270")
    made = Stage(folder, channel, sandbox)
    try:
        channels = ("wild_planet", "deep_ocean")
        made.person().write_entries([
            (channels[number % 2], (f"Crowd {number}", TOPICS[number % len(TOPICS)], f"Story {number}."))
            for number in range(episodes)
        ])  # fmt: skip
        began = time.monotonic()
        pid = made.start().pid
        memory = Memory(pid)
        memory.start()
        in_work = wait_until_published(made, episodes)
        took, used = time.monotonic() - began, cpu_s(pid)
        made.wait_until_told()
        (jobs,) = made.rows("SELECT count(*) AS n FROM attempts WHERE outcome = 'done'")
        delay = loop_delay_ms(metrics(made.state / "videod.sock"), 0.99)
        time.sleep(2)
        before, rest = cpu_s(pid), time.monotonic()
        time.sleep(idle_s)
        idle = (cpu_s(pid) - before) / (time.monotonic() - rest)
        memory.ended.set()
        return [
            ["episodes in work at once", f"{in_work} of {episodes}, {jobs['n']} jobs in {took:.0f} s", ""],
            ["CPU of the daemon, start included", f"{used:.1f} s, {used / jobs['n'] * 1000:.1f} ms a job", ""],
            ["most memory", f"{memory.most_mb:.0f} MB (now {rss_mib(pid):.0f})", f"{RSS_MB:g} MB"],
            ["delay of the event loop, p99", f"at most {delay:g} ms", f"{DELAY_MS:g} ms"],
            [f"idle, {idle_s:g} s", f"{idle:.2%} of a core", f"{IDLE_SHARE:.1%}"],
        ]  # fmt: skip
    finally:
        made.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--idle", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="videod-daemon-") as folder:
        rows = measure(Path(folder) / "stage", options.episodes, options.clips, options.idle)
    print(f"{machine()}\n")
    print(table(["", "", "wanted below"], rows))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
