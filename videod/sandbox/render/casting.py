"""Which pictures an episode gets: exactly as many images as asked for, shared over its clips by the rules of the craft.

Every clip gets a picture of its own; every image is used by a clip or is the core its variants follow. A character is
drawn either alone on a plain ground (for cut-outs) or in its place (for full frames and split screens), never both.
"""

from dataclasses import dataclass
from itertools import product

from videod.sandbox.render.story import BEATS, Beat


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
    costly = sorted((beat for beat in BEATS if beat.focus in ("place", "prop", "other")), key=lambda beat: beat.weight)
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
    if (hero_cuts == 0) != (s.hero_plains == 0) and not (hero_cuts == 0 and s.hero_plains == 1 and s.hero_scenes > 0):
        return False
    if (rival_cuts == 0) != (s.rival_plains == 0):
        return False
    if s.hero_plains > max(hero_cuts, 1) or s.rival_plains > rival_cuts or heroes == 0:
        return False
    cuts = hero_cuts + rival_cuts
    return s.views <= cuts and (cuts == 0 or places + s.views > 0)


def _liking(beats: list[Beat], s: Shares) -> float:
    """Lower is better: about half of the animals' clips as cut-outs, protagonist 4-7 images, antagonist 3-5."""
    heroes, rivals = _count(beats, "hero"), _count(beats, "rival")
    hero, rival = s.hero_scenes + s.hero_plains, s.rival_scenes + s.rival_plains
    return (
        abs(s.hero_scenes - 0.5 * heroes) + abs(s.rival_scenes - 0.5 * rivals)
        + 1.5 * max(0, hero - 7) + max(0, rival - 5) + 0.8 * abs(s.views - 1)
        + 0.7 * abs(s.hero_plains - min(3, max(1, heroes - s.hero_scenes)))
    )  # fmt: skip


def share(clips: int, images: int) -> tuple[list[Beat], Shares]:
    """Beats and shares that make exactly `images` images, or as near to it as `clips` clips can use."""
    best: tuple[float, list[Beat], Shares] | None = None
    for frugal in range(9):
        beats = choose_beats(clips, frugal)
        heroes, rivals, both = (_count(beats, focus) for focus in ("hero", "rival", "both"))
        spans = (range(heroes + both + 1), range(heroes + 2), range(rivals + both + 1), range(rivals + 1), range(heroes + rivals + 1))
        for numbers in product(*spans):
            shares = Shares(*numbers)
            miss = abs(total(beats, shares) - images)
            cost = miss * 1000 + frugal * 3 + _liking(beats, shares)
            if (best is None or cost < best[0]) and _fits(beats, shares):
                best = (cost, beats, shares)
        if best is not None and best[0] < 500:
            break
    if best is None:
        raise ValueError(f"no story fits {clips} clips")
    return best[1], best[2]
