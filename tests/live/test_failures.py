"""What a creator reads when something goes wrong, and that the episode continues once it is fixed.

One sandbox for all; every test writes its own entry. The channel wild_planet runs automatically to the end, deep_ocean
stops at the reviews of the assets and of the clips.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.harness.patience import run, until
from tests.live.creator import Creator, review
from tests.live.stage import ORDERS, Stage, stage
from videod.core.statuses import LABELS, Status

pytestmark = [pytest.mark.live, pytest.mark.long]

CLIPS, IMAGES = 2, 4
#: so many that a service which is down stays so until a test has seen it and ends it, also on a busy machine
RETRIES = 20


@pytest.fixture(scope="module")
def ffmpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that videod is asked to use: it runs the real one, until a test writes something else over it."""
    path = tmp_path_factory.mktemp("tools") / "ffmpeg"
    install(path, f'exec {shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()} "$@"')
    return path


def install(path: Path, line: str) -> None:
    """A shell program of one line, put in place at once: a script that is being run cannot be written over."""
    new = path.with_suffix(".new")
    new.write_text(f"#!/bin/sh\n{line}\n")
    new.chmod(0o755)
    new.replace(path)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Path) -> Iterator[Stage]:
    env = {
        "VIDEOD_PATHS_FFMPEG": str(ffmpeg),
        "VIDEOD_RETRY_WAITS_MIN": str([0.05] * RETRIES),
        "VIDEOD_RETRY_JITTER": "0",
        "VIDEOD_SERVICES_GEMINI_CONCURRENCY": "1",  # one image after the other: a fault hits the one it is meant for
    }
    channel: dict[str, object] = {"clips": CLIPS, "images": IMAGES, "clip_seconds": 5, "max_concurrent": 20}
    with stage(tmp_path_factory.mktemp("failures"), channel=channel, env=env) as made:
        review(made, "deep_ocean", "assets", "video", "audio", "final")
        yield made


@pytest.fixture
def running(studio: Stage) -> Stage:
    """The stage with its daemon at work and nothing wrong anywhere."""
    studio.admin("/reset", "POST")
    if studio.daemon is None or studio.daemon.poll() is not None:
        studio.start()
    return studio


def whole(text: str, *parts: str) -> None:
    """Every part stands in the text, and nothing in it that only a programmer would understand."""
    for part in parts:
        assert part in text, (part, text)
    for word in ("Traceback", "None", "errno", "exit code", "SERVICE"):
        assert word not in text, (word, text)


# ------------------------------------------------------------------------------------------------ keys, entries


@pytest.mark.long
def test_a_wrong_key_is_named_once_everywhere_and_a_start_with_the_right_one_continues(
    studio: Stage, creator: Creator
) -> None:
    if studio.daemon is not None:
        studio.stop()
    plans, alerts = creator.bought("text"), len(creator.alerts())
    studio.start(GEMINI_API_KEY="wrong-key-0123456789")
    page = creator.write("Wrong Key", "wild_planet", "A bear crosses a river.")
    told = creator.wait_for_alert("Gemini refused GEMINI_API_KEY")
    whole(told, "Put a valid key into it and restart videod", "New entries wait")
    card = creator.wait(page, Status.QUEUED, Progress="GEMINI_API_KEY")
    whole(card["Progress"], "waiting: Gemini refused GEMINI_API_KEY", "Put a valid key into it and restart videod")
    failed = [line for line in creator.log("runner_job_failed") if line["kind"] == "credentials"]
    assert (len(failed), len(creator.alerts()) - alerts) == (0, 1)
    assert "wrong-key-0123456789" not in studio.log.read_text() + card["Progress"] + creator.alerts()[-1]
    assert studio.stop() == 0
    assert creator.bought("text") == plans
    studio.start()
    until(lambda: "refused" not in creator.card(page)["Progress"], studio.log_tail)
    card = creator.wait(page, fixed=True)
    assert (card["Next Retry"], creator.task(page)["suspended"]) == ("", None)
    assert not studio.rows("SELECT 1 FROM suspensions")
    assert len(creator.alerts()) == alerts + 1


def test_an_entry_that_cannot_run_goes_back_to_draft_with_the_field_and_runs_once_it_is_fixed(
    running: Stage, creator: Creator
) -> None:
    page = creator.draft({"Title": "Half an Entry", "Channel": "narnia"})
    creator.edit(page, Status=LABELS[Status.QUEUED])
    card = creator.wait(page, Status.DRAFT, Error_Log="Topic")
    whole(card["Error Log"], "Topic and Story Direction are empty. Fill them in and set the status back to Queued.")
    creator.edit(page, {"Topic": "whales", "Story Direction": "A whale dives deep.", "Status": LABELS[Status.QUEUED]})
    card = creator.wait(page, Status.DRAFT, Error_Log="narnia")
    whole(
        card["Error Log"],
        'Channel "narnia" is not known',
        "deep_ocean (",
        "wild_planet (",
        "set the status back to Queued",
    )
    assert not running.rows("SELECT 1 FROM tasks WHERE page_id = ?", page)
    creator.edit(page, {"Channel": "deep_ocean", "Status": LABELS[Status.QUEUED]})
    card = creator.wait(page, Status.ASSETS_READY)
    assert card["Error Log"] == ""


