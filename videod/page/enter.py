"""The way in: a one-time link becomes a session.

The secret stands behind the `#` of the link, so that no server, proxy or preview of a message sees it; a script of the
page sends it on. Whatever session a browser had is replaced by a new one.
"""

import logging

from aiohttp import web

from videod.guard.errors import Code, Refused
from videod.page.gate import VISITOR, Gate, Wrong, local
from videod.page.pages import Pages, values
from videod.ports import Clock
from videod.web.sessions import IDLE_MS, Sessions

log = logging.getLogger(__name__)

#: bytes of the form: a secret and where to go on
FORM_BYTES = 2_000
#: parts of a browser's description that say what it runs on, and what people call that
_DEVICES = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Macintosh", "Mac"),
            ("Windows", "Windows"), ("CrOS", "Chromebook"), ("Linux", "Linux"))  # fmt: skip
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))


class Enter:
    """`gate` is asked for the address alone."""

    def __init__(self, sessions: Sessions, pages: Pages, gate: Gate, clock: Clock) -> None:
        self._sessions = sessions
        self._pages = pages
        self._gate = gate
        self._clock = clock
        self._wrong = Wrong()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/enter", self.shown), web.post("/enter", self.entered), web.post("/leave", self.left)]

    async def shown(self, request: web.Request) -> web.StreamResponse:
        return self._pages.page("enter.html", to=local(values(request).get("to", "/")), problem=None)

    async def entered(self, request: web.Request) -> web.StreamResponse:
        if (request.content_length or 0) > FORM_BYTES:
            raise Refused(Code.TOO_LARGE, "that is not a code of videod", "run `videod open`")
        form = await request.post()
        code, to = str(form.get("code", "")).strip(), local(str(form.get("to", "/")))
        secret = await self._sessions.enter(code.rpartition("#")[2], _device(request.headers.get("User-Agent", "")))
        if secret is None:
            if self._wrong.too_many(self._clock.now_ms()):
                return web.Response(status=429, headers={"Retry-After": "3"}, text="Too many wrong links.")
            log.info("page_link_refused")
            problem = "This link was used before, or is older than ten minutes. Run videod open for a new one."
            return self._pages.page("enter.html", 403, to=to, problem=problem)
        log.info("page_session_begun")
        answer = web.Response(status=303, headers={"Location": to})
        address = self._gate.address
        answer.set_cookie(
            address.cookie, secret, max_age=IDLE_MS // 1000, path="/", httponly=True, samesite="Lax",
            secure=address.secure,
        )  # fmt: skip
        return answer

    async def left(self, request: web.Request) -> web.StreamResponse:
        await self._sessions.end(request[VISITOR].session.id)
        answer = web.Response(status=303, headers={"Location": "/enter"})
        answer.del_cookie(self._gate.address.cookie, path="/")
        return answer


def _device(agent: str) -> str:
    """What people call it: "Chrome on Android"."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    device = next((name for mark, name in _DEVICES if mark in agent), "")
    return f"{browser} on {device}" if browser and device else browser or device or "a browser"
