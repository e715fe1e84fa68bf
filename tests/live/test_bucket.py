"""A channel with `storage: r2` beside one without, through the real daemon: a bucket that fails, then works."""

from pathlib import Path

import httpx
import pytest
import yaml

from tests.harness.patience import until
from tests.live.board import Board
from tests.live.stage import Stage, stage
from videod.sandbox.s3 import BUCKET

pytestmark = [pytest.mark.live, pytest.mark.whole]


def files_of(made: Stage, channel: str) -> list[str]:
    rows = made.rows(
        "SELECT sha256 FROM asset_pages WHERE sha256 <> '' AND key IN"
        " (SELECT tasks.id || '/' || step || '/' || key FROM jobs JOIN tasks ON tasks.id = task_id"
        "  WHERE tasks.channel_id = ?)",
        channel,
    )
    return [str(row["sha256"]) for row in rows]


def test_files_of_one_channel_go_to_its_bucket_and_a_bucket_that_fails_stops_no_episode(tmp_path: Path) -> None:
    with stage(tmp_path, sandbox=("--s3",), settings=f'[r2]\nbucket = "{BUCKET}"\n') as made:
        path = made.channels / "wild_planet.yaml"
        path.write_text(yaml.safe_dump(made.channel("wild_planet") | {"storage": "r2"}))
        made.start()
        with Board(made.env) as board:
            board.write("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")
            board.write("The deep", "deep_ocean", "octopus", "An octopus hides in a reef.")
            until(lambda: made.rows("SELECT 1 FROM tasks WHERE status = 'generating_assets'"), made.log_tail)
            made.fault(service="s3", kind="status", status=503, body="<h1>down</h1>")
            made.wait_for("published", tasks=2, times=3)
            until(lambda: files_of(made, "deep_ocean"), made.log_tail)
            made.admin("/faults", "DELETE")
            until(lambda: not made.rows("SELECT 1 FROM outbox WHERE target = 'asset'"), made.log_tail, 3)
        stored = made.rows("SELECT channel_id, name, link_ends FROM objects")
        assert {row["channel_id"] for row in stored} == {"wild_planet"} and len(stored) >= 8
        assert all(row["link_ends"] for row in stored)
        unsigned = httpx.get(f"{made.env['VIDEOD_URL_S3']}/{BUCKET}/{stored[0]['name']}", timeout=None, trust_env=False)
        assert unsigned.status_code == 403
        made.check_purchases()
