"""Thousands of unfinished connections at every listener, one after the other, while episodes go on.

A daemon with the unit's limit of files; callers that say nothing, half a head, a byte of a body a second, or ask in
another host's name. Meanwhile somebody with an honest question asks it again and again.
"""

import argparse
import http.client
import json
import re
import resource
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.campaigns.crowd import DELAY_MS, many_channel, metrics, write_crowd
from tests.campaigns.frame import ROOT, Campaign, Missing, Result, say
from tests.harness import control
from tests.harness.patience import PATIENCE_S
from tests.live.stage import Stage
from videod.core.deliveries import HEADER, signature
from videod.core.webhook import PATH, SECRET

#: LimitNOFILE= of systemd/videod.service
UNIT_FILES = 8192
HOOK_TOKEN = "secret_of_this_subscription"
FLOODING = ROOT / "tests" / "harness" / "flooding.py"
_BUCKET = re.compile(r'videod_loop_delay_seconds_bucket{le="([^"]+)"} (\d+)')


def delays(text: str) -> list[tuple[float, int]]:
    """The histogram of the loop's delays: (edge in seconds, how many were at most that late)."""
    return [(float(edge.replace("+Inf", "inf")), int(count)) for edge, count in _BUCKET.findall(text)]


def p99_ms(before: str, after: str) -> float:
    """The edge below which 99 % of the delays between two readings lie, ms."""
    counts = [(edge, late - early) for (edge, late), (_, early) in zip(delays(after), delays(before), strict=True)]
    return next(edge for edge, count in counts if count >= 0.99 * counts[-1][1]) * 1000


#: a caller whose connection was closed asks so often: where all places are taken, each has half a second to ask, which
#: may be too short on a host that is busy with a flood
TRIES = 3


class Honest(threading.Thread):
    """Asks `ask` again and again until `ended`; how long each answer took, seconds, and the questions without one.

    `closed`: why a connection was closed on it.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self.took: list[float] = []
        self.failed: list[str] = []
        self.closed: list[str] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.2):
            began = time.monotonic()
            if any(self._answered() for _ in range(TRIES)):
                self.took.append(time.monotonic() - began)
            else:
                self.failed.append(self.closed[-1])

    def _answered(self) -> bool:
        try:
            self._ask()
        except (OSError, http.client.HTTPException, httpx.HTTPError, AssertionError) as error:
            self.closed.append(f"{type(error).__name__}: {error}"[:80])
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _got(url: str) -> None:
    assert httpx.get(url, timeout=PATIENCE_S).status_code == 200


def flood(address: str, count: int, seconds: float, ask: Callable[[], object]) -> dict[str, object]:
    """What became of a flood of one listener, and of those who asked meanwhile."""
    honest = Honest(ask)
    honest.start()
    argv = [sys.executable, str(FLOODING), address, str(count), str(seconds)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    honest.ended.set()
    honest.join()
    slowest = max(honest.took, default=float("nan"))
    return json.loads(done.stdout) | {
        "asked": len(honest.took) + len(honest.failed), "unanswered": len(honest.failed),
        "closed_on_it": len(honest.closed),
        "slowest_s": round(slowest, 2), "why": sorted(set(honest.failed))[:2],
    }  # fmt: skip


def _jobs_done(made: Stage) -> int:
    return len(made.rows("SELECT 1 FROM jobs WHERE state = 'done'"))


def _alive(made: Stage) -> None:
    assert made.daemon is not None and made.daemon.poll() is None, f"the daemon ended: {made.log_tail()}"
    assert made.sandbox is not None and made.sandbox.poll() is None, "the sandbox ended"


def campaign(folder: Path, episodes: int, count: int, seconds: float, give_up_s: float) -> Result:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < count + 100:
        raise Missing(f"this host allows {hard} files a process, {count + 100} are needed (ulimit -Hn)")
    port, hook = _free_port(), _free_port()
    settings = f'[daemon]\nhttp_port = {port}\n[webhook]\nport = {hook}\nhost = "localhost"\n'
    made = Stage(folder / "stage", many_channel(2, episodes, 1), (), settings, {SECRET: HOOK_TOKEN})
    try:
        began = time.monotonic()
        resource.prlimit(made.start().pid, resource.RLIMIT_NOFILE, (UNIT_FILES, UNIT_FILES))
        assert made.sandbox is not None
        resource.prlimit(made.sandbox.pid, resource.RLIMIT_NOFILE, (UNIT_FILES, UNIT_FILES))
        while not (made.state / "videod.sock").exists():
            _alive(made)
            time.sleep(0.1)
        write_crowd(made.person(), episodes)
        calm = metrics(made.state)
        time.sleep(seconds)
        before = metrics(made.state)
        done = _jobs_done(made)
        found = _floods(made, port, hook, count, seconds)
        during = (_jobs_done(made) - done, made.statuses().count("published"))
        after = metrics(made.state)
        while made.statuses().count("published") < episodes:
            _alive(made)
            assert time.monotonic() - began < give_up_s, f"still {made.statuses()}"
            time.sleep(0.25)
        return _judge(made, found, (p99_ms(calm, before), p99_ms(before, after)), during, episodes, after)
    finally:
        made.close()


def _signed(port: int) -> None:
    """A delivery of Notion's to the webhook."""
    body = f'{{"id": "{uuid.uuid4()}"}}'.encode()
    headers = {HEADER: signature(body, HOOK_TOKEN)}
    answer = httpx.post(f"http://127.0.0.1:{port}{PATH}", content=body, headers=headers, timeout=PATIENCE_S)
    assert answer.status_code == 200


