"""The page's own door: in our own name only, from our own pages only, with a session, within what its role may do.

Every answer says what a browser may do with it: load nothing from elsewhere, run no script that stands in a page, show
it in no frame. What is refused before a session is known gives nothing of this host away.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from videod.guard import errors, requests
from videod.guard.errors import Code, Refused
from videod.guard.requests import Manners
from videod.web import token
from videod.web.sessions import Role, Session, Sessions, csrf

log = logging.getLogger(__name__)

Inner = Callable[[web.Request], Awaitable[web.StreamResponse]]
#: (request, status, what happened, what to do) -> a page
Told = Callable[[web.Request, int, str, str], web.Response]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "private, no-store",
}  # fmt: skip
#: where a browser without a session may go
ENTER, STATIC = "/enter", "/static/"
FORM_FIELD, FORM_HEADER = "form_key", "X-Form-Key"
#: wrong links that are looked at: so many at once, one more after so many ms; a right one is always taken
WRONG_MOST, WRONG_MS = 20, 3_000
#: a form's fields; files come by a way of their own
FORM_BYTES = 256 * 1024


@dataclass(frozen=True)
class Visitor:
    """Whose request it is; `key`: what the forms of this session carry."""

    session: Session
    key: str

    def may(self, role: Role) -> bool:
        order = list(Role)
        return order.index(self.session.role) <= order.index(role)


VISITOR = web.RequestKey("visitor", Visitor)


@dataclass(frozen=True)
class Address:
    """How browsers reach the page. `names`: hosts in whose name it answers; `secure`: whether cookies travel in TLS
    only; `cookie`: its name, which differs between two videods of one host, since cookies know no ports."""

    names: frozenset[str]
    secure: bool
    cookie: str


class Wrong:
    """Counts links that were not good: many are answered without a look, none is waited for."""

    def __init__(self) -> None:
        self._left, self._at = float(WRONG_MOST), 0

    def too_many(self, now_ms: int) -> bool:
        """Count one more."""
        self._left = min(float(WRONG_MOST), self._left + (now_ms - self._at) / WRONG_MS)
        self._at = now_ms
        if self._left < 1:
            return True
        self._left -= 1
        return False


class Gate:
    """See the module's text."""

    def __init__(self, sessions: Sessions, address: Address, told: Told) -> None:
        self._sessions = sessions
        self.address = address
        self._told = told

    @web.middleware
    async def guard(self, request: web.Request, handler: Inner) -> web.StreamResponse:
        naming = errors.CURRENT.set(errors.named(()))
        try:
            return await self._guarded(request, handler)
        finally:
            errors.CURRENT.reset(naming)

    async def _guarded(self, request: web.Request, handler: Inner) -> web.StreamResponse:
        try:
            requests.check(request, Manners(self.address.names))
            if not self._open_to_all(request):
                if (visitor := await self._visitor(request)) is None:
                    return self._outside(request)
                request[VISITOR] = visitor
                if request.method not in ("GET", "HEAD"):
                    await self._check_change(request, visitor)
            return await handler(request)
        except Refused as error:
            return self._told(request, errors.status_of(error.code), str(error), error.hint)
        except web.RequestPayloadError:
            return self._told(request, 400, "the request is not what its headers say", "send it again")
        except ConnectionError:
            raise  # the browser is gone
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return self._told(request, error.status, _of_aiohttp(error), "go back to the inbox")
        except Exception:
            # the last line of defense of one request: the daemon continues, the person and the log learn of it
            log.exception("page_request_failed", extra={"path": request.path})
            hint = f"its log has the details: look for {errors.CURRENT.get()}"
            return self._told(request, 500, "videod could not do that because of a bug", hint)

    async def prepared(self, request: web.Request, response: web.StreamResponse) -> None:
        """Before an answer leaves."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.pop("Server", None)

    def _open_to_all(self, request: web.Request) -> bool:
        return request.path == ENTER or (request.path.startswith(STATIC) and request.method in ("GET", "HEAD"))

    async def _visitor(self, request: web.Request) -> Visitor | None:
        secret = request.cookies.get(self.address.cookie, "")
        session = await self._sessions.of(secret) if secret else None
        return None if session is None else Visitor(session, csrf(secret))

    def _outside(self, request: web.Request) -> web.Response:
        """To where a link can be entered; a page that is opened by a link of a message comes back there."""
        if request.method == "GET" and request.headers.get("Sec-Fetch-Dest", "document") == "document":
            return web.Response(status=303, headers={"Location": f"{ENTER}?to={quote(request.path_qs[:500])}"})
        return self._told(request, 401, "this browser is not paired with videod", "run `videod open`")

    async def _check_change(self, request: web.Request, visitor: Visitor) -> None:
        if not visitor.may(Role.EDITOR):
            raise Refused(
                Code.READ_ONLY, f"{visitor.session.name} may look, not change anything", "ask the owner of this videod"
            )
        if request.content_type.startswith("multipart/"):
            given = request.headers.get(FORM_HEADER, "") or request.query.get(FORM_FIELD, "")
        else:
            if (request.content_length or 0) > FORM_BYTES:
                raise web.HTTPRequestEntityTooLarge(FORM_BYTES, request.content_length or 0)
            given = request.headers.get(FORM_HEADER, "") or str((await request.post()).get(FORM_FIELD, ""))
        if not token.same(given, visitor.key):
            raise Refused(Code.OTHER_PAGE, "the form is not one of this session", "load the page again, then retry")


def _of_aiohttp(error: web.HTTPException) -> str:
    match error.status:
        case 404:
            return "there is no such page"
        case 405:
            return "that address takes no such request"
        case 413:
            return "that is larger than videod takes"
    return error.reason.lower()


def local(target: str) -> str:
    """A path of this page, from what a form or an address says; the inbox for anything else."""
    good = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable() and target.isascii()
    return target if good and "\\" not in target and len(target) <= 600 else "/"
