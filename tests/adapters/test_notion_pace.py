"""The line of those who want to ask Notion: a look for wishes first, nobody twice, nobody forgotten."""

import asyncio

import pytest

from videod.adapters.notion_pace import Line, Rank


async def _ask(line: Line, name: str, rank: Rank, order: list[str]) -> None:
    async with line.place(rank):
        order.append(name)
        await asyncio.sleep(0)


@pytest.mark.fault("13.8")
async def test_those_for_whom_a_person_waits_go_first() -> None:
    line, order = Line(), list[str]()
    asked = [
        ("file 1", Rank.TELL),
        ("file 2", Rank.TELL),
        ("list", Rank.LIST),
        ("file 3", Rank.TELL),
        ("wish", Rank.WISH),
    ]
    await asyncio.gather(*(_ask(line, name, rank, order) for name, rank in asked))
    assert order == ["file 1", "wish", "list", "file 2", "file 3"]


async def test_a_caller_that_gives_up_holds_up_nobody() -> None:
    line, order = Line(), list[str]()
    tasks = [asyncio.create_task(_ask(line, str(number), Rank.TELL, order)) for number in range(5)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == ["0", "2", "4"]


@pytest.mark.parametrize("steps", range(6))
async def test_a_cancel_at_any_moment_leaves_the_line_moving(steps: int) -> None:
    line, order = Line(), list[str]()
    tasks = [asyncio.create_task(_ask(line, str(number), Rank.TELL, order)) for number in range(3)]
    for _ in range(steps):
        await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await _ask(line, "last", Rank.WISH, order)
    assert order[-1] == "last"
    assert {"0", "2"} <= set(order)
