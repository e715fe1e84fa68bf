"""Plan and pictures against the sandbox's Gemini: what both sides believe of the wire must be the same."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import generate_asset, generate_plan
from tests.scripts.conftest import Run
from tests.scripts.stand_ins import standing
from videod.core.own_story import read_script
from videod.sandbox import gemini
from videod.sandbox.kernel import Context, Fault

ROOT = Path(__file__).parents[2]
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


def test_a_script_of_ones_own_keeps_its_words_and_takes_two_questions(
    sandbox: Context, run: Run, tmp_path: Path
) -> None:  # fmt: skip
    script = ROOT / "docs" / "examples" / "crossing.txt"
    words = " ".join(script.read_text().split())
    parts = tmp_path / "script.txt"
    lines, _ = read_script(script.read_text())
    parts.write_text("\n\n".join(lines))
    ran = run(generate_plan.main, *plan(tmp_path, "--script", parts, "--images", 9))
    assert ran.code == 0, ran.stderr
    made = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert " ".join(clip["narration"] for clip in made["clips"]) == words
    assert len(ran.of("charged")) == len(sandbox.account.charges("gemini")) == 2
    assert sandbox.account.total_usd() == pytest.approx(sum(one["usd"] for one in ran.of("charged")))
    again = run(generate_plan.main, *plan(tmp_path, "--script", parts, "--images", 9))
    assert again.code == 0 and len(sandbox.account.charges("gemini")) == 2
    assert " ".join((tmp_path / "plan" / "05_audio_generation.md").read_text().split()).count("eleven minutes") == 1


def test_a_plan_of_ones_own_is_checked_and_costs_nothing(sandbox: Context, run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    document = json.loads((ROOT / "docs" / "examples" / "crossing-plan.json").read_text())
    own.write_text(json.dumps(document))
    ran = run(generate_plan.main, *plan(tmp_path, "--plan", own))
    assert (ran.code, ran.of("charged"), sandbox.account.charges("gemini")) == (0, [], [])
    assert json.loads((tmp_path / "plan" / "plan.json").read_text()) == document
    document["clips"][2]["motion"] = "Runs."
    own.write_text(json.dumps(document))
    ran = run(generate_plan.main, *plan(tmp_path, "--plan", own))
    assert ran.failure["kind"] == "input" and "clips[2].motion breaks camera last" in ran.failure["message"]


@pytest.mark.parametrize(("option", "text"), [
    ("--script", ""), ("--script", "\n\n".join(f"Line {at}." for at in range(61))), ("--plan", "[]"), ("--plan", "{"),
])  # fmt: skip
def test_what_is_no_story_is_said_before_anything_is_asked(
    sandbox: Context, run: Run, tmp_path: Path, option: str, text: str
) -> None:
    (tmp_path / "own").write_text(text)
    ran = run(generate_plan.main, *plan(tmp_path, option, tmp_path / "own"))
    assert ran.failure["kind"] == "input" and option in ran.failure["message"]
    assert sandbox.account.charges("gemini") == []


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
