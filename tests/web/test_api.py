"""The API over its real socket and port: reading, changing, refusing, closing."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from yarl import URL

from tests.cli.factory import HOUR, MINUTE, NOON, StudioBox, a_full_studio
from tests.harness import control
from tests.web.caller import SECRET, Caller, redact, served
from videod.core.failures import Kind
from videod.core.histogram import of_loop
from videod.core.statuses import Gate, JobState, Status
from videod.core.suspension import Cause
from videod.web import token
from videod.web.api import ListenError, build_app, serve
from videod.web.metrics import _histogram

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def box(tmp_path: Path):
    made = StudioBox(tmp_path, at=NOON - 2 * HOUR)
    yield made
    made.close()


# ------------------------------------------------------------------------------------------- reading


async def test_health_and_ready_answer(box: StudioBox, api: Caller) -> None:
    box.clock.at += MINUTE
    status, body = await api.get("/health")
    assert (status, body["status"], body["uptime_s"], body["pid"]) == (200, "ok", 60, os.getpid())
    assert await api.get("/ready") == (200, {"status": "ready"})


async def test_ready_says_what_is_missing(box: StudioBox) -> None:
    listening = await served(box, not_ready=lambda: "the board was not reached yet")
    async with control.session(box.state) as session:
        status, body = await Caller(session).get("/ready")
    await listening.close()
    assert (status, body["message"]) == (503, "the board was not reached yet")


async def test_ready_says_no_when_the_database_does_not_answer(
    box: StudioBox, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(fn: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("videod.web.reading.READY_S", 0.05)
    monkeypatch.setattr(box.store, "read", never)
    status, body = await api.get("/ready")
    assert status == 503
    assert "did not answer" in body["message"]


async def test_metrics_are_prometheus_text(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue('Bears "quoted"\\'), Status.ASSETS_APPROVED)
    box.start(task, "clip/clip_01")
    box.fail(box.queue("Owls", "deep_sea"), "plan/plan", Kind.CREDENTIALS, "no key")
    async with api.session.get("http://videod/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    tasks = {sample.labels["status"]: sample.value for sample in families["videod_tasks"].samples}
    assert len(tasks) == len(Status)
    assert (tasks["generating_video"], tasks["generating_assets"], tasks["published"]) == (1, 1, 0)
    running = {sample.labels["service"]: sample.value for sample in families["videod_jobs_running"].samples}
    assert running == {"gemini": 0, "pillow": 0, "kie": 1, "elevenlabs": 0, "ffmpeg": 0, "youtube": 0}
    (suspended,) = families["videod_service_suspended"].samples
    assert suspended.labels == {"service": "gemini", "channel": "", "cause": "credentials"}
    late = families["videod_loop_delay_seconds"]
    assert late.type == "histogram"
    assert [sample.value for sample in late.samples if sample.name.endswith("_count")] == [0]
    assert families["videod_spend_today_usd"].samples[0].value == pytest.approx(0.137)
    assert families["videod_jobs_limit"].samples[0].value == 8
    connections = {tuple(one.labels.values()): one.value for one in families["videod_connections"].samples}
    assert connections == {("socket", "accepted"): 1}


async def test_status_is_what_the_command_prints(tmp_path: Path) -> None:
    box = a_full_studio(tmp_path, 20)
    listening = await served(box)
    async with control.session(box.state) as session:
        status, body = await Caller(session).get("/api/status")
    await listening.close()
    box.close()
    assert status == 200
    assert body["daemon"]["running"] is True
    assert len(body["episodes"]) == 18
    assert body["published_7_days"] == 2


async def test_a_task_is_given_by_id_or_page_with_its_secrets_struck_out(box: StudioBox, api: Caller) -> None:
    task = box.queue("Bears")
    box.fail(task, "plan/plan", Kind.INPUT, f"key {SECRET} is odd", stderr_tail=f"used {SECRET}")
    status, body = await api.get(f"/api/tasks/{task}")
    assert status == 200
    assert body["last_failure"]["stderr_tail"] == "used [redacted]"
    assert SECRET not in json.dumps(body)
    assert (await api.get(f"/api/tasks/{body['page_id']}"))[1]["id"] == task


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/tasks/nobody", 404), ("GET", "/nothing", 404), ("POST", "/health", 405),
     ("POST", "/api/tasks/nobody/approve", 404), ("POST", "/api/tasks/nobody/explode", 404),
     ("POST", "/api/services/fax/resume", 404)],
)  # fmt: skip
async def test_every_error_is_json_with_a_hint(api: Caller, method: str, path: str, status: int) -> None:
    found, body = await api.ask(method, path)
    assert found == status
    assert body["message"]
    assert body["hint"]


@pytest.mark.parametrize("body", ["[1]", '"text"', "{", "[" * 60_000, '{"gate": 3}', '{"gate": "colour"}'])
async def test_a_malformed_body_is_refused(box: StudioBox, api: Caller, body: str) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    async with api.session.post(f"http://videod/api/tasks/{task}/approve", data=body, headers=JSON) as answer:
        assert answer.status == 400
    assert box.task(task).status == Status.ASSETS_READY


async def test_a_huge_body_is_refused(api: Caller) -> None:
    async with api.session.post("http://videod/api/tasks/any/approve", data=b" " * 300_000) as answer:
        assert answer.status == 413
        assert (await answer.json())["hint"]


async def test_a_bug_is_answered_and_logged_and_the_next_request_works(
    box: StudioBox, api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("videod.store.views.overview", lambda connection, at: 1 / 0)
        status, body = await api.get("/api/status")
    assert status == 500
    assert "bug" in body["message"]
    assert "api_request_failed" in caplog.text
    assert (await api.get("/api/status"))[0] == 200


# ------------------------------------------------------------------------------------------- changing


async def test_approving_passes_the_gate_and_says_the_price(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    status, body = await api.post(f"/api/tasks/{task}/approve", {"gate": "assets"})
    assert (status, body["changed"], body["status"], body["cost_usd"]) == (200, True, "assets_approved", 1.4)
    assert box.task(task).approved == {Gate.STORY, Gate.ASSETS}
    again, repeated = await api.post(f"/api/tasks/{task}/approve", {"gate": "assets"})
    assert (again, repeated["changed"]) == (200, False)


async def test_approving_another_gate_than_the_open_one_changes_nothing(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    status, body = await api.post(f"/api/tasks/{task}/approve", {"gate": "final"})
    assert status == 409
    assert "that review is not open. It is Assets Ready" in body["message"]
    assert (box.task(task).status, box.task(task).error) == (Status.ASSETS_READY, "")


async def test_approving_what_waits_for_no_review_is_refused(box: StudioBox, api: Caller) -> None:
    status, body = await api.post(f"/api/tasks/{box.queue('Bears')}/approve")
    assert (status, body["hint"]) == (409, "see `videod why bears-e32c97` for what it waits for")


async def test_a_retry_continues_from_the_failed_job(box: StudioBox, api: Caller) -> None:
    task = box.queue("Bears")
    box.make(task, "plan/plan")
    box.fail(task, "image/bear_core", Kind.INPUT, "bad prompt")
    assert box.task(task).status == Status.ERROR_ASSETS
    status, body = await api.post(f"/api/tasks/{task}/retry")
    assert (status, body["changed"]) == (200, True)
    assert box.jobs(task)["image/bear_core"].state == JobState.READY
    assert box.jobs(task)["plan/plan"].state == JobState.DONE
    after = box.task(task)
    assert (after.title, after.topic, after.direction) == ("Bears", "bears", "one river")


async def test_a_retry_of_what_runs_or_waits_for_you_is_refused_without_a_note_on_the_board(
    box: StudioBox, api: Caller
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    status, body = await api.post(f"/api/tasks/{task}/retry")
    assert (status, box.task(task).error) == (409, "")
    assert f"videod approve {task}" in body["hint"]


async def test_a_retry_of_a_purchase_in_doubt_says_that_it_buys_again(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.IN_DOUBT, "the answer was lost")
    _, body = await api.post(f"/api/tasks/{task}/retry")
    assert "1 unconfirmed purchase will be bought again" in body["text"]
    assert body["cost_usd"] == 0.35
    assert box.task(task).possibly_paid_twice == 1


async def test_cancelling_stops_and_twice_changes_nothing(box: StudioBox, api: Caller) -> None:
    task = box.queue("Bears")
    assert (await api.post(f"/api/tasks/{task}/cancel"))[1]["status"] == "cancelled"
    assert (await api.post(f"/api/tasks/{task}/cancel"))[1]["changed"] is False
    published = box.bring_to(box.queue("Owls"), Status.PUBLISHED)
    assert (await api.post(f"/api/tasks/{published}/cancel"))[0] == 409


async def test_a_redo_makes_the_job_and_what_was_made_from_it_again(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.VIDEO_READY)
    status, body = await api.post(f"/api/tasks/{task}/redo", {"jobs": ["composite/clip_02"]})
    assert (status, body["cost_usd"]) == (200, 0.35)
    assert (
        body["text"]
        == "2 jobs will be regenerated: composite/clip_02 and 1 made from it. The review of the assets opens again"
    )
    jobs = box.jobs(task)
    assert (jobs["composite/clip_02"].state, jobs["clip/clip_02"].state) == (JobState.READY, JobState.WAITING)
    assert jobs["clip/clip_01"].state == JobState.DONE


@pytest.mark.parametrize(
    ("names", "said"),
    [(["clip_02"], "clip_02 may be composite/clip_02 or clip/clip_02"),
     (["narration/clip_02"], "no job narration/clip_02 can be regenerated now"),
     ([], "list")],
)  # fmt: skip
async def test_a_redo_of_what_is_not_under_review_names_what_is(
    box: StudioBox, api: Caller, names: list[str], said: str
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.VIDEO_READY)
    status, body = await api.post(f"/api/tasks/{task}/redo", {"jobs": names})
    assert status == 400
    assert said in body["message"]
    assert box.task(task).status == Status.VIDEO_READY


@pytest.mark.fault("2.5")
async def test_the_film_alone_is_regenerated_for_nothing(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSEMBLY_COMPLETE)
    status, body = await api.post(f"/api/tasks/{task}/redo", {"jobs": ["film"]})
    assert (status, body["cost_usd"], body["status"]) == (200, 0.0, "assembling")
    assert box.jobs(task)["assemble/film"].state is JobState.READY


@pytest.mark.fault("2.5")
async def test_an_image_is_sent_back_at_the_last_review_and_the_price_was_said_before(
    box: StudioBox, api: Caller
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSEMBLY_COMPLETE)
    before = box.jobs(task)
    asked = {"jobs": ["image/place_01"], "note": "less fog"}
    _, foreseen = await api.post(f"/api/tasks/{task}/redo", asked | {"dry_run": True})
    assert foreseen["changed"] is False and box.jobs(task) == before
    assert "The review of the assets and video would open again" in foreseen["text"]
    _, done = await api.post(f"/api/tasks/{task}/redo", asked)
    assert (done["cost_usd"], done["status"]) == (foreseen["cost_usd"], "generating_assets")
    assert done["cost_usd"] > 0.35, "the clip is bought again as well"
    assert box.jobs(task)["image/place_01"].args["note"] == "less fog"


async def test_a_note_that_no_order_takes_is_refused_with_what_to_do(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.AUDIO_READY)
    path = f"/api/tasks/{task}/redo"
    for notes in ({"note": "slower"}, {"notes": {"narration/clip_01": "slower"}}):
        status, body = await api.post(path, {"jobs": ["narration/clip_01"]} | notes)
        assert status == 409 and "`videod edit EPISODE narration/clip_01`" in body["hint"]
    status, body = await api.post(path, {"jobs": ["narration/clip_01"], "notes": {"image/bear_core": "older"}})
    assert (status, body["code"]) == (400, "invalid")


async def test_each_file_of_a_redo_has_a_note_of_its_own(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    asked = {"jobs": ["image/place_01", "bear_core"], "note": "dawn", "notes": {"place_01": "less fog"}}
    status, _ = await api.post(f"/api/tasks/{task}/redo", asked)
    jobs = box.jobs(task)
    assert (status, jobs["image/place_01"].args["note"]) == (200, "less fog")
    assert jobs["image/bear_core"].args["note"] == "dawn"


@pytest.mark.fault("2.5")
async def test_a_narration_is_rewritten_and_only_what_hangs_on_it_is_regenerated(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.AUDIO_READY)
    asked = {"job": "clip_01", "field": "narration", "text": "The river is colder than it looks."}
    _, foreseen = await api.post(f"/api/tasks/{task}/correct", asked | {"dry_run": True})
    assert box.jobs(task)["narration/clip_01"].state is JobState.DONE
    status, body = await api.post(f"/api/tasks/{task}/correct", asked)
    assert (status, body["status"], body["cost_usd"]) == (200, "generating_audio", foreseen["cost_usd"])
    jobs = box.jobs(task)
    assert jobs["narration/clip_01"].args["text"] == asked["text"]
    assert jobs["narration/clip_02"].state is jobs["clip/clip_01"].state is JobState.DONE
    again = await api.post(f"/api/tasks/{task}/correct", asked)
    assert again[1]["changed"] is False


async def test_words_that_were_not_bought_yet_are_free(box: StudioBox, api: Caller) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    status, body = await api.post(
        f"/api/tasks/{task}/correct", {"job": "clip_01", "field": "effect", "text": "wind over ice"}
    )
    assert (status, body["cost_usd"], body["status"]) == (200, 0.0, "assets_ready")
    assert box.jobs(task)["sound_effect/clip_01"].args["text"] == "wind over ice"
    _, body = await api.post(
        f"/api/tasks/{task}/correct", {"job": "upload", "field": "tags", "text": " bears, , river "}
    )
    assert box.jobs(task)["upload/film"].args["tags"] == ["bears", "river"]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"job": "clip_01", "field": "narration"}, 400, "text"),
        ({"job": "clip_01", "field": "narration", "text": "  "}, 400, "text must hold more than spaces"),
        ({"job": "clip_09", "field": "narration", "text": "Snow."}, 409, "no job clip_09 takes narration"),
        ({"job": "clip/clip_01", "field": "narration", "text": "Snow."}, 409, "no job clip/clip_01 takes narration"),
        ({"job": "clip_01", "field": "lens", "text": "Snow."}, 400, "field must be one of"),
        ({"job": "clip_01", "field": "narration", "text": "x" * 6000}, 400, "5000"),
        ({"field": "narration", "text": "Snow."}, 400, "job"),
    ],
)
async def test_a_correction_that_makes_no_sense_changes_nothing(
    box: StudioBox, api: Caller, asked: dict[str, str], status: int, said: str
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.AUDIO_READY)
    before = box.jobs(task)
    answer = await api.post(f"/api/tasks/{task}/correct", asked)
    assert answer[0] == status and said in answer[1]["message"]
    assert box.jobs(task) == before


async def test_resuming_a_service_frees_what_was_held_for_it(box: StudioBox, api: Caller) -> None:
    task = box.queue("Bears")
    box.fail(task, "plan/plan", Kind.QUOTA, "used up", retry_after_ms=HOUR)
    assert box.task(task).status == Status.QUOTA_EXCEEDED
    _, body = await api.post("/api/services/gemini/resume")
    assert body == {"text": "gemini resumes, and 1 task no longer waits for it", "changed": True}
    assert box.task(task).status == Status.GENERATING_ASSETS
    assert (await api.post("/api/services/gemini/resume"))[1]["changed"] is False


async def test_a_lane_that_starts_a_job_at_once_hides_no_episode_from_the_resume(
    box: StudioBox, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.QUOTA, "used up", retry_after_ms=HOUR)
    release = box.ledger.release

    async def released(service: str, channel_id: str, cause: Cause) -> None:
        await release(service, channel_id, cause)
        box.start(task, "clip/clip_02")

    monkeypatch.setattr(box.ledger, "release", released)
    _, body = await api.post("/api/services/kie/resume")
    assert body == {"text": "kie resumes, and 1 task no longer waits for it", "changed": True}
    assert box.jobs(task)["clip/clip_01"].failure is None


async def test_resuming_uploads_of_one_channel_leaves_the_other_waiting(box: StudioBox, api: Caller) -> None:
    tasks = [
        box.bring_to(box.queue(f"On {channel}", channel), Status.FINAL_APPROVED)
        for channel in ("deep_sea", "wild_earth")
    ]
    for task in tasks:
        box.fail(task, "upload/film", Kind.CREDENTIALS, "invalid_grant")
    _, body = await api.post("/api/services/youtube/resume", {"channel": "deep_sea"})
    assert body["changed"] is True
    assert [box.task(task).suspended is None for task in tasks] == [True, False]
    _, seen = await api.get("/api/status")
    assert [one["channel"] for one in seen["suspensions"]] == ["wild_earth"]


# ------------------------------------------------------------------------------------------- listening


async def test_the_socket_is_for_its_owner_alone_and_is_gone_after_closing(box: StudioBox) -> None:
    listening = await served(box)
    assert stat.S_IMODE(listening.socket_path.stat().st_mode) == 0o600
    await listening.close()
    assert not listening.socket_path.exists()
    await listening.close()


async def test_a_stale_socket_file_makes_room_but_another_file_does_not(box: StudioBox) -> None:
    path = box.state / "videod.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    listening = await served(box)
    await listening.close()
    path.write_text("precious")
    with pytest.raises(ListenError, match="not a socket"):
        await served(box)
    assert path.read_text() == "precious"


async def test_a_state_folder_with_a_long_path_works(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    box = StudioBox(folder)
    listening = await served(box)
    assert stat.S_ISSOCK(listening.socket_path.stat().st_mode)
    await listening.close()
    box.close()


@pytest.fixture
async def port(box: StudioBox) -> AsyncIterator[int]:
    """The API on a TCP port."""
    free = unused_port()
    listening = await serve(build_app(box.ledger, box.store, box.clock, redact), box.state / "videod.sock", free)
    yield free
    await listening.close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.fault("12.19")
async def test_the_port_only_reads_and_only_in_our_own_name(box: StudioBox, port: int) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    base = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession(headers={token.HEADER: token.read(box.state)}) as session:
        for path in ("/health", "/ready", "/metrics", "/api/status", f"/api/tasks/{task}"):
            async with session.get(f"{base}{path}") as answer:
                assert answer.status == 200, path
            for host in ("localhost", f"LOCALHOST:{port}", "[::1]:80", "127.0.0.1."):
                async with session.get(f"{base}{path}", headers={"Host": host}) as answer:
                    assert answer.status == 200, (path, host)
            for host in ("evil.example:80", "monitor.example", "127.0.0.1.evil.example", "evil.example@localhost", "",
                         "localhost:x", "0.0.0.0", "localhost, evil.example", "2130706433", "[::1"):  # fmt: skip
                async with session.get(f"{base}{path}", headers={"Host": host}) as answer:
                    assert answer.status in (400, 403), (path, host)
        async with session.post(f"{base}/api/tasks/{task}/approve") as answer:
            assert answer.status == 403
            assert "Unix socket" in (await answer.json())["message"]
    assert box.task(task).status == Status.ASSETS_READY


@pytest.mark.fault("12.19")
@pytest.mark.parametrize(
    "head",
    ["GET http://evil.example/api/status HTTP/1.1\r\nHost: localhost\r\n", "GET /api/status HTTP/1.0\r\n",
     "GET /api/status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", "GET /api/status HTTP/1.1\r\n"],
)  # fmt: skip
async def test_a_name_said_twice_or_never_is_none_of_ours(port: int, head: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"400", b"403"), answer


async def test_a_port_in_use_is_named_and_leaves_no_socket_behind(box: StudioBox) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        app = build_app(box.ledger, box.store, box.clock, redact)
        with pytest.raises(ListenError, match=f"port {port}"):
            await serve(app, box.state / "videod.sock", port)
    assert not (box.state / "videod.sock").exists()


def test_a_late_loop_is_counted_below_the_edge_it_kept() -> None:
    late = of_loop()
    for late_s in (0.0004, 0.02, 0.02, 7.0):
        late.note(late_s)
    box_of = dict(zip([*late.edges_s, None], late.counts, strict=True))
    assert {edge: count for edge, count in box_of.items() if count} == {0.001: 1, 0.025: 2, None: 1}
    text = "\n".join(_histogram(late))
    assert 'videod_loop_delay_seconds_bucket{le="0.025"} 3' in text
    assert 'videod_loop_delay_seconds_bucket{le="+Inf"} 4' in text


@pytest.mark.fault("1.4")
@pytest.mark.parametrize(
    "body",
    [b"[" * 50_000, b"\xff\xfe", b"NaN", b"[]", b"{", b'{"gate": ["assets"]}', b'{"gate": "' + b"x" * 900 + b'"}'],
)
async def test_a_body_of_nonsense_is_refused_with_a_sentence(box: StudioBox, api: Caller, body: bytes) -> None:
    task = box.queue("Bears")
    headers = {"Content-Type": "application/json; charset=martian"}
    async with api.session.post(f"http://videod/api/tasks/{task}/approve", data=body, headers=headers) as answer:
        assert answer.status == 400 and (await answer.json())["hint"]


@pytest.mark.fault("12.22")
@pytest.mark.parametrize(
    "body",
    [rb'{"reason": "half \ud800 a character"}', rb'{"\udfff": 1}', rb'{"gate": {"a": ["\udc00"]}}',
     b'{"reason": "\xff"}', rb'{"reason": "\ud800\ud800"}', b'{"reason": "\xed\xa0\x80"}'],
)  # fmt: skip
async def test_half_a_character_is_refused_with_a_sentence(box: StudioBox, api: Caller, body: bytes) -> None:
    for path in (f"/api/tasks/{box.queue('Bears')}/pause", "/api/services/kie/pause"):
        async with api.session.post(f"http://videod{path}", data=body, headers=JSON) as answer:
            assert (answer.status, bool((await answer.json())["hint"])) == (400, True)
    assert (await api.get("/api/status"))[1]["suspensions"] == []


async def test_a_reason_with_whole_characters_and_odd_ones_is_cleaned(box: StudioBox, api: Caller) -> None:
    body = rb'{"reason": "a \ud83d\ude00 smile\u0007 "}'
    async with api.session.post("http://videod/api/services/kie/pause", data=body, headers=JSON) as answer:
        assert answer.status == 200
    assert (await api.get("/api/status"))[1]["suspensions"][0]["reason"] == "a \U0001f600 smile"


@pytest.mark.parametrize("path", ["/api/tasks/%ED%A0%80/pause", "/api/tasks/%00/pause", "/api/tasks/%FF/retry"])
async def test_a_name_that_is_no_text_is_nobodys(api: Caller, path: str) -> None:
    async with api.session.post(URL(f"http://videod{path}", encoded=True), data=b"{}", headers=JSON) as answer:
        assert answer.status in (400, 404), await answer.text()


@pytest.mark.fault("12.20")
@pytest.mark.parametrize(
    ("kind", "status"),
    [("application/json", 200), ("Application/JSON; charset=x", 200), ("application/json;", 200), ("text/plain", 415),
     ("application/jsonp", 415), ("application/x-www-form-urlencoded", 415), ("", 415), ("multipart/form-data", 415),
     ("text/plain; application/json", 415), ("application/json; charset=utf-16", 200)],
)  # fmt: skip
async def test_a_body_must_say_that_it_is_json(api: Caller, kind: str, status: int) -> None:
    headers = {"Content-Type": kind} if kind else {}
    async with api.session.post(
        "http://videod/api/services/kie/pause", data=b"{}", headers=headers, skip_auto_headers=["Content-Type"]
    ) as answer:
        assert answer.status == status, await answer.text()


@pytest.mark.parametrize(
    "head",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:3000"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
async def test_a_change_from_another_page_is_refused_on_the_socket_too(api: Caller, head: dict[str, str]) -> None:
    async with api.session.post("http://videod/api/services/kie/pause", json={}, headers=head) as answer:
        assert answer.status == 403
    assert (await api.get("/api/status"))[1]["suspensions"] == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [("Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n"), ("Content-Length: 2\r\nContent-Encoding: gzip", "{}"),
     ("Content-Length: 2\r\nContent-Encoding: br", "{}"), ("Content-Length: -2", "{}")],
)  # fmt: skip
async def test_a_body_that_is_not_what_its_headers_say_is_refused(
    box: StudioBox, api: Caller, headers: str, body: str
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(box.state / "videod.sock"))
    writer.write(
        f"POST /api/services/kie/pause HTTP/1.1\r\nHost: videod\r\n{token.HEADER}: {token.read(box.state)}\r\n"
        f"Content-Type: application/json\r\n{headers}\r\nConnection: close\r\n\r\n{body}".encode()
    )
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] == b"400", answer
