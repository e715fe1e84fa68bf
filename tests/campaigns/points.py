"""A paid script killed at every point that matters: each durable call, and each word to or from the service.

Then it is simply run again, as videod would. It must end well with one purchase; where it says that it cannot know
(unconfirmed) it may be told to buy again, and then at most as many are bought too many as doubts were reported.
"""

import argparse
import json
import subprocess
from collections import Counter
from pathlib import Path

from tests.campaigns import tracing
from tests.campaigns.frame import Campaign, Result, main, say
from tests.campaigns.shop import DOUBT, PAID, Order, Shop, open_shop

#: the last two are the talk with the service: between them lies what was paid and not yet noted
CALLS = ("rename", "fsync", "unlink", "sendto", "recvfrom")
KINDS = (*PAID, "upload")
#: so often is a script started after a kill before it is called stuck
TRIES = 4


def run(folder: Path, given: argparse.Namespace) -> Result:
    found: dict[str, object] = {}
    with open_shop(folder) as shop:
        for kind in given.kinds.split(","):
            counted = tracing.run(shop.order(kind, 0).argv, CALLS, env=shop.env, follow=False)
            assert counted.code == 0, counted.err
            points = tracing.points(counted, CALLS)
            chosen = points[given.seed % given.every :: given.every]
            doubts = twice = unused = 0
            for number, (call, at) in enumerate(chosen, start=1):
                doubted, bought = _kill_and_go_on(shop, shop.order(kind, number), call, at)
                doubts, twice, unused = doubts + doubted, twice + bought - 1, unused + (doubted >= bought)
            shown = f"{len(chosen)} of {len(points)} points"
            found[kind] = f"{shown}, {doubts} in doubt, {twice} bought twice, {unused} doubts without a purchase"
            say(f"{kind}: {found[kind]}")
    return found


def _kill_and_go_on(shop: Shop, order: Order, call: str, at: int) -> tuple[int, int]:
    """Kill one run there, run it to its end; how often it was unconfirmed, how often it bought."""
    when = f"{order.argv[1]} killed at {call} {at}"
    before = shop.counts()
    killed = tracing.run(
        order.argv, CALLS, env=shop.env, inject=f"{call}:signal=KILL:when={at}", follow=False
    )  # fmt: skip
    assert tracing.killed(killed), f"{when}: ended with {killed.code}: {killed.err}"
    doubts = finish(shop, order, when)
    bought = shop.counts() - before
    assert len(bought) == 1, f"{when}: asked for {len(bought)} different things: {dict(bought)}"
    assert bought.total() <= 1 + doubts, f"{when}: bought {bought.total()} times with {doubts} doubts told"
    parts = [path.name for path in order.output.parent.iterdir() if ".part" in path.name]
    assert not parts, f"{when}: {parts} are left over"
    _check_finished(shop, order, when)
    return doubts, bought.total()


def finish(shop: Shop, order: Order, when: str) -> int:
    """Run it until it ends well, buying again where it says that it cannot know; how often it said so."""
    argv = order.argv
    for doubts in range(TRIES):
        done = subprocess.run(argv, env=shop.env, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode == 0:
            assert order.output.is_file(), f"{when}: done without {order.output}"
            return doubts
        kind = failure(done.stdout)
        assert kind == DOUBT, f"{when}: the next run failed as {kind}: {done.stderr}"
        argv = (*order.argv, "--buy-again")
    raise AssertionError(f"{when}: not done after {TRIES} more runs")


def failure(stdout: str) -> str | None:
    """The kind of the failure that a script told."""
    told = [json.loads(line) for line in stdout.splitlines() if line.startswith("{")]
    return next((str(one["kind"]) for one in told if one["type"] == "failure"), None)


def _check_finished(shop: Shop, order: Order, when: str) -> None:
    """A finished step that is run again asks nobody for anything."""
    before, written = shop.counts(), order.output.stat().st_mtime_ns
    done = subprocess.run(order.argv, env=shop.env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{when}: a finished step failed: {done.stderr}"
    assert shop.counts() == before, f"{when}: a finished step was bought again: {dict(Counter(shop.counts()) - before)}"
    assert order.output.stat().st_mtime_ns == written, f"{when}: a finished output was written again"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"default {','.join(KINDS)}")
    parser.add_argument("--every", type=int, default=1, help="kill at every n-th point only (default 1)")


CAMPAIGN = Campaign("points", "a paid script killed at any point buys once, or says that it cannot know", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
