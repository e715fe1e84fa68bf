"""The HTTP API: reading for programs and monitors, changing for the command line. Every change becomes an event.

It listens on a Unix socket and, if configured, on loopback TCP. On the socket it answers the daemon's user and root, as
the kernel names them, who bring the secret that lies in the state folder: no script can read that. The TCP side has no
way to tell who asks, so it only ever answers reading requests, and only those that name this host: a web page in a
browser here must neither change nor read anything. Errors are {"error", "hint"}.
"""

import asyncio
import logging
import os
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from videod import __version__
from videod.guard import requests
from videod.guard.peer import peer_of
from videod.guard.requests import Manners, Unwelcome
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads, views
from videod.store.database import Store
from videod.web import details, metrics, serializers, token
from videod.web.listen import DOORS, TOKEN, ListenError, Listening, serve
from videod.web.requests import SERVICE_VERBS, VERBS, Refused, RequestHandler, perform

__all__ = ["ListenError", "Listening", "build_app", "serve"]

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: a request is a few hundred bytes
BODY_BYTES = 64 * 1024
#: how long the database may take before `/ready` says no, seconds
READY_S = 2.0
_PATHS = "try GET /health, /ready, /metrics, /api/status or /api/tasks/ID; changes are POSTs on the Unix socket"
_HTTP = {"missing": 404, "invalid": 400, "conflict": 409}


def _no_limits() -> Mapping[str, int]:
    return {}


def _always_ready() -> str | None:
    return None


