"""Alerts by mail, sent to a server that we did not write: logins, certificates, moods, and what a mail looks like."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import cast

import pytest

from tests.harness.mailing import PASSWORD, USER, certificate, postbox
from videod.adapters.notifiers import email as email_module
from videod.adapters.notifiers.email import Email, MailServer
from videod.core.alerts import Level, Note
from videod.ports import BoardError

ME, YOU = "me@example.org", "you@example.org"


def mail(
    port: int, security: str = "none", user: str = "", password: str = "", to: tuple[str, ...] = (ME,),
    host: str = "localhost",
) -> Email:  # fmt: skip
    return Email(MailServer(host, port, "videod <videod@example.org>", to, user, password, security))


async def refused(way: Email, note: Note | None = None) -> BoardError:
    with pytest.raises(BoardError) as failed:
        await way.send(note or Note("Upload failed"))
    return failed.value


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate of localhost that this host trusts."""
    made = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    return made


# ------------------------------------------------------------------------------------------ login and TLS


@pytest.mark.fault("7.7")
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_with_login_takes_mail_inside_tls(security: str, pem: Path) -> None:
    async with postbox(security, pem, login=True) as box:
        said = await mail(box.port, security, USER, PASSWORD).send(Note("Upload failed"))
        assert "queued as 4711" in said
        assert await mail(box.port, security, USER, PASSWORD).check() == "OK"
    assert len(box.mails) == 1 and {inside for _, inside in box.logins} == {True}


@pytest.mark.fault("7.7")
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_wrong_password_says_where_to_correct_it_and_shows_it_nowhere(security: str, pem: Path) -> None:
    async with postbox(security, pem, login=True) as box:
        error = await refused(mail(box.port, security, USER, "wrong-1234567"))
    assert error.kind == "credentials" and "smtp_user" in str(error) and "SMTP_PASSWORD" in str(error)
    assert "535" in str(error) and "wrong-1234567" not in repr(error) and not box.mails


