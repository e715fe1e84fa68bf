"""Writes and fsyncs that fail (EIO, ENOSPC): a script says "disk" and is run again, the daemon leaves with 75.

After a failed fsync nobody knows what is on the disk, so the daemon ends like a crash; the next start examines the
database and continues, and not one purchase is made twice beyond the doubts told.
"""

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.campaigns import invariants, tracing
from tests.campaigns.frame import Campaign, Result, main, need_program, say
from tests.campaigns.points import failure, finish
from tests.campaigns.shop import Shop, open_shop
from tests.live.stage import Stage
from videod.store.schema import migrate

TEMPORARY = 75
KINDS = ("image", "clip", "narration", "upload", "composite")
#: what a disk says, and the calls it says it to; "+": and to every later one, as a full disk does
ERRORS = (("fsync", "EIO", ""), ("write", "ENOSPC", "+"), ("rename", "EIO", ""))
#: what a script may call a failing disk: its own trouble, or the doubt that an unwritten receipt leaves
TOLD = ("disk", "in_doubt", None)


def run(folder: Path, given: argparse.Namespace) -> Result:
    (folder / "shop").mkdir()
    with open_shop(folder / "shop") as shop:
        scripts = {kind: _script(shop, kind, given) for kind in given.kinds.split(",") if kind}
    ends = _daemon(folder / "stage", given.ends, given.to_end) if given.ends else 0
    return {"scripts": scripts, "daemon_left_with_75": ends}


def _script(shop: Shop, kind: str, given: argparse.Namespace) -> str:
    """Fail every such call of one script in turn, then let it end well."""
    calls = tuple(call for call, _, _ in ERRORS)
    first = shop.order(kind, 0)
    counted = tracing.run(first.argv, calls, env=shop.env, follow=False)
    assert counted.code == 0, counted.err
    # a script's words on stdout are no file of its
    silent = sum(call.name == "write" and "<pipe:" in call.text for call in counted.calls)
    points = [
        (call, error, more, at) for call, error, more in ERRORS
        for at in range(1, tracing.most(counted, call) + 1 - (silent if call == "write" else 0))
    ][given.seed % given.every :: given.every]  # fmt: skip
    for number, (call, error, more, at) in enumerate(points, start=1):
        order = shop.order(kind, number)
        when = f"{kind}, {call} {at}{more} gives {error}"
        before = shop.counts()
        inject = f"{call}:error={error}:when={at}{more}"
        failed = tracing.run(order.argv, calls, env=shop.env, inject=inject, follow=False)
        _check_told(failed, when)
        doubts = finish(shop, order, when)
        bought = shop.counts() - before
        assert bought.total() <= 1 + doubts, f"{when}: bought {bought.total()} times with {doubts} doubts told"
    say(f"{kind}: {len(points)} failing calls")
    return f"{len(points)} failing calls"


def _check_told(failed: tracing.Traced, when: str) -> None:
    """It must not have ended well, unless only words were lost, and must have called it what it is."""
    hit = [call for call in failed.calls if "(INJECTED)" in call.text]
    assert hit, f"{when}: nothing was failed"
    on_files = [call for call in hit if "<pipe:" not in call.text]
    if on_files:
        assert failed.code != 0, f"{when}: it says it is done"
        assert failure(failed.out) in TOLD, f"{when}: it says {failure(failed.out)}: {failed.err}"


def _daemon(folder: Path, ends: int, to_end: bool) -> int:
    """Fail the n-th fsync of the database's journal under a daemon at work, each time a later one."""
    strace = need_program("strace")
    made = Stage(folder, channel={"clips": 2, "images": 4})
    try:
        migrate(made.database)  # the daemon's own writes are counted, however many migrations there are
        person = made.person()
        person.write_entries([("wild_planet", ("A Bear", "brown bears", "A bear crosses a river."))])
        for number in range(ends):
            journal = f"{made.database}-wal"
            with made.log.open("ab") as out:
                inject = f"fdatasync,fsync:error=EIO:when={8 + 5 * number}"
                traced = [strace, "-f", "-qq", "-o", "/dev/null", "-P", journal, "-P", str(made.database)]
                argv = [sys.executable, "-m", "videod", "run", "--config", str(made.config)]
                daemon = subprocess.Popen(
                    [*traced, "-e", f"inject={inject}", *argv], env=made.env, stdout=out, stderr=out,
                    stdin=subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
            made.daemon = daemon
            code = _end_of(daemon, made)
            assert code == TEMPORARY, f"the daemon left with {code}: {made.log_tail()}"
            assert "daemon_database_lost" in made.log.read_text(), made.log_tail()
            made.log.rename(made.log.with_suffix(f".{number}"))
            found = invariants.of_database(made.database)
            assert not found, found
        _wait_for_children(made)
        made.start()
        if to_end:
            made.wait_for("published", times=2)
            made.wait_until_told()
        else:
            _wait_for_a_plan(made)
        made.stop()
        found = invariants.broken(made, published=to_end)
        assert not found, found
    finally:
        made.close()
    return ends


def _end_of(daemon: "subprocess.Popen[bytes]", made: Stage) -> int:
    try:
        return daemon.wait(60)
    except subprocess.TimeoutExpired:
        daemon.send_signal(signal.SIGTERM)
        raise AssertionError(f"the daemon went on after a failed fsync: {made.log_tail()}") from None


def _wait_for_a_plan(made: Stage) -> None:
    until = time.monotonic() + 60
    while not made.rows("SELECT 1 FROM jobs WHERE step = 'plan' AND state = 'done'"):
        assert time.monotonic() < until, made.log_tail()
        time.sleep(0.1)


def _wait_for_children(made: Stage) -> None:
    """Paid scripts may finish their call; the next daemon waits for them as well."""
    until = time.monotonic() + 20
    while made.children() and time.monotonic() < until:
        time.sleep(0.1)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"default {','.join(KINDS)}")
    parser.add_argument("--every", type=int, default=1, help="fail every n-th call only (default 1)")
    parser.add_argument("--ends", type=int, default=5, help="failed fsyncs of the database, default 5")
    parser.add_argument("--only-plan", action="store_false", dest="to_end", help="then see the episode planned only")


CAMPAIGN = Campaign(
    "disk-errors", "a failing or full disk is named, and nothing counts as done that is not", _options, run
)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
