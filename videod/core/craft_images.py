"""The craft rules about images: static states, cores and their variants, poses per role, nothing unused."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

from videod.core.craft_wording import FEATURES, GROUPS, NEW_FEATURE, PLACEHOLDER, SEQUENCE
from videod.core.plan import Complaint, Plan, PlannedImage
from videod.core.speech import words

#: clips of a full-size episode; smaller ones need fewer poses in proportion
FULL_SIZE = 18
#: role -> poses of one subject in a full-size episode, its core image included
POSES: Mapping[str, tuple[int, int]] = {"protagonist": (4, 6), "antagonist": (3, 5), "background": (1, 2)}
#: for each further character of the same role
MORE_POSES = 2
#: even the smallest episode may show one subject so often
SMALL_HIGH = 3
#: an episode this small may do without a prop
IMAGES_WITHOUT_PROP = 5
VARIANT_WORDS_MAX = 90

Numbered = list[tuple[int, PlannedImage]]


def complaints(plan: Plan, clips: int, images: int) -> Iterator[Complaint]:
    characters: dict[str, Numbered] = defaultdict(list)
    for at, image in enumerate(plan.images):
        yield from _one(at, image)
        if image.kind == "character":
            characters[image.subject].append((at, image))
    for subject, poses in characters.items():
        yield from _subject(subject, poses)
        yield from _variants(poses)
    for role in POSES:
        yield from _poses(role, {name: one for name, one in characters.items() if one[0][1].role == role}, clips)
    yield from _cast(plan, characters, images)
    yield from _repeated(plan)
    yield from _use(plan)


def poses_allowed(role: str, clips: int) -> tuple[int, int]:
    """The least and most poses of a subject of this role in an episode of so many clips."""
    low, high = POSES[role]
    share = clips / FULL_SIZE
    if share >= 1:
        return low, max(high, math.ceil(high * share))
    return max(1, math.floor(low * share)), max(min(SMALL_HIGH, high), math.ceil(high * share))


def _one(at: int, image: PlannedImage) -> Iterator[Complaint]:
    if PLACEHOLDER.fullmatch(image.subject):
        yield Complaint(f"images[{at}].subject", "filled", "is empty. Name the character, place or prop")
    if PLACEHOLDER.fullmatch(image.prompt):
        yield Complaint(f"images[{at}].prompt", "filled", "is empty. Describe one photograph")
    if found := SEQUENCE.search(image.prompt):
        message = f"{found[0]!r} tells a sequence. Describe one static state at one instant, one small movement at most"
        yield Complaint(f"images[{at}].prompt", "static state", message)
    if image.kind != "character" and image.core:
        yield Complaint(
            f"images[{at}].core", "core", f"must be false: only a character has a core image, no {image.kind}"
        )
    if image.kind != "character":
        return
    if image.role is None:
        message = "is missing. A character is the protagonist, an antagonist or background"
        yield Complaint(f"images[{at}].role", "role", message)
    if image.species is None or PLACEHOLDER.fullmatch(image.species):
        message = "is missing. Name the species of the character, such as 'Ursus arctos horribilis (grizzly bear)'"
        yield Complaint(f"images[{at}].species", "species", message)
    elif image.species.strip().casefold() in GROUPS:
        message = f"{image.species!r} is a group of animals. Name the species, such as 'grey wolf (Canis lupus)'"
        yield Complaint(f"images[{at}].species", "species", message)


def _subject(subject: str, poses: Numbered) -> Iterator[Complaint]:
    """One core per character; all its images agree on what it is."""
    cores = [at for at, image in poses if image.core]
    if not cores:
        message = f"{subject!r} has no core image. Make this one its core (core: true) and describe the character fully"
        yield Complaint(f"images[{poses[0][0]}].core", "core", message)
    for at in cores[1:]:
        message = f"{subject!r} already has its core in images[{cores[0]}]. Write core: false"
        yield Complaint(f"images[{at}].core", "core", message)
    first = poses[0][1]
    for at, image in poses[1:]:
        for name in ("species", "role"):
            if getattr(image, name) != getattr(first, name):
                message = (
                    f"differs from images[{poses[0][0]}], which is {subject!r} too. Write {getattr(first, name)!r}"
                )
                yield Complaint(f"images[{at}].{name}", name, message)


def _poses(role: str, characters: Mapping[str, Numbered], clips: int) -> Iterator[Complaint]:
    """How often those of a role are shown: a mother and her young, or two that fight, together as one is, and a little
    more; each of the background for itself."""
    low, high = poses_allowed(role, clips)
    if role == "background" or len(characters) == 1:
        for subject, poses in characters.items():
            if not low <= len(poses) <= high:
                message = f"the {role} {subject!r} has {len(poses)} images. Give it {low} to {high}"
                yield Complaint(f"images[{poses[0][0]}]", "poses", message)
    elif characters:
        count, high = sum(map(len, characters.values())), high + MORE_POSES * (len(characters) - 1)
        if not low <= count <= high:
            names = ", ".join(map(repr, characters))
            message = f"the {role}s {names} have {count} images together. Give them {low} to {high}"
            yield Complaint(f"images[{next(iter(characters.values()))[0][0]}]", "poses", message)


def _variants(poses: Numbered) -> Iterator[Complaint]:
    core = next((image for _, image in poses if image.core), None)
    if core is None:
        return
    known = {found.casefold() for found in FEATURES.findall(core.prompt)}
    for at, image in poses:
        if image.core:
            continue
        where = f"images[{at}].prompt"
        news = [found for found in FEATURES.findall(image.prompt) if found.casefold() not in known]
        marked = NEW_FEATURE.search(image.prompt)
        if news or marked:
            what = news[0] if news else marked[0] if marked else ""
            message = f"{what!r} is no feature of the core image {core.id!r}. A variant describes pose and place only"
            yield Complaint(where, "new feature", message)
        if words(image.prompt) > VARIANT_WORDS_MAX:
            message = f"has {words(image.prompt)} words. Describe pose and place in at most {VARIANT_WORDS_MAX}"
            yield Complaint(where, "new feature", message)


def _cast(plan: Plan, characters: Mapping[str, Numbered], images: int) -> Iterator[Complaint]:
    kinds = {image.kind for image in plan.images}
    if not any(image.role == "protagonist" for poses in characters.values() for _, image in poses):
        yield Complaint("images", "cast", "there is no protagonist. Give the main character's images this role")
    if "environment" not in kinds:
        yield Complaint("images", "cast", "there is no environment. Add at least one place")
    if "prop" not in kinds and images >= IMAGES_WITHOUT_PROP:
        yield Complaint(
            "images", "cast", "there is no prop. Add at least one macro detail, such as a track or a feather"
        )
    spellings: dict[str, str] = {}
    for subject, poses in characters.items():
        other = spellings.setdefault(" ".join(subject.casefold().split()), subject)
        if other != subject:
            message = f"{subject!r} and {other!r} look like one character. Write its name in the same way everywhere"
            yield Complaint(f"images[{poses[0][0]}].subject", "core", message)


def _repeated(plan: Plan) -> Iterator[Complaint]:
    seen: dict[tuple[str, str], int] = {}
    for at, image in enumerate(plan.images):
        same = seen.setdefault((image.subject, " ".join(image.prompt.casefold().split())), at)
        if same != at:
            message = f"is the prompt of images[{same}] again. Describe another pose or use that image"
            yield Complaint(f"images[{at}].prompt", "repeated", message)


def _use(plan: Plan) -> Iterator[Complaint]:
    """Every image is in a clip, or is the core that a variant is drawn from; one cut out is used in no other way."""
    used = {name for clip in plan.clips for name in clip.picture.images}
    drawn_from = {image.subject for image in plan.images if image.kind == "character" and not image.core}
    drawn_from |= {name for image in plan.images for name in image.others}
    cut_out = {clip.picture.images[0] for clip in plan.clips if clip.picture.type == "cutout" and clip.picture.images}
    for at, image in enumerate(plan.images):
        if image.id not in used and not (image.core and image.kind == "character" and image.subject in drawn_from):
            yield Complaint(f"images[{at}]", "unused", f"no clip uses {image.id!r}. Use it in a clip or leave it out")
    for at, clip in enumerate(plan.clips):
        whole = [name for name in clip.picture.images if name in cut_out] if clip.picture.type != "cutout" else []
        for name in whole:
            message = f"{name!r} is cut out elsewhere, so it stands before a plain background. Use another image here"
            yield Complaint(f"clips[{at}].picture", "cutout", message)
