"""What a person sends back is regenerated with all that hangs on it, and nothing else; passed reviews open again."""

import random
from dataclasses import replace
from itertools import product

import pytest

from tests.core.paper import PLAN, Paper, at, copied
from tests.core.test_steps import context
from videod.core import outlook
from videod.core.derive import affected
from videod.core.events import CancelAsked, FileChosen, GateApproved, JobCorrected, JobFailed, RedoAsked
from videod.core.failures import Failure, Kind
from videod.core.ops import Decision
from videod.core.statuses import AT_GATE, Gate, JobState, Status
from videod.core.step_parts import price_micros
from videod.core.tables import REVIEWED, STEPS, step_of
from videod.core.wishes import Obstacle

_OTHER = "Quite another text."


def correct(paper: Paper, name: str, **changes: object) -> Decision:
    words = changes or dict.fromkeys(STEPS[name.split("/")[0]].words.values(), _OTHER)
    return paper.apply(JobCorrected(paper.now(), paper.one.id, name, words, "me"))


def done(paper: Paper) -> set[str]:
    return {job.name for job in paper.jobs.values() if job.state is JobState.DONE}


@pytest.mark.fault("2.5")
@pytest.mark.parametrize("gate", list(Gate))
def test_files_of_earlier_reviews_are_regenerated_with_all_that_hangs_on_them(gate: Gate) -> None:
    """40 choices of all that is finished, with one job at a time and with five while cuts are at work."""
    chance = random.Random(str(gate))
    ways = [(1, at(gate)), (5, at(gate, cuts_running=gate is Gate.AUDIO))]
    for number in range(40):
        at_once, before = ways[number % 2]
        offered = outlook.redoable(before.one, tuple(before.jobs.values()))
        chosen = tuple(chance.sample(offered, chance.randint(1, min(4, len(offered)))))
        paper = copied(before)
        assert paper.apply(RedoAsked(paper.now(), paper.one.id, gate, chosen)).accepted
        wanted = affected(tuple(before.jobs.values()), set(chosen) - {"plan/plan"}) | set(chosen)
        touched = {name.split("/")[0] for name in wanted}
        for passed in before.one.approved:
            assert (passed in paper.one.approved) is not bool(touched & set(REVIEWED[passed])), (chosen, passed)
        started = paper.follow(chance, at_once)
        assert done(before) & set(started) == done(before) & wanted, chosen
        assert len(started) == len(set(started)), f"{chosen}: started twice"


@pytest.mark.parametrize("gate", [Gate.VIDEO, Gate.AUDIO, Gate.FINAL])
def test_the_plan_is_no_longer_sent_back_once_its_review_is_passed(gate: Gate) -> None:
    paper = at(gate)
    assert "plan/plan" not in outlook.redoable(paper.one, tuple(paper.jobs.values()))
    assert paper.apply(RedoAsked(paper.now(), paper.one.id, gate, ("plan/plan",))).refused is Obstacle.NOTHING_CHOSEN


def test_a_redone_image_is_looked_at_before_its_clip_is_bought() -> None:
    paper = at(Gate.FINAL)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.FINAL, ("image/track",)))
    assert paper.one.status is Status.GENERATING_ASSETS and paper.ready() == ["image/track"]
    paper.begin("image/track")
    paper.succeed("image/track", PLAN)
    assert paper.one.status is Status.GENERATING_ASSETS and paper.ready() == ["composite/clip_04"]
    paper.begin("composite/clip_04")
    paper.succeed("composite/clip_04", PLAN)
    assert paper.one.status is Status.ASSETS_READY and not paper.ready()


def test_a_note_is_worked_into_the_order_and_changes_what_is_asked_for() -> None:
    paper = at(Gate.ASSETS)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, ("image/track",), "less fog"))
    job = paper.jobs["image/track"]
    prompt = " ".join(STEPS["image"].argv(job, context(paper.one)).argv)
    assert "less fog" in prompt and PLAN.images[-1].prompt in prompt
    paper.follow(random.Random(1), 1)
    assert "less fog" not in str(paper.jobs["clip/clip_04"].args), "a note is for the files that it was written for"


def test_a_note_for_a_narration_changes_no_word_of_it() -> None:
    paper = at(Gate.AUDIO)
    before = paper.jobs["narration/clip_01"].args
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.AUDIO, ("narration/clip_01",), "slower"))
    assert paper.jobs["narration/clip_01"].args == before


