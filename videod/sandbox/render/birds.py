"""Birds: on the wing, perched, wading, upright. Facing right; units: the body is about 1 long, the ground at 0."""

import math
from dataclasses import dataclass

from videod.sandbox.render.builds import Palette
from videod.sandbox.render.paint import Sketch
from videod.sandbox.render.shapes import Colour, Point, mixed, oval_points, scaled


@dataclass(frozen=True)
class Plumage:
    """What tells one bird from another. Lengths in body units; `wing` is one wing's length."""

    wing: float = 1.25
    neck: float = 0.0
    legs: float = 0.22
    beak: str = "hook"  # hook, dagger, cone, long, wide
    head: Colour | None = None
    tail: Colour | None = None
    feet: Colour = (214, 166, 48)
    beak_colour: Colour = (222, 176, 60)
    upright: bool = False
    face: str = "side"  # side, owl


PLUMAGES = {
    "eagle": Plumage(head=(240, 238, 230), tail=(236, 234, 226)),
    "hawk": Plumage(wing=1.15, beak_colour=(70, 66, 62)),
    "raven": Plumage(wing=1.1, beak="cone", feet=(40, 40, 44), beak_colour=(38, 38, 42)),
    "vulture": Plumage(wing=1.4, neck=0.16, head=(196, 120, 110), beak_colour=(210, 200, 180)),
    "owl": Plumage(wing=1.1, legs=0.08, face="owl", feet=(120, 108, 96), beak_colour=(60, 56, 52)),
    "crane": Plumage(wing=1.3, neck=0.75, legs=1.0, beak="dagger", feet=(60, 56, 54), beak_colour=(150, 140, 110)),
    "flamingo": Plumage(wing=1.2, neck=0.95, legs=1.15, beak="wide", feet=(226, 140, 140), beak_colour=(60, 50, 52)),
    "penguin": Plumage(legs=0.05, beak="dagger", upright=True, feet=(60, 56, 58), beak_colour=(226, 150, 60)),
    "song": Plumage(wing=0.85, legs=0.2, beak="cone", feet=(110, 86, 70), beak_colour=(90, 80, 70)),
    "gull": Plumage(wing=1.35, beak="cone", feet=(220, 160, 90), head=(248, 248, 246), tail=(248, 248, 246)),
    "puffin": Plumage(wing=0.8, legs=0.1, beak="wide", head=(244, 244, 242), feet=(232, 120, 50),
                      beak_colour=(232, 104, 40)),
    "hummingbird": Plumage(wing=0.7, legs=0.03, beak="long", beak_colour=(48, 44, 42)),
}  # fmt: skip


