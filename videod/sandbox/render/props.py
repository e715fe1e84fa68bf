"""Macro props: one object that fills the frame, drawn as a body of its own."""

import math
import re
from collections.abc import Callable

from videod.sandbox.render.paint import Coat, Sketch
from videod.sandbox.render.shapes import mixed, oval_points, scaled

Prop = Callable[[Sketch], Coat]


def _tracks(s: Sketch) -> Coat:
    for n in range(4):
        x, y = -0.75 + 0.5 * n, 0.18 + 0.14 * n
        dark = (84, 82, 92)
        s.oval((x, y), 0.11, 0.075, dark, 1)
        for k in range(4):
            angle = math.radians(38 + 34 * k)
            s.oval((x + 0.15 * math.cos(angle), y + 0.115 * math.sin(angle)), 0.036, 0.034, dark, 1)
    return Coat(fur=0.0)


def _feather(s: Sketch) -> Coat:
    spine = [(-0.85, 0.12), (-0.3, 0.34), (0.3, 0.52), (0.85, 0.62)]
    s.limb(spine, [0.02, 0.34, 0.38, 0.05], (120, 96, 78), 1)
    for k in range(26):
        t = k / 25
        x, y = -0.7 + 1.45 * t, 0.18 + 0.44 * t
        s.spot([(x, y), (x + 0.16, y + 0.24), (x + 0.175, y + 0.235)], (86, 68, 56) if k % 5 else (222, 212, 198), 1)
        s.spot([(x, y), (x + 0.2, y - 0.12), (x + 0.21, y - 0.11)], (92, 74, 60) if k % 5 else (222, 212, 198), 1)
    s.limb([(-1.0, 0.05), *spine], [0.03, 0.03, 0.022, 0.016, 0.008], (236, 226, 206), 3)
    return Coat(fur=0.25)


def _berries(s: Sketch) -> Coat:
    s.limb([(-0.95, 0.9), (-0.3, 0.76), (0.4, 0.82), (0.95, 0.7)], [0.07, 0.05, 0.045, 0.03], (92, 70, 54), 0)
    for x, y, lean in ((-0.6, 0.98, 0.6), (0.0, 0.98, -0.4), (0.62, 0.95, 0.5)):
        s.blob(oval_points((x, y), 0.24, 0.1, lean), (86, 122, 62), 0)
    for n, (x, y) in enumerate(
        ((-0.42, 0.52), (-0.16, 0.44), (0.1, 0.54), (0.34, 0.44), (-0.28, 0.27), (0.0, 0.24), (0.24, 0.24))
    ):
        s.limb([(x * 0.7, 0.76), (x, y + 0.08)], [0.018, 0.014], (110, 86, 60), 0)
        s.oval((x, y), 0.135, 0.13, (176, 34, 42) if n % 3 else (144, 24, 40), 2 if n % 2 else 1)
        s.mark(oval_points((x - 0.045, y + 0.05), 0.022, 0.03, 0.5, 12), (250, 226, 224))
    return Coat(fur=0.0, gloss=0.8)


def _stones(s: Sketch) -> Coat:
    for n, (x, y, rx, ry) in enumerate(
        (
            (-0.66, 0.16, 0.36, 0.2),
            (0.62, 0.14, 0.4, 0.18),
            (-0.06, 0.24, 0.48, 0.3),
            (0.2, 0.58, 0.3, 0.13),
            (-0.34, 0.06, 0.24, 0.09),
        )
    ):
        s.oval((x, y), rx, ry, ((124, 122, 120), (98, 98, 102), (142, 138, 132), (110, 108, 106),
            (128, 120, 112))[n], min(n, 3), 0.08 * (n % 3))  # fmt: skip
    return Coat(fur=0.3, gloss=0.15)


def _flower(s: Sketch) -> Coat:
    s.limb([(0.0, 0.0), (0.04, 0.3), (0.0, 0.56)], [0.05, 0.045, 0.05], (86, 128, 64), 0)
    s.blob([(0.02, 0.16), (0.3, 0.24), (0.56, 0.44), (0.26, 0.4)], (92, 142, 70), 0)
    for ring, (count, reach) in enumerate(((11, 0.43), (8, 0.3))):
        for k in range(count):
            angle = 2 * math.pi * k / count + 0.3 * ring
            end = (reach * math.cos(angle), 0.62 + reach * 0.82 * math.sin(angle))
            s.limb([(0.0, 0.62), ((end[0]) * 0.55, 0.62 + (end[1] - 0.62) * 0.55), end], [0.07, 0.16, 0.08],
                mixed((190, 84, 176), (250, 200, 236), 0.35 * ring + 0.08 * (k % 3)), ring + 1)  # fmt: skip
    s.oval((0.0, 0.62), 0.13, 0.115, (226, 168, 46), 3)
    for k in range(22):
        angle = k * 2.4
        s.spot(oval_points((0.024 * math.sqrt(k) * math.cos(angle), 0.62 + 0.021 * math.sqrt(k) * math.sin(angle)),
            0.012, 0.012, 0, 8), (150, 96, 30), 3)  # fmt: skip
    return Coat(fur=0.1)


