"""The weekly message: once a week, over restarts and clocks, with the figures of that week, as people receive it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.cli.factory import HOUR, MINUTE, StudioBox, at_once
from tests.flow.board_double import BoardDouble
from tests.flow.board_double import Clock as BoardClock
from tests.harness.mailing import postbox
from videod.adapters import notifiers
from videod.config import Alerts
from videod.core.days import week
from videod.core.failures import Kind
from videod.core.statuses import Status
from videod.daemon.weekly import WeeklyReport
from videod.flow.relay import Relay
from videod.flow.turns import Turns
from videod.sandbox import slack
from videod.sandbox.kernel import Context, Options
from videod.store import reads

DAY = 24 * HOUR
#: 2026-11-23, a Monday
MONDAY = 1_795_392_000_000


class Weeks:
    """A studio with its weekly report; `let_pass` looks once an hour."""

    def __init__(self, state: Path, at: int) -> None:
        self.box = StudioBox(state, at)
        self.wanted = True
        self.start()

    def start(self) -> None:
        """A new daemon on the same database."""
        self.weekly = WeeklyReport(self.box.store, self.box.ledger, self.box.clock, lambda: self.wanted)  # type: ignore[arg-type]

    def let_pass(self, ms: int) -> None:
        for _ in range(0, ms, HOUR):
            at_once(self.weekly.look())
            self.box.clock.at += HOUR

    def heard(self) -> list[str]:
        posts = at_once(self.box.store.read(reads.pending_messages))
        return [str(one.body["text"]) for one in posts if one.target == "alert" and one.key.startswith("report:")]


@pytest.fixture
def weeks(tmp_path: Path) -> Iterator[Weeks]:
    one = Weeks(tmp_path, MONDAY - 5 * DAY)
    yield one
    one.box.close()


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_another_time_zone_sends_no_week_twice_and_leaves_none_out(weeks: Weeks, zone: str) -> None:
    assert week(MONDAY, "UTC").begin == MONDAY
    weeks.let_pass(5 * DAY + 9 * HOUR)
    assert len(weeks.heard()) == 1
    at_once(weeks.box.ledger.adopt_limits(zone, weeks.box.clock.at))
    weeks.let_pass(DAY)
    assert len(weeks.heard()) == 1
    weeks.let_pass(7 * DAY)
    assert len(weeks.heard()) == 2


def test_one_message_a_week_over_restarts_and_only_from_monday_morning_on(weeks: Weeks) -> None:
    weeks.let_pass(5 * DAY + 7 * HOUR)
    assert weeks.heard() == []
    for _ in range(4):
        weeks.let_pass(HOUR)
        weeks.start()
    assert len(weeks.heard()) == 1
    weeks.let_pass(7 * DAY)
    assert len(weeks.heard()) == 2


def test_a_daemon_that_was_off_sends_the_last_week_and_no_others(weeks: Weeks) -> None:
    weeks.let_pass(HOUR)
    weeks.box.clock.at = MONDAY + 16 * DAY
    weeks.start()
    weeks.let_pass(5 * HOUR)
    (text,) = weeks.heard()
    assert text.startswith("videod's week up to 2026-12-07 00:00 UTC")


def test_nobody_gets_what_was_not_asked_for_and_no_week_of_before(weeks: Weeks) -> None:
    weeks.wanted = False
    weeks.let_pass(15 * DAY)
    assert weeks.heard() == []
    weeks.wanted = True
    weeks.let_pass(2 * DAY)
    assert weeks.heard() == []
    weeks.let_pass(5 * DAY)
    assert len(weeks.heard()) == 1


def test_a_clock_that_was_a_year_ahead_costs_one_message_at_most(weeks: Weeks) -> None:
    weeks.box.clock.at += 365 * DAY
    weeks.let_pass(HOUR)
    weeks.box.clock.at -= 365 * DAY + HOUR
    weeks.let_pass(6 * DAY)
    assert len(weeks.heard()) == 1


def a_week(weeks: Weeks) -> None:
    """Two films, one that recovered; one stopped episode; one of the week before, one that waits."""
    box = weeks.box
    box.clock.at = MONDAY - 8 * DAY
    box.bring_to(box.queue("Of last week"), Status.PUBLISHED)
    box.clock.at = MONDAY - 5 * DAY
    box.bring_to(box.queue("Bears"), Status.PUBLISHED)
    task = box.bring_to(box.queue("Owls", "deep_sea"), Status.ASSETS_READY)
    box.clock.at += 3 * HOUR
    box.bring_to(task, Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.DOWN)
    box.clock.at += MINUTE
    box.bring_to(task, Status.PUBLISHED)
    stopped = box.bring_to(box.queue("<!channel> Ants", "tiny_hunters"), Status.ASSETS_APPROVED)
    box.fail(stopped, "clip/clip_01", Kind.INPUT)
    box.queue("Waits")


def test_the_message_has_the_figures_of_its_week(weeks: Weeks) -> None:
    weeks.let_pass(HOUR)
    a_week(weeks)
    weeks.box.clock.at = MONDAY + 8 * HOUR
    weeks.let_pass(HOUR)
    (text,) = weeks.heard()
    lines = text.splitlines()
    assert lines[0] == "videod's week up to 2026-11-23 00:00 UTC: 2 episodes published, 67 % (2 of 3) without a person"
    assert lines[1].startswith("2 episodes published: 1 without trouble, 1 recovered automatically, 0 with your help.")
    assert "1 stopped, 0 cancelled." in lines[1]
    assert "Transient failures that recovered automatically: 100 % (1 of 1), target 80 %." in text
    assert "Time at reviews, median: assets 0 s (longest 3 h)" in text
    assert "Queued now: wild_earth 1 (oldest 5 d" in text
    assert "- <!channel> Ants (tiny_hunters, channel-ants-" in text and "stopped, waits for you" in text
    assert "Of last week" not in text and "`videod report --week` shows more." in text


async def test_the_message_arrives_once_by_slack_and_by_mail_that_takes_warnings_only(
    weeks: Weeks, tmp_path: Path
) -> None:
    context, box = Context(tmp_path, Options()), weeks.box
    runner = web.AppRunner(slack.build(context))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    webhook = f"http://127.0.0.1:{runner.addresses[0][1]}{slack.PATH}"
    async with postbox() as mail:
        alerts = Alerts(
            email_to="me@example.org", email_from="videod@example.org", smtp_host="127.0.0.1", smtp_port=mail.port
        )
        people = notifiers.configured(alerts, {"SLACK_WEBHOOK_URL": webhook}.get)
        relay = Relay(BoardDouble(BoardClock()), people, box.ledger, box.store, box.clock, lambda *_: tmp_path, Turns())  # type: ignore[arg-type]
        await weeks.weekly.look()
        a_week(weeks)
        box.clock.at = MONDAY + 8 * HOUR
        for _ in range(3):
            await weeks.weekly.look()
            await relay._deliver_alerts()
    received = json.dumps(context.load("slack")["messages"])
    await runner.cleanup()
    assert received.count("videod's week up to") == 1
    assert "67 % (2 of 3) without a person" in received and "- &lt;!channel&gt; Ants" in received
    (mailed,) = [one for one in mail.mails if "week up to" in str(one["Subject"])]
    assert "videod's week up to 2026-11-23 00:00 UTC: 2 episodes published" in str(mailed["Subject"])
    text = mailed.get_body(("plain",))
    assert text is not None and "Finished without a person: 67 % (2 of 3)" in text.get_content()
