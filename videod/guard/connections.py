"""Takes connections for an aiohttp application: a bounded number of them, none of which can wait forever.

Whoever can connect can open thousands of connections and say nothing, or a byte a minute. So there is a most; where
it is reached, the one that has kept us waiting longest makes room, one whose request is being worked on never. Where
all are being worked on, a new one is answered 503. Accepting is our own, since asyncio's takes as many in one turn of
the loop as its backlog holds: here the loop turns after each, and what aiohttp needs for a connection is made when a
head is whole. A host without descriptors is waited for.
"""

import asyncio
import logging
import re
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.log import server_logger

from videod.guard import protocol

log = logging.getLogger(__name__)

#: connections that the kernel holds for us, per socket
BACKLOG = 128
#: a host that has no descriptors, or no memory for them, is asked again after so long, seconds
PAUSE_S = 1.0
#: an answered connection is kept for the end of its next head so long, seconds
IDLE_S = 10.0
#: where all places are taken, a connection still has so long for its request, seconds: accepting slows down to that
GRACE_S = 0.5
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
#: a head that is larger is left to aiohttp to refuse
HEAD_BYTES = 65_536
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)
_HEADS_END = re.compile(rb"\n\r?\n")

Inner = asyncio.Protocol
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Limits:
    """What one listener puts up with: connections at once, and seconds.

    `head_s`: from the connection to the end of its first request's head. `body_s`: for a request's body, and one more
    for each SLOWEST bytes that came. `answer_s`: for taking our answer.
    """

    connections: int = 64
    head_s: float = 10.0
    body_s: float = 10.0
    answer_s: float = 30.0


