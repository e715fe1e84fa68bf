import hashlib
import json
import os
from pathlib import Path

import pytest

from scripts import upload_video
from scripts.lib import google_oauth, upload_session
from tests.scripts.conftest import Run
from tests.scripts.wire import Asked, Say, Wire, say

INSERT, SESSION = "/upload/youtube/v3/videos", "/session/secret-upload-id"
CHANNELS, ITEMS, VIDEOS = "/youtube/v3/channels", "/youtube/v3/playlistItems", "/youtube/v3/videos"
STEP = 262_144
SIZE = 3 * STEP + 1000


def reason(status: int, word: str, message: str = "no") -> Say:
    return say(
        {"error": {"code": status, "message": message, "errors": [{"reason": word, "domain": "global"}]}}, status
    )


class Tube:
    """The upload server's own state: what it stored, which videos there are."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.stored = b""
        self.videos: list[tuple[str, str]] = []
        self.privacy = "private"
        self.gone = False
        self.spoil: list[Say | int] = []
        wire.on("POST", INSERT, self.insert)
        wire.on("PUT", SESSION, self.put)
        wire.on("GET", CHANNELS, say({"items": [{"contentDetails": {"relatedPlaylists": {"uploads": "UU1"}}}]}))
        wire.on("GET", ITEMS, self.items)
        wire.on("GET", VIDEOS, self.shown)

    def insert(self, asked: Asked) -> Say:
        self.description = asked.json()["snippet"]["description"]
        self.size = int(asked.headers["x-upload-content-length"])
        return Say(headers={"Location": self.wire.url + SESSION})

    def put(self, asked: Asked) -> Say:
        spoil = self.spoil.pop(0) if self.spoil else None
        if self.gone:
            return Say(status=404)
        if isinstance(spoil, Say) and not asked.body:
            return spoil
        keep = len(asked.body) if not isinstance(spoil, int) else spoil
        if asked.body:
            at = int(asked.headers["content-range"].removeprefix("bytes ").split("-")[0])
            assert at == len(self.stored), "bytes were sent twice or left out"
            assert len(asked.body) % STEP == 0 or at + len(asked.body) == self.size
            self.stored += asked.body[:keep]
        if len(self.stored) == self.size:
            if not self.videos:
                self.videos.append(("vid_1", self.description))
            answer = say({"id": self.videos[0][0]}, 201)
        else:
            span = {"Range": f"bytes=0-{len(self.stored) - 1}"} if self.stored else {}
            answer = Say(status=308, headers=span)
        return spoil if isinstance(spoil, Say) else answer

    def items(self, _: Asked) -> Say:
        return say({"items": [
            {"snippet": {"description": text, "resourceId": {"videoId": name}}} for name, text in self.videos
        ]})  # fmt: skip

    def shown(self, _: Asked) -> Say:
        return say({"items": [{"status": {"privacyStatus": self.privacy, "uploadStatus": "uploaded"}}]})

    @property
    def inserts(self) -> int:
        return len(self.wire.asked_for(INSERT))


@pytest.fixture
def tube(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Tube:
    monkeypatch.setattr(upload_session, "PAUSES_S", (0.01, 0.01))
    return Tube(wire)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(SIZE))
    return path


def wish(film: Path, *more: object) -> list[object]:
    return [
        "--video", film, "--title", "Bears", "--description", "A river.", "--tags", "bear, brown bear,river",
        "--privacy", "private", "--not-made-for-kids", "--marker", "videod:task_7", "--chunk-mib", "0.25",
        "--output", film.with_name("result.json"), *more,
    ]  # fmt: skip


def test_a_film_goes_up_in_chunks_and_is_described_in_full(run: Run, tube: Tube, film: Path) -> None:
    ran = run(upload_video.main, *wish(film))
    assert ran.code == 0 and tube.stored == film.read_bytes()
    assert json.loads((film.parent / "result.json").read_text()) == {
        "video_id": "vid_1", "url": "https://www.youtube.com/watch?v=vid_1", "title": "Bears", "privacy": "private",
        "bytes": SIZE, "sha256": hashlib.sha256(film.read_bytes()).hexdigest(), "marker": "videod:task_7",
    }  # fmt: skip
    start = tube.wire.asked_for(INSERT)[0]
    assert start.query["notifySubscribers"] == ["false"]
    assert start.json() == {
        "snippet": {
            "title": "Bears", "description": "A river.\n\nvideod:task_7", "tags": ["bear", "brown bear", "river"],
            "categoryId": "15", "defaultLanguage": "en", "defaultAudioLanguage": "en",
        },
        "status": {"privacyStatus": "private", "selfDeclaredMadeForKids": False, "containsSyntheticMedia": True},
    }  # fmt: skip
    assert sorted(path.name for path in film.parent.iterdir()) == ["film.mp4", "result.json"]


def test_the_session_is_on_disk_and_reported_before_the_first_byte(run: Run, tube: Tube, film: Path) -> None:
    seen: list[dict] = []

    def put(asked: Asked) -> Say:
        seen.append(json.loads((film.parent / "result.json.session.json").read_text()))
        return tube.put(asked)

    tube.wire.on("PUT", SESSION, put)
    ran = run(upload_video.main, *wish(film))
    assert ran.of("submitted")[0]["remote_id"] == tube.wire.url + SESSION == seen[0]["session_uri"]
    assert [note["finishing"] for note in seen] == [False, False, False, True]


def test_a_second_run_reports_the_first_ones_result(run: Run, tube: Tube, film: Path) -> None:
    first = run(upload_video.main, *wish(film))
    asked = len(tube.wire.asked)
    second = run(upload_video.main, *wish(film))
    assert second.result == first.result and len(tube.wire.asked) == asked


def test_fewer_bytes_kept_than_sent_and_errors_in_between_are_made_good(run: Run, tube: Tube, film: Path) -> None:
    tube.spoil = [0, 1024 * 256, Say(b"", 503), Say(cut=True)]
    assert run(upload_video.main, *wish(film)).code == 0
    assert tube.stored == film.read_bytes() and tube.inserts == 1


def test_an_upload_continues_in_the_same_session_after_a_token_ran_out(run: Run, tube: Tube, film: Path) -> None:
    stop = reason(401, "authError", "Invalid Credentials")
    answers = [tube.put, tube.put, stop]
    tube.wire.on("PUT", SESSION, *answers)
    first = run(upload_video.main, *wish(film))
    assert (first.code, first.failure["kind"], first.failure["endpoint"]) == (77, "credentials", "PUT upload session")
    assert "secret-upload-id" not in first.stderr + json.dumps(first.failure)
    tube.wire.on("PUT", SESSION, tube.put)
    assert run(upload_video.main, *wish(film)).code == 0
    assert tube.stored == film.read_bytes() and tube.inserts == 1


def test_a_final_answer_that_was_lost_is_asked_for(run: Run, tube: Tube, film: Path) -> None:
    tube.wire.on(
        "PUT", SESSION, tube.put, tube.put, tube.put, lambda asked: (tube.put(asked), Say(cut=True))[1], tube.put
    )
    assert run(upload_video.main, *wish(film)).result["video_id"] == "vid_1"
    assert tube.inserts == 1


def test_a_finished_video_is_found_by_its_marker_when_the_session_is_gone(run: Run, tube: Tube, film: Path) -> None:
    dead = reason(503, "backendError")
    tube.wire.on("PUT", SESSION, tube.put, tube.put, tube.put, lambda asked: (tube.put(asked), Say(cut=True))[1], dead)
    assert run(upload_video.main, *wish(film)).failure["kind"] == "down"
    tube.gone = True
    tube.wire.on("PUT", SESSION, tube.put)
    ran = run(upload_video.main, *wish(film))
    assert (ran.code, ran.result["video_id"], tube.inserts) == (0, "vid_1", 1)


def test_a_video_that_may_be_finished_but_is_not_listed_yet_is_in_doubt(run: Run, tube: Tube, film: Path) -> None:
    tube.wire.on("PUT", SESSION, tube.put, tube.put, tube.put, Say(status=503), Say(status=503))
    run(upload_video.main, *wish(film))
    tube.gone = True
    tube.wire.on("PUT", SESSION, tube.put)
    ran = run(upload_video.main, *wish(film))
    assert (ran.code, ran.failure["kind"], tube.inserts) == (75, "in_doubt", 1)
    assert 3000 < ran.failure["retry_after_s"] <= 3600


def test_a_session_that_ended_in_the_middle_starts_again(run: Run, tube: Tube, film: Path) -> None:
    tube.wire.on("PUT", SESSION, tube.put, Say(status=404), Say(status=404))
    assert run(upload_video.main, *wish(film)).failure["kind"] == "down"
    tube.stored = b""
    tube.wire.on("PUT", SESSION, Say(status=404), tube.put)
    assert run(upload_video.main, *wish(film)).code == 0
    assert tube.inserts == 2 and tube.stored == film.read_bytes()


def test_an_episode_that_is_already_up_is_not_uploaded_again(run: Run, tube: Tube, film: Path) -> None:
    tube.videos.append(("vid_9", "Another text\nvideod:task_7"))
    ran = run(upload_video.main, *wish(film))
    assert (ran.result["video_id"], tube.inserts) == ("vid_9", 0)
    assert "already holds this film" in ran.stderr


def test_a_marker_inside_another_line_is_not_ours(run: Run, tube: Tube, film: Path) -> None:
    tube.videos.append(("vid_9", "see videod:task_7 and videod:task_70"))
    tube.wire.on("GET", ITEMS, tube.items)
    run(upload_video.main, *wish(film))
    assert tube.inserts == 1


def test_another_privacy_than_asked_is_warned_about(run: Run, tube: Tube, film: Path) -> None:
    tube.privacy = "public"
    ran = run(upload_video.main, *wish(film))
    assert ran.result["privacy"] == "public" and "is public although private was asked for" in ran.stderr


def test_a_rejected_video_is_a_refusal_with_the_reason(run: Run, tube: Tube, film: Path) -> None:
    tube.wire.on("GET", VIDEOS, say({"items": [{"status": {"uploadStatus": "rejected", "rejectionReason": "length"}}]}))
    ran = run(upload_video.main, *wish(film))
    assert (ran.code, ran.failure["kind"], ran.failure["code"]) == (65, "refused", "length")


DAILY = "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service"


@pytest.mark.parametrize(
    ("answer", "code", "kind", "least_wait_s"),
    [
        (reason(429, "rateLimitExceeded", DAILY), 75, "quota", 1),
        (reason(403, "quotaExceeded", 'You have exceeded your <a href="/x">quota</a>.'), 75, "quota", 1),
        (reason(429, "rateLimitExceeded", "slow down"), 75, "busy", 60),
        (reason(400, "uploadLimitExceeded"), 75, "quota", 86_400),
        (reason(401, "youtubeSignupRequired"), 78, "configuration", None),
        (reason(401, "authError"), 77, "credentials", None),
        (reason(400, "invalidTags"), 65, "input", None),
        (reason(403, "forbidden"), 78, "configuration", None),
        (reason(503, "backendError"), 69, "down", None),
    ],
)
def test_errors_of_the_start_are_distinguished(
    run: Run, tube: Tube, film: Path, answer: Say, code: int, kind: str, least_wait_s: float | None
) -> None:
    tube.wire.on("POST", INSERT, answer)
    ran = run(upload_video.main, *wish(film))
    assert (ran.code, ran.failure["kind"]) == (code, kind)
    wait_s = ran.failure["retry_after_s"]
    assert (wait_s is None) if least_wait_s is None else least_wait_s <= wait_s <= 25 * 3600
    assert kind != "input" or ran.failure["message"].startswith("the tags")


@pytest.mark.parametrize(
    "words",
    [["--title", "x" * 101], ["--title", "a <b>"], ["--description", "é" * 2500], ["--tags", ",".join(["four"] * 110)]],
)
def test_texts_over_the_limits_are_refused_and_never_cut(run: Run, tube: Tube, film: Path, words: list[str]) -> None:
    ran = run(upload_video.main, *wish(film, *words))
    assert (ran.code, ran.failure["kind"], tube.wire.asked) == (65, "input", [])


def test_a_token_file_is_opened_and_refreshed(
    run: Run, tube: Tube, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("YOUTUBE_ACCESS_TOKEN")
    google_oauth.keep(film.parent / "wild.token", "wild", "refresh-me", google_oauth.SCOPES)
    tube.wire.on("POST", "/token", say({"access_token": "fresh-access-token", "expires_in": 3599}))
    assert run(upload_video.main, *wish(film, "--token-file", film.parent / "wild.token")).code == 0
    assert b"refresh_token=refresh-me" in tube.wire.asked_for("/token")[0].body
    assert tube.wire.asked_for(INSERT)[0].headers["authorization"] == "Bearer fresh-access-token"


def test_a_revoked_consent_is_a_matter_of_credentials(run: Run, tube: Tube, film: Path) -> None:
    google_oauth.keep(film.parent / "wild.token", "wild", "refresh-me", google_oauth.SCOPES)
    told = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
    tube.wire.on("POST", "/token", say(told, 400))
    ran = run(upload_video.main, *wish(film, "--token-file", film.parent / "wild.token"))
    assert (ran.code, ran.failure["kind"], ran.failure["code"]) == (77, "credentials", "invalid_grant")


@pytest.mark.fault("10.2")
@pytest.mark.parametrize("how", ["replaced", "written over", "cut short", "deleted"])
def test_a_film_that_changes_while_it_is_sent_is_not_completed(run: Run, tube: Tube, film: Path, how: str) -> None:
    approved = film.read_bytes()

    def put(asked: Asked) -> Say:
        if tube.stored == b"" and asked.body:
            if how == "replaced":
                film.unlink()
                film.write_bytes(os.urandom(SIZE))
            elif how == "written over":
                with film.open("r+b") as target:
                    target.seek(2 * STEP)
                    target.write(b"x" * 100)
            elif how == "cut short":
                os.truncate(film, STEP + 10)
            else:
                film.unlink()
        return tube.put(asked)

    tube.wire.on("PUT", SESSION, put)
    ran = run(upload_video.main, *wish(film))
    (failed,) = ran.of("failure")
    assert ran.code != 0 and failed["kind"] == "input"
    assert "changed while it was sent" in failed["message"]
    assert not tube.videos and len(tube.stored) < SIZE
    assert not (film.parent / "result.json.session.json").exists(), "what was sent of it would be gone on with"
    # the film is put back: another session, from its first byte on
    film.write_bytes(approved)
    tube.stored = b""
    tube.wire.on("PUT", SESSION, tube.put)
    assert run(upload_video.main, *wish(film)).code == 0
    assert tube.stored == approved and tube.inserts == 2


@pytest.mark.fault("10.2")
def test_a_film_that_is_not_the_approved_one_is_not_sent(run: Run, tube: Tube, film: Path) -> None:
    ran = run(upload_video.main, *wish(film, "--digest", "0" * 64))
    assert "not the film that was approved" in ran.of("failure")[0]["message"]
    assert not tube.wire.asked
    digest = hashlib.sha256(film.read_bytes()).hexdigest()
    assert run(upload_video.main, *wish(film, "--digest", digest.upper())).code == 0


@pytest.mark.fault("10.2")
def test_an_upload_that_continues_holds_what_an_earlier_run_sent_against_the_film(
    run: Run, tube: Tube, film: Path
) -> None:
    tube.spoil = [say({}, 503)] * 9
    assert run(upload_video.main, *wish(film)).code != 0
    approved = film.read_bytes()
    tube.spoil = []
    tube.stored = approved[:STEP]
    digest = hashlib.sha256(approved).hexdigest()
    assert run(upload_video.main, *wish(film, "--digest", digest)).code == 0
    assert tube.stored == approved and tube.inserts == 1


@pytest.mark.fault("5.8")
@pytest.mark.parametrize(
    "form", ["bytes=0-{}", "0-{}", "bytes 0-{}", "Bytes=0-{}", "bytes = 0 - {}", "bytes 0-{}/*", "bytes 0-{}/786432"]
)
def test_the_last_number_of_a_range_counts_in_whatever_form(run: Run, tube: Tube, film: Path, form: str) -> None:
    def answer(asked: Asked) -> Say:
        told = tube.put(asked)
        held = told.headers.get("Range", "").rpartition("-")[2]
        return Say(told.body, told.status, {"Range": form.format(held)}) if held else told

    tube.wire.on("PUT", SESSION, answer)
    assert run(upload_video.main, *wish(film)).code == 0
    assert tube.stored == film.read_bytes() and tube.inserts == 1


@pytest.mark.fault("5.8")
@pytest.mark.parametrize("told", ["bytes=5-9", "bytes=0-99999999999", "bytes=0--1", "soon", "bytes=0-9,20-29", "0-1e3"])
def test_a_range_of_nonsense_moves_nothing(run: Run, tube: Tube, film: Path, told: str) -> None:
    tube.wire.on("PUT", SESSION, Say(status=308, headers={"Range": told}))
    ran = run(upload_video.main, *wish(film))
    assert (ran.code, ran.failure["kind"], tube.inserts) == (76, "nonsense", 1)


# ------------------------------------------------------------------------------------------ notes that others forge


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that videod gives each job, which no other script can write."""
    place = tmp_path / "journal"
    place.mkdir()
    monkeypatch.setenv("VIDEOD_JOURNAL", str(place))
    return place


