"""Files that are larger than the board takes: their rows get small previews, and nothing waits for that."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.flow.board_double import BoardDouble, Clock
from tests.flow.bucket_double import BucketsDouble, StorageDouble
from tests.flow.harness import Harness
from tests.flow.test_storing import made
from videod.core.previews import name_of
from videod.flow import previews
from videod.flow.relay import REVIEW_OPENS_MS
from videod.ports import BoardError, PreviewError
from videod.store import reads

SMALL = b"small"
#: of an episode at its first review: three images, two composites; beside them stands the plan
PICTURES = 5


@dataclass
class PreviewsDouble:
    """`asked` lists the sources for which one was to be made; `broken` is raised instead of making one."""

    folder: Path
    asked: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    broken: PreviewError | None = None

    def ready(self, mark: str, source: Path, limit: int) -> Path | None:
        made = self.folder / mark / name_of(source.name)
        return made if made.exists() and made.stat().st_size <= limit else None

    async def make(self, mark: str, source: Path, sha256: str, limit: int) -> Path:
        self.asked.append(source.name)
        if self.broken is not None:
            raise self.broken
        made = self.folder / mark / name_of(source.name)
        made.parent.mkdir(parents=True)
        made.write_bytes(SMALL)
        return made

    def drop(self, mark: str) -> None:
        self.dropped.append(mark)
        for left in (self.folder / mark).glob("*"):
            left.unlink()

    def keep(self, marks: Collection[str]) -> None:
        for left in self.folder.glob("*"):
            if left.name not in marks:
                self.drop(left.name)


@pytest.fixture
def maker(tmp_path: Path) -> PreviewsDouble:
    return PreviewsDouble(tmp_path / "previews")


@pytest.fixture
async def harness(tmp_path: Path, maker: PreviewsDouble, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Harness]:
    monkeypatch.setattr(previews, "EVERY_BOARD", 0)
    clock = Clock()
    one = Harness(tmp_path, BoardDouble(clock, takes_bytes=10), clock, previews=maker)
    yield one
    await one.store.close()


async def pass_s(harness: Harness, seconds: int) -> None:
    """Time passes, the relay looks every five seconds."""
    for _ in range(0, seconds, 5):
        harness.clock.pass_s(5)
        await harness.relay.make_previews()
        await harness.relay.deliver_once()


async def test_a_file_that_is_too_large_is_shown_by_a_preview_that_says_so(
    harness: Harness, board: BoardDouble, maker: PreviewsDouble
) -> None:
    task = await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    assert "being made" in str([one.problem for one in await harness.read(reads.pending_messages)])
    assert board.status("p1") != "Assets Ready", "the review waits for its files"
    await pass_s(harness, 10)
    rows = {row.key: row for row in board.assets.values()}
    assert board.status("p1") == "Assets Ready" and len(maker.asked) == len(set(maker.asked)) == PICTURES
    row = rows[f"{task}/image/place_1"]
    file = harness.workspace("wild", task) / "image/place_1_r0.png"
    assert row.content == SMALL and row.name.startswith(f"place_1 (preview, the full file is {file} on ")
    assert rows[f"{task}/plan/plan"].content != SMALL, "a plan has no preview"
    assert file.read_bytes() != SMALL and len(maker.dropped) == PICTURES + 1
    assert await harness.read(reads.pending_messages) == ()


async def test_a_board_that_takes_all_gets_the_files_themselves(
    harness: Harness, board: BoardDouble, maker: PreviewsDouble
) -> None:
    board.takes_bytes = 5 << 30
    await made(harness, board, "p1", "wild")
    await pass_s(harness, 5)
    assert (
        not maker.asked
        and SMALL not in [row.content for row in board.assets.values()]
        and len(board.assets) == PICTURES + 1
    )
    assert not any("preview" in row.name for row in board.assets.values())


async def test_a_restart_makes_no_preview_twice_and_forgets_what_nobody_waits_for(
    harness: Harness, board: BoardDouble, maker: PreviewsDouble
) -> None:
    await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    await harness.relay.make_previews()
    (maker.folder / "of-another-life").mkdir()
    await harness.restart()
    await pass_s(harness, 10)
    assert len(maker.asked) == PICTURES and board.status("p1") == "Assets Ready"
    assert "of-another-life" in maker.dropped


async def test_previews_that_fail_hold_up_neither_the_review_nor_another_channel(
    harness: Harness, board: BoardDouble, maker: PreviewsDouble
) -> None:
    maker.broken = PreviewError("down", "no preview of place_1 could be made: No space left on device")
    await made(harness, board, "p1", "wild")
    await pass_s(harness, REVIEW_OPENS_MS // 1000 + 30)
    assert board.status("p1") == "Assets Ready" and "No space left" in str(board.entries["p1"].values["Error Log"])
    assert len(maker.asked) <= PICTURES * 12, "it is tried once a minute"
    assert not [text for text in harness.notifier.sent if "preview" in text]
    maker.broken = None
    await pass_s(harness, 120)
    assert len(board.assets) == PICTURES + 1 and await harness.read(reads.pending_messages) == ()


async def test_a_file_without_a_possible_preview_is_reported_once_and_tried_again(
    harness: Harness, board: BoardDouble, maker: PreviewsDouble
) -> None:
    maker.broken = PreviewError("rejected", "place_1_r0.png has no preview that fits into 10 bytes")
    await made(harness, board, "p1", "wild")
    await pass_s(harness, 900)
    [told] = [text for text in harness.notifier.sent if "preview" in text]
    assert "has no preview that fits" in told and len(maker.asked) <= PICTURES * 4
    maker.broken = None
    await pass_s(harness, 600)
    assert len(board.assets) == PICTURES + 1 and await harness.read(reads.open_alerts) == ()


async def test_a_source_that_changed_is_a_matter_of_its_file_as_ever(
    harness: Harness, board: BoardDouble, maker: PreviewsDouble
) -> None:
    maker.broken = PreviewError("changed", "it is not the file that was checked")
    task = await made(harness, board, "p1", "wild")
    (harness.workspace("wild", task) / "image/place_1_r0.png").write_bytes(b"something else instead")
    await pass_s(harness, 60)
    assert [text for text in harness.notifier.sent if "is not shown on the board" in text]
    assert f"{task}/image/place_1" not in {row.key for row in board.assets.values()}


async def test_what_waits_while_its_files_are_removed_is_over(
    harness: Harness, board: BoardDouble, maker: PreviewsDouble
) -> None:
    task = await made(harness, board, "p1", "wild")
    await harness.relay.deliver_once()
    for folder in ("image", "composite"):
        for file in (harness.workspace("wild", task) / folder).iterdir():
            file.unlink()
    await pass_s(harness, 20)
    assert not maker.asked and await harness.read(reads.pending_messages) == ()


async def test_a_question_that_the_board_does_not_answer_is_asked_again(
    harness: Harness, board: BoardDouble, maker: PreviewsDouble
) -> None:
    await made(harness, board, "p1", "wild")
    board.broken["file_limit"] = BoardError("down", "no answer")
    await pass_s(harness, 20)
    assert not maker.asked
    del board.broken["file_limit"]
    await pass_s(harness, 90)
    assert len(board.assets) == PICTURES + 1


async def test_files_in_a_bucket_are_linked_whole(
    tmp_path: Path, maker: PreviewsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "EVERY_BOARD", 0)
    clock = Clock()
    board = BoardDouble(clock, takes_bytes=10)
    harness = Harness(tmp_path, board, clock, buckets=BucketsDouble(StorageDouble(clock)), previews=maker)
    await made(harness, board, "p1", "wild")
    await pass_s(harness, 10)
    assert not maker.asked and all(row.url for row in board.assets.values()) and len(board.assets) == PICTURES + 1
    await harness.store.close()
