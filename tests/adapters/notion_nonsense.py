"""Answers of Notion as they should not be: real ones of the simulated service, spoiled at one place, and played back.

Every call of the adapter is played once against the simulated service and its exchanges are kept on a tape. A `Replay`
gives them back in process, with one of them spoiled; nothing waits and nothing is sent.
"""

import copy
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from tests.adapters.notion_board import FAST, PAGE, notion_stage
from tests.flow.board_double import Clock
from tests.harness.patience import PATIENCE_S
from videod.adapters import notion_files, notion_schema
from videod.adapters.notion import NotionBoard, Place
from videod.adapters.notion_calls import Calls
from videod.adapters.notion_schema import Ids
from videod.adapters.notion_shapes import is_id
from videod.adapters.notion_tables import SKEW_MS
from videod.board_rows import Link
from videod.core.entry_page import Block
from videod.ports import BoardError, Page
from videod.sandbox import notion

TOKEN = notion.BOT_TOKEN
#: more requests than any call makes of its own: what asks forever is found out
PATIENCE = 3_000

#: what no answer should hold, at any node
NONSENSE: tuple[object, ...] = (
    None, True, False, 0, -1, 7.5, 1e308, 10**30, 10**400, float("nan"), float("inf"), "", "x", "\0", "a\0b",
    "../../users", "%2e%2e/x", "\ud800", "\u202e\x1b[31mred", TOKEN, "y" * 5_000, [], [None], [[]], [{}], [1, "x"], {},
    {"": None}, {"id": None}, {"name": 5}, {"type": "x"}, {"object": "error"}, "9999-12-31T23:59:59.000Z",
    "2026-13-45T99:99:99Z", "0000-00-00", [[[[[[[[]]]]]]]], {"a": {"b": {"c": [{}]}}}, [{"plain_text": None}],
    [{"id": 1, "name": None}], {"start": None}, {"start": 5}, {"options": None}, {"options": [None]}, "\u00e9" * 40,
)  # fmt: skip
#: bodies that are no good JSON
BODIES: tuple[bytes, ...] = (
    b"", b" ", b"{", b"[", b"null", b"[]", b"true", b"0", b"NaN", b'"x"', b"{}", b'{"results": [', b"[" * 50_000,
    b'{"a":' * 50_000, b"<!DOCTYPE html><h1>Oh no</h1>", b"\xff\xfe\x00", b'{"id": "\xff"}', b"\xef\xbb\xbf{}",
    b"9" * 5_000, b'{"results": NaN}', b"\x1f\x8b\x08\x00",
)  # fmt: skip
HEADERS: tuple[dict[str, str], ...] = (
    {}, {"Retry-After": "inf"}, {"Retry-After": "-5"}, {"Retry-After": "1e400"}, {"Retry-After": "9" * 400},
    {"Retry-After": "1795000000000"}, {"Retry-After": "Wed, 99 Foo 2026"}, {"Retry-After": "nan"},
    {"Retry-After": "Wed, 21 Oct 9999 07:28:00 GMT"}, {"Retry-After": "0"}, {"Retry-After": ""},
    {"Retry-After": "5, 7"}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "br, nonsense"},
    {"Content-Type": "text/html; charset=rot13"}, {"Content-Type": "\x00;;;=", "Content-Length": "-1"},
    {"Location": "http://[::1"}, {"Location": "//"}, {"Location": "file:///etc/passwd"},
    {"Set-Cookie": "=;=;=; expires=nonsense; Domain=\t"}, {"Content-Length": "banana"},
)  # fmt: skip
STATUSES = (100, 101, 103, 199, 200, 201, 204, 206, 299, 300, 301, 302, 304, 307, 308, 399, 400, 401, 402, 403,
            404, 405, 408, 409, 410, 413, 418, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 520, 529, 599, 600,
            999)  # fmt: skip
