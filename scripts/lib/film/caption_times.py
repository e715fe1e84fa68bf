"""When each character of a narration is spoken: as its voice said it, corrected by the sound, or taken from the sound.

A service's times run a little beside its own sound (the last word lasts through the silence at the end, the first one
begins before the voice does), and a recording of a person's own has none. Where it is silent is measured while the clip
is cut. Without times, the characters are spread evenly over the sound, and the ends of sentences and clauses are laid
upon the pauses that are there. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from scripts.lib.film.spoken import Times

#: so far apart a boundary of the text and a pause of the sound may be to belong together, seconds
NEAR_S, GUESSED_S = 0.3, 0.9
#: a pause between clauses is as long at least; within words there are shorter ones
PAUSE_S = 0.12
#: a service's times that end so long after the sound are of another one
BEYOND_S = 1.0
_CLAUSE = re.compile(r"(?<=[.!?,;:…–—。、！？，；：])[\"'”’»)」』]*\s*(?=\S)")

Span = tuple[float, float]


@dataclass(frozen=True)
class Sound:
    """The stretches of a narration in which something is heard, seconds, in order; `length_s` of all of it."""

    length_s: float
    heard: tuple[Span, ...]

    @property
    def pauses(self) -> list[Span]:
        return [(one[1], other[0]) for one, other in pairwise(self.heard)]


def heard(length_s: float, silences: Sequence[Span]) -> Sound:
    """The sound between silences; the whole of it where nothing, or everything, is silent."""
    at, spans = 0.0, []
    for begin, end in silences:
        if begin > at:
            spans.append((at, begin))
        at = max(at, end)
    if at < length_s:
        spans.append((at, length_s))
    return Sound(length_s, tuple(spans) or ((0.0, length_s),))


def times(said: Times | None, text: str, sound: Sound) -> Times:
    """The times of the characters of `text`, which is spoken in `sound`."""
    if (
        said is None
        or said.text != text
        or said.starts[-1] > sound.length_s
        or said.ends[-1] > sound.length_s + BEYOND_S
    ):
        return guessed(text, sound)
    return _corrected(said, sound)


def _clauses(text: str) -> list[int]:
    """Where sentences and clauses begin, but for the first one."""
    return [found.end() for found in _CLAUSE.finditer(text)]


def _corrected(said: Times, sound: Sound) -> Times:
    """A service's times: the first word and each clause begin with the sound, and nothing lasts into a silence."""
    starts, ends = list(said.starts), list(said.ends)
    first, last = sound.heard[0][0], sound.heard[-1][1]
    begins = [(0, first)]
    begins += [(at, pause[1]) for at in _clauses(said.text) if (pause := _nearest(starts[at], sound)) is not None]
    for at, begin in begins:
        starts[at] = max(begin, starts[at - 1] if at else 0.0)
        for place in range(at + 1, len(starts)):
            if starts[place] >= starts[at]:
                break
            starts[place] = starts[at]
    long = [pause for pause in sound.pauses if pause[1] - pause[0] >= PAUSE_S]
    for place, letter in enumerate(said.text):
        inside = place > 0 and letter != " " != said.text[place - 1] and all(place != at for at, _ in begins)
        for quiet, again in (*long, (last, sound.length_s + BEYOND_S)):
            # a word that lasts through a silence ends where that begins; where words begin is the service's to say
            if quiet < starts[place] < again and inside:
                starts[place] = quiet
            if starts[place] <= quiet < ends[place]:
                ends[place] = quiet
    return Times(said.text, tuple(starts), tuple(max(one, other) for one, other in zip(starts, ends, strict=True)))


def _nearest(at_s: float, sound: Sound, near_s: float = NEAR_S) -> Span | None:
    """The pause whose end is closest to this moment; None where none is near."""
    long = [pause for pause in sound.pauses if pause[1] - pause[0] >= PAUSE_S]
    found = min(long, key=lambda pause: abs(pause[1] - at_s), default=None)
    return found if found is not None and abs(found[1] - at_s) <= near_s else None


def guessed(text: str, sound: Sound) -> Times:
    """Times by the sound alone: characters spread evenly over what is heard, clauses laid upon pauses."""
    if not text:
        return Times("", (), ())
    anchors = [(0, sound.heard[0][0]), (len(text), sound.heard[-1][1])]
    clauses = _clauses(text)
    for pause in sorted(sound.pauses, key=lambda one: one[0] - one[1]):
        if pause[1] - pause[0] < PAUSE_S:
            break
        spread = _spread(text, anchors, sound)
        taken = {at for at, _ in anchors}
        open_ones = [at for at in clauses if at not in taken and _between(at, pause, anchors)]
        best = min(open_ones, key=lambda at: abs(spread[at] - pause[1]), default=None)
        if best is not None and abs(spread[best] - pause[1]) <= GUESSED_S:
            anchors = sorted([*anchors, (best, pause[1])])
    starts = _spread(text, anchors, sound)
    ends = [*starts[1:], sound.heard[-1][1]]
    return _corrected(Times(text, tuple(starts), tuple(ends)), sound)


def _between(at: int, pause: Span, anchors: Sequence[tuple[int, float]]) -> bool:
    """Whether the order of text and sound stays when this place is laid upon the pause."""
    return all((place < at) == (moment < pause[1]) for place, moment in anchors)


def _spread(text: str, anchors: Sequence[tuple[int, float]], sound: Sound) -> list[float]:
    """A start for each character: even in what is heard between two anchors."""
    starts: list[float] = []
    for (at, begin), (upto, end) in pairwise(anchors):
        spans = [(max(one, begin), min(other, end)) for one, other in sound.heard if other > begin and one < end]
        spans = spans or [(begin, end)]
        total = sum(other - one for one, other in spans)
        for number in range(upto - at):
            starts.append(_after(total * number / (upto - at), spans))
    return starts


def _after(voiced_s: float, spans: Sequence[Span]) -> float:
    """The moment at which so much of the spans has passed."""
    for begin, end in spans:
        if voiced_s < end - begin:
            return begin + voiced_s
        voiced_s -= end - begin
    return spans[-1][1]
