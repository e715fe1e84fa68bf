"""Files of channels with `storage: r2`: in their bucket, linked on the board, in nobody's way when the bucket fails."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow.board_double import BoardDouble, Clock
from tests.flow.bucket_double import WEEK_S, BucketsDouble, StorageDouble
from tests.flow.harness import Harness
from videod.flow.relay import REVIEW_OPENS_MS
from videod.ports import BoardError, StorageError
from videod.store import objects, reads, views
from videod.store.reads import OutboxMessage

DAY_S = 86_400
#: files of an episode at its first review: the plan, three images, two composites
FILES = 6
DOWN = StorageError("down", "the bucket films cannot be reached (timed out)")
DENIED = StorageError("credentials", "the bucket films refused: Access Denied [HTTP 403, AccessDenied]. Check the key")


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    clock = Clock()
    made = Harness(tmp_path, BoardDouble(clock), clock, buckets=BucketsDouble(StorageDouble(clock)))
    yield made
    await made.store.close()


@pytest.fixture
def bucket(harness: Harness) -> StorageDouble:
    assert isinstance(harness.buckets, BucketsDouble)
    return harness.buckets.storage


async def made(harness: Harness, board: BoardDouble, page: str, channel: str) -> str:
    """An episode up to its first review, nothing of it delivered; returns its id."""
    board.add(page, Status="Queued", Channel=channel)
    await harness.intake.poll_once()
    await harness.work(page)
    return (await harness.task(page)).id


async def pass_s(harness: Harness, seconds: float, step_s: float = 2.0) -> None:
    """Time passes as the relay lives through it: it looks every two seconds, or less often where nothing can happen."""
    end = harness.clock.now_ms() + seconds * 1000
    while harness.clock.now_ms() < end:
        harness.clock.pass_s(step_s)
        await harness.relay.deliver_once()


def links(board: BoardDouble) -> list[str]:
    return [row.url for row in board.assets.values()]


async def problems(harness: Harness) -> list[str]:
    return [one for one in await harness.read(views.problems) if "storage: r2" in one]


async def test_files_lie_in_the_bucket_and_rows_have_links_to_them(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    task = await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    rows = {row.key: row for row in board.assets.values()}
    assert len(rows) == len(bucket.objects) == FILES
    row = rows[f"{task}/image/place_1"]
    assert row.content == b"" and bucket.good(row.url)
    assert row.url.startswith(f"https://r2.example/films/videod/wild/{task}/image/place_1_r0")
    assert board.status("p1") == "Assets Ready" and await harness.read(reads.pending_messages) == ()


async def test_another_channel_keeps_its_files_on_the_board(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    await made(harness, board, "p1", "deep")
    await harness.relay.deliver_once()
    assert not bucket.tried and links(board) == [""] * FILES


@pytest.mark.parametrize("error", [DOWN, DENIED, StorageError("busy", "SlowDown", 120.0)], ids=lambda one: one.kind)
async def test_an_outage_of_an_hour_holds_up_the_rows_of_its_channel_and_nothing_else(
    harness: Harness, board: BoardDouble, bucket: StorageDouble, error: StorageError
) -> None:
    bucket.broken = error
    await made(harness, board, "p1", "wild")
    await made(harness, board, "p2", "deep")
    await pass_s(harness, 10)
    assert board.status("p2") == "Assets Ready" and len(board.assets) == FILES, "the other channel saw nothing of it"
    assert str(board.entries["p1"].values["Progress"]).endswith(f"; 0 of {FILES} files on the board")
    assert len(await problems(harness)) == 1
    await pass_s(harness, REVIEW_OPENS_MS / 1000)
    assert board.status("p1") == "Assets Ready", "the review opens without its files, and says why"
    assert "Not on the board yet: " in str(board.entries["p1"].values["Error Log"])
    assert str(error).rstrip(".") in str(board.entries["p1"].values["Error Log"])
    await pass_s(harness, 3600 - REVIEW_OPENS_MS / 1000 - 10, 10)
    assert len(bucket.tried) <= 20, "a bucket that fails is not hammered"
    [told] = [text for text in harness.notifier.sent if "r2" in text]
    assert str(error).rstrip(".") in told and "other channels continue" in told
    bucket.broken = None
    await pass_s(harness, 302)
    assert len(bucket.objects) == FILES and len(board.assets) == 2 * FILES and await problems(harness) == []
    assert all(map(bucket.good, filter(None, links(board)))) and await harness.read(reads.open_alerts) == ()
    assert "Not on the board" not in str(board.entries["p1"].values["Error Log"])
    tried = len(bucket.tried)
    await pass_s(harness, 60)
    assert len(bucket.tried) == tried, "and nothing is sent twice"


async def test_a_short_outage_wakes_nobody(harness: Harness, board: BoardDouble, bucket: StorageDouble) -> None:
    bucket.broken = DOWN
    await made(harness, board, "p1", "wild")
    await pass_s(harness, 100)
    bucket.broken = None
    await pass_s(harness, 200)
    assert len(bucket.objects) == FILES and harness.notifier.sent == [] and await problems(harness) == []


async def test_a_second_outage_is_reported_again(harness: Harness, board: BoardDouble, bucket: StorageDouble) -> None:
    for page in ("p1", "p2"):
        bucket.broken = DENIED
        await made(harness, board, page, "wild")
        await pass_s(harness, 400)
        bucket.broken = None
        await pass_s(harness, 400)
    assert len([text for text in harness.notifier.sent if "r2" in text]) == 2


async def test_an_outage_through_a_restart_is_reported_once_and_ends(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    bucket.broken = DENIED
    await made(harness, board, "p1", "wild")
    await pass_s(harness, 60)
    await harness.restart()
    await pass_s(harness, 60)
    assert len([text for text in harness.notifier.sent if "r2" in text]) == 1
    await harness.restart()
    bucket.broken = None
    await pass_s(harness, 60)
    assert await harness.read(reads.open_alerts) == () and await problems(harness) == []


async def test_one_file_that_is_refused_holds_up_no_other(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    task = await made(harness, board, "p1", "wild")
    name = f"videod/wild/{task}/image/place_1_r0.png"
    bucket.broken_names[name] = StorageError("rejected", "the bucket films refused: too large [HTTP 400]")
    await pass_s(harness, 700)
    assert len(bucket.objects) == FILES - 1 and bucket.tried.count(name) <= 4
    [told] = [text for text in harness.notifier.sent if "too large" in text]
    assert "image/place_1" in told and board.status("p1") == "Assets Ready"


async def test_a_file_that_changed_after_its_check_is_neither_stored_nor_linked(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    task = await made(harness, board, "p1", "wild")
    (harness.workspace("wild", task) / "image/place_1_r0.png").write_bytes(b"another picture")
    await pass_s(harness, 20)
    assert not any("place_1" in name for name in bucket.objects)
    assert not any("place_1" in row.key for row in board.assets.values())
    assert len([text for text in harness.notifier.sent if "place_1" in text]) == 1


async def test_files_that_are_gone_wait_for_nobody(harness: Harness, board: BoardDouble, bucket: StorageDouble) -> None:
    bucket.broken = DOWN
    task = await made(harness, board, "p1", "wild")
    await pass_s(harness, 10)
    for folder in ("image", "composite"):
        for file in (harness.workspace("wild", task) / folder).iterdir():
            file.unlink()
    bucket.broken = None
    await pass_s(harness, 700)
    assert len(bucket.objects) == 1 and await harness.read(reads.pending_messages) == ()


async def test_an_upload_that_ends_while_its_row_begins_to_wait_keeps_no_row_waiting(
    harness: Harness, board: BoardDouble, bucket: StorageDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways work side by side: the row looks, the upload ends and wakes whoever waits, then the row waits."""
    await made(harness, board, "p1", "wild")
    postpone = harness.ledger.postpone

    async def late(message: OutboxMessage, due_at: int, delay: str, problem: str, tried: bool = True) -> None:
        if delay == reads.STORAGE:
            await harness.relay._storing.deliver()
        await postpone(message, due_at, delay, problem, tried)

    monkeypatch.setattr(harness.ledger, "postpone", late)
    await harness.relay._deliver_board()
    assert len(links(board)) == len(bucket.objects) == FILES
    await harness.relay._deliver_board()
    assert board.status("p1") == "Assets Ready" and await harness.read(reads.pending_messages) == ()