#: bodies of refusals, of every shape
REFUSALS: tuple[object, ...] = (
    None, [], 5, "x", {}, {"code": None, "message": None}, {"code": 5, "message": ["x"], "request_id": {}},
    {"message": "m" * 100_000, "code": "c" * 1_000}, {"message": f"\x1b[2J{TOKEN}\0\n\u202e", "code": TOKEN},
    {"code": "rate_limited", "message": "x", "additional_data": None},
    {"code": "rate_limited", "message": "x", "additional_data": [1]},
    {"code": "rate_limited", "additional_data": {"retry_after": {"a": 1}}},
    {"code": "rate_limited", "additional_data": {"retry_after": 1e308, "rate_limit_reason": ["x"]}},
    {"code": "rate_limited", "additional_data": {"rate_limit_reason": "public_api_request_blocked"}},
    {"code": "service_unavailable", "additional_data": {"committed_resource_id": 5}},
    {"code": "service_unavailable", "additional_data": {"committed_resource_id": "a\0b"}},
    {"code": "service_unavailable", "additional_data": {"committed_resource_id": ["x"]}},
    {"object": "error", "code": "\ud800", "message": "\ud800"},
)  # fmt: skip
ERRORS: tuple[Exception, ...] = (
    TypeError("x"), KeyError("x"), AttributeError("x"), UnicodeDecodeError("utf-8", b"x", 0, 1, "x"), RuntimeError("x"),
    IndexError(), StopIteration(), AssertionError(), OSError(5, "x"), MemoryError(), RecursionError(), LookupError("x"),
    httpx.InvalidURL("x"), httpx.LocalProtocolError("x"), httpx.RemoteProtocolError("x"), httpx.ReadTimeout("x"),
    httpx.DecodingError("x"), httpx.CookieConflict("x"), httpx.StreamClosed(), httpx.TooManyRedirects("x"),
    httpx.ConnectError("x"), httpx.UnsupportedProtocol("x"), ConnectionResetError(), EOFError(), ZeroDivisionError(),
)  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """One exchange: what was asked, what was answered."""

    method: str
    path: str
    asked: bytes
    answer: bytes


class Tape(httpx.AsyncBaseTransport):
    """Passes requests on and keeps what was answered."""

    def __init__(self) -> None:
        self._wire = httpx.AsyncHTTPTransport()
        self.kept: list[Kept] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = await request.aread()
        found = await self._wire.handle_async_request(request)
        answer = await found.aread()
        self.kept.append(Kept(request.method, request.url.path, asked, answer))
        return httpx.Response(found.status_code, headers={"Content-Type": "application/json"}, content=answer)

    async def aclose(self) -> None:
        await self._wire.aclose()


@dataclass(frozen=True)
class Spoiled:
    """What is answered instead, and how that came about, in words."""

    about: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: Exception | None = None


class Replay(httpx.AsyncBaseTransport):
    """Answers from a tape; what is spoiled is spoiled as often as it is asked for. `bodies` are those of requests."""

    def __init__(self, tape: list[Kept]) -> None:
        self._tape = tape
        self._spoiled: dict[int, Callable[[], Spoiled]] = {}
        self.asked = 0
        self.bodies: list[bytes] = []

    def at(self, place: int, spoiled: Spoiled) -> None:
        self._spoiled[place] = lambda: spoiled

    def spoil(self, endpoint: str, how: Callable[[Any], Spoiled]) -> None:
        """Spoil the answers to "METHOD /path" (a pattern)."""
        fits = [at for at, one in enumerate(self._tape) if fnmatch(f"{one.method} {one.path}", endpoint)]
        assert fits, f"{endpoint} is not on the tape"
        for at in fits:
            self._spoiled[at] = lambda answer=self._tape[at].answer: how(json.loads(answer))

    def heal(self) -> None:
        self._spoiled.clear()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked > PATIENCE:
            raise KeyboardInterrupt("it asks for ever")
        asked = await request.aread()
        self.bodies.append(asked)
        found = self._place(request.method, request.url.path, asked)
        if found is None:
            body = b'{"object": "error", "status": 404, "code": "object_not_found", "message": "not on the tape"}'
            return httpx.Response(404, content=body)
        if found in self._spoiled:
            spoiled = self._spoiled[found]()
            if spoiled.error is not None:
                raise spoiled.error
            return httpx.Response(spoiled.status, headers=spoiled.headers, content=_Raw(spoiled.body))
        return httpx.Response(200, content=self._tape[found].answer)

    def _place(self, method: str, path: str, asked: bytes) -> int | None:
        fits = [at for at, one in enumerate(self._tape) if (one.method, one.path) == (method, path)]
        same = [at for at in fits if self._tape[at].asked == asked]
        return (same or fits or [None])[0]


