"""The board's changes become events: only a person's, each once, and nonsense is answered."""

import asyncio

import pytest

from tests.flow.board_double import BoardDouble
from tests.flow.harness import CHANNELS, Harness
from tests.harness.patience import patience
from videod.core.failures import Failure, Kind
from videod.core.model import Priority
from videod.core.own_story import Brought
from videod.core.statuses import Gate, Status
from videod.flow.intake import Intake
from videod.flow.turns import Turns
from videod.ports import BoardError
from videod.store import reads

Post = tuple[str, dict[str, object]]


async def at_gate(harness: Harness, board: BoardDouble, page: str = "p1") -> None:
    """An entry that waits at the assets' gate, shown on the board."""
    board.add(page, Status="Queued")
    await harness.sync()
    await harness.work(page)
    await harness.sync()
    assert board.status(page) == "Assets Ready"
    harness.clock.pass_s(120)


async def test_an_entry_set_to_queued_becomes_a_task(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued", Priority="High", Privacy="unlisted")
    assert await harness.intake.poll_once() == 1
    task = await harness.task("p1")
    assert (task.channel_id, task.title, task.topic, task.direction) == ("wild", "Film p1", "bears", "a crossing")
    assert (task.priority, task.privacy, task.status) == (Priority.HIGH, "unlisted", Status.QUEUED)


async def test_looking_twice_takes_an_entry_once(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    assert [await harness.intake.poll_once() for _ in range(3)] == [1, 0, 0]
    assert await harness.events("p1") == ["EntryQueued"]


async def test_pages_that_were_never_queued_are_left_alone(harness: Harness, board: BoardDouble) -> None:
    for number, label in enumerate(("Draft", "Published", "Cancelled", "My own idea", None)):
        board.add(f"p{number}", Status=label, Topic="")
    await harness.sync()
    assert board.writes == []
    assert await harness.read(lambda tx: reads.recent_tasks(tx, 10)) == ()


async def test_many_entries_queued_at_once_keep_their_order(harness: Harness, board: BoardDouble) -> None:
    for number in range(5):
        board.add(f"p{number}", Status="Queued")
    assert await harness.intake.poll_once() == 5
    queued = await harness.read(reads.open_tasks)
    assert [task.page_id for task in queued] == [f"p{number}" for number in range(5)]


async def test_an_entry_without_its_required_fields_goes_back_to_draft_naming_them(
    harness: Harness, board: BoardDouble
) -> None:
    board.add("p1", Status="Queued", Topic="  ", Story_Direction=None)
    await harness.sync()
    assert await harness.no_task("p1")
    assert board.status("p1") == "Draft"
    log = str(board.entries["p1"].values["Error Log"])
    assert "Topic and Story Direction are empty" in log


async def test_an_unknown_channel_is_refused_naming_it_and_the_known_ones(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued", Channel="wlid")
    await harness.sync()
    log = str(board.entries["p1"].values["Error Log"])
    assert '"wlid" is not known' in log
    assert "deep (Deep Sea), wild (Wild Studio)" in log


async def test_an_unknown_privacy_is_refused(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued", Privacy="secret")
    await harness.sync()
    assert await harness.no_task("p1")
    assert 'Privacy "secret" is unknown' in str(board.entries["p1"].values["Error Log"])


async def test_a_refused_entry_is_looked_at_again_only_when_it_is_queued_again(
    harness: Harness, board: BoardDouble
) -> None:
    board.add("p1", Status="Queued", Topic="")
    await harness.sync()
    board.person_sets("p1", Topic="bears")
    await harness.sync()
    assert await harness.no_task("p1")
    assert board.status("p1") == "Draft"
    board.person_sets("p1", Status="Queued")
    await harness.sync()
    assert (await harness.task("p1")).topic == "bears"


async def test_what_videod_writes_itself_is_no_edit(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    before = len(board.writes)
    for _ in range(3):
        harness.clock.pass_s(30)
        assert await harness.intake.poll_once() == 0
    assert await harness.events("p1") == ["EntryQueued"]
    assert len(board.writes) == before


async def test_a_write_whose_answer_was_lost_is_no_edit(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    plan = (await harness.jobs("p1"))[0]
    board.loses_answers = True
    await harness.finish("p1", plan)  # "Generating Assets" lands, but the relay does not know
    await harness.relay.deliver_once()
    assert board.status("p1") == "Generating Assets"
    await harness.work("p1")
    await harness.restart()
    harness.clock.pass_s(1)
    assert await harness.intake.poll_once() == 0  # at the gate that label would have asked for a redo
    board.loses_answers = False
    harness.clock.pass_s(600)
    await harness.sync()
    assert await harness.events("p1") == ["EntryQueued"]
    assert board.status("p1") == "Assets Ready"
    assert board.entries["p1"].values["Error Log"] == ""


async def test_a_label_that_is_true_anyway_is_no_edit(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.intake.poll_once()
    await harness.finish("p1", (await harness.jobs("p1"))[0])
    board.person_sets("p1", Status="Generating Assets")
    assert await harness.intake.poll_once() == 0


async def test_approving_at_a_gate_opens_it(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Approved - Assets")
    assert await harness.intake.poll_once() == 1
    task = await harness.task("p1")
    assert task.approved == {Gate.STORY, Gate.ASSETS}
    assert await harness.events("p1") == ["EntryQueued", "GateApproved"]


async def test_approving_where_nothing_waits_is_answered_with_the_true_status(
    harness: Harness, board: BoardDouble
) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Approved - Audio")
    await harness.sync()
    assert board.status("p1") == "Assets Ready"
    assert '"Approved - Audio" was not taken' in str(board.entries["p1"].values["Error Log"])


async def test_approving_a_gate_that_is_passed_is_answered_with_the_true_status(
    harness: Harness, board: BoardDouble
) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Approved - Assets")
    await harness.sync()
    await harness.work("p1")
    await harness.sync()
    assert board.status("p1") == "Video Ready"
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Approved - Assets")
    await harness.sync()
    assert board.status("p1") == "Video Ready"
    assert "passed already" in str(board.entries["p1"].values["Error Log"])
    assert (await harness.task("p1")).approved == {Gate.STORY, Gate.ASSETS}


async def test_a_redo_remakes_what_was_flagged_and_unticks_it(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    flagged = next(one for one, row in board.assets.items() if row.key.endswith("image/place_1"))
    board.assets[flagged].redo = True
    board.person_sets("p1", Status="Generating Assets")
    assert await harness.intake.poll_once() == 1
    revisions = {job.name: job.revision for job in await harness.jobs("p1") if job.step == "image"}
    assert revisions == {"image/bear_core": 0, "image/place_1": 1, "image/place_2": 0}
    assert not board.assets[flagged].redo
    await harness.work("p1")
    await harness.sync()
    assert board.status("p1") == "Assets Ready"
    assert board.assets[flagged].revision == 1


async def test_a_redo_without_flags_says_what_to_do(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Generating Assets")
    await harness.sync()
    assert board.status("p1") == "Assets Ready"
    assert "Tick Redo on the files" in str(board.entries["p1"].values["Error Log"])


async def test_flags_of_an_earlier_review_count_too(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Approved - Assets")
    await harness.sync()
    await harness.work("p1")
    await harness.sync()
    harness.clock.pass_s(120)
    image = next(one for one, row in board.assets.items() if "/image/" in row.key)
    clip = next(one for one, row in board.assets.items() if "/clip/" in row.key)
    board.assets[image].redo = board.assets[clip].redo = True
    board.person_sets("p1", Status="Approved - Video")
    await harness.sync()
    assert "2 files are marked for redo. Set Generating Video" in str(board.entries["p1"].values["Error Log"])
    board.person_sets("p1", Status="Generating Video")
    await harness.sync()
    assert not board.assets[image].redo
    assert not board.assets[clip].redo
    assert (await harness.task("p1")).status is Status.GENERATING_ASSETS, "the image is looked at before its clip"
    assert board.status("p1") == "Generating Assets"


async def test_cancelled_stops_and_queued_continues(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Cancelled")
    await harness.sync()
    assert (await harness.task("p1")).status == Status.CANCELLED
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Queued")
    await harness.sync()
    assert (await harness.task("p1")).status == Status.ASSETS_READY
    assert board.status("p1") == "Assets Ready"


async def test_queued_after_an_error_tries_again(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    await harness.fail("p1", Failure(Kind.INPUT, "the plan cannot be made"))
    await harness.sync()
    assert board.status("p1") == "Error: Planning Failed"
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Queued")
    await harness.sync()
    assert (await harness.task("p1")).status == Status.QUEUED


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("Published", "videod sets that one itself"),
        ("Draft", "videod sets that one itself"),
        ("Uploading", "videod sets that one itself"),
        ("My own idea", "videod does not know that status"),
        (None, "an empty Status"),
    ],
)
async def test_a_status_that_makes_no_sense_is_answered(
    harness: Harness, board: BoardDouble, label: str | None, said: str
) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status=label)
    await harness.sync()
    assert board.status("p1") == "Assets Ready"
    log = str(board.entries["p1"].values["Error Log"])
    assert said in log
    assert "set Approved - Assets to continue" in log


async def test_priority_and_privacy_may_change_at_any_time(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Priority="Low", Privacy="public")
    assert await harness.intake.poll_once() == 1
    assert await harness.intake.poll_once() == 0
    task = await harness.task("p1")
    assert (task.priority, task.privacy) == (Priority.LOW, "public")


async def test_a_channel_changed_after_the_start_is_refused_when_queued(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Cancelled")
    await harness.sync()
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Queued", Channel="deep")
    await harness.sync()
    assert board.status("p1") == "Cancelled"
    assert "the episode has begun for this channel" in str(board.entries["p1"].values["Error Log"])
    assert board.entries["p1"].values["Channel"] == "wild"


async def test_an_entry_in_the_trash_is_cancelled_and_says_so_when_it_comes_back(
    harness: Harness, board: BoardDouble
) -> None:
    await at_gate(harness, board)
    board.person_trashes("p1")
    await harness.sync()
    assert (await harness.task("p1")).status == Status.CANCELLED
    assert board.status("p1") == "Assets Ready"  # nothing is written into the trash
    assert await harness.read(lambda tx: reads.due_messages(tx, "entry", harness.clock.now_ms())) == ()
    board.person_trashes("p1", in_trash=False)
    await harness.sync()
    assert board.status("p1") == "Cancelled"
    assert "set Queued to resume" in str(board.entries["p1"].values["Error Log"])


# ------------------------------------------------------------------------------------------ crashes


class Power(BaseException):
    """The power went off."""


def cut_after_apply(harness: Harness) -> None:
    apply = harness.ledger.apply

    async def apply_and_die(event: object) -> object:
        await apply(event)  # type: ignore[arg-type]
        raise Power

    harness.ledger.apply = apply_and_die  # type: ignore[assignment,method-assign]


async def test_a_crash_after_queueing_does_not_queue_twice(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    cut_after_apply(harness)
    with pytest.raises(Power):
        await harness.intake.poll_once()
    await harness.restart()
    await harness.finish("p1", (await harness.jobs("p1"))[0])  # recovery and lanes are faster than the first look
    await harness.sync()
    assert await harness.events("p1") == ["EntryQueued"]
    assert board.status("p1") == "Generating Assets"
    assert board.entries["p1"].values["Error Log"] == ""


async def test_a_crash_after_a_retry_does_not_retry_twice(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    await harness.fail("p1", Failure(Kind.INPUT, "no"))
    await harness.sync()
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Queued")
    cut_after_apply(harness)
    with pytest.raises(Power):
        await harness.intake.poll_once()
    await harness.restart()
    await harness.fail("p1", Failure(Kind.INPUT, "no again"))
    await harness.sync()
    assert await harness.events("p1") == ["EntryQueued", "EntryQueued"]
    assert board.status("p1") == "Error: Planning Failed"


async def test_a_crash_after_a_redo_does_not_buy_it_twice_and_still_unticks(
    harness: Harness, board: BoardDouble
) -> None:
    await at_gate(harness, board)
    flagged = next(one for one, row in board.assets.items() if row.key.endswith("image/place_1"))
    board.assets[flagged].redo = True
    board.person_sets("p1", Status="Generating Assets")
    cut_after_apply(harness)
    with pytest.raises(Power):
        await harness.intake.poll_once()
    await harness.restart()
    await harness.work("p1")  # the redo is finished, the task is at its gate again before the first look
    await harness.sync()
    assert (await harness.events("p1")).count("RedoAsked") == 1
    assert not board.assets[flagged].redo
    assert board.status("p1") == "Assets Ready"


async def test_a_crash_before_the_event_takes_it_after_the_start(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Approved - Assets")

    async def die(event: object) -> object:
        raise Power

    harness.ledger.apply = die  # type: ignore[assignment,method-assign]
    with pytest.raises(Power):
        await harness.intake.poll_once()
    await harness.restart()
    assert await harness.intake.poll_once() == 1
    assert (await harness.events("p1")).count("GateApproved") == 1


# ------------------------------------------------------------------------------------------ trouble


async def test_a_failed_look_loses_no_edit(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Approved - Assets")
    board.broken["edited_since"] = BoardError("down", "no answer")
    with pytest.raises(BoardError):
        await harness.intake.poll_once()
    harness.clock.pass_s(3600)
    board.broken.clear()
    assert await harness.intake.poll_once() == 1


async def test_trouble_with_one_entry_does_not_stop_the_others(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Generating Assets")
    board.broken["rows_of"] = BoardError("gone", "the assets are not shared")
    board.add("p2", Status="Queued")
    assert await harness.intake.poll_once() == 1
    assert (await harness.task("p2")).status == Status.QUEUED
    board.broken.clear()
    assert await harness.intake.poll_once() == 1  # the wish is still there
    await harness.sync()
    assert "Tick Redo" in str(board.entries["p1"].values["Error Log"])


async def test_only_the_first_failure_and_the_recovery_are_logged(
    harness: Harness, board: BoardDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    board.broken["edited_since"] = BoardError("credentials", "the token is wrong")
    waits = [await harness.intake._round() for _ in range(4)]
    assert waits == [60, 60, 60, 60]
    board.broken.clear()
    assert await harness.intake._round() == 10
    told = [record.message for record in caplog.records if record.name == "videod.flow.trouble"]
    assert told == ["intake_board_failed", "intake_board_recovered"]


async def test_a_busy_board_is_left_alone_for_as_long_as_it_asks(harness: Harness, board: BoardDouble) -> None:
    board.broken["edited_since"] = BoardError("busy", "slow down", 95)
    assert await harness.intake._round() == 95


async def test_the_bell_wakes_the_intake(harness: Harness, board: BoardDouble) -> None:
    running = asyncio.create_task(harness.intake.run())
    await asyncio.sleep(0)
    board.add("p1", Status="Queued")
    harness.ledger.wakeups.wake("intake")
    async with patience():
        while await harness.no_task("p1"):
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.fault("2.5")
async def test_the_film_is_made_again_from_the_board(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    for label in ("Approved - Assets", "Approved - Video", "Approved - Audio"):
        harness.clock.pass_s(120)
        board.person_sets("p1", Status=label)
        await harness.sync()
        await harness.work("p1")
        await harness.sync()
    assert board.status("p1") == "Assembly Complete"
    film = next(one for one, row in board.assets.items() if row.key.endswith("assemble/film"))
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Assembling")
    await harness.sync()
    assert "Tick Redo on the files" in str(board.entries["p1"].values["Error Log"])
    board.assets[film].redo = True
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Assembling")
    await harness.sync()
    assert not board.assets[film].redo and board.status("p1") == "Assembling"
    await harness.work("p1")
    await harness.sync()
    assert board.status("p1") == "Assembly Complete" and board.assets[film].revision == 1


async def test_a_script_counts_as_it_stands_when_queued_and_never_once_there_is_a_plan(
    harness: Harness, board: BoardDouble
) -> None:
    looked: list[str] = []
    brings = Brought({"script": ["She waits here."]})

    async def story(page_id: str, channel_id: str) -> Brought | None:
        looked.append(page_id)
        return brings

    harness.intake = Intake(
        board, harness.ledger, harness.store, harness.clock, lambda: CHANNELS, 10, Turns(), own=story
    )  # fmt: skip
    board.add("p1", Status="Queued")
    await harness.sync()
    assert (await harness.jobs("p1"))[0].args["script"] == ["She waits here."]
    brings = Brought({"script": ["Something else."]})  # edited while it is queued: its plan is ordered already
    harness.clock.pass_s(180)
    await harness.sync()
    assert ((await harness.jobs("p1"))[0].args["script"], looked) == (["She waits here."], ["p1"])
    board.person_sets("p1", Status="Cancelled")
    await harness.sync()
    board.person_sets("p1", Status="Queued")  # again, and there is no plan yet: what stands there now counts
    await harness.sync()
    assert (await harness.jobs("p1"))[0].args["script"] == ["Something else."]
    await harness.work("p1")
    board.person_sets("p1", Status="Cancelled")
    await harness.sync()
    brings = Brought(problem="The script cannot be used")  # after the plan: nobody looks, and nothing is refused
    board.person_sets("p1", Status="Queued")
    await harness.sync()
    assert board.status("p1") == "Assets Ready"
    assert board.entries["p1"].values.get("Error Log") in (None, "")
    assert len(looked) == 2
