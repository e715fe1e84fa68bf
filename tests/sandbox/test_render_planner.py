"""The simulated service's plans against the craft that the daemon checks, over topics and sizes."""

import json

import pytest

from videod.core import craft
from videod.core.craft_clips import Telling
from videod.core.languages import language
from videod.core.plan import parse
from videod.core.speech import Pace, narration_seconds
from videod.sandbox.render.casting import share
from videod.sandbox.render.creatures import CREATURES
from videod.sandbox.render.planner import make_plan, read_wish, spoil_plan
from videod.sandbox.render.scene import read_scene
from videod.sandbox.render.species import KNOWN, TERRAINS
from videod.sandbox.render.story import BEATS

SIZES = [(18, 22), (6, 8), (2, 2), (3, 4), (4, 5), (9, 11), (12, 15), (14, 17), (20, 24), (24, 29), (24, 15), (18, 11)]


def prompt(topic: str, clips: int = 18, images: int = 22, direction: str = "") -> str:
    return (
        f"Plan one episode.\n\nTitle: The edge\nTopic: {topic}\nStory direction: {direction}\nChannel: Wild\n"
        f"Brand: solemn\nClips: {clips}\nImages: {images}\n\n# Rules\nNumber of clips: given."
    )


@pytest.mark.parametrize("topic", [*KNOWN, "camels", "a volcano", "bears at the salmon run", "wolves against bison"])
def test_a_plan_about_any_topic_has_no_complaints(topic: str) -> None:
    assert craft.complaints(make_plan(prompt(topic)), 18, 22) == ()


@pytest.mark.parametrize("creature", CREATURES, ids=lambda creature: creature.name)
def test_every_animal_that_can_be_drawn_can_be_planned(creature: object) -> None:
    name = getattr(creature, "name", "")
    plan = make_plan(prompt(f"the life of {name}", 6, 8))
    assert craft.complaints(plan, 6, 8) == ()
    assert next(image["species"] for image in plan["images"] if image["role"] == "protagonist") == name


@pytest.mark.parametrize(("clips", "images"), SIZES)
def test_a_plan_of_any_usual_size_has_exactly_what_was_asked_for(clips: int, images: int) -> None:
    for topic in ("grey wolves", "humpback whale", "honeybee"):
        plan = make_plan(prompt(topic, clips, images))
        assert craft.complaints(plan, clips, images) == ()
        assert len({clip["narration"] for clip in plan["clips"]}) == clips


@pytest.mark.parametrize("direction", ["at night", "in a storm", "at sunset", "in the rain", "in a drought"])
def test_the_story_direction_chooses_the_light(direction: str) -> None:
    plan = make_plan(prompt("red fox", 6, 8, direction))
    assert craft.complaints(plan, 6, 8) == ()
    assert plan["atmosphere"] != make_plan(prompt("red fox", 6, 8))["atmosphere"]


def test_a_full_plan_mixes_full_frames_cut_outs_and_a_split_screen() -> None:
    for clips, images in ((6, 8), (18, 22)):
        kinds = [clip["picture"]["type"] for clip in make_plan(prompt("brown bears", clips, images))["clips"]]
        assert set(kinds) == {"full", "cutout", "split"}
        assert kinds.count("cutout") >= clips / 6


def test_the_same_prompt_gives_the_same_plan_and_a_named_pair_is_cast() -> None:
    assert make_plan(prompt("tigers")) == make_plan(prompt("tigers"))
    plan = make_plan(prompt("wolves against a bison herd"))
    cast = {image["role"]: image["species"] for image in plan["images"]}
    assert (cast["protagonist"], cast["antagonist"]) == ("grey wolf", "American bison")
    prey = make_plan(prompt("brown bears and the salmon run"))
    assert {image["species"] for image in prey["images"] if image["role"] == "antagonist"} == {"grey wolf"}


def test_a_spoilt_plan_can_be_read_but_breaks_the_craft() -> None:
    plan = make_plan(prompt("brown bears", 6, 8))
    spoilt = spoil_plan(plan)
    assert len(parse(json.loads(json.dumps(spoilt))).clips) == 6
    rules = {complaint.rule for complaint in craft.complaints(spoilt, 6, 8)}
    assert {"duration", "camera last", "unused", "static state", "image count"} <= rules
    assert craft.complaints(plan, 6, 8) == (), "the good plan is untouched"


