"""Trees, grass, reeds and weed as silhouettes: drawn large on masks and reduced, so that edges are smooth."""

import math

import numpy as np
from PIL import Image, ImageDraw

from videod.sandbox.render.noise import Field

Shape = list[tuple[float, float]]
SUPER = 2


class Stand:
    """A mask of the size of the frame on which plants are drawn; coordinates are the frame's pixels."""

    def __init__(self, size: tuple[int, int], top: int, bottom: int) -> None:
        self.top = max(0, top)
        self.bottom = max(self.top + 2, min(size[1], bottom))
        self._mask = Image.new("L", (size[0] * SUPER, (self.bottom - self.top) * SUPER))
        self._pen = ImageDraw.Draw(self._mask)

    def shape(self, points: Shape, level: int = 255) -> None:
        self._pen.polygon([(x * SUPER, (y - self.top) * SUPER) for x, y in points], fill=level)

    def mask(self) -> Image.Image:
        return self._mask.reduce(SUPER)


def conifer(stand: Stand, x: float, base: float, height: float, chance: np.random.Generator) -> None:
    """A spruce: a trunk and ragged tiers that widen downwards."""
    stand.shape([(x - height * 0.018, base + 4), (x - height * 0.008, base - height), (x + height * 0.018, base + 4)])
    tiers = 9
    for tier in range(tiers):
        share = (tier + 1) / tiers
        y = base - height * (1 - share * 0.9) + height * 0.04
        half = height * 0.19 * share * chance.uniform(0.8, 1.15)
        top = y - height * 0.17
        lean = chance.uniform(-0.02, 0.02) * height
        stand.shape([(x, top), (x + half * 0.45, y - height * 0.05), (x + half, y + height * 0.012 + lean),
            (x + half * 0.4, y - height * 0.012),
                     (x, y + height * 0.012), (x - half * 0.42, y - height * 0.014), (x - half,
                         y + height * 0.016 - lean), (x - half * 0.5, y - height * 0.05)])  # fmt: skip


def broadleaf(stand: Stand, x: float, base: float, height: float, chance: np.random.Generator) -> None:
    """A round-crowned tree."""
    stand.shape([(x - height * 0.03, base), (x - height * 0.016, base - height * 0.6), (x + height * 0.016,
        base - height * 0.6), (x + height * 0.03, base)])  # fmt: skip
    for _ in range(13):
        angle, reach = chance.uniform(0, 2 * math.pi), chance.uniform(0, 0.22)
        leaf_cluster(stand, x + height * reach * math.cos(angle) * 1.25,
            base - height * 0.68 + height * reach * math.sin(angle),
            height * chance.uniform(0.1, 0.17), chance)  # fmt: skip


def leaf_cluster(stand: Stand, x: float, y: float, radius: float, chance: np.random.Generator) -> None:
    """A crown's clump with a ragged edge."""
    turns = chance.uniform(0.72, 1.12, 18)
    stand.shape([(x + radius * t * math.cos(k * math.pi / 9), y + radius * t * math.sin(k * math.pi / 9)) for k,
        t in enumerate(turns)])  # fmt: skip


def acacia(stand: Stand, x: float, base: float, height: float, chance: np.random.Generator) -> None:
    """A flat-topped savanna tree."""
    stand.shape([(x - height * 0.03, base), (x - height * 0.012, base - height * 0.55), (x + height * 0.012,
        base - height * 0.55), (x + height * 0.035, base)])  # fmt: skip
    for side in (-1, -0.45, 0.4, 1):
        tip = (x + side * height * 0.42, base - height * 0.84)
        stand.shape([(x - height * 0.014, base - height * 0.5), tip, (tip[0] + height * 0.02,
            tip[1] + height * 0.015), (x + height * 0.014, base - height * 0.46)])  # fmt: skip
    for _ in range(16):
        across = chance.uniform(-0.62, 0.62)
        leaf_cluster(stand, x + across * height, base - height * (0.9 - 0.1 * across * across),
            height * chance.uniform(0.06, 0.1), chance)  # fmt: skip
    stand.shape([(x - height * 0.62, base - height * 0.82), (x, base - height * 0.93), (x + height * 0.62,
        base - height * 0.82), (x, base - height * 0.79)])  # fmt: skip


