"""The review of the story on the sandbox: another story, a kill on the way, and the prices that were foreseen."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.patience import until
from tests.live.board import Board
from tests.live.stage import Stage, stage
from videod.core.statuses import LABELS, Status

pytestmark = [pytest.mark.live, pytest.mark.whole]

BEAR = ("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")
REVIEWED = {
    "clips": 2, "images": 2,
    "gates": {"story": "review", "assets": "auto", "video": "auto", "audio": "auto", "final": "review"},
}  # fmt: skip
PLAN = "SELECT price_micros, cost_micros, revision, state FROM jobs WHERE step = 'plan'"


def videod(made: Stage, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "videod", *words, "--config", str(made.config)], env=made.env, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout


def charged(made: Stage, kind: str) -> float:
    return sum(float(str(one["usd"])) for one in made.charges() if one["kind"] == kind)


def test_a_whole_life_with_another_story_costs_what_was_foreseen(tmp_path: Path) -> None:
    with stage(tmp_path, channel=REVIEWED, sandbox=("--generation", "0.5")) as made, Board(made.env) as board:
        made.start()
        board.write(*BEAR)
        made.wait_for(Status.STORY_READY.value)
        entry = until(lambda: _shown(board, Status.STORY_READY), lambda: board.entry(BEAR[0]))
        assert "Approving will cost about $0.07" in str(entry["Progress"]) and "(5)" in str(entry["Progress"])
        assert charged(made, "image") == 0
        other = "2" if str(entry["Story"]) != "2" else "3"
        review = videod(made, "show", BEAR[0])
        assert all(word in review for word in ("Stories", "told", "Facts", "--story N"))
        foreseen = json.loads(videod(made, "edit", BEAR[0], "--story", other, "--dry-run", "--json"))
        first = charged(made, "text")
        videod(made, "edit", BEAR[0], "--story", other, "--yes")
        until(lambda: made.rows("SELECT 1 FROM jobs WHERE step = 'plan' AND state = 'running'"), made.log_tail)
        made.kill()
        made.start()
        made.wait_for(Status.STORY_READY.value)
        (plan,) = [dict(row) for row in made.rows(PLAN)]
        assert (plan["revision"], plan["state"]) == (1, "done")
        again = charged(made, "text") - first
        assert 0 < again < first, "facts and stories were paid once"
        assert plan["cost_micros"] == round((first + again) * 1e6)
        assert json.dumps(foreseen).count('"cost_usd"') and plan["price_micros"] > 0
        told = json.loads(videod(made, "show", BEAR[0], "--facts", "--json"))
        assert [one["number"] for one in told["facts"]["stories"] if one["told"]] == [int(other)]
        videod(made, "approve", BEAR[0], "--gate", "story")
        made.wait_for(Status.ASSEMBLY_COMPLETE.value)
        assert charged(made, "image") == pytest.approx(told["approving_costs_usd"])
        videod(made, "approve", BEAR[0])
        made.wait_for(Status.PUBLISHED.value)
        made.kill()


def _shown(board: Board, status: Status) -> dict[str, object]:
    entry = board.entry(BEAR[0])
    return entry if entry["Status"] == LABELS[status] and "(5)" in str(entry["Progress"]) else {}
