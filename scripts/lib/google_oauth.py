"""Google's consent for an installed app: PKCE, the token endpoint, the encrypted file of a refresh token."""

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from scripts.lib import answers, atomic, bounds, http, origins, wires
from scripts.lib.answers import dig
from scripts.lib.failures import Failure, Kind, learn, secret

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SERVICE = "google"
_ROOT = "https://www.googleapis.com/auth/"
#: all that later work needs, asked for once: each added scope would mean another consent for every channel
SCOPES = (
    f"{_ROOT}youtube.upload", f"{_ROOT}youtube.readonly", f"{_ROOT}youtube.force-ssl", f"{_ROOT}yt-analytics.readonly",
)  # fmt: skip
#: a consent that has an end does not last longer than this, seconds
CONSENT_S = 10 * 366 * 86_400.0
#: without these nothing can be uploaded: to send a film, and to see first which channel it would go to
NEEDED = SCOPES[:2]


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint gave; `refresh` is None when it was not asked for or is already known."""

    access: str
    refresh: str | None
    scopes: tuple[str, ...]
    #: how long the refresh token lives, seconds; None where nothing was said
    refresh_s: float | None = None


@dataclass(frozen=True)
class Consent:
    """One consent on its way: the address to open, and what proves to the token endpoint that we asked."""

    address: str
    verifier: str
    redirect: str


def new_state() -> str:
    """A word that nobody else can know: the answer which carries it answers our question."""
    return secrets.token_urlsafe(24)


def ask_consent(redirect: str, state: str, account: str | None = None) -> Consent:
    """Prepare a consent whose answer is sent to `redirect` on this machine; `account` preselects a Google account."""
    verifier = secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": secret("GOOGLE_CLIENT_ID", "Google"), "redirect_uri": redirect, "response_type": "code",
        "scope": " ".join(SCOPES), "access_type": "offline", "prompt": "consent", "state": state,
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    if account is not None:
        query["login_hint"] = account
    base = origins.address("VIDEOD_URL_GOOGLE_ACCOUNTS")
    return Consent(f"{base.rstrip('/')}/o/oauth2/v2/auth?{urlencode(query)}", verifier, redirect)


def redeem(consent: Consent, code: str) -> Tokens:
    """Change the code of an answered consent into tokens."""
    return _token({
        "grant_type": "authorization_code", "code": code, "redirect_uri": consent.redirect,
        "code_verifier": consent.verifier,
    })  # fmt: skip


def refresh(refresh_token: str) -> Tokens:
    """A new access token, good for an hour. Raises Failure(credentials) when the consent was revoked or ran out."""
    return _token({"grant_type": "refresh_token", "refresh_token": refresh_token})


def access_of(path: Path) -> str:
    """A fresh access token of a file that `keep` wrote; it is struck out of error texts like a given one."""
    token = refresh(kept(path)).access
    os.environ["YOUTUBE_ACCESS_TOKEN"] = token
    return token


def _token(fields: dict[str, str]) -> Tokens:
    fields = {
        **fields, "client_id": secret("GOOGLE_CLIENT_ID", "Google"),
        "client_secret": secret("GOOGLE_CLIENT_SECRET", "Google"),
    }  # fmt: skip
    for name in ("refresh_token", "code", "code_verifier"):
        learn(fields.get(name))
    base = origins.address("VIDEOD_URL_GOOGLE_OAUTH")
    reply = http.Service(SERVICE, base, {}).send(
        "POST", "/token", content=urlencode(fields).encode(), deadline_s=30, cap=1 << 20,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    value = reply.json_or_none()
    access = answers.word(dig(value, "access_token"), 4096)
    if reply.status == 200 and access is not None:
        granted = (answers.text(dig(value, "scope")) or "").split()
        given = answers.text(dig(value, "refresh_token"))
        learn(access)
        learn(given)
        left_s = bounds.number(dig(value, "refresh_token_expires_in"), 0.0, CONSENT_S)
        return Tokens(access, given, tuple(granted), left_s)
    raise wires.failure("google token", reply, free=True)


def keep(
    path: Path, channel: str, refresh_token: str, scopes: tuple[str, ...], lives_s: float | None = None
) -> None:  # fmt: skip
    """Write the refresh token, encrypted with VIDEOD_MASTER_KEY, readable by its owner only.

    `lives_s`: how long it works, where Google said so. The client that asked for it, channel and kind stand inside the
    encrypted part, so that files cannot be swapped.
    """
    now = datetime.now(UTC)
    told = {
        "channel": channel, "kind": "youtube", "refresh_token": refresh_token, "scopes": list(scopes),
        "obtained_at": now.isoformat(timespec="seconds"), "client": secret("GOOGLE_CLIENT_ID", "Google"),
        "ends_at": "" if lives_s is None else (now + timedelta(seconds=lives_s)).isoformat(timespec="seconds"),
    }  # fmt: skip
    sealed = fernet().encrypt(json.dumps(told).encode())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    atomic.write(path, sealed, mode=0o600)


def kept(path: Path) -> str:
    """The refresh token of a file that `keep` wrote. Raises Failure(credentials)."""
    from cryptography.fernet import InvalidToken

    try:
        value = answers.parse(fernet().decrypt(atomic.read_small(path, follow=True)))
    except (InvalidToken, ValueError) as error:
        raise Failure(Kind.CREDENTIALS, f"{path} cannot be opened with this VIDEOD_MASTER_KEY") from error
    token = answers.text(dig(value, "refresh_token"))
    if dig(value, "kind") != "youtube" or token is None:
        raise Failure(Kind.CREDENTIALS, f"{path} holds no YouTube token")
    return token


def fernet() -> "Fernet":
    """The master key's cipher. Raises Failure when the key is missing (credentials) or malformed (configuration)."""
    from cryptography.fernet import Fernet

    try:
        return Fernet(secret("VIDEOD_MASTER_KEY", "encrypted tokens"))
    except ValueError as error:
        raise Failure(
            Kind.CONFIGURATION, "VIDEOD_MASTER_KEY is not a Fernet key (32 bytes, URL-safe base64)"
        ) from error