@pytest.mark.fault("7.7")
@pytest.mark.parametrize(("name", "days"), [("mail.example.org", 30), ("localhost", -20)], ids=["name", "expired"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_does_not_fit_gets_no_password(
    security: str, name: str, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path, name, days)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    async with postbox(security, made, login=True) as box:
        error = await refused(mail(box.port, security, USER, PASSWORD))
    assert error.kind == "rejected" and "certificate" in str(error) and "nothing was sent" in str(error)
    assert not box.logins and not box.mails


@pytest.mark.fault("7.7")
async def test_a_certificate_that_nobody_vouches_for_is_taken_only_where_no_tls_is_demanded(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    async with postbox("starttls", made) as box:
        assert (await refused(mail(box.port, "starttls"))).kind == "rejected"
        await mail(box.port).send(Note("a relay of this host"))
    assert len(box.mails) == 1


@pytest.mark.fault("7.7")
async def test_a_password_is_never_sent_in_the_open() -> None:
    async with postbox(login=False) as box:
        no_tls = await refused(mail(box.port, "starttls", USER, PASSWORD))
        by_hand = await refused(mail(box.port, "none", USER, PASSWORD))
        missing = await refused(mail(box.port, "starttls", USER))
    assert "offers no STARTTLS" in str(no_tls) and '"tls"' in str(no_tls)
    assert "inside TLS only" in str(by_hand)
    assert missing.kind == "credentials" and "SMTP_PASSWORD is not" in str(missing)
    assert not box.logins and not box.mails


async def test_tls_at_a_port_without_it_and_the_other_way_round_say_so(
    pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_module, "CALL_S", 0.3)
    async with postbox() as box:
        assert '"starttls"' in str(await refused(mail(box.port, "tls")))
    async with postbox("tls", pem) as box:
        assert 'smtp_security = "tls"' in str(await refused(mail(box.port, "starttls")))


async def test_a_server_that_wants_a_login_says_so(pem: Path) -> None:
    async with postbox("starttls", pem, login=True) as box:
        error = await refused(mail(box.port, "starttls"))
    assert error.kind == "rejected" and "Log in with smtp_user" in str(error)


# ------------------------------------------------------------------------------------------ moods


@pytest.mark.parametrize(("answer", "kind"), [("550 no such user", "rejected"), ("450 come back later", "down")])
async def test_a_refused_recipient_has_its_kind(answer: str, kind: str) -> None:
    async with postbox(answers={ME: [answer]}) as box:
        error = await refused(mail(box.port))
        with pytest.raises(BoardError) as checked:
            await mail(box.port).check()
    assert error.kind == kind == checked.value.kind and answer[4:] in str(error)


async def test_only_those_whose_server_asked_to_come_back_get_it_again() -> None:
    note = Note("Upload failed", key="x@1")
    async with postbox(answers={YOU: ["450 greylisted", "250 OK"]}) as box:
        way = mail(box.port, to=(ME, YOU))
        error = await refused(way, note)
        assert error.kind == "down" and YOU in str(error)
        await way.send(note)
    assert box.recipients == [[ME], [YOU]]
    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"] and second["To"] == f"{ME}, {YOU}"


async def test_one_wrong_recipient_keeps_the_alert_from_nobody() -> None:
    async with postbox(answers={YOU: ["550 no such user"]}) as box:
        error = await refused(mail(box.port, to=(YOU, ME)))
    assert box.recipients == [[ME]]
    assert error.kind == "rejected" and YOU in str(error) and "the others have it" in str(error)


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_a_server_that_drops_the_connection_is_down(command: str) -> None:
    async with postbox(drops_at=command) as box:
        error = await refused(mail(box.port))
    assert error.kind == "down" and "closed the connection" in str(error)


async def test_a_mail_server_that_is_not_there_is_down() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await refused(mail(taken.getsockname()[1]))
    assert error.kind == "down" and "nothing listens" in str(error)


@asynccontextmanager
async def hanging(greeting: bytes) -> AsyncIterator[int]:
    """A server that greets and then says nothing more."""

    class Mute(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            cast(asyncio.Transport, transport).write(greeting)

    server = await asyncio.get_running_loop().create_server(Mute, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize("greeting", [b"", b"220 hello\r\n"], ids=["silent", "after the greeting"])
async def test_a_server_that_hangs_holds_nothing_up(greeting: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_module, "CALL_S", 0.2)
    async with hanging(greeting) as port:
        error = await refused(mail(port))
    assert error.kind == "down" and "did not answer in time" in str(error)


# ------------------------------------------------------------------------------------------ the mail itself


async def test_a_mail_is_well_formed_and_says_how_urgent_it_is() -> None:
    async with postbox() as box:
        way = mail(box.port, to=(ME, YOU))
        await way.send(Note("Bären – upload failed\nGoogle refused the token.", Level.CRITICAL, "a@1"))
        await way.send(Note("Notion answers again", Level.INFO, "b@1"))
    one, other = box.mails
    assert one["Subject"] == "videod critical: Bären – upload failed" and other["Subject"].startswith("videod info: ")
    assert (one["From"], one["To"]) == ("videod <videod@example.org>", f"{ME}, {YOU}")
    assert one["Message-ID"].endswith("@example.org>") and one["Message-ID"] != other["Message-ID"]
    assert "alerts.videod" in one["List-Id"] and one["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(one["Date"]).tzinfo is not None
    assert one["Importance"] == "high" and other["Importance"] is None
    assert one.get_content_type() == "text/plain" and one.get_content_charset() == "utf-8"
    assert one.get_content().splitlines()[:2] == ["Bären – upload failed", "Google refused the token."]
    assert all(len(line) <= 998 for line in box.raw[0].split(b"\r\n"))


WORDS = (
    "=?utf-8?q?x=0D=0AReply-To:_evil@evil.example=0D=0A?=", "=?utf-8?b?eA0KQmNjOiBldmlsQGV2aWwuZXhhbXBsZQ==?=",
    "a=?us-ascii?q?x=0ABcc:_evil@evil.example?=b", "= =?utf-8?q?=0D=0ABcc:_evil@evil.example?==?utf-8?q?=0D=0A?=",
    "=\x00?utf-8?q?=0D=0ABcc:_evil@evil.example?=", "=\u202e?utf-8?q?=0D=0ABcc:_evil@evil.example?=",
    "==?utf-8?q?=0D=0ABcc:_evil@evil.example?=", "x\r\nBcc: evil@evil.example", "x\x85Bcc: evil@evil.example",
    "x\u2028Bcc: evil@evil.example", "=?utf-8?q?" + "=0D=0ABcc:_evil@evil.example" * 9 + "?=",
    "é =?utf-8?q?=0D=0ABcc:_evil@evil.example?= é", "half \ud800 =?utf-8?q?=0D=0ABcc:_evil@evil.example?=",
)  # fmt: skip
HEADS = {
    "Subject", "From", "To", "Date", "Message-ID", "List-Id", "Auto-Submitted", "Importance", "Content-Type",
    "Content-Transfer-Encoding", "MIME-Version", "X-Peer", "X-MailFrom", "X-RcptTo",
}  # fmt: skip


@pytest.mark.fault("12.12")
async def test_no_word_of_an_alert_becomes_a_header() -> None:
    async with postbox() as box:
        for words in WORDS:
            await mail(box.port).send(Note(f"{words}\nSet it to Queued."))
    assert len(box.raw) == len(WORDS)
    for raw in box.raw:
        heads, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        found = {line.partition(":")[0] for line in heads.decode().splitlines() if not line.startswith(" ")}
        assert found <= HEADS, found - HEADS
        assert body.strip()
        read = message_from_bytes(heads, policy=default)
        assert "evil" not in f"{read['From']} {read['To']} {read['Bcc']} {read['Reply-To']}"
        assert "\n" not in str(read["Subject"]) and "\r" not in str(read["Subject"])


@pytest.mark.fault("12.12")
async def test_a_subject_that_cannot_be_written_is_left_out_and_the_alert_goes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(email_module, "_plain", str)
    async with postbox() as box:
        await mail(box.port).send(Note("=?utf-8?q?x=0D=0ABcc:_evil@evil.example?=\nSet it to Queued."))
    assert "Subject" not in box.mails[0] and "evil" not in str(box.mails[0]["Bcc"])
    assert "Set it to Queued." in box.mails[0].get_content()
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("videod")]
    assert ours == ["alert_subject_left_out"]
