"""Who looks at uploaded films: when it is due, all of a channel in one question, and over every restart."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, StudioBox, at_once
from videod.adapters.youtube_questions import YouTubeTrouble
from videod.core.statuses import Status
from videod.daemon.verdicts import AGAIN_MS, VerdictWatch
from videod.ports import TokenError
from videod.store import reads


class YouTubeDouble:
    """Answers what the test says of each video; `trouble` is raised instead."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.says: dict[str, dict[str, object]] = {}
        self.trouble: Exception | None = None

    async def video_status(self, channel_id: str, video_ids: Sequence[str]) -> dict[str, dict[str, object]]:
        self.asked.append((channel_id, tuple(video_ids)))
        if self.trouble is not None:
            raise self.trouble
        usual = {"uploadStatus": "uploaded"}
        return {one: {"status": self.says.get(one, usual)} for one in video_ids}


class Watched:
    def __init__(self, folder: Path) -> None:
        self.box, self.youtube, self.own = StudioBox(folder), YouTubeDouble(), False
        self.restart()

    def restart(self) -> None:
        clock = self.box.clock
        clock.steady_ms = clock.now_ms  # type: ignore[attr-defined]
        self.watch = VerdictWatch(self.box.store, self.box.ledger, clock, self.youtube, lambda: self.own)  # type: ignore[arg-type]

    def film(self, title: str, channel: str = "wild_earth") -> str:
        return self.box.bring_to(self.box.queue(title, channel), Status.PUBLISHED)

    def after(self, ms: int) -> int:
        self.box.clock.at += ms
        return at_once(self.watch.look())


@pytest.fixture
def house(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.mark.fault("4.5")
def test_a_rejection_reaches_board_and_people_and_a_restart_forgets_nothing(house: Watched) -> None:
    task = house.film("Bears")
    assert house.after(1000) == 0, "not before its time"
    assert house.after(MINUTE) == 1
    house.restart()
    assert house.after(1000) == 0
    video = house.box.task(task).youtube_id
    assert video is not None
    house.youtube.says[video] = {"uploadStatus": "rejected", "rejectionReason": "duplicate"}
    assert house.after(5 * MINUTE) == 1
    assert house.box.task(task).status is Status.ERROR_UPLOAD
    rows = at_once(house.box.store.read(reads.pending_messages))
    assert [row.body["Status"] for row in rows if row.target == "entry"] == ["Error: Upload Failed"]
    (alert,) = [str(row.body["text"]) for row in rows if row.target == "alert" and "rejected" in str(row.body["text"])]
    assert "it is a duplicate of another video" in alert
    assert house.after(30 * HOUR) == 0, "it is not asked about again"


@pytest.mark.fault("4.5")
def test_films_of_one_channel_are_one_question(house: Watched) -> None:
    for title in ("Bears", "Owls", "Foxes"):
        house.film(title)
    house.film("Squids", "deep_sea")
    house.after(HOUR)
    assert sorted((channel, len(ids)) for channel, ids in house.youtube.asked) == [("deep_sea", 1), ("wild_earth", 3)]


@pytest.mark.fault("4.5")
@pytest.mark.parametrize(
    "trouble", [YouTubeTrouble("down", "503"), YouTubeTrouble("quota", "none"), TokenError("no", True)]
)
def test_a_question_without_an_answer_is_asked_again_later_and_counts_for_nothing(
    house: Watched, trouble: Exception
) -> None:
    task = house.film("Bears")
    house.youtube.trouble = trouble
    assert house.after(HOUR) == 0
    assert house.after(MINUTE) == 0 and len(house.youtube.asked) == 1
    assert house.box.task(task).verdict_looks == 0
    house.youtube.trouble = None
    assert house.after(AGAIN_MS) == 1


@pytest.mark.fault("4.5")
def test_the_questions_of_a_week_are_few(house: Watched) -> None:
    house.film("Bears")
    for _ in range(8 * 24 * 12):
        house.after(5 * MINUTE)
    assert 10 <= len(house.youtube.asked) <= 15


def test_what_a_custom_script_uploads_is_asked_of_nobody(house: Watched) -> None:
    task = house.film("Bears")
    house.own = True
    house.after(HOUR)
    assert house.youtube.asked == [] and house.box.task(task).verdict_due is None
