"""An archive made in the middle of an episode is restored into an empty folder while the world went on without it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.board import Board
from tests.live.creator import TOPICS
from tests.live.stage import Stage, stage
from videod.core.statuses import LABELS, Status

pytestmark = pytest.mark.live


def videod(made: Stage, *words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "videod", *words, "--config", str(made.config), "--json"], env=made.env, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_nothing_is_bought_or_uploaded_again_before_a_person_says_so(tmp_path: Path) -> None:
    gates = {"gates": {"assets": "review", "video": "auto", "audio": "auto", "final": "auto"}}
    with stage(tmp_path, channel=gates) as made, Board(made.env) as board:
        made.start()
        added = videod(made, "new", "The crossing", "--channel", "wild_planet", "--topic", TOPICS[0],
                       "--direction", "A bear crosses a cold river.")  # fmt: skip
        page = str(added["page_id"])
        made.wait_for(Status.ASSETS_READY.value)
        made.wait_until_told()
        archive = made.folder / "videod.tar.gz"
        assert videod(made, "backup", "--archive", str(archive))["with_files"] is False
        videod(made, "approve", page)
        made.wait_for(Status.PUBLISHED.value)
        made.wait_until_told()
        made.stop()
        before = len(made.charges())

        made.state = made.folder / "another host"  # nothing is here
        made.env |= {"VIDEOD_PATHS_STATE": str(made.state)}
        told = videod(made, "restore", str(archive))
        (episode,) = told["paused"]  # type: ignore[misc]
        assert episode["board"] == LABELS[Status.PUBLISHED]
        assert len(episode["files_lost"]) == 3 and len(episode["unfinished"]) == 6  # a plan is in the archive
        assert told["usd"] == episode["usd"] > 0
        made.start()
        made.daemon_looks(4)
        assert len(made.charges()) == before
        reason = made.rows("SELECT paused FROM tasks")[0]["paused"]
        assert "restored from a backup" in reason and "the board showed Published" in reason

        videod(made, "resume", page)
        made.wait_for(Status.ERROR_ASSETS.value)  # its pictures are gone: what only money brings back is asked for again
        assert len(made.charges()) == before
        lost = [row["step"] + "/" + row["key"] for row in made.rows("SELECT * FROM jobs WHERE step = 'image'")]
        videod(made, "redo", page, *(name for name in lost if not name.endswith("_core")))
        made.wait_for(Status.ASSETS_READY.value)
        videod(made, "approve", page)
        made.wait_for(Status.PUBLISHED.value)
        made.wait_until_told()
        made.stop()
        booked = made.rows("SELECT cost_micros FROM tasks")[0]["cost_micros"]
        assert len(made.charges()) > before
        assert booked / 1e6 < sum(charge["usd"] for charge in made.charges())  # what was bought after the copy is gone
        videos = json.loads((made.root / "youtube" / "state.json").read_text())["videos"]
        assert len(videos) == 1
    assert board is not None
