"""A script or a plan of one's own: its words stay, and what is wrong with it is said by clip and rule."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core.book import Book
from tests.core.plans import good_plan
from videod.core import own_story
from videod.core.craft_clips import Telling
from videod.core.failures import Kind
from videod.core.languages import language
from videod.core.own_story import NOTHING, PLAN, SCRIPT, brought, paragraphs_of, parted
from videod.core.speech import Pace, narration_seconds
from videod.core.stage_rules import Size, complaints, plan
from videod.core.stages import FOR_SCRIPT, Stage
from videod.sandbox.render import stages as answers
from videod.sandbox.render.planner import make_written

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ENGLISH = Telling(language("en"), Pace())
LONG = "She walks along the river and " * 8 + "stops."

#: script -> what its writer reads
SCRIPTS = {
    "nothing but blanks and a mark": ("\ufeff", ""),
    "a line that takes too long": (f"Fine so far, she waits here.\n\n{LONG}", "Paragraph 2 (duration): takes"),
    "a line that is too short": ("She waits here until it is dark.\n\nNo.", "Paragraph 2 (duration): takes 0."),
    "a dash": ("The bear waits — and waits here.", "Paragraph 1 (dash): holds a dash"),
    "an ellipsis": ("The bear waits for the fish...", "Paragraph 1 (ellipsis)"),
    "markdown": ("# Part one of the film here\n\nThe bear waits for fish.", "Paragraph 1 (spoken text): holds marks"),
    "a stage direction": ("[Wide shot] The bear waits for fish.", "Paragraph 1 (spoken text): holds marks"),
    "no end": ("The bear waits for the salmon", "Paragraph 1 (spoken text): does not end with a period"),
    "the same twice": ("The bear waits here for fish.\n\nIt rains all night long.\n\nThe bear waits here, for fish!",
                       "Paragraph 3 (repeated): repeats paragraph 1"),
    "a foreign script": ("Медведь ждёт рыбу у реки.", "Paragraph 1 (language): is not written in English"),
    "too many clips": ("\n\n".join(f"The bear waits for day number {at}." for at in range(61)),
                       "Script (clip count): comes to 61 clips. The limit is 60"),
    "far too much": ("The bear waits. " * 2000, "Script (length): has 31,999 characters. The limit is 30,000"),
    "banned words": ("The majestic bear waits here.", "Paragraph 1 (banned): says 'majestic'"),
}  # fmt: skip


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_broken_script_is_answered_by_paragraph_and_rule(case: str) -> None:
    script, told = SCRIPTS[case]
    telling = Telling(language("en"), Pace(), ("majestic",))
    found = brought({SCRIPT: script}, telling)
    assert (
        (found.problem.startswith("The script cannot be used. ") and told in found.problem)
        if told
        else (found == NOTHING)
    )
    assert not found.args


def _clip(at: int, **changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda plan: plan["clips"][at].update(changes)


#: what is done to a good plan -> what its writer reads
PLANS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a clip without narration": (_clip(3, narration=""), "Clip 4, narration (filled): is empty"),
    "a narration that is a list": (_clip(3, narration=[]), "Clip 4, narration (shape): must be text"),
    "a motion without camera": (_clip(1, motion="The bear runs."), "Clip 2, motion (camera last): names no camera"),
    "a sound too short": (_clip(0, sound="Wind."), "Clip 1, sound (sound length): has 1 words"),
    "music": (_clip(0, sound="Continuous river ambience with soft piano music and steady wind over stones, water"
                             " running close by, spruce branches moving, a raven far away, drizzle on leaves, calm"
                             " air, subtle nature documentary sound effect"), "Clip 1, sound (no music)"),
    "a wrong number": (_clip(2, number=9), "Clip 3, number (numbers): must be 3"),
    "an image that is missing": (_clip(0, picture={"type": "full", "images": ["nowhere"], "scale": 1.0}),
                                 "Clip 1, picture.images[0] (picture): there is no image 'nowhere'"),
    "one picture twice": (lambda plan: plan["clips"][5].update(picture=plan["clips"][0]["picture"]),
                          "Clip 6, picture (unique picture): is the picture of clips[0] again"),
    "an id that is no name": (lambda plan: plan["images"][0].update(id="../x"), "Image 1, id (shape)"),
    "an image without words": (lambda plan: plan["images"][0].update(prompt=""), "Image sow_core, prompt"),
    "no clips": (lambda plan: plan.update(clips=[]), "Clips (clip count)"),
    "a field too many": (lambda plan: plan.update(music="x"), "Music (shape): is unknown"),
    "a title for nobody": (lambda plan: plan.update(title="<b>"), "Title (youtube): holds < or >"),
    "another version": (lambda plan: plan.update(version=7), "Version (shape): must be 1"),
    "clips that are no list": (lambda plan: plan.update(clips={}), "Clips (shape): must be a list"),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANS)
def test_a_broken_plan_is_answered_by_clip_and_rule(case: str) -> None:
    change, told = PLANS[case]
    document = good_plan()
    assert brought({PLAN: json.dumps(document)}).problem == ""
    change(document)
    found = brought({PLAN: json.dumps(document)})
    assert found.problem.startswith("The plan cannot be used. ") and told in found.problem
    assert not found.args


@pytest.mark.parametrize(("text", "told"), [
    ("{", "Plan (json): cannot be read as JSON"),
    ("[1]", "Plan (shape): must be an object"),
    ("[" * 100_000, "Plan (json): cannot be read as JSON"),
    ('{"version": 1}' + " " * own_story.PLAN_MAX + "\n1", "Plan (length)"),
])  # fmt: skip
def test_what_is_no_plan_at_all_is_said(text: str, told: str) -> None:
    assert told in brought({PLAN: text}).problem


def test_a_script_and_a_plan_are_one_too_many() -> None:
    assert "only one" in brought({SCRIPT: "She waits here.", PLAN: "{}"}).problem


def test_the_examples_can_be_used() -> None:
    script = brought({SCRIPT: (EXAMPLES / "crossing.txt").read_text()}, ENGLISH)
    plan = brought({PLAN: (EXAMPLES / "crossing-plan.json").read_text()}, ENGLISH)
    assert (script.problem, script.said) == ("", "7 clips, about 34 s of narration")
    assert (plan.problem, plan.said) == ("", "6 clips, about 34 s of narration, 8 images")


def test_no_word_of_a_script_is_ever_changed() -> None:
    chance = random.Random(18)
    words = ["bear", "river", "salmon", "ice", "3.5", "Dr.", "night", "don't", "waits?", "cold!", "“Go,”", "under"]
    for _ in range(200):
        sentences = [
            " ".join(chance.choices(words, k=chance.randint(3, 30))) + chance.choice([".", "!", "?", '."'])
            for _ in range(chance.randint(1, 12))
        ]
        paragraph = " ".join(sentences)
        parts = parted(paragraph, ENGLISH)
        assert " ".join(parts) == paragraph
        longest = max(narration_seconds(part) for part in parts)
        assert longest <= ENGLISH.pace.longest_s or longest in {narration_seconds(one) for one in parts if one}


def test_a_long_paragraph_is_divided_evenly_between_its_sentences() -> None:
    halves = (
        "The river is high again today. She looks for a place to cross it.",
        "There is none here. She walks on until dark. It rains all night.",
    )
    assert parted(" ".join(halves), ENGLISH) == halves


def test_paragraphs_are_parted_by_blank_lines_whatever_wrote_them() -> None:
    assert paragraphs_of("\ufeffOne\r\nline.\r\n \r\nTwo.\u2028Still two.\n\n\n\u202eThree.\x07") == (
        "One line.", "Two. Still two.", "Three.",
    )  # fmt: skip


def test_the_plan_of_a_script_has_its_words_and_passes_every_rule() -> None:
    lines, wrong = own_story.read_script((EXAMPLES / "crossing.txt").read_text(), ENGLISH)
    assert not wrong
    written = make_written(f"Title: The Crossing\nTopic: brown bears\nClips: {len(lines)}\nImages: 9")
    size = Size(len(lines), 9, ENGLISH, script=lines)
    given = {Stage.READING: answers.reading(written), Stage.PICTURES: answers.pictures(written)}
    assert list(size.stages) == [Stage.READING, Stage.PICTURES] == list(FOR_SCRIPT)
    assert complaints(Stage.READING, given, size) == ()
    assert complaints(Stage.PICTURES, given, size) == ()
    assert [clip["narration"] for clip in plan(given, size)["clips"]] == list(lines)


def test_a_plan_of_ones_own_costs_nothing_and_a_script_is_planned() -> None:
    book = Book()
    book.queue(own={PLAN: good_plan()})
    (job,) = book.jobs.values()
    assert job.price_micros == 0 and job.args[PLAN]
    book = Book()
    book.queue(own={SCRIPT: ["She waits."]})
    (job,) = book.jobs.values()
    assert job.price_micros > 0 and job.args == {SCRIPT: ["She waits."]}


def test_what_is_queued_again_is_planned_from_the_page_as_it_stands_then() -> None:
    book = Book()
    book.queue(own={PLAN: good_plan()})
    book.start("plan/plan")
    book.fail("plan/plan", Kind.INPUT)
    book.queue(own={SCRIPT: ["She waits."]})
    assert book.jobs["plan/plan"].args == {SCRIPT: ["She waits."]}
    assert book.jobs["plan/plan"].price_micros > 0
    book.start("plan/plan")
    book.fail("plan/plan", Kind.INPUT)
    book.queue()  # from the command line: nobody looked at the page
    assert book.jobs["plan/plan"].args == {SCRIPT: ["She waits."]}