def palm_leaf(stand: Stand, root: tuple[float, float], length: float, angle: float) -> None:
    """A drooping frond with leaflets, as seen close to the lens."""
    for step in range(16):
        t = step / 15
        droop = angle + t * t * 0.9
        x, y = root[0] + length * t * math.cos(angle + t * 0.35), root[1] + length * t * math.sin(angle + t * 0.35)
        for side in (-1, 1):
            lean = droop + side * 0.85
            reach = length * 0.3 * math.sin(math.pi * (0.12 + 0.88 * t))
            stand.shape([(x, y), (x + reach * math.cos(lean) * 0.5 - 3, y + reach * math.sin(lean) * 0.5),
                (x + reach * math.cos(lean), y + reach * math.sin(lean)), (x + 5, y + 3)])  # fmt: skip


def grass(stand: Stand, width: int, base: Field, tall: float, count: int, chance: np.random.Generator) -> None:
    """Blades that stand on the line `base` (a height per column)."""
    xs, heights, leans = chance.uniform(-10, width + 10, count), chance.uniform(0.35, 1, count), chance.normal(0.12,
        0.28, count)  # fmt: skip
    for x, share, lean in zip(xs, heights, leans, strict=True):
        y = float(base[int(min(max(x, 0), width - 1))]) + 6
        long = tall * share
        half = max(0.8, tall * 0.022)
        bend = x + lean * long
        stand.shape([(x - half, y), ((x + bend) / 2 - half * 0.7 - lean * long * 0.1, y - long * 0.6), (bend,
            y - long), ((x + bend) / 2 + half * 0.7 - lean * long * 0.1, y - long * 0.58), (x + half, y)])  # fmt: skip


def reed(stand: Stand, x: float, base: float, height: float, chance: np.random.Generator) -> None:
    """A bulrush with its brown head."""
    lean = chance.uniform(-0.08, 0.08) * height
    stand.shape([(x - 1.6, base), (x + lean - 0.8, base - height), (x + lean + 0.8, base - height), (x + 1.6, base)])
    head = height * 0.13
    stand.shape([(x + lean - 3.4, base - height + head), (x + lean - 3.0, base - height), (x + lean + 3.0,
        base - height), (x + lean + 3.4, base - height + head)])  # fmt: skip
    tip = x + lean * 2 + chance.uniform(-0.3, 0.3) * height
    stand.shape([(x - 2.4, base), (x + lean, base - height * 0.45), (tip, base - height * 0.72), (x + lean + 3,
        base - height * 0.43), (x + 2.4, base)])  # fmt: skip


def weed(stand: Stand, x: float, base: float, height: float, chance: np.random.Generator) -> None:
    """A swaying stalk of kelp."""
    phase, wide = chance.uniform(0, 6.28), height * 0.018
    left: Shape = []
    right: Shape = []
    for step in range(15):
        t = step / 14
        sway = math.sin(phase + t * 4.2) * height * 0.07 * t
        y = base - height * t
        left.append((x + sway - wide * (1 - t * 0.7), y))
        right.append((x + sway + wide * (1 - t * 0.7), y))
        side = 1 if step % 2 else -1
        leaf = height * 0.11 * (1 - 0.5 * t)
        stand.shape([(x + sway, y), (x + sway + side * leaf * 0.6, y - leaf * 0.55), (x + sway + side * leaf,
            y - leaf * 0.3), (x + sway + side * leaf * 0.5, y + leaf * 0.12)])  # fmt: skip
    stand.shape(left + right[::-1])
