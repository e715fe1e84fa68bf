"""The webhook's listener over a real socket: what it takes, what it refuses and how it counts that."""

import asyncio
import gzip
import json
import logging
import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, StillClock
from videod.core.deliveries import HEADER, Delivery, Seen, signature
from videod.guard.connections import Limits, Listener
from videod.guard.errors import REQUEST_ID
from videod.web import handshake
from videod.web.webhook import BODY_BYTES, Webhook, build_app

HOST, PATH, SECRET = "hooks.example.com", "/webhook/notion", "secret_of_this_subscription"


class Hook:
    """A listener, and what it rang for."""

    def __init__(self, folder: Path, secret: str | None = SECRET, seen: Seen | None = None) -> None:
        self.folder = folder
        self.clock = StillClock()
        self.rung: list[Delivery] = []
        self.webhook = Webhook(secret, HOST, folder, self.clock, seen or Seen(), self.rung.append)
        self.tally = self.webhook.tally
        self.port = 0
        self.listener: Listener

    async def __aenter__(self) -> "Hook":
        import socket

        bound = socket.create_server(("127.0.0.1", 0))
        self.port = bound.getsockname()[1]
        self.listener = Listener(build_app(self.webhook), 0.2)
        await self.listener.start()
        self.listener.listen("webhook", bound, Limits())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.listener.close()

    async def raw(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer, read until the connection is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        except ConnectionError:
            return 0, b""
        finally:
            writer.close()
        return int(head.split()[1]), body

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None, path: str = PATH) -> tuple[int, bytes]:
        given = {"Host": HOST, "Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        return await self.raw(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)

    async def sign(self, body: bytes, token: str = SECRET, **headers: str) -> int:
        return (await self.post(body, {HEADER: signature(body, token)} | headers))[0]


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncIterator[Hook]:
    async with Hook(tmp_path) as made:
        yield made


def event(name: str = "e1", **fields: object) -> bytes:
    known = {"id": name, "timestamp": "2026-11-21T12:00:00.000Z", "type": "page.created", "attempt_number": 1}
    return json.dumps(known | fields).encode()


def token(value: str) -> bytes:
    return json.dumps({"verification_token": value}).encode()


# ------------------------------------------------------------------------------------------- deliveries


async def test_a_signed_delivery_rings_once_however_often_it_is_repeated(hook: Hook) -> None:
    assert await hook.sign(event()) == 200
    assert await hook.sign(event(attempt_number=2)) == 200
    assert await hook.sign(event("e2")) == 200
    assert (len(hook.rung), hook.tally.taken, hook.tally.repeats) == (2, 2, 1)
    assert hook.tally.signed_at == NOON and not hook.tally.refused


async def test_what_was_signed_counts_whatever_it_looks_like(hook: Hook) -> None:
    for body in (b"", b"no JSON", b"\xff\xfe", b"[1]", event("x" * 1000), event(authors=7, timestamp=[])):
        assert await hook.sign(body) == 200
    assert len(hook.rung) == 6
    big = event(data={"updated_blocks": ["x" * 1000] * 200})
    assert await hook.sign(big) == 200


async def test_a_body_in_pieces_is_signed_as_a_whole(hook: Hook) -> None:
    body = event()
    head = f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\n{HEADER}: {signature(body, SECRET)}\r\n".encode()
    pieces = b"".join(b"%x\r\n%b\r\n" % (1, body[at : at + 1]) for at in range(len(body)))
    assert (await hook.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"))[0] == 200
    assert len(hook.rung) == 1


async def test_what_is_not_signed_with_this_token_rings_nothing(hook: Hook) -> None:
    body, right = event(), signature(event(), SECRET)
    for given in ({}, {HEADER: ""}, {HEADER: "sha256=" + "0" * 64}, {HEADER: signature(body, "secret_of_before")},
                  {HEADER: right[7:]}, {HEADER: right + "0"}, {HEADER: "sha256=\u00e4"}):  # fmt: skip
        assert (await hook.post(body, given))[0] == 401, given
    assert (await hook.post(body + b" ", {HEADER: right}))[0] == 401
    twice = f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\n{HEADER}: {right}\r\n{HEADER}: {right}\r\n".encode()
    assert (await hook.raw(twice + b"Content-Length: %d\r\n\r\n" % len(body) + body))[0] == 401
    assert not hook.rung and hook.tally.signed_at is None
    assert hook.tally.refused == {"unsigned": 2, "wrong signature": 7}


async def test_what_was_once_signed_is_no_news_days_later(hook: Hook) -> None:
    hook.clock.at += 48 * HOUR + 1
    assert await hook.sign(event()) == 400
    assert not hook.rung and hook.tally.refused == {"old": 1}


# ------------------------------------------------------------------------------------------- who and what else


@pytest.mark.fault("12.19", "12.20")
async def test_it_answers_in_its_own_names_and_no_page(hook: Hook) -> None:
    for host in (HOST, HOST.upper(), f"{HOST}:443", "127.0.0.1:8091", "localhost", "[::1]:8091"):
        assert await hook.sign(event(host), Host=host) == 200, host
    for host in ("evil.example", f"{HOST}.evil.example", f"evil.{HOST}", "", f"{HOST}@evil.example", "10.0.0.1"):
        assert await hook.sign(event("no"), Host=host) == 403, host
    assert await hook.sign(event("no"), Origin="http://evil.example") == 403
    assert await hook.sign(event("no"), Origin="null") == 403
    assert await hook.sign(event("no"), **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert len(hook.rung) == 6 and hook.tally.refused["another host's name or a page"] == 9


@pytest.mark.parametrize("path", ["/", "/health", "/metrics", "/api/status", f"{PATH}/", f"{PATH}/x", "/webhook"])
async def test_it_serves_nothing_else(path: str, hook: Hook) -> None:
    for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT"):
        status, body = await hook.raw(f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 0\r\n\r\n".encode())
        assert status == 404 and b"videod" not in body
    status, _ = await hook.raw(f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    assert status == 405 and not hook.rung
    assert set(hook.tally.refused) == {"another address or method"}


@pytest.mark.fault("12.13")
async def test_a_body_has_a_limit_however_it_is_reported(hook: Hook) -> None:
    assert await hook.sign(b"x" * BODY_BYTES) == 200
    assert (await hook.post(b"", {"Content-Length": "99999999999"}))[0] == 413
    assert await hook.sign(b"x" * (BODY_BYTES + 1)) == 413
    piece = b"%x\r\n%b\r\n" % (BODY_BYTES, b"x" * BODY_BYTES)
    head = f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert (await hook.raw(head + piece * 2 + b"0\r\n\r\n"))[0] == 413
    packed = gzip.compress(b" " * 50_000_000)
    assert (await hook.post(packed, {"Content-Encoding": "gzip", HEADER: signature(packed, SECRET)}))[0] == 415
    assert hook.tally.refused == {"too large": 3, "packed": 1} and len(hook.rung) == 1


async def test_every_answer_ends_its_connection_and_says_nothing_of_this_host(hook: Hook) -> None:
    body = event()
    for given in ({HEADER: signature(body, SECRET)}, {}, {"Host": "evil.example"}):
        reader, writer = await asyncio.open_connection("127.0.0.1", hook.port)
        head = "".join(f"{name}: {value}\r\n" for name, value in ({"Host": HOST} | given).items())
        writer.write(f"POST {PATH} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.read()  # to its end
        writer.close()
        assert b"Connection: close" in answer and SECRET.encode() not in answer and str(hook.folder) not in str(answer)


# ------------------------------------------------------------------------------------------- the handshake


async def test_a_verification_token_is_kept_for_its_owner_alone_and_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Hook(tmp_path, secret=None) as hook:
        assert (await hook.post(token("secret_one_of_notion")))[0] == 200
        assert stat.S_IMODE((tmp_path / handshake.FILE).stat().st_mode) == 0o600
        assert handshake.read(tmp_path) == (handshake.Token("secret_one_of_notion", NOON),)
        told = [record for record in caplog.records if record.getMessage() == "webhook_token_received"]
        assert len(told) == 1 and "videod notion webhook" in vars(told[0])["hint"]
        assert not [record for record in caplog.records if "secret_one" in str(vars(record))]
        assert await hook.sign(event(), "secret_one_of_notion") == 503, "nobody has confirmed this token yet"
        assert not hook.rung and hook.tally.token_at == NOON


async def test_whoever_sends_many_tokens_fills_neither_disk_nor_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Hook(tmp_path, secret=None) as hook:
        for number in range(30):
            hook.clock.at += 500
            assert (await hook.post(token(f"secret_number_{number:02}")))[0] == (429 if number % 2 else 200)
        assert [one.value[-2:] for one in handshake.read(tmp_path)] == ["28", "26", "24"]
        assert sum(record.getMessage() == "webhook_token_received" for record in caplog.records) == 1
        hook.clock.at += HOUR
        assert (await hook.post(token("secret_number_24")))[0] == 200
        assert [one.value[-2:] for one in handshake.read(tmp_path)] == ["24", "28", "26"]


async def test_with_a_secret_set_nobody_else_can_leave_a_token(hook: Hook) -> None:
    assert (await hook.post(token("secret_of_somebody_else")))[0] == 409
    assert (await hook.post(token(SECRET)))[0] == 200, "Notion sent the same one again"
    assert handshake.read(hook.folder) == ()


async def test_a_token_that_cannot_be_kept_is_sent_again(tmp_path: Path) -> None:
    (tmp_path / f".{handshake.FILE}.part").mkdir()
    async with Hook(tmp_path, secret=None) as hook:
        assert (await hook.post(token("secret_one_of_notion")))[0] == 503
        (tmp_path / f".{handshake.FILE}.part").rmdir()
        assert (await hook.post(token("secret_one_of_notion")))[0] == 200


@pytest.mark.parametrize("text", ["", "null", "7", "[7]", '[{"value": 7, "at": 1}]', '[{"value": "x"}]', "\0", "{"])
def test_a_file_of_tokens_that_cannot_be_read_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / handshake.FILE).write_text(text)
    assert handshake.read(tmp_path) == ()
    handshake.keep(tmp_path, handshake.Token("secret_new", 5))
    assert len(handshake.read(tmp_path)) == 1
    handshake.forget(tmp_path)
    handshake.forget(tmp_path)


async def test_an_error_of_the_webhook_is_like_any_other(hook: Hook) -> None:
    asked: list[tuple[bytes, dict[str, str], str, str]] = [
        (event(), {}, PATH, "unsigned"), (event(), {HEADER: signature(event(), "another")}, PATH, "unsigned"),
        (event(), {}, "/elsewhere", "not_found"), (event(), {"Host": "evil.example"}, PATH, "wrong_host"),
        (event(), {"Content-Encoding": "gzip"}, PATH, "not_json"), (token("x" * 40), {}, PATH, "conflict"),
    ]  # fmt: skip
    for body, headers, path, code in asked:
        _, raw = await hook.post(body, headers | {REQUEST_ID: "mine-1"}, path)
        told = json.loads(raw)
        assert set(told) == {"code", "message", "hint", "timestamp", "request_id"}
        assert (told["code"], told["request_id"], told["timestamp"]) == (code, "mine-1", "2026-11-21T12:00:00Z")
