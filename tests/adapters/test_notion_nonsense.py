"""Whatever shape Notion's answers have, the adapter gives good values or a BoardError; one bad row hides no other."""

import asyncio
import inspect
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.adapters import notion_nonsense as nonsense
from tests.adapters.notion_board import FAST, PAGE, notion_stage
from tests.adapters.notion_nonsense import ASKS, FIRST, TOKEN, Recorded, Spoiled
from tests.campaigns import board_fuzz
from tests.flow.board_double import Clock
from tests.flow.harness import Harness
from tests.harness.patience import PATIENCE_S
from videod.adapters import notion_files, notion_schema
from videod.adapters.notion import NotionBoard, Place
from videod.adapters.notion_calls import Budget, Calls
from videod.adapters.notion_tables import SKEW_MS
from videod.cli.notion import app
from videod.ports import BoardError, Page
from videod.sandbox.kernel import Fault

Spoil = Callable[[Any], Any]
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return asyncio.run(nonsense.record(tmp_path_factory.mktemp("tapes")))


def _answer(body: object) -> Spoiled:
    return Spoiled("", body=json.dumps(body).encode())


def put(*path: str | int, value: object) -> Spoil:
    """Another value at `path` of the answer."""
    return lambda answer: nonsense.with_node(answer, path, value)


def without(*path: str | int) -> Spoil:
    return lambda answer: nonsense.without_node(answer, path)


def ends_never(cursor: object, key: bool = True) -> Spoil:
    def spoil(answer: Any) -> Any:
        spoiled = {**answer, "has_more": True, "next_cursor": cursor}
        return spoiled if key else without("next_cursor")(spoiled)

    return spoil


QUERY, SOURCE, DATABASE, PAGES = "POST */query", "GET */data_sources/*", "GET */databases/*", "GET */pages/*"
FIRST_OPTION = ("properties", "Channel", "select", "options", 0)
CHILDREN = "GET */children"

