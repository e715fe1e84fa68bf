"""What a person sets on the board counts as long as it can, and is answered when it cannot."""

import asyncio

import pytest

from tests.flow.board_double import BoardDouble
from tests.flow.harness import Harness
from tests.harness.scripts import plan_document
from videod.core.events import JobStarted, JobSucceeded
from videod.core.failures import Failure, Kind
from videod.core.plan import parse
from videod.core.statuses import Gate, JobState, Status
from videod.flow import edits
from videod.ports import BoardError
from videod.store import reads


def shown(board: BoardDouble, name: str, page: str = "p1") -> object:
    return board.entries[page].values.get(name)


async def at_gate(harness: Harness, board: BoardDouble, page: str = "p1") -> None:
    board.add(page, Status="Queued")
    await harness.sync()
    await harness.work(page)
    await harness.sync()
    assert board.status(page) == "Assets Ready"
    harness.clock.pass_s(120)


# ------------------------------------------------------------------------------------------ fields


@pytest.mark.fault("2.1")
async def test_every_field_of_a_queued_entry_counts(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    board.person_sets("p1", Title="New", Topic="wolves", Story_Direction="a hunt", Channel="deep", Privacy="public")
    await harness.sync()
    task = await harness.task("p1")
    assert (task.title, task.topic, task.direction, task.channel_id) == ("New", "wolves", "a hunt", "deep")
    assert (task.privacy, task.status) == ("public", Status.QUEUED)
    assert {job.channel_id for job in await harness.jobs("p1")} == {"deep"}
    assert shown(board, "Error Log") == ""


@pytest.mark.fault("2.1")
async def test_a_title_counts_until_the_upload_begins_and_is_answered_afterwards(
    harness: Harness, board: BoardDouble
) -> None:
    await at_gate(harness, board)
    for label in ("Assets", "Video", "Audio", "Final"):
        board.person_sets("p1", Title=f"Seen at {label}")
        await harness.sync()
        assert (await harness.task("p1")).title == f"Seen at {label}"
        harness.clock.pass_s(120)
        board.person_sets("p1", Status=f"Approved - {label}")
        await harness.sync()
        await harness.work("p1")
        await harness.sync()
    assert board.status("p1") == "Published"
    board.person_sets("p1", Title="Too late")
    await harness.sync()
    assert shown(board, "Title") == "Seen at Final"
    assert "Change it in YouTube Studio" in str(shown(board, "Error Log"))


@pytest.mark.fault("2.1")
@pytest.mark.parametrize("name", ["Topic", "Story_Direction", "Channel"])
async def test_what_the_plan_was_made_from_is_put_back_with_what_to_do(
    harness: Harness, board: BoardDouble, name: str
) -> None:
    await at_gate(harness, board)
    before = shown(board, name.replace("_", " "))
    board.person_sets("p1", **{name: "deep"})
    await harness.sync()
    assert shown(board, name.replace("_", " ")) == before
    log = str(shown(board, "Error Log"))
    assert f"{name.replace('_', ' ')} was not changed" in log
    assert "Redo on the plan" in log or "make a new entry" in log
    assert board.status("p1") == "Assets Ready"


@pytest.mark.fault("2.1")
async def test_a_topic_changed_while_the_plan_is_written_makes_another_plan(
    harness: Harness, board: BoardDouble
) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    task, at = await harness.task("p1"), harness.clock.now_ms()
    attempt = (await harness.ledger.apply(JobStarted(at, task.id, "plan/plan", "digest"))).attempt
    assert attempt is not None
    board.person_sets("p1", Topic="wolves")
    await harness.sync()
    plan = parse(plan_document(2, 3, task.title))
    await harness.ledger.apply(JobSucceeded(at, task.id, "plan/plan", attempt, "plan.json", 10, "sha", {}, plan))
    [job] = await harness.jobs("p1")
    assert (job.state, (await harness.task("p1")).topic) == (JobState.READY, "wolves")


@pytest.mark.fault("2.1")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Title", "", "cannot be empty"),
        ("Title", "a <b>", "does not allow < or >"),
        ("Title", "x" * 101, "101 characters"),
        ("Channel", "nowhere", "there is no channel"),
        ("Privacy", "secret", "is unknown"),
    ],
)
async def test_an_impossible_value_is_put_back_and_answered(
    harness: Harness, board: BoardDouble, name: str, value: str, said: str
) -> None:
    board.add("p1", Status="Queued", Privacy="unlisted")
    await harness.sync()
    before = shown(board, name)
    board.person_sets("p1", **{name: value})
    await harness.sync()
    assert shown(board, name) == before
    assert said in str(shown(board, "Error Log"))


