"""The title of a film as a picture that is drawn over its first shot, where the channel asks for one."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from scripts.lib import lettering
from scripts.lib.film import picture_format
from scripts.lib.film.overlay import Overlay

#: letters at most and at least, the space of a line as a share of them
LARGEST, SMALLEST, LINE = 104, 56, 1.2
LINES_MAX, WIDEST = 3, 1300
#: from the film's left edge, and from its lower edge to the last line: above where captions stand
LEFT, BELOW = 120, 240
#: what keeps white letters readable on snow
SHADOW, BLUR, AROUND = 190, 14, 40
#: when it comes, and over how many seconds it comes and goes
FROM_S, FADE_S = 0.4, 0.6


def overlay(title: str, seconds: float, fps: int, room: Path) -> Overlay | None:
    """The title, to stand for so many seconds; a picture is written to `room`. None: no font has its letters."""
    text = " ".join(title.split())
    face = lettering.face_for(text) if text else None
    if face is None:
        return None
    lines, size = _lines(text, face)
    font = face.sized(size)
    step = round(size * LINE)
    width = round(max(font.getlength(line) for line in lines)) + 2 * AROUND
    picture = Image.new("RGBA", (width // 2 * 2, (step * len(lines) + 2 * AROUND) // 2 * 2))
    _write(picture, lines, font, step, (0, 0, 0, SHADOW))
    picture = picture.filter(ImageFilter.GaussianBlur(BLUR))
    _write(picture, lines, font, step, (255, 255, 255, 255))
    path = room / "title.png"
    picture.save(path)
    top = max(0, picture_format.HEIGHT - BELOW + AROUND - picture.height) // 2 * 2
    first, fade = round(FROM_S * fps), round(FADE_S * fps)
    return Overlay(path, LEFT - AROUND, top, first, first + round(seconds * fps), fade, "title")


def _lines(text: str, face: lettering.Face) -> tuple[list[str], int]:
    """The title in at most LINES_MAX lines, in the largest letters that allow it; else a shorter title."""
    for said in lettering.shorter(text):
        for size in range(LARGEST, SMALLEST - 1, -8):
            lines = lettering.wrapped(said.split(), face.sized(size), WIDEST)
            if lines is not None and len(lines) <= LINES_MAX:
                return lines, size
    return [text[:20]], SMALLEST


def _write(
    picture: Image.Image, lines: list[str], font: lettering.Font, step: int, color: tuple[int, int, int, int]
) -> None:
    draw = ImageDraw.Draw(picture)
    for place, line in enumerate(lines):
        draw.text((AROUND, AROUND + step * (place + 0.5)), line, font=font, anchor="lm", fill=color)