#: (which call, which of its answers, how it is spoiled)
SHAPES: dict[str, tuple[str, str, Spoil]] = {
    "a row that is nothing, alone": ("edited_since", QUERY, put("results", value=[None])),
    "rows that are numbers": ("edited_since", QUERY, put("results", value=[1, 2.5])),
    "a row without an id": ("edited_since", QUERY, put("results", value=[{"object": "page", "properties": {}}])),
    "a row whose id is a float": ("edited_since", QUERY, put("results", value=[{"object": "page", "id": 1.5}])),
    "a row of no kind": ("edited_since", QUERY, put("results", value=[{"id": "x"}])),
    "rows that are an object": ("edited_since", QUERY, put("results", value={"a": 1})),
    "rows that are nothing": ("edited_since", QUERY, put("results", value=None)),
    "no rows at all": ("edited_since", QUERY, without("results")),
    "more, and the cursor is nothing": ("edited_since", QUERY, ends_never(None)),
    "more, and there is no cursor": ("edited_since", QUERY, ends_never(None, key=False)),
    "more, and the cursor is a number": ("edited_since", QUERY, ends_never(5)),
    "more, and the cursor is empty": ("edited_since", QUERY, ends_never("")),
    "more, and always the same cursor": ("edited_since", QUERY, ends_never("again")),
    "more is a number": ("edited_since", QUERY, put("has_more", value=1)),
    "a list of the trash that never ends": ("edited_since with the trash", QUERY, ends_never("again")),
    "flags that never end": ("rows_of", QUERY, ends_never(None)),
    "a flagged row without an id": ("rows_of", QUERY, without("results", 0, "id")),
    "rows of an entry that never end": ("asset_rows", QUERY, ends_never(None)),
    "a row of an entry without an id": ("asset_rows", QUERY, without("results", 0, "id")),
    "a found asset with a strange id": ("put_asset", QUERY, put("results", 0, "id", value="../x")),
    "an entry without an id": ("read", PAGES, without("id")),
    "an entry whose id holds a NUL": ("read", PAGES, put("id", value="a\0b")),
    "an entry whose id is a number": ("read", PAGES, put("id", value=10**30)),
    "an entry that is another": ("read", PAGES, put("id", value="99999999-9999-4999-8999-999999999999")),
    "an entry without properties": ("read", PAGES, without("properties")),
    "properties that are a list": ("read", PAGES, put("properties", value=[])),
    "a property that is nothing": ("read", PAGES, put("properties", "Status", value=None)),
    "a property that is a text": ("read", PAGES, put("properties", "Title", value="x")),
    "a property without a type": ("read", PAGES, without("properties", "Status", "type")),
    "a title that is a text": ("read", PAGES, put("properties", "Title", "title", value="x")),
    "a part of a title that is nothing": ("read", PAGES, put("properties", "Title", "title", value=[None])),
    "a part of a title without text": ("read", PAGES, put("properties", "Title", "title", value=[{"plain_text": 5}])),
    "a status that is a list": ("read", PAGES, put("properties", "Status", "select", value=[])),
    "a status whose name is a number": ("read", PAGES, put("properties", "Status", "select", value={"name": 5})),
    "a date that is none": ("read", PAGES, put("properties", "Next Retry", "date", value={"start": "2026-13-45"})),
    "a date that is a text": ("read", PAGES, put("properties", "Next Retry", "date", value="2026-11-21")),
    "a cost that is a text": ("read", PAGES, put("properties", "Cost", "number", value="5")),
    "a cost of 30 digits": ("read", PAGES, put("properties", "Cost", "number", value=10**30)),
    "a trash that is a text": ("read", PAGES, put("in_trash", value="no")),
    "an upload without an id": ("put_asset fresh", "POST */file_uploads", without("id")),
    "an upload whose id leads elsewhere": ("put_asset fresh", "POST */file_uploads", put("id", value="../users")),
    "an upload in parts without an id": ("put_asset in parts", "POST */file_uploads", put("id", value=None)),
    "a made row without an id": ("put_asset fresh", "POST */pages", without("id")),
    "a column that is nothing": ("check", SOURCE, put("properties", "Status", value=None)),
    "a column without a type": ("write", SOURCE, without("properties", "Status", "type")),
    "columns that are nothing": ("write", SOURCE, put("properties", value=None)),
    "no columns at all": ("write", SOURCE, put("properties", value={})),
    "options that are nothing": ("sync_channels", SOURCE, put("properties", "Channel", "select", value=None)),
    "an option without a name": ("add_options", SOURCE, without(*FIRST_OPTION, "name")),
    "an option without an id": ("init again", SOURCE, without(*FIRST_OPTION, "id")),
    "a data source without an id": ("resolve", DATABASE, put("data_sources", value=[{}])),
    "a data source that is nothing": ("resolve", DATABASE, put("data_sources", value=[None])),
    "data sources that are a number": ("resolve", DATABASE, put("data_sources", value=5)),
    "a parent that is a number": ("ids from the database", DATABASE, put("parent", value=5)),
    "a block that is nothing": ("ids from the page", CHILDREN, put("results", value=[None])),
    "a table without a title": ("ids from the page", CHILDREN, put("results", 0, "child_database", value={})),
    "a table that is nothing": ("ids from the page", CHILDREN, put("results", 0, "child_database", value=None)),
    "a table whose id is a float": ("ids from the page", CHILDREN, put("results", 0, "id", value=1.5)),
    "blocks that never end": ("ids from the page", CHILDREN, ends_never(None)),
    "blocks that go round": ("init again", CHILDREN, ends_never("again")),
    "a made database without an id": (FIRST, "POST */databases", without("id")),
    "a made database with a strange id": (FIRST, "POST */databases", put("id", value={"a": 1})),
}  # fmt: skip


@pytest.mark.fault("1.6", "13.4")
@pytest.mark.parametrize("shape", SHAPES)
async def test_an_answer_of_a_strange_shape_is_the_board_being_down(recorded: Recorded, shape: str) -> None:
    name, endpoint, spoil = SHAPES[shape]
    outcome, said = await ask(recorded, name, endpoint, spoil)
    assert outcome == "down", said


