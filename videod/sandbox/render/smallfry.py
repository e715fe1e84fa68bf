"""Creatures of other body plans: turtles, octopuses, crocodiles, bees, butterflies, dragonflies, frogs.

Facing right; units: the body is about 1 long, the ground at 0.
"""

import math

from videod.sandbox.render.builds import Palette
from videod.sandbox.render.paint import Sketch
from videod.sandbox.render.shapes import Point, mixed, oval_points, scaled


def _eye(sketch: Sketch, palette: Palette, at: Point, size: float) -> None:
    sketch.mark(oval_points(at, size * 1.25, size * 1.2), (24, 22, 20))
    sketch.mark(oval_points(at, size, size), palette.eye)
    sketch.mark(oval_points(at, size * 0.5, size * 0.62), (10, 9, 9))
    sketch.mark(oval_points((at[0] - size * 0.3, at[1] + size * 0.35), size * 0.26, size * 0.26, count=8), (250, 250,
        246))  # fmt: skip


def turtle(s: Sketch, p: Palette, pose: str, head: str) -> None:
    y = 0.42
    flap = 0.16 if head == "raised" else -0.1
    s.limb([(0.3, y - 0.02), (0.42, y - 0.26 + flap), (0.26, y - 0.5 + flap)], [0.16, 0.18, 0.04], scaled(p.light,
        0.62), 0)  # fmt: skip
    s.limb([(-0.42, y - 0.04), (-0.62, y - 0.16), (-0.76, y - 0.18)], [0.12, 0.13, 0.04], scaled(p.light, 0.66), 0)
    neck = (0.72, y + (0.16 if head == "raised" else 0.02))
    s.limb([(0.42, y), neck], [0.2, 0.2], p.light, 1)
    s.oval((neck[0] + 0.06, neck[1]), 0.14, 0.11, p.light, 1)
    for dx, dy in ((0.0, 0.05), (0.07, 0.05), (0.04, 0.0), (-0.06, 0.01), (0.0, -0.05)):
        s.spot(oval_points((neck[0] + dx - 0.02, neck[1] + dy), 0.03, 0.022, 0, 10), mixed(p.base, p.dark, 0.4), 1)
    _eye(s, p, (neck[0] + 0.1, neck[1] + 0.035), 0.02)
    s.mark([(neck[0] + 0.05, neck[1] - 0.045), (neck[0] + 0.2, neck[1] - 0.02), (neck[0] + 0.05, neck[1] - 0.055)],
        scaled(p.dark, 0.6))  # fmt: skip
    shell = [(-0.62, y - 0.04), (-0.44, y + 0.18), (-0.05, y + 0.31), (0.3, y + 0.22), (0.52, y + 0.02), (0.3,
        y - 0.12), (-0.2, y - 0.15)]  # fmt: skip
    s.blob(shell, p.base, 2)
    s.tint([(-0.6, y - 0.05), (0.5, y - 0.01), (0.28, y - 0.16), (-0.25, y - 0.19)], mixed(p.light, p.base, 0.2), 2)
    for k in range(5):
        x = -0.42 + 0.19 * k
        top = y + 0.17 + 0.1 * math.sin((k + 0.6) / 5 * math.pi)
        plate = [(x, y + 0.02), (x + 0.02, top - 0.04), (x + 0.08, top), (x + 0.155, top - 0.03), (x + 0.165,
            y + 0.03), (x + 0.08, y - 0.03)]  # fmt: skip
        s.spot(plate, mixed(p.base, p.dark, 0.55), 2)
        s.spot([(a + (x + 0.08 - a) * 0.4, b + (y + 0.09 - b) * 0.3) for a, b in plate], mixed(p.base, p.light,
            0.25), 2)  # fmt: skip
    s.limb([(0.2, y - 0.06), (0.3, y - 0.36 - flap), (0.04, y - 0.6 - flap)], [0.18, 0.2, 0.04], p.light, 3)
    s.limb([(-0.44, y - 0.08), (-0.58, y - 0.24), (-0.72, y - 0.3)], [0.13, 0.13, 0.04], p.light, 3)


