"""The edit goes to another editor, and the film that comes back is checked, approved and published like ours."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from scripts.lib.film import ffmpeg
from tests.harness.patience import until
from tests.live.board import Board
from tests.live.stage import stage
from tests.live.test_entries import videod
from videod.core.statuses import Status

pytestmark = [pytest.mark.live, pytest.mark.whole]
GATES = {"assets": "auto", "video": "auto", "audio": "auto", "final": "review"}


def test_a_film_that_another_editor_finished_is_put_back_and_published(tmp_path: Path) -> None:
    script, out = tmp_path / "script.txt", tmp_path / "out"
    script.write_text("A brown bear waits at the river for the fish.\n\nIt is night before the first of them comes.")
    with stage(tmp_path / "stage", channel={"gates": GATES}) as made:
        made.start()
        done = videod(made, "new", "The wait", "--channel", "wild_planet", "--script", str(script))
        assert done.returncode == 0, done.stderr
        made.wait_for("assembly_complete")
        done = videod(made, "export", "The wait", str(out), "--timeline", "--json")
        assert done.returncode == 0, done.stderr
        assert (out / json.loads(done.stdout)["timeline"][0]).is_file()
        (film,) = made.rows("SELECT task_id, output FROM jobs WHERE step = 'assemble'")
        ours = made.state / "workspaces" / "wild_planet" / film["task_id"] / film["output"]
        edited = tmp_path / "edited.mp4"  # an editor's own file of the same film
        told = ["-metadata", "comment=cut elsewhere", "-movflags", "+faststart", str(edited)]
        subprocess.run([ffmpeg.ffmpeg_path(), "-v", "error", "-y", "-i", str(ours), "-c", "copy", *told], check=True)
        done = videod(made, "put", film["task_id"], "film", str(edited), "--yes")
        assert done.returncode == 0, done.stderr
        made.wait_for("assembly_complete")
        sha256 = hashlib.sha256(edited.read_bytes()).hexdigest()
        (put,) = made.rows("SELECT sha256 FROM jobs WHERE step = 'assemble'")
        assert put["sha256"] == sha256
        with Board(made.env) as board:
            until(lambda: board.entry("The wait")["Status"] == "Assembly Complete", made.log_tail)
            board.set_status(board.entry("The wait"), Status.FINAL_APPROVED)
        made.wait_for("published")
        sent = [
            path for path in made.root.rglob("*") if path.is_file() and path.stat().st_size == edited.stat().st_size
        ]
        assert sha256 in {hashlib.sha256(path.read_bytes()).hexdigest() for path in sent}
        assert not made.bought_twice()
        made.stop()
