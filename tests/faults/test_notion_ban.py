"""Notion asks to be left alone for five minutes: it is, by everybody, also over a restart; then it hears the truth.

The real client on the real simulated service, on one clock; with real processes: tests/live/test_service_faults.py.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.adapters.notion_board import PAGE, NotionStage, notion_stage
from tests.flow.harness import Harness
from tests.harness.patience import PATIENCE_S
from videod.adapters.clock import SystemClock
from videod.adapters.notion import NotionBoard, Place
from videod.adapters.notion_calls import Calls
from videod.adapters.notion_pacer import NAME, NotionPacer
from videod.adapters.notion_schema import Ids
from videod.cli.notion import app
from videod.ports import BoardError
from videod.sandbox.kernel import Fault
from videod.sandbox.notion import BOT_TOKEN
from videod.store import readonly, reads, views

BAN_S = 300
BLOCKED = json.dumps({
    "object": "error", "status": 429, "code": "rate_limited", "message": "blocked",
    "additional_data": {"rate_limit_reason": "public_api_request_blocked", "retry_after": "300"},
})  # fmt: skip


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[NotionStage]:
    async with notion_stage(tmp_path / "sandbox") as made:
        yield made


async def calls_of(on: NotionStage, harness: Harness, turn: NotionPacer | None = None) -> Calls:
    """A connection as the daemon makes it at startup: the end of an earlier ban comes out of the database."""
    banned_until = int(await harness.read(lambda tx: reads.value(tx, "notion_not_before")) or 0)

    async def remember(until_ms: int) -> None:
        await harness.ledger.set_value("notion_not_before", str(until_ms))

    async def remark(text: str) -> None:
        await harness.ledger.set_value("board_remark", text)

    return Calls(BOT_TOKEN, on.clock, on.url, 3, banned_until, remember, timeout_s=PATIENCE_S, turn=turn, remark=remark)


def everybody(
    board: NotionBoard, harness: Harness, page_id: str, file: Path
) -> dict[str, Callable[[], Awaitable[object]]]:
    """Everything in the daemon that speaks with Notion."""
    return {
        "intake": harness.intake.poll_once,
        "channels": lambda: board.sync_channels(["wild", "deep", "night"]),
        "check": board.check,
        "card": lambda: board.write(page_id, {"Progress": "x"}),
        "asset": lambda: board.put_asset(page_id, "k", "k", "Image", file, 0, None),
        "ticks": lambda: board.rows_of(page_id),
        "entry": lambda: board.read(page_id),
    }


def asked_since(on: NotionStage, since_ms: int) -> list[int]:
    """When the simulated service was asked, ms after `since_ms`."""
    return [one["at_ms"] - since_ms for one in on.context.requests if one["at_ms"] >= since_ms]


async def _banned(on: NotionStage, harness: Harness, ids: Ids, fault: Fault) -> tuple[int, NotionBoard, Calls]:
    """A daemon's board that has just met the ban; when that was, ms."""
    calls = await calls_of(on, harness)
    board = NotionBoard(calls, on.clock, Place(ids))
    on.clock.pass_s(60)
    on.context.faults.set([fault])
    harness.board = board
    await harness.restart()
    with pytest.raises(BoardError):
        await harness.intake.poll_once()
    on.clock.pass_s(0.001)
    return on.clock.now_ms(), board, calls


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [({"Retry-After": str(BAN_S)}, "", BAN_S), ({"Retry-After": str(BAN_S)}, BLOCKED, 3600), ({}, BLOCKED, 3600)],
    ids=["Retry-After", "blocked", "blocked without a header"],
)
async def test_in_a_ban_nobody_asks_not_even_after_a_restart(
    on: NotionStage, tmp_path: Path, headers: dict[str, str], body: str, seconds: int
) -> None:
    harness = Harness(tmp_path, NotionBoard(on.calls, on.clock, Place()), on.clock)
    fault = Fault("notion", "status", status=429, headers=headers, body=body, times=1)
    _, ids = await on.made()
    page_id, file = await on.add(ids), tmp_path / "bear.png"
    file.write_bytes(b"PNG")
    began, board, calls = await _banned(on, harness, ids, fault)
    for passed in (0, seconds // 4, seconds // 2):
        on.clock.at = began + passed * 1000
        for name, ask in everybody(board, harness, page_id, file).items():
            with pytest.raises(BoardError) as told:
                await ask()
            assert (told.value.kind, told.value.retry_after_s) == ("busy", pytest.approx(seconds - passed, abs=1)), name
    await calls.aclose()
    calls = await calls_of(on, harness)  # the daemon restarts in the middle of it
    board = harness.board = NotionBoard(calls, on.clock, Place(ids))
    await harness.restart()
    for passed in (seconds // 2, seconds - 4):
        on.clock.at = began + passed * 1000
        for ask in everybody(board, harness, page_id, file).values():
            with pytest.raises(BoardError, match="Notion asked to wait"):
                await ask()
    assert asked_since(on, began) == []
    on.clock.at = began + seconds * 1000
    await harness.intake.poll_once()
    assert asked_since(on, began)[0] >= seconds * 1000 - 2
    await calls.aclose()
    await harness.store.close()


async def test_after_a_ban_the_board_hears_the_truth_at_an_even_pace(on: NotionStage, tmp_path: Path) -> None:
    harness = Harness(tmp_path, NotionBoard(on.calls, on.clock, Place()), on.clock)
    fault = Fault("notion", "status", status=429, headers={"Retry-After": str(BAN_S)}, times=1)
    _, ids = await on.made()
    began, _, calls = await _banned(on, harness, ids, fault)
    on.clock.at = began + BAN_S * 1000
    pages = [await on.add(ids, Title=f"Bear {number}", Status="Queued") for number in range(3)]
    await harness.sync()
    for page in pages:
        await harness.work(page)
    before = on.clock.now_ms()
    # the ban comes back just when there is most to tell
    on.context.faults.set([Fault("notion", "status", status=429, headers={"Retry-After": str(BAN_S)}, times=1)])
    await harness.relay.deliver_once()
    told = asked_since(on, before)
    await harness.relay.deliver_once()
    assert asked_since(on, before) == told
    on.clock.at = before + (BAN_S + 5) * 1000
    await harness.sync()
    times = asked_since(on, before + BAN_S * 1000 - 1000)
    assert len(times) > 20
    assert max(sum(1 for other in times if 0 <= other - one < 1000) for one in times) <= 3
    assert {await on.status(page) for page in pages} == {"Assets Ready"}
    await calls.aclose()
    await harness.store.close()


async def test_a_ban_that_comes_while_others_stand_in_line_stops_them_too(on: NotionStage, tmp_path: Path) -> None:
    _, ids = await on.made()
    calls = Calls(BOT_TOKEN, SystemClock(), on.url, 20, timeout_s=PATIENCE_S)
    board = NotionBoard(calls, on.clock, Place(ids))
    page_id = await on.add(ids)
    on.context.faults.set([Fault("notion", "status", status=429, headers={"Retry-After": str(BAN_S)})])
    before = len(on.context.requests)
    results = await asyncio.gather(*(board.read(page_id) for _ in range(8)), return_exceptions=True)
    assert {getattr(result, "kind", "answered") for result in results} == {"busy"}
    assert len(on.context.requests) - before == 1
    await calls.aclose()


async def test_the_command_line_keeps_to_the_daemons_ban_and_tells_of_it(on: NotionStage, tmp_path: Path) -> None:
    await on.made()
    state = tmp_path / "state"
    state.mkdir()
    settings = tmp_path / "videod.toml"
    settings.write_text(f'[paths]\nstate = "{state}"\n[notion]\nparent_page = "{PAGE}"\n')
    env = {"NOTION_TOKEN": BOT_TOKEN, "VIDEOD_URL_NOTION": on.url}

    async def check() -> tuple[int, str]:
        ran = await asyncio.to_thread(CliRunner().invoke, app, ["check", "--config", str(settings)], env=env)
        return ran.exit_code, ran.output

    assert (await check())[0] == 0
    daemon = NotionPacer(state / NAME)
    daemon.ban(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000 + BAN_S * 1000)
    before = len(on.context.requests)
    code, said = await check()
    assert (code, len(on.context.requests) - before) == (75, 0)
    assert "Notion asked to wait" in said and "Try again after that time" in said
    daemon.close()


async def test_a_ban_that_the_command_line_meets_holds_for_the_daemon(on: NotionStage, tmp_path: Path) -> None:
    _, ids = await on.made()
    (tmp_path / "turns").mkdir()
    command = Calls(BOT_TOKEN, on.clock, on.url, 3, timeout_s=PATIENCE_S, turn=NotionPacer(tmp_path / "turns" / NAME))
    harness = Harness(tmp_path, NotionBoard(on.calls, on.clock, Place()), on.clock)
    daemon = await calls_of(on, harness, NotionPacer(tmp_path / "turns" / NAME))
    on.context.faults.set([Fault("notion", "status", status=529, headers={"Retry-After": str(BAN_S)}, times=1)])
    with pytest.raises(BoardError):
        await NotionBoard(command, on.clock, Place(ids)).check()
    before = len(on.context.requests)
    with pytest.raises(BoardError, match="300 s are left"):
        await NotionBoard(daemon, on.clock, Place(ids)).edited_since(0)
    assert len(on.context.requests) == before
    await command.aclose()
    await daemon.aclose()
    await harness.store.close()


# ------------------------------------------------------------------------------------------- how long, and told


@pytest.mark.fault("1.4", "13.13")
@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("901", 900), ("86400", 900), ("99999999", 900), ("99999999999999999999", 900), ("1e300", 900), ("120", 120),
        ("0", 1), ("-5", 30), ("inf", 30), ("nan", 30), ("1e400", 30), ("soon", 30), ("5, 7", 30), ("", 30),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30), ("Thu, 01 Jan 1970 00:00:00 GMT", 1),
    ],
)  # fmt: skip
async def test_what_notion_asks_to_wait_is_bounded(on: NotionStage, asked: str, seconds: int) -> None:
    board, _ = await on.made()
    on.context.faults.set([Fault("notion", "status", status=429, headers={"Retry-After": asked}, times=1)])
    with pytest.raises(BoardError) as told:
        await board.edited_since(0)
    assert (told.value.kind, told.value.retry_after_s) == ("busy", seconds)
    assert on.remembered == [pytest.approx(on.clock.now_ms() + seconds * 1000, abs=5)]
    on.clock.pass_s(seconds)
    await board.edited_since(0)


