"""Times that pass in a film, characters that meet in one picture, and several protagonists: rules and what follows."""

from typing import Any

import pytest

from tests.cli.factory import POLICY
from tests.core.plans import CLIPS, IMAGES, good_plan
from videod.core.craft import complaints
from videod.core.expand import jobs_of
from videod.core.model import Priority, Task
from videod.core.plan import parse
from videod.core.statuses import Status
from videod.core.step_parts import names, text

TASK = Task("t", "p", "c", "T", "", "", Priority.NORMAL, None, Status.QUEUED, 0, 0)
EVENING = "Clear cold evening with low golden light and no wind."


def found(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one.where, one.rule) for one in complaints(document, CLIPS, IMAGES)}


def later(document: dict[str, Any], number: int = 2) -> dict[str, Any]:
    """The good plan with a second time in its last clip."""
    document["later_atmospheres"] = [EVENING]
    for name in document["clips"][-1]["picture"]["images"]:
        image = next(one for one in document["images"] if one["id"] == name)
        image["time"] = number
        for clip in document["clips"][:-1]:  # an image of the evening is in no earlier clip
            assert name not in clip["picture"]["images"], "the good plan's last clip has images of its own"
    return document


def test_a_film_may_end_at_another_time_than_it_began() -> None:
    assert found(later(good_plan())) == set()


def test_each_image_is_ordered_with_the_atmosphere_of_its_time() -> None:
    document = later(good_plan())
    name = document["clips"][-1]["picture"]["images"][0]
    jobs = {job.key: job for job in jobs_of(TASK, parse(document), POLICY) if job.step == "image"}
    assert text(jobs[name], "prompt").startswith(EVENING)
    first = document["clips"][0]["picture"]["images"][0]
    assert text(jobs[first], "prompt").startswith(document["atmosphere"])


@pytest.mark.parametrize("number", [0, 3, -1, 99])
def test_a_time_that_the_film_has_not_is_refused(number: int) -> None:
    assert any(rule == "time" and where.startswith("images[") for where, rule in found(later(good_plan(), number)))


def test_time_does_not_go_back() -> None:
    document = later(good_plan())
    document["clips"][0]["picture"], document["clips"][-1]["picture"] = (
        document["clips"][-1]["picture"], document["clips"][0]["picture"],
    )  # fmt: skip
    assert ("clips[1].picture", "time") in found(document)


def test_a_time_that_no_clip_shows_is_refused_and_so_are_more_than_three() -> None:
    document = good_plan() | {"later_atmospheres": [EVENING]}
    assert ("later_atmospheres[0]", "time") in found(document)
    assert ("later_atmospheres", "atmosphere") in found(good_plan() | {"later_atmospheres": [EVENING] * 3})
    assert ("later_atmospheres[0]", "atmosphere") in found(good_plan() | {"later_atmospheres": ["Nice."]})


def meeting(document: dict[str, Any], *others: str) -> tuple[int, dict[str, Any]]:
    """A variant of the protagonist, shown with others."""
    at, image = next(
        (at, one) for at, one in enumerate(document["images"]) if one["kind"] == "character" and not one["core"]
    )
    image["with"] = list(others)
    return at, image


def other_than(document: dict[str, Any], subject: str) -> str:
    return next(str(one["subject"]) for one in document["images"] if one["core"] and one["subject"] != subject)


def test_two_characters_meet_in_one_picture_that_follows_both_cores() -> None:
    document = good_plan()
    _, image = meeting(document)
    other = other_than(document, image["subject"])
    image["with"] = [other]
    assert found(document) == set()
    jobs = {job.key: job for job in jobs_of(TASK, parse(document), POLICY) if job.step == "image"}
    job = jobs[image["id"]]
    cores = {one["subject"]: f"image/{one['id']}" for one in document["images"] if one["core"]}
    assert names(job, "references") == (cores[image["subject"]], cores[other])
    assert set(job.needs) == {"plan/plan", cores[image["subject"]], cores[other]}
    assert f"Reference 2 shows {other}." in text(job, "prompt")


@pytest.mark.parametrize("others", [["nobody"], ["a", "b", "c", "d"]])
def test_a_character_that_has_no_core_can_meet_nobody(others: list[str]) -> None:
    document = good_plan()
    at, image = meeting(document, *others)
    assert (f"images[{at}].with", "with") in found(document)
    image["with"] = [image["subject"]]
    assert (f"images[{at}].with", "with") in found(document)


def test_a_core_shows_its_own_character_only() -> None:
    document = good_plan()
    at, core = next((at, one) for at, one in enumerate(document["images"]) if one["core"])
    core["with"] = [other_than(document, core["subject"])]
    assert (f"images[{at}].with", "with") in found(document)


def test_a_mother_and_her_young_are_two_protagonists_that_are_counted_together() -> None:
    document = good_plan()
    poses = [one for one in document["images"] if one["role"] == "protagonist"]
    for number, image in enumerate(poses[-2:]):
        image.update(subject="the cub", species=poses[0]["species"], core=number == 0)
    assert not {rule for _, rule in found(document)} & {"poses", "cast", "core"}


def test_types_of_the_new_fields_are_checked() -> None:
    document = good_plan()
    document["images"][0]["time"] = "dusk"
    document["images"][1]["with"] = "wolf"
    document["later_atmospheres"] = "dusk"
    assert {("images[0].time", "shape"), ("images[1].with", "shape"), ("later_atmospheres", "shape")} <= found(document)
