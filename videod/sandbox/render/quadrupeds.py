"""Four-legged animals, from one skeleton and a build's proportions: bear to hare, elephant to fox.

An animal faces right. Units: the trunk from hip to shoulder joint is about 1 long, the ground is at 0.
"""

import math

import numpy as np

from videod.sandbox.render.builds import Build, Palette
from videod.sandbox.render.paint import Sketch
from videod.sandbox.render.shapes import Colour, Point, mixed, oval_points, scaled

#: Where a foot stands relative to its joint, as (x offset, lift) in leg lengths: hind far, hind near, front far, near.
STANCES: dict[str, tuple[Point, Point, Point, Point]] = {
    "standing": ((-0.1, 0.0), (0.04, 0.0), (0.1, 0.0), (-0.03, 0.0)),
    "walking": ((0.3, 0.0), (-0.3, 0.05), (-0.28, 0.03), (0.3, 0.0)),
    "running": ((0.62, 0.22), (-0.82, 0.22), (0.86, 0.36), (0.55, 0.14)),
    "leaping": ((-0.86, 0.1), (-0.98, 0.22), (0.88, 0.62), (0.72, 0.5)),
}
HEADS = {"standing": 0.0, "raised": 34.0, "lowered": -62.0, "stalking": -26.0}


class Quadruped:
    """One animal in one pose, drawn on a sketch."""

    def __init__(self, sketch: Sketch, build: Build, palette: Palette, pose: str, head: str) -> None:
        self.sketch = sketch
        self.build = build
        self.palette = palette
        self.pose = pose
        stretch = {"running": 1.1, "leaping": 1.12}.get(pose, 1.0)
        drop = {"lying": 0.6, "stalking": 0.22}.get(pose, 0.0)
        self.lift = {"leaping": 0.34, "running": 0.06}.get(pose, 0.0)
        self.tilt = {"leaping": 0.22, "sitting": 0.42}.get(pose, 0.0)
        self.hip = (0.0, build.hip * (1 - drop) + self.lift - self.tilt / 2)
        self.shoulder = (build.length * stretch, build.shoulder * (1 - drop) + self.lift + self.tilt / 2)
        if pose == "sitting":
            self.hip = (0.16, build.hip * 0.46)
            self.shoulder = (build.length * 0.78, build.shoulder * 1.06)
        angle = math.radians(max(-74, min(80, build.neck_angle + HEADS.get(head, 0.0))))
        self.head_angle = {"raised": 0.42, "lowered": -0.95, "stalking": -0.12}.get(head,
            -0.16) - build.droop * (0.3 if head == "raised" else 1)  # fmt: skip
        self.nape = (self.shoulder[0] + 0.05, self.shoulder[1] + build.chest * 0.16)
        self.skull = (
            self.nape[0] + math.cos(angle) * (build.neck + 0.08),
            self.nape[1] + math.sin(angle) * (build.neck + 0.08) + build.skull * 0.2,
        )

    def draw(self) -> None:
        self._tail()
        self._legs(far=True)
        self._trunk()
        self._neck()
        self._head()
        self._markings()
        self._legs(far=False)

    def _ahead(self, along: float, up: float) -> Point:
        """A point of the head: `along` the muzzle's direction and `up` across it, from the skull's middle."""
        cos, sin = math.cos(self.head_angle), math.sin(self.head_angle)
        return (self.skull[0] + along * cos - up * sin, self.skull[1] + along * sin + up * cos)

    def _trunk(self) -> None:
        b, (hx, hy), (sx, sy) = self.build, self.hip, self.shoulder
        spine = [
            (hx - 0.13, hy + 0.0),
            (hx + 0.1, hy + 0.02),
            (hx + (sx - hx) * 0.45, (hy + sy) / 2 + 0.01),
            (sx - 0.1, sy - 0.01 + b.hump / 2),
            (sx + 0.12, sy - 0.02),
        ]
        widths = [b.loin * 0.72, b.loin * 1.08, b.loin * 1.05 + 0.03, b.chest + b.hump, b.chest * 0.62]
        self.sketch.limb(spine, widths, self.palette.base)
        low = [(x, y - w * 0.3) for (x, y), w in zip(spine[1:], widths[1:], strict=True)]
        belly = [(x, y - w * 0.56) for (x, y), w in zip(spine[1:], widths[1:], strict=True)]
        self.sketch.tint([*low, *belly[::-1]], mixed(self.palette.base, self.palette.light, 0.75))
        back = [(x, y + w * 0.52) for (x, y), w in zip(spine, widths, strict=True)]
        ridge = [(x, y + w * 0.3) for (x, y), w in zip(spine, widths, strict=True)]
        self.sketch.tint([*back, *ridge[::-1]], mixed(self.palette.base, self.palette.dark, 0.5))

    def _neck(self) -> None:
        b, p = self.build, self.palette
        middle = ((self.nape[0] + self.skull[0]) / 2 + 0.01, (self.nape[1] + self.skull[1]) / 2 + 0.02)
        start = (self.shoulder[0] - 0.06, self.shoulder[1] + b.chest * 0.06)
        self.sketch.limb([start, self.nape, middle, self.skull], [b.neck_base * 0.95, b.neck_base,
            (b.neck_base + b.neck_tip) / 2, b.neck_tip], p.base)  # fmt: skip
        if "mane" in b.extras:
            for k, reach in enumerate((0.46, 0.4, 0.34)):
                at = (self.skull[0] - 0.2 + 0.05 * k, self.skull[1] - 0.13 + 0.05 * k)
                self.sketch.oval(at, reach * 0.8, reach, mixed(p.dark, p.base, 0.16 * k), tilt=0.25)
        if "ruff" in b.extras:
            throat = (self.skull[0] - 0.03, self.skull[1] - b.neck_tip * 0.4)
            self.sketch.limb([(self.nape[0] + 0.08, self.nape[1] - b.neck_base * 0.2), throat], [b.neck_base * 0.8,
                b.neck_tip * 0.8], mixed(p.base, p.light, 0.55))  # fmt: skip
        if "crest" in b.extras:
            top = [(x - 0.06, y + 0.09) for x, y in (self.nape, middle, self.skull)]
            self.sketch.limb(top, [0.1, 0.17, 0.13], p.dark)
        if "beard" in b.extras:
            self.sketch.limb([(self.nape[0] - 0.12, self.nape[1] - 0.1), (self.skull[0] - 0.06,
                self.skull[1] - 0.12), (self.skull[0] + 0.04, self.skull[1] - 0.36)],
                [0.66, 0.5, 0.1], p.dark)  # fmt: skip

    def _head(self) -> None:
        b, p, s = self.build, self.palette, self.sketch
        self._ear(far=True)
        if "antlers" in b.extras:
            self._antlers(0, mixed(p.dark, (120, 96, 70), 0.6))
        if "horns" in b.extras:
            s.limb([self._ahead(-0.02, b.skull * 0.8), self._ahead(0.0, b.skull * 1.5), self._ahead(0.12,
                b.skull * 1.95)], [0.09, 0.07, 0.02], (58, 50, 46), 4)  # fmt: skip
        face = mixed(p.base, p.light, 0.22)
        if "mane" not in b.extras:
            s.melt(self._ahead(-b.skull * 0.9, -b.skull * 0.2), b.skull * 1.05, 3)
        if "mane" in b.extras:
            for angle in range(-2, 3):
                at = self._ahead(-b.skull * (0.95 - 0.1 * abs(angle)), b.skull * 0.52 * angle)
                s.oval(at, b.skull * 0.62, b.skull * 0.5, mixed(p.dark, p.base, 0.12 * (angle % 2)), 3, self.head_angle)
        s.oval(self.skull, b.skull * 1.06, b.skull * 0.98, face, 3, self.head_angle)
        tip = self._ahead(b.skull * 0.7 + b.muzzle, -b.skull * 0.34)
        s.limb([self._ahead(b.skull * 0.15, -b.skull * 0.12), self._ahead(b.skull * 0.75, -b.skull * 0.24), tip],
            [b.muzzle_base * 1.35, b.muzzle_base * 1.02, b.muzzle_tip], face, 3)  # fmt: skip
        jaw = [self._ahead(b.skull * 0.1, -b.skull * 0.55), self._ahead(b.skull * 0.8, -b.skull * 0.55),
            self._ahead(b.skull * 0.7 + b.muzzle * 0.95, -b.skull * 0.34 - b.muzzle_tip * 0.3)]  # fmt: skip
        s.limb(jaw, [b.muzzle_base * 0.7, b.muzzle_base * 0.55, b.muzzle_tip * 0.6], mixed(p.base, p.light, 0.85), 3)
        if "trunk" in b.extras:
            self._trunk_and_tusks()
        else:
            self._features(tip)
        self._ear(far=False)
        if "antlers" in b.extras:
            self._antlers(4, mixed(p.dark, (150, 120, 86), 0.7))

    def _features(self, tip: Point) -> None:
        """Nose, mouth, eye."""
        b, p, s = self.build, self.palette, self.sketch
        nose = max(0.018, b.muzzle_tip * 0.3)
        s.mark(oval_points((tip[0] + b.muzzle_tip * 0.3, tip[1] + b.muzzle_tip * 0.16), nose, nose * 0.8), p.nose)
        start = (tip[0] + b.muzzle_tip * 0.26, tip[1] - b.muzzle_tip * 0.28)
        corner = self._ahead(b.skull * 0.75, -b.skull * 0.56)
        s.mark([start, corner, (corner[0], corner[1] - 0.011), (start[0], start[1] - 0.011)], scaled(p.dark, 0.5))
        self._eye(self._ahead(b.skull * 0.48, b.skull * 0.22))

    def _eye(self, at: Point) -> None:
        b, s = self.build, self.sketch
        size = max(0.013, b.skull * 0.105)
        s.mark(oval_points(at, size * 1.5, size * 1.02, self.head_angle + 0.2), (24, 19, 18))
        s.mark(oval_points(at, size * 0.95, size * 0.88), self.palette.eye)
        s.mark(oval_points(at, size * 0.56, size * 0.6), (10, 9, 9))
        s.mark(oval_points((at[0] - size * 0.25, at[1] + size * 0.3), size * 0.26, size * 0.26, count=10), (250, 250,
            246))  # fmt: skip

    def _ear(self, far: bool) -> None:
        b, p, s = self.build, self.palette, self.sketch
        depth, shade = (1, 0.8) if far else (4, 1.0)
        colour, inner = scaled(p.base, 0.92 * shade), scaled(mixed(p.base, (150, 96, 84), 0.45), shade)
        x = -b.skull * (0.18 if far else 0.48)
        root, size = self._ahead(x, b.skull * 0.72), b.ear_size
        if b.ear == "round":
            s.oval((root[0], root[1] + size * 0.25), size * 0.62, size * 0.68, colour, depth)
            s.tint(oval_points((root[0] + size * 0.08, root[1] + size * 0.24), size * 0.34, size * 0.42), inner, depth)
        elif b.ear == "fan":
            if far:
                return
            lobe = [self._ahead(-0.02, 0.16), self._ahead(-0.3, 0.3), self._ahead(-0.5, 0.16), self._ahead(-0.47,
                -0.18), self._ahead(-0.3, -0.44), self._ahead(-0.12, -0.2)]  # fmt: skip
            s.blob(lobe, scaled(p.base, 0.97), 4)
        elif b.ear in ("long", "hare"):
            lean = -0.35 if b.ear == "hare" else -0.85
            end = (root[0] + size * lean * (0.7 if far else 1), root[1] + size * (0.92 if b.ear == "hare" else 0.52))
            middle = ((root[0] + end[0]) / 2 - 0.01, (root[1] + end[1]) / 2 + 0.015)
            wide = size * (0.3 if b.ear == "hare" else 0.42)
            s.limb([root, middle, end], [wide * 0.55, wide, wide * 0.2], colour, depth)
            s.tint([root, (middle[0] + wide * 0.2, middle[1]), end], inner, depth)
            if b.ear == "hare":
                s.tint(oval_points(end, wide * 0.3, wide * 0.4), scaled(p.dark, 0.5), depth)
        else:
            left, right = (root[0] - size * 0.36, root[1] - size * 0.1), (root[0] + size * 0.32, root[1] - size * 0.06)
            top = (root[0] - size * 0.12, root[1] + size * 0.98)
            s.fill([left, (left[0] + size * 0.02, root[1] + size * 0.5), top, (right[0] - size * 0.06,
                root[1] + size * 0.45), right], colour, depth)  # fmt: skip
            s.tint([(root[0] - size * 0.14, root[1]), top, (right[0] - size * 0.06, root[1])], inner, depth)
            if b.ear == "tufted":
                s.mark([(top[0] - 0.012, top[1] - 0.02), (top[0] - 0.01, top[1] + size * 0.6), (top[0] + 0.014,
                    top[1] - 0.02)], (30, 26, 24))  # fmt: skip

    def _antlers(self, depth: int, colour: Colour) -> None:
        root = self._ahead(-0.03 if depth else 0.02, self.build.skull * 0.8)
        shift = 0.0 if depth else 0.1
        beam = [root, (root[0] - 0.12 + shift, root[1] + 0.2), (root[0] - 0.16 + shift, root[1] + 0.42),
            (root[0] + 0.04 + shift, root[1] + 0.62)]  # fmt: skip
        self.sketch.limb(beam, [0.04, 0.036, 0.03, 0.012], colour, depth)
        for at, (dx, dy) in ((1, (0.16, 0.1)), (2, (0.17, 0.08)), (2, (-0.12, 0.16)), (1, (0.1, 0.17))):
            base = beam[at]
            self.sketch.limb([base, (base[0] + dx * 0.6, base[1] + dy * 0.45), (base[0] + dx, base[1] + dy)], [0.03,
                0.024, 0.008], colour, depth)  # fmt: skip

    def _trunk_and_tusks(self) -> None:
        p, s = self.palette, self.sketch
        root = self._ahead(0.26, -0.06)
        ground = 0.12
        s.limb([self._ahead(0.2, -0.14), self._ahead(0.36, -0.34), self._ahead(0.62, -0.46)], [0.05, 0.045, 0.012],
            (236, 228, 206), 4)  # fmt: skip
        curl = 0.62 if self.head_angle > 0.2 else ground
        path = [self._ahead(0.1, 0.02), root, (root[0] + 0.14, root[1] - 0.3), (root[0] + 0.12,
            (root[1] + curl) / 2 - 0.14), (root[0] + 0.06, curl + 0.06), (root[0] + 0.2, curl)]  # fmt: skip
        if self.head_angle > 0.2:
            path = [self._ahead(0.1, 0.02), root, (root[0] + 0.22, root[1] - 0.14), (root[0] + 0.44, root[1] + 0.06),
                (root[0] + 0.4, root[1] + 0.36)]  # fmt: skip
        widths = [0.34, 0.28, 0.2, 0.15, 0.11, 0.08][: len(path)]
        s.limb(path, widths, scaled(p.base, 1.02), 3)
        for k in range(5):
            x, y = path[2][0] - 0.02, path[2][1] - 0.02 - 0.09 * k
            if self.head_angle <= 0.2:
                s.mark([(x - 0.06, y), (x + 0.05, y + 0.012), (x - 0.06, y - 0.008)], scaled(p.dark, 0.9), 3)
        self._eye(self._ahead(0.2, 0.1))

    def _tail(self) -> None:
        b, p, s = self.build, self.palette, self.sketch
        x, y = self.hip[0] - 0.16, self.hip[1] + b.loin * 0.24
        low = max(0.12, y - 0.42)
        back = 0.3 if self.pose in ("running", "leaping") else 0.0
        shapes: dict[str, tuple[list[Point], list[float], Colour]] = {
            "bush": ([(x, y), (x - 0.16 - back, y - 0.14 + back / 2), (x - 0.2 - 1.6 * back, low + 0.04 + back)],
                [0.1, 0.17, 0.06], p.base),
            "brush": ([(x, y), (x - 0.24, y - 0.12 + back / 2), (x - 0.5, y - 0.22 + back / 2), (x - 0.76,
                y - 0.2 + back)], [0.08, 0.2, 0.24, 0.04], p.base),
            "long": ([(x, y), (x - 0.2, y - 0.24 + back), (x - 0.42, low + 0.06 + back), (x - 0.68,
                low + 0.2 + back)], [0.11, 0.09, 0.09, 0.07], p.base),
            "lion": ([(x, y), (x - 0.2, y - 0.22 + back), (x - 0.34, low + back), (x - 0.52, low + 0.12 + back)],
                [0.09, 0.06, 0.055, 0.05], p.base),
            "tuft": ([(x + 0.03, y), (x - 0.06, y - 0.14), (x - 0.08, low)], [0.06, 0.04, 0.03], p.base),
            "plume": ([(x, y), (x - 0.16 - back, y - 0.1 + back / 3), (x - 0.22 - back, low - 0.12 + back)], [0.1,
                0.18, 0.08], p.dark),
            "thick": ([(x + 0.1, y - 0.08), (x - 0.2, y - 0.18), (x - 0.6, 0.07)], [0.22, 0.15, 0.03], p.base),
            "short": ([(x + 0.04, y), (x - 0.05, y - 0.05)], [0.1, 0.08], p.base),
            "scut": ([(x + 0.04, y), (x - 0.06, y + 0.02)], [0.1, 0.11], mixed(p.light, (255, 255, 255), 0.5)),
        }  # fmt: skip
        if b.tail not in shapes:
            return
        path, widths, colour = shapes[b.tail]
        s.limb(path, widths, colour, 0)
        if b.tail in ("brush", "lion", "tuft"):
            end = path[-1]
            tip = (250, 246, 238) if b.tail == "brush" else scaled(p.dark, 0.7)
            if b.tail == "brush":
                s.tint(oval_points(end, 0.16, 0.13), tip, 0)
            else:
                s.oval(end, 0.06, 0.08, tip, 0)

    def _legs(self, far: bool) -> None:
        if self.pose == "lying":
            self._folded(far)
            return
        if self.pose == "sitting":
            self._seated(far)
            return
        stance = STANCES.get(self.pose, STANCES["standing"])
        depth, shade = (0, 0.86) if far else (2, 1.0)
        self._leg(self.hip, stance[0 if far else 1], True, depth, shade)
        self._leg(self.shoulder, stance[2 if far else 3], False, depth, shade)

    def _leg(self, joint: Point, step: Point, hind: bool, depth: int, shade: float) -> None:
        b, p = self.build, self.palette
        thick = b.leg
        column = "trunk" in b.extras
        x, y = joint[0] + (0.06 if depth == 0 else 0.0) - (0.02 if hind else 0.0), joint[1] - (0.04 if hind else 0.1)
        length = y - self.lift * 0.4
        foot = (x + step[0] * length * 0.8, step[1] * length + b.foot * 0.28 + (self.lift if step[1] > 0.3 else 0.0))
        reach = foot[0] - x
        bend = 0.0 if column else 1.0
        if hind:
            knee = (x + reach * 0.35 + 0.1 * bend, y - (y - foot[1]) * 0.42)
            hock = (x + reach * 0.82 - 0.13 * bend * length, foot[1] + (y - foot[1]) * 0.3)
            widths = [thick * 1.9, thick * 1.35, thick * 0.56 if not column else thick,
                thick * 0.5 if not column else thick]  # fmt: skip
        else:
            knee = (x + reach * 0.3 - 0.05 * bend, y - (y - foot[1]) * 0.4)
            hock = (x + reach * 0.75 + 0.015 * bend, foot[1] + (y - foot[1]) * 0.28)
            widths = [thick * 1.5, thick * 1.05, thick * 0.62 if not column else thick,
                thick * 0.5 if not column else thick]  # fmt: skip
        colour = scaled(mixed(p.base, p.dark, 0.12), shade)
        if depth == 2:
            self.sketch.melt((x, y + thick * 0.3), thick * (1.5 if hind else 1.25), depth)
        self.sketch.limb([(x, y), knee, hock, (foot[0], foot[1] + 0.02)], widths, colour, depth)
        dark = scaled(p.dark if b.coat == "socks" else mixed(p.base, p.dark, 0.45), shade)
        if b.coat == "socks":
            self.sketch.tint([(hock[0] - 0.09, hock[1] + 0.1), (hock[0] + 0.09, hock[1] + 0.1), (foot[0] + 0.12, 0),
                (foot[0] - 0.12, 0)], dark, depth)  # fmt: skip
        self.sketch.limb([(foot[0] - 0.01, foot[1]), (foot[0] + b.foot * 0.75, foot[1] - 0.005)], [b.foot * 0.62,
            b.foot * 0.56], dark, depth)  # fmt: skip

    def _folded(self, far: bool) -> None:
        b, p = self.build, self.palette
        depth, shade, back = (0, 0.86, 0.08) if far else (2, 1.0, 0.0)
        colour = scaled(p.base, shade)
        thick = b.leg
        hx, sx = self.hip[0] + back, self.shoulder[0] + back
        if not far:
            self.sketch.melt((hx - 0.02, 0.38), 0.3, depth)
            self.sketch.melt((sx - 0.04, self.shoulder[1]), thick * 1.5, depth)
        self.sketch.blob([(hx - 0.16, 0.08), (hx - 0.1, 0.34), (hx + 0.16, 0.4), (hx + 0.3, 0.2), (hx + 0.22, 0.06)],
            colour, depth)  # fmt: skip
        self.sketch.limb([(hx + 0.08, 0.07), (hx + 0.42, 0.055)], [thick * 0.6, thick * 0.5], colour, depth)
        self.sketch.limb([(sx - 0.04, self.shoulder[1] - 0.02), (sx + 0.02, 0.14), (sx + 0.34, 0.07), (sx + 0.52,
            0.06)], [thick * 1.2, thick * 0.9, thick * 0.6, max(0.06, b.foot * 0.7)], colour, depth)  # fmt: skip

    def _seated(self, far: bool) -> None:
        b, p = self.build, self.palette
        depth, shade, back = (0, 0.86, 0.1) if far else (2, 1.0, 0.0)
        colour = scaled(p.base, shade)
        hx, hy = self.hip[0] + back, self.hip[1]
        if not far:
            self.sketch.melt((hx, hy + 0.08), 0.28, depth)
        self.sketch.blob([(hx - 0.2, 0.06), (hx - 0.16, hy + 0.02), (hx + 0.1, hy + 0.1), (hx + 0.28, hy - 0.1),
            (hx + 0.2, 0.06)], colour, depth)  # fmt: skip
        self.sketch.limb([(hx + 0.05, 0.06), (hx + 0.36, 0.05)], [b.leg * 0.6, b.foot * 0.7], colour, depth)
        self._leg((self.shoulder[0] + back, self.shoulder[1]), (0.0, 0.0), False, depth, shade)

    def _markings(self) -> None:
        b, p, s = self.build, self.palette, self.sketch
        chance = np.random.default_rng(11)
        (hx, hy), (sx, sy) = self.hip, self.shoulder
        if b.coat == "saddle":
            s.tint([(hx - 0.1, hy + 0.3), (sx + 0.1, sy + 0.34), (sx + 0.02, sy + 0.06), (hx + 0.5, hy + 0.04), (hx,
                hy + 0.1)], mixed(p.base, p.dark, 0.75))  # fmt: skip
        if b.coat == "stripes":
            for k in range(13):
                x = hx - 0.16 + (sx - hx + 0.3) * k / 12
                y = hy + (sy - hy) * k / 12
                lean = chance.uniform(-0.06, 0.06)
                top, low = y + b.chest * 0.55, y - b.chest * chance.uniform(0.12, 0.4)
                s.spot([(x - 0.022, top), (x + 0.026, top), (x + 0.01 + lean, (top + low) / 2), (x + lean * 1.5,
                    low), (x - 0.018 + lean, (top + low) / 2)], p.dark)  # fmt: skip
            for k in range(4):
                at = (self.nape[0] + 0.08 * k, self.nape[1] + 0.04 * k)
                s.spot([(at[0] - 0.02, at[1] + 0.2), (at[0] + 0.02, at[1] + 0.2), (at[0] + 0.05, at[1] - 0.14)], p.dark)
        if b.coat in ("spots", "rosettes"):
            for _ in range(130 if b.coat == "spots" else 95):
                t = chance.uniform(-0.15, 1.25)
                at = (hx + (sx - hx) * t, hy + (sy - hy) * t + chance.uniform(-0.24, 0.27))
                size = chance.uniform(0.012, 0.022) if b.coat == "spots" else chance.uniform(0.02, 0.034)
                s.spot(oval_points(at, size * 1.2, size, chance.uniform(0, 3), 12), p.dark)
                if b.coat == "rosettes":
                    s.spot(oval_points(at, size * 0.62, size * 0.5, 0, 10), mixed(p.base, p.dark, 0.3))
