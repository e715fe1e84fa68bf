"""The review of the story: offered where a channel wants it, seen nowhere else, and another story is one field away."""

import random
from dataclasses import replace

import pytest

from tests.core.paper import PLAN, Paper, at
from tests.core.test_steps import context
from tests.harness.world import policy
from videod.core import fields, outlook
from videod.core.board import entry_view, pending_cost_micros
from videod.core.events import EntryEdited, EntryQueued, GateApproved, GatesJudged, JobCorrected, JobFailed, RedoAsked
from videod.core.failures import Failure, Kind
from videod.core.model import Priority
from videod.core.ops import Decision
from videod.core.plan import Plan
from videod.core.statuses import AT_GATE, OF_STORY, Gate, JobState, Status
from videod.core.step_parts import STORY
from videod.core.steps.plan import STEP
from videod.core.story import Story
from videod.core.wishes import Obstacle
from videod.flow import edits
from videod.flow.row_edits import Marks


def told(number: int) -> Plan:
    return replace(PLAN, story=Story((), (), (), 1, number))


def review(chosen: int = 2) -> Paper:
    """An episode at the review of its story."""
    paper = Paper(policy=policy(auto_gates=frozenset(), story_review=True, clips=4, images=5))
    paper.queue()
    paper.begin("plan/plan")
    paper.succeed("plan/plan", told(chosen))
    assert paper.one.status is Status.STORY_READY
    return paper


def choose(paper: Paper, number: int) -> Decision:
    """As the board's field does it."""
    now = fields.of(paper.one) | {"story": str(number)}
    return paper.apply(EntryEdited(paper.now(), paper.one.id, **now))


def shown(paper: Paper) -> dict[str, object]:
    return entry_view(paper.one, tuple(paper.jobs.values()), 3)


def test_nothing_is_drawn_before_the_story_is_approved_and_its_review_says_what_that_costs() -> None:
    paper = review()
    assert not paper.ready()
    images = [job for job in paper.jobs.values() if job.step == "image"]
    told = pending_cost_micros(tuple(paper.jobs.values()), Gate.STORY)
    assert told == sum(job.price_micros for job in images) > 0
    assert f"Approving will cost about ${told / 1e6:.2f}" in str(shown(paper)["Progress"])
    assert shown(paper)["Story"] == "2" and shown(paper)["Status"] == "Story Ready"
    paper.apply(GateApproved(paper.now(), paper.one.id, Gate.STORY, "me"))
    assert paper.one.status is Status.STORY_APPROVED
    assert paper.ready() and set(paper.ready()) <= {job.name for job in images}


