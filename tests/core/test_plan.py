"""plan.json: what is read, what is refused with which path, how long it lasts and what it costs."""

import json
import math
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.plans import CLIPS, IMAGES, good_plan
from videod.core import plan_schema
from videod.core.plan import PlanError, parse
from videod.core.speech import narration_seconds, words


def faults(document: object) -> dict[str, str]:
    with pytest.raises(PlanError) as refused:
        parse(document)
    return {fault.where: fault.message for fault in refused.value.faults}


def test_a_good_plan_is_read_as_it_stands() -> None:
    plan = parse(good_plan())
    assert (len(plan.clips), len(plan.images)) == (CLIPS, IMAGES)
    assert plan.clips[4].picture.images == ("salmon_core", "pool")
    assert plan.clips[4].picture.scale == 0.3
    assert plan.images[0].core and plan.images[0].species == "grizzly bear (Ursus arctos horribilis)"
    assert plan.images[10].species is None and plan.images[10].role is None


@pytest.mark.parametrize(("hold", "seconds"), [(None, 0.0), (0, 0.0), (2.5, 2.5), (4, 4.0)])
def test_a_shot_may_be_held_for_a_moment(hold: object, seconds: float) -> None:
    data = good_plan()
    data["clips"][2] |= {} if hold is None else {"hold": hold}
    assert [clip.hold for clip in parse(data).clips[1:4]] == [0.0, seconds, 0.0]


@pytest.mark.parametrize("hold", [-1, 4.1, "long", None, True, [], float("nan")])
def test_a_hold_that_is_no_moment_is_refused(hold: object) -> None:
    data = good_plan()
    data["clips"][2]["hold"] = hold
    with pytest.raises(PlanError) as refused:
        parse(data)
    assert [fault.where for fault in refused.value.faults] == ["clips[2].hold"]


def test_a_species_or_role_of_empty_text_is_none() -> None:
    document = good_plan()
    document["images"][10] |= {"species": "", "role": ""}
    image = parse(document).images[10]
    assert image.species is None and image.role is None


