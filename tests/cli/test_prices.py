"""`videod channels price`: the ways to make a channel's films side by side, and what a review says of the target."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.paper import at
from tests.house.test_channels import GOOD, written
from videod.cli import main
from videod.core.board import entry_view, foreseen_micros
from videod.core.statuses import Gate


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "channels").mkdir()
    written(tmp_path / "channels", GOOD)
    (tmp_path / "videod.toml").write_text("")
    return tmp_path / "videod.toml"


def told(config: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert main.run(["channels", "price", *more, "--config", str(config)]) == 0
    return capsys.readouterr().out


def test_the_ways_are_compared_line_by_line_by_published_prices(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = json.loads(told(config, capsys, "wild", "--json"))["channels"]
    now, standard, economy = found["profiles"]
    assert found["channel"] == "wild" and now | {"profile": "", "configured": False} == standard | {"profile": ""}
    assert [(line["step"], line["count"]) for line in economy["lines"]] == [
        ("plan", 1), ("image", 22), ("clip", 12), ("narration", 18), ("sound_effect", 6),
    ]  # fmt: skip
    assert economy["still_shots"] == 6 and economy["within_target"] is True and economy["target_usd"] == 4.0
    assert economy["total_usd"] == pytest.approx(sum(line["usd"] for line in economy["lines"]))
    assert economy["total_usd"] <= 4.0
    assert economy["seconds"] >= 100 and economy["usd_a_minute"] < standard["usd_a_minute"] / 2
    assert standard["target_usd"] is standard["within_target"] is None


def test_people_get_a_table_and_the_key_to_write(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(config, capsys)
    for part in ("clips", "12 x $0.18 = $2.16", "18 x $0.42 = $7.56", "6 x $0", "$4.00, kept", "`profile: economy`"):
        assert part in shown
    file = config.parent / "channels" / "wild.yaml"
    file.write_text(f"{file.read_text()}target_usd: 2.0\n")
    assert "$2.00, missed" in told(config, capsys)


def test_a_channel_that_is_not_there_is_named_with_those_that_are(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["channels", "price", "tame", "--config", str(config)]) == 64
    assert "there is no channel 'tame'" in capsys.readouterr().err


def test_a_review_says_what_the_episode_comes_to_against_its_target() -> None:
    paper = at(Gate.ASSETS)
    jobs = tuple(paper.jobs.values())
    comes_to = foreseen_micros(paper.one, jobs)
    for target, words in (
        (comes_to + 10_000, f"(target ${(comes_to + 10_000) / 1e6:.2f})"),
        (comes_to - 500_000, "$0.50 over it)"),
    ):
        shown = str(entry_view(paper.one, jobs, 3, target)["Progress"])
        assert f". The episode comes to about ${comes_to / 1e6:.2f} " in shown and words in shown
    assert "comes to" not in str(entry_view(paper.one, jobs, 3)["Progress"])
    assert foreseen_micros(replace(paper.one, possible_micros=7), jobs) == comes_to + 7
