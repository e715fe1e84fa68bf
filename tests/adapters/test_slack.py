"""Alerts reach a person: Slack's words have their kinds, the webhook never shows, and any way counts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from tests.flow.board_double import NotifierDouble
from videod.adapters.notifiers import Notifiers, Way
from videod.adapters.notifiers import slack as slack_module
from videod.adapters.notifiers.slack import Slack
from videod.core.alerts import Level, Note
from videod.ports import BoardError
from videod.sandbox import slack
from videod.sandbox.kernel import Context, Fault, Options


@dataclass
class NotionStage:
    context: Context
    webhook: str


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[NotionStage]:
    context = Context(tmp_path, Options())
    runner = web.AppRunner(slack.build(context))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield NotionStage(context, f"http://127.0.0.1:{runner.addresses[0][1]}{slack.PATH}")
    await runner.cleanup()


async def test_an_alert_arrives_as_text(on: NotionStage) -> None:
    assert await Slack(on.webhook).send(Note("Upload failed: wild", Level.WARNING)) == "ok"
    assert slack_module._message(Note("see <http://x|y> <!channel> &")) == {
        "text": "Critical: see &lt;http://x|y&gt; &lt;!channel&gt; &amp;", "unfurl_links": False, "unfurl_media": False,
    }  # fmt: skip
    assert [message["text"] for message in on.context.load("slack")["messages"]] == ["Warning: Upload failed: wild"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("invalid_payload", "rejected"), ("action_prohibited", "gone"), ("no_service", "gone"),
        ("channel_is_archived", "gone"), ("rate_limited", "busy"), ("rollup_error", "down"),
    ],
)  # fmt: skip
async def test_every_word_of_slack_has_its_kind(on: NotionStage, word: str, kind: str) -> None:
    on.context.faults.set([Fault("slack", word)])
    with pytest.raises(BoardError, match=word) as refused:
        await Slack(on.webhook).send(Note("x"))
    assert refused.value.kind == kind
    assert (refused.value.retry_after_s is not None) == (kind == "busy")


async def test_the_webhook_shows_in_no_error_and_no_log(on: NotionStage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    told = []
    unreachable = "http://127.0.0.1:1/services/T/B/SECRET"
    for url, faults in ((unreachable, []), (on.webhook, [Fault("slack", "reset")]), ("http://bad host/SECRET", [])):
        on.context.faults.set(faults)
        with pytest.raises(BoardError) as failed:
            await Notifiers([Way("slack", Slack(url))]).send(Note("x"))
        told.append(f"{failed.value!r} {failed.value.__cause__!r}")
        assert failed.value.kind == "down"
    ours = [record.getMessage() + str(record.__dict__) for record in caplog.records if "videod.adapters" in record.name]
    assert "SECRET" not in "".join(told + ours)
    assert slack.PATH not in "".join(told + ours)


async def test_an_alert_is_delivered_when_any_way_took_it() -> None:
    works, fails = NotifierDouble(), NotifierDouble(trouble=BoardError("down", "no"))
    await Notifiers([Way("a", fails), Way("b", works)]).send(Note("x"))
    assert works.sent == ["x"]


async def test_an_alert_that_nobody_took_waits_for_the_way_that_may_come_back() -> None:
    gone, busy = (
        NotifierDouble(trouble=BoardError("gone", "no")),
        NotifierDouble(trouble=BoardError("busy", "later", 7)),
    )
    with pytest.raises(BoardError) as failed:
        await Notifiers([Way("a", gone), Way("b", busy)]).send(Note("x"))
    assert (failed.value.kind, failed.value.retry_after_s) == ("busy", 7)


async def test_without_any_way_the_log_has_the_alert(caplog: pytest.LogCaptureFixture) -> None:
    await Notifiers([]).send(Note("Upload failed"))
    [record] = caplog.records
    assert record.__dict__["text"] == "Upload failed"