@pytest.mark.fault("12.4")
def test_a_session_that_another_script_left_beside_the_output_is_none(
    run: Run, tube: Tube, film: Path, journal: Path
) -> None:
    told = {
        "version": upload_session.VERSION, "session_uri": tube.wire.url + "/foreign", "marker": "videod:task_7",
        "sha256": hashlib.sha256(film.read_bytes()).hexdigest(), "size": SIZE, "finishing": False,
        "at": "2026-11-29T10:00:00+00:00",
    }  # fmt: skip
    (film.parent / "result.json.session.json").write_text(json.dumps(told))
    assert run(upload_video.main, *wish(film)).code == 0
    assert not tube.wire.asked_for("/foreign") and tube.stored == film.read_bytes()


@pytest.mark.fault("12.4")
def test_a_result_that_another_script_left_is_none(run: Run, tube: Tube, film: Path, journal: Path) -> None:
    sha256 = hashlib.sha256(film.read_bytes()).hexdigest()
    forged = {"video_id": "foreign", "url": "https://youtu.be/foreign", "sha256": sha256, "marker": "videod:task_7"}
    (film.parent / "result.json").write_text(json.dumps(forged))
    ran = run(upload_video.main, *wish(film))
    assert ran.result["video_id"] == "vid_1" and tube.stored == film.read_bytes()
    assert json.loads((film.parent / "result.json").read_text())["video_id"] == "vid_1"
    # its own is believed, and put in place again
    (film.parent / "result.json").write_text(json.dumps(forged))
    asked = len(tube.wire.asked)
    assert run(upload_video.main, *wish(film)).result["video_id"] == "vid_1" and len(tube.wire.asked) == asked
    assert json.loads((film.parent / "result.json").read_text())["video_id"] == "vid_1"


