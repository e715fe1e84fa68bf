"""A plan keeps a receipt: asked for again it would be another, and everything made for it would be bought again."""

import json
import sys
from pathlib import Path

from scripts import generate_plan
from tests.scripts.conftest import Run
from tests.scripts.planned import BAD, CHECKER, LIGHT_PATH, PLAN, STAGES
from tests.scripts.test_generate_plan import lay
from tests.scripts.wire import Wire


def wish(folder: Path, *more: object) -> list[object]:
    checker = folder / "checker.py"
    checker.write_text(CHECKER)
    return ["--title", "The Edge", "--topic", "bears", "--direction", "a bear", "--clips", 1, "--images", 1,
            "--facts", "none", "--channel-name", "Wild", "--output", folder / "plan/plan.json",
            "--checker", f"{sys.executable} {checker}", *more]  # fmt: skip


def test_a_plan_that_stands_is_not_asked_for_again(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    again = run(generate_plan.main, *wish(tmp_path))
    assert (again.code, len(wire.asked), again.of("charged")) == (0, len(STAGES), [])
    assert again.result["output"] == str(tmp_path / "plan/plan.json")
    kept = json.loads((tmp_path / "plan/plan.json.job.json").read_text())
    assert kept["state"] == "received" and kept["usd"] > 0


def test_another_brief_or_a_plan_that_no_longer_passes_is_asked_for_again(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    run(generate_plan.main, *wish(tmp_path))
    assert run(generate_plan.main, *wish(tmp_path, "--brand", "solemn")).code == 0
    assert len(wire.asked) == 2 * len(STAGES)
    (tmp_path / "plan/plan.json").write_text(json.dumps({**PLAN, "title": "bad"}))
    assert run(generate_plan.main, *wish(tmp_path, "--brand", "solemn")).code == 0
    assert len(wire.asked) == 3 * len(STAGES)


def test_a_plan_that_failed_leaves_no_word_that_it_is_paid_for(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    run(generate_plan.main, *wish(tmp_path))
    wire.on("POST", LIGHT_PATH, BAD)
    assert run(generate_plan.main, *wish(tmp_path, "--brand", "slow", "--rounds", 0)).code != 0
    assert not (tmp_path / "plan/plan.json.job.json").exists()
