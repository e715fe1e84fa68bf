"""What an editor hears when a narration is read aloud: stakes, rhythm, repetitions and stock phrases. Pure."""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator

from videod.core.editor.film import Film, Remark, quoted
from videod.core.editor.lists import STAKES, STOCK
from videod.core.editor.words import build, content, length, opening, start, unspaced, words

#: by then a listener knows what may be lost
OPENING_WORDS = 12
#: lines of fewer clips than this make no rhythm
RHYTHM_LINES_MIN = 5
#: the lengths of lines as a share of their mean; measured: 18 lines of ten words each have 0.05, edited texts over 0.3
SPREAD_MIN = 0.2
#: so many neighbors of one build or opening are heard as a pattern
SAME_BUILD, SAME_OPENING = 4, 3
#: more of all lines than this begin with one word
OPENINGS_SHARE = 0.5
#: a phrase of so many words is remembered
PHRASE_WORDS = 4
_PHRASES = {
    base: re.compile(("" if base == "ja" else r"\b") + f"(?:{'|'.join(phrases)})", re.IGNORECASE)
    for base, phrases in STOCK.items()
}


def remarks(film: Film) -> Iterator[Remark]:
    yield from _stakes(film)
    if len(film.spoken) >= RHYTHM_LINES_MIN:
        yield from _lengths(film)
        yield from _builds(film)
        yield from _openings(film)
    yield from _repeated_words(film)
    yield from _repeated_phrases(film)
    yield from _stock(film)


def _line(at: int, rule: str, message: str) -> Remark:
    return Remark(f"clips[{at}].narration", rule, message, at + 1)


def _stakes(film: Film) -> Iterator[Remark]:
    pattern = STAKES.get(film.base)
    if pattern is None or not film.lines:
        return
    first = start(" ".join(film.lines[:3]), OPENING_WORDS)
    if not re.search(pattern, first, re.IGNORECASE):
        message = (
            f"nothing is at stake within the first {OPENING_WORDS} words. Say at once what can be lost, "
            "what is missing, or what has to happen and by when"
        )
        yield _line(0, "stakes", message)


def _lengths(film: Film) -> Iterator[Remark]:
    counts = [length(line) for _, line in film.spoken]
    mean = statistics.fmean(counts)
    if mean and statistics.pstdev(counts) / mean < SPREAD_MIN:
        message = f"nearly every line is about {mean:.0f} words long. Let some be half as long and others longer"
        yield Remark("clips", "rhythm", message)


def _builds(film: Film) -> Iterator[Remark]:
    """A run of lines that are made alike; only the first run is reported."""
    made = [build(line) for line in film.lines]
    run = 1
    for at in range(1, len(made)):
        close = abs(length(film.lines[at]) - length(film.lines[at - 1])) <= 2 and film.lines[at].strip() != ""
        run = run + 1 if made[at] == made[at - 1] and close else 1
        if run == SAME_BUILD:
            message = (
                f"is the fourth line in a row of the same length and build (since clip {at - 2}). "
                "Break the pattern with a short line, a question or a second clause"
            )
            yield _line(at, "rhythm", message)
            return


def _openings(film: Film) -> Iterator[Remark]:
    heads = [opening(line) for line in film.lines]
    for at in range(SAME_OPENING - 1, len(heads)):
        if heads[at] and len(set(heads[at - SAME_OPENING + 1 : at + 1])) == 1:
            yield _line(
                at, "opening", f"is the third line in a row that begins with {quoted(heads[at])}. Begin another way"
            )
            return
    most, count = next(iter(Counter(head for head in heads if head).most_common(1)), ("", 0))
    if count > max(SAME_OPENING, OPENINGS_SHARE * len(film.spoken)):
        at = max(at for at, head in enumerate(heads) if head == most)
        yield _line(
            at, "opening", f"begins with {quoted(most)}, as {count} of {len(film.spoken)} lines do. Vary how they begin"
        )


def _repeated_words(film: Film) -> Iterator[Remark]:
    """A word that carries meaning and returns in line after line, unless it names what the film is about."""
    found: dict[str, list[int]] = defaultdict(list)
    said: dict[str, str] = {}
    for at, line in enumerate(film.lines):
        stems = content(line, film.base)
        for stem in dict.fromkeys(stems):
            found[stem].append(at)
        for word in words(line):
            for stem in content(word, film.base):
                said.setdefault(stem, word)
    enough = max(3, round(len(film.lines) / 5))
    for stem, lines in found.items():
        if stem in film.names or len(lines) < enough:
            continue
        listed = ", ".join(str(at + 1) for at in lines)
        message = f"says {quoted(said.get(stem, stem))} again (clips {listed}). Keep it where it matters most"
        yield _line(lines[-1], "repeated word", message)


def _repeated_phrases(film: Film) -> Iterator[Remark]:
    """The same words in a row, in two lines."""
    seen: dict[tuple[str, ...], int] = {}
    told: set[int] = set()
    for at, line in enumerate(film.lines):
        if unspaced(line):
            continue
        said = words(line)
        for first in range(len(said) - PHRASE_WORDS + 1):
            phrase = tuple(said[first : first + PHRASE_WORDS])
            other = seen.setdefault(phrase, at)
            if other != at and not {at, other} & told and content(" ".join(phrase), film.base):
                told |= {at, other}
                message = f"repeats {quoted(' '.join(phrase))} of clip {other + 1}. Say it once"
                yield _line(at, "repeated word", message)


def _stock(film: Film) -> Iterator[Remark]:
    phrases = _PHRASES.get(film.base)
    for at, line in enumerate(film.lines):
        if phrases is not None and (found := phrases.search(line)):
            message = f"{quoted(found[0])} has been said in too many films. Say what happens here and nowhere else"
            yield _line(at, "stock phrase", message)
