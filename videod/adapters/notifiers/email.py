"""Alerts by e-mail over SMTP, with login where the server wants one; at most 40 seconds a message.

A password is sent inside TLS only, to a server whose certificate was checked. It is
remembered who of several recipients has a message: one whose server asks to try again later gets it alone.
"""

import asyncio
import hashlib
import logging
import socket
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, parseaddr
from typing import TYPE_CHECKING

from videod.adapters import email_trouble
from videod.config import Alerts
from videod.core.alerts import Level, Note
from videod.core.redaction import REDACTED, Redactor
from videod.core.sanitize import sanitize, sanitize_line
from videod.ports import BoardError, Notifier

if TYPE_CHECKING:
    import aiosmtplib

log = logging.getLogger(__name__)

PASSWORD = "SMTP_PASSWORD"  # noqa: S105 - the name of the secret
#: for each command, and for a good-bye after the message was taken, seconds
CALL_S, QUIT_S = 20.0, 2.0
SUBJECT_CHARACTERS = 120
#: so many messages are remembered of which some recipients have a copy and others not yet
REMEMBERED = 100
#: what the library raises for a value that makes no header
_UNWRITABLE = (ValueError, IndexError, AttributeError, LookupError, MessageError)


@dataclass(frozen=True)
class MailServer:
    """Where and as whom. `security`: "tls" from the start, "starttls" (demanded), "none": TLS where it is offered."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    username: str = ""
    password: str = field(default="", repr=False)
    security: str = "none"

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


def notifier(alerts: Alerts, secret: Callable[[str], str | None]) -> Notifier | None:
    """E-mail, where somebody is to get it."""
    if not alerts.email_to:
        return None
    server = MailServer(
        alerts.smtp_host, alerts.port, alerts.email_from, alerts.recipients, alerts.smtp_user, secret(PASSWORD) or "",
        alerts.security,
    )  # fmt: skip
    return Email(server)


class Email:
    """`ports.Notifier` over SMTP."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._redactor = Redactor({REDACTED: server.password} if server.password else {})
        #: message -> the recipients that have it, while others do not
        self._have: OrderedDict[str, set[str]] = OrderedDict()

    async def send(self, note: Note) -> str:
        message = self._message(note)
        have = self._have.pop(str(message["Message-ID"]), set())
        left = [one for one in self._server.recipients if one not in have]
        async with self._connected() as client:
            refused, said = await client.send_message(message, recipients=left)
        if not refused:
            return self._clean(said)
        self._have[str(message["Message-ID"])] = have | (set(left) - set(refused))
        while len(self._have) > REMEMBERED:
            self._have.popitem(last=False)
        raise self._some_refused(refused)

    async def check(self) -> str:
        """Log in and name sender and recipients, but send nothing."""
        async with self._connected() as client:
            await client.mail(parseaddr(self._server.sender)[1])
            for one in self._server.recipients:
                said = await client.rcpt(one)
            await client.rset()
        return self._clean(said.message)

    # ------------------------------------------------------------------------------------------ the message

    def _message(self, note: Note) -> EmailMessage:
        """Raises BoardError where the addresses of [alerts] make no header."""
        text, message = sanitize(note.text), EmailMessage(policy=SMTP)
        first = sanitize_line(next(iter(text.splitlines()), "")) or "alert"
        try:
            message["Subject"] = _plain(f"videod {note.level.value}: {first}")[:SUBJECT_CHARACTERS]
            _check(message, "Subject")
        except _UNWRITABLE as error:
            # the alert is worth more than its heading
            log.warning("alert_subject_left_out", extra={"error": type(error).__name__})
            del message["Subject"]
        try:
            for name, value in self._heads(note).items():
                message[name] = value
            message.set_content(
                f"{text.rstrip()}\n\n-- \nvideod on {socket.gethostname()}. `videod alerts` lists what was sent.\n"
            )
            for name in message:
                _check(message, name)
            message.as_bytes()
        except _UNWRITABLE as error:
            raise BoardError(
                "rejected",
                f"the alert is not a valid e-mail ({type(error).__name__}). Check email_from and email_to in [alerts]",
            ) from error
        return message

    def _heads(self, note: Note) -> Mapping[str, str]:
        sender = self._server.sender
        domain = parseaddr(sender)[1].rpartition("@")[2] or "videod.invalid"
        now = localtime()
        # a message that is sent once more has the same name, so that a mailbox shows it once
        name = hashlib.sha256(f"{note.key or now.isoformat()} {note.text}".encode(errors="replace")).hexdigest()[:32]
        heads = {
            "From": sender, "To": ", ".join(self._server.recipients), "Date": format_datetime(now),
            "Message-ID": f"<{name}@{domain}>", "List-Id": f"videod alerts <alerts.videod.{domain}>",
            "Auto-Submitted": "auto-generated",
        }  # fmt: skip
        return heads | ({"Importance": "high"} if note.level is Level.CRITICAL else {})

    # ------------------------------------------------------------------------------------------ the connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["aiosmtplib.SMTP"]:
        """A connection that may send. Whatever goes wrong with it, in here too, is raised as BoardError."""
        from aiosmtplib import SMTPException

        try:
            async with asyncio.timeout(CALL_S * 2):
                client = await self._connect()
                transport = client.transport
                try:
                    yield client
                    with suppress(SMTPException, OSError, TimeoutError):
                        async with asyncio.timeout(QUIT_S):
                            await client.quit()
                finally:
                    _hang_up(client, transport)
        except (SMTPException, OSError, ValueError) as error:
            raise email_trouble.of(error, self._server.place, self._server.security, self._clean) from None

    async def _connect(self) -> "aiosmtplib.SMTP":
        import aiosmtplib

        server = self._server
        demanded = {"tls": False, "starttls": True}.get(server.security)
        strict = server.security != "none"
        if server.username and not server.password:
            raise BoardError("credentials", f"smtp_user is set in [alerts], but {PASSWORD} is not. Set it and restart")
        if server.username and not strict:  # settings refuse it; whoever builds one by hand does not get round it
            raise BoardError("rejected", 'a password is sent inside TLS only: set smtp_security = "starttls" or "tls"')
        client = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, timeout=CALL_S, use_tls=server.security == "tls",
            start_tls=demanded, tls_context=_context(strict), local_hostname=_host(),
        )  # fmt: skip
        await client.connect()
        try:
            if server.username:
                await client.login(server.username, server.password)
        except BaseException:
            _hang_up(client, client.transport)
            raise
        return client

    def _some_refused(self, refused: Mapping[str, "aiosmtplib.SMTPResponse"]) -> BoardError:
        """Not all recipients were taken: those that may be later are worth another try."""
        later = {one: answer for one, answer in refused.items() if answer.code < 500}
        one, answer = next(iter((later or refused).items()))
        said = f"{one}: {answer.code} {self._clean(answer.message)}"
        if later:
            return BoardError("down", f"{self._server.place} asks to try again later for {said}")
        return BoardError("rejected", f"{self._server.place} refused a recipient, the others have it. Correct email_to"
                          f" in [alerts] ({said})")  # fmt: skip

    def _clean(self, words: str) -> str:
        """A server's words in one line, without the password."""
        return sanitize_line(self._redactor(words))[:120]


def _host() -> str:
    """This host as it greets: a whole name, or an address, since many servers refuse half names. Asks no DNS."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() and not name.endswith(".") else "[127.0.0.1]"


def _plain(text: str) -> str:
    """`text` without the beginning of an encoded word (RFC 2047), which may hold whole headers once it is decoded."""
    return text.replace("=?", "= ?")


def _check(message: EmailMessage, name: str) -> None:
    """Raises ValueError for a header that would go over its line and begin another one."""
    if any(letter in str(message[name]) for letter in "\r\n\0"):
        raise ValueError(f"{name} has more than one line")


def _context(strict: bool) -> ssl.SSLContext:
    """TLS that checks the server's certificate wherever TLS is demanded; else a relay's own one will do."""
    context = ssl.create_default_context()
    if not strict:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _hang_up(client: "aiosmtplib.SMTP", transport: asyncio.BaseTransport | None) -> None:
    """Close at once: a closing TLS transport waits for the server's goodbye, which outlives a short command's loop."""
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
