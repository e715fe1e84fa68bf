from dataclasses import replace

import pytest

from tests.core.book import Book, small_plan
from tests.harness.world import policy
from videod.core.board import entry_view
from videod.core.events import CancelAsked, EntryRefused, GateApproved, JobCharged, JobStarted, Quota, RedoAsked
from videod.core.failures import Kind
from videod.core.ops import Alert, NoteRefusal, OpenAttempt, ShowAsset, ShowEntry, Suspend
from videod.core.statuses import ERRORS, Gate, JobState, Status
from videod.core.suspension import Cause, Suspension
from videod.core.workflow import decide


def book(**changes: object) -> Book:
    paper = Book(policy=policy(**changes))
    paper.queue()
    return paper


def at_gate(gate: Gate) -> Book:
    """A book whose task waits at `gate`, everything before approved by hand."""
    paper = book(auto_gates=frozenset(), story_review=gate is Gate.STORY)
    for one in Gate:
        if one is Gate.STORY is not gate:
            continue
        paper.run()
        if one == gate:
            return paper
        paper.apply(GateApproved(paper.now(), paper.one.id, one, "me"))
    raise AssertionError


def shown(paper: Book) -> dict[str, object]:
    return {name: value for op in paper.last.ops if isinstance(op, ShowEntry) for name, value in op.values.items()}


def test_a_queued_entry_opens_one_job_its_plan() -> None:
    paper = book()
    assert paper.one.status == Status.QUEUED
    assert paper.ready() == ["plan/plan"]
    assert shown(paper)["Status"] == "Queued"


def test_the_first_start_shows_generating_assets() -> None:
    paper = book()
    paper.start("plan/plan")
    assert paper.one.status == Status.GENERATING_ASSETS


def test_a_plan_opens_every_job_of_the_episode() -> None:
    paper = book()
    paper.do("plan/plan")
    steps = [job.step for job in paper.jobs.values()]
    assert {step: steps.count(step) for step in set(steps)}.items() >= {
        "plan": 1, "image": 3, "composite": 2, "clip": 2, "narration": 2, "sound_effect": 2, "cut": 2, "assemble": 1,
        "upload": 1, "cleanup": 1,
    }.items()  # fmt: skip
    assert sorted(paper.ready()) == ["image/bear_core", "image/place_1", "image/place_2"]


def test_two_clips_with_one_picture_are_refused_before_money_is_spent() -> None:
    plan = small_plan()
    twin = replace(plan, clips=(plan.clips[0], replace(plan.clips[1], picture=plan.clips[0].picture)))
    paper = book()
    paper.start("plan/plan")
    with pytest.raises(ValueError, match="same picture"):
        paper.succeed("plan/plan", twin)


def test_without_gates_the_episode_runs_to_published_and_passes_every_status() -> None:
    paper = book()
    paper.run()
    assert paper.one.status == Status.PUBLISHED
    assert paper.one.youtube_url == "https://youtu.be/v"
    assert entry_view(paper.one, tuple(paper.jobs.values()), 3)["Error Log"] == ""


@pytest.mark.parametrize("gate", list(Gate))
def test_each_gate_stops_what_is_behind_it_until_approved(gate: Gate) -> None:
    paper = at_gate(gate)
    assert not [name for name in paper.ready() if name != "cleanup/workspace"]
    paper.apply(GateApproved(paper.now(), paper.one.id, gate, "me"))
    assert paper.ready() or gate is Gate.AUDIO


def test_the_film_is_made_while_its_sounds_are_reviewed() -> None:
    paper = at_gate(Gate.AUDIO)
    assert paper.jobs["assemble/film"].state is JobState.DONE
    assert paper.one.status is Status.AUDIO_READY
    paper.apply(GateApproved(paper.now(), paper.one.id, Gate.AUDIO, "me"))
    assert paper.one.status is Status.ASSEMBLY_COMPLETE


def test_a_narration_that_is_corrected_makes_the_film_again() -> None:
    paper = at_gate(Gate.AUDIO)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.AUDIO, ("narration/clip_01",)))
    assert paper.jobs["assemble/film"].state is JobState.WAITING
    paper.run()
    assert paper.jobs["assemble/film"].state is JobState.DONE
    assert paper.one.status is Status.AUDIO_READY


