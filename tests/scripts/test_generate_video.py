import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts import generate_video
from scripts.lib import receipt
from tests.scripts.conftest import Run
from tests.scripts.wire import Asked, Say, Wire, say

CREATE, ASK, LINK = "/api/v1/jobs/createTask", "/api/v1/jobs/recordInfo", "/api/v1/common/download-url"
UPLOAD = "/api/file-stream-upload"


def record(state: str, **more: object) -> Say:
    return say({"code": 200, "msg": "success", "data": {"taskId": "task_1", "state": state, **more}})


def done(wire: Wire, path: str = "/result.mp4", **more: object) -> Say:
    return record("success", resultJson=json.dumps({"resultUrls": [wire.url + path]}), **more)


def lay_out(wire: Wire, clip: bytes) -> None:
    """A service that takes the job, works for two questions and hands out the clip."""
    hosted = {"success": True, "code": 200, "data": {"downloadUrl": "https://tempfile.example/seed.png"}}
    wire.on("POST", UPLOAD, say(hosted))
    wire.on("POST", CREATE, say({"code": 200, "msg": "success", "data": {"taskId": "task_1"}}))
    wire.on("GET", ASK, record("waiting"), record("generating"), done(wire, creditsConsumed=42))
    wire.on("GET", "/result.mp4", Say(clip))


def wish(tmp_path: Path, picture: Path, *more: object) -> list[object]:
    return [
        "--image", picture, "--prompt", "The bear lifts its head. Slow push in.", "--output", tmp_path / "clip.mp4",
        "--duration", 5, "--poll", 0.01, *more,
    ]  # fmt: skip


def kept(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "clip.mp4.job.json").read_text())


