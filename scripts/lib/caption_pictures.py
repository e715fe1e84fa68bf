"""Captions as pictures that are drawn over a cut: for channels that ask for captions nobody can switch off."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from scripts.lib import lettering
from scripts.lib.film import picture_format
from scripts.lib.film.caption_rules import Cue
from scripts.lib.film.overlay import Overlay

#: letters, the space of a line, and the space between the last line and the film's lower edge, pixels
LETTERS, LINE, BELOW = 50, 64, 84
OUTLINE = 4


def overlays(cues: Sequence[Cue], first: int, room: Path) -> tuple[Overlay, ...] | None:
    """A picture in `room` for each caption of a shot that begins with frame `first`; None: no font has the letters."""
    text = "".join(line for cue in cues for line in cue.lines)
    face = lettering.face_for(text)
    if face is None:
        return None
    font = face.sized(LETTERS)
    made = []
    for number, cue in enumerate(cues, start=1):
        width = int(max(font.getlength(line) for line in cue.lines)) + 4 * OUTLINE
        picture = Image.new("RGBA", (min(width, picture_format.WIDTH), LINE * len(cue.lines) + 2 * OUTLINE))
        draw = ImageDraw.Draw(picture)
        for place, line in enumerate(cue.lines):
            at = (picture.width / 2, OUTLINE + LINE * (place + 0.5))
            draw.text(at, line, font=font, anchor="mm", fill="white", stroke_width=OUTLINE, stroke_fill=(0, 0, 0, 220))
        path = room / f"caption_{number}.png"
        picture.save(path)
        left = (picture_format.WIDTH - picture.width) // 4 * 2
        top = (picture_format.HEIGHT - BELOW - picture.height) // 2 * 2
        made.append(Overlay(path, left, top, cue.start - first, cue.end - first, what="captions"))
    return tuple(made)
