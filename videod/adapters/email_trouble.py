"""What a mail server's failure means: the kind of `BoardError`, and in words what to correct."""

import socket
import ssl
from collections.abc import Callable, Iterator

from videod.ports import BoardError

_LOGIN = "Check smtp_user in [alerts] and SMTP_PASSWORD (many providers want an app password here)"


def of(error: Exception, place: str, security: str, clean: Callable[[str], str]) -> BoardError:
    """`error` of the SMTP library as a BoardError; `place` is host:port, `clean` makes foreign words fit to show."""
    from aiosmtplib import SMTPAuthenticationError, SMTPRecipientsRefused, SMTPResponseException

    if isinstance(error, SMTPRecipientsRefused):
        error = min(error.recipients, key=lambda one: one.code)
    if isinstance(error, SMTPResponseException):
        said = f"{error.code} {clean(error.message)}".strip()
        if error.code < 500:  # greylisting among it (RFC 5321)
            return BoardError("down", f"{place} asks to try again later [{said}]")
        if isinstance(error, SMTPAuthenticationError):
            return BoardError("credentials", f"{place} refused the login [{said}]. {_LOGIN}")
        hint = (
            "Log in with smtp_user and SMTP_PASSWORD"
            if error.code == 530
            else "Check email_from and email_to in [alerts]"
        )
        return BoardError("rejected", f"{place} refused the alert [{said}]. {hint}")
    return _unreachable(error, place, security, clean)


def _unreachable(error: Exception, place: str, security: str, clean: Callable[[str], str]) -> BoardError:
    """No answer of the server's own."""
    causes = list(_causes(error))
    certificate = next((one for one in causes if isinstance(one, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        why = clean(certificate.verify_message)
        return BoardError("rejected", f"the certificate of {place} is not valid ({why}), so nothing was sent. Name the"
                          " host in smtp_host as its certificate does, or let this host trust its issuer")  # fmt: skip
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return BoardError("rejected", f"{place} does not speak TLS from the start. Set smtp_security in [alerts]"
                          ' to "starttls" (usually port 587)')  # fmt: skip
    if "STARTTLS" in str(error):
        return BoardError("rejected", f"{place} offers no STARTTLS, so nothing was sent. Set smtp_security in"
                          ' [alerts] to "tls" (usually port 465), or use another port')  # fmt: skip
    if "AUTH" in str(error) or "authentication method" in str(error):
        return BoardError("rejected", f"{place} offers no login that videod knows. Remove smtp_user from [alerts], or"
                          " use the port for clients (587 or 465)")  # fmt: skip
    if any(isinstance(one, socket.gaierror) for one in causes):
        return BoardError("down", f"there is no host {place.rpartition(':')[0]}. Check smtp_host in [alerts]")
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return BoardError("down", f"nothing listens at {place}. Check smtp_host and smtp_port in [alerts]")
    if any(isinstance(one, TimeoutError) for one in causes):
        hint = '. Port 465 wants smtp_security = "tls"' if security != "tls" else ""
        return BoardError("down", f"{place} did not answer in time{hint}")
    return BoardError("down", f"{place} cannot be reached or closed the connection ({type(error).__name__})")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
