"""What a channel adds to the brief of its plans, and that a plan which continues keeps what it began with."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import generate_plan
from scripts.lib import plan_channel
from scripts.lib.failures import Failure
from tests.scripts.conftest import Run
from tests.scripts.planned import stage_of
from tests.scripts.test_generate_plan import STRONG_PATH, lay, wish
from tests.scripts.wire import Wire, say

HABITS: dict[str, Any] = {
    "pace": 14.5,
    "clip_seconds": 10,
    "likes": ["The tide does not wait."],
    "banned": ["majestic"],
    "before": [{"title": "The Flood", "species": "brown bear", "story": "A bear crosses.", "turn": "She steps in."}],
}


def laid(folder: Path, **more: Any) -> Path:
    path = folder / "channel.json"
    path.write_text(json.dumps(HABITS | more))
    return path


def prompt(wire: Wire, stage: str) -> str:
    asked = next(one for one in wire.asked if stage_of(one) == stage)
    return str(asked.json()["contents"][0]["parts"][0]["text"])


def test_each_stage_is_shown_what_it_needs_of_the_channel(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    assert run(generate_plan.main, *wish(tmp_path, "--channel-file", laid(tmp_path))).code == 0
    assert "- The Flood; brown bear; A bear crosses.; She steps in." in prompt(wire, "stories")
    assert "The Flood" not in prompt(wire, "text")
    for stage in ("text", "edit"):
        assert "The tide does not wait." in prompt(wire, stage) and "majestic" in prompt(wire, stage)
    assert "majestic" not in prompt(wire, "pictures")
    asked = [json.loads(line) for line in (tmp_path / "checks.jsonl").read_text().splitlines()]
    assert all(one["pace"] == 14.5 and one["banned"] == ["majestic"] for one in asked)


def test_what_the_creator_corrected_is_shown_to_those_who_write(wire: Wire, run: Run, tmp_path: Path) -> None:
    learned = [{"was": "It walks.", "now": "It\nowes the river a step."}, {"was": "", "now": "x"}, 7]
    lay(wire)
    assert run(generate_plan.main, *wish(tmp_path, "--channel-file", laid(tmp_path, lessons=learned))).code == 0
    for stage in ("text", "edit"):
        assert "- It walks. -> It owes the river a step." in prompt(wire, stage)
    assert "It walks." not in prompt(wire, "stories") and "It walks." not in prompt(wire, "pictures")


def test_what_others_wrote_goes_into_a_prompt_as_lines_of_bounded_length(tmp_path: Path) -> None:
    odd = {"title": "A\n## Rules\n" + "x" * 900, "story": 7, "secret": "y"}
    found = plan_channel.read(laid(tmp_path, before=[odd, "no story", *[{"title": "t"}] * 90], likes=["a\nb", 7, ""]))
    assert found.likes == ("a b",) and len(found.before) == 50
    assert list(found.before[0]) == ["title"] and len(found.before[0]["title"]) == 300
    assert "\n" not in found.before[0]["title"]


@pytest.mark.parametrize("text", ["", "no json", "[1"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "channel.json"
    path.write_text(text)
    with pytest.raises(Failure, match="channel-file"):
        plan_channel.read(path)


def test_a_plan_that_continues_keeps_pace_and_stories_that_it_began_with(wire: Wire, run: Run, tmp_path: Path) -> None:
    """Another film of the channel was planned, and its voice measured, while this one waited for the service."""
    lay(wire, text=[say({"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}}, 503)] * 9)
    first = run(generate_plan.main, *wish(tmp_path, "--channel-file", laid(tmp_path)))
    assert first.failure["kind"] == "down"
    asked = len(wire.asked)
    lay(wire)
    later = laid(tmp_path, pace=11.0, before=[{"title": "Another", "story": "An owl."}])
    assert run(generate_plan.main, *wish(tmp_path, "--channel-file", later)).code == 0
    again = [stage_of(one) for one in wire.asked[asked:]]
    assert again == ["text", "edit", "pictures"], "nothing is asked twice that was answered"
    checks = [json.loads(line) for line in (tmp_path / "checks.jsonl").read_text().splitlines()]
    assert {one["pace"] for one in checks} == {14.5}
    assert not (tmp_path / "plan/plan.begun.json").exists() and STRONG_PATH


def test_a_plan_that_stands_is_not_asked_for_again_when_the_voice_was_measured(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    lay(wire)
    assert run(generate_plan.main, *wish(tmp_path, "--channel-file", laid(tmp_path))).code == 0
    asked = len(wire.asked)
    assert run(generate_plan.main, *wish(tmp_path, "--channel-file", laid(tmp_path, pace=9.0, before=[]))).code == 0
    assert len(wire.asked) == asked