async def ask(recorded: Recorded, name: str, endpoint: str, spoil: Spoil) -> tuple[object, str]:
    """The kind of error, or the result, of a call one of whose answers is spoiled; and the error's words."""
    harness, replay = recorded.harness(name)
    replay.spoil(endpoint, lambda answer: _answer(spoil(answer)))
    try:
        return await recorded.ask(name)(harness), ""
    except BoardError as error:
        assert nonsense.complaint(error) == ""
        return error.kind, str(error)
    finally:
        await harness.calls.aclose()


@pytest.mark.fault("13.4")
async def test_no_spoiled_answer_brings_anything_but_a_board_error(tmp_path: Path) -> None:
    outcomes, wrong = await board_fuzz.fuzz(tmp_path, seed=20261129, calls=700)
    assert wrong == []
    # it would prove nothing if the spoiled answers were never met
    assert outcomes["down"] > 100 and outcomes["answered"] > 100


@pytest.mark.fault("13.4")
def test_every_call_of_the_adapter_carries_the_promise_and_is_fuzzed() -> None:
    calls = {
        name: call for name, call in inspect.getmembers(NotionBoard, inspect.iscoroutinefunction) if name[0] != "_"
    }
    promised = [
        *calls.values(),
        *(getattr(notion_schema, name) for name in ("init", "resolve", "inspect_both", "add_options", "columns_of")),
        *(getattr(notion_schema, name) for name in ("source_of", "databases_under")),
        notion_files.upload, Calls.call, Calls.part,
    ]  # fmt: skip
    bare = [call.__name__ for call in promised if not hasattr(call, "__wrapped__")]
    assert bare == ["aclose"]  # called when all is over
    assert {name.split()[0] for name in ASKS} | {"aclose", "ids"} >= calls.keys()


@pytest.mark.fault("13.4")
@pytest.mark.parametrize("error", nonsense.ERRORS, ids=lambda error: type(error).__name__)
async def test_whatever_the_libraries_raise_is_the_board_being_down(recorded: Recorded, error: Exception) -> None:
    harness, replay = recorded.harness("read")
    replay.spoil(PAGES, lambda _: Spoiled("", error=error))
    with pytest.raises(BoardError) as failed:
        await harness.board().read(recorded.entry)
    assert (failed.value.kind, nonsense.complaint(failed.value)) == ("down", "")


# ------------------------------------------------------------------------------------------- good rows beside bad ones


BAD_ROWS: tuple[object, ...] = (
    None, 5, "x", [], {}, {"object": "page"}, {"object": "page", "id": "a\0b"}, {"object": "page", "id": 7},
    {"object": "page", "id": "88888888-8888-4888-8888-888888888888"},
    {"object": "page", "id": "88888888-8888-4888-8888-888888888888", "properties": {"Status": 5}},
    {"object": "page", "id": "88888888-8888-4888-8888-888888888888", "properties": {}, "in_trash": "x"},
)  # fmt: skip


@pytest.mark.fault("13.4")
@pytest.mark.parametrize("row", BAD_ROWS, ids=str)
async def test_one_bad_row_hides_no_good_one_and_is_reported_once(
    recorded: Recorded, row: object, caplog: pytest.LogCaptureFixture
) -> None:
    harness, replay = recorded.harness("edited_since")
    good = {page.id for page in await harness.board().edited_since(0) if isinstance(page, Page)}
    assert len(good) == 5
    replay.spoil(QUERY, lambda answer: _answer(_beside(answer, row)))
    board = harness.board()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert {page.id for page in await board.edited_since(0)} == good
    assert sum(record.message == "notion_row_nonsense" for record in caplog.records) == 1


def _beside(answer: dict[str, Any], row: object) -> dict[str, Any]:
    return {**answer, "results": [row, *answer["results"]]}