def test_all_faults_are_reported_at_once_with_their_paths() -> None:
    document = good_plan()
    document["title"] = 7
    del document["clips"][3]["motion"]
    document["images"][1]["core"] = "yes"
    document["clips"][0]["picture"]["scale"] = math.nan
    document["arc"]["mood"] = "dark"
    assert set(faults(document)) == {
        "title", "clips[3].motion", "images[1].core", "clips[0].picture.scale", "arc.mood",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../../etc/passwd", "Bear", "bär", "bear core", "", "a" * 41, "bear\n"])
def test_an_image_id_that_is_no_file_name_is_refused(name: str) -> None:
    document = good_plan()
    document["images"][0]["id"] = name
    assert "file name" in faults(document)["images[0].id"]


@pytest.mark.parametrize("document", [None, [], "plan", 3, {}])
def test_what_is_no_plan_at_all_is_refused_and_never_crashes(document: object) -> None:
    assert faults(document)


@pytest.mark.parametrize("version", [2, "1", True, None])
def test_another_version_is_refused(version: object) -> None:
    assert faults(good_plan() | {"version": version})["version"] == "must be 1"


def test_a_number_that_is_a_boolean_is_refused() -> None:
    document = good_plan()
    document["clips"][0]["number"] = True
    assert "clips[0].number" in faults(document)


def test_thousands_of_images_are_refused_without_being_read() -> None:
    document = good_plan()
    document["images"] = [None] * 100_000
    found = faults(document)
    assert "The limit is 200" in found["images"]
    assert len(found) <= 201


@pytest.mark.fault("1.4")
@pytest.mark.parametrize(
    ("path", "where"),
    [
        (("title",), "title"),
        (("atmosphere",), "atmosphere"),
        (("arc", "turn"), "arc.turn"),
        (("tags", 0), "tags[0]"),
        (("research", 0), "research[0]"),
        (("images", 3, "prompt"), "images[3].prompt"),
        (("images", 3, "id"), "images[3].id"),
        (("clips", 2, "narration"), "clips[2].narration"),
        (("clips", 2, "picture", "images", 0), "clips[2].picture.images[0]"),
    ],
)
def test_a_text_endlessly_is_refused_and_named(path: tuple[str | int, ...], where: str) -> None:
    document = good_plan()
    holder: Any = document
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = "a" * 1_000_000
    with pytest.raises(PlanError) as refused:
        parse(document)
    said = [fault.message for fault in refused.value.faults if fault.where == where]
    assert "has 1,000,000 characters. The limit is 10,000" in said
    assert len(str(refused.value)) < 2_000


def test_the_message_of_a_refusal_stays_short() -> None:
    document = good_plan()
    document["images"] = [None] * 150
    with pytest.raises(PlanError) as refused:
        parse(document)
    assert "and 130 more" in str(refused.value)
    assert refused.value.path == "images[0]"


def _swap(document: dict[str, Any], picture: dict[str, object], at: int = 0) -> dict[str, str]:
    document["clips"][at]["picture"] = picture
    return faults(document)


@pytest.mark.parametrize(
    ("picture", "where", "says"),
    [
        ({"type": "full", "images": [], "scale": 1.0}, "clips[0].picture.images", "takes 1 image"),
        ({"type": "full", "images": ["valley", "pool"], "scale": 1.0}, "clips[0].picture.images", "takes 1 image"),
        ({"type": "split", "images": ["valley"], "scale": 1.0}, "clips[0].picture.images", "takes 2 images"),
        ({"type": "split", "images": ["pool", "pool"], "scale": 1.0}, "clips[0].picture.images", "same image"),
        (
            {"type": "cutout", "images": ["pool", "sow_core"], "scale": 0.5},
            "clips[0].picture.images",
            "a character, then",
        ),
        ({"type": "cutout", "images": ["sow_core", "scales"], "scale": 0.5}, "clips[0].picture.images", "prop"),
        ({"type": "full", "images": ["valley"], "scale": 0.5}, "clips[0].picture.scale", "only a cutout"),
        ({"type": "full", "images": ["nowhere"], "scale": 1.0}, "clips[0].picture.images[0]", "no image 'nowhere'"),
        ({"type": "wide", "images": ["valley"], "scale": 1.0}, "clips[0].picture.type", "full, cutout, split"),
        ({"type": "full", "images": "valley", "scale": 1.0}, "clips[0].picture.images", "must be a list"),
        ({"type": "cutout", "images": ["sow_core", "pool"], "scale": 0.05}, "clips[0].picture.scale", "0.1 to 1.0"),
        ({"type": "cutout", "images": ["sow_core", "pool"], "scale": True}, "clips[0].picture.scale", "0.1 to 1.0"),
    ],
)
def test_a_picture_that_cannot_be_made_is_refused(picture: dict[str, object], where: str, says: str) -> None:
    assert says in _swap(good_plan(), picture)[where]


def test_two_clips_with_the_same_picture_are_refused() -> None:
    assert (
        "clips[0] again"
        in _swap(good_plan(), {"type": "full", "images": ["valley"], "scale": 1.0}, at=2)["clips[2].picture"]
    )


def test_the_same_cutout_at_another_scale_is_another_picture() -> None:
    document = good_plan()
    document["clips"][4]["picture"] = {"type": "cutout", "images": ["sow_core", "spruce_edge"], "scale": 0.9}
    assert parse(document).clips[4].picture.scale == 0.9


def test_a_cutout_stands_where_the_plan_says_and_in_the_middle_where_it_does_not() -> None:
    document = good_plan()
    cutout = {"type": "cutout", "images": ["sow_core", "spruce_edge"], "scale": 0.9}
    document["clips"][4]["picture"] = cutout
    assert parse(document).clips[4].picture.position == "center"
    document["clips"][4]["picture"] = cutout | {"position": "left"}
    assert parse(document).clips[4].picture.position == "left"
    document["clips"][4]["picture"] = cutout | {"position": "above"}
    assert "left" in faults(document)["clips[4].picture.position"]
    full = {"type": "full", "images": ["valley"], "scale": 1.0}
    assert "again" in _swap(good_plan(), full | {"position": "left"}, at=2)["clips[2].picture"]


def test_the_background_of_a_figure_is_one_of_three_colors() -> None:
    document = good_plan()
    document["images"][0]["key"] = "magenta"
    assert parse(document).images[0].key == "magenta"
    document["images"][0]["key"] = "white"
    assert "green, blue, magenta" in faults(document)["images[0].key"]


def test_an_image_id_used_twice_is_refused() -> None:
    document = good_plan()
    document["images"][3]["id"] = "sow_core"
    assert "used twice" in faults(document)["images[3].id"]


def test_clip_numbers_with_a_gap_are_refused() -> None:
    document = good_plan()
    document["clips"][5]["number"] = 7
    assert "must be 6" in faults(document)["clips[5].number"]


# ---------------------------------------------------------------- seconds and money


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("The bear waits beside the cold river for its food.", 3.3), ("Will it cross? Nobody knows!", 1.9), ("", 0.0)],
)
def test_narration_takes_its_characters_at_the_rate_of_a_voice(text: str, seconds: float) -> None:
    assert narration_seconds(text) == seconds
    assert narration_seconds(text, 7.5) == pytest.approx(2 * len(text) / 15, abs=0.051)


