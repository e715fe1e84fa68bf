"""The board's changes become events: only a person's, each once, and nonsense is answered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow.board_double import BoardDouble, Clock
from tests.flow.desk import Desk
from tests.harness.patience import patience
from videod.core.failures import Failure, Kind
from videod.core.model import Priority
from videod.core.statuses import Gate, Status
from videod.ports import BoardError
from videod.store import reads

Post = tuple[str, dict[str, object]]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = Clock()
    made = Desk(tmp_path, BoardDouble(clock), clock)
    yield made
    await made.store.close()


@pytest.fixture
def board(desk: Desk) -> BoardDouble:
    assert isinstance(desk.board, BoardDouble)
    return desk.board


async def at_gate(desk: Desk, board: BoardDouble, page: str = "p1") -> None:
    """An entry that waits at the assets' gate, shown on the board."""
    board.add(page, Status="Queued")
    await desk.sync()
    await desk.work(page)
    await desk.sync()
    assert board.status(page) == "Assets Ready"
    desk.clock.pass_s(120)


async def test_an_entry_set_to_queued_becomes_a_task(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued", Priority="High", Privacy="unlisted")
    assert await desk.intake.poll_once() == 1
    task = await desk.task("p1")
    assert (task.channel_id, task.title, task.topic, task.direction) == ("wild", "Film p1", "bears", "a crossing")
    assert (task.priority, task.privacy, task.status) == (Priority.HIGH, "unlisted", Status.QUEUED)


async def test_looking_twice_takes_an_entry_once(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    assert [await desk.intake.poll_once() for _ in range(3)] == [1, 0, 0]
    assert await desk.events("p1") == ["EntryQueued"]


async def test_pages_that_were_never_queued_are_left_alone(desk: Desk, board: BoardDouble) -> None:
    for number, label in enumerate(("Draft", "Published", "Cancelled", "My own idea", None)):
        board.add(f"p{number}", Status=label, Topic="")
    await desk.sync()
    assert board.writes == []
    assert await desk.read(lambda tx: reads.recent_tasks(tx, 10)) == ()


async def test_many_entries_queued_at_once_keep_their_order(desk: Desk, board: BoardDouble) -> None:
    for number in range(5):
        board.add(f"p{number}", Status="Queued")
    assert await desk.intake.poll_once() == 5
    queued = await desk.read(reads.open_tasks)
    assert [task.page_id for task in queued] == [f"p{number}" for number in range(5)]


async def test_an_entry_without_its_required_fields_goes_back_to_draft_naming_them(
    desk: Desk, board: BoardDouble
) -> None:
    board.add("p1", Status="Queued", Topic="  ", Story_Direction=None)
    await desk.sync()
    assert await desk.no_task("p1")
    assert board.status("p1") == "Draft"
    log = str(board.entries["p1"].values["Error Log"])
    assert "Topic and Story Direction are empty" in log


async def test_an_unknown_channel_is_refused_naming_it_and_the_known_ones(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued", Channel="wlid")
    await desk.sync()
    log = str(board.entries["p1"].values["Error Log"])
    assert '"wlid" is not known' in log
    assert "deep (Deep Sea), wild (Wild CommandContext)" in log


async def test_an_unknown_privacy_is_refused(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued", Privacy="secret")
    await desk.sync()
    assert await desk.no_task("p1")
    assert 'Privacy "secret" is unknown' in str(board.entries["p1"].values["Error Log"])


async def test_a_refused_entry_is_looked_at_again_only_when_it_is_queued_again(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued", Topic="")
    await desk.sync()
    board.person_sets("p1", Topic="bears")
    await desk.sync()
    assert await desk.no_task("p1")
    assert board.status("p1") == "Draft"
    board.person_sets("p1", Status="Queued")
    await desk.sync()
    assert (await desk.task("p1")).topic == "bears"


async def test_what_videod_writes_itself_is_no_edit(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    before = len(board.writes)
    for _ in range(3):
        desk.clock.pass_s(30)
        assert await desk.intake.poll_once() == 0
    assert await desk.events("p1") == ["EntryQueued"]
    assert len(board.writes) == before


async def test_a_write_whose_answer_was_lost_is_no_edit(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await desk.sync()
    plan = (await desk.jobs("p1"))[0]
    board.loses_answers = True
    await desk.finish("p1", plan)  # "Generating Assets" lands, but the relay does not know
    await desk.relay.deliver_once()
    assert board.status("p1") == "Generating Assets"
    await desk.work("p1")
    await desk.restart()
    desk.clock.pass_s(1)
    assert await desk.intake.poll_once() == 0  # at the gate that label would have asked for a redo
    board.loses_answers = False
    desk.clock.pass_s(600)
    await desk.sync()
    assert await desk.events("p1") == ["EntryQueued"]
    assert board.status("p1") == "Assets Ready"
    assert board.entries["p1"].values["Error Log"] == ""


async def test_a_label_that_is_true_anyway_is_no_edit(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await desk.intake.poll_once()
    await desk.finish("p1", (await desk.jobs("p1"))[0])
    board.person_sets("p1", Status="Generating Assets")
    assert await desk.intake.poll_once() == 0


async def test_approving_at_a_gate_opens_it(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Approved - Assets")
    assert await desk.intake.poll_once() == 1
    task = await desk.task("p1")
    assert task.approved == {Gate.ASSETS}
    assert await desk.events("p1") == ["EntryQueued", "GateApproved"]


async def test_approving_where_nothing_waits_is_answered_with_the_true_status(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Approved - Audio")
    await desk.sync()
    assert board.status("p1") == "Assets Ready"
    assert '"Approved - Audio" was not taken' in str(board.entries["p1"].values["Error Log"])


async def test_approving_a_gate_that_is_passed_is_answered_with_the_true_status(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Approved - Assets")
    await desk.sync()
    await desk.work("p1")
    await desk.sync()
    assert board.status("p1") == "Video Ready"
    desk.clock.pass_s(120)
    board.person_sets("p1", Status="Approved - Assets")
    await desk.sync()
    assert board.status("p1") == "Video Ready"
    assert "passed already" in str(board.entries["p1"].values["Error Log"])
    assert (await desk.task("p1")).approved == {Gate.ASSETS}


async def test_a_redo_remakes_what_was_flagged_and_unticks_it(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    flagged = next(one for one, row in board.assets.items() if row.key.endswith("image/place_1"))
    board.assets[flagged].redo = True
    board.person_sets("p1", Status="Generating Assets")
    assert await desk.intake.poll_once() == 1
    revisions = {job.name: job.revision for job in await desk.jobs("p1") if job.step == "image"}
    assert revisions == {"image/bear_core": 0, "image/place_1": 1, "image/place_2": 0}
    assert not board.assets[flagged].redo
    await desk.work("p1")
    await desk.sync()
    assert board.status("p1") == "Assets Ready"
    assert board.assets[flagged].revision == 1


async def test_a_redo_without_flags_says_what_to_do(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Generating Assets")
    await desk.sync()
    assert board.status("p1") == "Assets Ready"
    assert "tick Redo on the files" in str(board.entries["p1"].values["Error Log"])


async def test_flags_of_another_gate_stay(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Approved - Assets")
    await desk.sync()
    await desk.work("p1")
    await desk.sync()
    desk.clock.pass_s(120)
    image = next(one for one, row in board.assets.items() if "/image/" in row.key)
    clip = next(one for one, row in board.assets.items() if "/clip/" in row.key)
    board.assets[image].redo = board.assets[clip].redo = True
    board.person_sets("p1", Status="Generating Video")
    await desk.sync()
    assert board.assets[image].redo
    assert not board.assets[clip].redo


async def test_cancelled_stops_and_queued_goes_on(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Cancelled")
    await desk.sync()
    assert (await desk.task("p1")).status == Status.CANCELLED
    desk.clock.pass_s(120)
    board.person_sets("p1", Status="Queued")
    await desk.sync()
    assert (await desk.task("p1")).status == Status.ASSETS_READY
    assert board.status("p1") == "Assets Ready"


async def test_queued_after_an_error_tries_again(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await desk.sync()
    await desk.fail("p1", Failure(Kind.INPUT, "the plan cannot be made"))
    await desk.sync()
    assert board.status("p1") == "Error: Planning Failed"
    desk.clock.pass_s(120)
    board.person_sets("p1", Status="Queued")
    await desk.sync()
    assert (await desk.task("p1")).status == Status.QUEUED


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("Published", "videod sets that one itself"),
        ("Draft", "videod sets that one itself"),
        ("Uploading", "videod sets that one itself"),
        ("My own idea", "no status videod knows"),
        (None, "an empty Status"),
    ],
)
async def test_a_status_that_makes_no_sense_is_answered(
    desk: Desk, board: BoardDouble, label: str | None, said: str
) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status=label)
    await desk.sync()
    assert board.status("p1") == "Assets Ready"
    log = str(board.entries["p1"].values["Error Log"])
    assert said in log
    assert "set Approved - Assets to continue" in log


async def test_priority_and_privacy_may_change_at_any_time(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Priority="Low", Privacy="public")
    assert await desk.intake.poll_once() == 1
    assert await desk.intake.poll_once() == 0
    task = await desk.task("p1")
    assert (task.priority, task.privacy) == (Priority.LOW, "public")


async def test_a_channel_changed_after_the_start_is_refused_when_queued(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Cancelled")
    await desk.sync()
    desk.clock.pass_s(120)
    board.person_sets("p1", Status="Queued", Channel="deep")
    await desk.sync()
    assert board.status("p1") == "Cancelled"
    assert "the episode has begun for this channel" in str(board.entries["p1"].values["Error Log"])
    assert board.entries["p1"].values["Channel"] == "wild"


async def test_an_entry_in_the_trash_is_cancelled_and_says_so_when_it_comes_back(
    desk: Desk, board: BoardDouble
) -> None:
    await at_gate(desk, board)
    board.person_trashes("p1")
    await desk.sync()
    assert (await desk.task("p1")).status == Status.CANCELLED
    assert board.status("p1") == "Assets Ready"  # nothing is written into the trash
    assert await desk.read(lambda tx: reads.due_posts(tx, "entry", desk.clock.now_ms())) == ()
    board.person_trashes("p1", in_trash=False)
    await desk.sync()
    assert board.status("p1") == "Cancelled"
    assert "set Queued to resume" in str(board.entries["p1"].values["Error Log"])


# ------------------------------------------------------------------------------------------ crashes


class Power(BaseException):
    """The power went off."""


def cut_after_apply(desk: Desk) -> None:
    apply = desk.ledger.apply

    async def apply_and_die(event: object) -> object:
        await apply(event)  # type: ignore[arg-type]
        raise Power

    desk.ledger.apply = apply_and_die  # type: ignore[assignment,method-assign]


async def test_a_crash_after_queueing_does_not_queue_twice(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    cut_after_apply(desk)
    with pytest.raises(Power):
        await desk.intake.poll_once()
    await desk.restart()
    await desk.finish("p1", (await desk.jobs("p1"))[0])  # recovery and lanes are faster than the first look
    await desk.sync()
    assert await desk.events("p1") == ["EntryQueued"]
    assert board.status("p1") == "Generating Assets"
    assert board.entries["p1"].values["Error Log"] == ""


async def test_a_crash_after_a_retry_does_not_retry_twice(desk: Desk, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await desk.sync()
    await desk.fail("p1", Failure(Kind.INPUT, "no"))
    await desk.sync()
    desk.clock.pass_s(120)
    board.person_sets("p1", Status="Queued")
    cut_after_apply(desk)
    with pytest.raises(Power):
        await desk.intake.poll_once()
    await desk.restart()
    await desk.fail("p1", Failure(Kind.INPUT, "no again"))
    await desk.sync()
    assert await desk.events("p1") == ["EntryQueued", "EntryQueued"]
    assert board.status("p1") == "Error: Planning Failed"


async def test_a_crash_after_a_redo_does_not_buy_it_twice_and_still_unticks(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    flagged = next(one for one, row in board.assets.items() if row.key.endswith("image/place_1"))
    board.assets[flagged].redo = True
    board.person_sets("p1", Status="Generating Assets")
    cut_after_apply(desk)
    with pytest.raises(Power):
        await desk.intake.poll_once()
    await desk.restart()
    await desk.work("p1")  # the redo is finished, the task is at its gate again before the first look
    await desk.sync()
    assert (await desk.events("p1")).count("RedoAsked") == 1
    assert not board.assets[flagged].redo
    assert board.status("p1") == "Assets Ready"


async def test_a_crash_before_the_event_takes_it_after_the_start(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Approved - Assets")

    async def die(event: object) -> object:
        raise Power

    desk.ledger.apply = die  # type: ignore[assignment,method-assign]
    with pytest.raises(Power):
        await desk.intake.poll_once()
    await desk.restart()
    assert await desk.intake.poll_once() == 1
    assert (await desk.events("p1")).count("GateApproved") == 1


# ------------------------------------------------------------------------------------------ trouble


async def test_a_failed_look_loses_no_edit(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Approved - Assets")
    board.broken["edited_since"] = BoardError("down", "no answer")
    with pytest.raises(BoardError):
        await desk.intake.poll_once()
    desk.clock.pass_s(3600)
    board.broken.clear()
    assert await desk.intake.poll_once() == 1


async def test_trouble_with_one_entry_does_not_stop_the_others(desk: Desk, board: BoardDouble) -> None:
    await at_gate(desk, board)
    board.person_sets("p1", Status="Generating Assets")
    board.broken["flagged_assets"] = BoardError("gone", "the assets are not shared")
    board.add("p2", Status="Queued")
    assert await desk.intake.poll_once() == 1
    assert (await desk.task("p2")).status == Status.QUEUED
    board.broken.clear()
    assert await desk.intake.poll_once() == 1  # the wish is still there
    await desk.sync()
    assert "tick Redo" in str(board.entries["p1"].values["Error Log"])


async def test_only_the_first_failure_and_the_recovery_are_logged(
    desk: Desk, board: BoardDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    board.broken["edited_since"] = BoardError("credentials", "the token is wrong")
    waits = [await desk.intake._round() for _ in range(4)]
    assert waits == [60, 60, 60, 60]
    board.broken.clear()
    assert await desk.intake._round() == 10
    told = [record.message for record in caplog.records if record.name == "videod.flow.trouble"]
    assert told == ["intake_board_failed", "intake_board_recovered"]


async def test_a_busy_board_is_left_alone_for_as_long_as_it_asks(desk: Desk, board: BoardDouble) -> None:
    board.broken["edited_since"] = BoardError("busy", "slow down", 95)
    assert await desk.intake._round() == 95


async def test_the_bell_wakes_the_intake(desk: Desk, board: BoardDouble) -> None:
    running = asyncio.create_task(desk.intake.run())
    await asyncio.sleep(0)
    board.add("p1", Status="Queued")
    desk.ledger.wakeups.wake("intake")
    async with patience():
        while await desk.no_task("p1"):
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
