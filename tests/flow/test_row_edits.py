"""What a person writes on the rows of files: a changed Text is a correction, a Note goes with a redo."""

import asyncio
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from tests.flow.board_double import BoardDouble
from tests.flow.harness import Harness, policy
from tests.harness.prices import prices
from videod.core import row_texts
from videod.core.events import JobCorrected
from videod.core.model import Job
from videod.core.statuses import DONE, GATES, LABELS, Gate, JobState, Status
from videod.guard.errors import Refused
from videod.ports import BoardError
from videod.store import in_full
from videod.store.takes import takes
from videod.web.requests import RequestHandler, perform

PAGE = "p1"
#: a narration and the free files that are made from it before its review
MADE_FROM = {"narration/clip_02", "cut/clip_02", "assemble/film", "captions/film"}


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
    task = await harness.task(PAGE)
    assert task.status is GATES[gate][0]
    harness.clock.pass_s(180)
    return task.id


async def job(harness: Harness, name: str) -> Job:
    return next(one for one in await harness.jobs(PAGE) if one.name == name)


def log_of(board: BoardDouble) -> str:
    return str(board.entries[PAGE].values.get("Error Log") or "")


def row(board: BoardDouble, task_id: str, name: str) -> str:
    return next(one.text for one in board.assets.values() if one.key == f"{task_id}/{name}")


@pytest.mark.fault("2.5")
async def test_each_row_says_what_its_file_is_ordered_with_and_that_is_no_edit(
    harness: Harness, board: BoardDouble
) -> None:
    task_id = await at(harness, board, Gate.AUDIO)
    for one in await harness.jobs(PAGE):
        key = f"{task_id}/{one.name}"
        if key in {asset.key for asset in board.assets.values()}:
            words = {"image": "prompt", "clip": "prompt", "narration": "text", "sound_effect": "text"}.get(one.step)
            assert row(board, task_id, one.name) == ("" if words is None else str(one.args[words]).strip())
    before = await harness.events(PAGE)
    for _ in range(3):
        harness.clock.pass_s(60)
        assert await harness.intake.poll_once() == 0
    assert await harness.events(PAGE) == before
    assert board.said == []  # rows are made with their texts


@pytest.mark.fault("2.5")
async def test_a_rewritten_text_says_its_price_and_is_taken_once_the_person_confirms(
    harness: Harness, board: BoardDouble
) -> None:
    task_id = await at(harness, board, Gate.AUDIO)
    before = {one.name: one for one in await harness.jobs(PAGE)}
    board.person_writes(f"{task_id}/narration/clip_02", text="  Nobody knows where it sleeps 🦊.  ")
    await harness.sync()
    assert log_of(board) == (
        f"Text of clip_02 was changed. Set Generating Audio to regenerate {len(MADE_FROM)} files, or put the old text"
        " back."
    )
    assert {one.name: one for one in await harness.jobs(PAGE)} == before  # nothing moved yet
    board.person_sets(PAGE, Status="Generating Audio")
    harness.clock.pass_s(1)
    await harness.intake.poll_once()
    after = {one.name: one for one in await harness.jobs(PAGE)}
    remade = [name for name, one in after.items() if before[name].state is DONE and one.state is not DONE]
    assert set(remade) == MADE_FROM
    assert after["narration/clip_02"].args["text"] == "Nobody knows where it sleeps 🦊."
    await harness.work(PAGE)
    await harness.sync()
    assert log_of(board) == ""
    assert (await harness.events(PAGE)).count("RedoAsked") == 1
    # the row still says it, and it is no edit any more
    assert row(board, task_id, "narration/clip_02").strip() == "Nobody knows where it sleeps 🦊."


async def test_a_text_and_the_status_of_the_same_second_are_taken_together(
    harness: Harness, board: BoardDouble
) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns. Camera holds.")
    board.person_writes(f"{task_id}/image/place_1", text="A wide river at dusk", redo=True, note="less fog")
    board.person_sets(PAGE, Status="Generating Video")
    await harness.sync()
    assert (await job(harness, "clip/clip_01")).args["prompt"] == "The fox turns. Camera holds."
    image = await job(harness, "image/place_1")
    assert (image.args["prompt"], image.args["note"]) == ("A wide river at dusk", "less fog")
    marks = next(one for one in board.assets.values() if one.key.endswith("image/place_1"))
    assert (marks.redo, marks.note) == (False, "")


