"""An owner's older scripts work unchanged in the place of ours: see `own_scripts` for what they know and do."""

import json
from pathlib import Path

import pytest

from tests.harness.patience import until
from tests.live import own_scripts
from tests.live.board import Board
from tests.live.stage import Stage, stage
from videod.core.statuses import Status

pytestmark = pytest.mark.live

#: two clips, one with a character set into a place, one of a single picture
SMALL = {"clips": 2, "images": 4}
BEAR = ("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")


def jobs(made: Stage, step: str) -> list[dict[str, object]]:
    query = (
        "SELECT jobs.*, json_extract(jobs.facts, '$.width') AS width, json_extract(jobs.facts, '$.height') AS height"
        " FROM jobs WHERE step = ? ORDER BY key"
    )
    return [dict(row) for row in made.rows(query, step)]


def books(made: Stage) -> tuple[float, float]:
    """What the simulated services took, and what the ledger knows, US dollars."""
    paid = sum(float(str(charge["usd"])) for charge in made.charges())
    return paid, sum(row["micros"] for row in made.rows("SELECT micros FROM charges")) / 1e6


@pytest.mark.long
@pytest.mark.fault("9.1", "9.2", "9.3", "9.4", "9.9")
def test_an_episode_is_published_by_all_six_of_the_owners_scripts(tmp_path: Path) -> None:
    scripts = own_scripts.studio(tmp_path / "studio")
    with stage(
        tmp_path / "stage",
        channel=SMALL,
        settings=own_scripts.settings(scripts),
        env=own_scripts.host(tmp_path / "bin"),
    ) as made:
        made.start("--verbose")
        with Board(made.env) as board:
            board.write(*BEAR)
        made.wait_for("published")
        made.wait_until_told()

        made.check_purchases()
        paid, known = books(made)
        assert paid == pytest.approx(known, abs=0.005)
        # the keys and the voice of the channel, not those that lie beside the scripts
        voice = made.channel("wild_planet")["voice_id"]
        spoken = made.asked("elevenlabs", "/v1/text-to-speech/", "POST")
        assert {str(row["path"]).split("?")[0].rsplit("/", 1)[-1] for row in spoken} == {voice}
        # the composite of the character is the owner's, the picture that fills the frame was cropped by ours
        composites = {json.loads(str(job["args"]))["type"]: job for job in jobs(made, "composite")}
        assert sorted(composites) == ["cutout", "full"]
        assert all((job["width"], job["height"]) == (1920, 1080) for job in composites.values())
        # only the planner keeps receipts, which is ours
        assert [path.name for path in made.state.rglob("*.job.json")] == ["plan.json.job.json"]
        assert "listener_text_heard" in made.log.read_text()
        made.kill()  # quicker than a stop, which waits for last words to the board


@pytest.mark.fault("9.5")
@pytest.mark.long
def test_a_script_that_pays_and_ends_with_a_code_of_its_own_pays_once_until_a_person_decides(tmp_path: Path) -> None:
    scripts = own_scripts.studio(tmp_path / "studio", "clip:error:69")
    settings = f"[retry]\nwaits_min = [0.01]\n{own_scripts.settings(scripts)}"
    with (
        stage(tmp_path / "stage", channel=SMALL, settings=settings, env=own_scripts.host(tmp_path / "bin")) as made,
        Board(made.env) as board,
    ):
        made.start()
        board.write(*BEAR)
        made.wait_for("error_video")
        until(lambda: board.entry(BEAR[0])["Status"] == "Error: Video Generation Failed", made.log_tail)
        made.daemon_looks()
        clips = [job for job in jobs(made, "clip") if job["attempt"]]
        assert made.bought("clip") == len(clips)
        assert {job["state"] for job in clips} == {"in_doubt"}
        (task,) = made.rows("SELECT * FROM tasks")
        assert task["possible_micros"] == 420_000 * len(clips)
        log = str(board.entry(BEAR[0])["Error Log"])
        assert "ended with exit code 69" in log and "It may have paid ($0.42)" in log and "could not be fetched" in log

        # the owner corrects it; another script writes its file and ends badly all the same: the file counts
        (scripts["clip"].parent / ".env").write_text(f"{own_scripts.DOTENV}STUDIO_TROUBLE=narration:file:3\n")
        board.set_status(board.entry(BEAR[0]), Status.QUEUED)
        made.wait_for("published")
        assert made.bought("clip") == 2 + len(clips)
        assert made.bought("speech") == len(jobs(made, "narration")) == 2
        paid, known = books(made)
        (task,) = made.rows("SELECT * FROM tasks")
        assert paid == pytest.approx(known + task["possible_micros"] / 1e6, abs=0.005)
        made.kill()