def _nest(s: Sketch) -> Coat:
    for k in range(46):
        lean = ((k * 37) % 17 - 8) / 30
        y = 0.12 + 0.3 * ((k * 13) % 11) / 11
        x = -0.5 + 1.0 * ((k * 29) % 23) / 23
        s.limb([(x - 0.42, y - lean * 0.4 + abs(x) * 0.3), (x, y), (x + 0.42, y + lean * 0.4 + abs(x) * 0.3)], [0.02,
            0.035, 0.015], scaled((132, 104, 72), 0.7 + 0.5 * ((k * 7) % 5) / 5), 0 if k < 30 else 3)  # fmt: skip
    for x in (-0.24, 0.06, 0.32):
        s.oval((x, 0.5), 0.17, 0.2, (206, 214, 204), 1, 0.2 * x)
        for k in range(9):
            s.spot(oval_points((x - 0.1 + 0.2 * ((k * 5) % 9) / 9, 0.42 + 0.2 * ((k * 7) % 9) / 9), 0.014, 0.011, 0,
                8), (112, 92, 78), 1)  # fmt: skip
    return Coat(fur=0.1, gloss=0.1)


def _bone(s: Sketch) -> Coat:
    s.limb([(-0.7, 0.2), (0.0, 0.28), (0.7, 0.34)], [0.14, 0.1, 0.14], (228, 220, 202), 1)
    for x, y in ((-0.78, 0.28), (-0.76, 0.1), (0.78, 0.44), (0.8, 0.24)):
        s.oval((x, y), 0.13, 0.11, (232, 224, 208), 2)
    return Coat(fur=0.12, gloss=0.1)


def _icicles(s: Sketch) -> Coat:
    s.blob([(-1.1, 1.0), (-1.1, 1.25), (1.1, 1.25), (1.1, 0.98), (0.5, 1.02), (-0.4, 0.96)], (206, 220, 232), 1)
    for k in range(9):
        x = -0.92 + 0.23 * k
        long = 0.3 + 0.5 * ((k * 5) % 9) / 9
        s.limb([(x, 1.06), (x + 0.01, 1.0 - long * 0.5), (x, 1.0 - long)], [0.15, 0.085, 0.012], (190, 212, 232), 2)
    return Coat(fur=0.0, gloss=1.0)


def _leaf(s: Sketch) -> Coat:
    s.blob([(-0.95, 0.2), (-0.4, 0.62), (0.3, 0.72), (0.98, 0.4), (0.4, 0.14), (-0.4, 0.06)], (84, 132, 58), 1)
    for k in range(9):
        x = -0.66 + 0.17 * k
        for up in (1, -1):
            s.spot([(x, 0.27 + 0.02 * k), (x + 0.22, 0.27 + 0.02 * k + up * 0.24), (x + 0.235,
                0.27 + 0.02 * k + up * 0.23)], (116, 164, 84), 1)  # fmt: skip
    s.limb([(-1.1, 0.14), (-0.2, 0.32), (0.98, 0.4)], [0.04, 0.03, 0.01], (150, 190, 112), 3)
    for x, y, r in (
        (-0.3, 0.46, 0.07),
        (0.24, 0.54, 0.05),
        (0.1, 0.26, 0.085),
        (0.55, 0.38, 0.045),
        (-0.55, 0.24, 0.04),
    ):
        s.oval((x, y), r, r * 0.86, (190, 216, 206), 3)
        s.mark(oval_points((x - r * 0.3, y + r * 0.3), r * 0.22, r * 0.22, count=10), (255, 255, 255))
    return Coat(fur=0.05, gloss=0.6)


def _shell(s: Sketch) -> Coat:
    s.blob([(-0.7, 0.12), (-0.5, 0.62), (0.0, 0.86), (0.5, 0.62), (0.7, 0.12), (0.0, 0.0)], (226, 196, 164), 1)
    for k in range(-5, 6):
        x = 0.125 * k
        s.spot([(x * 0.24, 0.04), (x * 1.02, 0.78 - 1.2 * x * x), (x * 1.02 + 0.03, 0.78 - 1.2 * x * x)], (176, 128,
            98), 1)  # fmt: skip
    return Coat(fur=0.05, gloss=0.4)


PROPS: tuple[tuple[str, str, Prop], ...] = (
    ("tracks", r"tracks?|paw ?prints?|footprints?|hoofprints?", _tracks),
    ("feather", r"feathers?|plume", _feather),
    ("berries", r"berr(?:y|ies)|fruits?|acorns?|seeds?", _berries),
    ("nest", r"nests?|eggs?", _nest),
    ("bone", r"bones?|skulls?|antler shed|carcass", _bone),
    ("icicles", r"icicles?|melting ice|ice crystals?", _icicles),
    ("flower", r"flowers?|blossoms?|petals?|nectar|thistles?|milkweed", _flower),
    ("leaf", r"lea(?:f|ves)|dew|droplets?|raindrops?|grass blades?|moss|kelp fronds?", _leaf),
    ("shell", r"shells?|seashells?", _shell),
    ("stones", r"stones?|pebbles?|rocks?|gravel|boulders?", _stones),
)


def find_prop(text: str) -> str | None:
    """The name of the prop that `text` names first, or None."""
    places = []
    for name, words, _ in PROPS:
        match = re.search(rf"\b(?:{words})\b", text)
        if match:
            places.append((match.start(), name))
    return min(places)[1] if places else None


def draw_prop(sketch: Sketch, name: str) -> Coat:
    """Puts the prop on the sketch: about 2 units wide and 1 high, standing on the ground."""
    return next(draw for known, _, draw in PROPS if known == name)(sketch)
