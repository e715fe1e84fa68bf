"""Alerts reach a person: Slack's words have their kinds, the webhook never shows, and any way counts."""

import socketserver
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_string
from email.policy import default
from pathlib import Path

import pytest
from aiohttp import web

from tests.flow.board_double import NotifierDouble
from videod.adapters.notifiers import Notifiers
from videod.adapters.notifiers import slack as slack_module
from videod.adapters.notifiers.email import Email, MailServer
from videod.adapters.notifiers.slack import Slack
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
    await Slack(on.webhook).send("Upload failed: wild")
    assert slack_module._message("see <http://x|y> <!channel> &") == {
        "text": "see &lt;http://x|y&gt; &lt;!channel&gt; &amp;", "unfurl_links": False, "unfurl_media": False,
    }  # fmt: skip
    assert [message["text"] for message in on.context.load("slack")["messages"]] == ["Upload failed: wild"]


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
        await Slack(on.webhook).send("x")
    assert refused.value.kind == kind
    assert (refused.value.retry_after_s is not None) == (kind == "busy")


async def test_the_webhook_shows_in_no_error_and_no_log(on: NotionStage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    told = []
    unreachable = "http://127.0.0.1:1/services/T/B/SECRET"
    for url, faults in ((unreachable, []), (on.webhook, [Fault("slack", "reset")]), ("http://bad host/SECRET", [])):
        on.context.faults.set(faults)
        with pytest.raises(BoardError) as failed:
            await Notifiers([Slack(url)]).send("x")
        told.append(f"{failed.value!r} {failed.value.__cause__!r}")
        assert failed.value.kind == "down"
    ours = [record.getMessage() + str(record.__dict__) for record in caplog.records if "videod.adapters" in record.name]
    assert "SECRET" not in "".join(told + ours)
    assert slack.PATH not in "".join(told + ours)


async def test_an_alert_is_delivered_when_any_way_took_it() -> None:
    works, fails = NotifierDouble(), NotifierDouble(trouble=BoardError("down", "no"))
    await Notifiers([fails, works]).send("x")
    assert works.sent == ["x"]


async def test_an_alert_that_nobody_took_waits_for_the_way_that_may_come_back() -> None:
    gone, busy = (
        NotifierDouble(trouble=BoardError("gone", "no")),
        NotifierDouble(trouble=BoardError("busy", "later", 7)),
    )
    with pytest.raises(BoardError) as failed:
        await Notifiers([gone, busy]).send("x")
    assert (failed.value.kind, failed.value.retry_after_s) == ("busy", 7)


async def test_without_any_way_the_log_has_the_alert(caplog: pytest.LogCaptureFixture) -> None:
    await Notifiers([]).send("Upload failed")
    [record] = caplog.records
    assert record.__dict__["text"] == "Upload failed"


# ------------------------------------------------------------------------------------------ e-mail


class Postbox:
    """A mail server of twenty lines: enough of RFC 5321 for one message, answering `refusal` to RCPT where set."""

    def __init__(self, refusal: str | None = None) -> None:
        box = self
        self.message = ""

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 postbox\r\n")
                while line := self.rfile.readline().decode().strip().upper():
                    if line == "DATA":
                        self.wfile.write(b"354 go\r\n")
                        while (text := self.rfile.readline().decode()).strip() != ".":
                            box.message += text
                    if line.startswith("RCPT") and refusal:
                        self.wfile.write(f"{refusal}\r\n".encode())
                        continue
                    self.wfile.write(b"221 bye\r\n" if line == "QUIT" else b"250 ok\r\n")
                    if line == "QUIT":
                        return

        self._server = socketserver.TCPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def mail(port: int) -> Email:
    return Email(MailServer("127.0.0.1", port, "videod@example.org", ("me@example.org",)))


async def test_an_alert_goes_by_e_mail() -> None:
    box = Postbox()
    await mail(box.port).send("Upload failed: wild\nGoogle refused the token.")
    box.close()
    assert "Subject: videod: Upload failed: wild" in box.message
    assert "To: me@example.org" in box.message
    assert "Google refused the token." in box.message


WORDS = (
    "=?utf-8?q?x=0D=0AReply-To:_evil@evil.example=0D=0A?=", "=?utf-8?b?eA0KQmNjOiBldmlsQGV2aWwuZXhhbXBsZQ==?=",
    "a=?us-ascii?q?x=0ABcc:_evil@evil.example?=b", "= =?utf-8?q?=0D=0ABcc:_evil@evil.example?==?utf-8?q?=0D=0A?=",
    "=\x00?utf-8?q?=0D=0ABcc:_evil@evil.example?=", "=\u202e?utf-8?q?=0D=0ABcc:_evil@evil.example?=",
    "==?utf-8?q?=0D=0ABcc:_evil@evil.example?=", "x\r\nBcc: evil@evil.example", "x\x85Bcc: evil@evil.example",
    "x\u2028Bcc: evil@evil.example", "=?utf-8?q?" + "=0D=0ABcc:_evil@evil.example" * 9 + "?=",
    "é =?utf-8?q?=0D=0ABcc:_evil@evil.example?= é", "half \ud800 =?utf-8?q?=0D=0ABcc:_evil@evil.example?=",
)  # fmt: skip


@pytest.mark.fault("12.12")
@pytest.mark.parametrize("words", WORDS)
async def test_no_word_of_an_alert_becomes_a_header(words: str) -> None:
    box = Postbox()
    await mail(box.port).send(f"{words}\nSet it to Queued.")
    box.close()
    heads, _, body = box.message.replace("\r\n", "\n").partition("\n\n")
    found = {line.partition(":")[0] for line in heads.splitlines() if not line.startswith(" ")}
    assert found == {"Subject", "From", "To", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert body.strip()
    read = message_from_string(heads, policy=default)
    assert "evil" not in f"{read['From']} {read['To']} {read['Bcc']} {read['Reply-To']}"
    assert "\n" not in str(read["Subject"]) and "\r" not in str(read["Subject"])


@pytest.mark.fault("12.12")
async def test_a_subject_that_cannot_be_written_is_left_out_and_the_alert_goes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("videod.adapters.notifiers.email._plain", str)
    box = Postbox()
    await mail(box.port).send("=?utf-8?q?x=0D=0ABcc:_evil@evil.example?=\nSet it to Queued.")
    box.close()
    assert "Subject" not in box.message and "evil.example\n" not in box.message.partition("\n\n")[0]
    assert "Set it to Queued." in box.message
    assert [record.getMessage() for record in caplog.records] == ["alert_subject_left_out"]


@pytest.mark.parametrize(("answer", "kind"), [("550 no such user", "rejected"), ("450 come back later", "down")])
async def test_a_refused_recipient_has_its_kind(answer: str, kind: str) -> None:
    box = Postbox(answer)
    with pytest.raises(BoardError) as refused:
        await mail(box.port).send("x")
    box.close()
    assert refused.value.kind == kind


async def test_a_mail_server_that_is_not_there_is_down() -> None:
    box = Postbox()
    box.close()
    with pytest.raises(BoardError) as unreachable:
        await mail(box.port).send("x")
    assert unreachable.value.kind == "down"
