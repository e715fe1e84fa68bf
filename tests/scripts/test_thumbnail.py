"""Thumbnails: the title can be read at both sizes, whatever lies behind it."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from scripts import make_thumbnail
from scripts.lib import lettering, title_place
from tests.scripts.conftest import Run

TITLE = "The Cold Crossing"


def painted(path: Path, kind: str) -> Path:
    made = Image.new("RGB", (1920, 1080), {"snow": "white", "night": "black"}.get(kind, "#7fa0c0"))
    if kind == "busy":
        draw = ImageDraw.Draw(made)
        for at in range(0, 1920, 24):
            draw.rectangle((at, 0, at + 11, 1080), fill=("white", "#203040")[at // 24 % 2])
    made.save(path)
    return path


@pytest.mark.parametrize("kind", ["snow", "night", "busy"])
@pytest.mark.parametrize("letters", ["large", "small"])
def test_a_title_can_be_read_on_any_ground_at_both_sizes(tmp_path: Path, run: Run, kind: str, letters: str) -> None:
    out = tmp_path / "t.jpg"
    words = ["--picture", painted(tmp_path / "p.png", kind), "--title", TITLE, "--letters", letters, "--output", out]
    made = run(make_thumbnail.main, *words).result
    assert made["title"] == TITLE and made["letters_px"] * 168 / 1280 * 0.7 >= 5.8
    assert made["contrast"] >= make_thumbnail.CONTRAST and made["contrast_small"] >= make_thumbnail.CONTRAST_SMALL
    with Image.open(out) as shown:
        assert shown.size == (1280, 720) and shown.format == "JPEG"
    assert out.stat().st_size < 2 << 20


def test_a_long_title_gets_smaller_letters_before_it_loses_words(tmp_path: Path, run: Run) -> None:
    picture, out = painted(tmp_path / "p.png", "sky"), tmp_path / "t.jpg"
    long = "Der lange Weg des jungen Luchses durch den Harz"
    assert run(make_thumbnail.main, "--picture", picture, "--title", long, "--output", out).result["title"] == long
    endless = f"{long}: {'und weiter ' * 4}bis ans Ende"
    assert run(make_thumbnail.main, "--picture", picture, "--title", endless, "--output", out).result["title"] == long


def test_letters_that_no_font_has_leave_the_picture_alone(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lettering, "face_for", lambda text: None)
    picture, out = painted(tmp_path / "p.png", "sky"), tmp_path / "t.jpg"
    ran = run(make_thumbnail.main, "--picture", picture, "--title", "若いタンチョウ", "--output", out)
    assert ran.code == 0 and ran.result["title"] == "" and "no font on this host" in ran.stderr


def test_pillows_own_font_has_english_letters_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_installed", tuple)
    assert lettering.face_for("The Cold Crossing: why?…") == lettering.Face(None)
    assert lettering.face_for("Größe") is None and lettering.face_for("若い") is None


#: left upper corners of a head of 260x260 in a frame of 1280x720
HEADS = {"left": (90, 250), "upper left": (70, 60), "middle": (510, 230), "right": (930, 260), "upper right": (920, 50)}


def someone(path: Path, head: tuple[int, int]) -> Path:
    """Sky and ground that shade across the picture, rocks on it, and somebody's head and back."""
    made = Image.linear_gradient("L").resize((1280, 720))
    shown = Image.merge("RGB", [made.point(lambda v, low=low: low + v // 3) for low in (120, 140, 90)])
    draw = ImageDraw.Draw(shown)
    for at in range(0, 1280, 160):
        draw.ellipse((at, 660, at + 60, 690), fill="#4a4a44")
    left, top = head
    draw.ellipse((left, top, left + 260, top + 260), fill="#7a4a2a")
    draw.ellipse((left + 60, top + 90, left + 90, top + 120), fill="black")
    shown.save(path)
    return path


def touched(out: Path, plain: Path, box: tuple[int, int, int, int]) -> float:
    """The share of a box in which letters stand."""
    with Image.open(out) as one, Image.open(plain) as other:
        light = [picture.convert("L").crop(box) for picture in (one, other)]
    letters = ImageChops.subtract(*light).point(lambda v: 255 if v > 60 else 0)
    return ImageStat.Stat(letters).mean[0] / 255


@pytest.mark.parametrize(("head", "letters"), list(zip(HEADS.values(), ("small", "large") * 3, strict=False)), ids=str)
def test_a_title_leaves_the_face_free(tmp_path: Path, run: Run, head: tuple[int, int], letters: str) -> None:
    picture, out, plain = someone(tmp_path / "p.png", head), tmp_path / "t.jpg", tmp_path / "plain.jpg"
    given = ("--picture", picture, "--letters", letters)
    assert run(make_thumbnail.main, *given, "--title", "Wolves of the Long Night", "--output", out).code == 0
    assert run(make_thumbnail.main, *given, "--output", plain).code == 0
    assert touched(out, plain, (*head, head[0] + 260, head[1] + 260)) < 0.005
    assert touched(out, plain, (0, 0, 1280, 720)) > 0.01


@pytest.mark.parametrize("figure", ["0.02,0.05,0.55,0.9", "0.45,0.05,0.98,0.9"])
def test_a_figure_whose_place_is_known_keeps_its_head_where_nothing_stands_out(
    tmp_path: Path, run: Run, figure: str
) -> None:
    picture, out, plain = painted(tmp_path / "p.png", "sky"), tmp_path / "t.jpg", tmp_path / "plain.jpg"
    words = ("--picture", picture, "--figure", figure)
    assert run(make_thumbnail.main, *words, "--title", TITLE, "--output", out).code == 0
    assert run(make_thumbnail.main, *words, "--output", plain).code == 0
    left, top, right, bottom = (float(part) for part in figure.split(","))
    head = (round(left * 1280), round(top * 720), round(right * 1280), round((top + 0.5 * (bottom - top)) * 720))
    assert touched(out, plain, head) < 0.005


@pytest.mark.parametrize("odd", ["", "1,2,3", "a,b,c,d", "0.5,0,0.2,1", "-1,0,1,1", "nan,0,1,1", "0,0,1,9e9"])
def test_a_place_that_makes_no_sense_is_as_none(odd: str) -> None:
    assert title_place.read(odd) is None
