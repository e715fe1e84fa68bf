"""Is a story one that the channel told before? Pure.

Two stories are compared by the words that carry them: those of at least four letters in the sentence and the turn, cut
to their first four (so that "hunts" and "hunting" are one), without the commonest. The share is how many of all
those words both have (Jaccard index of sets). Examples with measured shares are in tests/core/test_retold.py.

`likeness` compares whole narrations of plans that are written; here the question comes earlier, when only a sentence of
each story is known.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from videod.core.plan import Plan

#: from this share on a story is reported again; less is enough for the same species
ALIKE, ALIKE_BY_SPECIES = 0.4, 0.25
#: what is kept of a story, characters of each part
TEXT_MAX = 300
LETTERS_LEAST, LETTERS_KEPT = 4, 4
_WORD = re.compile(r"[^\W\d_]+")
_COMMON = frozenset({
    "about", "after", "again", "also", "before", "between", "both", "each", "every", "first", "from", "have", "into",
    "just", "last", "more", "most", "must", "only", "other", "over", "than", "that", "their", "them", "then", "there",
    "these", "they", "this", "through", "until", "were", "what", "when", "where", "which", "while", "will", "with",
    "within", "without",
})  # fmt: skip


@dataclass(frozen=True)
class Retold:
    """An earlier story that a new one is like; `share` of equal words."""

    title: str
    share: float
    species: str

    @property
    def message(self) -> str:
        same = f" and the same species ({self.species})" if self.species else ""
        return f'is like "{self.title[:80]}" of this channel: {self.share:.0%} of the words are the same{same}'


def story_of(plan: Plan) -> dict[str, str]:
    """What is kept of a plan's story, for the plans after it."""
    leads = [image.species for image in plan.images if image.role == "protagonist" and image.species]
    species = ", ".join(dict.fromkeys(leads))
    parts = {"species": species, "story": plan.logline, "turn": plan.arc.turn}
    return {name: " ".join(text.split())[:TEXT_MAX] for name, text in parts.items()}


def share(one: str, other: str) -> float:
    """The share of carrying words that both texts have, 0 to 1."""
    first, second = _carrying(one), _carrying(other)
    both = first | second
    return len(first & second) / len(both) if both else 0.0


def likest(story: Mapping[str, str], before: Iterable[Mapping[str, str]]) -> Retold | None:
    """The earlier story that this one tells again; None: it is another. Parts as `story_of` names them, and `title`."""
    told = _told(story)
    found = []
    for other in before:
        same = _same_species(story.get("species", ""), other.get("species", ""))
        equal = share(told, _told(other))
        if equal >= (ALIKE_BY_SPECIES if same else ALIKE):
            found.append(Retold(other.get("title", ""), equal, other.get("species", "") if same else ""))
    return max(found, key=lambda one: one.share, default=None)


def _told(story: Mapping[str, str]) -> str:
    return f"{story.get('story', '')} {story.get('turn', '')}"


def _carrying(text: str) -> frozenset[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(word[:LETTERS_KEPT] for word in words if len(word) >= LETTERS_LEAST and word not in _COMMON)


def _same_species(one: str, other: str) -> bool:
    """Whether one names the other's: "brown bear" and "brown bear (Ursus arctos)"."""
    first, second = (" ".join(text.casefold().split()) for text in (one, other))
    return bool(first and second) and (first in second or second in first)
