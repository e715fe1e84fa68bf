"""Figures before a key color: whole, without the ground, and refused when nothing can be cut out of them."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from scripts import create_composite, create_split_screen
from scripts.lib import figure_check, keying
from tests.benchmarks.animals import GROUNDS, PLACES, SIZE, animal, measured
from tests.benchmarks.pictures import whole
from tests.scripts.conftest import Run
from videod.core import held_against
from videod.core.model import Job
from videod.core.statuses import JobState

GREEN = (0, 177, 64)


@pytest.mark.parametrize(("name", "ground"), [("white hare", "shaded green")])
def test_a_furry_animal_loses_no_body_and_keeps_no_ground(name: str, ground: str) -> None:
    drawn = animal(name)
    found = keying.key(drawn.before(ground), GROUNDS[ground][0])
    assert found is not None
    result = measured(drawn, *whole(found))
    assert result.lost <= 0.005 and result.ground <= 0.005, result
    assert result.edge["dark"] <= 12 and result.edge["bright"] <= 20, result
    assert keying.left(found, GROUNDS[ground][0]) <= 0.002


@pytest.mark.long
@pytest.mark.parametrize("name", ["red fox", "black bear"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_every_animal_is_cut_out_of_every_ground(name: str, ground: str) -> None:
    test_a_furry_animal_loses_no_body_and_keeps_no_ground(name, ground)


def figure(ground: tuple[int, int, int], coat: tuple[int, int, int], *boxes: tuple[int, int, int, int]) -> Image.Image:
    made = Image.new("RGB", (640, 360), ground)
    for box in boxes or ((240, 60, 400, 310),):
        ImageDraw.Draw(made).ellipse(box, fill=coat)
    return made.filter(ImageFilter.GaussianBlur(1))


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (figure(GREEN, (240, 240, 240)), None),
        (figure(GREEN, (20, 18, 16)), None),
        (figure((225, 225, 225), (120, 70, 30)), "has no even green background"),
        (figure((228, 28, 208), (120, 70, 30)), "has no even green background"),
        (Image.effect_noise((640, 360), 90).convert("RGB"), "has no even green background"),
        (Image.new("RGB", (640, 360), GREEN), "shows nothing"),
        (figure(GREEN, (10, 170, 66)), "shows"),
        (figure(GREEN, (120, 70, 30), (300, 160, 340, 200)), "too small"),
        (figure(GREEN, (120, 70, 30), (-120, 60, 300, 310)), "cuts the figure off at the left"),
        (figure(GREEN, (120, 70, 30), (60, 60, 220, 310), (400, 80, 560, 310)), "shows 2 figures"),
        (figure(GREEN, (70, 175, 100)), "background"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_out_is_said(picture: Image.Image, said: str | None) -> None:
    found = figure_check.objection(picture, "green", group=False)
    assert (found is None) if said is None else (found is not None and said in found), found


def test_a_group_may_stand_apart() -> None:
    pair = figure(GREEN, (120, 70, 30), (60, 60, 220, 310), (400, 80, 560, 310))
    assert figure_check.objection(pair, "green", group=True) is None


def test_the_place_is_seen_between_the_legs_and_the_contact_shadow_stays(tmp_path: Path, run: Run) -> None:
    made = Image.new("RGB", (640, 360), GREEN)
    shade = Image.new("L", made.size)
    ImageDraw.Draw(shade).ellipse((200, 300, 440, 330), fill=150)
    made.paste((0, 0, 0), (0, 0), shade.filter(ImageFilter.GaussianBlur(6)))
    pen = ImageDraw.Draw(made)
    for box in ((240, 100, 400, 200), (240, 150, 280, 315), (360, 150, 400, 315)):
        pen.rectangle(box, fill=(245, 245, 245))
    made.save(tmp_path / "hare.png")
    Image.new("RGB", (1376, 768), PLACES["bright"]).save(tmp_path / "place.png")
    out = tmp_path / "out.png"
    words = ("--character", tmp_path / "hare.png", "--environment", tmp_path / "place.png", "--output", out)
    assert run(create_composite.main, *words, "--scale", "0.6").code == 0
    frame = Image.open(io.BytesIO(out.read_bytes()))
    between, beside, under = (frame.getpixel(at) for at in ((960, 800), (300, 800), (960, 972)))
    assert isinstance(between, tuple) and isinstance(beside, tuple) and isinstance(under, tuple)
    assert max(abs(a - b) for a, b in zip(between, PLACES["bright"], strict=True)) <= 12
    assert beside == PLACES["bright"]
    assert under[1] < PLACES["bright"][1] - 40 and max(under) - min(under) < 40, "the shadow is dark, not green"


def test_what_the_ground_left_in_a_figure_is_named_at_the_review(tmp_path: Path, run: Run) -> None:
    Image.new("RGB", (1376, 768), PLACES["bright"]).save(tmp_path / "place.png")
    job = Job("t", "wild", "composite", "clip_03", "pillow", JobState.DONE)
    told = []
    for stain in (None, (70, 160, 96)):
        made = figure(GREEN, (240, 240, 240))
        if stain is not None:
            ImageDraw.Draw(made).ellipse((290, 150, 350, 220), fill=stain)
        made.save(tmp_path / "hare.png")
        out = tmp_path / "out.png"
        ran = run(create_composite.main, "--character", tmp_path / "hare.png", "--environment", tmp_path / "place.png",
                  "--output", out)  # fmt: skip
        assert ran.code == 0
        told.append(held_against.warned(job, ran.result, (), "").get("warnings", []))
    assert told[0] == []
    assert len(told[1]) == 1 and "still has the color of the background" in str(told[1])


def test_the_picture_keeps_its_size_around_the_figure() -> None:
    found = keying.key(figure(GREEN, (240, 240, 240)), GREEN)
    assert found is not None and found.box != (0, 0, *SIZE) and found.alpha.shape == found.shade.shape


def test_a_square_half_loses_little_and_a_wide_one_keeps_its_subject(tmp_path: Path, run: Run) -> None:
    square = Image.new("RGB", (1024, 1024), "gray")
    square.paste((255, 0, 0), (0, 0, 70, 1024))
    square.save(tmp_path / "square.png")
    wide = Image.new("RGB", (1376, 768), (90, 140, 200))
    bear = Image.effect_noise((420, 500), 90).convert("RGB")
    wide.paste(bear, (900, 200))
    wide.save(tmp_path / "wide.png")
    out = tmp_path / "split.png"
    words = ("--left", tmp_path / "square.png", "--right", tmp_path / "wide.png", "--output", out)
    assert run(create_split_screen.main, *words).code == 0
    made = Image.open(io.BytesIO(out.read_bytes()))
    # the outer 6 % of the square are cut off, of the red 70 pixels some 12 are left
    assert made.getpixel((2, 500)) == (255, 0, 0) and made.getpixel((40, 500)) == (128, 128, 128)
    right = made.crop((963, 0, 1920, 1080)).getcolors(957 * 1080) or []
    bear_seen = sum(count for count, colour in right if colour != (90, 140, 200))
    assert bear_seen > 0.95 * 420 * 500 * (1080 / 768) ** 2, "all of the bear is there"
