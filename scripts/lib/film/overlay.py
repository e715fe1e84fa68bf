"""What is drawn over the pictures of a shot when it is cut: a watermark, and whatever else is given as a picture.

A film is joined by copying the packets of its cuts, so what is drawn is drawn there, long before anybody approves the
film. Whoever draws gives pictures with transparency, their place and their time; `segment.cut` does the rest.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg, picture_format

MARK_SIDE = 384
"""The longest side of a watermark in pixels: a fifth of the film's width, and well inside its height."""
MARK_EDGE = 48
"""Pixels between a watermark and the edges of the film."""
COLORS = "format=rgba,scale=out_color_matrix=bt709:out_range=tv,format=yuva420p"
"""In the film's colors (FFmpeg 5.1 would take BT.601)."""
WITH_ALPHA = "format=yuva420p"


@dataclass(frozen=True)
class Overlay:
    """A picture to draw over a shot, from its picture `first` until before `end` (None: to the end of the shot).

    `left`, `top`: where its corner lies, in pixels of the film (even numbers keep its colors sharp). It comes and
    goes over `fade` pictures. `what` is drawn stands in the report of the cut.
    """

    path: Path
    left: int
    top: int
    first: int = 0
    end: int | None = None
    fade: int = 0
    what: str = "picture"


@dataclass(frozen=True)
class Mark:
    """A watermark. `digest`: the SHA-256 of the channel's file, by which a cut remembers what was drawn over it."""

    overlay: Overlay
    digest: str


@dataclass(frozen=True)
class LeftOut:
    """An intro, outro, watermark or music that the film is made without: what is paid for waits for no extra."""

    why: str


def mark(path: Path, room: Path) -> Mark | LeftOut:
    """The watermark for the lower right corner, no larger than MARK_SIDE, or why it cannot be used."""
    from PIL import Image  # few films have a watermark

    from scripts.lib import pictures

    try:
        picture = pictures.load(path, f"watermark {path}").convert("RGBA")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except Failure as failure:
        if failure.kind is not Kind.INPUT:
            raise
        return LeftOut(failure.message)
    if max(picture.size) > MARK_SIDE:
        picture.thumbnail((MARK_SIDE, MARK_SIDE), Image.Resampling.LANCZOS)
    made = room / "watermark.png"
    made.write_bytes(pictures.encoded(picture, ".png"))
    left, top = picture_format.WIDTH - picture.width - MARK_EDGE, picture_format.HEIGHT - picture.height - MARK_EDGE
    return Mark(Overlay(made, left // 2 * 2, top // 2 * 2, what="watermark"), digest)


def named(overlays: Sequence[Overlay]) -> str:
    """What these draw, for a report, such as "watermark and captions"."""
    kinds = list(dict.fromkeys(one.what for one in overlays))
    return " and ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1]))) if kinds else ""


def inputs(overlays: Sequence[Overlay]) -> list[str]:
    """FFmpeg's arguments that open them, in the order that `drawing` counts on."""
    return [word for one in overlays for word in ffmpeg.given(one.path)]


def drawing(overlays: Sequence[Overlay], number: int, frames: int, fps: int) -> str:
    """The end of a chain of filters that draws them over its pictures; the first one is FFmpeg's input `number`."""
    if not overlays:
        return "null"
    chain, below = "null[below0]", "below0"
    for place, given in enumerate(overlays):
        one = replace(given, end=frames if given.end is None else min(given.end, frames))
        chain += f";[{number + place}:v:0]{COLORS}{_fading(one, fps)}[over{place}];[{below}][over{place}]"
        chain += f"overlay={one.left}:{one.top}:enable='between(n,{one.first},{(one.end or 0) - 1})'"
        below = f"below{place + 1}"
        chain += f"[{below}]" if place < len(overlays) - 1 else ""
    return chain


def _fading(one: Overlay, fps: int) -> str:
    if not one.fade or one.end is None:
        return ""
    return (
        f",loop=loop=-1:size=1,setpts=N/({fps}*TB),trim=end_frame={one.end},"
        f"fade=t=in:start_frame={one.first}:nb_frames={one.fade}:alpha=1,"
        f"fade=t=out:start_frame={max(one.first, one.end - one.fade)}:nb_frames={one.fade}:alpha=1"
    )
