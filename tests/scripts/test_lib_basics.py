"""What all scripts stand on: events and exit codes, whole files, deadlines, receipts, Google's day."""

import argparse
import errno
import fcntl
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from scripts.lib import atomic, google_time, http, plan_answers, receipt, script_runtime, sigv4, workroom
from scripts.lib.failures import MEANING, AnswerLost, Failure, Kind
from scripts.lib.script_runtime import Reporter
from tests.harness.patience import PATIENCE_S
from tests.scripts.conftest import Run
from tests.scripts.wire import Say, Wire

SCRIPTS = ("generate_plan", "generate_asset", "generate_video", "generate_audio", "generate_sound_effects",
           "upload_video", "youtube_auth")  # fmt: skip


def ending(work: object, *words: str) -> int:
    def call(_: argparse.Namespace, __: Reporter) -> None:
        if isinstance(work, BaseException):
            raise work

    return script_runtime.run(script_runtime.Arguments("x.py", "x", "x"), call, list(words))


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_its_exit_code_and_its_next_step(kind: Kind, capsys: pytest.CaptureFixture[str]) -> None:
    code = ending(
        Failure(kind, "it broke", service="kie", endpoint="GET /x", http_status=500, request_id="r1"), "--events"
    )
    said = capsys.readouterr()
    assert code == MEANING[kind].exit_code and code in {64, 65, 69, 74, 75, 76, 77, 78}
    assert json.loads(said.out) == {
        "type": "failure", "kind": kind.value, "service": "kie", "endpoint": "GET /x", "http_status": 500, "code": None,
        "message": "it broke", "request_id": "r1", "retry_after_s": None,
    }  # fmt: skip
    assert said.err.strip().startswith(f"{kind.value}: kie GET /x: it broke (HTTP 500, request r1). Next: ")


def test_a_bug_ends_with_70_and_its_trace_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIE_API_KEY", "top-secret")
    assert ending(KeyError("top-secret")) == 70
    said = capsys.readouterr().err
    assert "top-secret" not in said and "internal error in x.py: KeyError" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("error", "code"), [(errno.ENOSPC, 74), (errno.EDQUOT, 74), (errno.ENOENT, 65), (errno.ECHILD, 70)]
)
def test_a_full_disk_and_a_missing_file_are_reported_from_a_bug(error: int, code: int) -> None:
    assert ending(OSError(error, os.strerror(error), "clip.mp4")) == code


def test_friendly_text_and_events_tell_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    for mode in (True, False):
        out = io.StringIO()
        reporter = Reporter(mode, out)
        reporter.charged("kie", "clip", 84, "credit", 0.42)
        reporter.result(tmp_path / "a.txt", width=7)
        lines = out.getvalue().splitlines()
        if mode:
            result = json.loads(lines[1])
            assert (result["bytes"], result["width"], result["sha256"][:8]) == (5, 7, "2cf24dba")
        else:
            assert lines == [
                "kie charged 84 credit for clip (0.4200 USD)",
                f"wrote {tmp_path}/a.txt (5 bytes, width 7)",
            ]


