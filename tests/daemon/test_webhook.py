"""The webhook in the daemon: it wakes the intake, never too often, and what it knows outlives the process."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.factory import NOON, StudioBox
from tests.harness.virtual_loop import run_virtual
from videod.config import Webhook as Settings
from videod.core.deliveries import HEADER, signature
from videod.core.webhook import FACT, Report, report_of
from videod.daemon import webhook
from videod.daemon.webhook import ALL_S, Bell, Means, WebhookDoor
from videod.store import reads
from videod.web import handshake

SECRET = "secret_of_this_subscription"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class House:
    """A studio whose webhook may be opened again and again, and who was woken."""

    def __init__(self, state: Path) -> None:
        self.box = StudioBox(state)
        self.settings = Settings(port=free_port(), host="hooks.example.com")
        self.door: WebhookDoor

    @asynccontextmanager
    async def open(self, secret: str | None = SECRET) -> AsyncIterator[WebhookDoor]:
        means = Means(self.box.store, self.box.ledger, self.box.clock, self.box.state, secret)
        door = WebhookDoor(self.settings, means, 3.0)
        running = asyncio.create_task(door.run())
        try:
            while door.port is None and not any("port" in one for one in door.problems()):
                await asyncio.sleep(0)
            yield door
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def send(self, name: str, secret: str = SECRET, **more: object) -> int:
        body = json.dumps({"id": name, "timestamp": "2026-11-21T12:00:00Z"} | more).encode()
        return await self.post(body, {HEADER: signature(body, secret)})

    async def post(self, body: bytes, headers: dict[str, str]) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.settings.port)
        head = "".join(f"{one}: {value}\r\n" for one, value in headers.items())
        writer.write(
            f"POST /webhook/notion HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode()
            + body
        )
        answer = await reader.read()
        writer.close()
        return int(answer.split()[1])

    async def report(self) -> Report:
        return report_of(await self.box.store.read(lambda tx: reads.value_json(tx, FACT)))

    async def woken(self, name: str) -> None:
        """Returns when this bell of the intake was rung."""
        await self.box.ledger.wakeups.wait(name, None)


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.box.close()


async def test_a_persons_change_wakes_both_looks_and_a_programs_only_the_slower_one(house: House) -> None:
    async with house.open():
        assert await house.send("e1", authors=[{"type": "bot"}]) == 200
        await house.woken("intake of all")
        assert not house.box.ledger.wakeups._event_of("intake").is_set()
        assert await house.send("e2", authors=[{"type": "person"}]) == 200
        await house.woken("intake")


async def test_a_repeat_and_what_is_refused_wake_nobody(house: House) -> None:
    async with house.open():
        assert await house.send("e1") == 200
        await house.woken("intake")
        await house.woken("intake of all")
        assert await house.send("e1") == 200
        assert await house.send("e2", "secret_of_before") == 401
        for name in ("intake", "intake of all"):
            assert not house.box.ledger.wakeups._event_of(name).is_set()


async def test_what_came_is_known_to_the_next_life(house: House) -> None:
    async with house.open():
        assert await house.send("e1") == 200
        assert await house.send("x", "wrong") == 401
    first = await house.report()
    assert (first.taken, first.repeats, first.signed_at, first.refused) == (1, 0, NOON, {"wrong signature": 1})
    house.box.clock.at += 3_600_000
    async with house.open():
        assert await house.send("e1") == 200
    again = await house.report()
    assert (again.taken, again.repeats, again.refused, again.since) == (0, 1, {}, NOON + 3_600_000)
    assert again.url == "https://hooks.example.com/webhook/notion" and again.secret


async def test_a_port_that_is_taken_stops_nothing_and_is_opened_once_it_is_free(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "AGAIN_S", 0.01)
    taken = socket.create_server(("127.0.0.1", house.settings.port))
    async with house.open() as door:
        assert "choose another [webhook] port" in door.problems()[0]
        taken.close()
        while door.port is None:
            await asyncio.sleep(0)
        assert door.problems() == () and await house.send("e1") == 200


@pytest.mark.fault("12.13")
async def test_connections_that_are_never_finished_keep_no_delivery_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "MOST", 16)
    unfinished = (b"", b"POST /web", b"POST /webhook/notion HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
    async with house.open():
        begun = [await asyncio.open_connection("127.0.0.1", house.settings.port) for _ in range(60)]
        for number, (_, writer) in enumerate(begun):
            writer.write(unfinished[number % 3])
        assert await house.send("e1") == 200
        for _, writer in begun:
            writer.close()
    assert (await house.report()).refused["too many at once"] > 0


async def test_until_there_is_a_secret_status_says_what_to_do_and_then_the_copy_goes(house: House) -> None:
    async with house.open(None) as door:
        assert "NOTION_WEBHOOK_TOKEN is not set" in door.problems()[0]
        assert await house.post(json.dumps({"verification_token": SECRET}).encode(), {}) == 200
        assert "Notion sent a verification token" in door.problems()[0] and SECRET not in door.problems()[0]
    assert (await house.report()).token_at == NOON
    async with house.open(None) as door:
        assert "Notion sent a verification token" in door.problems()[0], "also to the next life"
        assert handshake.read(house.box.state)[0].value == SECRET
    async with house.open(SECRET) as door:
        assert door.problems() == () and not (house.box.state / handshake.FILE).exists()


def test_a_bell_rings_at_once_and_however_often_it_is_asked_no_more_often_than_it_may() -> None:
    async def asked() -> list[float]:
        loop, rung = asyncio.get_running_loop(), []
        bell = Bell(lambda: rung.append(loop.time()), ALL_S)
        running = asyncio.create_task(bell.run())
        began = loop.time()
        for _ in range(2_000):  # over ten seconds
            bell.ask()
            await asyncio.sleep(0.005)
        await asyncio.sleep(1_000)
        bell.ask()
        await asyncio.sleep(1)
        running.cancel()
        return [round(at - began) for at in rung]

    assert run_virtual(asked()) == [0, 10, 1_010], "the last one asked for is rung as well"
