"""Shots over which nobody speaks: where they may be, and what is made, bought, cut and told of them."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.lib.plan_channel import Habits, begun, read
from tests.core.paper import PLAN
from tests.core.plans import good_plan
from tests.core.test_steps import context, policy
from tests.core.test_still_shots import TASK, jobs, replanned
from videod.cli import plan_judge
from videod.core import content, craft, held_against, own_story, plan_schema, sourced
from videod.core.content import Content, Sound
from videod.core.craft_clips import FIRST_SPOKEN, LAST_SPOKEN
from videod.core.editor.remarks import remarks
from videod.core.entry_page import OF_CLIP
from videod.core.expand import first_job
from videod.core.expect import expectation
from videod.core.fitting import needs
from videod.core.model import Job
from videod.core.plan import Plan, parse
from videod.core.speech import Pace
from videod.core.stage_rules import Size, complaints
from videod.core.stages import Stage
from videod.core.statuses import JobState
from videod.core.steps.plan import CHANNEL_FILE
from videod.core.story import Fact, Shot, Source, Story
from videod.core.tables import step_of
from videod.sandbox.render import stages as made
from videod.sandbox.render.planner import make_written

CLIPS, IMAGES = 18, 22
PROMPT = "Title: The river\nTopic: brown bears\nStory direction: an old bear\nClips: 18\nImages: 22\n"


def wordless(plan: Plan, *numbers: int) -> Plan:
    return replace(plan, clips=tuple(
        replace(clip, narration="") if clip.number in numbers else clip for clip in plan.clips
    ))  # fmt: skip


def document(*numbers: int, said: str = "") -> dict[str, Any]:
    found = good_plan()
    for number in numbers:
        found["clips"][number - 1]["narration"] = said
    return found


def told(most: int, *numbers: int, said: str = "") -> list[tuple[str, str]]:
    found = craft.complaints(document(*numbers, said=said), CLIPS, IMAGES, craft.Telling(wordless=most))
    return [(one.where, one.message) for one in found]


# ------------------------------------------------------------------------------------------- the rules


@pytest.mark.parametrize(("most", "numbers"), [(1, (2,)), (1, (17,)), (3, (5, 9, 13)), (2, (7, 8)), (16, range(2, 18))])
@pytest.mark.parametrize("said", ["", " \n"])
def test_a_plan_may_have_as_many_shots_without_words_as_its_channel_allows(
    most: int, numbers: tuple[int, ...], said: str
) -> None:
    assert told(most, *numbers, said=said) == []


@pytest.mark.parametrize("most", [0, 1])
def test_nobody_is_silent_where_the_channel_does_not_allow_it_nor_oftener(most: int) -> None:
    found = told(most, 4, 9)
    assert [where for where, _ in found] == ["clips[3].narration", "clips[8].narration"][most:]
    assert all("wordless_shots" in message and "Write what is said" in message for _, message in found)
    assert ("At most 1 may be" in found[0][1]) is (most == 1)


@pytest.mark.parametrize(("number", "why"), [(1, FIRST_SPOKEN), (18, LAST_SPOKEN)])
def test_the_first_shot_and_the_last_are_never_silent_and_the_message_says_why(number: int, why: str) -> None:
    ((where, message),) = told(9, number)
    assert where == f"clips[{number - 1}].narration" and why in message


@pytest.mark.parametrize("said", ["...", "n/a", "TBD", "-"])
def test_what_stands_for_a_missing_text_is_no_shot_without_words(said: str) -> None:
    assert [where for where, _ in told(9, 4, said=said)]


def test_a_text_and_its_edit_are_judged_alike_and_the_average_counts_what_is_said() -> None:
    plan = make_written(PROMPT)
    answers = {stage: copy.deepcopy(getattr(made, stage.value)(plan)) for stage in Stage}
    for stage in (Stage.TEXT, Stage.EDIT):
        for at in (4, 9):
            answers[stage]["lines"][at] |= {"text": "", "facts": []}

    def rules(stage: Stage, most: int) -> list[tuple[str, str]]:
        size = Size(18, 22, craft.Telling(pace=Pace(), wordless=most))
        return [(one.where, one.rule) for one in complaints(stage, answers, size)]

    for stage in (Stage.TEXT, Stage.EDIT, Stage.PICTURES):
        assert rules(stage, 2) == []
    assert rules(Stage.TEXT, 1) == [("lines[9].text", "wordless")]
    assert rules(Stage.EDIT, 0) == [("lines[4].text", "filled"), ("lines[9].text", "filled")]
    assert rules(Stage.PICTURES, 1) == [("clips[9].narration", "wordless")]


def test_the_checker_of_the_planner_knows_what_the_channel_allows() -> None:
    asked = {"ask": "check", "clips": CLIPS, "images": IMAGES, "language": "en", "plan": document(4)}
    assert plan_judge._answer(asked | {"wordless": 1}) == {"complaints": []}
    assert plan_judge._answer(asked)["complaints"]
    for odd in (-1, "1", True, 1.5, None):
        with pytest.raises(ValueError, match="wordless"):
            plan_judge._answer(asked | {"wordless": odd})


def test_a_model_hears_of_shots_without_words_only_where_there_may_be_any() -> None:
    assert "without words" not in str(plan_schema.schema())
    assert "without words" in str(plan_schema.schema(wordless=True))
    for stage in ("text", "edit"):
        assert Habits().told(stage) == []
        (part,) = Habits(wordless=2).told(stage)
        assert "at most 2 of the lines may be empty" in part
    assert Habits(wordless=2).told("pictures") == []
    assert Habits(wordless=2).size()["wordless"] == Habits(wordless=2).ordered()["wordless"] == 2
    assert "wordless" not in Habits().size() and "wordless" not in Habits().ordered()


def test_the_planner_is_given_what_the_channel_allows(tmp_path: Path) -> None:
    plan = first_job(TASK, policy())
    files = [step_of(plan).argv(plan, context(TASK, wordless=most)).files[CHANNEL_FILE] for most in (0, 2)]
    assert "wordless" not in files[0]
    (tmp_path / "channel.json").write_text(files[1])
    habits = read(tmp_path / "channel.json")
    assert habits.wordless == begun(tmp_path / "plan.json", habits, going_on=True).wordless == 2


def test_a_plan_of_ones_own_may_be_silent_where_the_channel_allows_it() -> None:
    text = json.dumps(document(4, 9))
    taken = own_story.brought({own_story.PLAN: text}, craft.Telling(wordless=2))
    assert taken.problem == "" and "2 without words" in taken.said
    refused = own_story.brought({own_story.PLAN: text}, craft.Telling())
    assert "Clip 4, narration (filled): is empty" in refused.problem and not refused.args


def test_an_editor_and_the_sources_do_not_count_a_shot_without_words_as_a_line() -> None:
    plan = parse(document(4, 5, 6, 7, 8))
    assert not [one for one in remarks(plan) if one.clip in (5, 6, 7, 8) and one.where.endswith("narration")]
    shots = tuple(Shot("wide", (), "", "", ("f1",)) for _ in plan.clips)
    story = Story((Source("s1", "S", "", ""),), (Fact("f1", "Bears fish.", "s1"),), shots, 1)
    kept = sourced.noted(replace(plan, story=story))["sourced"]
    assert isinstance(kept, dict) and (kept["lines"], kept["sourced"]) == (13, 13)


@pytest.mark.parametrize("most", [1, 2, 4])
def test_the_stand_in_for_the_planner_leaves_as_many_lines_empty_as_the_prompt_allows(most: int) -> None:
    prompt = f"{PROMPT}\n{Habits(wordless=most).told('text')[0]}\n"
    plan, spoken = make_written(prompt), make_written(PROMPT)
    answers = {stage: getattr(made, stage.value)(plan) for stage in (Stage.TEXT, Stage.EDIT)}
    answers |= {stage: getattr(made, stage.value)(spoken) for stage in (Stage.FACTS, Stage.STORIES, Stage.BEATS)}
    answers[Stage.PICTURES] = made.pictures(spoken)
    assert sum(not line["text"] for line in answers[Stage.TEXT]["lines"]) == most
    size = Size(18, 22, craft.Telling(pace=Pace(), wordless=most))
    for stage in (Stage.TEXT, Stage.EDIT, Stage.PICTURES):
        assert complaints(stage, answers, size) == ()


# ------------------------------------------------------------------------------------------- the work


def test_a_shot_without_words_has_no_narration_and_costs_none() -> None:
    found, usual = jobs(wordless(PLAN, 2)), jobs(PLAN)
    assert set(usual) - set(found) == {"narration/clip_02"}
    saved = sum(job.price_micros for job in usual.values()) - sum(job.price_micros for job in found.values())
    assert saved == usual["narration/clip_02"].price_micros > 0
    assert not [
        job.name for job in found.values() if "narration/clip_02" in (*needs(job), *map(str, job.args.values()))
    ]
    assert {name: job.args for name, job in found.items() if not name.startswith("cut/clip_02")} == {
        name: usual[name].args for name in found if not name.startswith("cut/clip_02")
    }
    assert "narration" in OF_CLIP


def _argv(job: Job, found: dict[str, Job]) -> Any:
    outputs = {name: f"made/{name.replace('/', '_')}" for name in found}
    ordered = {name: one.args for name, one in found.items()}
    facts = {name: {"duration_s": 4.5} for name in found}
    return step_of(job).argv(job, context(TASK, outputs=outputs, ordered=ordered, facts=facts, burn_captions=True))


def test_its_cut_is_made_of_clip_and_effect_and_stands_as_long_as_its_plan_says() -> None:
    plan = wordless(PLAN, 2)
    plan = replace(plan, clips=tuple(replace(clip, hold=2.0) if clip.number == 2 else clip for clip in plan.clips))
    found = jobs(plan)
    cut = found["cut/clip_02"]
    argv = _argv(cut, found).argv
    assert "--audio" not in argv and argv[argv.index("--hold") + 1] == "2.0" and "--sfx" in argv
    assert "--audio" in _argv(found["cut/clip_01"], found).argv
    assert step_of(cut).besides is not None
    clip = replace(found["clip/clip_02"], state=JobState.DONE, facts={"duration_s": 10.0})
    bounds = expectation(cut, (clip,))
    assert bounds.about_s == 6.0 and bounds.min_s < 5.5 and 6.5 < bounds.max_s < 8 and bounds.heard
    short = replace(clip, facts={"duration_s": 5.0})
    assert expectation(cut, (short,)).about_s == 5.0


def test_captions_and_film_know_that_nobody_speaks() -> None:
    found = jobs(wordless(PLAN, 2))
    captions = found["captions/film"]
    assert "narration/clip_02" not in captions.needs and "cut/clip_02" in captions.needs
    (listed,) = _argv(captions, found).files.values()
    first, silent, *_ = json.loads(listed)["cuts"]
    assert first["text"] and silent == {"cut": "../made/cut_clip_02", "seconds": 4.5}
    clips = json.loads(_argv(found["assemble/film"], found).files["plan/manifest.json"])["clips"]
    assert ["audio" in clip for clip in clips] == [True, False, True, True]
    drawn = step_of(found["cut/clip_02"]).besides
    assert drawn is not None
    assert drawn(found["cut/clip_02"], context(TASK, ordered={}, burn_captions=True)) == ()


def test_its_clip_waits_for_no_narration_and_is_bought_as_long_as_it_stands() -> None:
    plan = wordless(PLAN, 2, 3)
    plan = replace(plan, clips=tuple(replace(clip, hold=4.0) if clip.number == 3 else clip for clip in plan.clips))
    found = jobs(plan, narration_first=True, clip_micros={5: 210_000, 10: 420_000})
    short, long, spoken = (found[f"clip/clip_0{number}"] for number in (2, 3, 1))
    assert needs(short) == short.needs and needs(spoken) == (*spoken.needs, "narration/clip_01")
    assert (short.args["seconds"], short.price_micros) == (5, 210_000)
    assert (long.args["seconds"], long.price_micros) == (10, 420_000)
    assert jobs(plan)["clip/clip_02"].args["seconds"] == policy().clip_seconds


@pytest.mark.parametrize("ways", [((), (2,)), ((2,), ())])
def test_a_new_plan_may_silence_a_shot_and_give_it_words_again(ways: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    first, second = (wordless(PLAN, *numbers) for numbers in ways)
    found = replanned(first, second).jobs
    narration = found.get("narration/clip_02")
    silent = bool(ways[1])
    assert (narration is None or narration.state is JobState.SKIPPED) is silent
    assert ("audio" in found["cut/clip_02"].args) is not silent
    assert ("narration/clip_02" in found["captions/film"].needs) is not silent


def test_a_cut_with_its_effect_alone_raises_no_alarm() -> None:
    rain = Sound(tuple(-24 + 3 * ((at * 7) % 11) / 10 for at in range(90)), (-24.0, -24.0), 0.0, -24.0, -9.0)
    assert content.oddities(Content(4.5, sound=rain), "cut") == ()
    found = jobs(wordless(PLAN, 2))
    done = [replace(job, state=JobState.DONE, sha256=name) for name, job in found.items()]
    assert held_against.warned(found["cut/clip_02"], {"duration_s": 4.5}, done, "x") == {"duration_s": 4.5}
