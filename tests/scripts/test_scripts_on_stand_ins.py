"""The scripts against the sandbox's simulated services: what both sides believe of the wire must be the same."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import generate_audio, generate_sound_effects, generate_video, upload_video, youtube_auth
from scripts.lib import google_oauth
from tests.harness.patience import PATIENCE_S
from tests.scripts.conftest import Run, png
from tests.scripts.stand_ins import Builders, standing
from videod.sandbox import catbox, elevenlabs, google, kie, youtube
from videod.sandbox.elevenlabs.catalogue import NARRATORS
from videod.sandbox.kernel import Context, Fault

pytestmark = pytest.mark.live

BUILDERS: Builders = {
    "kie": kie.build, "kie_upload": kie.build_upload, "elevenlabs": elevenlabs.build, "youtube": youtube.build,
    "google": google.build, "catbox": catbox.build,
}  # fmt: skip
VOICE = next(iter(NARRATORS))


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    with standing(BUILDERS, tmp_path / "sandbox", monkeypatch) as context:
        yield context


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "seed.png"
    path.write_bytes(png(640, 360, "teal"))
    return path


def video(folder: Path, seed: Path, *more: object) -> list[object]:
    return ["--image", seed, "--prompt", "The bear lifts its head. Slow push in.", "--duration", 5, "--poll", 0.1,
            "--output", folder / "clip.mp4", *more]  # fmt: skip


def narration(folder: Path, voice: str) -> list[object]:
    return ["--text", "The old bear waits where the river narrows.", "--voice", voice, "--output", folder / "n.mp3"]


@pytest.mark.parametrize("host", ["kie", "catbox"])
def test_a_clip_is_filmed_from_the_hosted_picture(
    sandbox: Context, run: Run, tmp_path: Path, seed: Path, host: str
) -> None:
    ran = run(generate_video.main, *video(tmp_path, seed, "--image-host", host))
    assert ran.code == 0, ran.stderr
    assert ran.result["duration_s"] == pytest.approx(5, abs=0.2)
    assert [event["usd"] for event in ran.of("charged")] == [0.21]
    assert sandbox.account.total_usd() == pytest.approx(0.21)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("no_credit", "quota"), ("code_429", "busy"), ("maintenance", "down"), ("fail_refused", "refused"),
     ("fail_generation", "down")],
)  # fmt: skip
def test_what_goes_wrong_at_kie_is_named_rightly_and_fixes(
    sandbox: Context, run: Run, tmp_path: Path, seed: Path, fault: str, kind: str
) -> None:
    sandbox.faults.add(Fault("kie", fault, times=1))
    assert run(generate_video.main, *video(tmp_path, seed)).failure["kind"] == kind
    assert run(generate_video.main, *video(tmp_path, seed)).code == 0
    assert sandbox.account.total_usd() == pytest.approx(0.21)


def test_an_order_whose_answer_was_lost_is_paid_once(sandbox: Context, run: Run, tmp_path: Path, seed: Path) -> None:
    sandbox.faults.add(Fault("kie", "reset_after", endpoint="POST */createTask", times=1))
    assert run(generate_video.main, *video(tmp_path, seed)).failure["kind"] == "in_doubt"
    assert run(generate_video.main, *video(tmp_path, seed)).failure["kind"] == "in_doubt"
    assert sandbox.account.total_usd() == pytest.approx(0.21)


def test_stutter_while_waiting_and_fetching_never_orders_again(
    sandbox: Context, run: Run, tmp_path: Path, seed: Path
) -> None:
    sandbox.faults.set([
        Fault("kie", "null_record", times=1),
        Fault("kie", "status", endpoint="GET */recordInfo", status=502, times=2),
        Fault("kie", "malformed", endpoint="GET */recordInfo", times=1),
        Fault("kie", "expired_result", times=1),
    ])  # fmt: skip
    ran = run(generate_video.main, *video(tmp_path, seed))
    assert ran.code == 0, ran.stderr
    assert sandbox.account.total_usd() == pytest.approx(0.21)


def test_a_clip_that_stays_broken_is_paid_once_and_never_put_in_place(
    sandbox: Context, run: Run, tmp_path: Path, seed: Path
) -> None:
    sandbox.faults.add(Fault("kie", "corrupt_clip", times=1))
    assert run(generate_video.main, *video(tmp_path, seed)).failure["kind"] == "in_doubt"
    assert not (tmp_path / "clip.mp4").exists()
    assert run(generate_video.main, *video(tmp_path, seed)).failure["kind"] == "in_doubt"
    assert sandbox.account.total_usd() == pytest.approx(0.21)
    assert run(generate_video.main, *video(tmp_path, seed, "--buy-again")).code == 0


def test_speech_and_effects_cost_what_both_sides_say(sandbox: Context, run: Run, tmp_path: Path) -> None:
    spoken = run(generate_audio.main, *narration(tmp_path, VOICE))
    assert spoken.code == 0, spoken.stderr
    words = ("--text", "Continuous river ambience with wind in firs", "--duration", 4, "--output", tmp_path / "s.mp3")
    effect = run(generate_sound_effects.main, *words)
    assert effect.code == 0, effect.stderr
    assert effect.result["lufs"] == pytest.approx(-30, abs=1)
    told = spoken.of("charged")[0]["usd"] + effect.of("charged")[0]["usd"]
    assert sandbox.account.total_usd() == pytest.approx(told)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("quota", "quota"), ("concurrent", "busy"), ("voice_not_found", "configuration"), ("refuse", "refused"),
     ("silent_audio", "nonsense"), ("truncated_audio", "nonsense")],
)  # fmt: skip
def test_what_goes_wrong_at_elevenlabs_is_named_rightly(
    sandbox: Context, run: Run, tmp_path: Path, fault: str, kind: str
) -> None:
    sandbox.faults.add(Fault("elevenlabs", fault, times=1))
    assert run(generate_audio.main, *narration(tmp_path, VOICE)).failure["kind"] == kind
    assert run(generate_audio.main, *narration(tmp_path, VOICE)).code == 0


def upload(folder: Path, film: Path, *more: object) -> list[object]:
    return ["--video", film, "--title", "Bears", "--description", "A river.", "--privacy", "unlisted",
            "--not-made-for-kids", "--marker", "videod:task_7", "--chunk-mib", "0.25", "--token-file",
            folder / "wild.token", "--output", folder / "result.json", *more]  # fmt: skip


@pytest.fixture
def film(tmp_path: Path, clip: bytes, sandbox: Context) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(clip + b"\0" * (700_000 - len(clip)))
    google_oauth.keep(tmp_path / "wild.token", "wild", "sandbox-refresh-wild", google_oauth.SCOPES)
    return path


@pytest.mark.parametrize("fault", [None, "partial_chunk", "no_range", "final_lost"])
def test_a_film_is_published_once_whatever_the_session_does(
    sandbox: Context, run: Run, tmp_path: Path, film: Path, fault: str | None
) -> None:
    if fault is not None:
        sandbox.faults.add(Fault("youtube", fault, times=1))
    ran = run(upload_video.main, *upload(tmp_path, film))
    assert ran.code == 0, ran.stderr
    videos = sandbox.load("youtube")["videos"]
    assert [video["status"]["privacyStatus"] for video in videos.values()] == ["unlisted"]
    assert list(videos) == [ran.result["video_id"]]
    assert next(iter(videos.values()))["sha256"] == ran.result["video_sha256"]


def test_a_film_whose_session_vanished_after_the_end_is_found_again(
    sandbox: Context, run: Run, tmp_path: Path, film: Path
) -> None:
    first = run(upload_video.main, *upload(tmp_path, film))
    (tmp_path / "result.json").unlink()
    second = run(upload_video.main, *upload(tmp_path, film))
    assert second.result["video_id"] == first.result["video_id"]
    assert len(sandbox.load("youtube")["videos"]) == 1


@pytest.mark.parametrize(("fault", "least_s"), [("daily_limit", 1), ("unit_quota", 1), ("channel_limit", 80_000)])
def test_empty_upload_quotas_say_when_they_are_filled_again(
    sandbox: Context, run: Run, tmp_path: Path, film: Path, fault: str, least_s: float
) -> None:
    sandbox.faults.add(Fault("youtube", fault, times=1))
    ran = run(upload_video.main, *upload(tmp_path, film))
    assert (ran.code, ran.failure["kind"]) == (75, "quota")
    assert ran.failure["retry_after_s"] >= least_s


def test_a_wrong_key_is_a_matter_of_credentials_everywhere(
    sandbox: Context, run: Run, tmp_path: Path, seed: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("KIE_API_KEY", "ELEVENLABS_API_KEY"):
        monkeypatch.setenv(variable, "a-wrong-key")
    google_oauth.keep(tmp_path / "wild.token", "wild", "a-wrong-token", google_oauth.SCOPES)
    runs = [
        run(generate_video.main, *video(tmp_path, seed)),
        run(generate_audio.main, *narration(tmp_path, VOICE)),
        run(upload_video.main, *upload(tmp_path, film)),
    ]
    assert [(ran.code, ran.failure["kind"]) for ran in runs] == [(77, "credentials")] * 3


def test_consent_at_the_stand_in_gives_a_token_that_uploads(
    sandbox: Context, run: Run, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    def visit(address: str) -> bool:
        # the page's own "allow" goes where the simulated service says; a test has no finger to press it
        def follow() -> None:
            with httpx.Client(follow_redirects=True, trust_env=False, timeout=PATIENCE_S) as client:
                client.get(address)

        threading.Thread(target=follow).start()
        return True

    monkeypatch.setattr("webbrowser.open", visit)
    token = tmp_path / "wild.token"
    ran = run(youtube_auth.main, "--channel", "wild", "--output", token, "--timeout", PATIENCE_S)
    assert ran.code == 0, ran.stderr
    uploaded = run(upload_video.main, *upload(tmp_path, film))
    assert uploaded.code == 0, uploaded.stderr
    assert json.loads((tmp_path / "result.json").read_text())["privacy"] == "unlisted"
