"""The outbox reaches the board and people: nothing lost, nobody's edit written over, nobody held up by another."""

import asyncio
import os
import sqlite3
from contextlib import closing

import pytest

from tests.flow.board_double import BoardDouble, NotifierDouble
from tests.flow.harness import Harness
from tests.harness.patience import eventually
from videod.adapters.notifiers import Way
from videod.core.alerts import Level
from videod.core.failures import Failure, Kind
from videod.core.statuses import Gate
from videod.ports import BoardError
from videod.store import reads
from videod.store.reads import OutboxMessage


async def posts(harness: Harness, target: str) -> list[OutboxMessage]:
    return [post for post in await harness.read(reads.pending_messages) if post.target == target]


async def planned(harness: Harness, board: BoardDouble, page: str = "p1") -> None:
    """An entry whose plan is made: its next Status and one asset wait in the outbox."""
    board.add(page, Status="Queued")
    await harness.intake.poll_once()
    await harness.relay.deliver_once()
    await harness.finish(page, (await harness.jobs(page))[0])
    harness.clock.pass_s(120)


async def test_an_entry_shows_what_is_true(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    assert await harness.relay.deliver_once() == 3
    values = board.entries["p1"].values
    assert values["Status"] == "Generating Assets"
    assert values["Progress"] == "plan 1/1, images 0/3, composites 0/2"
    assert values["Videod Key"] == (await harness.task("p1")).id
    assert await harness.read(reads.pending_messages) == ()


async def test_only_what_changed_is_written(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    await harness.relay.deliver_once()
    await harness.finish("p1", next(job for job in await harness.jobs("p1") if job.step == "image"))
    await harness.relay.deliver_once()
    assert board.writes[-1] == ("p1", {"Progress": "plan 1/1, images 1/3, composites 0/2"})


async def test_a_long_outage_replays_no_history(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    board.broken["write"] = BoardError("down", "no answer")
    await harness.relay.deliver_once()
    await harness.work("p1")
    harness.clock.pass_s(3600)
    board.broken.clear()
    before = len(board.writes)
    await harness.relay.deliver_once()
    assert board.status("p1") == "Assets Ready"
    assert [values["Status"] for _, values in board.writes[before:] if "Status" in values] == ["Assets Ready"]
    assert board.entries["p1"].values["Error Log"] == ""


async def test_a_persons_edit_is_not_written_over(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    board.person_sets("p1", Status="Cancelled")
    await harness.relay.deliver_once()
    assert board.status("p1") == "Cancelled"
    assert await harness.read(reads.pages_to_look_at) == ("p1",)
    [post] = await posts(harness, "entry")
    assert 'a person set "Cancelled"' in str(post.problem)
    assert post.due_at == harness.clock.now_ms() + 3000
    await harness.sync()
    assert (await harness.task("p1")).cancelled
    assert board.status("p1") == "Cancelled"
    assert await harness.read(reads.pages_to_look_at) == ()


async def test_an_older_truth_never_flashes_up_over_a_newer_one(harness: Harness, board: BoardDouble) -> None:
    """The relay has taken a post and waits for its turn while the intake, at work, brings a newer truth."""
    await planned(harness, board)
    board.broken["write"] = BoardError("down", "no answer")
    await harness.relay.deliver_once()  # "Generating Assets" was tried, but did not land
    board.broken.clear()
    harness.clock.pass_s(120)
    board.person_sets("p1", Status="Cancelled")
    delivering: list[asyncio.Task[int]] = []
    read = board.read

    async def slowly(page_id: str) -> object:
        if not delivering:  # the intake reads the entry afresh; the relay comes along meanwhile
            delivering.append(asyncio.create_task(harness.relay.deliver_once()))
            for _ in range(20):
                await asyncio.sleep(0)
        return await read(page_id)

    board.read = slowly  # type: ignore[assignment,method-assign]
    assert await harness.intake.poll_once() == 1
    await delivering[0]
    assert [values["Status"] for _, values in board.writes if "Status" in values] == ["Queued", "Cancelled"]


async def test_intake_does_not_judge_an_entry_while_it_is_being_written(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    looked: list[int] = []

    async def meanwhile() -> None:
        board.before_write = None
        judging = asyncio.create_task(harness.intake.poll_once())
        for _ in range(20):
            await asyncio.sleep(0)
        looking.append(judging)

    looking: list[asyncio.Task[int]] = []
    board.before_write = meanwhile
    board.entries["p1"].edited_at = harness.clock.now_ms()
    await harness.relay.deliver_once()
    looked.append(await looking[0])
    assert looked == [0]
    assert await harness.events("p1") == ["EntryQueued"]


async def test_a_stale_list_is_not_taken_for_an_edit(harness: Harness, board: BoardDouble) -> None:
    """The list was made before our write; what it shows of the entry is older than what we wrote."""
    await planned(harness, board)
    old = await board.edited_since(0)
    await harness.relay.deliver_once()

    async def stale(since_ms: int) -> object:
        return old

    board.edited_since = stale  # type: ignore[assignment,method-assign]
    assert await harness.intake.poll_once() == 0
    assert await harness.events("p1") == ["EntryQueued"]


async def test_a_down_board_is_tried_after_5_15_and_then_every_30_seconds(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    board.broken["read"] = BoardError("down", "no answer")
    waits = []
    for _ in range(6):
        await harness.relay.deliver_once()
        post = (await posts(harness, "entry"))[0]
        waits.append((post.due_at - harness.clock.now_ms()) / 1000)
        harness.clock.at = post.due_at
    assert waits == [5, 15, 30, 30, 30, 30]


async def test_a_busy_board_is_left_alone_for_as_long_as_it_asks(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    board.broken["read"] = BoardError("busy", "slow down", 95)
    await harness.relay.deliver_once()
    assert (await posts(harness, "entry"))[0].due_at == harness.clock.now_ms() + 95_000


async def test_an_entry_that_the_board_refuses_holds_up_no_other(
    harness: Harness, board: BoardDouble, caplog: pytest.LogCaptureFixture
) -> None:
    board.add("p2", Status="Queued")
    await planned(harness, board, "p1")
    await harness.finish("p2", (await harness.jobs("p2"))[0])
    board.broken_pages["p1"] = BoardError("rejected", "Status is expected to be number")
    await harness.relay.deliver_once()
    assert board.status("p2") == "Generating Assets"
    [post] = await posts(harness, "entry")
    assert (post.key, post.due_at) == ("p1", harness.clock.now_ms() + 300_000)
    [record] = [one for one in caplog.records if one.message == "relay_entry_refused"]
    assert record.__dict__["task"] == (await harness.task("p1")).id
    assert record.__dict__["channel"] == "wild"


async def test_two_failures_in_a_row_leave_the_rest_for_the_next_round(harness: Harness, board: BoardDouble) -> None:
    for number in range(4):
        board.add(f"p{number}", Status="Queued")
    await harness.intake.poll_once()
    board.broken["read"] = BoardError("down", "no answer")
    await harness.relay.deliver_once()
    assert sorted(post.attempts for post in await posts(harness, "entry")) == [0, 0, 1, 1]
    await harness.relay.deliver_once()
    assert [post.attempts for post in await posts(harness, "entry")] == [1, 1, 1, 1]


async def test_one_page_that_always_fails_holds_up_no_other(harness: Harness, board: BoardDouble) -> None:
    for number in range(4):
        board.add(f"p{number}", Status="Queued")
    await harness.intake.poll_once()
    board.broken_pages["p0"] = BoardError("down", "HTTP 500")
    assert await harness.relay.deliver_once() == 3
    assert [post.key for post in await posts(harness, "entry")] == ["p0"]


async def test_what_became_true_during_a_write_is_written_afterwards(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)

    async def finish_an_image() -> None:
        board.before_write = None
        await harness.finish("p1", next(job for job in await harness.jobs("p1") if job.step == "image"))

    board.before_write = finish_an_image
    await harness.relay.deliver_once()
    await harness.relay.deliver_once()
    assert board.entries["p1"].values["Progress"] == "plan 1/1, images 1/3, composites 0/2"


async def test_assets_follow_with_file_type_and_take(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    await harness.work("p1")
    await harness.relay.deliver_once()
    task = await harness.task("p1")
    rows = {row.key: row for row in board.assets.values()}
    assert set(rows) == {f"{task.id}/{name}" for name in
                         ("plan/plan", "image/bear_core", "image/place_1", "image/place_2", "composite/clip_01",
                          "composite/clip_02")}  # fmt: skip
    row = rows[f"{task.id}/image/place_1"]
    assert (row.page_id, row.name, row.kind, row.content) == ("p1", "place_1", "Image", b"image/place_1 0")


async def test_an_asset_that_is_there_already_is_not_sent_again(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    await harness.relay.deliver_once()
    task = await harness.task("p1")
    board.broken["put_asset"] = BoardError("down", "must not be called")

    def post_again(tx: object) -> None:
        from videod.core.ops import ShowAsset
        from videod.store import writes

        plan = reads.job(tx, task.id, "plan/plan")  # type: ignore[arg-type]
        assert plan is not None and plan.output is not None
        writes.show_asset(tx, task, ShowAsset("p1", "plan/plan", "Plan", plan.output, 0), harness.clock.now_ms())  # type: ignore[arg-type]

    await harness.store.write(post_again)
    await harness.relay.deliver_once()
    assert await posts(harness, "asset") == []


async def backup(harness: Harness, name: str = "backup.db") -> None:
    with (
        closing(sqlite3.connect(harness.folder / "videod.db")) as source,
        closing(sqlite3.connect(harness.folder / name)) as target,
    ):
        source.backup(target)


async def restore(harness: Harness, name: str = "backup.db") -> None:
    """A start with the database as it was at the backup; the board and the files are those of now."""
    await harness.store.close()
    for file in harness.folder.glob("videod.db*"):
        file.unlink()
    (harness.folder / name).rename(harness.folder / "videod.db")
    harness.open()


async def test_after_a_restore_no_file_gets_a_second_row(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    await backup(harness)
    await harness.work("p1")
    await harness.relay.deliver_once()
    rows = dict(board.assets)
    assert len(rows) == 6
    await restore(harness)
    await harness.work("p1")
    await harness.relay.deliver_once()
    assert set(board.assets) == set(rows) and await posts(harness, "asset") == []
    assert board.asked_for_rows == ["p1", "p1"]  # once in each life, not once a file


async def test_an_entry_that_the_backup_did_not_know_gets_no_second_rows(harness: Harness, board: BoardDouble) -> None:
    await backup(harness)
    await planned(harness, board)
    await harness.relay.deliver_once()
    rows = set(board.assets)
    assert len(rows) == 1
    await restore(harness)
    board.person_sets("p1", Status="Queued")
    await planned(harness, board)
    await harness.relay.deliver_once()
    assert set(board.assets) == rows and await posts(harness, "asset") == []


async def test_files_wait_while_nobody_knows_which_rows_there_are(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    board.broken["asset_rows"] = BoardError("down", "no answer")
    await harness.relay.deliver_once()
    assert not board.assets and len(await posts(harness, "asset")) == 1
    del board.broken["asset_rows"]
    harness.clock.pass_s(60)
    await harness.relay.deliver_once()
    assert len(board.assets) == 1 and await posts(harness, "asset") == []


async def test_an_asset_whose_file_is_gone_is_given_up(
    harness: Harness, board: BoardDouble, caplog: pytest.LogCaptureFixture
) -> None:
    await planned(harness, board)
    task = await harness.task("p1")
    for file in harness.workspace("wild", task.id).rglob("*.json"):
        file.unlink()
    await harness.relay.deliver_once()
    assert board.assets == {}
    assert await posts(harness, "asset") == []
    assert "relay_asset_missing" in [record.message for record in caplog.records]


async def test_entries_go_before_assets(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    order: list[str] = []
    write, put = board.write, board.put_asset

    async def writing(*given: object) -> None:
        order.append("entry")
        await write(*given)  # type: ignore[arg-type]

    async def putting(*given: object, fresh: bool = False, sha256: str = "", text: str = "") -> str:
        order.append("asset")
        return await put(*given, fresh=fresh, sha256=sha256, text=text)  # type: ignore[arg-type]

    board.write, board.put_asset = writing, putting  # type: ignore[assignment,method-assign]
    await harness.relay.deliver_once()
    assert order == ["entry", "asset"]


async def test_an_alert_does_not_wait_behind_a_board_that_hangs(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    await harness.fail("p1", Failure(Kind.INPUT, "the picture is refused"))
    hangs = asyncio.Event()
    board.before_write = hangs.wait  # type: ignore[assignment]
    running = asyncio.create_task(harness.relay.run())
    await eventually(lambda: harness.notifier.sent)
    assert "the picture is refused" in harness.notifier.sent[0]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_second_alert_goes_out_while_the_board_still_hangs(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    await planned(harness, board, "p2")
    hangs = asyncio.Event()
    board.before_write = hangs.wait  # type: ignore[assignment]
    running = asyncio.create_task(harness.relay.run())
    # two causes: failures of one kind and step within minutes are one message
    for number, kind in ((1, Kind.INPUT), (2, Kind.BUDGET)):
        await harness.fail(f"p{number}", Failure(kind, f"refused {number}"))
        await eventually(lambda: len(harness.notifier.sent) >= number)  # noqa: B023 - awaited here
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_alert_that_fails_is_tried_again(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    await harness.fail("p1", Failure(Kind.INPUT, "refused"))
    harness.notifier.trouble = BoardError("down", "Slack cannot be reached")
    await harness.relay.deliver_once()
    assert len(await posts(harness, "alert")) == 1
    harness.notifier.trouble = None
    harness.clock.pass_s(5)
    await harness.relay.deliver_once()
    assert len(harness.notifier.sent) == 1
    assert await posts(harness, "alert") == []


async def test_an_alert_leads_to_the_episode_on_videods_page(harness: Harness, board: BoardDouble) -> None:
    await planned(harness, board)
    harness.relay._page = "https://studio.example.com"
    await harness.fail("p1", Failure(Kind.INPUT, "refused"))
    await harness.relay.deliver_once()
    (sent,) = harness.notifier.sent
    task = await harness.task("p1")
    assert sent.endswith(f" https://studio.example.com/episodes/{task.id}") and "notion.so" not in sent


async def test_a_way_that_is_down_gets_the_alert_later_and_the_others_only_once(
    harness: Harness, board: BoardDouble
) -> None:
    await planned(harness, board)
    slack, mail = NotifierDouble(), NotifierDouble(trouble=BoardError("down", "450 greylisted"))
    harness.people(Way("slack", slack), Way("email", mail))
    await harness.fail("p1", Failure(Kind.INPUT, "refused"))
    await harness.relay.deliver_once()
    for _ in range(5):
        harness.clock.pass_s(300)
        await harness.relay.deliver_once()
    assert (len(slack.sent), len(mail.sent)) == (1, 0)
    assert "greylisted" in str((await posts(harness, "alert"))[0].problem)
    mail.trouble = None
    harness.clock.pass_s(300)
    await harness.relay.deliver_once()
    assert (len(slack.sent), len(mail.sent)) == (1, 1) and await posts(harness, "alert") == []


async def test_a_way_that_stays_down_is_given_up_after_hours_when_another_took_the_alert(
    harness: Harness, board: BoardDouble
) -> None:
    await planned(harness, board)
    slack, mail = NotifierDouble(), NotifierDouble(trouble=BoardError("down", "no answer"))
    harness.people(Way("slack", slack), Way("email", mail))
    await harness.fail("p1", Failure(Kind.INPUT, "refused"))
    for _ in range(7):
        await harness.relay.deliver_once()
        harness.clock.pass_s(3600)
    assert await posts(harness, "alert") == [] and len(slack.sent) == 1


async def test_an_alert_goes_only_where_its_level_is_wanted(harness: Harness, board: BoardDouble) -> None:
    slack, pager = NotifierDouble(), NotifierDouble()
    harness.people(Way("slack", slack), Way("pager", pager, Level.CRITICAL))
    at = harness.clock.now_ms()
    for key in ("imbalance:wild_earth", "disk"):
        await harness.ledger.alert(key, key, at)
    await harness.relay.deliver_once()
    assert slack.sent == ["imbalance:wild_earth", "disk"] and pager.sent == ["disk"]
    harness.people(Way("pager", pager, Level.CRITICAL))
    await harness.ledger.alert("loop x", "a loop failed", at)
    await harness.relay.deliver_once()
    assert pager.sent == ["disk"] and await posts(harness, "alert") == []  # the log has it


async def test_an_episode_goes_from_queued_to_published_by_intake_and_relay(
    harness: Harness, board: BoardDouble
) -> None:
    board.add("p1", Status="Queued")
    await harness.sync()
    seen = []
    for gate in list(Gate)[1:]:
        await harness.work("p1")
        await harness.sync()
        seen.append(board.status("p1"))
        harness.clock.pass_s(120)
        label = {Gate.ASSETS: "Assets", Gate.VIDEO: "Video", Gate.AUDIO: "Audio", Gate.FINAL: "Final"}[gate]
        board.person_sets("p1", Status=f"Approved - {label}")
        await harness.sync()
    await harness.work("p1")
    await harness.sync()
    assert seen == ["Assets Ready", "Video Ready", "Audio Ready", "Assembly Complete"]
    assert board.status("p1") == "Published"
    assert board.entries["p1"].values["YouTube URL"] == "https://youtu.be/v1"
    assert await harness.read(reads.pending_messages) == ()


@pytest.mark.fault("7.4")
async def test_an_entry_that_stays_refused_is_reported_once_however_many_others_are_taken(
    harness: Harness, board: BoardDouble
) -> None:
    board.add("p2", Status="Queued")
    await planned(harness, board, "p1")
    board.broken_pages["p1"] = BoardError("rejected", "Status is expected to be number")
    for _ in range(3):
        await harness.ledger.show((await harness.task("p2")).id, ("Progress",), harness.clock.now_ms())
        harness.clock.pass_s(301)
        await harness.relay.deliver_once()
        await harness.relay.deliver_once()
    assert len(harness.notifier.sent) == 1, harness.notifier.sent


@pytest.mark.fault("7.4")
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_refusal_that_comes_again_after_it_was_over_is_reported_again(
    harness: Harness, board: BoardDouble, restarted: bool
) -> None:
    await planned(harness, board, "p1")
    for told in (1, 2):
        board.broken_pages["p1"] = BoardError("rejected", "Status is expected to be number")
        await harness.ledger.show((await harness.task("p1")).id, ("Progress", "Status"), harness.clock.now_ms())
        harness.clock.pass_s(301)
        await harness.relay.deliver_once()
        await harness.relay.deliver_once()
        assert len(harness.notifier.sent) == told
        if restarted:
            await harness.restart()
        board.broken_pages.clear()
        harness.clock.pass_s(301)
        await harness.relay.deliver_once()


@pytest.mark.fault("12.9", "12.11")
@pytest.mark.parametrize("how", ["other words", "longer", "a link", "a pipe"])
async def test_a_file_that_changed_after_its_check_is_not_shown_and_people_are_shown_what_to_do(
    harness: Harness, board: BoardDouble, how: str
) -> None:
    await planned(harness, board)
    await harness.work("p1")
    task = await harness.task("p1")
    picture = harness.workspace("wild", task.id) / "image/place_1_r0.png"
    words = picture.read_bytes()
    picture.unlink()
    match how:
        case "other words":
            picture.write_bytes(words[::-1])
        case "longer":
            picture.write_bytes(words + b"x")
        case "a link":
            picture.symlink_to(harness.folder / "videod.db")
        case "a pipe":
            os.mkfifo(picture)
    await harness.relay.deliver_once()
    assert "place_1" not in {row.name for row in board.assets.values()}
    assert b"SQLite" not in b"".join(row.content for row in board.assets.values())
    (told,) = [text for text in harness.notifier.sent if "place_1" in text]
    assert f"`videod redo {task.id} image/place_1`" in told
    picture.unlink()
    picture.write_bytes(words)  # put back
    harness.clock.at += 301_000
    await harness.relay.deliver_once()
    assert "place_1" in {row.name for row in board.assets.values()}