@pytest.mark.fault("13.4")
async def test_an_entry_that_alone_makes_no_sense_leaves_an_empty_list(recorded: Recorded) -> None:
    harness, replay = recorded.harness("edited_since")
    replay.spoil(QUERY, lambda _: _answer({"results": [BAD_ROWS[-1]], "has_more": False}))
    assert await harness.board().edited_since(0) == []


@pytest.mark.fault("13.4")
async def test_an_entry_that_never_makes_sense_becomes_a_matter_of_its_own(recorded: Recorded) -> None:
    harness, replay = recorded.harness("read")
    for kinds in (("down", "down", "rejected", "rejected"), ("down", "down", "rejected")):
        replay.spoil(PAGES, lambda answer: _answer({**answer, "properties": {"Status": None}}))
        for kind in kinds:
            with pytest.raises(BoardError) as failed:
                await harness.board().read(recorded.entry)
            assert failed.value.kind == kind
        replay.heal()
        assert (await harness.board().read(recorded.entry)).id == recorded.entry
    replay.spoil(PAGES, lambda answer: _answer({"object": "page"}))
    for _ in range(5):  # what says not even which page it is says nothing about the entry
        with pytest.raises(BoardError) as failed:
            await harness.board().read(recorded.entry)
        assert failed.value.kind == "down"


@pytest.mark.fault("13.4")
async def test_one_refusal_to_show_the_trash_is_not_forever(recorded: Recorded) -> None:
    harness, replay = recorded.harness("edited_since with the trash")
    board = harness.board()
    trash = [at for at, one in enumerate(recorded.tapes["edited_since with the trash"]) if b"in_trash" in one.asked]
    harness.clock.pass_s(61)
    for at in trash:
        replay.at(at, Spoiled("", status=418, body=b"{}"))
    assert not any(page.in_trash for page in await board.edited_since(0))
    replay.heal()
    harness.clock.pass_s(3_700)
    assert any(page.in_trash for page in await board.edited_since(0))


@pytest.mark.fault("13.4")
@pytest.mark.parametrize("name", ["write", "replace"])
async def test_a_column_whose_type_made_no_sense_once_is_looked_at_again(recorded: Recorded, name: str) -> None:
    def spoil(answer: Any) -> Spoiled:
        strange = put("properties", "Progress", "type", value="é" * 40)
        return _answer(strange(answer) if "Progress" in answer["properties"] else answer)

    harness, replay = recorded.harness(name)
    replay.spoil(SOURCE, spoil)
    with pytest.raises(BoardError, match="Progress"):
        await recorded.ask(name)(harness)
    replay.heal()
    await recorded.ask(name)(harness)
    await harness.calls.aclose()


async def test_the_users_own_columns_may_hold_whatever_notion_thinks_of(recorded: Recorded) -> None:
    def spoil(answer: Any) -> Any:
        strange = {"Mine": 5, "Rating": {"type": "stars", "stars": {"of": 5}}, "Sum": {"type": "number", "number": "x"}}
        return {**answer, "properties": answer["properties"] | strange}

    page, said = await ask(recorded, "read", PAGES, spoil)
    assert isinstance(page, Page), said
    assert (page.values["Status"], page.values["Mine"], page.values["Rating"], page.values["Sum"]) == (
        "Assets Ready", None, None, None)  # fmt: skip


@pytest.mark.parametrize("cost", [10**400, float("inf"), float("nan")], ids=lambda cost: str(cost)[:4])
async def test_a_number_that_is_none_is_no_number(recorded: Recorded, cost: float) -> None:
    page, said = await ask(recorded, "read", PAGES, put("properties", "Cost", "number", value=cost))
    assert isinstance(page, Page), said
    assert page.values["Cost"] is None


