"""The page of an entry: written once, changed in place, never over what a person wrote, never twice."""

import pytest

from tests.flow.board_double import BoardDouble, OnPage
from tests.flow.harness import Harness
from videod.core import entry_page
from videod.core.entry_page import Block
from videod.core.events import JobCorrected
from videod.core.statuses import GATES, LABELS, Gate
from videod.ports import BoardError

PAGE = "p1"


async def at(harness: Harness, board: BoardDouble, gate: Gate) -> str:
    """An entry that waits at this review; returns its task's id."""
    if PAGE not in board.entries:
        board.add(PAGE, Status="Queued")
        await harness.sync()
    for before in tuple(Gate)[1:]:
        await harness.work(PAGE)
        await harness.sync()
        if before is gate:
            break
        board.person_sets(PAGE, Status=LABELS[GATES[before][1]])
        await harness.sync()
    harness.clock.pass_s(180)
    return (await harness.task(PAGE)).id


def kinds(board: BoardDouble) -> list[str]:
    """Of the story and the clips: the film behind them may be made before its review or not."""
    names = texts(board)
    return [one.kind for one in board.pages[PAGE]][: names.index("Film") if "Film" in names else None]


def texts(board: BoardDouble) -> list[str]:
    return [one.text for one in board.pages[PAGE]]


@pytest.mark.fault("2.4")
async def test_the_page_shows_each_clips_texts_beside_its_files_in_order(harness: Harness, board: BoardDouble) -> None:
    await at(harness, board, Gate.AUDIO)
    files = ["image", "video", "audio", "audio"]
    assert kinds(board) == ["heading_2", "paragraph", *["heading_3", "paragraph", *files] * 2]
    jobs = {one.name: one for one in await harness.jobs(PAGE)}
    said = texts(board)
    for key in ("clip_01", "clip_02"):
        lines = said[said.index(key) + 1].split("\n")
        assert lines[0] == f"Narration: {jobs[f'narration/{key}'].args['text']}"
        assert lines[1] == f"Motion: {jobs[f'clip/{key}'].args['prompt']}"
    assert all(one.media for one in board.pages[PAGE] if one.kind in ("image", "video", "audio"))


async def test_nothing_is_written_twice_and_nothing_at_all_where_nothing_changed(
    harness: Harness, board: BoardDouble
) -> None:
    await at(harness, board, Gate.AUDIO)
    before, shown = list(board.page_calls), [one.id for one in board.pages[PAGE]]
    await harness.restart()
    await harness.sync()
    assert board.page_calls == before
    assert [one.id for one in board.pages[PAGE]] == shown
    adds = [count for verb, count in before if verb == "add"]
    assert sum(adds) == len(shown)


