"""Takes connections for an aiohttp application: a bounded number of them, none of which can wait for ever.

Whoever can connect can open thousands of connections and say nothing, or a byte a minute. So there is a most; where
it is reached, the one that has kept us waiting longest makes room, one whose request is being worked on never. Where
all are being worked on, a new one is answered 503. Accepting is our own, since asyncio's takes as many in one turn of
the loop as its backlog holds: here the loop turns after each. A host without descriptors is waited for.
"""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

log = logging.getLogger(__name__)

#: connections that the kernel holds for us, per socket
BACKLOG = 128
#: a host that has no descriptors, or no memory for them, is asked again after so long, seconds
PAUSE_S = 1.0
#: from the connection, or our last answer, to the end of a request's head, seconds
HEAD_S = 10.0
#: how often it is looked which connections keep us waiting, seconds
LOOK_S = 0.5
#: a listener that turns connections away says so in the log so often, seconds
SAY_S = 60.0
#: what is left of a refused request's body is read for so long, so that its sender gets to read why, seconds
LINGER_S = 1.0
#: a body that comes slower is a trick, bytes a second
SLOWEST = 10_000
#: bytes of a request line or of one header, and headers of a request
LINE_BYTES, HEADERS = 8190, 64

_WORDS = b'{"error": "too many requests are in work", "hint": "try again in a second"}'
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %d\r\nRetry-After: 1\r\n"
    b"Connection: close\r\n\r\n%b"
) % (len(_WORDS), _WORDS)

Inner = asyncio.Protocol
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Limits:
    """What one listener puts up with: connections at once, and seconds.

    `body_s`: for a request's body, and one more for each SLOWEST bytes that came. `answer_s`: for taking our answer.
    """

    connections: int = 64
    body_s: float = 10.0
    answer_s: float = 30.0


class Connection(asyncio.Protocol):
    """One connection: passes on to aiohttp what comes, and knows since when it keeps us waiting (on the loop's clock).

    `request` is the one in work, `requests` how many there were.
    """

    def __init__(self, door: "Door", inner: Inner, now: float) -> None:
        self._door = door
        self._inner = inner
        self.transport: asyncio.Transport | None = None
        self.request: web.BaseRequest | None = None
        self.requests = 0
        self.since = now
        self._looked, self._waited = now, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._inner.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._door.gone(self)
        self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    @property
    def in_work(self) -> bool:
        """Whether its request came in whole and is not answered yet: it waits for us."""
        return self.request is not None and self.request.content.is_eof()

    def overdue(self, limits: Limits, now: float) -> bool:
        """Whether it has kept us waiting for too long. aiohttp itself closes one that sends no head (HEAD_S)."""
        if self.request is None:
            return self.requests > 0 and now - self.since > limits.answer_s
        passed, self._looked = now - self._looked, now
        waits_for_us = self.in_work or self.transport is None or not self.transport.is_reading()
        self._waited += 0 if waits_for_us else passed
        return self._waited > limits.body_s + self.request.content.total_bytes / SLOWEST

    def began(self, request: web.BaseRequest, now: float) -> None:
        self.request, self.since, self._looked, self._waited = request, now, now, 0.0
        self.requests += 1

    def ended(self, now: float) -> None:
        self.request, self.since = None, now

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Door:
    """One socket that is listened on. `counts`: accepted, refused (503), crowded_out, timed_out."""

    def __init__(self, name: str, listening: socket.socket, limits: Limits, inner: Callable[[], Inner]) -> None:
        self.name = name
        self.counts: Counter[str] = Counter()
        self.socket = listening
        self.limits = limits
        self._inner = inner
        self._open: dict[Connection, None] = {}
        self._said: float | None = None

    def gone(self, connection: Connection) -> None:
        self._open.pop(connection, None)

    async def accept(self) -> None:
        """Until cancelled: nothing that a caller does, and no want of the host, ends it."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                channel, _ = await loop.sock_accept(self.socket)
            except ConnectionError:  # it hung up while it waited
                continue
            except OSError as error:
                self._say("listener_accept_failed", error=error.strerror or str(error))
                await asyncio.sleep(PAUSE_S)
                continue
            await self._admit(channel)
            await asyncio.sleep(0)

    def look(self, now: float) -> None:
        """Close the connections that have kept us waiting for too long."""
        for one in [one for one in self._open if one.overdue(self.limits, now)]:
            self.counts["timed_out"] += 1
            one.abort()

    async def _admit(self, channel: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if len(self._open) >= self.limits.connections and not self._make_room():
            self.counts["refused"] += 1
            self._say("listener_full", connections=len(self._open))
            with suppress(OSError):
                channel.send(_FULL)
            channel.close()
            return
        connection = Connection(self, self._inner(), loop.time())
        self._open[connection] = None
        self.counts["accepted"] += 1
        try:
            await loop.connect_accepted_socket(lambda: connection, channel)
        except OSError as error:
            self.gone(connection)
            channel.close()
            self._say("listener_accept_failed", error=error.strerror or str(error))

    def _make_room(self) -> bool:
        """Close the connection that has kept us waiting longest, one that never asked for anything first."""
        waiting = [one for one in self._open if not one.in_work]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda one: (one.requests > 0, one.since))
        self.gone(oldest)
        oldest.abort()
        self.counts["crowded_out"] += 1
        self._say("listener_crowded", connections=self.limits.connections)
        return True

    def _say(self, event: str, **more: object) -> None:
        now = asyncio.get_running_loop().time()
        if self._said is None or now - self._said >= SAY_S:
            self._said = now
            log.warning(event, extra={"listener": self.name, **more})


class Listener:
    """Serves one application on any number of sockets, each with limits of its own."""

    def __init__(self, app: web.Application, close_s: float, head_s: float = HEAD_S) -> None:
        self.doors: list[Door] = []
        self._loops: list[asyncio.Task[None]] = []
        app.middlewares.insert(0, in_work)
        # aiohttp's time for the next request also bounds the first one, from the connection on
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=close_s, keepalive_timeout=head_s,
            lingering_time=LINGER_S, max_line_size=LINE_BYTES, max_field_size=LINE_BYTES, max_headers=HEADERS,
        )  # fmt: skip

    async def start(self) -> None:
        await self._runner.setup()
        self._loops.append(asyncio.create_task(self._look(), name="look at connections"))

    def listen(self, name: str, bound: socket.socket, limits: Limits) -> None:
        """Take connections on a bound socket, which is closed with this listener. Raises OSError; after `start`."""
        server = self._runner.server
        assert server is not None
        door = Door(name, bound, limits, server)
        self.doors.append(door)
        bound.setblocking(False)
        bound.listen(BACKLOG)
        self._loops.append(asyncio.create_task(door.accept(), name=f"accept at {name}"))

    async def close(self) -> None:
        """Take no more, let requests in work end. Safe to call twice."""
        loops, self._loops = self._loops, []
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for door in self.doors:
            door.socket.close()
        await self._runner.cleanup()

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_S)
            for door in self.doors:
                door.look(loop.time())


@web.middleware
async def in_work(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets a connection know its request, the outermost middleware."""
    connection = request.transport.get_protocol() if request.transport is not None else None
    if not isinstance(connection, Connection):
        return await handler(request)
    loop = asyncio.get_running_loop()
    connection.began(request, loop.time())
    try:
        return await handler(request)
    finally:
        connection.ended(loop.time())
