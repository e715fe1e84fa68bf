"""Where the first picture of a clip is put when a host does not take it (FR20)."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts import generate_video
from scripts.lib import imagehost
from tests.scripts.conftest import Run
from tests.scripts.test_generate_video import CREATE, UPLOAD, lay_out, wish
from tests.scripts.wire import Say, Wire, say

CATBOX = "/user/api.php"
DOWN = Say(b"<h1>Bad Gateway</h1>", status=502)
THERE = Say(b"https://files.catbox.moe/abc123.png\n")
HOSTED = say({"success": True, "code": 200, "data": {"downloadUrl": "https://tempfile.example/seed.png"}})
TWO = ("--image-host", "kie", "--image-host-second", "catbox")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited between tries; nobody really waits."""
    waited: list[float] = []
    monkeypatch.setattr(imagehost, "time", SimpleNamespace(sleep=waited.append))
    return waited


def pictures(wire: Wire) -> list[str]:
    """Where the pictures of the orders were."""
    return [asked.json()["input"]["image_url"] for asked in wire.asked_for(CREATE)]


def test_a_host_that_fails_three_times_gives_way_to_the_second(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, pauses: list[float]
) -> None:
    lay_out(wire, clip)
    wire.on("POST", UPLOAD, DOWN)
    wire.on("POST", CATBOX, THERE)
    ran = run(generate_video.main, *wish(tmp_path, picture, *TWO))
    assert ran.code == 0 and len(wire.asked_for(UPLOAD)) == 3 and pauses == list(imagehost.PAUSES_S)
    assert pictures(wire) == ["https://files.catbox.moe/abc123.png"]
    assert any("kie does not take the picture" in event["message"] for event in ran.of("progress"))


def test_the_first_host_is_used_again_as_soon_as_it_works(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("POST", UPLOAD, DOWN, DOWN, DOWN, HOSTED)
    wire.on("POST", CATBOX, THERE)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        lay = run(generate_video.main, *wish(tmp_path / name, picture, *TWO))
        assert lay.code == 0
    assert pictures(wire) == ["https://files.catbox.moe/abc123.png", "https://tempfile.example/seed.png"]


def test_a_host_that_fails_twice_keeps_the_picture(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("POST", UPLOAD, DOWN, Say(cut=True), HOSTED)
    assert run(generate_video.main, *wish(tmp_path, picture, *TWO)).code == 0
    assert pictures(wire) == ["https://tempfile.example/seed.png"] and not wire.asked_for(CATBOX)


@pytest.mark.parametrize(
    "refusal",
    [
        say({"code": 401, "msg": "You do not have access permissions"}, status=401),
        say({"code": 429, "msg": "too many"}, status=429, **{"Retry-After": "600"}),
    ],
    ids=["a refused key", "a long wait"],
)
def test_what_no_third_try_changes_is_not_tried_three_times(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, refusal: Say
) -> None:
    lay_out(wire, clip)
    wire.on("POST", UPLOAD, refusal)
    wire.on("POST", CATBOX, THERE)
    assert run(generate_video.main, *wish(tmp_path, picture, *TWO)).code == 0
    assert len(wire.asked_for(UPLOAD)) == 1 and pictures(wire) == ["https://files.catbox.moe/abc123.png"]


def test_where_both_hosts_fail_nothing_is_ordered_and_both_are_named(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("POST", UPLOAD, DOWN)
    wire.on("POST", CATBOX, Say(b""))
    ran = run(generate_video.main, *wish(tmp_path, picture, *TWO))
    assert (ran.failure["kind"], ran.failure["service"]) == ("down", "kie")
    assert "catbox does not take it either" in ran.failure["message"]
    assert not wire.asked_for(CREATE) and len(wire.asked_for(CATBOX)) == 3


def test_a_picture_that_kie_cannot_fetch_is_put_on_the_other_host(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    wire.on("POST", CATBOX, THERE)
    unfetched = say({"code": 451, "msg": "Failed to fetch the image"})
    taken = say({"code": 200, "msg": "success", "data": {"taskId": "task_1"}})
    wire.on("POST", CREATE, unfetched, taken)
    ran = run(generate_video.main, *wish(tmp_path, picture, *TWO))
    assert ran.code == 0 and len(ran.of("charged")) == 1
    assert pictures(wire) == ["https://tempfile.example/seed.png", "https://files.catbox.moe/abc123.png"]


def test_a_picture_that_we_cannot_send_is_no_matter_of_the_host(
    wire: Wire, run: Run, tmp_path: Path, clip: bytes
) -> None:
    lay_out(wire, clip)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    ran = run(generate_video.main, *wish(tmp_path, broken, *TWO))
    assert ran.failure["kind"] == "input" and not wire.asked


def test_one_host_alone_is_tried_once_as_the_job_itself_is_retried(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, pauses: list[float]
) -> None:
    lay_out(wire, clip)
    wire.on("POST", UPLOAD, DOWN)
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.failure["kind"] == "down" and len(wire.asked_for(UPLOAD)) == 1 and pauses == []