async def test_a_new_take_and_new_words_change_their_blocks_in_place(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    before = {one.id: (one.text, one.media) for one in board.pages[PAGE]}
    at_ms = harness.clock.now_ms()
    await harness.ledger.apply(JobCorrected(at_ms, task_id, "clip/clip_02", {"prompt": "The fox turns 🦊."}, "cli"))
    await harness.work(PAGE)
    await harness.sync()
    after = {one.id: (one.text, one.media) for one in board.pages[PAGE]}
    assert after.keys() == before.keys()
    changed = [one for one in board.pages[PAGE] if after[one.id] != before[one.id]]
    assert [one.kind for one in changed] == ["paragraph", "video"]
    assert "Motion: The fox turns 🦊." in changed[0].text


async def test_a_persons_own_blocks_stay_where_they_are(harness: Harness, board: BoardDouble) -> None:
    board.pages[PAGE] = [OnPage("mine 1", "heading_1", "Script"), OnPage("mine 2", "paragraph", "An owl.")]
    await at(harness, board, Gate.ASSETS)
    page = board.pages[PAGE]
    assert [one.id for one in page[:2]] == ["mine 1", "mine 2"]
    assert page[2].kind == "heading_2"  # ends what stands under a heading of theirs
    page.insert(6, OnPage("mine 3", "paragraph", "Look at the left wing!"))
    left, right = page[5].id, page[7].id
    board.person_sets(PAGE, Status="Approved - Assets")
    await at(harness, board, Gate.AUDIO)
    ids = [one.id for one in board.pages[PAGE]]
    assert {"mine 1", "mine 2", "mine 3"} <= set(ids)
    assert ids.index(left) < ids.index("mine 3") < ids.index(right)
    assert {one.text for one in board.pages[PAGE] if one.id.startswith("mine")} == {
        "Script", "An owl.", "Look at the left wing!",
    }  # fmt: skip


async def test_what_a_person_removed_or_rewrote_is_left_alone(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    page = board.pages[PAGE]
    gone = next(one for one in page if one.text == "clip_02")
    words = next(one for one in page if one.text.startswith("Narration"))
    page.remove(gone)
    words.text = "My own words"
    at_ms = harness.clock.now_ms()
    await harness.ledger.apply(JobCorrected(at_ms, task_id, "clip/clip_01", {"prompt": "The fox turns."}, "cli"))
    await harness.work(PAGE)
    await harness.sync()
    board.person_sets(PAGE, Status="Approved - Video")
    await at(harness, board, Gate.AUDIO)
    assert "My own words" in texts(board)
    assert "clip_02" not in texts(board)
    assert not [one for one in board.pages[PAGE] if "The fox turns" in one.text]
    assert len([one for one in board.pages[PAGE] if one.kind == "audio"]) == 4


@pytest.mark.parametrize("landed", [True, False])
async def test_a_kill_between_writes_makes_nothing_twice(
    harness: Harness, board: BoardDouble, landed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = board.add_blocks

    async def lost(page_id: str, blocks: list[Block], after: str) -> list[str]:
        if landed:
            await add(page_id, blocks, after)
        raise BoardError("down", "no answer")

    with monkeypatch.context() as cut_off:
        cut_off.setattr(board, "add_blocks", lost)
        await at(harness, board, Gate.ASSETS)
    await harness.restart()
    harness.clock.pass_s(60)
    await harness.sync()
    board.person_sets(PAGE, Status="Approved - Assets")
    await at(harness, board, Gate.AUDIO)
    files = ["image", "video", "audio", "audio"]
    assert kinds(board) == ["heading_2", "paragraph", *["heading_3", "paragraph", *files] * 2]


async def test_a_block_that_the_board_refuses_does_not_keep_the_others_away(
    harness: Harness, board: BoardDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = board.add_blocks

    async def picky(page_id: str, blocks: list[Block], after: str) -> list[str]:
        if any(block.name == "clip_01/composite" for block in blocks):
            raise BoardError("rejected", "the file has expired")
        return await add(page_id, blocks, after)

    monkeypatch.setattr(board, "add_blocks", picky)
    await at(harness, board, Gate.ASSETS)
    assert kinds(board) == ["heading_2", "paragraph", "heading_3", "paragraph", "heading_3", "paragraph", "image"]


def test_new_blocks_go_in_parts_of_a_hundred_behind_what_is_there() -> None:
    wanted = [Block(f"b{number}", "paragraph", "x") for number in range(260)]
    parts = entry_page.grouped(wanted, {"b0", "b150"}, {"b151"})
    assert [(before, len(part), part[0].name) for before, part in parts] == [
        ("b0", 100, "b1"), ("b100", 49, "b101"), ("b150", 100, "b152"), ("b251", 8, "b252"),
    ]  # fmt: skip
    long = [Block(f"b{number}", "paragraph", "ü" * 15_000) for number in range(18)]
    assert max(sum(len(one.text.encode()) for one in part) for _, part in entry_page.grouped(long, (), ())) <= 200_000


async def test_the_film_comes_last_with_the_words_and_thumbnails_that_go_out_with_it(
    harness: Harness, board: BoardDouble
) -> None:
    await at(harness, board, Gate.FINAL)
    page = board.pages[PAGE]
    end = page[texts(board).index("Film") :]
    assert [one.kind for one in end] == ["heading_3", "video", "paragraph", "image", "image", "image"]
    assert [one.text for one in end if one.media] == ["Film", "Thumbnail 1", "Thumbnail 2", "Thumbnail 3"]
    upload = next(one for one in await harness.jobs(PAGE) if one.step == "upload")
    assert end[2].text.startswith(f"Title: Film p1\nDescription: {upload.args['description']}\nTags: ")
    board.person_sets(PAGE, Status="Approved - Final")
    await harness.sync()
    await harness.work(PAGE)
    await harness.sync()
    assert end[2].text.endswith("\nOn YouTube: https://youtu.be/v1")
    assert [one.id for one in board.pages[PAGE]] == [one.id for one in page]
