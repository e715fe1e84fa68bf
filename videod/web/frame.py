"""Around every handler: the request's name, who may ask, its query and body, errors as JSON, what is unchanged.

An answer is JSON with every text redacted. One to a GET carries an ETag: whoever has it already is reported so (304).
"""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from videod.guard import errors, requests
from videod.guard.errors import Code, ErrorCode, Refused
from videod.web import callers, serializers, values
from videod.web.listen import DOORS
from videod.web.routes import Call, House, Plain, Route

log = logging.getLogger(__name__)

Redact = Callable[[str], str]
Inner = Callable[[web.Request], Awaitable[web.StreamResponse]]
_NAME = web.RequestKey("request_id", str)
_PATHS = "GET /api/openapi.json lists every path. Changes are POSTs on the Unix socket"
#: what to do about aiohttp's own refusals that are no question of paths
_HINTS = {
    Code.TOO_LARGE: "send at most 256 KiB", Code.EXPECTATION_FAILED: "leave the header Expect out",
    Code.MALFORMED: "check the request's headers and its body",
}  # fmt: skip
#: so much of an unknown path is repeated
_SHOWN = 200
#: headers of aiohttp's own refusals that stay
_KEPT = ("Allow",)


class Frame:
    """Serves routes. `redact` takes secrets out of whatever is answered."""

    def __init__(self, house: House, redact: Redact) -> None:
        self._house = house
        self._redact = redact

    def serving(self, route: Route) -> Inner:
        """The route as aiohttp calls it."""

        async def serve(request: web.Request) -> web.StreamResponse:
            strict = route.path.startswith("/api/")
            query = values.of_query(request.query.items(), route.query) if strict else {}
            body = await _body(request) if route.method == "POST" else {}
            connections = {door.name: door.counts for door in request.app[DOORS]}
            call = Call(dict(request.match_info), query, body, connections)
            answer = await route.handler(self._house, call)
            if isinstance(answer, Plain):
                return web.Response(text=answer.text, headers={"Content-Type": answer.content_type})
            if route.method == "POST":
                target, changed = call.path.get("id"), _changed(answer)
                log.info("api_request_done", extra={"verb": route.name, "target": target, "changed": changed})
                return self._json(answer)
            return self._conditional(request, answer)

        return serve

    def _json(self, body: object, status: int = 200) -> web.Response:
        return web.json_response(serializers.redacted(body, self._redact), status=status)

    def _conditional(self, request: web.Request, body: object) -> web.Response:
        """The answer, or that the one whose ETag the caller has is still right."""
        text = json.dumps(serializers.redacted(body, self._redact)).encode()
        tag = hashlib.sha256(text).hexdigest()[:32]
        known = request.if_none_match or ()
        if any(one.value in (tag, "*") for one in known):
            answer = web.Response(status=304)
        else:
            answer = web.Response(body=text, content_type="application/json", charset="utf-8")
        answer.etag = tag
        return answer

    def error(self, request: web.Request, code: ErrorCode, message: str, hint: str, status: int = 0) -> web.Response:
        body = errors.body(code, message, hint, self._house.clock.now_ms(), self.name_of(request))
        return self._json(body, status or errors.status_of(code))

    def name_of(self, request: web.Request) -> str:
        """The request's name. One that holds a secret is replaced: it would be logged and answered."""
        name = request.get(_NAME)
        if name is None:
            name = errors.named(request.headers.getall(errors.REQUEST_ID, []))
            if self._redact(name) != name:
                name = errors.named(())
            request[_NAME] = name
        return name

    async def prepared(self, request: web.Request, response: web.StreamResponse) -> None:
        """Before an answer leaves: its name, and our words where aiohttp answers automatically."""
        response.headers.setdefault(errors.REQUEST_ID, self.name_of(request))
        if isinstance(response, web.HTTPException):
            made = self._of_aiohttp(request, response).body
            assert isinstance(made, bytes)
            response.body, response.content_type = made, "application/json"
            response.headers["Content-Length"] = str(len(made))  # it was counted already

    def _of_aiohttp(self, request: web.Request, error: web.HTTPException) -> web.Response:
        code = errors.of_status(error.status)
        told, hint = f"{request.method} {request.path[:_SHOWN]}: {error.reason}", _HINTS.get(code, _PATHS)
        answer = self.error(request, code, told, hint, error.status)
        answer.headers.update({name: error.headers[name] for name in _KEPT if name in error.headers})
        return answer

    @web.middleware
    async def guard(self, request: web.Request, handler: Inner) -> web.StreamResponse:
        """Refuse whom videod does not answer; answer every error as JSON, under the request's name."""
        naming = errors.CURRENT.set(self.name_of(request))
        try:
            return await self._guarded(request, handler)
        finally:
            errors.CURRENT.reset(naming)

    async def _guarded(self, request: web.Request, handler: Inner) -> web.StreamResponse:
        try:
            callers.check(request)
            return await handler(request)
        except Refused as error:
            if request.method == "POST":
                log.info("api_request_refused", extra={"path": request.path, "code": error.code.value})
            return self.error(request, error.code, str(error), error.hint)
        except web.RequestPayloadError:
            return self.error(request, Code.MALFORMED, "the body is not what its headers say", "send it again")
        except ConnectionError:
            raise  # the caller is gone
        except web.HTTPException as error:
            return self._of_aiohttp(request, error)
        except Exception:
            # the last line of defense of one request: the daemon continues, the caller and the log learn of it
            log.exception("api_request_failed", extra={"path": request.path})
            hint = f"its log has the details: look for {self.name_of(request)}"
            return self.error(request, Code.INTERNAL, "videod could not do that because of a bug", hint)


def _changed(answer: object) -> object:
    return answer.get("changed") if isinstance(answer, dict) else None


async def _body(request: web.Request) -> dict[str, object]:
    """The request's JSON object; no body is an empty one."""
    loaded = await requests.json_body(request)
    if not isinstance(loaded, dict):
        raise Refused(Code.MALFORMED, "the body is not a JSON object", 'send for example {"gate": "assets"}')
    return loaded
