"""Which lines of a plan stand on a fact with a source: what the first review says. Pure."""

from collections.abc import Mapping, Sequence

from videod.core.plan import Plan
from videod.core.story import Story

#: where a finished plan job keeps it
NOTED = "sourced"
#: so many clips are named
CLIPS_SHOWN = 8


def marks(plan: Plan) -> list[str]:
    """What stands behind each line: "source", "no source", "beyond" where it says more than its facts do, or "no fact".

    "no fact" claims nothing of the world. So does a shot without words.
    """
    if plan.story is None:
        return ["no fact"] * len(plan.clips)
    from videod.core.editor.words import base_of  # a look at episodes reads no plan

    base = base_of(" ".join(clip.narration for clip in plan.clips), None)
    return [mark(plan.story, at, clip.narration, base) for at, clip in enumerate(plan.clips)]


def mark(story: Story, at: int, line: str, base: str) -> str:
    """What stands behind the line of a clip, counted from 0; `base`: the code of its language in the editor's lists."""
    shot = story.shots[at] if at < len(story.shots) and line.strip() else None
    if shot is not None and shot.beyond:
        return "beyond"
    facts = shot.facts if shot is not None else ()
    known = {fact.id: fact.source for fact in story.facts}
    if not facts:
        from videod.core.editor.says import claims_something

        return "no source" if claims_something(line, base) else "no fact"
    return "source" if all(known.get(name) is not None for name in facts) else "no source"


def noted(plan: Plan) -> dict[str, object]:
    """What is kept of a plan: how many sources and lines there are, and clips whose lines claim without a source.

    Empty for a plan that says nothing of its story.
    """
    if plan.story is None:
        return {}
    found = marks(plan)
    open_, beyond = ([at + 1 for at, one in enumerate(found) if one == mark] for mark in ("no source", "beyond"))
    return {NOTED: {
        "sources": len(plan.story.sources), "lines": sum(not clip.wordless for clip in plan.clips),
        "sourced": found.count("source"), "unsourced": open_, "beyond": beyond,
    }}  # fmt: skip


def sentence(facts: Mapping[str, object]) -> str:
    """For people, from the facts of a finished plan job; "" where nothing is known."""
    held = facts.get(NOTED)
    if not isinstance(held, Mapping):
        return ""
    if not held.get("sources"):
        return "no source was read: check what the narration claims"
    text = f"{held.get('sourced')} of {held.get('lines')} lines have a source"
    none, more = _clips(held.get("unsourced"), "has", "have"), _clips(held.get("beyond"), "says", "say")
    if none:
        text += f". {none} none"
    return f"{text}. {more} more than the facts do" if more else text


def _clips(numbers: object, one: str, several: str) -> str:
    """ "Clips 4, 8 have" and "Clip 4 has"; "" where there are none."""
    if not isinstance(numbers, Sequence) or not numbers:
        return ""
    listed = ", ".join(str(number) for number in numbers[:CLIPS_SHOWN])
    more = f" and {len(numbers) - CLIPS_SHOWN} more" if len(numbers) > CLIPS_SHOWN else ""
    return f"Clips {listed}{more} {several}" if len(numbers) > 1 else f"Clip {listed} {one}"