async def test_a_wish_to_untick_or_write_a_page_that_is_no_page_is_rejected(recorded: Recorded) -> None:
    harness, _ = recorded.harness("write")
    board = harness.board()
    for strange in ("", "x", "../users", "a\0b", "\ud800", "%2e%2e", "1" * 5_000):
        for call in (board.read(strange), board.write(strange, {"Status": "Queued"}), board.unflag_assets([strange])):
            with pytest.raises(BoardError) as failed:
                await call
            assert (failed.value.kind, nonsense.complaint(failed.value)) == ("rejected", "")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1}, b"x"], ids=str)
async def test_a_value_that_fits_into_no_request_is_rejected_and_not_tried_forever(
    recorded: Recorded, value: object
) -> None:
    harness, _ = recorded.harness("write")
    with pytest.raises(BoardError) as failed:
        await harness.board().write(recorded.entry, {"Cost": value})
    assert failed.value.kind == "rejected"


async def test_half_a_surrogate_pair_in_a_text_does_not_stop_the_write(recorded: Recorded) -> None:
    harness, _ = recorded.harness("write")
    await harness.board().write(recorded.entry, {"Status": "Queued", "Error Log": "a\ud800b"})


@pytest.mark.fault("13.4")
async def test_a_list_that_gives_ever_new_cursors_ends(recorded: Recorded) -> None:
    numbers = iter(range(10**9))
    harness, replay = recorded.harness("edited_since")
    replay.spoil(QUERY, lambda _: _answer({"results": [], "has_more": True, "next_cursor": f"c{next(numbers)}"}))
    with pytest.raises(BoardError, match="does not end"):
        await harness.board().edited_since(0)
    assert replay.asked <= Budget().parts + 1


def test_a_list_is_bounded_in_parts_rows_and_bytes() -> None:
    for count, size in ((1, 10**12), (10**9, 1)):
        with pytest.raises(BoardError, match="does not end"):
            Budget().spend("read", count, size)


# ------------------------------------------------------------------------------------------- times


@pytest.mark.fault("13.1")
@pytest.mark.parametrize("given", ["9999-12-31T23:59:59.000Z", "ahead", None, 5, "soon", "-001-01-01", [], "9" * 400])
async def test_a_time_to_come_is_bounded_by_our_own_clock_and_told_of_once(
    recorded: Recorded, given: object, caplog: pytest.LogCaptureFixture
) -> None:
    harness, replay = recorded.harness("read")
    shown = given if given != "ahead" else "2026-11-25T00:00:00.000Z"
    replay.spoil(PAGES, lambda answer: _answer({**answer, "last_edited_time": shown}))
    board = harness.board()
    for _ in range(2):
        page = await board.read(recorded.entry)
        assert 0 <= page.edited_at <= harness.clock.now_ms()
    assert sum(record.message == "notion_time_nonsense" for record in caplog.records) == 1


@pytest.mark.parametrize(("ahead_ms", "believed"), [(SKEW_MS - 1000, True), (SKEW_MS + 60_000, False)])
async def test_a_board_whose_clock_is_a_little_ahead_is_believed(
    recorded: Recorded, ahead_ms: int, believed: bool
) -> None:
    harness, replay = recorded.harness("read")
    ahead = datetime.fromtimestamp((harness.clock.now_ms() + ahead_ms) / 1000, UTC)
    replay.spoil(PAGES, lambda answer: _answer({**answer, "last_edited_time": ahead.isoformat()}))
    edited_at = (await harness.board().read(recorded.entry)).edited_at
    assert edited_at == (int(ahead.timestamp() * 1000) if believed else harness.clock.now_ms())


