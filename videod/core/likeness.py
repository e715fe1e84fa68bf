"""Are two films the same, or nearly? Pure.

The same plan or film is found by digest, over all channels of the installation. A nearly equal one is found by the
words of its narration, among the last films of its own channel: the share of words that both have, each as often as it
is said (Jaccard index of multisets). Examples with measured shares are in tests/core/test_likeness.py.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from videod.core.plan import Plan

#: so many of a channel's last films a new plan is compared with
LAST = 50
#: narrations with a greater share of the same words are the same film; and this much is enough under the same title.
#: Measured: another film about the same animal at most 0.33, one word in ten changed at least 0.76
ALIKE, ALIKE_BY_TITLE = 0.7, 0.5
#: a narration of fewer words proves nothing by likeness
LEAST_WORDS = 12
#: words; of scripts without spaces between them every sign is one
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class Film:
    """What is known of another episode: `told` is its whole narration; `what` of it is identical, "": nothing."""

    task_id: str
    channel_id: str
    title: str
    told: str = ""
    what: str = ""


@dataclass(frozen=True)
class Twin:
    """An episode that is the same, or nearly: `share` of equal words, None: it is identical."""

    film: Film
    share: float | None = None

    @property
    def words(self) -> str:
        other = f'"{" ".join(self.film.title.split())[:80]}" ({self.film.channel_id}, {self.film.task_id})'
        if self.share is None:
            return f"The {self.film.what} is the same as that of {other}"
        return f"The narration is nearly that of {other}: {self.share:.0%} of the words are the same"


def words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


def share(one: str, other: str) -> float:
    """The share of words that both texts say, 0 to 1."""
    first, second = words(one), words(other)
    if min(first.total(), second.total()) < LEAST_WORDS:
        return 1.0 if first and first == second else 0.0
    return (first & second).total() / (first | second).total()


def narration(plan: Plan) -> str:
    return "\n".join(clip.narration for clip in plan.clips)


def content(plan: Plan) -> str:
    """The digest of what a plan tells and shows, whatever its title and description are."""
    told = [clip.narration for clip in plan.clips] + [image.prompt for image in plan.images]
    told += [clip.motion for clip in plan.clips]
    return hashlib.sha256("\0".join(" ".join(text.casefold().split()) for text in told).encode()).hexdigest()


def twin_of_plan(
    title: str, plan: Plan, same: Iterable[Film], last: Iterable[Film], most: float = ALIKE
) -> Twin | None:  # fmt: skip
    """What a new plan repeats: one of `same` has its digest, one of `last` a share of its words of `most` or more.

    `most` 0: words are not compared.
    """
    for film in same:
        return Twin(film)
    if not most:
        return None
    told = narration(plan)
    found = [(share(told, film.told), film) for film in last]
    found = [(equal, film) for equal, film in found if equal >= _enough(title, film.title, most)]
    nearest = max(found, key=lambda pair: pair[0], default=None)
    return None if nearest is None else Twin(nearest[1], nearest[0])


def _enough(title: str, other: str, most: float) -> float:
    """The share from which on two narrations are alike: less under the same title."""
    return min(ALIKE_BY_TITLE, most) if _same(title, other) else most


def _same(one: str, other: str) -> bool:
    return words(one) == words(other)
