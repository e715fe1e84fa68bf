"""Notion asks to be left alone for five minutes: it is, by everybody, also over a restart; then it hears the truth.

The real client on the real stand-in, on one clock; with real processes: tests/live/test_service_faults.py.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.edge.notion_board import PAGE, Bench, bench
from tests.flow.desk import Desk
from videod.cli.notion import app
from videod.edge.clock import SystemClock
from videod.edge.notion import NotionBoard, Place
from videod.edge.notion_calls import Calls
from videod.edge.notion_schema import Ids
from videod.edge.notion_turn import NAME, Turn
from videod.sandbox.kernel import Fault
from videod.sandbox.notion import BOT_TOKEN
from videod.seams import BoardError
from videod.store import reads

BAN_S = 300
BLOCKED = json.dumps({
    "object": "error", "status": 429, "code": "rate_limited", "message": "blocked",
    "additional_data": {"rate_limit_reason": "public_api_request_blocked", "retry_after": "300"},
})  # fmt: skip


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path / "sandbox") as made:
        yield made


async def calls_of(on: Bench, desk: Desk, turn: Turn | None = None) -> Calls:
    """A connection as the daemon makes it at its start: the end of an earlier ban comes out of the database."""
    banned_until = int(await desk.read(lambda tx: reads.fact(tx, "notion_not_before")) or 0)

    async def remember(until_ms: int) -> None:
        await desk.ledger.set_fact("notion_not_before", str(until_ms))

    return Calls(BOT_TOKEN, on.clock, on.url, 3, banned_until, remember, timeout_s=5, turn=turn)


def everybody(board: NotionBoard, desk: Desk, page_id: str, file: Path) -> dict[str, Callable[[], Awaitable[object]]]:
    """Everything in the daemon that speaks with Notion."""
    return {
        "intake": desk.intake.poll_once,
        "channels": lambda: board.sync_channels(["wild", "deep", "night"]),
        "check": board.check,
        "card": lambda: board.write(page_id, {"Progress": "x"}),
        "asset": lambda: board.put_asset(page_id, "k", "k", "Image", file, 0, None),
        "ticks": lambda: board.flagged_assets(page_id),
        "entry": lambda: board.read(page_id),
    }


def asked_since(on: Bench, since_ms: int) -> list[int]:
    """When the stand-in was asked, ms after `since_ms`."""
    return [one["at_ms"] - since_ms for one in on.context.requests if one["at_ms"] >= since_ms]


async def _banned(on: Bench, desk: Desk, ids: Ids, fault: Fault) -> tuple[int, NotionBoard, Calls]:
    """A daemon's board that has just met the ban; when that was, ms."""
    calls = await calls_of(on, desk)
    board = NotionBoard(calls, on.clock, Place(ids))
    on.clock.pass_s(60)
    on.context.faults.set([fault])
    desk.board = board
    await desk.restart()
    with pytest.raises(BoardError):
        await desk.intake.poll_once()
    on.clock.pass_s(0.001)
    return on.clock.now_ms(), board, calls


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [({"Retry-After": str(BAN_S)}, "", BAN_S), ({"Retry-After": str(BAN_S)}, BLOCKED, 3600), ({}, BLOCKED, 3600)],
    ids=["Retry-After", "blocked", "blocked without a header"],
)
async def test_in_a_ban_nobody_asks_not_even_after_a_restart(
    on: Bench, tmp_path: Path, headers: dict[str, str], body: str, seconds: int
) -> None:
    desk = Desk(tmp_path, NotionBoard(on.calls, on.clock, Place()), on.clock)
    fault = Fault("notion", "status", status=429, headers=headers, body=body, times=1)
    _, ids = await on.made()
    page_id, file = await on.add(ids), tmp_path / "bear.png"
    file.write_bytes(b"PNG")
    began, board, calls = await _banned(on, desk, ids, fault)
    for passed in (0, seconds // 4, seconds // 2):
        on.clock.at = began + passed * 1000
        for name, ask in everybody(board, desk, page_id, file).items():
            with pytest.raises(BoardError) as told:
                await ask()
            assert (told.value.kind, told.value.retry_after_s) == ("busy", pytest.approx(seconds - passed, abs=1)), name
    await calls.aclose()
    calls = await calls_of(on, desk)  # the daemon starts anew in the middle of it
    board = desk.board = NotionBoard(calls, on.clock, Place(ids))
    await desk.restart()
    for passed in (seconds // 2, seconds - 4):
        on.clock.at = began + passed * 1000
        for ask in everybody(board, desk, page_id, file).values():
            with pytest.raises(BoardError, match="Notion asked to wait"):
                await ask()
    assert asked_since(on, began) == []
    on.clock.at = began + seconds * 1000
    await desk.intake.poll_once()
    assert asked_since(on, began)[0] >= seconds * 1000 - 2
    await calls.aclose()
    await desk.store.close()


async def test_after_a_ban_the_board_hears_the_truth_at_an_even_pace(on: Bench, tmp_path: Path) -> None:
    desk = Desk(tmp_path, NotionBoard(on.calls, on.clock, Place()), on.clock)
    fault = Fault("notion", "status", status=429, headers={"Retry-After": str(BAN_S)}, times=1)
    _, ids = await on.made()
    began, _, calls = await _banned(on, desk, ids, fault)
    on.clock.at = began + BAN_S * 1000
    pages = [await on.add(ids, Title=f"Bear {number}", Status="Queued") for number in range(3)]
    await desk.sync()
    for page in pages:
        await desk.work(page)
    before = on.clock.now_ms()
    # the ban comes back just when there is most to tell
    on.context.faults.set([Fault("notion", "status", status=429, headers={"Retry-After": str(BAN_S)}, times=1)])
    await desk.relay.deliver_once()
    told = asked_since(on, before)
    await desk.relay.deliver_once()
    assert asked_since(on, before) == told
    on.clock.at = before + (BAN_S + 5) * 1000
    await desk.sync()
    times = asked_since(on, before + BAN_S * 1000 - 1000)
    assert len(times) > 20
    assert max(sum(1 for other in times if 0 <= other - one < 1000) for one in times) <= 3
    assert {await on.status(page) for page in pages} == {"Assets Ready"}
    await calls.aclose()
    await desk.store.close()


async def test_a_ban_that_comes_while_others_stand_in_line_stops_them_too(on: Bench, tmp_path: Path) -> None:
    _, ids = await on.made()
    calls = Calls(BOT_TOKEN, SystemClock(), on.url, 20, timeout_s=5)
    board = NotionBoard(calls, on.clock, Place(ids))
    page_id = await on.add(ids)
    on.context.faults.set([Fault("notion", "status", status=429, headers={"Retry-After": str(BAN_S)})])
    before = len(on.context.requests)
    results = await asyncio.gather(*(board.read(page_id) for _ in range(8)), return_exceptions=True)
    assert {getattr(result, "kind", "answered") for result in results} == {"busy"}
    assert len(on.context.requests) - before == 1
    await calls.aclose()


async def test_the_command_line_keeps_to_the_daemons_ban_and_tells_of_it(on: Bench, tmp_path: Path) -> None:
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
    daemon = Turn(state / NAME)
    daemon.ban(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000 + BAN_S * 1000)
    before = len(on.context.requests)
    code, said = await check()
    assert (code, len(on.context.requests) - before) == (75, 0)
    assert "Notion asked to wait" in said and "Try again after that time" in said
    daemon.close()


async def test_a_ban_that_the_command_line_meets_holds_for_the_daemon(on: Bench, tmp_path: Path) -> None:
    _, ids = await on.made()
    (tmp_path / "turns").mkdir()
    command = Calls(BOT_TOKEN, on.clock, on.url, 3, timeout_s=5, turn=Turn(tmp_path / "turns" / NAME))
    desk = Desk(tmp_path, NotionBoard(on.calls, on.clock, Place()), on.clock)
    daemon = await calls_of(on, desk, Turn(tmp_path / "turns" / NAME))
    on.context.faults.set([Fault("notion", "status", status=529, headers={"Retry-After": str(BAN_S)}, times=1)])
    with pytest.raises(BoardError):
        await NotionBoard(command, on.clock, Place(ids)).check()
    before = len(on.context.requests)
    with pytest.raises(BoardError, match="300 s are left"):
        await NotionBoard(daemon, on.clock, Place(ids)).edited_since(0)
    assert len(on.context.requests) == before
    await command.aclose()
    await daemon.aclose()
    await desk.store.close()
