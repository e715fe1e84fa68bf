"""Where a title covers least of whom a picture is about. Imports Pillow and numpy (0.1 CPU-s).

Whoever a film is about differs from what lies beside it in the same row: sky, water and ground run across a picture, an
animal does not. Where it is known where a figure stands, its head must stay free before all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

#: of the picture that is looked at
WIDTH, HEIGHT = 160, 90
#: how much it weighs that all that stands out is covered; all of a figure's upper part, with its head; the rest of it
OUTSTANDING, HEAD, BODY = 420.0, 900.0, 220.0
#: the upper part of a figure, a share of its height; so much it may have moved, a share of the frame
UPPER, MOVED = 0.55, 0.02
#: where whom a film is about mostly stands: the middle of the frame, and how far from it, shares of width and height
MIDDLE, FAR = (0.5, 0.56), (0.34, 0.36)

Box = tuple[float, float, float, float]
_Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Subject:
    """What of a frame a title must leave free: how much each spot stands out (all together 1), a figure's box."""

    outstanding: _Map
    figure: Box | None

    def hidden(self, box: tuple[int, int, int, int], size: tuple[int, int]) -> float:
        """How bad it is to cover `box`, pixels of a frame of `size`; 0: nothing is lost."""
        left, top, right, bottom = (value / side for value, side in zip(box, (*size, *size), strict=True))
        rows = slice(max(0, round(top * HEIGHT)), max(0, round(bottom * HEIGHT)))
        columns = slice(max(0, round(left * WIDTH)), max(0, round(right * WIDTH)))
        found = OUTSTANDING * float(self.outstanding[rows, columns].sum())
        if self.figure is None:
            return found
        across, upper, beyond, lower = self.figure
        waist = upper + UPPER * (lower - upper)
        shown = (left, top, right, bottom)
        head, body = (across, upper, beyond, waist), (across, waist, beyond, lower)
        return 0.4 * found + HEAD * _share(head, shown) + BODY * _share(body, shown)


def _share(of: Box, covered: Box) -> float:
    """Which share of a box another one covers."""
    wide = min(of[2], covered[2]) - max(of[0], covered[0])
    high = min(of[3], covered[3]) - max(of[1], covered[1])
    area = (of[2] - of[0]) * (of[3] - of[1])
    return max(0.0, wide) * max(0.0, high) / area if area > 0 else 0.0


def subject(frame: Image.Image, figure: Box | None = None) -> Subject:
    """What stands out in a frame; `figure`: where one stands, shares of width and height, if that is known."""
    small = frame.convert("RGB").filter(ImageFilter.GaussianBlur(frame.width / 200)).resize((WIDTH, HEIGHT))
    seen = np.asarray(small, dtype=np.float32)
    usual = np.median(seen, axis=1, keepdims=True)
    # rows shade into each other: a branch that fills one row is no ground
    usual = np.asarray([np.median(usual[max(0, row - 3) : row + 4], axis=0) for row in range(HEIGHT)])
    other = np.sqrt(((seen - usual) ** 2).sum(axis=2))
    # what differs a little is light and grain
    other = np.clip(other - np.percentile(other, 65), 0, None) ** 1.5
    x = (np.arange(WIDTH, dtype=np.float32) + 0.5) / WIDTH - MIDDLE[0]
    y = (np.arange(HEIGHT, dtype=np.float32) + 0.5) / HEIGHT - MIDDLE[1]
    near = np.exp(-0.5 * ((x[None, :] / FAR[0]) ** 2 + (y[:, None] / FAR[1]) ** 2))
    # whoever fills the picture is the ground of most rows: its face has detail, and it is in the middle
    found = 0.35 * _whole(other * near) + 0.35 * _whole(_detail(frame) * near) + 0.3 * _whole(near**3)
    return Subject(found.astype(np.float32), None if figure is None else _grown(figure))


def _detail(frame: Image.Image) -> _Map:
    """Where eyes, mouths and fur are: small changes, and a face that fills the picture has more of them."""
    grey = frame.convert("L").resize((2 * WIDTH, 2 * HEIGHT))
    fine = np.abs(np.asarray(grey, np.float32) - np.asarray(grey.filter(ImageFilter.GaussianBlur(4)), np.float32))
    detail = fine.reshape(HEIGHT, 2, WIDTH, 2).mean(axis=(1, 3))
    kept: _Map = np.clip(detail - np.percentile(detail, 65), 0, None)
    return kept


def _whole(weights: _Map) -> _Map:
    """The weights as shares of their sum."""
    total = float(weights.sum())
    return weights / total if total > 0 else weights


def _grown(box: Box) -> Box:
    return max(0.0, box[0] - MOVED), max(0.0, box[1] - MOVED), min(1.0, box[2] + MOVED), min(1.0, box[3] + MOVED)


def read(text: str) -> Box | None:
    """A box as a command line has it ("left,top,right,bottom"); None: it makes no sense."""
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        return None
    inside = 0.0 <= left < right <= 1.0 and 0.0 <= top < bottom <= 1.0
    return (left, top, right, bottom) if inside else None