@pytest.mark.fault("13.13")
@pytest.mark.parametrize("asked", [10**9, 1e308, "9" * 300, [1], {"a": 1}, None, True])
async def test_a_block_is_an_hour_whatever_else_is_said(on: NotionStage, asked: object) -> None:
    board, _ = await on.made()
    extra = {"rate_limit_reason": "public_api_request_blocked", "retry_after": asked}
    body = json.dumps({"code": "rate_limited", "message": "blocked", "additional_data": extra})
    on.context.faults.set([Fault("notion", "status", status=429, body=body, times=1)])
    with pytest.raises(BoardError) as told:
        await board.edited_since(0)
    assert told.value.retry_after_s == 3600


@pytest.mark.fault("13.13")
@pytest.mark.parametrize("stored", [10**15, 2**62, 253_402_300_799_000])
async def test_a_stored_ban_that_ends_in_years_ends_in_an_hour(on: NotionStage, stored: int) -> None:
    _, ids = await on.made()
    calls = Calls(BOT_TOKEN, on.clock, on.url, 3, stored, timeout_s=PATIENCE_S)
    board = NotionBoard(calls, on.clock, Place(ids))
    with pytest.raises(BoardError) as told:
        await board.edited_since(0)
    assert told.value.retry_after_s == 3600
    assert board.banned_until_ms() == on.clock.now_ms() + 3_600_000
    on.clock.pass_s(3600)
    await board.edited_since(0)
    assert board.banned_until_ms() == 0
    await calls.aclose()


