"""Captions out of words and their times: what stands in each, in which lines, and from which frame to which. Pure.

A narration's words are parted into captions so that each can be read in the time that it has, by a search over all ways
to part them; a caption never crosses a cut. `caption_rules` has the rules and checks the outcome.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scripts.lib.film.caption_rules import GAP, LATE, SNAP, Cue, Rules, Shot, ends_weak, joined, width

#: what a break costs behind a sentence, behind another mark, and anywhere else
SENTENCE, CLAUSE, ANYWHERE = 0.0, 2.0, 9.0
#: what each caption costs, a last word that belongs to the next one, a caption with a word or two, and a sentence that
#: only begins in one
EACH, WEAK, TINY, MIXED = 6.0, 30.0, 12.0, 8.0
#: what breaking a limit costs: it is done only where nothing else is possible
BROKEN = 10_000.0
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)」』]*$")
_CLAUSE_END = re.compile(r"[,;:–—、，；：][\"'”’»)」』]*$")


@dataclass(frozen=True)
class Word:
    """A piece of the text that no line parts, and from when to when it is spoken, seconds of the film."""

    text: str
    start_s: float
    end_s: float


def cues(words: Sequence[Word], shot: Shot, rules: Rules, fps: int) -> list[Cue]:
    """The captions of one cut."""
    if not words:
        return []
    layout = _Layout(tuple(words), shot, rules, fps)
    parts = layout.best(0)[1]
    made: list[Cue] = []
    for begin, end in parts:
        lines = lines_of([word.text for word in words[begin:end]], rules)[1]
        sound = layout.frame(words[begin].start_s)
        made.append(Cue(layout.starts(begin), layout.ends(begin, end), lines, sound))
    return made


class _Layout:
    """The search for the best way to part the words of one cut."""

    def __init__(self, words: tuple[Word, ...], shot: Shot, rules: Rules, fps: int) -> None:
        self._words, self._shot, self._rules, self._fps = words, shot, rules, fps
        self.best = lru_cache(maxsize=None)(self._best)

    def frame(self, seconds: float) -> int:
        return int(seconds * self._fps + 1e-6)

    def starts(self, begin: int) -> int:
        """The frame of the first sound, or the cut where that is close by.

        Where the narrator makes no pause the gap lies behind the first sound, so that the caption before stays longer.
        """
        sound = min(max(self.frame(self._words[begin].start_s), self._shot.start), self._shot.end - 1)
        if begin == 0:
            return self._shot.start if sound - self._shot.start <= SNAP else sound
        paused = sound - self.frame(self._words[begin - 1].end_s)
        return sound if sound - self._shot.start <= SNAP else sound + max(0, LATE - max(0, paused))

    def latest(self, begin: int, end: int) -> int:
        """The last frame before which the caption must be gone: of the next one, of the cut."""
        following = self._shot.end if end == len(self._words) else self.starts(end)
        return min(following - GAP, self.starts(begin) + int(self._rules.most_s * self._fps))

    def ends(self, begin: int, end: int) -> int:
        """As long as the words are spoken and it takes to read them; it stays until what follows closely."""
        start, latest, rules = self.starts(begin), self.latest(begin, end), self._rules
        said = width(joined([word.text for word in self._words[begin:end]], rules), rules)
        read_s = max(rules.least_s, said / rules.speed)
        wished = max(self.frame(self._words[end - 1].end_s) + 1, start - int(-read_s * self._fps // 1))
        following = self._shot.end if end == len(self._words) else self.starts(end)
        if following - wished < SNAP:
            wished = following - GAP
        gone = min(wished, latest)
        if GAP < following - gone < SNAP:  # no caption stays longer: then the gap is a wide one
            gone = following - SNAP
        return max(gone, start + 1)

    def _best(self, begin: int) -> tuple[float, tuple[tuple[int, int], ...]]:
        if begin == len(self._words):
            return 0.0, ()
        found: tuple[float, tuple[tuple[int, int], ...]] | None = None
        for end in range(begin + 1, len(self._words) + 1):
            cost, fits = self._cost(begin, end)
            if not fits and found is not None:
                break
            rest, parts = self.best(end)
            if found is None or cost + rest < found[0]:
                found = cost + rest, ((begin, end), *parts)
        assert found is not None
        return found

    def _cost(self, begin: int, end: int) -> tuple[float, bool]:
        """What it costs to show these words as one caption, and whether they fit into two lines."""
        words, rules = [word.text for word in self._words[begin:end]], self._rules
        cost, lines = lines_of(words, rules)
        said, has = width(joined(words, rules), rules), (self.latest(begin, end) - self.starts(begin)) / self._fps
        cost += EACH + _break(words[-1], rules, last=end == len(self._words))
        mixed = not _SENTENCE_END.search(words[-1]) and any(_SENTENCE_END.search(word) for word in words)
        cost += MIXED if mixed else 0.0
        cost += TINY if len(self._words) > end - begin and said < rules.line / 2 else 0.0
        if has < rules.least_s:
            return cost + BROKEN, True
        speed = said / has
        cost += max(0.0, speed - rules.speed) ** 2 + (BROKEN if speed > rules.fastest else 0.0)
        if self._words[end - 1].end_s - self._words[begin].start_s > rules.most_s:
            cost += BROKEN
        return cost, all(width(line, rules) <= rules.line for line in lines)


def _break(word: str, rules: Rules, last: bool) -> float:
    if last or _SENTENCE_END.search(word):
        return SENTENCE
    if _CLAUSE_END.search(word):
        return CLAUSE
    return WEAK if ends_weak(word, rules) else ANYWHERE


def lines_of(words: Sequence[str], rules: Rules) -> tuple[float, tuple[str, ...]]:
    """The words in one line where they fit, else in two, and what the break costs."""
    whole = joined(words, rules)
    if width(whole, rules) <= rules.line:
        return 0.0, (whole,)
    best: tuple[float, tuple[str, ...]] = (2 * BROKEN + width(whole, rules), (whole,))
    if width(whole, rules) > 2 * rules.line + 1 and len(words) > 1:
        return best
    for at in range(1, len(words)):
        first, second = joined(words[:at], rules), joined(words[at:], rules)
        widths = width(first, rules), width(second, rules)
        cost = abs(widths[0] - widths[1]) / 4 + (1.0 if widths[0] > widths[1] else 0.0)
        cost += _break(words[at - 1], rules, last=False) / 3
        cost += BROKEN if ends_weak(words[at - 1], rules) else 0.0
        cost += BROKEN * max(0.0, max(widths) - rules.line)
        best = min(best, (cost, (first, second)))
    return best


_NO_START = frozenset(
    "、。，．・：；？！?!,.)）］｝」』】〉》”’っゃゅょぁぃぅぇぉッャュョァィゥェォーゝゞヽヾ々〜…‥％%"
)
_NO_END = frozenset("（［｛「『【〈《“‘(")
_MARKS = frozenset("、。，．：；？！?!,.…")


def units(text: str, rules: Rules) -> list[tuple[int, int]]:
    """The pieces of a text that no line parts, as places in it: words, or phrases where no blanks part words."""
    words = [(found.start(), found.end()) for found in re.finditer(r"\S+", text)]
    return [piece for begin, end in words for piece in _phrases(text, begin, end, rules)] if rules.wide else words


def _phrases(text: str, begin: int, end: int, rules: Rules) -> list[tuple[int, int]]:
    """Pieces of a run of letters: in Japanese a phrase begins where a word in kanji or katakana follows hiragana."""
    pieces, start = [], begin
    for at in range(begin + 1, end):
        before, letter = text[at - 1], text[at]
        if letter in _NO_START or before in _NO_END:
            continue
        begins = before in _MARKS or (_kind(before) == "hiragana" != _kind(letter)) or letter in _NO_END
        chinese = _kind(before) == _kind(letter) == "han" and not any(_kind(one) == "hiragana" for one in text)
        full = width(text[start : at + 1], rules) > rules.line / 2
        if begins or chinese or full:
            pieces.append((start, at))
            start = at
    return [*pieces, (start, end)]


def _kind(letter: str) -> str:
    code = ord(letter)
    if 0x3041 <= code <= 0x309F:
        return "hiragana"
    if 0x30A0 <= code <= 0x30FF:
        return "katakana"
    return "han" if 0x3400 <= code <= 0x9FFF or code == 0x3005 else "other"
