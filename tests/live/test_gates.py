"""Reviews: nothing behind one is bought before a person approves, and what is flagged is created again, nothing
else."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.harness.patience import until
from tests.live.board import Board, Row
from tests.live.stage import ORDERS, Stage, stage
from videod.core.statuses import LABELS, Status

pytestmark = pytest.mark.live

BEAR = ("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")
SMALL = {"clips": 2, "images": 2}
QUICK = ("--generation", "0.5")
#: how many of its looks at the board the daemon is watched at a review where money would be spent behind it
WATCHED = 6


def gates(**modes: str) -> dict[str, object]:
    return SMALL | {"gates": {"assets": "review", "video": "review", "audio": "review", "final": "review"} | modes}


def bought(made: Stage) -> Counter[str]:
    return Counter(str(charge["kind"]) for charge in made.charges())


def jobs(made: Stage, step: str) -> dict[str, dict[str, object]]:
    rows = made.rows("SELECT * FROM jobs WHERE step = ? ORDER BY key", step)
    return {str(row["key"]): dict(row) for row in rows}


def rests(made: Stage, status: Status, looks: int, **purchases: int) -> None:
    """The task comes to `status` and stays there with exactly these purchases."""
    made.wait_for(status.value)
    busy = "SELECT 1 FROM jobs WHERE state IN ('ready', 'running') AND step NOT IN ('cut', 'thumbnail')"
    assert not made.rows(busy)
    made.daemon_looks(looks)
    assert made.statuses() == [status.value]
    assert bought(made) == purchases


def approve(made: Stage, *words: str) -> str:
    """`videod approve` as a person types it."""
    done = subprocess.run(
        [sys.executable, "-m", "videod", "approve", *words, "--config", str(made.config)], env=made.env, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout


def shows(board: Board, status: Status, title: str = BEAR[0]) -> Row:
    """The entry, once the board shows this status."""

    def look() -> Row:
        entry = board.entry(title)
        return entry if entry["Status"] == LABELS[status] else {}

    return until(look, lambda: board.entry(title))


def retitle(made: Stage, board: Board, entry: Row, title: str) -> None:
    """Correct the title on the board, and wait until videod has taken it."""
    board.set_title(entry, title)
    until(lambda: made.rows("SELECT 1 FROM tasks WHERE title = ?", title), made.log_tail)


def on_youtube(made: Stage) -> list[str]:
    videos = json.loads((made.root / "youtube" / "state.json").read_text())["videos"]
    return [video["snippet"]["title"] for video in videos.values()]


@pytest.mark.long
@pytest.mark.fault("2.1")
def test_at_each_review_the_daemon_waits_and_buys_nothing_until_a_person_approves(tmp_path: Path) -> None:
    with stage(tmp_path, channel=gates(), sandbox=QUICK) as made, Board(made.env) as board:
        made.start()
        board.write(*BEAR)

        images = {"text": ORDERS["plan"], "image": 2}
        rests(made, Status.ASSETS_READY, WATCHED, **images)
        entry = shows(board, Status.ASSETS_READY)
        assert "Approving will cost about $0.84" in str(entry["Progress"])
        assert "lines have a source" in str(entry["Progress"])
        retitle(made, board, entry, "Corrected with the assets")
        board.set_status(entry, Status.ASSETS_APPROVED)

        clips = images | {"clip": 2}
        rests(made, Status.VIDEO_READY, WATCHED, **clips)
        retitle(made, board, shows(board, Status.VIDEO_READY, "Corrected with the assets"), "Corrected with the clips")
        told = approve(made, "Corrected with the clips", "--gate", "video")
        assert (
            "Corrected with the clips" in told and "This will cost about $0.25" in told
        )  # two effects and a cent of narration

        sounds = clips | {"speech": 2, "sound_effect": 2}
        rests(made, Status.AUDIO_READY, 0, **sounds)
        # cuts and film cost nothing, so they are made while one still listens
        until(lambda: {job["state"] for job in jobs(made, "cut").values()} == {"done"}, made.log_tail)
        until(lambda: jobs(made, "assemble")["film"]["state"] == "done", made.log_tail)
        assert made.statuses() == [Status.AUDIO_READY.value]
        entry = shows(board, Status.AUDIO_READY, "Corrected with the clips")
        retitle(made, board, entry, "Corrected with the sound")
        board.set_status(entry, Status.AUDIO_APPROVED)

        rests(made, Status.ASSEMBLY_COMPLETE, 3, **sounds)
        assert not list((made.root / "youtube").rglob("*.mp4"))
        retitle(
            made, board, shows(board, Status.ASSEMBLY_COMPLETE, "Corrected with the sound"), "The title that counts"
        )
        approve(made, "The title that counts")
        made.wait_for(Status.PUBLISHED.value)
        assert on_youtube(made) == ["The title that counts"]
        assert bought(made) == sounds | {"upload": 1}
        made.kill()


@pytest.mark.long
def test_at_the_review_of_the_clips_only_the_flagged_one_is_bought_again(tmp_path: Path) -> None:
    channel = gates(assets="auto", audio="auto", final="auto")
    with stage(tmp_path, channel=channel, sandbox=QUICK) as made, Board(made.env) as board:
        made.start()
        board.write(*BEAR)
        made.wait_for(Status.VIDEO_READY.value)  # past the review of the assets, as the channel's file says
        first = bought(made)
        assert first["clip"] == 2
        entry = shows(board, Status.VIDEO_READY)
        row = until(lambda: board.assets(entry).get("clip/clip_01"), made.log_tail)
        assert row is not None and (row["Redo"], row["Revision"]) == (False, 0)
        (videos,) = made.state.glob("workspaces/wild_planet/*/videos")
        assert board.file(row) == (videos / "clip_01.mp4").read_bytes()

        board.tick_redo(row)
        board.set_status(entry, Status.GENERATING_VIDEO)
        until(lambda: jobs(made, "clip")["clip_01"]["revision"] == 1, made.log_tail)
        made.wait_for(Status.VIDEO_READY.value)
        assert bought(made) == first + Counter(clip=1)
        newer = until(lambda: _take(board, entry, 1), made.log_tail)
        assert (newer["id"], newer["Name"], newer["Redo"]) == (row["id"], "clip_01, take 2", False)
        assert board.file(newer) == (videos / "clip_01_r1.mp4").read_bytes()

        board.set_status(shows(board, Status.VIDEO_READY), Status.VIDEO_APPROVED)
        made.wait_for(Status.PUBLISHED.value)  # the other reviews are passed as the channel's file says
        cuts = jobs(made, "cut")
        assert [cuts[key]["output"] for key in sorted(cuts)] == ["cuts/clip_01_r1.mov", "cuts/clip_02.mov"]
        assert bought(made) == first + Counter(clip=1, speech=2, sound_effect=2, upload=1)
        asked = made.rows("SELECT body ->> '$.gate' AS gate FROM history WHERE event = 'GateApproved'")
        assert [row["gate"] for row in asked] == ["video"]
        made.kill()


def _take(board: Board, entry: Row, revision: int) -> Row:
    row = board.assets(entry)["clip/clip_01"]
    return row if row["Revision"] == revision else {}
