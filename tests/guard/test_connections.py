"""Listeners under callers that connect and never finish, over real sockets."""

import asyncio
import errno
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.harness.patience import SHORT_S
from videod.guard import connections
from videod.guard.connections import Limits, Listener


class Site:
    """A listener with handlers that answer at once, read a body, wait to be released, or say very much."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.working = 0
        self.port = 0
        self.listener: Listener

    @property
    def counts(self) -> dict[str, int]:
        return dict(self.listener.doors[0].counts)

    async def quick(self, request: web.Request) -> web.Response:
        return web.Response(text="here")

    async def body(self, request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def slow(self, request: web.Request) -> web.Response:
        self.working += 1
        await self.release.wait()
        return web.Response(text="done")

    async def much(self, request: web.Request) -> web.Response:
        return web.Response(body=bytes(30_000_000))

    async def open(self, begin: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(begin.encode())
        return reader, writer

    async def ask(self, path: str = "/quick") -> tuple[int, bytes]:
        reader, writer = await self.open(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split()[1]), body


@asynccontextmanager
async def a_site(limits: Limits, idle_s: float = 60.0) -> AsyncIterator[Site]:
    site = Site()
    app = web.Application(client_max_size=10_000_000)
    app.add_routes([web.get("/quick", site.quick), web.get("/slow", site.slow), web.get("/much", site.much),
                    web.post("/body", site.body)])  # fmt: skip
    site.listener = Listener(app, close_s=1.0, idle_s=idle_s)
    await site.listener.start()
    bound = socket.create_server(("127.0.0.1", 0))
    site.port = bound.getsockname()[1]
    site.listener.listen("here", bound, limits)
    try:
        yield site
    finally:
        site.release.set()
        await site.listener.close()


async def trickle(writer: asyncio.StreamWriter, one: bytes) -> None:
    while True:
        writer.write(one)
        await asyncio.sleep(0.02)


async def closed(reader: asyncio.StreamReader) -> bytes:
    """What came until the other side closed."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    "begin",
    ["", "G", "GET / HTTP/1.1\r\nHost: localhost\r\n", "GET / HTTP/1.1\r\nX: ",
     "GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\nGET /qui"],
)  # fmt: skip
@pytest.mark.fault("12.13")
async def test_a_head_that_never_ends_is_closed_however_it_trickles(begin: str) -> None:
    async with a_site(Limits(head_s=0.3), idle_s=0.3) as site:
        reader, writer = await site.open(begin)
        trickling = asyncio.create_task(trickle(writer, b"a" if begin else b""))
        await closed(reader)
        trickling.cancel()
        writer.close()
        assert (await site.ask())[0] == 200


@pytest.mark.parametrize("head", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("one", [b"", b"1\r\na\r\n"])
@pytest.mark.fault("12.13")
async def test_a_body_that_never_ends_is_closed_however_it_trickles(head: str, one: bytes) -> None:
    async with a_site(Limits(body_s=0.3)) as site:
        reader, writer = await site.open(f"POST /body HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n")
        trickling = asyncio.create_task(trickle(writer, one))
        await closed(reader)
        trickling.cancel()
        writer.close()
        assert site.counts["timed_out"] == 1
        assert (await site.ask())[0] == 200


async def test_a_large_body_may_take_longer_than_a_small_one() -> None:
    async with a_site(Limits(body_s=0.3)) as site:
        reader, writer = await site.open(
            "POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 400000\r\n\r\n"
        )
        for _ in range(40):
            writer.write(bytes(10_000))
            await asyncio.sleep(0.03)
        assert (await closed(reader)).endswith(b"400000")
        writer.close()


async def test_a_request_in_work_may_take_as_long_as_it_takes() -> None:
    async with a_site(Limits(head_s=0.1, body_s=0.1, answer_s=0.1), idle_s=0.1) as site:
        asking = asyncio.create_task(site.ask("/slow"))
        await asyncio.sleep(6 * SHORT_S)  # several looks at what keeps us waiting
        site.release.set()
        assert await asking == (200, b"done")


async def test_an_answer_that_nobody_takes_is_given_up() -> None:
    async with a_site(Limits(answer_s=0.3)) as site:
        _, writer = await site.open("GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not site.counts.get("timed_out"):
            await asyncio.sleep(0.02)
        writer.close()


@pytest.mark.fault("12.13")
async def test_silent_connections_make_room_for_those_that_ask() -> None:
    async with a_site(Limits(connections=8)) as site:
        silent = [await site.open("GET / HTTP/1.1\r\n") for _ in range(40)]
        assert [await site.ask() for _ in range(3)] == [(200, b"here")] * 3
        assert site.counts["accepted"] == 43
        assert site.counts["crowded_out"] >= 32
        for _, writer in silent:
            writer.close()


async def test_a_request_in_work_never_makes_room() -> None:
    async with a_site(Limits(connections=8)) as site:
        working = [asyncio.create_task(site.ask("/slow")) for _ in range(8)]
        while site.working < 8:
            await asyncio.sleep(0.01)
        reader, writer = await site.open()
        head, _, body = (await closed(reader)).partition(b"\r\n\r\n")
        writer.close()
        assert head.split()[1] == b"503"
        assert json.loads(body)["hint"]
        assert site.counts["refused"] == 1
        site.release.set()
        assert await asyncio.gather(*working) == [(200, b"done")] * 8


async def test_a_connection_that_asked_before_stays_longer_than_one_that_never_did() -> None:
    async with a_site(Limits(connections=4)) as site:
        reader, writer = await site.open("GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"here")
        silent = [await site.open() for _ in range(20)]
        writer.write(b"GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"here" in await reader.readuntil(b"here")
        for _, one in (*silent, (reader, writer)):
            one.close()


@pytest.mark.parametrize(
    "head",
    ["GET /" + "a" * 20_000 + " HTTP/1.1\r\nHost: x", "GET /quick HTTP/1.1\r\nHost: x\r\nX: " + "a" * 20_000,
     "GET /quick HTTP/1.1\r\nHost: x" + "".join(f"\r\nX{n}: a" for n in range(500))],
)  # fmt: skip
async def test_a_head_that_is_too_large_is_refused(head: str) -> None:
    async with a_site(Limits()) as site:
        reader, writer = await site.open(head + "\r\n\r\n")
        assert (await closed(reader)).split()[1] in (b"400", b"431")
        writer.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
@pytest.mark.fault("12.13")
async def test_a_host_without_descriptors_is_waited_for(
    number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "PAUSE_S", 0.01)
    loop = asyncio.get_running_loop()
    real, asked = loop.sock_accept, 0

    async def accept(listening: socket.socket) -> object:
        nonlocal asked
        asked += 1
        if asked <= 3:
            raise OSError(number, "no more")
        return await real(listening)

    monkeypatch.setattr(loop, "sock_accept", accept)
    with caplog.at_level(logging.WARNING):
        async with a_site(Limits()) as site:
            assert await site.ask() == (200, b"here")
    assert asked >= 4
    assert [record.message for record in caplog.records].count("listener_accept_failed") == 1


async def test_what_the_kernel_refuses_for_one_connection_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    real, refused = loop.connect_accepted_socket, []

    async def connect(factory: object, channel: socket.socket) -> object:
        if not refused:
            refused.append(channel)
            raise OSError(errno.ENOTCONN, "it is gone")
        return await real(factory, channel)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "connect_accepted_socket", connect)
    async with a_site(Limits()) as site:
        reader, writer = await site.open()
        await closed(reader)
        writer.close()
        assert await site.ask() == (200, b"here")