def test_an_approval_that_comes_twice_changes_nothing() -> None:
    paper = at_gate(Gate.VIDEO)
    before = paper.task, dict(paper.jobs)
    decision = paper.apply(GateApproved(paper.now(), paper.one.id, Gate.ASSETS, "me"))
    assert not decision.accepted
    assert (paper.task, paper.jobs) == before


def test_an_approval_that_comes_too_early_is_answered_with_the_true_status_and_why() -> None:
    paper = book(auto_gates=frozenset())
    paper.apply(GateApproved(paper.now(), paper.one.id, Gate.AUDIO, "me"))
    assert shown(paper)["Status"] == "Queued"
    assert "nothing to approve" in str(shown(paper)["Error Log"])
    assert Gate.AUDIO not in paper.one.approved


def test_the_gate_shows_what_approving_will_cost() -> None:
    paper = at_gate(Gate.ASSETS)
    assert "Approving will cost about $0.84" in str(shown(paper)["Progress"])


def test_a_composite_becomes_ready_as_soon_as_its_own_images_are() -> None:
    paper = book()
    paper.do("plan/plan")
    for name in ("image/bear_core", "image/place_1"):
        paper.do(name)
    assert paper.jobs["composite/clip_01"].state == JobState.READY
    assert paper.jobs["composite/clip_02"].state == JobState.WAITING
    assert paper.one.status == Status.GENERATING_ASSETS


def test_the_pictures_that_clips_start_from_are_seen_in_the_review_of_the_assets() -> None:
    paper = at_gate(Gate.ASSETS)
    assert {job.state for job in paper.jobs.values() if job.step == "composite"} == {JobState.DONE}
    assert {job.state for job in paper.jobs.values() if job.step in ("clip", "thumbnail")} == {JobState.WAITING}


def test_a_composite_that_fails_stops_the_episode_before_its_assets_are_reviewed() -> None:
    paper = at_gate(Gate.ASSETS)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, ("composite/clip_02",)))
    paper.start("composite/clip_02")
    paper.fail("composite/clip_02", Kind.INPUT)
    assert paper.one.status == Status.ERROR_COMPOSITES
    paper.queue()
    paper.run()
    assert paper.one.status == Status.ASSETS_READY


def test_cutting_runs_while_the_audio_gate_is_open() -> None:
    paper = at_gate(Gate.AUDIO)
    assert all(job.state == JobState.DONE for job in paper.jobs.values() if job.step == "cut")
    assert paper.one.status == Status.AUDIO_READY


def test_redo_makes_the_flagged_clip_and_what_depends_on_it_again() -> None:
    paper = at_gate(Gate.VIDEO)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.VIDEO, ("clip/clip_02",)))
    assert paper.one.status == Status.GENERATING_VIDEO
    assert paper.jobs["clip/clip_02"].state == JobState.READY
    assert paper.jobs["clip/clip_02"].revision == 1
    assert paper.jobs["clip/clip_01"].revision == 0
    paper.run()
    assert paper.one.status == Status.VIDEO_READY


def test_redo_of_a_picture_reaches_every_later_job_that_uses_it() -> None:
    paper = at_gate(Gate.ASSETS)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, ("image/place_1",)))
    revised = {job.name for job in paper.jobs.values() if job.revision == 1}
    assert {"image/place_1", "composite/clip_01", "clip/clip_01", "cut/clip_01", "assemble/film"} <= revised
    assert "image/bear_core" not in revised
    assert "clip/clip_02" not in revised


def test_redo_with_nothing_flagged_is_answered_with_what_to_do() -> None:
    paper = at_gate(Gate.ASSETS)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, ()))
    assert paper.one.status == Status.ASSETS_READY
    assert "Tick Redo" in paper.one.error


