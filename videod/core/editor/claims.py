"""Numbers and absolutes in a narration, and whether a fact holds them. Pure.

Facts are what a plan's story names; a plan without a story has its research, and is only warned: nobody can say which
line stands on which of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from videod.core.editor.film import Film, Remark, quoted
from videod.core.editor.lists import ABSOLUTES, HOLDS
from videod.core.editor.numbers import Number, numbers
from videod.core.editor.says import claims_something

Facts = tuple[str, ...]

#: a count of so many may be what the picture shows, where no unit follows
SEEN_MAX = 12
#: so many numbers of one line are looked at
NUMBERS_MAX = 20
#: "about forty" and 41 are one number
NEAR = 0.05


@dataclass(frozen=True)
class Claim:
    """A number or an absolute that a line says, and that none of the facts it names holds.

    `family` of the absolute, "" for a number. `elsewhere`: another fact holds it.
    """

    said: str
    number: Number | None
    family: str
    elsewhere: bool = False

    @property
    def message(self) -> str:
        if self.elsewhere:
            return f"says {quoted(self.said)}, which only a fact holds that the line does not name. Name that fact"
        what = "the number" if self.number else "the absolute"
        return f"says {what} {quoted(self.said)}, which no fact holds. Leave it out, or name a fact that says so"


def remarks(film: Film) -> Iterator[Remark]:
    story, research = film.plan.story, film.plan.research
    facts = {fact.id: fact.says for fact in story.facts} if story else {str(at): one for at, one in enumerate(research)}
    pool = tuple(facts.values())
    told = (film.plan.logline, *vars(film.plan.arc).values(), *(shot.beat for shot in film.seen))
    told = (*told, *(image.prompt for image in film.plan.images))
    for at, line in enumerate(film.lines):
        shot = story.shots[at] if story and at < len(story.shots) else None
        named = tuple(facts[name] for name in shot.facts if name in facts) if shot else pool
        for claim in claims(line, named, pool, film.base, told):
            refused = story is not None and not claim.elsewhere
            yield Remark(f"clips[{at}].narration", "fact", claim.message, at + 1, refused)
        if shot is not None and shot.beyond:
            message = (
                f"says more than the facts it names ({quoted(shot.beyond)}). Say less, or name a fact that holds it"
            )
            yield Remark(f"clips[{at}].narration", "beyond", message, at + 1)
    yield from _unnamed(film)


def _unnamed(film: Film) -> Iterator[Remark]:
    """Lines that claim something and name no fact, in one remark: a film that moves has some of them."""
    story = film.plan.story
    if story is None:
        return
    found = [
        at + 1 for at, line in enumerate(film.lines)
        if at < len(story.shots) and not story.shots[at].facts and claims_something(line, film.base)
    ]  # fmt: skip
    if found:
        one = len(found) == 1
        clips = (
            f"clip {found[0]} claims something of the world and names"
            if one
            else (f"clips {', '.join(str(number) for number in found)} claim something of the world and name")
        )
        yield Remark("clips", "no source", f"{clips} no fact. Name one that says so, or say less")


def claims(line: str, named: Facts, pool: Facts, base: str, told: Facts) -> Iterator[Claim]:
    """The claims of a line that the facts it names do not hold. `pool`: all facts; `told`: what the pictures show."""
    for number in numbers(line, base)[:NUMBERS_MAX]:
        claim = Claim(number.said, number, "")
        if not _held(claim, named, base) and not _shown(number, told, base):
            yield replace(claim, elsewhere=_held(claim, pool, base))
    for family, pattern in ABSOLUTES.get(base, {}).items():
        found = re.search(pattern, line, re.IGNORECASE)
        if found is None:
            continue
        # "every four years" claims a number
        counted = family == "every" and numbers(line[found.start() :][: len(found[0]) + 20], base)
        claim = Claim(found[0], None, family)
        if not counted and not _held(claim, named, base):
            yield replace(claim, elsewhere=_held(claim, pool, base))


def _held(claim: Claim, facts: Facts, base: str) -> bool:
    if claim.number is None:
        return any(re.search(HOLDS[claim.family], fact, re.IGNORECASE) for fact in facts)
    value = claim.number.value
    return any(
        abs(value - held) <= NEAR * max(value, held)
        for fact in facts
        for language in {"en", base}
        for held in _values(fact, language)
    )


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


def _shown(number: Number, told: Facts, base: str) -> bool:
    """A small count without a unit may be what is seen: the plan itself says so many."""
    if number.measured or number.value > SEEN_MAX:
        return False
    return any(number.value == one.value for text in told for name in {"en", base} for one in numbers(text, name))