@pytest.mark.fault("13.1")
async def test_a_look_since_a_time_to_come_is_a_look_since_now(recorded: Recorded) -> None:
    harness, replay = recorded.harness("edited_since")
    replay.spoil(QUERY, lambda _: Spoiled("", body=b'{"results": [], "has_more": false}'))
    now = datetime.fromtimestamp(harness.clock.now_ms() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:00Z")
    for since in (harness.clock.now_ms() + 3 * DAY_MS, 253_402_300_799_000, 10**30, -5):
        await harness.board().edited_since(since)
    asked = [json.loads(body)["filter"]["last_edited_time"]["on_or_after"] for body in replay.bodies]
    assert asked == [now, now, now, "1970-01-01T00:00:00Z"]


# ------------------------------------------------------------------------------------------- files


@pytest.mark.fault("13.4")
async def test_a_file_that_is_gone_or_no_file_is_rejected(recorded: Recorded, tmp_path: Path) -> None:
    for file in (tmp_path / "gone.png", tmp_path, tmp_path / ("x" * 300), tmp_path / "a\0b"):
        harness, _ = recorded.harness("put_asset fresh")
        with pytest.raises(BoardError) as failed:
            await harness.board().put_asset(recorded.entry, "k", "k", "Image", file, 0, None, fresh=True)
        assert (failed.value.kind, nonsense.complaint(failed.value)) == ("rejected", "")


@pytest.mark.fault("13.4")
async def test_a_file_that_becomes_shorter_while_it_is_sent_is_rejected(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notion_files, "SINGLE_MAX", 10)
    file = tmp_path / "film.mp4"
    file.write_bytes(b"x" * 20)
    harness, replay = recorded.harness("put_asset in parts")

    def cut(answer: Any) -> Spoiled:
        file.write_bytes(b"")
        return _answer(answer)

    replay.spoil("POST */file_uploads", cut)
    with pytest.raises(BoardError, match="became shorter"):
        await harness.board().put_asset(recorded.entry, "parts", "k", "Film", file, 0, recorded.asset)


# ------------------------------------------------------------------------------------------- a real wire


JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WIRES: dict[str, bytes] = {
    "nothing": b"",
    "no HTTP": b"\x16\x03\x01\x02\x00",
    "half a head": b"HTTP/1.1 200",
    "no body for 204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "only a 100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "only a 103": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    "a switch of protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nxx",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status of words": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of 999": b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
    "HTML": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Hello</h1>\n",
    "an empty body": JSON_HEAD + b"Content-Length: 0\r\n\r\n",
    "a body that is cut": JSON_HEAD + b'Content-Length: 500\r\n\r\n{"object": "page"',
    "a body that is cut where no length was said": JSON_HEAD + b'Connection: close\r\n\r\n{"object": "page"',
    "chunks that are cut": JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a",
    "chunks of no number": JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "a packed body": JSON_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
    "a negative length": JSON_HEAD + b"Content-Length: -1\r\n\r\n{}",
    "two lengths": JSON_HEAD + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "a length of words": JSON_HEAD + b"Content-Length: many\r\n\r\n{}",
    "a header without a name": b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\n{}",
    "a header with a NUL": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "a header of raw bytes": b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
    "a charset of no text": b"HTTP/1.1 500 X\r\nContent-Type: text/html; charset=hex\r\nContent-Length: 2\r\n\r\nzz",
    "a charset that nobody knows": b"HTTP/1.1 500 X\r\nContent-Type: x; charset=\xff\r\nContent-Length: 2\r\n\r\nzz",
    "a head without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    "a redirect to nowhere": b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
    "a redirect to a file": b"HTTP/1.1 307 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
    "a redirect without a place": b"HTTP/1.1 301 X\r\nContent-Length: 0\r\n\r\n",
    "a cookie of nonsense": b"HTTP/1.1 200 OK\r\nSet-Cookie: =;;=; expires=x\r\nContent-Length: 4\r\n\r\nnull",
    "letters of no alphabet": JSON_HEAD + b'Content-Length: 9\r\n\r\n{"a":"\xff"}',
    "no number": JSON_HEAD + b'Content-Length: 11\r\n\r\n{"id": NaN}',
    "nesting without end": JSON_HEAD + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
}  # fmt: skip


@asynccontextmanager
async def wire(answer: bytes) -> AsyncIterator[str]:
    """A server that answers every request with these bytes and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.fault("13.4")
@pytest.mark.parametrize("what", WIRES)
async def test_whatever_comes_over_the_wire_is_the_board_being_down(recorded: Recorded, what: str) -> None:
    async with wire(WIRES[what]) as url:
        calls = Calls(TOKEN, Clock(), url, FAST, timeout_s=PATIENCE_S)
        board = NotionBoard(calls, Clock(), Place(recorded.ids))
        with pytest.raises(BoardError) as failed:
            await board.read(recorded.entry)
        assert (failed.value.kind, nonsense.complaint(failed.value)) == ("down", ""), str(failed.value)
        await calls.aclose()


# ------------------------------------------------------------------------------------------- the house continues


@pytest.mark.fault("1.6", "13.4")
async def test_the_intake_lives_through_nonsense_and_takes_the_entry_afterwards(tmp_path: Path) -> None:
    async with notion_stage(tmp_path / "sandbox") as on:
        board, ids = await on.made()
        page_id = await on.add(ids, Status="Queued")
        house = Harness(tmp_path, board, on.clock)
        for body in (
            {"results": [], "has_more": True, "next_cursor": None}, {"results": [], "has_more": True},
            {"results": [None]}, {"results": [{"object": "page", "id": "a\0b"}]}, {"results": 5}, {},
        ):  # fmt: skip
            fault = Fault("notion", "status", "POST */query", status=200, body=json.dumps(body))
            on.context.faults.set([fault])
            await house.intake._round()
            assert await house.no_task(page_id)
        on.context.faults.clear()
        await house.intake._round()
        assert not await house.no_task(page_id)
        await house.store.close()


# ------------------------------------------------------------------------------------------- the command


async def command(url: str, folder: Path, *words: str) -> Result:
    settings = folder / "videod.toml"
    settings.write_text(f'[notion]\nparent_page = "{PAGE}"\n')
    (folder / "channels").mkdir(exist_ok=True)
    (folder / "channels" / "wild.yaml").write_text("")
    env = {"NOTION_TOKEN": TOKEN, "VIDEOD_URL_NOTION": url}
    return await asyncio.to_thread(CliRunner().invoke, app, [*words, "--config", str(settings)], env=env)


def one_sentence(ran: Result) -> bool:
    """One line for a person and nothing of our insides, with the code of a service that is not there."""
    said = ran.output.strip()
    return (
        ran.exit_code == 69 and isinstance(ran.exception, SystemExit)
        and said.endswith("Try again later.") and said.isprintable() and TOKEN not in said and len(said) < 900
    )  # fmt: skip


@pytest.mark.fault("13.4")
@pytest.mark.parametrize("words", [("init",), ("check",), ("init", "--json"), ("check", "--json")], ids=" ".join)
async def test_the_command_says_one_sentence_about_any_nonsense(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with notion_stage(tmp_path / "sandbox") as on:
        await on.made()
        for endpoint, body in (
            ("*", "[]"), ("*", "<html>"), ("*", ""), ("*", "NaN"), ("*/children", '{"results": [null]}'),
            ("*/children", '{"results": [], "has_more": true, "next_cursor": null}'),
            ("*/children", '{"results": [], "has_more": true}'), ("GET */databases/*", '{"data_sources": [{}]}'),
            ("GET */data_sources/*", '{"properties": {"Status": null}}'), ("GET */data_sources/*", '{"properties": 5}'),
        ):  # fmt: skip
            on.context.faults.set([Fault("notion", "status", endpoint, status=200, body=body)])
            ran = await command(on.url, tmp_path, *words)
            assert one_sentence(ran), (endpoint, body, ran.exit_code, ran.output, ran.exception)


@pytest.mark.fault("13.4")
@pytest.mark.parametrize("what", ["no HTTP", "a packed body", "a redirect to nowhere", "a header without a name"])
async def test_the_command_says_one_sentence_about_a_broken_wire(tmp_path: Path, what: str) -> None:
    async with wire(WIRES[what]) as url:
        for word in ("init", "check"):
            ran = await command(url, tmp_path, word)
            assert one_sentence(ran), (ran.exit_code, ran.output, ran.exception)
