"""Access tokens of the channels' YouTube accounts.

Refresh tokens lie sealed (Fernet, key from VIDEOD_MASTER_KEY) in the database; `scripts/youtube_auth.py` leaves fresh
ones as sealed files, which are taken over when they are newer. The sealed text names its channel and kind, so that
rows or files that were swapped are noticed. Access tokens live in memory only.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from videod import files
from videod.core import bounds, consents
from videod.core.consents import Consent
from videod.core.days import DAY_MS
from videod.core.redaction import Redactor
from videod.core.services.youtube import client_secrets
from videod.ledger import Ledger
from videod.ports import Clock, TokenError
from videod.store import reads
from videod.store.consents import consent, testing
from videod.store.database import Store

log = logging.getLogger(__name__)

KIND = "youtube"
DEFAULT_URL = "https://oauth2.googleapis.com"
#: Google's tokens live about 60 minutes; a fresh one is fetched after 50
USABLE_MS = 50 * 60_000
#: a token that was refused when it was older than this may have run out, a younger one is unwelcome
SETTLED_MS = 5 * 60_000
#: no access token lives longer than a day
LIFETIME_S = 86_400.0
#: a consent that has an end does not last longer than this
CONSENT_S = 10 * 366 * 86_400.0
#: so many tokens are asked for at once
AT_ONCE = 2
#: codes of ours: a consent of another Google project, a project without a client
OTHER_PROJECT, NO_CLIENT = "other_project", "no_client"
TOKEN_CHARACTERS = 4096
CODE_CHARACTERS = 60
CALL_S = 30.0
ANSWER_BYTES = 64 * 1024


def vault(master_key: str) -> MultiFernet:
    """What seals tokens. Several keys, comma-separated, newest first: the older ones still open. Raises ValueError."""
    keys = [part.strip() for part in master_key.split(",") if part.strip()]
    if not keys:
        raise ValueError("VIDEOD_MASTER_KEY is empty. Create one with `videod secrets new-key`")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ValueError(
            "VIDEOD_MASTER_KEY is not a key (32 bytes in URL-safe base64). Put the right one back, since stored tokens"
            " open with no other, or make a first one with `videod secrets new-key`"
        ) from None


@dataclass(frozen=True)
class Grant:
    """What a person's consent gave. Times are ISO 8601 UTC. `client`: the OAuth client that asked for it, "" where an
    older version did not keep it; `ends_at`: when Google ends it, "" where nothing was said."""

    channel: str
    kind: str
    refresh_token: str
    scopes: tuple[str, ...]
    obtained_at: str
    client: str = ""
    ends_at: str = ""

    @property
    def obtained_ms(self) -> int:
        return bounds.moment_ms(self.obtained_at) or 0

    @property
    def ends_ms(self) -> int | None:
        return bounds.moment_ms(self.ends_at) if self.ends_at else None


def seal(grant: Grant, fernet: MultiFernet) -> str:
    return fernet.encrypt(json.dumps(asdict(grant)).encode()).decode()


def unseal(sealed: str, channel_id: str, fernet: MultiFernet) -> Grant:
    """Open a sealed grant of this channel. Raises ValueError (without any of its content) when it is not that."""
    try:
        values = bounds.loads(fernet.decrypt(sealed.strip().encode()))
        if not isinstance(values, dict):
            raise TypeError("no object")
        grant = Grant(
            str(values["channel"]), str(values["kind"]), str(values["refresh_token"]),
            _scopes(values.get("scopes")), str(values.get("obtained_at", "")), str(values.get("client") or ""),
            str(values.get("ends_at") or ""),
        )  # fmt: skip
    except (InvalidToken, KeyError, TypeError, ValueError):
        raise ValueError("it does not open with VIDEOD_MASTER_KEY or is damaged") from None
    if grant.channel != channel_id or grant.kind != KIND:
        raise ValueError(f'it is sealed for channel "{grant.channel}" ({grant.kind}), not for this one')
    return grant


def _scopes(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(str(one) for one in value) if isinstance(value, Sequence) else ()


@dataclass(frozen=True)
class _Access:
    """Both times on the steady clock: a wall clock that is set back must not make a token live longer."""

    token: str
    since_ms: int
    until_ms: int
    refresh_token: str


@dataclass(frozen=True)
class Application:
    """The OAuth client of a Google project; `project` "": the one without a name."""

    client_id: str
    client_secret: str
    token_url: str = DEFAULT_URL
    project: str = ""

    @property
    def variables(self) -> str:
        """The variables that hold it, for people."""
        return " and ".join(client_secrets(self.project))


class GoogleTokens:
    """One access token per channel, fetched when needed and kept for 50 minutes."""

    def __init__(
        self, store: Store, ledger: Ledger, clock: Clock, fernet: MultiFernet,
        application: Callable[[str], Application], folder: Path,
    ) -> None:  # fmt: skip
        """`application`: channel id -> the OAuth client of its Google project."""
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._fernet = fernet
        self._application = application
        self._folder = folder
        self._access: dict[str, _Access] = {}
        self._revoked: dict[str, str] = {}
        self._revoked_why: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._few = asyncio.Semaphore(AT_ONCE)

    async def youtube_token(self, channel_id: str, ahead_ms: int = 0) -> str:
        """An access token of the channel that is fresh for `ahead_ms`. Raises TokenError when a person must authorize
        again."""
        async with self._locks.setdefault(channel_id, asyncio.Lock()):
            grant, application = await self._grant(channel_id), self._application(channel_id)
            _check_client(channel_id, grant, application)
            known = self._access.get(channel_id)
            usable = known is not None and known.refresh_token == grant.refresh_token
            if known is not None and usable and self._clock.steady_ms() + ahead_ms < known.until_ms:
                return known.token
            if self._revoked.get(channel_id) == grant.refresh_token:
                raise TokenError(self._revoked_why[channel_id], True)
            async with self._few:
                fresh = await self._refresh(channel_id, grant, application)
            self._access[channel_id] = fresh
            return fresh.token

    def refused(self, channel_id: str) -> bool:
        """Its service refused the channel's token: forget it. True when another one may still be good."""
        known = self._access.pop(channel_id, None)
        return known is not None and self._clock.steady_ms() - known.since_ms >= SETTLED_MS

    async def _grant(self, channel_id: str) -> Grant:
        """The newest grant, out of the database or of the file that the authorization left."""
        sealed = await self._store.read(lambda tx: reads.sealed_token(tx, channel_id, KIND))
        path = self._folder / f"{channel_id}.token"
        stored, problem = self._opened(sealed, "", channel_id, "the stored token")
        left, trouble = self._opened(*_text(path), channel_id, f"the file {path.name}")
        if left is not None and (stored is None or left.obtained_ms > stored.obtained_ms):
            await self._ledger.seal_token(channel_id, KIND, seal(left, self._fernet), self._clock.now_ms())
            log.info("oauth_token_imported", extra={"channel": channel_id})
            return left
        if stored is not None:
            return stored
        raise TokenError(_authorize(channel_id, problem or trouble or "it is not authorized yet"), True)

    def _opened(self, sealed: str | None, trouble: str, channel_id: str, what: str) -> tuple[Grant | None, str]:
        """The grant, or why there is none; `trouble` is why the sealed text could not even be read."""
        if sealed is not None:
            try:
                return unseal(sealed, channel_id, self._fernet), ""
            except ValueError as error:
                trouble = str(error)
        if not trouble:
            return None, ""
        log.warning("oauth_token_unreadable", extra={"channel": channel_id, "what": what, "error": trouble})
        return None, f"{what} cannot be used: {trouble}"

    async def _refresh(self, channel_id: str, grant: Grant, application: Application) -> _Access:
        form = {
            "grant_type": "refresh_token", "refresh_token": grant.refresh_token,
            "client_id": application.client_id, "client_secret": application.client_secret,
        }  # fmt: skip
        began = self._clock.steady_ms()
        status, answer = await self._post(application.token_url, form)
        token, lifetime_s = _token(answer.get("access_token")), bounds.number(answer.get("expires_in"), 0.0, LIFETIME_S)
        if status == 200 and token is not None:
            await self._note(channel_id, grant, application, _ends(answer, self._clock.now_ms()) or grant.ends_ms)
            lifetime_ms = USABLE_MS if lifetime_s is None else round(lifetime_s * 1000)
            return _Access(token, began, began + min(USABLE_MS, lifetime_ms * 5 // 6), grant.refresh_token)
        told = answer.get("error")
        code = _code(told, grant, application)
        log.warning("oauth_refresh_failed", extra={"channel": channel_id, "http_status": status, "code": code})
        if code == "invalid_grant":
            self._revoked[channel_id] = grant.refresh_token
            self._revoked_why[channel_id] = _authorize(channel_id, await self._died(channel_id, grant, application))
            raise TokenError(self._revoked_why[channel_id], True, status, code)
        if code == "unauthorized_client":
            raise TokenError(_elsewhere(channel_id, application), True, status, OTHER_PROJECT)
        if status in (400, 401, 403) and code:
            raise TokenError(
                f"Google refused the OAuth client ({code or status}) for channel {channel_id}: check"
                f" {application.variables}",
                True, status, code,
            )  # fmt: skip
        failed = f"Google's token service failed (HTTP {status}) for channel {channel_id}. Try later"
        raise TokenError(failed, False, status, code or None)

    async def _note(self, channel_id: str, grant: Grant, application: Application, ends: int | None) -> None:
        """Keep that the consent works."""
        client = consents.mark(application.client_id)
        one = Consent(grant.obtained_ms, self._clock.now_ms(), True, ends, client)
        await self._ledger.set_value(f"{consents.KEPT}{channel_id}", json.dumps(one.plain()))
        lasted = one.obtained and one.tried - one.obtained > consents.TESTING_MS + DAY_MS
        if lasted and await self._store.read(lambda tx: testing(tx, client)):
            await self._ledger.set_value(f"{consents.TESTING}{client}", "")  # the project has left Testing

    async def _died(self, channel_id: str, grant: Grant, application: Application) -> str:
        """Keep that the consent is dead; why, in words."""
        at, client = self._clock.now_ms(), consents.mark(application.client_id)
        known = await self._store.read(lambda tx: consent(tx, channel_id))
        known = known if known is not None and known.obtained == grant.obtained_ms else None
        if known is not None and not known.alive:  # it was dead before this start
            of_testing = await self._store.read(lambda tx: testing(tx, client))
        else:
            of_testing = consents.of_testing(grant.obtained_ms, known.tried if known is not None else None, at)
            if of_testing:
                await self._ledger.set_value(f"{consents.TESTING}{client}", "1")
            one = Consent(grant.obtained_ms, at, False, grant.ends_ms, client)
            await self._ledger.set_value(f"{consents.KEPT}{channel_id}", json.dumps(one.plain()))
        return consents.died(of_testing)

    async def _post(self, base: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        url = f"{base.rstrip('/')}/token"
        timeout = aiohttp.ClientTimeout(total=CALL_S)
        try:
            # a session of its own: one call an hour for each channel is not worth a pool to close
            async with (
                aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
                session.post(
                    url, data=form, headers={"Accept-Encoding": "identity"}, allow_redirects=False
                ) as response,
            ):  # the form holds the refresh token: it goes nowhere else
                body = await _whole(response)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise TokenError(f"Google's token service cannot be reached ({type(error).__name__})", False) from None
        try:
            answer = bounds.loads(body)
        except ValueError:
            return status if status != 200 else 502, {}
        return status, answer if isinstance(answer, dict) else {}


def _check_client(channel_id: str, grant: Grant, application: Application) -> None:
    """Raises TokenError where the channel's Google project has no client, or is not the one of its consent."""
    if application.project and not (application.client_id and application.client_secret):
        told = (
            f"Google project {application.project} of channel {channel_id} has no OAuth client: set"
            f" {application.variables}, then restart videod"
        )
        raise TokenError(told, True, None, NO_CLIENT)
    if grant.client and grant.client != application.client_id:
        raise TokenError(_elsewhere(channel_id, application), True, None, OTHER_PROJECT)


def _elsewhere(channel_id: str, application: Application) -> str:
    mine = f"the Google project {application.project}" if application.project else "GOOGLE_CLIENT_ID"
    return _authorize(channel_id, f"its consent was given to another OAuth client than that of {mine}")


def _code(told: object, grant: Grant, application: Application) -> str:
    """Google's code of a failure: one word; whatever else stands there may repeat what was sent."""
    sent = Redactor({"1": grant.refresh_token, "2": application.client_secret})
    usable = isinstance(told, str) and told.isascii() and told.isidentifier() and not sent.holds(told)
    return told[:CODE_CHARACTERS] if isinstance(told, str) and usable else ""


def _ends(answer: Mapping[str, object], at: int) -> int | None:
    """When Google says that the consent ends, ms; None where it does not say."""
    left_s = bounds.number(answer.get("refresh_token_expires_in"), 0.0, CONSENT_S)
    return None if left_s is None else at + round(left_s * 1000)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body, however many pieces it comes in; of a body that is no token's, only its begin."""
    body = bytearray()
    while len(body) < ANSWER_BYTES and (piece := await response.content.read(ANSWER_BYTES)):
        body += piece
    return bytes(body)


def _token(value: object) -> str | None:
    """A token that a header can carry; None for anything else."""
    fits = isinstance(value, str) and 0 < len(value) <= TOKEN_CHARACTERS
    return value if isinstance(value, str) and fits and all(32 < ord(letter) < 127 for letter in value) else None


def _text(path: Path) -> tuple[str | None, str]:
    """What the file holds, and why nothing of it can be read where there is one."""
    try:
        return files.read_bytes(path, ANSWER_BYTES).decode(), ""
    except (FileNotFoundError, NotADirectoryError):
        return None, ""
    except OSError as error:
        return None, f"it cannot be read ({files.reason(error)})"
    except UnicodeDecodeError:
        return None, "it is not text"


def _authorize(channel_id: str, why: str) -> str:
    return f"channel {channel_id} cannot upload: {why}. Run `videod channels authorize {channel_id}`"