@pytest.mark.fault("12.4")
def test_the_session_is_noted_in_the_journal_and_gone_afterwards(
    run: Run, tube: Tube, film: Path, journal: Path
) -> None:
    seen: list[list[str]] = []

    def put(asked: Asked) -> Say:
        seen.append(sorted(one.name for one in journal.iterdir()))
        return tube.put(asked)

    tube.wire.on("PUT", SESSION, put)
    assert run(upload_video.main, *wish(film)).code == 0
    assert seen[0] == ["result.json.session.json"]
    assert [one.name for one in journal.iterdir()] == ["result.json"]


@pytest.mark.fault("10.2", "12.9")
@pytest.mark.parametrize("at", [0, STEP, 3 * STEP + 10])
def test_no_byte_of_another_film_leaves_even_where_the_film_is_put_back_later(
    run: Run, tube: Tube, film: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved = film.read_bytes()
    read = upload_session.youtube.read_chunk
    reads: list[int] = []

    def swapped(path: Path, start: int, length: int) -> bytes:
        """After the film was hashed whole, each chunk is read from another film, which is taken away again."""
        reads.append(start)
        if len(reads) > 4:
            with path.open("r+b") as target:
                target.seek(at)
                target.write(b"x")
        found = read(path, start, length)
        path.write_bytes(approved)
        return found

    monkeypatch.setattr(upload_session.youtube, "read_chunk", swapped)
    ran = run(upload_video.main, *wish(film))
    assert ran.failure["kind"] == "input" and "changed while it was sent" in ran.failure["message"]
    assert approved.startswith(tube.stored), "a byte of the other film left"


@pytest.mark.fault("12.7")
def test_a_pipe_in_the_place_of_the_film_is_refused_at_once(run: Run, tube: Tube, film: Path) -> None:
    film.unlink()
    os.mkfifo(film)
    assert run(upload_video.main, *wish(film)).code != 0
    assert not tube.wire.asked
