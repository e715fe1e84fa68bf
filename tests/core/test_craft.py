"""Every rule of the craft that a program checks: a good plan passes, and each way to break a rule is found."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.plans import CLIPS, IMAGES, good_plan
from videod.core.craft import complaints, tag_characters
from videod.core.craft_images import poses_allowed
from videod.core.plan import parse

Document = dict[str, Any]


def found(document: Document, clips: int = CLIPS, images: int = IMAGES) -> set[tuple[str, str]]:
    return {(complaint.where, complaint.rule) for complaint in complaints(document, clips, images)}


def put(*path: str | int, to: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        holder: Any = document
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = to

    return change


def clip(number: int, name: str, to: object) -> Callable[[Document], None]:
    return put("clips", number, name, to=to)


def image(number: int, name: str, to: object) -> Callable[[Document], None]:
    return put("images", number, name, to=to)


def test_a_good_plan_has_no_complaints_as_document_and_as_plan() -> None:
    assert complaints(good_plan(), CLIPS, IMAGES) == ()
    assert complaints(parse(good_plan()), CLIPS, IMAGES) == ()


SOUND = "Continuous river ambience with {}, subtle nature documentary sound effect"
LONG_BED = (
    "steady wind in tall spruces, low rumble of distant rapids, slow foam between black stones, soft drips from wet "
    "branches, distant water folding over gravel, reeds brushing together"
)

BREAKS: list[tuple[Callable[[Document], None], str, str]] = [
    # the whole
    (put("title", to="x" * 101), "title", "youtube"),
    (put("title", to="  "), "title", "youtube"),
    (put("title", to="Life <of> bears"), "title", "youtube"),
    (put("description", to="ä" * 2501), "description", "youtube"),
    (put("description", to="see <a>"), "description", "youtube"),
    (put("tags", to=["a" * 250, "b" * 250]), "tags", "youtube"),
    (put("tags", to=["bear, salmon"]), "tags[0]", "youtube"),
    (put("tags", to=[" "]), "tags[0]", "youtube"),
    (put("logline", to="TBD"), "logline", "filled"),
    (put("research", to=[]), "research", "filled"),
    (put("research", to=["n/a"]), "research", "filled"),
    (put("arc", "turn", to=""), "arc.turn", "arc"),
    (put("arc", "turn", to="..."), "arc.turn", "arc"),
    (put("arc", "turn", to="A larger boar holds the falls."), "arc.turn", "arc"),
    (put("atmosphere", to="Early morning, soft light, long lens."), "atmosphere", "atmosphere"),
    (put("atmosphere", to="Cold drizzle at dawn, long lens, muted green."), "atmosphere", "atmosphere"),
    (put("atmosphere", to="Cold drizzle, soft overcast light, long lens."), "atmosphere", "atmosphere"),
    (put("atmosphere", to="Dawn drizzle in soft light. " * 80), "atmosphere", "length"),
    (put("logline", to="A bear\x1b[31m waits."), "logline", "characters"),
    (clip(3, "beat", "a half \ud83d surrogate"), "clips[3].beat", "shape"),
    (put("tags", to=["a NUL \0"]), "tags[0]", "shape"),
    (image(0, "prompt", "A bear \u202eturned around stands still."), "images[0].prompt", "characters"),
    # images
    (image(0, "prompt", "The bear crouches and then leaps."), "images[0].prompt", "static state"),
    (image(0, "prompt", "The bear crouches before leaping."), "images[0].prompt", "static state"),
    (image(0, "prompt", "The bear starts to run."), "images[0].prompt", "static state"),
    (image(0, "prompt", ""), "images[0].prompt", "filled"),
    (image(10, "subject", " "), "images[10].subject", "filled"),
    (image(0, "core", False), "images[0].core", "core"),
    (image(1, "core", True), "images[1].core", "core"),
    (image(10, "core", True), "images[10].core", "core"),
    (image(0, "species", None), "images[0].species", "species"),
    (image(8, "species", "fish"), "images[8].species", "species"),
    (image(2, "species", "polar bear (Ursus maritimus)"), "images[2].species", "species"),
    (image(0, "role", None), "images[0].role", "role"),
    (image(2, "role", "background"), "images[2].role", "role"),
    (image(2, "subject", "The sow"), "images[2].subject", "core"),
    (image(1, "prompt", "The bear stands in grey water, wounded, with a collar."), "images[1].prompt", "new feature"),
    (image(1, "prompt", "The bear stands in grey water with a new pale stripe."), "images[1].prompt", "new feature"),
    (image(1, "prompt", "The bear stands in grey water. " * 20), "images[1].prompt", "new feature"),
    (image(2, "prompt", "The bear lies on wet gravel, chin on her forelegs, eyes open."),
     "images[3].prompt", "repeated"),
    (clip(15, "picture", {"type": "full", "images": ["sow_alert"], "scale": 1.0}), "images[19]", "unused"),
    (clip(15, "picture", {"type": "full", "images": ["sow_core"], "scale": 1.0}), "clips[15].picture", "cutout"),
    # clips
    (clip(0, "beat", "-"), "clips[0].beat", "filled"),
    (clip(0, "motion", "Camera pushes in while fog rolls."), "clips[0].motion", "camera last"),
    (clip(0, "motion", "Slow push in on the valley. Fog rolls down."), "clips[0].motion", "camera last"),
    (clip(0, "motion", "The camera drifts. Fog rolls."), "clips[0].motion", "camera last"),
    (clip(0, "motion", "Tracking shot of fog. Slow push in."), "clips[0].motion", "camera last"),
    (clip(0, "motion", "Zoom in on the fog. It parts."), "clips[0].motion", "camera last"),
    (clip(0, "motion", "Fog rolls. The camera pans. Reeds bend. Slow push in."), "clips[0].motion", "camera last"),
    (clip(0, "motion", "Fog rolls down the valley."), "clips[0].motion", "camera last"),
    (clip(0, "motion", "Slow push in."), "clips[0].motion", "camera last"),
    (clip(0, "motion", f"Fog rolls. Slow push in {'over the river ' * 4}."), "clips[0].motion", "camera last"),
    (clip(0, "motion", "Fog rolls, then it parts, then it lifts. Slow push in."), "clips[0].motion", "one action"),
    (clip(0, "motion", "Fog rolls. Meanwhile a bear runs. Slow push in."), "clips[0].motion", "one action"),
    (clip(0, "motion", f"{'Fog rolls. ' * 250}Slow push in."), "clips[0].motion", "length"),
    (clip(0, "motion", "..."), "clips[0].motion", "filled"),
    (clip(0, "negative", ""), "clips[0].negative", "negative"),
    (clip(0, "negative", "blur, " * 100), "clips[0].negative", "length"),
    (clip(0, "narration", "It waits."), "clips[0].narration", "duration"),
    (clip(0, "narration", f"{'The bear waits beside the cold river for food before winter. ' * 4}"),
     "clips[0].narration", "duration"),
    (clip(0, "narration", "The bear waits beside the river — it hungers."), "clips[0].narration", "dash"),
    (clip(0, "narration", "The bear waits beside the river - it hungers."), "clips[0].narration", "dash"),
    (clip(0, "narration", "The bear waits beside the cold river…"), "clips[0].narration", "ellipsis"),
    (clip(0, "narration", "The bear waits beside the cold river..."), "clips[0].narration", "ellipsis"),
    (clip(0, "narration", "[whispers] The bear waits beside the cold river."), "clips[0].narration", "spoken text"),
    (clip(0, "narration", "The bear waits beside the cold river for its winter food"),
     "clips[0].narration", "spoken text"),
    (clip(0, "narration", ""), "clips[0].narration", "filled"),
    (clip(1, "narration", "THE RIVER carries the last food, before winter comes down."),
     "clips[1].narration", "repeated"),
    (clip(0, "sound", SOUND.format("wind")), "clips[0].sound", "sound length"),
    (clip(0, "sound", SOUND.format(LONG_BED * 2)), "clips[0].sound", "sound length"),
    (clip(0, "sound", SOUND.format(LONG_BED).replace("Continuous", "A")), "clips[0].sound", "sound bed"),
    (clip(0, "sound", SOUND.format(LONG_BED).replace("subtle", "loud")), "clips[0].sound", "sound bed"),
    (clip(0, "sound", SOUND.format(f"silence, {LONG_BED}")), "clips[0].sound", "sound bed"),
    (clip(0, "sound", SOUND.format(f"{LONG_BED}, soft piano")), "clips[0].sound", "no music"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "where", "rule"), BREAKS, ids=[f"{n}-{rule}" for n, (_, _, rule) in enumerate(BREAKS)]
)
def test_a_broken_rule_is_found_where_it_is_broken(change: Callable[[Document], None], where: str, rule: str) -> None:
    document = good_plan()
    change(document)
    assert (where, rule) in found(document)


ALLOWED: list[Callable[[Document], None]] = [
    clip(0, "motion", "The bear tilts its head and water runs from the ear. Camera static."),
    clip(0, "motion", "Pushing off the bank, the bear slides into the water. Gentle pan left."),
    clip(0, "motion", "Tracking its prey, the lynx lowers its head. Slow push in."),
    clip(0, "motion", "Steady rain falls, then rings spread on the water. Locked off."),
    clip(0, "motion", "The paw presses down, then the mud rises between the claws. Slow tilt down."),
    clip(0, "sound", SOUND.format(f"no music, {LONG_BED}")),
    clip(0, "narration", "The bear waits, and the river runs."),
    image(0, "prompt", "A grizzly sow in the light before morning, over broken ice and torn kelp, a calf behind her."),
    image(12, "prompt", "A gravel bar, kelp wound around the logs."),
    put("atmosphere", to="Deep night, cold current and marine snow, one shaft of light, macro lens."),
]


@pytest.mark.parametrize("change", ALLOWED)
def test_what_only_looks_like_a_broken_rule_is_left_alone(change: Callable[[Document], None]) -> None:
    document = good_plan()
    change(document)
    assert found(document) == set()


def test_too_few_and_too_many_clips_and_images_say_how_many_to_change() -> None:
    said = {complaint.where: complaint.message for complaint in complaints(good_plan(), CLIPS + 2, IMAGES - 1)}
    assert "add 2" in said["clips"]
    assert f"there may be {IMAGES - 1}" in said["images"]


def test_wrong_types_are_the_only_complaints_when_nothing_else_can_be_judged() -> None:
    document = good_plan()
    document["clips"][2]["narration"] = 7
    document["title"] = "x" * 200
    assert found(document) == {("clips[2].narration", "shape")}


def test_references_and_wording_are_complained_of_in_one_round() -> None:
    document = good_plan()
    document["clips"][0]["picture"]["images"] = ["nowhere"]
    document["clips"][1]["narration"] = "Short."
    assert {("clips[0].picture.images[0]", "picture"), ("clips[1].narration", "duration")} <= found(document)


def test_weather_heard_in_one_clip_of_a_place_must_be_heard_in_all() -> None:
    document = good_plan()
    document["clips"][5]["sound"] = SOUND.format(LONG_BED)
    said = complaints(document, CLIPS, IMAGES)
    assert [(complaint.where, complaint.rule) for complaint in said] == [("clips[5].sound", "same weather")]
    assert "clips[7]" in said[0].message and "the falls" in said[0].message


def test_a_plan_without_places_props_or_protagonist_lacks_its_cast() -> None:
    document = good_plan()
    for image_ in document["images"]:
        if image_["role"] == "protagonist":
            image_["role"] = "background"
        if image_["kind"] == "prop":
            image_["kind"] = "environment"
    said = [complaint.message for complaint in complaints(document, CLIPS, IMAGES) if complaint.rule == "cast"]
    assert len(said) == 2
    assert "protagonist" in said[0] and "prop" in said[1]


def test_a_protagonist_with_too_few_poses_is_complained_of() -> None:
    document = good_plan()
    document["images"][1]["subject"] = document["images"][2]["subject"] = "another sow"
    document["images"][1]["core"] = True
    document["images"][1]["role"] = document["images"][2]["role"] = "background"
    assert ("images[0]", "poses") in found(document)


def test_poses_shrink_with_the_episode_and_never_below_one() -> None:
    assert poses_allowed("protagonist", 18) == (4, 6)
    assert poses_allowed("antagonist", 18) == (3, 5)
    assert poses_allowed("background", 18) == (1, 2)
    assert poses_allowed("protagonist", 9) == (2, 3)
    assert poses_allowed("antagonist", 6) == (1, 3)
    assert poses_allowed("protagonist", 1) == (1, 3)
    assert poses_allowed("protagonist", 36) == (4, 12)


def test_a_core_that_no_clip_uses_is_fine_only_as_the_reference_of_a_variant() -> None:
    document = good_plan()
    document["clips"][1]["picture"] = {"type": "full", "images": ["sow_wading"], "scale": 1.0}
    document["clips"][5]["picture"] = {"type": "full", "images": ["falls"], "scale": 1.0}
    assert not any(where == "images[0]" for where, _ in found(document))
    document["clips"][9]["picture"] = {"type": "full", "images": ["gravel_bar"], "scale": 1.0}
    assert ("images[9]", "unused") in found(document)


def test_tags_are_counted_as_youtube_counts_them() -> None:
    assert tag_characters([]) == 0
    assert tag_characters(["bear"]) == 4
    assert tag_characters(["bear", "brown bear"]) == 4 + 1 + 12


def test_every_complaint_says_where_and_what_to_change() -> None:
    for change, _, _ in BREAKS:
        document = good_plan()
        change(document)
        for complaint in complaints(document, CLIPS, IMAGES):
            assert complaint.where and complaint.rule and len(complaint.message) > 10
