"""Fish, sharks, whales, dolphins and seals. Facing right; units: the body is about 1.6 long, the axis at 0.6."""

from dataclasses import dataclass

import numpy as np

from videod.sandbox.render.builds import Palette
from videod.sandbox.render.paint import Sketch
from videod.sandbox.render.shapes import Colour, Point, mixed, oval_points, scaled


@dataclass(frozen=True)
class Fin:
    """A body plan. `depth` is the body's full height; `fluke` a whale's level tail instead of an upright one."""

    depth: float = 0.4
    nose: float = 0.16
    fluke: bool = False
    dorsal: float = 0.2
    pectoral: float = 0.3
    snout: str = "round"  # round, beak, shark, whale
    coat: str = "counter"  # counter, orca, stripes, scales, grooves
    whiskers: bool = False


FINS = {
    "fish": Fin(depth=0.46, nose=0.18, dorsal=0.16, pectoral=0.16, coat="scales"),
    "reef": Fin(depth=0.72, nose=0.2, dorsal=0.18, pectoral=0.18, coat="stripes"),
    "shark": Fin(depth=0.38, nose=0.12, dorsal=0.28, pectoral=0.42, snout="shark"),
    "whale": Fin(depth=0.54, nose=0.34, fluke=True, dorsal=0.06, pectoral=0.62, snout="whale", coat="grooves"),
    "orca": Fin(depth=0.48, nose=0.26, fluke=True, dorsal=0.42, pectoral=0.34, coat="orca"),
    "dolphin": Fin(depth=0.38, nose=0.2, fluke=True, dorsal=0.2, pectoral=0.28, snout="beak"),
    "seal": Fin(depth=0.44, nose=0.22, fluke=True, dorsal=0.0, pectoral=0.34, whiskers=True),
}


