"""Each of the day's quotas and budgets is alerted once at 80 and once at 100 %, and `status` shows it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, NOON, POLICY, StudioBox, at_once
from videod.cli import client, main
from videod.core.allowances import Allowance, Kind, kept, told
from videod.core.events import JobStarted
from videod.core.statuses import Status
from videod.daemon.allowances import AllowanceWatch
from videod.flow.limits import Limit
from videod.store import reads, views

DAY = 24 * HOUR


class Days:
    """A studio whose image service has a quota and whose channel has a budget; `look` is the minute's look."""

    def __init__(self, state: Path, quota: int = 10, budget: int = 10**12) -> None:
        self.box = StudioBox(state, policy=replace(POLICY, daily_budget_micros=budget))
        self.limits = {"pillow": Limit(2, daily_quota=quota), "kie": Limit(2)}
        own = replace(POLICY, daily_budget_micros=budget)
        self.policies = [own, replace(own, channel_id="deep_sea", uploads_per_day=2)]
        self.start()

    def start(self) -> None:
        self.watch = AllowanceWatch(
            self.box.store, self.box.ledger, self.box.clock, lambda: self.limits, lambda: self.policies  # type: ignore[arg-type]
        )  # fmt: skip

    def use(self, times: int) -> None:
        """Jobs that count to the quota, started outside the ledger's own warning."""
        day = self.limits["pillow"].quota(self.box.clock.at)
        assert day is not None
        at_once(self.box.store.write(lambda tx: tx.execute(
            "INSERT INTO quota_usage VALUES ('pillow', ?, ?) ON CONFLICT DO UPDATE SET used = used + ?",
            (day.day, times, times),
        )))  # fmt: skip
        self.look()

    def look(self) -> None:
        at_once(self.watch.look())
        self.box.clock.at += MINUTE

    def heard(self, word: str = "") -> list[str]:
        posts = at_once(self.box.store.read(reads.pending_messages))
        return [str(one.body["text"]) for one in posts if one.target == "alert" and word in str(one.body["text"])]

    def shown(self) -> dict[str, Allowance]:
        return {one.name: one for one in at_once(self.box.store.read(lambda tx: views.overview(tx, NOON))).allowances}


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    one = Days(tmp_path)
    yield one
    one.box.close()


def test_a_quota_is_reported_at_80_and_at_100_percent_once_a_day(days: Days) -> None:
    days.use(7)
    assert days.heard() == []
    days.use(1)
    (text,) = days.heard()
    assert text == "8 of 10 pillow jobs of 2026-11-21 are used. Jobs after the last one wait for the next day."
    days.use(1)
    days.start()  # a restart repeats nothing
    days.look()
    assert len(days.heard()) == 1
    days.use(1)
    days.use(2)  # the limit was lowered meanwhile, or a job slipped in
    (text,) = days.heard("used up")
    assert "10 of 10 jobs of 2026-11-21" in text and "wait until 2026-11-22 00:00 UTC" in text
    assert "`daily_quota` in [services.pillow]" in text
    days.box.clock.at += DAY
    days.look()
    assert len(days.heard()) == 2
    days.use(8)
    assert len(days.heard("jobs of 2026-11-22")) == 1


def test_a_limit_that_is_lowered_below_what_was_used_is_reported_at_once(days: Days) -> None:
    days.use(6)
    days.limits["pillow"] = Limit(2, daily_quota=6)
    days.look()
    assert len(days.heard("used up")) == 1 and len(days.heard()) == 1


def test_what_the_ledger_told_at_a_start_is_not_told_again(days: Days) -> None:
    days.use(7)
    task = days.box.queue("Bears")
    while not (composites := [name for name in days.box.ready(task) if name.startswith("composite/")]):
        days.box.make(task, days.box.ready(task)[0])
    quota = days.limits["pillow"].quota(days.box.clock.at)
    days.box.apply(JobStarted(days.box.clock.at, task, composites[0], "d" * 64, quota))
    assert len(days.heard("8 of 10 pillow jobs")) == 1
    days.look()
    assert len(days.heard()) == 1


