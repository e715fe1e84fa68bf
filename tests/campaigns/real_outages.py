"""Outages of the board in real time: a whole daemon on the simulated services, and people who go on at the board
meanwhile.

python -m tests.campaigns real-outages --down 120 --busy 300

Connections are refused for two minutes, then every request is answered with 429 for five, with ten episodes in work.
People see the board all the while: they approve, correct titles, cancel and queue. Measured from Notion's first good
answer: when every entry is right and every wish taken; that no Status is written which was no longer true (history is
not replayed); that the pace of three requests a second is kept.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.campaigns import invariants
from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.gateway import Asked, Gateway
from tests.harness.mutating import base_of
from tests.harness.patience import until
from tests.live.board import Board, Row
from tests.live.stage import NOTION_PER_MINUTE, Stage
from videod.core.statuses import AT_GATE, BY_LABEL, GATES, LABELS, Status
from videod.sandbox.admin import most_within

#: a Status may be on its way to the board for so long after it has changed, seconds
STALE_S = 5.0
#: Notion's own limit, requests a minute, and what evenly spaced ones come to in ten seconds
PER_MINUTE = NOTION_PER_MINUTE
PER_TEN_SECONDS = PER_MINUTE // 6 + 1
RETRY_AFTER_S = 15
ENTRIES, MORE = 10, 6
CHANNELS = ("wild_planet", "deep_ocean")
TOPICS = ("brown bears", "humpback whales", "arctic wolves", "sea turtles", "red foxes", "elephants", "penguins")
PASSED = (Status.PUBLISHED, Status.CANCELLED)


class Site:
    """One stage with the gateway before its board. The first channel asks at every review, the second at none."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        channel: dict[str, object] = {"max_concurrent": 10, "clip_seconds": 5}
        slow = ("--generation", "15", "--latency", "gemini=2", "--latency", "elevenlabs=2")
        self.made = Stage(folder, channel=channel, sandbox=slow, env={"VIDEOD_DAEMON_POLL_INTERVAL_S": "3"})
        asks = self.made.channels / f"{CHANNELS[0]}.yaml"
        gates = dict.fromkeys(("assets", "video", "audio", "final"), "review")
        asks.write_text(yaml.safe_dump(yaml.safe_load(asks.read_text()) | {"gates": gates}))
        self.chance = chance
        self.gateway = Gateway("notion", base_of(self.made.env["VIDEOD_URL_NOTION"]))
        self.board = Board(self.made.env)
        self.written = 0
        self.made.start(VIDEOD_URL_NOTION=self.gateway.url)

    def close(self) -> None:
        self.board.__exit__()
        self.made.close()
        self.gateway.close()

    def write(self, channel: int) -> None:
        topic = f"{TOPICS[self.written % len(TOPICS)]} {self.written // len(TOPICS)}"
        self.board.write(f"Story {self.written}", CHANNELS[channel], topic, f"One of the {topic} waits.")
        self.written += 1

    def statuses(self) -> dict[str, Status]:
        """Page -> the true status."""
        return {row["page_id"]: Status(row["status"]) for row in self.made.rows("SELECT page_id, status FROM tasks")}

    def wrong(self) -> dict[str, str]:
        """Page -> how what its entry shows differs from what is true."""
        before, entries = self.statuses(), self.board.entries()
        titles = {row["page_id"]: row["title"] for row in self.made.rows("SELECT page_id, title FROM tasks")}
        after = self.statuses()
        found = {}
        for entry in entries:
            page, shown = str(entry["id"]), BY_LABEL[str(entry["Status"])]
            if page not in before or page not in after:
                if shown != Status.CANCELLED:  # else it was cancelled before videod saw it: nothing to take
                    found[page] = "not taken"
            elif shown not in (before[page], after[page]) and "files on the board" not in str(entry["Progress"]):
                found[page] = f"shows {shown}, is {after[page]}"
            elif entry["Title"] != titles[page]:
                found[page] = f"is called {entry['Title']}, videod calls it {titles[page]}"
        return found

    def reviews(self) -> list[Row]:
        return [entry for entry in self.board.entries() if BY_LABEL[str(entry["Status"])] in AT_GATE]

    def approve(self, entries: list[Row]) -> None:
        for entry in entries:
            gate = AT_GATE[BY_LABEL[str(entry["Status"])]]
            self.board.set_status(entry, GATES[gate][1])


def _edits(site: Site) -> list[Callable[[], None]]:
    """What people do during one outage, in order. Each looks at the board as it stands then."""
    chance, board = site.chance, site.board

    def open_ones(*but: Status) -> list[Row]:
        return [entry for entry in board.entries() if BY_LABEL[str(entry["Status"])] not in (*PASSED, *but)]

    def approve() -> None:
        site.approve(site.reviews()[:1])

    def correct() -> None:
        entry = chance.choice(open_ones(Status.UPLOADING))
        board.set_title(entry, f"{entry['Title']}, corrected")

    def cancel() -> None:
        others = [entry for entry in open_ones(*AT_GATE, Status.UPLOADING) if entry["Channel"] == CHANNELS[1]]
        if others:
            board.set_status(chance.choice(others), Status.CANCELLED)

    return [approve, correct, cancel, lambda: site.write(0), correct, approve, lambda: site.write(1)]


