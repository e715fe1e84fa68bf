"""How the simulated services, the page and the admin address are reached: on loopback, bounded, in this host's own
name.

The services' addresses take what the services' own clients send, whatever its form. The page and the admin address,
which no service has, lie behind a key in their path, kept beside the state: whoever was alerted the address may use it.
"""

import json
import os
import secrets
import socket
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from aiohttp import web

from videod.guard import descriptors, requests
from videod.guard.connections import Limits, Listener
from videod.guard.errors import Code
from videod.guard.requests import Manners, Unwelcome
from videod.sandbox.kernel import Handler

KEYS_FILE = "keys.json"
#: how long a stop waits for requests in work, such as those that a fault lets hang
LINGER_S = 1.0
#: a film is large, and a player that is paused takes it slowly
BODY_S, ANSWER_S = 60.0, 600.0
#: a client keeps a connection for its next question
IDLE_S = 60.0
#: connections of one address; a dozen of them together take at most half of the descriptors
MOST, PARTS = 512, 24


def keys(root: Path, names: tuple[str, ...]) -> dict[str, str]:
    """The key of each name, made once and kept in `root` for this user only."""
    path = root / KEYS_FILE
    known: dict[str, str] = {}
    with suppress(OSError, ValueError, TypeError, AttributeError):
        known = {
            name: key for name, key in json.loads(path.read_text()).items() if isinstance(key, str) and len(key) > 20
        }
    made = {name: known.get(name) or secrets.token_urlsafe(24) for name in names}
    if made != known:
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(made, out)
        part.replace(path)
    return made


def behind(app: web.Application, key: str) -> web.Application:
    """`app` at the path /KEY/..., and nothing elsewhere."""

    async def to_folder(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{request.path}/")

    app.router.add_get("", to_folder)
    outer = web.Application()
    outer.add_subapp(f"/{key}", app)
    return outer


async def serve(app: web.Application, listening: socket.socket, closing: AsyncExitStack) -> str:
    """Serve `app` on a bound socket until `closing` is left; returns its base address."""
    port = listening.getsockname()[1]
    app.middlewares.insert(0, mannered)
    listener = Listener(app, LINGER_S, IDLE_S)
    closing.push_async_callback(listener.close)
    await listener.start()
    listener.listen(f"port {port}", listening, Limits(descriptors.share(PARTS, MOST), body_s=BODY_S, answer_s=ANSWER_S))
    return f"http://127.0.0.1:{port}"


@web.middleware
async def mannered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a page of another origin, or another host's name, brings here, and text in an unknown code."""
    try:
        requests.check(request, Manners())
        _check_charset(request)
        return await handler(request)
    except Unwelcome as error:
        return web.Response(status=error.status, text=f"{error}. {error.hint}")


def _check_charset(request: web.Request) -> None:
    try:
        b"{}{}".decode(request.charset or "utf-8")
    except (LookupError, ValueError):
        raise Unwelcome(Code.NOT_JSON, "the body is in an unknown code", "send UTF-8") from None
