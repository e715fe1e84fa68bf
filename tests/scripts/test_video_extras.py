"""Captions and a thumbnail of a video: sent once, and never at the cost of the film."""

import json
from pathlib import Path

import pytest

from scripts import upload_video
from scripts.lib import video_extras
from tests.scripts.conftest import Run
from tests.scripts.test_upload_video import Tube, film, reason, tube, wish
from tests.scripts.wire import Say, Wire, say

__all__ = ["film", "tube"]
CAPTIONS, THUMBNAIL = "/upload/youtube/v3/captions", "/upload/youtube/v3/thumbnails/set"
SRT = "1\n00:00:01,000 --> 00:00:03,000\nEin Bär wartet.\n"
NO_THUMBNAILS = "The authenticated user doesn't have permissions to upload and set custom video thumbnails."


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_extras, "PAUSES_S", (0.0, 0.0))


def dressed(film: Path) -> list[object]:
    film.with_name("film.srt").write_text(SRT)
    film.with_name("t.jpg").write_bytes(b"\xff\xd8\xff" + b"0" * 2000)
    more = ("--language", "de", "--captions", film.with_name("film.srt"), "--thumbnail", film.with_name("t.jpg"))
    return wish(film, *more)


def test_captions_and_thumbnail_follow_the_film(run: Run, tube: Tube, film: Path, wire: Wire) -> None:
    wire.on("POST", CAPTIONS, say({"id": "track"}))
    wire.on("POST", THUMBNAIL, say({"kind": "youtube#thumbnailSetResponse"}))
    ran = run(upload_video.main, *dressed(film))
    assert ran.code == 0 and (ran.result["captions"], ran.result["thumbnail"]) == ("uploaded", "uploaded")
    (track,) = wire.asked_for(CAPTIONS)
    assert track.query == {"uploadType": ["multipart"], "part": ["snippet"]}
    assert b'"videoId": "vid_1", "language": "de"' in track.body and SRT.encode() in track.body
    (picture,) = wire.asked_for(THUMBNAIL)
    assert picture.query["videoId"] == ["vid_1"] and picture.headers["content-type"] == "image/jpeg"
    again = run(upload_video.main, *dressed(film))
    assert again.result["captions"] == "uploaded" and len(wire.asked_for(CAPTIONS)) == 1
    assert not list(film.parent.glob("*.extras.json"))


@pytest.mark.parametrize(
    ("captions", "thumbnail", "said"),
    [
        (reason(403, "insufficientPermissions"), say({}), ("youtube.force-ssl", "uploaded")),
        (say({}), reason(403, "forbidden", NO_THUMBNAILS), ("uploaded", "youtube.com/verify")),
        (reason(400, "invalidMetadata"), reason(400, "invalidImage"), ("not uploaded", "not uploaded")),
        (reason(403, "quotaExceeded"), reason(429, "uploadRateLimitExceeded"), ("not uploaded", "not uploaded")),
        (Say(b"", 503), Say(cut=True), ("not uploaded", "not uploaded")),
        (Say(b"<html>"), Say(b"nonsense", 500), ("uploaded", "not uploaded")),
        (reason(409, "captionExists"), reason(404, "videoNotFound"), ("uploaded", "not uploaded")),
        (reason(401, "authError"), reason(401, "authError"), ("not uploaded", "not uploaded")),
    ],
)
def test_what_youtube_refuses_never_fails_the_film(
    run: Run, tube: Tube, film: Path, wire: Wire, captions: Say, thumbnail: Say, said: tuple[str, str]
) -> None:
    wire.on("POST", CAPTIONS, captions)
    wire.on("POST", THUMBNAIL, thumbnail)
    ran = run(upload_video.main, *dressed(film))
    assert ran.code == 0 and ran.result["video_id"] == "vid_1" and tube.inserts == 1
    assert said[0] in ran.result["captions"] and said[1] in ran.result["thumbnail"]
    assert (said == ("uploaded", "uploaded")) or "the video vid_1 is up" in ran.stderr


def test_a_service_that_is_down_for_a_moment_is_asked_again(run: Run, tube: Tube, film: Path, wire: Wire) -> None:
    wire.on("POST", CAPTIONS, Say(b"", 503), Say(cut=True), say({"id": "track"}))
    wire.on("POST", THUMBNAIL, Say(b"", 500), say({}))
    ran = run(upload_video.main, *dressed(film))
    assert (ran.result["captions"], ran.result["thumbnail"]) == ("uploaded", "uploaded")


def test_a_run_that_was_killed_between_the_two_sends_only_what_is_missing(
    run: Run, tube: Tube, film: Path, wire: Wire
) -> None:
    wire.on("POST", CAPTIONS, say({"id": "track"}))
    wire.on("POST", THUMBNAIL, say({}))
    noted = film.with_name("result.json.extras.json")
    noted.write_text(json.dumps({"video_id": "vid_1", "said": {"captions": "uploaded"}}))
    ran = run(upload_video.main, *dressed(film))
    assert wire.asked_for(CAPTIONS) == [] and len(wire.asked_for(THUMBNAIL)) == 1
    assert ran.result["captions"] == "uploaded" and not noted.exists()


def test_an_empty_file_of_captions_is_not_sent(run: Run, tube: Tube, film: Path, wire: Wire) -> None:
    words = dressed(film)
    wire.on("POST", THUMBNAIL, say({}))
    film.with_name("film.srt").write_text("")
    ran = run(upload_video.main, *words)
    assert ran.code == 0 and ran.result["captions"] is None and wire.asked_for(CAPTIONS) == []


def test_a_thumbnail_above_two_megabytes_is_reported_and_not_sent(run: Run, tube: Tube, film: Path, wire: Wire) -> None:
    words = dressed(film)
    film.with_name("t.jpg").write_bytes(b"\xff\xd8\xff" + b"0" * (2 << 20))
    wire.on("POST", CAPTIONS, say({}))
    ran = run(upload_video.main, *words)
    assert ran.code == 0 and "larger" in ran.result["thumbnail"] and wire.asked_for(THUMBNAIL) == []
