"""What Notion calls when the board changes: `POST /webhook/notion`, on a listener that serves nothing else.

It is reached from the internet, through a proxy or a tunnel of the owner's. So it answers in the owner's public name
and the names of this host only (a proxy may ask in either), to no page of a browser, one request a connection, at
once, and without a look at the database or the board: whatever follows from a delivery happens afterwards.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from videod.core import deliveries, webhook
from videod.core.deliveries import Delivery, Seen
from videod.guard import errors, requests
from videod.guard.errors import Code
from videod.guard.requests import LOOPBACK, Manners, Unwelcome
from videod.ports import Clock
from videod.web import handshake

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: a delivery is 1 to 3 kB; one about many blocks names each of them
BODY_BYTES = 256 * 1024
#: verification tokens are taken at most so often, and the log says so: Notion sends one when a person clicks
TOKEN_EVERY_MS, SAY_MS = 1_000, 60_000


class _Refused(Unwelcome):
    """A request that is not taken. `reason`: how it is counted."""

    def __init__(self, code: Code, reason: str, message: str, hint: str) -> None:
        super().__init__(code, message, hint)
        self.reason = reason


@dataclass
class Tally:
    """What became of requests since the start; times in ms."""

    taken: int = 0
    repeats: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_at: int | None = None
    signed_at: int | None = None
    token_at: int | None = None
    said_at: int | None = None


@dataclass(frozen=True)
class Webhook:
    """`secret`: the verification token, None where nobody has set it yet. `host`: the public name.

    `folder`: where tokens that come are kept. `ring` is called for every delivery that is news, and must not wait.
    """

    secret: str | None
    host: str
    folder: Path
    clock: Clock
    seen: Seen
    ring: Callable[[Delivery], None]
    tally: Tally = field(default_factory=Tally)

    async def notion(self, request: web.Request) -> web.Response:
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise _Refused(Code.NOT_JSON, "packed", "the body must not be compressed", "send it as it is")
        if (request.content_length or 0) > BODY_BYTES:
            raise _too_large()
        body = await request.read()
        given = request.headers.getall(deliveries.HEADER, [])
        now = self.clock.now_ms()
        if not given and (token := deliveries.token_of(body)) is not None:
            self._take_token(token, now)
            return _answer(200, {"status": "ok"})
        if self.secret is None:
            raise _Refused(Code.NOT_READY, "no secret set", "this webhook is not set up yet", "try again later")
        if len(given) != 1:
            raise _Refused(Code.UNSIGNED, "unsigned", f"one {deliveries.HEADER} is expected", "sign the body")
        if not deliveries.signed(body, given[0], self.secret):
            raise _Refused(
                Code.UNSIGNED, "wrong signature", "the signature is wrong", "sign the body with the token in use"
            )
        self._take(deliveries.delivery(body), now)
        return _answer(200, {"status": "ok"})

    def _take(self, one: Delivery, now: int) -> None:
        if one.is_old(now):
            raise _Refused(Code.INVALID, "old", "this is older than two days", "there is nothing to do")
        self.tally.signed_at = now
        if not self.seen.fresh(one.key, now):
            self.tally.repeats += 1
            return
        self.tally.taken += 1
        self.ring(one)

    def _take_token(self, token: str, now: int) -> None:
        """Keep a verification token for its owner. With a secret set, nobody waits for one."""
        if self.secret is not None:
            if token != self.secret:
                self._say("webhook_token_refused", f"{webhook.SECRET} is set. To use another one, remove it first", now)
                raise _Refused(
                    Code.CONFLICT, "a verification token that nobody waits for", "this webhook is set up already",
                    "its owner must remove the old token first",
                )  # fmt: skip
            return
        if self.tally.token_at is not None and 0 <= now - self.tally.token_at < TOKEN_EVERY_MS:
            raise _Refused(
                Code.TOO_OFTEN, "verification tokens too often", "a token came just now", "try again in a second"
            )
        try:
            handshake.keep(self.folder, handshake.Token(token, now))
        except OSError as error:
            log.error("webhook_token_unkept", extra={"error": error.strerror or str(error)})
            raise _Refused(Code.NOT_READY, "a verification token that could not be kept", "it could not be kept",
                           "try again later") from None  # fmt: skip
        self.tally.token_at = now
        self._say("webhook_token_received", "`videod notion webhook` shows it and says what to do", now)

    def _say(self, event: str, hint: str, now: int) -> None:
        """Anybody can send tokens: the log must not grow with them."""
        if self.tally.said_at is None or not 0 <= now - self.tally.said_at < SAY_MS:
            self.tally.said_at = now
            log.warning(event, extra={"hint": hint})

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every error is JSON, is counted, and says nothing of this host; every answer ends its connection."""
        name = errors.named(request.headers.getall(errors.REQUEST_ID, []))
        try:
            requests.check(request, Manners(LOOPBACK | {self.host.lower()}))
            answer = await handler(request)
        except _Refused as error:
            answer = self._refused(name, error, error.reason)
        except Unwelcome as error:
            answer = self._refused(name, error, "another host's name or a page")
        except web.HTTPRequestEntityTooLarge:
            answer = self._refused(name, _too_large(), "too large")
        except web.RequestPayloadError:
            told = Unwelcome(Code.MALFORMED, "the body is not what its headers say", "send it again")
            answer = self._refused(name, told, "broken")
        except ConnectionError:
            raise  # the caller is gone
        except web.HTTPException as error:
            hint = f"only POST {webhook.PATH} is answered"
            told = Unwelcome(errors.of_status(error.status), "there is nothing here", hint)
            answer = self._refused(name, told, "another address or method")
        except Exception:
            # the last line of defense of one request: the daemon continues, the board is asked as ever
            log.exception("webhook_request_failed")
            answer = self._error(name, Unwelcome(Code.INTERNAL, "that could not be done", "try again later"))
        answer.headers[errors.REQUEST_ID] = name
        answer.force_close()
        return answer

    def _refused(self, name: str, error: Unwelcome, reason: str) -> web.Response:
        self.tally.refused[reason] += 1
        self.tally.refused_at = self.clock.now_ms()
        return self._error(name, error)

    def _error(self, name: str, error: Unwelcome) -> web.Response:
        return _answer(error.status, errors.body(error.code, str(error), error.hint, self.clock.now_ms(), name))


def _too_large() -> _Refused:
    return _Refused(Code.TOO_LARGE, "too large", f"a body may have {BODY_BYTES:,} bytes", "send less")


def _answer(status: int, body: Mapping[str, object]) -> web.Response:
    return web.json_response(body, status=status)


def build_app(hook: Webhook) -> web.Application:
    app = web.Application(middlewares=[hook.guard], client_max_size=BODY_BYTES)
    app.add_routes([web.post(webhook.PATH, hook.notion)])
    return app