def test_a_clip_is_hosted_ordered_awaited_fetched_and_decoded(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    ran = run(generate_video.main, *wish(tmp_path, picture, "--cfg-scale", "0.4"))
    assert ran.code == 0
    assert (tmp_path / "clip.mp4").read_bytes() == clip
    assert (ran.result["duration_s"], ran.result["width"], ran.result["frames"]) == (5.0, 160, 120)
    assert [event["remote_id"] for event in ran.of("submitted")] == ["task_1"]
    assert [(event["quantity"], event["usd"]) for event in ran.of("charged")] == [(42.0, 0.21)]
    assert kept(tmp_path)["state"] == "received"
    assert wire.asked_for(CREATE)[0].json() == {
        "model": "kling/v2-5-turbo-image-to-video-pro",
        "input": {
            "prompt": "The bear lifts its head. Slow push in.", "duration": "5", "cfg_scale": 0.4,
            "image_url": "https://tempfile.example/seed.png", "negative_prompt": "blur, distort, low quality",
        },
    }  # fmt: skip
    upload = wire.asked_for(UPLOAD)[0]
    assert picture.read_bytes() in upload.body and b'name="uploadPath"' in upload.body
    assert upload.headers["authorization"] == "Bearer kie-secret-key"


def test_newer_models_take_a_list_of_images_and_no_negative_prompt(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    assert run(generate_video.main, *wish(tmp_path, picture, "--model", "kling-2.6/image-to-video")).code == 0
    sent = wire.asked_for(CREATE)[0].json()["input"]
    assert sent["image_urls"] == ["https://tempfile.example/seed.png"]
    assert sent["sound"] is False and "image_url" not in sent and "negative_prompt" not in sent


def test_the_intent_is_on_disk_before_the_order_leaves(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    seen: list[dict] = []

    def take(_: Asked) -> Say:
        seen.append(kept(tmp_path))
        return say({"code": 200, "msg": "success", "data": {"taskId": "task_1"}})

    def answer(_: Asked) -> Say:
        seen.append(kept(tmp_path))
        return done(wire)

    wire.on("POST", CREATE, take)
    wire.on("GET", ASK, answer)
    run(generate_video.main, *wish(tmp_path, picture))
    assert [(note["state"], note["remote_id"]) for note in seen] == [("intent", None), ("submitted", "task_1")]


def test_the_end_of_the_wait_leaves_the_job_and_the_next_run_asks_for_the_same(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("GET", ASK, record("generating"))
    late = run(generate_video.main, *wish(tmp_path, picture, "--wait", 0.05))
    assert (late.code, late.failure["kind"]) == (75, "busy")
    assert kept(tmp_path)["remote_id"] == "task_1"
    wire.on("GET", ASK, done(wire))
    again = run(generate_video.main, *wish(tmp_path, picture))
    assert again.code == 0 and len(wire.asked_for(CREATE)) == 1


def test_a_lost_answer_to_the_order_is_in_doubt_until_told_to_buy_again(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("POST", CREATE, Say(cut=True), say({"code": 200, "msg": "success", "data": {"taskId": "task_2"}}))
    first = run(generate_video.main, *wish(tmp_path, picture))
    second = run(generate_video.main, *wish(tmp_path, picture))
    assert {first.failure["kind"], second.failure["kind"]} == {"in_doubt"}
    assert len(wire.asked_for(CREATE)) == 1
    assert run(generate_video.main, *wish(tmp_path, picture, "--buy-again")).code == 0
    assert len(wire.asked_for(CREATE)) == 2


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (say({"code": 401, "msg": "You do not have access permissions"}), 77, "credentials"),
        (say({"code": 402, "msg": "Insufficient credits"}), 75, "quota"),
        (say({"code": 433, "msg": "Sub-key limit"}), 75, "quota"),
        (say({"code": 429, "msg": "Too many requests"}, 429), 75, "busy"),
        (say({"code": 404, "msg": "unknown model"}), 78, "configuration"),
        (say({"code": 422, "msg": "prompt is required"}), 65, "input"),
        (say({"code": 455, "msg": "maintenance"}), 69, "down"),
        (say({"code": 500, "msg": "Create task failed, credits have been refunded"}), 69, "down"),
        (say({"code": 501, "msg": "Generation failed; you were not charged."}, 500), 69, "down"),
    ],
)
def test_an_error_hides_in_http_200_and_takes_the_intent_back(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, answer: Say, code: int, kind: str
) -> None:
    lay_out(wire, clip)
    wire.on("POST", CREATE, answer)
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert (ran.code, ran.failure["kind"], ran.failure["service"]) == (code, kind, "kie")
    assert not (tmp_path / "clip.mp4.job.json").exists()


@pytest.mark.fault("13.11")
@pytest.mark.parametrize(
    "answer",
    [
        Say(b"<html>bad gateway</html>", 502),
        Say(b"no backend", 503),
        Say(status=503),
        say({"code": 500, "msg": "Server exception, please try again later"}),
        say({"code": 501, "msg": "generation failed"}),
        say({"code": 408, "msg": "no result for ten minutes"}),
        say({"code": 500, "msg": "server error"}, 500),
        say({"code": 200, "msg": "success", "data": None}),
        say({"msg": "success"}),
    ],
)
def test_an_answer_that_does_not_deny_the_order_leaves_doubt_and_none_is_placed_again(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, answer: Say
) -> None:
    lay_out(wire, clip)
    wire.on("POST", CREATE, answer)
    kinds = [run(generate_video.main, *wish(tmp_path, picture)).failure["kind"] for _ in range(2)]
    assert (kinds, len(wire.asked_for(CREATE))) == (["in_doubt", "in_doubt"], 1)
    assert kept(tmp_path)["state"] == "intent"


@pytest.mark.parametrize("code", [451, 400, 422])
def test_a_picture_that_kie_cannot_fetch_is_hosted_once_more_under_a_new_name(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, code: int
) -> None:
    lay_out(wire, clip)
    taken = say({"code": 200, "msg": "success", "data": {"taskId": "task_1"}})
    wire.on("POST", CREATE, say({"code": code, "msg": "failed to fetch the image"}), taken)
    assert run(generate_video.main, *wish(tmp_path, picture)).code == 0
    first, second = wire.asked_for(UPLOAD)
    assert first.body.split(b'filename="')[1][:40] != second.body.split(b'filename="')[1][:40]


@pytest.mark.parametrize(
    ("message", "code", "kind"),
    [
        ("The prompt violates our content policy", "400", "refused"),
        ("Internal Error, please try again later", "500", "down"),
        ("generation failed", "999", "nonsense"),
        ("image resolution too small", "422", "input"),
        ("could not read the resolution", "999", "nonsense"),
    ],
)
def test_a_failed_task_is_free_so_its_receipt_goes(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, message: str, code: str, kind: str
) -> None:
    lay_out(wire, clip)
    wire.on("GET", ASK, record("fail", failCode=code, failMsg=message, resultJson=None))
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.failure["kind"] == kind and message in ran.failure["message"]
    assert ran.of("charged") == [] and not (tmp_path / "clip.mp4.job.json").exists()


def test_a_task_that_is_not_known_yet_is_given_time(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("GET", ASK, say({"code": 422, "msg": "recordInfo is null"}), Say(b"oops", 502), Say(cut=True), done(wire))
    assert run(generate_video.main, *wish(tmp_path, picture)).code == 0


def test_a_task_that_stays_unknown_is_in_doubt_and_never_bought_again(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("GET", ASK, record("generating"))
    run(generate_video.main, *wish(tmp_path, picture, "--wait", 0))
    old = (datetime.now(UTC) - timedelta(minutes=3)).isoformat()
    receipt.path_for(tmp_path / "clip.mp4").write_text(json.dumps({**kept(tmp_path), "at": old}))
    wire.on("GET", ASK, say({"code": 422, "msg": "recordInfo is null"}))
    assert run(generate_video.main, *wish(tmp_path, picture)).failure["kind"] == "in_doubt"
    assert kept(tmp_path)["state"] == "submitted"


@pytest.mark.fault("5.1")
@pytest.mark.parametrize(
    "state", ["failed", "SUCCESS", "Fail", "succeeded", "completed", "canceled", "", "生成中", "x" * 500]
)
def test_a_task_in_a_state_that_nobody_documents_fails_and_keeps_its_order(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, state: str
) -> None:
    lay_out(wire, clip)
    wire.on("GET", ASK, record(state, resultJson=json.dumps({"resultUrls": [wire.url + "/result.mp4"]})))
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert (ran.code, ran.failure["kind"], ran.failure["service"]) == (76, "nonsense", "kie")
    assert "task_1 is in a state that KIE does not document" in ran.failure["message"]
    assert len(wire.asked_for(ASK)) <= 5 and kept(tmp_path)["state"] == "submitted"
    wire.on("GET", ASK, done(wire))
    assert run(generate_video.main, *wish(tmp_path, picture)).code == 0
    assert len(wire.asked_for(CREATE)) == 1


def test_one_strange_word_between_good_ones_ends_nothing(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("GET", ASK, record("waiting"), record("rendering"), record("generating"), done(wire))
    assert run(generate_video.main, *wish(tmp_path, picture)).code == 0


def ordered(wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, **ago: int) -> None:
    """A clip was ordered some time ago and never came."""
    lay_out(wire, clip)
    wire.on("GET", ASK, record("generating"))
    run(generate_video.main, *wish(tmp_path, picture, "--wait", 0))
    at = (datetime.now(UTC) - timedelta(**ago)).isoformat()
    receipt.path_for(tmp_path / "clip.mp4").write_text(json.dumps({**kept(tmp_path), "at": at}))


@pytest.mark.fault("5.1")
@pytest.mark.parametrize("state", ["waiting", "queuing", "generating"])
def test_a_task_older_than_its_services_limit_is_decided_and_not_waited_for(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, state: str
) -> None:
    ordered(wire, run, tmp_path, picture, clip, minutes=61)
    wire.on("GET", ASK, record(state))
    old = run(generate_video.main, *wish(tmp_path, picture))
    assert (old.code, old.failure["kind"]) == (75, "in_doubt")
    assert f"task_1 is still '{state}' 61 minutes after it was ordered" in old.failure["message"]
    assert (kept(tmp_path)["state"], len(wire.asked_for(CREATE))) == ("submitted", 1)
    # who may buy again gets another one; the late one is taken where it came after all
    wire.on("POST", CREATE, say({"code": 200, "msg": "success", "data": {"taskId": "task_2"}}))
    wire.on("GET", ASK, record(state), done(wire))
    again = run(generate_video.main, *wish(tmp_path, picture, "--buy-again"))
    assert (again.code, kept(tmp_path)["remote_id"], len(wire.asked_for(CREATE))) == (0, "task_2", 2)


@pytest.mark.fault("5.1")
def test_a_late_task_that_came_after_all_is_taken_even_by_who_may_buy_again(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    ordered(wire, run, tmp_path, picture, clip, hours=5)
    wire.on("GET", ASK, done(wire))
    assert run(generate_video.main, *wish(tmp_path, picture, "--buy-again")).code == 0
    assert len(wire.asked_for(CREATE)) == 1


def test_a_task_that_is_only_slow_is_waited_for(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    ordered(wire, run, tmp_path, picture, clip, minutes=40)
    assert run(generate_video.main, *wish(tmp_path, picture, "--wait", 0)).failure["kind"] == "busy"


def test_an_expired_link_is_renewed(wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes) -> None:
    lay_out(wire, clip)
    wire.on("GET", "/result.mp4", Say(b"gone", 410))
    wire.on("POST", LINK, say({"code": 200, "msg": "success", "data": wire.url + "/fresh.mp4"}))
    wire.on("GET", "/fresh.mp4", Say(clip))
    assert run(generate_video.main, *wish(tmp_path, picture)).code == 0
    assert wire.asked_for(LINK)[0].json() == {"url": wire.url + "/result.mp4"}


def test_a_result_that_is_gone_for_good_is_in_doubt_and_charged_once(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("GET", "/result.mp4", Say(b"gone", 404))
    wire.on("POST", LINK, say({"code": 422, "msg": "file not found"}))
    first = run(generate_video.main, *wish(tmp_path, picture))
    second = run(generate_video.main, *wish(tmp_path, picture))
    assert (first.failure["kind"], second.failure["kind"]) == ("in_doubt", "in_doubt")
    assert (len(first.of("charged")), len(second.of("charged"))) == (1, 0)
    assert len(wire.asked_for(CREATE)) == 1
    wire.on("GET", "/result.mp4", Say(b"gone", 404), Say(clip))
    assert run(generate_video.main, *wish(tmp_path, picture, "--buy-again")).code == 0
    assert len(wire.asked_for(CREATE)) == 2


def test_a_download_that_breaks_is_fetched_again_without_a_second_order(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    cut = len(clip) * 6 // 10
    wire.on("GET", "/result.mp4", Say(clip[:cut], stated=len(clip)), Say(clip[:cut]), Say(clip))
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.code == 0 and len(wire.asked_for(CREATE)) == 1
    assert (tmp_path / "clip.mp4").read_bytes() == clip


def test_a_clip_that_is_broken_every_time_never_reaches_its_place(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("GET", "/result.mp4", Say(b"\0\0\0\x18ftypmp42" + bytes(2000)))
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.failure["kind"] == "in_doubt"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4.job.json", "seed.png"]


def test_a_received_clip_that_was_deleted_is_fetched_again_for_nothing(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    run(generate_video.main, *wish(tmp_path, picture))
    (tmp_path / "clip.mp4").unlink()
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.code == 0 and ran.of("charged") == [] and len(wire.asked_for(CREATE)) == 1


def put_aside(tmp_path: Path) -> None:
    """What the daemon does with a clip that it refuses."""
    (tmp_path / "clip.mp4").rename(tmp_path / "clip.mp4.refused")


def test_a_refused_clip_is_fetched_again_first_for_nothing(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    run(generate_video.main, *wish(tmp_path, picture))
    put_aside(tmp_path)
    (tmp_path / "clip.mp4.refused").write_bytes(b"what a bad download left")
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.code == 0 and ran.of("charged") == [] and len(wire.asked_for(CREATE)) == 1
    assert (tmp_path / "clip.mp4").read_bytes() == clip


def test_a_refused_clip_that_comes_as_it_was_is_ordered_and_charged_again(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    run(generate_video.main, *wish(tmp_path, picture))
    put_aside(tmp_path)
    better = clip + bytes(8)
    again = say({"code": 200, "msg": "success", "data": {"taskId": "task_2"}})
    wire.on("POST", CREATE, again)
    wire.on("GET", ASK, done(wire), done(wire, "/better.mp4", creditsConsumed=42))
    wire.on("GET", "/better.mp4", Say(better))
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.code == 0 and (tmp_path / "clip.mp4").read_bytes() == better
    assert [asked.query["taskId"] for asked in wire.asked_for(ASK)][-2:] == [["task_1"], ["task_2"]]
    assert [(event["usd"], event["remote_id"]) for event in ran.of("charged")] == [(0.21, "task_2")]
    assert (kept(tmp_path)["state"], kept(tmp_path)["remote_id"]) == ("received", "task_2")


def test_even_a_new_clip_like_the_refused_one_is_handed_over_and_no_third_is_bought(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    run(generate_video.main, *wish(tmp_path, picture))
    put_aside(tmp_path)
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.code == 0 and len(wire.asked_for(CREATE)) == 2
    assert (tmp_path / "clip.mp4").read_bytes() == clip


def test_prompts_over_the_limit_are_refused_before_anything_is_sent(
    wire: Wire, run: Run, tmp_path: Path, picture: Path
) -> None:
    ran = run(generate_video.main, *wish(tmp_path, picture, "--negative-prompt", "x" * 501))
    assert (ran.code, ran.failure["kind"], wire.asked) == (65, "input", [])


def test_catbox_answers_that_are_no_address_are_failures(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("POST", "/user/api.php", Say(b""), Say(b"https://files.catbox.moe/abc123.png\n"))
    ran = run(generate_video.main, *wish(tmp_path, picture, "--image-host", "catbox"))
    assert (ran.failure["kind"], ran.failure["service"]) == ("down", "catbox")
    assert run(generate_video.main, *wish(tmp_path, picture, "--image-host", "catbox")).code == 0
    assert wire.asked_for(CREATE)[0].json()["input"]["image_url"] == "https://files.catbox.moe/abc123.png"


def test_a_bucket_gets_the_picture_and_kie_a_signed_link(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(wire, clip)
    monkeypatch.setenv("R2_ACCESS_KEY_ID", "access-key")
    monkeypatch.setenv("R2_SECRET_ACCESS_KEY", "secret-access-key")
    stored: list[Asked] = []

    def take(asked: Asked) -> Say:
        stored.append(asked)
        return Say()

    monkeypatch.setattr(
        wire, "answer", lambda asked, old=wire.answer: take(asked) if asked.method == "PUT" else old(asked)
    )
    words = wish(tmp_path, picture, "--image-host", "r2", "--bucket", "seeds")
    assert run(generate_video.main, *words).code == 0
    assert stored[0].body == picture.read_bytes() and stored[0].path.startswith("/seeds/seeds/")
    link = wire.asked_for(CREATE)[0].json()["input"]["image_url"]
    assert link.startswith(wire.url + stored[0].path) and "X-Amz-Signature=" in link
    assert "secret-access-key" not in link


@pytest.mark.live
def test_a_killed_run_continues_with_the_same_job(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("GET", ASK, record("generating"))
    words = [str(word) for word in wish(tmp_path, picture)]
    command = [sys.executable, "scripts/generate_video.py", *words, "--events"]
    for blow in (signal.SIGKILL, signal.SIGTERM):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ) as child:
            assert child.stdout is not None
            assert any(b"task_1: generating" in line for line in child.stdout)
            child.send_signal(blow)
    wire.on("GET", ASK, done(wire))
    assert run(generate_video.main, *words).code == 0
    assert len(wire.asked_for(CREATE)) == 1
