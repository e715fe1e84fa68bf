"""What the real daemon tells people of lost time, of refused requests and of what waits for them, as Slack got it."""

import sqlite3
from pathlib import Path

import pytest

from tests.harness.patience import until
from tests.live.board import Board
from tests.live.stage import Stage, stage

pytestmark = [pytest.mark.live, pytest.mark.whole]

HOUR_MS = 3_600_000


def told(made: Stage, words: str) -> list[str]:
    """The alerts that hold these words, of those that a way has taken."""
    rows = made.rows("SELECT text FROM alerts")
    return [str(row["text"]) for row in rows if words in str(row["text"])]


def test_lost_time_refused_requests_and_what_waits_are_reported(tmp_path: Path) -> None:
    settings = "[alerts]\nreviews_after_h = 0.001\n"
    gates = {"gates": {"assets": "review"}, "publish_without_review": False}
    with stage(tmp_path, channel=gates, settings=settings) as made:
        made.fault(service="gemini", kind="status", status=429, headers={"Retry-After": "1"}, body="{}", times=24)
        made.start()
        with Board(made.env) as board:
            board.write("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")
            until(lambda: told(made, "gemini refused "), made.log_tail, 2)
            made.wait_for("assets_ready", times=3)
            until(lambda: told(made, "1 review waits for you"), made.log_tail, 2)
        made.kill()
        with sqlite3.connect(made.database) as connection:
            connection.execute("UPDATE key_values SET value = value - ? WHERE name = 'heartbeat'", (HOUR_MS,))
        connection.close()
        made.start()
        until(lambda: told(made, "videod was away for 1 h"), made.log_tail)
        assert "ended from outside" in told(made, "videod was away")[0]
        made.wait_until_told()
        assert made.stop() == 0
        made.start()
        until(lambda: made.log.read_text().count("daemon_start_done") == 3, made.log_tail)
        assert len(told(made, "videod was away")) == 1, "a stop in order is nobody's news"