@dataclass(frozen=True)
class _Api:
    """The handlers. `not_ready` says in words what is still missing, None when all is well."""

    ledger: Ledger
    store: Store
    clock: Clock
    redact: Callable[[str], str]
    limits: Callable[[], Mapping[str, int]]
    not_ready: Callable[[], str | None]
    delays: Callable[[], metrics.Delays]
    started_at: int
    problems: Callable[[], Sequence[str]] = tuple

    def answer(self, body: object, status: int = 200) -> web.Response:
        """JSON with every text redacted."""
        return web.json_response(serializers.redacted(body, self.redact), status=status)

    def error(self, status: int, message: str, hint: str) -> web.Response:
        return self.answer({"error": message, "hint": hint}, status)

    async def overview(self) -> views.Overview:
        at = self.clock.now_ms()
        return await self.store.read(lambda connection: views.overview(connection, at))

    async def health(self, request: web.Request) -> web.Response:
        """The loop turns: that is all that a supervisor needs to know."""
        uptime = (self.clock.now_ms() - self.started_at) // 1000
        return self.answer({"status": "ok", "version": __version__, "pid": os.getpid(), "uptime_s": uptime})

    async def ready(self, request: web.Request) -> web.Response:
        missing = self.not_ready()
        if missing is None:
            try:
                async with asyncio.timeout(READY_S):
                    await self.store.read(lambda connection: reads.value(connection, "ready"))
            except TimeoutError:
                missing = f"the database did not answer within {READY_S:g} s"
        if missing is not None:
            return self.error(503, missing, "see `videod status` and the log")
        return self.answer({"status": "ready"})

    async def metrics(self, request: web.Request) -> web.Response:
        connections = {door.name: door.counts for door in request.app[DOORS]}
        text = metrics.text(
            await self.overview(), self.limits(), __version__, self.started_at, self.delays(), connections
        )
        return web.Response(text=text, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def status(self, request: web.Request) -> web.Response:
        started = serializers.when(self.started_at)
        daemon = {"running": True, "pid": os.getpid(), "version": __version__, "started_at": started}
        seen = await self.overview()
        seen = replace(seen, problems=(*self.problems(), *seen.problems))
        return self.answer({"daemon": daemon} | serializers.status(seen, self.limits()))

    async def task(self, request: web.Request) -> web.Response:
        name, at = request.match_info["id"], self.clock.now_ms()
        found = await self.store.read(lambda connection: _detail(connection, name, at))
        if found is None:
            raise Refused("missing", f"there is no task {name}", "GET /api/status for the open ones")
        return self.answer(details.detail(found, at, None, self.ledger.knows(found.task.channel_id)))

    async def change(self, request: web.Request) -> web.Response:
        """POST of one verb on a task or a service."""
        room, verb, target = (request.match_info[name] for name in ("room", "verb", "id"))
        handler = RequestHandler(self.ledger, self.store, self.clock, "cli")
        outcome = await perform(handler, room, verb, target, await _body(request))
        log.info("api_request_done", extra={"verb": verb, "target": target, "changed": outcome.changed})
        return self.answer(outcome.as_json())

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what the TCP side must not do; answer every error as JSON."""
        try:
            _check_caller(request)
            return await handler(request)
        except Refused as error:
            return self.error(_HTTP[error.kind], str(error), error.hint)
        except Unwelcome as error:
            return self.error(error.status, str(error), error.hint)
        except web.RequestPayloadError:
            return self.error(400, "the body is not what its headers say", "send it again")
        except ConnectionError:
            raise  # the caller is gone
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return self.error(error.status, f"{request.method} {request.path}: {error.reason}", _PATHS)
        except Exception:
            # the last line of defence of one request: the daemon goes on, the caller and the log learn of it
            log.exception("api_request_failed", extra={"path": request.path})
            return self.error(500, "videod could not do that because of a bug", "its log has the details")


def _detail(connection: sqlite3.Connection, name: str, at: int) -> views.Detail | None:
    task = reads.task(connection, name) or reads.task_of_page(connection, name)
    return None if task is None else views.detail(connection, task, at)


async def _body(request: web.Request) -> dict[str, object]:
    """The request's JSON object; no body is an empty one."""
    loaded = await requests.json_body(request)
    if not isinstance(loaded, dict):
        raise Unwelcome(400, "the body is no JSON object", 'send for example {"gate": "assets"}')
    return loaded


def _check_caller(request: web.Request) -> None:
    """Raises Unwelcome for whom videod does not answer: see above."""
    channel = request.transport.get_extra_info("socket") if request.transport is not None else None
    if channel is not None and channel.family == socket.AF_UNIX:
        requests.check(request, Manners(names=None))
        _check_peer(request, channel)
        return
    requests.check(request, Manners())
    if request.method not in ("GET", "HEAD"):
        raise Unwelcome(403, "changes are taken on the Unix socket only", "use videod's command line")


def _check_peer(request: web.Request, channel: socket.socket) -> None:
    peer = peer_of(channel)
    if peer is None or not peer.alive:
        raise Unwelcome(403, "videod cannot tell who asks", "ask from a process that waits for the answer")
    if peer.uid not in (os.geteuid(), 0):
        ours = token.user_name(os.geteuid())
        raise Unwelcome(
            403, f"videod runs as {ours} and takes orders from that user and root only",
            f"run the command as that user: sudo -u {ours} videod ...",
        )  # fmt: skip
    if not token.same(request.headers.get(token.HEADER, ""), request.app[TOKEN]):
        raise Unwelcome(
            403, f"the request does not carry the secret of {token.FILE}",
            f"send what the file {token.FILE} beside the socket holds in the header {token.HEADER};"
            " videod's command line does so",
        )  # fmt: skip


def build_app(
    ledger: Ledger,
    store: Store,
    clock: Clock,
    secrets_redact: Callable[[str], str],
    limits: Callable[[], Mapping[str, int]] = _no_limits,
    not_ready: Callable[[], str | None] = _always_ready,
    delays: Callable[[], metrics.Delays] = metrics.Delays,
    problems: Callable[[], Sequence[str]] = tuple,
) -> web.Application:
    """The API as an aiohttp application.

    `limits` gives service -> jobs at once as they are configured now, `delays` how late the event loop was,
    `problems` what the daemon says of itself besides what the database knows.
    """
    api = _Api(ledger, store, clock, secrets_redact, limits, not_ready, delays, clock.now_ms(), problems)
    app = web.Application(middlewares=[api.guard], client_max_size=BODY_BYTES)
    app.add_routes([
        web.get("/health", api.health),
        web.get("/ready", api.ready),
        web.get("/metrics", api.metrics),
        web.get("/api/status", api.status),
        web.get("/api/tasks/{id}", api.task),
        web.post(f"/api/{{room:tasks}}/{{id}}/{{verb:{'|'.join(VERBS)}}}", api.change),
        web.post(f"/api/{{room:services}}/{{id}}/{{verb:{'|'.join(SERVICE_VERBS)}}}", api.change),
    ])  # fmt: skip
    return app