@pytest.mark.fault("13.13")
async def test_a_shared_ban_that_is_longer_than_any_is_damage_and_a_new_one_counts(on: NotionStage) -> None:
    _, ids = await on.made()
    turn = NotionPacer()
    turn.ban(2**60)
    calls = Calls(BOT_TOKEN, on.clock, on.url, 3, timeout_s=PATIENCE_S, turn=turn)
    board = NotionBoard(calls, on.clock, Place(ids))
    await board.edited_since(0)
    on.context.faults.set([Fault("notion", "status", status=429, headers={"Retry-After": "200"}, times=1)])
    for left in (200, 150):
        with pytest.raises(BoardError) as told:
            await board.edited_since(0)
        assert told.value.retry_after_s == pytest.approx(left, abs=1)
        on.clock.pass_s(50)
    await calls.aclose()


@pytest.mark.fault("13.13", "7.2")
async def test_status_says_until_when_notion_wants_to_be_left_alone_and_only_so_long(
    on: NotionStage, tmp_path: Path
) -> None:
    harness = Harness(tmp_path, NotionBoard(on.calls, on.clock, Place()), on.clock)
    _, ids = await on.made()
    fault = Fault("notion", "status", status=429, headers={"Retry-After": str(BAN_S)}, times=1)
    began, board, calls = await _banned(on, harness, ids, fault)

    def problems() -> tuple[str, ...]:
        connection = readonly.look(tmp_path / "videod.db")
        try:
            return views.problems(connection)
        finally:
            connection.close()

    ends = datetime.fromtimestamp(-(-(began + BAN_S * 1000) // 60_000) * 60, UTC)
    said = f"Notion asked videod to wait until {ends:%Y-%m-%d %H:%M} UTC"
    assert said in problems()
    on.clock.pass_s(BAN_S / 2)
    with pytest.raises(BoardError):
        await board.edited_since(0)
    assert said in problems()
    on.clock.at = began + BAN_S * 1000
    await board.edited_since(0)
    assert said not in problems() and "" not in problems()
    await calls.aclose()
    await harness.store.close()


@pytest.mark.fault("13.13")
async def test_a_remark_that_a_killed_daemon_left_goes_with_the_first_answer(on: NotionStage, tmp_path: Path) -> None:
    harness = Harness(tmp_path, NotionBoard(on.calls, on.clock, Place()), on.clock)
    _, ids = await on.made()
    await harness.ledger.set_value("board_remark", "Notion asked videod to wait until 11:11 UTC")
    calls = await calls_of(on, harness)
    await NotionBoard(calls, on.clock, Place(ids)).edited_since(0)
    assert await harness.read(lambda tx: reads.value(tx, "board_remark")) == ""
    await calls.aclose()
    await harness.store.close()
