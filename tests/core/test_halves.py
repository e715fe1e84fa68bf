"""An image that fills a frame elsewhere loses half of itself in a split screen: the plan check says so."""

from dataclasses import replace

from tests.core.paper import PLAN
from videod.core.editor.remarks import remarks
from videod.core.plan import Picture, Plan


def told(plan: Plan) -> list[str]:
    return [one.message for one in remarks(plan) if one.rule == "halved"]


def with_picture(plan: Plan, number: int, picture: Picture) -> Plan:
    return replace(
        plan,
        clips=tuple(replace(clip, picture=picture) if clip.number == number else clip for clip in plan.clips),
    )


def test_each_half_that_is_whole_elsewhere_is_named_with_the_clip() -> None:
    first, second = told(PLAN)
    assert "bear_core" in first and "clip 1" in first
    assert "place_2" in second and "clip 2" in second


def test_halves_of_their_own_are_not_worth_a_word() -> None:
    plan = with_picture(PLAN, 1, Picture("full", ("place_1",), 1.0))
    plan = with_picture(plan, 2, Picture("cutout", ("bear_sits", "place_1"), 0.5))
    assert told(plan) == []
    assert told(with_picture(PLAN, 3, Picture("full", ("place_1",), 1.0))) == []
