"""Pictures from words: what is asked for is what is seen, the same words give the same picture, quickly."""

import io

import numpy as np
import pytest
from PIL import Image

from scripts.lib import cutout, figure_check
from videod.core.key_colours import chosen
from videod.core.steps.image import isolated
from videod.sandbox.render.composing import combine
from videod.sandbox.render.creatures import CREATURES, find_creatures
from videod.sandbox.render.grounds import GROUNDS
from videod.sandbox.render.individuals import reference_colour
from videod.sandbox.render.pictures import encode_picture, render_picture
from videod.sandbox.render.scene import read_scene
from videod.sandbox.render.sky import DAYLIGHT

SIZE = (688, 384)
PLAIN = isolated("green")


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, dtype=np.float32)


def coloured(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 45), colour).save(out, "PNG")
    return out.getvalue()


def subject_colour(picture: Image.Image) -> np.ndarray:
    """The mean color of what differs from the corner's."""
    values = pixels(picture).reshape(-1, 3)
    return values[np.abs(values - values[0]).max(axis=1) > 40].mean(axis=0)


def test_the_same_words_give_the_same_picture_and_others_another() -> None:
    one = render_picture("Dawn.\nA grey wolf on the tundra.", SIZE, [])
    again = render_picture("Dawn.\nA grey wolf on the tundra.", SIZE, [])
    other = render_picture("Dawn.\nA grey wolf on the tundra, head raised.", SIZE, [])
    assert one.tobytes() == again.tobytes()
    assert np.abs(pixels(one) - pixels(other)).mean() > 2


@pytest.mark.parametrize("ground", sorted(GROUNDS))
@pytest.mark.parametrize("light", ["dawn", "night"])
def test_every_ground_is_drawn_in_every_size(ground: str, light: str) -> None:
    name = {"ice": "pack ice", "coast": "shore"}.get(ground, ground)
    for size in ((344, 192), (192, 344)):
        picture = render_picture(f"{light} light.\nEmpty landscape with no animals: {name}.", size, [])
        assert (picture.size, picture.mode) == (size, "RGB")
        assert pixels(picture).std() > 8


def test_light_changes_how_bright_the_picture_is() -> None:
    levels = {
        light: pixels(render_picture(f"{light} light.\nEmpty landscape: a forest.", SIZE, [])).mean()
        for light in ("night", "storm", "day")
    }
    assert levels["night"] < levels["storm"] < levels["day"]


@pytest.mark.parametrize("creature", CREATURES, ids=lambda creature: creature.name)
def test_every_creature_stands_whole_before_a_plain_ground_and_can_be_cut_out(creature: object) -> None:
    name = getattr(creature, "name", "")
    assert [found.name for found in find_creatures(f"a {name}".lower())] == [name]
    hue = chosen(None, name)
    picture = render_picture(f"Cold dawn light.\nA {name} in full profile.{isolated(hue)}", (1376, 768), [])
    border = pixels(picture)
    edges = np.concatenate([border[0], border[-1], border[:, 0], border[:, -1]])
    assert np.abs(edges - edges[0]).max() < 60, "the body reaches the border"
    assert figure_check.objection(picture, hue, group=False) is None
    figure = cutout.cut_out(picture, "--character")
    assert figure.mask.width > 300 or figure.mask.height > 300
    inside = np.asarray(figure.mask)
    # feet, whiskers and wing tips are half transparent; the body is not
    assert (inside > 220).mean() > 0.6 * (inside > 40).mean()


def test_no_words_stand_in_a_picture() -> None:
    """Whoever cuts, combines or films it would film them too."""
    full = pixels(render_picture("Day.\nA red fox in a meadow.", SIZE, []))
    assert abs(full[-8:].mean() - full[-28:-20].mean()) < 12, "a strip is darker"


@pytest.mark.parametrize("colour", [(30, 150, 60), (150, 40, 160)])
def test_a_reference_lends_its_color(colour: tuple[int, int, int]) -> None:
    prompt = "Day.\nA brown bear in full profile." + PLAIN
    alone = subject_colour(render_picture(prompt, SIZE, []))
    lent = subject_colour(render_picture(prompt, SIZE, [coloured(colour)]))
    wanted = np.array(colour, dtype=np.float32)
    hue, before = lent / lent.sum(), alone / alone.sum()
    assert np.abs(hue - wanted / wanted.sum()).sum() < 0.75 * np.abs(before - wanted / wanted.sum()).sum()


def test_variants_drawn_after_a_core_look_like_the_same_individual() -> None:
    core = render_picture("Dawn.\nA grey wolf in full profile." + PLAIN, SIZE, [])
    variant = render_picture(
        "Dawn.\nThe same grey wolf with head raised." + PLAIN, SIZE, [encode_picture(core, "image/png")]
    )
    assert np.abs(subject_colour(core) - subject_colour(variant)).max() < 18


def test_a_reference_that_is_no_picture_is_passed_over() -> None:
    assert reference_colour(b"no picture") is None
    prompt = "Day.\nA red fox in a meadow."
    assert render_picture(prompt, SIZE, [b"no picture"]).tobytes() == render_picture(prompt, SIZE, []).tobytes()


def test_a_creature_is_set_into_another_place() -> None:
    creature = render_picture("Day.\nA red fox in full profile." + PLAIN, SIZE, [])
    place = render_picture("Snow.\nEmpty landscape: the white tundra.", SIZE, [])
    both = pixels(combine(creature, place, SIZE))
    assert np.abs(both[:40] - pixels(place)[:40]).max() == 0
    assert np.abs(both[180:330, 250:430] - pixels(place)[180:330, 250:430]).mean() > 20


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Cold dawn, mist.\nA brown bear wading in a mountain river.", ("dawn", "river", "walking", "medium")),
        ("Golden evening.\nAn African lion running over the savanna.", ("golden", "savanna", "running", "medium")),
        ("Night.\nAn arctic fox lying in the snowfield.", ("night", "tundra", "lying", "medium")),
        ("Storm.\nClose-up portrait of a grey wolf in the forest.", ("storm", "forest", "standing", "close")),
        ("Noon.\nA humpback whale breaching from the ocean.", ("noon", "ocean", "leaping", "medium")),
        ("Day.\nA bald eagle soaring, wings spread, over distant peaks.", ("day", "mountain", "flying", "wide")),
    ],
)  # fmt: skip
def test_a_scene_is_read_from_the_words(prompt: str, expected: tuple[str, str, str, str]) -> None:
    scene = read_scene(prompt)
    assert (scene.light, scene.ground, scene.pose, scene.framing) == expected
    assert len(scene.creatures) == 1
    assert scene.light in DAYLIGHT


def test_two_animals_are_both_drawn_and_an_empty_place_has_none() -> None:
    both = read_scene("Dawn.\nA brown bear faces a grey wolf at the river.")
    assert [creature.name for creature in both.creatures] == ["brown bear", "grey wolf"]
    assert read_scene("Dawn.\nEmpty landscape with no animals: a bear trail over stones.").creatures == ()
    assert read_scene("Dawn.\nMacro prop: paw prints in fresh snow.").prop == "tracks"


def test_pictures_are_encoded_as_told() -> None:
    picture = render_picture("Day.\nA forest.", (344, 192), [])
    for mime_type in ("image/png", "image/jpeg"):
        with Image.open(io.BytesIO(encode_picture(picture, mime_type))) as opened:
            assert Image.MIME[opened.format or ""] == mime_type
            assert opened.size == (344, 192)