def test_a_new_plan_keeps_what_was_made_with_a_note_for_the_same_order() -> None:
    paper = at(Gate.ASSETS)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, ("image/track",), "less fog"))
    for name in ("image/track", "composite/clip_04"):
        paper.begin(name)
        paper.succeed(name, PLAN)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, ("plan/plan",)))
    paper.begin("plan/plan")
    paper.succeed("plan/plan", PLAN)
    assert paper.jobs["image/track"].state is JobState.DONE


@pytest.mark.fault("2.5")
@pytest.mark.parametrize(
    ("gate", "name"),
    list(
        product(Gate, ("image/bear_core", "clip/clip_02", "narration/clip_02", "sound_effect/clip_02", "upload/film"))
    ),
)
def test_corrected_words_cost_only_what_was_made_from_the_old_ones(gate: Gate, name: str) -> None:
    before = at(gate)
    paper = copied(before)
    assert correct(paper, name).accepted
    wanted = affected(tuple(before.jobs.values()), {name})
    started = paper.follow(random.Random(1), 2)
    assert done(before) & set(started) == (done(before) & wanted)
    assert started.count(name) == 1 or name not in done(before)
    assert _OTHER in paper.jobs[name].args.values()


def test_a_longer_narration_has_its_own_price() -> None:
    paper = at(Gate.AUDIO)
    correct(paper, "narration/clip_01", text="word " * 200)
    job = paper.jobs["narration/clip_01"]
    assert job.price_micros == price_micros(step_of(job), {"text": "word " * 200}, paper.policy)
    assert job.price_micros > paper.jobs["narration/clip_02"].price_micros


def test_a_refused_text_that_is_corrected_resumes_the_episode() -> None:
    paper = at(Gate.VIDEO)
    paper.apply(approval(paper, Gate.VIDEO))
    paper.begin("narration/clip_01")
    refused = Failure(Kind.INPUT, "the text was refused", service="elevenlabs")
    job = paper.jobs["narration/clip_01"]
    paper.apply(JobFailed(paper.now(), paper.one.id, job.name, job.attempt, refused, 0.5))
    assert paper.one.status is Status.ERROR_AUDIO
    assert correct(paper, job.name).accepted
    assert paper.one.status is not Status.ERROR_AUDIO
    assert (paper.jobs[job.name].state, paper.jobs[job.name].revision) == (JobState.READY, job.revision + 1)


def approval(paper: Paper, gate: Gate) -> GateApproved:
    return GateApproved(paper.now(), paper.one.id, gate, "me")


@pytest.mark.parametrize(
    ("state", "obstacle"),
    [(JobState.RUNNING, Obstacle.BEING_MADE), (JobState.IN_DOUBT, Obstacle.UNCONFIRMED),
     (JobState.SKIPPED, Obstacle.NO_WORDS)],
)  # fmt: skip
def test_what_cannot_be_corrected_now_says_why_and_stays(state: JobState, obstacle: Obstacle) -> None:
    paper = at(Gate.AUDIO)
    job = paper.jobs["narration/clip_01"]
    paper.jobs[job.name] = replace(job, state=state)
    decision = correct(paper, job.name)
    assert (decision.accepted, decision.refused, decision.ops) == (False, obstacle, ())


def test_words_that_a_job_has_not_are_no_words() -> None:
    paper = at(Gate.AUDIO)
    decision = correct(paper, "narration/clip_01", picture="composite/clip_02")
    assert not decision.accepted and "picture" not in paper.jobs["narration/clip_01"].args


def test_the_same_words_change_nothing() -> None:
    paper = at(Gate.AUDIO)
    decision = correct(paper, "narration/clip_01", text=paper.jobs["narration/clip_01"].args["text"])
    assert decision.refused is Obstacle.SAME_WORDS


def test_once_the_upload_has_begun_nothing_is_corrected() -> None:
    paper = at(Gate.FINAL)
    paper.apply(approval(paper, Gate.FINAL))
    paper.begin("upload/film")
    assert correct(paper, "narration/clip_01").refused is Obstacle.UPLOADING
    paper.succeed("upload/film", PLAN)
    assert correct(paper, "upload/film").refused is Obstacle.PUBLISHED


