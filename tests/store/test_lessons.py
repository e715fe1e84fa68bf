"""The newest corrections of each channel are kept, one for each line."""

import sqlite3
from pathlib import Path

from videod.core.lessons import MOST
from videod.core.ops import ForgetLesson, KeepLesson
from videod.store.learned import write
from videod.store.lessons import lessons
from videod.store.schema import migrate


def test_the_newest_are_kept_and_a_line_is_one_lesson(tmp_path: Path) -> None:
    path = tmp_path / "videod.sqlite3"
    migrate(path)
    connection = sqlite3.connect(path)
    for at in range(MOST + 3):
        write(connection, KeepLesson("wild", "t", f"narration/clip_{at:02d}", "was", f"now {at}"), at)
    write(connection, KeepLesson("deep", "u", "narration/clip_01", "was", "else"), 1)
    found = lessons(connection, "wild")
    assert [one.now for one in found] == [f"now {at}" for at in range(MOST + 2, 2, -1)]
    write(connection, KeepLesson("wild", "t", "narration/clip_14", "now 14", "better"), 99)
    (newest, *_) = lessons(connection, "wild")
    assert (newest.was, newest.now) == ("was", "better")
    write(connection, KeepLesson("wild", "t", "narration/clip_14", "better", "was"), 100)
    assert "narration/clip_14" not in {one.job for one in lessons(connection, "wild")}, "it is as it was planned"
    (other,) = lessons(connection, "deep")
    write(connection, ForgetLesson("wild", other.number), 101)
    assert lessons(connection, "deep") == (other,), "a lesson of another channel"
    write(connection, ForgetLesson("deep", other.number), 102)
    assert lessons(connection, "deep") == ()
    connection.close()
