"""Plans as an editor reads them, written down in tests/cases/editor: facts, shots and what is said over them."""

import dataclasses
import functools
import re
from pathlib import Path

from videod.core.languages import Language, language
from videod.core.plan import Arc, Picture, Plan, PlannedClip, PlannedImage
from videod.core.story import Fact, Shot, Source, Story

FOLDER = Path(__file__).parent.parent / "cases" / "editor"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.txt") if not path.stem.startswith("faults")))
_SEEN = re.compile(
    r"see (?P<kind>character|environment|prop) (?P<subject>[^(:]+?)(?: \((?P<species>[^)]+)\))?: (?P<prompt>.*)"
)
_FACT = re.compile(r"fact (?P<id>\w+): (?P<says>.*?)(?: \((?P<source>s\d+)\))?$")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


@functools.cache
def read(name: str) -> tuple[Plan, Language]:
    head, *clips = (FOLDER / f"{name}.txt").read_text("utf-8").split("\nclip ")
    said = dict(re.findall(r"^(\w+): (.*)$", head, re.MULTILINE))
    facts = tuple(
        Fact(*found.group("id", "says", "source")) for line in head.splitlines() if (found := _FACT.match(line))
    )
    images, planned, shots = [], [], []
    for at, text in enumerate(clips):
        first, *rest = text.strip().splitlines()
        size, named, who, place, light = (
            (part.strip() for part in first.split("|")) if first.count("|") == 4 else ("",) * 5
        )
        parts = dict(line.split(": ", 1) for line in rest if line.startswith(("beat:", "say:")))
        seen = _SEEN.match(rest[0])
        assert size and seen is not None, f"{name}, clip {at + 1}: {text}"
        images.append(
            PlannedImage(f"i{at + 1}", seen["kind"], seen["subject"], seen["species"], None, False, seen["prompt"])
        )
        planned.append(PlannedClip(at + 1, parts["beat"], Picture("full", (f"i{at + 1}",)), "", "", parts["say"], ""))
        shots.append(Shot(size, _listed(who), place, light, tuple(named.split())))
    story = Story((Source("s1", said["title"], "https://example.org/1", "7"),), facts, tuple(shots), int(said["turn"]))
    arc = Arc(*(part.strip() for part in said["arc"].split("|")))
    plan = Plan(said["title"], said["logline"], said["logline"], (), tuple(fact.says for fact in facts), arc,
                "clear sky", tuple(images), tuple(planned), story=story)  # fmt: skip
    return plan, language(said["language"])


def said(plan: Plan, lines: dict[int, str]) -> Plan:
    """With other lines: number of the clip -> what is said."""
    clips = tuple(dataclasses.replace(clip, narration=lines.get(clip.number, clip.narration)) for clip in plan.clips)
    return dataclasses.replace(plan, clips=clips)


@dataclasses.dataclass(frozen=True)
class Fault:
    plan: str
    rule: str
    changes: str


def faults(name: str = "faults") -> list[Fault]:
    lines = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return [
        Fault(*(part.strip() for part in line.split("|", 2))) for line in lines if line and not line.startswith("#")
    ]


def planted(fault: Fault) -> tuple[Plan, Language]:
    """The good plan with the fault in it."""
    plan, spoken = read(fault.plan)
    for change in fault.changes.split(" && "):
        what, text = change.split(": ", 1)
        plan = _changed(plan, *(what.split(" ") if " " in what else ("say", what)), text)
    return plan, spoken


def _changed(plan: Plan, what: str, which: str, text: str) -> Plan:
    if which == "turn":
        assert plan.story is not None
        return dataclasses.replace(plan, story=dataclasses.replace(plan.story, turn=int(text)))
    at = int(which) - 1
    clips, images = list(plan.clips), list(plan.images)
    if what == "say":
        clips[at] = dataclasses.replace(clips[at], narration=text)
    elif what == "beat":
        clips[at] = dataclasses.replace(clips[at], beat=text)
    elif what == "see":
        seen = _SEEN.match(f"see {text}")
        assert seen is not None
        images[at] = dataclasses.replace(images[at], kind=seen["kind"], subject=seen["subject"], prompt=seen["prompt"])
    else:
        assert what == "shot" and plan.story is not None
        size, named, who, place, light = (part.strip() for part in text.split("|"))
        shots = list(plan.story.shots)
        shots[at] = Shot(size, _listed(who), place, light, tuple(named.split()))
        return dataclasses.replace(plan, story=dataclasses.replace(plan.story, shots=tuple(shots)))
    return dataclasses.replace(plan, clips=tuple(clips), images=tuple(images))
