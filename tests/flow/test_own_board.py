"""The board that is videod's own: entries become episodes, and what videod shows stands on them, as in Notion."""

import asyncio
from pathlib import Path

import pytest

from tests.flow.board_double import Clock, NotifierDouble
from tests.flow.harness import Harness
from tests.harness import databases
from videod.adapters.own_board import OwnBoard, OwnLine
from videod.config import Board, Settings
from videod.core.fields import BY
from videod.core.lease import Holder, Standing, standing
from videod.core.statuses import AT_GATE, LABELS, Status
from videod.daemon import boards
from videod.daemon.refusals import StartError
from videod.ports import BoardError
from videod.store import entries, listing

FILM = {
    "Title": "The crossing", "Channel": "wild", "Topic": "bears", "Story Direction": "A bear crosses.",
    "Priority": "Normal", "Status": "Queued",
}  # fmt: skip
ALONE = Settings(board=Board(kind="none"))


class Alone(Harness):
    """Intake and relay at a board in their own database."""

    def open(self) -> None:
        self.board = OwnBoard(databases.opened(self.folder / "videod.db"), self.clock)
        super().open()

    @property
    def own(self) -> OwnBoard:
        assert isinstance(self.board, OwnBoard)
        return self.board

    async def shown(self, page_id: str, column: str = "Status") -> object:
        return (await self.own.read(page_id)).values.get(column)


@pytest.fixture
def alone(tmp_path: Path) -> Alone:
    return Alone(tmp_path, None, Clock(), NotifierDouble())  # type: ignore[arg-type]  # the board is made in `open`


async def test_a_queued_entry_becomes_an_episode_whose_reviews_stand_on_it(alone: Alone) -> None:
    page = await alone.own.add(FILM)
    await alone.sync()
    task = await alone.task(page)
    assert (task.title, task.channel_id) == ("The crossing", "wild")
    assert await alone.shown(page) == LABELS[task.status]
    assert str(await alone.shown(page, "Videod Key")).startswith(task.id)
    task = await alone.work(page)
    await alone.sync()
    assert task.status in AT_GATE
    assert await alone.shown(page) == LABELS[task.status]
    assert await alone.events(page) == ["EntryQueued"]


async def test_the_history_says_who_queued_an_entry(alone: Alone) -> None:
    page = await alone.own.add(FILM | {BY: "Mina\n"})
    await alone.sync()
    task = await alone.task(page)
    (first, *_) = await alone.read(lambda tx: list(listing.history(tx, task.id, 0, 10)))
    assert (first.event, first.body["by"]) == ("EntryQueued", "Mina")


async def test_a_draft_starts_nothing_until_it_is_queued(alone: Alone) -> None:
    page = await alone.own.add(FILM | {"Status": "Draft", "Title": "A draft"})
    await alone.sync()
    assert await alone.no_task(page)
    await alone.own.rewrite(page, {"Title": "Better", "Status": "Queued"}, None, None)
    await alone.sync()
    assert (await alone.task(page)).title == "Better"


async def test_an_entry_that_cannot_run_comes_back_as_a_draft_with_the_reason(alone: Alone) -> None:
    page = await alone.own.add(FILM | {"Channel": "nobody"})
    await alone.sync()
    assert await alone.no_task(page) and await alone.shown(page) == "Draft"
    assert 'Channel "nobody" is not known' in str(await alone.shown(page, "Error Log"))
    await alone.own.write(page, {"Channel": "deep", "Status": "Queued"})
    await alone.sync()
    assert (await alone.task(page)).channel_id == "deep"
    assert not await alone.shown(page, "Error Log")


async def test_a_field_that_is_changed_later_reaches_the_episode(alone: Alone) -> None:
    page = await alone.own.add(FILM)
    await alone.sync()
    await alone.own.write(page, {"Priority": "High", "Title": "Another"})
    await alone.sync()
    task = await alone.task(page)
    assert (task.priority.label, task.title) == ("High", "Another")
    await alone.work(page)
    await alone.own.write(page, {"Topic": "wolves"})
    await alone.sync()
    assert (await alone.task(page)).topic == "bears"
    assert await alone.shown(page, "Topic") == "bears", "what no longer counts is put back"
    assert "Topic" in str(await alone.shown(page, "Error Log"))


async def test_what_a_person_types_while_videod_writes_is_not_written_over(alone: Alone) -> None:
    page = await alone.own.add(FILM)
    await alone.sync()
    task = await alone.work(page)  # the relay has this review to show now
    await alone.own.write(page, {"Status": LABELS[Status.CANCELLED]})
    await alone.sync()
    assert (await alone.task(page)).status is Status.CANCELLED
    assert await alone.shown(page) == LABELS[Status.CANCELLED] and task.status is not Status.CANCELLED


