"""What a creator makes of a planned line is kept for the channel's next plans, and can be forgotten."""

from tests.core.paper import at
from tests.core.test_steps import context
from videod.core.events import JobCorrected, LessonForgotten
from videod.core.lessons import TEXT_MAX
from videod.core.ops import ForgetLesson, KeepLesson, Snapshot
from videod.core.statuses import Gate
from videod.core.steps.plan import CHANNEL_FILE, STEP
from videod.core.workflow import decide


def learned(name: str, **changes: object) -> list[KeepLesson]:
    paper = at(Gate.AUDIO)
    decision = paper.apply(JobCorrected(paper.now(), paper.one.id, name, changes, "me"))
    assert decision.accepted
    return [op for op in decision.ops if isinstance(op, KeepLesson)]


def test_a_rewritten_line_is_a_lesson_and_other_words_are_none() -> None:
    (lesson,) = learned("narration/clip_01", text="She waits.\x1b\nThe river does not.")
    assert (lesson.channel_id, lesson.job) == ("wild", "narration/clip_01")
    assert lesson.was == "The bear waits beside the cold river for hour 1."
    assert lesson.now == "She waits. The river does not."
    assert learned("image/bear_core", prompt="An old bear.") == []


def test_a_long_line_is_cut() -> None:
    (lesson,) = learned("narration/clip_01", text="word " * 500)
    assert len(lesson.now) <= TEXT_MAX


def test_a_lesson_is_forgotten_by_its_number() -> None:
    snapshot = Snapshot(None, (), None)
    assert decide(snapshot, LessonForgotten(1, "wild", 7)).ops == (ForgetLesson("wild", 7),)


def test_the_next_plan_gets_them() -> None:
    paper = at(Gate.ASSETS)
    plan = paper.jobs["plan/plan"]
    bare = STEP.argv(plan, context(paper.one)).files[CHANNEL_FILE]
    told = STEP.argv(plan, context(paper.one, lessons=(("It was.", "It is."),))).files[CHANNEL_FILE]
    assert "lessons" not in bare and '"lessons": [{"was": "It was.", "now": "It is."}]' in told
