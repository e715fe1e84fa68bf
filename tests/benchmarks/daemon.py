"""What the daemon itself costs: a real one on the sandbox with real scripts and FFmpeg, twenty episodes at once.

python -m tests.benchmarks.daemon [--episodes 20] [--clips 3] [--idle 20] [--pages 20]

CPU is that of the daemon's process alone; scripts, FFmpeg and the simulated services work beside it on the same cores,
which is where the delays of the event loop come from. With `--pages` so many pages stay open beside them.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.benchmarks.figures import cpu_s, machine, median, quantile, table
from tests.benchmarks.open_pages import OpenPages
from tests.campaigns.crowd import (
    Memory,
    loop_delay_ms,
    many_channel,
    many_sandbox,
    metrics,
    write_crowd,
)
from tests.live.stage import Stage
from tests.page.browser import free_port

#: targets: MB with twenty episodes in work and pages open, share of a core when idle, ms, seconds
RSS_MB, IDLE_SHARE, DELAY_MS, SEEN_S = 130.0, 0.005, 50.0, 1.0
#: what a start looks at (balances, files, the database) is done after so many seconds
SETTLE_S = 15.0


def busy_share(pid: int, seconds: float) -> float:
    """The share of one core that a process used while these seconds passed."""
    before, began = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pid) - before) / (time.monotonic() - began)


def watch(made: Stage, episodes: int, seconds: float) -> tuple[int, int]:
    """Wait until all are published or the time is over; the most that were in work at one look, and how many ended."""
    until, most, ended = time.monotonic() + seconds, 0, 0
    while ended < episodes and time.monotonic() < until:
        now = made.statuses()
        ended = now.count("published")
        most = max(most, sum(status not in ("queued", "published") for status in now))
        assert not [status for status in now if status.startswith("error_")], made.log_tail()
        assert made.daemon is not None and made.daemon.poll() is None, made.log_tail()
        time.sleep(0.5)
    return most, ended


def measure(folder: Path, episodes: int, clips: int, idle_s: float, pages: int, seconds: float) -> list[list[str]]:
    channel, sandbox = many_channel(clips, episodes, spare_images=2), many_sandbox(generation_s=4)
    # the board is asked as often as usual, not as often as tests like
    port = free_port()
    made = Stage(folder, channel, sandbox, env={"VIDEOD_DAEMON_POLL_INTERVAL_S": "10", "VIDEOD_WEB_PORT": str(port)})
    try:
        pid = made.start().pid
        while not made.rows("SELECT 1 FROM key_values WHERE name = 'outside_problems'"):
            assert made.daemon is not None and made.daemon.poll() is None, made.log_tail()
            time.sleep(0.1)
        time.sleep(SETTLE_S)
        idle = busy_share(pid, idle_s)
        write_crowd(made.person(), episodes)
        began, before = time.monotonic(), cpu_s(pid)
        memory = Memory(pid)
        memory.start()
        with OpenPages(made.state, pages, port) as people:
            in_work, ended = watch(made, episodes, seconds)
        took, used = time.monotonic() - began, cpu_s(pid) - before
        memory.ended.set()
        (jobs,) = made.rows("SELECT count(*) AS n FROM attempts WHERE outcome = 'done'")
        changes = [row["at"] for row in made.rows("SELECT at FROM history ORDER BY id")]
        seen = people.delays_s(changes)
        delay = loop_delay_ms(metrics(made.state), 0.99)
        return [
            [f"idle, {idle_s:g} s", f"{idle:.2%} of a core", f"{IDLE_SHARE:.1%}"],
            ["episodes in work at once", f"{in_work} of {episodes}, {jobs['n']} jobs in {took:.0f} s", ""],
            ["published meanwhile", str(ended), ""],
            ["CPU of the daemon", f"{used:.1f} s, {used / jobs['n'] * 1000:.1f} ms a job", ""],
            ["most memory", f"{memory.most_mb:.0f} MB", f"{RSS_MB:g} MB"],
            ["delay of the event loop, p99", f"at most {delay:g} ms", f"{DELAY_MS:g} ms"],
            ["looks of open pages", f"{sum(map(len, people.looks))} of {pages} pages", ""],
            *([["a change is on a page, p50 / p99", f"{median(seen):.2f} / {quantile(seen, 0.99):.2f} s",
                f"{SEEN_S:g} s"]] if seen else []),
        ]  # fmt: skip
    finally:
        made.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--idle", type=float, default=20.0)
    parser.add_argument("--pages", type=int, default=20, help="that stay open meanwhile; default 20")
    parser.add_argument("--minutes", type=float, default=15.0, help="the figures are taken then at the latest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="videod-daemon-") as folder:
        rows = measure(
            Path(folder) / "stage", options.episodes, options.clips, options.idle, options.pages, options.minutes * 60
        )
    print(f"{machine()}\n")
    print(table(["", "", "goal"], rows))


if __name__ == "__main__":
    main()
