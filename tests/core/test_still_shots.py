"""Shots in which only the camera moves, effects that are shared, and what a film then costs."""

import copy
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tests.core.paper import PLAN, Paper, at
from tests.core.plans import good_plan
from tests.core.test_steps import context, policy
from videod.core import craft, film_cost, plan_schema
from videod.core.events import JobCorrected, RedoAsked
from videod.core.expand import jobs_of
from videod.core.expect import expectation
from videod.core.model import Job, Priority, Task
from videod.core.plan import Plan, PlanError, parse
from videod.core.speech import Pace
from videod.core.stage_rules import Size, complaints
from videod.core.stages import Stage, schema
from videod.core.statuses import Gate, JobState, Status
from videod.core.step import digest
from videod.core.step_parts import effect_keys
from videod.core.story import Shot, Story
from videod.core.tables import step_of
from videod.sandbox.render import stages as made
from videod.sandbox.render.planner import make_written

TASK = Task("t", "p", "wild", "T", "", "", Priority.NORMAL, None, Status.QUEUED, 0, 0)
PROMPT = "Title: The river\nTopic: brown bears\nStory direction: an old bear\nClips: 18\nImages: 22\n"
STILLS = "\n## Still shots\n\n{} of the clips are still shots (`still` true): nothing moves.\n"


def still(plan: Plan, *numbers: int) -> Plan:
    return replace(plan, clips=tuple(
        replace(clip, still=True, motion="Slow pan left.") if clip.number in numbers else clip for clip in plan.clips
    ))  # fmt: skip


def jobs(plan: Plan, **changes: object) -> dict[str, Job]:
    return {job.name: job for job in jobs_of(TASK, plan, replace(policy(), **changes))}  # type: ignore[arg-type]


def test_a_still_shot_is_a_clip_of_the_machines_own_for_nothing() -> None:
    found = jobs(still(PLAN, 2))
    paid, free = found["clip/clip_01"], found["clip/clip_02"]
    assert (paid.service, free.service, free.price_micros) == ("kie", "ffmpeg", 0)
    assert paid.price_micros > 0 and not step_of(free).paid and step_of(paid).paid
    assert set(found) == set(jobs(PLAN)), "every other file is made as usual, under the same names"
    assert step_of(free).output(free, TASK) == "videos/clip_02.mp4"
    assert step_of(free).secrets == () and not step_of(free).fetchable
    assert not step_of(free).known_before(step_of(free).argv(free, context(TASK)))


def test_a_still_shot_is_as_long_as_a_clip_and_filmed_as_its_plan_says() -> None:
    free = jobs(still(PLAN, 2), clip_seconds=5)["clip/clip_02"]
    command = step_of(free).argv(free, context(TASK))
    picture = str(free.args["picture"]).replace("/", "_")
    assert command.argv == (
        "--image", f"/w/made/{picture}", "--motion", "Slow pan left.", "--duration", "10",
        "--output", "/w/videos/clip_02.mp4",
    )  # fmt: skip
    bounds = expectation(free)
    assert bounds.min_s <= 10 <= bounds.max_s and bounds.about_s == 10
    paid = replace(free, service="kie", args={**free.args})
    one, other = (
        digest(step_of(job), step_of(job).argv(job, context(TASK)), PurePosixPath("/w"), {}) for job in (free, paid)
    )
    assert one != other


def test_a_note_and_other_words_change_the_camera_and_cost_nothing() -> None:
    paper = at(Gate.AUDIO)
    before = paper.one.cost_micros
    paper.jobs["clip/clip_02"] = replace(
        paper.jobs["clip/clip_02"], service="ffmpeg", price_micros=0, args=jobs(still(PLAN, 2))["clip/clip_02"].args
    )
    paper.apply(JobCorrected(paper.now(), paper.one.id, "clip/clip_02", {"prompt": "Slow pull out."}, "me"))
    job = paper.jobs["clip/clip_02"]
    assert (job.args["prompt"], job.price_micros, job.revision) == ("Slow pull out.", 0, 1)
    paper.begin("clip/clip_02")
    paper.succeed("clip/clip_02", PLAN)
    assert paper.one.cost_micros == before
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.VIDEO, ("clip/clip_02",), "to the left"))
    told = step_of(job).argv(paper.jobs["clip/clip_02"], context(paper.one)).argv
    assert "to the left" in told[told.index("--motion") + 1]


def replanned(first: Plan, second: Plan) -> Paper:
    paper = at(Gate.ASSETS)
    for plan in (first, second):
        paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, ("plan/plan",)))
        paper.begin("plan/plan")
        paper.succeed("plan/plan", plan)
        while ready := paper.ready():
            paper.begin(ready[0])
            paper.succeed(ready[0], plan)
    return paper


