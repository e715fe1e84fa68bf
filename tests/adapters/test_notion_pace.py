"""The line of those who want to ask Notion: a look for wishes first, nobody twice, nobody forgotten."""

import asyncio

import httpx
import pytest

from tests.flow.board_double import Clock
from videod.adapters.notion_calls import Calls
from videod.adapters.notion_pace import Line, Rank
from videod.ports import BoardError


class Pace:
    """Turns that begin when the test says so. `unused`: how many before the next one nobody took."""

    def __init__(self) -> None:
        self.line = Line(self._wait, self._took)
        self.order: list[str] = []
        self.taken: list[int] = []
        self.unused = -1
        self._begins = asyncio.Semaphore(0)

    async def _wait(self) -> int:
        await self._begins.acquire()
        self.unused += 1
        return self.unused

    def _took(self, turns: int) -> None:
        self.taken.append(turns)
        self.unused = -1

    async def ask(self, name: str, rank: Rank = Rank.TELL, turns: int = 1) -> None:
        await self.line.turn(rank, turns)
        self.order.append(name)

    async def begin(self, turns: int = 1) -> None:
        await _settled()
        for _ in range(turns):
            self._begins.release()
            await _settled()


async def _settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.fault("13.8")
async def test_those_for_whom_a_person_waits_go_first() -> None:
    pace = Pace()
    asked = [
        ("file 1", Rank.TELL),
        ("file 2", Rank.TELL),
        ("list", Rank.LIST),
        ("file 3", Rank.TELL),
        ("wish", Rank.WISH),
    ]
    tasks = [asyncio.create_task(pace.ask(name, rank)) for name, rank in asked]
    await _settled()
    assert pace.order == []
    await pace.begin(5)
    await asyncio.gather(*tasks)
    assert pace.order == ["wish", "list", "file 1", "file 2", "file 3"]


@pytest.mark.fault("13.8")
async def test_whoever_comes_before_a_turn_begins_may_take_it() -> None:
    pace = Pace()
    told = asyncio.create_task(pace.ask("two requests", turns=2))
    await pace.begin()
    assert pace.order == [], "the turn before two at once stays free"
    wish = asyncio.create_task(pace.ask("wish", Rank.WISH))
    await pace.begin()
    assert pace.order == ["wish"]
    await pace.begin()
    assert pace.order == ["wish"], "again one stays free"
    await pace.begin()
    await asyncio.gather(told, wish)
    assert pace.order == ["wish", "two requests"] and pace.taken == [1, 2]


async def test_after_a_rest_two_at_once_need_not_wait() -> None:
    pace = Pace()
    pace.unused = 0
    told = asyncio.create_task(pace.ask("two requests", turns=2))
    await pace.begin()
    await told
    assert pace.taken == [2]


async def test_a_caller_that_gives_up_holds_up_nobody() -> None:
    pace = Pace()
    tasks = [asyncio.create_task(pace.ask(str(number))) for number in range(5)]
    await _settled()
    for given_up in (0, 1, 3):  # the first one watches for the turn
        tasks[given_up].cancel()
    await pace.begin(2)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert pace.order == ["2", "4"]


async def test_a_wait_that_fails_fails_for_the_one_who_waited() -> None:
    failures = ["busy", None]

    async def wait() -> int:
        await asyncio.sleep(0)
        if failures.pop(0):
            raise RuntimeError("busy")
        return 0

    line = Line(wait, lambda turns: None)
    found = await asyncio.gather(line.turn(Rank.TELL), line.turn(Rank.TELL), return_exceptions=True)
    assert [type(one) for one in found] == [RuntimeError, type(None)]


@pytest.mark.parametrize("steps", range(6))
@pytest.mark.parametrize("given_up", range(3))
async def test_a_cancel_at_any_moment_leaves_the_line_moving(steps: int, given_up: int) -> None:
    pace = Pace()
    await pace.begin(10)
    tasks = [asyncio.create_task(pace.ask(str(number))) for number in range(3)]
    for _ in range(steps):
        await asyncio.sleep(0)
    tasks[given_up].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await pace.ask("last", Rank.WISH)
    assert pace.order[-1] == "last"
    assert {"0", "1", "2"} - {str(given_up)} <= set(pace.order)


async def test_how_long_answers_took_is_counted_without_the_wait_for_the_pace() -> None:
    clock = Clock()

    def slow(request: httpx.Request) -> httpx.Response:
        clock.pass_s(4)
        return httpx.Response(500) if "gone" in request.url.path else httpx.Response(200, json={})

    calls = Calls("token", clock, "http://notion.test", 0.1, transport=httpx.MockTransport(slow))
    await calls.call("ask", lambda api: api.request("me", "GET"))
    with pytest.raises(BoardError):
        await calls.call("ask again", lambda api: api.request("gone", "GET"))
    await calls.aclose()
    took = {edge: count for edge, count in zip(calls.took.edges_s, calls.took.counts, strict=False) if count}
    assert took == {5.0: 2} and calls.took.sum_s == 8
