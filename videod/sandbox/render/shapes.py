"""Colours and outlines: mixing, smooth curves, strokes of changing width, ellipses."""

import math
from collections.abc import Sequence

Point = tuple[float, float]
Colour = tuple[int, int, int]


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of `other` in `one`."""
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )


def scaled(colour: Colour, factor: float) -> Colour:
    """A darker or lighter colour."""
    return (
        max(0, min(255, round(colour[0] * factor))),
        max(0, min(255, round(colour[1] * factor))),
        max(0, min(255, round(colour[2] * factor))),
    )


def smooth(points: Sequence[Point], closed: bool, steps: int = 8) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    count = len(points)
    if count < 3:
        return list(points)
    spans = count if closed else count - 1
    out: list[Point] = []
    for at in range(spans):
        if closed:
            p0, p1, p2, p3 = (points[(at + k - 1) % count] for k in range(4))
        else:
            p0, p1, p2, p3 = (points[min(max(at + k - 1, 0), count - 1)] for k in range(4))
        for step in range(steps):
            t = step / steps
            a, b = -t * (1 - t) ** 2 / 2, 1 - 2.5 * t**2 + 1.5 * t**3
            c, d = t / 2 + 2 * t**2 - 1.5 * t**3, (t**3 - t**2) / 2
            out.append((a * p0[0] + b * p1[0] + c * p2[0] + d * p3[0], a * p0[1] + b * p1[1] + c * p2[1] + d * p3[1]))
    if not closed:
        out.append(points[-1])
    return out


def tapered(points: Sequence[Point], widths: Sequence[float], steps: int = 8) -> list[Point]:
    """The outline of a stroke through `points` whose full width runs through `widths`, with round ends."""
    spine = smooth(points, closed=False, steps=steps)
    wide = smooth([(float(n), w) for n, w in enumerate(widths)], closed=False, steps=steps)
    left: list[Point] = []
    right: list[Point] = []
    for at, (x, y) in enumerate(spine):
        before, after = spine[max(0, at - 1)], spine[min(len(spine) - 1, at + 1)]
        length = math.hypot(after[0] - before[0], after[1] - before[1]) or 1.0
        nx, ny = -(after[1] - before[1]) / length, (after[0] - before[0]) / length
        half = max(0.002, wide[min(at, len(wide) - 1)][1]) / 2
        left.append((x + nx * half, y + ny * half))
        right.append((x - nx * half, y - ny * half))
    return [*left, *_cap(spine[-2], spine[-1], widths[-1]), *right[::-1], *_cap(spine[1], spine[0], widths[0])]


def _cap(inner: Point, tip: Point, width: float) -> list[Point]:
    """Half a circle of that width around `tip`, on the side away from `inner`, turning clockwise."""
    facing = math.atan2(tip[1] - inner[1], tip[0] - inner[0])
    angles = [facing + math.pi / 2 - math.pi * k / 8 for k in range(1, 8)]
    return [(tip[0] + width / 2 * math.cos(angle), tip[1] + width / 2 * math.sin(angle)) for angle in angles]


def oval_points(centre: Point, rx: float, ry: float, tilt: float = 0.0, count: int = 28) -> list[Point]:
    """An ellipse turned by `tilt` radians."""
    cos, sin = math.cos(tilt), math.sin(tilt)
    out = []
    for k in range(count):
        x, y = rx * math.cos(2 * math.pi * k / count), ry * math.sin(2 * math.pi * k / count)
        out.append((centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos))
    return out
