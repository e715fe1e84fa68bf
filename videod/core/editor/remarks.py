"""Reads a plan like an editor: what weakens a story and can be measured. Pure.

A plan may be good in spite of a warning; a refusal is what cannot be meant, such as a number that no fact holds.
What would keep a plan from being made at all is found by `craft`.
"""

from videod.core.editor import claims, pictures, text
from videod.core.editor.film import Film, Remark, film
from videod.core.editor.words import base_of
from videod.core.languages import Language
from videod.core.plan import Plan

__all__ = ["Film", "Remark", "remarks"]


def remarks(plan: Plan, language: Language | None = None) -> tuple[Remark, ...]:
    """What an editor would say, refusals first, then in the order of the clips.

    Without `language` the narration's own is guessed; one that the lists do not know is measured without them.
    """
    looked = film(plan, base_of(" ".join(clip.narration for clip in plan.clips), language))
    found = [remark for part in (claims, text, pictures) for remark in part.remarks(looked)]
    return tuple(sorted(found, key=lambda remark: (not remark.refused, remark.clip or 0)))
