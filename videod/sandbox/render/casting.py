"""Which pictures an episode gets: exactly as many images as asked for, shared over its clips by the rules of the craft.

Every clip gets a picture of its own; every image is used by a clip or is the core its variants follow. A character is
drawn either alone on a plain ground (for cut-outs) or in its place (for full frames and split screens), never both.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from videod.sandbox.render.story import BEATS, Beat

#: Images of one character in a full episode of 18 clips, by its role.
POSES = {"protagonist": (4, 6), "antagonist": (3, 5)}
#: without these a story is not told to its end
WHOLE = frozenset(beat.name for beat in BEATS if beat.weight >= 97)
#: What a broken rule, a missing image and a point of story weight cost against each other.
BROKEN, MISSING, LOST = 60.0, 1000.0, 0.05


@dataclass(frozen=True)
class Share:
    """A character's images: `full` in its place for clips, `split` in its place for split screens only, `plain`."""

    full: int
    split: int
    plain: int

    @property
    def scenes(self) -> int:
        return self.full + self.split

    @property
    def total(self) -> int:
        return self.full + self.split + self.plain


@dataclass(frozen=True)
class Casting:
    """The beats of an episode and its images: the two characters' shares, and views beyond those of place clips."""

    beats: tuple[Beat, ...]
    hero: Share
    rival: Share
    views: int

    def images(self) -> int:
        single = sum(1 for beat in self.beats if beat.focus in ("place", "prop", "other"))
        return single + self.hero.total + self.rival.total + self.views


def _best(focus: tuple[str, ...], count: int) -> list[Beat]:
    """The weightiest beats of these kinds."""
    return sorted((beat for beat in BEATS if beat.focus in focus), key=lambda beat: -beat.weight)[:count]


def _selections(clips: int) -> Iterator[tuple[Beat, ...]]:
    """Every sensible mix of beats: so many places, props, witnesses and meetings, the rest the two characters'."""
    for places, props, others, both in product(range(6), range(4), range(3), range(3)):
        rest = clips - places - props - others - both
        if rest < 1 or (clips >= 6 and 0 in (places, props, both)):
            continue
        animals = _best(("hero", "rival"), rest)
        if len(animals) < rest or animals[0].focus != "hero":
            continue
        chosen = {beat.name for beat in animals}
        for focus, count in (("place", places), ("prop", props), ("other", others), ("both", both)):
            chosen |= {beat.name for beat in _best((focus,), count)}
        if clips >= len(WHOLE) and not chosen >= WHOLE:
            continue
        yield tuple(beat for beat in BEATS if beat.name in chosen)


def _shares(clips: int, meetings: int) -> Iterator[Share]:
    """A character's possible shares, with `clips` of its own and so many split screens with the other."""
    for full in range(clips + 1):
        cuts = clips - full
        for split in range(min(1, meetings) + 1):
            if meetings and full + split == 0:
                continue
            for plain in range(cuts + 2):
                if _cores(plain, full + split, cuts):
                    yield Share(full, split, plain)


def _cores(plains: int, scenes: int, cuts: int) -> bool:
    """Whether plain pictures can be used: one for each cut-out at most, and a core beside its variants."""
    if cuts == 0:
        return plains == 0 or (plains == 1 and scenes > 0)
    return 1 <= plains <= cuts or (plains == cuts + 1 and plains >= 2)


def _outside(count: int, span: tuple[int, int], clips: int) -> int:
    """How far `count` images lie outside the span of a full episode, taken in proportion to its clips."""
    part = clips / 18
    low = span[0] if part >= 1 else max(1, math.floor(span[0] * part))
    high = max(span[1] if part >= 1 else 3, math.ceil(span[1] * part))
    return max(low - count, 0) + max(count - high, 0)


def _dislike(clips: int, own: int, share: Share, role: str) -> float:
    """Lower is better: half of a character's clips as cut-outs, a few poses, no more than the craft allows."""
    cuts = own - share.full
    odd = abs(share.full - 0.5 * own) + 0.7 * abs(share.plain - min(3, max(1, cuts))) + 0.4 * share.split
    return odd + BROKEN * _outside(share.total, POSES[role], clips)


@functools.lru_cache(maxsize=64)
def share(clips: int, images: int) -> Casting:
    """The casting that makes exactly `images` images, or as near to it as `clips` clips can use. Raises ValueError."""
    best: tuple[float, Casting] | None = None
    ideal = sum(beat.weight for beat in sorted(BEATS, key=lambda beat: -beat.weight)[:clips])
    for beats in _selections(clips):
        count = {focus: sum(1 for beat in beats if beat.focus == focus) for focus in ("hero", "rival", "both",
            "place", "prop")}  # fmt: skip
        lost = (ideal - sum(beat.weight for beat in beats)) * LOST
        needed = BROKEN * (count["prop"] == 0 and images >= 5)
        if best is not None and lost + needed >= best[0]:
            continue
        heroes = [(s, _dislike(clips, count["hero"], s, "protagonist")) for s in _shares(count["hero"], count["both"])]
        absent = count["rival"] + count["both"] == 0
        rivals = [
            (s, 0.0 if absent else _dislike(clips, count["rival"], s, "antagonist"))
            for s in _shares(count["rival"], count["both"])
        ]
        for (hero, dislike), (rival, other) in product(heroes, rivals):
            cuts = count["hero"] - hero.full + count["rival"] - rival.full
            casting = Casting(beats, hero, rival, 0)
            views = min(max(0, images - casting.images()), cuts)
            if cuts and count["place"] + views == 0:
                continue
            cost = lost + needed + dislike + other + 0.6 * views + BROKEN * (count["place"] + views == 0)
            cost += MISSING * abs(casting.images() + views - images) + BROKEN * (clips >= 6 and cuts == 0)
            if best is None or cost < best[0]:
                best = (cost, Casting(beats, hero, rival, views))
    if best is None:
        raise ValueError(f"no story fits {clips} clips")
    return best[1]