def octopus(s: Sketch, p: Palette, pose: str, head: str) -> None:
    for k in range(8):
        side = -1 if k < 4 else 1
        step = k % 4
        reach = 0.3 + 0.17 * step
        root = (side * (0.06 + 0.05 * step), 0.42)
        curl = 0.1 + 0.09 * ((k * 3) % 4)
        path = [root, (root[0] + side * reach * 0.5, 0.2 + 0.05 * step), (root[0] + side * reach,
            0.05 + 0.02 * step), (root[0] + side * (reach + 0.16), curl + 0.08), (root[0] + side * (reach + 0.06),
            curl + 0.16)]  # fmt: skip
        s.limb(path, [0.16, 0.13, 0.09, 0.05, 0.02], scaled(p.base, 0.78 if step % 2 else 1.0), 0 if step % 2 else 2)
    s.blob([(-0.22, 0.44), (-0.3, 0.8), (-0.16, 1.08), (0.1, 1.1), (0.28, 0.84), (0.22, 0.46), (0, 0.36)], p.base, 3)
    for n in range(16):
        at = (-0.2 + 0.4 * ((n * 7) % 16) / 16, 0.62 + 0.42 * ((n * 5) % 16) / 16)
        s.spot(oval_points(at, 0.028, 0.02, 0, 10), mixed(p.base, p.light, 0.6), 3)
    for side in (-1, 1):
        s.oval((side * 0.15, 0.56), 0.075, 0.07, mixed(p.base, p.light, 0.5), 4)
        _eye(s, p, (side * 0.15, 0.57), 0.034)


def crocodile(s: Sketch, p: Palette, pose: str, head: str) -> None:
    y = 0.2
    s.limb([(-0.3, y), (-0.8, y - 0.04), (-1.3, y - 0.1), (-1.6, y - 0.06)], [0.26, 0.2, 0.1, 0.02], p.base, 1)
    s.limb([(-0.4, y), (0.0, y + 0.02), (0.4, y + 0.02), (0.62, y + 0.03)], [0.24, 0.34, 0.3, 0.22], p.base, 1)
    lift = 0.14 if head == "raised" else 0.0
    s.limb([(0.6, y + 0.04), (0.84, y + 0.04 + lift / 2), (1.3, y + lift)], [0.22, 0.19, 0.08], p.base, 1)
    s.limb([(0.62, y - 0.05), (0.86, y - 0.06), (1.26, y - 0.06)], [0.12, 0.09, 0.05], mixed(p.base, p.light, 0.6), 1)
    s.tint([(-0.5, y - 0.08), (0.6, y - 0.06), (0.5, y - 0.2), (-0.4, y - 0.2)], p.light, 1)
    for k in range(16):
        x = -1.2 + 0.115 * k
        top = y + (0.16 if x > -0.4 else 0.1 + 0.06 * (x + 1.2))
        s.fill([(x - 0.04, top - 0.05), (x, top + 0.05), (x + 0.05, top - 0.05)], mixed(p.base, p.dark, 0.6), 1)
    for k in range(7):
        x = 0.88 + 0.055 * k
        s.mark([(x, y - 0.01 + lift * 0.5), (x + 0.03, y - 0.01 + lift * 0.5), (x + 0.015, y - 0.055)], (240, 236, 220))
    s.oval((0.72, y + 0.15), 0.07, 0.06, p.base, 3)
    _eye(s, p, (0.74, y + 0.16), 0.024)
    for x in (-0.34, 0.34):
        s.limb([(x, y - 0.02), (x + 0.06, 0.08), (x + 0.14, 0.02)], [0.16, 0.1, 0.07], mixed(p.base, p.dark, 0.3), 2)


def frog(s: Sketch, p: Palette, pose: str, head: str) -> None:
    s.limb([(-0.3, 0.3), (-0.02, 0.44), (0.26, 0.48)], [0.4, 0.5, 0.34], p.base, 1)
    s.tint([(0.0, 0.24), (0.4, 0.36), (0.5, 0.2), (0.1, 0.1)], p.light, 1)
    s.oval((0.36, 0.5), 0.24, 0.17, p.base, 1)
    s.oval((0.32, 0.66), 0.09, 0.085, mixed(p.base, p.light, 0.3), 3)
    _eye(s, p, (0.34, 0.67), 0.05)
    s.mark([(0.2, 0.45), (0.57, 0.46), (0.2, 0.435)], scaled(p.dark, 0.7))
    s.limb([(-0.3, 0.28), (0.04, 0.24), (-0.34, 0.06), (0.0, 0.03)], [0.2, 0.22, 0.11, 0.07], mixed(p.base, p.dark,
        0.25), 2)  # fmt: skip
    s.limb([(0.22, 0.32), (0.3, 0.14), (0.42, 0.03)], [0.14, 0.09, 0.08], mixed(p.base, p.dark, 0.25), 2)
    for k in range(9):
        s.spot(oval_points((-0.28 + 0.07 * k, 0.42 + 0.07 * ((k * 3) % 4) - 0.06), 0.03, 0.02, 0, 10), mixed(p.base,
            p.dark, 0.6), 1)  # fmt: skip