def test_a_new_plan_keeps_what_it_leaves_unchanged() -> None:
    paper = at_gate(Gate.ASSETS)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.ASSETS, ("plan/plan",)))
    plan = small_plan()
    other = replace(plan.images[1], prompt="A waterfall in the evening.")
    paper.start("plan/plan")
    paper.succeed("plan/plan", replace(plan, images=(plan.images[0], other, plan.images[2])))
    assert paper.jobs["image/place_1"].state == JobState.READY
    assert paper.jobs["image/bear_core"].state == JobState.DONE
    assert paper.jobs["image/place_2"].state == JobState.DONE


@pytest.mark.parametrize("kind", [Kind.DOWN, Kind.NONSENSE, Kind.TIMEOUT, Kind.LOST, Kind.BUG])
def test_a_passing_failure_is_retried_until_the_waits_are_spent(kind: Kind) -> None:
    paper = book()
    for attempt in range(1, 4):
        paper.start("plan/plan")
        paper.fail("plan/plan", kind)
        job = paper.jobs["plan/plan"]
        assert (job.state, job.attempts) == (JobState.READY, attempt)
        assert job.due_at > paper.at
        assert f"Retry {attempt} of 3" in str(shown(paper)["Error Log"])
    paper.start("plan/plan")
    paper.fail("plan/plan", kind)
    assert paper.one.status == Status.ERROR_PLANNING
    assert any(isinstance(op, Alert) for op in paper.last.ops)


def test_busy_never_spends_an_attempt_however_often_it_comes() -> None:
    paper = book()
    for _ in range(50):
        paper.start("plan/plan")
        paper.fail("plan/plan", Kind.BUSY, wait_ms=7_000)
    job = paper.jobs["plan/plan"]
    assert (job.state, job.attempts, job.due_at) == (JobState.READY, 0, paper.at + 7_000)


def test_a_used_up_quota_parks_the_service_and_shows_quota_exceeded() -> None:
    paper = book()
    paper.start("plan/plan")
    paper.fail("plan/plan", Kind.QUOTA, wait_ms=3_600_000)
    assert paper.one.status == Status.QUOTA_EXCEEDED
    found = [op.suspension for op in paper.last.ops if isinstance(op, Suspend)]
    assert [(one.cause, one.service, one.until_ms) for one in found] == [(Cause.QUOTA, "gemini", paper.at + 3_600_000)]
    paper.start("plan/plan")
    assert paper.one.status == Status.GENERATING_ASSETS


@pytest.mark.parametrize(
    ("used", "starts", "warned"), [(0, True, False), (7, True, True), (9, True, False), (10, False, False)]
)
def test_a_start_beyond_the_days_quota_parks_the_service_until_the_next_day(
    used: int, starts: bool, warned: bool
) -> None:
    paper = book()
    event = JobStarted(paper.now(), paper.one.id, "plan/plan", "digest", Quota("2026-11-20", 10, 99_000_000))
    decision = decide(replace(paper.snapshot(event), quota_used=used), event)
    assert decision.accepted == starts
    assert any(isinstance(op, Alert) for op in decision.ops) == warned
    if starts:
        (opened,) = [op for op in decision.ops if isinstance(op, OpenAttempt)]
        assert opened.quota_day == "2026-11-20"
    else:
        spent = Suspension(Cause.LIMIT, "gemini", until_ms=99_000_000, amount=10)
        assert decision.ops == (Suspend(spent),)
        assert decision.note == "the daily quota of 10 (daily_quota in [services.gemini]) is used up"


def test_a_wrong_key_parks_the_service_and_alerts_once_for_all() -> None:
    paper = book()
    paper.start("plan/plan")
    paper.fail("plan/plan", Kind.CREDENTIALS)
    assert [op.key for op in paper.last.ops if isinstance(op, Alert)] == ["kie:credentials"]
    assert paper.jobs["plan/plan"].state == JobState.READY
    assert "refused the key" in str(shown(paper)["Progress"])


def test_a_refused_image_gets_one_reworded_try_then_stops() -> None:
    paper = book()
    paper.do("plan/plan")
    paper.start("image/bear_core")
    paper.fail("image/bear_core", Kind.REFUSED)
    assert paper.jobs["image/bear_core"].reworded
    paper.start("image/bear_core")
    paper.fail("image/bear_core", Kind.REFUSED)
    assert paper.one.status == Status.ERROR_ASSETS


