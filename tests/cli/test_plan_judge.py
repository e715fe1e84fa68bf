"""`videod plan judge`, as scripts/generate_plan.py asks it: one question a line, one answer a line."""

import json
import subprocess
import sys
from typing import Any

import pytest

from videod.core.stages import STAGES
from videod.sandbox.render import stages as made
from videod.sandbox.render.planner import make_plan, make_written

PROMPT = "Title: The river\nTopic: brown bears\nStory direction: an old bear\nClips: 6\nImages: 8\n"
SIZE = {"clips": 6, "images": 8, "language": "en"}


def asked(*questions: object) -> list[dict[str, Any]]:
    """What one process answers to these lines."""
    given = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in questions)
    argv = [sys.executable, "-m", "videod", "plan", "judge"]
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_names_the_stages_and_judges_each_of_them() -> None:
    plan, written = make_plan(PROMPT), make_written(PROMPT)
    answers = {stage.value: getattr(made, stage.value)(written) for stage in STAGES}
    judged = [{"ask": "judge", "stage": stage, "answers": answers} | SIZE for stage in answers]
    bad = {**answers, "text": {**answers["text"], "title": "<"}}
    named, *verdicts, spoiled, checked = asked(
        {"ask": "stages"} | SIZE, *judged, {"ask": "judge", "stage": "text", "answers": bad} | SIZE,
        {"ask": "check", "plan": plan} | SIZE,
    )  # fmt: skip
    assert [stage["name"] for stage in named["stages"]] == list(STAGES)
    assert all(stage["schema"]["type"] == "object" for stage in named["stages"])
    assert all(verdict["complaints"] == [] for verdict in verdicts)
    assert [verdict["plan"] is not None for verdict in verdicts] == [False] * 5 + [True]
    bare = {name: part for name, part in verdicts[-1]["plan"].items() if name != "story"}
    assert bare == plan and len(verdicts[-1]["seconds"]) == 6
    assert [one["where"] for one in spoiled["complaints"]] == ["title", "titles[0].title"]
    assert checked == {"complaints": []}


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("no json", "Expecting value"), ("7", "a question is a JSON object"), ("[" * 100_000, ""),
        ({"ask": "stages", "clips": 0, "images": 8}, "whole numbers from 1"),
        ({"ask": "stages", "clips": True, "images": "8"}, "whole numbers from 1"),
        ({"ask": "stages", "language": "xx"} | {"clips": 1, "images": 1}, "xx"),
        ({"ask": "else"} | SIZE, "ask is stages, judge or check"), ({"ask": "judge", "stage": "end"} | SIZE, "end"),
        ({"ask": "judge", "stage": "text", "answers": {"facts": {}}} | SIZE, "was not judged before"),
        ({"ask": "judge", "stage": "facts"} | SIZE, "is not a JSON object"),
    ],
)  # fmt: skip
def test_what_is_no_question_is_said_and_the_next_is_answered(question: object, says: str) -> None:
    wrong, right = asked(question, {"ask": "stages"} | SIZE)
    assert says in wrong["error"] and len(right["stages"]) == len(STAGES)
