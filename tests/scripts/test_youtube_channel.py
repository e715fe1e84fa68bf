"""The channel of the file, of the consent and of the upload are the same, or nothing is sent."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import ask_youtube, upload_video
from scripts.lib import upload_session
from tests.scripts.conftest import Run
from tests.scripts.stand_ins import standing
from tests.scripts.wire import Wire, say
from videod.sandbox import google, youtube
from videod.sandbox.kernel import Context, Fault


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    with standing({"youtube": youtube.build, "google": google.build}, tmp_path / "sandbox", monkeypatch) as context:
        yield context


@pytest.fixture
def token(sandbox: Context, monkeypatch: pytest.MonkeyPatch) -> str:
    made = google.access_token(sandbox, "wild", google.EVERY_SCOPE, "sandbox-refresh-wild")
    monkeypatch.setenv("YOUTUBE_ACCESS_TOKEN", made)
    return made


def upload(folder: Path, channel: str) -> list[object]:
    film = folder / "film.mp4"
    film.write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 300_000)
    return ["--video", film, "--title", "Bears", "--privacy", "private", "--not-made-for-kids", "--chunk-mib", "0.25",
            "--youtube-channel", channel, "--output", folder / "result.json"]  # fmt: skip


def sent(sandbox: Context) -> list[str]:
    """What left for YouTube beside questions."""
    return [f"{asked['method']} {asked['path']}" for asked in sandbox.requests if asked["method"] != "GET"]


@pytest.mark.fault("3.1")
@pytest.mark.parametrize("name", ["UCwild", "@wild", "@WILD"])
def test_a_film_goes_to_the_channel_of_the_file_whichever_way_it_is_named(
    sandbox: Context, run: Run, tmp_path: Path, token: str, name: str
) -> None:
    ran = run(upload_video.main, *upload(tmp_path, name))
    assert ran.code == 0, ran.stderr
    assert [video["channel"] for video in sandbox.load("youtube")["videos"].values()] == ["wild"]


@pytest.mark.fault("3.1")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("UCocean", '"ocean" (UCocean)'),
        ("@ocean", '"ocean" (UCocean)'),
        ("UCnobody", "names UCnobody"),
        ("@nobody", "knows no channel @nobody"),
        ("user/nobody", "knows no channel user/nobody"),
    ],
)
def test_another_channel_is_refused_with_both_names_before_a_byte_is_sent(
    sandbox: Context, run: Run, tmp_path: Path, token: str, name: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = google.access_token(sandbox, "ocean", google.EVERY_SCOPE, "sandbox-refresh-ocean")
    monkeypatch.setenv("YOUTUBE_ACCESS_TOKEN", other)
    assert run(ask_youtube.main, "--mine").events == [{"channels": [_listed("ocean")]}]
    monkeypatch.setenv("YOUTUBE_ACCESS_TOKEN", token)
    ran = run(upload_video.main, *upload(tmp_path, name))
    assert (ran.code, ran.failure["kind"], ran.failure["code"]) == (78, "configuration", "wrongChannel")
    assert '"wild" (UCwild)' in ran.failure["message"] and told in ran.failure["message"]
    assert "videod channels authorize" in ran.stderr or "youtube_channel" in ran.stderr
    assert sent(sandbox) == [] and not (tmp_path / "result.json.session.json").exists()


@pytest.mark.fault("3.1")
@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (Fault("youtube", "no_channel"), "noChannel", "has no YouTube channel"),
        (Fault("youtube", "more_channels", body="ocean"), "severalChannels", '"wild" (UCwild) and "ocean" (UCocean)'),
    ],
)
def test_an_account_of_no_channel_or_of_several_uploads_nothing(
    sandbox: Context, run: Run, tmp_path: Path, token: str, fault: Fault, code: str, told: str
) -> None:
    sandbox.faults.add(fault)
    ran = run(upload_video.main, *upload(tmp_path, "UCwild"))
    assert (ran.code, ran.failure["code"]) == (78, code) and told in ran.failure["message"]
    assert sent(sandbox) == []


@pytest.mark.fault("3.1")
def test_a_consent_that_may_only_upload_is_asked_for_again(
    sandbox: Context, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = google.access_token(sandbox, "wild", f"{google.SCOPE_ROOT}youtube.upload", "sandbox-refresh-wild")
    monkeypatch.setenv("YOUTUBE_ACCESS_TOKEN", old)
    ran = run(upload_video.main, *upload(tmp_path, "UCwild"))
    assert (ran.code, ran.failure["kind"]) == (78, "configuration")
    assert "youtube.readonly" in ran.failure["message"] and "videod channels authorize" in ran.stderr
    assert sent(sandbox) == []


@pytest.mark.fault("3.1")
def test_an_upload_of_an_earlier_run_is_not_gone_on_with_for_another_channel(
    sandbox: Context, run: Run, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.faults.add(Fault("youtube", "status", endpoint="PUT *", status=403))
    monkeypatch.setattr(upload_session, "PAUSES_S", (0.01, 0.01))
    assert run(upload_video.main, *upload(tmp_path, "UCwild")).code != 0
    assert (tmp_path / "result.json.session.json").exists()
    sandbox.faults.clear()
    sandbox.requests.clear()
    other = google.access_token(sandbox, "ocean", google.EVERY_SCOPE, "sandbox-refresh-ocean")
    monkeypatch.setenv("YOUTUBE_ACCESS_TOKEN", other)
    assert run(upload_video.main, *upload(tmp_path, "UCwild")).failure["code"] == "wrongChannel"
    assert sent(sandbox) == []


@pytest.mark.fault("3.1")
@pytest.mark.parametrize(("status", "kind"), [(503, "down"), (429, "busy"), (401, "credentials")])
def test_a_youtube_that_does_not_say_whose_the_token_is_gets_no_film(
    sandbox: Context, run: Run, tmp_path: Path, token: str, status: int, kind: str
) -> None:
    sandbox.faults.add(Fault("youtube", "status", endpoint="GET */channels", status=status))
    ran = run(upload_video.main, *upload(tmp_path, "UCwild"))
    assert ran.failure["kind"] == kind and sent(sandbox) == []


@pytest.mark.parametrize("body", ["[]", "{}", '{"kind": "x", "items": [{}]}', "no json", '{"items": 3}'])
def test_nonsense_in_the_place_of_a_list_is_no_channel(wire: Wire, run: Run, tmp_path: Path, body: str) -> None:
    from tests.scripts.wire import Say

    wire.on("GET", "/youtube/v3/channels", Say(body.encode(), headers={"Content-Type": "application/json"}))
    ran = run(upload_video.main, *upload(tmp_path, "UCwild"))
    assert ran.failure["kind"] == "nonsense", ran.stderr
    assert {asked.method for asked in wire.asked} == {"GET"}


def test_the_state_of_videos_is_asked_fifty_at_a_time(wire: Wire, run: Run) -> None:
    wire.on("GET", "/youtube/v3/videos", say({"items": [{"id": "v1", "status": {"uploadStatus": "processed"}}]}))
    ran = run(ask_youtube.main, "--videos", ",".join(f"v{number}" for number in range(120)))
    assert ran.events == [{"videos": {"v1": {"id": "v1", "status": {"uploadStatus": "processed"}}}}]
    asked = [len(one.query["id"][0].split(",")) for one in wire.asked]
    assert asked == [50, 50, 20] and "processingDetails" in wire.asked[0].query["part"][0]
    assert json.dumps(ran.events)


def _listed(name: str) -> dict[str, str]:
    return {"id": f"UC{name}", "title": name, "handle": f"@{name}"}