def test_a_cancelled_episode_takes_words_for_what_is_not_made_and_starts_nothing() -> None:
    paper = at(Gate.ASSETS)
    paper.apply(CancelAsked(paper.now(), paper.one.id))
    assert correct(paper, "narration/clip_01").accepted
    assert paper.one.status is Status.CANCELLED and not paper.ready()
    assert correct(paper, "image/bear_core").refused is Obstacle.NO_REVIEW


def test_every_open_review_can_be_left_for_any_earlier_one() -> None:
    for status, gate in AT_GATE.items():
        paper = at(gate)
        assert paper.one.status is status
        first = (Gate.STORY, "plan/plan") if gate is Gate.STORY else (Gate.ASSETS, "image/bear_core")
        paper.apply(RedoAsked(paper.now(), paper.one.id, first[0], (first[1],)))
        assert paper.one.status is Status.GENERATING_ASSETS


def put(paper: Paper, name: str, *, own: bool = True, sha256: str = "other") -> Decision:
    return paper.apply(
        FileChosen(paper.now(), paper.one.id, name, f"own/{name.replace('/', '_')}", 9, sha256, {}, own, "me")
    )


@pytest.mark.fault("2.5")
@pytest.mark.parametrize(
    ("gate", "name"),
    list(product(Gate, ("image/bear_core", "clip/clip_02", "narration/clip_02", "sound_effect/clip_02",
                        "assemble/film"))),
)  # fmt: skip
def test_a_file_of_ones_own_is_used_and_only_what_was_made_from_the_old_one_is_made_again(
    gate: Gate, name: str
) -> None:
    before = at(gate)
    paper = copied(before)
    assert put(paper, name).accepted
    assert paper.one.cost_micros == before.one.cost_micros
    started = paper.follow(random.Random(1), 2)
    made_from = affected(tuple(before.jobs.values()), {name}) - {name}
    film = {"assemble/film"} if name == "assemble/film" else set()
    assert done(before) & set(started) == done(before) & made_from
    assert name not in started and paper.jobs[name].output == f"own/{name.replace('/', '_')}"
    assert not film & set(started)


def test_ones_own_clip_stays_when_its_picture_is_made_again_and_goes_when_it_is_sent_back_itself() -> None:
    paper = at(Gate.VIDEO)
    put(paper, "clip/clip_01")
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.VIDEO, ("composite/clip_01",)))
    assert paper.jobs["clip/clip_01"].state is JobState.DONE
    assert "clip/clip_01" not in paper.follow(random.Random(1), 1)
    paper = at(Gate.VIDEO)
    put(paper, "clip/clip_01")
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.VIDEO, ("clip/clip_01",)))
    assert paper.follow(random.Random(1), 1).count("clip/clip_01") == 1
    assert "own" not in paper.jobs["clip/clip_01"].args


def test_an_older_take_is_chosen_again_for_nothing() -> None:
    paper = at(Gate.VIDEO)
    old = paper.jobs["clip/clip_01"]
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.VIDEO, (old.name,)))
    paper.begin(old.name)
    paper.succeed(old.name, PLAN)
    cost = paper.one.cost_micros
    chosen = FileChosen(
        paper.now(), paper.one.id, old.name, str(old.output), 9, str(old.sha256) + "0", old.facts, False, "me"
    )
    assert paper.apply(chosen).accepted and paper.one.cost_micros == cost
    assert paper.apply(chosen).refused is Obstacle.SAME_FILE
    assert paper.one.status is Status.VIDEO_READY
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.VIDEO, (old.name,)))
    assert paper.jobs[old.name].revision == 2, "no take overwrites another one's file"


def test_a_file_for_what_failed_resumes_the_episode() -> None:
    paper = at(Gate.ASSETS)
    paper.apply(approval(paper, Gate.ASSETS))
    while "clip/clip_01" not in paper.ready():
        name = paper.ready()[0]
        paper.begin(name)
        paper.succeed(name, PLAN)
    paper.begin("clip/clip_01")
    job = paper.jobs["clip/clip_01"]
    refused = Failure(Kind.INPUT, "the picture was refused", service="kie")
    paper.apply(JobFailed(paper.now(), paper.one.id, job.name, job.attempt, refused, 0.5))
    assert paper.one.status is Status.ERROR_VIDEO
    assert put(paper, job.name).accepted and paper.one.status is not Status.ERROR_VIDEO
    assert "clip/clip_01" not in paper.follow(random.Random(1), 1)
