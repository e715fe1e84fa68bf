"""The rules of captions by language, and a checker that holds a film's captions against every one of them.

Latin scripts: Netflix' Timed Text Style Guides, General Requirements and Subtitle Timing Guidelines (42 characters,
two lines, 5/6 to 7 seconds, 17 characters a second and 20 at most, two frames between captions, cuts). Japanese:
Netflix' Japanese guide, of which the limits of captions in the film's own language count, those for viewers who hear
badly (16 full-width characters a line, 7 a second, half a second at least; half-width characters count half), since
captions say every word, and its limits for translations (13 and 4) are for texts that were shortened. Its marks 、 and
。 stay, since captions are what is said, letter for letter. Chinese, Korean, Thai and Indic scripts: their own guides'
limits.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

#: frames between two captions at least; a gap below SNAP is closed to it
GAP = 2
#: so many frames around a cut a caption's start or end moves to the cut
SNAP = 12
#: so many frames from the first sound a caption may start
LATE = 3


@dataclass(frozen=True)
class Rules:
    """`line` characters in each of two lines; `speed` characters a second are aimed at, `fastest` are the limit.

    `wide`: a full-width character counts as one, any other as half, and no blanks part the words.
    """

    line: int = 42
    speed: float = 17.0
    fastest: float = 20.0
    least_s: float = 5 / 6
    most_s: float = 7.0
    wide: bool = False
    weak: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cue:
    """One caption: from frame `start` to before frame `end`, its lines, and the frame of the first sound in it."""

    start: int
    end: int
    lines: tuple[str, ...]
    sound: int


@dataclass(frozen=True)
class Shot:
    """One cut of the film, from frame `start` to before frame `end`, and what is said over it."""

    start: int
    end: int
    text: str


_EN = (
    "a an the and but or nor so yet for of in on at by to from with without into onto over under about above "
    "across after against along among around as before behind below beneath beside between beyond down during "
    "except inside like near off out outside past since through throughout toward towards until up upon within "
    "because although though while if unless when where whereas than that which who"
)
_DE = (
    "der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner und oder aber denn "
    "sondern doch in im ins an am ans auf aus bei beim mit nach von vom zu zum zur über unter vor hinter neben "
    "zwischen durch für gegen ohne um bis seit während wegen trotz dass weil wenn als ob obwohl damit sobald "
    "bevor nachdem wie"
)
_LATIN = {"en": frozenset(_EN.split()), "de": frozenset(_DE.split())}
_OTHERS = {
    "ja": Rules(16, 7.0, 7.0, 0.5, wide=True), "zh": Rules(16, 9.0, 11.0, wide=True),
    "yue": Rules(16, 9.0, 11.0, wide=True), "ko": Rules(16, 12.0, 14.0), "th": Rules(35, 17.0, 20.0),
    **dict.fromkeys(("hi", "bn", "mr", "ta", "te", "kn", "ml", "gu", "pa", "ne"), Rules(42, 22.0, 25.0)),
}  # fmt: skip


def rules_of(language: str) -> Rules:
    """The rules of a language's code (BCP 47)."""
    base = language.partition("-")[0].lower()
    return _OTHERS.get(base) or Rules(weak=_LATIN.get(base, frozenset()))


def width(text: str, rules: Rules) -> float:
    """How many characters a text counts as; what is written above, below or around letters counts nothing."""
    if not rules.wide and text.isascii():
        return float(len(text))
    shown = [letter for letter in text if unicodedata.category(letter) not in ("Mn", "Me", "Cf")]
    if not rules.wide:
        return float(len(shown))
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WFA" else 0.5 for letter in shown)


def ends_weak(line: str, rules: Rules) -> bool:
    """Whether a line ends in an article, a preposition or a conjunction, to which something else belongs."""
    last = line.rsplit(maxsplit=1)[-1] if line.strip() else ""
    return last.casefold() in rules.weak


def joined(lines: Sequence[str], rules: Rules) -> str:
    """The lines as the text that they were."""
    return ("" if rules.wide else " ").join(lines)


def faults(cues: Sequence[Cue], shots: Sequence[Shot], rules: Rules, fps: int) -> Iterator[str]:
    """Every rule that a film's captions break, in words; `shots` are all cuts of the film in order."""
    for number, cue in enumerate(cues, start=1):
        yield from (f"caption {number}: {one}" for one in _alone(cue, rules, fps))
    for number, (one, other) in enumerate(pairwise(cues), start=1):
        gap = other.start - one.end
        if gap < GAP:
            yield f"caption {number}: {gap} frames before the next one"
        if GAP < gap < SNAP and _shot_of(one, shots) is _shot_of(other, shots):
            yield f"caption {number}: a gap of {gap} frames is not closed"
    for cue in cues:
        yield from _in_its_shot(cue, shots)
    for place, shot in enumerate(shots, start=1):
        said = joined([line for cue in cues if shot.start <= cue.start < shot.end for line in cue.lines], rules)
        if _bare(said, rules) != _bare(shot.text, rules):
            yield f"cut {place}: the captions say {said!r}, the narrator {shot.text!r}"


def _alone(cue: Cue, rules: Rules, fps: int) -> Iterator[str]:
    seconds, said = (cue.end - cue.start) / fps, width(joined(cue.lines, rules), rules)
    if not 1 <= len(cue.lines) <= 2:
        yield f"{len(cue.lines)} lines"
    for line in cue.lines:
        if width(line, rules) > rules.line:
            yield f"a line of {width(line, rules):g} characters: {line!r}"
    if len(cue.lines) > 1 and ends_weak(cue.lines[0], rules):
        yield f"the first line ends in {cue.lines[0].rsplit(maxsplit=1)[-1]!r}"
    if seconds < rules.least_s - 0.5 / fps:
        yield f"only {seconds:.2f} s"
    if seconds > rules.most_s + 0.5 / fps:
        yield f"as long as {seconds:.2f} s"
    if seconds > 0 and said / seconds > rules.fastest + 0.01:
        yield f"{said / seconds:.1f} characters a second"


def _in_its_shot(cue: Cue, shots: Sequence[Shot]) -> Iterator[str]:
    shot = _shot_of(cue, shots)
    if shot is None or cue.end > shot.end:
        yield f"the caption at frame {cue.start} crosses a cut, or the end of the film"
        return
    if shot.end - GAP < cue.end or (shot.end - cue.end < SNAP and cue.end != shot.end - GAP):
        yield f"the caption at frame {cue.start} ends {shot.end - cue.end} frames before a cut"
    snapped = cue.start == shot.start and cue.sound - shot.start <= SNAP
    if not snapped and abs(cue.start - cue.sound) > LATE:
        yield f"the caption at frame {cue.start} starts {cue.start - cue.sound} frames from its first sound"
    if not snapped and cue.start - shot.start <= SNAP:
        yield f"the caption at frame {cue.start} starts {cue.start - shot.start} frames behind a cut"


def _shot_of(cue: Cue, shots: Sequence[Shot]) -> Shot | None:
    return next((shot for shot in shots if shot.start <= cue.start < shot.end), None)


def _bare(text: str, rules: Rules) -> str:
    return "".join(text.split()) if rules.wide else " ".join(text.split())
