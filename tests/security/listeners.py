"""Every address of videod that takes requests, and what nobody may do to it; a later one is a line in LISTENERS."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.cli.factory import StudioBox
from videod.config import Webhook
from videod.core.deliveries import HEADER, signature
from videod.core.webhook import PATH
from videod.daemon.webhook import Means, WebhookDoor
from videod.sandbox import host
from videod.sandbox.kernel import Options
from videod.web.api import build_app, serve

#: connections that are begun and never finished
UNFINISHED = 150


@dataclass(frozen=True)
class Listener:
    """A listener that is open. `reads` answers 200 to a GET in this host's name; `changes` takes JSON by POST, and may
    refuse it for reasons of its own, but never with 2xx what another page or another host's name brings."""

    port: int
    reads: str
    changes: str
    #: what is answered with 200 where that is not a GET of `reads`
    asks: bytes = b""

    @property
    def honest(self) -> bytes:
        return self.asks or request("GET", self.reads, f"Host: 127.0.0.1:{self.port}")


@asynccontextmanager
async def status_port(folder: Path) -> AsyncIterator[Listener]:
    box = StudioBox(folder / "state")
    bound = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = bound.sockets[0].getsockname()[1]
    bound.close()
    app = build_app(box.ledger, box.store, box.clock, str, lambda: {"kie": 8})
    listening = await serve(app, folder / "state" / "videod.sock", port)
    try:
        yield Listener(port, "/health", "/api/services/kie/pause")
    finally:
        await listening.close()
        box.close()


@asynccontextmanager
async def sandbox_admin(folder: Path) -> AsyncIterator[Listener]:
    async with await host.start(folder, Options(), services=("kie",)) as running:
        admin = urlsplit(running.admin_url)
        yield Listener(int(admin.port or 0), f"{admin.path}/requests", f"{admin.path}/reset")


@asynccontextmanager
async def sandbox_page(folder: Path) -> AsyncIterator[Listener]:
    async with await host.start(folder, Options(), services=("notion", "page")) as running:
        page = urlsplit(running.urls["page"])
        yield Listener(int(page.port or 0), f"{page.path.rstrip('/')}/", f"{page.path.rstrip('/')}/edit")


@asynccontextmanager
async def notion_webhook(folder: Path) -> AsyncIterator[Listener]:
    box = StudioBox(folder / "state")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        settings = Webhook(port=probe.getsockname()[1], host="hooks.example.com")
    token, body = "secret_of_this_subscription", b'{"id": "e1"}'
    door = WebhookDoor(settings, Means(box.store, box.ledger, box.clock, box.state, token), 3.0)
    running = asyncio.create_task(door.run())
    while door.port is None:
        await asyncio.sleep(0)
    signed = f"{HEADER}: {signature(body, token)}"
    try:
        yield Listener(door.port, PATH, PATH, request("POST", PATH, "Host: hooks.example.com", signed, body=body))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        box.close()


@asynccontextmanager
async def the_page(folder: Path) -> AsyncIterator[Listener]:
    from tests.page.browser import page_over

    box = StudioBox(folder / "state")
    async with page_over(box) as page:
        assert page.port is not None
        yield Listener(page.port, "/enter", "/services/all/pause")
    box.close()


LISTENERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Listener]]] = {
    "http_port": status_port,
    "admin of the sandbox": sandbox_admin,
    "page of the sandbox": sandbox_page,
    "webhook": notion_webhook,
    "page": the_page,
}


async def send(at: Listener, raw: bytes) -> int:
    """The status of the answer, 0 where the connection was closed without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    try:
        writer.write(raw)
        line = await reader.readline()
    except ConnectionError:
        return 0
    finally:
        writer.close()
    words = line.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def attacks(at: Listener) -> dict[str, bytes]:
    """What no listener may answer with 2xx or 3xx."""
    here = f"Host: 127.0.0.1:{at.port}"
    json, evil = "Content-Type: application/json", "Origin: http://evil.example"
    return {
        "another host's name": request("GET", at.reads, "Host: evil.example"),
        "a name that was bound to this address": request("GET", at.reads, f"Host: evil.example:{at.port}"),
        "no name": request("GET", at.reads),
        "two names": request("GET", at.reads, here, "Host: evil.example"),
        "a whole address in the first line": request("GET", f"http://evil.example{at.reads}", here),
        "a change from another page": request("POST", at.changes, here, json, evil, body=b"{}"),
        "a change from a page without an origin": request("POST", at.changes, here, json, "Origin: null", body=b"{}"),
        "a change from another port's page": request(
            "POST", at.changes, here, json, "Origin: http://127.0.0.1:1", "Sec-Fetch-Site: same-site", body=b"{}"
        ),
        "a change as a form sends it": request("POST", at.changes, here, "Content-Type: text/plain",
                                               evil, body=b'{"a": 1}'),
        "a head that is too large": request("GET", at.reads, here, f"X-Large: {'x' * 200_000}"),
        "two lengths": request("POST", at.changes, here, json, "Content-Length: 5", "Content-Length: 6"),
        "no HTTP": b"\x16\x03\x01\x00\xa5" + b"\x00" * 100 + b"\r\n\r\n",
        "a method with a line's end": b"GE\nT / HTTP/1.1\r\n\r\n",
    }  # fmt: skip