def test_a_small_quota_is_reported_only_when_it_is_used_up(days: Days) -> None:
    days.limits["pillow"] = Limit(2, daily_quota=4)
    days.use(3)
    assert days.heard() == []
    days.use(1)
    assert len(days.heard("used up")) == 1


def test_a_budget_is_reported_at_80_percent_and_by_the_job_that_no_longer_fits(tmp_path: Path) -> None:
    days = Days(tmp_path, budget=1_250_000)
    task = days.box.bring_to(days.box.queue("Bears"), Status.ASSETS_APPROVED)
    while made := [one for one in days.box.ready(task) if not one.startswith("clip/")]:
        days.box.make(task, made[0], 1000)
    for clip in ("clip/clip_01", "clip/clip_02"):
        days.look()
        days.box.make(task, clip)
    days.look()  # $0.84
    assert days.heard() == []
    attempt = days.box.start(task, "clip/clip_03")  # its price is reserved
    days.look()
    (text,) = days.heard()
    assert text.startswith("wild_earth has used $1.19 of $1.25 of its day's budget.")
    assert "`daily_budget_usd` in channels/wild_earth.yaml" in text
    days.box.succeed(task, "clip/clip_03", attempt)
    days.start()
    days.look()
    assert len(days.heard()) == 1
    days.box.apply(JobStarted(days.box.clock.at, task, "clip/clip_04", "d" * 64))
    assert len(days.heard("is spent")) == 1
    days.look()
    assert len(days.heard()) == 2
    days.box.close()


def test_what_was_reported_a_day_is_closed_when_the_day_is_over(days: Days) -> None:
    days.use(10)
    assert len(at_once(days.box.store.read(reads.open_alerts))) == 1
    days.box.clock.at += 2 * DAY
    days.look()
    assert at_once(days.box.store.read(reads.open_alerts)) == ()


def test_status_shows_them_and_how_deep_each_queue_is(
    days: Days, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    days.box.bring_to(days.box.queue("Bears"), Status.ASSETS_READY)
    for title in ("Owls", "Fish"):
        days.box.queue(title, "deep_sea")
    days.use(9)
    days.box.clock.at += 3 * HOUR
    monkeypatch.setattr(client, "now_ms", lambda: days.box.clock.at)
    main.run(["status", "--json", "--state", str(tmp_path)])
    body = json.loads(capsys.readouterr().out)
    assert [(one["channel"], one["queued"], one["reviews"]) for one in body["queues"]] == [
        ("deep_sea", 2, 0), ("wild_earth", 0, 1),
    ]  # fmt: skip
    found = {one["service"] or one["channel"]: one for one in body["allowances"]}
    assert (found["pillow"]["used"], found["pillow"]["most"], found["pillow"]["kind"]) == (9, 10, "quota")
    assert (found["wild_earth"]["used"], found["wild_earth"]["most"]) == (0.137, 1_000_000.0)
    main.run(["status", "--state", str(tmp_path)])
    text = capsys.readouterr().out
    assert "pillow: 9 of 10 jobs, until" in text and "wild_earth: $0.14 of $1,000,000.00, until" in text
    assert "deep_sea" in text.split("Channels")[1] and "3 h" in text.split("Channels")[1]


def test_the_uploads_of_a_channel_are_shown_and_no_alert(days: Days) -> None:
    days.limits = {}
    for title in ("Owls", "Fish"):
        days.box.bring_to(days.box.queue(title, "deep_sea"), Status.PUBLISHED)
    days.look()
    shown = [one for one in at_once(days.box.store.read(lambda tx: views.overview(tx, NOON))).allowances if one.used]
    assert [one.words for one in shown if one.kind is Kind.UPLOADS] == ["deep_sea: 2 of 2 uploads"]
    assert not days.heard("uploads")


def test_nothing_is_said_of_no_budget_and_nonsense_is_left_out() -> None:
    assert told(Allowance(Kind.BUDGET, "wild_earth", "1", 0, 0, 0)) is None
    one = Allowance(Kind.QUOTA, "kie", "2026-11-21", 3, 7, 9)
    assert kept([one.plain(), {"kind": "other"}, 7, {"kind": "quota", "used": "x"}]) == (one,)
    assert kept({"no": "list"}) == ()
