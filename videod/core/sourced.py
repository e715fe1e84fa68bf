"""Which lines of a plan stand on a fact with a source: what the first review says. Pure."""

from collections.abc import Mapping, Sequence

from videod.core.plan import Plan
from videod.core.story import Story

#: where a finished plan job keeps it
NOTED = "sourced"
#: so many clips are named
CLIPS_SHOWN = 8


def mark(story: Story, at: int) -> str:
    """What stands behind the line of a clip, counted from 0: "source", "no source" or "no fact"."""
    facts = story.shots[at].facts if at < len(story.shots) else ()
    known = {fact.id: fact.source for fact in story.facts}
    if not facts:
        return "no fact"
    return "source" if all(known.get(name) is not None for name in facts) else "no source"


def noted(plan: Plan) -> dict[str, object]:
    """What is kept of a plan: how many sources and lines there are, and clips whose lines claim without a source.

    Empty for a plan that says nothing of its story.
    """
    if plan.story is None:
        return {}
    marks = [mark(plan.story, at) for at in range(len(plan.clips))]
    open_ = [at + 1 for at, one in enumerate(marks) if one == "no source"]
    return {NOTED: {
        "sources": len(plan.story.sources), "lines": len(marks), "sourced": marks.count("source"), "unsourced": open_,
    }}  # fmt: skip


def sentence(facts: Mapping[str, object]) -> str:
    """For people, from the facts of a finished plan job; "" where nothing is known."""
    held = facts.get(NOTED)
    if not isinstance(held, Mapping):
        return ""
    if not held.get("sources"):
        return "no source was read: check what the narration claims"
    text = f"{held.get('sourced')} of {held.get('lines')} lines have a source"
    unsourced = held.get("unsourced")
    if not isinstance(unsourced, Sequence) or not unsourced:
        return text
    listed = ", ".join(str(number) for number in unsourced[:CLIPS_SHOWN])
    more = f" and {len(unsourced) - CLIPS_SHOWN} more" if len(unsourced) > CLIPS_SHOWN else ""
    return f"{text}; without a source: clip{'s' if len(unsourced) > 1 else ''} {listed}{more}"
