"""A made file held against what was ordered, and against the other files of its episode. Pure.

What is odd becomes `warnings` among the facts of its job: sentences for the people at the review. Nothing is refused
here, and nothing is by taste. Each begins with what the file is, such as "clip_03".
"""

import statistics
from collections.abc import Iterable, Mapping

from videod.core import alike_pictures, content, step_parts, voice_marks
from videod.core.model import Job, Task
from videod.core.statuses import Gate, JobState
from videod.core.step import positive
from videod.core.step_parts import clip_s

#: fact of a job: what is odd about its file
WARNINGS = step_parts.WARNINGS
#: of the length that was ordered a clip may lack or exceed so much
CLIP_LENGTH = 0.06
#: of the rate of an episode's other narrations one may be off so much, either way
RATE = 1.55
#: narrations that are needed to know a rate, and letters of a text that says something about it
KNOWN, LETTERS = 3, 25
#: of a figure that was cut out so much may have the color of the ground that it stood before
GROUND_LEFT = 0.01
#: width through height of a frame, and how far off one may be
WIDE, WIDE_OFF = 16 / 9, 0.035
#: what a person reads of one episode, and of one file
MOST, MOST_EACH = 6, 3


def warned(job: Job, facts: Mapping[str, object], jobs: Iterable[Job], sha256: str) -> dict[str, object]:
    """The facts of a file that `job` made, with what is odd about it, alone and beside the files of `jobs`."""
    others = [other for other in jobs if other.state is JobState.DONE and other.name != job.name]
    alone = facts.get(WARNINGS)
    found = [str(one) for one in alone] if isinstance(alone, list | tuple) else []
    if any(one.args.get("still") for one in (job, *others)):  # a still shot moves as slowly as its camera
        found = [one for one in found if not one.startswith(content.MOTIONLESS)]
    if job.step == "clip":
        found += _clip(job, facts, others)
    elif job.step == "image":
        found += _image(job, facts)
    elif job.step == "composite" and (positive(facts.get("ground_left")) or 0.0) > GROUND_LEFT:
        share = positive(facts.get("ground_left")) or 0.0
        found.append(f"shows a figure of which {share:.0%} still has the color of the background it was drawn on")
    elif job.step == "narration":
        found += _narration(job, facts, others)
    elif job.step == "assemble":
        found += _film(facts, others)
    found += _twins(job, facts, others, sha256)
    made = {name: value for name, value in facts.items() if name != WARNINGS}
    return made | ({WARNINGS: found[:MOST_EACH]} if found else {})


def _clip(job: Job, facts: Mapping[str, object], others: list[Job]) -> Iterable[str]:
    asked, length = positive(clip_s(job.args)), positive(facts.get("duration_s"))
    if asked is not None and length is not None and abs(length - asked) > CLIP_LENGTH * asked:
        yield f"lasts {length:.1f} s instead of {asked:g} s"
    width, height = positive(facts.get("width")), positive(facts.get("height"))
    if width and height and abs(width / height / WIDE - 1) > WIDE_OFF:
        yield f"has a different shape from the film ({width:.0f}x{height:.0f})"
    picture = next((other for other in others if other.name in job.needs and "look" in other.facts), None)
    if picture is None:
        return
    look, begun = str(picture.facts["look"]), str(facts.get("look", ""))
    like = alike_pictures.likeness(look, begun)
    if like is not None and like < alike_pictures.BEGINS:
        yield "does not begin with its picture"
    elif alike_pictures.turned(look, begun):
        yield "shows its picture mirrored or upside down"
    elif alike_pictures.colors_apart(look, begun) > alike_pictures.COLORS:
        yield "has other colors than its picture"


def _image(job: Job, facts: Mapping[str, object]) -> Iterable[str]:
    aspect = str(job.args.get("aspect", ""))
    width, height = positive(facts.get("width")), positive(facts.get("height"))
    across, _, down = aspect.partition(":")
    if width and height and across.isdigit() and down.isdigit() and int(down):
        wanted = int(across) / int(down)
        if abs(width / height / wanted - 1) > 2 * WIDE_OFF:
            yield f"has {width:.0f}x{height:.0f} pixels instead of the shape {aspect}"