class Connection(asyncio.Protocol):
    """One connection: passes on to aiohttp what comes once a head is whole, and knows since when it keeps us waiting.

    `request` is the one in work, `requests` how many there were; `since` is on the loop's clock.
    """

    def __init__(self, door: "Door", now: float) -> None:
        self._door = door
        self._inner: Inner | None = None
        self._begun = bytearray()
        self.transport: asyncio.Transport | None = None
        self.request: web.BaseRequest | None = None
        self.requests = 0
        self.since = now
        self._looked, self._waited = now, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._door.gone(self)
        if self._inner is not None:
            self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.data_received(data)
            return
        tail = bytes(self._begun[-3:]) + data
        self._begun += data
        if _HEADS_END.search(tail) or len(self._begun) > HEAD_BYTES:
            assert self.transport is not None
            begun, self._begun = bytes(self._begun), bytearray()
            self.since = asyncio.get_running_loop().time()
            self._door.began(self)
            self._inner = self._door.inner()
            self._inner.connection_made(self.transport)
            self._inner.data_received(begun)

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    @property
    def in_work(self) -> bool:
        """Whether its request came in whole and is not answered yet: it waits for us."""
        return self.request is not None and self.request.content.is_eof()

    def overdue(self, limits: Limits, now: float) -> bool:
        """Whether it has kept us waiting for too long. aiohttp itself closes one that sends no further head."""
        if self.request is None:
            return now - self.since > (limits.answer_s if self.requests else limits.head_s)
        passed, self._looked = now - self._looked, now
        waits_for_us = self.in_work or self.transport is None or not self.transport.is_reading()
        self._waited += 0 if waits_for_us else passed
        return self._waited > limits.body_s + self.request.content.total_bytes / SLOWEST

    def began(self, request: web.BaseRequest, now: float) -> None:
        self.request, self.since, self._looked, self._waited = request, now, now, 0.0
        self.requests += 1
        self._door.began(self)

    def ended(self, now: float) -> None:
        self.request, self.since = None, now
        self._door.ended(self)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Door:
    """One socket that is listened on. `counts`: accepted, refused (503), crowded_out, timed_out."""

    def __init__(
        self, name: str, listening: socket.socket, limits: Limits, inner: Callable[[], Inner],
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self._tls = tls
        self._greeting: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()
        self.socket = listening
        self.limits = limits
        self.inner = inner
        # each in the order in which they began to wait: those without a request yet, those whose request came (its
        # body perhaps not), those that were answered
        self._silent: dict[Connection, None] = {}
        self._asking: dict[Connection, None] = {}
        self._answered: dict[Connection, None] = {}
        self._said: float | None = None

    @property
    def _open(self) -> list[Connection]:
        return [*self._silent, *self._asking, *self._answered]

    def gone(self, connection: Connection) -> None:
        for some in (self._silent, self._asking, self._answered):
            some.pop(connection, None)

    def began(self, connection: Connection) -> None:
        self.gone(connection)
        self._asking[connection] = None

    def ended(self, connection: Connection) -> None:
        if connection in self._asking:  # it is still open
            del self._asking[connection]
            self._answered[connection] = None

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
            try:
                await self._admit(channel)
            except asyncio.CancelledError:
                channel.close()
                raise
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Take no more; handshakes that are not over end here."""
        self.socket.close()
        for greeting in tuple(self._greeting):
            greeting.cancel()
        await asyncio.gather(*self._greeting, return_exceptions=True)

    def look(self, now: float) -> None:
        """Close the connections that have kept us waiting for too long."""
        for one in [one for one in self._open if one.overdue(self.limits, now)]:
            self.counts["timed_out"] += 1
            one.abort()

    async def _admit(self, channel: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if not await self._room():
            self.counts["refused"] += 1
            self._say("listener_full", connections=self.limits.connections)
            with suppress(OSError):
                channel.send(protocol.full())
            channel.close()
            return
        connection = Connection(self, loop.time())
        self._silent[connection] = None
        self.counts["accepted"] += 1
        if self._tls is None:
            await self._connect(connection, channel)
            return
        # whoever says nothing in a handshake keeps nobody else waiting
        greeting = loop.create_task(self._connect(connection, channel))
        self._greeting.add(greeting)
        greeting.add_done_callback(self._greeting.discard)

    async def _connect(self, connection: Connection, channel: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        more: dict[str, Any] = {"ssl": self._tls, "ssl_handshake_timeout": self.limits.head_s} if self._tls else {}
        try:
            await loop.connect_accepted_socket(lambda: connection, channel, **more)
        except OSError as error:
            self.gone(connection)
            channel.close()
            if self._tls is None:
                self._say("listener_accept_failed", error=error.strerror or str(error))

    async def _room(self) -> bool:
        """Whether there is a place, where need be that of the one that has kept us waiting longest.

        Each has GRACE_S for its request: so long the next one waits in the kernel.
        """
        loop = asyncio.get_running_loop()
        while len(self._silent) + len(self._asking) + len(self._answered) >= self.limits.connections:
            waiting = self._longest()
            if not waiting:
                return False
            late = loop.time() - GRACE_S
            oldest = next((one for one in waiting if one.since <= late), None)
            if oldest is None:
                await asyncio.sleep(min(one.since for one in waiting) - late)
                continue
            await asyncio.sleep(0)  # what it sent while the loop was busy is read first
            await asyncio.sleep(0)
            if oldest not in self._longest():
                continue
            self.gone(oldest)
            oldest.abort()
            self.counts["crowded_out"] += 1
            self._say("listener_crowded", connections=self.limits.connections)
        return True

    def _longest(self) -> list[Connection]:
        """Of each kind the one that has kept us waiting longest; the kind that makes room first comes first."""
        body = next((one for one in self._asking if not one.in_work), None)
        found = (next(iter(self._silent), None), body, next(iter(self._answered), None))
        return [one for one in found if one is not None]

    def _say(self, event: str, **more: object) -> None:
        now = asyncio.get_running_loop().time()
        if self._said is None or now - self._said >= SAY_S:
            self._said = now
            log.warning(event, extra={"listener": self.name, **more})


class Listener:
    """Serves one application on any number of sockets, each with limits of its own."""

    def __init__(self, app: web.Application, close_s: float, idle_s: float = IDLE_S, quiet: bool = False) -> None:
        """`quiet`: requests that are no HTTP leave nothing in the log. Whom anybody reaches would fill it."""
        self.doors: list[Door] = []
        self._loops: list[asyncio.Task[None]] = []
        app.middlewares.insert(0, in_work)
        self._wire: dict[str, Any] = {
            "access_log": None, "keepalive_timeout": idle_s, "lingering_time": LINGER_S, "max_line_size": LINE_BYTES,
            "max_field_size": LINE_BYTES, "max_headers": HEADERS, "logger": _SILENT if quiet else server_logger,
        }  # fmt: skip
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=close_s, **self._wire)

    async def start(self) -> None:
        await self._runner.setup()
        self._loops.append(asyncio.create_task(self._look(), name="look at connections"))

    def listen(self, name: str, bound: socket.socket, limits: Limits, tls: ssl.SSLContext | None = None) -> None:
        """Take connections on a bound socket, which is closed with this listener; within TLS where `tls` is given.

        Raises OSError; after `start`.
        """
        server = self._runner.server
        assert server is not None
        inner = partial(protocol.Protocol, server, loop=asyncio.get_running_loop(), **self._wire)
        door = Door(name, bound, limits, inner, tls)
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
            await door.close()
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