@pytest.mark.live
@pytest.mark.parametrize("name", SCRIPTS)
def test_help_shows_an_example_without_loading_heavy_packages(name: str) -> None:
    code = (
        f"import sys, runpy; sys.argv = ['{name}.py', '--help']\n"
        f"try: runpy.run_path('scripts/{name}.py', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'httpx', 'PIL', 'cryptography', 'asyncio', 'googleapiclient', 'videod'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "example:" in done.stdout and f"python scripts/{name}.py" in done.stdout


def test_a_write_that_fails_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic.replacing(path) as (stream, _):
        stream.write(b"half")
        raise RuntimeError("cut off")
    assert path.read_text() == "old" and [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_leftovers_of_processes_that_are_gone_are_swept_away(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (tmp_path / f".a.{gone.pid}.part.txt").write_text("half")
    held = (tmp_path / f".a.{os.getppid()}.part.txt").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)  # somebody still writes this
    atomic.write_text(tmp_path / "a.txt", "new")
    held.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".a.{os.getppid()}.part.txt", "a.txt"]


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o600


def service(wire: Wire) -> http.Service:
    return http.Service("fake", wire.url, {"X-Key": "1"})


def test_a_deadline_covers_a_body_that_drips(wire: Wire) -> None:
    wire.on("GET", "/slow", Say(b"x" * 100_000, drip_s=0.05))
    with pytest.raises(AnswerLost, match="no complete answer within"):
        service(wire).send("GET", "/slow", deadline_s=0.3)


def test_a_deadline_covers_headers_that_drip() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            peer, _ = server.accept()
            with peer:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 60_000:
                        peer.sendall(bytes((byte,)))
                        time.sleep(0.02)
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        fake = http.Service("fake", f"http://127.0.0.1:{server.getsockname()[1]}", {})
        with pytest.raises(AnswerLost):
            fake.send("GET", "/", deadline_s=0.3)
        thread.join()


def test_an_answer_larger_than_its_cap_is_not_taken(wire: Wire) -> None:
    wire.on("GET", "/big", Say(b"x" * 5000))
    with pytest.raises(AnswerLost, match="larger than 1,000 bytes"):
        service(wire).send("GET", "/big", deadline_s=PATIENCE_S, cap=1000)


def test_a_body_cut_short_is_a_lost_answer(wire: Wire) -> None:
    wire.on("GET", "/cut", Say(b"x" * 100, stated=200))
    with pytest.raises(AnswerLost, match="connection broke"):
        service(wire).send("GET", "/cut", deadline_s=PATIENCE_S)


def test_a_download_that_crawls_is_given_up(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SLOW_WINDOW_S", 0.2)
    wire.on("GET", "/slow", Say(b"x" * 100_000, drip_s=0.05))
    with (tmp_path / "a").open("wb") as stream, pytest.raises(AnswerLost, match="crawls"):
        http.download(f"{wire.url}/slow", stream, service="fake", deadline_s=PATIENCE_S, cap=1000, home=wire.url)


def test_a_connection_that_was_refused_was_never_taken() -> None:
    with pytest.raises(Failure) as caught:
        http.Service("fake", "http://127.0.0.1:9", {}).send("GET", "/", deadline_s=PATIENCE_S)
    assert not isinstance(caught.value, AnswerLost) and caught.value.kind is Kind.DOWN


def test_an_ordinary_agent_and_the_services_own_headers_go_along(wire: Wire) -> None:
    wire.on("GET", "/", Say(b"ok"))
    service(wire).send("GET", "/", deadline_s=PATIENCE_S)
    assert (wire.asked[0].headers["user-agent"], wire.asked[0].headers["x-key"]) == ("videod/0.1", "1")


def test_the_digest_of_a_request_knows_every_part_of_it() -> None:
    base = receipt.digest("kie", "m", "p", {"a": 1, "b": 2}, ["x"])
    assert base == receipt.digest("kie", "m", "p", {"b": 2, "a": 1}, ["x"])
    others = {
        receipt.digest("gemini", "m", "p", {"a": 1, "b": 2}, ["x"]),
        receipt.digest("kie", "n", "p", {"a": 1, "b": 2}, ["x"]),
        receipt.digest("kie", "m", "q", {"a": 1, "b": 2}, ["x"]),
        receipt.digest("kie", "m", "p", {"a": 1, "b": 3}, ["x"]),
        receipt.digest("kie", "m", "p", {"a": 1, "b": 2}, ["y"]),
    }
    assert len(others | {base}) == 6


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 9, "digest": "d", "state": "intent"}'])
def test_a_receipt_that_cannot_be_understood_is_a_doubt(tmp_path: Path, text: str) -> None:
    receipt.path_for(tmp_path / "a.png").write_text(text)
    with pytest.raises(Failure) as caught:
        receipt.open_order(tmp_path / "a.png", "kie", "d", buy_again=False)
    assert caught.value.kind is Kind.IN_DOUBT
    assert receipt.open_order(tmp_path / "a.png", "kie", "d", buy_again=True).state is None


def test_an_older_output_does_not_pass_for_the_answer_to_a_later_intent(tmp_path: Path) -> None:
    output = tmp_path / "a.png"
    output.write_text("from an earlier request")
    os.utime(output, (1, 1))
    order = receipt.open_order(output, "kie", "d", buy_again=False)
    with pytest.raises(Failure), order.paid():
        raise AnswerLost(Kind.DOWN, "reset")
    with pytest.raises(Failure) as caught:
        receipt.open_order(output, "kie", "d", buy_again=False)
    assert caught.value.kind is Kind.IN_DOUBT


def test_nothing_is_ordered_when_the_answer_would_have_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "free_bytes", lambda _: 1000)
    order = receipt.open_order(tmp_path / "a.png", "kie", "d", buy_again=False)
    with pytest.raises(Failure) as caught, order.paid():
        pytest.fail("the request was sent")
    assert caught.value.kind is Kind.DISK and list(tmp_path.iterdir()) == []


