"""Which pictures an episode gets: exactly as many images as asked for, shared over its clips by the rules of the craft.

Every clip gets a picture of its own; every image is used by a clip or is the core its variants follow. A character is
drawn either alone on a plain ground (for cut-outs) or in its place (for full frames and split screens), never both.
"""

import math
from dataclasses import dataclass
from itertools import product

from videod.sandbox.render.story import BEATS, Beat


#: Images of one character in a full episode, by its role.
POSES = {"protagonist": (4, 6), "antagonist": (3, 5)}


@dataclass(frozen=True)
class Shares:
    """How many images of each kind: `scenes` in their place, `plains` for cut-outs, `views` beyond the place clips."""

    hero_scenes: int
    hero_plains: int
    rival_scenes: int
    rival_plains: int
    views: int


def choose_beats(clips: int, frugal: int = 0) -> list[Beat]:
    """The beats the story needs most, in order; `frugal` leaves out that many which would cost an image of their own."""
    extra = ("place", "prop", "other", "both")
    costly = sorted((beat for beat in BEATS if beat.focus in extra), key=lambda beat: (beat.focus == "both", beat.weight))
    left_out = {beat.name for beat in costly[:frugal]}
    kept = sorted((beat for beat in BEATS if beat.name not in left_out), key=lambda beat: -beat.weight)[:clips]
    return [beat for beat in BEATS if beat in kept]


def _count(beats: list[Beat], focus: str) -> int:
    return sum(1 for beat in beats if beat.focus == focus)


def total(beats: list[Beat], shares: Shares) -> int:
    return (
        sum(_count(beats, focus) for focus in ("place", "prop", "other"))
        + shares.hero_scenes + shares.hero_plains + shares.rival_scenes + shares.rival_plains + shares.views
    )  # fmt: skip


def _fits(beats: list[Beat], s: Shares) -> bool:
    """Whether those images can all be used, and every clip gets one."""
    heroes, rivals, both, places = (_count(beats, focus) for focus in ("hero", "rival", "both", "place"))
    hero_cuts, rival_cuts = heroes - min(heroes, s.hero_scenes), rivals - min(rivals, s.rival_scenes)
    # a split may bring one scene of its own on each side
    if s.hero_scenes > heroes + both or s.rival_scenes > rivals + both:
        return False
    if both and (s.hero_scenes == 0 or s.rival_scenes == 0):
        return False
    if heroes == 0 or not _cores(s.hero_plains, s.hero_scenes, hero_cuts):
        return False
    if not _cores(s.rival_plains, s.rival_scenes, rival_cuts):
        return False
    cuts = hero_cuts + rival_cuts
    return s.views <= cuts and (cuts == 0 or places + s.views > 0)


def _cores(plains: int, scenes: int, cuts: int) -> bool:
    """Whether a character's plain pictures can be used: one for each cut-out at most, and a core beside its variants."""
    if cuts == 0:
        return plains == 0 or (plains == 1 and scenes > 0)
    return 1 <= plains <= cuts or (plains == cuts + 1 and plains >= 2)


def _liking(beats: list[Beat], s: Shares) -> float:
    """Lower is better: about half of the animals' clips as cut-outs, poses within what the craft allows, a prop."""
    heroes, rivals = _count(beats, "hero"), _count(beats, "rival")
    hero, rival = s.hero_scenes + s.hero_plains, s.rival_scenes + s.rival_plains
    broken = _outside(hero, POSES["protagonist"], len(beats)) + (_count(beats, "prop") == 0)
    if rivals or _count(beats, "both"):
        broken += _outside(rival, POSES["antagonist"], len(beats))
    if len(beats) >= 6:  # all three kinds of picture
        broken += (_count(beats, "both") == 0) + (heroes + rivals <= s.hero_scenes + s.rival_scenes)
    return (
        abs(s.hero_scenes - 0.5 * heroes) + abs(s.rival_scenes - 0.5 * rivals) + 0.8 * abs(s.views - 1) + 60 * broken
        + 0.7 * abs(s.hero_plains - min(3, max(1, heroes - s.hero_scenes)))
    )  # fmt: skip


def _outside(count: int, span: tuple[int, int], clips: int) -> int:
    """How far `count` images lie outside the span of a full episode of 18 clips, taken in proportion."""
    part = clips / 18
    low = span[0] if part >= 1 else max(1, math.floor(span[0] * part))
    high = max(span[1] if part >= 1 else 2, math.ceil(span[1] * part))
    return max(low - count, 0) + max(count - high, 0)


def share(clips: int, images: int) -> tuple[list[Beat], Shares]:
    """Beats and shares that make exactly `images` images, or as near to it as `clips` clips can use."""
    best: tuple[float, list[Beat], Shares] | None = None
    for frugal in range(13):
        beats = choose_beats(clips, frugal)
        heroes, rivals, both = (_count(beats, focus) for focus in ("hero", "rival", "both"))
        spans = (range(heroes + both + 1), range(heroes + 2), range(rivals + both + 1), range(rivals + 2), range(heroes + rivals + 1))
        for numbers in product(*spans):
            shares = Shares(*numbers)
            miss = abs(total(beats, shares) - images)
            cost = miss * 1000 + frugal * 3 + _liking(beats, shares)
            if (best is None or cost < best[0]) and _fits(beats, shares):
                best = (cost, beats, shares)
        if best is not None and best[0] < 50:
            break
    if best is None:
        raise ValueError(f"no story fits {clips} clips")
    return best[1], best[2]
