"""What the first review says of a plan's facts."""

import dataclasses

import pytest

from tests.core.edited import read
from videod.core import sourced
from videod.core.editor.remarks import remarks
from videod.core.plan import Plan
from videod.core.story import Fact, Source, Story


def told(plan: Plan, **story: object) -> str:
    assert plan.story is not None
    return sourced.sentence(sourced.noted(dataclasses.replace(plan, story=dataclasses.replace(plan.story, **story))))


@pytest.fixture
def plan() -> Plan:
    return read("octopus")[0]


def test_it_says_how_many_lines_stand_on_a_source(plan: Plan) -> None:
    assert told(plan) == "9 of 9 lines have a source"


def test_it_names_the_clips_that_claim_without_one(plan: Plan) -> None:
    assert plan.story is not None
    facts = tuple(Fact(one.id, one.says, None if one.id == "f1" else one.source) for one in plan.story.facts)
    assert told(plan, facts=facts) == "7 of 9 lines have a source. Clips 4, 8 have none"
    assert told(plan, facts=tuple(Fact(one.id, one.says, None) for one in facts)) == (
        "0 of 9 lines have a source. Clips 1, 2, 3, 4, 5, 6, 7, 8 and 1 more have none"
    )


def test_without_any_source_it_says_so(plan: Plan) -> None:
    assert told(plan, sources=()) == "no source was read: check what the narration claims"


def test_of_a_plan_without_a_story_nothing_is_said(plan: Plan) -> None:
    assert sourced.noted(dataclasses.replace(plan, story=None)) == {}
    assert [sourced.sentence(facts) for facts in ({}, {"sourced": 3}, {"sourced": None})] == ["", "", ""]


def test_a_line_may_name_no_fact() -> None:
    story = Story((Source("s1", "", "", ""),), (Fact("f1", "", "s1"),), (), 1)
    assert sourced.mark(story, 0, "She goes hungry.", "en") == "no fact"
    assert sourced.mark(story, 0, "Herons eat eels.", "en") == "no source"


def test_a_line_that_says_more_than_its_facts_is_named_whatever_it_cites(plan: Plan) -> None:
    assert plan.story is not None
    shots = tuple(
        dataclasses.replace(shot, beyond="that she chooses" if at == 2 else "")
        for at, shot in enumerate(plan.story.shots)
    )
    beyond = dataclasses.replace(plan, story=dataclasses.replace(plan.story, shots=shots))
    assert sourced.marks(beyond)[2] == "beyond"
    assert sourced.sentence(sourced.noted(beyond)) == ("8 of 9 lines have a source. Clip 3 says more than the facts do")
    (remark,) = (one for one in remarks(beyond, None) if one.rule == "beyond")
    assert (remark.clip, remark.refused) == (3, False)
    assert "that she chooses" in remark.message