def _floods(made: Stage, port: int, hook: int, count: int, seconds: float) -> dict[str, dict[str, object]]:
    urls = made.found["urls"]
    page, admin, notion = str(made.found["page"]), str(made.found["admin"]), str(urls["notion"])
    board = {"Authorization": f"Bearer {made.env['NOTION_TOKEN']}", "Notion-Version": "2026-03-11"}
    places: dict[str, tuple[str, Callable[[], object]]] = {
        "control socket": (str(made.state / "videod.sock"), lambda: control.get(made.state, "/health")),
        "webhook": (str(hook), lambda: _signed(hook)),
        "http_port": (str(port), lambda: _got(f"http://127.0.0.1:{port}/health")),
        "sandbox page": (str(urlsplit(page).port), lambda: _got(f"{page}/api/board")),
        "sandbox admin": (str(urlsplit(admin).port), lambda: _got(f"{admin}/health")),
        "stand-in": (
            str(urlsplit(notion).port),
            lambda: httpx.get(f"{notion}/v1/users/me", headers=board, timeout=PATIENCE_S).raise_for_status(),
        ),
    }  # fmt: skip
    found: dict[str, dict[str, object]] = {}
    for name, (address, ask) in places.items():
        found[name] = flood(address, count, seconds, ask)
        say(f"{name}: {found[name]}")
        _alive(made)
    found["consent server"] = _consent(made, count, seconds)
    say(f"consent server: {found['consent server']}")
    return found


def _consent(made: Stage, count: int, seconds: float) -> dict[str, object]:
    """A flood of the consent server: its time ends it, and a consent given meanwhile is kept."""
    output = made.folder / "consent.token"
    argv = [sys.executable, "-m", "scripts.youtube_auth", "--channel", "wild_planet", "--no-browser", "--output",
            str(output)]  # fmt: skip
    env = made.env
    ended_after = _unanswered(argv, env, count)
    process = subprocess.Popen(
        [*argv, "--timeout", "120"],
        env=env,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    address = _address(process)
    back = urlsplit(dict(httpx.QueryParams(urlsplit(address).query))["redirect_uri"])
    flooding = subprocess.Popen(
        [sys.executable, str(FLOODING), str(back.port), str(count), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    time.sleep(seconds / 2)  # in the midst of it
    began = time.monotonic()
    told = httpx.get(address, follow_redirects=True, timeout=PATIENCE_S)
    took = time.monotonic() - began
    process.communicate(timeout=PATIENCE_S)
    said = json.loads(flooding.communicate()[0])
    assert (told.status_code, process.returncode) == (200, 0), (told.text[:200], address, process.returncode)
    assert output.exists()
    return said | {"answered_s": round(took, 2), "timeout_5_s_ended_after_s": ended_after}


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"open this address to allow uploads: ([^\s\"]+)", line):
            return found[1]
    raise AssertionError("the consent server printed no address")


def _unanswered(argv: list[str], env: dict[str, str], count: int) -> float:
    process = subprocess.Popen(
        [*argv, "--timeout", "5"], env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    address, began = _address(process), time.monotonic()
    back = urlsplit(dict(httpx.QueryParams(urlsplit(address).query))["redirect_uri"])
    flooding = subprocess.Popen(
        [sys.executable, str(FLOODING), str(back.port), str(count), "8"], stdout=subprocess.DEVNULL
    )
    process.communicate(timeout=PATIENCE_S)
    took = time.monotonic() - began
    flooding.wait()
    assert process.returncode == 77, process.returncode
    return round(took, 1)


def _judge(
    made: Stage,
    found: dict[str, dict[str, object]],
    delays_ms: tuple[float, float],
    during: tuple[int, int],
    episodes: int,
    text: str,
) -> Result:
    turned = re.findall(r'videod_connections{listener="(\w+)",outcome="(\w+)"} (\d+)', text)
    assert made.daemon is not None
    pid = made.daemon.pid
    result: Result = {
        "listeners": len(found), "opened": sum(int(str(one["opened"])) for one in found.values()),
        "daemon": {f"{listener} {outcome}": int(count) for listener, outcome, count in turned},
        "jobs_done_meanwhile": during[0], "published_meanwhile": during[1],
        "published": made.statuses().count("published"),
        "asked": sum(int(str(one.get("asked", 0))) for one in found.values()),
        "unanswered": sum(int(str(one.get("unanswered", 0))) for one in found.values()),
        "slowest_answer_s": max(float(str(one.get("slowest_s", 0))) for one in found.values()),
        "files": len(list(Path(f"/proc/{pid}/fd").iterdir())),
        "rss_mb": round(int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0]) / 1024, 1),
        "loop_delay_p99_ms_before": delays_ms[0], "loop_delay_p99_ms": delays_ms[1],
    }  # fmt: skip
    say(str(result))
    assert result["published"] == episodes and during[0] > 0
    # a host that is busy with other things is late without any flood
    assert delays_ms[1] <= max(DELAY_MS, delays_ms[0]), f"the loop's delay at p99 is {delays_ms[1]} ms"
    assert not result["unanswered"], {name: one for name, one in found.items() if one.get("unanswered")}
    made.check_purchases()
    return result


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--connections", type=int, default=10_000, help="at once at each listener; default 10,000")
    parser.add_argument("--seconds", type=float, default=15, help="how long each flood lasts")
    parser.add_argument("--minutes", type=float, default=20, help="give up after so long")


CAMPAIGN = Campaign(
    "floods",
    "Thousands of unfinished connections at every listener: daemon alive, episodes go on, honest callers answered.",
    _options,
    lambda folder, given: campaign(folder, given.episodes, given.connections, given.seconds, given.minutes * 60),
)
