"""What a program finds in a text that has no pictures yet: for the hard edit, and for the review after it. Pure."""

from collections.abc import Mapping
from typing import Any

from videod.core.editor.remarks import remarks
from videod.core.languages import Language
from videod.core.plan import Arc, Complaint, Picture, Plan, PlannedClip
from videod.core.stages import ARC, Stage
from videod.core.story import Fact, Shot, Story

#: what can be said of a text alone: the rest is about pictures, which come later
OF_TEXT = frozenset({
    "stakes", "rhythm", "opening", "repeated word", "stock phrase", "caption", "fact", "no source",
})  # fmt: skip
#: an editor works on so many at once
MOST = 20


def findings(
    stage: Stage, answers: Mapping[Stage, Mapping[str, Any]], story: Mapping[str, Any], language: Language | None
) -> tuple[Complaint, ...]:
    """What is worth a look in the lines of `stage`, each with its line, counted from 0, or "lines" for the whole."""
    beats, lines = answers[Stage.BEATS], answers[stage]["lines"]
    clips = tuple(
        PlannedClip(at, beat["happens"], Picture("full", ()), "", "", line["text"], "")
        for at, (beat, line) in enumerate(zip(beats["beats"], lines, strict=True), start=1)
    )
    facts = tuple(Fact(one["id"], one["says"], one["source"]) for one in answers[Stage.FACTS]["facts"])
    shots = tuple(
        Shot(beat["shot"], tuple(beat["who"]), beat["place"], beat["light"], tuple(line["facts"]))
        for beat, line in zip(beats["beats"], lines, strict=True)
    )
    plan = Plan(
        answers[Stage.TEXT]["title"], story["logline"], "", (), (), Arc(*(story[name] for name in ARC)), "", (), clips,
        story=Story((), facts, shots, beats["turn"]),
    )  # fmt: skip
    found = [one for one in remarks(plan, language) if one.rule in OF_TEXT and not one.refused]
    where = [f"lines[{one.clip - 1}].text" if one.clip else "lines" for one in found]
    return tuple(Complaint(at, one.rule, one.message) for at, one in zip(where, found, strict=True))[:MOST]
