"""A board of Notion's Free plan through the real daemon: every row gets a file it takes, and each is made once."""

import os
import signal
from pathlib import Path

import pytest

from tests.harness.patience import until
from tests.live.board import Board
from tests.live.stage import Stage, stage

pytestmark = [pytest.mark.live, pytest.mark.whole]

#: what this board takes: the media of a rehearsal are small
LIMIT = 200_000


def sources(made: Stage) -> dict[str, int]:
    """Job of each file that a row is to show -> its bytes."""
    rows = made.rows(
        "SELECT step || '/' || key AS name, bytes FROM jobs"
        " WHERE task_id || '/' || step || '/' || key IN (SELECT key FROM asset_pages)"
    )
    return {str(row["name"]): int(row["bytes"]) for row in rows}


def test_a_free_workspace_gets_previews_over_kills_and_the_episode_is_published_whole(tmp_path: Path) -> None:
    with stage(tmp_path) as made:
        made.admin("/set/notion/plan", "PUT", {"file_bytes": LIMIT})
        made.start()
        with Board(made.env) as board:
            board.write("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")
            until(lambda: "preview_made" in made.log.read_text(), made.log_tail, 2)
            assert made.daemon is not None
            os.kill(made.daemon.pid, signal.SIGKILL)
            made.daemon.wait()
            made.start()
            made.wait_for("published", times=3)
            made.wait_until_told(3)
            rows = board.assets(board.entry("The crossing"))
            shown = {name: len(board.file(row)) for name, row in rows.items()}
        large = {name for name, size in sources(made).items() if size > LIMIT}
        assert large and max(shown.values()) <= LIMIT, (sources(made), shown)
        assert large == {name for name, row in rows.items() if "(preview, the full file is " in str(row["Name"])}
        assert not [row for row in made.asked("notion", "/send", "POST") if row["status"] != 200]
        assert not [one for one in (made.state / "previews").rglob("*") if one.is_file()]
        made.check_purchases()
