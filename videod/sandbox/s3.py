"""An S3 endpoint for the R2 client: moto's server in a thread, with one bucket ready.

A request must be signed with the right secret (`s3_signature`), and what R2 does not take is refused (`s3_gateway`),
which also plays faults of the kind "status". Unlike the other simulated services it keeps its objects in memory only
and is not in the request log. Start it only when it is wanted: importing moto takes seconds. moto and what it
needs (250 MB) come with the tools of `./test`, not with `./run`.
"""

import asyncio
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from videod.guard.requests import LOOPBACK, name_of
from videod.sandbox import s3_signature
from videod.sandbox.kernel import Faults
from videod.sandbox.s3_gateway import Gateway

BUCKET = "videod-sandbox"
ACCESS_KEY_ID, SECRET_ACCESS_KEY = "sandbox-r2-key", "sandbox-r2-secret"
#: connections at once, and how long one may say nothing, seconds
MOST_CONNECTIONS, SILENT_S = 64, 30.0
HOW_TO_INSTALL = (
    "the S3 endpoint needs moto, which videod does not install: "
    "run `./test --version` in a checkout, or `pip install 'moto[server]'` beside an installed videod"
)


class NotInstalled(Exception):
    """moto is not there; the text says how to get it."""


class Ahead:
    """How far a clock is ahead; a test may set it."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass(frozen=True)
class Running:
    """A started endpoint; `server` is werkzeug's server, serving in `thread`."""

    url: str
    port: int
    server: Any
    thread: threading.Thread
    gateway: Gateway
    #: how far the clock by which signed links end is ahead of the real one
    ahead: Ahead

    async def stop(self) -> None:
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def _in_our_name(app: Any) -> Any:
    """Refuse requests in another host's name, such as one that was bound to this address; a bucket may come first."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        name = name_of(environ.get("HTTP_HOST", "")) or ""
        if name in LOOPBACK or name.endswith(".localhost"):
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"this address answers only in its own name"]

    return answer


def _bound(server: Any) -> None:
    """Let the oldest connection give way where there are too many: each has a thread."""
    begin, end, lock = server.process_request, server.shutdown_request, threading.Lock()
    connections: dict[int, socket.socket] = {}

    def process_request(request: socket.socket, address: Any) -> None:
        with lock:
            if len(connections) >= MOST_CONNECTIONS:
                with suppress(OSError):
                    connections.pop(next(iter(connections))).shutdown(socket.SHUT_RDWR)  # its thread closes it
            connections[id(request)] = request
        begin(request, address)

    def shutdown_request(request: socket.socket) -> None:
        with lock:
            connections.pop(id(request), None)
        end(request)

    server.process_request, server.shutdown_request = process_request, shutdown_request


def _start(listening: socket.socket, faults: Faults | None) -> Running:
    # moto's own ThreadedMotoServer waits forever when its port is taken; werkzeug ends the process then. Hence the
    # socket is bound here and only handed over.
    try:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server
        from werkzeug.test import Client
    except ModuleNotFoundError as missing:
        raise NotInstalled(HOW_TO_INSTALL) from missing

    class Quiet(MotoRequestHandler):
        timeout = SILENT_S

        def log(self, type: str, message: str, *args: object) -> None:
            pass

    port = int(listening.getsockname()[1])
    app = DomainDispatcherApplication(create_backend_app)
    base = f"http://127.0.0.1:{port}"
    Client(app).put(f"/{BUCKET}", base_url=base)
    gateway, ahead = Gateway(app, faults), Ahead()
    signed = s3_signature.guarded(gateway, {ACCESS_KEY_ID: SECRET_ACCESS_KEY}, ahead.now)
    named = _in_our_name(signed)
    server = make_server("127.0.0.1", port, named, threaded=True, request_handler=Quiet, fd=listening.fileno())
    _bound(server)
    thread = threading.Thread(target=server.serve_forever, name="sandbox-s3", daemon=True)
    thread.start()
    return Running(base, port, server, thread, gateway, ahead)


async def start(port: int = 0, faults: Faults | None = None) -> Running:
    """Start on 127.0.0.1:`port` (0: any) with the bucket `BUCKET`. Raises NotInstalled; OSError for a taken port."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        return await asyncio.to_thread(_start, listening, faults)