def test_a_senseless_status_is_answered_with_the_true_one_and_what_can_be_done(
    running: Stage, creator: Creator
) -> None:
    running.fault(service="gemini", kind="hold")
    try:
        page = creator.write("Impatience")
        creator.wait(page, Status.GENERATING_ASSETS)
        creator.edit(page, Status=LABELS[Status.VIDEO_APPROVED])
        card = creator.wait(page, Status.GENERATING_ASSETS, Error_Log="Approved - Video")
        whole(card["Error Log"], '"Approved - Video" was not taken: there is nothing to approve yet')
        creator.edit(page, Status=LABELS[Status.PUBLISHED])
        card = creator.wait(page, Status.GENERATING_ASSETS, Error_Log="Published")
        whole(card["Error Log"], '"Published" was not taken: videod sets that one itself', "set Cancelled if you want")
    finally:
        running.admin("/reset", "POST")
    creator.wait(page, Status.ASSETS_READY)
    assert set(creator.jobs(page, "clip").values()) == {"waiting"}


# ------------------------------------------------------------------------------------------------ plans, images


def test_a_plan_that_stays_bad_stops_before_money_is_spent_and_lists_rule_and_place(
    running: Stage, creator: Creator
) -> None:
    images = creator.bought("image")
    page = creator.write("Bad Plan", direction="A whale dives deep for squid. [[bad plan]]")
    card = creator.wait(page, Status.ERROR_PLANNING)
    whole(
        card["Error Log"], "plan/plan", "after 3 repairs", "lines[", "breaks", "change the Topic or the Story Direction"
    )
    whole(creator.wait_for_alert("Bad Plan"), "lines[", "then set Queued")
    assert creator.bought("image") == images
    creator.edit(page, {"Story Direction": "A whale dives deep for squid.", "Status": LABELS[Status.QUEUED]})
    card = creator.wait(page, Status.ASSETS_READY)
    assert (card["Error Log"], creator.bought("image")) == ("", images + IMAGES)


def test_one_bad_plan_is_fixed_by_asking_again_without_anybody(running: Stage, creator: Creator) -> None:
    asked, alerts = creator.bought("text"), len(creator.alerts())
    running.fault(service="gemini", kind="bad_plan", times=1)
    page = creator.write("Second Thoughts")
    card = creator.wait(page, Status.ASSETS_READY)
    assert (card["Error Log"], len(creator.alerts())) == ("", alerts)
    assert creator.bought("text") == asked + ORDERS["plan"] + 1


def test_a_refused_image_is_named_with_what_was_refused_and_the_others_are_kept(
    running: Stage, creator: Creator
) -> None:
    bought = creator.bought("image")
    running.fault(service="gemini", kind="refuse_finish", endpoint="*banana*", times=2)
    page = creator.write("Refused")
    creator.wait(page, Status.ERROR_ASSETS)
    until(lambda: not {"ready", "running"} & set(creator.jobs(page, "image").values()), running.log_tail)
    states = creator.jobs(page, "image")
    refused = [name for name, state in states.items() if state == "failed"]
    made = [name for name, state in states.items() if state == "done"]
    assert len(refused) == 1, states  # and nothing more is bought for an episode that waits for a person
    query = "SELECT attempts.outcome FROM attempts JOIN jobs ON jobs.id = job_id WHERE key = ? AND jobs.task_id = ?"
    task = creator.task(page)["id"]
    assert [row["outcome"] for row in running.rows(query, refused[0], task)] == ["refused", "refused"]
    card = creator.wait(page, Status.ERROR_ASSETS, Error_Log="Refused was:")
    whole(
        card["Error Log"], f"image/{refused[0]}", "the content was refused: IMAGE_SAFETY", "set Queued to try once more"
    )
    whole(creator.wait_for_alert("Refused (deep_ocean)"), f"image/{refused[0]}", "refused")
    assert creator.bought("image") == bought + len(made)
    running.wait_until_told()  # Notion has no conditional write: an edit between the relay's look and its write is lost
    running.admin("/reset", "POST")
    creator.edit(page, Status=LABELS[Status.QUEUED])
    card = creator.wait(page, Status.ASSETS_READY)
    assert (card["Error Log"], creator.bought("image")) == ("", bought + IMAGES)


# ------------------------------------------------------------------------------------------------ services, tools


