"""Thumbnails: the title can be read at both sizes, whatever lies behind it."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from scripts import make_thumbnail
from scripts.lib import lettering
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