def test_an_order_that_is_done_takes_away_what_a_killed_run_left_beside_it(tmp_path: Path) -> None:
    order = receipt.open_order(tmp_path / "a.png", "kie", "d", buy_again=False)
    with order.paid():
        atomic.write(tmp_path / "a.png", b"made")
    order.received()
    (tmp_path / ".a.4711.room.part.png").touch()  # killed before it took its room away
    assert receipt.open_order(tmp_path / "a.png", "kie", "d", buy_again=False).state == "received"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", receipt.path_for(tmp_path / "a.png").name]


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("2026-11-21T07:59:00", 1 / 60),  # 23:59 in winter
        ("2026-11-21T08:00:00", 24.0),
        ("2026-03-08T08:00:00", 23.0),  # the night that summer time begins
        ("2026-11-01T07:00:00", 25.0),  # the night that it ends
    ],
)
def test_googles_day_ends_at_midnight_in_california(now: str, hours: float) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert google_time.seconds_to_pacific_midnight(moment) == pytest.approx(hours * 3600)
    abroad = moment.astimezone(ZoneInfo("Asia/Tokyo"))
    assert google_time.seconds_to_pacific_midnight(abroad) == pytest.approx(hours * 3600)


def test_presigned_links_are_those_of_amazons_own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)
    credentials = botocore.credentials.Credentials("AKID", "secret")
    request = botocore.awsrequest.AWSRequest("GET", "https://acc.r2.example/seeds/seeds/a-1.png")
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", "auto", expires=3600).add_auth(request)
    bucket = sigv4.Bucket("https://acc.r2.example", "seeds", "AKID", "secret")
    assert sigv4.presign(bucket, "GET", "seeds/a-1.png", now, 3600) == request.url


def test_no_word_of_a_secret_survives_in_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIzaSecret")
    script_runtime.warn("the key AIzaSecret was refused")
    assert capsys.readouterr().err == "warning: the key (GEMINI_API_KEY) was refused\n"


# ---------------------------------------------------------------------------- traps of who shares a folder


@pytest.mark.fault("12.4")
def test_notes_go_where_videod_says_and_by_hand_beside_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "videos" / "clip.mp4"
    assert receipt.path_for(output) == tmp_path / "videos" / "clip.mp4.job.json"
    monkeypatch.setenv("VIDEOD_JOURNAL", str(tmp_path / "journal"))
    assert receipt.path_for(output) == tmp_path / "journal" / "clip.mp4.job.json"
    assert plan_answers.path_for(tmp_path / "plan.json") == tmp_path / "journal" / "plan.answers.json"


@pytest.mark.fault("12.11")
@pytest.mark.parametrize("planted", [".clip.{pid}.part.mp4", ".clip.{pid}.room.part.mp4", "clip.mp4"])
def test_a_planted_link_is_not_written_through(tmp_path: Path, planted: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / planted.format(pid=os.getpid())).symlink_to(outside)
    with atomic.held_room(folder / "clip.mp4", 1000):
        atomic.write(folder / "clip.mp4", b"a clip")
    assert outside.read_text() == "mine"
    assert (folder / "clip.mp4").read_bytes() == b"a clip" and not (folder / "clip.mp4").is_symlink()


@pytest.mark.fault("12.7")
def test_a_planted_pipe_holds_up_no_sweep(tmp_path: Path) -> None:
    for name in (".clip.12.part.mp4", ".clip.12.room.part.mp4", ".clip.mp4.12.work"):
        os.mkfifo(tmp_path / name)
    atomic.write(tmp_path / "clip.mp4", b"a clip")
    with workroom.workroom(tmp_path / "clip.mp4") as room:
        assert room.is_dir()


@pytest.mark.fault("12.7")
def test_a_pipe_is_no_input_and_no_refused_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    os.mkfifo(tmp_path / "clip.mp4.refused")
    with pytest.raises(OSError):
        atomic.fingerprint(tmp_path / "clip.mp4")
    with pytest.raises(OSError):
        atomic.read_small(tmp_path / "clip.mp4")
    assert receipt.refused_digest(tmp_path / "clip.mp4") is None