def test_a_service_that_is_down_shows_its_next_retry_and_then_continues(running: Stage, creator: Creator) -> None:
    clips = creator.bought("clip")
    page = creator.write("Weather")
    creator.wait(page, Status.ASSETS_READY)
    running.fault(service="kie", kind="status", status=521, endpoint="POST /api/v1/jobs/createTask")
    creator.edit(page, Status=LABELS[Status.ASSETS_APPROVED])
    card = creator.wait(page, Status.GENERATING_VIDEO, Next_Retry="T", Error_Log="Retry ")
    whole(
        card["Error Log"], "clip/clip_0", "kie POST", "HTTP 521", f" of {RETRIES} at ", "videod retries automatically"
    )
    running.admin("/reset", "POST")
    card = creator.wait(page, Status.VIDEO_READY)
    assert (card["Error Log"], card["Next Retry"], creator.bought("clip")) == ("", "", clips + CLIPS)


@pytest.mark.long
def test_used_up_credit_shows_quota_exceeded_and_continues_when_queued_again(running: Stage, creator: Creator) -> None:
    creator.wait_for_rest()
    clips, alerts = creator.bought("clip"), len(creator.alerts())
    page = creator.write("Poor")
    _run_out_of_credit(running, creator, page)
    creator.edit(page, Status=LABELS[Status.QUEUED])
    card = creator.wait(page, Status.VIDEO_READY)
    assert (card["Error Log"], card["Next Retry"], creator.bought("clip")) == ("", "", clips + CLIPS)
    (told,) = creator.alerts()[alerts:]
    whole(
        told,
        "Poor (deep_ocean)",
        "balance isn't enough",
        "top up at KIE, then run `videod resume kie`",
        page.replace("-", ""),
    )


def test_used_up_credit_continues_after_a_resume_and_rings_no_second_time(running: Stage, creator: Creator) -> None:
    clips, before = creator.bought("clip"), len(creator.alerts())
    page = creator.write("Poorer")
    _run_out_of_credit(running, creator, page)
    command = [sys.executable, "-m", "videod", "resume", "kie", "--state", str(running.state)]
    done = run(command, env=running.env)
    assert (done.returncode, done.stdout) == (0, "kie: kie resumes, and 1 task no longer waits for it.\n"), done
    card = creator.wait(page, Status.VIDEO_READY)
    assert (card["Error Log"], card["Next Retry"], creator.bought("clip")) == ("", "", clips + CLIPS)
    assert sum("balance isn't enough" in text for text in creator.alerts()[before:]) == 1


def _run_out_of_credit(running: Stage, creator: Creator, page: str) -> None:
    creator.wait(page, Status.ASSETS_READY)
    running.fault(service="kie", kind="no_credit")
    creator.edit(page, Status=LABELS[Status.ASSETS_APPROVED])
    card = creator.wait(page, Status.QUOTA_EXCEEDED, Error_Log="clip/")
    whole(card["Progress"], "Out of KIE credit. Top up, then run `videod resume kie`.")
    whole(card["Error Log"], "balance isn't enough", "top up at KIE, then run `videod resume kie`")
    assert (card["Next Retry"], "Resumes at" in card["Error Log"]) == ("", False)
    running.admin("/reset", "POST")


@pytest.mark.fault("6.6")
@pytest.mark.long
def test_an_ffmpeg_that_does_not_run_is_passed_over_and_nothing_stops(
    running: Stage, creator: Creator, ffmpeg: Path
) -> None:
    creator.wait_for_rest()
    clips = creator.bought("clip")
    page = creator.write("No Tool")
    creator.wait(page, Status.ASSETS_READY)
    good = ffmpeg.read_text().splitlines()[1]
    install(ffmpeg, "echo 'ffmpeg: libavcodec.so.61: cannot open shared object file' >&2; exit 127")
    creator.edit(page, Status=LABELS[Status.ASSETS_APPROVED])
    card = creator.wait(page, Status.VIDEO_READY)
    assert (card["Error Log"], creator.bought("clip")) == ("", clips + CLIPS)
    install(ffmpeg, good)


def test_after_all_of_this_nothing_was_bought_twice_and_the_board_tells_the_truth(
    running: Stage, creator: Creator
) -> None:
    creator.wait_for_rest()
    tasks = running.rows("SELECT page_id, channel_id, status, held, possibly_paid_twice FROM tasks")
    running.check_purchases()
    for task in tasks:
        creator.wait(task["page_id"], Status(task["status"]))
        assert (task["suspended"], task["possibly_paid_twice"]) == (None, 0)
        goal = {"published"} if task["channel_id"] == "wild_planet" else {"assets_ready", "video_ready"}
        assert task["status"] in goal
    assert not running.rows("SELECT 1 FROM attempts WHERE ended_at IS NULL")
    assert not running.rows("SELECT 1 FROM suspensions")