class _Raw(httpx.AsyncByteStream):
    """A body of which the response knows nothing beforehand, as off a wire."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __aiter__(self) -> Any:
        return self._pieces()

    async def _pieces(self) -> Any:
        for at in range(0, len(self._body), 65_536):
            yield self._body[at : at + 65_536]


# ------------------------------------------------------------------------------------------- the adapter's calls


@dataclass
class Harness:
    """What one call works with."""

    calls: Calls
    clock: Clock
    ids: Ids
    entry: str
    asset: str
    file: Path
    boards: dict[Place, NotionBoard] = field(default_factory=dict)

    def board(self, place: Place | None = None) -> NotionBoard:
        """The same one whenever it is asked for: what it keeps of a bad answer is kept."""
        where = place or Place(self.ids)
        return self.boards.setdefault(where, NotionBoard(self.calls, self.clock, where))


Ask = Callable[[Harness], Awaitable[object]]


async def _with_trash(harness: Harness) -> object:
    board = harness.board()
    harness.clock.pass_s(61)
    return await board.edited_since(0)


async def _block(harness: Harness, verb: str) -> object:
    """Make a block, then change or remove it."""
    board = harness.board()
    (made,) = await board.add_blocks(harness.entry, [Block("a", "paragraph", "a fox")], "")
    return await (
        board.remove_block(made) if verb == "remove" else board.change_block(made, Block("a", "paragraph", "b"))
    )


async def _put(harness: Harness, known: str | None, fresh: bool, key: str = "t1/image/bear") -> object:
    with small_parts() if key == "parts" else _nothing():
        return await harness.board().put_asset(harness.entry, key, "bear", "Image", harness.file, 1, known, fresh)


VALUES: dict[str, object] = {
    "Status": "Assets Ready", "Progress": "images 3/3", "Error Log": "", "Next Retry": "2026-11-21T14:15:00Z",
    "Cost": 3.1416, "YouTube URL": "https://youtu.be/x",
}  # fmt: skip

ASKS: dict[str, Ask] = {
    "check": lambda harness: harness.board().check(),
    "ids from the page": lambda harness: harness.board(Place(parent_page=PAGE)).ids(),
    "ids from the database": lambda harness: harness.board(Place(database=harness.ids.entries_database)).ids(),
    "edited_since": lambda harness: harness.board().edited_since(0),
    "edited_since with the trash": _with_trash,
    "read": lambda harness: harness.board().read(harness.entry),
    "write": lambda harness: harness.board().write(harness.entry, VALUES),
    "add": lambda harness: harness.board().add(VALUES),
    "replace": lambda harness: harness.board().replace(harness.entry, VALUES, lambda page: True),
    "replace not": lambda harness: harness.board().replace(harness.entry, VALUES, lambda page: False),
    "newest": lambda harness: harness.board().newest(0),
    "newest of some": lambda harness: harness.board().newest(0, ["Approved - Assets", "Cancelled"]),
    "sync_channels": lambda harness: harness.board().sync_channels(["wild", "night"]),
    "rows_of": lambda harness: harness.board().rows_of(harness.entry),
    "edited_rows": lambda harness: harness.board().edited_rows(0),
    "say_on_row": lambda harness: harness.board().say_on_row(harness.asset, "a fox", lambda row: True),
    "page_blocks": lambda harness: harness.board().page_blocks(harness.entry),
    "add_blocks": lambda harness: harness.board().add_blocks(harness.entry, [Block("a", "paragraph", "a fox")], ""),
    "change_block": lambda harness: _block(harness, "change"),
    "remove_block": lambda harness: _block(harness, "remove"),
    "unflag_assets": lambda harness: harness.board().unflag_assets([harness.asset]),
    "asset_rows": lambda harness: harness.board().asset_rows(harness.entry),
    "file_limit": lambda harness: harness.board().file_limit(),
    "link_asset": lambda harness: harness.board().link_asset(
        harness.asset, Link("https://files.example/film.mp4", "film.mp4")
    ),
    "put_asset": lambda harness: _put(harness, None, False),
    "put_asset known": lambda harness: _put(harness, harness.asset, False),
    "put_asset fresh": lambda harness: _put(harness, None, True, "t1/image/fresh"),
    "put_asset in parts": lambda harness: _put(harness, harness.asset, False, "parts"),
    "init again": lambda harness: notion_schema.init(harness.calls, PAGE, ["wild", "deep", "dawn"]),
    "resolve": lambda harness: notion_schema.resolve(harness.calls, harness.ids.entries_database, None),
    "inspect_both": lambda harness: notion_schema.inspect_both(harness.calls, harness.ids),
    "add_options": lambda harness: notion_schema.add_options(
        harness.calls, harness.ids.entries_source, "Channel", ["x", "y"]
    ),
}
FIRST = "init"


@contextmanager
def small_parts() -> Iterator[None]:
    """Files of a few bytes go in parts (in one: the others must have 5 MB)."""
    with mock.patch.object(notion_files, "SINGLE_MAX", 10):
        yield


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@dataclass(frozen=True)
class Recorded:
    """The tape of each call, and what they worked with."""

    tapes: dict[str, list[Kept]]
    began: dict[str, int]
    ids: Ids
    entry: str
    asset: str
    file: Path

    def harness(self, name: str) -> tuple[Harness, Replay]:
        clock = Clock(self.began[name])
        replay = Replay(self.tapes[name])
        calls = Calls(TOKEN, clock, "http://notion.test", FAST, timeout_s=PATIENCE_S, transport=replay)
        return Harness(calls, clock, self.ids, self.entry, self.asset, self.file), replay

    def ask(self, name: str) -> Ask:
        return _init if name == FIRST else ASKS[name]


async def _init(harness: Harness) -> object:
    return await notion_schema.init(harness.calls, PAGE, ["wild", "deep"])


async def record(root: Path) -> Recorded:
    """Play every call once against the simulated service."""
    file = root / "bear.png"
    file.write_bytes(b"PNG of a bear, some thirty bytes long")
    tapes: dict[str, list[Kept]] = {}
    began: dict[str, int] = {}
    async with notion_stage(root / "sandbox", query_cap=3) as on:

        async def play(name: str, ask: Ask, harness: Harness) -> object:
            tape = Tape()
            harness.clock = Clock(on.clock.at)
            began[name] = on.clock.at
            harness.boards.clear()
            harness.calls = Calls(TOKEN, harness.clock, on.url, FAST, timeout_s=PATIENCE_S, transport=tape)
            try:
                return await ask(harness)
            finally:
                tapes[name] = tape.kept
                await harness.calls.aclose()

        harness = Harness(on.calls, Clock(), Ids("", ""), "", "", file)
        made = await play(FIRST, _init, harness)
        assert isinstance(made, notion_schema.Made)
        harness.ids = made.ids
        # the user's own columns, of types that videod has no use for
        mine: dict[str, object] = {"People": {"people": {}}, "Mail": {"email": {}}, "Marks": {"multi_select": {}}}
        await on.person.data_sources.update(harness.ids.entries_source, properties=mine)
        for number in range(5):
            on.clock.pass_s(60)
            harness.entry = await on.add(
                harness.ids, Title=f"Bear {number} \U0001faef", Status="Queued", Priority="High"
            )
        await on.person.pages.update(await on.add(harness.ids, Title="gone"), in_trash=True)
        board = NotionBoard(on.calls, on.clock, Place(harness.ids))
        await board.write(harness.entry, VALUES)
        harness.asset = await board.put_asset(harness.entry, "t1/image/bear", "bear", "Image", file, 0, None)
        await on.person.pages.update(harness.asset, properties={"Redo": {"checkbox": True}})
        for name, ask in ASKS.items():
            on.clock.pass_s(1)
            await play(name, ask, harness)
    return Recorded(tapes, began, harness.ids, harness.entry, harness.asset, file)


# ------------------------------------------------------------------------------------------- spoiling


def nodes(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all nodes of a JSON value, itself first."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from nodes(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from nodes(inner, (*path, at))


def with_node(value: object, path: tuple[str | int, ...], put: object) -> object:
    """A copy of `value` with another node at `path`."""
    if not path:
        return put
    made: Any = copy.deepcopy(value)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = put
    return made


def without_node(value: object, path: tuple[str | int, ...]) -> object:
    made: Any = copy.deepcopy(value)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return made


def spoil(kept: Kept, chance: random.Random) -> Spoiled:
    """One way in which this exchange can go wrong."""
    dice = chance.random()
    if dice < 0.05:
        error = chance.choice(ERRORS)
        return Spoiled(f"raises {type(error).__name__}", error=error)
    if dice < 0.12:
        body = chance.choice(BODIES)
        return Spoiled(f"body {body[:30]!r}", chance.choice((200, 200, 429, 500)), chance.choice(HEADERS), body)
    if dice < 0.25:
        status, headers, refusal = chance.choice(STATUSES), chance.choice(HEADERS), chance.choice(REFUSALS)
        return Spoiled(f"status {status} {headers} {str(refusal)[:80]}", status, headers, json.dumps(refusal).encode())
    if dice < 0.28:
        cut = chance.randrange(len(kept.answer) + 1)
        return Spoiled(f"cut at {cut}", body=kept.answer[:cut])
    return _node(json.loads(kept.answer), chance)


def _node(answer: object, chance: random.Random) -> Spoiled:
    path = chance.choice(list(nodes(answer)))
    if path and chance.random() < 0.2:
        return Spoiled(f"without {path}", body=json.dumps(without_node(answer, path)).encode())
    if isinstance(answer, dict) and "has_more" in answer and chance.random() < 0.1:
        cursor = chance.choice((None, "", 5, "again", ["x"], {}, "\0", "\ud800"))
        spoiled = {**answer, "has_more": chance.choice((True, True, 1, "yes")), "next_cursor": cursor}
        return Spoiled(f"has_more with the cursor {cursor!r}", body=json.dumps(spoiled).encode())
    put = chance.choice(NONSENSE)
    return Spoiled(f"{path} = {str(put)[:60]!r}", body=json.dumps(with_node(answer, path, put)).encode())


# ------------------------------------------------------------------------------------------- judging


def complaint(error: BaseException) -> str:
    """What is wrong about how a call failed; "" when it is right."""
    if not isinstance(error, BoardError):
        return f"{type(error).__name__} escaped: {error}"
    said = str(error)
    if error.kind not in ("busy", "down", "credentials", "gone", "rejected"):
        return f"its kind is {error.kind}"
    if TOKEN in said:
        return "the token stands in the error"
    if not 0 < len(said) <= 800 or not said.isprintable():
        return f"its message is no sentence: {said[:1000]!r}"
    if error.kind == "busy" and not (error.retry_after_s and 0 < error.retry_after_s <= 3600):
        return f"it waits {error.retry_after_s}"
    return ""


def odd(result: object, now_ms: int) -> str:
    """What is wrong with what a call gave; "" when it can be worked with."""
    for one in result if isinstance(result, list) else [result]:
        if isinstance(one, Page):
            if not is_id(one.id):
                return f"the id {one.id!r}"
            if not isinstance(one.edited_at, int) or not 0 <= one.edited_at <= now_ms + SKEW_MS:
                return f"edited at {one.edited_at}"
            if not isinstance(one.in_trash, bool):
                return f"in_trash {one.in_trash!r}"
            if not all(_plain(value) for value in one.values.values()):
                return f"the values {one.values}"
    return ""


def _plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() == value and len(value) <= 200_000
    return value is None or (isinstance(value, int | float) and abs(value) <= 1e15)


async def one(recorded: Recorded, name: str, at: int, spoiled: Spoiled) -> tuple[str, str]:
    """Ask with one exchange spoiled, then the same board with good answers; (outcome, complaint or "")."""
    harness, replay = recorded.harness(name)
    replay.at(at, spoiled)
    try:
        outcome, wrong = await _judged(recorded.ask(name), harness)
        replay.heal()
        if not wrong and outcome != "busy":
            after, wrong = await _judged(recorded.ask(name), harness)
            if after != "answered" and not wrong:
                wrong = f"it does not recover: {after}"
        return outcome, wrong
    finally:
        await harness.calls.aclose()


async def _judged(ask: Ask, harness: Harness) -> tuple[str, str]:
    try:
        result = await ask(harness)
    except BoardError as error:
        return error.kind, complaint(error)
    except BaseException as error:
        return "escaped", complaint(error)
    return "answered", odd(result, harness.clock.now_ms())
