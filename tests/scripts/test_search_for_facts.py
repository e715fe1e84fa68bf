"""Facts that Gemini looks up on the web, where a user switched that on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import generate_plan
from tests.scripts.conftest import Run
from tests.scripts.stand_ins import standing
from tests.scripts.test_gemini_scripts_on_stand_in import plan
from videod.sandbox import gemini
from videod.sandbox.kernel import Context, Fault

pytestmark = pytest.mark.live


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    with standing({"gemini": gemini.build}, tmp_path / "sandbox", monkeypatch) as context:
        yield context


def test_pages_that_a_search_found_are_sources_and_their_price_is_booked(
    sandbox: Context, run: Run, tmp_path: Path
) -> None:
    ran = run(generate_plan.main, *plan(tmp_path, "--search"))
    assert ran.code == 0, ran.stderr
    made = json.loads((tmp_path / "plan" / "plan.json").read_text())["story"]
    assert [one["title"] for one in made["sources"]] == ["example-1.org", "example-2.org"]
    assert made["sources"][0]["url"] == "https://vertexaisearch.cloud.google.com/grounding-api-redirect/1"
    assert len(sandbox.account.charges("gemini")) == 7
    told = sum(one["usd"] for one in ran.of("charged"))
    assert told == pytest.approx(sandbox.account.total_usd(), abs=1e-5) and told > 0.014


def test_without_the_switch_nothing_is_searched(sandbox: Context, run: Run, tmp_path: Path) -> None:
    assert run(generate_plan.main, *plan(tmp_path)).code == 0
    assert len(sandbox.account.charges("gemini")) == 6


def test_a_model_that_cannot_search_is_named_and_the_plan_is_made(sandbox: Context, run: Run, tmp_path: Path) -> None:
    body = json.dumps(
        {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "google_search is not supported"}}
    )
    sandbox.faults.add(Fault("gemini", "status", status=400, body=body, times=1))
    ran = run(generate_plan.main, *plan(tmp_path, "--search"))
    assert ran.code == 0, ran.stderr
    assert any("The web could not be searched" in str(one) for one in ran.of("progress"))


def test_a_search_that_was_paid_for_is_not_asked_again(sandbox: Context, run: Run, tmp_path: Path) -> None:
    sandbox.faults.add(Fault("gemini", "overload", skip=1, times=1))
    assert run(generate_plan.main, *plan(tmp_path, "--search")).code != 0
    assert len(sandbox.account.charges("gemini")) == 1
    assert run(generate_plan.main, *plan(tmp_path, "--search")).code == 0
    assert len(sandbox.account.charges("gemini")) == 7