@pytest.mark.parametrize("ways", [((), (2,)), ((2,), ())])
def test_a_new_plan_may_make_a_still_shot_of_a_clip_and_a_clip_of_a_still_shot(
    ways: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    first, second = (still(PLAN, *numbers) for numbers in ways)
    job = replanned(first, second).jobs["clip/clip_02"]
    assert (job.service, job.price_micros == 0) == (("ffmpeg", True) if ways[1] else ("kie", False))
    assert job.state is JobState.WAITING


@pytest.mark.parametrize("value", ["yes", 1, None, []])
def test_still_is_true_or_false_in_a_plan(value: object) -> None:
    document = good_plan()
    document["clips"][0]["still"] = value
    with pytest.raises(PlanError, match=r"clips\[0\].still: must be true or false"):
        parse(document)


@pytest.mark.parametrize(
    ("motion", "right"),
    [
        ("Slow push in.", True), ("Static frame.", True), ("The bear lifts its head. Slow push in.", False),
        ("The bear lifts its head.", False), ("", False),
    ],
)  # fmt: skip
def test_of_a_still_shot_only_the_camera_moves(motion: str, right: bool) -> None:
    document = good_plan()
    document["clips"][0] |= {"still": True, "motion": motion}
    found = [one for one in craft.complaints(document, 18, 22) if one.where == "clips[0].motion"]
    assert (not found) is right and all(one.rule == "still shot" for one in found)


@pytest.mark.parametrize(("told", "count"), [("6", 6), ("4 to 6", 6), ("At most 3", 3)])
def test_the_planner_has_as_many_still_shots_as_the_prompt_says_and_the_rules_count_them(told: str, count: int) -> None:
    plan = make_written(PROMPT + STILLS.format(told))
    answers = {stage: copy.deepcopy(getattr(made, stage.value)(plan)) for stage in Stage}
    assert sum(clip.get("still") is True for clip in answers[Stage.PICTURES]["clips"]) == count

    def rules(stills: tuple[int, int]) -> list[str]:
        size = Size(18, 22, craft.Telling(pace=Pace()), stills=stills)
        return [one.message for one in complaints(Stage.PICTURES, answers, size)]

    assert rules((count, count)) == rules((0, 18)) == []
    assert rules((count + 1, 18)) == [
        f"{count} are still, {count + 1} to 18 must be: let only the camera move in more of them"
    ]
    assert rules((0, 0)) == [f"{count} are still, 0 must be: let something move in more of them"]


def test_a_model_hears_of_still_shots_only_where_there_may_be_any() -> None:
    assert "still" not in str(schema(Stage.PICTURES, 18, 22)) and "still" not in str(plan_schema.schema())
    assert "still" in str(schema(Stage.PICTURES, 18, 22, stills=True))


# ------------------------------------------------------------------------------------------- effects by place


def placed(*places: str) -> Plan:
    """A plan whose clips are in these places."""
    clips = tuple(replace(PLAN.clips[0], number=number) for number in range(1, len(places) + 1))
    shots = tuple(Shot("wide", (), place, "", ()) for place in places)
    return replace(PLAN, clips=clips, story=Story((), (), shots, 1))


@pytest.mark.parametrize(
    ("places", "most", "keys"),
    [
        ("river den river", None, (1, 2, 3)), ("river den River", 9, (1, 2, 3)),
        ("river den RIVER den", 2, (1, 2, 1, 2)),
        ("river river den hill hill", 2, (1, 1, 1, 4, 4)), ("den river river", 1, (1, 1, 1)),
        ("a b c d e f", 2, (1, 1, 3, 3, 3, 3)),
    ],
)  # fmt: skip
def test_clips_of_one_place_share_an_effect_and_there_are_no_more_than_allowed(
    places: str, most: int | None, keys: tuple[int, ...]
) -> None:
    assert effect_keys(placed(*places.split()), most) == [f"clip_{number:02d}" for number in keys]


def test_a_shared_effect_is_bought_once_and_is_in_every_cut_of_its_place() -> None:
    shared = jobs(PLAN, effects=1)
    assert [name for name in shared if name.startswith("sound_effect/")] == ["sound_effect/clip_01"]
    for name, job in shared.items():
        if name.startswith("cut/"):
            assert job.args["sfx"] == "sound_effect/clip_01" and "sound_effect/clip_01" in job.needs
    film = shared["assemble/film"]
    outputs = {name: f"made/{name.replace('/', '_')}" for name in shared}
    manifest = step_of(film).argv(film, context(TASK, outputs=outputs)).files["plan/manifest.json"]
    assert manifest.count("sound_effect_clip_01") == len(PLAN.clips)
    assert jobs(PLAN, effects=99)["assemble/film"].args == jobs(PLAN)["assemble/film"].args


# ------------------------------------------------------------------------------------------- the price


def test_no_more_shots_are_still_than_the_target_asks_for() -> None:
    dear = replace(policy(), clips=18, images=22, stills=10)
    assert film_cost.stills(dear) == (0, 10)
    whole = film_cost.total(dear)
    clip = next(line.each for line in film_cost.lines(dear) if line.step == "clip")
    for target, least in ((whole, 0), (whole - 1, 1), (whole - clip, 1), (whole - 3 * clip, 3), (1, 10)):
        aimed = replace(dear, target_micros=target)
        assert film_cost.stills(aimed) == (least, 10)
        assert film_cost.total(aimed) == whole - least * clip
