"""The pictures of clips: exactly 1920x1080, characters cut out cleanly, refused where they cannot be."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from scripts import create_composite, create_split_screen
from scripts.lib import cutout, picture
from scripts.lib.failures import Failure
from tests.scripts.conftest import Run

BROWN, GRASS, SKY = (120, 70, 30), (60, 120, 50), (110, 160, 210)
SIZE = (1920, 1080)


def a_place(out: Path, size: tuple[int, int] = (1344, 768)) -> Path:
    place = Image.new("RGB", size, SKY)
    ImageDraw.Draw(place).rectangle((0, size[1] // 2, size[0], size[1]), fill=GRASS)
    place.save(out)
    return out


def a_bear(out: Path, ground: tuple[int, int, int] = (238, 238, 238)) -> Path:
    """A brown bear with a belly of the background's color, drawn on a plain ground."""
    bear = Image.new("RGB", (800, 800), ground)
    pen = ImageDraw.Draw(bear)
    pen.ellipse((250, 150, 550, 650), fill=BROWN)
    pen.ellipse((340, 300, 460, 500), fill=ground)
    pen.rectangle((300, 600, 500, 700), fill=BROWN)
    bear.filter(ImageFilter.GaussianBlur(1)).save(out)
    return out


def near(one: object, two: tuple[int, int, int], by: int = 12) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= by for a, b in zip(one[:3], two, strict=True))


def opened(path: Path) -> Image.Image:
    with Image.open(path) as found:
        found.load()
        return found


def test_a_character_on_a_plain_ground_stands_in_the_place(tmp_path: Path, run: Run) -> None:
    out = tmp_path / "composite.png"
    words = ("--character", a_bear(tmp_path / "bear.png"), "--environment", a_place(tmp_path / "place.png"))
    ran = run(create_composite.main, *words, "--output", out, "--scale", "0.6")
    assert ran.code == 0, ran.stderr
    made = opened(out)
    assert (made.size, made.mode, made.format) == (SIZE, "RGB", "PNG")
    # 0.6 of the frame high, feet at nine tenths of it, in the middle
    top, feet = 972 - 648, 972
    assert near(made.getpixel((960, feet - 30)), BROWN) and near(made.getpixel((960, top + 40)), BROWN)
    assert near(made.getpixel((960, top - 12)), SKY) and near(made.getpixel((960, 1075)), GRASS)
    # the belly has the ground's color and stays, the ground itself is gone
    assert near(made.getpixel((960, top + 290)), (238, 238, 238))
    assert near(made.getpixel((960 - 240, top + 20)), SKY)
    # where it stands, for the title of a thumbnail
    left, above, right, below = (float(share) for share in str(ran.result["figure"]).split(","))
    assert (round(above * 1080), round(below * 1080)) == pytest.approx((top, feet), abs=2)
    assert near(made.getpixel((round((left + right) * 960), top + 40)), BROWN) and 0.3 < left < 0.5 < right < 0.7


def test_a_soft_shadow_lies_under_the_feet(tmp_path: Path, run: Run) -> None:
    out = tmp_path / "composite.png"
    words = ("--character", a_bear(tmp_path / "bear.png"), "--environment", a_place(tmp_path / "place.png"))
    assert run(create_composite.main, *words, "--output", out).code == 0
    made = opened(out)
    under, beside = made.getpixel((960, 980)), made.getpixel((300, 980))
    assert isinstance(under, tuple) and near(beside, GRASS, 3)
    assert under[1] < GRASS[1] - 25


def test_a_character_with_room_keeps_off_the_sides_where_a_camera_move_would_cut_it(tmp_path: Path) -> None:
    place = Image.new("RGB", SIZE, SKY)
    mask = Image.new("L", (900, 600), 255)
    wide = picture.Figure(Image.new("RGB", mask.size, BROWN), mask, True, None, 0.0)
    left, _, right, _ = picture.stand(wide, place, 600 / 1080, "right")
    assert right <= 1 - 0.05
    assert right - left == pytest.approx(900 / 1920, abs=0.01)


