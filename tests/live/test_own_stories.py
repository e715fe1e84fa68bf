"""Episodes from a script and from a plan of one's own: published, word by word, and paid for only where asked."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import opentimelineio as otio
import pytest

from tests.harness.patience import until
from tests.live.board import Board
from tests.live.stage import Stage, stage
from tests.live.test_entries import videod
from videod.core.statuses import Status
from videod.sandbox.render.planner import make_plan

pytestmark = [pytest.mark.live, pytest.mark.long]
ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "stories.md"
LINES = ("A brown bear waits at the river for the fish.", "It is night before the first of them comes.")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("own") / "stage") as made:
        made.start()
        until(lambda: "daemon_start_done" in made.log.read_text(), made.log_tail)
        yield made
        made.stop()


def published(made: Stage, title: str) -> list[str]:
    """What is said in the film, clip by clip."""

    def done() -> bool:
        status = [row["status"] for row in made.rows("SELECT status FROM tasks WHERE title = ?", title)]
        assert not any(name.startswith("error") for name in status), made.log_tail()
        return status == ["published"]

    until(done, made.log_tail)
    rows = made.rows(
        "SELECT json_extract(args, '$.text') AS said FROM jobs WHERE step = 'narration' AND task_id ="
        " (SELECT id FROM tasks WHERE title = ?) ORDER BY key", title,
    )  # fmt: skip
    return [str(row["said"]) for row in rows]


def test_a_script_becomes_a_film_with_its_very_words(studio: Stage, tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("\n\n".join([*LINES]))
    done = videod(studio, "new", "The wait", "--channel", "wild_planet", "--script", str(script))
    assert done.returncode == 0, done.stderr
    assert "Your script has 2 clips, about 6 s of narration." in done.stdout
    assert published(studio, "The wait") == list(LINES)
    assert studio.bought("text") == 2 and not studio.bought_twice()


def test_a_plan_becomes_a_film_and_no_plan_is_bought(studio: Stage, tmp_path: Path) -> None:
    before = studio.bought("text")
    plan = make_plan("Title: The dive\nTopic: whales\nClips: 2\nImages: 3")
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    done = videod(studio, "new", "The dive", "--channel", "deep_ocean", "--plan", str(tmp_path / "plan.json"))
    assert done.returncode == 0, done.stderr
    assert published(studio, "The dive") == [clip["narration"] for clip in plan["clips"]]
    assert studio.bought("text") == before


def test_a_script_on_the_page_is_taken_as_it_stands_when_queued(studio: Stage, tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("It waits.")
    done = videod(studio, "new", "The ice", "--channel", "wild_planet", "--script", str(script))
    assert done.returncode == 65 and "Paragraph 1 (duration)" in done.stderr
    script.write_text("\n\n".join([*LINES]))
    done = videod(studio, "new", "The ice", "--channel", "wild_planet", "--script", str(script), "--draft", "--json")
    page = json.loads(done.stdout)["page_id"]
    with Board(studio.env) as board:
        blocks = board.blocks(page)
        board.rewrite(blocks[1], "It waits.")
        board.set_status(board.entry("The ice"), Status.QUEUED)
        until(lambda: board.entry("The ice")["Status"] == "Draft", studio.log_tail)
        assert "Paragraph 1 (duration): takes 0.6 s" in str(board.entry("The ice")["Error Log"])
        board.rewrite(blocks[1], "It waits for the ice to carry a bear.")
        board.set_status(board.entry("The ice"), Status.QUEUED)
    assert published(studio, "The ice") == ["It waits for the ice to carry a bear.", LINES[1]]


def test_its_edit_is_exported_for_other_editors(studio: Stage, tmp_path: Path) -> None:
    published(studio, "The wait")
    done = videod(studio, "export", "The wait", str(tmp_path / "out"), "--timeline", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["timeline"] == [f"edit/timeline.{end}" for end in ("otio", "xml", "kdenlive")]
    made = otio.adapters.read_from_file(str(tmp_path / "out" / "edit" / "timeline.otio"))
    length = "SELECT json_extract(facts, '$.duration_s') AS length FROM jobs WHERE step = 'cut'"
    cuts = studio.rows(f"{length} AND task_id LIKE 'the-wait-%' ORDER BY key")
    track = made.tracks[0]
    assert [round(clip.duration().value) for clip in track.find_clips()][:2] == [
        round(float(row["length"]) * 24) for row in cuts[:2]
    ]
    for clip in made.find_clips():
        assert (tmp_path / "out" / "edit" / clip.media_reference.target_url).is_file()


@pytest.mark.whole
def test_the_commands_of_the_guide_to_stories_do_what_it_says(studio: Stage) -> None:
    """Typed as they stand in docs/stories.md, from the folder that they are written for."""
    typed = [line for line in GUIDE.read_text().splitlines() if line.startswith(("videod new ", "videod plan check "))]
    assert [line.split()[1] for line in typed] == ["new", "plan", "new"]
    for line in typed:
        words = [str(ROOT / word) if word.startswith("docs/") else word for word in shlex.split(line)]
        if words[1] == "plan":  # asks no daemon, so it takes no settings
            plain = [sys.executable, "-m", *words]
            done = subprocess.run(plain, env=studio.env, capture_output=True, text=True, check=False)
        else:
            done = videod(studio, *words[1:])
        assert done.returncode == 0, f"{line}: {done.stderr}"
    with Board(studio.env) as board:
        until(lambda: len([row for row in board.entries() if row["Title"] == "The Crossing"]) == 2, studio.log_tail)
        made = [row for row in board.entries() if row["Title"] == "The Crossing"]
        for row in made:  # nobody waits for two whole films here
            board.set_status(row, Status.CANCELLED)