async def test_an_answered_edit_is_answered_once(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.broken["write"] = BoardError("down", "no answer")  # the board shows the edit until this ends
    board.person_sets("p1", Topic="wolves")
    for _ in range(3):
        harness.clock.pass_s(30)
        await harness.intake.poll_once()
    assert (await harness.events("p1")).count("EntryEdited") == 1
    board.broken.clear()
    harness.clock.pass_s(600)
    await harness.sync()
    assert shown(board, "Topic") == "bears"


async def test_a_field_refused_beside_a_status_starts_nothing(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Topic="wolves", Status="Approved - Assets")
    await harness.sync()
    assert (await harness.task("p1")).status == Status.ASSETS_READY
    assert board.status("p1") == "Assets Ready"
    assert "Topic was not changed" in str(shown(board, "Error Log"))


async def test_a_cancel_counts_whatever_else_was_changed(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Topic="wolves", Status="Cancelled")
    await harness.sync()
    assert (await harness.task("p1")).status == Status.CANCELLED


# ------------------------------------------------------------------------------------------ reviews


@pytest.mark.fault("2.2")
async def test_a_flagged_file_blocks_the_approval_with_a_sentence(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    flagged = next(one for one, row in board.assets.items() if row.key.endswith("image/place_1"))
    board.assets[flagged].redo = True
    board.person_sets("p1", Status="Approved - Assets")
    await harness.sync()
    assert Gate.ASSETS not in (await harness.task("p1")).approved
    assert board.status("p1") == "Assets Ready"
    assert "1 file is marked for redo. Set Generating Assets" in str(shown(board, "Error Log"))
    board.assets[flagged].redo = False
    board.person_sets("p1", Status="Approved - Assets")
    await harness.sync()
    assert (await harness.task("p1")).approved


@pytest.mark.fault("2.3")
async def test_a_review_opens_when_its_files_are_on_the_board(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    board.broken["put_asset"] = BoardError("rejected", "no room for files")
    await harness.work("p1")
    await harness.relay.deliver_once()
    assert (await harness.task("p1")).status == Status.ASSETS_READY
    assert board.status("p1") != "Assets Ready"
    assert "0 of 6 files on the board" in str(shown(board, "Progress"))
    board.broken.clear()
    harness.clock.pass_s(300)
    await harness.sync()
    assert board.status("p1") == "Assets Ready"
    assert "files on the board" not in str(shown(board, "Progress"))


@pytest.mark.fault("2.3")
async def test_a_review_opens_after_ten_minutes_naming_what_is_missing_and_why(
    harness: Harness, board: BoardDouble
) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    board.broken["put_asset"] = BoardError("rejected", "no room for files")
    await harness.work("p1")
    await harness.relay.deliver_once()
    for _ in range(31):
        harness.clock.pass_s(20)
        await harness.relay.deliver_once()
    assert board.status("p1") == "Assets Ready"
    log = str(shown(board, "Error Log"))
    assert log.startswith("Not on the board yet: ") and "image/bear_core" in log and "no room for files" in log
    board.broken.clear()
    harness.clock.pass_s(600)
    await harness.sync()
    assert shown(board, "Error Log") == ""


async def test_after_a_redo_the_review_waits_for_the_new_file(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    flagged = next(one for one, row in board.assets.items() if row.key.endswith("image/place_1"))
    board.assets[flagged].redo = True
    board.person_sets("p1", Status="Generating Assets")
    await harness.sync()
    board.broken["put_asset"] = BoardError("rejected", "no room for files")
    await harness.work("p1")
    await harness.relay.deliver_once()
    assert board.status("p1") == "Generating Assets"
    board.broken.clear()
    harness.clock.pass_s(300)
    await harness.sync()
    assert board.status("p1") == "Assets Ready"
    assert board.assets[flagged].revision == 1


# ------------------------------------------------------------------------------------------ without a task


@pytest.mark.fault("2.6")
@pytest.mark.parametrize("label", ["Approved - Assets", "Generating Video", "Assets Ready", "Uploading"])
async def test_a_status_that_means_nothing_yet_is_answered(harness: Harness, board: BoardDouble, label: str) -> None:
    board.add("p1", Status=label)
    await harness.sync()
    assert board.status("p1") == "Draft"
    assert "Set the entry to Queued to start it" in str(shown(board, "Error Log"))
    board.person_sets("p1", Status=label)
    await harness.sync()
    assert board.status("p1") == "Draft"


@pytest.mark.fault("2.6")
@pytest.mark.parametrize("reached", ["Assets Ready", "Queued"])
async def test_a_copy_starts_as_a_draft_with_its_own_fields_cleared(
    harness: Harness, board: BoardDouble, reached: str
) -> None:
    await at_gate(harness, board)
    board.add("p2", **{name.replace(" ", "_"): value for name, value in board.entries["p1"].values.items()})
    board.person_sets("p2", Status=reached, YouTube_URL="https://youtu.be/x")
    await harness.sync()
    assert await harness.no_task("p2")
    values = board.entries["p2"].values
    assert values["Status"] == "Draft"
    assert not any(values[name] for name in ("Videod Key", "Progress", "Cost", "YouTube URL", "Next Retry"))
    assert "This is a copy" in str(values["Error Log"])
    board.person_sets("p2", Status="Queued")
    await harness.sync()
    assert (await harness.task("p2")).status == Status.QUEUED
    assert board.status("p1") == "Assets Ready"


async def test_an_entry_of_another_state_folder_is_left_alone(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    key = (await harness.task("p1")).id
    assert not edits.is_copy({"Videod Key": key}, "p1")
    assert edits.without_task({"Videod Key": key, "Status": "Assets Ready"}, "p1", None, 0) is None


# ------------------------------------------------------------------------------------------ the queue


@pytest.mark.fault("2.7")
async def test_entries_queued_together_start_in_the_order_of_the_table(harness: Harness, board: BoardDouble) -> None:
    for number in reversed(range(30)):  # Notion lists the newest first
        board.add(f"page {number}", Title=f"Episode {number}", Status="Queued")
    assert await harness.intake.poll_once() == 30
    queued = await harness.read(reads.open_tasks)
    assert [task.title for task in queued] == [f"Episode {number}" for number in range(30)]


def test_the_table_is_read_by_creation_then_by_title_with_numbers_as_numbers() -> None:
    rows = [
        {"Title": "Ant", "Created": "2026-11-29T10:01:00.000Z"},
        {"Title": "Film 10", "Created": "2026-11-29T10:00:00.000Z"},
        {"Title": "film 9", "Created": "2026-11-29T10:00:00.000Z"},
        {"Title": "Film 9b", "Created": "2026-11-29T10:00:00.000Z"},
    ]
    assert [row["Title"] for row in sorted(rows, key=edits.reading_order)] == ["film 9", "Film 9b", "Film 10", "Ant"]


@pytest.mark.fault("2.8")
async def test_a_retry_keeps_its_place_in_the_queue(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    await harness.fail("p1", Failure(Kind.INPUT, "no"))
    await harness.sync()
    before = (await harness.task("p1")).queued_at
    board.add("p2", Status="Queued")
    await harness.sync()
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Queued")
    await harness.sync()
    task = await harness.task("p1")
    assert task.status == Status.QUEUED
    assert task.queued_at == before
    assert [one.page_id for one in await harness.read(reads.open_tasks)] == ["p1", "p2"]


# ------------------------------------------------------------------------------------------ wishes first


@pytest.mark.fault("13.8")
async def test_an_approval_is_taken_while_a_long_list_is_read(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Approved - Assets")
    listing = asyncio.Event()

    async def endless(since_ms: int) -> list[object]:
        await listing.wait()
        return []

    board.edited_since = endless  # type: ignore[assignment,method-assign]
    long = asyncio.create_task(harness.intake.poll_once())
    await asyncio.sleep(0)
    assert await harness.intake.look_at_newest() == 1
    assert (await harness.task("p1")).approved
    listing.set()
    await long


@pytest.mark.fault("13.8")
async def test_known_entries_come_before_a_batch_of_new_ones(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    for number in range(50):
        board.add(f"new {number}", Status="Queued")
    board.person_sets("p1", Status="Approved - Assets")
    order: list[str] = []
    apply = harness.ledger.apply

    async def applying(event: object) -> object:
        order.append(type(event).__name__)
        return await apply(event)  # type: ignore[arg-type]

    harness.ledger.apply = applying  # type: ignore[assignment,method-assign]
    await harness.intake.poll_once()
    assert order[0] == "GateApproved"
    assert order.count("EntryQueued") == 50


@pytest.mark.fault("13.8")
async def test_a_changed_status_is_written_before_a_batch_of_new_entries(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    for number in range(60):
        board.add(f"new {number}", Status="Queued")
    await harness.intake.poll_once()
    board.person_sets("p1", Status="Cancelled")
    await harness.intake.poll_once()
    board.writes.clear()
    await harness.relay.deliver_once()
    statuses = [page for page, values in board.writes if "Status" in values]
    assert board.writes[: len(statuses)] == [one for one in board.writes if "Status" in one[1]]


@pytest.mark.fault("13.2")
async def test_a_wish_set_just_before_our_write_is_taken(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    await harness.finish("p1", (await harness.jobs("p1"))[0])
    read = board.read

    async def wished(page_id: str) -> object:
        board.read = read  # type: ignore[method-assign]
        board.person_sets("p1", Status="Cancelled")
        return await read(page_id)

    board.read = wished  # type: ignore[assignment,method-assign]
    await harness.sync()
    assert (await harness.task("p1")).status == Status.CANCELLED
    assert board.status("p1") == "Cancelled"


@pytest.mark.fault("13.2")
async def test_putting_a_field_back_writes_over_no_newer_edit(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Topic="wolves")
    await harness.intake.poll_once()  # answered; the old Topic is not written yet
    board.person_sets("p1", Topic="foxes")
    await harness.sync()
    assert (await harness.events("p1")).count("EntryEdited") == 2
    assert shown(board, "Topic") == "bears"


async def test_two_writes_whose_answers_were_lost_are_both_ours(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    board.loses_answers = True
    await harness.finish("p1", (await harness.jobs("p1"))[0])
    await harness.relay.deliver_once()  # "Generating Assets" lands unheard
    assert board.status("p1") == "Generating Assets"
    board.loses_answers = False
    board.broken["write"] = BoardError("down", "no answer")
    await harness.work("p1")
    harness.clock.pass_s(700)
    await harness.relay.deliver_once()  # "Assets Ready" was tried as well
    board.broken.clear()
    assert await harness.intake.poll_once() == 0  # "Generating Assets" is nobody's redo
    harness.clock.pass_s(700)
    await harness.sync()
    assert board.status("p1") == "Assets Ready"
    assert "RedoAsked" not in await harness.events("p1")


# ------------------------------------------------------------------------------------------ outages


@pytest.mark.fault("7.1")
async def test_the_first_answer_after_an_outage_makes_everything_due(harness: Harness, board: BoardDouble) -> None:
    for number in range(4):
        board.add(f"p{number}", Status="Queued")
    await harness.sync()
    for number in range(4):
        await harness.finish(f"p{number}", (await harness.jobs(f"p{number}"))[0])
    failing = ("read", "write", "put_asset", "edited_since")
    board.broken |= dict.fromkeys(failing, BoardError("down", "no answer"))
    for _ in range(10):
        await harness.relay.deliver_once()
        await harness.intake._round()
        harness.clock.pass_s(30)
    board.broken.clear()
    await harness.intake._round()
    await harness.relay.deliver_once()
    assert [board.status(f"p{number}") for number in range(4)] == ["Generating Assets"] * 4
    assert await harness.read(reads.pending_messages) == ()


@pytest.mark.fault("7.1")
async def test_a_start_makes_everything_due(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    await harness.finish("p1", (await harness.jobs("p1"))[0])
    board.broken |= dict.fromkeys(("read", "write", "put_asset"), BoardError("gone", "not shared"))
    await harness.relay.deliver_once()
    board.broken.clear()
    await harness.restart()
    running = asyncio.create_task(harness.intake.run())
    while await harness.read(lambda tx: len(reads.due_messages(tx, "entry", harness.clock.now_ms()))) == 0:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.fault("7.2")
@pytest.mark.parametrize("kind", ["credentials", "gone", "rejected"])
async def test_trouble_of_the_board_is_sent_by_the_other_ways_once(
    harness: Harness, board: BoardDouble, kind: str
) -> None:
    board.broken["edited_since"] = BoardError(kind, "the connection may not see the page")
    for _ in range(5):
        await harness.intake._round()
        harness.clock.pass_s(60)
    await harness.relay._deliver_alerts()
    [told] = harness.notifier.sent
    assert "the connection may not see the page" in told
    assert "board cannot be read" in str(await harness.read(lambda tx: reads.value(tx, "board_trouble")))
    board.broken.clear()
    await harness.intake._round()
    assert await harness.read(lambda tx: reads.value(tx, "board_trouble")) == ""
    board.broken["edited_since"] = BoardError(kind, "again")
    await harness.intake._round()
    await harness.relay._deliver_alerts()
    assert len(harness.notifier.sent) == 3 and "answers again" in "".join(harness.notifier.sent)


async def test_an_outage_over_a_restart_is_reported_once_and_so_is_its_end(
    harness: Harness, board: BoardDouble
) -> None:
    board.broken["edited_since"] = BoardError("down", "no answer")
    for _ in range(3):
        await harness.intake._round()
        harness.clock.pass_s(600)
    await harness.restart()
    for _ in range(3):
        await harness.intake._round()
        harness.clock.pass_s(600)
    await harness.restart()
    board.broken.clear()
    for _ in range(3):
        await harness.intake._round()
        await harness.relay._deliver_alerts()
    told, back = harness.notifier.sent
    assert "cannot be read since" in told and "The Notion board answers again. It could not be read for" in back


@pytest.mark.fault("7.2")
async def test_a_board_that_is_down_is_reported_after_ten_minutes(harness: Harness, board: BoardDouble) -> None:
    board.broken["edited_since"] = BoardError("down", "no answer")
    await harness.intake._round()
    await harness.relay._deliver_alerts()
    assert harness.notifier.sent == []
    harness.clock.pass_s(601)
    await harness.intake._round()
    await harness.relay._deliver_alerts()
    assert len(harness.notifier.sent) == 1


@pytest.mark.fault("7.2")
async def test_files_that_the_board_refuses_are_reported_by_the_other_ways(
    harness: Harness, board: BoardDouble
) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    board.broken["put_asset"] = BoardError("rejected", "the workspace has no blocks left")
    await harness.work("p1")
    await harness.relay.deliver_once()
    await harness.relay._deliver_alerts()
    [told] = harness.notifier.sent
    assert "the workspace has no blocks left" in told


@pytest.mark.fault("13.1")
async def test_a_time_in_the_future_moves_no_cursor(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    board.add("p2", Status="Draft")
    board.entries["p2"].edited_at = 253_402_300_000_000  # the year 9999
    await harness.intake.poll_once()
    board.person_sets("p1", Status="Approved - Assets")
    await harness.intake.poll_once()
    assert (await harness.task("p1")).approved


@pytest.mark.fault("13.1")
@pytest.mark.parametrize("poisoned", ["253402300000000", "nonsense", "9" * 400])
async def test_a_poisoned_cursor_of_an_earlier_daemon_is_healed(
    harness: Harness, board: BoardDouble, poisoned: str
) -> None:
    await at_gate(harness, board)
    await harness.ledger.set_value("notion_cursor", poisoned)
    harness.clock.pass_s(86_400)
    board.entries["p1"].values["Status"] = "Approved - Assets"  # set long before the start
    await harness.restart()
    await harness.intake.poll_once()
    assert (await harness.task("p1")).approved


# ------------------------------------------------------------------------------------------ bugs


@pytest.mark.fault("1.3")
async def test_a_bug_met_by_one_entry_stops_no_other(
    harness: Harness, board: BoardDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at_gate(harness, board)
    board.person_sets("p1", Status="Approved - Assets")
    board.add("p2", Status="Queued")
    wish = edits.wish

    def broken(*given: object) -> object:
        raise KeyError("bug")

    monkeypatch.setattr(edits, "wish", broken)
    await harness.intake.poll_once()
    assert (await harness.task("p2")).status == Status.QUEUED
    await harness.relay._deliver_alerts()
    assert "could not be applied because of a bug in videod" in harness.notifier.sent[0]
    monkeypatch.setattr(edits, "wish", wish)
    await harness.intake.poll_once()
    assert (await harness.task("p1")).approved


@pytest.mark.fault("7.4")
@pytest.mark.parametrize("restarted", [False, True])
async def test_an_edit_that_meets_a_bug_again_after_it_was_taken_is_reported_again(
    harness: Harness, board: BoardDouble, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    await at_gate(harness, board)

    def broken(*given: object) -> object:
        raise KeyError("bug")

    for told, wished in ((1, "Approved - Assets"), (2, "Cancelled")):
        board.person_sets("p1", Status=wished)
        with monkeypatch.context() as patched:
            patched.setattr(edits, "wish", broken)
            for _ in range(3):
                await harness.intake.poll_once()
        await harness.relay._deliver_alerts()
        assert len(harness.notifier.sent) == told
        if restarted:
            await harness.restart()
        await harness.intake.poll_once()
        await harness.sync()


@pytest.mark.fault("7.4")
async def test_a_board_that_stays_unreadable_is_reported_once_a_day_and_at_once_when_it_comes_again(
    harness: Harness, board: BoardDouble
) -> None:
    for told in (2, 3):
        board.broken["edited_since"] = BoardError("credentials", "API token is invalid.")
        for _ in range(30 if told == 2 else 3):
            await harness.intake._round()
            await harness.relay._deliver_alerts()
            harness.clock.pass_s(3600)
        assert len([text for text in harness.notifier.sent if "cannot be read since" in text]) == told
        board.broken.clear()
        await harness.intake._round()
    assert await harness.read(reads.open_alerts) == ()


@pytest.mark.fault("1.3")
async def test_a_bug_met_by_one_message_stops_no_other(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    board.add("p2", Status="Queued")
    await harness.intake.poll_once()
    write = board.write

    async def broken(page_id: str, values: dict[str, object]) -> None:
        if page_id == "p1":
            raise TypeError("bug")
        await write(page_id, values)

    board.write = broken  # type: ignore[assignment,method-assign]
    await harness.relay.deliver_once()
    assert shown(board, "Videod Key", "p2")
    [post] = [one for one in await harness.read(reads.pending_messages) if one.target == "entry"]
    assert post.key == "p1" and "bug" in str(post.problem)


async def test_jobs_of_a_moved_entry_run_for_its_new_channel(harness: Harness, board: BoardDouble) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    board.person_sets("p1", Channel="deep")
    await harness.sync()
    await harness.work("p1")
    assert {job.channel_id for job in await harness.jobs("p1")} == {"deep"}
    assert all(job.state in (JobState.DONE, JobState.WAITING) for job in await harness.jobs("p1"))
