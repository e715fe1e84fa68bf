"""Which lines claim something of the world: measured on the lines that two editors doubted (tests/cases/stories)."""

import dataclasses
import json
from pathlib import Path

import pytest

from tests.core.edited import read, said
from videod.core.editor.remarks import remarks
from videod.core.editor.says import claims_something

STORIES = Path(__file__).parent.parent / "cases" / "stories"


def test_of_the_doubted_lines_most_are_claims_and_of_the_others_a_good_part_is_not() -> None:
    """A line that names a fact is not flagged, whatever it claims; these lines are kept without their facts."""
    doubts = flagged = others = also = 0
    for path in sorted(STORIES.glob("*.json")):
        story = json.loads(path.read_text("utf-8"))
        for number, line in enumerate(story["staged"], start=1):
            times = sum(number in one for one in story["invented"]["staged"])
            claimed = claims_something(line, story["brief"]["language"])
            doubts, flagged = doubts + times, flagged + times * claimed
            others, also = others + (not times), also + (not times and claimed)
    assert (doubts, others) == (22, 90)
    assert flagged >= 17 and also <= 60, (flagged, also)


@pytest.mark.parametrize(
    ("line", "base", "claimed"),
    [
        ("Herons eat eels.", "en", True),
        ("Most mothers die around the night of the hatch.", "en", True),
        ("Winter slows the eggs down.", "en", True),
        ("An old eel can breed once.", "en", True),
        ("In Panama, colonies stop short of it.", "en", True),
        ("Ahead lie five thousand kilometers.", "en", True),
        ("She goes hungry.", "en", False),
        ("Then the rain stops.", "en", False),
        ("Which would you rather come home to?", "en", False),
        ("Can her suckers taste that these are dead?", "en", False),
        ("Ein Luchs ist kein Läufer.", "de", True),
        ("Er ist drüben.", "de", False),
        ("大陸の仲間は中国や朝鮮半島へ渡ります。", "ja", True),
        ("若いツルは、残ります。", "ja", False),
        ("L'ours attend.", "fr", False),
        ("", "en", False),
    ],
)  # fmt: skip
def test_a_claim_differs_from_what_happens(line: str, base: str, claimed: bool) -> None:
    assert claims_something(line, base) is claimed


def test_lines_that_claim_and_name_no_fact_are_one_warning() -> None:
    plan, spoken = read("octopus")
    assert plan.story is not None
    bare = tuple(
        dataclasses.replace(shot, facts=()) if at in (2, 6) else shot for at, shot in enumerate(plan.story.shots)
    )
    story = dataclasses.replace(plan.story, shots=bare)
    changed = dataclasses.replace(said(plan, {3: "Eggs need oxygen.", 7: "Crabs are never alone."}), story=story)
    found = [one for one in remarks(changed, spoken) if one.rule == "no source"]
    assert [one.message for one in found] == [
        "clips 3, 7 claim something of the world and name no fact. Name one that says so, or say less"
    ]
    assert not found[0].refused
