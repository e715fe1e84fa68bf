"""What the board sees of a channel that was renamed: open entries are corrected, the earlier name keeps its meaning."""

import pytest

from tests.flow.board_double import BoardDouble
from tests.flow.harness import CHANNELS, Harness
from videod.core.events import ChannelRenamed
from videod.core.statuses import Status


async def rename(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """`wild` becomes `tame`, and a new daemon starts."""
    monkeypatch.setitem(CHANNELS, "tame", CHANNELS["wild"])
    monkeypatch.delitem(CHANNELS, "wild")
    await harness.ledger.apply(ChannelRenamed(harness.clock.now_ms(), "wild", "tame"))
    await harness.restart()


async def test_an_open_entry_shows_the_new_name_and_continues(
    harness: Harness, board: BoardDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    await harness.work("p1")
    await harness.sync()
    harness.clock.pass_s(120)
    await rename(harness, monkeypatch)
    await harness.sync()
    assert board.entries["p1"].values["Channel"] == "tame" and board.status("p1") == "Assets Ready"
    board.person_sets("p1", Status="Approved - Assets")
    harness.clock.pass_s(120)
    await harness.sync()
    task = await harness.task("p1")
    assert (task.channel_id, task.error) == ("tame", "") and "EntryEdited" not in await harness.events("p1")
    assert task.status not in (Status.ASSETS_READY, Status.CANCELLED)


async def test_entries_with_the_earlier_name_are_those_of_the_new_one(
    harness: Harness, board: BoardDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    board.person_sets("p1", Status="Cancelled")
    harness.clock.pass_s(120)
    await harness.sync()
    await rename(harness, monkeypatch)
    assert board.entries["p1"].values["Channel"] == "wild", "a closed entry is left as it is"
    board.add("p2", Status="Queued")
    board.person_sets("p1", Status="Queued")
    harness.clock.pass_s(120)
    await harness.sync()
    for page in ("p1", "p2"):
        task = await harness.task(page)
        assert (task.channel_id, task.error) == ("tame", ""), page
        assert task.status is Status.QUEUED, page
