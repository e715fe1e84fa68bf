"""Every error says the same five things, and every answer names its request: also those that no handler sees."""

import asyncio
import json
import logging
import re
from pathlib import Path

import aiohttp
import pytest

from tests.cli.factory import StudioBox
from tests.harness import control
from tests.web.caller import SECRET, Caller, served
from tests.web.test_api import unused_port
from videod.cli import client
from videod.cli.output import CommandError
from videod.core.statuses import Status
from videod.core.wishes import Obstacle
from videod.daemon.logs import JsonLines
from videod.guard import connections, descriptors
from videod.guard.errors import CODES, OBSTACLES, REQUEST_ID, Code, named
from videod.web import token

ERROR = {"code", "message", "hint", "timestamp", "request_id"}
OURS = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def box(tmp_path: Path):
    made = StudioBox(tmp_path)
    yield made
    made.close()


def test_every_code_has_a_status_and_a_meaning() -> None:
    assert set(CODES) == set(Code) and set(OBSTACLES) == set(Obstacle)
    assert not {one.value for one in Code} & {one.value for one in Obstacle}
    assert all(400 <= status < 600 for status, _ in CODES.values())


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "not_found"),
        ("GET", "/api/tasks/nobody", {}, 404, "unknown_task"),
        ("GET", "/api/tasks/nobody/jobs", {}, 404, "unknown_task"),
        ("POST", "/api/tasks/nobody/approve", {}, 404, "unknown_task"),
        ("POST", "/api/tasks/nobody/explode", {}, 404, "not_found"),
        ("POST", "/api/services/fax/pause", {}, 404, "unknown_service"),
        ("POST", "/api/services/kie/pause", {"json": {"channel": "nobody"}}, 404, "unknown_channel"),
        ("DELETE", "/api/tasks", {}, 405, "method_not_allowed"),
        ("POST", "/health", {}, 405, "method_not_allowed"),
        ("GET", "/api/status?all=1", {}, 400, "invalid"),
        ("POST", "/api/services/kie/pause", {"json": {"resaon": "typed wrong"}}, 400, "invalid"),
        ("POST", "/api/services/kie/pause", {"json": {"reason": 7}}, 400, "invalid"),
        ("POST", "/api/services/kie/pause", {"json": {"reason": "x" * 501}}, 400, "invalid"),
        ("POST", "/api/services/kie/pause", {"json": ["reason"]}, 400, "malformed"),
        ("POST", "/api/services/kie/pause", {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400,
         "malformed"),
        ("POST", "/api/services/kie/pause", {"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 415,
         "not_json"),
        ("POST", "/api/services/kie/pause", {"data": b" " * 300_000}, 413, "too_large"),
        ("POST", "/api/services/kie/pause", {"headers": {"Origin": "http://evil.example"}}, 403, "other_page"),
        ("GET", "/api/status", {"headers": {token.HEADER: "guessed"}}, 403, "wrong_token"),
        ("GET", "/health", {"headers": {"Expect": "a-miracle"}}, 417, "expectation_failed"),
        ("GET", "/nothing", {"headers": {"Expect": "a-miracle"}}, 417, "expectation_failed"),
    ],
)  # fmt: skip
async def test_an_error_has_a_code_a_message_a_hint_a_time_and_a_name(
    api: Caller, method: str, path: str, more: dict, status: int, code: str
) -> None:
    if status == 417:  # any path may answer so
        async with api.session.request(method, f"http://videod{path}", **more) as answer:
            found, body = answer.status, await answer.json()
            api.headers = answer.headers
    else:
        found, body = await api.ask(method, path, **more)
    assert (found, body["code"], set(body)) == (status, code, ERROR)
    assert body["message"] and body["hint"]
    assert body["timestamp"] == "2026-11-21T12:00:00Z"
    assert OURS.fullmatch(body["request_id"]) and api.headers[REQUEST_ID] == body["request_id"]


async def test_a_method_that_is_not_allowed_says_which_are(api: Caller) -> None:
    await api.ask("POST", "/health")
    assert api.headers["Allow"] == "GET,HEAD"


async def test_what_stands_in_the_way_of_a_change_is_the_code(box: StudioBox, api: Caller) -> None:
    review = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    queued = box.queue("Owls")
    published = box.bring_to(box.queue("Ants"), Status.PUBLISHED)
    asked = [(review, "retry", None), (review, "redo", {"jobs": ["clip_09"]}), (queued, "approve", None),
             (published, "cancel", None), (published, "pause", None)]  # fmt: skip
    found = [(await api.post(f"/api/tasks/{task}/{verb}", body))[1]["code"] for task, verb, body in asked]
    assert found == ["in_review", "invalid", "no_review", "published", "closed"]


# ------------------------------------------------------------------------------------------- names of requests


@pytest.mark.parametrize("name", ["7", "order-66", "0af7651916cd43dd8448eb211c80319c", "A.b_c-9", "x" * 128])
async def test_a_caller_names_its_request(api: Caller, name: str) -> None:
    for path in ("/health", "/metrics", "/api/status", "/api/tasks/nobody"):
        await api.get(path, headers={REQUEST_ID: name})
        assert api.headers[REQUEST_ID] == name


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 129, "a b", "a;b", "../x", "-rm", "ünï", '"quoted"', "{}", "$(id)", "a,b", "\u202ex"]
)
async def test_a_name_of_another_form_is_replaced(api: Caller, name: str) -> None:
    await api.get("/health", headers={REQUEST_ID: name})
    assert OURS.fullmatch(api.headers[REQUEST_ID])