@pytest.mark.parametrize(("position", "centre"), [("left", 518), ("center", 960), ("right", 1402)])
def test_the_position_is_where_the_character_stands(position: str, centre: int, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "composite.png"
    words = ("--character", a_bear(tmp_path / "bear.png"), "--environment", a_place(tmp_path / "place.png"))
    assert run(create_composite.main, *words, "--output", out, "--position", position).code == 0
    made = opened(out)
    brown = [x for x in range(0, 1920, 4) if near(made.getpixel((x, 940)), BROWN)]
    assert sum(brown) / len(brown) == pytest.approx(centre, abs=6)


@pytest.mark.parametrize("scale", ["0.1", "1.0"])
def test_every_allowed_scale_stays_inside_the_frame(scale: str, tmp_path: Path, run: Run) -> None:
    wide = Image.new("RGB", (900, 500), "white")
    ImageDraw.Draw(wide).ellipse((40, 100, 860, 420), fill=BROWN)
    wide.save(tmp_path / "whale.png")
    out = tmp_path / "composite.png"
    words = ("--character", tmp_path / "whale.png", "--environment", a_place(tmp_path / "place.png"))
    assert run(create_composite.main, *words, "--output", out, "--scale", scale, "--position", "right").code == 0
    made = opened(out)
    assert made.size == SIZE
    assert all(near(made.getpixel((4, y)), SKY if y < 540 else GRASS) for y in range(0, 1080, 40))


def test_an_alpha_channel_is_used_as_it_is(tmp_path: Path, run: Run) -> None:
    bear = Image.new("RGBA", (600, 600), (0, 255, 0, 0))
    ImageDraw.Draw(bear).rectangle((200, 100, 400, 500), fill=(*BROWN, 255))
    bear.save(tmp_path / "bear.png")
    out = tmp_path / "composite.png"
    words = ("--character", tmp_path / "bear.png", "--environment", a_place(tmp_path / "place.png"))
    assert run(create_composite.main, *words, "--output", out, "--scale", "0.5").code == 0
    made = opened(out)
    assert near(made.getpixel((960, 700)), BROWN)
    assert near(made.getpixel((960 - 300, 500)), SKY)
    colours = made.crop((700, 420, 1220, 980)).getcolors(600 * 600)
    assert colours is not None and not any(near(colour, (0, 255, 0), 60) for _, colour in colours)


def test_a_shaded_studio_ground_in_a_jpeg_is_keyed_too(tmp_path: Path) -> None:
    shade = Image.linear_gradient("L").resize((900, 900)).point([240 - level // 8 for level in range(256)])
    bear = Image.merge("RGB", (shade, shade, shade))
    ImageDraw.Draw(bear).ellipse((300, 200, 600, 800), fill=BROWN)
    bear.save(tmp_path / "bear.jpg", quality=75)
    figure = cutout.cut_out(opened(tmp_path / "bear.jpg"), "--character")
    assert figure.mask.size == pytest.approx((300, 600), abs=8)
    assert figure.grounded
    assert figure.mask.getpixel((150, 300)) == 255 and figure.mask.getpixel((2, 2)) == 0


def test_a_character_cut_off_below_stands_on_the_lower_edge(tmp_path: Path, run: Run) -> None:
    bust = Image.new("RGB", (600, 600), "white")
    ImageDraw.Draw(bust).rectangle((150, 200, 450, 600), fill=BROWN)
    bust.save(tmp_path / "bust.png")
    out = tmp_path / "composite.png"
    words = ("--character", tmp_path / "bust.png", "--environment", a_place(tmp_path / "place.png"))
    assert run(create_composite.main, *words, "--output", out).code == 0
    assert near(opened(out).getpixel((960, 1078)), BROWN)


def test_a_character_without_a_plain_ground_is_refused(tmp_path: Path, run: Run) -> None:
    Image.effect_noise((400, 400), 90).convert("RGB").save(tmp_path / "bear.png")
    out = tmp_path / "composite.png"
    words = ("--character", tmp_path / "bear.png", "--environment", a_place(tmp_path / "place.png"))
    ran = run(create_composite.main, *words, "--output", out)
    assert ran.code == 65 and "--character" in ran.failure["message"] and "background" in ran.failure["message"]
    assert not out.exists()


def test_an_empty_studio_is_refused() -> None:
    with pytest.raises(Failure, match="no character"):
        cutout.cut_out(Image.new("RGB", (300, 300), "white"), "--character")


@pytest.mark.parametrize("size", [(1024, 1024), (3000, 1000), (640, 1136), (1920, 1080)])
def test_a_full_frame_picture_is_cropped_to_cover(size: tuple[int, int], tmp_path: Path, run: Run) -> None:
    picture = Image.new("RGB", size, (200, 0, 0))
    ImageDraw.Draw(picture).rectangle(
        (size[0] // 2 - 60, size[1] // 2 - 60, size[0] // 2 + 60, size[1] // 2 + 60), fill="blue"
    )
    picture.save(tmp_path / "picture.png")
    out = tmp_path / "full.png"
    ran = run(create_composite.main, "--image", tmp_path / "picture.png", "--output", out)
    assert ran.code == 0 and (ran.result["width"], ran.result["height"]) == SIZE
    made = opened(out)
    assert made.size == SIZE
    assert near(made.getpixel((960, 540)), (0, 0, 255))
    assert all(near(made.getpixel(corner), (200, 0, 0)) for corner in ((0, 0), (1919, 0), (0, 1079), (1919, 1079)))


def test_alpha_is_kept_when_asked_and_flattened_when_not(tmp_path: Path, run: Run) -> None:
    glass = Image.new("RGBA", (1600, 900), (10, 200, 10, 255))
    ImageDraw.Draw(glass).rectangle((0, 0, 800, 900), fill=(0, 0, 0, 0))
    glass.save(tmp_path / "glass.png")
    kept, flat = tmp_path / "kept.png", tmp_path / "flat.png"
    assert run(create_composite.main, "--image", tmp_path / "glass.png", "--output", kept, "--keep-alpha").code == 0
    assert run(create_composite.main, "--image", tmp_path / "glass.png", "--output", flat).code == 0
    assert opened(kept).mode == "RGBA"
    assert opened(kept).getpixel((100, 100)) == (0, 0, 0, 0) and opened(kept).getpixel((1800, 100)) == (
        10,
        200,
        10,
        255,
    )
    assert opened(flat).mode == "RGB" and opened(flat).getpixel((100, 100)) == (0, 0, 0)


def test_a_character_before_a_transparent_place_is_all_that_shows(tmp_path: Path, run: Run) -> None:
    Image.new("RGBA", (1920, 1080), (0, 0, 0, 0)).save(tmp_path / "place.png")
    out = tmp_path / "composite.png"
    words = ("--character", a_bear(tmp_path / "bear.png"), "--environment", tmp_path / "place.png")
    assert run(create_composite.main, *words, "--output", out, "--keep-alpha").code == 0
    made = opened(out)
    body, away, shadow = (made.getpixel(place) for place in ((960, 940), (100, 100), (960, 985)))
    assert near(body, BROWN) and isinstance(body, tuple) and body[3] == 255
    assert isinstance(away, tuple) and away[3] == 0
    assert isinstance(shadow, tuple) and 20 < shadow[3] < 200


def test_a_split_screen_has_two_halves_and_a_line(tmp_path: Path, run: Run) -> None:
    Image.new("RGB", (900, 900), "red").save(tmp_path / "left.png")
    Image.new("RGB", (500, 1200), "blue").save(tmp_path / "right.jpg")
    out = tmp_path / "split.png"
    ran = run(
        create_split_screen.main, "--left", tmp_path / "left.png", "--right", tmp_path / "right.jpg", "--output", out
    )
    assert ran.code == 0
    made = opened(out)
    row = [made.getpixel((x, 540)) for x in range(1920)]
    assert made.size == SIZE
    assert all(near(pixel, (255, 0, 0)) for pixel in row[:957])
    assert all(pixel == (0, 0, 0) for pixel in row[957:963])
    assert all(near(pixel, (0, 0, 254)) for pixel in row[963:])


def test_an_odd_divider_still_gives_exactly_the_frame(tmp_path: Path, run: Run) -> None:
    Image.new("RGB", (90, 90), "white").save(tmp_path / "one.png")
    out = tmp_path / "split.png"
    words = ("--left", tmp_path / "one.png", "--right", tmp_path / "one.png", "--output", out, "--divider", "7")
    assert run(create_split_screen.main, *words).code == 0
    made = opened(out)
    dark = [x for x in range(1920) if made.getpixel((x, 0)) == (0, 0, 0)]
    assert made.size == SIZE and len(dark) == 7


@pytest.mark.parametrize(
    "content", [b"", b"<html>no</html>", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", b"GIF89a"]
)
def test_what_is_no_picture_is_refused(content: bytes, tmp_path: Path, run: Run) -> None:
    (tmp_path / "picture.png").write_bytes(content)
    ran = run(create_composite.main, "--image", tmp_path / "picture.png", "--output", tmp_path / "full.png")
    assert ran.code == 65 and "picture.png" in ran.failure["message"]


def test_a_truncated_picture_is_refused(tmp_path: Path, run: Run) -> None:
    whole = a_bear(tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "part.jpg").write_bytes(whole[: len(whole) // 2])
    ran = run(create_composite.main, "--image", tmp_path / "part.jpg", "--output", tmp_path / "full.png")
    assert ran.code == 65 and "part.jpg" in ran.failure["message"]
    assert not (tmp_path / "full.png").exists()


@pytest.mark.parametrize("pillow_allows", [Image.MAX_IMAGE_PIXELS, 64_000_000])
def test_a_picture_of_absurd_size_is_refused_before_it_is_decoded(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, pillow_allows: int
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pillow_allows)
    Image.new("1", (12_000, 6_000)).save(tmp_path / "bomb.png")
    ran = run(create_composite.main, "--image", tmp_path / "bomb.png", "--output", tmp_path / "full.png")
    assert ran.code == 65 and "too large" in ran.failure["message"]


@pytest.mark.parametrize(
    "words",
    [
        ("--output", "out.png"),
        ("--character", "a.png", "--output", "out.png"),
        ("--image", "a.png", "--character", "b.png", "--output", "out.png"),
        ("--character", "a.png", "--environment", "b.png", "--output", "out.png", "--scale", "1.5"),
        ("--image", "a.png", "--output", "out.jpg"),
        ("--image", "a.png", "--output", "out.png", "--position", "top"),
    ],
)
def test_unclear_wishes_are_usage_errors(words: tuple[str, ...], run: Run) -> None:
    assert run(create_composite.main, *words).code == 64