async def test_a_crash_between_upload_and_row_sends_the_file_once(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    board.broken["put_asset"] = BoardError("down", "no answer")
    await made(harness, board, "p1", "wild")
    await pass_s(harness, 10)
    assert len(bucket.objects) == FILES and not board.assets
    await harness.restart()
    board.broken.clear()
    await pass_s(harness, 60)
    assert len(bucket.tried) == FILES and len(board.assets) == FILES


# ------------------------------------------------------------------------------------------- links


async def test_links_are_renewed_before_they_end_for_as_long_as_the_settings_say(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    assert isinstance(harness.buckets, BucketsDouble)
    harness.buckets.days = 60
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    first = links(board)
    for _ in range(4 * 59):
        await pass_s(harness, 6 * 3600, 6 * 3600)
        assert all(map(bucket.good, links(board))), "no link on a row ever ends"
    assert not set(first) & set(links(board)) and len(board.assets) == FILES
    await pass_s(harness, 20 * DAY_S, DAY_S)
    assert not any(map(bucket.good, links(board)))
    harness.buckets.days = 0  # forever
    await pass_s(harness, 10)
    assert all(map(bucket.good, links(board)))


async def test_links_that_ended_while_nobody_ran_are_renewed_at_once(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    harness.clock.pass_s(30 * DAY_S)
    assert not any(map(bucket.good, links(board)))
    await harness.restart()
    await harness.relay.deliver_once()
    assert all(map(bucket.good, links(board))) and len(bucket.tried) == FILES, "nothing is sent again for it"


async def test_a_board_that_is_down_when_links_are_due_is_asked_again_later(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    asked: list[str] = []
    link_asset = board.link_asset

    async def counted(asset_id, link):  # type: ignore[no-untyped-def]
        asked.append(asset_id)
        await link_asset(asset_id, link)

    board.link_asset = counted  # type: ignore[method-assign]
    board.broken["link_asset"] = BoardError("down", "no answer")
    harness.clock.pass_s(5 * DAY_S)
    await pass_s(harness, 600)
    assert 8 <= len(asked) <= 11, "once a minute"
    board.broken.clear()
    await pass_s(harness, 62)
    assert await harness.read(objects.first_end) == pytest.approx(harness.clock.now_ms() + WEEK_S * 1000, abs=62_000)
    assert all(map(bucket.good, links(board)))


async def test_a_row_that_a_person_deleted_is_not_regenerated_for_its_link(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    del board.assets[next(iter(board.assets))]
    for _ in range(20):
        await pass_s(harness, DAY_S, DAY_S)
    assert len(board.assets) == FILES - 1 and all(map(bucket.good, links(board)))


async def test_a_row_that_the_board_refuses_keeps_no_other_from_its_link(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    odd = next(iter(board.assets))
    board.broken_pages[odd] = BoardError("rejected", "File is a number")
    for _ in range(8):
        await pass_s(harness, DAY_S, DAY_S)
    assert [bucket.good(row.url) for name, row in board.assets.items() if name != odd] == [True] * (FILES - 1)
    board.broken_pages.clear()
    await pass_s(harness, 3700, 100)
    assert all(map(bucket.good, links(board)))


async def test_a_clock_that_was_ahead_leaves_no_link_that_is_not_good_yet(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    before = links(board)
    harness.clock.at -= DAY_S * 1000
    await harness.ledger.set_back(DAY_S * 1000, harness.clock.now_ms())
    harness.clock.pass_s(1)
    await harness.relay.deliver_once()
    assert not set(before) & set(links(board))


async def test_a_channel_that_goes_back_to_the_board_keeps_the_links_of_before(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    assert isinstance(harness.buckets, BucketsDouble)
    harness.buckets.using = ()
    await made(harness, board, "p2", "wild")
    for _ in range(10):
        await pass_s(harness, DAY_S, DAY_S)
    assert sorted(map(bool, links(board))) == [False] * FILES + [True] * FILES
    assert all(map(bucket.good, filter(None, links(board))))


async def test_another_bucket_gets_only_what_is_made_from_then_on(
    harness: Harness, board: BoardDouble, bucket: StorageDouble
) -> None:
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    bucket.where, bucket.objects = "https://r2.example/other", {}
    await made(harness, board, "p2", "wild")
    await harness.relay.deliver_once()
    assert len(bucket.objects) == FILES and sum(map(bucket.good, links(board))) == FILES
