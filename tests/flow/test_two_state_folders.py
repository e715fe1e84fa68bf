"""Two state folders and one board, one after the other: an entry is taken by one of them, wherever the first died."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow.board_double import BoardDouble, Clock
from tests.flow.harness import CHANNELS, Harness
from videod.flow import edits
from videod.flow.intake import Intake
from videod.flow.relay import Relay
from videod.flow.turns import Turns
from videod.ports import BoardError

FIRST, SECOND = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def of_taker(harness: Harness, taker: str) -> Harness:
    async def admitted() -> None:
        return

    given = (harness.ledger, harness.store, harness.clock)
    turns = Turns()
    harness.intake = Intake(harness.board, *given, lambda: CHANNELS, 10, turns, admitted, taker)
    harness.relay = Relay(harness.board, harness.notifier, *given, harness.workspace, turns, taker)
    return harness


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Harness, Harness, BoardDouble]]:
    clock = Clock()
    board = BoardDouble(clock)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    first, second = (Harness(folder, board, clock) for folder in folders)
    yield of_taker(first, FIRST), of_taker(second, SECOND), board
    await first.store.close()
    await second.store.close()


@pytest.mark.fault("3.3")
async def test_an_entry_carries_who_takes_it_before_anything_is_begun(
    pair: tuple[Harness, Harness, BoardDouble],
) -> None:
    first, _, board = pair
    board.add("p1", Status="Queued")
    board.broken["write"] = BoardError("down", "Notion did not answer")
    with pytest.raises(BoardError):
        await first.intake.poll_once()
    assert await first.no_task("p1"), "an entry whose claim could not be noted is not taken"
    board.broken.clear()
    assert await first.intake.poll_once() == 1
    task = await first.task("p1")
    assert board.entries["p1"].values["Videod Key"] == f"{task.id} @{FIRST}"
    await first.sync()
    assert board.entries["p1"].values["Videod Key"] == f"{task.id} @{FIRST}"
    assert not edits.is_copy(board.entries["p1"].values, "p1") and edits.is_copy(board.entries["p1"].values, "p2")


@pytest.mark.fault("3.3")
@pytest.mark.parametrize("told", [False, True], ids=["died before the board was told", "died later"])
async def test_what_one_took_the_other_leaves_alone_and_says_what_to_do(
    pair: tuple[Harness, Harness, BoardDouble], told: bool
) -> None:
    first, second, board = pair
    board.add("p1", Status="Queued")
    await first.intake.poll_once()
    if told:
        await first.relay.deliver_once()  # it waits in the first one's queue: the board still shows Queued
    second.clock.pass_s(100)
    await second.intake.poll_once()
    await second.relay.deliver_once()
    assert await second.no_task("p1")
    assert "clear Videod Key" in str(board.entries["p1"].values["Error Log"])
    second.clock.pass_s(100)
    board.person_sets("p1", Videod_Key="", Status="Queued")
    assert await second.intake.poll_once() == 1
    assert (await second.task("p1")).id == (await first.task("p1")).id


@pytest.mark.fault("3.3")
async def test_an_entry_that_was_claimed_and_not_taken_is_taken_by_the_same_folder_later(
    pair: tuple[Harness, Harness, BoardDouble],
) -> None:
    first, _, board = pair
    board.add("p1", Status="Queued", Videod_Key=f"film-p1-{'0' * 6} @{FIRST}")
    page = edits.taken("film-p1-" + edits.task_id_of("", "p1").rpartition("-")[2], FIRST)
    board.person_sets("p1", Videod_Key=page)
    assert await first.intake.poll_once() == 1


async def test_a_key_of_an_older_version_hinders_nobody(pair: tuple[Harness, Harness, BoardDouble]) -> None:
    _, second, board = pair
    board.add("p1", Status="Queued", Videod_Key=f"film-{edits.task_id_of('', 'p1').rpartition('-')[2]}")
    assert await second.intake.poll_once() == 1