def test_the_lines_of_a_prompt_are_read() -> None:
    wish = read_wish(prompt("brown bears", 6, 8, "an old bear"))
    assert (wish.title, wish.topic, wish.direction) == ("The edge", "brown bears", "an old bear")
    assert (wish.channel, wish.brand, wish.clips, wish.images) == ("Wild", "solemn", 6, 8)
    bare = read_wish("Tell me something")
    assert (bare.title, bare.clips, bare.images) == ("Untitled", 18, 22)


def test_more_images_than_clips_can_use_gives_the_nearest_number() -> None:
    casting = share(4, 40)
    assert casting.images() == len(make_plan(prompt("lions", 4, 40))["images"])
    assert 6 <= casting.images() < 40


@pytest.mark.parametrize("name", TERRAINS)
def test_every_view_of_a_place_is_drawn_as_that_place(name: str) -> None:
    for view in TERRAINS[name].views:
        scene = read_scene(f"Dawn.\nEmpty landscape with no animals: {view.lower()}.")
        assert scene.ground == name, view
        assert (scene.creatures, scene.prop) == ((), None)
    for prop in TERRAINS[name].props:
        assert read_scene(f"Dawn.\nMacro prop: {prop}.").prop is not None, prop


def test_the_tables_agree_with_each_other() -> None:
    names = {creature.name for creature in CREATURES}
    assert {animal.name for animal in KNOWN.values()} <= names
    assert {animal.rival for animal in KNOWN.values()} <= names
    assert {animal.terrain for animal in KNOWN.values()} <= set(TERRAINS)
    assert {terrain.other for terrain in TERRAINS.values()} <= names
    assert len({beat.name for beat in BEATS}) == len(BEATS)


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(
    "code", ["de", "fr", "fi", "vi", "ru", "el", "ar", "he", "hi", "bn", "ta", "ko", "zh", "ja", "th"]
)
def test_a_plan_in_another_language_passes_the_rules_of_that_language(code: str) -> None:
    plan = make_plan(f"{prompt('brown bear')}\nLanguage: {code}\n")
    assert craft.complaints(plan, 18, 22, Telling(language(code), Pace())) == ()


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize(("clips", "images"), [(6, 8), (18, 22)])
def test_a_story_is_asked_to_its_end_in_the_time_that_is_ordered(name: str, clips: int, images: int) -> None:
    plan = make_plan(prompt(name, clips, images))
    lines = [clip["narration"] for clip in plan["clips"]]
    seconds = [narration_seconds(line) for line in lines]
    assert 5.1 <= sum(seconds) / clips <= 6.6 and max(seconds) <= 8
    steps = [clip["beat"].partition(":")[0] for clip in plan["clips"]]
    assert [step for at, step in enumerate(steps) if at == 0 or steps[at - 1] != step] == [
        "want", "obstacle", "escalation", "turn", "resolution",
    ]  # fmt: skip
    assert 0.5 <= (steps.index("turn") + 1) / clips <= 0.85


@pytest.mark.parametrize("average", [40, 54, 75, 90, 100, 120])
def test_lines_are_as_long_as_the_voice_takes(average: int) -> None:
    most = average * 4 // 3
    order = f"At this voice a line has {average} characters on average; the shortest has 12, the longest {most}."
    plan = make_plan(f"{prompt('brown bears')}\n{order}")
    lines = [len(clip["narration"]) for clip in plan["clips"]]
    assert 0.85 * average <= sum(lines) / len(lines) <= 1.1 * average and max(lines) <= average * 4 // 3


@pytest.mark.parametrize("name", KNOWN)
def test_lines_fit_into_the_shortest_clips_too(name: str) -> None:
    order = "At this voice a line has 36 characters on average; the shortest has 12, the longest 48."
    for clips, images in ((2, 3), (3, 4), (6, 8)):
        lines = [len(clip["narration"]) for clip in make_plan(f"{prompt(name, clips, images)}\n{order}")["clips"]]
        assert 0.85 * 36 <= sum(lines) / clips <= 1.1 * 36 and max(lines) <= 48, (clips, lines)