@pytest.mark.fault("10.1")
def test_what_runs_of_an_episode_in_error_is_finished_and_nothing_more_is_bought() -> None:
    paper = book()
    paper.do("plan/plan")
    paper.start("image/bear_core")
    paper.start("image/place_1")
    paper.fail("image/bear_core", Kind.INPUT)
    assert paper.one.status == Status.ERROR_ASSETS
    paper.succeed("image/place_1")
    assert paper.one.status == Status.ERROR_ASSETS
    assert paper.jobs["image/place_1"].state == JobState.DONE
    assert paper.jobs["image/place_2"].state == JobState.WAITING
    paper.queue()
    assert sorted(paper.ready()) == ["image/bear_core", "image/place_2"]


@pytest.mark.fault("10.1")
def test_free_jobs_of_an_episode_in_error_go_on() -> None:
    paper = book()
    paper.do("plan/plan")
    for name in [name for name in paper.ready() if name.startswith("image/")]:
        paper.do(name)
    for name in ("composite/clip_01", "composite/clip_02"):
        paper.do(name)
    paper.start("clip/clip_01")
    paper.fail("clip/clip_01", Kind.INPUT)
    assert paper.ready() == ["thumbnail/one", "thumbnail/three"]
    paper.do("thumbnail/one")
    assert paper.jobs["clip/clip_02"].state == JobState.WAITING
    assert paper.one.status == Status.ERROR_VIDEO


def test_queued_again_continues_from_the_failed_job_only() -> None:
    paper = book()
    paper.do("plan/plan")
    paper.do("image/place_1")
    paper.start("image/bear_core")
    paper.fail("image/bear_core", Kind.INPUT)
    paper.queue()
    assert paper.one.status == Status.QUEUED
    assert paper.one.error == ""
    assert paper.jobs["image/place_1"].state == JobState.DONE
    paper.run()
    assert paper.one.status == Status.PUBLISHED


def test_queued_while_in_work_is_answered_with_the_true_status() -> None:
    paper = book()
    paper.start("plan/plan")
    paper.queue()
    assert shown(paper)["Status"] == "Generating Assets"
    assert "already in work" in str(shown(paper)["Error Log"])


def test_cancelled_starts_nothing_new_keeps_what_was_paid_and_can_go_on() -> None:
    paper = book()
    paper.do("plan/plan")
    paper.start("image/bear_core")
    paper.apply(CancelAsked(paper.now(), paper.one.id))
    assert paper.one.status == Status.CANCELLED
    assert not paper.start("image/place_1").accepted
    paper.succeed("image/bear_core")
    assert paper.jobs["image/bear_core"].state == JobState.DONE
    paper.queue()
    paper.run()
    assert paper.one.status == Status.PUBLISHED


def test_cancelled_at_a_gate_and_queued_again_comes_back_to_the_gate() -> None:
    paper = at_gate(Gate.VIDEO)
    paper.apply(CancelAsked(paper.now(), paper.one.id))
    paper.queue()
    assert paper.one.status == Status.VIDEO_READY


def test_a_purchase_in_doubt_is_repeated_under_the_ceiling_and_counted() -> None:
    paper = book(rebuy_ceiling_micros=50_000)
    paper.do("plan/plan")
    paper.start("image/bear_core")
    paper.fail("image/bear_core", Kind.IN_DOUBT)
    job = paper.jobs["image/bear_core"]
    assert (job.state, job.buy_again, paper.one.possibly_paid_twice) == (JobState.READY, True, 1)
    assert "Possibly paid twice: 1" in str(shown(paper)["Progress"])


def test_an_upload_in_doubt_is_looked_for_again_and_never_counted_as_paid_twice() -> None:
    paper = book()
    paper.run(until="upload/film")
    for _ in range(5):
        paper.start("upload/film")
        paper.fail("upload/film", Kind.IN_DOUBT)
    job = paper.jobs["upload/film"]
    assert (job.state, job.buy_again, paper.one.possibly_paid_twice) == (JobState.READY, False, 0)
    assert job.due_at == paper.at + 60_000