def test_commas_and_periods_cost_no_time_of_their_own() -> None:
    assert narration_seconds("It waits, and waits, and waits.") == narration_seconds("It waits - and waits - and wait")


def test_words_with_apostrophe_hyphen_or_decimal_point_are_one_word() -> None:
    assert words("don't wake the well-fed 3.5-tonne whale") == 6


# ---------------------------------------------------------------- the schema for the model


def test_the_schema_is_a_schema_and_a_good_plan_fits_it() -> None:
    schema = plan_schema.schema(CLIPS, IMAGES)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(good_plan(), schema)


@pytest.mark.parametrize("name", ["title", "arc", "images", "clips", "atmosphere"])
def test_the_schema_requires_what_parse_requires(name: str) -> None:
    document = good_plan()
    del document[name]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, plan_schema.schema())
    assert name in faults(document)


def test_the_schema_counts_clips_and_images_only_when_told() -> None:
    document = good_plan()
    document["clips"].pop()
    jsonschema.validate(document, plan_schema.schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, plan_schema.schema(CLIPS, IMAGES))


def test_the_schema_uses_only_keywords_that_gemini_knows() -> None:
    known = {
        "type", "description", "enum", "items", "minItems", "maxItems", "minimum", "maximum", "anyOf", "properties",
        "additionalProperties", "required",
    }  # fmt: skip

    def keywords(schema: object) -> set[str]:
        if not isinstance(schema, dict):
            return set()
        inner = [*schema.get("properties", {}).values(), schema.get("items"), *schema.get("anyOf", [])]
        return set(schema).union(*(keywords(each) for each in inner))

    assert keywords(plan_schema.schema(CLIPS, IMAGES)) <= known


# ---------------------------------------------------------------- whatever a model may answer

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)


def _paths(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    return [at, *(path for step, inner in steps for path in _paths(inner, (*at, step)))]


_PATHS = _paths(good_plan())[1:]


@settings(max_examples=150)
@given(path=st.sampled_from(_PATHS), junk=_JSON)
def test_any_value_in_any_place_is_read_or_refused_with_a_path(path: tuple[str | int, ...], junk: object) -> None:
    document: Any = good_plan()
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = junk
    try:
        plan = parse(document)
    except PlanError as refused:
        assert all(fault.where and fault.message for fault in refused.faults)
    else:
        assert json.dumps(plan.title)