async def test_two_names_are_none_and_a_secret_is_none(api: Caller) -> None:
    async with api.session.get("http://videod/health", headers=[(REQUEST_ID, "a"), (REQUEST_ID, "b")]) as answer:
        assert OURS.fullmatch(answer.headers[REQUEST_ID])
    await api.get("/health", headers={REQUEST_ID: f"x-{SECRET}"})
    assert OURS.fullmatch(api.headers[REQUEST_ID])


def test_no_two_requests_have_one_name() -> None:
    assert len({named(()) for _ in range(1000)}) == 1000


async def test_the_log_names_the_request_that_its_records_belong_to(
    api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written: list[dict] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(JsonLines(str).format(record)))

    kept, root = Kept(), logging.getLogger("videod")
    caplog.set_level(logging.INFO, "videod")
    root.addHandler(kept)
    try:
        await api.ask("POST", "/api/services/kie/pause", json={}, headers={REQUEST_ID: "pause-1"})
        await api.ask("POST", "/api/tasks/nobody/approve", headers={REQUEST_ID: "approve-1"})
        monkeypatch.setattr("videod.store.views.overview", lambda connection, at: 1 / 0)
        assert (await api.get("/api/status", headers={REQUEST_ID: "status-1"}))[1]["hint"].endswith("status-1")
        logging.getLogger("videod.elsewhere").warning("elsewhere_loop_done", extra={"request_id": "of-a-service"})
    finally:
        root.removeHandler(kept)
    assert {(one["event"], one.get("request_id")) for one in written} == {
        ("requests_service_paused", "pause-1"), ("api_request_done", "pause-1"), ("api_request_refused", "approve-1"),
        ("api_request_failed", "status-1"), ("elsewhere_loop_done", "of-a-service"),
    }  # fmt: skip


# ------------------------------------------------------------------------------------------- before any handler


@pytest.mark.parametrize(
    "head", [b"GET / HTTP/9.9", b"GE T / HTTP/1.1", b"\x16\x03\x01\x00\xa5", b"GET / HTTP/1.1\r\nContent-Length: -1",
             b"GET / HTTP/1.1\r\nX: \x00", b"GET / HTTP/1.1\r\nX: " + b"y" * 9000,
             b"GET /" + b"y" * 9000 + b" HTTP/1.1"]
)  # fmt: skip
async def test_what_is_no_request_is_answered_like_any_error_and_fills_no_log(
    box: StudioBox, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    listening = await served(box)
    reader, writer = await asyncio.open_unix_connection(str(box.state / "videod.sock"))
    writer.write(head + b"\r\n\r\n")
    first, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await listening.close()
    told = json.loads(body)
    assert first.split()[1] == b"400" and f"{REQUEST_ID}: {told['request_id']}".encode() in first
    assert (set(told), told["code"]) == (ERROR, "malformed")
    assert not [one for one in caplog.records if one.name.startswith(("aiohttp", "videod.guard"))]


async def test_a_crowded_listener_is_answered_like_any_error(box: StudioBox, monkeypatch: pytest.MonkeyPatch) -> None:
    began, release = asyncio.Event(), asyncio.Event()

    async def slow(fn: object) -> None:
        began.set()
        await release.wait()

    monkeypatch.setattr(descriptors, "share", lambda parts, most: 1)
    monkeypatch.setattr(connections, "GRACE_S", 0.01)
    monkeypatch.setattr(box.store, "read", slow)
    listening = await served(box)
    async with control.session(box.state) as session:
        working = asyncio.create_task(session.get("http://videod/ready"))
        await began.wait()
        reader, writer = await asyncio.open_unix_connection(str(box.state / "videod.sock"))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        release.set()
        await working
    await listening.close()
    told = json.loads(body)
    assert b" 503 " in head and b"Retry-After: 1" in head
    assert f"{REQUEST_ID}: {told['request_id']}".encode() in head
    assert (set(told), told["code"]) == (ERROR, "busy")


async def test_the_port_says_why_it_takes_no_change_and_no_other_name(box: StudioBox) -> None:
    port = unused_port()
    listening = await served(box, port)
    async with aiohttp.ClientSession() as session:
        caller = Caller(session, f"http://127.0.0.1:{port}")
        assert (await caller.post("/api/services/kie/pause", {}))[1]["code"] == "read_only"
        assert (await caller.get("/health", headers={"Host": "evil.example"}))[1]["code"] == "wrong_host"
    await listening.close()


async def test_another_user_is_alerted_so(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videod.web.callers.peer_of", lambda channel: None)
    status, body = await api.get("/api/status")
    assert (status, body["code"]) == (403, "wrong_user")


# ------------------------------------------------------------------------------------------- the command line


def test_the_command_line_reads_the_message_and_the_hint() -> None:
    told = {"code": "no_review", "message": "that review is not open", "hint": "see `videod why x`",
            "timestamp": "2026-11-21T12:00:00Z", "request_id": "r-1"}  # fmt: skip
    with pytest.raises(CommandError) as refused:
        client._answer(409, json.dumps(told).encode())
    assert (str(refused.value), refused.value.hint) == ("that review is not open", "see `videod why x`")
    with pytest.raises(CommandError) as broken:
        client._answer(500, json.dumps(told).encode())
    assert broken.value.hint == "see `videod why x` (request r-1)"