def test_above_the_ceiling_a_purchase_in_doubt_needs_a_person() -> None:
    paper = book(rebuy_ceiling_micros=10_000)
    paper.do("plan/plan")
    paper.start("image/bear_core")
    paper.fail("image/bear_core", Kind.IN_DOUBT)
    assert paper.jobs["image/bear_core"].state == JobState.IN_DOUBT
    assert paper.one.status == Status.ERROR_ASSETS
    paper.queue()
    assert paper.jobs["image/bear_core"].buy_again
    assert paper.one.possibly_paid_twice == 1


def test_an_outcome_of_an_attempt_that_is_over_is_ignored_but_its_charge_is_booked() -> None:
    paper = book()
    paper.start("plan/plan")
    paper.fail("plan/plan", Kind.INTERRUPTED)
    paper.start("plan/plan")
    paper.jobs["plan/plan"] = replace(paper.jobs["plan/plan"], attempt=99)
    late = JobCharged(paper.now(), paper.one.id, "plan/plan", 1, "gemini", "plan", 1, "piece", 20_000)
    assert paper.apply(late).accepted
    assert paper.one.cost_micros == 20_000


def test_the_same_charge_told_twice_is_booked_once() -> None:
    paper = book()
    paper.start("plan/plan")
    charge = JobCharged(paper.now(), paper.one.id, "plan/plan", 1, "kie", "clip", 84, "credit", 420_000, "remote-7")
    assert paper.apply(charge).accepted
    assert not paper.apply(charge).accepted
    assert paper.one.cost_micros == 420_000


def test_a_redo_while_the_cut_runs_lets_it_end_and_cuts_again() -> None:
    paper = book(auto_gates=frozenset({Gate.ASSETS, Gate.VIDEO}))
    paper.run(until="cut/clip_01")
    paper.start("cut/clip_01")
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.AUDIO, ("narration/clip_01",)))
    paper.do("narration/clip_01")
    paper.succeed("cut/clip_01")
    assert paper.jobs["cut/clip_01"].state == JobState.READY
    assert paper.jobs["cut/clip_01"].revision == 1


def test_every_reviewed_file_gets_its_asset_row() -> None:
    paper = book()
    paper.do("plan/plan")
    assert [op.kind for op in paper.last.ops if isinstance(op, ShowAsset)] == ["Plan"]
    paper.do("image/bear_core")
    assert [(op.job, op.path) for op in paper.last.ops if isinstance(op, ShowAsset)] == [
        ("image/bear_core", "image/bear_core.out")
    ]


def test_an_invalid_entry_goes_back_to_draft_and_says_why() -> None:
    paper = Book()
    decision = decide(paper.snapshot(), EntryRefused(5, "page", 'Channel "x" is unknown', "Bears", "x"))
    op, noted = decision.ops
    assert noted == NoteRefusal("page", 'Channel "x" is unknown', "Bears", "x")
    assert isinstance(op, ShowEntry)
    assert op.values == {"Status": "Draft", "Error Log": 'Channel "x" is unknown'}


def test_a_failed_cleanup_never_spoils_a_published_film() -> None:
    paper = book()
    paper.run()
    paper.at = paper.jobs["cleanup/workspace"].due_at + 1
    paper.start("cleanup/workspace")
    paper.fail("cleanup/workspace", Kind.INPUT)
    assert paper.one.status == Status.PUBLISHED
    assert paper.one.status not in ERRORS


def test_an_episode_that_is_cancelled_while_its_upload_ends_is_published_and_says_so() -> None:
    paper = at_gate(Gate.FINAL)
    paper.apply(GateApproved(paper.now(), paper.one.id, Gate.FINAL, "me"))
    paper.start("upload/film")
    paper.apply(CancelAsked(paper.now(), paper.one.id))
    assert paper.one.status is Status.CANCELLED
    decision = paper.succeed("upload/film")
    assert paper.one.status is Status.PUBLISHED and not paper.one.cancelled
    (alert,) = [op for op in decision.ops if isinstance(op, Alert)]
    assert "cancelled while its upload was ending" in alert.text and str(paper.one.youtube_url) in alert.text
