"""The craft rules about what holds a film's images together: the times that pass in it, and characters that meet."""

from collections.abc import Iterator

from videod.core.craft_wording import LIGHT, TIME_OF_DAY, WEATHER
from videod.core.plan import Complaint, Plan, PlannedImage

#: of one film; and characters whose cores one image follows besides its own
ATMOSPHERES_MAX, OTHERS_MAX = 3, 3


def complaints(plan: Plan) -> Iterator[Complaint]:
    yield from _atmospheres(plan)
    yield from _order(plan)
    yield from _meetings(plan)


def _atmospheres(plan: Plan) -> Iterator[Complaint]:
    wanted = (
        ("weather", WEATHER, "cold drizzle, low fog"),
        ("light", LIGHT, "soft overcast light"),
        ("time of day", TIME_OF_DAY, "early morning"),
    )
    for at, atmosphere in enumerate(plan.atmospheres):
        where = f"later_atmospheres[{at - 1}]" if at else "atmosphere"
        for what, pattern, example in wanted:
            if not pattern.search(atmosphere):
                yield Complaint(where, "atmosphere", f"does not name the {what}. Add it, such as {example!r}")
    if len(plan.atmospheres) > ATMOSPHERES_MAX:
        message = f"are {len(plan.later_atmospheres)}. A film has at most {ATMOSPHERES_MAX} atmospheres in all"
        yield Complaint("later_atmospheres", "atmosphere", message)


def _order(plan: Plan) -> Iterator[Complaint]:
    """Time continues: no clip is earlier than the one before it, and each atmosphere is seen."""
    times, last = len(plan.atmospheres), 1
    by_id = {image.id: image for image in plan.images}
    for at, image in enumerate(plan.images):
        if not 1 <= image.time <= times:
            yield Complaint(f"images[{at}].time", "time", f"must be 1 to {times}: the number of an atmosphere")
    seen = set()
    for at, clip in enumerate(plan.clips):
        found = {by_id[name].time for name in clip.picture.images if name in by_id}
        seen |= found
        if len(found) > 1:
            message = "joins images of several times. Both are of one atmosphere"
            yield Complaint(f"clips[{at}].picture", "time", message)
        elif found and min(found) < last:
            message = f"goes back to time {min(found)} after time {last}. Order the clips, or give the image its time"
            yield Complaint(f"clips[{at}].picture", "time", message)
        last = max(last, *found) if found else last
    for number in range(2, min(times, ATMOSPHERES_MAX) + 1):
        if number not in seen:
            message = "is in no clip. Give its images this time or leave it out"
            yield Complaint(f"later_atmospheres[{number - 2}]", "time", message)


def _meetings(plan: Plan) -> Iterator[Complaint]:
    cores = {image.subject for image in plan.images if image.kind == "character" and image.core}
    for at, image in enumerate(plan.images):
        for message in _meeting(image, cores):
            yield Complaint(f"images[{at}].with", "with", message)


def _meeting(image: PlannedImage, cores: set[str]) -> Iterator[str]:
    if not image.others:
        return
    if image.kind != "character" or image.core:
        yield "must be empty: only an image of a character that is not its core shows others with it"
    if len(image.others) > OTHERS_MAX:
        yield f"names {len(image.others)} characters. The limit is {OTHERS_MAX}"
    for name in dict.fromkeys(image.others):
        if name == image.subject:
            yield f"names {name!r} itself. Leave it out"
        elif name not in cores:
            yield f"names {name[:40]!r}, which has no core image. Name a character that has one"
