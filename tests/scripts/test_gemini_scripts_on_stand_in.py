"""Plan and pictures against the sandbox's Gemini: what both sides believe of the wire must be the same."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import generate_asset, generate_plan
from tests.scripts.conftest import Run
from tests.scripts.stand_ins import standing
from videod.sandbox import gemini
from videod.sandbox.kernel import Context, Fault

pytestmark = pytest.mark.live


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    with standing({"gemini": gemini.build}, tmp_path / "sandbox", monkeypatch) as context:
        yield context


def picture(tmp_path: Path) -> list[object]:
    return ["--prompt", "A brown bear at dawn by a river", "--output", tmp_path / "bear.png"]


def plan(tmp_path: Path, *more: object) -> list[object]:
    return ["--title", "The River's Edge", "--topic", "brown bears and salmon", "--direction", "an old bear",
            "--channel-name", "Wild Minutes", "--brand", "solemn, dawn light", "--clips", 18, "--images", 22,
            "--facts", "none", "--output", tmp_path / "plan" / "plan.json", *more]  # fmt: skip


def test_a_picture_is_drawn_once_and_costs_what_both_sides_say(sandbox: Context, run: Run, tmp_path: Path) -> None:
    ran = run(generate_asset.main, *picture(tmp_path))
    assert ran.code == 0, ran.stderr
    assert run(generate_asset.main, *picture(tmp_path)).result == ran.result
    assert sandbox.account.total_usd() == pytest.approx(ran.of("charged")[0]["usd"], abs=0.001)
    assert ran.result["width"] > ran.result["height"]


def test_a_variant_follows_its_core_picture(sandbox: Context, run: Run, tmp_path: Path) -> None:
    run(generate_asset.main, *picture(tmp_path))
    words = (
        "--prompt",
        "The same bear swims",
        "--reference-image",
        tmp_path / "bear.png",
        "--output",
        tmp_path / "b2.png",
    )
    ran = run(generate_asset.main, *words)
    assert ran.code == 0, ran.stderr


def test_a_picture_paid_for_and_lost_is_in_doubt(sandbox: Context, run: Run, tmp_path: Path) -> None:
    sandbox.faults.add(Fault("gemini", "reset_after", times=1))
    assert run(generate_asset.main, *picture(tmp_path)).failure["kind"] == "in_doubt"
    assert run(generate_asset.main, *picture(tmp_path)).failure["kind"] == "in_doubt"
    assert len(sandbox.account.charges("gemini")) == 1


def test_an_outage_passes_without_doubt(sandbox: Context, run: Run, tmp_path: Path) -> None:
    sandbox.faults.add(Fault("gemini", "overload", times=1))
    assert run(generate_asset.main, *picture(tmp_path)).failure["kind"] == "down"
    assert run(generate_asset.main, *picture(tmp_path)).code == 0
    assert len(sandbox.account.charges("gemini")) == 1


def test_a_wrong_key_is_a_matter_of_credentials(
    sandbox: Context, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-wrong-key")
    ran = run(generate_asset.main, *picture(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (77, "credentials")


def test_an_episode_is_planned_and_passes_the_projects_own_checker(sandbox: Context, run: Run, tmp_path: Path) -> None:
    ran = run(generate_plan.main, *plan(tmp_path))
    assert ran.code == 0, ran.stderr
    made = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert (len(made["clips"]), len(made["images"])) == (18, 22)
    assert len(list((tmp_path / "plan").glob("0?_*.md"))) == 6