class Swimmer:
    """One swimmer; `raised` lifts its head and bends its back, as in a breach."""

    def __init__(self, sketch: Sketch, fin: Fin, palette: Palette, pose: str, head: str) -> None:
        self.sketch = sketch
        self.fin = fin
        self.palette = palette
        self.bend = 0.34 if head == "raised" or pose == "leaping" else (-0.2 if head == "lowered" else 0.07)

    def _at(self, along: float, up: float = 0.0) -> Point:
        """A point `along` the body from tail (0) to nose (1), `up` from its bent axis."""
        x = -0.8 + 1.6 * along
        return (x, 0.6 + self.bend * ((along - 0.42) ** 2 * 2.2) * (1 if along > 0.42 else -0.6) + up)

    def _half(self, along: float) -> float:
        ends = [0.05, 0.14, 0.62, 1.0, 0.98, 0.8, self.fin.nose / self.fin.depth]
        return float(np.interp(along, [0, 0.1, 0.35, 0.58, 0.74, 0.88, 1.0], ends)) * self.fin.depth / 2

    def draw(self) -> None:
        f, p, s = self.fin, self.palette, self.sketch
        self._tail()
        pectoral = self._at(0.7, -self._half(0.7) * 0.55)
        s.limb([pectoral, (pectoral[0] - 0.06, pectoral[1] - f.pectoral * 0.5), (pectoral[0] - 0.2,
            pectoral[1] - f.pectoral * 0.86)], [0.14, 0.13, 0.02], scaled(p.base, 0.62), 0)  # fmt: skip
        steps = [k / 10 for k in range(11)]
        s.limb([self._at(t) for t in steps], [self._half(t) * 2 for t in steps], p.base, 1)
        if f.dorsal:
            self._dorsal()
        if f.snout == "beak":
            s.limb([self._at(0.97, -0.03), self._at(1.09, -0.06)], [0.13, 0.06], p.base, 1)
        if f.snout == "shark":
            s.limb([self._at(0.9, 0.03), self._at(1.07, 0.03)], [0.2, 0.05], p.base, 1)
        self._coat()
        self._face()
        near = self._at(0.66, -self._half(0.66) * 0.5)
        path = [near, (near[0] - 0.04, near[1] - f.pectoral * 0.55), (near[0] - 0.24, near[1] - f.pectoral)]
        s.limb(path, [0.15, 0.16, 0.025], mixed(p.base, p.dark, 0.35), 2)
        s.melt(near, 0.1, 2)

    def _dorsal(self) -> None:
        f, p, s = self.fin, self.palette, self.sketch
        if f.coat in ("scales", "stripes"):
            fan = [self._at(0.72, self._half(0.72) * 0.8), self._at(0.62, self._half(0.62) + f.dorsal),
                self._at(0.36, self._half(0.36) + f.dorsal * 0.5), self._at(0.32, self._half(0.32) * 0.6)]  # fmt: skip
            s.fill(fan, mixed(p.base, p.dark, 0.5), 0)
            low = [self._at(0.42, -self._half(0.42) * 0.8), self._at(0.3, -self._half(0.3) - f.dorsal * 0.7),
                self._at(0.28, -self._half(0.28) * 0.6)]  # fmt: skip
            s.fill(low, mixed(p.base, p.dark, 0.5), 0)
            return
        top = self._at(0.5, self._half(0.5) + f.dorsal)
        root, heel = self._at(0.64, self._half(0.64) * 0.85), self._at(0.46, self._half(0.46) * 0.85)
        s.blob([root, ((root[0] + top[0]) / 2 + 0.01, (root[1] + top[1]) / 2 + 0.03), top,
            ((heel[0] + top[0]) / 2 + 0.05, (heel[1] + top[1]) / 2), heel], mixed(p.base, p.dark, 0.4), 1)  # fmt: skip

    def _tail(self) -> None:
        f, p, s = self.fin, self.palette, self.sketch
        root = self._at(0.03)
        colour = mixed(p.base, p.dark, 0.45)
        if f.fluke:
            s.blob([(root[0] + 0.1, root[1]), (root[0] - 0.14, root[1] + 0.15), (root[0] - 0.4, root[1] + 0.2),
                (root[0] - 0.22, root[1] + 0.04), (root[0] - 0.36, root[1] - 0.1), (root[0] - 0.12, root[1] - 0.06)],
                colour, 1)  # fmt: skip
            return
        high = 0.32 if f.snout == "shark" else 0.24
        low = 0.2 if f.snout == "shark" else 0.24
        s.blob([(root[0] + 0.1, root[1]), (root[0] - 0.12, root[1] + high * 0.8), (root[0] - 0.26, root[1] + high),
            (root[0] - 0.14, root[1]), (root[0] - 0.26, root[1] - low), (root[0] - 0.1, root[1] - low * 0.7)],
            colour, 1)  # fmt: skip

    def _strip(self, start: float, end: float, low: float, high: float) -> list[Point]:
        """The band of the body from `start` to `end` between two shares of its half height."""
        steps = [start + (end - start) * k / 12 for k in range(13)]
        upper = [self._at(t, self._half(t) * high) for t in steps]
        return [*upper, *[self._at(t, self._half(t) * low) for t in steps][::-1]]

    def _coat(self) -> None:
        f, p, s = self.fin, self.palette, self.sketch
        belly: Colour = p.light
        s.tint(self._strip(0.08, 1.05, -1.3, -0.38), belly)
        s.tint(self._strip(0.05, 1.0, 0.6, 1.2), mixed(p.base, p.dark, 0.7))
        if f.coat == "orca":
            s.spot(self._strip(0.5, 1.04, -1.2, -0.5), (246, 246, 244))
            s.spot(self._strip(0.26, 0.46, -0.9, -0.15), (246, 246, 244))
            s.spot(oval_points(self._at(0.84, 0.08), 0.085, 0.042, 0.15), (250, 250, 248))
            s.spot(self._strip(0.4, 0.5, 0.55, 0.85), (150, 150, 154))
        if f.coat == "stripes":
            for t in (0.26, 0.5, 0.76):
                s.spot(self._strip(t, t + 0.09, -1.2, 1.2), (246, 244, 238))
                s.spot(self._strip(t - 0.012, t, -1.2, 1.2), (24, 22, 22))
                s.spot(self._strip(t + 0.09, t + 0.102, -1.2, 1.2), (24, 22, 22))
        if f.coat == "scales":
            chance = np.random.default_rng(5)
            for _ in range(90):
                t, up = chance.uniform(0.14, 0.82), chance.uniform(-0.3, 0.8)
                s.spot(oval_points(self._at(t, self._half(t) * up), 0.012, 0.008, 0, 8), mixed(p.base, p.dark, 0.75))
        if f.coat == "grooves":
            for k in range(6):
                low = -0.45 - 0.1 * k
                s.spot(self._strip(0.6, 1.0, low - 0.025, low), scaled(p.light, 0.66))

    def _face(self) -> None:
        f, p, s = self.fin, self.palette, self.sketch
        eye = self._at(0.9 if f.snout != "whale" else 0.8, -0.02 if f.snout == "whale" else self._half(0.9) * 0.28)
        size = 0.034 if f.coat in ("scales", "stripes") else 0.02
        s.mark(oval_points(eye, size * 1.25, size * 1.2), (22, 20, 22))
        s.mark(oval_points(eye, size * 0.8, size * 0.8), p.eye if f.coat == "scales" else (44, 36, 34))
        s.mark(oval_points((eye[0] - size * 0.3, eye[1] + size * 0.4), size * 0.3, size * 0.3, count=8), (250, 250,
            250))  # fmt: skip
        reach = 0.74 if f.snout == "whale" else 0.9
        corner, tip = self._at(reach, -self._half(0.9) * 0.42), self._at(1.03, -self._half(1.0) * 0.35)
        s.mark([corner, tip, (tip[0], tip[1] - 0.012), (corner[0], corner[1] - 0.012)], scaled(p.dark, 0.6))
        if f.snout == "shark":
            for k in range(4):
                at = self._at(0.76 - 0.022 * k)
                s.mark([(at[0], at[1] + 0.07), (at[0] + 0.006, at[1] + 0.07), (at[0] - 0.006, at[1] - 0.06),
                    (at[0] - 0.014, at[1] - 0.06)], scaled(p.dark, 0.7))  # fmt: skip
        if f.whiskers:
            s.mark(oval_points(self._at(1.04, 0.03), 0.026, 0.02), (30, 26, 26))
            for k in range(4):
                start = self._at(0.99, -0.03)
                s.mark([start, (start[0] + 0.1, start[1] - 0.05 - 0.025 * k), (start[0] + 0.1,
                    start[1] - 0.056 - 0.025 * k)], (238, 234, 226))  # fmt: skip
