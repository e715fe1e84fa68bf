"""How alike two pictures look at 16x9: whether a clip begins with its picture, whether two are nearly one. Pure.

A look is the hexadecimal text of 16 x 9 pixels of three bytes, red, green and blue.
"""

import statistics
from collections.abc import Sequence

WIDE, HIGH = 16, 9
LOOK_CHARACTERS = WIDE * HIGH * 6
#: pictures of less contrast say nothing about where things are, levels
PLAIN = 6.0
#: of two pictures that are one, at least; of a picture and a clip that begins with it, at least
TWINS, BEGINS = 0.995, 0.55
#: mirrored or upside down it is so much alike, and so much more than upright
TURNED, MORE_LIKE = 0.8, 0.15
#: how much colors of the first picture of a clip may be off, levels
COLORS = 45.0


def pixels(look: str) -> list[tuple[int, int, int]] | None:
    if len(look) != LOOK_CHARACTERS:
        return None
    try:
        data = bytes.fromhex(look)
    except ValueError:
        return None
    return [(data[at], data[at + 1], data[at + 2]) for at in range(0, len(data), 3)]


def likeness(one: str, other: str) -> float | None:
    """How well the light of two pictures agrees, shifted and enlarged a little; None where that says nothing."""
    first, second = pixels(one), pixels(other)
    if first is None or second is None:
        return None
    a, b = (_light(picture) for picture in (first, second))
    if min(statistics.pstdev(a), statistics.pstdev(b)) < PLAIN:
        return None
    return max(_moved(a, b, across, down) for across in (-2, -1, 0, 1, 2) for down in (-1, 0, 1))


def turned(one: str, other: str) -> bool:
    """Whether the second picture is rather the first one mirrored or upside down."""
    first = pixels(one)
    like = likeness(one, other)
    if first is None or like is None:
        return False
    rows = [first[at : at + WIDE] for at in range(0, len(first), WIDE)]
    ways = ([row[::-1] for row in rows], rows[::-1], [row[::-1] for row in rows[::-1]])
    looks = [bytes(side for row in way for pixel in row for side in pixel).hex() for way in ways]
    return max(likeness(look, other) or 0.0 for look in looks) > max(TURNED, like + MORE_LIKE)


def twins(one: str, other: str) -> bool:
    """Whether two pictures are nearly one: the same light and the same colors everywhere."""
    first, second = pixels(one), pixels(other)
    if first is None or second is None:
        return False
    far = max(max(abs(a - b) for a, b in zip(x, y, strict=True)) for x, y in zip(first, second, strict=True))
    return far <= 6


def colors_apart(one: str, other: str) -> float:
    """The mean difference of the colors of two pictures, without their light, levels."""
    first, second = pixels(one), pixels(other)
    if first is None or second is None:
        return 0.0
    tints = [[statistics.fmean(pixel[side] - pixel[1] for pixel in picture) for side in (0, 2)]
             for picture in (first, second)]  # fmt: skip
    return max(abs(a - b) for a, b in zip(tints[0], tints[1], strict=True))


def _light(picture: Sequence[tuple[int, int, int]]) -> list[float]:
    return [0.3 * red + 0.59 * green + 0.11 * blue for red, green, blue in picture]


def _moved(a: Sequence[float], b: Sequence[float], across: int, down: int) -> float:
    pairs = [
        (a[row * WIDE + column], b[(row + down) * WIDE + column + across])
        for row in range(max(0, -down), min(HIGH, HIGH - down))
        for column in range(max(0, -across), min(WIDE, WIDE - across))
    ]
    one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if min(statistics.pstdev(one), statistics.pstdev(other)) < PLAIN / 2:
        return 0.0
    return float(statistics.correlation(one, other))
