"""Whoever takes requests takes them from people and programs of this host, and from nobody else."""

import asyncio
from pathlib import Path

import pytest

from tests.security.listeners import LISTENERS, UNFINISHED, attacks, send

every_listener = pytest.mark.parametrize("name", LISTENERS)


@pytest.mark.fault("12.19", "12.20")
@every_listener
async def test_no_listener_takes_what_others_bring_to_it(name: str, tmp_path: Path) -> None:
    async with LISTENERS[name](tmp_path) as at:
        assert await send(at, at.honest) == 200
        taken = {what: status for what, raw in attacks(at).items() if 200 <= (status := await send(at, raw)) < 400}
        assert taken == {}
        assert await send(at, at.honest) == 200


@pytest.mark.fault("12.13")
@every_listener
async def test_connections_that_are_never_finished_keep_nobody_out(name: str, tmp_path: Path) -> None:
    async with LISTENERS[name](tmp_path) as at:
        begun = [await asyncio.open_connection("127.0.0.1", at.port) for _ in range(UNFINISHED)]
        for number, (_, writer) in enumerate(begun):
            writer.write(
                (b"", b"GET / HTTP/1.1\r\nHost: x", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n")[number % 3]
            )
        assert await send(at, at.honest) == 200
        for _, writer in begun:
            writer.close()
