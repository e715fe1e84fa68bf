"""Which lines of a plan stand on a fact with a source: what the first review says. Pure."""

from collections.abc import Mapping, Sequence

from videod.core.editor.says import claims_something
from videod.core.editor.words import base_of
from videod.core.plan import Plan
from videod.core.story import Story

#: where a finished plan job keeps it
NOTED = "sourced"
#: so many clips are named
CLIPS_SHOWN = 8


def marks(plan: Plan) -> list[str]:
    """What stands behind each line: "source", "no source", or "no fact" where it claims nothing of the world.

    So does a shot without words.
    """
    if plan.story is None:
        return ["no fact"] * len(plan.clips)
    base = base_of(" ".join(clip.narration for clip in plan.clips), None)
    return [mark(plan.story, at, clip.narration, base) for at, clip in enumerate(plan.clips)]


def mark(story: Story, at: int, line: str, base: str) -> str:
    """What stands behind the line of a clip, counted from 0; `base`: the code of its language in the editor's lists."""
    facts = story.shots[at].facts if at < len(story.shots) and line.strip() else ()
    known = {fact.id: fact.source for fact in story.facts}
    if not facts:
        return "no source" if claims_something(line, base) else "no fact"
    return "source" if all(known.get(name) is not None for name in facts) else "no source"


def noted(plan: Plan) -> dict[str, object]:
    """What is kept of a plan: how many sources and lines there are, and clips whose lines claim without a source.

    Empty for a plan that says nothing of its story.
    """
    if plan.story is None:
        return {}
    found = marks(plan)
    open_ = [at + 1 for at, one in enumerate(found) if one == "no source"]
    return {NOTED: {
        "sources": len(plan.story.sources), "lines": sum(not clip.wordless for clip in plan.clips),
        "sourced": found.count("source"), "unsourced": open_,
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
    who, have = ("Clips", "have") if len(unsourced) > 1 else ("Clip", "has")
    return f"{text}. {who} {listed}{more} {have} none"