@pytest.mark.parametrize("way", ["board", "command"])
def test_another_story_is_written_from_the_beats_on_and_costs_what_was_foreseen(way: str) -> None:
    paper = review()
    whole = paper.jobs["plan/plan"].price_micros
    if way == "board":
        assert choose(paper, 4).accepted
    else:
        assert paper.apply(JobCorrected(paper.now(), paper.one.id, "plan/plan", {STORY: 4}, "me")).accepted
    plan = paper.jobs["plan/plan"]
    assert paper.one.status is Status.GENERATING_ASSETS and paper.ready() == ["plan/plan"]
    assert (plan.revision, plan.price_micros) == (1, whole * 3 // 4), "facts and stories are not paid again"
    assert paper.one.story == "4"
    argv = STEP.argv(plan, context(paper.one)).argv
    assert argv[argv.index("--story") + 1] == "4"
    paper.begin("plan/plan")
    paper.succeed("plan/plan", told(4))
    assert paper.one.status is Status.STORY_READY and shown(paper)["Story"] == "4"
    started = paper.follow(random.Random(1), 2)
    assert len(started) == len(set(started)) and "plan/plan" not in started


def test_a_channel_without_the_review_sees_26_statuses_and_no_story() -> None:
    paper = Paper(policy=policy(auto_gates=frozenset(), clips=4, images=5))
    seen: set[Status] = set()
    paper.queue()
    for _ in range(1000):
        seen.add(paper.one.status)
        if paper.one.status is Status.PUBLISHED:
            break
        if ready := [name for name in paper.ready() if not name.startswith("cleanup/")]:
            paper.begin(ready[0])
            seen.add(paper.one.status)
            paper.succeed(ready[0], told(2))
        else:
            paper.apply(GateApproved(paper.now(), paper.one.id, AT_GATE[paper.one.status], "me"))
        assert "Story" not in shown(paper)
    assert Status.PUBLISHED in seen and Status.ASSETS_READY in seen and not seen & OF_STORY


def test_a_story_may_still_be_chosen_when_its_images_are_drawn_and_later_no_more() -> None:
    paper = at(Gate.ASSETS)
    assert paper.apply(JobCorrected(paper.now(), paper.one.id, "plan/plan", {STORY: 3}, "me")).accepted
    assert paper.ready() == ["plan/plan"]
    late = at(Gate.VIDEO)
    refused = late.apply(JobCorrected(late.now(), late.one.id, "plan/plan", {STORY: 3}, "me"))
    assert refused.refused is Obstacle.PLANNED


def test_what_cannot_be_chosen_is_put_back_with_a_reason() -> None:
    early = Paper(policy=policy(auto_gates=frozenset(), story_review=True, clips=4, images=5))
    early.queue()
    assert choose(early, 3).accepted and early.one.story == ""
    assert "no stories to choose from yet" in early.one.error
    paper = review()
    empty = EntryEdited(paper.now(), paper.one.id, **(fields.of(paper.one) | {"story": ""}))
    assert paper.apply(empty).accepted
    assert paper.one.story == "2" and "Story was not changed" in paper.one.error
    same = paper.apply(JobCorrected(paper.now(), paper.one.id, "plan/plan", {STORY: 2}, "me"))
    assert same.refused is Obstacle.SAME_WORDS


def test_a_copy_of_an_entry_brings_no_story_along() -> None:
    paper = Paper(policy=policy(story_review=True))
    paper.apply(EntryQueued(1, "page", "wild", "T", "bears", "crossing", Priority.NORMAL, None, story="3"))
    assert paper.one.story == "" and STORY not in paper.jobs["plan/plan"].args


def test_a_redo_of_the_plan_wants_other_stories() -> None:
    paper = review()
    choose(paper, 4)
    paper.begin("plan/plan")
    paper.succeed("plan/plan", told(4))
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.STORY, ("plan/plan",), "in winter"))
    plan = paper.jobs["plan/plan"]
    assert STORY not in plan.args and plan.price_micros == paper.policy.prices_micros["plan"]


def test_a_story_that_comes_to_nothing_leaves_the_choice_of_another_one() -> None:
    paper = review()
    choose(paper, 4)
    paper.begin("plan/plan")
    failure = Failure(Kind.INPUT, "the beats still break 2 rules", service="gemini")
    paper.apply(JobFailed(paper.now(), paper.one.id, "plan/plan", paper.jobs["plan/plan"].attempt, failure, 0.5))
    assert paper.one.status is Status.ERROR_PLANNING
    assert outlook.correction(paper.one, tuple(paper.jobs.values()), "plan/plan") is None
    choose(paper, 1)
    assert paper.ready() == ["plan/plan"] and paper.jobs["plan/plan"].args[STORY] == 1


def test_a_review_that_the_channel_gives_up_is_passed() -> None:
    paper = review()
    paper.policy = replace(paper.policy, story_review=False)
    assert paper.apply(GatesJudged(paper.now(), paper.one.id)).accepted
    assert paper.one.status is Status.GENERATING_ASSETS and paper.ready()


def test_a_story_that_was_read_is_no_film_that_was_seen() -> None:
    everything = frozenset(Gate) - {Gate.STORY}
    paper = Paper(policy=policy(auto_gates=everything, story_review=True, unreviewed=False, clips=4, images=5))
    paper.queue()
    while paper.one.status is not Status.ASSEMBLY_COMPLETE:
        if paper.one.status is Status.STORY_READY:
            paper.apply(GateApproved(paper.now(), paper.one.id, Gate.STORY, "me"))
        name = next(name for name in paper.ready() if not name.startswith("cleanup/"))
        paper.begin(name)
        paper.succeed(name, told(1))
    assert not [name for name in paper.ready() if name == "upload/film"]


def test_an_empty_story_on_the_board_is_no_wish() -> None:
    paper = review()
    shown = {column: value or "" for column, value in fields.shown(paper.one).items()}
    for seen in ({}, {"Story": "2"}, {"Story": ""}):
        assert edits.changed_fields(shown | {"Story": ""}, seen, paper.one) == ()
    assert edits.changed_fields(shown | {"Story": "4"}, {"Story": "2"}, paper.one) == ("Story",)


def test_generating_assets_set_at_the_review_sends_the_plan_back() -> None:
    paper = review()
    wish = edits.wish(paper.one, "Generating Assets", Marks({"row": "plan/plan"}), 5)
    assert isinstance(wish, RedoAsked) and wish.gate is Gate.STORY
    assert paper.apply(wish).accepted and paper.jobs["plan/plan"].state is JobState.READY