async def test_an_entry_brings_sources_and_a_story_until_they_are_changed(alone: Alone) -> None:
    lines = ["The bear waits here for fish.", "It rains all night long."]
    page = await alone.own.add(FILM, own={"script": lines}, sources="https://example.org/bears")
    assert await alone.own.of(page) == "https://example.org/bears"
    assert await alone.own.story(page) == {"script": "\n\n".join(lines)}
    await alone.own.rewrite(page, {}, {}, None)
    assert await alone.own.story(page) == {} and await alone.own.of(page) == "https://example.org/bears"
    await alone.own.rewrite(page, {}, None, "")
    assert await alone.own.of(page) == ""


async def test_what_add_returned_is_on_the_disk_and_a_restart_takes_it_once(alone: Alone) -> None:
    page = await alone.own.add(FILM)
    await alone.restart()  # nothing had looked at it yet
    await alone.sync()
    first = await alone.task(page)
    await alone.restart()
    await alone.sync()
    assert (await alone.task(page)).id == first.id
    assert await alone.events(page) == ["EntryQueued"]


async def test_many_entries_at_once_are_all_kept(alone: Alone) -> None:
    pages = await asyncio.gather(*(alone.own.add(FILM | {"Title": f"Film {n}"}) for n in range(30)))
    await alone.sync()
    assert len(set(pages)) == 30
    assert [(await alone.task(page)).title for page in pages] == [f"Film {n}" for n in range(30)]


async def test_no_edit_is_missed_where_the_clock_was_set_back(alone: Alone) -> None:
    await alone.own.add(FILM)
    await alone.sync()
    alone.clock.at -= 3 * 3_600_000
    page = await alone.own.add(FILM | {"Title": "Later"})
    await alone.sync()
    assert (await alone.task(page)).title == "Later"


async def test_hostile_words_stay_words(alone: Alone) -> None:
    title = "'; DROP TABLE entries; -- \u202e[red]%s{}"
    page = await alone.own.add(FILM | {"Title": title, "Topic": '{"Status": "Published"}', "Story Direction": "\x00x"})
    await alone.sync()
    task = await alone.task(page)
    assert task.title.startswith("'; DROP TABLE entries; --") and "\u202e" not in task.title
    assert await alone.read(entries.count) == 1


async def test_a_removed_entry_is_never_taken(alone: Alone) -> None:
    page = await alone.own.add(FILM | {"Status": "Draft"})
    await alone.own.remove(page)
    await alone.own.write(page, {"Status": "Queued"})
    await alone.sync()
    assert await alone.no_task(page) and await alone.own.waiting(10) == ()


async def test_a_file_that_is_not_the_one_that_was_checked_is_not_shown(alone: Alone, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"another")
    with pytest.raises(BoardError) as met:
        await alone.own.put_asset("entry-1", "t/image/a", "a", "Image", file, 0, None, sha256="0" * 64)
    assert met.value.kind == "changed"
    file.unlink()
    with pytest.raises(BoardError) as met:
        await alone.own.put_asset("entry-1", "t/image/a", "a", "Image", file, 0, None, sha256="0" * 64)
    assert met.value.kind == "changed"
    with pytest.raises(BoardError) as met:
        await alone.own.read("entry-unknown")
    assert met.value.kind == "gone"


async def test_the_state_folder_s_lock_is_the_claim_on_its_board() -> None:
    me = Holder("a" * 12, "b" * 12, "host")
    claim, now = await OwnLine(Clock(), me).read()
    assert standing(claim, me, now) is Standing.OURS


# ------------------------------------------------------------------------------------------- another board


async def test_episodes_that_began_in_notion_continue_without_it(alone: Alone) -> None:
    page = await alone.own.add(FILM)
    await alone.sync()
    status = (await alone.work(page)).status
    await alone.sync()
    await alone.store.write(lambda tx: tx.execute("DELETE FROM entries"))  # as if it had been in Notion
    await boards.settle(alone.store, alone.ledger, ALONE, alone.clock)
    await alone.sync()
    assert await alone.shown(page) == LABELS[status] and (await alone.task(page)).status is status
    assert await alone.events(page) == ["EntryQueued"], "taking it over was no wish"
    await boards.settle(alone.store, alone.ledger, ALONE, alone.clock)
    assert await alone.read(entries.count) == 1
    await alone.own.write(page, {"Status": LABELS[Status.CANCELLED]})
    await alone.sync()
    assert (await alone.task(page)).status is Status.CANCELLED


async def test_the_way_back_to_notion_is_refused_before_anything_is_shown_there(alone: Alone) -> None:
    await boards.settle(alone.store, alone.ledger, Settings(), alone.clock)
    await alone.own.add(FILM)
    with pytest.raises(StartError) as met:
        await boards.settle(alone.store, alone.ledger, Settings(), alone.clock)
    assert met.value.code == 78
    assert "has 1 entry" in str(met.value) and 'kind = "none"' in str(met.value)
