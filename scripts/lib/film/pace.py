"""How long a shot stands and where in it somebody speaks: lead-in, speech, tail, and never less than a breath.

A cut right behind the last word makes a rushed film of a quick voice and throws away most of a clip. So a shot has
time before and after the words, and a least length; what a clip has no room for is taken from that time first, then
the clip is slowed, then its last picture stands for a moment.
"""

from dataclasses import dataclass, replace

LEAD_S, TAIL_S, LEAST_S = 0.7, 1.0, 5.5
#: a film opens on a picture, and stays on one until it has faded away
OPENING_S, CLOSING_S, FADE_S = 1.6, 2.2, 1.0
#: of lead-in and tail this much may be left out before a clip is slowed; so far apart words of two shots stay
SPARE_LEAD_S, SPARE_TAIL_S = 0.2, 0.3
#: what is left of them before a clip is slowed by more than SLOWER_MAX
LEAD_LEAST_S, TAIL_LEAST_S = 0.2, 0.3
SLOWER_MAX = 1.15
HELD_S_MAX = 0.5
#: so long stands a shot over which nobody speaks, where its clip lasts so long
WORDLESS_S = 4.0


@dataclass(frozen=True)
class Pace:
    """Seconds: before the first word, after the last one, of the whole shot at least, and of the fade at its end.

    `hold_s`: how much longer than all that it stays where its clip lasts so long.
    """

    lead_s: float = LEAD_S
    tail_s: float = TAIL_S
    least_s: float = LEAST_S
    fade_s: float = 0.0
    hold_s: float = 0.0

    def around(self, speech_s: float) -> float:
        return self.lead_s + speech_s + self.tail_s

    def lead_of(self, length_s: float, speech_s: float) -> float:
        """Where in a shot of `length_s` the first word is; lead-in and tail share what is left over, or missing.

        The pause between two shots is the tail of one and the lead-in of the next: so it stays even where a line is
        short.
        """
        both_s = self.lead_s + self.tail_s
        spare_s = length_s - both_s - speech_s
        spare_s -= min(self.hold_s, max(0.0, spare_s))
        return max(0.0, self.lead_s + spare_s * self.lead_s / both_s) if both_s else 0.0


def of_film(pace: Pace, first: bool, last: bool) -> Pace:
    """The pace of a shot by its place: the first one opens the film, the last one ends it."""
    lead_s = max(pace.lead_s, OPENING_S) if first else pace.lead_s
    tail_s = max(pace.tail_s, CLOSING_S) if last else pace.tail_s
    more_s = lead_s - pace.lead_s + tail_s - pace.tail_s
    return replace(pace, lead_s=lead_s, tail_s=tail_s, least_s=pace.least_s + more_s, fade_s=FADE_S if last else 0.0)


def wordless(pace: Pace) -> Pace:
    """The pace of a shot over which nobody speaks: it keeps no time around words."""
    return replace(pace, lead_s=0.0, tail_s=0.0, least_s=WORDLESS_S)


@dataclass(frozen=True)
class Taken:
    """What is taken of a clip, in pictures: `frames` in all, made of `source` by slowing, `held` of them standing.

    Not slowed where `source` + `held` are `frames`.
    """

    frames: int
    source: int
    held: int = 0

    @property
    def slower(self) -> float:
        """How many times as long the clip's pictures last: 1.0 as they are."""
        return (self.frames - self.held) / self.source


def taken(pictures: int, speech_s: float, pace: Pace, fps: int) -> Taken:
    """What is taken of a clip of so many pictures for words of `speech_s`."""
    full = _frames(pace.around(speech_s), fps)
    least = _frames(pace.around(speech_s) - _spare(pace), fps)
    if pictures >= least:
        wanted = min(pictures, max(full, _frames(pace.least_s, fps), 1) + _frames(pace.hold_s, fps))
        return Taken(wanted, wanted)
    slowest = int(pictures * SLOWER_MAX)
    if slowest >= least:
        frames = min(full, slowest)
        return Taken(frames, pictures)
    held = min(least - slowest, int(HELD_S_MAX * fps))
    if slowest + held < least:
        bare_s = speech_s + min(LEAD_LEAST_S, pace.lead_s) + min(TAIL_LEAST_S, pace.tail_s)
        return Taken(max(slowest + held, _frames(bare_s, fps)), pictures, held)
    return Taken(least, pictures, held)


def _spare(pace: Pace) -> float:
    return min(SPARE_LEAD_S, pace.lead_s) + min(SPARE_TAIL_S, pace.tail_s)


def _frames(seconds: float, fps: int) -> int:
    # a thousandth of a picture less: 0.7 + 1.0 is a little more than 1.7
    return -int(-(seconds * fps - 0.001) // 1)
