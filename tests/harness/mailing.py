"""A mail server that is not ours (aiosmtpd), with certificates, logins and moods."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "videod@example.org", "open sesame é"
#: certificates are made for these days only
_BEGIN = datetime.now(UTC) - timedelta(days=1)


def certificate(folder: Path, name: str = "localhost", days: int = 30) -> Path:
    """A self-signed certificate with its key in one file, for `name` (a host or an address)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: x509.GeneralName = x509.DNSName(name)
    if name[0].isdigit():
        names = x509.IPAddress(ip_address(name))
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(_BEGIN - timedelta(days=60))
        .not_valid_after(_BEGIN + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / f"{name}-{days}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Postbox:
    """What arrived, and how the server is minded. `answers`: recipient -> its answers, the last one repeats."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[bytes, bool]] = field(default_factory=list)
    answers: Mapping[str, list[str]] = field(default_factory=dict)
    #: the server closes the connection in place of answering this command
    drops_at: str = ""

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth: Any) -> AuthResult:
        given = cast(LoginPassword, auth)
        good = given.login == USER.encode() and given.password == PASSWORD.encode()
        inside = server.transport.get_extra_info("ssl_object") is not None
        self.logins.append((given.login, inside))
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.drops_at == "RCPT":
            server.transport.close()
        left = self.answers.get(address, ["250 OK"])
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.drops_at == "DATA":
            server.transport.close()
        content = cast(bytes, envelope.content)
        self.raw.append(content)
        self.mails.append(cast(EmailMessage, message_from_bytes(content, policy=default)))
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 2.0.0 queued as 4711"


@asynccontextmanager
async def postbox(
    security: str = "none", pem: Path | None = None, login: bool = False, **moods: Any
) -> AsyncIterator[Postbox]:  # fmt: skip
    """A running server; with `login` it takes mail of those who logged in only."""
    box, context = Postbox(**moods), None
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)

    def protocol() -> SMTP:
        with warnings.catch_warnings():  # it warns of logins without STARTTLS, at the port that is TLS already too
            warnings.simplefilter("ignore")
            return SMTP(
                box, hostname="postbox", authenticator=box.authenticate if login else None, auth_required=login,
                tls_context=context if security == "starttls" else None, auth_require_tls=security == "starttls",
            )  # fmt: skip

    inside = context if security == "tls" else None
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=inside)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