def outage(site: Site, seconds: float, kind: str) -> Result:
    """One outage, `kind` "refused" or "429", with people's edits spread over it, and what came after it."""
    gateway = site.gateway
    if kind == "refused":
        gateway.close()
    else:
        gateway.wait_s = RETRY_AFTER_S
    began = time.monotonic()
    edits = _edits(site)
    for number, edit in enumerate(edits, start=1):
        time.sleep(max(0.0, began + seconds * number / (len(edits) + 1) - time.monotonic()))
        edit()
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    behind, meanwhile = len(site.wrong()), len(gateway.asked)
    ended = time.time()
    if kind == "refused":
        gateway.reopen()
    else:
        gateway.wait_s = None
    good = _first_good(site, meanwhile)
    took, each, last = _right_after(site, good.at)
    time.sleep(20)  # what else it would write
    stale, most = _writes(site, gateway.asked[meanwhile:], good.at + took)
    return {
        "entries_behind": behind, "asked_after_s": round(good.at - ended, 1), "right_after_s": round(took, 1),
        "each_right_after_s": round(each, 1), "stale_writes": stale, "status_writes_of_an_entry_most": most,
        "last_wrong": last,
    }  # fmt: skip


def _first_good(site: Site, begin: int) -> Asked:
    """The first request after so many that was answered well."""

    def look() -> list[Asked]:
        return [one for one in site.gateway.asked[begin:] if one.status < 400]

    return until(look, site.made.log_tail)[0]


def _right_after(site: Site, since: float) -> tuple[float, float, str]:
    """Seconds until all entries are right at the same time, and until each was right once; what was wrong last."""
    pending = set(site.wrong())
    each = time.time() - since
    wrong = last = {"": "not looked yet"}
    while wrong:
        assert site.made.daemon is not None and site.made.daemon.poll() is None, site.made.log_tail()
        assert time.time() - since < 600, wrong
        wrong = site.wrong()
        last = wrong or last
        if pending:
            pending &= set(wrong)
            each = time.time() - since
        time.sleep(0.2)
    return time.time() - since, each, "; ".join(sorted(last.values()))


def _writes(site: Site, asked: list[Asked], until_s: float) -> tuple[int, int]:
    """How many Status writes were no longer true, and the most that one entry got until all were right."""
    pages = {row["page_id"]: row["id"] for row in site.made.rows("SELECT id, page_id FROM tasks")}
    stale = 0
    counts: Counter[str] = Counter()
    for one in asked:
        if not one.label or one.status >= 400:
            continue
        page = one.path.rsplit("/", 1)[1]
        if page in pages and not _was_true(site, pages[page], one):
            stale += 1
            say(f"{page} was set to {one.label}, which was no longer true")
        counts[page] += one.at <= until_s
    return stale, max(counts.values(), default=0)


def _was_true(site: Site, task: str, one: Asked) -> bool:
    """Whether the label was the entry's true status when it was written, or shortly before."""
    rows = site.made.rows("SELECT at, status FROM history WHERE task_id = ? AND status IS NOT NULL ORDER BY id", task)
    for number, row in enumerate(rows):
        ends = rows[number + 1]["at"] if number + 1 < len(rows) else 1 << 62
        if LABELS[Status(row["status"])] == one.label and row["at"] / 1000 <= one.at <= ends / 1000 + STALE_S:
            return True
    return False


def run(folder: Path, given: argparse.Namespace) -> Result:
    site = Site(folder / "stage", random.Random(given.seed))
    try:
        found: Result = {}
        for number in range(ENTRIES):
            site.write(number % 2)
        for name, seconds, kind in (("refused", given.down, "refused"), ("429", given.busy, "429")):
            until(lambda: len(site.reviews()) >= 2, site.made.log_tail)
            one = outage(site, seconds, kind)
            say(f"{name} for {seconds:.0f} s: {one}")
            found |= {f"{name}_{what}": value for what, value in one.items()}
            for number in range(MORE if kind == "refused" else 0):
                site.write(number % 2)
        found |= _pace(site)
        _judge(found)
        _to_the_end(site)
        code = site.made.stop()
        wrong = invariants.broken(site.made, published=False, alike=True)
        statuses = Counter(site.made.statuses())
        assert not code and not wrong, (code, wrong)
        return found | {"episodes": dict(statuses)}
    finally:
        site.close()


def _judge(found: Result) -> None:
    for name in ("refused", "429"):
        assert float(str(found[f"{name}_right_after_s"])) <= 30, found
        assert found[f"{name}_stale_writes"] == 0, found
    assert int(str(found["most_in_10_s"])) <= PER_TEN_SECONDS, found
    assert int(str(found["most_in_a_minute"])) <= PER_MINUTE, found


def _to_the_end(site: Site) -> None:
    """Cancel what is not published yet; the board ends right."""
    for entry in site.board.entries():
        if BY_LABEL[str(entry["Status"])] not in PASSED:
            site.board.set_status(entry, Status.CANCELLED)

    def done() -> bool:
        return set(site.statuses().values()) <= set(PASSED) and not site.wrong()

    until(done, lambda: (site.statuses(), site.wrong(), site.made.log_tail()))


def _pace(site: Site) -> Result:
    """The daemon's own requests: what the simulated service's log holds, and those that were turned away before it."""
    log = [int(str(row["at_ms"])) for row in site.made.asked("notion") if "notion-sdk" in str(row["headers"])]
    times = sorted(round(one.at * 1000) for one in site.gateway.asked)
    return {
        "requests": len(times), "in_the_stand_ins_log": len(log), "most_in_a_second": most_within(times, 1000),
        "most_in_10_s": most_within(times, 10_000), "most_in_a_minute": most_within(times, 60_000),
        "log_most_in_10_s": most_within(sorted(log), 10_000),
    }  # fmt: skip


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--down", type=float, default=120, help="seconds without a connection, default 120")
    parser.add_argument("--busy", type=float, default=300, help="seconds of 429, default 300")


CAMPAIGN = Campaign("real-outages", "the board away in real time: right again in 30 s, nothing replayed", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