def bee(s: Sketch, p: Palette, pose: str, head: str) -> None:
    y = 0.5
    for depth, lean, shade in ((0, -0.1, 0.86), (4, 0.0, 1.0)):
        wing = [(0.1, y + 0.16), (-0.06 + lean, y + 0.52), (-0.3 + lean, y + 0.68), (-0.46 + lean, y + 0.52),
            (-0.2 + lean, y + 0.24)]  # fmt: skip
        s.blob(wing, scaled((214, 222, 226), shade), depth)
    for x in (0.22, 0.08, -0.06):
        s.limb([(x, y - 0.12), (x + 0.08, y - 0.3), (x + 0.02, y - 0.42)], [0.05, 0.035, 0.03], p.dark, 2)
    s.limb([(-0.02, y + 0.02), (-0.3, y + 0.0), (-0.6, y - 0.12), (-0.74, y - 0.2)], [0.26, 0.4, 0.26, 0.04], p.base, 1)
    for k in range(4):
        x = -0.2 - 0.13 * k
        s.spot([(x, y + 0.3), (x - 0.06, y + 0.3), (x - 0.1, y - 0.36), (x - 0.03, y - 0.36)], p.dark, 1)
    s.oval((0.14, y + 0.04), 0.22, 0.2, mixed(p.base, p.light, 0.35), 3)
    s.oval((0.42, y), 0.14, 0.15, p.dark, 3)
    s.mark(oval_points((0.46, y + 0.03), 0.06, 0.09), (36, 28, 26))
    s.mark(oval_points((0.44, y + 0.07), 0.018, 0.026), (200, 200, 206))
    for lift in (0.24, 0.3):
        s.limb([(0.48, y + 0.1), (0.58, y + lift), (0.68, y + lift - 0.05)], [0.02, 0.018, 0.016], p.dark, 3)


def butterfly(s: Sketch, p: Palette, pose: str, head: str) -> None:
    for depth, shade, shift in ((0, 0.72, 0.14), (2, 1.0, 0.0)):
        upper = [(0.06 + shift, 0.5), (0.2 + shift, 0.86), (0.12 + shift, 1.16), (-0.28 + shift, 1.12),
            (-0.5 + shift, 0.86), (-0.24 + shift, 0.6)]  # fmt: skip
        lower = [(0.0 + shift, 0.5), (-0.3 + shift, 0.62), (-0.58 + shift, 0.46), (-0.5 + shift, 0.16),
            (-0.2 + shift, 0.14), (0.0 + shift, 0.34)]  # fmt: skip
        for wing in (lower, upper):
            s.blob(wing, scaled(p.dark, shade), depth)
            middle = (sum(x for x, _ in wing) / len(wing), sum(y for _, y in wing) / len(wing))
            s.spot([(middle[0] + (x - middle[0]) * 0.78, middle[1] + (y - middle[1]) * 0.78) for x, y in wing],
                scaled(p.base, shade), depth)  # fmt: skip
            for x, y in wing[1:]:
                s.spot([(0.04 + shift, 0.5), (x, y), (x - 0.02, y - 0.02)], scaled(p.dark, shade), depth)
                edge = (middle[0] + (x - middle[0]) * 0.92, middle[1] + (y - middle[1]) * 0.92)
                s.spot(oval_points(edge, 0.025, 0.022, 0, 10), scaled((250, 246, 238), shade), depth)
    s.limb([(-0.02, 0.2), (0.04, 0.46), (0.12, 0.64)], [0.05, 0.09, 0.08], (38, 32, 30), 3)
    s.oval((0.14, 0.68), 0.055, 0.05, (38, 32, 30), 3)
    for reach in (0.2, 0.3):
        s.limb([(0.16, 0.71), (0.2 + reach * 0.4, 0.9), (0.18 + reach, 0.98)], [0.014, 0.012, 0.022], (38, 32, 30), 3)


def dragonfly(s: Sketch, p: Palette, pose: str, head: str) -> None:
    y = 0.55
    for depth, up in ((0, 0.75), (0, -0.28), (3, 1.0), (3, -0.45)):
        for x in (0.16, -0.02):
            tip = (x - 0.3, y + 0.62 * up)
            s.limb([(x, y), ((x + tip[0]) / 2, (y + tip[1]) / 2), tip], [0.04, 0.15, 0.07], (206, 220, 228), depth)
    s.limb([(0.1, y), (-0.3, y + 0.03), (-0.86, y + 0.02)], [0.12, 0.075, 0.05], p.base, 2)
    for k in range(7):
        x = -0.14 - 0.1 * k
        s.spot([(x, y + 0.1), (x - 0.025, y + 0.1), (x - 0.025, y - 0.08), (x, y - 0.08)], p.dark, 2)
    s.oval((0.14, y), 0.16, 0.12, mixed(p.base, p.dark, 0.3), 4)
    s.oval((0.32, y + 0.03), 0.1, 0.1, mixed(p.base, p.light, 0.3), 4)
    s.mark(oval_points((0.35, y + 0.05), 0.065, 0.07), p.dark)
    s.mark(oval_points((0.33, y + 0.08), 0.018, 0.02), (246, 250, 250))
