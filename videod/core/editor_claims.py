"""Numbers and absolutes in a narration, and whether a fact holds them. Pure.

Facts are what a plan's story names; a plan without a story has its research, and is only warned: nobody can say which
line stands on which of it.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from videod.core.editor_film import Film, Remark, quoted
from videod.core.editor_lists import ABSOLUTES, HOLDS
from videod.core.editor_numbers import Number, numbers

#: a count of so many may be what the picture shows, where no unit follows
SEEN_MAX = 12
#: so many numbers of one line are looked at
NUMBERS_MAX = 20
#: "about forty" and 41 are one number
NEAR = 0.05


def remarks(film: Film) -> Iterator[Remark]:
    story, research = film.plan.story, film.plan.research
    facts = {fact.id: fact.says for fact in story.facts} if story else {str(at): one for at, one in enumerate(research)}
    pool = list(facts.values())
    for at, line in enumerate(film.lines):
        shot = story.shots[at] if story and at < len(story.shots) else None
        named = [facts[name] for name in shot.facts if name in facts] if shot else pool
        for claim in claims(line, film, at, named):
            if not claims_left(claim, pool, film):
                yield _elsewhere(at, claim)
                continue
            yield _unheld(at, claim, story is not None)


class Claim:
    """A number or an absolute that a line says; `family` of the absolute, "" for a number."""

    __slots__ = ("family", "number", "said")

    def __init__(self, said: str, number: Number | None, family: str) -> None:
        self.said, self.number, self.family = said, number, family


def claims(line: str, film: Film, at: int, named: Sequence[str]) -> Iterator[Claim]:
    """The claims of a line that none of the facts it names holds."""
    for number in numbers(line, film.base)[:NUMBERS_MAX]:
        claim = Claim(number.said, number, "")
        if claims_left(claim, named, film) and not _in_picture(number, film, at):
            yield claim
    for family, pattern in ABSOLUTES.get(film.base, {}).items():
        found = re.search(pattern, line, re.IGNORECASE)
        if found is None:
            continue
        rest = numbers(line[found.start() :][: len(found[0]) + 20], film.base)
        claim = Claim(found[0], None, family)
        if claims_left(claim, named, film) and not (family == "every" and rest):
            yield claim


def claims_left(claim: Claim, facts: Sequence[str], film: Film) -> bool:
    """Whether no fact holds the claim."""
    if claim.number is None:
        return not any(re.search(HOLDS[claim.family], fact, re.IGNORECASE) for fact in facts)
    value = claim.number.value
    for fact in facts:
        for base in {"en", film.base}:
            if any(abs(value - held) <= NEAR * max(value, held) for held in _values(fact, base)):
                return False
    return True


@lru_cache(maxsize=512)
def _values(fact: str, base: str) -> tuple[float, ...]:
    """The numbers of a fact, and the shares that "one in ten" and "a range of 4 to 6" mean."""
    found = [number.value for number in numbers(fact, base)]
    small = {"one": 1, "two": 2, "once": 1, "twice": 2, "ein": 1, "eine": 1, "pair": 2, "both": 2}
    found += [float(value) for word, value in small.items() if re.search(rf"\b{word}\b", fact, re.IGNORECASE)]
    for part, whole in re.findall(r"\b(\d+|one|two|three) (?:in|out of) (\d+|\w+)\b", fact, re.IGNORECASE):
        parts = numbers(f"{part} days", "en"), numbers(f"{whole} days", "en")
        if parts[0] and parts[1] and parts[1][0].value:
            found.append(100 * parts[0][0].value / parts[1][0].value)
    return tuple(found)


def _in_picture(number: Number, film: Film, at: int) -> bool:
    """A small count without a unit may be what is seen: the plan itself says so many."""
    if number.measured or number.value > SEEN_MAX:
        return False
    told = " ".join((film.plan.logline, *vars(film.plan.arc).values(), *(shot.beat for shot in film.seen)))
    told += " " + " ".join(image.prompt for image in film.plan.images)
    return number.value in {one.value for base in {"en", film.base} for one in numbers(told, base)}


def _unheld(at: int, claim: Claim, refused: bool) -> Remark:
    what = "the number" if claim.number else "the absolute"
    message = f"says {what} {quoted(claim.said)}, which no fact holds; leave it out, or name a fact that says so"
    return Remark(f"clips[{at}].narration", "fact", message, at + 1, refused)


def _elsewhere(at: int, claim: Claim) -> Remark:
    message = f"says {quoted(claim.said)}, which only a fact holds that the line does not name; name that fact"
    return Remark(f"clips[{at}].narration", "fact", message, at + 1)
