"""A daemon that asks Notion once a minute, and Notion's webhook: set up as a person does it, then everything at once.

Real handshake, entries picked up by the webhook, wrong, old and repeated signatures, a flood, slow bodies, kill -9, and
at last a Notion that calls nobody. Measured: the answers as the caller sees them, the event loop's delay, how long an
entry waits, how often Notion is asked meanwhile.

python -m tests.campaigns webhook
"""

import argparse
import asyncio
import json
import random
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.campaigns.crowd import Memory, metrics
from tests.campaigns.floods import p99_ms
from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.patience import PATIENCE_S, until
from tests.live.stage import Stage
from videod.cli.demo_person import Person
from videod.core.deliveries import HEADER, signature
from videod.core.webhook import PATH, SECRET

HOST = "hooks.example.com"
#: the daemon's own looks are so far apart, seconds
POLL_S = 60
#: an answer may take so long (P4), ms
ANSWER_MS = 500
#: what an entry waits for at most in the middle, seconds
PICKED_UP_S = 1.0


class Hook:
    """The daemon's listener as somebody outside sees it: `post` returns (status, ms); 0 for no answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.token = ""

    async def post(self, body: bytes, token: str | None, pieces: int = 1, pause_s: float = 0.0) -> tuple[int, float]:
        head = f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n"
        head += f"{HEADER}: {signature(body, token)}\r\n" if token is not None else ""
        began = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(head.encode() + b"\r\n")
            size = -(-len(body) // pieces)
            for at in range(0, len(body), size):
                writer.write(body[at : at + size])
                if pause_s:
                    await writer.drain()
                    await asyncio.sleep(pause_s)
            answer = await reader.read()
            writer.close()
        except OSError:
            return 0, (time.monotonic() - began) * 1000
        return int(answer.split()[1]) if answer else 0, (time.monotonic() - began) * 1000


def event(name: str | None = None, hours_ago: float = 0, size: int = 0) -> bytes:
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    return json.dumps({
        "id": name or str(uuid.uuid4()), "timestamp": at.isoformat(), "type": "page.properties_updated",
        "authors": [{"id": "x", "type": "person"}], "entity": {"id": "x", "type": "page"},
        "data": {"updated_blocks": ["x" * size]},
    }).encode()  # fmt: skip


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def campaign(folder: Path, given: argparse.Namespace) -> Result:
    hook = Hook(_free_port())
    settings = f'[webhook]\nport = {hook.port}\nhost = "{HOST}"\n'
    gates: dict[str, object] = {"gates": dict.fromkeys(("assets", "video", "audio", "final"), "review")}
    env = {"VIDEOD_DAEMON_POLL_INTERVAL_S": str(POLL_S)}
    made = Stage(folder / "stage", gates, ("--notion-rate", "180"), settings, env)
    made.env.pop(SECRET, None)
    chance = random.Random(given.seed)
    try:
        _set_up(made, hook)
        found: Result = {"picked_up": _picked_up(made, given.entries), "asked_calm": _asked_a_second(made, 10)}
        found["refused"] = asyncio.run(_refused(made, hook))
        found |= _flood(made, hook, given.requests, given.seconds, chance)
        found |= _slow(made, hook, given.slow)
        found["after_kill"] = asyncio.run(_known_after_kill(made, hook))
        found["picked_up_without_webhook_s"] = _without(made)
        found["published_or_waiting"] = dict(Counter(made.statuses()))
        _nothing_said(made, hook)
        return found
    finally:
        made.close()


# ------------------------------------------------------------------------------------------- setting it up


def _command(made: Stage, *words: str) -> dict[str, object]:
    argv = [sys.executable, "-m", "videod", *words, "--json", "--config", str(made.config)]
    done = subprocess.run(argv, env=made.env, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _up(made: Stage) -> None:
    """Start, and wait until the listener is open."""
    before = made.log.read_bytes().count(b"webhook_listen_done") if made.log.exists() else 0
    made.start()
    until(lambda: made.log.read_bytes().count(b"webhook_listen_done") > before, made.log_tail)


def _notion(made: Stage, what: str = "webhook", **given: object) -> dict[str, object]:
    answer = made.admin(f"/set/notion/{what}", "PUT", given)
    assert isinstance(answer, dict)
    return answer


def _set_up(made: Stage, hook: Hook) -> None:
    """The handshake, as `docs/operations.md` tells a person."""
    _up(made)
    _notion(made, url=f"http://127.0.0.1:{hook.port}{PATH}", together_s=0.05, pace=0.001)
    tokens = until(lambda: _command(made, "notion", "webhook")["tokens"], made.log_tail)
    assert isinstance(tokens, list)
    hook.token = tokens[0]["token"]
    assert _notion(made, "webhook/verify", token=hook.token)["verified"]
    assert (made.state / "webhook.tokens").stat().st_mode & 0o777 == 0o600
    made.stop()
    made.env[SECRET] = hook.token
    _up(made)
    assert not (made.state / "webhook.tokens").exists()
    say("handshake: the token was shown, verified and is among the secrets")


# ------------------------------------------------------------------------------------------- entries


def _pick_up(made: Stage, person: Person, number: int) -> float:
    """How long after it was queued an entry became an episode, seconds."""
    title = f"Story {number}"
    person.write_entries([("wild_planet", (title, f"brown bears of valley {number}", "One of them waits."))])
    began = time.monotonic()
    until(lambda: made.rows("SELECT 1 FROM tasks WHERE title = ?", title), made.log_tail)
    return round(time.monotonic() - began, 2)


def _picked_up(made: Stage, entries: int) -> dict[str, object]:
    person, waited = made.person(), []
    time.sleep(2 * POLL_S / 10)  # the looks of a start are over
    for number in range(entries):
        waited.append(_pick_up(made, person, number))
        time.sleep(3)
    say(f"entries became episodes after {waited} s; videod itself looks every {POLL_S} s")
    assert statistics.median(waited) <= PICKED_UP_S, waited
    return {"entries": entries, "median_s": statistics.median(waited), "slowest_s": max(waited)}


def _looks(made: Stage) -> int:
    """How often the daemon asked Notion for what is new."""
    return sum("httpx" not in str(row["headers"]) for row in made.asked("notion", "/query", "POST"))


def _asked_a_second(made: Stage, seconds: float) -> float:
    before, began = _looks(made), time.monotonic()
    time.sleep(seconds)
    return round((_looks(made) - before) / (time.monotonic() - began), 2)


# ------------------------------------------------------------------------------------------- bad callers


def _report(made: Stage) -> dict[str, object]:
    found = _command(made, "status")["webhook"]
    assert isinstance(found, dict)
    return found


async def _refused(made: Stage, hook: Hook) -> dict[str, int]:
    """Signatures that are wrong, old or repeated."""
    known, answers = event(), Counter[int]()
    assert (await hook.post(known, hook.token))[0] == 200
    stranger = json.dumps({"verification_token": "secret_of_a_stranger"}).encode()
    for body, token, wanted in (
        (event(), "secret_of_an_earlier_subscription", 401),
        (event(), None, 401),
        (event(hours_ago=49), hook.token, 400),
        (known, hook.token, 200),
        (stranger, None, 409),
    ):
        for _ in range(50):
            status, _ms = await hook.post(body, token)
            assert status == wanted, (body, status, wanted)
            answers[status] += 1
    report = await asyncio.to_thread(_settled, made, "refused", 200)
    say(f"wrong, missing, old and repeated signatures: {dict(answers)}; videod counts {report['refused_reasons']}")
    return dict(report["refused_reasons"])


def _settled(made: Stage, name: str, least: int) -> dict[str, object]:
    return until(lambda: found if int(str((found := _report(made))[name])) >= least else None, made.log_tail)


def _percentile(took: list[float], share: float) -> float:
    return round(sorted(took)[min(len(took) - 1, int(share * len(took)))], 1)


async def _in_time(
    count: int, seconds: float, one: Callable[[int], Awaitable[tuple[int, float]]]
) -> list[tuple[int, float]]:
    """Begin `count` requests evenly over `seconds`, whether earlier ones were answered or not."""
    began, tasks = time.monotonic(), []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number * seconds / count - time.monotonic()))
        tasks.append(asyncio.ensure_future(one(number)))
    return list(await asyncio.gather(*tasks))


def _flood(made: Stage, hook: Hook, count: int, seconds: float, chance: random.Random) -> Result:
    """Signed news, repeats, wrong and no signatures, and large bodies, all mixed."""
    known = event()
    kinds: list[tuple[Callable[[], bytes], str | None]] = [
        (event, hook.token), (lambda: known, hook.token), (event, "secret_of_somebody"), (event, None),
        (lambda: event(size=100_000), hook.token),
    ]  # fmt: skip
    chosen = [chance.choices(kinds, (5, 5, 5, 5, 1))[0] for _ in range(count)]

    async def one(number: int) -> tuple[int, float]:
        make, token = chosen[number]
        return await hook.post(make(), token)

    assert made.daemon is not None
    memory = Memory(made.daemon.pid)
    memory.start()
    calm = metrics(made.state)
    time.sleep(seconds)
    before, looks, began = metrics(made.state), _looks(made), time.monotonic()
    answers = asyncio.run(_in_time(count, seconds, one))
    took_s = time.monotonic() - began
    after, asked = metrics(made.state), _looks(made) - looks
    memory.ended.set()
    took = [ms for _, ms in answers]
    statuses = Counter(status for status, _ in answers)
    found: Result = {
        "flood": dict(statuses), "flood_s": round(took_s, 1), "answer_p50_ms": _percentile(took, 0.5),
        "answer_p99_ms": _percentile(took, 0.99), "answer_max_ms": round(max(took), 1),
        "loop_delay_calm_p99_ms": p99_ms(calm, before), "loop_delay_p99_ms": p99_ms(before, after),
        "looks_in_flood": asked, "rss_mb": round(memory.most_mb, 1),
    }  # fmt: skip
    say(str(found))
    assert set(statuses) == {200, 401} and not statuses[0], statuses
    assert float(str(found["answer_p99_ms"])) < ANSWER_MS, found
    assert asked <= 1.4 * took_s + 3, f"Notion was asked {asked} times in {took_s:.0f} s"
    assert not made.admin("/load")["throttled"].get("notion")
    return found


def _slow(made: Stage, hook: Hook, count: int) -> Result:
    """Bodies that come a byte at a time, more than there are places, while Notion sends what is well signed."""

    async def both() -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        slow = [asyncio.ensure_future(hook.post(event(size=2_000), hook.token, 60, 1.0)) for _ in range(count)]
        await asyncio.sleep(1)
        good = await _in_time(100, 10, lambda _: hook.post(event(), hook.token))
        for one in slow:
            one.cancel()
        ended = await asyncio.gather(*slow, return_exceptions=True)
        return good, [one for one in ended if isinstance(one, tuple)]

    before = metrics(made.state)
    good, cut = asyncio.run(both())
    took = [ms for _, ms in good]
    statuses = Counter(status for status, _ in good)
    found: Result = {
        "slow_bodies": count, "slow_cut": len(cut), "beside_slow": dict(statuses),
        "beside_slow_p99_ms": _percentile(took, 0.99), "beside_slow_loop_p99_ms": p99_ms(before, metrics(made.state)),
    }  # fmt: skip
    say(str(found))
    assert statuses[200] == len(good), statuses
    return found


# ------------------------------------------------------------------------------------------- its limits


async def _known_after_kill(made: Stage, hook: Hook) -> str:
    """What was taken before a kill -9 is a repeat after it."""
    known = event()
    assert (await hook.post(known, hook.token))[0] == 200
    taken = int(str(_report(made)["taken"]))
    await asyncio.to_thread(_settled, made, "taken", taken)
    await asyncio.sleep(5)  # it is written down every two seconds
    made.kill()
    await asyncio.to_thread(_up, made)
    assert (await hook.post(known, hook.token))[0] == 200
    report = await asyncio.to_thread(_settled, made, "repeats", 1)
    assert int(str(report["repeats"])) >= 1
    return "known"


def _without(made: Stage) -> float:
    """Notion calls nobody: the next look finds the entry."""
    made.fault(service="notion", kind="event_lost", endpoint="EVENT *")
    waited = _pick_up(made, made.person(), 1_000)
    made.admin("/faults", "DELETE")
    say(f"without a call the entry waited {waited} s for the next look")
    assert waited <= POLL_S * 1.5
    return waited


def _nothing_said(made: Stage, hook: Hook) -> None:
    """The token stands nowhere but in the environment and, at Notion, in the subscription."""
    for path in (made.log, *made.state.glob("*")):
        if path.is_file():
            assert hook.token.encode() not in path.read_bytes(), path


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--entries", type=int, default=10, help="how many entries are queued one by one; default 10")
    parser.add_argument("--requests", type=int, default=2_000, help="of the flood; default 2,000")
    parser.add_argument("--seconds", type=float, default=10, help="how long the flood lasts; default 10")
    parser.add_argument("--slow", type=int, default=200, help="slow bodies at once; default 200")


CAMPAIGN = Campaign(
    "webhook",
    "Notion's webhook set up, used, forged, flooded and lost: answers in time, entries at once, Notion's pace kept.",
    _options,
    campaign,
)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
