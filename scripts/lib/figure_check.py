"""Whether a picture that was ordered to be cut out can be: looked at before anything is bought that is made from it."""

import colorsys

import numpy as np
from PIL import Image

from scripts.lib import cutout, keying
from scripts.lib.failures import Failure

#: the hues that figures are ordered before (`videod/core/key_colours.py` has their words)
GROUNDS = {"green": (0, 177, 64), "blue": (0, 90, 255), "magenta": (230, 0, 220)}
#: hues within this part of the circle are one to whoever mixes colors
HUES = 0.11
#: a figure is at least so high, and at least such a share of the picture
HEIGHT_MIN, SHARE_MIN = 0.2, 0.01
#: so much of a side of the picture may touch the figure: an ear, the tip of a tail
TOUCHING = 0.04
#: a second one counts from here on, as a share of the largest
SECOND = 0.2
#: half transparent, as a share of the figure: long fur has 0.13, feathers of a small bird 0.25
CLOUDED = 0.4
#: with the ground's own hue, as a share of the figure
STAINED = 0.02


def objection(picture: Image.Image, hue: str, group: bool) -> str | None:
    """Why nothing can be cut out of `picture`, as the rest of a sentence about it; None: it can be.

    `hue`: the ground that was ordered, of GROUNDS. `group`: several animals may stand apart.
    """
    source = picture.convert("RGB")
    try:
        ground = cutout.ground(source, "the figure")
    except Failure:
        ground = None
    if ground is None or not _alike(ground, GROUNDS[hue]):
        return f"has no even {hue} background, from which the figure could be cut out"
    found = keying.key(source, ground)
    if found is None:
        return "shows nothing before its background"
    alpha = found.alpha
    body = alpha > 0.5
    rows = np.nonzero(body.any(axis=1))[0]
    if body.sum() < SHARE_MIN * source.width * source.height or np.ptp(rows) < HEIGHT_MIN * source.height:
        return "shows a figure that is too small, or one of the background's color"
    if (side := _cut_off(body, found.box, source.size)) is not None:
        return f"cuts the figure off {side}"
    if not group and (others := _others(body)):
        return f"shows {others + 1} figures, not one"
    if found.clouded > CLOUDED:
        return f"shows a figure that has the background's color itself ({found.clouded:.0%} would be lost)"
    if found.stained > STAINED:
        return f"shows a figure that the background colors ({found.stained:.0%} of it)"
    return None


def _alike(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    turn = abs(colorsys.rgb_to_hsv(*one)[0] - colorsys.rgb_to_hsv(*other)[0])
    return min(turn, 1 - turn) <= HUES


def _cut_off(body: keying.Mask, box: tuple[int, int, int, int], size: tuple[int, int]) -> str | None:
    """Below it may be: it is set on the lower edge of the frame then."""
    edges = (
        ("at the left", box[0] == 0, body[:, :2]),
        ("at the top", box[1] == 0, body[:2]),
        ("at the right", box[2] == size[0], body[:, -2:]),
    )
    for name, reaches, edge in edges:
        side = size[0] if name == "at the top" else size[1]
        if reaches and edge.any(axis=0 if name == "at the top" else 1).sum() > TOUCHING * side:
            return name
    return None


def _others(body: keying.Mask) -> int:
    """How many figures stand apart from the largest one."""
    small = np.asarray(Image.fromarray(body.astype(np.uint8) * 255).reduce(keying.BLOCK)) > 64
    sizes = []
    left = small.copy()
    while left.any():
        part = np.zeros_like(left)
        part.flat[int(left.argmax())] = True
        while True:
            wider = part.copy()
            wider[1:] |= part[:-1]
            wider[:-1] |= part[1:]
            wider[:, 1:] |= part[:, :-1]
            wider[:, :-1] |= part[:, 1:]
            wider &= left
            if wider.sum() == part.sum():
                break
            part = wider
        sizes.append(int(part.sum()))
        left &= ~part
    return sum(1 for size in sizes if size > SECOND * max(sizes)) - 1