@pytest.mark.fault("2.2")
async def test_a_review_is_not_approved_over_a_text_that_waits(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns.")
    board.person_sets(PAGE, Status="Approved - Video")
    await harness.sync()
    assert board.status(PAGE) == "Video Ready"
    assert "Set Generating Video to regenerate" in log_of(board)
    board.person_writes(f"{task_id}/clip/clip_01", text=str((await job(harness, "clip/clip_01")).args["prompt"]))
    await harness.sync()
    board.person_sets(PAGE, Status="Approved - Video")
    await harness.sync()
    assert (await harness.task(PAGE)).status is Status.VIDEO_APPROVED


async def test_the_answer_goes_when_the_old_text_is_back(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    old = row(board, task_id, "clip/clip_01")
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns.")
    await harness.sync()
    assert log_of(board).startswith("Text of clip_01 was changed.")
    harness.clock.pass_s(60)
    board.person_writes(f"{task_id}/clip/clip_01", text=old)
    await harness.sync()
    assert log_of(board) == ""
    harness.clock.pass_s(60)
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns.")  # the same once more is asked again
    await harness.sync()
    assert log_of(board).startswith("Text of clip_01 was changed.")


async def test_what_was_not_bought_yet_changes_at_once_and_costs_nothing(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_writes(f"{task_id}/clip/clip_01", redo=True)
    board.person_sets(PAGE, Status="Generating Video")
    await harness.sync()
    assert (await job(harness, "clip/clip_01")).state is JobState.READY
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns.")
    await harness.sync()
    changed = await job(harness, "clip/clip_01")
    assert (changed.state, changed.args["prompt"]) == (JobState.READY, "The fox turns.")
    assert (await harness.events(PAGE)).count("RedoAsked") == 1
    rows = await harness.read(lambda tx: in_full.history(tx, task_id))
    assert [one.event for one in rows].count("JobCorrected") == 1


async def test_a_text_for_a_file_that_no_review_shows_waits_for_one(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_sets(PAGE, Status="Approved - Video")
    await harness.sync()
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns.")
    await harness.sync()
    assert log_of(board) == "Text of clip_01 was changed. It counts at the next review: you confirm the price there."
    assert row(board, task_id, "clip/clip_01") == "The fox turns."  # kept
    await harness.work(PAGE)
    await harness.sync()
    board.person_sets(PAGE, Status="Approved - Audio")
    await harness.sync()
    assert board.status(PAGE) == "Audio Ready"
    board.person_sets(PAGE, Status="Generating Video")
    await harness.sync()
    assert (await job(harness, "clip/clip_01")).args["prompt"] == "The fox turns."


async def test_the_next_review_says_what_a_text_that_waited_for_it_costs(
    harness: Harness, board: BoardDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = policy("wild")
    assert known is not None
    dear = replace(known, prices_micros=prices(plan=1, image=1, clip=420_000, narration=1, effect=1))
    monkeypatch.setattr(harness.ledger, "policies", lambda _: dear)
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_sets(PAGE, Status="Approved - Video")
    await harness.sync()
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns.")
    await harness.sync()
    await harness.work(PAGE)
    await harness.sync()
    assert board.status(PAGE) == "Audio Ready"
    said = log_of(board)
    assert said.startswith("Text of clip_01 was changed. Set Generating Audio to regenerate 5 files for about $0.42,")
    before = {one.name: one for one in await harness.jobs(PAGE)}
    board.person_sets(PAGE, Status="Generating Audio")
    await harness.sync()
    after = {one.name: one for one in await harness.jobs(PAGE)}
    remade = [one for name, one in after.items() if before[name].state is DONE and one.state is not DONE]
    assert (len(remade), sum(one.price_micros for one in remade)) == (5, 420_000)
    asked = len(board.asked_for_rows)
    await harness.sync()
    assert len(board.asked_for_rows) == asked


@pytest.mark.parametrize("last", ["auto", "review"])
async def test_the_board_says_that_a_text_comes_after_the_last_review(
    harness: Harness, board: BoardDouble, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_sets(PAGE, Status="Approved - Video")
    await harness.sync()
    gates = frozenset({Gate.AUDIO, Gate.FINAL} if last == "auto" else {Gate.AUDIO})
    known = policy("wild")
    assert known is not None
    told = replace(known, auto_gates=gates, unreviewed=True)
    monkeypatch.setattr(harness.ledger, "policies", lambda _: told)
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns.")
    await harness.sync()
    if last == "review":
        assert log_of(board).endswith(row_texts.LATER)
        return
    assert log_of(board) == (
        "Text of clip_01 was changed too late: this episode has no review left, so its film keeps the old text. Set"
        " Cancelled if it must not be published like this."
    )
    await harness.work(PAGE)
    await harness.sync()
    assert (await harness.task(PAGE)).status is Status.PUBLISHED
    assert (await harness.events(PAGE)).count("RedoAsked") == 0


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("composite/clip_01", "more light", '"Text of clip_01" was not taken: no text of yours goes into that file.'),
        ("clip/clip_01", "   ", '"Text of clip_01" was not taken: it cannot be empty.'),
    ],
)
async def test_a_text_that_can_never_count_is_answered_and_put_back(
    harness: Harness, board: BoardDouble, name: str, text: str, why: str
) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    true = row(board, task_id, name)
    board.person_writes(f"{task_id}/{name}", text=text)
    await harness.sync()
    await harness.sync()
    assert log_of(board) == why
    assert row(board, task_id, name) == true
    assert (await harness.events(PAGE)).count("EditRefused") == 1


async def test_a_text_that_is_too_long_stays_and_says_so(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_writes(f"{task_id}/clip/clip_01", text="é" * 5_001)
    await harness.sync()
    wanted = "Text of clip_01 has 5,001 characters, and 5,000 are allowed. Shorten it."
    assert log_of(board) == wanted
    board.person_sets(PAGE, Status="Generating Video")
    await harness.sync()
    assert log_of(board) == f'"Generating Video" was not taken: {wanted}'
    board.person_writes(f"{task_id}/clip/clip_01", text="é" * 5_000)
    board.person_sets(PAGE, Status="Generating Video")
    await harness.sync()
    assert (await job(harness, "clip/clip_01")).args["prompt"] == "é" * 5_000


async def test_a_note_where_none_is_taken_is_answered_before_anything_is_bought(
    harness: Harness, board: BoardDouble
) -> None:
    task_id = await at(harness, board, Gate.AUDIO)
    board.person_writes(f"{task_id}/narration/clip_01", redo=True, note="slower")
    board.person_sets(PAGE, Status="Generating Audio")
    await harness.sync()
    assert board.status(PAGE) == "Audio Ready"
    assert log_of(board).endswith("narration/clip_01 takes no note: change its Text instead, and clear the note.")
    assert board.assets[f"row of {task_id}/narration/clip_01"].note == "slower"


async def test_hostile_text_is_cleaned_before_it_is_ordered(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_writes(f"{task_id}/clip/clip_01", text="\x1b[2J--help \u202egnp\r\nrun\x00 'away' $(rm) 🐻‍❄️")
    board.person_sets(PAGE, Status="Generating Video")
    await harness.sync()
    assert (await job(harness, "clip/clip_01")).args["prompt"] == "[2J--help gnp\n\nrun 'away' $(rm) 🐻‍❄️"
    await harness.work(PAGE)
    await harness.sync()
    assert log_of(board) == ""


async def test_words_from_elsewhere_reach_the_row_and_are_no_edit(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    await harness.ledger.apply(
        JobCorrected(harness.clock.now_ms(), task_id, "clip/clip_01", {"prompt": "The fox turns."}, "cli")
    )
    await harness.sync()
    assert row(board, task_id, "clip/clip_01") == "The fox turns."
    await harness.work(PAGE)
    await harness.sync()
    assert (await harness.events(PAGE)).count("RedoAsked") == 0
    assert log_of(board) == ""


async def test_a_persons_text_of_the_same_second_is_not_written_over(harness: Harness, board: BoardDouble) -> None:
    """The command line rewrites a prompt, and while its words travel to the row a person writes others there."""
    task_id = await at(harness, board, Gate.VIDEO)
    await harness.ledger.apply(
        JobCorrected(harness.clock.now_ms(), task_id, "clip/clip_01", {"prompt": "From the terminal."}, "cli")
    )
    board.person_writes(f"{task_id}/clip/clip_01", text="From the board.")
    await harness.relay.deliver_once()
    assert row(board, task_id, "clip/clip_01") == "From the board."
    await harness.sync()
    assert (await job(harness, "clip/clip_01")).args["prompt"] == "From the board."


async def test_a_write_of_ours_whose_answer_was_lost_is_no_edit(
    harness: Harness, board: BoardDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    say = board.say_on_row

    async def lost(*given: Any) -> bool:
        await say(*given)
        raise BoardError("down", "no answer")

    at_ms = harness.clock.now_ms()
    with monkeypatch.context() as cut_off:
        cut_off.setattr(board, "say_on_row", lost)
        await harness.ledger.apply(JobCorrected(at_ms, task_id, "clip/clip_01", {"prompt": "First."}, "cli"))
        await harness.relay.deliver_once()
        assert row(board, task_id, "clip/clip_01") == "First."
        await harness.ledger.apply(JobCorrected(at_ms + 1, task_id, "clip/clip_01", {"prompt": "Second."}, "cli"))
    await harness.restart()
    await harness.sync()
    assert (await job(harness, "clip/clip_01")).args["prompt"] == "Second."
    harness.clock.pass_s(60)
    await harness.sync()
    assert row(board, task_id, "clip/clip_01") == "Second."


async def test_a_crash_after_a_redo_was_taken_tidies_the_rows_and_takes_it_once(
    harness: Harness, board: BoardDouble
) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_writes(f"{task_id}/clip/clip_01", text="The fox turns.", note="slower")
    board.person_sets(PAGE, Status="Generating Video")
    board.broken["unflag_assets"] = BoardError("down", "no answer")
    with pytest.raises(BoardError):
        await harness.intake.poll_once()
    await harness.restart()
    del board.broken["unflag_assets"]
    await harness.sync()
    assert (await harness.events(PAGE)).count("RedoAsked") == 1
    assert board.assets[f"row of {task_id}/clip/clip_01"].note == ""
    changed = await job(harness, "clip/clip_01")
    assert (changed.revision, changed.args["prompt"], changed.args["note"]) == (1, "The fox turns.", "slower")


async def test_a_table_of_files_that_cannot_be_read_holds_up_no_entry(harness: Harness, board: BoardDouble) -> None:
    board.broken["edited_rows"] = BoardError("gone", "the assets are not shared")
    board.add(PAGE, Status="Queued")
    await harness.sync()
    assert (await harness.task(PAGE)).status is Status.QUEUED


async def test_a_copy_of_a_row_asks_for_nothing(harness: Harness, board: BoardDouble) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    key = f"{task_id}/clip/clip_01"
    board.assets["a copy"] = board.assets[f"row of {key}"]
    board.assets["a copy"] = type(board.assets["a copy"])(
        key, PAGE, "copy", "Clip", b"", 0, text="Another.", edited_at=harness.clock.now_ms()
    )
    await harness.sync()
    board.person_sets(PAGE, Status="Approved - Video")
    await harness.sync()
    assert (await harness.task(PAGE)).status is Status.VIDEO_APPROVED


async def test_a_row_of_before_there_were_texts_gets_its_own_once_something_happens(
    harness: Harness, board: BoardDouble
) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    key = f"{task_id}/clip/clip_01"
    prompt = board.assets[f"row of {key}"].text
    board.assets[f"row of {key}"].text = ""
    forgotten = "UPDATE asset_pages SET said = NULL, begun = NULL WHERE key = ?"
    await harness.store.write(lambda tx: tx.execute(forgotten, (key,)).close())
    await harness.sync()
    assert row(board, task_id, "clip/clip_01") == ""
    board.person_sets(PAGE, Status="Approved - Video")
    await harness.sync()
    assert row(board, task_id, "clip/clip_01") == prompt
    assert log_of(board) == ""


def test_a_text_that_waits_names_its_price() -> None:
    told = row_texts.waits(["clip_01", "clip_02"], Gate.VIDEO, 5, 840_000)
    assert told == (
        "Text of clip_01, clip_02 was changed. Set Generating Video to regenerate 5 files for about $0.84, or put the"
        " old text back."
    )


@pytest.mark.parametrize("order", [*permutations(("board", "api", "cli")), ("all",)], ids="-".join)
async def test_a_wish_from_board_api_and_cli_in_the_same_second_is_one_order_and_each_is_answered(
    harness: Harness, board: BoardDouble, order: tuple[str, ...]
) -> None:
    task_id = await at(harness, board, Gate.VIDEO)
    board.person_writes(f"{task_id}/clip/clip_01", text="From the board.")
    board.person_sets(PAGE, Status="Generating Video")
    answers: dict[str, str] = {}

    async def ask(who: str, verb: str, body: dict[str, object]) -> None:
        desk = RequestHandler(harness.ledger, harness.store, harness.clock, who)
        try:
            answers[who] = (await perform(desk, "tasks", verb, task_id, body)).text
        except Refused as refused:
            answers[who] = str(refused)

    async def look() -> None:
        await harness.intake.poll_once()
        answers["board"] = "taken"

    wishes = {
        "board": look,
        "api": lambda: ask("api", "correct", {"job": "clip/clip_01", "field": "motion", "text": "From the API."}),
        "cli": lambda: ask("cli", "redo", {"jobs": ["clip/clip_01"], "note": "slower"}),
    }
    if order == ("all",):
        await asyncio.gather(*(wish() for wish in wishes.values()))
    else:
        for who in order:
            await wishes[who]()
    assert answers.keys() == {"board", "api", "cli"} and all(answers.values())
    await harness.sync()
    ordered = await job(harness, "clip/clip_01")
    assert ordered.state is JobState.READY
    said = {"board": "From the board.", "api": "From the API."}
    last = [said[who] for who in order if who in said][-1:]
    assert ordered.args["prompt"] in (last or said.values())
    await harness.work(PAGE)
    await harness.sync()
    assert board.status(PAGE) == "Video Ready"
    made = await harness.read(lambda tx: takes(tx, task_id, "clip/clip_01"))
    assert len(made) == 2  # one more, whoever asked for it
    assert row(board, task_id, "clip/clip_01") == ordered.args["prompt"]
    assert log_of(board) == ""