class Bird:
    """One bird in one pose: flying, perched or standing, with the head raised or lowered."""

    def __init__(self, sketch: Sketch, plumage: Plumage, palette: Palette, pose: str, head: str) -> None:
        self.sketch = sketch
        self.plumage = plumage
        self.palette = palette
        self.flying = pose in ("flying", "running", "leaping")
        self.pose = pose
        self.head = head

    def draw(self) -> None:
        if self.plumage.upright:
            self._penguin()
        elif self.flying:
            self._flying()
        elif self.plumage.face == "owl":
            self._owl()
        else:
            self._standing()

    def _head_colour(self) -> Colour:
        return self.plumage.head or mixed(self.palette.base, self.palette.light, 0.25)

    def _beak(self, at: Point, size: float, lean: float = 0.0, depth: int = 3) -> None:
        s, kind, colour = self.sketch, self.plumage.beak, self.plumage.beak_colour
        long = {"hook": 1.15, "dagger": 2.2, "cone": 0.8, "long": 3.4, "wide": 1.2}[kind]
        thick = {"hook": 0.42, "dagger": 0.3, "cone": 0.36, "long": 0.1, "wide": 0.62}[kind]
        cos, sin = math.cos(lean), math.sin(lean)

        def turned(x: float, y: float) -> Point:
            return (at[0] + size * (x * cos - y * sin), at[1] + size * (x * sin + y * cos))

        tip = turned(long, -0.5 if kind in ("hook", "wide") else -0.05)
        upper = [turned(-0.2, thick), turned(long * 0.6, thick * 0.8), tip, turned(long * 0.62, -thick * 0.3),
            turned(-0.2, -thick)]  # fmt: skip
        s.mark(upper, colour, depth)
        s.mark([turned(-0.1, -thick * 0.2), turned(long * 0.7, -thick * 0.25), turned(-0.1, -thick * 0.4)],
            scaled(colour, 0.55), depth)  # fmt: skip

    def _eye(self, at: Point, size: float) -> None:
        self.sketch.mark(oval_points(at, size * 1.3, size * 1.15), (26, 22, 20))
        self.sketch.mark(oval_points(at, size, size), self.palette.eye)
        self.sketch.mark(oval_points(at, size * 0.55, size * 0.55), (10, 9, 9))
        self.sketch.mark(oval_points((at[0] - size * 0.3, at[1] + size * 0.35), size * 0.25, size * 0.25, count=8),
            (250, 250, 246))  # fmt: skip

    def _wing(self, root: Point, length: float, up: float, depth: int, shade: float) -> None:
        """A spread wing: an arm, then a fan of flight feathers."""
        s, p = self.sketch, self.palette
        arm = scaled(p.base, shade)
        elbow = (root[0] + 0.1 * length, root[1] + up * 0.42 * length)
        wrist = (root[0] - 0.02 * length, root[1] + up * 0.86 * length)
        for k in range(14):
            t = k / 13
            start = (root[0] - 0.12 + (wrist[0] - root[0]) * t + 0.1 * math.sin(t * 3.1) * length,
                root[1] + (wrist[1] - root[1]) * t)  # fmt: skip
            angle = math.radians(188 + (118 - 188) * t**1.6) if up > 0 else math.radians(172 + (242 - 172) * t**1.6)
            reach = length * (0.4 + 0.22 * t)
            end = (start[0] + reach * math.cos(angle), start[1] + reach * math.sin(angle))
            colour = scaled(mixed(p.base, p.dark, 0.45 + 0.4 * t), shade * (0.92 if k % 2 else 1.04))
            s.limb([start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end], [0.1 * length, 0.105 * length,
                0.03], colour, depth)  # fmt: skip
        s.limb([root, elbow, wrist], [0.26 * length, 0.24 * length, 0.12 * length], arm, depth)

    def _flying(self) -> None:
        s, p, k = self.sketch, self.palette, self.plumage
        y = 0.75
        up = 0.95 if self.head != "lowered" else -0.8
        self._wing((0.12, y + 0.06), k.wing * 0.92, up, 0, 0.8)
        if k.legs > 0.5:
            s.limb([(-0.3, y - 0.02), (-0.9, y + 0.02), (-1.3, y + 0.04)], [0.05, 0.035, 0.03], k.feet, 0)
        tail = k.tail or mixed(p.base, p.dark, 0.5)
        for n in range(5):
            end = (-0.78, y - 0.12 + 0.07 * n)
            s.limb([(-0.3, y), (-0.55, (y + end[1]) / 2), end], [0.12, 0.12, 0.07], scaled(tail,
                0.92 if n % 2 else 1), 1)  # fmt: skip
        s.limb([(-0.46, y), (-0.1, y - 0.01), (0.24, y), (0.46, y + 0.05)], [0.1, 0.32, 0.34, 0.2], p.base, 1)
        s.tint([(-0.3, y - 0.1), (0.2, y - 0.07), (0.44, y), (0.4, y - 0.2), (-0.2, y - 0.24)], mixed(p.base,
            p.light, 0.7), 1)  # fmt: skip
        head = (0.55 + k.neck, y + 0.07)
        s.limb([(0.36, y + 0.02), head], [0.22 if k.neck < 0.3 else 0.12, 0.2 if k.neck < 0.3 else 0.1],
            self._head_colour(), 1)  # fmt: skip
        s.oval(head, 0.13, 0.12, self._head_colour(), 1)
        self._beak((head[0] + 0.11, head[1]), 0.12)
        self._eye((head[0] + 0.04, head[1] + 0.035), 0.022)
        self._wing((0.16, y + 0.03), k.wing, up * 0.92, 2, 1.05)
        s.melt((0.16, y), 0.16, 2)

    def _standing(self) -> None:
        s, p, k = self.sketch, self.palette, self.plumage
        y = k.legs + 0.3
        for far in (True, False):
            x = 0.11 if far else -0.11
            colour = scaled(k.feet, 0.75 if far else 1)
            depth = 0 if far else 2
            s.limb([(x, y - 0.16), (x + 0.03, k.legs * 0.5), (x, 0.02)], [0.09, 0.045, 0.04], colour, depth)
            s.limb([(x - 0.03, 0.015), (x + 0.02, 0.02), (x + 0.06, 0.012)], [0.02, 0.04, 0.02], colour, depth)
        tail = k.tail or mixed(p.base, p.dark, 0.6)
        s.limb([(-0.2, y), (-0.5, y - 0.16), (-0.7, y - 0.3)], [0.2, 0.17, 0.12], tail, 0)
        s.limb([(-0.36, y - 0.1), (-0.1, y), (0.16, y + 0.14), (0.24, y + 0.3)], [0.2, 0.42, 0.44, 0.26], p.base, 1)
        s.tint([(0.06, y - 0.16), (0.3, y - 0.02), (0.42, y + 0.25), (0.22, y + 0.2), (0.02, y)], mixed(p.base,
            p.light, 0.75), 1)  # fmt: skip
        down = self.head == "lowered"
        lift = 0.12 if self.head == "raised" else 0.0
        if k.neck > 0.3:
            head = (0.62, y + 0.1) if down else (0.44, y + 0.4 + k.neck + lift)
            bend = (0.56, y + 0.45) if down else (0.2, y + 0.35 + k.neck * 0.6)
            s.limb([(0.18, y + 0.16), (0.36, y + 0.4), bend, head], [0.3, 0.15, 0.1, 0.1],
                self._head_colour() if k.head else p.base, 1)  # fmt: skip
        else:
            head = (0.34, y + 0.46 + lift) if not down else (0.44, y + 0.34)
            s.limb([(0.18, y + 0.2), head], [0.36, 0.24], self._head_colour(), 1)
        size = 0.145 if k.neck < 0.3 else 0.1
        s.oval(head, size, size * 0.92, self._head_colour(), 1)
        self._beak((head[0] + size * 0.85, head[1] - 0.01), size * 0.95, lean=-0.5 if down else lift)
        self._eye((head[0] + size * 0.35, head[1] + size * 0.25), size * 0.17)
        wing = [(0.18, y + 0.2), (-0.02, y + 0.22), (-0.36, y - 0.02), (-0.62, y - 0.26), (-0.26, y - 0.18), (0.08,
            y - 0.08)]  # fmt: skip
        s.blob(wing, mixed(p.base, p.dark, 0.3), 2)
        for n in range(7):
            a = (0.06 - 0.07 * n, y + 0.1 - 0.035 * n)
            s.spot([a, (a[0] - 0.2, a[1] - 0.13), (a[0] - 0.17, a[1] - 0.15)], mixed(p.base, p.dark, 0.85), 2)
        s.melt((0.14, y + 0.2), 0.2, 2)

    def _owl(self) -> None:
        s, p = self.sketch, self.palette
        for x in (-0.1, 0.1):
            s.limb([(x, 0.12), (x, 0.03), (x + 0.03, 0.02)], [0.16, 0.12, 0.08], mixed(self.plumage.feet, p.light,
                0.5), 0)  # fmt: skip
        s.blob([(-0.26, 0.1), (-0.34, 0.5), (-0.26, 0.84), (0, 0.92), (0.26, 0.84), (0.34, 0.5), (0.26, 0.1), (0,
            0.04)], p.base, 1)  # fmt: skip
        s.tint([(-0.14, 0.08), (-0.2, 0.5), (0, 0.68), (0.2, 0.5), (0.14, 0.08)], mixed(p.base, p.light, 0.8), 1)
        for row in range(6):
            for column in range(-2, 3):
                at = (column * 0.085 + (0.04 if row % 2 else 0), 0.16 + row * 0.08)
                s.spot(oval_points(at, 0.026, 0.012, 0, 10), mixed(p.base, p.dark, 0.5), 1)
        for side in (-1, 1):
            s.blob([(side * 0.24, 0.72), (side * 0.38, 0.5), (side * 0.3, 0.12), (side * 0.2, 0.3)], mixed(p.base,
                p.dark, 0.3), 2)  # fmt: skip
        s.oval((0, 0.94), 0.29, 0.24, p.base, 3)
        for side in (-1, 1):
            s.tint(oval_points((side * 0.115, 0.93), 0.13, 0.15), mixed(p.base, p.light, 0.85), 3)
            at = (side * 0.105, 0.96)
            s.mark(oval_points(at, 0.062, 0.062), (30, 26, 22))
            s.mark(oval_points(at, 0.052, 0.052), (236, 178, 44))
            s.mark(oval_points(at, 0.028, 0.03), (10, 9, 9))
            s.mark(oval_points((at[0] - 0.015, at[1] + 0.018), 0.011, 0.011, count=8), (252, 252, 248))
        s.mark([(-0.035, 0.92), (0.035, 0.92), (0.0, 0.83)], self.plumage.beak_colour)

    def _penguin(self) -> None:
        s, p, k = self.sketch, self.palette, self.plumage
        lean = 0.1 if self.pose in ("walking", "running") else 0.0
        for x in (-0.1, 0.08):
            s.limb([(x, 0.05), (x + 0.12, 0.025)], [0.1, 0.06], k.feet, 0)
        s.blob([(-0.2, 0.06), (-0.29, 0.4), (-0.2 + lean, 0.86), (0.0 + lean, 1.0), (0.16 + lean, 0.86), (0.24, 0.4),
            (0.14, 0.06)], p.dark, 1)  # fmt: skip
        s.tint([(0.0, 0.08), (-0.02, 0.5), (0.06 + lean, 0.84), (0.2 + lean, 0.82), (0.3, 0.4), (0.16, 0.06)], (244,
            244, 240), 1)  # fmt: skip
        head = (0.04 + lean, 1.04 + (0.06 if self.head == "raised" else 0))
        s.oval(head, 0.15, 0.15, scaled(p.dark, 0.85), 1)
        s.tint(oval_points((head[0] + 0.02, head[1] - 0.13), 0.09, 0.06), (240, 190, 80), 1)
        self._beak((head[0] + 0.13, head[1]), 0.075, lean=0.5 if self.head == "raised" else -0.05)
        self._eye((head[0] + 0.06, head[1] + 0.03), 0.016)
        s.limb([(-0.08 + lean, 0.82), (-0.2, 0.55), (-0.24 - lean, 0.3)], [0.12, 0.13, 0.05], scaled(p.dark, 1.15), 2)
