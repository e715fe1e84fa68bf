"""Is a plan good? Every rule of the documentary craft that a program can check.

`complaints` is what the planning model is given back: each says where, which rule and what to change. Rules about
single clips are in `craft_clips`, about images in `craft_images`; here are those about the whole and YouTube's limits.
"""

from collections.abc import Iterator, Mapping, Sequence

from videod.core import craft_clips, craft_images, craft_times, craft_wording
from videod.core.craft_clips import ANYHOW, Telling
from videod.core.editor import remarks as editor
from videod.core.metadata import DESCRIPTION_BYTES_MAX, TAG_CHARACTERS_MAX, tag_characters
from videod.core.plan import Complaint, Plan, integrity, read

__all__ = ["ANYHOW", "Complaint", "Telling", "complaints", "page", "tag_characters"]

#: YouTube Data API v3, snippet: characters of the title, bytes of the description, characters of all tags
TITLE_CHARACTERS_MAX = 100
#: our own bounds, far above what a prompt needs
TEXT_CHARACTERS_MAX = 2000


def complaints(
    plan: Plan | Mapping[str, object], clips: int, images: int, telling: Telling = ANYHOW
) -> tuple[Complaint, ...]:  # fmt: skip
    """Everything wrong with a plan for an episode of so many clips and at most so many images; empty when it is good.

    Without `telling` narrations may be in any language and for any voice.
    Takes a Plan or the parsed JSON. A plan whose fields have wrong types gets only those complaints, since nothing
    else can be judged then.
    """
    if not isinstance(plan, Plan):
        found, faults = read(plan)
        if found is None:
            return faults
        plan = found
    rules = (_characters, _about, _arc, craft_times.complaints)
    return (
        *_counts(plan, clips, images),
        *integrity(plan),
        *(complaint for rule in rules for complaint in rule(plan)),
        *craft_images.complaints(plan, clips, images),
        *craft_clips.complaints(plan, telling),
        *(Complaint(one.where, one.rule, one.message) for one in editor.remarks(plan, telling.language) if one.refused),
    )


def _counts(plan: Plan, clips: int, images: int) -> Iterator[Complaint]:
    """As many clips as are asked for; as many images as they need, but no more than that."""
    has = len(plan.clips)
    if has != clips:
        change = f"add {clips - has}" if has < clips else f"remove {has - clips}"
        yield Complaint("clips", "clip count", f"there are {has} clips, there must be {clips}: {change}")
    if (drawn := len(plan.images)) > images:
        message = f"there are {drawn} images, there may be {images}: use some of them twice, or leave some out"
        yield Complaint("images", "image count", message)


def _texts(plan: Plan) -> Iterator[tuple[str, str]]:
    yield from (("title", plan.title), ("logline", plan.logline), ("description", plan.description))
    yield from (("atmosphere", plan.atmosphere), *((f"arc.{name}", text) for name, text in vars(plan.arc).items()))
    yield from ((f"later_atmospheres[{at}]", text) for at, text in enumerate(plan.later_atmospheres))
    yield from ((f"tags[{at}]", tag) for at, tag in enumerate(plan.tags))
    yield from ((f"research[{at}]", fact) for at, fact in enumerate(plan.research))
    for at, image in enumerate(plan.images):
        fields = (("subject", image.subject), ("species", image.species or ""), ("prompt", image.prompt))
        yield from ((f"images[{at}].{name}", text) for name, text in fields)
    for at, clip in enumerate(plan.clips):
        for name in ("beat", "motion", "negative", "narration", "sound"):
            yield f"clips[{at}].{name}", getattr(clip, name)


def _characters(plan: Plan) -> Iterator[Complaint]:
    for where, text in _texts(plan):
        if odd := craft_wording.odd_characters(text):
            yield Complaint(where, "characters", f"holds the character {odd}. Write plain text")
        # the clips' texts and the description have limits of their own
        if len(text) > TEXT_CHARACTERS_MAX and not where.startswith(("clips", "description")):
            message = f"has {len(text)} characters. The limit is {TEXT_CHARACTERS_MAX}"
            yield Complaint(where, "length", message)


def page(title: str, description: str, tags: Sequence[str]) -> Iterator[Complaint]:
    """What YouTube would refuse of a video's page."""
    if not title.strip() or len(title) > TITLE_CHARACTERS_MAX:
        message = f"has {len(title)} characters. Write 1 to {TITLE_CHARACTERS_MAX} (YouTube's limit)"
        yield Complaint("title", "youtube", message)
    if len(description.encode(errors="replace")) > DESCRIPTION_BYTES_MAX or not description.strip():
        yield Complaint("description", "youtube", f"must be 1 to {DESCRIPTION_BYTES_MAX} bytes of UTF-8 long")
    for name, text in (("title", title), ("description", description)):
        if any(letter in text for letter in "<>"):
            yield Complaint(name, "youtube", "holds < or >, which YouTube refuses. Leave them out")
    for at, tag in enumerate(tags):
        if not tag.strip() or any(letter in tag for letter in ",<>"):
            yield Complaint(f"tags[{at}]", "youtube", "is empty or holds a comma, < or >. One tag per item")
    if tag_characters(tags) > TAG_CHARACTERS_MAX:
        message = f"use {tag_characters(tags)} characters. YouTube takes {TAG_CHARACTERS_MAX}: leave some out"
        yield Complaint("tags", "youtube", message)


def _about(plan: Plan) -> Iterator[Complaint]:
    yield from page(plan.title, plan.description, plan.tags)
    if craft_wording.PLACEHOLDER.fullmatch(plan.logline):
        yield Complaint("logline", "filled", "is empty. Say the film in one sentence")
    if not any(not craft_wording.PLACEHOLDER.fullmatch(fact) for fact in plan.research):
        yield Complaint("research", "filled", "is empty. List the facts of the topic that the story stands on")


def _arc(plan: Plan) -> Iterator[Complaint]:
    seen: dict[str, str] = {}
    for name, text in vars(plan.arc).items():
        if craft_wording.PLACEHOLDER.fullmatch(text):
            yield Complaint(f"arc.{name}", "arc", f"is empty. Write the story's {name}")
            continue
        same = seen.setdefault(text.strip().casefold(), name)
        if same != name:
            yield Complaint(f"arc.{name}", "arc", f"says the same as arc.{same}. The {name} is a step of its own")
