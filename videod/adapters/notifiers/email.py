"""Alerts by e-mail: plain SMTP in a thread, at most 20 seconds a message."""

import asyncio
import logging
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage

from videod.config import Alerts
from videod.core.sanitize import sanitize, sanitize_line
from videod.ports import BoardError, Notifier

log = logging.getLogger(__name__)

CALL_S = 20.0
SUBJECT_CHARACTERS = 120
TLS_PORT = 465
#: what the library raises for a value that makes no header
_UNWRITABLE = (ValueError, IndexError, AttributeError, LookupError, MessageError)


@dataclass(frozen=True)
class MailServer:
    """Where and as whom. Port 465 is TLS from the start; elsewhere TLS is taken up when the server offers it."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    username: str = ""
    password: str = field(default="", repr=False)


def notifier(alerts: Alerts, secret: Callable[[str], str | None]) -> Notifier | None:
    """E-mail, where somebody is to get it."""
    if not alerts.email_to:
        return None
    recipients = tuple(alerts.email_to.replace(",", " ").split())
    return Email(MailServer(alerts.smtp_host, alerts.smtp_port, alerts.email_from, recipients))


class Email:
    """`ports.Notifier` over SMTP."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def send(self, text: str) -> None:
        message = self._message(sanitize(text))
        try:
            async with asyncio.timeout(CALL_S * 2):
                await asyncio.to_thread(self._deliver, message)
        except smtplib.SMTPAuthenticationError as error:
            raise BoardError("credentials", f"the mail server refused the login [{error.smtp_code}]") from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(min((code for code, _ in error.recipients.values()), default=550)) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise BoardError("down", f"the mail server cannot be reached ({type(error).__name__})") from None

    def _message(self, text: str) -> EmailMessage:
        """Raises BoardError where the addresses of [alerts] make no header."""
        message = EmailMessage()
        first = sanitize_line(next(iter(text.splitlines()), "")) or "alert"
        try:
            message["Subject"] = _plain(f"videod: {first}")[:SUBJECT_CHARACTERS]
            _check(message, "Subject")
        except _UNWRITABLE as error:
            # the alert is worth more than its heading
            log.warning("alert_subject_left_out", extra={"error": type(error).__name__})
            del message["Subject"]
        try:
            message["From"] = self._server.sender
            message["To"] = ", ".join(self._server.recipients)
            message.set_content(text)
            for name in message:
                _check(message, name)
            message.as_bytes()
        except _UNWRITABLE as error:
            raise BoardError(
                "rejected", f"the alert makes no mail ({type(error).__name__}); check [alerts] in videod.toml"
            ) from error
        return message

    def _deliver(self, message: EmailMessage) -> None:
        server = self._server
        with self._connect() as client:
            if server.port != TLS_PORT:
                client.ehlo()
                if client.has_extn("starttls"):
                    client.starttls(context=_context(strict=bool(server.username)))
            if server.username:
                client.login(server.username, server.password)
            client.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.port == TLS_PORT:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=CALL_S, context=_context(strict=True))
        return smtplib.SMTP(server.host, server.port, timeout=CALL_S)


def _plain(text: str) -> str:
    """`text` without the beginning of an encoded word (RFC 2047), which may hold whole headers once it is decoded."""
    return text.replace("=?", "= ?")


def _check(message: EmailMessage, name: str) -> None:
    """Raises ValueError for a header that would go over its line and begin another one."""
    if any(letter in str(message[name]) for letter in "\r\n\0"):
        raise ValueError(f"{name} has more than one line")


def _refusal(code: int) -> BoardError:
    """4xx is "later" (greylisting among it), 5xx is "never like this" (RFC 5321)."""
    if code < 500:
        return BoardError("down", f"the mail server asks to come back later [{code}]")
    return BoardError("rejected", f"the mail server refused the alert [{code}]; check [alerts] in videod.toml")


def _context(strict: bool) -> ssl.SSLContext:
    """TLS that checks the server's name wherever a password is sent; else a relay's own certificate will do."""
    context = ssl.create_default_context()
    if not strict:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