def _narration(job: Job, facts: Mapping[str, object], others: list[Job]) -> Iterable[str]:
    rates = [rate for other in others if other.step == "narration" and (rate := _rate(other, other.facts)) is not None]
    own = _rate(job, facts)
    if own is None or len(rates) < KNOWN:
        return
    usual = statistics.median(rates)
    if own > RATE * usual or own < usual / RATE:
        yield f"has {own:.0f} characters a second where the others have {usual:.0f}: check that it says its text"


def _rate(job: Job, facts: Mapping[str, object]) -> float | None:
    """Characters a second while somebody speaks."""
    letters = len(voice_marks.spoken(str(job.args.get("text", ""))))
    speech = positive(facts.get("speech_s"))
    return letters / speech if speech is not None and letters >= LETTERS else None


def _film(facts: Mapping[str, object], others: list[Job]) -> Iterable[str]:
    width, height = positive(facts.get("width")), positive(facts.get("height"))
    if width and height and abs(width / height / WIDE - 1) > WIDE_OFF:
        yield f"has a different shape from a film ({width:.0f}x{height:.0f})"
    cuts = sorted((other for other in others if other.step == "cut"), key=lambda other: other.key)
    seen, made = _marks(facts), [(cut, _marks(cut.facts)) for cut in cuts]
    if not seen or not made or any(not marks for _, marks in made):
        return
    whole = [(cut, mark) for cut, marks in made for mark in marks]
    shift = _shift(seen, [mark for _, mark in whole])
    if shift is None:
        yield "shows other pictures than its clips"
        return
    off: dict[str, int] = {}
    for at, (cut, mark) in enumerate(whole):
        there = at + shift
        near = [seen[place] for place in (there - 1, there, there + 1) if 0 <= place < len(seen)]
        if not any(_apart(mark, one) <= NEAR for one in near):
            off[cut.key] = off.get(cut.key, 0) + 1
    missing = [key for key, count in off.items() if count >= 2]
    if missing:
        yield f"does not show what {', '.join(missing[:4])} should be at its place"


#: marks of two pictures that are one, levels; a film's longest intro, s
NEAR, INTRO_S = 9, 60


def _marks(facts: Mapping[str, object]) -> list[tuple[int, ...]]:
    text = str(facts.get("marks", ""))
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return []
    return [tuple(data[at : at + 4]) for at in range(0, len(data) - 3, 4)]


def _apart(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _shift(seen: list[tuple[int, ...]], made: list[tuple[int, ...]]) -> int | None:
    """After how many seconds the clips begin in the film; None where they are not in it."""
    best, at = 0.0, 0
    for shift in range(-1, min(INTRO_S, max(1, len(seen) - len(made) // 2))):
        pairs = [(made[n], seen[n + shift]) for n in range(len(made)) if 0 <= n + shift < len(seen)]
        good = sum(_apart(one, other) <= NEAR for one, other in pairs) / len(made)
        best, at = max((best, at), (good, shift), key=lambda pair: pair[0])
    return at if best >= 0.3 else None


def _twins(job: Job, facts: Mapping[str, object], others: list[Job], sha256: str) -> Iterable[str]:
    """A file that is there twice: the same bytes, or a picture that looks like another one."""
    same = [other for other in others if other.step == job.step]
    for other in same:
        if sha256 and other.sha256 == sha256:
            yield f"is the same file as {other.key}"
            return
    if job.step in ("image", "clip"):
        for other in same:
            if alike_pictures.twins(str(facts.get("look", "")), str(other.facts.get("look", ""))):
                yield f"looks like {other.key}"
                return


def sentences(jobs: Iterable[Job], gate: Gate | None = None) -> tuple[str, ...]:
    """Every warning about the finished files of an episode, for a review the ones that it looks at."""
    from videod.core.tables import STEPS

    found = []
    for job in jobs:
        listed = job.facts.get(WARNINGS)
        if job.state is JobState.DONE and isinstance(listed, list) and gate in (None, STEPS[job.step].review):
            name = job.key if STEPS[job.step].per != "episode" else STEPS[job.step].noun
            found += [f"{STEPS[job.step].name.replace('_', ' ')} {name} {one}" for one in listed]
    return tuple(found)


def note(task: Task, jobs: Iterable[Job], gate: Gate | None) -> str:
    """At a review: what is worth a look among what it shows."""
    found = sentences(jobs, gate) if gate is not None else ()
    if not found:
        return ""
    more = f"; and {len(found) - MOST} more (`videod show {task.id}`)" if len(found) > MOST else ""
    return f"worth a look: {'; '.join(found[:MOST])}{more}"
