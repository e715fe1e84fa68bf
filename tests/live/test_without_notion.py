"""A film without Notion: the command line is the board, from draft to published film, with a kill on the way."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.patience import until
from tests.live.stage import Stage, stage
from videod.core.statuses import Status

pytestmark = [pytest.mark.live, pytest.mark.long]

REVIEWED = {
    "clips": 2, "images": 2,
    "gates": {"story": "auto", "assets": "review", "video": "auto", "audio": "auto", "final": "review"},
}  # fmt: skip
CROSSING = ("--channel", "wild_planet", "--topic", "brown bears", "--direction", "A bear crosses a cold river.")


def videod(made: Stage, *words: str, code: int | None = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "videod", *words, "--config", str(made.config)], env=made.env, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert code in (None, done.returncode), (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_a_film_is_made_and_published_without_a_call_to_notion(tmp_path: Path) -> None:
    with stage(tmp_path, channel=REVIEWED, sandbox=("--generation", "0.5"), board="none") as made:
        assert "NOTION_TOKEN" not in made.env
        made.start()
        until(lambda: "daemon_start_done" in made.log.read_text(), made.log_tail)
        page = json.loads(videod(made, "new", "A draft", *CROSSING, "--draft", "--json"))["page_id"]
        videod(made, "entries", "edit", page, "--title", "The crossing", "--priority", "high", "--queue")
        until(lambda: made.rows("SELECT 1 FROM jobs WHERE state = 'running'"), made.log_tail)
        made.kill()
        videod(made, "new", "Typed while nothing ran", *CROSSING, "--draft")
        made.start()
        made.wait_for(Status.ASSETS_READY.value)
        (job,) = made.rows("SELECT step || '/' || key AS name FROM jobs WHERE step = 'image' ORDER BY key LIMIT 1")
        videod(made, "redo", "crossing", str(job["name"]), "--note", "in the rain", "--yes")
        until(
            lambda: made.rows("SELECT 1 FROM jobs WHERE step = 'image' AND revision = 1 AND state = 'done'"),
            made.log_tail,
        )
        made.wait_for(Status.ASSETS_READY.value)
        made.wait_until_told()
        videod(made, "approve", "crossing", "--gate", "assets")
        made.wait_for(Status.ASSEMBLY_COMPLETE.value)
        assert "is a draft and not an episode yet" in videod(made, "why", "Typed while", code=66)
        videod(made, "approve", "crossing")
        made.wait_for(Status.PUBLISHED.value)
        made.wait_until_told()
        (entry,) = made.rows("SELECT shown FROM entries WHERE page_id = ?", page)
        shown = json.loads(entry["shown"])
        assert (shown["Status"], shown["Title"], shown["Priority"]) == ("Published", "The crossing", "High")
        assert "youtu" in shown["YouTube URL"] and shown["Cost"] > 0
        assert made.asked("notion") == []
        assert "nothing to do in Notion" not in videod(made, "status")
        assert "Notion is not needed" in videod(made, "doctor", "--offline", code=None)
        assert made.stop() == 0
        beyond = made.bought_beyond()
        del beyond["text"]
        assert beyond == {"image": 1}, "what was drawn again"
