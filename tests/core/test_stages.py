"""The stages of a plan: their schemas, what is wrong with an answer, and the plan that they make together."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from videod.core import craft
from videod.core.languages import language
from videod.core.schemas import faults
from videod.core.speech import Pace
from videod.core.stage_rules import Size, complaints, conflicts, joined, lines, warnings
from videod.core.stages import FOR_SCRIPT, STAGES, Stage, schema
from videod.core.story import Source
from videod.sandbox.render import stages as made
from videod.sandbox.render.planner import make_plan, make_written

PROMPT = "Title: The river\nTopic: brown bears\nStory direction: an old bear\nClips: 18\nImages: 22\n"
SIZE = Size(18, 22, craft.Telling(pace=Pace()))
SOURCES = (Source("s1", "Brown bear", "https://example.org", "7"),)
Answers = dict[Stage, dict[str, Any]]


@pytest.fixture(scope="module")
def whole() -> Answers:
    plan = make_written(PROMPT)
    return {stage: getattr(made, stage.value)(plan) for stage in Stage}


@pytest.fixture
def answers(whole: Answers) -> Answers:
    return copy.deepcopy(whole)


def rules(stage: Stage, answers: Answers, size: Size = SIZE) -> list[tuple[str, str]]:
    return [(one.where, one.rule) for one in complaints(stage, answers, size)]


@pytest.mark.parametrize("stage", Stage)
def test_a_good_answer_has_no_complaints(answers: Answers, stage: Stage) -> None:
    assert rules(stage, answers) == []


def test_together_they_make_the_plan(answers: Answers) -> None:
    plan = joined(answers, SOURCES)
    story = plan.pop("story")
    assert plan == make_plan(PROMPT)
    assert story["sources"] == [{"id": "s1", "title": "Brown bear", "url": "https://example.org", "revision": "7"}]
    assert [fact["source"] for fact in story["facts"][:2]] == [None, None]
    assert story["turn"] == answers[Stage.BEATS]["turn"]
    assert [shot["facts"] for shot in story["shots"]] == [line["facts"] for line in answers[Stage.EDIT]["lines"]]
    assert story["shots"][0]["size"] == answers[Stage.BEATS]["beats"][0]["shot"]
    assert craft.complaints(joined(answers), 18, 22) == ()


def test_what_an_editor_would_say_of_the_text_is_found_line_by_line(answers: Answers) -> None:
    text = answers[Stage.TEXT]["lines"]
    text[3] |= {"text": "The river is the circle of life."}
    text[5] |= {"text": "Herons eat eels.", "facts": []}
    found = {(one.where, one.rule): one.message for one in warnings(Stage.TEXT, answers, SIZE)}
    assert "circle of life" in found["lines[3].text", "stock phrase"]
    assert "6" in found["lines", "no source"]
    # the edit is looked at again
    assert ("lines[3].text", "stock phrase") not in {
        (one.where, one.rule) for one in warnings(Stage.EDIT, answers, SIZE)
    }


def test_the_edited_lines_are_what_is_spoken(answers: Answers) -> None:
    answers[Stage.EDIT]["lines"][3]["text"] = "It waits for a river that may not come."
    assert joined(answers)["clips"][3]["narration"] == lines(answers)[3] == "It waits for a river that may not come."


def test_every_stage_needs_only_what_was_written_before() -> None:
    order = list(STAGES)
    assert {*order, *FOR_SCRIPT} == set(Stage)
    for at, (stage, written) in enumerate(STAGES.items()):
        assert set(written.needs) <= set(order[:at]), stage
        assert written.spare is None or written.spare in written.needs


@pytest.mark.parametrize("stage", Stage)
def test_its_schema_uses_only_what_the_service_takes(stage: Stage) -> None:
    taken = {"type", "description", "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
             "enum", "anyOf", "minimum", "maximum"}  # fmt: skip

    def words(of: object) -> set[str]:
        if not isinstance(of, dict):
            return set()
        inner = [*of.get("properties", {}).values(), of.get("items"), *of.get("anyOf", [])]
        return set(of).union(*(words(one) for one in inner))

    assert words(schema(stage, 18, 22)) <= taken


Spoil = Callable[[Answers], object]

SPOILED: list[tuple[Stage, str, str, Spoil]] = [
    (Stage.FACTS, "facts", "count", lambda a: a[Stage.FACTS]["facts"].clear()),
    (Stage.FACTS, "facts[1].id", "unique", lambda a: a[Stage.FACTS]["facts"][1].update(id="f1")),
    (Stage.FACTS, "facts[0].says", "filled", lambda a: a[Stage.FACTS]["facts"][0].update(says=" ... ")),
    (Stage.FACTS, "facts[0].says", "shape", lambda a: a[Stage.FACTS]["facts"][0].update(says=7)),
    (Stage.FACTS, "facts[0].says", "characters", lambda a: a[Stage.FACTS]["facts"][0].update(says="a\x1b[2Jb")),
    (Stage.FACTS, "facts[0].more", "shape", lambda a: a[Stage.FACTS]["facts"][0].update(more=1)),
    (Stage.FACTS, "conflicts[0].why", "shape",
     lambda a: a[Stage.FACTS].update(conflicts=[{"between": "brand and topic"}])),
    (Stage.FACTS, "facts[0].source", "facts", lambda a: a[Stage.FACTS]["facts"][0].update(source="s9")),
    (Stage.STORIES, "stories", "count", lambda a: a[Stage.STORIES]["stories"].pop()),
    (Stage.STORIES, "chosen", "chosen", lambda a: a[Stage.STORIES].update(chosen=6)),
    (Stage.STORIES, "chosen", "shape", lambda a: a[Stage.STORIES].update(chosen=0)),
    (Stage.STORIES, "stories[0].facts[0]", "facts", lambda a: a[Stage.STORIES]["stories"][0].update(facts=["f99"])),
    (Stage.STORIES, "stories[0].price", "filled", lambda a: a[Stage.STORIES]["stories"][0].update(price="TBD")),
    (Stage.STORIES, "stories[2].logline", "unique",
     lambda a: a[Stage.STORIES]["stories"][2].update(logline=a[Stage.STORIES]["stories"][0]["logline"].upper())),
    (Stage.STORIES, "stories[1].resolution", "arc",
     lambda a: a[Stage.STORIES]["stories"][1].update(resolution=a[Stage.STORIES]["stories"][1]["want"])),
    (Stage.BEATS, "beats", "count", lambda a: a[Stage.BEATS]["beats"].pop()),
    (Stage.BEATS, "beats[4].number", "numbers", lambda a: a[Stage.BEATS]["beats"][4].update(number=4)),
    (Stage.BEATS, "beats[4].shot", "shape", lambda a: a[Stage.BEATS]["beats"][4].update(shot="huge")),
    (Stage.BEATS, "turn", "turn", lambda a: a[Stage.BEATS].update(turn=2)),
    (Stage.BEATS, "turn", "turn", lambda a: a[Stage.BEATS].update(turn=19)),
    (Stage.TEXT, "lines[0].text", "duration", lambda a: a[Stage.TEXT]["lines"][0].update(text="It waits.")),
    (Stage.TEXT, "lines[1].text", "repeated",
     lambda a: a[Stage.TEXT]["lines"][1].update(text=a[Stage.TEXT]["lines"][0]["text"])),
    (Stage.TEXT, "lines[0].facts[0]", "facts", lambda a: a[Stage.TEXT]["lines"][0].update(facts=["f99"])),
    (Stage.TEXT, "lines[0].text", "fact", lambda a: a[Stage.TEXT]["lines"][0].update(
        text="The old bear has waited here for fourteen winters.")),
    (Stage.EDIT, "lines[2].text", "fact", lambda a: a[Stage.EDIT]["lines"][2].update(
        text="Every bear of this valley has come to the river.")),
    (Stage.TEXT, "title", "youtube", lambda a: a[Stage.TEXT].update(title="a <b>")),
    (Stage.TEXT, "tags", "youtube", lambda a: a[Stage.TEXT].update(tags=["x" * 400, "y" * 400])),
    (Stage.TEXT, "titles[2].title", "title", lambda a: a[Stage.TEXT]["titles"][2].update(title="x" * 60)),
    (Stage.TEXT, "titles[2].title", "title", lambda a: a[Stage.TEXT]["titles"][2].update(title=" ")),
    (Stage.TEXT, "titles[3].title", "unique",
     lambda a: a[Stage.TEXT]["titles"][3].update(title=a[Stage.TEXT]["titles"][1]["title"].upper())),
    (Stage.TEXT, "titles[1].reason", "filled", lambda a: a[Stage.TEXT]["titles"][1].update(reason="")),
    (Stage.TEXT, "titles[0].title", "title", lambda a: a[Stage.TEXT]["titles"][0].update(title="Another film")),
    (Stage.TEXT, "titles", "count", lambda a: a[Stage.TEXT]["titles"].pop()),
    (Stage.EDIT, "lines", "count", lambda a: a[Stage.EDIT]["lines"].pop()),
    (Stage.EDIT, "lines[0].text", "dash", lambda a: a[Stage.EDIT]["lines"][0].update(
        text="The old bear waits here - and the river keeps its salmon.")),
    (Stage.PICTURES, "clips", "shape", lambda a: a[Stage.PICTURES].update(clips=[7])),
    (Stage.PICTURES, "clips", "clip count", lambda a: a[Stage.PICTURES]["clips"].append({})),
    (Stage.PICTURES, "clips", "clip count", lambda a: a[Stage.PICTURES]["clips"].pop()),
    (Stage.PICTURES, "images", "shape", lambda a: a[Stage.PICTURES].update(images="none")),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "where", "rule", "spoil"), SPOILED)
def test_a_fault_is_found_where_it_was_made(
    answers: Answers, stage: Stage, where: str, rule: str, spoil: Spoil
) -> None:  # fmt: skip
    spoil(answers)
    found = rules(stage, answers)
    if rule == "clip count":  # a clip too few or too many has no picture or text either: the shape says so first
        assert found and all(place.startswith("clips") for place, _ in found)
    else:
        assert (where, rule) in found


def test_a_fact_may_name_a_source_that_was_given(answers: Answers) -> None:
    answers[Stage.FACTS]["facts"][0].update(source="s1")
    assert rules(Stage.FACTS, answers, Size(18, 22, sources=SOURCES)) == []


def test_a_number_stands_where_a_fact_holds_it(answers: Answers) -> None:
    answers[Stage.FACTS]["facts"][0].update(says="Bears live for up to 14 years.")
    answers[Stage.TEXT]["lines"][0].update(text="The old bear has waited here for fourteen winters.", facts=["f1"])
    assert rules(Stage.TEXT, answers) == []


def test_narrations_are_judged_in_their_language(answers: Answers) -> None:
    found = rules(Stage.TEXT, answers, Size(18, 22, craft.Telling(language("ja"), Pace())))
    assert found.count(("lines[0].text", "language")) == 1


@pytest.mark.parametrize("value", [None, 7, "text", [], [1], {"facts": None}, {"facts": [None]}, {"facts": {}}])
def test_a_shape_that_is_none_is_said_and_breaks_nothing(value: object) -> None:
    found = faults(value, schema(Stage.FACTS, 18, 22))
    assert found and all(one.rule == "shape" for one in found)


def test_no_answer_gets_more_complaints_than_anybody_reads() -> None:
    assert len(faults({"facts": [7] * 150}, schema(Stage.FACTS, 18, 22))) == 20
    assert next(one.rule for one in faults({"facts": [7] * 10_000}, schema(Stage.FACTS, 18, 22))) == "shape"


def told(**more: object) -> Size:
    return Size(18, 22, craft.Telling(pace=Pace(), **more))


@pytest.mark.parametrize("line", ["A Majestic bear stands here.", "It is the circle  of LIFE, once more."])
def test_a_banned_word_is_refused_with_its_line(answers: Answers, line: str) -> None:
    answers[Stage.TEXT]["lines"][4]["text"] = line
    banned = ("majestic", "circle of life")
    assert ("lines[4].text", "banned") in rules(Stage.TEXT, answers, told(banned=banned))
    answers[Stage.TEXT]["lines"][4]["text"] = "Its majesty circles the lifeless bay and waits there for a while."
    assert rules(Stage.TEXT, answers, told(banned=banned)) == []


def test_lines_are_judged_by_the_channels_voice(answers: Answers) -> None:
    """Written for 15 characters a second: too much for 9, too little for 22."""
    for rate, change in ((9.0, "say less"), (22.0, "say more")):
        size = Size(18, 22, craft.Telling(pace=Pace(rate)))
        found = [one for one in complaints(Stage.TEXT, answers, size) if one.rule == "average"]
        assert len(found) == 1 and change in found[0].message


def test_a_short_line_beside_long_ones_is_welcome(answers: Answers) -> None:
    answers[Stage.TEXT]["lines"][5]["text"] = "And then it comes back."
    assert rules(Stage.TEXT, answers) == []


def test_a_clip_of_five_seconds_has_room_for_short_lines_only(answers: Answers) -> None:
    found = rules(Stage.TEXT, answers, Size(18, 22, craft.Telling(pace=Pace(clip_s=5.0))))
    assert ("lines[0].text", "duration") in found and ("lines", "average") in found


def test_a_story_that_the_channel_told_is_a_warning_and_no_complaint(answers: Answers) -> None:
    story = answers[Stage.STORIES]["stories"][1]
    before = ({"title": "The Flood", "species": "brown bear", "story": story["logline"], "turn": story["turn"]},)
    size = Size(18, 22, before=before)
    assert rules(Stage.STORIES, answers, size) == []
    (warning,) = warnings(Stage.STORIES, answers, size)
    assert (warning.where, warning.rule) == ("stories[1]", "told before") and "The Flood" in warning.message
    assert warnings(Stage.STORIES, answers, Size(18, 22)) == ()


def test_a_conflict_is_for_the_creator_and_no_complaint(answers: Answers) -> None:
    why = "the brand shows no people and the topic is a fisherman"
    answers[Stage.FACTS]["conflicts"] = [{"between": "brand and topic", "why": why}]
    assert rules(Stage.FACTS, answers) == []
    assert conflicts(answers) == (f"brand and topic: {why}",)


def test_times_and_meetings_come_into_the_plan(answers: Answers) -> None:
    answers[Stage.PICTURES]["later_atmospheres"] = ["Clear cold evening with low light and no wind."]
    view = next(one for one in answers[Stage.PICTURES]["images"] if one["kind"] == "environment")
    evening = {**view, "id": "evening", "time": 2, "prompt": "The river under a low sun, empty."}
    answers[Stage.PICTURES]["images"].append(evening)
    answers[Stage.PICTURES]["clips"][-1]["picture"] = {"type": "full", "images": ["evening"], "scale": 1.0}
    found = rules(Stage.PICTURES, answers, Size(18, 23, craft.Telling(pace=Pace())))
    assert [one for one in found if one[1] != "unused"] == []
    plan = joined(answers)
    assert plan["later_atmospheres"] == ["Clear cold evening with low light and no wind."]
